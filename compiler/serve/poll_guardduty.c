/* poll_guardduty.c - a way in: findings of GuardDuty, asked for every so often.
 *
 * What is asked and what a cursor is: daemon/poll.h and aws/findings.h. */
#include "serve/rounds.h"

#include "aws/findings.h"
#include "base/time.h"
#include "serve/blocks.h"

#include <stdlib.h>

enum {
    EVERY_MS = 60 * 1000,
    EVERY_MS_MIN = 1000,
    SINCE_MS = 24 * 60 * 60 * 1000,
};

struct guardduty_way {
    struct rounds rounds; /* first: a way is a struct rounds */
    struct poller poller;
    str region;
    uint32_t every_ms;
};

/* Where findings go: the intake. */
struct findings_sink {
    struct poll_sink sink;
    struct rounds *rounds;
    struct round *round;
};

static enum err keep(struct poll_sink *self, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct findings_sink *sink = (struct findings_sink *)self;
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
    struct guardduty_way *self = (struct guardduty_way *)rounds;
    struct aws_findings findings = aws_findings_of(round->transport, self->region);
    struct findings_sink sink = { { keep }, rounds, round };
    size_t found_new = 0;
    findings.now_ms = round->now_ms;
    round->pause_ms = self->every_ms;
    return poll_look(
        &self->poller, &findings.provider, &sink.sink, round->arena, &found_new, reterr_reason);
}

static void release(struct rounds *rounds)
{
    struct guardduty_way *self = (struct guardduty_way *)rounds;
    poll_release(&self->poller);
    arena_release(&rounds->arena);
    free(self);
}

static enum err start(struct guardduty_way *self, struct daemon *daemon,
    const struct daemon_block *block, struct arena *arena, const char **reterr_reason)
{
    struct rounds *rounds = &self->rounds;
    int64_t every_ms = block_ms(block, "every", EVERY_MS);
    str region = block_word(block, "region", "");
    str cursor = STR("");
    TRY(rounds_init(rounds, daemon, block));
    rounds->ask = ask;
    rounds->release = release;
    rounds->forced_source = STR("guardduty");
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
        block_ms(block, "overlap", POLL_OVERLAP_MS), block_ms(block, "since", SINCE_MS));
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
    struct guardduty_way *self = calloc(1, sizeof(*self));
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
