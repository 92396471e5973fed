/* Roles, their inline policies, and the profiles that hand them to instances. */
#include "sandbox/iam.h"
#include "sandbox/iam_policy.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

enum {
    ROLE_NAME_MAX = 64,
    NAME_MAX_CHARS = 128,
    ROLE_POLICIES_CHARS_MAX = 10240, /* of its inline policies, white space not counted */
    LISTED_MAX = 1000,
    LISTED_DEFAULT = 100,
};

bool iam_name_is_good(struct call *call, const char *parameter, size_t most)
{
    static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_+=,.@-";
    const char *name = call_text(call, parameter);
    size_t len = strlen(name);
    if (len <= most && strspn(name, taken) == len)
        return true;
    return call_refuse(call, 400, "ValidationError",
        "The specified value for %s is invalid. It must contain only alphanumeric characters "
        "and/or the following: +=,.@_- and be of at most %zu characters",
        parameter, most);
}

json_t *iam_find_role(struct call *call)
{
    if (!iam_name_is_good(call, "RoleName", ROLE_NAME_MAX))
        return NULL;
    const char *name = call_text(call, "RoleName");
    json_t *role = world_find(call->account, "roles", "roleName", name);
    if (role == NULL)
        call_refuse(call, 404, "NoSuchEntity", "The role with name %s cannot be found.", name);
    return role;
}

static void write_role(struct call *call, const json_t *role)
{
    struct buf *out = &call->body;
    markup_text(out, "Path", world_text(role, "path"));
    markup_text(out, "RoleName", world_text(role, "roleName"));
    markup_text(out, "RoleId", world_text(role, "roleId"));
    markup_text(out, "Arn", world_text(role, "arn"));
    markup_text(out, "CreateDate", world_text(role, "createDate"));
    markup_encoded(out, "AssumeRolePolicyDocument", world_text(role, "assumeRolePolicyDocument"));
}

void iam_write_tags(struct call *call, const json_t *thing)
{
    struct buf *out = &call->body;
    const char *key;
    json_t *text;
    json_t *tags = json_object_get(thing, "tags");
    if (json_object_size(tags) == 0)
        return;
    markup_open(out, "Tags");
    json_object_foreach(tags, key, text)
    {
        markup_open(out, "member");
        markup_text(out, "Key", key);
        markup_text(out, "Value", json_is_string(text) ? json_string_value(text) : "");
        markup_close(out, "member");
    }
    markup_close(out, "Tags");
}

void sandbox_iam_get_role(struct call *call)
{
    const json_t *role = iam_find_role(call);
    if (role == NULL || !call_may_proceed(call))
        return;
    markup_open(&call->body, "Role");
    write_role(call, role);
    markup_number(&call->body, "MaxSessionDuration", 3600);
    iam_write_boundary(call, role);
    iam_write_tags(call, role);
    markup_close(&call->body, "Role");
}

static void write_roles(struct call *call, const json_t *profile)
{
    size_t index;
    json_t *name;
    markup_open(&call->body, "Roles");
    json_array_foreach(json_object_get(profile, "roles"), index, name)
    {
        const json_t *role =
            world_find(call->account, "roles", "roleName", json_string_value(name));
        if (role == NULL)
            continue;
        markup_open(&call->body, "member");
        write_role(call, role);
        markup_close(&call->body, "member");
    }
    markup_close(&call->body, "Roles");
}

void sandbox_iam_get_instance_profile(struct call *call)
{
    const char *name = call_text(call, "InstanceProfileName");
    if (!iam_name_is_good(call, "InstanceProfileName", NAME_MAX_CHARS))
        return;
    const json_t *profile =
        world_find(call->account, "instanceProfiles", "instanceProfileName", name);
    if (profile == NULL) {
        call_refuse(call, 404, "NoSuchEntity", "Instance Profile %s cannot be found.", name);
        return;
    }
    struct buf *out = &call->body;
    markup_open(out, "InstanceProfile");
    markup_text(out, "Path", world_text(profile, "path"));
    markup_text(out, "InstanceProfileName", name);
    markup_text(out, "InstanceProfileId", world_text(profile, "instanceProfileId"));
    markup_text(out, "Arn", world_text(profile, "arn"));
    markup_text(out, "CreateDate", world_text(profile, "createDate"));
    write_roles(call, profile);
    markup_close(out, "InstanceProfile");
}

bool iam_page_read(struct call *call, struct iam_page *ret_page)
{
    *ret_page = (struct iam_page){ .most = LISTED_DEFAULT };
    return call_number(call, "MaxItems", 1, LISTED_MAX, &ret_page->most)
           && call_number(call, "Marker", 1, LISTED_MAX, &ret_page->marker);
}

bool iam_page_has(struct iam_page *page)
{
    long long at = page->at++;
    return at >= page->marker && at < page->marker + page->most;
}

void iam_page_end(struct call *call, const struct iam_page *page)
{
    bool is_truncated = page->at > page->marker + page->most;
    markup_flag(&call->body, "IsTruncated", is_truncated);
    if (is_truncated)
        markup_number(&call->body, "Marker", page->marker + page->most);
}

void sandbox_iam_list_role_policies(struct call *call)
{
    struct iam_page page;
    const json_t *role = iam_find_role(call);
    if (role == NULL || !iam_page_read(call, &page))
        return;
    const char *name;
    json_t *document;
    markup_open(&call->body, "PolicyNames");
    json_object_foreach(json_object_get(role, "policies"), name, document) if (iam_page_has(&page))
        markup_text(&call->body, "member", name);
    markup_close(&call->body, "PolicyNames");
    iam_page_end(call, &page);
}

/* The document of the policy that the call names, or NULL: refused. */
static const char *find_policy(struct call *call, const struct iam_owner *owner)
{
    const char *name = call_text(call, "PolicyName");
    if (!iam_name_is_good(call, "PolicyName", NAME_MAX_CHARS))
        return NULL;
    const char *document =
        json_string_value(json_object_get(json_object_get(owner->thing, "policies"), name));
    if (document == NULL)
        call_refuse(call, 404, "NoSuchEntity", "The %s policy with name %s cannot be found.",
            owner->called, name);
    return document;
}

void iam_get_inline(struct call *call, const struct iam_owner *owner)
{
    const char *document = find_policy(call, owner);
    if (document == NULL)
        return;
    markup_text(&call->body, owner->parameter, call_text(call, owner->parameter));
    markup_text(&call->body, "PolicyName", call_text(call, "PolicyName"));
    markup_encoded(&call->body, "PolicyDocument", document);
}

static size_t count_chars(const char *document)
{
    size_t count = 0;
    for (; *document != '\0'; document++)
        count += strchr(" \t\r\n", *document) == NULL;
    return count;
}

/* Whether the owner's policies stay within their limit with `document` under `name`. */
static bool has_room(
    struct call *call, const struct iam_owner *owner, const char *name, const char *document)
{
    size_t chars = count_chars(document);
    const char *other;
    json_t *text;
    json_object_foreach(json_object_get(owner->thing, "policies"), other,
        text) if (strcmp(other, name) != 0) chars += count_chars(json_string_value(text));
    if (chars <= owner->chars_max)
        return true;
    return call_refuse(call, 409, "LimitExceeded",
        "Maximum policy size of %zu bytes exceeded for %s %s", owner->chars_max, owner->called,
        call_text(call, owner->parameter));
}

void iam_put_inline(struct call *call, const struct iam_owner *owner)
{
    const char *name = call_text(call, "PolicyName");
    const char *document = call_text(call, "PolicyDocument");
    if (!iam_name_is_good(call, "PolicyName", NAME_MAX_CHARS))
        return;
    const char *fault = iam_policy_fault(document);
    if (fault != NULL) {
        call_refuse(call, 400, "MalformedPolicyDocument", "%s", fault);
        return;
    }
    json_t *policies = json_object_get(owner->thing, "policies");
    if (has_room(call, owner, name, document) && strcmp(world_text(policies, name), document) != 0)
        call_set(call, policies, name, json_string(document));
}

void iam_delete_inline(struct call *call, const struct iam_owner *owner)
{
    if (find_policy(call, owner) != NULL)
        call_unset(call, json_object_get(owner->thing, "policies"), call_text(call, "PolicyName"));
}

static struct iam_owner role_owner(json_t *role)
{
    return (struct iam_owner){ role, "RoleName", "role", ROLE_POLICIES_CHARS_MAX };
}

void sandbox_iam_get_role_policy(struct call *call)
{
    struct iam_owner owner = role_owner(iam_find_role(call));
    if (owner.thing != NULL)
        iam_get_inline(call, &owner);
}

bool iam_role_is_ours(struct call *call, const json_t *role)
{
    if (strncmp(world_text(role, "path"), "/aws-service-role/", 18) != 0)
        return true;
    return call_refuse(call, 400, "UnmodifiableEntity",
        "Cannot perform the operation on the protected role '%s' - this role is only modifiable "
        "by AWS",
        world_text(role, "roleName"));
}

void sandbox_iam_put_role_policy(struct call *call)
{
    struct iam_owner owner = role_owner(iam_find_role(call));
    if (owner.thing != NULL && iam_role_is_ours(call, owner.thing))
        iam_put_inline(call, &owner);
}

void sandbox_iam_delete_role_policy(struct call *call)
{
    struct iam_owner owner = role_owner(iam_find_role(call));
    if (owner.thing != NULL && iam_role_is_ours(call, owner.thing))
        iam_delete_inline(call, &owner);
}
