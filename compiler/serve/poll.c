/* poll.c - a way in: alerts of a provider, asked for every so often.
 *
 * What is asked and what a cursor is: daemon/poll.h. Another provider is a row of `services` and a
 * member of union feed. */
#include "serve/rounds.h"

#include "aws/findings.h"
#include "base/time.h"
#include "crowdstrike/alerts.h"
#include "defender/alerts.h"
#include "serve/blocks.h"

#include <stdlib.h>

enum {
    EVERY_MS = 60 * 1000,
    EVERY_MS_MIN = 1000,
    SINCE_MS = 24 * 60 * 60 * 1000,
};

/* What a round asks: made anew for each, by the connection of its rules. */
union feed {
    struct poll_provider provider; /* first of each */
    struct aws_findings findings;
    struct falcon_alerts falcon;
    struct defender_alerts defender;
};

/* Whom `provider = NAME` of a block asks. */
struct service {
    const char *name;
    const char *api;        /* `api = WORD`, of a provider with several; the first is the default */
    const char *connection; /* provider of the connection that it goes by */
    const char *source;     /* of every alert */
    int64_t overlap_ms;
    bool has_region;
    void (*open)(str region, const struct round *round, union feed *feed);
};

struct poll_way {
    struct rounds rounds; /* first: a way is a struct rounds */
    struct poller poller;
    const struct service *service;
    str region;
    uint32_t every_ms;
};

static void open_guardduty(str region, const struct round *round, union feed *feed)
{
    feed->findings = aws_findings_of(round->transport, region);
    feed->findings.now_ms = round->now_ms;
}

static void open_crowdstrike(str region, const struct round *round, union feed *feed)
{
    (void)region;
    feed->falcon = falcon_alerts_of(round->transport);
    feed->falcon.now_ms = round->now_ms;
}

static void open_defender(
    struct defender_alerts alerts, const struct round *round, union feed *feed)
{
    feed->defender = alerts;
    feed->defender.now_ms = round->now_ms;
}

static void open_graph(str region, const struct round *round, union feed *feed)
{
    (void)region;
    open_defender(defender_alerts_of(round->transport, DEFENDER_API_GRAPH), round, feed);
}

static void open_endpoint(str region, const struct round *round, union feed *feed)
{
    (void)region;
    open_defender(defender_alerts_of(round->transport, DEFENDER_API_ENDPOINT), round, feed);
}

static const struct service services[] = {
    { "guardduty", "", "aws", "guardduty", POLL_OVERLAP_MS, true, open_guardduty },
    { "crowdstrike", "", "crowdstrike", "crowdstrike", POLL_OVERLAP_MS, false, open_crowdstrike },
    { "defender", "graph", "defender", "defender", DEFENDER_ALERTS_OVERLAP_MS, false, open_graph },
    { "defender", "endpoint", "defender", "defender", DEFENDER_ALERTS_OVERLAP_MS, false,
        open_endpoint },
};

/* Where alerts go: the intake. */
struct alerts_sink {
    struct poll_sink sink;
    struct rounds *rounds;
    struct round *round;
};

static enum err keep(struct poll_sink *self, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct alerts_sink *sink = (struct alerts_sink *)self;
    struct alert_record *alerts = calloc(count + 1, sizeof(*alerts));
    if (alerts == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < count; at++)
        alerts[at].text = records[at].text;
    enum err err = rounds_put(sink->rounds, sink->round, alerts, count, cursor, ret_new);
    free(alerts);
    return err;
}

static enum err ask(struct rounds *rounds, struct round *round, const char **reterr_reason)
{
    struct poll_way *self = (struct poll_way *)rounds;
    struct alerts_sink sink = { { keep }, rounds, round };
    union feed feed;
    size_t found_new = 0;
    self->service->open(self->region, round, &feed);
    round->pause_ms = self->every_ms;
    return poll_look(
        &self->poller, &feed.provider, &sink.sink, round->arena, &found_new, reterr_reason);
}

static void release(struct rounds *rounds)
{
    struct poll_way *self = (struct poll_way *)rounds;
    poll_release(&self->poller);
    arena_release(&rounds->arena);
    free(self);
}

/* Whom the block asks. ERR_INVALID with a sentence. */
static enum err service_find(const struct daemon_block *block, struct arena *arena,
    const struct service **ret_service, const char **reterr_reason)
{
    str name = block_word(block, "provider", "");
    str api = block_word(block, "api", "");
    size_t at = 0;
    bool is_name = false;
    for (; at < COUNT_OF(services); at++) {
        is_name |= str_is(name, services[at].name);
        if (str_is(name, services[at].name) && (api.len == 0 || str_is(api, services[at].api)))
            break;
    }
    bool is_known = at < COUNT_OF(services);
    if (is_name && !is_known) {
        *reterr_reason =
            arena_format(arena, "%.*s has one API for alerts: leave `api` out", STR_ARG(name));
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
    }
    if (is_known && (services[at].has_region || block_word(block, "region", "").len == 0)) {
        *ret_service = &services[at];
        return ERR_OK;
    }
    *reterr_reason =
        is_known
            ? arena_format(arena, "%.*s is asked as a whole: leave `region` out", STR_ARG(name))
            : arena_format(arena, "nobody called '%.*s' is asked for alerts", STR_ARG(name));
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
}

static enum err start(struct poll_way *self, struct daemon *daemon,
    const struct daemon_block *block, struct arena *arena, const char **reterr_reason)
{
    struct rounds *rounds = &self->rounds;
    int64_t every_ms = block_ms(block, "every", EVERY_MS);
    str region = block_word(block, "region", "");
    str cursor = STR("");
    TRY(rounds_init(rounds, daemon, block));
    rounds->ask = ask;
    rounds->release = release;
    TRY(service_find(block, arena, &self->service, reterr_reason));
    rounds->provider = self->service->connection;
    rounds->forced_source = str_from(self->service->source);
    self->every_ms = every_ms < EVERY_MS_MIN ? EVERY_MS_MIN
                     : every_ms > INT32_MAX  ? INT32_MAX
                                             : (uint32_t)every_ms;
    self->region = arena_copy(&rounds->arena, region);
    if (self->region.ptr == NULL)
        return ERR_MEMORY;
    enum err err = cursors_get(daemon->store, rounds->way.name, arena, &cursor);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    err = poll_begin(&self->poller, err == ERR_OK ? cursor : STR(""),
        block_ms(block, "overlap", self->service->overlap_ms), block_ms(block, "since", SINCE_MS));
    if (err == ERR_INVALID)
        *reterr_reason = arena_format(arena,
            "how far %.*s has read cannot be understood: the journal is of another version of cdr",
            STR_ARG(rounds->way.name));
    TRY(err);
    return rounds_start(rounds);
}

enum err poll_start(struct daemon *daemon, const struct daemon_block *block, struct arena *arena,
    struct way **ret_way, const char **reterr_reason)
{
    struct poll_way *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return ERR_MEMORY;
    enum err err = start(self, daemon, block, arena, reterr_reason);
    if (err != ERR_OK) {
        release(&self->rounds);
        return err;
    }
    *ret_way = &self->rounds.way;
    return ERR_OK;
}
