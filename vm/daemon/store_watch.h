/* store_watch.h - whether the journal can be written, as everybody who writes finds it.
 *
 * A full disk lets one write through and refuses the next: what failed for one part is told once for
 * all of them, and is over when nobody has failed for a while. Owns the words of the last failure.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "daemon/log.h"
#include "daemon/metrics.h"

struct store_watch;

/* So many ticks without a failure make it well again; who waits tries once a second. */
enum { STORE_WATCH_QUIET_TICKS = 5 };

/* ERR_MEMORY. Both outlive it. */
MUST_CHECK enum err store_watch_new(
    const struct log *log, struct metrics *metrics, struct store_watch **ret_watch);
/* A write failed, `doing` something, and `reason` is what the store says (store_error). An error of
 * the log the first time, METRIC_STORE_FAILED from here on. Any thread; NULL is fine. */
void store_watch_failed(struct store_watch *watch, const char *doing, const char *reason);
/* A second has passed; NULL is fine. */
void store_watch_tick(struct store_watch *watch);
/* Why nothing can be written, in `arena`; empty: it can, or nobody has tried. */
str store_watch_reason(struct store_watch *watch, struct arena *arena);
/* NULL is fine. */
void store_watch_free(struct store_watch *watch);
