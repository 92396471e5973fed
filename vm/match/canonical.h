/* canonical.h - is an alert written in the language's own names? */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

/* What "source" says when the JSON object has nothing but canonical field names for
 * members, nested or dotted, with scalars or lists of scalars under them; else the empty str.
 * The result lives in the JSON or the arena. `json` passed projection_read. ERR_MEMORY. */
MUST_CHECK enum err canonical_source(str json, struct arena *arena, str *ret_source);
