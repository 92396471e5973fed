#include "aws/requests.h"

#include "aws/draft.h"
#include "base/limits.h"

struct request sts_get_caller_identity(struct step *step)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "sts", "GetCallerIdentity", none, none);
    return draft_end(&draft);
}

/* About a "role" or an "instance-profile" called `name`. */
static struct draft iam_begin(struct step *step, const char *operation, const char *kind, str name)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "iam", operation, none, none);
    draft_text(
        &draft, arena_format(step->arena, "%s/%.*s", kind, STR_ARG(name)), &draft.request.target);
    return draft;
}

struct request iam_get_instance_profile(struct step *step, str profile)
{
    struct draft draft = iam_begin(step, "GetInstanceProfile", "instance-profile", profile);
    query_add(&draft.body, "InstanceProfileName", profile);
    return draft_end(&draft);
}

struct request iam_get_role(struct step *step, str role)
{
    struct draft draft = iam_begin(step, "GetRole", "role", role);
    query_add(&draft.body, "RoleName", role);
    return draft_end(&draft);
}

static struct draft role_policy_begin(
    struct step *step, const char *operation, str role, str policy)
{
    struct draft draft = iam_begin(step, operation, "role", role);
    query_add(&draft.body, "RoleName", role);
    query_add(&draft.body, "PolicyName", policy);
    return draft;
}

struct request iam_get_role_policy(struct step *step, str role, str policy)
{
    struct draft draft = role_policy_begin(step, "GetRolePolicy", role, policy);
    return draft_end(&draft);
}

struct request iam_put_role_policy(struct step *step, str role, str policy, str document)
{
    struct draft draft = role_policy_begin(step, "PutRolePolicy", role, policy);
    query_add(&draft.body, "PolicyDocument", document);
    return draft_end(&draft);
}

struct request iam_delete_role_policy(struct step *step, str role, str policy)
{
    struct draft draft = role_policy_begin(step, "DeleteRolePolicy", role, policy);
    return draft_end(&draft);
}

static struct request on_instances(
    struct step *step, const char *operation, str region, str instance)
{
    struct draft draft = draft_begin(step, "ec2", operation, region, instance);
    query_add(&draft.body, "InstanceId.1", instance);
    return draft_end(&draft);
}

struct request ec2_describe_instance(struct step *step, str region, str instance)
{
    return on_instances(step, "DescribeInstances", region, instance);
}

struct request ec2_stop_instance(struct step *step, str region, str instance)
{
    return on_instances(step, "StopInstances", region, instance);
}

struct request ec2_start_instance(struct step *step, str region, str instance)
{
    return on_instances(step, "StartInstances", region, instance);
}

struct request ec2_describe_instance_attribute(
    struct step *step, str region, str instance, str attribute)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeInstanceAttribute", region, instance);
    query_add(&draft.body, "InstanceId", instance);
    query_add(&draft.body, "Attribute", attribute);
    return draft_end(&draft);
}

struct request ec2_describe_interfaces(
    struct step *step, str region, const char *filter, str wanted, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeNetworkInterfaces", region, wanted);
    draft_filter(&draft, 1, filter, wanted);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_modify_interface_groups(
    struct step *step, str region, str interface, value groups)
{
    struct draft draft =
        draft_begin(step, "ec2", "ModifyNetworkInterfaceAttribute", region, interface);
    query_add(&draft.body, "NetworkInterfaceId", interface);
    for (uint32_t at = 0; at < groups.count; at++)
        query_addf(&draft.body, value_str(groups.items[at]), "SecurityGroupId.%u", at + 1);
    return draft_end(&draft);
}

struct request ec2_describe_group_named(struct step *step, str region, str name, str vpc, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSecurityGroups", region, name);
    draft_filter(&draft, 1, "group-name", name);
    draft_filter(&draft, 2, "vpc-id", vpc);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_create_group(struct step *step, str region, str name, str description, str vpc)
{
    struct draft draft = draft_begin(step, "ec2", "CreateSecurityGroup", region, name);
    query_add(&draft.body, "GroupName", name);
    query_add(&draft.body, "GroupDescription", description);
    query_add(&draft.body, "VpcId", vpc);
    draft_tag(&draft, "security-group", 1, STR(TAG_OWNER), STR(TAG_OWNER_VALUE));
    return draft_end(&draft);
}

/* A member that is there goes under the wire's name for requests, which capitalises it. */
static void add_member(
    struct draft *draft, const struct xml *from, const char *member, uint32_t rule, const char *key)
{
    str text = xml_text(from, member);
    if (text.len > 0)
        query_addf(&draft->body, text, "IpPermissions.%u.%s", rule, key);
}

/* The same for each element of one of a rule's lists. */
static void add_sources(struct draft *draft, const struct xml *rule, uint32_t number,
    const char *list, const char *member, const char *key_list, const char *key)
{
    uint32_t at = 1;
    for (const struct xml *item = xml_find(rule, list); item != NULL; item = xml_next(item), at++) {
        str text = xml_text(item, member);
        if (text.len > 0)
            query_addf(&draft->body, text, "IpPermissions.%u.%s.%u.%s", number, key_list, at, key);
    }
}

static void add_rule(struct draft *draft, const struct xml *rule, uint32_t at)
{
    add_member(draft, rule, "ipProtocol", at, "IpProtocol");
    add_member(draft, rule, "fromPort", at, "FromPort");
    add_member(draft, rule, "toPort", at, "ToPort");
    add_sources(draft, rule, at, "ipRanges/item", "cidrIp", "IpRanges", "CidrIp");
    add_sources(draft, rule, at, "ipv6Ranges/item", "cidrIpv6", "Ipv6Ranges", "CidrIpv6");
    add_sources(
        draft, rule, at, "prefixListIds/item", "prefixListId", "PrefixListIds", "PrefixListId");
    add_sources(draft, rule, at, "groups/item", "groupId", "Groups", "GroupId");
    add_sources(draft, rule, at, "groups/item", "userId", "Groups", "UserId");
}

struct request ec2_revoke_rules(
    struct step *step, str region, str group, bool is_egress, const struct xml *permissions)
{
    struct draft draft = draft_begin(step, "ec2",
        is_egress ? "RevokeSecurityGroupEgress" : "RevokeSecurityGroupIngress", region, group);
    query_add(&draft.body, "GroupId", group);
    if (permissions == NULL) {
        query_add(&draft.body, "IpPermissions.1.IpProtocol", STR("-1"));
        query_add(&draft.body, "IpPermissions.1.IpRanges.1.CidrIp", STR("0.0.0.0/0"));
        query_add(&draft.body, "IpPermissions.1.Ipv6Ranges.1.CidrIpv6", STR("::/0"));
    }
    const struct xml *rule = xml_find(permissions, "item");
    for (uint32_t at = 1; rule != NULL; rule = xml_next(rule), at++)
        add_rule(&draft, rule, at);
    return draft_end(&draft);
}

struct request ec2_delete_group(struct step *step, str region, str group)
{
    struct draft draft = draft_begin(step, "ec2", "DeleteSecurityGroup", region, group);
    query_add(&draft.body, "GroupId", group);
    return draft_end(&draft);
}
