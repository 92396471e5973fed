/* canary.c - see canary.h. */
#include "serve/canary.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_SIZE = 160, READ_BYTES_MAX = 64 * 1024, MS_PER_S = 1000 };

enum stage {
    STAGE_IDLE,   /* none is under way */
    STAGE_INTAKE, /* the intake has it */
    STAGE_STORED, /* it is on disk, and to be evaluated */
    STAGE_DONE,   /* evaluated, and to be forgotten */
};

struct canary {
    struct daemon *daemon;
    int64_t every_ms;
    int64_t begun_at; /* when the last was due, by a clock that nobody sets */
    uint64_t number;
    bool has_ended; /* the last has: evaluated, or set aside */
    char text[TEXT_SIZE];
    struct alert_record alert;
    struct intake_batch batch;
    pthread_mutex_t lock; /* over all below */
    enum stage stage;
    const char *why; /* why it is late; NULL: it is not */
    int64_t last_ms;
};

/* ---- time ---- */

static struct clock *clock_of(const struct canary *canary)
{
    return canary->daemon->log.clock;
}

/* ---- what it is ---- */

static void set_stage(struct canary *canary, enum stage stage)
{
    pthread_mutex_lock(&canary->lock);
    canary->stage = stage;
    pthread_mutex_unlock(&canary->lock);
}

static enum stage stage_of(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    enum stage stage = canary->stage;
    pthread_mutex_unlock(&canary->lock);
    return stage;
}

struct canary_state canary_state(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    struct canary_state state = {
        .is_bad = canary->why != NULL, .why = canary->why, .last_ms = canary->last_ms
    };
    pthread_mutex_unlock(&canary->lock);
    return state;
}

/* Good is told when it was bad before; bad each time it has another reason. */
static void set_why(struct canary *canary, const char *why)
{
    const struct log *log = &canary->daemon->log;
    pthread_mutex_lock(&canary->lock);
    const char *former = canary->why;
    canary->why = why;
    pthread_mutex_unlock(&canary->lock);
    if (why == former)
        return;
    if (why != NULL)
        LOG(log, LOG_LEVEL_ERROR, "an alert of our own did not take the whole way in time",
            LOG_TEXT("why", str_from(why)), LOG_NUMBER("every_s", canary->every_ms / MS_PER_S));
    else
        LOG(log, LOG_LEVEL_WARNING, "alerts of our own take the whole way again",
            LOG_NUMBER("every_s", canary->every_ms / MS_PER_S));
}

/* ---- the way ---- */

/* From the thread of the intake. */
static void stored(struct intake_batch *batch, enum err err)
{
    struct canary *canary = batch->self;
    set_stage(canary, err == ERR_OK ? STAGE_STORED : STAGE_IDLE);
}

static void send_one(struct canary *canary)
{
    struct clock *clock = clock_of(canary);
    int size = snprintf(canary->text, sizeof canary->text,
        "{\"canary\":\"%.*s\",\"number\":%" PRIu64 ",\"at_ms\":%" PRId64 "}",
        STR_ARG(store_id(canary->daemon->store)), ++canary->number, clock->now_ms(clock));
    canary->alert = (struct alert_record){ .way = STR(CANARY_WAY),
        .text = { canary->text, (size_t)size },
        .received_ms = clock->now_ms(clock) };
    canary->batch = (struct intake_batch){
        .alerts = &canary->alert, .count = 1, .way = STR(CANARY_WAY), .done = stored, .self = canary
    };
    set_stage(canary, STAGE_INTAKE);
    if (intake_submit(canary->daemon->intake, &canary->batch) != ERR_OK)
        set_stage(canary, STAGE_IDLE);
}

/* What became of the one that is on disk. */
static enum err look(struct canary *canary, enum alert_state *ret_state)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(READ_BYTES_MAX);
    struct alert_record record;
    TRY(alerts_get(canary->daemon->store, canary->alert.id, &arena, &record));
    *ret_state = record.state;
    return ERR_OK;
}

static void end(struct canary *canary)
{
    canary->has_ended = true;
    set_stage(canary, STAGE_DONE);
}

static void arrived(struct canary *canary)
{
    int64_t now_ms = clock_of(canary)->now_ms(clock_of(canary));
    metrics_set(canary->daemon->metrics, METRIC_CANARY_LAST, STR(""), (double)now_ms / MS_PER_S);
    pthread_mutex_lock(&canary->lock);
    canary->last_ms = now_ms;
    pthread_mutex_unlock(&canary->lock);
    end(canary);
    set_why(canary, NULL);
}

static const char *late_at(enum stage stage)
{
    switch (stage) {
    case STAGE_IDLE:
        return "it could not be stored";
    case STAGE_INTAKE:
        return "it was not stored in time";
    case STAGE_STORED:
        return "it was stored, and not evaluated in time";
    case STAGE_DONE:
        break;
    }
    return "the last one cannot be forgotten, so there is no other";
}

/* Where it is now. An error of the store leaves it there: that is late too. */
static void move_on(struct canary *canary)
{
    enum alert_state state = ALERT_WAITING;
    if (stage_of(canary) == STAGE_STORED) {
        enum err err = look(canary, &state);
        if (err == ERR_OK && state == ALERT_EVALUATED)
            arrived(canary);
        if (err == ERR_OK && state == ALERT_DEAD) {
            set_why(canary, "it was set aside");
            end(canary);
        }
        /* Somebody has deleted it: another one takes its place. */
        if (err == ERR_NOT_FOUND)
            set_stage(canary, STAGE_IDLE);
    }
    if (stage_of(canary) == STAGE_DONE) {
        enum err err = alerts_forget_one(canary->daemon->store, canary->alert.id);
        if (err == ERR_OK || err == ERR_NOT_FOUND)
            set_stage(canary, STAGE_IDLE);
    }
}

void canary_tick(struct canary *canary)
{
    if (canary->every_ms <= 0)
        return;
    int64_t now_at = clock_elapsed_ms(clock_of(canary));
    bool is_over = now_at - canary->begun_at >= canary->every_ms;
    move_on(canary);
    enum stage stage = stage_of(canary);
    if (!canary->has_ended || stage != STAGE_IDLE) {
        if (is_over)
            set_why(canary, late_at(stage));
        /* One that was refused goes in again: the period is that of the whole way. While one is
         * under way there is no second: they must not fill the journal. */
        if (!canary->has_ended && stage == STAGE_IDLE)
            send_one(canary);
        return;
    }
    if (!is_over)
        return;
    canary->begun_at = now_at;
    canary->has_ended = false;
    send_one(canary);
}

enum err canary_new(struct daemon *daemon, int64_t every_ms, struct canary **ret_canary)
{
    struct canary *canary = calloc(1, sizeof *canary);
    if (canary == NULL)
        return ERR_MEMORY;
    canary->daemon = daemon;
    canary->every_ms = every_ms;
    canary->has_ended = true;
    canary->begun_at = clock_elapsed_ms(clock_of(canary)) - every_ms; /* the first is due at once */
    canary->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    *ret_canary = canary;
    return ERR_OK;
}

void canary_free(struct canary *canary)
{
    if (canary == NULL)
        return;
    pthread_mutex_destroy(&canary->lock);
    free(canary);
}
