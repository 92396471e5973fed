/* percent.h - percent-encoding, RFC 3986 section 2, as AWS signs and reads it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Append `text`; every byte but letters, digits, `-._~` and those in `keep` becomes
 * %XX in capitals. A space is %20, never a plus. Failures stick to `buf`. */
void percent_encode(struct buf *buf, str text, const char *keep);

/* Undo it into `arena`. With `plus_is_space` a plus is a space, as in form bodies.
 * A `%` without two hexadecimal digits stays as it is. ERR_MEMORY. */
MUST_CHECK enum err percent_decode(
    struct arena *arena, str text, bool plus_is_space, str *ret_text);
