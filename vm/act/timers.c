/* timers.c - see timers.h. */
#include "act/timers.h"

#include "base/time.h"
#include "store/audit.h"
#include "store/holds.h"

#include <stdio.h>

enum { MARK_EVERY_MS = 10 * 1000, TIMER_BYTES_MAX = 16 * 1024, MS_PER_S = 1000 };

/* What the clock says, at one moment. */
struct reading {
    char boot[BOOT_TEXT_MAX]; /* empty: there is no elapsed_ms */
    int64_t elapsed_ms;       /* 0 then */
    int64_t now_ms;
};

static struct reading clock_read(struct clock *clock)
{
    struct reading reading = { .now_ms = clock->now_ms(clock) };
    if (clock->elapsed_ms != NULL)
        reading.elapsed_ms = clock->elapsed_ms(clock, reading.boot);
    if (reading.elapsed_ms < 0 || reading.boot[0] == '\0')
        reading = (struct reading){ .now_ms = reading.now_ms };
    return reading;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether the mark was made since the machine was started as in `reading`. A time that is before
 * the mark's is of another start, whatever its name says (a container that was restored). */
static bool mark_is_of(const struct clock_mark *mark, const struct reading *reading)
{
    return reading->boot[0] != '\0' && str_is(mark->boot, reading->boot)
           && mark->elapsed_ms <= reading->elapsed_ms;
}

/* The first call in this process, or since the machine was restarted: go on from the mark. */
static enum err line_find(
    struct store *store, const struct reading *reading, struct timer_line *line)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TIMER_BYTES_MAX);
    struct clock_mark mark;
    TRY(timers_mark_get(store, &arena, &mark));
    int64_t now_ms = later(later(mark.timer_ms, line->last_ms), reading->now_ms);
    struct clock_mark first = { str_from(reading->boot), reading->elapsed_ms, now_ms };
    if (!mark_is_of(&mark, reading)) {
        TRY(timers_mark_set(store, &first));
        /* Two processes may be the first at once: both go by the mark that is there now. */
        TRY(timers_mark_get(store, &arena, &mark));
    }
    if (!mark_is_of(&mark, reading)) /* without elapsed_ms, and in a reader */
        mark = first;
    line->offset_ms = mark.timer_ms - mark.elapsed_ms;
    line->last_ms = later(line->last_ms, mark.timer_ms);
    memcpy(line->boot, reading->boot, sizeof line->boot);
    line->is_known = true;
    return ERR_OK;
}

/* Whether the line goes on: the machine was not restarted since. */
static bool line_goes_on(const struct timer_line *line, const struct reading *reading)
{
    return line->is_known && strcmp(line->boot, reading->boot) == 0
           && (reading->boot[0] == '\0' || line->offset_ms + reading->elapsed_ms >= line->last_ms);
}

/* Without elapsed_ms the clock itself is all there is. */
static int64_t line_at(const struct timer_line *line, const struct reading *reading)
{
    int64_t at_ms =
        reading->boot[0] == '\0' ? reading->now_ms : line->offset_ms + reading->elapsed_ms;
    return later(at_ms, line->last_ms);
}

enum err timers_now(struct store *store, struct clock *clock, int64_t *ret_ms)
{
    struct timer_line line = timers_line_get(store);
    struct reading reading = clock_read(clock);
    if (!line_goes_on(&line, &reading))
        TRY(line_find(store, &reading, &line));
    line.last_ms = line_at(&line, &reading);
    timers_line_set(store, &line);
    if (line.last_ms - line.marked_ms >= MARK_EVERY_MS) {
        struct clock_mark mark = { str_from(line.boot), reading.elapsed_ms, line.last_ms };
        TRY(timers_mark_set(store, &mark));
    }
    *ret_ms = line.last_ms;
    return ERR_OK;
}

/* Tell the audit log of a timer; `event` is one of timer_set, timer_fired, timer_cancelled. */
static enum err timer_audit(struct store *store, struct clock *clock, const char *event,
    const struct timer *timer, str reason)
{
    int64_t seq;
    struct audit_entry entry = { .event = event,
        .who = STR("cdr"),
        .at_ms = clock->now_ms(clock),
        .run = timer->run,
        .step = timer->kind == TIMER_UNDO ? (int64_t)timer->step : -1,
        .reason = reason };
    char after[80];
    if (strcmp(event, "timer_set") == 0) {
        snprintf(after, sizeof after, "timer %lld due %lld", (long long)timer->id,
            (long long)timer->due_ms);
        entry.after = str_from(after);
    }
    return audit_append(store, &entry, &seq);
}

static enum err undo_set(struct store *store, struct clock *clock, const struct step_code *code,
    struct timer *timer, struct arena *arena)
{
    char duration[DURATION_TEXT_MAX];
    duration_format(code->for_ms, duration);
    const char *reason = arena_format(arena, "is taken back when `for %s` is over", duration);
    if (reason == NULL)
        return ERR_MEMORY;
    TRY(timers_now(store, clock, &timer->set_ms));
    if (__builtin_add_overflow(timer->set_ms, code->for_ms, &timer->due_ms))
        timer->due_ms = INT64_MAX;
    TRY(timers_set(store, timer));
    TRY(timers_join(store, timer, &timer->due_ms));
    return timer_audit(store, clock, "timer_set", timer, str_from(reason));
}

enum err timers_after_step(struct store *store, struct clock *clock, const struct step_code *code,
    int64_t run, uint32_t index, const struct step_outcome *outcome)
{
    bool has_changed = outcome->turn == STEP_DONE || outcome->turn == STEP_PARTIAL;
    if (code->for_ms <= 0 || !step_turn_is_end(outcome->turn))
        return ERR_OK;
    if (!has_changed) /* a change whose reply was lost is not to last for ever either */
        TRY(timers_step_changed(store, run, index, &has_changed));
    if (!has_changed)
        return ERR_OK;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TIMER_BYTES_MAX);
    struct timer timer = { .kind = TIMER_UNDO, .run = run, .step = index };
    uint32_t count;
    /* A replay: whatever became of the timer, it was set. */
    enum err err = timers_find(store, TIMER_UNDO, run, index, &arena, &(struct timer){ 0 }, &count);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_begin(store));
    return store_end(store, undo_set(store, clock, code, &timer, &arena));
}

/* Twice as long each time. */
static int64_t wait_after(uint32_t before)
{
    int64_t wait_ms = RETRY_FIRST_MS;
    for (; before > 0 && wait_ms < RETRY_LAST_MS; before--)
        wait_ms *= 2;
    return wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS;
}

static enum err retry_set(struct store *store, struct clock *clock, struct timer *timer)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TIMER_BYTES_MAX);
    struct timer last;
    uint32_t before = 0;
    enum err err = timers_find(store, TIMER_RETRY, timer->run, 0, &arena, &last, &before);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    TRY(timers_now(store, clock, &timer->set_ms));
    timer->due_ms = timer->set_ms + wait_after(before);
    TRY(timers_set(store, timer));
    return timer_audit(store, clock, "timer_set", timer,
        STR("its provider cut the run off: it is tried again later"));
}

enum err timers_retry(struct store *store, struct clock *clock, int64_t run, int64_t *ret_due_ms)
{
    struct timer timer = { .kind = TIMER_RETRY, .run = run };
    TRY(store_begin(store));
    TRY(store_end(store, retry_set(store, clock, &timer)));
    *ret_due_ms = timer.due_ms;
    return ERR_OK;
}

/* The last word on what was to be for a while. In a transaction. */
static enum err undo_give_up(struct store *store, struct clock *clock, struct timer *timer,
    bool is_left_alone, struct arena *arena)
{
    const char *outcome = arena_format(arena,
        is_left_alone ? TIMER_LEFT_ALONE " after %d tries: it is not as it was left"
                      : "given up after %d tries: it is still in force",
        is_left_alone ? UNDO_LOOKS_MAX : UNDO_TRIES_MAX);
    if (outcome == NULL)
        return ERR_MEMORY;
    timer->due_ms = timer->set_ms;
    TRY(timers_set(store, timer));
    TRY(timers_end(store, timer->id, timer->set_ms, str_from(outcome)));
    return timer_audit(store, clock, "timer_cancelled", timer, str_from(outcome));
}

enum err timers_undo_again(
    struct store *store, struct clock *clock, int64_t run, uint32_t step, bool is_left_alone)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TIMER_BYTES_MAX);
    struct timer timer = { .kind = TIMER_UNDO, .run = run, .step = step };
    struct timer last;
    uint32_t tries = 0;
    enum err err = timers_find(store, TIMER_UNDO, run, step, &arena, &last, &tries);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    TRY(timers_now(store, clock, &timer.set_ms));
    if (tries >= (uint32_t)(is_left_alone ? UNDO_LOOKS_MAX : UNDO_TRIES_MAX))
        return undo_give_up(store, clock, &timer, is_left_alone, &arena);
    const char *reason =
        arena_format(&arena, "try %u of %d to take it back has not ended well: tried again later",
            (unsigned)tries, UNDO_TRIES_MAX);
    if (reason == NULL)
        return ERR_MEMORY;
    timer.due_ms = timer.set_ms + wait_after(tries > 0 ? tries - 1 : 0);
    TRY(timers_set(store, &timer));
    return timer_audit(store, clock, "timer_set", &timer, str_from(reason));
}

/* ---- firing ---- */

/* One round over what is due. */
struct firing {
    struct store *store;
    struct clock *clock;
    struct timer_hands *hands;
    int64_t now_ms;
    bool is_going_on; /* something ended: what waited for it may be tried again */
};

static bool is_paused(const struct firing *firing)
{
    return firing->hands->is_paused != NULL && firing->hands->is_paused(firing->hands);
}

static void tell(const struct firing *firing, const struct timer *timer)
{
    if (firing->hands->told != NULL)
        firing->hands->told(firing->hands, timer);
}

/* The timer is over as `outcome`, told in the audit log as `event`. In a transaction. */
static enum err end_write(
    const struct firing *firing, struct timer *timer, const char *event, str outcome)
{
    timer->ended_ms = firing->now_ms;
    timer->outcome = outcome;
    TRY(timers_end(firing->store, timer->id, timer->ended_ms, outcome));
    return timer_audit(firing->store, firing->clock, event, timer, outcome);
}

static enum err end_timer(
    struct firing *firing, struct timer *timer, const char *event, str outcome)
{
    TRY(store_begin(firing->store));
    TRY(store_end(firing->store, end_write(firing, timer, event, outcome)));
    firing->is_going_on = true;
    return ERR_OK;
}

static enum err cancel(struct firing *firing, struct timer *timer, const char *why)
{
    TRY(end_timer(firing, timer, "timer_cancelled", str_from(why)));
    tell(firing, timer);
    return ERR_OK;
}

static enum err put_off_write(const struct firing *firing, struct timer *timer, const char *why)
{
    TRY(timers_set(firing->store, timer));
    return timer_audit(firing->store, firing->clock, "timer_set", timer, str_from(why));
}

/* Another run relies on what is to be taken back: its own end counts, where it has one. */
static enum err undo_wait(struct firing *firing, struct timer *timer, struct arena *arena)
{
    struct reliance other;
    int64_t due_ms;
    enum err err = store_reliance(firing->store, timer->run, timer->step, arena, &other);
    if (err == ERR_NOT_FOUND) /* an undo of all of the run is open, and waits itself */
        return ERR_OK;
    TRY(err);
    err = timers_twin(firing->store, timer, other.run, &due_ms);
    const char *why =
        err == ERR_NOT_FOUND
            ? arena_format(arena, "cancelled: run %lld relies on it", (long long)other.run)
            : arena_format(arena, "run %lld relies on it, for longer", (long long)other.run);
    if (why == NULL)
        return ERR_MEMORY;
    if (err == ERR_NOT_FOUND)
        return cancel(firing, timer, why);
    TRY(err);
    if (due_ms <= firing->now_ms) /* that one is due as well, and goes first */
        return ERR_OK;
    timer->due_ms = due_ms;
    TRY(store_begin(firing->store));
    TRY(store_end(firing->store, put_off_write(firing, timer, why)));
    timer->outcome = str_from(why);
    tell(firing, timer);
    return ERR_OK;
}

/* Why it is taken back now, for people and the audit log. */
static enum err undo_reason(
    const struct firing *firing, const struct timer *timer, struct arena *arena, const char **ret)
{
    struct timer last;
    uint32_t tries;
    TRY(timers_find(firing->store, TIMER_UNDO, timer->run, timer->step, arena, &last, &tries));
    char duration[DURATION_TEXT_MAX];
    /* Where another one put it off, to the second: nobody wrote that. */
    int64_t lasted_ms = timer->due_ms - timer->set_ms;
    duration_format(lasted_ms < MS_PER_S ? lasted_ms : lasted_ms / MS_PER_S * MS_PER_S, duration);
    *ret = tries > 1 ? arena_format(arena, "its time is over: try %u of %d to take it back",
               (unsigned)tries, UNDO_TRIES_MAX)
                     : arena_format(arena, "its time (for %s) is over", duration);
    return *ret == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err fire_undo(struct firing *firing, struct timer *timer, struct arena *arena)
{
    if (is_paused(firing))
        return ERR_OK;
    const char *reason;
    TRY(undo_reason(firing, timer, arena, &reason));
    enum err err = firing->hands->undo(firing->hands, timer, reason);
    if (err == ERR_PAUSED)
        return ERR_OK;
    if (err == ERR_NEEDED)
        return undo_wait(firing, timer, arena);
    if (err == ERR_INVALID || err == ERR_NOT_FOUND)
        return cancel(firing, timer, "cancelled: it was taken back before");
    firing->is_going_on |= err == ERR_OK;
    return err;
}

/* The hold becomes what time makes of it, and its timer goes along. */
static enum err expire_write(const struct firing *firing, struct timer *timer, struct arena *arena)
{
    enum hold_state state;
    struct hold hold;
    TRY(holds_expire(firing->store, timer->hold, firing->now_ms, &state));
    TRY(holds_get(firing->store, timer->hold, arena, &hold));
    if (state == HOLD_OPEN && hold.until_ms > firing->now_ms) {
        timer->due_ms = hold.until_ms;
        return timers_set(firing->store, timer);
    }
    const char *outcome = state == HOLD_EXPIRED
                              ? "fired"
                              : arena_format(arena, "cancelled: the hold is %s",
                                  state == HOLD_OPEN ? "open for ever" : hold_state_name(state));
    if (outcome == NULL)
        return ERR_MEMORY;
    return end_write(firing, timer, state == HOLD_EXPIRED ? "timer_fired" : "timer_cancelled",
        str_from(outcome));
}

static enum err fire_expire(struct firing *firing, struct timer *timer, struct arena *arena)
{
    TRY(store_begin(firing->store));
    TRY(store_end(firing->store, expire_write(firing, timer, arena)));
    firing->is_going_on = true;
    tell(firing, timer);
    return ERR_OK;
}

/* The timer ends first: a run that is open is found without it. */
static enum err fire_retry(struct firing *firing, struct timer *timer, struct arena *arena)
{
    struct run run;
    TRY(store_run_get(firing->store, timer->run, arena, &run));
    if (run.ended_ms != 0)
        return cancel(firing, timer, "cancelled: the run has ended");
    if (is_paused(firing))
        return ERR_OK;
    TRY(end_timer(firing, timer, "timer_fired", STR("fired")));
    return firing->hands->retry(firing->hands, timer);
}

static enum err fire_one(struct firing *firing, struct timer *timer)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    switch (timer->kind) {
    case TIMER_UNDO:
        return fire_undo(firing, timer, &arena);
    case TIMER_EXPIRE:
        return fire_expire(firing, timer, &arena);
    case TIMER_RETRY:
        return fire_retry(firing, timer, &arena);
    case TIMER_KIND_COUNT:
        break;
    }
    return ERR_INVALID;
}

static bool is_for_later(const struct firing *firing, const struct timer *timer)
{
    return timer->kind == TIMER_UNDO && firing->hands->later != NULL
           && firing->hands->later(firing->hands, timer);
}

/* Everything that was due when the round began, once. */
static enum err fire_round(struct firing *firing)
{
    struct timer last = { 0 };
    for (size_t count = TIMERS_PAGE, before = 0; count == TIMERS_PAGE; before += count) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
        struct timer *timers;
        TRY(timers_due(
            firing->store, firing->now_ms, before == 0 ? NULL : &last, &arena, &timers, &count));
        for (size_t i = 0; i < count; i++) {
            last = timers[i];
            if (firing->hands->is_stopped != NULL && firing->hands->is_stopped(firing->hands))
                return ERR_STOPPED;
            if (!is_for_later(firing, &timers[i]))
                TRY(fire_one(firing, &timers[i]));
        }
    }
    return ERR_OK;
}

enum err timers_fire(struct store *store, struct clock *clock, struct timer_hands *hands)
{
    struct firing firing = { .store = store, .clock = clock, .hands = hands };
    do {
        firing.is_going_on = false;
        TRY(timers_now(store, clock, &firing.now_ms));
        TRY(fire_round(&firing));
    } while (firing.is_going_on);
    return ERR_OK;
}

enum err timers_fire_one(
    struct store *store, struct clock *clock, struct timer_hands *hands, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct firing firing = { .store = store, .clock = clock, .hands = hands };
    struct timer timer;
    TRY(timers_get(store, id, &arena, &timer));
    TRY(timers_now(store, clock, &firing.now_ms));
    return timer.ended_ms != 0 || timer.due_ms > firing.now_ms ? ERR_OK : fire_one(&firing, &timer);
}
