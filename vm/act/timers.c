/* timers.c - see timers.h. */
#include "act/timers.h"

enum { MARK_EVERY_MS = 10 * 1000, MARK_BYTES_MAX = 4096 };

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
static enum err line_find(struct store *store, const struct reading *reading)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(MARK_BYTES_MAX);
    struct clock_mark mark;
    struct timer_line *line = timers_line(store);
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
    struct timer_line *line = timers_line(store);
    struct reading reading = clock_read(clock);
    if (!line_goes_on(line, &reading))
        TRY(line_find(store, &reading));
    line->last_ms = line_at(line, &reading);
    if (line->last_ms - line->marked_ms >= MARK_EVERY_MS) {
        struct clock_mark mark = { str_from(line->boot), reading.elapsed_ms, line->last_ms };
        TRY(timers_mark_set(store, &mark));
    }
    *ret_ms = line->last_ms;
    return ERR_OK;
}
