/* Who is calling, and sessions of roles. Policies of a session are taken and not judged, as allows
 * are nowhere. */
#include "arn.h"
#include "base/time.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

#include <inttypes.h>

enum {
    ROLE_ARN_MIN = 20,
    ROLE_ARN_MAX = 2048,
    SESSION_NAME_MIN = 2,
    SESSION_NAME_MAX = 64,
    EXTERNAL_ID_MIN = 2,
    EXTERNAL_ID_MAX = 1224,
    SESSION_S_MIN = 900,
    SESSION_S_MAX = 43200,
    ROLE_SESSION_S_MAX = 3600, /* MaxSessionDuration of each role; AWS's own bound on a chain too */
};

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void sandbox_sts_get_caller_identity(struct call *call)
{
    markup_text(&call->body, "Arn", world_text(call->credential, "arn"));
    markup_text(&call->body, "UserId", world_text(call->credential, "userId"));
    markup_text(&call->body, "Account", call_account_id(call));
}

/* ---- whom a role trusts ---- */

/* Whether a text, or a list, has `text` in it. */
static bool names(const json_t *value, const char *text)
{
    if (json_is_string(value))
        return strcmp(json_string_value(value), text) == 0;
    for (size_t at = 0; at < json_array_size(value); at++) {
        const char *one = json_string_value(json_array_get(value, at));
        if (one != NULL && strcmp(one, text) == 0)
            return true;
    }
    return false;
}

/* The caller's account in both spellings, or the caller: a session is trusted as itself or as its
 * role. */
static bool trusts_caller(struct call *call, const json_t *principals)
{
    const char *own = call_account_id(call);
    const char *root = arena_format(call->arena, "arn:aws:iam::%s:root", own);
    const json_t *role =
        world_find(call->account, "roles", "roleName", world_text(call->credential, "roleName"));
    if (root == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    return names(principals, "*") || names(principals, own) || names(principals, root)
           || names(principals, world_text(call->credential, "arn"))
           || (role != NULL && names(principals, world_text(role, "arn")));
}

/* None, or the external id and nothing else: what the sandbox cannot judge lets nobody in. */
static bool meets(struct call *call, const json_t *condition)
{
    const json_t *equals = json_object_get(condition, "StringEquals");
    const char *given = call_text(call, "ExternalId");
    if (condition == NULL)
        return true;
    return json_object_size(condition) == 1 && json_object_size(equals) == 1 && given != NULL
           && names(json_object_get(equals, "sts:ExternalId"), given);
}

static bool statement_trusts(struct call *call, const json_t *statement)
{
    const json_t *principal = json_object_get(statement, "Principal");
    return strcmp(world_text(statement, "Effect"), "Allow") == 0
           && names(json_object_get(statement, "Action"), "sts:AssumeRole")
           && trusts_caller(
               call, json_is_string(principal) ? principal : json_object_get(principal, "AWS"))
           && meets(call, json_object_get(statement, "Condition"));
}

static bool role_trusts(struct call *call, const json_t *role)
{
    json_auto_t *policy = json_loads(world_text(role, "assumeRolePolicyDocument"), 0, NULL);
    const json_t *statements = json_object_get(policy, "Statement");
    bool is_trusted = statement_trusts(call, statements);
    for (size_t at = 0; at < json_array_size(statements) && !is_trusted; at++)
        is_trusted = statement_trusts(call, json_array_get(statements, at));
    return is_trusted;
}

/* ---- AssumeRole ---- */

static bool text_is_good(
    struct call *call, const char *parameter, size_t least, size_t most, const char *characters)
{
    const char *text = call_text(call, parameter);
    if (text == NULL)
        return true;
    size_t len = strlen(text);
    if (len >= least && len <= most && strspn(text, characters) == len)
        return true;
    return call_refuse(call, 400, "ValidationError",
        "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: it has %zu "
        "to %zu characters of %s",
        text, parameter, least, most, characters + strlen(ALPHANUMERIC));
}

static bool parameters_are_good(struct call *call, long long *ret_seconds)
{
    *ret_seconds = ROLE_SESSION_S_MAX;
    size_t arn_len = strlen(call_text(call, "RoleArn"));
    struct arn arn;
    if (arn_len < ROLE_ARN_MIN || arn_len > ROLE_ARN_MAX
        || !arn_read(str_from(call_text(call, "RoleArn")), &arn))
        return call_refuse(
            call, 400, "ValidationError", "%s is invalid", call_text(call, "RoleArn"));
    if (!text_is_good(
            call, "RoleSessionName", SESSION_NAME_MIN, SESSION_NAME_MAX, ALPHANUMERIC "_+=,.@-")
        || !text_is_good(
            call, "ExternalId", EXTERNAL_ID_MIN, EXTERNAL_ID_MAX, ALPHANUMERIC "_+=,.@:/-")
        || !text_is_good(
            call, "SourceIdentity", SESSION_NAME_MIN, SESSION_NAME_MAX, ALPHANUMERIC "_+=,.@-")
        || !call_number(call, "DurationSeconds", SESSION_S_MIN, SESSION_S_MAX, ret_seconds))
        return false;
    return *ret_seconds <= ROLE_SESSION_S_MAX
           || call_refuse(call, 400, "ValidationError",
               "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
}

/* The role and its account; NULL for one that is not there, as for one that does not trust. */
static const json_t *find_role(struct call *call, const json_t **ret_account)
{
    struct arn arn;
    if (!arn_read(str_from(call_text(call, "RoleArn")), &arn))
        return NULL;
    const char *id = arena_copy(call->arena, arn.account).ptr;
    *ret_account = id == NULL ? NULL : world_account(call->world, id);
    return world_find(*ret_account, "roles", "arn", call_text(call, "RoleArn"));
}

/* A new session in the world, borrowed; NULL: no memory. */
static const json_t *make_session(
    struct call *call, const json_t *account, const json_t *role, long long seconds)
{
    char expires[TIME_TEXT_MAX];
    unsigned long long number = call->world->session_count + 1;
    const char *id = world_text(account, "account");
    const char *name = world_text(role, "roleName");
    const char *session = call_text(call, "RoleSessionName");
    const char *now = call_now(call);
    (void)time_format((call->now_ms / 1000 + seconds) * 1000, expires);
    if (now == NULL)
        return NULL;
    json_t *made = json_pack("{s:o,s:o,s:o,s:s,s:s,s:s,s:s,s:o,s:o}", "accessKeyId",
        json_sprintf("ASIASANDBOX%09llX", number), "secretAccessKey",
        json_sprintf("sandbox-secret-of-session-%llu", number), "sessionToken",
        json_sprintf("sandbox-session-%llu", number), "roleName", name, "issuedAt", now,
        "expiresAt", expires, "account", id, "arn",
        json_sprintf("arn:aws:sts::%s:assumed-role/%s/%s", id, name, session), "userId",
        json_sprintf("%s:%s", world_text(role, "roleId"), session));
    if (made == NULL || !world_add_session(call->world, made))
        return NULL;
    return json_array_get(call->world->sessions, json_array_size(call->world->sessions) - 1);
}

static void write_session(struct call *call, const json_t *session)
{
    struct buf *out = &call->body;
    markup_open(out, "Credentials");
    markup_text(out, "AccessKeyId", world_text(session, "accessKeyId"));
    markup_text(out, "SecretAccessKey", world_text(session, "secretAccessKey"));
    markup_text(out, "SessionToken", world_text(session, "sessionToken"));
    markup_text(out, "Expiration", world_text(session, "expiresAt"));
    markup_close(out, "Credentials");
    markup_open(out, "AssumedRoleUser");
    markup_text(out, "AssumedRoleId", world_text(session, "userId"));
    markup_text(out, "Arn", world_text(session, "arn"));
    markup_close(out, "AssumedRoleUser");
    markup_text(out, "SourceIdentity", call_text(call, "SourceIdentity"));
}

void sandbox_sts_assume_role(struct call *call)
{
    long long seconds;
    const json_t *account = NULL;
    if (!parameters_are_good(call, &seconds))
        return;
    const json_t *role = find_role(call, &account);
    if (role == NULL || !role_trusts(call, role)) {
        call_refuse(call, 403, "AccessDenied",
            "User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
            world_text(call->credential, "arn"), call_text(call, "RoleArn"));
        return;
    }
    if (!call_may_proceed(call))
        return;
    const json_t *session = make_session(call, account, role, seconds);
    if (session == NULL)
        call->err = ERR_MEMORY;
    else
        write_session(call, session);
}
