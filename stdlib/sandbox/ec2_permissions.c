/* Rules of security groups: described, authorized, revoked. */
#include "sandbox/ec2.h"
#include "sandbox/ec2_rules.h"
#include "sandbox/operation.h"

enum { RULES_PER_DIRECTION_MAX = 60, RULE_DESCRIPTION_MAX = 255 };

/* What both forms of a rule in a reply begin with. */
static void write_rule_start(struct buf *out, const json_t *rule, const char *group_id)
{
    markup_open(out, "item");
    markup_text(out, "securityGroupRuleId", world_text(rule, "securityGroupRuleId"));
    markup_text(out, "groupId", group_id);
    markup_flag(out, "isEgress", world_flag(rule, "isEgress"));
    markup_text(out, "ipProtocol", world_text(rule, "ipProtocol"));
    markup_number(out, "fromPort", world_number(rule, "fromPort"));
    markup_number(out, "toPort", world_number(rule, "toPort"));
    markup_text(out, "cidrIpv4", json_string_value(json_object_get(rule, "cidrIpv4")));
    markup_text(out, "cidrIpv6", json_string_value(json_object_get(rule, "cidrIpv6")));
    markup_text(out, "prefixListId", json_string_value(json_object_get(rule, "prefixListId")));
    markup_text(out, "description", json_string_value(json_object_get(rule, "description")));
}

static void write_rule(struct call *call, const json_t *rule, const char *group_id)
{
    struct buf *out = &call->body;
    const char *group = json_string_value(json_object_get(rule, "referencedGroupId"));
    write_rule_start(out, rule, group_id);
    markup_text(out, "groupOwnerId", call_account_id(call));
    if (group != NULL) {
        markup_open(out, "referencedGroupInfo");
        markup_text(out, "groupId", group);
        markup_text(out, "userId", call_account_id(call));
        markup_close(out, "referencedGroupInfo");
    }
    ec2_write_tags(out, rule);
    markup_close(out, "item");
}

static void write_revoked(struct call *call, const json_t *rule, const char *group_id)
{
    write_rule_start(&call->body, rule, group_id);
    markup_text(&call->body, "referencedGroupId",
        json_string_value(json_object_get(rule, "referencedGroupId")));
    markup_close(&call->body, "item");
}

/* All rules of the region with their group's id among them, so that filters see it. */
static json_t *all_rules(struct call *call)
{
    json_auto_t *all = json_array();
    size_t index, nth;
    json_t *group, *rule;
    json_array_foreach(json_object_get(call->region, "securityGroups"), index, group)
    {
        json_array_foreach(json_object_get(group, "rules"), nth, rule)
        {
            json_auto_t *copy = json_copy(rule);
            if (json_object_set(copy, "groupId", json_object_get(group, "groupId")) != 0
                || json_array_append(all, copy) != 0) {
                call->err = ERR_MEMORY;
                return NULL;
            }
        }
    }
    return json_incref(all);
}

static bool rule_id_is_good(struct call *call, const char *id)
{
    if (ec2_id_is_well_formed(id, "sgr-"))
        return true;
    return call_refuse(call, 400, "InvalidSecurityGroupRuleId.Malformed",
        "Invalid id: \"%s\" (expecting \"sgr-...\")", id);
}

static bool rule_is_missing(struct call *call, const char *id)
{
    return call_refuse(call, 400, "InvalidSecurityGroupRuleId.NotFound",
        "The security group rule ID '%s' does not exist", id);
}

/* Those of `rules` that SecurityGroupRuleId.N name, or all. False: refused. */
static bool pick_rules(struct call *call, const json_t *rules, struct ec2_list *ret_list)
{
    size_t most = json_array_size(rules) + FORM_PLACE_MAX;
    *ret_list = (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, most), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    for (size_t place = 1; place <= FORM_PLACE_MAX; place++) {
        const char *id = form_getf(&call->form, "SecurityGroupRuleId.%zu", place);
        if (id == NULL)
            break;
        if (!rule_id_is_good(call, id))
            return false;
        size_t at = 0;
        while (at < json_array_size(rules)
               && strcmp(world_text(json_array_get(rules, at), "securityGroupRuleId"), id) != 0)
            at++;
        if (at == json_array_size(rules))
            return rule_is_missing(call, id);
        ret_list->items[ret_list->count++] = json_array_get(rules, at);
    }
    if (ret_list->count == 0)
        for (size_t at = 0; at < json_array_size(rules); at++)
            ret_list->items[ret_list->count++] = json_array_get(rules, at);
    return true;
}

void sandbox_ec2_describe_security_group_rules(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "group-id", "groupId" },
        { "security-group-rule-id", "securityGroupRuleId" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "SecurityGroupRuleId", 0 };
    struct ec2_list list;
    json_auto_t *all = all_rules(call);
    if (all == NULL || !pick_rules(call, all, &list) || !ec2_filter(call, &select, &list)
        || !ec2_page(call, &select, &list) || !call_may_proceed(call))
        return;
    markup_open(&call->body, "securityGroupRuleSet");
    for (size_t at = 0; at < list.count; at++)
        write_rule(call, list.items[at], world_text(list.items[at], "groupId"));
    markup_close(&call->body, "securityGroupRuleSet");
    ec2_end_page(call, &select);
}

static size_t count_direction(const json_t *group, bool is_egress)
{
    size_t count = 0;
    size_t index;
    json_t *rule;
    json_array_foreach(json_object_get(group, "rules"), index, rule) count +=
        world_flag(rule, "isEgress") == is_egress;
    return count;
}

/* Whether all of `rules` can be added. */
static bool may_authorize(struct call *call, const json_t *group, const json_t *rules, bool egress)
{
    if (json_array_size(rules) == 0)
        return call_refuse(
            call, 400, "MissingParameter", "The request must contain the parameter ipPermissions");
    if (count_direction(group, egress) + json_array_size(rules) > RULES_PER_DIRECTION_MAX)
        return call_refuse(call, 400, "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.");
    size_t index;
    json_t *rule;
    json_array_foreach(rules, index, rule)
    {
        if (ec2_rule_like(group, rule) != NULL)
            return call_refuse(call, 400, "InvalidPermission.Duplicate",
                "the specified rule \"peer: %s%s%s%s, %s, ALLOW\" already exists",
                world_text(rule, "cidrIpv4"), world_text(rule, "cidrIpv6"),
                world_text(rule, "prefixListId"), world_text(rule, "referencedGroupId"),
                world_text(rule, "ipProtocol"));
        if (strlen(world_text(rule, "description")) > RULE_DESCRIPTION_MAX)
            return call_refuse(call, 400, "InvalidParameterValue",
                "Invalid rule description: it is longer than %d characters", RULE_DESCRIPTION_MAX);
    }
    return true;
}

static void authorize(struct call *call, bool is_egress)
{
    json_t *group = ec2_find(call, EC2_GROUP, call_text(call, "GroupId"));
    if (group == NULL)
        return;
    json_auto_t *rules = ec2_rules_read(call, is_egress);
    if (rules == NULL || !may_authorize(call, group, rules, is_egress) || !call_may_proceed(call)
        || !ec2_rules_mint(call, rules))
        return;
    markup_flag(&call->body, "return", true);
    markup_open(&call->body, "securityGroupRuleSet");
    size_t index;
    json_t *rule;
    json_array_foreach(rules, index, rule)
    {
        call_add(call, group, "rules", json_incref(rule));
        write_rule(call, rule, world_text(group, "groupId"));
    }
    markup_close(&call->body, "securityGroupRuleSet");
}

void sandbox_ec2_authorize_security_group_ingress(struct call *call)
{
    authorize(call, false);
}

void sandbox_ec2_authorize_security_group_egress(struct call *call)
{
    authorize(call, true);
}

/* The group's rules of that direction that SecurityGroupRuleId.N name. False: refused. */
static bool find_by_id(
    struct call *call, const json_t *group, bool is_egress, struct ec2_list *list)
{
    if (!pick_rules(call, json_object_get(group, "rules"), list))
        return false;
    for (size_t at = 0; at < list->count; at++)
        if (world_flag(list->items[at], "isEgress") != is_egress)
            return rule_is_missing(call, world_text(list->items[at], "securityGroupRuleId"));
    return true;
}

/* The group's rules that IpPermissions.N describe. One that is not there is refused; in a
 * default VPC it lands in `unknown` without an error, as EC2 documents. */
static bool find_by_permission(
    struct call *call, const json_t *group, bool is_egress, struct ec2_list *list, json_t *unknown)
{
    json_auto_t *rules = ec2_rules_read(call, is_egress);
    if (rules == NULL)
        return false;
    *list = (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, json_array_size(rules) + 1), 0 };
    if (list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    const json_t *vpc = world_find(call->region, "vpcs", "vpcId", world_text(group, "vpcId"));
    size_t index;
    json_t *rule;
    json_array_foreach(rules, index, rule)
    {
        json_t *present = ec2_rule_like(group, rule);
        if (present != NULL)
            list->items[list->count++] = present;
        else if (!world_flag(vpc, "isDefault"))
            return call_refuse(call, 400, "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.");
        else if (json_array_append(unknown, rule) != 0)
            call->err = ERR_MEMORY;
    }
    return true;
}

static void revoke(struct call *call, bool is_egress)
{
    json_t *group = ec2_find(call, EC2_GROUP, call_text(call, "GroupId"));
    if (group == NULL)
        return;
    bool by_id = call_text(call, "SecurityGroupRuleId.1") != NULL;
    bool by_permission = form_hasf(&call->form, "IpPermissions.1.");
    if (by_id == by_permission) {
        call_refuse(call, 400, by_id ? "InvalidParameterCombination" : "MissingParameter",
            "Either securityGroupRuleIds or ipPermissions must be specified.");
        return;
    }
    struct ec2_list list;
    json_auto_t *unknown = json_array();
    if (!(by_id ? find_by_id(call, group, is_egress, &list)
                : find_by_permission(call, group, is_egress, &list, unknown))
        || !call_may_proceed(call))
        return;
    markup_flag(&call->body, "return", true);
    if (json_array_size(unknown) > 0)
        ec2_write_permissions(call, "unknownIpPermissionSet", unknown, is_egress);
    markup_open(&call->body, "revokedSecurityGroupRuleSet");
    for (size_t at = 0; at < list.count; at++) {
        write_revoked(call, list.items[at], world_text(group, "groupId"));
        call_remove(call, group, "rules", list.items[at]);
    }
    markup_close(&call->body, "revokedSecurityGroupRuleSet");
}

void sandbox_ec2_revoke_security_group_ingress(struct call *call)
{
    revoke(call, false);
}

void sandbox_ec2_revoke_security_group_egress(struct call *call)
{
    revoke(call, true);
}
