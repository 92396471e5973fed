/* range.h - the whole numbers for which a comparison holds: `severity >= high`,
 * `hour(time) in 7..20`. Severities and verdicts count by their order, times in milliseconds.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

struct range {
    int64_t low; /* both ends are in it; empty when low > high */
    int64_t high;
};

/* The values of the left side for which the test holds; false for what is no comparison with
 * a written whole number, severity, verdict or time. Types were checked. */
bool range_of_test(struct arena *arena, const struct expr *test, struct range *ret_range);
/* What a call of hour, minute, day, weekday or month can give; false for anything else. */
bool range_of_call(const struct expr *expr, struct range *ret_range);
struct range range_both(struct range a, struct range b);
bool range_is_empty(struct range range);
/* Whether each value of `inner` is one of `outer`. */
bool range_has(struct range outer, struct range inner);
