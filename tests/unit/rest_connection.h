/* rest_connection.h - a connection to CrowdStrike or Microsoft over a scripted HTTP, compared to the
 * byte. */
#pragma once

#include "crowdstrike/connection.h"
#include "defender/connection.h"
#include "rest/fill.h"
#include "rest/rest.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "scratch.h"

#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define SECRET "s3cret/of+the=client"
#define US1 "https://api.crowdstrike.com"
#define US2 "https://api.us-2.crowdstrike.com"
#define TOKEN(bearer, seconds)                                                                     \
    "{\"access_token\":\"" bearer "\",\"token_type\":\"bearer\",\"expires_in\":" #seconds "}"
#define READ "GET /devices/entities/devices/v2?ids=a\n"
#define CHANGE                                                                                     \
    "POST /devices/entities/devices-actions/v2?action_name=contain\n"                              \
    "Content-Type: application/json\n\n{\"ids\":[\"a\"]}"

enum { EXCHANGES_MAX = 16, NOW_S = 1800000000, BODY_BYTES_MAX = 8192 };

struct fake_clock {
    struct clock clock; /* first */
    int64_t now_ms;
    uint32_t slept_ms;
    unsigned sleeps;
    volatile int stop;
    bool stops;
};

static inline int64_t fake_now_ms(struct clock *clock)
{
    return ((struct fake_clock *)clock)->now_ms;
}

static inline void fake_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    fake->sleeps++;
    fake->slept_ms += duration_ms;
    fake->now_ms += duration_ms;
    fake->stop |= fake->stops;
}

/* What must be sent, to the byte, and what is answered. */
struct exchange {
    const char *sent;   /* "POST https://..." */
    const char *bearer; /* NULL: no Authorization may be there */
    const char *body;   /* NULL: any */
    int status;
    const char *answer;
    enum err err;
    struct http_header headers[4];
    int64_t date_s;
    const char *half; /* goes to the sink before `err` */
};

struct fake_http {
    struct http http; /* first */
    const struct exchange *exchanges;
    unsigned sent;
    struct fake_clock *clock;
    uint32_t each_ms; /* how long an exchange takes */
    char last_body[BODY_BYTES_MAX];
    bool last_is_change;
};

static inline str header_sent(const struct http_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->headers_count; at++)
        if (str_is(request->headers[at].name, name))
            return request->headers[at].value;
    return STR("");
}

static inline enum err fake_send(struct http *http, const struct http_request *request,
    struct arena *arena, struct http_reply *ret_reply, const char **reterr_reason)
{
    struct fake_http *fake = (struct fake_http *)http;
    assert_true(fake->sent < EXCHANGES_MAX);
    const struct exchange *want = &fake->exchanges[fake->sent++];
    const char *sent = arena_format(arena, "%s %s", request->method, request->url);
    if (want->sent == NULL)
        fail_msg("not expected: %s", sent);
    assert_string_equal(sent, want->sent);
    str bearer = header_sent(request, "Authorization");
    const char *expected =
        want->bearer == NULL ? "" : arena_format(arena, "Bearer %s", want->bearer);
    if (!str_is(bearer, expected))
        fail_msg("%s: %.*s", sent, STR_ARG(bearer));
    if (want->body != NULL && !str_is(request->body, want->body))
        fail_msg("%s: body %.*s", sent, STR_ARG(request->body));
    snprintf(fake->last_body, sizeof(fake->last_body), "%.*s", STR_ARG(request->body));
    fake->last_is_change = request->is_change;
    fake->clock->now_ms += fake->each_ms;
    bool has_sink = request->sink != NULL && want->status >= 200 && want->status < 300;
    const char *streamed = want->half != NULL ? want->half : want->answer;
    if (has_sink && streamed != NULL && !request->sink->take(request->sink, str_from(streamed))) {
        *reterr_reason = "broke";
        return ERR_TRANSPORT;
    }
    if (want->err != ERR_OK) {
        *reterr_reason = arena_format(arena, "%s broke", request->url);
        return want->err;
    }
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, COUNT_OF(want->headers));
    uint32_t count = 0;
    while (count < COUNT_OF(want->headers) && want->headers[count].name.len > 0) {
        headers[count] = want->headers[count];
        count++;
    }
    *ret_reply = (struct http_reply){ .status = want->status,
        .date_unix_s = want->date_s,
        .error_type = STR(""),
        .body = has_sink ? STR("") : arena_copy(arena, str_from(want->answer)),
        .headers = headers,
        .headers_count = count };
    return ERR_OK;
}

struct setting {
    struct fake_clock clock;
    struct fake_http http;
    struct arena arena;
    struct rest_connection *connection;
    struct reply reply;
    const char *reason;
    str late; /* request.late of what is asked */
};

static inline int setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    s->clock.clock = (struct clock){ .now_ms = fake_now_ms, .sleep_ms = fake_sleep_ms };
    s->clock.now_ms = (int64_t)NOW_S * 1000;
    s->http.http.send = fake_send;
    s->http.clock = &s->clock;
    *state = s;
    return 0;
}

static inline int teardown(void **state)
{
    struct setting *s = *state;
    rest_connection_close(s->connection);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static inline void crowdstrike_open(struct setting *s, const char *url, const char *evidence)
{
    struct secret secret = { NULL, 0 };
    assert_int_equal(secret_set(&secret, STR(SECRET)), ERR_OK);
    struct crowdstrike_settings settings = { .cloud = STR("us1"),
        .url = str_from(url),
        .client_id = STR("0123abcd"),
        .client_secret = &secret,
        .member_cid = STR(""),
        .evidence = str_from(evidence) };
    enum err err = crowdstrike_connection_open(
        &settings, &s->http.http, 1, &s->clock.clock, &s->arena, &s->connection, &s->reason);
    secret_release(&secret);
    assert_int_equal(err, ERR_OK);
    rest_connection_heed(s->connection, &s->clock.stop);
}

static inline void defender_open(
    struct setting *s, const char *cloud, const char *geo, const char *evidence)
{
    struct secret secret = { NULL, 0 };
    assert_int_equal(secret_set(&secret, STR(SECRET)), ERR_OK);
    struct defender_settings settings = { .tenant = STR("contoso.example"),
        .client_id = STR("0123abcd"),
        .client_secret = &secret,
        .cloud = str_from(cloud),
        .geo = str_from(geo),
        .url = STR(""),
        .evidence = str_from(evidence) };
    enum err err = defender_connection_open(
        &settings, &s->http.http, 1, &s->clock.clock, &s->arena, &s->connection, &s->reason);
    secret_release(&secret);
    assert_int_equal(err, ERR_OK);
}

static inline enum err ask(struct setting *s, const char *service, const char *body, bool is_change)
{
    struct transport *transport = rest_connection_transport(s->connection);
    struct request request = {
        .service = service, .operation = "X", .body = str_from(body), .late = s->late
    };
    s->reason = NULL;
    enum err err =
        transport->send(transport, &request, is_change, &s->arena, &s->reply, &s->reason);
    if (s->reason != NULL)
        assert_null(strstr(s->reason, SECRET));
    return err;
}

static inline enum err fetch(
    struct setting *s, const char *service, const char *body, const char *name)
{
    struct transport *transport = rest_connection_transport(s->connection);
    struct request request = {
        .service = service, .operation = "X", .body = str_from(body), .keep_as = str_from(name)
    };
    s->reason = NULL;
    return transport->send(transport, &request, false, &s->arena, &s->reply, &s->reason);
}

static inline void play(struct setting *s, const struct exchange *exchanges)
{
    s->http.exchanges = exchanges;
    s->http.sent = 0;
    s->clock.slept_ms = 0;
    s->clock.sleeps = 0;
}

static inline void assert_reason(const struct setting *s, const char *part)
{
    assert_non_null(s->reason);
    if (strstr(s->reason, part) == NULL)
        fail_msg("%s", s->reason);
}

#define ASK_TOKEN .sent = "POST " US1 "/oauth2/token"
#define ASK_READ .sent = "GET " US1 "/devices/entities/devices/v2?ids=a"
#define ASK_CHANGE                                                                                 \
    .sent = "POST " US1 "/devices/entities/devices-actions/v2?action_name=contain",                \
    .body = "{\"ids\":[\"a\"]}"
#define GOOD .status = 200, .answer = "{\"resources\":[]}"

#define LIMIT(name, value)                                                                         \
    .headers = { { { name, sizeof(name) - 1 }, { value, sizeof(value) - 1 } } }
#define LOGIN "POST https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
