/* operate.h - the tests of the language on values: language.md section 4.
 *
 * Every test takes lists apart (any element; FLAG_ALL: every one, and there is one),
 * treats null as absent, and is false on absent. Text folds case (Unicode simple
 * folding) unless FLAG_CASED.
 */
#pragma once

#include "base/attr.h"
#include "bytecode.h"

/* Test `opcode` (OP_EQUAL to OP_LIKE, but OP_BETWEEN) between left and right with
 * `flags` of enum instruction_flag. ERR_MEMORY. */
MUST_CHECK enum err operate(enum opcode opcode, uint8_t flags, value left, value right,
    struct arena *arena, bool *ret_holds);

/* `low <= left <= high`; `is_not`: left is there and no element lies between. */
bool operate_between(bool is_not, uint8_t flags, value left, value low, value high);
