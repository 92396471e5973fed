/* twins.h - steps of different runs that want the same: one target, one case.
 *
 * Twins are steps of different runs with the same builtin and arguments, on the same target, as
 * the same identity and in the same region. The later one takes over how the earlier one ends,
 * and waits for it where that is open. Nobody waits for a later run, so never in a circle.
 */
#pragma once

#include "store/store.h"

struct twin_query {
    int64_t run; /* of the step that looks for a twin */
    uint32_t step;
    str builtin;
    str args; /* JSON array, as step_record */
    str target;
    str provider;
    str identity;
    str region;
    bool takes_done;    /* twins that ended from from_ms to until_ms, both included */
    bool takes_held;    /* of earlier runs of the same rule, whose hold asks the same people */
    bool takes_running; /* of earlier runs, begun from running_from_ms to until_ms */
    int64_t from_ms;
    int64_t until_ms;
    str rule;   /* its name; for takes_held, as what follows */
    str stages; /* JSON, as hold.stages */
    int64_t running_from_ms;
};

/* The twin to join: the newest that is done and of which no undo was begun, or else the newest
 * that is open. A held one counts while its hold is open or approved. One that joined another itself is no twin. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err twins_find(struct store *store, const struct twin_query *query,
    struct arena *arena, struct step_record *ret_twin);

/* The step that a step took over from, or waits for. ERR_NOT_FOUND: neither. */
MUST_CHECK enum err twins_awaited(struct store *store, int64_t run, uint32_t step,
    struct arena *arena, struct step_record *ret_twin);

/* Write whom an open step joins; NULL: nobody (any more). Twins find it by its target
 * (store_step_aim). ERR_INVALID: it has ended. */
MUST_CHECK enum err twins_note(
    struct store *store, int64_t run, uint32_t step, const struct step_record *twin);
