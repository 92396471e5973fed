/* Ways in that fall silent: an alarm once, by a clock that nobody sets, also over a restart. */
#include "daemon_fixture.h"

#include "store/audit.h"

static const int64_t hour = INT64_C(60) * 60 * 1000;

struct world {
    struct daemon_fixture f;
    struct fake_time time;
    struct connection_setting settings[1];
    struct daemon_block blocks[3];
    const char *reason;
};

static void prepare(struct world *w)
{
    *w = (struct world){ .f = { .store = fixture_new() }, .time = FAKE_TIME };
    w->time.now_ms = 5000000;
    w->settings[0] = (struct connection_setting){ .key = STR("silent_after"), .duration_ms = hour };
    w->blocks[0] = (struct daemon_block){ .kind = STR("daemon") };
    w->blocks[1] = (struct daemon_block){
        .kind = STR("webhook"), .name = STR("watched"), .settings = w->settings, .setting_count = 1
    };
    w->blocks[2] = (struct daemon_block){ .kind = STR("webhook"), .name = STR("free") };
}

static void start(struct world *w)
{
    const struct program program = { .daemon_blocks = w->blocks, .daemon_block_count = 3 };
    daemon_begin(&w->f, &w->time.clock);
    assert_int_equal(ways_start(&w->f.daemon, &program, &w->f.arena, &w->reason), ERR_OK);
}

static void end(struct world *w)
{
    daemon_end(&w->f);
    fixture_release(&w->f.store);
}

static void bring(struct world *w, const char *name, uint64_t count)
{
    const struct way *way = ways_find(w->f.daemon.ways, str_from(name));
    assert_non_null(way);
    way_has_brought(&w->f.daemon, way, count);
}

static void pass(struct world *w, int64_t duration_ms)
{
    fake_time_pass(&w->time, duration_ms);
    ways_tick(w->f.daemon.ways);
}

static bool is_silent(struct world *w)
{
    struct way_view view;
    assert_true(ways_view(w->f.daemon.ways, 0, &view));
    bool by_metric =
        metrics_get(w->f.daemon.metrics, METRIC_WAY_SILENT, STR("webhook watched")) == 1;
    assert_int_equal(by_metric, view.is_silent);
    return view.is_silent;
}

/* How many entries of the audit log tell of the event. */
static size_t audited(struct world *w, const char *event)
{
    struct audit_row *rows;
    size_t count, found = 0;
    assert_int_equal(audit_page(w->f.daemon.store, 0, 100, &w->f.arena, &rows, &count), ERR_OK);
    for (size_t at = 0; at < count; at++)
        found += memmem(rows[at].text.ptr, rows[at].text.len, event, strlen(event)) != NULL;
    return found;
}

static void a_way_that_brings_nothing_is_told_once_and_so_is_its_return(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    bring(&w, "webhook watched", 3);
    pass(&w, hour - 1);
    assert_false(is_silent(&w));
    pass(&w, 1);
    assert_true(is_silent(&w));
    pass(&w, hour);
    pass(&w, hour);
    assert_int_equal(daemon_logged(&w.f, "a way in brings no alerts"), 1);
    assert_int_equal(audited(&w, "\"way_silent\""), 1);
    bring(&w, "webhook watched", 0);
    pass(&w, 1000);
    assert_true(is_silent(&w));
    bring(&w, "webhook watched", 1);
    pass(&w, 1000);
    assert_false(is_silent(&w));
    assert_int_equal(daemon_logged(&w.f, "a way in brings alerts again"), 1);
    assert_int_equal(audited(&w, "\"way_heard\""), 1);
    assert_int_equal(audited(&w, "\"target\":\"webhook watched\""), 2);
    end(&w);
}

static void what_came_in_is_counted_whether_it_is_watched_or_not(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    bring(&w, "webhook free", 2);
    const struct way api = { .name = STR("api") };
    way_has_brought(&w.f.daemon, &api, 5);
    pass(&w, 100 * hour);
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_RECEIVED, STR("webhook free")) == 2);
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_ALERTS_RECEIVED, STR("api")) == 5);
    assert_true(metrics_get(w.f.daemon.metrics, METRIC_WAY_LAST, STR("api")) == 5000);
    assert_null(ways_find(w.f.daemon.ways, STR("api")));
    assert_null(ways_find(NULL, STR("api")));
    struct way_view view;
    assert_true(ways_view(w.f.daemon.ways, 1, &view));
    assert_false(view.is_silent);
    assert_int_equal(view.last_ms, 5000000);
    assert_false(ways_view(w.f.daemon.ways, 2, &view));
    end(&w);
}

static void a_clock_that_is_set_is_no_silence_and_hides_none(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    pass(&w, 1000);
    w.time.now_ms += 1000 * hour;
    pass(&w, 1000);
    assert_false(is_silent(&w));
    w.time.now_ms -= 3000 * hour;
    pass(&w, 1000);
    assert_false(is_silent(&w));
    pass(&w, hour);
    assert_true(is_silent(&w));
    end(&w);
}

static void a_restart_goes_on_with_the_silence_and_does_not_tell_it_again(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    pass(&w, hour / 2);
    daemon_end(&w.f);
    /* While it is down nobody could have been heard; another start of the machine has another clock. */
    fake_time_pass(&w.time, 50 * hour);
    w.time.boots++;
    w.time.elapsed_ms = 1000;
    start(&w);
    pass(&w, 0);
    assert_false(is_silent(&w));
    pass(&w, hour / 2);
    assert_true(is_silent(&w));
    daemon_end(&w.f);
    start(&w);
    pass(&w, 1000);
    assert_true(is_silent(&w));
    assert_int_equal(audited(&w, "\"way_silent\""), 1);
    bring(&w, "webhook watched", 1);
    pass(&w, 1000);
    assert_false(is_silent(&w));
    assert_int_equal(audited(&w, "\"way_heard\""), 1);
    end(&w);
}

static void a_crash_forgets_a_minute_of_silence_at_most(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    for (int at = 0; at < 50; at++)
        pass(&w, 61 * 1000);
    /* No ways_stop writes anything: the journal is as a kill would leave it. */
    struct arena arena = { 0 };
    str text;
    assert_int_equal(
        cursors_get(w.f.daemon.store, STR("watch webhook watched"), &arena, &text), ERR_OK);
    assert_true(str_startswith(text, STR("{\"silence_ms\":3050000,")));
    arena_release(&arena);
    end(&w);
}

static void an_alarm_that_cannot_be_audited_is_raised_and_audited_later(void **state)
{
    (void)state;
    struct world w;
    prepare(&w);
    start(&w);
    assert_int_equal(sqlite3_exec(w.f.store.store->db,
                         "CREATE TEMP TRIGGER full BEFORE INSERT ON main.audit BEGIN "
                         "SELECT raise(ABORT, 'full'); END",
                         NULL, NULL, NULL),
        SQLITE_OK);
    pass(&w, hour);
    assert_true(is_silent(&w));
    assert_int_equal(audited(&w, "\"way_silent\""), 0);
    assert_int_equal(
        sqlite3_exec(w.f.store.store->db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    pass(&w, 1000);
    pass(&w, 1000);
    assert_int_equal(audited(&w, "\"way_silent\""), 1);
    assert_int_equal(daemon_logged(&w.f, "a way in brings no alerts"), 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_that_brings_nothing_is_told_once_and_so_is_its_return),
        cmocka_unit_test(what_came_in_is_counted_whether_it_is_watched_or_not),
        cmocka_unit_test(a_clock_that_is_set_is_no_silence_and_hides_none),
        cmocka_unit_test(a_restart_goes_on_with_the_silence_and_does_not_tell_it_again),
        cmocka_unit_test(a_crash_forgets_a_minute_of_silence_at_most),
        cmocka_unit_test(an_alarm_that_cannot_be_audited_is_raised_and_audited_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
