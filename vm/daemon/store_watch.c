/* store_watch.c - see store_watch.h. */
#include "daemon/store_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_BYTES = 256 };

struct store_watch {
    const struct log *log;
    struct metrics *metrics;
    pthread_mutex_t lock; /* over what follows */
    bool is_failed;
    unsigned quiet; /* ticks since the last failure */
    char reason[REASON_BYTES];
};

enum err store_watch_new(
    const struct log *log, struct metrics *metrics, struct store_watch **ret_watch)
{
    struct store_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return ERR_MEMORY;
    watch->log = log;
    watch->metrics = metrics;
    pthread_mutex_init(&watch->lock, NULL);
    *ret_watch = watch;
    return ERR_OK;
}

void store_watch_failed(struct store_watch *watch, const char *doing, const char *reason)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    bool is_first = !watch->is_failed;
    watch->is_failed = true;
    watch->quiet = 0;
    snprintf(watch->reason, sizeof watch->reason, "%s", reason);
    metrics_set(watch->metrics, METRIC_STORE_FAILED, STR(""), 1);
    if (is_first)
        LOG(watch->log, LOG_LEVEL_ERROR, "the journal cannot be written",
            LOG_TEXT("doing", str_from(doing)), LOG_TEXT("reason", str_from(reason)));
    pthread_mutex_unlock(&watch->lock);
}

void store_watch_tick(struct store_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    if (watch->is_failed && ++watch->quiet > STORE_WATCH_QUIET_TICKS) {
        watch->is_failed = false;
        metrics_set(watch->metrics, METRIC_STORE_FAILED, STR(""), 0);
        LOG(watch->log, LOG_LEVEL_INFO, "the journal is written again",
            LOG_TEXT("before", str_from(watch->reason)));
    }
    pthread_mutex_unlock(&watch->lock);
}

str store_watch_reason(struct store_watch *watch, struct arena *arena)
{
    str reason = STR("");
    if (watch == NULL)
        return reason;
    pthread_mutex_lock(&watch->lock);
    if (watch->is_failed)
        reason = arena_copy(arena, str_from(watch->reason));
    pthread_mutex_unlock(&watch->lock);
    return reason;
}

void store_watch_free(struct store_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
