/* gunzip.h - bodies that came compressed, over zlib. */
#pragma once

#include "base/attr.h"
#include "base/buf.h"

#include <stdint.h>

enum {
    /* How many bytes one byte may stand for, past the first megabyte. Alerts that are much alike
     * reach a hundred; zlib itself ends at about a thousand, which is what a bomb is made of. */
    GUNZIP_RATIO_MAX = 250,
    GUNZIP_FREE_BYTES = 1024 * 1024,
};

/* Append what the gzip file holds, members one after the other. ERR_INVALID: it is none, or is cut
 * off or followed by something else; ERR_LIMIT: past the limit of `out`, or of the ratio; ERR_MEMORY.
 * After an error `out` may hold a part. */
MUST_CHECK enum err gunzip(str bytes, struct buf *out);
