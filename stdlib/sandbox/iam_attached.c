/* Managed policies, attached to roles or bounding them. */
#include "sandbox/iam.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

enum { ATTACHED_QUOTA = 10 };

/* The managed policy whose ARN that parameter is, borrowed; NULL: refused. */
static json_t *find_managed(struct call *call, const char *parameter)
{
    const char *arn = call_text(call, parameter);
    json_t *policy = world_find(call->account, "managedPolicies", "arn", arn);
    if (policy == NULL)
        call_refuse(
            call, 404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn);
    return policy;
}

static json_t *attached_of(json_t *role)
{
    if (json_object_get(role, "attachedPolicies") == NULL
        && json_object_set_new(role, "attachedPolicies", json_array()) != 0)
        return NULL;
    return json_object_get(role, "attachedPolicies");
}

void sandbox_iam_list_attached_role_policies(struct call *call)
{
    struct iam_page page;
    size_t index;
    json_t *arn;
    const json_t *role = iam_find_role(call);
    if (role == NULL || !iam_page_read(call, &page))
        return;
    markup_open(&call->body, "AttachedPolicies");
    json_array_foreach(json_object_get(role, "attachedPolicies"), index, arn)
    {
        if (!iam_page_has(&page))
            continue;
        const json_t *policy =
            world_find(call->account, "managedPolicies", "arn", json_string_value(arn));
        markup_open(&call->body, "member");
        markup_text(&call->body, "PolicyName", world_text(policy, "policyName"));
        markup_text(&call->body, "PolicyArn", json_string_value(arn));
        markup_close(&call->body, "member");
    }
    markup_close(&call->body, "AttachedPolicies");
    iam_page_end(call, &page);
}

/* Where `arn` is among what is attached, or the count. */
static size_t place_of(const json_t *attached, const char *arn)
{
    size_t at = 0;
    while (at < json_array_size(attached)
           && strcmp(json_string_value(json_array_get(attached, at)), arn) != 0)
        at++;
    return at;
}

/* In order, so that what is detached and attached again is as it was. */
static void attach(struct call *call, json_t *attached, const char *arn)
{
    size_t at = 0;
    while (at < json_array_size(attached)
           && strcmp(json_string_value(json_array_get(attached, at)), arn) < 0)
        at++;
    if (json_array_insert_new(attached, at, json_string(arn)) == 0)
        call->applied = true;
    else
        call->err = ERR_MEMORY;
}

void sandbox_iam_attach_role_policy(struct call *call)
{
    const char *arn = call_text(call, "PolicyArn");
    json_t *role = iam_find_role(call);
    if (role == NULL || !iam_role_is_ours(call, role) || find_managed(call, "PolicyArn") == NULL)
        return;
    json_t *attached = attached_of(role);
    if (place_of(attached, arn) < json_array_size(attached))
        return;
    if (json_array_size(attached) >= ATTACHED_QUOTA)
        call_refuse(call, 409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d",
            ATTACHED_QUOTA);
    else
        attach(call, attached, arn);
}

void sandbox_iam_detach_role_policy(struct call *call)
{
    const char *arn = call_text(call, "PolicyArn");
    json_t *role = iam_find_role(call);
    if (role == NULL || !iam_role_is_ours(call, role))
        return;
    json_t *attached = json_object_get(role, "attachedPolicies");
    size_t at = place_of(attached, arn);
    if (at == json_array_size(attached))
        call_refuse(call, 404, "NoSuchEntity", "Policy %s was not found.", arn);
    else
        call_remove(call, role, "attachedPolicies", json_array_get(attached, at));
}

void sandbox_iam_get_policy(struct call *call)
{
    struct buf *out = &call->body;
    const json_t *policy = find_managed(call, "PolicyArn");
    if (policy == NULL)
        return;
    markup_open(out, "Policy");
    markup_text(out, "PolicyName", world_text(policy, "policyName"));
    markup_text(out, "PolicyId", world_text(policy, "policyId"));
    markup_text(out, "Arn", world_text(policy, "arn"));
    markup_text(out, "Path", world_text(policy, "path"));
    markup_text(out, "DefaultVersionId", world_text(policy, "defaultVersionId"));
    markup_close(out, "Policy");
}

void sandbox_iam_get_policy_version(struct call *call)
{
    struct buf *out = &call->body;
    const char *version = call_text(call, "VersionId");
    const json_t *policy = find_managed(call, "PolicyArn");
    if (policy == NULL)
        return;
    if (strcmp(world_text(policy, "defaultVersionId"), version) != 0) {
        call_refuse(call, 404, "NoSuchEntity",
            "Policy %s version %s does not exist or is not attachable.",
            call_text(call, "PolicyArn"), version);
        return;
    }
    markup_open(out, "PolicyVersion");
    markup_encoded(out, "Document", world_text(policy, "document"));
    markup_text(out, "VersionId", version);
    markup_flag(out, "IsDefaultVersion", true);
    markup_close(out, "PolicyVersion");
}

/* ---- permissions boundaries ---- */

void iam_write_boundary(struct call *call, const json_t *role)
{
    const char *arn = world_text(role, "permissionsBoundary");
    if (arn[0] == '\0')
        return;
    markup_open(&call->body, "PermissionsBoundary");
    markup_text(&call->body, "PermissionsBoundaryType", "PermissionsBoundaryPolicy");
    markup_text(&call->body, "PermissionsBoundaryArn", arn);
    markup_close(&call->body, "PermissionsBoundary");
}

void sandbox_iam_put_role_permissions_boundary(struct call *call)
{
    const char *arn = call_text(call, "PermissionsBoundary");
    json_t *role = iam_find_role(call);
    if (role == NULL || !iam_role_is_ours(call, role)
        || find_managed(call, "PermissionsBoundary") == NULL)
        return;
    if (strcmp(world_text(role, "permissionsBoundary"), arn) != 0)
        call_set(call, role, "permissionsBoundary", json_string(arn));
}

void sandbox_iam_delete_role_permissions_boundary(struct call *call)
{
    json_t *role = iam_find_role(call);
    if (role != NULL && iam_role_is_ours(call, role))
        call_unset(call, role, "permissionsBoundary");
}
