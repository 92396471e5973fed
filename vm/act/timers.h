/* timers.h - what happens later: when, by a clock of its own, and what is done then.
 *
 * The time of timers goes on by what has passed since the machine was started, sleep included, so
 * nobody moves a timer by setting the clock. Over a restart of the machine it goes on at
 * the later of where it was and what the clock says: a clock that was set back makes timers late,
 * never early.
 */
#pragma once

#include "store/timers.h"

/* The time of timers, in ms like now_ms; it never goes back. What it was is kept on disk every 10
 * s, and whenever a timer is set. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err timers_now(struct store *store, struct clock *clock, int64_t *ret_ms);

/* From here on people should be told how far the clock is off: timers_now less now_ms. */
enum { TIMER_SKEW_MS = 5 * 60 * 1000 };
