/* canonical.h - is an alert written in the language's own names? */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* What an alert is as one in canonical names. It is one when `stranger` is empty. */
struct canonical {
    str source;          /* what "source" says, in the JSON or the arena; or empty */
    str stranger;        /* the first member that is no canonical name, as far as it is kept */
    uint32_t unfit_tags; /* tags of the resource that are no text: none of them has a value */
};

/* Read the JSON object for canonical field names, nested or dotted, with scalars or lists of
 * scalars under them; `resource.tags` has names of its own, or is a list of {"key", "value"}.
 * `json` passed projection_read. ERR_MEMORY. */
MUST_CHECK enum err canonical_read(str json, struct arena *arena, struct canonical *ret_canonical);
