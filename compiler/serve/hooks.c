/* hooks.c - see hooks.h: who is asked what, by path. */
#include "serve/hooks.h"

#include "base/fold.h"
#include "daemon/sns_courier.h"
#include "event.h"
#include "serve/api.h"
#include "serve/blocks.h"
#include "serve/hook.h"
#include "serve/posted.h"
#include "suggest.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    API_BYTES_MAX = 32 * 1024 * 1024,
    HOOK_BYTES_MAX = 8 * 1024 * 1024,
    HOOKS_BYTES_MAX = 4 * 1024 * 1024, /* of the texts of all webhooks */
    NEAR_BYTES_MAX = 512,
    SETTLE_MS = 5,
};

struct hooks {
    struct handler handler; /* first */
    struct daemon *daemon;
    struct handler *api;
    struct arena arena;
    struct way way; /* "api" */
    struct hook *hooks;
    struct log_limiter *refusals; /* of each of the hooks */
    size_t count;
    struct http_curl *http; /* with one of SNS */
    struct sns_courier *courier;
    atomic_uint open; /* batches that the intake has */
};

/* ---- from whom ---- */

/* What anybody can cause, so it is told once a second. */
static void tell_reason(struct hooks *hooks, const struct hook *hook,
    const struct exchange *exchange, const char *message, const char *reason)
{
    struct clock *clock = hooks->daemon->log.clock;
    int64_t left_out = 0;
    if (log_may(&hooks->refusals[hook - hooks->hooks], clock->now_ms(clock), &left_out))
        LOG(&hooks->daemon->log, LOG_LEVEL_WARNING, message, LOG_TEXT("way", hook->way.name),
            LOG_TEXT("peer", exchange->peer), LOG_TEXT("reason", str_from(reason)),
            LOG_NUMBER("left_out", left_out));
}

/* Whoever it is learns nothing but that it was not enough. */
static void refuse_stranger(
    struct hooks *hooks, const struct hook *hook, struct exchange *exchange, const char *reason)
{
    tell_reason(hooks, hook, exchange, "a webhook was refused", reason);
    metrics_add(hooks->daemon->metrics, METRIC_REQUESTS_REFUSED, STR("webhook"), 1);
    posted_refuse(exchange, 401, "This is not what the webhook demands.", NULL);
}

static const struct hook *find_hook(const struct hooks *hooks, str path)
{
    if (!str_startswith(path, STR("/hooks/")))
        return NULL;
    for (size_t at = 0; at < hooks->count; at++)
        if (str_equal(str_skip(path, 7), hooks->hooks[at].name))
            return &hooks->hooks[at];
    return NULL;
}

static bool is_for_api(str path)
{
    return str_startswith(path, STR("/v1/alerts/"));
}

/* "any", or a source of the rules in force; else *ret_near is what was probably meant. */
static bool is_source(struct hooks *hooks, str name, char near[static NEAR_BYTES_MAX])
{
    struct rule_set *set = rule_sets_current(hooks->daemon->rule_sets);
    struct suggestion suggestion = { .word = name };
    bool is_one = str_is(name, "any") || source_find(set->program, name) != NULL;
    for (uint32_t at = 0; at < set->program->source_count; at++)
        suggest(&suggestion, set->program->sources[at].name);
    if (suggestion.best.len > 0)
        (void)snprintf(near, NEAR_BYTES_MAX, "did you mean %.*s?", STR_ARG(suggestion.best));
    else
        (void)snprintf(near, NEAR_BYTES_MAX, "`cdr sources` lists all; any: each is asked");
    rule_set_release(hooks->daemon->rule_sets, set);
    return is_one;
}

/* ---- the head ---- */

static size_t admit_api(struct hooks *hooks, struct exchange *exchange)
{
    char near[NEAR_BYTES_MAX];
    if (!api_is_admin(hooks->api, exchange))
        return 0;
    if (!is_source(hooks, str_skip(exchange->path, STR("/v1/alerts/").len), near)) {
        posted_refuse(exchange, 404, "There is no such source.", near);
        return 0;
    }
    exchange->is_known = true;
    return API_BYTES_MAX;
}

static size_t admit_hook(struct hooks *hooks, const struct hook *hook, struct exchange *exchange)
{
    struct clock *clock = hooks->daemon->log.clock;
    const char *reason = NULL;
    exchange->is_known = hook_knows(hook);
    if (hook_admits(hook, exchange, clock->now_ms(clock), &reason))
        return hook->topic.len > 0 ? SNS_BODY_BYTES_MAX : HOOK_BYTES_MAX;
    refuse_stranger(hooks, hook, exchange, reason);
    return 0;
}

static bool is_gzip(const struct exchange *exchange)
{
    return fold_equal(exchange_header(exchange, "Content-Encoding"), STR("gzip"));
}

/* SNS compresses nothing. */
static bool is_readable(const struct hook *hook, const struct exchange *exchange)
{
    str encoding = exchange_header(exchange, "Content-Encoding");
    return !exchange_has_header(exchange, "Content-Encoding")
           || fold_equal(encoding, STR("identity"))
           || (is_gzip(exchange) && (hook == NULL || hook->topic.len == 0));
}

static size_t admit(struct handler *handler, struct exchange *exchange)
{
    struct hooks *hooks = (struct hooks *)handler;
    const struct hook *hook = find_hook(hooks, exchange->path);
    if (hook == NULL && !is_for_api(exchange->path)) {
        posted_refuse(exchange, 404, "There is nothing here.", NULL);
        return 0;
    }
    if (strcmp(exchange->method, "POST") != 0) {
        posted_refuse(exchange, 405, "Alerts are posted.", NULL);
        return 0;
    }
    size_t most = hook == NULL ? admit_api(hooks, exchange) : admit_hook(hooks, hook, exchange);
    if (most > 0 && !is_readable(hook, exchange)) {
        posted_refuse(exchange, 415, "The body is compressed.", "gzip is read, and what is not");
        return 0;
    }
    return most;
}

/* ---- messages of SNS ---- */

struct delivery {
    struct hooks *hooks;
    const struct hook *hook;
    struct exchange *exchange;
    struct arena arena;
    struct buf signed_text;
    struct sns_job job;
};

static void delivery_free(struct delivery *delivery)
{
    arena_release(&delivery->arena);
    buf_release(&delivery->signed_text);
    free(delivery);
}

static void take_notification(struct delivery *delivery)
{
    const struct sns_message *message = &delivery->job.message;
    struct exchange *exchange = delivery->exchange;
    sns_signed_text(message, &delivery->signed_text);
    const struct posted posted = { .way = &delivery->hook->way,
        .forced_source = delivery->hook->source,
        .text = message->message,
        .message = message->id,
        .open = &delivery->hooks->open,
        .signed_text = buf_str(&delivery->signed_text),
        .held = &delivery->arena };
    if (delivery->signed_text.err != ERR_OK)
        posted_refuse(exchange, 503, "There is no memory; send it again later.", NULL);
    else
        posted_take(delivery->hooks->daemon, exchange, &posted);
}

/* A subscription that was confirmed, or that somebody ended: whoever sent it is done. */
static void take_confirmation(struct delivery *delivery)
{
    bool is_end = delivery->job.message.kind == SNS_UNSUBSCRIBE;
    LOG(&delivery->hooks->daemon->log, is_end ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        is_end ? "the subscription of a webhook was ended at SNS: no alerts come by it"
               : "the subscription of a webhook is confirmed",
        LOG_TEXT("way", delivery->hook->way.name), LOG_TEXT("topic", delivery->hook->topic));
    exchange_answer(delivery->exchange, &(struct answer){ .status = 204, .body = STR("") });
}

/* From the courier's thread. */
static void looked_at(struct sns_job *job, enum err err, const char *reason)
{
    struct delivery *delivery = job->self;
    if (err == ERR_INVALID) {
        refuse_stranger(delivery->hooks, delivery->hook, delivery->exchange, reason);
    } else if (err != ERR_OK) {
        tell_reason(delivery->hooks, delivery->hook, delivery->exchange,
            "whether SNS sent a message cannot be found out now", reason);
        posted_refuse(delivery->exchange, 503, "Who sent it cannot be found out now.", NULL);
    } else if (job->message.kind == SNS_NOTIFICATION) {
        take_notification(delivery);
    } else {
        take_confirmation(delivery);
    }
    delivery_free(delivery);
}

static void deliver(struct hooks *hooks, const struct hook *hook, struct exchange *exchange)
{
    struct clock *clock = hooks->daemon->log.clock;
    struct delivery *delivery = calloc(1, sizeof *delivery);
    const char *reason = NULL;
    enum err err = delivery == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK) {
        *delivery = (struct delivery){ .hooks = hooks,
            .hook = hook,
            .exchange = exchange,
            .arena = ARENA_INIT(SNS_BODY_BYTES_MAX * 4),
            .signed_text = BUF_INIT(SNS_BODY_BYTES_MAX * 2),
            .job = { .done = looked_at, .self = delivery } };
        err = sns_read(exchange->body, &delivery->arena, &delivery->job.message, &reason);
    }
    if (err == ERR_OK
        && !sns_is_plausible(&delivery->job.message, hook->topic, clock->now_ms(clock), &reason))
        err = ERR_INVALID;
    if (err == ERR_OK)
        err = sns_courier_submit(hooks->courier, &delivery->job);
    if (err == ERR_OK)
        return; /* looked_at has it */
    if (err == ERR_INVALID)
        refuse_stranger(hooks, hook, exchange, reason);
    else
        posted_refuse(exchange, 503, "There is too much to do; send it again later.", NULL);
    if (delivery != NULL)
        delivery_free(delivery);
}

/* ---- the body ---- */

static void handle_hook(struct hooks *hooks, const struct hook *hook, struct exchange *exchange)
{
    struct clock *clock = hooks->daemon->log.clock;
    const char *reason = NULL;
    if (!hook_believes(hook, exchange, clock->now_ms(clock), &reason)) {
        refuse_stranger(hooks, hook, exchange, reason);
        return;
    }
    if (hook->topic.len > 0) {
        deliver(hooks, hook, exchange);
        return;
    }
    const struct posted posted = { .way = &hook->way,
        .forced_source = hook->source,
        .text = exchange->body,
        .gzip_max = is_gzip(exchange) ? HOOK_BYTES_MAX : 0,
        .message = hook->is_standard ? exchange_header(exchange, "webhook-id") : STR(""),
        .open = &hooks->open,
        .signed_text = exchange->body };
    posted_take(hooks->daemon, exchange, &posted);
}

static void handle(struct handler *handler, struct exchange *exchange)
{
    struct hooks *hooks = (struct hooks *)handler;
    const struct hook *hook = find_hook(hooks, exchange->path);
    if (hook != NULL) {
        handle_hook(hooks, hook, exchange);
        return;
    }
    str source = str_skip(exchange->path, STR("/v1/alerts/").len);
    const struct posted posted = { .way = &hooks->way,
        .forced_source = str_is(source, "any") ? STR("") : source,
        .text = exchange->body,
        .gzip_max = is_gzip(exchange) ? API_BYTES_MAX : 0,
        .message = STR(""),
        .open = &hooks->open,
        .signed_text = STR("") };
    posted_take(hooks->daemon, exchange, &posted);
}

/* ---- from outside ---- */

static enum err read_hooks(
    struct hooks *hooks, const struct program *program, const char **reterr_reason)
{
    size_t most = program->daemon_block_count;
    hooks->hooks = calloc(most + 1, sizeof *hooks->hooks);
    hooks->refusals = calloc(most + 1, sizeof *hooks->refusals);
    if (hooks->hooks == NULL || hooks->refusals == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < most; at++) {
        const struct daemon_block *block = &program->daemon_blocks[at];
        if (str_is(block->kind, "webhook"))
            TRY(hook_read(
                program, block, &hooks->arena, &hooks->hooks[hooks->count++], reterr_reason));
    }
    return ERR_OK;
}

static enum err start_courier(struct hooks *hooks, const char **reterr_reason)
{
    bool is_needed = false;
    for (size_t at = 0; at < hooks->count; at++)
        is_needed = is_needed || hooks->hooks[at].topic.len > 0;
    if (!is_needed)
        return ERR_OK;
    TRY(http_curl_new(NULL, &hooks->http));
    const struct sns_courier_options options = { .http = http_curl_interface(hooks->http),
        .clock = hooks->daemon->log.clock };
    *reterr_reason = "the authorities of this system cannot be read, which certificates of SNS "
                     "lead to";
    return sns_courier_start(&options, &hooks->courier);
}

static enum err begin(struct hooks *hooks, const char **reterr_reason)
{
    struct rule_set *set = rule_sets_current(hooks->daemon->rule_sets);
    enum err err = read_hooks(hooks, set->program, reterr_reason);
    rule_set_release(hooks->daemon->rule_sets, set);
    return err == ERR_OK ? start_courier(hooks, reterr_reason) : err;
}

enum err hooks_new(struct daemon *daemon, struct handler *api, struct arena *arena,
    struct handler **ret_hooks, const char **reterr_reason)
{
    struct hooks *hooks = calloc(1, sizeof *hooks);
    if (hooks == NULL)
        return ERR_MEMORY;
    *hooks = (struct hooks){ .handler = { admit, handle },
        .daemon = daemon,
        .api = api,
        .arena = ARENA_INIT(HOOKS_BYTES_MAX),
        .way = { .name = STR("api") } };
    const char *reason = NULL;
    enum err err = begin(hooks, &reason);
    if (err == ERR_OK) {
        *ret_hooks = &hooks->handler;
        return ERR_OK;
    }
    *reterr_reason = arena_copy(arena, str_from(reason == NULL ? err_text(err) : reason)).ptr;
    hooks_free(&hooks->handler);
    return err;
}

void hooks_free(struct handler *handler)
{
    struct hooks *hooks = (struct hooks *)handler;
    if (hooks == NULL)
        return;
    struct clock *clock = hooks->daemon->log.clock;
    sns_courier_stop(hooks->courier);
    /* The intake answers all that it has, and what it answers with is here. */
    while (atomic_load(&hooks->open) > 0)
        clock->sleep_ms(clock, SETTLE_MS);
    http_curl_free(hooks->http);
    for (size_t at = 0; at < hooks->count; at++)
        hook_release(&hooks->hooks[at]);
    free(hooks->hooks);
    free(hooks->refusals);
    arena_release(&hooks->arena);
    free(hooks);
}
