/* oauth.h - tokens by client credentials (RFC 6749, 4.4), asked for and read.
 *
 * A client shows its secret, or signs who it is with the key of a certificate that the vendor has
 * (RFC 7523): PS256 over a JWT with x5t#S256, as Microsoft documents "certificate credentials".
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

enum { OAUTH_TOKEN_BYTES_MAX = 16 * 1024, OAUTH_LIFE_S_MAX = 24 * 3600 };

struct oauth_client {
    str client_id;
    struct secret client_secret; /* or */
    struct secret certificate;   /* PEM: private key and certificate, in any order */
    str member_cid;              /* of CrowdStrike, a child tenant; or empty */
};

/* What a token is asked with: a form, in `arena`, which is to be wiped. `scope` empty: none, and no
 * grant_type either, as CrowdStrike has it. An assertion is for `token_url` and from `now_s` on.
 * ERR_CREDENTIALS: the certificate cannot be used, *reterr_reason is a static sentence; ERR_MEMORY. */
MUST_CHECK enum err oauth_form(const struct oauth_client *client, str scope, str token_url,
    int64_t now_s, struct arena *arena, str *ret_form, const char **reterr_reason);

struct oauth_token {
    struct secret bearer;
    int64_t life_s; /* as it was given out */
};

/* Read a reply of success, {"access_token","expires_in"}. ERR_INVALID: it is none; ERR_MEMORY. */
MUST_CHECK enum err oauth_token_read(str body, struct oauth_token *ret_token);
/* What a refusal says: "invalid_client: AADSTS7000222 ..", cut, in `arena`; it never holds a secret of
 * `client`. "" where it says nothing; NULL: the arena is full. */
const char *oauth_refusal(const struct oauth_client *client, str body, struct arena *arena);
/* Wipe; safe on a zeroed one. */
void oauth_client_release(struct oauth_client *client);
