/* An alert of our own takes the whole way, and where it does not, that is told. */
#include "daemon_fixture.h"

#include "serve/canary.h"

enum { MINUTE = 60 * 1000 };

struct world {
    struct daemon_fixture f;
    struct fake_time time;
    struct canary *canary;
};

static void start(struct world *w)
{
    *w = (struct world){ .f = { .store = fixture_new() }, .time = FAKE_TIME };
    w->time.now_ms = 5000000;
    daemon_begin(&w->f, &w->time.clock);
    assert_int_equal(canary_new(&w->f.daemon, MINUTE, &w->canary), ERR_OK);
}

static void end(struct world *w)
{
    struct intake *intake = w->f.daemon.intake;
    w->f.daemon.intake = NULL;
    intake_stop(intake);
    canary_free(w->canary);
    daemon_end(&w->f);
    fixture_release(&w->f.store);
}

static void pass(struct world *w, int64_t duration_ms)
{
    fake_time_pass(&w->time, duration_ms);
    canary_tick(w->canary);
}

/* The one alert that waits, once the intake has written it. */
static int64_t await_one(struct world *w)
{
    struct alert_record *alerts;
    size_t count = 0;
    for (int at = 0; at < 600 && count == 0; at++) {
        assert_int_equal(
            alerts_waiting(w->f.daemon.store, 0, 10, &w->f.arena, &alerts, &count), ERR_OK);
        usleep(count == 0 ? 10 * 1000 : 0);
    }
    assert_int_equal(count, 1);
    assert_true(str_is(alerts[0].way, CANARY_WAY));
    assert_int_equal(alerts[0].forced_source.len, 0);
    usleep(20 * 1000); /* until the intake has answered too */
    return alerts[0].id;
}

/* The intake answers from a thread of its own, which may take a while. */
static struct canary_state await_arrival(struct world *w)
{
    for (int at = 0; at < 600 && canary_state(w->canary).last_ms != w->time.now_ms; at++) {
        usleep(10 * 1000);
        canary_tick(w->canary);
    }
    return canary_state(w->canary);
}

static void evaluate(struct world *w, int64_t id)
{
    struct alert_record record = { .id = id, .program_hash = STR("hash"), .evaluated_ms = 1 };
    assert_int_equal(alerts_evaluated(w->f.daemon.store, &record), ERR_OK);
}

static uint64_t alerts_of_all_states(struct world *w)
{
    uint64_t counts[ALERT_STATE_COUNT];
    assert_int_equal(alerts_count(w->f.daemon.store, counts), ERR_OK);
    return counts[ALERT_WAITING] + counts[ALERT_EVALUATED] + counts[ALERT_DEAD];
}

static void one_goes_through_each_minute_and_is_forgotten(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    assert_false(canary_state(w.canary).is_bad);
    assert_int_equal(canary_state(w.canary).last_ms, 0);
    for (int turn = 0; turn < 3; turn++) {
        pass(&w, 1000);
        evaluate(&w, await_one(&w));
        pass(&w, 1000);
        struct canary_state now = await_arrival(&w);
        assert_false(now.is_bad);
        assert_int_equal(now.last_ms, w.time.now_ms);
        assert_true(metrics_get(w.f.daemon.metrics, METRIC_CANARY_LAST, STR(""))
                    == (double)w.time.now_ms / 1000);
        assert_int_equal(alerts_of_all_states(&w), 0);
        pass(&w, MINUTE - 3000);
        usleep(20 * 1000);
        assert_int_equal(alerts_of_all_states(&w), 0);
        fake_time_pass(&w.time, 1000);
    }
    assert_int_equal(daemon_logged(&w.f, "alert of our own"), 0);
    end(&w);
}

static void one_that_is_not_evaluated_is_told_once_and_there_is_no_second(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    pass(&w, 1000);
    int64_t id = await_one(&w);
    pass(&w, MINUTE - 1);
    assert_false(canary_state(w.canary).is_bad);
    for (int turn = 0; turn < 5; turn++)
        pass(&w, MINUTE);
    assert_true(canary_state(w.canary).is_bad);
    assert_string_equal(canary_state(w.canary).why, "it was stored, and not evaluated in time");
    assert_int_equal(daemon_logged(&w.f, "did not take the whole way"), 1);
    assert_int_equal(alerts_of_all_states(&w), 1);
    evaluate(&w, id);
    pass(&w, 1000);
    assert_false(canary_state(w.canary).is_bad);
    assert_int_equal(daemon_logged(&w.f, "take the whole way again"), 1);
    end(&w);
}

static void one_that_is_set_aside_is_told_and_another_follows(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    pass(&w, 1000);
    int64_t id = await_one(&w);
    assert_int_equal(alerts_set_aside(w.f.daemon.store, id, 1, "three attempts"), ERR_OK);
    pass(&w, 1000);
    assert_string_equal(canary_state(w.canary).why, "it was set aside");
    assert_int_equal(alerts_of_all_states(&w), 0);
    pass(&w, MINUTE);
    evaluate(&w, await_one(&w));
    pass(&w, 1000);
    assert_false(canary_state(w.canary).is_bad);
    end(&w);
}

static void one_that_cannot_be_stored_is_told_and_tried_again(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    assert_int_equal(sqlite3_exec(w.f.store.store->db,
                         "CREATE TEMP TRIGGER full BEFORE INSERT ON main.alerts BEGIN "
                         "SELECT raise(ABORT, 'full'); END",
                         NULL, NULL, NULL),
        SQLITE_OK);
    for (int turn = 0; turn < 70; turn++) {
        pass(&w, 1000);
        usleep(5 * 1000);
    }
    assert_true(canary_state(w.canary).is_bad);
    assert_int_equal(
        sqlite3_exec(w.f.store.store->db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    usleep(50 * 1000);
    pass(&w, 1000);
    evaluate(&w, await_one(&w));
    pass(&w, 1000);
    assert_false(canary_state(w.canary).is_bad);
    end(&w);
}

static void a_clock_that_is_set_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    pass(&w, 1000);
    int64_t id = await_one(&w);
    w.time.now_ms -= 1000 * MINUTE;
    pass(&w, 1000);
    w.time.now_ms += 5000 * MINUTE;
    pass(&w, 1000);
    assert_false(canary_state(w.canary).is_bad);
    evaluate(&w, id);
    w.time.now_ms -= 9000 * MINUTE;
    pass(&w, 1000);
    assert_false(canary_state(w.canary).is_bad);
    usleep(20 * 1000);
    assert_int_equal(alerts_of_all_states(&w), 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_goes_through_each_minute_and_is_forgotten),
        cmocka_unit_test(one_that_is_not_evaluated_is_told_once_and_there_is_no_second),
        cmocka_unit_test(one_that_is_set_aside_is_told_and_another_follows),
        cmocka_unit_test(one_that_cannot_be_stored_is_told_and_tried_again),
        cmocka_unit_test(a_clock_that_is_set_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
