/* One exchange over a real socket, with servers as bad as they come. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "host/clock.h"
#include "host/http.h"
#include "raw_server.h"

#include <curl/curl.h>

#define OK_TEXT                                                                                    \
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok"

struct setting {
    struct raw_server server;
    struct http_curl *curl;
    struct arena arena;
    struct http_reply reply;
    const char *reason;
    char url[64];
};

static struct setting *setting_new(const struct raw_answer *answers, unsigned count)
{
    struct setting *s = calloc(1, sizeof(*s));
    struct http_curl_options options = { .connect_timeout_ms = 300, .total_timeout_ms = 600 };
    assert_true(raw_start(&s->server, answers, count));
    assert_int_equal(http_curl_new(&options, &s->curl), ERR_OK);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/", s->server.port);
    return s;
}

static void setting_free(struct setting *s)
{
    http_curl_free(s->curl);
    raw_stop(&s->server);
    arena_release(&s->arena);
    free(s);
}

static enum err send_to(struct setting *s, const char *url, bool is_change)
{
    static const struct http_header headers[] = {
        { { "Content-Type", 12 }, { "text/plain", 10 } },
    };
    struct http *http = http_curl_interface(s->curl);
    struct http_request request = { .method = "POST",
        .url = url,
        .headers = headers,
        .headers_count = 1,
        .body = STR("Action=X"),
        .is_change = is_change };
    s->reason = NULL;
    return http->send(http, &request, &s->arena, &s->reply, &s->reason);
}

static void assert_reply(const struct setting *s, int status, const char *body)
{
    assert_int_equal(s->reply.status, status);
    if (!str_is(s->reply.body, body))
        fail_msg("'%.*s' is not '%s'", STR_ARG(s->reply.body), body);
}

static void a_request_arrives_as_it_was_given(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT } };
    struct setting *s = setting_new(answers, 1);
    assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_reply(s, 200, "ok");
    assert_int_equal(s->reply.date_unix_s, 784111777);
    assert_non_null(strstr(s->server.last, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(s->server.last, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(s->server.last, "\r\n\r\nAction=X"));
    assert_null(strcasestr(s->server.last, "expect:"));
    setting_free(s);
}

static void reads_share_a_connection_and_changes_do_not(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT } };
    struct setting *s = setting_new(answers, 1);
    for (int count = 0; count < 3; count++)
        assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_int_equal(s->server.connections, 1);
    assert_int_equal(send_to(s, s->url, true), ERR_OK);
    assert_int_equal(s->server.connections, 2);
    setting_free(s);
}

static void a_change_is_never_sent_twice(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT }, { .bytes = "", .end = RAW_CLOSE } };
    struct setting *s = setting_new(answers, 2);
    assert_int_equal(send_to(s, s->url, true), ERR_OK);
    assert_int_equal(send_to(s, s->url, true), ERR_TRANSPORT);
    assert_int_equal(s->server.requests, 2);
    setting_free(s);
}

static void any_status_is_a_reply_and_redirects_are_not_followed(void **state)
{
    (void)state;
    const struct raw_answer answers[] = {
        { .bytes = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>" },
        { .bytes = "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n"
                   "Content-Length: 0\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" },
        { .bytes = "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", .end = RAW_CLOSE },
    };
    struct setting *s = setting_new(answers, 4);
    assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_reply(s, 502, "<html></html>");
    assert_int_equal(s->reply.date_unix_s, 0);
    assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_reply(s, 301, "");
    assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_reply(s, 200, "abc");
    assert_int_equal(send_to(s, s->url, false), ERR_OK);
    assert_reply(s, 500, "");
    assert_int_equal(s->server.requests, 4);
    setting_free(s);
}

/* Send one request to a server with this answer: it must be lost, and say `words`. */
static void assert_lost(struct raw_answer answer, enum err want, const char *words)
{
    struct setting *s = setting_new(&answer, 1);
    enum err err = send_to(s, s->url, true);
    if (err != want || s->reason == NULL || strstr(s->reason, words) == NULL)
        fail_msg("%s: %s", err_text(err), s->reason == NULL ? "no reason" : s->reason);
    assert_non_null(strstr(s->reason, s->url));
    assert_null(strstr(s->reason, "Action"));
    setting_free(s);
}

static void what_breaks_on_the_way_may_have_arrived(void **state)
{
    (void)state;
    assert_lost((struct raw_answer){ .bytes = "", .end = RAW_CLOSE }, ERR_TRANSPORT, "Empty reply");
    assert_lost((struct raw_answer){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
                    .end = RAW_CLOSE },
        ERR_TRANSPORT, "6 bytes remaining");
    assert_lost(
        (struct raw_answer){
            .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ncut",
            .end = RAW_CLOSE },
        ERR_TRANSPORT, "answer as it should");
    assert_lost((struct raw_answer){ .bytes = "SSH-2.0-x\r\n", .end = RAW_CLOSE }, ERR_TRANSPORT,
        "HTTP/0.9");
}

static void a_server_that_is_silent_is_given_up(void **state)
{
    (void)state;
    struct clock *clock = clock_system();
    int64_t began_ms = clock->now_ms(clock);
    assert_lost((struct raw_answer){ .bytes = "" }, ERR_TIMEOUT, "did not answer in time");
    assert_lost((struct raw_answer){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" },
        ERR_TIMEOUT, "did not answer in time");
    int64_t took_ms = clock->now_ms(clock) - began_ms;
    assert_in_range(took_ms, 1100, 6000);
}

static void *stop_soon(void *stop)
{
    struct clock *clock = clock_system();
    clock->sleep_ms(clock, 100);
    *(volatile int *)stop = 1;
    return NULL;
}

static void a_stop_ends_an_exchange_that_is_under_way(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT }, { .bytes = "" } };
    struct setting *s = setting_new(answers, 2);
    http_curl_free(s->curl);
    assert_int_equal(http_curl_new(NULL, &s->curl), ERR_OK);
    struct http *http = http_curl_interface(s->curl);
    volatile int stop = 0;
    struct http_request request = { .method = "POST", .url = s->url, .stop = &stop };
    assert_int_equal(http->send(http, &request, &s->arena, &s->reply, &s->reason), ERR_OK);
    struct clock *clock = clock_system();
    int64_t began_ms = clock->now_ms(clock);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, (void *)(uintptr_t)&stop), 0);
    assert_int_equal(http->send(http, &request, &s->arena, &s->reply, &s->reason), ERR_STOPPED);
    assert_in_range(clock->now_ms(clock) - began_ms, 90, 3000);
    pthread_join(thread, NULL);
    setting_free(s);
}

static void a_reply_without_end_is_given_up(void **state)
{
    (void)state;
    char *block = malloc(1 << 20);
    memset(block, 'x', 1 << 20);
    memcpy(block, "HTTP/1.1 200 OK\r\n\r\n", 19);
    assert_lost(
        (struct raw_answer){ .bytes = block, .len = 1 << 20, .repeats = 8, .end = RAW_CLOSE },
        ERR_TRANSPORT, "over 4 MiB");
    free(block);
}

static void nothing_leaves_when_nobody_listens(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = "" } };
    struct setting *s = setting_new(answers, 1);
    char tls[64];
    snprintf(tls, sizeof(tls), "https://127.0.0.1:%u/", s->server.port);
    const char *urls[] = { "http://127.0.0.1:1/", "http://no-such-name.invalid/", tls,
        "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://127.0.0.1:99999/" };
    for (size_t at = 0; at < COUNT_OF(urls); at++) {
        assert_int_equal(send_to(s, urls[at], true), ERR_REFUSED);
        assert_non_null(strstr(s->reason, "could not be reached"));
        assert_non_null(strstr(s->reason, urls[at]));
    }
    setting_free(s);
}

static void a_reason_names_no_password_query_or_path_of_a_secret(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *shown;
        bool is_secret;
    } rows[] = {
        { "http://name:hush@127.0.0.1:1/a/b?token=hush#hush", "http://127.0.0.1:1/a/b could",
            false },
        { "http://127.0.0.1:1?token=hush", "http://127.0.0.1:1 could", false },
        { "http://127.0.0.1:1/hush?token=hush", "http://127.0.0.1:1 could", true },
        { "http://name:hush@127.0.0.1:1/hush", "http://127.0.0.1:1 could", true },
    };
    const struct raw_answer answers[] = { { .bytes = "" } };
    struct setting *s = setting_new(answers, 1);
    struct http *http = http_curl_interface(s->curl);
    for (size_t at = 0; at < COUNT_OF(rows); at++) {
        struct http_request request = { .method = "GET",
            .url = rows[at].url,
            .is_direct = rows[at].is_secret,
            .is_secret = rows[at].is_secret };
        assert_int_equal(http->send(http, &request, &s->arena, &s->reply, &s->reason), ERR_REFUSED);
        if (!str_startswith(str_from(s->reason), str_from(rows[at].shown)))
            fail_msg("%s", s->reason);
        assert_null(strstr(s->reason, "hush"));
    }
    setting_free(s);
}

static void a_reason_does_not_quote_the_proxy(void **state)
{
    (void)state;
    static const char *const proxies[] = { "http://name:hush@127.0.0.1:1",
        "http://name:hush@no-such-name.invalid:1", "ftp://name:hush@127.0.0.1:1",
        "http://name:hush@127.0.0.1:port", "name:hush@[::1" };
    for (size_t at = 0; at < COUNT_OF(proxies); at++) {
        struct setting s = { .reason = NULL };
        struct http_curl_options options = { .connect_timeout_ms = 300, .proxy = proxies[at] };
        assert_int_equal(http_curl_new(&options, &s.curl), ERR_OK);
        assert_int_equal(send_to(&s, "https://127.0.0.1:1/", true), ERR_REFUSED);
        assert_null(strstr(s.reason, "hush"));
        http_curl_free(s.curl);
        arena_release(&s.arena);
    }
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT } };
    struct setting *s = setting_new(answers, 1);
    for (size_t limit = 1; limit < 100; limit += 3) {
        s->arena.limit = limit;
        enum err err = send_to(s, s->url, false);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        arena_release(&s->arena);
    }
    setting_free(s);
}

/* Which allocation of libcurl fails, from 1; 0: none. */
static long failing_allocation;

static bool allocation_fails(void)
{
    return failing_allocation > 0 && --failing_allocation == 0;
}

static void *failing_malloc(size_t size)
{
    return allocation_fails() ? NULL : malloc(size);
}

static void *failing_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : calloc(count, size);
}

static void *failing_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : realloc(memory, size);
}

static char *failing_strdup(const char *text)
{
    return allocation_fails() ? NULL : strdup(text);
}

static void each_allocation_of_libcurl_may_fail(void **state)
{
    (void)state;
    const struct raw_answer answers[] = { { .bytes = OK_TEXT, .end = RAW_CLOSE } };
    unsigned failed = 0;
    for (long number = 1; number < 160; number++) {
        struct setting *s = setting_new(answers, 1);
        failing_allocation = number;
        enum err err = send_to(s, s->url, true);
        failing_allocation = 0;
        if (err == ERR_OK)
            assert_reply(s, 200, "ok");
        else
            assert_true(err == ERR_MEMORY || err == ERR_TRANSPORT || err == ERR_REFUSED);
        /* What is said to have stayed here did. */
        if (err == ERR_REFUSED)
            assert_int_equal(s->server.requests, 0);
        failed += err != ERR_OK;
        setting_free(s);
    }
    assert_in_range(failed, 10, 159);
}

static void the_clock_goes_on_while_it_sleeps(void **state)
{
    (void)state;
    struct clock *clock = clock_system();
    int64_t began_ms = clock->now_ms(clock);
    assert_true(began_ms > INT64_C(1600000000000));
    clock->sleep_ms(clock, 20);
    assert_true(clock->now_ms(clock) >= began_ms + 19);
}

int main(void)
{
    /* Counted: libcurl keeps these for every http_curl that is made. */
    curl_global_init_mem(
        CURL_GLOBAL_DEFAULT, failing_malloc, free, failing_realloc, failing_strdup, failing_calloc);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_as_it_was_given),
        cmocka_unit_test(reads_share_a_connection_and_changes_do_not),
        cmocka_unit_test(a_change_is_never_sent_twice),
        cmocka_unit_test(any_status_is_a_reply_and_redirects_are_not_followed),
        cmocka_unit_test(what_breaks_on_the_way_may_have_arrived),
        cmocka_unit_test(a_server_that_is_silent_is_given_up),
        cmocka_unit_test(a_stop_ends_an_exchange_that_is_under_way),
        cmocka_unit_test(a_reply_without_end_is_given_up),
        cmocka_unit_test(nothing_leaves_when_nobody_listens),
        cmocka_unit_test(a_reason_names_no_password_query_or_path_of_a_secret),
        cmocka_unit_test(a_reason_does_not_quote_the_proxy),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
        cmocka_unit_test(each_allocation_of_libcurl_may_fail),
        cmocka_unit_test(the_clock_goes_on_while_it_sleeps),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
