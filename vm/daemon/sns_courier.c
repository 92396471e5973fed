/* sns_courier.c - see sns_courier.h. */
#include "daemon/sns_courier.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
    FETCH_MS = 10000,
    DAY_MS = 24 * 3600 * 1000,
    MINUTE_MS = 60 * 1000,
    FETCH_BYTES_MAX = 16 * 1024 * 1024, /* of the arena of one message */
};

/* A certificate that was found good, for the topic's region by its address. */
struct kept {
    struct buf url;
    struct sns_certificate *certificate; /* NULL: the place is free */
    int64_t until_ms;
};

struct sns_courier {
    struct sns_courier_options options;
    struct sns_trust *trust;
    struct kept kept[SNS_CERTIFICATES_MAX]; /* of the thread alone */
    size_t next_kept;
    uint32_t strangers; /* of the thread alone, as the next one */
    int64_t strangers_since_ms;
    volatile int stop; /* what an exchange looks at */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t changed;
    struct sns_job *first;
    struct sns_job **end;
    size_t count;
    bool is_stopping;
};

/* ---- fetching ---- */

static enum err fetch(struct sns_courier *courier, const char *url, struct arena *arena,
    str *ret_body, const char **reterr_reason)
{
    struct http_request request = {
        .method = "GET", .url = url, .stop = &courier->stop, .timeout_ms = FETCH_MS
    };
    struct http_reply reply;
    TRY(courier->options.http->send(courier->options.http, &request, arena, &reply, reterr_reason));
    *ret_body = reply.body;
    if (reply.status >= 200 && reply.status < 300)
        return ERR_OK;
    *reterr_reason = arena_format(arena, "%s answered %d", url, reply.status);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_TRANSPORT;
}

/* Check the certificate; fetch what is missing between it and an authority, each once. */
static enum err complete(struct sns_courier *courier, struct sns_certificate *certificate,
    str topic, struct arena *arena, const char **reterr_reason)
{
    struct clock *clock = courier->options.clock;
    for (int turn = 0; turn <= SNS_CHAIN_MAX; turn++) {
        const char *url = NULL;
        str bytes;
        enum err err = sns_certificate_check(
            certificate, courier->trust, topic, clock->now_ms(clock), arena, &url, reterr_reason);
        if (err != ERR_NEEDED)
            return err;
        TRY(fetch(courier, url, arena, &bytes, reterr_reason));
        *reterr_reason = "an authority of its certificate cannot be read";
        TRY(sns_certificate_add(certificate, bytes));
    }
    return ERR_INVALID;
}

static enum err fetch_certificate(struct sns_courier *courier, const struct sns_message *message,
    struct arena *arena, struct sns_certificate **ret_certificate, const char **reterr_reason)
{
    str pem;
    struct sns_certificate *certificate = NULL;
    TRY(fetch(courier, message->certificate_url.ptr, arena, &pem, reterr_reason));
    *reterr_reason = "what its SigningCertURL has is no certificate";
    TRY(sns_certificate_read(pem, &certificate));
    enum err err = complete(courier, certificate, message->topic, arena, reterr_reason);
    if (err == ERR_OK)
        *ret_certificate = certificate;
    else
        sns_certificate_free(certificate);
    return err;
}

/* ---- keeping ---- */

static void forget(struct kept *kept)
{
    buf_release(&kept->url);
    sns_certificate_free(kept->certificate);
    *kept = (struct kept){ .until_ms = 0 };
}

static const struct sns_certificate *find_kept(struct sns_courier *courier, str url, int64_t now_ms)
{
    for (size_t at = 0; at < SNS_CERTIFICATES_MAX; at++) {
        struct kept *kept = &courier->kept[at];
        if (kept->certificate == NULL || !str_equal(buf_str(&kept->url), url))
            continue;
        /* Past its time, or from a time that the clock has since left. */
        if (now_ms < kept->until_ms && kept->until_ms - now_ms <= DAY_MS)
            return kept->certificate;
        forget(kept);
    }
    return NULL;
}

static enum err keep(struct sns_courier *courier, str url, struct sns_certificate *certificate,
    int64_t now_ms, const struct sns_certificate **ret_certificate)
{
    struct kept *kept = &courier->kept[courier->next_kept++ % SNS_CERTIFICATES_MAX];
    forget(kept);
    kept->url = (struct buf)BUF_INIT(SNS_URL_BYTES_MAX);
    buf_add(&kept->url, url);
    if (kept->url.err != ERR_OK) {
        sns_certificate_free(certificate);
        return kept->url.err;
    }
    kept->certificate = certificate;
    kept->until_ms = now_ms + DAY_MS;
    *ret_certificate = kept->certificate;
    return ERR_OK;
}

/* Whoever knows the topic can name addresses that SNS does not have. Each costs an exchange, so
 * after some nothing is fetched until the minute is over; certificates that are kept still count. */
static bool has_too_many_strangers(struct sns_courier *courier, int64_t now_ms)
{
    if (now_ms - courier->strangers_since_ms > MINUTE_MS || now_ms < courier->strangers_since_ms) {
        courier->strangers_since_ms = now_ms;
        courier->strangers = 0;
    }
    return courier->strangers >= SNS_STRANGERS_MAX;
}

static enum err find_certificate(struct sns_courier *courier, const struct sns_message *message,
    struct arena *arena, const struct sns_certificate **ret_certificate, const char **reterr_reason)
{
    int64_t now_ms = courier->options.clock->now_ms(courier->options.clock);
    struct sns_certificate *certificate = NULL;
    *ret_certificate = find_kept(courier, message->certificate_url, now_ms);
    if (*ret_certificate != NULL)
        return ERR_OK;
    *reterr_reason = "too many certificates could not be had in the last minute";
    if (has_too_many_strangers(courier, now_ms))
        return ERR_LIMIT;
    enum err err = fetch_certificate(courier, message, arena, &certificate, reterr_reason);
    if (err != ERR_OK) {
        courier->strangers++;
        return err;
    }
    return keep(courier, message->certificate_url, certificate, now_ms, ret_certificate);
}

/* ---- a message ---- */

static enum err look_at(struct sns_courier *courier, const struct sns_message *message,
    struct arena *arena, const char **reterr_reason)
{
    const struct sns_certificate *certificate = NULL;
    str reply;
    TRY(find_certificate(courier, message, arena, &certificate, reterr_reason));
    *reterr_reason = "its Signature is not that of SNS";
    if (!sns_is_signed(message, certificate))
        return ERR_INVALID;
    if (message->kind != SNS_SUBSCRIBE)
        return ERR_OK;
    return fetch(courier, message->subscribe_url.ptr, arena, &reply, reterr_reason);
}

static struct sns_job *take_job(struct sns_courier *courier)
{
    pthread_mutex_lock(&courier->lock);
    while (courier->first == NULL && !courier->is_stopping)
        pthread_cond_wait(&courier->changed, &courier->lock);
    struct sns_job *job = courier->first;
    if (job != NULL) {
        courier->first = job->next;
        courier->count--;
        if (courier->first == NULL)
            courier->end = &courier->first;
    }
    pthread_mutex_unlock(&courier->lock);
    return job;
}

static void *run(void *self)
{
    struct sns_courier *courier = self;
    struct sns_job *job = NULL;
    while ((job = take_job(courier)) != NULL) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(FETCH_BYTES_MAX);
        const char *reason = "cdr is stopping";
        enum err err =
            courier->stop != 0 ? ERR_STOPPED : look_at(courier, &job->message, &arena, &reason);
        job->done(job, err, reason == NULL ? err_text(err) : reason);
    }
    return NULL;
}

/* ---- from outside ---- */

/* The thread, which no signal interrupts: those are for who waits for them. */
static enum err thread_start(struct sns_courier *courier)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    courier->has_thread = pthread_create(&courier->thread, NULL, run, courier) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return courier->has_thread ? ERR_OK : ERR_LIMIT;
}

enum err sns_courier_start(
    const struct sns_courier_options *options, struct sns_courier **ret_courier)
{
    struct sns_courier *courier = calloc(1, sizeof *courier);
    if (courier == NULL)
        return ERR_MEMORY;
    courier->options = *options;
    courier->end = &courier->first;
    pthread_mutex_init(&courier->lock, NULL);
    pthread_cond_init(&courier->changed, NULL);
    enum err err = sns_trust_new(options->ca_file, &courier->trust);
    if (err == ERR_OK)
        err = thread_start(courier);
    if (err == ERR_OK)
        *ret_courier = courier;
    else
        sns_courier_stop(courier);
    return err;
}

enum err sns_courier_submit(struct sns_courier *courier, struct sns_job *job)
{
    enum err err = ERR_OK;
    job->next = NULL;
    pthread_mutex_lock(&courier->lock);
    if (courier->is_stopping)
        err = ERR_STOPPED;
    else if (courier->count >= SNS_WAITING_MAX)
        err = ERR_LIMIT;
    if (err == ERR_OK) {
        *courier->end = job;
        courier->end = &job->next;
        courier->count++;
        pthread_cond_signal(&courier->changed);
    }
    pthread_mutex_unlock(&courier->lock);
    return err;
}

void sns_courier_stop(struct sns_courier *courier)
{
    if (courier == NULL)
        return;
    courier->stop = 1;
    pthread_mutex_lock(&courier->lock);
    courier->is_stopping = true;
    pthread_cond_signal(&courier->changed);
    pthread_mutex_unlock(&courier->lock);
    if (courier->has_thread)
        pthread_join(courier->thread, NULL);
    for (size_t at = 0; at < SNS_CERTIFICATES_MAX; at++)
        forget(&courier->kept[at]);
    sns_trust_free(courier->trust);
    pthread_cond_destroy(&courier->changed);
    pthread_mutex_destroy(&courier->lock);
    free(courier);
}
