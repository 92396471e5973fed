/* delete_snapshot.h - the end of a snapshot whose time is over.
 *
 * No rule and no undo deletes evidence: `cdr leftovers --remove` does, for what the journal knows. The
 * step looks once more: the snapshot is of that very step, and its retention is over by what the
 * journal says and by what its tag says; the longer counts. */
#pragma once

#include "aws/identity.h"

enum {
    DELETE_SNAPSHOT_ID,
    DELETE_SNAPSHOT_STEP,   /* the key of the step that made it */
    DELETE_SNAPSHOT_RETAIN, /* how long it was to be kept */
    DELETE_SNAPSHOT_ACCOUNT,
    DELETE_SNAPSHOT_REGION,
    DELETE_SNAPSHOT_ARGS
};

struct delete_snapshot {
    struct talk talk;
    struct caller caller;
    struct tries tries;
};

/* When what began at `start` ("2026-01-01T00:00:00.000Z") with that tag may go, where the journal
 * says `retain_ms`; the longer counts. False: never, or it cannot be told. */
bool retention_end(str start, str tag, int64_t retain_ms, int64_t *ret_ms);

/* What `cdr leftovers --remove` does to a snapshot: act/step.h says how it is told. */
enum step_turn delete_snapshot_next(struct step *step, const struct reply *reply);
