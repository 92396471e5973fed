/* Security groups: described, created, deleted. */
#include "sandbox/ec2.h"
#include "sandbox/ec2_rules.h"
#include "sandbox/operation.h"

#include <strings.h>

enum { GROUPS_PER_REGION_MAX = 2500, NAME_CHARS_MAX = 255 };

static const char *arn_of(struct call *call, const char *group_id)
{
    return arena_format(call->arena, "arn:aws:ec2:%s:%s:security-group/%s", call->region_name,
        call_account_id(call), group_id);
}

static void write_group(struct call *call, const json_t *group)
{
    struct buf *out = &call->body;
    const json_t *rules = json_object_get(group, "rules");
    markup_open(out, "item");
    markup_text(out, "ownerId", call_account_id(call));
    markup_text(out, "groupId", world_text(group, "groupId"));
    markup_text(out, "groupName", world_text(group, "groupName"));
    markup_text(out, "groupDescription", world_text(group, "description"));
    markup_text(out, "vpcId", world_text(group, "vpcId"));
    markup_text(out, "securityGroupArn", arn_of(call, world_text(group, "groupId")));
    ec2_write_permissions(call, "ipPermissions", rules, false);
    ec2_write_permissions(call, "ipPermissionsEgress", rules, true);
    ec2_write_tags(out, group);
    markup_close(out, "item");
}

/* The groups that the group's rules of one direction name. NULL: no memory. */
static json_t *named_by(const json_t *group, bool is_egress)
{
    json_t *ids = json_array();
    size_t index;
    json_t *rule;
    json_array_foreach(json_object_get(group, "rules"), index, rule)
    {
        json_t *id = json_object_get(rule, "referencedGroupId");
        if (id != NULL && world_flag(rule, "isEgress") == is_egress
            && json_array_append(ids, id) != 0) {
            json_decref(ids);
            return NULL;
        }
    }
    return ids;
}

/* Copies of `list` that hold what their rules name as members, so that filters see it. They
 * belong to the array that is returned; NULL: no memory. */
static json_t *with_named(struct call *call, struct ec2_list *list)
{
    json_auto_t *all = json_array();
    for (size_t at = 0; at < list->count; at++) {
        json_t *copy = json_copy(list->items[at]);
        if (json_object_set_new(copy, "namedIn", named_by(list->items[at], false)) != 0
            || json_object_set_new(copy, "namedOut", named_by(list->items[at], true)) != 0
            || json_array_append_new(all, copy) != 0) {
            call->err = ERR_MEMORY;
            return NULL;
        }
        list->items[at] = copy;
    }
    return json_incref(all);
}

/* Those that GroupId.N name, or all of the region. False: refused. */
static bool pick_groups(struct call *call, struct ec2_list *list)
{
    const json_t *all = json_object_get(call->region, "securityGroups");
    if (!ec2_named(call, EC2_GROUP, "GroupId", list))
        return false;
    if (list->count > 0)
        return true;
    list->items = ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1);
    if (list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    for (size_t at = 0; at < json_array_size(all); at++)
        list->items[list->count++] = json_array_get(all, at);
    return true;
}

void sandbox_ec2_describe_security_groups(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "group-id", "groupId" },
        { "group-name", "groupName" },
        { "vpc-id", "vpcId" },
        { "description", "description" },
        { "ip-permission.group-id", "namedIn" },
        { "egress.ip-permission.group-id", "namedOut" },
        { "owner-id", "" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "GroupId", 0 };
    struct ec2_list list;
    if (!pick_groups(call, &list))
        return;
    json_auto_t *copies = with_named(call, &list);
    if (copies == NULL || !ec2_filter(call, &select, &list) || !ec2_page(call, &select, &list)
        || !call_may_proceed(call))
        return;
    markup_open(&call->body, "securityGroupInfo");
    for (size_t at = 0; at < list.count; at++)
        write_group(call, list.items[at]);
    markup_close(&call->body, "securityGroupInfo");
    ec2_end_page(call, &select);
}

/* Name and description are of the characters that EC2 takes in a VPC. */
static bool text_is_good(struct call *call, const char *text, const char *name)
{
    static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                " ._-:/()#,@[]+=&;{}!$*";
    size_t len = strlen(text);
    if (len <= NAME_CHARS_MAX && strspn(text, taken) == len)
        return true;
    return call_refuse(call, 400, "InvalidParameterValue",
        "Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported.",
        text, name);
}

static json_t *vpc_of_request(struct call *call)
{
    const char *id = call_text(call, "VpcId");
    if (id != NULL)
        return ec2_find(call, EC2_VPC, id);
    size_t index;
    json_t *vpc;
    json_array_foreach(json_object_get(call->region, "vpcs"), index,
        vpc) if (world_flag(vpc, "isDefault")) return vpc;
    call_refuse(call, 400, "VPCIdNotSpecified", "No default VPC for this user");
    return NULL;
}

static bool name_is_free(struct call *call, const char *name, const char *vpc)
{
    const json_t *groups = json_object_get(call->region, "securityGroups");
    size_t index;
    json_t *group;
    if (json_array_size(groups) >= GROUPS_PER_REGION_MAX)
        return call_refuse(call, 400, "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.");
    json_array_foreach(groups, index, group) if (strcmp(world_text(group, "vpcId"), vpc) == 0
                                                 && strcasecmp(world_text(group, "groupName"), name)
                                                        == 0) return call_refuse(call, 400,
        "InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, vpc);
    return true;
}

static void add_group(struct call *call, const char *name, const char *vpc, json_t *tags)
{
    const char *id = world_mint(call->world, call->arena, "sg");
    json_auto_t *rules = ec2_rules_default(call);
    if (id == NULL || rules == NULL || !ec2_rules_mint(call, rules)) {
        call->err = ERR_MEMORY;
        return;
    }
    json_t *group =
        json_pack("{s:s,s:s,s:s,s:s,s:O,s:O}", "groupId", id, "groupName", name, "description",
            call_text(call, "GroupDescription"), "vpcId", vpc, "rules", rules, "tags", tags);
    call_add(call, call->region, "securityGroups", group);
    markup_flag(&call->body, "return", true);
    markup_text(&call->body, "groupId", id);
    if (json_object_size(tags) > 0)
        ec2_write_tags(&call->body, group);
    markup_text(&call->body, "securityGroupArn", arn_of(call, id));
    call->target = id;
}

void sandbox_ec2_create_security_group(struct call *call)
{
    const char *name = call_text(call, "GroupName");
    json_auto_t *tags = ec2_tags_specified(call, "security-group");
    if (tags == NULL || !text_is_good(call, name, "groupName")
        || !text_is_good(call, call_text(call, "GroupDescription"), "groupDescription"))
        return;
    if (strncasecmp(name, "sg-", 3) == 0) {
        call_refuse(call, 400, "InvalidParameterValue",
            "Invalid value '%s' for groupName. Group names may not be in the format sg-*.", name);
        return;
    }
    const json_t *vpc = vpc_of_request(call);
    if (vpc == NULL)
        return;
    const char *vpc_id = world_text(vpc, "vpcId");
    if (name_is_free(call, name, vpc_id) && call_may_proceed(call))
        add_group(call, name, vpc_id, tags);
}

/* Whether an interface or another group's rule holds on to the group. */
static bool is_used(const struct call *call, const char *id)
{
    size_t index, nth;
    json_t *thing, *rule;
    json_array_foreach(json_object_get(call->region, "networkInterfaces"), index,
        thing) if (world_holds(thing, "groups", id)) return true;
    json_array_foreach(json_object_get(call->region, "securityGroups"), index, thing)
    {
        if (strcmp(world_text(thing, "groupId"), id) == 0)
            continue;
        json_array_foreach(json_object_get(thing, "rules"), nth,
            rule) if (strcmp(world_text(rule, "referencedGroupId"), id) == 0) return true;
    }
    return false;
}

void sandbox_ec2_delete_security_group(struct call *call)
{
    const char *id = call_text(call, "GroupId");
    json_t *group = ec2_find(call, EC2_GROUP, id);
    if (group == NULL)
        return;
    if (strcmp(world_text(group, "groupName"), "default") == 0) {
        call_refuse(call, 400, "CannotDelete",
            "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", id);
        return;
    }
    if (is_used(call, id)) {
        call_refuse(call, 400, "DependencyViolation", "resource %s has a dependent object", id);
        return;
    }
    if (!call_may_proceed(call))
        return;
    call_remove(call, call->region, "securityGroups", group);
    markup_flag(&call->body, "return", true);
    markup_text(&call->body, "groupId", id);
}
