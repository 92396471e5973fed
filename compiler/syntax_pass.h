/* syntax_pass.h - what the files that explain syntax errors share. For syntax*.c only. */
#pragma once

#include "parse.h"

/* The symbols that could stand at a place, by the grammar's names; `is_said` marks those that
 * a group of the message stands for. */
struct expectation {
    const char *const *words;
    size_t count;
    bool *is_said;
};

/* A syntax error before it is put in words. */
struct mistake {
    span at;
    const char *found; /* the symbol's name: "a name", "=" */
    const struct expectation *expected;
};

/* Whether the symbol of that name could stand there. */
bool expects(const struct expectation *expected, const char *word);

struct hint;
/* The row of syntax_hints.def for the mistake, or NULL. */
const struct hint *hint_find(struct parse *parse, const struct mistake *mistake);
/* Whether the row is for any word there, so that a mistyped keyword is more likely. */
bool hint_is_general(const struct hint *hint);
enum diag_id hint_id(const struct hint *hint);
/* Add its way out, and the repair where there is one. */
void hint_help(
    struct parse *parse, struct diag *diag, const struct hint *hint, const struct mistake *mistake);

/* A repair: `;` at the end of what stands before `step` on its line. */
void set_semicolon_fix(struct parse *parse, struct diag *diag, span step);

/* Report a duration in words or in quotes; false when it is something else. */
bool report_unit(struct parse *parse, const struct mistake *mistake);
