#include "aws/keys.h"

#include "base/time.h"

#include <jansson.h>

enum { MS_PER_S = 1000, WORDS_BYTES_MAX = 120 };

/* Whether all of it can stand in a header: no space, nothing unprintable. */
static bool is_graphic(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] <= ' ' || text.ptr[at] > '~')
            return false;
    return true;
}

static const char *fault_of(str id, str secret, str token)
{
    if (id.len == 0 || id.len > AWS_KEY_ID_BYTES_MAX || !is_graphic(id)
        || str_find(id, '/') != id.len)
        return "the access key id is not one: it is empty, has a space, a slash or a character "
               "that no key has, or is too long";
    if (secret.len == 0 || secret.len > AWS_SECRET_BYTES_MAX || !is_graphic(secret))
        return "the secret access key is empty, has a space or a character that no key has, or "
               "is too long";
    if (token.len > AWS_TOKEN_BYTES_MAX || !is_graphic(token))
        return "the session token has a space or a character that no token has, or is too long";
    return NULL;
}

enum err aws_keys_set(
    struct aws_keys *keys, str id, str secret, str token, const char **reterr_fault)
{
    const char *fault = fault_of(id, secret, token);
    if (fault != NULL) {
        *reterr_fault = fault;
        return ERR_INVALID;
    }
    memcpy(keys->access_key_id, id.ptr, id.len);
    keys->access_key_id[id.len] = '\0';
    TRY(secret_set(&keys->secret_access_key, secret));
    return secret_set(&keys->session_token, token);
}

void aws_keys_release(struct aws_keys *keys)
{
    secret_release(&keys->secret_access_key);
    secret_release(&keys->session_token);
    keys->access_key_id[0] = '\0';
    keys->expires_at_s = 0;
}

/* --- as JSON --- */

static str member(const json_t *object, const char *name)
{
    const json_t *found = json_object_get(object, name);
    return (
        str){ json_is_string(found) ? json_string_value(found) : "", json_string_length(found) };
}

/* Overwrite the texts of `object` before they are freed. */
static void wipe(json_t *object)
{
    const char *name;
    json_t *found;
    json_object_foreach(object, name, found)
    {
        if (json_is_string(found))
            explicit_bzero((void *)(uintptr_t)json_string_value(found), json_string_length(found));
    }
}

/* What the services say when they have none: {"Code": "..", "Message": ".."}. */
static enum err nothing_in(const json_t *object, struct arena *arena, const char **reterr_fault)
{
    str code = member(object, "Code"), message = member(object, "Message");
    *reterr_fault = "there is no AccessKeyId, SecretAccessKey or Expiration in it";
    if (code.len > 0 && !str_is(code, "Success"))
        *reterr_fault =
            arena_format(arena, "it says %.*s: %.*s", STR_ARG(str_first(code, WORDS_BYTES_MAX)),
                STR_ARG(str_first(message, WORDS_BYTES_MAX)));
    return *reterr_fault == NULL ? ERR_MEMORY : ERR_INVALID;
}

static enum err object_read(struct aws_keys *keys, const json_t *object, const char *token_name,
    bool must_expire, struct arena *arena, const char **reterr_fault)
{
    str id = member(object, "AccessKeyId"), expiration = member(object, "Expiration");
    int64_t expires_ms = 0;
    if (id.len == 0 || (must_expire && expiration.len == 0))
        return nothing_in(object, arena, reterr_fault);
    if (expiration.len > 0 && !time_parse(expiration, &expires_ms)) {
        *reterr_fault = "its Expiration is no time like 2026-01-31T12:00:00Z";
        return ERR_INVALID;
    }
    TRY(aws_keys_set(
        keys, id, member(object, "SecretAccessKey"), member(object, token_name), reterr_fault));
    keys->expires_at_s = expires_ms / MS_PER_S;
    return ERR_OK;
}

enum err aws_keys_read(struct aws_keys *keys, str json, const char *token_name, bool must_expire,
    int version, struct arena *arena, const char **reterr_fault)
{
    json_t *object = json_loadb(json.ptr, json.len, 0, NULL);
    enum err err = ERR_INVALID;
    *reterr_fault = "it is no JSON object";
    if (json_is_object(object)
        && (version == 0 || json_integer_value(json_object_get(object, "Version")) == version))
        err = object_read(keys, object, token_name, must_expire, arena, reterr_fault);
    else if (json_is_object(object))
        *reterr_fault = "its Version is not 1";
    if (json_is_object(object))
        wipe(object);
    json_decref(object);
    return err;
}
