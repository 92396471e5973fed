/* claims.h - what is being changed right now, so that two threads never change the same thing.
 *
 * A step takes a claim on its target before it is judged, and an undo takes those of the steps that
 * it takes back. Steps that found nothing to change share theirs. Who waits holds none, so nobody
 * waits in a circle. What was looked at before another one, which may have changed it, gave the
 * claim back is old: it is looked at again. Claims are of this process alone:
 * the journal's lock keeps others out.
 */
#pragma once

#include "base/attr.h"
#include "base/err.h"
#include "base/sha256.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { CLAIMS_MAX = 1024 };

/* What a builtin does to a target. */
struct claim {
    uint8_t digest[SHA256_BYTES];
    int64_t run; /* who has it, or had it last */
    bool is_shared;
    uint64_t freed_turn; /* when it was given back; 0: it was not */
};

struct claims {
    pthread_mutex_t lock;
    struct claim items[CLAIMS_MAX];
    size_t count;
    uint64_t turn;         /* goes up when one is given back */
    uint64_t evicted_turn; /* what was given back up to here may be forgotten */
};
#define CLAIMS_INIT                                                                                \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .turn = 1                                               \
    }

/* Now, for a look at something that may be changed meanwhile. */
uint64_t claims_turn(struct claims *claims);
struct claim_wish {
    str builtin;
    str target;
    int64_t run;
    uint64_t turn;  /* since when it has been looked at */
    bool is_shared; /* it is only to stay as it is */
};
/* Take what the builtin does to the target for the run; again is
 * fine. ERR_BUSY: another run (*ret_run) has it, or had it after that look. ERR_LIMIT: too many are
 * taken. An empty target is nobody's. ERR_MEMORY. */
MUST_CHECK enum err claims_take(
    struct claims *claims, const struct claim_wish *wish, int64_t *ret_run);
/* Give back all that `run` has. */
void claims_release(struct claims *claims, int64_t run);
