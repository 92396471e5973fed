/* herald.c - see herald.h. Owns the queues; one lock over them, never held while something is sent. */
#include "serve/herald.h"

#include "daemon/signature.h"
#include "host/condition.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MS_PER_S = 1000,
    IDLE_MS = 1000,
    GIVE_UP_MS = 10 * 60 * 1000,
    REPLY_ROOM_BYTES = 4 * 1024 * 1024,
    NUMBER_TEXT_MAX = 24,
};

/* How long after each try that failed the next one comes. With CHANNEL_TIMEOUT_MS_MAX for each it is
 * within GIVE_UP_MS. */
static const uint32_t pauses_ms[HERALD_TRIES_MAX - 1] = { 2000, 10000, 60000, 300000 };

struct message {
    char *body; /* owned; NULL: there is none */
    size_t len;
    uint64_t number;
    uint32_t tries;
    int64_t first_at; /* by a clock that nobody sets, as due_at */
    int64_t due_at;
};

/* What one channel is to be told. */
struct post {
    const struct channel *channel;
    struct message ring[HERALD_QUEUE_MAX]; /* under the lock, as the two that follow */
    size_t first;
    size_t count;
    struct message now; /* under way: of the thread alone */
};

struct herald {
    struct herald_options options;
    char id[HERALD_ID_MAX];
    struct post *posts; /* one for each channel */
    volatile int stop;  /* what an exchange looks at */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t number;
    bool is_stopping;
};

/* ---- the queue ---- */

static void message_release(struct message *message)
{
    free(message->body);
    *message = (struct message){ .body = NULL };
}

static void lose(struct herald *herald, const struct post *post, const char *why)
{
    metrics_add(herald->options.metrics, METRIC_CHANNEL_LOST, post->channel->name, 1);
    LOG(herald->options.log, LOG_LEVEL_ERROR, "a message to people is lost",
        LOG_TEXT("channel", post->channel->name), LOG_TEXT("why", str_from(why)));
}

/* With the lock. False: there is no memory. */
static bool post_put(struct herald *herald, struct post *post, str body, bool *ret_is_dropped)
{
    char *copy = malloc(body.len + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, body.ptr, body.len);
    copy[body.len] = '\0';
    *ret_is_dropped = post->count == HERALD_QUEUE_MAX;
    if (*ret_is_dropped) {
        message_release(&post->ring[post->first]);
        post->first = (post->first + 1) % HERALD_QUEUE_MAX;
        post->count--;
    }
    post->ring[(post->first + post->count++) % HERALD_QUEUE_MAX] =
        (struct message){ .body = copy, .len = body.len, .number = ++herald->number };
    return true;
}

void herald_tell(struct herald *herald, enum about about, str body)
{
    for (uint32_t at = 0; at < herald->options.channels->count; at++) {
        struct post *post = &herald->posts[at];
        bool is_dropped = false;
        if ((post->channel->about & about) == 0)
            continue;
        pthread_mutex_lock(&herald->lock);
        bool is_put = post_put(herald, post, body, &is_dropped);
        pthread_mutex_unlock(&herald->lock);
        if (!is_put || is_dropped)
            lose(herald, post, is_put ? "too many wait: the oldest goes" : "no memory");
    }
    pthread_mutex_lock(&herald->lock);
    pthread_cond_signal(&herald->changed);
    pthread_mutex_unlock(&herald->lock);
}

/* The oldest becomes the one that is under way. */
static void post_take(struct herald *herald, struct post *post, int64_t now_at)
{
    pthread_mutex_lock(&herald->lock);
    if (post->count > 0) {
        post->now = post->ring[post->first];
        post->now.first_at = now_at;
        post->now.due_at = now_at;
        post->ring[post->first] = (struct message){ .body = NULL };
        post->first = (post->first + 1) % HERALD_QUEUE_MAX;
        post->count--;
    }
    pthread_mutex_unlock(&herald->lock);
}

/* ---- sending ---- */

static enum err exchange(struct herald *herald, struct post *post, struct arena *arena,
    struct http_reply *ret_reply, const char **reterr_reason)
{
    const struct herald_options *options = &herald->options;
    const struct channel *channel = post->channel;
    const struct message *message = &post->now;
    char id[HERALD_ID_MAX + NUMBER_TEXT_MAX];
    char timestamp[NUMBER_TEXT_MAX];
    char signature[SIGNATURE_TEXT_MAX];
    str body = { message->body, message->len };
    snprintf(id, sizeof id, "%s-%" PRIu64, herald->id, message->number);
    snprintf(
        timestamp, sizeof timestamp, "%" PRId64, options->clock->now_ms(options->clock) / MS_PER_S);
    *reterr_reason = "it cannot be signed";
    if (!signature_standard_make(&channel->key, str_from(id), str_from(timestamp), body, signature))
        return ERR_MEMORY;
    const struct http_header headers[] = { { STR("content-type"), STR("application/json") },
        { STR("webhook-id"), str_from(id) }, { STR("webhook-timestamp"), str_from(timestamp) },
        { STR("webhook-signature"), str_from(signature) } };
    const struct http_request request = { .method = "POST",
        .url = channel->url,
        .headers = headers,
        .headers_count = COUNT_OF(headers),
        .body = body,
        .is_change = true,
        .stop = &herald->stop,
        .timeout_ms = channel->timeout_ms,
        .is_secret = true }; /* paths of webhooks are known to few: errors name the host alone */
    *reterr_reason = NULL;
    return options->http->send(options->http, &request, arena, ret_reply, reterr_reason);
}

/* Whether it has arrived; a redirect is no arrival. */
static bool deliver(
    struct herald *herald, struct post *post, struct arena *arena, const char **reterr_reason)
{
    struct http_reply reply = { .status = 0 };
    enum err err = exchange(herald, post, arena, &reply, reterr_reason);
    if (err != ERR_OK) {
        *reterr_reason = *reterr_reason == NULL ? err_text(err) : *reterr_reason;
        return false;
    }
    if (reply.status >= 200 && reply.status < 300)
        return true;
    *reterr_reason = arena_format(arena, "the answer is %d", reply.status);
    if (*reterr_reason == NULL)
        *reterr_reason = err_text(ERR_MEMORY);
    return false;
}

static void failed(struct herald *herald, struct post *post, int64_t now_at, const char *reason)
{
    struct message *message = &post->now;
    message->tries++;
    LOG(herald->options.log, LOG_LEVEL_WARNING, "a channel does not take a message",
        LOG_TEXT("channel", post->channel->name), LOG_NUMBER("try", message->tries),
        LOG_TEXT("reason", str_from(reason)));
    if (message->tries < HERALD_TRIES_MAX && now_at - message->first_at < GIVE_UP_MS) {
        message->due_at = now_at + pauses_ms[message->tries - 1];
        return;
    }
    lose(herald, post, "no try of several has reached anybody");
    message_release(message);
}

static void send_now(struct herald *herald, struct post *post)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(REPLY_ROOM_BYTES);
    const char *reason = NULL;
    bool is_told = deliver(herald, post, &arena, &reason);
    if (herald->stop != 0 && !is_told)
        return; /* it is one of those that herald_stop tells of */
    if (!is_told) {
        failed(herald, post, clock_elapsed_ms(herald->options.clock), reason);
        return;
    }
    metrics_add(herald->options.metrics, METRIC_CHANNEL_TOLD, post->channel->name, 1);
    message_release(&post->now);
}

uint32_t herald_work(struct herald *herald)
{
    int64_t wait_ms = IDLE_MS;
    for (uint32_t at = 0; at < herald->options.channels->count && herald->stop == 0; at++) {
        struct post *post = &herald->posts[at];
        int64_t now_at = clock_elapsed_ms(herald->options.clock);
        if (post->now.body == NULL)
            post_take(herald, post, now_at);
        if (post->now.body != NULL && post->now.due_at <= now_at) {
            send_now(herald, post);
            wait_ms = 0; /* another may wait behind it */
        } else if (post->now.body != NULL && post->now.due_at - now_at < wait_ms) {
            wait_ms = post->now.due_at - now_at;
        }
    }
    return (uint32_t)wait_ms;
}

/* ---- its thread ---- */

static bool anything_waits(const struct herald *herald)
{
    bool is_any = false;
    for (uint32_t at = 0; at < herald->options.channels->count; at++)
        is_any = is_any || (herald->posts[at].count > 0 && herald->posts[at].now.body == NULL);
    return is_any;
}

static void *run(void *self)
{
    struct herald *herald = self;
    bool is_stopping = false;
    while (!is_stopping) {
        uint32_t wait_ms = herald_work(herald);
        pthread_mutex_lock(&herald->lock);
        if (!herald->is_stopping && wait_ms > 0 && !anything_waits(herald))
            (void)condition_wait(&herald->changed, &herald->lock, wait_ms);
        is_stopping = herald->is_stopping;
        pthread_mutex_unlock(&herald->lock);
    }
    return NULL;
}

enum err herald_new(const struct herald_options *options, struct herald **ret_herald)
{
    str id = str_from(options->id);
    if (id.len >= HERALD_ID_MAX || str_find(id, '.') < id.len)
        return ERR_INVALID;
    struct herald *herald = calloc(1, sizeof *herald);
    if (herald == NULL)
        return ERR_MEMORY;
    herald->options = *options;
    herald->posts = calloc(options->channels->count + 1, sizeof *herald->posts);
    if (herald->posts == NULL) {
        free(herald);
        return ERR_MEMORY;
    }
    for (uint32_t at = 0; at < options->channels->count; at++)
        herald->posts[at].channel = &options->channels->items[at];
    snprintf(herald->id, sizeof herald->id, "%s", options->id);
    herald->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition_init(&herald->changed);
    *ret_herald = herald;
    return ERR_OK;
}

enum err herald_start(struct herald *herald)
{
    herald->has_thread = pthread_create(&herald->thread, NULL, run, herald) == 0;
    return herald->has_thread ? ERR_OK : ERR_LIMIT;
}

bool herald_is_wanted(const struct herald *herald, enum about about)
{
    for (uint32_t at = 0; at < herald->options.channels->count; at++)
        if ((herald->options.channels->items[at].about & about) != 0)
            return true;
    return false;
}

/* Free what one channel was not told; how much it is. */
static size_t post_release(struct post *post)
{
    size_t count = post->count + (post->now.body != NULL);
    for (; post->count > 0; post->count--) {
        message_release(&post->ring[post->first]);
        post->first = (post->first + 1) % HERALD_QUEUE_MAX;
    }
    message_release(&post->now);
    return count;
}

void herald_stop(struct herald *herald)
{
    size_t lost = 0;
    if (herald == NULL)
        return;
    pthread_mutex_lock(&herald->lock);
    herald->is_stopping = true;
    herald->stop = 1;
    pthread_cond_signal(&herald->changed);
    pthread_mutex_unlock(&herald->lock);
    if (herald->has_thread)
        pthread_join(herald->thread, NULL);
    for (uint32_t at = 0; at < herald->options.channels->count; at++)
        lost += post_release(&herald->posts[at]);
    if (lost > 0)
        LOG(herald->options.log, LOG_LEVEL_WARNING,
            "people were not told of everything before the end: the next start tells what lasts",
            LOG_NUMBER("messages", (int64_t)lost));
    pthread_cond_destroy(&herald->changed);
    pthread_mutex_destroy(&herald->lock);
    free(herald->posts);
    free(herald);
}
