/* requests_ec2.c - see requests_ec2.h. */
#include "aws/requests_ec2.h"

#include "aws/draft.h"

#include <ctype.h>

struct request ec2_set_instance_flag(
    struct step *step, str region, str instance, str attribute, bool is_on)
{
    struct draft draft = draft_begin(step, "ec2", "ModifyInstanceAttribute", region, instance);
    query_add(&draft.body, "InstanceId", instance);
    /* The name of an attribute, as a parameter: with its first letter in upper case. */
    query_addf(&draft.body, is_on ? STR("true") : STR("false"), "%c%.*s.Value",
        toupper((unsigned char)attribute.ptr[0]), STR_ARG(str_skip(attribute, 1)));
    return draft_end(&draft);
}

struct request ec2_terminate_instance(struct step *step, str region, str instance)
{
    struct draft draft = draft_begin(step, "ec2", "TerminateInstances", region, instance);
    query_add(&draft.body, "InstanceId.1", instance);
    return draft_end(&draft);
}

struct request ec2_set_metadata_endpoint(struct step *step, str region, str instance, str endpoint)
{
    struct draft draft =
        draft_begin(step, "ec2", "ModifyInstanceMetadataOptions", region, instance);
    query_add(&draft.body, "InstanceId", instance);
    query_add(&draft.body, "HttpEndpoint", endpoint);
    return draft_end(&draft);
}

struct request ec2_describe_group(struct step *step, str region, str group)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSecurityGroups", region, group);
    query_add(&draft.body, "GroupId.1", group);
    return draft_end(&draft);
}

struct request ec2_describe_groups_naming(
    struct step *step, str region, str group, bool is_egress, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSecurityGroups", region, group);
    draft_filter(
        &draft, 1, is_egress ? "egress.ip-permission.group-id" : "ip-permission.group-id", group);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_describe_rules(struct step *step, str region, str group, str page)
{
    struct draft draft = draft_begin(step, "ec2", "DescribeSecurityGroupRules", region, group);
    draft_filter(&draft, 1, "group-id", group);
    draft_page(&draft, page);
    return draft_end(&draft);
}

struct request ec2_revoke_rule_ids(struct step *step, str region, str group, bool is_egress,
    const struct group_rule *rules, uint32_t count)
{
    struct draft draft = draft_begin(step, "ec2",
        is_egress ? "RevokeSecurityGroupEgress" : "RevokeSecurityGroupIngress", region, group);
    uint32_t number = 1;
    query_add(&draft.body, "GroupId", group);
    for (uint32_t at = 0; at < count; at++)
        if (rules[at].is_egress == is_egress)
            query_addf(&draft.body, rules[at].id, "SecurityGroupRuleId.%u", number++);
    return draft_end(&draft);
}

/* One rule as one permission: EC2 puts those of the same ports together by itself. */
static void add_group_rule(struct draft *draft, const struct group_rule *rule, uint32_t number)
{
    struct buf *body = &draft->body;
    bool is_ipv6 = str_find(rule->peer, ':') < rule->peer.len;
    const char *list = is_ipv6 ? "Ipv6Ranges" : "IpRanges";
    query_addf(body, rule->protocol, "IpPermissions.%u.IpProtocol", number);
    if (!str_is(rule->protocol, "-1")) {
        query_addf(body, rule->from, "IpPermissions.%u.FromPort", number);
        query_addf(body, rule->to, "IpPermissions.%u.ToPort", number);
    }
    query_addf(body, rule->peer, "IpPermissions.%u.%s.1.%s", number, list,
        is_ipv6 ? "CidrIpv6" : "CidrIp");
    if (rule->description.len > 0)
        query_addf(body, rule->description, "IpPermissions.%u.%s.1.Description", number, list);
}

struct request ec2_authorize_rules(struct step *step, str region, str group, bool is_egress,
    const struct group_rule *rules, uint32_t count)
{
    struct draft draft = draft_begin(step, "ec2",
        is_egress ? "AuthorizeSecurityGroupEgress" : "AuthorizeSecurityGroupIngress", region,
        group);
    uint32_t number = 1;
    query_add(&draft.body, "GroupId", group);
    for (uint32_t at = 0; at < count; at++)
        if (rules[at].is_egress == is_egress)
            add_group_rule(&draft, &rules[at], number++);
    return draft_end(&draft);
}
