/* iam.c - what rules may do to IAM. */
#include "aws/facts.h"
#include "aws/isolate_role.h"
#include "params.h"
#include "bytecode.h"
#include "registry.h"

#define IAM_API "https://docs.aws.amazon.com/IAM/latest/APIReference/API_"

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "isolate_role",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Deny an IAM role everything, its running sessions included.",
        .params = { PARAM("role", ROLE, TARGET, "the role's ARN; or its name and account="),
            PARAM("instance", INSTANCE, TARGET, "an EC2 instance that has the role"), PARAM_ACCOUNT,
            PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "ec2:DescribeInstances", "iam:GetInstanceProfile",
                             "iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy" },
            .undo = { "iam:DeleteRolePolicy", "iam:GetRolePolicy" } },
        .limits = { "every instance, function and person that uses the role is denied too",
            "AWS may need minutes until every service denies",
            "a role holds 10,240 characters of inline policies",
            "instances that have the role are lost to Systems Manager: collect first" },
        .shows = { SHOWS_ROLE },
        .inverse = "release_role",
        .source = IAM_API "PutRolePolicy.html",
        .state_bytes = sizeof(struct isolate_role),
        .next = isolate_role_next,
    },
    {
        .name = "release_role",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Take the isolation of a role back, if it is still as it was put.",
        .params = { PARAM("role", ROLE, REQUIRED, "the role's ARN"),
            PARAM("policy", TEXT, REQUIRED, "the document that was put") },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:DeleteRolePolicy", "iam:GetRolePolicy" } },
        .source = IAM_API "DeleteRolePolicy.html",
        .state_bytes = sizeof(struct restore_policy),
        .next = release_principal_next,
    },
};

const struct builtin_module aws_iam_module = { "aws.iam", rows, COUNT_OF(rows) };
