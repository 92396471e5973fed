/* odata.h - the $filter of OData 4.01 that Microsoft's APIs take, read strictly.
 *
 *   comparison   FIELD eq|ne|gt|ge|lt|le 'text' | 2025-04-01T00:00:00Z | 3 | true | null
 *   membership   FIELD in ('a','b')
 *   functions    startswith(FIELD,'text'), contains(FIELD,'text'), FIELD/any(x: x eq 'text')
 *   between      and, or, not and parentheses, ODATA_DEPTH_MAX deep
 *
 * A field that may not be filtered by, a literal of another type and whatever else does not fit is
 * refused with a sentence, whether or not there is anything to filter.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

#include <jansson.h>

enum { ODATA_DEPTH_MAX = 16, ODATA_FILTER_BYTES_MAX = 16 * 1024 };

/* Whether `thing` fits `filter`. `fields`: the names that may be filtered by, by spaces. A sentence in
 * `arena` in *reterr_reason and false when the filter is none; an empty object shows that too. */
bool odata_fits(const json_t *thing, str filter, const char *fields, struct arena *arena,
    const char **reterr_reason);

/* Compare two moments of RFC 3339 in UTC, whatever their digits of fraction: below, at or above 0. */
int odata_compare_times(str a, str b);
/* Whether `text` is one: 2025-04-01T00:00:00Z, with up to seven digits of fraction. */
bool odata_is_time(str text);
