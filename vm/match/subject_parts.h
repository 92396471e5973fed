/* subject_parts.h - what a subject_index is made of: for subject_index.c, which asks it, and
 * subject_build.c, which makes it, alone.
 */
#pragma once

#include "match/literals.h"
#include "match/networks.h"
#include "match/points.h"
#include "match/ranges.h"
#include "match/subject_index.h"

struct predicate_list {
    const uint32_t *items;
    uint32_t count;
    uint32_t row;
};

/* The tests with one reading of values: that of canonical fields, or the loose one of raw paths.
 * Each table is NULL when no test needs it. */
struct subject_part {
    bool is_loose;
    const struct points *folded, *cased; /* texts */
    const struct points *scalars;
    const struct points *spelled;   /* numbers and truth values that text constants spell: what is
                                   * asked for values that are no text */
    bool has_numbers, has_booleans; /* in scalars (numbers: or in ranges) */
    const struct networks *networks;
    const struct ranges *ranges[RANGES_ORDERS];
    const struct subject_test *unusual; /* with addresses; `right` is a copy that stays */
    uint32_t unusual_count;
};

struct subject_index {
    const struct program *program;
    struct subject_part exact, loose;
    bool has_exact, has_loose;
    const struct literals *literals;
    struct predicate_list there; /* EXISTS */
    struct predicate_list nulls; /* IS_NULL */
};

/* Whether the text spells true or false, in any case. */
bool bool_spelled(str text, bool *ret_boolean);
