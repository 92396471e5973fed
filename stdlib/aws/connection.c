#include "aws/connection.h"

#include "auth/sigv4.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/late.h"
#include "aws/reply_tree.h"
#include "aws/retry.h"
#include "aws/service.h"
#include "aws/whoami.h"
#include "aws/wire.h"
#include "host/http.h"
#include "host/pause.h"

#include <stdlib.h>
#include <sys/random.h>

enum {
    MS_PER_S = 1000,
    /* Clocks that differ by less are not why a request was refused: AWS takes five minutes. */
    SKEW_S_MIN = 240,
    /* Settings: a token, addresses, sentences. */
    CONNECTION_BYTES_MAX = 256 * 1024,
    /* One attempt: the reply, and the tree of an error. */
    ATTEMPT_BYTES_MAX = 4 * REPLY_BYTES_MAX,
    HEADERS_MAX = WIRE_HEADERS_MAX + SIGV4_HEADERS_MAX,
};

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct aws_connection {
    struct transport transport; /* first: the interface is the object */
    struct arena arena;         /* of what follows */
    struct aws_credentials credentials;
    struct aws_endpoints endpoints;
    struct clock *clock;
    struct http *http;
    struct http_curl *curl;   /* owned; NULL over somebody else's http */
    const volatile int *stop; /* aws_connection_heed; may be NULL */
    int64_t skew_s;           /* AWS's clock less ours */
    uint64_t chance;          /* state of the delays */
    str identity;             /* whom AWS takes us for; empty until it was asked */
};

/* One request on its way. Its parts live in the caller's arena, or in an attempt's. */
struct delivery {
    struct aws_connection *connection;
    const struct request *request;
    bool is_change;
    struct aws_endpoint endpoint;
    struct wire wire;
    int64_t signed_at_s; /* of the last attempt, by our corrected clock */
};

/* How an attempt ended. */
struct attempt {
    enum err err; /* as http's send */
    struct http_reply reply;
    const char *reason;
    enum retry_cause cause;
};

/* splitmix64: delays need to differ, not to be secret. */
static uint32_t chance_next(uint64_t *chance)
{
    uint64_t mixed = *chance += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(mixed >> 32);
}

/* --- one attempt --- */

/* What can only be said now: the body of `delivery` with its marks replaced. */
static enum err body_now(const struct delivery *delivery, struct arena *scratch, str *ret_body)
{
    enum aws_service service = aws_service_find(delivery->request->service);
    enum aws_protocol protocol = aws_service_info(service)->protocol;
    struct late late = { .now_s = delivery->signed_at_s };
    *ret_body = delivery->wire.request.body;
    if (protocol == AWS_PROTOCOL_REST)
        return ERR_OK;
    return late_fill(*ret_body, protocol == AWS_PROTOCOL_QUERY, &late, scratch, ret_body);
}

/* `*ret_body` is what is sent. */
static enum err delivery_sign(struct delivery *delivery, struct arena *scratch,
    struct http_header *headers, uint32_t *count, str *ret_body)
{
    struct aws_connection *connection = delivery->connection;
    const struct aws_endpoint *endpoint = &delivery->endpoint;
    const struct wire *wire = &delivery->wire;
    const struct aws_credentials *found = &connection->credentials;
    struct sigv4_credentials credentials = { found->access_key_id, &found->secret_access_key,
        &found->session_token };
    delivery->signed_at_s =
        connection->clock->now_ms(connection->clock) / MS_PER_S + connection->skew_s;
    struct sigv4_options options = { .region = endpoint->region,
        .service = str_from(delivery->request->service),
        .at_unix_s = delivery->signed_at_s,
        .path_as_is = wire->is_s3,
        .body_header = wire->is_s3 };
    struct sigv4_signed made;
    struct sigv4_request request = wire->request;
    TRY(body_now(delivery, scratch, &request.body));
    *ret_body = request.body;
    TRY(sigv4_sign(scratch, &request, &credentials, &options, &made));
    memcpy(headers, wire->headers, wire->headers_count * sizeof(headers[0]));
    memcpy(headers + wire->headers_count, made.headers, made.headers_count * sizeof(headers[0]));
    *count = wire->headers_count + made.headers_count;
    return ERR_OK;
}

/* What the attempt says about another one. */
static enum retry_cause attempt_cause(
    const struct attempt *attempt, const char *service, struct arena *scratch)
{
    str code = { "", 0 }, message;
    if (attempt->err == ERR_TRANSPORT || attempt->err == ERR_REFUSED)
        return RETRY_TRANSIENT;
    if (attempt->err != ERR_OK || attempt->reply.status < 400)
        return RETRY_NONE;
    if (!reply_error_of(scratch, service, attempt->reply.body, &code, &message))
        code = (str){ "", 0 };
    return retry_cause_of(attempt->reply.status, code);
}

static void attempt_make(struct delivery *delivery, struct arena *scratch, struct attempt *attempt)
{
    struct http_header headers[HEADERS_MAX];
    struct http *http = delivery->connection->http;
    struct http_request request = { .method = delivery->wire.request.method.ptr,
        .url = delivery->wire.url,
        .headers = headers,
        .is_change = delivery->is_change,
        .stop = delivery->is_change ? NULL : delivery->connection->stop };
    *attempt = (struct attempt){ .cause = RETRY_NONE };
    attempt->err = delivery_sign(delivery, scratch, headers, &request.headers_count, &request.body);
    if (attempt->err != ERR_OK)
        return;
    attempt->err = http->send(http, &request, scratch, &attempt->reply, &attempt->reason);
    attempt->cause = attempt_cause(attempt, delivery->request->service, scratch);
}

/* --- again? --- */

/* Learn AWS's time from a refusal. False when the clocks agree, so something else is wrong. */
static bool skew_correct(struct delivery *delivery, const struct http_reply *reply)
{
    struct aws_connection *connection = delivery->connection;
    int64_t off_s = reply->date_unix_s - delivery->signed_at_s;
    if (reply->date_unix_s == 0 || (off_s > -SKEW_S_MIN && off_s < SKEW_S_MIN))
        return false;
    connection->skew_s += off_s;
    return true;
}

/* Wait before the next attempt. False for a stop: it ends a read; what a change was answered
 * is handed over, because the journal wants to know. */
static bool wait_for_next(struct delivery *delivery, struct attempt *attempt, unsigned number)
{
    struct aws_connection *connection = delivery->connection;
    uint32_t delay_ms = retry_delay_ms(number, chance_next(&connection->chance));
    if (clock_wait(connection->clock, delay_ms, connection->stop))
        return true;
    if (!delivery->is_change)
        attempt->err = ERR_STOPPED;
    return false;
}

/* Whether to send once more after this attempt, waiting first where that is due. */
static bool try_again(struct delivery *delivery, struct attempt *attempt, unsigned number)
{
    bool may_again = number + 1 < RETRY_ATTEMPTS_MAX;
    switch (attempt->cause) {
    case RETRY_NONE:
        return false;
    case RETRY_SKEWED:
        return may_again && skew_correct(delivery, &attempt->reply);
    case RETRY_TRANSIENT:
        may_again = may_again && !delivery->is_change;
        break;
    case RETRY_THROTTLED:
        break;
    }
    return may_again && wait_for_next(delivery, attempt, number);
}

/* Whether cdr was paused since the change was let through. */
static bool is_paused(const struct delivery *delivery)
{
    const char *file = delivery->request->pause_file;
    return delivery->is_change && file != NULL && pause_is_on(file);
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

static enum err deliver(struct delivery *delivery, struct arena *arena, struct reply *ret_reply,
    const char **reterr_reason)
{
    for (unsigned number = 0;; number++) {
        CLEANUP(arena_release) struct arena scratch = ARENA_INIT(ATTEMPT_BYTES_MAX);
        struct attempt attempt;
        attempt_make(delivery, &scratch, &attempt);
        if (!try_again(delivery, &attempt, number) || is_paused(delivery))
            return attempt_hand_over(&attempt, arena, ret_reply, reterr_reason);
    }
}

static enum err connection_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct aws_connection *connection = (struct aws_connection *)transport;
    struct delivery delivery = {
        .connection = connection, .request = request, .is_change = is_change
    };
    enum aws_service service = aws_service_find(request->service);
    if (service == AWS_SERVICE_COUNT)
        return refuse(
            arena_format(arena, "this build speaks with no service '%s' of AWS", request->service),
            reterr_reason);
    if (request->body.len > REQUEST_BYTES_MAX)
        return refuse(arena_format(arena, "the request is over 256 KiB"), reterr_reason);
    str region = request->region.len > 0 ? request->region : connection->credentials.region;
    enum err err = aws_endpoint_make(
        &connection->endpoints, service, region, arena, &delivery.endpoint, reterr_reason);
    if (err == ERR_OK)
        err = wire_make(request, &delivery.endpoint, arena, &delivery.wire, reterr_reason);
    if (err == ERR_INVALID)
        return ERR_REFUSED;
    return err != ERR_OK ? err : deliver(&delivery, arena, ret_reply, reterr_reason);
}

/* Ask once: one set of credentials is one caller for as long as it lives. */
static enum err connection_where(struct transport *transport, struct arena *arena,
    str *ret_identity, str *ret_region, const char **reterr_reason)
{
    struct aws_connection *connection = (struct aws_connection *)transport;
    str identity = connection->identity;
    if (identity.len == 0) {
        TRY(aws_whoami(transport, arena, &identity, reterr_reason));
        connection->identity = arena_copy(&connection->arena, identity);
    }
    identity = arena_copy(arena, identity);
    str region = arena_copy(arena, connection->credentials.region);
    if (identity.ptr == NULL || region.ptr == NULL)
        return ERR_MEMORY;
    *ret_identity = identity;
    *ret_region = region;
    return ERR_OK;
}

/* --- opening --- */

static enum err settings_read(struct aws_connection *connection,
    const struct aws_environment *environment, const char **reterr_reason)
{
    TRY(aws_credentials_find(
        environment, &connection->arena, &connection->credentials, reterr_reason));
    return aws_endpoints_read(environment, connection->credentials.endpoint_url, &connection->arena,
        &connection->endpoints, reterr_reason);
}

enum err aws_connection_open_over(struct http *http, uint64_t seed,
    const struct aws_environment *environment, struct clock *clock, struct arena *arena,
    struct aws_connection **ret_connection, const char **reterr_reason)
{
    struct aws_connection *connection = calloc(1, sizeof(*connection));
    const char *reason = NULL;
    if (connection == NULL)
        return ERR_MEMORY;
    *connection = (struct aws_connection){ .transport = { connection_send, connection_where },
        .arena = ARENA_INIT(CONNECTION_BYTES_MAX),
        .clock = clock,
        .http = http,
        .chance = seed,
        .identity = { "", 0 } };
    enum err err = settings_read(connection, environment, &reason);
    if (err == ERR_OK) {
        *ret_connection = connection;
        return ERR_OK;
    }
    if (err == ERR_CREDENTIALS) {
        *reterr_reason = arena_format(arena, "%s", reason);
        err = *reterr_reason == NULL ? ERR_MEMORY : err;
    }
    aws_connection_close(connection);
    return err;
}

/* Chance that two processes started together do not share. */
static uint64_t seed_make(struct clock *clock)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)clock->now_ms(clock);
    return seed;
}

enum err aws_connection_open(const struct aws_environment *environment, struct clock *clock,
    struct arena *arena, struct aws_connection **ret_connection, const char **reterr_reason)
{
    struct http_curl_options options = {
        .ca_file = aws_environment_get(environment, "AWS_CA_BUNDLE"),
    };
    struct http_curl *curl;
    TRY(http_curl_new(&options, &curl));
    enum err err = aws_connection_open_over(http_curl_interface(curl), seed_make(clock),
        environment, clock, arena, ret_connection, reterr_reason);
    if (err == ERR_OK)
        (*ret_connection)->curl = curl;
    else
        http_curl_free(curl);
    return err;
}

struct transport *aws_connection_transport(struct aws_connection *connection)
{
    return &connection->transport;
}

str aws_connection_region(const struct aws_connection *connection)
{
    return connection->credentials.region;
}

const char *aws_connection_found(const struct aws_connection *connection)
{
    return connection->credentials.found;
}

void aws_connection_heed(struct aws_connection *connection, const volatile int *stop)
{
    connection->stop = stop;
}

void aws_connection_close(struct aws_connection *connection)
{
    if (connection == NULL)
        return;
    http_curl_free(connection->curl);
    aws_credentials_release(&connection->credentials);
    arena_release(&connection->arena);
    free(connection);
}
