/* ban.c - keeping addresses out. */
#include "aws/ban_ip.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define WAF_API "https://docs.aws.amazon.com/waf/latest/APIReference/API_"
#define EC2_API "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_"
#define IAM_API "https://docs.aws.amazon.com/IAM/latest/APIReference/API_"
#define PARAM_IP_SET                                                                               \
    {                                                                                              \
        .name = "ip_set", .type = TYPE_TEXT, .need = PARAM_OPTIONAL, .directs = true,              \
        .setting = "ip_set", .doc = "waf: the name of an IP set; else that of the connection"      \
    }

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "ban_ip",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Keep a public address out: by AWS WAF, a network ACL or an IAM policy.",
        .params = { [BAN_IP] = PARAM("ip", IP, TARGET, "the address"),
            [BAN_VIA] = PARAM_CHOICE("via", "waf nacl iam",
                "an IP set of WAF, network ACLs or a policy; else waf where there is an IP set"),
            [BAN_IP_SET] = PARAM_IP_SET,
            [BAN_SCOPE] = PARAM_CHOICE("scope", "regional cloudfront",
                "waf: where the IP set is; regional when not given"),
            [BAN_INSTANCE] =
                PARAM("instance", INSTANCE, TARGET, "nacl: whose subnets; iam: whose role"),
            [BAN_ACL] = PARAM_DIRECTS("acl", OPTIONAL, "nacl: the id of a network ACL"),
            [BAN_ROLE] = PARAM("role", ROLE, TARGET, "iam: who is kept from being used"),
            [BAN_USER] = PARAM("user", USER, TARGET, "iam: the same for a user"),
            [BAN_ACCOUNT] = PARAM_ACCOUNT,
            [BAN_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:CreateNetworkAclEntry", "ec2:DescribeInstances",
                             "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
                             "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy",
                             "iam:GetUser", "iam:GetUserPolicy", "iam:ListUsers",
                             "iam:PutRolePolicy", "iam:PutUserPolicy", "wafv2:GetIPSet",
                             "wafv2:ListIPSets", "wafv2:UpdateIPSet" },
            .undo = { "ec2:DeleteNetworkAclEntry", "ec2:DescribeNetworkAcls",
                "iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:GetRole", "iam:GetRolePolicy",
                "iam:GetUser", "iam:GetUserPolicy", "wafv2:GetIPSet", "wafv2:UpdateIPSet" } },
        .limits = { "waf: only HTTP that a web ACL sees, and only where a rule refers to the IP "
                    "set; an approval holds for the set as it was planned",
            "nacl: every instance of the subnets is concerned; 20 entries a direction",
            "iam: not for what AWS services do on its behalf; a user holds 2,048 characters of "
            "inline policies",
            "our own addresses are known in the step's account and region alone" },
        .shows = { FIELD_SRC_IP, FIELD_DST_IP, FIELD_CLIENT_IP, FIELD_CLOUD_PROVIDER,
            FIELD_CLOUD_ACCOUNT, FIELD_CLOUD_REGION },
        .inverse = "unban_ip",
        .source = WAF_API "UpdateIPSet.html",
        .state_bytes = sizeof(struct ban_ip),
        .next = ban_ip_next,
    },
    {
        .name = "delete_acl_entry",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Delete an entry of a network ACL that keeps a network out, if it still says that.",
        .params = { [DELETE_ENTRY_ACL] = PARAM("acl", TEXT, REQUIRED, "the network ACL"),
            [DELETE_ENTRY_NUMBER] = PARAM("number", INTEGER, REQUIRED, "of the entry"),
            [DELETE_ENTRY_EGRESS] = PARAM("egress", TEXT, REQUIRED, "true or false"),
            [DELETE_ENTRY_NETWORK] = PARAM("network", TEXT, REQUIRED, "what it keeps out"),
            [DELETE_ENTRY_ACCOUNT] = PARAM_ACCOUNT,
            [DELETE_ENTRY_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DeleteNetworkAclEntry", "ec2:DescribeNetworkAcls" } },
        .source = EC2_API "DeleteNetworkAclEntry.html",
        .state_bytes = sizeof(struct delete_acl_entry),
        .next = delete_acl_entry_next,
    },
    {
        .name = "delete_ban_policy",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Let a role or user be used from an address again, if the policy is as it was put.",
        .params = { [UNBAN_OWNER] = PARAM("owner", TEXT, REQUIRED, "ARN of the role or user"),
            [UNBAN_POLICY] = PARAM("policy", TEXT, REQUIRED, "the document that was put"),
            [UNBAN_NAME] = PARAM("name", TEXT, REQUIRED, "the policy's name"),
            [UNBAN_OWNER_ID] = PARAM_OWNER_ID },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:GetRole",
                             "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy" } },
        .source = IAM_API "DeleteRolePolicy.html",
        .state_bytes = sizeof(struct delete_ban_policy),
        .next = delete_ban_policy_next,
    },
    {
        .name = "unban_ip",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Take an address out of an IP set again, and nothing else.",
        .params = { [UNBAN_IP] = PARAM("ip", TEXT, REQUIRED, "the address, as it is in the set"),
            [UNBAN_SET] = PARAM("ip_set", TEXT, REQUIRED, "the name of the IP set"),
            [UNBAN_ID] = PARAM("id", TEXT, REQUIRED, "its id"),
            [UNBAN_SCOPE] = PARAM("scope", TEXT, REQUIRED, "REGIONAL or CLOUDFRONT"),
            [UNBAN_ACCOUNT] = PARAM_ACCOUNT,
            [UNBAN_REGION] = PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "wafv2:GetIPSet", "wafv2:UpdateIPSet" } },
        .source = WAF_API "UpdateIPSet.html",
        .state_bytes = sizeof(struct unban_ip),
        .next = unban_ip_next,
    },
};

const struct builtin_module aws_ban_module = { "aws.ban", rows, COUNT_OF(rows) };
