/* admin_token.h - DIR/admin.token: who has it may do over HTTP what the daemon's user may. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/secret.h"

/* Read it, or make it (32 random bytes, mode 0600, durable) where there is none. ERR_IO with a
 * sentence in `arena`: it cannot be read or made, others can read it, or it is too short. ERR_MEMORY. */
MUST_CHECK enum err admin_token_open(const char *directory, struct arena *arena,
    struct secret *ret_token, const char **reterr_reason);
/* The same without making one. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err admin_token_read(const char *directory, struct arena *arena,
    struct secret *ret_token, const char **reterr_reason);
/* Whether `header`, the value of Authorization, is "Bearer" and the token; in a time that tells
 * nothing of the token but its length. */
bool admin_token_is(const struct secret *token, str header);
