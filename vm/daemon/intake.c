/* intake.c - see intake.h.
 *
 * One thread writes: it takes what has gathered since it last looked, up to a group, so that the
 * more comes the more shares a commit, and a single one never waits for others. Owns the queue, the
 * memory of the batches stays with those who sent them.
 */
#include "daemon/intake.h"

#include "host/condition.h"
#include "store/store.h"

#include <signal.h>
#include <stdlib.h>

enum {
    GROUP_ALERTS_MAX = 4096, /* of one transaction, and */
    GROUP_BYTES_MAX = 8 * 1024 * 1024,
    QUEUE_BYTES_DEFAULT = 64 * 1024 * 1024,
    ALERT_OVERHEAD = 512, /* what an alert without text counts for in the queue */
    PROBE_MS = 1000,      /* how often a store that failed is tried while nothing comes in .. */
    IDLE_PROBE_MS = 5000, /* .. and any other: who sends is not the first to learn of a full disk */
};

struct intake {
    struct intake_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t changed;
    struct intake_batch *first; /* waits; the oldest */
    struct intake_batch **last;
    uint64_t queued_bytes; /* of those, and of the group that is being written */
    enum err state;
    bool is_stopping;
};

/* What is written in one transaction. */
struct group {
    struct intake_batch *first;
    struct intake_batch **last;
    bool is_new; /* it brought an alert that was not known */
};

static uint64_t bytes_of(const struct intake_batch *batch)
{
    uint64_t bytes = ALERT_OVERHEAD;
    for (size_t i = 0; i < batch->count; i++)
        bytes += batch->alerts[i].text.len + ALERT_OVERHEAD;
    return bytes;
}

/* Take from the queue what fits into one transaction: at least one batch. Under the lock. */
static struct group group_take(struct intake *intake)
{
    struct group group = { .first = NULL };
    size_t alerts = 0;
    uint64_t bytes = 0;
    group.last = &group.first;
    while (intake->first != NULL) {
        struct intake_batch *batch = intake->first;
        alerts += batch->count;
        bytes += bytes_of(batch);
        if (group.first != NULL && (alerts > GROUP_ALERTS_MAX || bytes > GROUP_BYTES_MAX))
            break;
        intake->first = batch->next;
        if (intake->first == NULL)
            intake->last = &intake->first;
        batch->next = NULL;
        *group.last = batch;
        group.last = &batch->next;
    }
    return group;
}

static int64_t received(const struct intake_batch *batch)
{
    return batch->count == 0 ? 0 : batch->alerts[0].received_ms;
}

/* Write a batch, inside a transaction. ERR_INVALID, with nothing written: its message is another's. */
static enum err batch_write(struct store *store, struct intake_batch *batch, bool *ret_is_new)
{
    if (batch->message.len > 0 && batch->count > 0)
        TRY(messages_note(store, batch->way, batch->message, batch->message_digest, received(batch),
            &batch->is_known));
    for (size_t i = 0; i < batch->count; i++) {
        bool is_new = false;
        /* Of a message that is known nothing is stored, though its alerts may be forgotten by now. */
        if (batch->is_known)
            TRY(alerts_count_again(store, &batch->alerts[i]));
        else
            TRY(alerts_put(store, &batch->alerts[i], &is_new));
        *ret_is_new = *ret_is_new || is_new;
    }
    return batch->cursor.len == 0 ? ERR_OK
                                  : cursors_set(store, batch->way, batch->cursor, received(batch));
}

/* As if it had never been written. */
static void batch_reset(struct intake_batch *batch)
{
    batch->is_known = false;
    for (size_t i = 0; i < batch->count; i++) {
        batch->alerts[i].id = 0;
        batch->alerts[i].copies = 0;
    }
}

/* The batches that are to be told something else than the others are taken out of the group: into
 * `refused`, those whose message is another's. */
static enum err group_write(struct store *store, struct group *group, struct group *refused)
{
    struct intake_batch **at = &group->first;
    while (*at != NULL) {
        struct intake_batch *batch = *at;
        batch_reset(batch);
        enum err err = batch_write(store, batch, &group->is_new);
        if (err != ERR_OK && err != ERR_INVALID)
            return err;
        if (err == ERR_OK) {
            at = &batch->next;
            continue;
        }
        *at = batch->next;
        batch->next = NULL;
        *refused->last = batch;
        refused->last = &batch->next;
    }
    return ERR_OK;
}

static enum err group_commit(struct store *store, struct group *group, struct group *refused)
{
    enum err err = store_begin(store);
    if (err != ERR_OK)
        return err;
    return store_end(store, group_write(store, group, refused));
}

/* Answer all of them. A batch may be gone as soon as it was answered. */
static void group_answer(struct intake *intake, struct group *group, enum err err)
{
    uint64_t bytes = 0;
    for (const struct intake_batch *batch = group->first; batch != NULL; batch = batch->next)
        bytes += bytes_of(batch);
    pthread_mutex_lock(&intake->lock);
    intake->queued_bytes -= bytes;
    pthread_mutex_unlock(&intake->lock);
    for (struct intake_batch *batch = group->first; batch != NULL;) {
        struct intake_batch *next = batch->next;
        batch->next = NULL;
        if (err != ERR_OK)
            batch_reset(batch);
        batch->done(batch, err);
        batch = next;
    }
    group->first = NULL;
}

static void state_set(struct intake *intake, enum err state)
{
    if (state == ERR_STORE || state == ERR_BUSY)
        store_watch_failed(intake->options.watch, "taking alerts in",
            store_error(intake->options.store)); /* of this thread's last call */
    pthread_mutex_lock(&intake->lock);
    intake->state = state;
    pthread_mutex_unlock(&intake->lock);
}

/* Write a group in one transaction, and answer it. ERR_OK: all is answered; else nothing was written
 * and nobody was answered. */
static enum err group_try(struct intake *intake, struct group *group)
{
    struct group refused = { .first = NULL };
    refused.last = &refused.first;
    enum err err = group_commit(intake->options.store, group, &refused);
    state_set(intake, err);
    if (err != ERR_OK) { /* the message that one was held against was not written either */
        *refused.last = group->first;
        group->first = refused.first;
        return err;
    }
    group_answer(intake, &refused, ERR_INVALID);
    if (group->is_new && intake->options.arrived != NULL)
        intake->options.arrived(intake->options.self);
    group_answer(intake, group, ERR_OK);
    return ERR_OK;
}

/* One of them may be what failed, so each is written by itself: what the others cannot help does not
 * fail them. When the store has failed twice in a row it is the store. */
static void group_part(struct intake *intake, struct group *group)
{
    enum { FAILURES = 2 };
    unsigned failures = 0;
    while (group->first != NULL && failures < FAILURES) {
        struct group one = { .first = group->first };
        group->first = one.first->next;
        one.first->next = NULL;
        enum err err = group_try(intake, &one);
        failures = err == ERR_OK ? 0 : failures + 1;
        if (err == ERR_BUSY)
            failures = FAILURES;
        if (err != ERR_OK)
            group_answer(intake, &one, err);
        if (failures == FAILURES)
            group_answer(intake, group, err);
    }
}

static void group_handle(struct intake *intake, struct group *group)
{
    bool is_one = group->first->next == NULL;
    enum err err = group_try(intake, group);
    if (err == ERR_OK)
        return;
    if (is_one || err == ERR_BUSY)
        group_answer(intake, group, err);
    else
        group_part(intake, group);
}

/* Whether the store works again; nobody may come while we are said to be out of order. */
static void probe(struct intake *intake)
{
    state_set(intake, cursors_set(intake->options.store, STR("intake"), STR("in order"), 0));
}

/* Wait for something to do: false when it is time to try the store. Under the lock. */
static bool wait_for_work(struct intake *intake)
{
    while (intake->first == NULL && !intake->is_stopping) {
        uint32_t most_ms = intake->state == ERR_OK ? IDLE_PROBE_MS : PROBE_MS;
        if (!condition_wait(&intake->changed, &intake->lock, most_ms))
            return false;
    }
    return true;
}

static void *work(void *self)
{
    struct intake *intake = self;
    for (;;) {
        pthread_mutex_lock(&intake->lock);
        bool is_work = wait_for_work(intake);
        struct group group = group_take(intake);
        bool is_over = intake->is_stopping && group.first == NULL;
        pthread_mutex_unlock(&intake->lock);
        if (is_over)
            return NULL;
        if (group.first != NULL)
            group_handle(intake, &group);
        else if (!is_work)
            probe(intake);
    }
}

static void intake_free(struct intake *intake)
{
    pthread_cond_destroy(&intake->changed);
    pthread_mutex_destroy(&intake->lock);
    free(intake);
}

/* The thread, which no signal interrupts: those are for who waits for them. */
static enum err thread_start(struct intake *intake)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&intake->thread, NULL, work, intake);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0 ? ERR_OK : ERR_LIMIT;
}

enum err intake_start(const struct intake_options *options, struct intake **ret_intake)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (intake == NULL)
        return ERR_MEMORY;
    intake->options = *options;
    if (options->queue_bytes_max == 0)
        intake->options.queue_bytes_max = QUEUE_BYTES_DEFAULT;
    intake->last = &intake->first;
    pthread_mutex_init(&intake->lock, NULL);
    condition_init(&intake->changed);
    enum err err = thread_start(intake);
    if (err != ERR_OK) {
        intake_free(intake);
        return err;
    }
    *ret_intake = intake;
    return ERR_OK;
}

static enum err enqueue(struct intake *intake, struct intake_batch *batch, uint64_t bytes)
{
    if (intake->is_stopping)
        return ERR_STOPPED;
    /* One that is larger than all that may wait still comes in when nothing does. */
    if (intake->queued_bytes > 0 && intake->queued_bytes + bytes > intake->options.queue_bytes_max)
        return ERR_LIMIT;
    intake->queued_bytes += bytes;
    batch->next = NULL;
    *intake->last = batch;
    intake->last = &batch->next;
    pthread_cond_signal(&intake->changed);
    return ERR_OK;
}

enum err intake_submit(struct intake *intake, struct intake_batch *batch)
{
    uint64_t bytes = bytes_of(batch);
    pthread_mutex_lock(&intake->lock);
    enum err err = enqueue(intake, batch, bytes);
    pthread_mutex_unlock(&intake->lock);
    return err;
}

/* Who waits for a batch. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_done;
    enum err err;
};

static void waiter_done(struct intake_batch *batch, enum err err)
{
    struct waiter *waiter = batch->self;
    pthread_mutex_lock(&waiter->lock);
    waiter->is_done = true;
    waiter->err = err;
    pthread_cond_signal(&waiter->answered); /* under the lock: after it the waiter may be gone */
    pthread_mutex_unlock(&waiter->lock);
}

enum err intake_put(struct intake *intake, struct intake_batch *batch)
{
    struct waiter waiter = { .is_done = false };
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.answered, NULL);
    batch->self = &waiter;
    batch->done = waiter_done;
    enum err err = intake_submit(intake, batch);
    if (err == ERR_OK) {
        pthread_mutex_lock(&waiter.lock);
        while (!waiter.is_done)
            pthread_cond_wait(&waiter.answered, &waiter.lock);
        err = waiter.err;
        pthread_mutex_unlock(&waiter.lock);
    }
    batch->self = NULL;
    batch->done = NULL;
    pthread_cond_destroy(&waiter.answered);
    pthread_mutex_destroy(&waiter.lock);
    return err;
}

enum err intake_state(struct intake *intake)
{
    pthread_mutex_lock(&intake->lock);
    enum err state = intake->state;
    pthread_mutex_unlock(&intake->lock);
    return state;
}

void intake_stop(struct intake *intake)
{
    if (intake == NULL)
        return;
    pthread_mutex_lock(&intake->lock);
    intake->is_stopping = true;
    pthread_cond_signal(&intake->changed);
    pthread_mutex_unlock(&intake->lock);
    pthread_join(intake->thread, NULL);
    intake_free(intake);
}
