/* resuming.h - going on with what the journal has: timers that are due, runs and undos that were
 * cut off, steps whose hold was settled, and holds that have no plan yet.
 */
#pragma once

#include "act/timers.h"
#include "driver/session.h"

enum {
    PLANS_AT_ONCE = 20,         /* holds without a plan come from a storm: planning them is none */
    PLANS_AGAIN_MS = 60 * 1000, /* then as many again */
    LOOK_EVERY_MS = 1000,
};

struct resuming {
    struct session *session;
    uint64_t done; /* runs that were gone on with, and timers that something came of */
    /* private */
    struct timer_hands hands;
    enum exit_code code;  /* of what a timer did, when that has failed */
    bool is_later;        /* not the first round: what was cut off waits for its timer */
    int64_t planned_hold; /* the last hold that was planned */
    uint32_t plans;       /* that may still be made, before plans_ms */
    int64_t plans_ms;     /* in the time of timers */
};

void resuming_init(struct resuming *resuming, struct session *session);

/* Fire what is due, then go on with all that can be gone on with, until nothing is left or somebody
 * wants to stop. While cdr is paused only what nobody answered in time expires. EXIT_CLEAN; else
 * what has failed was told. */
MUST_CHECK enum exit_code resuming_round(struct resuming *resuming);

/* Whether a round may find something: a timer is due, or holds may be planned again. *ret_ms is how
 * long until then, at most LOOK_EVERY_MS. */
MUST_CHECK enum exit_code resuming_look(
    struct resuming *resuming, bool *ret_is_due, uint32_t *ret_ms);
