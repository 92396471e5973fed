/* The way of REST requests: tokens, limits, what is sent again and what never is, files. */
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

static int64_t fake_now_ms(struct clock *clock)
{
    return ((struct fake_clock *)clock)->now_ms;
}

static void fake_sleep_ms(struct clock *clock, uint32_t duration_ms)
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

static str header_sent(const struct http_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->headers_count; at++)
        if (str_is(request->headers[at].name, name))
            return request->headers[at].value;
    return STR("");
}

static enum err fake_send(struct http *http, const struct http_request *request,
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
};

static int setup(void **state)
{
    struct setting *s = calloc(1, sizeof(*s));
    s->clock.clock = (struct clock){ .now_ms = fake_now_ms, .sleep_ms = fake_sleep_ms };
    s->clock.now_ms = (int64_t)NOW_S * 1000;
    s->http.http.send = fake_send;
    s->http.clock = &s->clock;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct setting *s = *state;
    rest_connection_close(s->connection);
    arena_release(&s->arena);
    free(s);
    return 0;
}

static void crowdstrike_open(struct setting *s, const char *url, const char *evidence)
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

static void defender_open(
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

static enum err ask(struct setting *s, const char *service, const char *body, bool is_change)
{
    struct transport *transport = rest_connection_transport(s->connection);
    struct request request = { .service = service, .operation = "X", .body = str_from(body) };
    s->reason = NULL;
    enum err err =
        transport->send(transport, &request, is_change, &s->arena, &s->reply, &s->reason);
    if (s->reason != NULL)
        assert_null(strstr(s->reason, SECRET));
    return err;
}

static enum err fetch(struct setting *s, const char *service, const char *body, const char *name)
{
    struct transport *transport = rest_connection_transport(s->connection);
    struct request request = {
        .service = service, .operation = "X", .body = str_from(body), .keep_as = str_from(name)
    };
    s->reason = NULL;
    return transport->send(transport, &request, false, &s->arena, &s->reply, &s->reason);
}

static void play(struct setting *s, const struct exchange *exchanges)
{
    s->http.exchanges = exchanges;
    s->http.sent = 0;
    s->clock.slept_ms = 0;
    s->clock.sleeps = 0;
}

static void assert_reason(const struct setting *s, const char *part)
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

static void a_token_is_asked_for_once_and_used_until_two_minutes_are_left(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .body = "client_id=0123abcd&client_secret=s3cret%2Fof%2Bthe%3Dclient",
            .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_TOKEN, .status = 201, .answer = TOKEN("two", 1799) },
        { ASK_READ, .bearer = "two", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    s->clock.now_ms += (1799 - 121) * 1000;
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    s->clock.now_ms += 2 * 1000;
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->http.sent, COUNT_OF(want));
    assert_int_equal(s->reply.status, 200);
}

static void a_token_that_is_refused_though_it_should_be_good_is_replaced_once(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_CHANGE, .bearer = "one", .status = 401, .answer = "{}" },
        { ASK_TOKEN, .status = 201, .answer = TOKEN("two", 1799) },
        { ASK_CHANGE, .bearer = "two", .status = 202,
            .answer = "{\"resources\":[{\"id\":\"a\"}]}" },
        { ASK_READ, .bearer = "two", .status = 401, .answer = "{}" },
        { ASK_TOKEN, .status = 201, .answer = TOKEN("three", 1799) },
        { ASK_READ, .bearer = "three", .status = 401, .answer = "{\"errors\":[]}" },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", CHANGE, true), ERR_OK);
    assert_int_equal(s->reply.status, 202);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->reply.status, 401);
    assert_int_equal(s->http.sent, COUNT_OF(want));
}

static void a_change_is_sent_again_after_429_alone(void **state)
{
    struct setting *s = *state;
    static const struct {
        struct exchange answer;
        enum err err;
    } rows[] = {
        { { ASK_CHANGE, .bearer = "one", .status = 500, .answer = "{}" }, ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .status = 503, .answer = "" }, ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .status = 200, .answer = "<html>" }, ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .status = 401, .answer = "<html>" }, ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .status = 429, .answer = "<html>" }, ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .status = 307, .answer = "",
              .headers = { { { "Location", 8 }, { US2 "/x", sizeof(US2 "/x") - 1 } } } },
            ERR_OK },
        { { ASK_CHANGE, .bearer = "one", .err = ERR_TRANSPORT }, ERR_TRANSPORT },
        { { ASK_CHANGE, .bearer = "one", .err = ERR_TIMEOUT }, ERR_TRANSPORT },
        { { ASK_CHANGE, .bearer = "one", .err = ERR_REFUSED }, ERR_REFUSED },
    };
    static const struct exchange first[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_CHANGE, .bearer = "one", .status = 429, .answer = "{}" },
        { ASK_CHANGE, .bearer = "one", .status = 429, .answer = "{}" },
        { ASK_CHANGE, .bearer = "one", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, first);
    assert_int_equal(ask(s, "crowdstrike", CHANGE, true), ERR_OK);
    assert_int_equal(s->http.sent, 4);
    assert_true(s->http.last_is_change);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        const struct exchange want[] = { rows[at].answer, { .sent = NULL } };
        play(s, want);
        assert_int_equal(ask(s, "crowdstrike", CHANGE, true), rows[at].err);
        assert_int_equal(s->http.sent, 1);
        if (rows[at].err == ERR_OK)
            assert_int_equal(s->reply.status, rows[at].answer.status);
        else
            assert_reason(s, "broke");
    }
}

static void a_read_is_sent_again_after_what_is_no_answer(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_READ, .bearer = "one", .err = ERR_TRANSPORT },
        { ASK_READ, .bearer = "one", .status = 503, .answer = "" },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_READ, .bearer = "one", .err = ERR_TRANSPORT },
        { ASK_READ, .bearer = "one", .err = ERR_TRANSPORT },
        { ASK_READ, .bearer = "one", .err = ERR_TRANSPORT },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->reply.status, 200);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_TRANSPORT);
    assert_int_equal(s->http.sent, COUNT_OF(want));
}

#define LIMIT(name, value)                                                                         \
    .headers = { { { name, sizeof(name) - 1 }, { value, sizeof(value) - 1 } } }

static void a_limit_is_waited_for_in_each_form_and_never_for_long(void **state)
{
    struct setting *s = *state;
    static const struct {
        struct http_header header;
        uint32_t least_ms, most_ms;
    } rows[] = {
        { { { "Retry-After", 11 }, { "7", 1 } }, 7000, 7000 },
        { { { "Retry-After", 11 }, { "86400", 5 } }, 60000, 60000 },
        { { { "Retry-After", 11 }, { "Fri, 15 Jan 2027 08:00:09 GMT", 29 } }, 9000, 9000 },
        { { { "retry-after", 11 }, { "soon", 4 } }, 0, 1000 },
        { { { "Retry-After", 11 }, { "-5", 2 } }, 0, 1000 },
        { { { "Retry-After", 11 }, { "99999999999999999999", 20 } }, 0, 1000 },
        { { { "X-RateLimit-RetryAfter", 22 }, { "1800000005", 10 } }, 5000, 5000 },
        { { { "X-Ratelimit-Retryafter", 22 }, { "1900000005", 10 } }, 60000, 60000 },
        { { { "X-RateLimit-RetryAfter", 22 }, { "1799999000", 10 } }, 0, 1000 },
        { { { "X-RateLimit-RetryAfter", 22 }, { "30", 2 } }, 0, 1000 },
        { { { "X-RateLimit-RetryAfter", 22 }, { "", 0 } }, 0, 1000 },
    };
    crowdstrike_open(s, NULL, NULL);
    static const struct exchange token[] = { { ASK_TOKEN, .status = 201,
                                                 .answer = TOKEN("one", 80000) },
        { ASK_READ, .bearer = "one", GOOD } };
    play(s, token);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        struct exchange want[] = {
            { ASK_READ, .bearer = "one", .status = 429, .answer = "{}", .date_s = NOW_S },
            { ASK_READ, .bearer = "one", GOOD },
            { ASK_READ, .bearer = "one", GOOD },
        };
        want[0].headers[0] = rows[at].header;
        play(s, want);
        assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
        assert_int_equal(s->http.sent, 2);
        if (s->clock.slept_ms < rows[at].least_ms || s->clock.slept_ms > rows[at].most_ms)
            fail_msg("%s: slept %u", rows[at].header.value.ptr, s->clock.slept_ms);
        play(s, want + 2);
        assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK); /* fills the bucket again */
    }
}

static void a_window_that_is_spent_is_let_pass(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_READ, .bearer = "one", GOOD, LIMIT("X-Ratelimit-Remaining", "0") },
        { ASK_READ, .bearer = "one", GOOD, LIMIT("X-Ratelimit-Remaining", "rubbish") },
        { ASK_READ, .bearer = "one", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->clock.slept_ms, 0);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->clock.slept_ms, 1000);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->clock.slept_ms, 1000);
}

static void a_token_that_ends_in_the_middle_of_paging_is_renewed_between_pages(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 300) },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_TOKEN, .status = 201, .answer = TOKEN("two", 300) },
        { ASK_READ, .bearer = "two", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    s->http.each_ms = 61 * 1000;
    play(s, want);
    for (int page = 0; page < 4; page++)
        assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->http.sent, COUNT_OF(want));
}

static void a_token_that_is_still_good_does_while_no_other_is_given(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 300) },
        { ASK_READ, .bearer = "one", GOOD },
        { ASK_TOKEN, .status = 503, .answer = "" },
        { ASK_TOKEN, .status = 200, .answer = "<html>" },
        { ASK_TOKEN, .err = ERR_TRANSPORT },
        { ASK_READ, .bearer = "one", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    s->clock.now_ms += 200 * 1000;
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(s->http.sent, COUNT_OF(want));
}

static void a_client_that_is_refused_is_not_shown_again_at_once(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 403,
            .answer = "{\"errors\":[{\"code\":403,\"message\":\"access denied, " SECRET "\"}]}",
            LIMIT("X-Cs-Traceid", "11-22") },
        { ASK_TOKEN, .status = 400,
            .answer =
                "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215\\r\\nx\"}" },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", CHANGE, true), ERR_CREDENTIALS);
    assert_reason(s, "CrowdStrike does not accept the connection's client_id and client_secret "
                     "(HTTP 403, X-Cs-Traceid 11-22)");
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_CREDENTIALS);
    assert_int_equal(s->http.sent, 1);
    s->clock.now_ms += 61 * 1000;
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_CREDENTIALS);
    assert_reason(s, "(HTTP 400 invalid_client: AADSTS7000215)");
}

static void without_a_token_nothing_was_sent(void **state)
{
    struct setting *s = *state;
    static const struct exchange wants[][3] = {
        { { ASK_TOKEN, .err = ERR_TRANSPORT }, { ASK_TOKEN, .err = ERR_TIMEOUT },
            { ASK_TOKEN, .err = ERR_REFUSED } },
        { { ASK_TOKEN, .status = 200, .answer = "" }, { ASK_TOKEN, .status = 200, .answer = "{" },
            { ASK_TOKEN, .status = 200, .answer = TOKEN("a b", 10) } },
        { { ASK_TOKEN, .status = 200, .answer = TOKEN("a\\r\\nX: y", 10) },
            { ASK_TOKEN, .status = 200, .answer = TOKEN("a", 0) },
            { ASK_TOKEN, .status = 200, .answer = "<html>" } },
        { { ASK_TOKEN, .status = 429, .answer = "" }, { ASK_TOKEN, .status = 500, .answer = "" },
            { ASK_TOKEN, .status = 503, .answer = "" } },
    };
    crowdstrike_open(s, NULL, NULL);
    for (size_t at = 0; at < COUNT_OF(wants); at++) {
        play(s, wants[at]);
        assert_int_equal(ask(s, "crowdstrike", CHANGE, true), ERR_REFUSED);
        assert_non_null(s->reason);
        assert_int_equal(s->http.sent, 3);
    }
}

static void a_token_endpoint_may_lead_to_another_cloud_of_the_vendor(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 308, .answer = "", LIMIT("Location", US2 "/oauth2/token") },
        { .sent = "POST " US2 "/oauth2/token",
            .status = 201,
            .answer = TOKEN("one", 1799),
            LIMIT("X-Cs-Region", "us-2") },
        { .sent = "GET " US2 "/devices/entities/devices/v2?ids=a", .bearer = "one", GOOD },
        { .sent = "GET " US2 "/devices/entities/devices/v2?ids=a", .bearer = "one", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
}

static void the_region_of_a_token_says_where_requests_go(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799), LIMIT("X-Cs-Region", "eu-1") },
        { .sent = "GET https://api.eu-1.crowdstrike.com/devices/entities/devices/v2?ids=a",
            .bearer = "one",
            GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
}

static void no_secret_goes_where_a_redirect_leads_else(void **state)
{
    struct setting *s = *state;
    static const char *const evil[] = { "https://evil.example/oauth2/token",
        "http://api.us-2.crowdstrike.com/oauth2/token",
        "https://api.us-2.crowdstrike.com@evil.example/oauth2/token",
        "https://api.us-2.crowdstrike.com.evil.example/oauth2/token",
        "https://api.us-2.crowdstrike.com:8443/oauth2/token",
        "https://api.us-2.crowdstrike.com/oauth2/token?x=1",
        "https://api.us-2.crowdstrike.com/oauth2/token/../x", "//evil.example/oauth2/token",
        "/oauth2/token", "" };
    crowdstrike_open(s, NULL, NULL);
    for (size_t at = 0; at < COUNT_OF(evil); at++) {
        struct exchange want[] = { { ASK_TOKEN, .status = 307, .answer = "" }, { .sent = NULL } };
        want[0].headers[0] = (struct http_header){ STR("Location"), str_from(evil[at]) };
        play(s, want);
        assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_REFUSED);
        assert_reason(s, "a secret is not sent there");
    }
}

static void with_an_address_of_ones_own_nothing_leads_away_from_it(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { .sent = "POST http://127.0.0.1:8470/_crowdstrike/oauth2/token",
            .status = 308,
            .answer = "",
            LIMIT("Location", US2 "/oauth2/token") },
        { .sent = "POST http://127.0.0.1:8470/_crowdstrike/oauth2/token",
            .status = 201,
            .answer = TOKEN("one", 1799),
            LIMIT("X-Cs-Region", "us-2") },
        { .sent = "GET http://127.0.0.1:8470/_crowdstrike/devices/entities/devices/v2?ids=a",
            .bearer = "one",
            GOOD },
    };
    crowdstrike_open(s, "http://127.0.0.1:8470/_crowdstrike/", NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
}

#define LOGIN "POST https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"

static void each_audience_has_a_token_of_its_own(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { .sent = LOGIN,
            .status = 200,
            .answer = TOKEN("mde", 3599),
            .body = "grant_type=client_credentials&client_id=0123abcd&client_secret="
                    "s3cret%2Fof%2Bthe%3Dclient&scope=https%3A%2F%2Fapi.securitycenter.microsoft."
                    "com%2F.default" },
        { .sent = "GET https://eu.api.security.microsoft.com/api/machines", .bearer = "mde", GOOD },
        { .sent = LOGIN,
            .status = 200,
            .answer = TOKEN("graph", 3599),
            .body =
                "grant_type=client_credentials&client_id=0123abcd&client_secret="
                "s3cret%2Fof%2Bthe%3Dclient&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default" },
        { .sent = "GET https://graph.microsoft.com/v1.0/users", .bearer = "graph", GOOD },
        { .sent = "GET https://eu.api.security.microsoft.com/api/machines", .bearer = "mde", GOOD },
    };
    defender_open(s, "", "eu", NULL);
    play(s, want);
    assert_int_equal(ask(s, "defender", "GET /api/machines\n", false), ERR_OK);
    assert_int_equal(ask(s, "graph", "GET /v1.0/users\n", false), ERR_OK);
    assert_int_equal(ask(s, "defender", "GET /api/machines\n", false), ERR_OK);
}

static void clouds_are_apart(void **state)
{
    static const struct {
        const char *cloud, *login, *defender, *graph;
    } rows[] = {
        { "gcc", "https://login.microsoftonline.com", "https://api-gcc.securitycenter.microsoft.us",
            "https://graph.microsoft.com" },
        { "gcc_high", "https://login.microsoftonline.us",
            "https://api-gov.securitycenter.microsoft.us", "https://graph.microsoft.us" },
        { "dod", "https://login.microsoftonline.us", "https://api-gov.securitycenter.microsoft.us",
            "https://dod-graph.microsoft.us" },
        { "china", "https://login.partner.microsoftonline.cn", NULL,
            "https://microsoftgraph.chinacloudapi.cn" },
    };
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        void *own;
        (void)state;
        setup(&own);
        struct setting *s = own;
        char urls[3][160];
        snprintf(urls[0], 160, "POST %s/contoso.example/oauth2/v2.0/token", rows[at].login);
        snprintf(urls[1], 160, "GET %s/api/machines", rows[at].defender ? rows[at].defender : "");
        snprintf(urls[2], 160, "GET %s/v1.0/users", rows[at].graph);
        struct exchange want[] = { { .sent = urls[0], .status = 200, .answer = TOKEN("a", 3599) },
            { .sent = urls[2], .bearer = "a", GOOD },
            { .sent = urls[0], .status = 200, .answer = TOKEN("b", 3599) },
            { .sent = urls[1], .bearer = "b", GOOD } };
        defender_open(s, rows[at].cloud, "", NULL);
        play(s, want);
        assert_int_equal(ask(s, "graph", "GET /v1.0/users\n", false), ERR_OK);
        enum err err = ask(s, "defender", "GET /api/machines\n", false);
        assert_int_equal(err, rows[at].defender == NULL ? ERR_REFUSED : ERR_OK);
        if (rows[at].defender == NULL)
            assert_reason(s, "not offered in the Chinese cloud");
        teardown(&own);
    }
}

static void a_client_is_who_its_id_says_and_has_no_region(void **state)
{
    struct setting *s = *state;
    str identity, region;
    crowdstrike_open(s, NULL, NULL);
    struct transport *transport = rest_connection_transport(s->connection);
    assert_int_equal(
        transport->where(transport, &s->arena, &identity, &region, &s->reason), ERR_OK);
    assert_true(str_is(identity, "crowdstrike:0123abcd"));
    assert_int_equal(region.len, 0);
    assert_int_equal(s->http.sent, 0);
}

static void a_stop_ends_a_read_that_waits_and_not_what_a_change_was_answered(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_READ, .bearer = "one", .status = 503, .answer = "" },
        { ASK_CHANGE, .bearer = "one", .status = 429, .answer = "{}" },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    s->clock.stops = true;
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_STOPPED);
    assert_int_equal(ask(s, "crowdstrike", CHANGE, true), ERR_OK);
    assert_int_equal(s->reply.status, 429);
}

static void what_is_no_request_is_not_sent(void **state)
{
    struct setting *s = *state;
    crowdstrike_open(s, NULL, NULL);
    assert_int_equal(ask(s, "crowdstrike", "{}", false), ERR_REFUSED);
    assert_int_equal(ask(s, "iam", READ, false), ERR_REFUSED);
    assert_reason(s, "speaks with no service 'iam' of CrowdStrike");
    assert_int_equal(fetch(s, "crowdstrike", READ, "a"), ERR_REFUSED);
    assert_reason(s, "set `evidence");
    assert_int_equal(s->http.sent, 0);
}

/* A key and its certificate, in one PEM. */
static void certificate_make(struct secret *out)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = X509_new();
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes;
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(memory, certificate), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL), 1);
    long length = BIO_get_mem_data(memory, &bytes);
    assert_int_equal(secret_set(out, (str){ bytes, (size_t)length }), ERR_OK);
    BIO_free(memory);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* The claims of the assertion that was sent last. */
static const char *claims_sent(const struct setting *s, char claims[static 1024])
{
    const char *at = strstr(s->http.last_body, "client_assertion=");
    assert_non_null(at);
    at = strchr(at, '.') + 1;
    size_t length = strcspn(at, ".&");
    char whole[1024];
    assert_true(length < 1000);
    memcpy(whole, at, length);
    for (size_t sign = 0; sign < length; sign++)
        whole[sign] = whole[sign] == '-' ? '+' : whole[sign] == '_' ? '/' : whole[sign];
    while (length % 4 != 0)
        whole[length++] = '=';
    int got = EVP_DecodeBlock((unsigned char *)claims, (unsigned char *)whole, (int)length);
    assert_true(got > 0);
    claims[got] = '\0';
    return claims;
}

static void a_clock_that_is_wrong_is_made_good_by_the_vendors(void **state)
{
    struct setting *s = *state;
    struct secret pem = { NULL, 0 };
    char claims[1024];
    static const struct exchange want[] = {
        { .sent = LOGIN,
            .status = 401,
            .answer = "{\"error\":\"invalid_client\"}",
            .date_s = NOW_S + 600 },
        { .sent = LOGIN, .status = 200, .answer = TOKEN("one", 3599) },
        { .sent = "GET https://graph.microsoft.com/v1.0/users", .bearer = "one", GOOD },
        { .sent = LOGIN,
            .status = 401,
            .answer = "{\"error\":\"invalid_client\"}",
            .date_s = NOW_S + 600 },
    };
    certificate_make(&pem);
    struct defender_settings settings = { .tenant = STR("contoso.example"),
        .client_id = STR("0123abcd"),
        .certificate = &pem,
        .cloud = STR(""),
        .geo = STR(""),
        .url = STR(""),
        .evidence = STR("") };
    assert_int_equal(defender_connection_open(&settings, &s->http.http, 1, &s->clock.clock,
                         &s->arena, &s->connection, &s->reason),
        ERR_OK);
    secret_release(&pem);
    play(s, want);
    assert_int_equal(ask(s, "graph", "GET /v1.0/users\n", false), ERR_OK);
    assert_int_equal(s->http.sent, 3);
    assert_int_equal(ask(s, "defender", "GET /api/machines\n", false), ERR_CREDENTIALS);
    assert_reason(s, "client_id and certificate (HTTP 401 invalid_client)");
    assert_non_null(strstr(claims_sent(s, claims), "\"nbf\":1800000600,"));
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_READ, .bearer = "one", GOOD },
    };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", READ, false), ERR_OK);
    struct transport *transport = rest_connection_transport(s->connection);
    struct request request = { .service = "crowdstrike", .operation = "X", .body = STR(READ) };
    for (size_t limit = 1; limit < 64; limit++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        play(s, want + 1);
        enum err err = transport->send(transport, &request, false, &arena, &s->reply, &s->reason);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        assert_true(err == ERR_OK || arena.is_full);
    }
}

/* --- files --- */

static const char *slurp(const char *folder, const char *name, char text[static 256])
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t length = fread(text, 1, 255, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static unsigned entries(const char *folder)
{
    char command[512];
    unsigned count = 0;
    snprintf(command, sizeof(command), "find '%s' -type f | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    return count;
}

#define SHA_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ASK_FILE .sent = "GET " US1 "/f", .bearer = "one"

static void a_file_is_kept_whole_and_never_over_another(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    struct stat about;
    char text[256], path[512];
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { ASK_FILE, .status = 200, .half = "hal", .err = ERR_TRANSPORT },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "abc" },
        { ASK_FILE, .status = 200, .answer = "other" },
        { ASK_FILE, .status = 404, .answer = "{}" },
        { ASK_FILE, .status = 200, .answer = "<html>", LIMIT("Content-Type", "text/html; x") },
        { ASK_FILE, .status = 200, .answer = "{\"errors\":[]}",
            LIMIT("Content-Type", "application/json") },
    };
    const char *folder = scratch.path;
    crowdstrike_open(s, NULL, folder);
    play(s, want);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.7z"), ERR_OK);
    const char *told = arena_format(&s->arena,
        "{\"bytes\":3,\"sha256\":\"" SHA_OF_ABC "\",\"path\":\"%s/i-1/t.7z\",\"existed\":false}",
        folder);
    if (!str_is(s->reply.body, told))
        fail_msg("%.*s", STR_ARG(s->reply.body));
    assert_string_equal(slurp(folder, "i-1/t.7z", text), "abc");
    snprintf(path, sizeof(path), "%s/i-1/t.7z", folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.7z"), ERR_OK);
    assert_true(str_endswith(s->reply.body, STR("\"existed\":true}")));
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "i-1/t.7z"), ERR_REFUSED);
    assert_reason(s, "another file has that name");
    assert_string_equal(slurp(folder, "i-1/t.7z", text), "abc");
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.7z"), ERR_OK);
    assert_int_equal(s->reply.status, 404);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.7z"), ERR_REFUSED);
    assert_reason(s, "web page");
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "no.7z"), ERR_OK);
    assert_true(str_is(s->reply.body, "{\"errors\":[]}"));
    assert_int_equal(entries(folder), 1);
}

static void a_hostile_name_is_no_file(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const char *const names[] = { "/etc/x", "../x", "a/../x", "a//x", "a/", ".x", "a/.x",
        "a b", "a\nb", "a\\b", "a\xC3\xA9", "a\xE2\x80\xAEgpj.exe", "$(id)", "a;b", "~/x", "a:b",
        "a/b/c/d/e/f/g/h/i", "%2e%2e/x" };
    crowdstrike_open(s, NULL, scratch.path);
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (fetch(s, "crowdstrike", "GET /f\n", names[at]) != ERR_REFUSED)
            fail_msg("%s", names[at]);
    assert_int_equal(s->http.sent, 0);
    char outside[512], link[512];
    snprintf(outside, sizeof(outside), "%s/out", scratch.path);
    snprintf(link, sizeof(link), "%s/link", scratch.path);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(symlink(outside, link), 0);
    assert_int_equal(fetch(s, "crowdstrike", "GET /f\n", "link/x"), ERR_REFUSED);
    assert_int_equal(entries(scratch.path), 0);
}

#define MDE "https://api.security.microsoft.com"

static void a_file_that_an_answer_names_is_fetched_without_the_token(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { .sent = LOGIN, .status = 200, .answer = TOKEN("mde", 3599) },
        { .sent = "GET " MDE "/api/l",
            .bearer = "mde",
            .status = 200,
            .answer = "{\"value\":\"https://x.blob.core.windows.net/c/f?sig=abc\"}" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 403,
            .answer = "<x>" },
        { .sent = "GET " MDE "/api/l",
            .bearer = "mde",
            .status = 200,
            .answer = "{\"value\":\"https://x.blob.core.windows.net/c/f?sig=def\"}" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=def",
            .status = 200,
            .answer = "abc" },
    };
    static const char *const evil[] = { "https://evil.example/f",
        "http://x.blob.core.windows.net/f", "https://blob.core.windows.net.evil.example/f",
        "https://x.blob.core.windows.net@evil.example/f", "file:///etc/passwd", "",
        MDE ".evil.example/f" };
    defender_open(s, "", "", scratch.path);
    play(s, want);
    assert_int_equal(fetch(s, "defender", "GET /api/l\n", "m/t.zip"), ERR_OK);
    assert_non_null(strstr(s->reply.body.ptr, SHA_OF_ABC));
    assert_null(strstr(s->reply.body.ptr, "sig="));
    for (size_t at = 0; at < COUNT_OF(evil); at++) {
        const char *answer = arena_format(&s->arena, "{\"value\":\"%s\"}", evil[at]);
        const struct exchange bad[] = {
            { .sent = "GET " MDE "/api/l", .bearer = "mde", .status = 200, .answer = answer },
            { .sent = NULL }
        };
        play(s, bad);
        assert_int_equal(fetch(s, "defender", "GET /api/l\n", "m/u.zip"), ERR_REFUSED);
        assert_reason(s, "names no address");
    }
    assert_int_equal(entries(scratch.path), 1);
}

/* Whoever has the address may read, so nobody is told who asks; and it is asked where results are kept
 * alone. */
static void a_result_is_fetched_without_a_token_from_where_it_is_kept(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 200,
            .answer = "{\"exit_code\":0}" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 403,
            .answer = "<x>" },
        { .sent = "GET https://x.blob.core.windows.net/c/f?sig=abc",
            .status = 200,
            .answer = "abc" },
    };
    const char *link = "GET /x.blob.core.windows.net/c/f?sig=abc\n";
    defender_open(s, "", "", scratch.path);
    play(s, want);
    assert_int_equal(ask(s, "defender-download", link, false), ERR_OK);
    assert_true(str_is(s->reply.body, "{\"exit_code\":0}"));
    assert_int_equal(ask(s, "defender-download", link, false), ERR_OK);
    assert_int_equal(s->reply.status, 403);
    assert_int_equal(fetch(s, "defender-download", link, "m/t.zip"), ERR_OK);
    assert_non_null(strstr(s->reply.body.ptr, SHA_OF_ABC));
    assert_int_equal(ask(s, "defender-download", "GET /evil.example/f\n", false), ERR_REFUSED);
    assert_reason(s, "none where results are kept");
    assert_int_equal(s->http.sent, 3);
}

/* --- marks --- */

struct fake_signer {
    struct rest_signer signer; /* first */
    const char *url;
};

static enum err fake_put(struct rest_signer *signer, str place, str region, uint32_t seconds,
    struct arena *arena, str *ret_url, const char **reterr_reason)
{
    (void)reterr_reason;
    *ret_url = str_from(arena_format(arena, "%s%.*s?r=%.*s&s=%u",
        ((struct fake_signer *)signer)->url, STR_ARG(place), STR_ARG(region), seconds));
    return ERR_OK;
}

#define POST_JSON(text) "POST /f\nContent-Type: application/json\n\n" text

static void an_address_to_upload_to_is_signed_when_it_is_sent(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/f",
            .bearer = "one",
            .body = "{\"a\":\"curl 'https://s3/bucket/key?r=eu-west-1&s=60' x\"}",
            GOOD },
    };
    static const char *const wrong[] = { POST_JSON("\"cdr-late-put:b/k:eu:60\""),
        POST_JSON("\"cdr-late-put:b/k:eu:x;\""), POST_JSON("\"cdr-late-put:bk:eu:60;\""),
        POST_JSON("\"cdr-late-put:b/k:eu:0;\""),
        POST_JSON("\"cdr-late-put:b/k:eu:60; cdr-late-put:b/k:eu:60;\"") };
    const char *body = POST_JSON("{\"a\":\"curl 'cdr-late-put:bucket/key:eu-west-1:60;' x\"}");
    struct fake_signer signer = { { fake_put }, "https://s3/" };
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_REFUSED);
    assert_reason(s, "there is none");
    rest_connection_sign_with(s->connection, &signer.signer);
    s->http.exchanges = want;
    assert_int_equal(s->http.sent, 1);
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_OK);
    for (size_t at = 0; at < COUNT_OF(wrong); at++)
        if (ask(s, "crowdstrike", wrong[at], true) != ERR_REFUSED)
            fail_msg("%s", wrong[at]);
    signer.url = "https://s3/'; id; '";
    assert_int_equal(ask(s, "crowdstrike", body, true), ERR_REFUSED);
    assert_int_equal(s->http.sent, 2);
}

static void a_script_of_the_library_has_its_address_when_it_is_sent(void **state)
{
    struct setting *s = *state;
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/l", .bearer = "one", GOOD },
    };
    struct fake_signer signer = { { fake_put }, "https://s3/" };
    struct step step = { .arena = &s->arena, .key = STR("run-1-step-1") };
    struct rest_draft draft = rest_begin(&step, "crowdstrike", "X", STR("host/a"), "POST", "/l");
    rest_part(&draft, "file", "a.ps1", STR("$Put = '" REST_LATE_PUT "bucket/key:eu-west-1:60;'\n"));
    rest_parts_end(&draft);
    struct request request = rest_end(&draft);
    crowdstrike_open(s, NULL, NULL);
    rest_connection_sign_with(s->connection, &signer.signer);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", request.body.ptr, true), ERR_OK);
    assert_non_null(strstr(s->http.last_body, "$Put = 'https://s3/bucket/key?r=eu-west-1&s=60'\n"));
}

/* A request with a file in it, as steps draft it. */
static const char *upload(struct setting *s, const char *hash, const char *path)
{
    struct step step = { .arena = &s->arena, .key = STR("run-1-step-1") };
    struct rest_draft draft =
        rest_begin(&step, "crowdstrike", "X", STR("host/a"), "POST", "/put-files/v2");
    rest_part(&draft, "description", NULL, STR(REST_LATE_FILE " of no part"));
    rest_part(&draft, "file", "tool",
        str_from(arena_format(&s->arena, REST_LATE_FILE "%s:%s", hash, path)));
    rest_parts_end(&draft);
    return rest_end(&draft).body.ptr;
}

static void a_file_is_sent_with_the_hash_that_was_meant_or_not_at_all(void **state)
{
    struct setting *s = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    static const struct exchange want[] = {
        { ASK_TOKEN, .status = 201, .answer = TOKEN("one", 1799) },
        { .sent = "POST " US1 "/put-files/v2", .bearer = "one", GOOD },
    };
    const char *path = arena_format(&s->arena, "%s/tool", scratch.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs("abc", file) >= 0 && fclose(file) == 0, true);
    crowdstrike_open(s, NULL, NULL);
    play(s, want);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, path), true), ERR_OK);
    assert_non_null(strstr(s->http.last_body, "octet-stream\r\n\r\nabc\r\n--"));
    assert_null(strstr(s->http.last_body, path));
    const char *other = "0a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_int_equal(ask(s, "crowdstrike", upload(s, other, path), true), ERR_REFUSED);
    assert_reason(s, "its SHA-256 is another");
    assert_int_equal(
        ask(s, "crowdstrike", upload(s, SHA_OF_ABC, "/nonexistent/x"), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, scratch.path), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, SHA_OF_ABC, "/dev/zero"), true), ERR_REFUSED);
    assert_int_equal(ask(s, "crowdstrike", upload(s, "x", path), true), ERR_REFUSED);
    assert_int_equal(s->http.sent, 2);
}

static void settings_that_lead_nowhere_are_none(void **state)
{
    struct setting *s = *state;
    static const char *const urls[] = { "http://api.crowdstrike.com", "https://u:p@host",
        "https://host/?x", "ftp://host", "host", "https://host/a#b", "https://" };
    struct secret secret = { NULL, 0 };
    assert_int_equal(secret_set(&secret, STR(SECRET)), ERR_OK);
    for (size_t at = 0; at < COUNT_OF(urls) + 5; at++) {
        struct crowdstrike_settings settings = {
            .cloud = STR("us1"),
            .url = at < COUNT_OF(urls) ? str_from(urls[at]) : STR(""),
            .client_id = STR("a"),
            .client_secret = &secret,
            .member_cid = STR(""),
            .evidence = STR(""),
        };
        switch (at - COUNT_OF(urls)) {
        case 0:
            settings.cloud = STR("us3");
            break;
        case 1:
            settings.client_id = STR("a\"b");
            break;
        case 2:
            settings.member_cid = STR("a/b");
            break;
        case 3:
            settings.evidence = STR("evidence");
            break;
        case 4:
            settings.client_secret = NULL;
            break;
        default:
            break;
        }
        enum err err = crowdstrike_connection_open(
            &settings, &s->http.http, 1, &s->clock.clock, &s->arena, &s->connection, &s->reason);
        if (err != ERR_CREDENTIALS)
            fail_msg("%zu", at);
        assert_non_null(s->reason);
        assert_null(strstr(s->reason, "u:p"));
    }
    secret_release(&secret);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_asked_for_once_and_used_until_two_minutes_are_left),
        TEST(a_token_that_is_refused_though_it_should_be_good_is_replaced_once),
        TEST(a_change_is_sent_again_after_429_alone),
        TEST(a_read_is_sent_again_after_what_is_no_answer),
        TEST(a_limit_is_waited_for_in_each_form_and_never_for_long),
        TEST(a_window_that_is_spent_is_let_pass),
        TEST(a_token_that_ends_in_the_middle_of_paging_is_renewed_between_pages),
        TEST(a_token_that_is_still_good_does_while_no_other_is_given),
        TEST(a_client_that_is_refused_is_not_shown_again_at_once),
        TEST(without_a_token_nothing_was_sent),
        TEST(a_token_endpoint_may_lead_to_another_cloud_of_the_vendor),
        TEST(the_region_of_a_token_says_where_requests_go),
        TEST(no_secret_goes_where_a_redirect_leads_else),
        TEST(with_an_address_of_ones_own_nothing_leads_away_from_it),
        TEST(each_audience_has_a_token_of_its_own),
        TEST(clouds_are_apart),
        TEST(a_client_is_who_its_id_says_and_has_no_region),
        TEST(a_stop_ends_a_read_that_waits_and_not_what_a_change_was_answered),
        TEST(what_is_no_request_is_not_sent),
        TEST(a_clock_that_is_wrong_is_made_good_by_the_vendors),
        TEST(a_full_arena_is_an_error_and_not_a_crash),
        TEST(a_file_is_kept_whole_and_never_over_another),
        TEST(a_result_is_fetched_without_a_token_from_where_it_is_kept),
        TEST(a_hostile_name_is_no_file),
        TEST(a_file_that_an_answer_names_is_fetched_without_the_token),
        TEST(an_address_to_upload_to_is_signed_when_it_is_sent),
        TEST(a_script_of_the_library_has_its_address_when_it_is_sent),
        TEST(a_file_is_sent_with_the_hash_that_was_meant_or_not_at_all),
        TEST(settings_that_lead_nowhere_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
