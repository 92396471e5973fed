/* People are told, signed, in order, and later where they could not be reached; what is too much is
 * dropped and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/signature.h"
#include "fake_time.h"
#include "serve/herald.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef"

enum { TAKEN_MAX = 1024, TEXT_MAX = 256 };

/* A receiver, and what it has taken. */
struct world {
    struct http http; /* first */
    struct fake_time time;
    struct log log;
    struct metrics *metrics;
    struct channels channels;
    struct herald *herald;
    enum err err;      /* what comes of an exchange .. */
    int status;        /* .. or the answer */
    size_t asked;      /* exchanges */
    size_t wrong;      /* those whose signature is not right */
    char id[TEXT_MAX]; /* of the last */
    size_t count;
    char taken[TAKEN_MAX][TEXT_MAX]; /* "URL BODY" */
};

static str header(const struct http_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->headers_count; at++)
        if (str_is(request->headers[at].name, name))
            return request->headers[at].value;
    return STR("");
}

static enum err take(struct http *http, const struct http_request *request, struct arena *arena,
    struct http_reply *ret_reply, const char **reterr_reason)
{
    struct world *w = (struct world *)http;
    struct signature_keys keys = { .now = w->channels.items[0].key };
    struct signature_standard headers = { header(request, "webhook-id"),
        header(request, "webhook-timestamp"), header(request, "webhook-signature") };
    const char *reason = NULL;
    (void)arena;
    *reterr_reason = NULL;
    w->asked++;
    w->wrong +=
        !signature_standard_is_right(&keys, &headers, request->body, w->time.now_ms, &reason);
    assert_string_equal(request->method, "POST");
    assert_true(str_is(header(request, "content-type"), "application/json"));
    snprintf(w->id, sizeof w->id, "%.*s", STR_ARG(headers.id));
    *ret_reply = (struct http_reply){ .status = w->status };
    if (w->err == ERR_OK && w->status / 100 == 2 && w->count < TAKEN_MAX)
        snprintf(w->taken[w->count++], TEXT_MAX, "%s %.*s", request->url, STR_ARG(request->body));
    return w->err;
}

static struct world *start(uint32_t channels)
{
    struct world *w = calloc(1, sizeof *w);
    const char *reason = NULL;
    assert_non_null(w);
    *w = (struct world){ .http = { take }, .time = FAKE_TIME, .status = 204 };
    w->log = (struct log){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
        .most = LOG_LEVEL_DEBUG,
        .clock = &w->time.clock };
    assert_int_equal(metrics_new(&w->metrics), ERR_OK);
    static const char *const urls[] = { "https://a", "https://b" };
    static const char *const names[] = { "a", "b" };
    for (uint32_t at = 0; at < channels; at++) {
        struct channel *channel = &w->channels.items[w->channels.count++];
        *channel = (struct channel){ .name = str_from(names[at]),
            .url = urls[at],
            .about = at == 0 ? ABOUT_ALARMS | ABOUT_APPROVALS : ABOUT_APPROVALS };
        assert_int_equal(signature_key(true, STR(KEY), &channel->key, &reason), ERR_OK);
    }
    const struct herald_options options = { .channels = &w->channels,
        .http = &w->http,
        .clock = &w->time.clock,
        .log = &w->log,
        .metrics = w->metrics,
        .id = "cdr-1" };
    assert_int_equal(herald_new(&options, &w->herald), ERR_OK);
    return w;
}

static void end(struct world *w)
{
    assert_int_equal(w->wrong, 0);
    herald_stop(w->herald);
    channels_release(&w->channels);
    metrics_free(w->metrics);
    close(w->log.fd);
    free(w);
}

static double lost(struct world *w)
{
    return metrics_get(w->metrics, METRIC_CHANNEL_LOST, STR("a"));
}

static double told(struct world *w)
{
    return metrics_get(w->metrics, METRIC_CHANNEL_TOLD, STR("a"));
}

/* Until nothing is due. */
static void work(struct world *w)
{
    while (herald_work(w->herald) == 0)
        ;
}

static void each_channel_is_told_what_it_wants_in_order(void **state)
{
    (void)state;
    struct world *w = start(2);
    assert_true(herald_is_wanted(w->herald, ABOUT_ALARMS));
    herald_tell(w->herald, ABOUT_ALARMS, STR("{\"n\":1}"));
    herald_tell(w->herald, ABOUT_APPROVALS, STR("{\"n\":2}"));
    work(w);
    assert_int_equal(w->count, 3);
    assert_string_equal(w->taken[0], "https://a {\"n\":1}");
    assert_string_equal(w->taken[1], "https://b {\"n\":2}");
    assert_string_equal(w->taken[2], "https://a {\"n\":2}");
    assert_true(told(w) == 2 && lost(w) == 0);
    end(w);
}

static void who_is_away_for_a_while_is_told_later_under_the_same_id(void **state)
{
    (void)state;
    struct world *w = start(1);
    char first[TEXT_MAX];
    w->err = ERR_REFUSED;
    herald_tell(w->herald, ABOUT_ALARMS, STR("{\"n\":1}"));
    herald_tell(w->herald, ABOUT_ALARMS, STR("{\"n\":2}"));
    work(w);
    work(w);
    assert_int_equal(w->asked, 1); /* it is left alone for now */
    snprintf(first, sizeof first, "%s", w->id);
    fake_time_pass(&w->time, 2000);
    w->err = ERR_OK;
    w->status = 503;
    work(w);
    assert_int_equal(w->asked, 2);
    assert_string_equal(w->id, first);
    w->status = 302; /* nobody is sent elsewhere */
    fake_time_pass(&w->time, 10000);
    work(w);
    assert_int_equal(w->asked, 3);
    assert_int_equal(w->count, 0);
    w->status = 200;
    fake_time_pass(&w->time, 60000);
    work(w);
    assert_int_equal(w->count, 2);
    assert_string_equal(w->taken[0], "https://a {\"n\":1}");
    assert_string_equal(w->taken[1], "https://a {\"n\":2}");
    assert_string_not_equal(w->id, first);
    assert_true(lost(w) == 0);
    end(w);
}

static void who_never_answers_costs_five_tries_within_ten_minutes(void **state)
{
    (void)state;
    struct world *w = start(1);
    w->err = ERR_TIMEOUT;
    herald_tell(w->herald, ABOUT_ALARMS, STR("{\"n\":1}"));
    int64_t begun_ms = w->time.elapsed_ms;
    while (lost(w) == 0 && w->time.elapsed_ms - begun_ms < 3600 * 1000) {
        (void)herald_work(w->herald);
        fake_time_pass(&w->time, 500);
    }
    assert_true(lost(w) == 1);
    assert_int_equal(w->asked, HERALD_TRIES_MAX);
    assert_true(w->time.elapsed_ms - begun_ms < 10 * 60 * 1000);
    end(w);
}

static void of_too_many_the_oldest_go_and_are_counted(void **state)
{
    (void)state;
    struct world *w = start(1);
    char body[TEXT_MAX];
    for (int at = 0; at < HERALD_QUEUE_MAX + 10; at++) {
        snprintf(body, sizeof body, "%d", at);
        herald_tell(w->herald, ABOUT_ALARMS, str_from(body));
    }
    assert_true(lost(w) == 10);
    work(w);
    assert_int_equal(w->count, HERALD_QUEUE_MAX);
    assert_string_equal(w->taken[0], "https://a 10");
    assert_string_equal(w->taken[w->count - 1], "https://a 265");
    assert_true(told(w) == HERALD_QUEUE_MAX);
    end(w);
}

static void the_thread_sends_and_ends_with_what_it_has_not_sent(void **state)
{
    (void)state;
    struct world *w = start(1);
    assert_int_equal(herald_start(w->herald), ERR_OK);
    herald_tell(w->herald, ABOUT_ALARMS, STR("{\"n\":1}"));
    for (int at = 0; at < 1000 && told(w) == 0; at++)
        usleep(10 * 1000);
    assert_true(told(w) == 1);
    herald_stop(w->herald);
    w->herald = NULL;
    assert_string_equal(w->taken[0], "https://a {\"n\":1}");
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_channel_is_told_what_it_wants_in_order),
        cmocka_unit_test(who_is_away_for_a_while_is_told_later_under_the_same_id),
        cmocka_unit_test(who_never_answers_costs_five_tries_within_ten_minutes),
        cmocka_unit_test(of_too_many_the_oldest_go_and_are_counted),
        cmocka_unit_test(the_thread_sends_and_ends_with_what_it_has_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
