/* iam.c - what rules may do to IAM. */
#include "aws/facts.h"
#include "aws/disable_access_key.h"
#include "aws/disable_user.h"
#include "aws/isolate_role.h"
#include "aws/restrict_role.h"
#include "aws/revoke_sessions.h"
#include "fronts.h"
#include "bytecode.h"
#include "registry.h"

#define IAM_API "https://docs.aws.amazon.com/IAM/latest/APIReference/API_"

#define IAM_GUIDE "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

/* What finding a role needs. */
#define FIND_ROLE "ec2:DescribeInstances", "iam:GetInstanceProfile", "iam:GetRole"
#define PARAM_ROLE PARAM("role", ROLE, TARGET, "the role's ARN; or its name and account=")
#define PARAM_ROLE_OF PARAM("instance", INSTANCE, TARGET, "an EC2 instance that has the role")
#define PARAM_USER                                                                                 \
    PARAM("user", USER, TARGET, "the IAM user's ARN; or its id or name, and account=")

/* Users of Entra ID have such ids. */
static bool is_no_guid(const value *args)
{
    str user = args[USER_USER].kind == VALUE_TEXT ? value_str(args[USER_USER]) : STR("");
    return user.len > 0 && !(user.len == 36 && user.ptr[8] == '-' && user.ptr[13] == '-');
}

const struct builtin aws_disable_user = {
    .name = "disable_user",
    .verb = VERB_RESPOND,
    .provider = "aws",
    .doc = "Deny an IAM user everything, in the console too, and make its keys inactive.",
    .params = { PARAM_USER, PARAM_ACCOUNT },
    .effect = EFFECT_CHANGES,
    .permissions = { .apply = { "iam:GetUser", "iam:GetUserPolicy", "iam:ListAccessKeys",
                         "iam:ListUsers", "iam:PutUserPolicy", "iam:UpdateAccessKey" },
        .undo = { "iam:DeleteUserPolicy", "iam:GetUser", "iam:GetUserPolicy", "iam:ListAccessKeys",
            "iam:UpdateAccessKey" } },
    .limits = { "the user may still sign in to the console, where everything is denied: taking "
                "the password away could not be undone, because it would be lost",
        "roles that the user took before go on: revoke_sessions on each",
        "AWS may need minutes until every service denies",
        "a user holds 2,048 characters of inline policies" },
    .shows = { SHOWS_USER },
    .inverse = "enable_user",
    .source = IAM_API "PutUserPolicy.html",
    .fits = is_no_guid,
    .state_bytes = sizeof(struct disable_user),
    .next = disable_user_next,
};

/* sts:GetCallerIdentity is called too; AWS lets everybody. */
static const struct builtin rows[] = {
    {
        .name = "disable_access_key",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Make an IAM access key inactive: calls signed with it are refused from then on.",
        .params = { PARAM("access_key", ACCESS_KEY, TARGET, "the access key, AKIA..."),
            PARAM_ACCOUNT },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys",
                             "iam:UpdateAccessKey" },
            .undo = { "iam:ListAccessKeys", "iam:UpdateAccessKey" } },
        .limits = { "sessions that were made with the key before go on: revoke_sessions",
            "the keys of sessions (ASIA...) and of the root user have no status to change" },
        .shows = { FIELD_ACCESS_KEY_ID, SHOWS_USER },
        .inverse = "enable_access_key",
        .source = IAM_API "UpdateAccessKey.html",
        .state_bytes = sizeof(struct disable_access_key),
        .next = disable_access_key_next,
    },
    {
        .name = "isolate_role",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Deny an IAM role everything, its running sessions included.",
        .params = { PARAM_ROLE, PARAM_ROLE_OF, PARAM_ACCOUNT, PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .destroys = DESTROYS_CHANNEL,
        .permissions = { .apply = { FIND_ROLE, "iam:GetRolePolicy", "iam:PutRolePolicy" },
            .undo = { "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy" } },
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
        .name = "restrict_role",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Detach the policies that let a role do everything, or bound what it may do.",
        .params = { PARAM_ROLE, PARAM_ROLE_OF,
            PARAM_DIRECTS("boundary", OPTIONAL,
                "ARN of a managed policy: the role may do no more than it allows, and nothing is "
                "detached"),
            PARAM_ACCOUNT, PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { FIND_ROLE, "iam:DetachRolePolicy", "iam:GetPolicy",
                             "iam:GetPolicyVersion", "iam:GetRolePolicy",
                             "iam:ListAttachedRolePolicies", "iam:ListRolePolicies",
                             "iam:PutRolePermissionsBoundary" },
            .undo = { "iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:GetRole",
                "iam:ListAttachedRolePolicies", "iam:PutRolePermissionsBoundary" } },
        .limits = { "too powerful is what allows \"*\", \"iam:*\" or the like where the role "
                    "itself is among the resources: a policy "
                    "that "
                    "lists powerful actions one by one is not seen",
            "inline policies that are too powerful are named and left alone; boundary= bounds them",
            "a permissions boundary does not bound what policies of resources allow the sessions "
            "of the role by name" },
        .shows = { SHOWS_ROLE },
        .inverse = "unrestrict_role",
        .source = IAM_API "DetachRolePolicy.html",
        .state_bytes = sizeof(struct restrict_role),
        .next = restrict_role_next,
    },
    {
        .name = "revoke_sessions",
        .verb = VERB_RESPOND,
        .provider = "aws",
        .doc = "Deny everything to the sessions that a role or an IAM user has now.",
        .params = { PARAM_ROLE, PARAM_USER, PARAM_ROLE_OF, PARAM_ACCOUNT, PARAM_REGION },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { FIND_ROLE, "iam:GetRolePolicy", "iam:GetUser",
                             "iam:GetUserPolicy", "iam:ListUsers", "iam:PutRolePolicy",
                             "iam:PutUserPolicy" },
            .undo = { "iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:GetRole",
                "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy", "iam:PutRolePolicy",
                "iam:PutUserPolicy" } },
        .limits = { "new sessions are not denied: an instance gets fresh credentials by itself, so "
                    "this alone isolates no host; it is for stolen credentials of a clean one",
            "a user's access keys are no sessions: disable_access_key, disable_user",
            "taken back before the longest session has ended (12 hours, 36 of a user) it lets the "
            "stolen ones live again",
            "AWS may need minutes until every service denies" },
        .shows = { SHOWS_ROLE, FIELD_USER_ID, FIELD_USER_NAME },
        .inverse = "allow_sessions",
        .source = IAM_GUIDE "id_roles_use_revoke-sessions.html",
        .state_bytes = sizeof(struct revoke_sessions),
        .next = revoke_sessions_next,
    },
    {
        .name = "allow_sessions",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Take the revocation of sessions back, if it is still as it was put.",
        .params = { PARAM("principal", TEXT, REQUIRED, "the ARN of the role or user"),
            PARAM("policy", TEXT, REQUIRED, "the document that was put"),
            PARAM("former", TEXT, OPTIONAL, "the document that was there before"), PARAM_OWNER_ID },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:GetRole",
                             "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
                             "iam:PutRolePolicy", "iam:PutUserPolicy" } },
        .source = IAM_GUIDE "id_roles_use_revoke-sessions.html",
        .state_bytes = sizeof(struct restore_policy),
        .next = allow_sessions_next,
    },
    {
        .name = "enable_access_key",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Make an access key active again, if it still is inactive.",
        .params = { PARAM("access_key", ACCESS_KEY, REQUIRED, "the access key"),
            PARAM("user", TEXT, REQUIRED, "the name of its user"), PARAM_ACCOUNT },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:ListAccessKeys", "iam:UpdateAccessKey" } },
        .source = IAM_API "UpdateAccessKey.html",
        .state_bytes = sizeof(struct enable_access_key),
        .next = enable_access_key_next,
    },
    {
        .name = "enable_user",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Take the denial of a user back, if it is still as it was put.",
        .params = { PARAM("user", USER, REQUIRED, "the user's ARN"),
            PARAM("policy", TEXT, REQUIRED, "the document that was put"), PARAM_OWNER_ID },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:DeleteUserPolicy", "iam:GetUser", "iam:GetUserPolicy" } },
        .source = IAM_API "DeleteUserPolicy.html",
        .state_bytes = sizeof(struct restore_policy),
        .next = release_principal_next,
    },
    {
        .name = "release_role",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Take the isolation of a role back, if it is still as it was put.",
        .params = { PARAM("role", ROLE, REQUIRED, "the role's ARN"),
            PARAM("policy", TEXT, REQUIRED, "the document that was put"), PARAM_OWNER_ID },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy" } },
        .source = IAM_API "DeleteRolePolicy.html",
        .state_bytes = sizeof(struct restore_policy),
        .next = release_principal_next,
    },
    {
        .name = "unrestrict_role",
        .verb = VERB_UNDO,
        .provider = "aws",
        .doc = "Give a role the policy back that was detached, or the boundary that it had.",
        .params = { PARAM("role", ROLE, REQUIRED, "the role's ARN"),
            PARAM("policy", TEXT, OPTIONAL, "ARN of the policy that was detached"),
            PARAM("boundary", TEXT, OPTIONAL, "ARN of the boundary that was put"),
            PARAM("former", TEXT, OPTIONAL, "ARN of the boundary before"), PARAM_OWNER_ID },
        .effect = EFFECT_CHANGES,
        .permissions = { .apply = { "iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary",
                             "iam:GetRole", "iam:ListAttachedRolePolicies",
                             "iam:PutRolePermissionsBoundary" } },
        .source = IAM_API "AttachRolePolicy.html",
        .state_bytes = sizeof(struct unrestrict_role),
        .next = unrestrict_role_next,
    },
};

const struct builtin_module aws_iam_module = { "aws.iam", rows, COUNT_OF(rows) };
