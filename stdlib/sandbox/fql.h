/* fql.h - the filters of the Falcon API, as far as the sandbox reads them.
 *
 *   field:'value'   field:!'value'   field:>='2025-05-01T00:00:00Z'   field:['a','b']   field:true
 *
 * joined by + (and) and , (or, which binds less); a field is a path of members by dots, of lists any
 * element counts. Texts are equal whatever their case; \ takes the meaning from the byte after it, and
 * a * without one stands for anything. Times are compared to the nanosecond however many digits they
 * have. Parentheses are not known.
 */
#pragma once

#include "base/arena.h"

#include <jansson.h>

/* NULL, or a sentence in `arena` about why `filter` is none. Empty filters are. */
const char *fql_fault(const char *filter, struct arena *arena);
/* Whether `thing` passes a filter without fault. */
bool fql_holds(const char *filter, const json_t *thing);
/* The order of two texts that may be times: below 0, 0 or above. */
int fql_compare(const char *a, const char *b);
/* The value at a path of members by dots, borrowed; NULL: none. Not through lists. */
const json_t *fql_value(const json_t *thing, str path);
