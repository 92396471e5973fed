#include "aws/delivery.h"

#include "auth/sigv4.h"
#include "aws/late.h"
#include "aws/late_put.h"
#include "aws/reply_tree.h"
#include "aws/wire.h"
#include "host/pause.h"

enum {
    MS_PER_S = 1000,
    /* Clocks that differ by less are not why a request was refused: AWS takes five minutes. */
    SKEW_S_MIN = 240,
    /* One attempt: the reply, and the tree of an error. */
    ATTEMPT_BYTES_MAX = 4 * REPLY_BYTES_MAX,
    HEADERS_MAX = WIRE_HEADERS_MAX + SIGV4_HEADERS_MAX,
};

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A delivery under way. Its parts live in the caller's arena, or in an attempt's. */
struct journey {
    const struct delivery *order;
    struct aws_endpoint endpoint;
    struct wire wire;
    int64_t signed_at_s; /* of the last attempt, by our corrected clock */
    uint32_t paid;       /* for the last retry, out of the family's bucket */
};

/* How an attempt ended. */
struct attempt {
    enum err err; /* as http's send */
    struct http_reply reply;
    const char *reason;
    enum retry_cause cause;
    bool is_time; /* the reply says that the request came too late */
};

/* --- one attempt --- */

/* What can only be said now: the body with its marks replaced. */
static enum err body_now(
    const struct journey *journey, struct arena *scratch, str *ret_body, const char **reterr_reason)
{
    const struct delivery *order = journey->order;
    struct late_signer signer = { .endpoints = &order->family->endpoints,
        .keys = order->owner_keys != NULL ? order->owner_keys : order->keys,
        .now_s = journey->signed_at_s };
    enum aws_service service = aws_service_find(order->request->service);
    enum aws_protocol protocol = aws_service_info(service)->protocol;
    struct late late = { .now_s = journey->signed_at_s };
    *ret_body = journey->wire.request.body;
    if (protocol == AWS_PROTOCOL_REST)
        return ERR_OK;
    if (signer.keys != NULL)
        TRY(late_put_fill(*ret_body, order->request, &signer, scratch, ret_body, reterr_reason));
    if (!str_is(order->request->late, LATE_NOW))
        return ERR_OK;
    return late_fill(*ret_body, protocol == AWS_PROTOCOL_QUERY, &late, scratch, ret_body);
}

/* `*ret_body` is what is sent. */
static enum err journey_sign(struct journey *journey, struct arena *scratch,
    struct http_header *headers, uint32_t *count, str *ret_body, const char **reterr_reason)
{
    const struct wire *wire = &journey->wire;
    const struct aws_keys *keys = journey->order->keys;
    journey->signed_at_s = aws_family_now_s(journey->order->family);
    memcpy(headers, wire->headers, wire->headers_count * sizeof(headers[0]));
    *count = wire->headers_count;
    struct sigv4_request request = wire->request;
    TRY(body_now(journey, scratch, &request.body, reterr_reason));
    *ret_body = request.body;
    if (keys == NULL)
        return ERR_OK;
    struct sigv4_credentials credentials = { str_from(keys->access_key_id),
        &keys->secret_access_key, &keys->session_token };
    struct sigv4_options options = { .region = journey->endpoint.region,
        .service = str_from(journey->order->request->service),
        .at_unix_s = journey->signed_at_s,
        .path_as_is = wire->is_s3,
        .body_header = wire->is_s3 };
    struct sigv4_signed made;
    TRY(sigv4_sign(scratch, &request, &credentials, &options, &made));
    memcpy(headers + wire->headers_count, made.headers, made.headers_count * sizeof(headers[0]));
    *count += made.headers_count;
    return ERR_OK;
}

/* What the attempt says about another one. */
static enum retry_cause attempt_cause(
    struct attempt *attempt, const char *service, struct arena *scratch)
{
    str code = { "", 0 }, message;
    if (attempt->err == ERR_TRANSPORT || attempt->err == ERR_REFUSED)
        return RETRY_TRANSIENT;
    if (attempt->err != ERR_OK || attempt->reply.status < 400)
        return RETRY_NONE;
    /* REST services may name it in a header alone. */
    if (!reply_error_of(scratch, service, attempt->reply.body, &code, &message))
        code = str_first(attempt->reply.error_type, str_find(attempt->reply.error_type, ':'));
    attempt->is_time = str_is(code, "RequestExpired");
    return retry_cause_of(attempt->reply.status, code);
}

/* What its clock says, for who asks (aws_connection_clock). */
static void clock_note(struct aws_family *family, const struct attempt *attempt)
{
    if (attempt->err != ERR_OK || attempt->reply.date_unix_s == 0)
        return;
    family->has_shown = true;
    family->shown_s = attempt->reply.date_unix_s - family->clock->now_ms(family->clock) / MS_PER_S;
}

static void attempt_make(struct journey *journey, struct arena *scratch, struct attempt *attempt)
{
    struct http_header headers[HEADERS_MAX];
    const struct delivery *order = journey->order;
    struct http *http = order->family->http;
    struct http_request request = { .method = journey->wire.request.method.ptr,
        .url = journey->wire.url,
        .headers = headers,
        .is_change = order->is_change,
        .is_secret = order->is_secret,
        .timeout_ms = order->request->answer_ms,
        .stop = order->is_change ? NULL : order->stop };
    *attempt = (struct attempt){ .cause = RETRY_NONE };
    attempt->err = journey_sign(
        journey, scratch, headers, &request.headers_count, &request.body, &attempt->reason);
    if (attempt->err == ERR_INVALID && attempt->reason != NULL)
        attempt->err = ERR_REFUSED;
    if (attempt->err != ERR_OK)
        return;
    attempt->err = http->send(http, &request, scratch, &attempt->reply, &attempt->reason);
    clock_note(order->family, attempt);
    attempt->cause = attempt_cause(attempt, order->request->service, scratch);
}

/* --- again? --- */

/* How far AWS's clock is from ours, as a refusal shows; 0: they agree, or it does not say. */
static int64_t skew_shown_s(const struct journey *journey, const struct http_reply *reply)
{
    int64_t off_s = reply->date_unix_s - journey->signed_at_s;
    if (reply->date_unix_s == 0 || (off_s > -SKEW_S_MIN && off_s < SKEW_S_MIN))
        return 0;
    return off_s;
}

/* Learn AWS's time. False when the clocks agree, so something else is wrong. */
static bool skew_correct(struct journey *journey, const struct http_reply *reply)
{
    int64_t off_s = skew_shown_s(journey, reply);
    journey->order->family->skew_s += off_s;
    return off_s != 0;
}

/* Wait before the next attempt. False for a stop: it ends a read; what a change was answered
 * is handed over, because the journal wants to know. */
static bool wait_for_next(struct journey *journey, struct attempt *attempt, unsigned number)
{
    struct aws_family *family = journey->order->family;
    uint32_t delay_ms = retry_delay_ms(number, retry_chance(&family->chance));
    if (attempt->err == ERR_OK)
        delay_ms = retry_delay_asked_ms(delay_ms, attempt->reply.retry_after_ms);
    if (clock_wait(family->clock, delay_ms, journey->order->stop))
        return true;
    if (!journey->order->is_change)
        attempt->err = ERR_STOPPED;
    return false;
}

/* Whether the family's bucket pays for another attempt. */
static bool pay(struct journey *journey, const struct attempt *attempt)
{
    uint32_t cost = attempt->err == ERR_OK ? RETRY_COST : RETRY_COST_UNHEARD;
    bool may_again = retry_take(&journey->order->family->retries, cost);
    if (may_again)
        journey->paid = cost;
    return may_again;
}

/* Whether to send once more after this attempt, waiting first where that is due. */
static bool try_again(struct journey *journey, struct attempt *attempt, unsigned number)
{
    bool may_again = number + 1 < journey->order->family->attempts_max;
    switch (attempt->cause) {
    case RETRY_NONE:
    case RETRY_EXPIRED:
        return false;
    case RETRY_SKEWED:
        return may_again && skew_correct(journey, &attempt->reply);
    case RETRY_TRANSIENT:
        may_again = may_again && !journey->order->is_change;
        break;
    case RETRY_THROTTLED:
        break;
    }
    return may_again && pay(journey, attempt) && wait_for_next(journey, attempt, number);
}

/* Whether cdr was paused since the change was let through. */
static bool is_paused(const struct delivery *order)
{
    const char *file = order->request->pause_file;
    return order->is_change && file != NULL && pause_is_on(file);
}

/* Say why nothing is sent; a reason of NULL: there was no memory for one. */
static enum err refuse(const char *reason, const char **reterr_reason)
{
    if (reason == NULL)
        return ERR_MEMORY;
    *reterr_reason = reason;
    return ERR_REFUSED;
}

/* The reply's body; an error that only a header names is told in it, so that the journal has
 * all that steps go by. ptr NULL: no memory. */
static str told_body(const struct http_reply *reply, struct arena *arena)
{
    str code = str_first(reply->error_type, str_find(reply->error_type, ':'));
    bool is_object = str_startswith(reply->body, STR("{"));
    if (reply->status < 400 || code.len == 0 || !is_object
        || memmem(reply->body.ptr, reply->body.len, "\"__type\"", 8) != NULL
        || strspn(code.ptr, ALPHANUMERIC) < code.len)
        return arena_copy(arena, reply->body);
    return str_from(arena_format(arena, "{\"__type\":\"%.*s\"%s%.*s", STR_ARG(code),
        str_startswith(reply->body, STR("{}")) ? "" : ",", STR_ARG(str_skip(reply->body, 1))));
}

/* Move what an attempt brought out of its arena. */
static enum err attempt_hand_over(const struct attempt *attempt, struct arena *arena,
    struct reply *ret_reply, const char **reterr_reason)
{
    if (attempt->err == ERR_TRANSPORT || attempt->err == ERR_TIMEOUT
        || attempt->err == ERR_REFUSED) {
        *reterr_reason = arena_format(arena, "%s", attempt->reason);
        if (*reterr_reason == NULL)
            return ERR_MEMORY;
        return attempt->err == ERR_REFUSED ? ERR_REFUSED : ERR_TRANSPORT;
    }
    if (attempt->err == ERR_INVALID || attempt->err == ERR_LIMIT)
        return refuse(
            arena_format(arena, "the request cannot be signed: %s", err_text(attempt->err)),
            reterr_reason);
    if (attempt->err != ERR_OK)
        return attempt->err;
    str body = told_body(&attempt->reply, arena);
    if (body.ptr == NULL)
        return ERR_MEMORY;
    *ret_reply = (struct reply){ REPLY_RECEIVED, attempt->reply.status, body };
    return ERR_OK;
}

/* Whether the reply says that the keys are not valid any more: RequestExpired too, when the
 * clocks agree. */
static bool says_expired(const struct attempt *attempt, const struct journey *journey)
{
    return attempt->cause == RETRY_EXPIRED
           || (attempt->is_time && attempt->reply.date_unix_s != 0
               && skew_shown_s(journey, &attempt->reply) == 0);
}

static enum err travel(struct journey *journey, struct arena *arena, struct reply *ret_reply,
    bool *ret_is_expired, const char **reterr_reason)
{
    struct aws_family *family = journey->order->family;
    for (unsigned number = 0;; number++) {
        CLEANUP(arena_wipe) struct arena scratch = ARENA_INIT(ATTEMPT_BYTES_MAX);
        struct attempt attempt;
        attempt_make(journey, &scratch, &attempt);
        if (try_again(journey, &attempt, number) && !is_paused(journey->order))
            continue;
        if (attempt.err == ERR_OK && attempt.cause == RETRY_NONE)
            retry_give_back(&family->retries, journey->paid);
        *ret_is_expired = attempt.err == ERR_OK && journey->order->keys != NULL
                          && says_expired(&attempt, journey) && !is_paused(journey->order);
        return attempt_hand_over(&attempt, arena, ret_reply, reterr_reason);
    }
}

int64_t aws_family_now_s(const struct aws_family *family)
{
    return family->clock->now_ms(family->clock) / MS_PER_S + family->skew_s;
}

enum err aws_deliver(const struct delivery *delivery, struct arena *arena, struct reply *ret_reply,
    bool *ret_is_expired, const char **reterr_reason)
{
    struct journey journey = { .order = delivery };
    const struct request *request = delivery->request;
    const struct aws_family *family = delivery->family;
    enum aws_service service = aws_service_find(request->service);
    *ret_is_expired = false;
    if (service == AWS_SERVICE_COUNT)
        return refuse(
            arena_format(arena, "this build speaks with no service '%s' of AWS", request->service),
            reterr_reason);
    if (request->body.len > REQUEST_BYTES_MAX)
        return refuse(arena_format(arena, "the request is over 256 KiB"), reterr_reason);
    str region = request->region.len > 0 ? request->region : family->region;
    enum err err = aws_endpoint_make(
        &family->endpoints, service, region, arena, &journey.endpoint, reterr_reason);
    if (err == ERR_OK)
        err = wire_make(request, &journey.endpoint, arena, &journey.wire, reterr_reason);
    if (err == ERR_INVALID)
        return ERR_REFUSED;
    TRY(err);
    return travel(&journey, arena, ret_reply, ret_is_expired, reterr_reason);
}
