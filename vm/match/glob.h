/* glob.h - `like`: a glob that covers the whole text.
 *
 * `*` is any run of code points, `?` is one; `\*`, `\?` and `\\` are the characters
 * themselves, a backslash before anything else is a backslash.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* Case is folded unless `is_cased`. No recursion; the steps taken are added to *steps and
 * are at most the product of the lengths, reached by hostile texts alone. When *steps
 * passes `steps_max` the answer is false and means nothing. */
bool glob_matches(str pattern, str text, bool is_cased, uint64_t steps_max, uint64_t *steps);
