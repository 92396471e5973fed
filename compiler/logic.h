/* logic.h - conditions as and/or over leaves, whatever way they are written.
 *
 * `not` is pushed down on the way: a part is an expression and whether it is wanted true
 * or false. `not (a or b)` is then an and of two parts wanted false. The parts of a long
 * chain come in one array, so that no pass recurses along it.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

struct part {
    const struct expr *expr; /* no EXPR_NOT */
    bool wanted;
    span not_at; /* the innermost `not` above; its end is 0 without one */
};

enum part_kind { PART_LEAF, PART_AND, PART_OR };

/* The part that `expr` is, wanted as `wanted`. */
struct part part_of(const struct expr *expr, bool wanted);
enum part_kind part_kind(struct part part);
/* The parts of an and or an or one after the other, from the last to the first: start
 * with parts_of, go on until parts_next is false. Allocates nothing. */
struct parts {
    const struct expr *rest; /* NULL at the end */
    struct part whole;
};

/* The parts that `part` joins by `and` or by `or`; parts_next gives one after the other,
 * false after the last. No recursion on a long chain. */
struct parts parts_of(struct part part);
bool parts_next(struct parts *parts, struct part *ret_part);
/* All of them in an array of the arena. ERR_MEMORY. */
MUST_CHECK enum err parts_all(
    struct arena *arena, struct part part, struct part **ret_parts, uint32_t *ret_count);
