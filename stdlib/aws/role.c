#include "aws/role.h"

#include "arn.h"
#include "aws/query.h"
#include "talk/xml.h"
#include "base/limits.h"
#include "base/time.h"

#include <stdio.h>

enum {
    SESSION_NAME_BYTES_MAX = 64,
    EXTERNAL_ID_BYTES_MAX = 1224,
    DURATION_S_MIN = 900,
    DURATION_S_MAX = 43200,
    DURATION_S = 3600,
    MESSAGE_BYTES_MAX = 400,
    MS_PER_S = 1000,
};

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

const char *aws_role_fault(const struct aws_role *role)
{
    struct arn arn;
    if (!arn_read(role->arn, &arn) || !str_is(arn.service, "iam") || arn.account.len != 12
        || !str_all_of(arn.account, "0123456789") || !str_startswith(arn.resource, STR("role/")))
        return "is no ARN of a role, like arn:aws:iam::111122223333:role/NAME";
    if (role->session_name.len == 1 || role->session_name.len > SESSION_NAME_BYTES_MAX
        || !str_all_of(role->session_name, WORD "+=,.@-"))
        return "cannot be assumed under that session name: it has 2 to 64 letters, digits and "
               "_+=,.@-";
    if (role->external_id.len == 1 || role->external_id.len > EXTERNAL_ID_BYTES_MAX
        || !str_all_of(role->external_id, WORD "+=,.@:/-"))
        return "cannot be assumed with that external id: it has 2 to 1224 letters, digits and "
               "_+=,.@:/-";
    if (role->duration_s != 0
        && (role->duration_s < DURATION_S_MIN || role->duration_s > DURATION_S_MAX))
        return "cannot be assumed for so long: duration_seconds is from 900 to 43200";
    return NULL;
}

static void role_add(struct buf *body, const struct aws_role *role)
{
    query_add(body, "RoleArn", role->arn);
    query_add(
        body, "RoleSessionName", role->session_name.len > 0 ? role->session_name : STR("cdr"));
    char seconds[16];
    snprintf(seconds, sizeof(seconds), "%u", role->duration_s == 0 ? DURATION_S : role->duration_s);
    query_add(body, "DurationSeconds", str_from(seconds));
}

enum err aws_role_form(const struct aws_role *role, struct arena *arena, str *ret_body)
{
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    query_begin(&body, "sts", "AssumeRole");
    role_add(&body, role);
    if (role->external_id.len > 0)
        query_add(&body, "ExternalId", role->external_id);
    return query_end(&body, arena, ret_body);
}

enum err aws_role_web_form(
    const struct aws_role *role, str token, struct arena *arena, str *ret_body)
{
    struct buf body = BUF_INIT(REQUEST_BYTES_MAX);
    query_begin(&body, "sts", "AssumeRoleWithWebIdentity");
    role_add(&body, role);
    query_add(&body, "WebIdentityToken", token);
    return query_end(&body, arena, ret_body);
}

/* --- the answer --- */

static enum err declined(const struct aws_role *role, struct arena *arena, const char *words,
    str more, const char **reterr_reason)
{
    *reterr_reason = arena_format(arena, "%.*s cannot be assumed: %s%.*s", STR_ARG(role->arn),
        words, STR_ARG(str_first(more, MESSAGE_BYTES_MAX)));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* The result's element: its name says which of the two was asked. */
static const struct xml *result_of(const struct xml *root)
{
    const struct xml *result = xml_find(root, "AssumeRoleResult");
    return result != NULL ? result : xml_find(root, "AssumeRoleWithWebIdentityResult");
}

/* All sessions of a role are the role. */
static str without_session(str arn)
{
    size_t end =
        memmem(arn.ptr, arn.len, ":assumed-role/", 14) == NULL ? arn.len : str_find_last(arn, '/');
    return str_first(arn, end);
}

enum err aws_role_answer(const struct aws_role *role, int status, str body, struct arena *arena,
    struct aws_keys *keys, str *ret_identity, const char **reterr_reason)
{
    const struct xml *root = NULL;
    str code, message;
    enum err err = xml_parse(arena, body, &root);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK && xml_error(root, &code, &message)) {
        const char *said = arena_format(arena, "AWS says %.*s: ", STR_ARG(str_first(code, 64)));
        return said == NULL ? ERR_MEMORY : declined(role, arena, said, message, reterr_reason);
    }
    const struct xml *result = err == ERR_OK && status == 200 ? result_of(root) : NULL;
    str identity = xml_text(result, "AssumedRoleUser/Arn");
    int64_t expires_ms = 0;
    if (identity.len == 0 || !time_parse(xml_text(result, "Credentials/Expiration"), &expires_ms))
        return declined(
            role, arena, "the answer of STS has no credentials", STR(""), reterr_reason);
    const char *fault = NULL;
    err = aws_keys_set(keys, xml_text(result, "Credentials/AccessKeyId"),
        xml_text(result, "Credentials/SecretAccessKey"),
        xml_text(result, "Credentials/SessionToken"), &fault);
    if (err == ERR_INVALID)
        return declined(role, arena, "in the answer of STS ", str_from(fault), reterr_reason);
    TRY(err);
    keys->expires_at_s = expires_ms / MS_PER_S;
    *ret_identity = arena_copy(arena, without_session(identity));
    return ret_identity->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
