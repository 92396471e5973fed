/* queue.c - a way in: alerts out of a queue of SQS, deleted there once they are on disk here.
 *
 * What was not deleted comes again and is known. What is no alert goes in too: the evaluator sets it
 * aside, with the reason, where a person sees it. */
#include "serve/rounds.h"

#include "aws/messages.h"
#include "serve/blocks.h"

#include <stdlib.h>

enum {
    /* A queue that answers at once that it has nothing is not asked again at once. */
    EMPTY_PAUSE_MS = 1000,
    EMPTY_ANSWER_MS = (SQS_WAIT_S_MAX - 1) * 1000,
};

struct queue_way {
    struct rounds rounds; /* first: a way is a struct rounds */
    str url;
    str region;
    uint32_t most; /* messages of the next round: fewer after a failure, for ten large ones may be
                    * more than an answer can be */
};

static enum err take(struct queue_way *self, struct round *round,
    const struct aws_message *messages, size_t count, const char **reterr_reason)
{
    struct rounds *rounds = &self->rounds;
    struct alert_record alerts[SQS_BATCH_MAX] = { { .text = { NULL, 0 } } };
    size_t found_new = 0, kept = 0;
    for (size_t at = 0; at < count; at++)
        alerts[at].text = messages[at].text;
    TRY(rounds_put(rounds, round, alerts, count, STR(""), &found_new));
    TRY(aws_messages_delete(round->transport, self->region, self->url, messages, count,
        round->arena, &kept, reterr_reason));
    return kept == 0 ? ERR_OK : ERR_TRANSPORT;
}

static enum err receive(struct queue_way *self, struct round *round, const char **reterr_reason)
{
    struct clock *clock = self->rounds.daemon->driver->clock;
    struct aws_message messages[SQS_BATCH_MAX];
    size_t count = 0, broken = 0;
    int64_t asked_ms = clock->now_ms(clock);
    TRY(aws_messages_receive(round->transport, self->region, self->url, self->most, SQS_WAIT_S_MAX,
        round->arena, messages, &count, &broken, reterr_reason));
    bool was_quick = clock->now_ms(clock) - asked_ms < EMPTY_ANSWER_MS;
    round->pause_ms = count == 0 && was_quick ? EMPTY_PAUSE_MS : 0;
    if (count > 0)
        TRY(take(self, round, messages, count, reterr_reason));
    if (broken == 0)
        return ERR_OK;
    *reterr_reason = "a message of the queue came over broken (MD5OfBody); it comes again";
    return ERR_TRANSPORT;
}

static enum err ask(struct rounds *rounds, struct round *round, const char **reterr_reason)
{
    struct queue_way *self = (struct queue_way *)rounds;
    enum err err = receive(self, round, reterr_reason);
    self->most = err == ERR_OK ? self->most * 2 : self->most / 2;
    if (self->most > SQS_BATCH_MAX)
        self->most = SQS_BATCH_MAX;
    if (self->most == 0)
        self->most = 1;
    return err;
}

static void release(struct rounds *rounds)
{
    arena_release(&rounds->arena);
    free(rounds);
}

static enum err start(struct queue_way *self, struct daemon *daemon,
    const struct daemon_block *block, struct arena *arena, const char **reterr_reason)
{
    struct rounds *rounds = &self->rounds;
    str url;
    TRY(rounds_init(rounds, daemon, block));
    TRY(block_text(block, "url", arena, &url, reterr_reason));
    rounds->ask = ask;
    rounds->release = release;
    rounds->forced_source = arena_copy(&rounds->arena, block_word(block, "source", ""));
    self->url = arena_copy(&rounds->arena, url);
    self->region = aws_queue_region(self->url);
    self->most = SQS_BATCH_MAX;
    if (rounds->arena.is_full)
        return ERR_MEMORY;
    return rounds_start(rounds);
}

enum err queue_start(struct daemon *daemon, const struct daemon_block *block, struct arena *arena,
    struct way **ret_way, const char **reterr_reason)
{
    struct queue_way *self = calloc(1, sizeof(*self));
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
