/* fold.h - text compared without regard to case.
 *
 * Unicode simple case folding, code point by code point; the same in every locale.
 * What is not UTF-8 compares as U+FFFD. Nothing here allocates but fold_contains.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* The folded form of one code point. */
uint32_t fold_point(uint32_t point);

/* As str_equal, str_startswith and str_endswith, case folded. */
bool fold_equal(str a, str b);
bool fold_startswith(str text, str prefix);
bool fold_endswith(str text, str suffix);

/* Less than, equal to or greater than 0, by folded code points. */
int fold_compare(str a, str b);

/* The same for every spelling of a text that fold_equal calls equal. */
uint64_t fold_hash(str text);

/* Whether folded `part` is somewhere in folded `text`. Linear in both, whatever they
 * hold: a search that turns out slow goes on over folded copies. ERR_MEMORY. */
MUST_CHECK enum err fold_contains(str text, str part, bool *ret_contains);

/* The text folded, in the arena. ptr is NULL when the arena is full. */
str fold_copy(struct arena *arena, str text);
