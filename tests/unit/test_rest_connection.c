/* The way of REST requests: tokens, limits, what is sent again and what never is. */
#include "rest_connection.h"

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
        TEST(settings_that_lead_nowhere_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
