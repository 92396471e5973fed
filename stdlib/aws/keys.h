/* keys.h - what a request is signed with: an access key, its secret, a session token. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdint.h>

enum {
    AWS_KEY_ID_BYTES_MAX = 128,
    AWS_SECRET_BYTES_MAX = 256,
    AWS_TOKEN_BYTES_MAX = 16 * 1024,
};

struct aws_keys {
    char access_key_id[AWS_KEY_ID_BYTES_MAX + 1]; /* "" when there are none */
    struct secret secret_access_key;
    struct secret session_token; /* empty: none */
    int64_t expires_at_s;        /* since 1970; 0: it is not known that they do */
};

/* Keep copies of the three in place of what was held; `token` may be empty. ERR_INVALID: one of
 * them is empty, too long or has what no key has, such as a space; *reterr_fault is a static
 * sentence without its value ("the session token has .."). ERR_MEMORY. */
MUST_CHECK enum err aws_keys_set(
    struct aws_keys *keys, str id, str secret, str token, const char **reterr_fault);

/* Read them out of the JSON that helpers and metadata services hand out: AccessKeyId,
 * SecretAccessKey, `token_name`, Expiration (RFC 3339; may be missing unless `must_expire`), and
 * with `version` not 0 a Version of that number. ERR_INVALID: *reterr_fault is a sentence without
 * values, in `arena` or static. ERR_MEMORY. */
MUST_CHECK enum err aws_keys_read(struct aws_keys *keys, str json, const char *token_name,
    bool must_expire, int version, struct arena *arena, const char **reterr_fault);

/* Wipe and free. Safe on a zeroed object. */
void aws_keys_release(struct aws_keys *keys);
