/* ticker.c - see ticker.h. */
#include "serve/ticker.h"

#include "aws/environment.h"
#include "daemon/notify.h"
#include "host/pause.h"
#include "serve/alarms.h"
#include "serve/blocks.h"
#include "serve/canary.h"
#include "serve/crew.h"
#include "serve/retention.h"
#include "serve/ways.h"
#include "act/timers.h"
#include "store/resumable.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    TICK_MS = 1000,
    RELOAD_MS = 10 * 1000,
    COUNT_MS = 5 * 1000,
    RETENTION_MS = 60 * 1000,
};

struct ticker {
    struct daemon *daemon;
    pthread_t thread;
    volatile int is_stopping;
    bool is_forced; /* atomic: a signal wants it */
    const char *notify_socket;
    uint32_t watchdog_ms;
    /* in ms of elapsed time, when each was done last */
    int64_t elapsed_ms;
    int64_t reload_ms;
    int64_t count_ms;
    int64_t retention_ms;
    int64_t watchdog_at_ms;
    bool was_paused; /* at the last look, and whether that was told */
    bool is_pause_told;
    enum err look; /* of the last look at the rules */
};

/* Whether `every_ms` have passed since *last_ms, which is now then. */
static bool is_due(const struct ticker *ticker, int64_t *last_ms, int64_t every_ms)
{
    if (ticker->elapsed_ms - *last_ms < every_ms)
        return false;
    *last_ms = ticker->elapsed_ms;
    return true;
}

static void look_at_rules(struct ticker *ticker)
{
    struct daemon *daemon = ticker->daemon;
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    int64_t every_ms = block_ms(block_find(set->program, "daemon"), "reload", RELOAD_MS);
    rule_set_release(daemon->rule_sets, set);
    bool is_forced = __atomic_load_n(&ticker->is_forced, __ATOMIC_RELAXED);
    bool is_new = false;
    if (!is_due(ticker, &ticker->reload_ms, every_ms) && !is_forced)
        return;
    __atomic_store_n(&ticker->is_forced, false, __ATOMIC_RELAXED);
    enum err err = rule_sets_look(daemon->rule_sets, is_forced, &is_new);
    if (err != ERR_OK && ticker->look == ERR_OK)
        LOG(&daemon->log, LOG_LEVEL_ERROR, "the rules could not be looked at",
            LOG_TEXT("reason", str_from(err_text(err))));
    ticker->look = err;
}

static void count(const struct daemon *daemon)
{
    uint64_t waiting;
    uint64_t set_aside;
    uint64_t open;
    if (alerts_waiting_count(daemon->store, &waiting) == ERR_OK)
        metrics_set(daemon->metrics, METRIC_ALERTS_WAITING, STR(""), (double)waiting);
    if (alerts_set_aside_count(daemon->store, &set_aside) == ERR_OK)
        metrics_set(daemon->metrics, METRIC_ALERTS_SET_ASIDE, STR(""), (double)set_aside);
    if (resumable_open(daemon->store, &open) == ERR_OK)
        metrics_set(daemon->metrics, METRIC_RUNS_OPEN, STR(""), (double)open);
}

/* Tell that the switch was thrown, by a command or by hand, and that it was put back. */
static void look_at_pause(struct ticker *ticker)
{
    struct daemon *daemon = ticker->daemon;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(2 * PAUSE_BYTES_MAX);
    const char *file = pause_path(daemon->data, &arena);
    if (file == NULL)
        return;
    struct pause pause = { 0 };
    bool is_paused = pause_is_on(file);
    metrics_set(daemon->metrics, METRIC_PAUSED, STR(""), is_paused ? 1 : 0);
    if (!is_paused && ticker->is_pause_told)
        log_write(&daemon->log, LOG_LEVEL_INFO, "the pause is lifted: what waits goes on", NULL, 0);
    bool is_new = is_paused && !ticker->was_paused;
    ticker->is_pause_told &= is_paused;
    ticker->was_paused = is_paused;
    if (!is_paused || ticker->is_pause_told || pause_read(file, &arena, &pause) != ERR_OK)
        return;
    if (is_new && pause.who.len == 0)
        return; /* the file comes before its words; one by `touch` has none in a second either */
    ticker->is_pause_told = true;
    LOG(&daemon->log, LOG_LEVEL_WARNING, "paused: nothing is changed until it is lifted",
        LOG_TEXT("who", pause.who.len > 0 ? pause.who : STR("not said")),
        LOG_TEXT("reason", pause.reason), LOG_TEXT("file", str_from(file)));
}

/* A slice of what is over its time; the next follows at once while there is more. */
static void forget(struct ticker *ticker)
{
    struct daemon *daemon = ticker->daemon;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    struct retention retention;
    struct retention_done done = { 0 };
    int64_t now_ms = 0;
    enum err err = retention_read(set->program, &arena, &retention);
    if (err == ERR_OK)
        err = timers_now(daemon->store, daemon->driver->clock, &now_ms);
    if (err == ERR_OK)
        err = retention_slice(daemon->store, &retention, now_ms, &done);
    rule_set_release(daemon->rule_sets, set);
    if (err != ERR_OK)
        LOG(&daemon->log, LOG_LEVEL_WARNING, "old alerts could not be forgotten",
            LOG_TEXT("reason", str_from(err_text(err))));
    if (done.is_more)
        ticker->retention_ms = ticker->elapsed_ms - RETENTION_MS;
}

static void tick(struct ticker *ticker)
{
    struct daemon *daemon = ticker->daemon;
    look_at_pause(ticker);
    store_watch_tick(daemon->watch);
    look_at_rules(ticker);
    if (daemon->canary != NULL)
        canary_tick(daemon->canary);
    ways_tick(daemon->ways);
    if (daemon->alarms != NULL)
        alarms_tick(daemon->alarms);
    if (is_due(ticker, &ticker->count_ms, COUNT_MS))
        count(daemon);
    if (is_due(ticker, &ticker->retention_ms, RETENTION_MS))
        forget(ticker);
    if (ticker->watchdog_ms > 0 && is_due(ticker, &ticker->watchdog_at_ms, ticker->watchdog_ms))
        notify_send(ticker->notify_socket, "WATCHDOG=1");
}

static void *run(void *self)
{
    struct ticker *ticker = self;
    struct clock *clock = ticker->daemon->driver->clock;
    do {
        tick(ticker);
        ticker->elapsed_ms += TICK_MS;
    } while (clock_wait(clock, TICK_MS, &ticker->is_stopping));
    return NULL;
}

enum err ticker_start(struct daemon *daemon, struct ticker **ret_ticker)
{
    struct ticker *ticker = calloc(1, sizeof *ticker);
    if (ticker == NULL)
        return ERR_MEMORY;
    const struct aws_environment *environment = aws_environment_process();
    ticker->daemon = daemon;
    ticker->notify_socket = aws_environment_get(environment, "NOTIFY_SOCKET");
    ticker->watchdog_ms = notify_watchdog_ms(aws_environment_get(environment, "WATCHDOG_USEC"));
    if (pthread_create(&ticker->thread, NULL, run, ticker) != 0) {
        free(ticker);
        return ERR_LIMIT;
    }
    *ret_ticker = ticker;
    return ERR_OK;
}

void ticker_reload(struct ticker *ticker)
{
    __atomic_store_n(&ticker->is_forced, true, __ATOMIC_RELAXED);
}

void ticker_stop(struct ticker *ticker)
{
    if (ticker == NULL)
        return;
    __atomic_store_n(&ticker->is_stopping, 1, __ATOMIC_RELAXED);
    pthread_join(ticker->thread, NULL);
    free(ticker);
}
