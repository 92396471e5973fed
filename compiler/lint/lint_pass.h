/* lint_pass.h - what the files of lint share. Not for others: see lint.h.
 *
 * A lint function looks at one node and adds what it finds with LINT, which gives NULL
 * where the finding is off or silenced; notes, help and fixes take NULL.
 */
#pragma once

#include "lint/lint.h"

/* A comment that silences findings of one line, or of all lines of an item. */
struct silence {
    uint32_t file;
    uint32_t line; /* the first whose findings it silences, and the last */
    uint32_t last_line;
    uint32_t farthest; /* of those before it in the table, of its file and id, and itself: the
                        * one that ends last */
    enum diag_id id;
    span at; /* the code in the comment */
    bool is_used;
};

struct lint {
    struct compilation *compilation;
    const struct lint_settings *settings;
    struct arena *arena;
    struct diag_list *diags;
    const struct sources *sources;
    const struct expr *cased_list; /* the last right side of a test that tells case apart */
    const struct item *item;       /* where lint is */
    struct silence *silences;      /* sorted by file, id, line */
    uint32_t silence_count;
    uint32_t silence_room;
    enum err err;
};

/* Remember the first failure of the host; false when `err` is one. */
bool lint_ok(struct lint *lint, enum err err);

/* Whether the finding is off, or silenced at that place. */
bool lint_is_silent(struct lint *lint, enum diag_id id, span at);
#define LINT(lint, id, at, ...)                                                                    \
    (lint_is_silent((lint), (id), (at)) ? NULL : diag_add((lint)->diags, (id), (at), __VA_ARGS__))
/* As diag_help and diag_set_fix, in the lint's list. */
#define LINT_HELP(lint, diag, ...) diag_help((lint)->diags, (diag), __VA_ARGS__)
/* Offer to replace the text at `at`, unless a comment would be lost. `text` is formatted. */
void lint_fix(struct lint *lint, struct diag *diag, span at, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The text under a place. */
str lint_text(const struct lint *lint, span at);

/* ---- walk.c ---- */

/* Call `visit` for `expr` and everything below it, a node before its parts, `a and b and c`
 * as one node; the bodies of lets and macros are not below. */
typedef void (*expr_visit)(struct lint *lint, const struct expr *expr, void *context);
void walk_expr(struct lint *lint, const struct expr *expr, expr_visit visit, void *context);
/* The same for every expression of the steps, of an item. */
void walk_steps(struct lint *lint, const struct ast_step *steps, expr_visit visit, void *context);
void walk_item(struct lint *lint, const struct item *item, expr_visit visit, void *context);

/* ---- silence.c ---- */

/* Read the comments; report those that cannot be understood. */
void silence_read(struct lint *lint);
/* Take out what the compiler found, errors excepted, and a comment silences. */
void silence_apply(struct lint *lint);
/* Report those that silenced nothing. */
void silence_report_unused(struct lint *lint);

/* ---- the findings: each adds what it finds ---- */

/* `and`, `or` and `not` that mix, repeat or contradict each other. */
void lint_logic(struct lint *lint, const struct expr *expr);
/* Conditions that no value meets. */
void lint_never(struct lint *lint, const struct expr *expr);
/* Tests of text. */
void lint_text_test(struct lint *lint, const struct expr *expr);
/* Written lists, and networks. */
void lint_list(struct lint *lint, const struct expr *expr);
/* A rule: what it asks, its clauses, what is said about it. */
void lint_rule(struct lint *lint, const struct item *rule);
/* Rights of a role that nothing asks for yet. */
void lint_connection(struct lint *lint, const struct item *connection);
void lint_role(struct lint *lint, const struct item *role);
/* Limits of a rule, or of `defaults`, that let nearly everything through. */
void lint_limits(struct lint *lint, const struct clause *clauses, bool is_of_rule);
/* Templates of other tools in the texts of steps. */
void lint_technique(struct lint *lint, const struct expr *expr);
/* The steps of a rule. */
void lint_steps(struct lint *lint, const struct item *rule);
/* Excuses that last too long. */
void lint_dates(struct lint *lint, const struct item *item);
/* Secrets in texts. */
void lint_secrets(struct lint *lint, const struct expr *expr);
/* The set as a whole: what nobody uses, what is there twice, names alike. */
void lint_set(struct lint *lint);
