/* doubt.h - a condition that excuses, made of two plain ones.
 *
 * In `unless` and in exceptions logic has three values: what the alert lacks decides
 * nothing. `certain` holds when the condition is true whatever the missing values are;
 * `possible` when it could be. Between them the condition is in doubt. A value that is null,
 * an empty list, or raw JSON that does not fit the type it is read as, counts as missing; so
 * does what first() stands in for. Of a list that lost elements, or has some that do not fit,
 * `any` may still be certain, `all` and the negated tests may not. `exists` and `missing` are two-valued: they ask for just that.
 *
 * Of the target of a step (act/protect.h) it is known what is not there: only what could not
 * be read (event.lost) decides nothing, to `exists` and `missing` too. There `possible` also
 * takes `cased` for what it is to an attacker, a difference that people do not see.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

/* A value that may be missing where the condition is asked. Linked in source order. */
struct doubt_read {
    struct doubt_read *next;
    struct expr *expr;
    struct expr *unknown; /* a condition: the value, or some of it, decides nothing */
    bool is_guarded;      /* the condition says `exists` or `missing` of it somewhere */
};

/* Set arena and is_of_target, call doubt_of; the rest is filled. */
struct doubt {
    struct arena *arena;
    bool is_of_target; /* the condition is asked of a target, not of an alert */
    struct expr *certain;
    struct expr *possible; /* the same expression as `certain` when every alert decides it */
    struct doubt_read *reads;
    enum err err; /* ERR_MEMORY; then nothing else means anything */
};

/* Work out both for a condition that passed the check, with lets and macros written out
 * (expand.h). Parts are shared with `expr`; recursion as deep as its parentheses. */
void doubt_of(struct doubt *doubt, struct expr *expr);
