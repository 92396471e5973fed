#include "rest/connection.h"

#include "base/json_writer.h"
#include "base/limits.h"
#include "host/pause.h"
#include "host/url.h"
#include "rest/download.h"
#include "rest/fill.h"
#include "rest/keep.h"
#include "rest/limits.h"
#include "rest/link.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTION_BYTES_MAX = 64 * 1024,
    /* One attempt: the reply, the request, an address. */
    ATTEMPT_BYTES_MAX = 4 * REPLY_BYTES_MAX,
    HEADERS_MAX = REST_HEADERS_MAX + 2,
    SPENT_MS = 1000, /* how long nothing is sent after the last request of a window */
    FILE_MS_MAX = 2 * 3600 * 1000,
    LONG_BYTES_MIN = 1024 * 1024, /* content that takes longer than an answer may */
    LONG_MS_MAX = 15 * 60 * 1000,
    NO_FILE_BYTES_MAX = 64 * 1024, /* of an answer in place of a file */
};

/* A request on its way. */
struct journey {
    struct rest_connection *connection;
    struct rest_service *service;
    const struct request *request;
    struct rest_request parts; /* borrowed from the request */
    struct keep keep;          /* of one that is kept */
    uint32_t paid;             /* for the last attempt, out of the bucket */
    bool is_change;
    bool is_kept;
    bool was_renewed; /* another token was got, because the vendor refused one */
    const volatile int *stop;
};

/* How an attempt ended. */
struct attempt {
    enum err err; /* as http's send */
    struct http_reply reply;
    const char *reason;
    bool is_linked;  /* `reply` is that of the address that the answer named */
    bool is_settled; /* nothing that another attempt would make better */
};

static enum err refuse(const char *reason, const char **reterr_reason)
{
    *reterr_reason = reason;
    return reason == NULL ? ERR_MEMORY : ERR_REFUSED;
}

bool rest_is_web_page(str body)
{
    return str_startswith(str_trim(body, " \t\r\n\xEF\xBB\xBF"), STR("<"));
}

bool rest_again(struct rest_connection *connection, unsigned number, const struct http_reply *reply,
    const volatile int *stop, bool *ret_is_stopped)
{
    uint32_t asked_ms = reply == NULL ? 0
                                      : rest_limits_wait_ms(reply,
                                          connection->clock->now_ms(connection->clock) / 1000);
    uint32_t delay_ms = retry_delay_ms(number, retry_chance(&connection->chance));
    if (number + 1 >= RETRY_ATTEMPTS
        || !retry_take(&connection->retries, reply == NULL ? RETRY_COST_UNHEARD : RETRY_COST))
        return false;
    *ret_is_stopped =
        !clock_wait(connection->clock, asked_ms > delay_ms ? asked_ms : delay_ms, stop);
    return !*ret_is_stopped;
}

/* --- one attempt --- */

/* Where it is sent. NULL: the arena is full, or the address may not be asked. */
static const char *url_of(const struct journey *journey, struct arena *scratch)
{
    const struct rest_request *parts = &journey->parts;
    const struct rest_service_plan *plan = &journey->service->plan;
    if (plan->is_download)
        return rest_download_url(scratch, plan->name, parts, plan->base).ptr;
    return arena_format(scratch, "%.*s%.*s%s%.*s", STR_ARG(plan->base), STR_ARG(parts->path),
        parts->query.len > 0 ? "?" : "", STR_ARG(parts->query));
}

/* Content, headers and address of what is sent. */
static enum err request_make(const struct journey *journey, struct arena *scratch, struct buf *out,
    struct http_header *headers, struct http_request *request, const char **reterr_reason)
{
    const struct rest_request *parts = &journey->parts;
    const struct rest_service *service = journey->service;
    struct rest_fill fill = { journey->connection->signer, scratch, journey->request->late };
    TRY(rest_fill(parts, &fill, out, &request->body, reterr_reason));
    request->method = arena_copy(scratch, parts->method).ptr;
    request->url = url_of(journey, scratch);
    if (request->url == NULL && !scratch->is_full)
        return refuse(
            "the address that was handed out is none where results are kept", reterr_reason);
    const char *bearer =
        arena_format(scratch, "Bearer %.*s", STR_ARG(secret_bytes(&service->bearer)));
    if (request->method == NULL || request->url == NULL || bearer == NULL)
        return ERR_MEMORY;
    uint32_t count = 0;
    if (!service->plan.is_download)
        headers[count++] = (struct http_header){ STR("Authorization"), str_from(bearer) };
    if (rest_header_of(parts, "Accept").len == 0 && !journey->is_kept)
        headers[count++] = (struct http_header){ STR("Accept"), STR("application/json") };
    for (uint32_t at = 0; at < parts->headers_count; at++)
        headers[count++] =
            (struct http_header){ parts->headers[at].name, parts->headers[at].value };
    request->headers = headers;
    request->headers_count = count;
    return ERR_OK;
}

/* Where the file is that an answer names, when that may be: over https at a host of the service, or
 * where the service itself is. NULL: not there. */
static const char *link_read(const struct rest_service *service, str body, struct arena *scratch)
{
    json_auto_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(json, "value"));
    str url = str_from(text), base = service->plan.base;
    str host = url_host(url);
    bool is_known = str_startswith(url, base) && str_startswith(str_skip(url, base.len), STR("/"));
    if (text == NULL || !url_is_safe(url))
        return NULL;
    is_known |= str_startswith(url, STR("https://")) && rest_is_store(service->plan.links_of, host);
    return is_known ? arena_copy(scratch, url).ptr : NULL;
}

/* Fetch what the answer names, without showing who asks: who has the address may. */
static void link_follow(struct journey *journey, struct arena *scratch, struct attempt *attempt)
{
    struct http *http = journey->connection->http;
    const char *url = link_read(journey->service, attempt->reply.body, scratch);
    struct http_request request = { .method = "GET",
        .url = url,
        .body = STR(""),
        .stop = journey->stop,
        .timeout_ms = FILE_MS_MAX,
        .is_secret = true,
        .wanted = rest_wanted,
        .sink = &journey->keep.sink };
    if (url == NULL) {
        attempt->err = ERR_REFUSED;
        attempt->is_settled = true;
        attempt->reason =
            arena_format(scratch, "%s names no address of the file that it may be fetched from",
                journey->connection->plan.vendor);
        return;
    }
    attempt->is_linked = true;
    attempt->err = http->send(http, &request, scratch, &attempt->reply, &attempt->reason);
}

/* Why a file could not be taken. */
static void keep_judge(struct journey *journey, struct attempt *attempt)
{
    if (!journey->is_kept || journey->keep.err == ERR_OK)
        return;
    attempt->err = ERR_REFUSED;
    attempt->is_settled = true;
    attempt->reason = journey->keep.err == ERR_LIMIT
                          ? "the file is longer than what is kept as evidence"
                          : "the evidence folder took no more of the file: is it full?";
}

static void attempt_make(
    struct journey *journey, struct arena *scratch, struct buf *out, struct attempt *attempt)
{
    struct http_header headers[HEADERS_MAX];
    struct rest_connection *connection = journey->connection;
    bool is_direct = journey->is_kept && journey->service->plan.links_of == NULL;
    uint32_t answer_ms = journey->request->answer_ms;
    struct http_request request = { .is_change = journey->is_change,
        .stop = journey->is_change ? NULL : journey->stop,
        .timeout_ms = answer_ms > 0 ? answer_ms
                      : is_direct   ? FILE_MS_MAX
                                    : connection->plan.timeout_ms,
        .is_secret = journey->service->plan.is_download || (journey->is_kept && !is_direct),
        .wanted = rest_wanted,
        .sink = is_direct ? &journey->keep.sink : NULL };
    *attempt = (struct attempt){ .err = ERR_OK };
    attempt->err = request_make(journey, scratch, out, headers, &request, &attempt->reason);
    attempt->is_settled = attempt->err != ERR_OK;
    if (attempt->err != ERR_OK)
        return;
    if (request.body.len >= LONG_BYTES_MIN && request.timeout_ms < LONG_MS_MAX)
        request.timeout_ms = LONG_MS_MAX;
    attempt->err = connection->http->send(
        connection->http, &request, scratch, &attempt->reply, &attempt->reason);
    bool is_success =
        attempt->err == ERR_OK && attempt->reply.status >= 200 && attempt->reply.status < 300;
    if (is_success && rest_limits_are_spent(&attempt->reply))
        journey->service->not_before_ms = clock_elapsed_ms(connection->clock) + SPENT_MS;
    if (is_success && journey->is_kept && !is_direct)
        link_follow(journey, scratch, attempt);
    keep_judge(journey, attempt);
}

/* --- again? --- */

static bool is_paused(const struct journey *journey)
{
    const char *file = journey->request->pause_file;
    return journey->is_change && file != NULL && pause_is_on(file);
}

/* Whether the attempt says nothing of the request, or that it was not applied. */
static bool may_again(const struct journey *journey, const struct attempt *attempt)
{
    int status = attempt->reply.status;
    if (attempt->is_settled)
        return false;
    if (attempt->err == ERR_REFUSED || attempt->err == ERR_TRANSPORT)
        return !journey->is_change;
    if (attempt->err != ERR_OK)
        return false;
    if (status == 429)
        return !rest_is_web_page(attempt->reply.body) || !journey->is_change;
    /* An address that was named ends soon. */
    if (attempt->is_linked && (status == 403 || status == 404))
        return true;
    return !journey->is_change
           && (status == 408 || status == 500 || status == 502 || status == 503 || status == 504);
}

/* The vendor refuses a token that should be good: whether there is another now. */
static bool renew_once(
    struct journey *journey, const struct attempt *attempt, struct arena *scratch)
{
    const char *reason = NULL;
    if (attempt->err != ERR_OK || attempt->reply.status != 401 || attempt->is_linked
        || journey->was_renewed || rest_is_web_page(attempt->reply.body) || is_paused(journey))
        return false;
    journey->was_renewed = true;
    return rest_token_ready(journey->connection, journey->service, true,
               journey->is_change ? NULL : journey->stop, scratch, &reason)
           == ERR_OK;
}

/* Whether to send once more; *number counts. */
static bool try_again(
    struct journey *journey, struct attempt *attempt, unsigned *number, struct arena *scratch)
{
    bool is_stopped = false;
    bool has_reply = attempt->err == ERR_OK;
    if (renew_once(journey, attempt, scratch))
        return true;
    if (!may_again(journey, attempt))
        return false;
    bool is_again = rest_again(journey->connection, (*number)++, has_reply ? &attempt->reply : NULL,
        journey->stop, &is_stopped);
    if (is_stopped && !journey->is_change)
        attempt->err = ERR_STOPPED;
    if (is_again)
        journey->paid = has_reply ? RETRY_COST : RETRY_COST_UNHEARD;
    return is_again && !is_paused(journey);
}

/* --- what came of it --- */

static enum err received(int status, str body, struct arena *arena, struct reply *ret_reply)
{
    str copy = arena_copy(arena, body);
    *ret_reply = (struct reply){ REPLY_RECEIVED, status, copy };
    return copy.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* {"bytes":..} of a file that is whole. */
static enum err kept_tell(const struct journey *journey, const struct kept *kept,
    struct arena *arena, struct reply *ret_reply)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(REQUEST_BYTES_MAX);
    CLEANUP(buf_release) struct buf path = BUF_INIT(REQUEST_BYTES_MAX);
    struct json_writer json = { .out = &text };
    str folder = journey->connection->plan.evidence;
    str name = journey->request->keep_as;
    if (kept->ending != NULL)
        name = str_first(name, name.len - strlen(".7z"));
    buf_addf(&path, "%.*s%s%.*s%s", STR_ARG(folder), str_endswith(folder, STR("/")) ? "" : "/",
        STR_ARG(name), kept->ending == NULL ? "" : kept->ending);
    json_open(&json, NULL, '{');
    json_number(&json, "bytes", kept->bytes);
    json_text(&json, "sha256", str_from(kept->sha256));
    json_text(&json, "path", buf_str(&path));
    json_bool(&json, "existed", kept->existed);
    json_close(&json, '}');
    TRY(path.err);
    TRY(text.err);
    return received(200, buf_str(&text), arena, ret_reply);
}

/* Whether what came is of that type; parameters do not count. */
static bool is_type(const struct http_reply *reply, const char *type)
{
    str found = http_reply_header(reply, "Content-Type");
    found = str_trim(str_first(found, str_find(found, ';')), " ");
    return found.len == strlen(type) && strncasecmp(found.ptr, type, found.len) == 0;
}

/* End a file that came. JSON where a file was asked for is an answer; a web page is nothing. */
static enum err file_hand_over(struct journey *journey, const struct attempt *attempt,
    struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    const char *vendor = journey->connection->plan.vendor;
    int status = attempt->reply.status;
    struct kept kept;
    str text;
    if (is_type(&attempt->reply, "text/html"))
        return refuse(
            arena_format(arena, "%s gave a web page in place of a file (HTTP %d)", vendor, status),
            reterr_reason);
    if (!attempt->is_linked && is_type(&attempt->reply, "application/json")
        && keep_read_back(&journey->keep, NO_FILE_BYTES_MAX, arena, &text))
        return received(status, text, arena, ret_reply);
    if (status != 200)
        return refuse(
            arena_format(arena, "%s gave no whole file (HTTP %d)", vendor, status), reterr_reason);
    enum err err = keep_end(&journey->keep, &kept, arena, reterr_reason);
    if (err != ERR_OK)
        return err == ERR_MEMORY ? err : ERR_REFUSED;
    return kept_tell(journey, &kept, arena, ret_reply);
}

/* Move what the last attempt brought out of its memory. */
static enum err hand_over(struct journey *journey, const struct attempt *attempt,
    struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    enum err err = attempt->err == ERR_TIMEOUT ? ERR_TRANSPORT : attempt->err;
    if (err == ERR_MEMORY || err == ERR_STOPPED)
        return err;
    if (err != ERR_OK) {
        *reterr_reason =
            arena_format(arena, "%s", attempt->reason == NULL ? err_text(err) : attempt->reason);
        if (*reterr_reason == NULL)
            return ERR_MEMORY;
        return err == ERR_TRANSPORT ? err : ERR_REFUSED;
    }
    bool is_success = attempt->reply.status >= 200 && attempt->reply.status < 300;
    if (journey->is_kept && is_success)
        return file_hand_over(journey, attempt, arena, ret_reply, reterr_reason);
    if (attempt->is_linked)
        return refuse(
            arena_format(arena, "the file could not be fetched (HTTP %d)", attempt->reply.status),
            reterr_reason);
    return received(attempt->reply.status, attempt->reply.body, arena, ret_reply);
}

static enum err travel(struct journey *journey, struct arena *arena, struct reply *ret_reply,
    const char **reterr_reason)
{
    struct rest_connection *connection = journey->connection;
    const volatile int *fetch_stop = journey->is_change ? NULL : journey->stop;
    for (unsigned number = 0;;) {
        CLEANUP(arena_wipe) struct arena scratch = ARENA_INIT(ATTEMPT_BYTES_MAX);
        CLEANUP(buf_release) struct buf content = BUF_INIT(REST_CONTENT_BYTES_MAX);
        struct attempt attempt;
        if (journey->is_kept && keep_again(&journey->keep) != ERR_OK)
            return refuse("the evidence folder cannot be written to", reterr_reason);
        TRY(rest_token_ready(
            connection, journey->service, false, fetch_stop, arena, reterr_reason));
        attempt_make(journey, &scratch, &content, &attempt);
        if (try_again(journey, &attempt, &number, &scratch))
            continue;
        if (attempt.err == ERR_OK && attempt.reply.status < 400)
            retry_give_back(&connection->retries, journey->paid);
        return hand_over(journey, &attempt, arena, ret_reply, reterr_reason);
    }
}

/* --- the interface --- */

static struct rest_service *service_find(struct rest_connection *connection, const char *name)
{
    for (uint32_t at = 0; at < connection->plan.services_count; at++)
        if (strcmp(connection->services[at].plan.name, name) == 0)
            return &connection->services[at];
    return NULL;
}

/* ERR_REFUSED: the request is none that can be sent. */
static enum err journey_begin(
    struct journey *journey, struct arena *arena, const char **reterr_reason)
{
    const struct request *request = journey->request;
    str evidence = journey->connection->plan.evidence;
    if (journey->service == NULL)
        return refuse(arena_format(arena, "this build speaks with no service '%s' of %s",
                          request->service, journey->connection->plan.vendor),
            reterr_reason);
    if (journey->service->plan.absent != NULL)
        return refuse(journey->service->plan.absent, reterr_reason);
    if (request->body.len > REQUEST_BYTES_MAX || !rest_read(request->body, &journey->parts))
        return refuse("the request is none of a REST API, or too long", reterr_reason);
    if (!journey->is_kept)
        return ERR_OK;
    if (journey->is_change || evidence.len == 0)
        return refuse("there is no folder to keep a file in: set `evidence = \"/..\"` in the "
                      "connection",
            reterr_reason);
    enum err err = keep_begin(&journey->keep, evidence, request->keep_as, arena, reterr_reason);
    return err == ERR_OK || err == ERR_MEMORY ? err : ERR_REFUSED;
}

/* The vendor said that no request is left for now. False: a stop. */
static bool window_wait(const struct journey *journey)
{
    struct clock *clock = journey->connection->clock;
    int64_t left_ms = journey->service->not_before_ms - clock_elapsed_ms(clock);
    return left_ms <= 0 || left_ms > SPENT_MS || clock_wait(clock, (uint32_t)left_ms, journey->stop)
           || journey->is_change;
}

static enum err connection_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct rest_connection *connection = (struct rest_connection *)transport;
    struct journey journey = { .connection = connection,
        .service = service_find(connection, request->service),
        .request = request,
        .is_change = is_change,
        .is_kept = request->keep_as.len > 0,
        .stop = connection->stop };
    enum err err = journey_begin(&journey, arena, reterr_reason);
    if (err == ERR_OK && !window_wait(&journey))
        err = ERR_STOPPED;
    if (err == ERR_OK)
        err = travel(&journey, arena, ret_reply, reterr_reason);
    keep_release(&journey.keep);
    return err;
}

static enum err connection_where(struct transport *transport, struct arena *arena,
    str *ret_identity, str *ret_region, const char **reterr_reason)
{
    const struct rest_connection *connection = (const struct rest_connection *)transport;
    (void)reterr_reason;
    *ret_identity = arena_copy(arena, connection->plan.identity);
    *ret_region = STR("");
    return ret_identity->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* As a step reads it, so that both say the same of it. */
static enum err connection_is_declined(struct transport *transport, const struct request *request,
    const struct reply *reply, struct arena *scratch, bool *ret_is_declined)
{
    const struct rest_connection *connection = (const struct rest_connection *)transport;
    struct answer answer = { .heard = HEARD_NOTHING };
    TRY(connection->plan.speaker->read(scratch, reply, request, &answer));
    *ret_is_declined = answer.heard == HEARD_ERROR;
    return scratch->is_full ? ERR_MEMORY : ERR_OK;
}

static void texts_copy(struct rest_connection *connection)
{
    struct arena *arena = &connection->arena;
    struct rest_plan *plan = &connection->plan;
    plan->identity = arena_copy(arena, plan->identity);
    plan->evidence = arena_copy(arena, plan->evidence);
    plan->client.client_id = arena_copy(arena, plan->client.client_id);
    plan->client.member_cid = arena_copy(arena, plan->client.member_cid);
    for (uint32_t at = 0; at < plan->services_count; at++) {
        struct rest_service_plan *service = &connection->services[at].plan;
        *service = plan->services[at];
        service->base = arena_copy(arena, service->base);
        service->token_url = arena_copy(arena, service->token_url);
        service->scope = arena_copy(arena, service->scope);
    }
}

enum err rest_connection_new(struct rest_plan *plan, struct http *http, uint64_t seed,
    struct clock *clock, struct rest_connection **ret_connection)
{
    struct rest_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        oauth_client_release(&plan->client);
        return ERR_MEMORY;
    }
    connection->transport = (struct transport){ .send = connection_send,
        .where = connection_where,
        .is_declined = plan->speaker == NULL ? NULL : connection_is_declined };
    connection->arena = (struct arena)ARENA_INIT(CONNECTION_BYTES_MAX);
    connection->http = http;
    connection->clock = clock;
    connection->chance = seed;
    connection->plan = *plan;
    plan->client.client_secret = plan->client.certificate = (struct secret){ NULL, 0 };
    texts_copy(connection);
    if (connection->arena.is_full) {
        rest_connection_close(connection);
        return ERR_MEMORY;
    }
    *ret_connection = connection;
    return ERR_OK;
}

struct transport *rest_connection_transport(struct rest_connection *connection)
{
    return &connection->transport;
}

enum err rest_connection_try(
    struct rest_connection *connection, struct arena *arena, const char **reterr_reason)
{
    for (uint32_t at = 0; at < connection->plan.services_count; at++)
        if (connection->services[at].plan.absent == NULL)
            TRY(rest_token_ready(connection, &connection->services[at], false, connection->stop,
                arena, reterr_reason));
    return ERR_OK;
}

str rest_connection_base(const struct rest_connection *connection, const char *service)
{
    for (uint32_t at = 0; at < connection->plan.services_count; at++)
        if (strcmp(connection->services[at].plan.name, service) == 0)
            return connection->services[at].plan.base;
    return STR("");
}

bool rest_connection_clock(const struct rest_connection *connection, int64_t *ret_ahead_s)
{
    *ret_ahead_s = connection->ahead_s;
    return connection->has_clock;
}

void rest_connection_heed(struct rest_connection *connection, const volatile int *stop)
{
    connection->stop = stop;
}

void rest_connection_sign_with(struct rest_connection *connection, struct rest_signer *signer)
{
    connection->signer = signer;
}

void rest_connection_close(struct rest_connection *connection)
{
    if (connection == NULL)
        return;
    for (uint32_t at = 0; at < connection->plan.services_count; at++) {
        secret_release(&connection->services[at].bearer);
        free(connection->services[at].refusal);
    }
    oauth_client_release(&connection->plan.client);
    arena_release(&connection->arena);
    free(connection);
}
