/* timers.h - what is to happen later: kept on disk, so that no crash forgets it.
 *
 * Times are those of timers_now (act/timers.h): they go on while the machine sleeps and do not
 * jump when somebody sets its clock.
 */
#pragma once

#include "host/clock.h"
#include "store/store.h"

enum timer_kind {
    TIMER_UNDO,   /* `for D` is over: take step `step` of `run` back */
    TIMER_EXPIRE, /* a stage of hold `hold` is over */
    TIMER_RETRY,  /* go on with `run`, which was cut off by its provider */
    TIMER_KIND_COUNT
};

/* "undo", "expire", "retry"; static. */
const char *timer_kind_name(enum timer_kind kind);

struct timer {
    int64_t id;
    enum timer_kind kind;
    int64_t run;
    uint32_t step;
    int64_t hold; /* or 0 */
    int64_t set_ms;
    int64_t due_ms;
    int64_t ended_ms; /* 0 while it is set */
    str outcome;      /* "fired", "cancelled" and why; empty while it is set */
};

/* Set a timer; sets timer->id. Of one kind a step has one (a retry: a run, an expiry: a hold);
 * setting it again moves it, for TIMER_UNDO only to a later time. ERR_STORE. */
MUST_CHECK enum err timers_set(struct store *store, struct timer *timer);
/* The newest of its kind that was ever set for the step (a retry: the run), be it over or not, and
 * how many there were. ERR_NOT_FOUND: none. */
MUST_CHECK enum err timers_find(struct store *store, enum timer_kind kind, int64_t run,
    uint32_t step, struct arena *arena, struct timer *ret_timer, uint32_t *ret_count);
/* By its id, be it over or not. ERR_NOT_FOUND. */
MUST_CHECK enum err timers_get(
    struct store *store, int64_t id, struct arena *arena, struct timer *ret_timer);
/* Give all undos of what steps did to the same thing (store_reliance) one end, the latest:
 * those that are set are put off to that of `timer`, which is set too, and where its step made
 * a change, it is put off to theirs. *ret_due_ms is its own then. */
MUST_CHECK enum err timers_join(
    struct store *store, const struct timer *timer, int64_t *ret_due_ms);
/* When the last undo is due of what `run` did to the same thing (store_reliance) as the step of
 * `timer`. ERR_NOT_FOUND: what it did is for ever, or over. */
MUST_CHECK enum err timers_twin(
    struct store *store, const struct timer *timer, int64_t run, int64_t *ret_due_ms);

/* Whether a change of the step that could be taken back was made, or may have been: one without a
 * reply counts. */
MUST_CHECK enum err timers_step_changed(
    struct store *store, int64_t run, uint32_t step, bool *ret_has_changed);
/* The oldest run of which a step was to be for a time only, is over it and could not be taken back:
 * its last undo, which its timer began, has not ended well, and nobody has asked for another. Those
 * that were left alone are none. *ret_count is of how many steps that is so. ERR_NOT_FOUND: none. */
MUST_CHECK enum err timers_overdue(
    struct store *store, int64_t *ret_run, uint32_t *ret_step, uint64_t *ret_count);
/* What the outcome of a timer begins with that ended because its step was left alone. */
#define TIMER_LEFT_ALONE "left alone"

enum { TIMERS_PAGE = 256 };
/* Those that are set and due, at most TIMERS_PAGE, earliest first; of one time, in the order they
 * were set. After `after` in that order; NULL: from the first. */
MUST_CHECK enum err timers_due(struct store *store, int64_t now_ms, const struct timer *after,
    struct arena *arena, struct timer **ret_timers, size_t *ret_count);
/* When the next is due; INT64_MAX: none is set. */
MUST_CHECK enum err timers_next(struct store *store, int64_t *ret_due_ms);
/* Those that are set; `run` 0: of every run. Earliest first. */
MUST_CHECK enum err timers_list(struct store *store, int64_t run, struct arena *arena,
    struct timer **ret_timers, size_t *ret_count);
/* Done with: "fired", or "cancelled: why". ERR_INVALID: it is not set. */
MUST_CHECK enum err timers_end(struct store *store, int64_t id, int64_t now_ms, str outcome);

/* The clock that goes on over restarts: as it was read last. All zero: never. */
struct clock_mark {
    str boot;           /* which start of the machine; see host/clock.h. Empty: not known */
    int64_t elapsed_ms; /* of that start */
    int64_t timer_ms;
};
MUST_CHECK enum err timers_mark_get(
    struct store *store, struct arena *arena, struct clock_mark *ret_mark);
/* Write it, unless what is there is of the same start and further on: then that stands, and
 * timers_mark_get tells it. A reader's store is left as it is. */
MUST_CHECK enum err timers_mark_set(struct store *store, const struct clock_mark *mark);

/* What timers_now remembers between two calls, in the store; all zero at first. */
struct timer_line {
    bool is_known;
    char boot[BOOT_TEXT_MAX];
    int64_t offset_ms; /* time of timers less elapsed_ms, as long as this start lasts */
    int64_t last_ms;   /* what was told last: it never goes back */
    int64_t marked_ms; /* of the mark on disk; read, not written */
};
struct timer_line timers_line_get(struct store *store);
/* Remember it; several threads may, and the latest last_ms stays. */
void timers_line_set(struct store *store, const struct timer_line *line);
