/* resumable.h - which of the open runs somebody can go on with now, however many wait. */
#pragma once

#include "store/store.h"

/* The oldest run or undo above `after` that has not ended and waits neither for an answer to a hold,
 * nor for another run's step (one that is held, or that runs and was begun after `begun_ms`), nor for a
 * TIMER_RETRY that is due after `retry_ms` (INT64_MAX: it does not wait for that). ERR_NOT_FOUND: there
 * is none. */
MUST_CHECK enum err resumable_next(
    struct store *store, int64_t after, int64_t retry_ms, int64_t begun_ms, int64_t *ret_run);

/* The oldest open hold above `after` that nobody can approve yet, because it has no plan, and
 * its run. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err resumable_unplanned(
    struct store *store, int64_t after, int64_t *ret_hold, int64_t *ret_run);

/* How many runs have not ended, for whatever they wait. */
MUST_CHECK enum err resumable_open(struct store *store, uint64_t *ret_count);

/* A number that is another one when another process has written to the journal. */
MUST_CHECK enum err resumable_version(struct store *store, int64_t *ret_version);
