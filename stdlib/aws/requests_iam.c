#include "aws/requests_iam.h"

#include "aws/draft.h"
#include "aws/requests.h"

/* Names the parameter and what a person calls the thing. */
struct kind {
    const char *member; /* "UserName" */
    const char *called; /* "user" */
};

static const struct kind role_kind = { "RoleName", "role" };
static const struct kind user_kind = { "UserName", "user" };

static struct draft begin(
    struct step *step, const char *operation, const struct kind *kind, str name)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "iam", operation, none, none);
    draft_text(&draft, arena_format(step->arena, "%s/%.*s", kind->called, STR_ARG(name)),
        &draft.request.target);
    query_add(&draft.body, kind->member, name);
    return draft;
}

static struct request finish(struct draft *draft, str page)
{
    if (page.len > 0)
        query_add(&draft->body, "Marker", page);
    return draft_end(draft);
}

struct request iam_get_user(struct step *step, str user)
{
    struct draft draft = begin(step, "GetUser", &user_kind, user);
    return draft_end(&draft);
}

struct request iam_list_users(struct step *step, str page)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "iam", "ListUsers", none, none);
    query_add(&draft.body, "MaxItems", STR("1000"));
    return finish(&draft, page);
}

struct request iam_get_access_key_last_used(struct step *step, str key)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "iam", "GetAccessKeyLastUsed", none, key);
    query_add(&draft.body, "AccessKeyId", key);
    return draft_end(&draft);
}

struct request iam_list_access_keys(struct step *step, str user, str page)
{
    struct draft draft = begin(step, "ListAccessKeys", &user_kind, user);
    return finish(&draft, page);
}

struct request iam_update_access_key(struct step *step, str user, str key, const char *status)
{
    struct draft draft = begin(step, "UpdateAccessKey", &user_kind, user);
    query_add(&draft.body, "AccessKeyId", key);
    query_add(&draft.body, "Status", str_from(status));
    return draft_end(&draft);
}

static struct draft user_policy_begin(
    struct step *step, const char *operation, str user, const char *policy)
{
    struct draft draft = begin(step, operation, &user_kind, user);
    query_add(&draft.body, "PolicyName", str_from(policy));
    return draft;
}

struct request iam_get_inline_policy(struct step *step, bool is_user, str name, const char *policy)
{
    if (!is_user)
        return iam_get_role_policy(step, name, str_from(policy));
    struct draft draft = user_policy_begin(step, "GetUserPolicy", name, policy);
    return draft_end(&draft);
}

struct request iam_put_inline_policy(
    struct step *step, bool is_user, str name, const char *policy, str document)
{
    if (!is_user)
        return iam_put_role_policy(step, name, str_from(policy), document);
    struct draft draft = user_policy_begin(step, "PutUserPolicy", name, policy);
    query_add(&draft.body, "PolicyDocument", document);
    return draft_end(&draft);
}

struct request iam_delete_inline_policy(
    struct step *step, bool is_user, str name, const char *policy)
{
    if (!is_user)
        return iam_delete_role_policy(step, name, str_from(policy));
    struct draft draft = user_policy_begin(step, "DeleteUserPolicy", name, policy);
    return draft_end(&draft);
}

struct request iam_list_role_policies(struct step *step, str role, str page)
{
    struct draft draft = begin(step, "ListRolePolicies", &role_kind, role);
    return finish(&draft, page);
}

struct request iam_list_attached_role_policies(struct step *step, str role, str page)
{
    struct draft draft = begin(step, "ListAttachedRolePolicies", &role_kind, role);
    return finish(&draft, page);
}

static struct request with_policy(struct step *step, const char *operation, str role, str policy)
{
    struct draft draft = begin(step, operation, &role_kind, role);
    query_add(&draft.body, "PolicyArn", policy);
    return draft_end(&draft);
}

struct request iam_attach_role_policy(struct step *step, str role, str policy)
{
    return with_policy(step, "AttachRolePolicy", role, policy);
}

struct request iam_detach_role_policy(struct step *step, str role, str policy)
{
    return with_policy(step, "DetachRolePolicy", role, policy);
}

static struct draft policy_begin(struct step *step, const char *operation, str policy)
{
    str none = { "", 0 };
    struct draft draft = draft_begin(step, "iam", operation, none, policy);
    query_add(&draft.body, "PolicyArn", policy);
    return draft;
}

struct request iam_get_policy(struct step *step, str policy)
{
    struct draft draft = policy_begin(step, "GetPolicy", policy);
    return draft_end(&draft);
}

struct request iam_get_policy_version(struct step *step, str policy, str version)
{
    struct draft draft = policy_begin(step, "GetPolicyVersion", policy);
    query_add(&draft.body, "VersionId", version);
    return draft_end(&draft);
}

struct request iam_put_role_boundary(struct step *step, str role, str policy)
{
    struct draft draft = begin(step, "PutRolePermissionsBoundary", &role_kind, role);
    query_add(&draft.body, "PermissionsBoundary", policy);
    return draft_end(&draft);
}

struct request iam_delete_role_boundary(struct step *step, str role)
{
    struct draft draft = begin(step, "DeleteRolePermissionsBoundary", &role_kind, role);
    return draft_end(&draft);
}
