/* Users of IAM, their access keys and inline policies. */
#include "sandbox/iam.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

enum { USER_NAME_MAX = 64, USER_POLICIES_CHARS_MAX = 2048 };

static json_t *find_user(struct call *call)
{
    if (!iam_name_is_good(call, "UserName", USER_NAME_MAX))
        return NULL;
    const char *name = call_text(call, "UserName");
    json_t *user = world_find(call->account, "users", "userName", name);
    if (user == NULL)
        call_refuse(call, 404, "NoSuchEntity", "The user with name %s cannot be found.", name);
    return user;
}

static void write_user(struct call *call, const json_t *user)
{
    struct buf *out = &call->body;
    markup_text(out, "Path", world_text(user, "path"));
    markup_text(out, "UserName", world_text(user, "userName"));
    markup_text(out, "UserId", world_text(user, "userId"));
    markup_text(out, "Arn", world_text(user, "arn"));
    markup_text(out, "CreateDate", world_text(user, "createDate"));
}

void sandbox_iam_get_user(struct call *call)
{
    const json_t *user = find_user(call);
    if (user == NULL)
        return;
    markup_open(&call->body, "User");
    write_user(call, user);
    iam_write_tags(call, user);
    markup_close(&call->body, "User");
}

void sandbox_iam_list_users(struct call *call)
{
    struct iam_page page;
    size_t index;
    json_t *user;
    if (!iam_page_read(call, &page))
        return;
    markup_open(&call->body, "Users");
    json_array_foreach(json_object_get(call->account, "users"), index, user)
    {
        if (!iam_page_has(&page))
            continue;
        markup_open(&call->body, "member");
        write_user(call, user);
        markup_close(&call->body, "member");
    }
    markup_close(&call->body, "Users");
    iam_page_end(call, &page);
}

/* ---- access keys ---- */

void sandbox_iam_list_access_keys(struct call *call)
{
    struct iam_page page;
    size_t index;
    json_t *key;
    const json_t *user = find_user(call);
    if (user == NULL || !iam_page_read(call, &page))
        return;
    markup_open(&call->body, "AccessKeyMetadata");
    json_array_foreach(json_object_get(user, "accessKeys"), index, key)
    {
        if (!iam_page_has(&page))
            continue;
        markup_open(&call->body, "member");
        markup_text(&call->body, "UserName", world_text(user, "userName"));
        markup_text(&call->body, "AccessKeyId", world_text(key, "accessKeyId"));
        markup_text(&call->body, "Status", world_text(key, "status"));
        markup_text(&call->body, "CreateDate", world_text(key, "createDate"));
        markup_close(&call->body, "member");
    }
    markup_close(&call->body, "AccessKeyMetadata");
    iam_page_end(call, &page);
}

static bool refuse_key(struct call *call)
{
    return call_refuse(call, 404, "NoSuchEntity", "The Access Key with id %s cannot be found.",
        call_text(call, "AccessKeyId"));
}

void sandbox_iam_update_access_key(struct call *call)
{
    json_t *user = find_user(call);
    if (user == NULL)
        return;
    const char *status = call_text(call, "Status");
    json_t *key = world_find(user, "accessKeys", "accessKeyId", call_text(call, "AccessKeyId"));
    if (strcmp(status, "Active") != 0 && strcmp(status, "Inactive") != 0)
        call_refuse(call, 400, "ValidationError",
            "1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive]",
            status);
    else if (key == NULL)
        refuse_key(call);
    else if (strcmp(world_text(key, "status"), status) != 0)
        call_set(call, key, "status", json_string(status));
}

/* The key of a root user has no UserName. */
void sandbox_iam_get_access_key_last_used(struct call *call)
{
    const char *id = call_text(call, "AccessKeyId");
    size_t index;
    json_t *user;
    const char *name = NULL;
    json_array_foreach(json_object_get(call->account, "users"), index,
        user) if (world_find(user, "accessKeys", "accessKeyId", id) != NULL) name =
        world_text(user, "userName");
    const json_t *credential = world_find(call->account, "credentials", "accessKeyId", id);
    if (name == NULL && credential == NULL) {
        refuse_key(call);
        return;
    }
    if (name == NULL) {
        const char *slash = strrchr(world_text(credential, "arn"), '/');
        name = slash == NULL ? NULL : slash + 1;
    }
    markup_text(&call->body, "UserName", name);
    markup_open(&call->body, "AccessKeyLastUsed");
    markup_text(&call->body, "Region", "N/A");
    markup_text(&call->body, "ServiceName", "N/A");
    markup_close(&call->body, "AccessKeyLastUsed");
}

/* ---- inline policies ---- */

static struct iam_owner user_owner(struct call *call)
{
    return (struct iam_owner){ find_user(call), "UserName", "user", USER_POLICIES_CHARS_MAX };
}

void sandbox_iam_get_user_policy(struct call *call)
{
    struct iam_owner owner = user_owner(call);
    if (owner.thing != NULL)
        iam_get_inline(call, &owner);
}

void sandbox_iam_put_user_policy(struct call *call)
{
    struct iam_owner owner = user_owner(call);
    if (owner.thing != NULL)
        iam_put_inline(call, &owner);
}

void sandbox_iam_delete_user_policy(struct call *call)
{
    struct iam_owner owner = user_owner(call);
    if (owner.thing != NULL)
        iam_delete_inline(call, &owner);
}
