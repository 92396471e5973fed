/* groups.c - what rules may do to security groups. */
#include "aws/close_security_group.h"
#include "aws/delete_security_group.h"
#include "aws/facts.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define EC2_API "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_"
#define GROUP PARAM("group", SECURITY_GROUP, TARGET, "the security group")

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "close_security_group",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Revoke the rules of a security group that are open to the world.",
        .params = { GROUP, PARAM_ACCOUNT, PARAM_REGION,
            PARAM_CHOICE("direction", "ingress egress both",
                "rules for what comes in, goes out, or both; ingress when not given") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups",
                             "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress" },
            .undo = { "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress",
                "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups" } },
        .limits = { "every instance with the group is closed, not one alone",
            "open is 0.0.0.0/0 and ::/0: other ranges stay, however wide",
            "connections that are open live on until EC2 no longer tracks them: idle ones up to "
            "five days",
            "the undo gives the same rules with new ids, and without their tags" },
        .inverse = "reopen_security_group",
        .shows = { SHOWS_GROUP },
        .source = EC2_API "RevokeSecurityGroupIngress.html",
        .state_bytes = sizeof(struct close_security_group),
        .next = close_security_group_next,
    },
    {
        .name = "delete_security_group",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Delete a security group that nobody uses.",
        .params = { GROUP, PARAM_ACCOUNT, PARAM_REGION },
        .effect = EFFECT_DESTROYS,
        .permissions = { .apply = { "ec2:DeleteSecurityGroup", "ec2:DescribeNetworkInterfaces",
                             "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups" } },
        .limits = { "a group that is made again has another id: what named the old one does not "
                    "name it",
            "a group that an interface or another group's rule uses is left alone, and who uses "
            "it is named",
            "the default group of a VPC cannot be deleted" },
        .shows = { SHOWS_GROUP },
        .source = EC2_API "DeleteSecurityGroup.html",
        .state_bytes = sizeof(struct delete_security_group),
        .next = delete_security_group_next,
    },
    {
        .name = "reopen_security_group",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Give a security group the rules back that were revoked.",
        .params = { [REOPEN_GROUP] = PARAM("group", SECURITY_GROUP, REQUIRED, "the group"),
            [REOPEN_DIRECTION] = PARAM("direction", TEXT, REQUIRED, "ingress or egress"),
            [REOPEN_RULES] = PARAM_LIST("rules", TEXT, REQUIRED,
                "protocol, ports, range and description of each: \"tcp 22 22 0.0.0.0/0 ssh\""),
            [REOPEN_ACCOUNT] = PARAM_ACCOUNT,
            [REOPEN_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:AuthorizeSecurityGroupEgress",
                             "ec2:AuthorizeSecurityGroupIngress", "ec2:DescribeSecurityGroupRules",
                             "ec2:DescribeSecurityGroups" } },
        .source = EC2_API "AuthorizeSecurityGroupIngress.html",
        .state_bytes = sizeof(struct reopen_security_group),
        .next = reopen_security_group_next,
    },
};

const struct builtin_module aws_groups_module = { "aws.groups", rows, COUNT_OF(rows) };
