/* secret.h - bytes that nobody prints.
 *
 * A secret has no printer, lives in memory of its own and is wiped when it is
 * released. Only code in stdlib/auth/ looks inside.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

struct secret {
    char *bytes; /* owned; NULL when there is none */
    size_t len;
};

/* Keep a copy of `bytes` in place of what was held. ERR_MEMORY: nothing is held. */
MUST_CHECK enum err secret_set(struct secret *secret, str bytes);

/* The bytes, borrowed until the secret is set or released; empty when there are none. */
static inline str secret_bytes(const struct secret *secret)
{
    return (str){ secret->bytes == NULL ? "" : secret->bytes, secret->len };
}

/* Wipe and free. Safe on a zeroed secret. */
void secret_release(struct secret *secret);
