/* An alarm is told when it begins and when it is over, and never while it lasts. */
#include "daemon_fixture.h"

#include "daemon/signature.h"
#include "host/pause.h"
#include "serve/alarms.h"

enum { TAKEN_MAX = 300, TEXT_MAX = 16 * 1024 };

struct world {
    struct http http; /* first */
    struct daemon_fixture f;
    struct fake_time time;
    struct channels channels;
    struct herald *herald;
    struct alarms *alarms;
    size_t count;
    char *taken[TAKEN_MAX];
};

static enum err take(struct http *http, const struct http_request *request, struct arena *arena,
    struct http_reply *ret_reply, const char **reterr_reason)
{
    struct world *w = (struct world *)http;
    (void)arena;
    *reterr_reason = NULL;
    *ret_reply = (struct http_reply){ .status = 200 };
    assert_true(w->count < TAKEN_MAX);
    w->taken[w->count++] = strndup(request->body.ptr, request->body.len);
    return ERR_OK;
}

static void watch(struct world *w)
{
    const struct herald_options options = { .channels = &w->channels,
        .http = &w->http,
        .clock = &w->time.clock,
        .log = &w->f.daemon.log,
        .metrics = w->f.daemon.metrics,
        .id = "cdr-1" };
    assert_int_equal(herald_new(&options, &w->herald), ERR_OK);
    assert_int_equal(alarms_new(&w->f.daemon, w->herald, &w->alarms), ERR_OK);
}

static void start(struct world *w)
{
    const char *reason = NULL;
    *w = (struct world){ .http = { take }, .f = { .store = fixture_new() }, .time = FAKE_TIME };
    daemon_begin(&w->f, &w->time.clock);
    w->channels.count = 1;
    w->channels.items[0] = (struct channel){
        .name = STR("night"), .url = "https://a", .about = ABOUT_ALARMS | ABOUT_APPROVALS
    };
    assert_int_equal(signature_key(true, STR("0123456789abcdef0123456789abcdef"),
                         &w->channels.items[0].key, &reason),
        ERR_OK);
    watch(w);
}

static void forget(struct world *w)
{
    while (w->count > 0)
        free(w->taken[--w->count]);
}

static void end(struct world *w)
{
    alarms_stop(w->alarms);
    channels_release(&w->channels);
    forget(w);
    daemon_end(&w->f);
    fixture_release(&w->f.store);
}

static void send(struct world *w)
{
    while (herald_work(w->herald) == 0)
        ;
}

static bool has(struct world *w, size_t at, const char *text)
{
    return at < w->count && strstr(w->taken[at], text) != NULL;
}

static void an_alarm_is_told_once_and_once_more_when_it_is_over(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    const struct finding findings[] = {
        { ALARM_WAY_SILENT, STR("webhook a"), STR("it brings nothing") },
        { ALARM_WAY_SILENT, STR("webhook b"), STR("it brings nothing") },
        { ALARM_PAUSED, STR(""), STR("") },
    };
    for (int at = 0; at < 5; at++)
        alarms_note(w.alarms, findings, 2, 0);
    send(&w);
    assert_int_equal(w.count, 2);
    assert_true(has(&w, 0, "{\"type\":\"cdr.alarm\",\"at\":\"2023-11-14T22:13:20"));
    assert_true(has(&w, 0, "\"what\":\"way_silent\",\"name\":\"webhook a\""));
    assert_true(has(&w, 1, "webhook b"));
    alarms_note(w.alarms, &findings[1], 2, 0); /* a is heard again, and cdr is paused */
    send(&w);
    assert_int_equal(w.count, 4);
    assert_true(has(&w, 2, "\"what\":\"paused\""));
    assert_true(has(&w, 3, "\"type\":\"cdr.alarm_over\"") && has(&w, 3, "webhook a"));
    /* What could not be looked at stays as it is. */
    alarms_note(w.alarms, &findings[2], 1, 1U << ALARM_WAY_SILENT);
    alarms_note(w.alarms, &findings[1], 2, 0);
    send(&w);
    assert_int_equal(w.count, 4);
    alarms_note(w.alarms, NULL, 0, 0);
    alarms_note(w.alarms, findings, 1, 0);
    send(&w);
    assert_int_equal(w.count, 7); /* two are over; one begins anew */
    assert_true(has(&w, 6, "\"type\":\"cdr.alarm\"") && has(&w, 6, "webhook a"));
    end(&w);
}

static void what_it_says_is_cut_and_stays_json(void **state)
{
    (void)state;
    struct world w;
    char text[9000];
    start(&w);
    for (size_t at = 0; at < sizeof text; at++)
        text[at] = at % 3 == 0 ? '"' : at % 3 == 1 ? '\n' : '\x01';
    const struct finding finding = { ALARM_RULES_REFUSED, { text, sizeof text },
        { text, sizeof text } };
    alarms_note(w.alarms, &finding, 1, 0);
    alarms_note(w.alarms, &finding, 1, 0);
    send(&w);
    assert_int_equal(w.count, 1);
    assert_null(strchr(w.taken[0], '\n'));
    assert_true(strlen(w.taken[0]) < HERALD_BODY_BYTES_MAX);
    end(&w);
}

static void the_daemon_is_looked_at(void **state)
{
    (void)state;
    struct world w;
    struct arena arena = { 0 };
    start(&w);
    const char *file = pause_path(w.f.daemon.data, &arena);
    alarms_tick(w.alarms);
    send(&w);
    assert_int_equal(w.count, 0);
    assert_int_equal(pause_set(file, &(struct pause){ .who = STR("me") }), ERR_OK);
    metrics_set(w.f.daemon.metrics, METRIC_BREAKER_OPEN, STR("aws 111122223333"), 1);
    struct alert_record record = { .way = STR("api"), .text = STR("{"), .received_ms = 1 };
    bool is_new = false;
    assert_int_equal(alerts_put(w.f.daemon.store, &record, &is_new), ERR_OK);
    assert_int_equal(alerts_set_aside(w.f.daemon.store, record.id, 2, "it is broken"), ERR_OK);
    for (int at = 0; at < 3; at++)
        alarms_tick(w.alarms);
    send(&w);
    assert_int_equal(w.count, 3);
    assert_true(has(&w, 0, "alert_set_aside") && has(&w, 1, "paused"));
    assert_true(has(&w, 2, "breaker_open") && has(&w, 2, "aws 111122223333"));
    /* A start tells what lasts once more. */
    alarms_stop(w.alarms);
    forget(&w);
    watch(&w);
    alarms_tick(w.alarms);
    send(&w);
    assert_int_equal(w.count, 3);
    metrics_set(w.f.daemon.metrics, METRIC_BREAKER_OPEN, STR("aws 111122223333"), 0);
    assert_int_equal(pause_lift(file), ERR_OK);
    assert_int_equal(alerts_drop(w.f.daemon.store, record.id, 3, STR("me"), STR("known")), ERR_OK);
    alarms_tick(w.alarms);
    send(&w);
    assert_int_equal(w.count, 6);
    for (size_t at = 3; at < 6; at++)
        assert_true(has(&w, at, "cdr.alarm_over"));
    arena_release(&arena);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_is_told_once_and_once_more_when_it_is_over),
        cmocka_unit_test(what_it_says_is_cut_and_stays_json),
        cmocka_unit_test(the_daemon_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
