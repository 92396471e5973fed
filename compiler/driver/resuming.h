/* resuming.h - going on with what the journal has: timers that are due, runs and undos that were
 * cut off, steps whose hold was settled, and holds that have no plan yet.
 */
#pragma once

#include "act/timers.h"
#include "base/time.h"
#include "driver/session.h"

enum {
    PLANS_AT_ONCE = 20,         /* holds without a plan come from a storm: planning them is none */
    PLANS_AGAIN_MS = 60 * 1000, /* then as many again */
    LOOK_EVERY_MS = 1000,
};

/* Where the programs of runs come from; NULL in a session: each is compiled from what the journal
 * has. */
struct run_programs {
    /* The program, until what *ret_hold says is given back. NULL with a sentence: this build cannot go
     * on with it. ERR_STORE, ERR_MEMORY. */
    enum err (*take)(struct run_programs *programs, const struct run *run,
        const struct program **ret_program, void **ret_hold, const char **ret_why);
    void (*give_back)(struct run_programs *programs, void *hold);
};

/* Go on with one run, or undo, that is open; one that has ended is left alone. What it came to is
 * told. EXIT_CLEAN and EXIT_FINDINGS; more means that nothing should follow. */
MUST_CHECK enum exit_code resuming_run(
    struct session *session, struct run_programs *programs, int64_t run);

/* Who goes on with runs elsewhere: the daemon. Each but go_on may be NULL. */
struct resuming_crew {
    void (*go_on)(struct resuming_crew *crew, int64_t run);
    /* Somebody fires this timer of an undo later, by resuming_fire; false: nobody does. */
    bool (*later)(struct resuming_crew *crew, const struct timer *timer);
    /* Have `run` to ourselves until it is given back, to take steps of it back: false, it is busy. */
    bool (*claim)(struct resuming_crew *crew, const struct undo_order *order);
    void (*give_back)(struct resuming_crew *crew, const struct undo_order *order);
};

struct resuming {
    struct session *session;
    struct resuming_crew *crew; /* NULL: everything is done here */
    uint64_t done;              /* runs that were gone on with, and timers that something came of */
    /* private */
    struct timer_hands hands;
    enum exit_code code;  /* of what a timer did, when that has failed */
    bool is_later;        /* not the first round: what was cut off waits for its timer */
    int64_t planned_hold; /* the last hold that was planned */
    uint32_t plans;       /* that may still be made, before plans_ms */
    int64_t plans_ms;     /* in the time of timers */
    int64_t again_ms;     /* so too: before, what the last round has left is not tried */
};

/* Ready for its first round; `session` outlives it. */
void resuming_init(struct resuming *resuming, struct session *session);

/* Fire what is due, then go on with all that can be gone on with, until nothing is left or somebody
 * wants to stop. While cdr is paused only what nobody answered in time expires. EXIT_CLEAN; else
 * what has failed was told. */
MUST_CHECK enum exit_code resuming_round(struct resuming *resuming);

/* With a crew: fire what is due, and hand over what can be gone on with, while `room` is left. The
 * same results. */
MUST_CHECK enum exit_code resuming_hand_over(struct resuming *resuming, size_t room);

/* Fire one timer, if it is still due. */
MUST_CHECK enum exit_code resuming_fire(struct resuming *resuming, int64_t timer);

/* Give the journal away after a round (session_rest). */
MUST_CHECK enum exit_code resuming_rest(struct resuming *resuming);

/* Whether a round may find something: a timer is due, a run can be gone on with, or holds may be
 * planned again. It only reads: a reader's store will do. */
MUST_CHECK enum exit_code resuming_look(struct resuming *resuming, bool *ret_is_due);

/* Tell of what was to be for a while, is over its time and could not be taken back: EXIT_FINDINGS.
 * EXIT_CLEAN: nothing is. */
MUST_CHECK enum exit_code resuming_overdue(struct session *session);
/* A moment of the time of timers as people read it, in `text`. */
const char *resuming_time(struct session *session, int64_t at_ms, char text[static TIME_TEXT_MAX]);
