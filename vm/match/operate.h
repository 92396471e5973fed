/* operate.h - the tests of the language on values: language.md section 4.
 *
 * Every test takes lists apart (any element; FLAG_ALL: every one, and there is one),
 * treats null as absent, and is false on absent. Text folds case (Unicode simple
 * folding) unless FLAG_CASED.
 */
#pragma once

#include "base/attr.h"
#include "bytecode.h"

/* What a test may use while it runs. */
struct operation {
    enum opcode opcode;
    uint8_t flags;                 /* enum instruction_flag */
    const struct program *program; /* for its regexes; may be NULL without OP_MATCHES */
    struct arena *arena;
    uint32_t *budget; /* counts down by one for each pair of elements and every 64 bytes of text */
};

/* Test the operation's opcode (OP_EQUAL to OP_MATCHES, but the two BETWEEN) between
 * left and right. ERR_BUDGET, ERR_UNDECIDED (a regex at its limit), ERR_MEMORY. */
MUST_CHECK enum err operate(
    const struct operation *operation, value left, value right, bool *ret_holds);

/* OP_BETWEEN and OP_NOT_BETWEEN: `low <= left <= high`; not: left is there and no element
 * lies between. ERR_BUDGET. */
MUST_CHECK enum err operate_between(
    const struct operation *operation, value left, value low, value high, bool *ret_holds);

/* OP_IS_NULL: there as null; of a list any element (FLAG_ALL: every one). */
bool operate_is_null(uint8_t flags, value v);
