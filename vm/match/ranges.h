/* ranges.h - from a value to the predicates of all ranges that it lies in.
 *
 * The ends of all ranges cut the order into pieces: each end, and what lies between two. A value is
 * in one piece, found by binary search. A tree over the pieces has each range at the few nodes that
 * make it up (a segment tree; J. L. Bentley, 1977), so that the way from the piece to the root
 * passes each range that holds, and no other.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/truths.h"
#include "value.h"

/* How values are ordered, as operate.h does. */
enum ranges_order {
    RANGES_NUMBERS,
    RANGES_FOLDED, /* texts, by folded code points */
    RANGES_CASED,  /* texts, by bytes */
    RANGES_TIMES,
    RANGES_DURATIONS,
    RANGES_SEVERITIES,
    RANGES_VERDICTS,
    RANGES_ORDERS,
};

/* From low to high, or without an end where one is absent. Ends are of the order's kind. */
struct range {
    value low, high;
    bool has_low, has_high; /* the end itself is in it */
    uint32_t predicate;
};

struct ranges;

/* In `arena`; NULL when there are none. Rows get numbers from *io_rows on. ERR_MEMORY. */
MUST_CHECK enum err ranges_new(struct arena *arena, enum ranges_order order,
    const struct range *items, uint32_t count, uint32_t *io_rows, const struct ranges **ret_ranges);

/* Mark the ranges that `v`, of the order's kind, lies in. */
void ranges_mark(const struct ranges *ranges, value v, struct truths *truths);

/* The order of values of that kind; RANGES_ORDERS when they have none. */
enum ranges_order ranges_order_of(value v, bool is_cased);
