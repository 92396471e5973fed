/* always.h - what `always` asks of one run, and whether it was done.
 *
 * `always C implies collect any`: a run for an alert that meets C does such a step. What cannot
 * be decided counts as met. Evidence comes first: a `respond` step before a `collect` that is
 * asked for waits for a person. A step was done when it ended done or partial.
 */
#pragma once

#include "bytecode.h"
#include "event.h"

struct always_item {
    const struct guard_code *guard;
    bool is_done;
};

struct always {
    struct always_item *items; /* those whose condition the alert meets */
    uint32_t count;
};

/* Which clauses the event meets; in `arena`. ERR_MEMORY. */
MUST_CHECK enum err always_begin(struct always *always, const struct program *program,
    const struct event *event, struct arena *arena);
/* A step has ended as `turn`. */
void always_took(struct always *always, const struct builtin *builtin, enum step_turn turn);
/* Evidence that is asked for and was not collected yet: a sentence and the clause, or NULL. In
 * `arena`. ERR_MEMORY. */
MUST_CHECK enum err always_due(
    const struct always *always, struct arena *arena, const char **ret_due, str *ret_clause);
/* The first that was not done at all, likewise. */
MUST_CHECK enum err always_unkept(
    const struct always *always, struct arena *arena, const char **ret_unkept, str *ret_clause);
