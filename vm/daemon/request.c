/* Requests between libmicrohttpd and the handler.
 *
 * A request is held by libmicrohttpd, from its first line until its connection ends, and from
 * `handle` until it is answered by the handler too; whoever lets go last frees it. */
#include "base/json_writer.h"
#include "base/percent.h"
#include "daemon/server_private.h"
#include "daemon/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
    struct exchange exchange; /* first: the handler gives back its address */
    struct server *server;
    struct connection *connection; /* while libmicrohttpd has it */
    struct MHD_Connection *mhd;
    struct arena arena;
    const char *target; /* as it came */
    const struct head_field *fields;
    size_t count;
    str query;
    char *body;
    size_t room; /* bytes of `body` */
    bool is_admitted;
    bool is_cut;      /* its time was over before; whatever still comes of it has no effect */
    bool is_too_long; /* chunks are, for what was admitted */
    bool is_too_much; /* all bodies together are: the rest is read and forgotten */
    /* What follows is guarded by the server's lock. */
    bool is_in_mhd, is_with_handler, is_suspended, is_answered;
    struct MHD_Response *response; /* NULL when is_answered: there was no memory for it */
    unsigned status;
};

static void request_free(struct request *request)
{
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    arena_wipe(&request->arena);
    free(request->body);
    free(request);
}

/* --- what a handler asks of an exchange --- */

static const struct request *request_of(const struct exchange *exchange)
{
    return (const struct request *)(const void *)exchange;
}

str exchange_header(const struct exchange *exchange, const char *name)
{
    const struct request *request = request_of(exchange);
    return head_value(request->fields, request->count, name);
}

bool exchange_has_header(const struct exchange *exchange, const char *name)
{
    const struct request *request = request_of(exchange);
    return head_has(request->fields, request->count, name);
}

str exchange_query(const struct exchange *exchange, const char *name)
{
    str rest = request_of(exchange)->query;
    str found = STR("");
    for (size_t count = 0; rest.len > 0;) {
        str pair = str_first(rest, str_find(rest, '&'));
        rest = str_skip(rest, pair.len + 1);
        str key = str_first(pair, str_find(pair, '='));
        if (!str_is(key, name))
            continue;
        if (++count > 1)
            return STR("");
        if (percent_decode(exchange->arena, str_skip(pair, key.len + 1), true, &found) != ERR_OK)
            return STR("");
    }
    return found;
}

str exchange_query_name(const struct exchange *exchange, size_t at)
{
    for (str rest = request_of(exchange)->query; rest.len > 0;) {
        str pair = str_first(rest, str_find(rest, '&'));
        rest = str_skip(rest, pair.len + 1);
        if (pair.len > 0 && at-- == 0)
            return str_first(pair, str_find(pair, '='));
    }
    return (str){ NULL, 0 };
}

/* --- answers --- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

/* NULL without memory, or when a header's value cannot be one. */
static struct MHD_Response *response_new(const struct answer *answer)
{
    char retry[16];
    (void)snprintf(retry, sizeof(retry), "%u", (unsigned)answer->retry_after_s);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.len, (void *)(uintptr_t)answer->body.ptr, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return NULL;
    if (add_header(response, "Connection", "close")
        && add_header(response, "Cache-Control", "no-store")
        && add_header(response, "X-Content-Type-Options", "nosniff")
        && add_header(response, "Content-Type", answer->content_type)
        && add_header(response, "WWW-Authenticate", answer->authenticate)
        && add_header(response, "ETag", answer->etag)
        && add_header(response, "Allow", answer->allow)
        && add_header(response, "Retry-After", answer->retry_after_s == 0 ? NULL : retry))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* Take `response`, which may be NULL, as the answer if there is none yet. The lock is held. */
static void take_answer(struct request *request, unsigned status, struct MHD_Response *response)
{
    if (request->is_answered || !request->is_in_mhd) {
        if (response != NULL)
            MHD_destroy_response(response);
        return;
    }
    request->is_answered = true;
    request->status = status;
    request->response = response;
    connection_enter(request->server, request->connection, PHASE_ANSWER, request->server->body_ms);
    if (request->is_suspended)
        MHD_resume_connection(request->mhd);
    request->is_suspended = false;
}

void exchange_answer(struct exchange *exchange, const struct answer *answer)
{
    struct request *request = (struct request *)(void *)exchange;
    struct server *server = request->server;
    struct MHD_Response *response = response_new(answer);
    pthread_mutex_lock(&server->lock);
    take_answer(request, (unsigned)answer->status, response);
    bool is_last = request->is_with_handler && !request->is_in_mhd;
    if (request->is_with_handler)
        server->held--;
    request->is_with_handler = false;
    bool is_over = server->is_over && server->held == 0;
    pthread_mutex_unlock(&server->lock);
    if (is_last)
        request_free(request);
    if (is_over)
        server_free(server);
}

/* application/problem+json of RFC 9457. */
static void write_problem(struct buf *out, int status, const char *title, const char *detail)
{
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '{');
    json_text(&json, "type", STR("about:blank"));
    json_text(&json, "title", str_from(title));
    json_number(&json, "status", (uint64_t)status);
    if (detail != NULL)
        json_text(&json, "detail", str_from(detail));
    json_close(&json, '}');
    buf_add_byte(out, '\n');
}

static void refuse(
    struct exchange *exchange, int status, const char *label, const char *title, const char *detail)
{
    struct buf body = BUF_INIT(64 * 1024);
    metrics_add(request_of(exchange)->server->metrics, METRIC_REQUESTS_REFUSED, str_from(label), 1);
    write_problem(&body, status, title, detail);
    exchange_answer(
        exchange, &(struct answer){ .status = status,
                      .content_type = "application/problem+json",
                      .body = buf_str(&body),
                      .retry_after_s = status == 503 || status == 429 ? RETRY_AFTER_S : 0,
                      .authenticate = status == 401 ? "Bearer" : NULL });
    buf_release(&body);
}

void exchange_refuse(struct exchange *exchange, int status, const char *title, const char *detail)
{
    char label[16];
    (void)snprintf(label, sizeof(label), "%d", status);
    refuse(exchange, status, label, title, detail);
}

void request_give_up(struct request *request)
{
    struct buf body = BUF_INIT(1024);
    metrics_add(request->server->metrics, METRIC_REQUESTS_REFUSED, STR("unanswered"), 1);
    write_problem(&body, 503, "there was no answer in time", NULL);
    take_answer(request, 503,
        response_new(&(struct answer){ .status = 503,
            .content_type = "application/problem+json",
            .body = buf_str(&body),
            .retry_after_s = RETRY_AFTER_S }));
    buf_release(&body);
}

/* --- a request begins --- */

void connection_notify(void *context, struct MHD_Connection *mhd, void **connection,
    enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*connection != NULL)
            door_take_back(server, *connection);
        *connection = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct ticket ticket;
    if (info == NULL || info->client_addr == NULL)
        return;
    memcpy(&ticket, info->client_addr, sizeof(ticket));
    pthread_mutex_lock(&server->lock);
    struct connection *found = &server->connections[ticket.slot];
    if (found->id == ticket.id) {
        found->is_started = true;
        *connection = found;
    }
    pthread_mutex_unlock(&server->lock);
}

void *request_new(void *context, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct request *request = calloc(1, sizeof(*request));
    if (request == NULL || info == NULL || info->socket_context == NULL) {
        free(request);
        return NULL;
    }
    request->server = context;
    request->connection = info->socket_context;
    request->mhd = mhd;
    request->is_in_mhd = true;
    request->arena = (struct arena)ARENA_INIT(EXCHANGE_BYTES_MAX);
    str copy = arena_copy(&request->arena, str_from(target));
    request->target = copy.ptr;
    return request;
}

/* Headers as libmicrohttpd read them. */
struct collected {
    struct arena *arena;
    struct head *head;
    enum head_fault fault;
};

static enum MHD_Result collect_field(void *context, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct collected *collected = context;
    struct head *head = collected->head;
    if (head->count == HEAD_FIELDS_MAX) {
        collected->fault = HEAD_FIELDS;
        return MHD_NO;
    }
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
        value_len--;
    struct head_field field = { arena_copy(collected->arena, (str){ name, name_len }),
        arena_copy(collected->arena, (str){ value == NULL ? "" : value, value_len }) };
    head->fields[head->count++] = field;
    return field.name.ptr != NULL && field.value.ptr != NULL ? MHD_YES : MHD_NO;
}

/* What libmicrohttpd read must be what the door let in; with TLS, nobody has looked at it before. */
static enum head_fault check_again(
    struct request *request, const char *method, const char *version, struct head *head)
{
    struct collected collected = { &request->arena, head, HEAD_GOOD };
    head->method = str_from(method);
    head->target = str_from(request->target);
    head->minor = strcmp(version, "HTTP/1.0") == 0 ? 0 : 1;
    if (head->minor == 1 && strcmp(version, "HTTP/1.1") != 0)
        return HEAD_VERSION;
    if (head->method.len == 0 || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != head->method.len)
        return HEAD_REQUEST_LINE;
    (void)MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, collect_field, &collected);
    enum head_fault fault = collected.fault == HEAD_GOOD ? head_check(head) : collected.fault;
    /* Behind TLS nobody has looked at the chunks. */
    return fault == HEAD_GOOD && head->is_chunked && request->server->tls != NULL ? HEAD_CHUNKED
                                                                                  : fault;
}

static str peer_text(struct arena *arena, const struct in6_addr *peer)
{
    char text[INET6_ADDRSTRLEN];
    bool is_four = IN6_IS_ADDR_V4MAPPED(peer);
    const char *written = inet_ntop(is_four ? AF_INET : AF_INET6,
        is_four ? (const void *)&peer->s6_addr[12] : (const void *)peer, text, sizeof(text));
    return arena_copy(arena, str_from(written));
}

/* Fill in the exchange. ERR_MEMORY. */
static enum err fill(struct request *request, const struct head *head)
{
    struct arena *arena = &request->arena;
    struct exchange *exchange = &request->exchange;
    struct head_field *fields = ARENA_ARRAY(arena, struct head_field, head->count + 1);
    str path = str_first(head->target, str_find(head->target, '?'));
    request->query = str_skip(head->target, path.len + 1);
    exchange->method = arena_copy(arena, head->method).ptr;
    exchange->peer = peer_text(arena, &request->connection->peer);
    exchange->body = STR("");
    exchange->arena = arena;
    exchange->handler = request->server->handler;
    if (fields == NULL || exchange->method == NULL || exchange->peer.ptr == NULL)
        return ERR_MEMORY;
    memcpy(fields, head->fields, head->count * sizeof(*fields));
    request->fields = fields;
    request->count = head->count;
    TRY(percent_decode(arena, path, false, &exchange->path));
    return tls_peer(request->server->tls, request->mhd, exchange);
}

/* Room for the body that the head announces; for chunks, for as much as there may be. */
static bool make_room(struct request *request, const struct head *head, size_t admitted)
{
    struct exchange *exchange = &request->exchange;
    uint64_t length = head->length;
    if (head->is_chunked)
        length = admitted < CHUNKED_BYTES_MAX ? admitted : CHUNKED_BYTES_MAX;
    if (length > admitted || length > request->server->bodies_max) {
        refuse(exchange, 413, "body_long", "the body is too long", NULL);
        return false;
    }
    request->room = (size_t)length;
    request->body = malloc(request->room + 1);
    if (request->body == NULL)
        refuse(exchange, 503, "memory", "there is no memory for the body now", NULL);
    return request->body != NULL;
}

/* Go on to a phase, unless the door has ended the connection meanwhile: then who asked was told so, and
 * nothing may come of it. */
static bool go_on_to(struct request *request, enum phase phase, uint32_t duration_ms)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    request->is_cut = request->connection->phase == PHASE_CUT;
    if (!request->is_cut) {
        connection_enter(server, request->connection, phase, duration_ms);
        request->is_with_handler = phase == PHASE_HANDLE;
        server->held += request->is_with_handler;
    }
    pthread_mutex_unlock(&server->lock);
    return !request->is_cut;
}

/* The head is here. */
static void admit(struct request *request, const char *method, const char *version)
{
    struct exchange *exchange = &request->exchange;
    struct server *server = request->server;
    struct head head = { 0 };
    enum head_fault fault = check_again(request, method, version, &head);
    pthread_mutex_lock(&server->lock);
    request->connection->request = request;
    request->connection->is_whole = false;
    pthread_mutex_unlock(&server->lock);
    if (!go_on_to(request, PHASE_BODY, server->body_ms))
        return;
    if (fault != HEAD_GOOD) {
        const struct head_fault_info *info = head_fault_info(fault);
        refuse(exchange, info->status, info->label, info->sentence, NULL);
        return;
    }
    if (fill(request, &head) != ERR_OK) {
        refuse(exchange, 503, "memory", "there is no memory for the request now", NULL);
        return;
    }
    size_t admitted = server->handler->admit(server->handler, exchange);
    if (admitted == 0 || !make_room(request, &head, admitted))
        return;
    uint32_t body_ms = exchange->is_known ? server->body_ms : server->stranger_body_ms;
    request->is_admitted = go_on_to(request, PHASE_BODY, body_ms);
}

/* --- it goes on --- */

/* Whether there is room for `size` more bytes of the body; then they are counted. Those whom nobody
 * knows share a part of it, so that they cannot keep out the others. The lock is held. */
static bool count_in(struct request *request, size_t size)
{
    struct server *server = request->server;
    struct connection *connection = request->connection;
    if (server->bodies_bytes + size > server->bodies_max)
        return false;
    if (!request->exchange.is_known) {
        if (server->strange_bytes + size > server->bodies_max / STRANGERS_SHARE
            || door_strange_bytes(server, connection) + size > server->bodies_max / STRANGER_SHARE)
            return false;
        server->strange_bytes += size;
        connection->strange_bytes += size;
    }
    server->bodies_bytes += size;
    return true;
}

static void take_data(struct request *request, const char *data, size_t size)
{
    struct server *server = request->server;
    size_t have = request->exchange.body.len;
    if (request->is_too_much || request->is_too_long || !request->is_admitted)
        return;
    request->is_too_long = size > request->room - have;
    if (request->is_too_long)
        return;
    pthread_mutex_lock(&server->lock);
    request->is_too_much = !count_in(request, size);
    pthread_mutex_unlock(&server->lock);
    if (request->is_too_much)
        return;
    memcpy(request->body + have, data, size);
    request->exchange.body = (str){ request->body, have + size };
}

/* The request is whole. */
static void hand_over(struct request *request)
{
    struct server *server = request->server;
    if (request->is_too_much) {
        refuse(&request->exchange, 503, "memory", "there is no room for the body now", NULL);
        return;
    }
    if (request->is_too_long) {
        refuse(&request->exchange, 413, "body_long", "the body is too long", NULL);
        return;
    }
    request->body[request->exchange.body.len] = '\0';
    if (go_on_to(request, PHASE_HANDLE, server->handle_ms))
        server->handler->handle(server->handler, &request->exchange);
}

static bool is_answered(struct request *request)
{
    pthread_mutex_lock(&request->server->lock);
    bool answered = request->is_answered;
    pthread_mutex_unlock(&request->server->lock);
    return answered;
}

/* Send the answer, or wait for it. */
static enum MHD_Result send_or_wait(struct request *request)
{
    struct server *server = request->server;
    pthread_mutex_lock(&server->lock);
    bool is_there = request->is_answered;
    if (!is_there && atomic_load(&server->is_ending)) {
        request_give_up(request);
        is_there = true;
    }
    if (!is_there) {
        request->is_suspended = true;
        MHD_suspend_connection(request->mhd);
    }
    pthread_mutex_unlock(&server->lock);
    if (!is_there)
        return MHD_YES;
    if (request->response == NULL)
        return MHD_NO;
    return MHD_queue_response(request->mhd, request->status, request->response);
}

enum MHD_Result request_go_on(void *context, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, const char *data, size_t *size, void **self)
{
    (void)context;
    (void)mhd;
    (void)path;
    struct request *request = *self;
    if (request == NULL || request->target == NULL)
        return MHD_NO;
    if (request->exchange.arena == NULL) {
        request->exchange.arena = &request->arena;
        admit(request, method, version);
        if (request->is_admitted || request->is_cut)
            return request->is_cut ? MHD_NO : MHD_YES;
        /* Refused, or a handler that neither took nor refused it. */
        if (!is_answered(request))
            exchange_refuse(&request->exchange, 500, "the request was not taken", NULL);
        return send_or_wait(request);
    }
    if (*size > 0) {
        take_data(request, data, *size);
        *size = 0;
        return MHD_YES;
    }
    request->connection->is_whole = true;
    if (!is_answered(request) && !request->is_with_handler)
        hand_over(request);
    if (request->is_cut)
        return MHD_NO;
    return send_or_wait(request);
}

void request_end(
    void *context, struct MHD_Connection *mhd, void **self, enum MHD_RequestTerminationCode code)
{
    (void)mhd;
    (void)code;
    struct server *server = context;
    struct request *request = *self;
    *self = NULL;
    if (request == NULL)
        return;
    pthread_mutex_lock(&server->lock);
    server->bodies_bytes -= request->exchange.body.len;
    server->strange_bytes -= request->connection->strange_bytes;
    request->connection->strange_bytes = 0;
    request->is_in_mhd = false;
    request->connection->request = NULL;
    request->connection = NULL;
    bool is_last = !request->is_with_handler;
    pthread_mutex_unlock(&server->lock);
    if (is_last)
        request_free(request);
}
