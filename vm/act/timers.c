/* timers.c - see timers.h. */
#include "act/timers.h"

#include "base/time.h"
#include "store/audit.h"

enum { MARK_EVERY_MS = 10 * 1000, TIMER_BYTES_MAX = 16 * 1024 };

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
    if (code->for_ms <= 0 || (outcome->turn != STEP_DONE && outcome->turn != STEP_PARTIAL))
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

static enum err retry_set(struct store *store, struct clock *clock, struct timer *timer)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TIMER_BYTES_MAX);
    struct timer last;
    uint32_t before = 0;
    enum err err = timers_find(store, TIMER_RETRY, timer->run, 0, &arena, &last, &before);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    int64_t wait_ms = RETRY_FIRST_MS;
    for (; before > 0 && wait_ms < RETRY_LAST_MS; before--)
        wait_ms *= 2;
    TRY(timers_now(store, clock, &timer->set_ms));
    timer->due_ms = timer->set_ms + (wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS);
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
