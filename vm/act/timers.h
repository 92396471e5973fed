/* timers.h - what happens later: when, by a clock of its own, and what is done then.
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
 * ended done or partial and was to be so for a while (code->for_ms) gets its undo, once. Where
 * others did the same to the same target, all end with the one that ends last. Audited. */
MUST_CHECK enum err timers_after_step(struct store *store, struct clock *clock,
    const struct step_code *code, int64_t run, uint32_t index, const struct step_outcome *outcome);

enum { RETRY_FIRST_MS = 30 * 1000, RETRY_LAST_MS = 60 * 60 * 1000 };

/* Go on with `run`, which its provider cut off, later: after 30 s, then twice as long each time,
 * at most an hour. Audited. *ret_due_ms is in the time of timers. */
MUST_CHECK enum err timers_retry(
    struct store *store, struct clock *clock, int64_t run, int64_t *ret_due_ms);
