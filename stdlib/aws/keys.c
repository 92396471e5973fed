#include "aws/keys.h"

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
