/* rounds.c - see rounds.h. */
#include "serve/rounds.h"

#include "daemon/poll.h"
#include "serve/blocks.h"

#include <stdio.h>
#include <sys/random.h>

enum {
    CONNECTION_NAME_MAX = 128,
    FULL_PAUSE_MS = 250,  /* while too much waits to be written */
    FULL_TRIES_MAX = 240, /* for a minute */
};

/* ---- alerts in ---- */

/* One transaction of what was read, or of the cursor alone. */
static enum err put(struct rounds *rounds, struct alert_record *alerts, size_t count, str cursor)
{
    struct daemon *daemon = rounds->daemon;
    struct intake_batch batch = {
        .alerts = alerts, .count = count, .way = rounds->way.name, .cursor = cursor
    };
    batch.message = batch.message_digest = STR("");
    if (count == 0) {
        int64_t now_ms = daemon->driver->clock->now_ms(daemon->driver->clock);
        TRY(store_begin(daemon->store));
        return store_end(
            daemon->store, cursors_set(daemon->store, rounds->way.name, cursor, now_ms));
    }
    enum err err = intake_put(daemon->intake, &batch);
    for (unsigned tries = 1; err == ERR_LIMIT && tries < FULL_TRIES_MAX; tries++) {
        if (!way_thread_wait(&rounds->thread, FULL_PAUSE_MS))
            return ERR_STOPPED;
        err = intake_put(daemon->intake, &batch);
    }
    return err;
}

enum err rounds_put(struct rounds *rounds, struct round *round, struct alert_record *alerts,
    size_t count, str cursor, size_t *ret_new)
{
    struct daemon *daemon = rounds->daemon;
    int64_t now_ms = daemon->driver->clock->now_ms(daemon->driver->clock);
    size_t known = 0;
    for (size_t at = 0; at < count; at++)
        alerts[at] = (struct alert_record){ .way = rounds->way.name,
            .forced_source = rounds->forced_source,
            .text = alerts[at].text,
            .received_ms = now_ms };
    if (way_thread_is_stopped(&rounds->thread))
        return ERR_STOPPED;
    enum err err = put(rounds, alerts, count, cursor);
    rounds->is_ingest = err != ERR_OK;
    TRY(err);
    for (size_t at = 0; at < count; at++)
        known += alerts[at].copies > 0;
    if (known > 0)
        metrics_add(daemon->metrics, METRIC_ALERTS_KNOWN, rounds->way.name, (double)known);
    if (count > 0)
        way_has_brought(daemon, &rounds->way, count);
    round->put += count;
    *ret_new = count - known;
    return ERR_OK;
}

/* ---- a round ---- */

/* Go by the rules in force; `name` is what they call the connection. */
static enum err connection_follow(struct rounds *rounds, char name[static CONNECTION_NAME_MAX])
{
    struct rule_sets *sets = rounds->daemon->rule_sets;
    struct rule_set *set = rule_sets_current(sets);
    const struct program *program = set->program;
    str found = str_from(rounds->provider);
    for (uint32_t at = program->connection_count; at > 0; at--)
        if (str_is(program->connections[at - 1].provider, rounds->provider))
            found = program->connections[at - 1].name;
    snprintf(name, CONNECTION_NAME_MAX, "%.*s", STR_ARG(found));
    enum err err = connector_use(&rounds->connector, program);
    rule_set_release(sets, set);
    return err;
}

/* Nothing of a connection that failed is kept: a credential that was put right, a file that is there
 * now, are seen by the next one. */
static void connection_forget(struct rounds *rounds)
{
    connector_release(&rounds->connector);
    rounds->connector.clock = rounds->daemon->driver->clock;
    rounds->connector.stop = &rounds->stop;
}

/* The way to AWS, which tells its time; NULL with a sentence. */
static void reach_aws(struct rounds *rounds, struct round *round, const char **reterr_reason)
{
    struct aws_connection *base = connector_base(&rounds->connector, reterr_reason);
    if (base == NULL)
        return;
    round->transport = connector_reach(&rounds->connector, STR(""), reterr_reason);
    round->now_ms = aws_connection_now_ms(base);
}

/* To somebody else, by our own clock. */
static void reach(struct rounds *rounds, struct round *round, const char **reterr_reason)
{
    struct executor asking = { .clock = rounds->connector.clock, .self = &rounds->connector };
    round->transport = connector_connect(&asking, rounds->provider, STR(""), reterr_reason);
    round->now_ms = asking.clock->now_ms(asking.clock);
}

static enum err ask(struct rounds *rounds, struct round *round, const char **reterr_reason)
{
    const char *reason = NULL;
    if (strcmp(rounds->provider, "aws") == 0)
        reach_aws(rounds, round, &reason);
    else
        reach(rounds, round, &reason);
    if (round->transport == NULL) {
        *reterr_reason = reason;
        return ERR_CREDENTIALS;
    }
    return rounds->ask(rounds, round, reterr_reason);
}

/* Count a failure, tell the first, and say how long to wait. */
static uint32_t failed(
    struct rounds *rounds, const char *connection, enum err err, const char *reason)
{
    struct daemon *daemon = rounds->daemon;
    uint32_t random = 0;
    if (rounds->is_ingest)
        metrics_add(daemon->metrics, METRIC_INGEST_FAILED, rounds->way.name, 1);
    else
        metrics_add(daemon->metrics, METRIC_PROVIDER_FAILED, str_from(connection), 1);
    if (rounds->failures == 0)
        LOG(&daemon->log, LOG_LEVEL_WARNING,
            rounds->is_ingest ? "alerts cannot be stored, so they are not acknowledged"
                              : "a way in cannot ask for alerts; it is tried again",
            LOG_TEXT("way", rounds->way.name),
            LOG_TEXT("reason", str_from(reason == NULL ? err_text(err) : reason)));
    if (rounds->failures < UINT16_MAX)
        rounds->failures++;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = 0;
    return poll_pause_ms(rounds->failures, random, 0);
}

static void went_well(struct rounds *rounds, const struct round *round)
{
    struct daemon *daemon = rounds->daemon;
    if (rounds->failures > 0)
        LOG(&daemon->log, LOG_LEVEL_INFO, "a way in gets alerts again",
            LOG_TEXT("way", rounds->way.name), LOG_NUMBER("failures", rounds->failures));
    rounds->failures = 0;
    if (round->put == 0)
        way_has_brought(daemon, &rounds->way, 0);
}

/* *ret_pause_ms: until the next one. */
static enum err one_round(struct rounds *rounds, uint32_t *ret_pause_ms)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(ROUND_BYTES_MAX);
    struct round round = { .arena = &arena };
    char connection[CONNECTION_NAME_MAX];
    const char *reason = NULL;
    rounds->is_ingest = false;
    enum err err = connection_follow(rounds, connection);
    if (err == ERR_OK)
        err = ask(rounds, &round, &reason);
    if (err == ERR_STOPPED || way_thread_is_stopped(&rounds->thread))
        return ERR_STOPPED;
    *ret_pause_ms = round.pause_ms;
    if (err == ERR_OK) {
        went_well(rounds, &round);
        return ERR_OK;
    }
    *ret_pause_ms = failed(rounds, connection, err, reason);
    connection_forget(rounds);
    return ERR_OK;
}

static void *run(void *self)
{
    struct rounds *rounds = self;
    uint32_t pause_ms = 0;
    do {
        if (one_round(rounds, &pause_ms) == ERR_STOPPED)
            break;
    } while (way_thread_wait(&rounds->thread, pause_ms));
    connector_release(&rounds->connector);
    return NULL;
}

/* ---- begin and end ---- */

static void stop(struct way *way)
{
    struct rounds *rounds = (struct rounds *)way;
    __atomic_store_n(&rounds->stop, 1, __ATOMIC_RELAXED);
    way_thread_stop(&rounds->thread);
    rounds->release(rounds);
}

enum err rounds_init(struct rounds *rounds, struct daemon *daemon, const struct daemon_block *block)
{
    const char *name =
        arena_format(&rounds->arena, "%.*s %.*s", STR_ARG(block->kind), STR_ARG(block->name));
    rounds->daemon = daemon;
    rounds->provider = "aws";
    rounds->forced_source = STR("");
    rounds->way = (struct way){
        .name = str_from(name), .silent_after_ms = block_ms(block, "silent_after", 0), .stop = stop
    };
    return name == NULL ? ERR_MEMORY : ERR_OK;
}

enum err rounds_start(struct rounds *rounds)
{
    connection_forget(rounds);
    return way_thread_start(&rounds->thread, run, rounds);
}
