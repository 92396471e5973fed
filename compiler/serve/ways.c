/* ways.c - see ways.h. */
#include "serve/ways.h"

#include "base/json_writer.h"
#include "serve/blocks.h"
#include "store/audit.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    WATCH_TEXT_BYTES_MAX = 256,
    SAVE_EVERY_MS = 60 * 1000, /* at most; what a crash may forget of a silence */
    SAVES_OF_SILENCE = 10,     /* and so often within `silent_after` */
    MS_PER_S = 1000,
};

/* Blocks that are ways in, and what makes them; NULL: something else brings the alerts. */
static const struct {
    const char *kind;
    way_start *start;
} kinds[] = {
    { "follow", follow_start },
    { "poll", poll_start },
    { "queue", queue_start },
    { "syslog", syslog_start },
    { "webhook", NULL },
};

/* A way, and since when it has brought nothing. */
struct watch {
    struct way fixed; /* name and silent_after; of a webhook all there is */
    struct way *way;  /* that runs, or NULL */
    str key;          /* of cursors_set */
    int64_t heard_at; /* elapsed_ms, moved back by the silence before a restart */
    int64_t heard_ms; /* by the wall clock; 0: never */
    int64_t saved_at; /* elapsed_ms */
    bool is_silent;
    bool is_silent_audited; /* the last entry of the audit log that tells of it */
};

struct ways {
    struct daemon *daemon;
    struct arena arena;   /* names */
    pthread_mutex_t lock; /* over heard_* */
    struct watch *watches;
    size_t count;
};

/* ---- time ---- */

static struct clock *clock_of(const struct ways *ways)
{
    return ways->daemon->log.clock;
}

/* ---- who has brought something ---- */

static struct watch *find_watch(struct ways *ways, str name)
{
    for (size_t at = 0; ways != NULL && at < ways->count; at++)
        if (str_equal(ways->watches[at].fixed.name, name))
            return &ways->watches[at];
    return NULL;
}

const struct way *ways_find(struct ways *ways, str name)
{
    struct watch *watch = find_watch(ways, name);
    return watch == NULL ? NULL : &watch->fixed;
}

void way_has_brought(struct daemon *daemon, const struct way *way, uint64_t count)
{
    struct ways *ways = daemon->ways;
    int64_t now_ms = daemon->log.clock->now_ms(daemon->log.clock);
    struct watch *watch = find_watch(ways, way->name);
    if (count > 0)
        metrics_add(daemon->metrics, METRIC_ALERTS_RECEIVED, way->name, (double)count);
    metrics_set(daemon->metrics, METRIC_WAY_LAST, way->name, (double)now_ms / MS_PER_S);
    /* A provider that was asked and had none is no silence of the way, but one of the alerts. */
    if (watch == NULL || count == 0)
        return;
    int64_t now_at = clock_elapsed_ms(daemon->log.clock);
    pthread_mutex_lock(&ways->lock);
    watch->heard_at = now_at;
    watch->heard_ms = now_ms;
    pthread_mutex_unlock(&ways->lock);
}

bool ways_view(struct ways *ways, size_t at, struct way_view *ret_view)
{
    if (ways == NULL || at >= ways->count)
        return false;
    struct watch *watch = &ways->watches[at];
    pthread_mutex_lock(&ways->lock);
    *ret_view = (struct way_view){ .name = watch->fixed.name,
        .silent_after_ms = watch->fixed.silent_after_ms,
        .last_ms = watch->heard_ms,
        .is_silent = watch->is_silent };
    pthread_mutex_unlock(&ways->lock);
    return true;
}

/* ---- over a restart ---- */

static enum err save(struct ways *ways, struct watch *watch, int64_t now_at)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(WATCH_TEXT_BYTES_MAX);
    struct json_writer json = { .out = &text };
    pthread_mutex_lock(&ways->lock);
    int64_t silence = now_at - watch->heard_at;
    int64_t heard_ms = watch->heard_ms;
    pthread_mutex_unlock(&ways->lock);
    json_open(&json, NULL, '{');
    json_number(&json, "silence_ms", silence < 0 ? 0 : (uint64_t)silence);
    json_number(&json, "heard_ms", heard_ms < 0 ? 0 : (uint64_t)heard_ms);
    json_bool(&json, "is_silent", watch->is_silent_audited);
    json_close(&json, '}');
    TRY(text.err);
    watch->saved_at = now_at;
    return cursors_set(
        ways->daemon->store, watch->key, buf_str(&text), clock_of(ways)->now_ms(clock_of(ways)));
}

static enum err load(struct ways *ways, struct watch *watch, struct arena *arena)
{
    str text;
    enum err err = cursors_get(ways->daemon->store, watch->key, arena, &text);
    watch->heard_at = watch->saved_at = clock_elapsed_ms(clock_of(ways));
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    json_t *json = json_loadb(text.ptr, text.len, 0, NULL);
    watch->heard_at -= json_integer_value(json_object_get(json, "silence_ms"));
    watch->heard_ms = json_integer_value(json_object_get(json, "heard_ms"));
    watch->is_silent_audited = json_is_true(json_object_get(json, "is_silent"));
    watch->is_silent = watch->is_silent_audited;
    json_decref(json);
    if (watch->is_silent)
        metrics_set(ways->daemon->metrics, METRIC_WAY_SILENT, watch->fixed.name, 1);
    return ERR_OK;
}

/* ---- silence ---- */

static void tell(struct ways *ways, struct watch *watch, int64_t silence_ms)
{
    const struct log *log = &ways->daemon->log;
    metrics_set(ways->daemon->metrics, METRIC_WAY_SILENT, watch->fixed.name, watch->is_silent);
    if (watch->is_silent)
        LOG(log, LOG_LEVEL_ERROR, "a way in brings no alerts", LOG_TEXT("way", watch->fixed.name),
            LOG_NUMBER("for_s", silence_ms / MS_PER_S),
            LOG_NUMBER("silent_after_s", watch->fixed.silent_after_ms / MS_PER_S));
    else
        LOG(log, LOG_LEVEL_WARNING, "a way in brings alerts again",
            LOG_TEXT("way", watch->fixed.name));
}

/* The entry and what a restart goes by are written together: neither tells of it twice. */
static enum err audit(struct ways *ways, struct watch *watch, int64_t now_at)
{
    struct store *store = ways->daemon->store;
    CLEANUP(buf_release) struct buf reason = BUF_INIT(WATCH_TEXT_BYTES_MAX);
    if (watch->is_silent)
        buf_addf(&reason, "it brought no alert for %" PRId64 " s",
            watch->fixed.silent_after_ms / MS_PER_S);
    TRY(reason.err);
    struct audit_entry entry = { .event = watch->is_silent ? "way_silent" : "way_heard",
        .who = STR("cdr"),
        .at_ms = clock_of(ways)->now_ms(clock_of(ways)),
        .step = -1,
        .target = watch->fixed.name,
        .reason = buf_str(&reason) };
    bool was_audited = watch->is_silent_audited;
    int64_t seq;
    TRY(store_begin(store));
    enum err err = audit_append(store, &entry, &seq);
    watch->is_silent_audited = watch->is_silent;
    if (err == ERR_OK)
        err = save(ways, watch, now_at);
    err = store_end(store, err);
    if (err != ERR_OK)
        watch->is_silent_audited = was_audited;
    return err;
}

static int64_t save_every_ms(const struct watch *watch)
{
    int64_t part = watch->fixed.silent_after_ms / SAVES_OF_SILENCE;
    return part < SAVE_EVERY_MS ? part : SAVE_EVERY_MS;
}

static void tick(struct ways *ways, struct watch *watch)
{
    int64_t now_at = clock_elapsed_ms(clock_of(ways));
    pthread_mutex_lock(&ways->lock);
    int64_t silence = now_at - watch->heard_at;
    bool was_silent = watch->is_silent;
    watch->is_silent = silence >= watch->fixed.silent_after_ms;
    pthread_mutex_unlock(&ways->lock);
    if (watch->is_silent != was_silent)
        tell(ways, watch, silence);
    /* What cannot be written is tried again at the next tick. Metric and log have told already, and
     * the daemon's health tells of the store. */
    if (watch->is_silent != watch->is_silent_audited)
        (void)audit(ways, watch, now_at);
    else if (now_at - watch->saved_at >= save_every_ms(watch))
        (void)save(ways, watch, now_at);
}

void ways_tick(struct ways *ways)
{
    for (size_t at = 0; at < ways->count; at++)
        if (ways->watches[at].fixed.silent_after_ms > 0)
            tick(ways, &ways->watches[at]);
}

/* ---- starting and stopping ---- */

/* Its row in `kinds`; -1: the block is no way in. */
static int kind_of(const struct daemon_block *block)
{
    for (size_t at = 0; at < COUNT_OF(kinds); at++)
        if (str_is(block->kind, kinds[at].kind))
            return (int)at;
    return -1;
}

static enum err add_watch(
    struct ways *ways, const struct daemon_block *block, struct arena *scratch)
{
    struct watch *watch = &ways->watches[ways->count];
    const char *name =
        arena_format(&ways->arena, "%.*s %.*s", STR_ARG(block->kind), STR_ARG(block->name));
    const char *key = name == NULL ? NULL : arena_format(&ways->arena, "watch %s", name);
    if (key == NULL)
        return ERR_MEMORY;
    *watch = (struct watch){ .fixed = { .name = str_from(name),
                                 .silent_after_ms = block_ms(block, "silent_after", 0) },
        .key = str_from(key) };
    if (watch->fixed.silent_after_ms > 0)
        TRY(load(ways, watch, scratch));
    ways->count++;
    return ERR_OK;
}

/* All are watched before the first runs: none brings something that is not noticed. */
static enum err start_all(struct ways *ways, const struct program *program, struct arena *arena,
    const char **reterr_reason)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(1024 * 1024);
    for (uint32_t at = 0; at < program->daemon_block_count; at++)
        if (kind_of(&program->daemon_blocks[at]) >= 0)
            TRY(add_watch(ways, &program->daemon_blocks[at], &scratch));
    for (uint32_t at = 0, watch = 0; at < program->daemon_block_count; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        int kind = kind_of(block);
        if (kind < 0)
            continue;
        struct way **way = &ways->watches[watch++].way;
        if (kinds[kind].start != NULL)
            TRY(kinds[kind].start(ways->daemon, block, arena, way, reterr_reason));
    }
    return ERR_OK;
}

enum err ways_start(struct daemon *daemon, const struct program *program, struct arena *arena,
    const char **reterr_reason)
{
    struct ways *ways = calloc(1, sizeof *ways);
    if (ways == NULL)
        return ERR_MEMORY;
    *ways = (struct ways){ .daemon = daemon,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .watches = calloc(program->daemon_block_count + 1, sizeof *ways->watches) };
    daemon->ways = ways;
    enum err err =
        ways->watches == NULL ? ERR_MEMORY : start_all(ways, program, arena, reterr_reason);
    if (err != ERR_OK)
        ways_stop(daemon);
    return err;
}

void ways_stop(struct daemon *daemon)
{
    struct ways *ways = daemon->ways;
    if (ways == NULL)
        return;
    for (size_t at = ways->count; at-- > 0;)
        if (ways->watches[at].way != NULL)
            ways->watches[at].way->stop(ways->watches[at].way);
    for (size_t at = 0; at < ways->count; at++)
        if (ways->watches[at].fixed.silent_after_ms > 0)
            /* Else the silence is that of the last time. */
            (void)save(ways, &ways->watches[at], clock_elapsed_ms(clock_of(ways)));
    daemon->ways = NULL;
    free(ways->watches);
    arena_release(&ways->arena);
    pthread_mutex_destroy(&ways->lock);
    free(ways);
}
