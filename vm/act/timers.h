/* timers.h - what happens later: when, by a clock of its own, and what is done then.
 *
 * Firing is safe to be killed anywhere: a timer stays set until what it is for is begun in the
 * same transaction (an undo), has no more effect when done again (the expiry of a hold), or
 * is found again without it (a run that is open).
 *
 * The time of timers goes on by what has passed since the machine was started, sleep included, so
 * nobody moves a timer by setting the clock. Over a restart of the machine it goes on at
 * the later of where it was and what the clock says: a clock that was set back makes timers late,
 * never early.
 */
#pragma once

#include "act/executor.h"
#include "bytecode.h"
#include "store/timers.h"

/* The time of timers, in ms like now_ms; it never goes back. What it was is kept on disk every 10
 * s, and whenever a timer is set. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err timers_now(struct store *store, struct clock *clock, int64_t *ret_ms);

/* From here on people should be told how far the clock is off: timers_now less now_ms. */
enum { TIMER_SKEW_MS = 5 * 60 * 1000 };

/* Call it when a step of a rule has ended, in MODE_APPLY, also on every replay: a step that
 * ended done or partial, or made a change that may have arrived, and was to be so for a while (code->for_ms) gets its undo, once. Where
 * others did the same to the same target, all end with the one that ends last. Audited. */
MUST_CHECK enum err timers_after_step(struct store *store, struct clock *clock,
    const struct step_code *code, int64_t run, uint32_t index, const struct step_outcome *outcome);

enum { RETRY_FIRST_MS = 30 * 1000, RETRY_LAST_MS = 60 * 60 * 1000 };

/* Go on with `run`, which its provider cut off, later: after 30 s, then twice as long each time,
 * at most an hour. Audited. *ret_due_ms is in the time of timers. */
MUST_CHECK enum err timers_retry(
    struct store *store, struct clock *clock, int64_t run, int64_t *ret_due_ms);

enum {
    UNDO_TRIES_MAX = 20, /* to take back what was for a while */
    UNDO_LOOKS_MAX = 3,  /* where the inverse looked and left it alone */
};

/* An undo that a timer began has ended, and not all is taken back: set the next, with the waits of
 * timers_retry, or give up after UNDO_TRIES_MAX; after UNDO_LOOKS_MAX where `is_left_alone`.
 * Audited. Call it in the transaction that ends the undo. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err timers_undo_again(
    struct store *store, struct clock *clock, int64_t run, uint32_t step, bool is_left_alone);

/* Who carries out what timers are for. An error of the provider is its own to tell: what was begun
 * stays open, and ERR_OK is returned. */
struct timer_hands {
    /* Whether cdr is paused: undos and retries stay due then. May be NULL: never. */
    bool (*is_paused)(struct timer_hands *hands);
    /* Whether somebody wants to end: what is left stays due. May be NULL. */
    bool (*is_stopped)(struct timer_hands *hands);
    /* Whether somebody else fires this timer of an undo (timers_fire_one), which takes its time: it
     * stays due until then, and may be offered again. May be NULL: nobody does. */
    bool (*later)(struct timer_hands *hands, const struct timer *timer);
    /* undo_execute with timer->id; ERR_NEEDED, ERR_INVALID, ERR_NOT_FOUND and ERR_PAUSED as there. */
    enum err (*undo)(struct timer_hands *hands, const struct timer *timer, const char *reason);
    /* Go on with timer->run, which is open. */
    enum err (*retry)(struct timer_hands *hands, const struct timer *timer);
    /* What became of a timer: it was cancelled, is put off (ended_ms is 0, due_ms later), or a hold
     * has expired. Undos and retries that fired tell themselves. May be NULL. */
    void (*told)(struct timer_hands *hands, const struct timer *timer);
};

/* Do all that is due, earliest first. A timer whose undo would lift what another run relies on
 * waits for the end of that, or is cancelled where it has none. Other errors of `hands` end it:
 * what is left stays due. ERR_STOPPED, ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err timers_fire(
    struct store *store, struct clock *clock, struct timer_hands *hands);
/* Do what one timer is for, if it is still due. Errors as timers_fire; ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err timers_fire_one(
    struct store *store, struct clock *clock, struct timer_hands *hands, int64_t id);
