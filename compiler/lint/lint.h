/* lint.h - what is allowed in rules and probably not meant.
 *
 * Each finding has high precision: what a rule may well mean is none. A finding is
 * silenced where it stands, by a comment with a reason on its line or the line before, and in
 * a whole item by one before or behind it; what the compiler found and is no error too:
 *
 *     # cdr-ignore CDR0301: the analysts read it this way
 */
#pragma once

#include "compile.h"

struct lint_settings {
    bool off[DIAG_COUNT]; /* findings that nobody wants to hear of */
    int64_t now_ms; /* what dates are measured by, UTC; 0: not known, and nothing is said of them */
};

/* Look into every file that is not shipped, after compile_program made a program (without
 * one, nothing is done). Findings go to the compilation's diags, which are sorted
 * afterwards. `settings` may be NULL. ERR_MEMORY. */
MUST_CHECK enum err lint_program(
    struct compilation *compilation, const struct lint_settings *settings);

/* Whether `id` is one of the findings of lint. */
bool lint_has(enum diag_id id);
