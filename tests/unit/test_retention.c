/* test_retention.c - what is old goes, a slice at a time, as the daemon block says. */
#include "store_fixture.h"

#include "serve/retention.h"
#include "store/alerts.h"

#define assert_str(actual, expected) assert_true(str_equal(actual, str_from(expected)))

static const int64_t day = INT64_C(24) * 60 * 60 * 1000;

static void evaluated(struct fixture *f, const char *text, int64_t received_ms)
{
    struct alert_record record = {
        .way = STR("api"), .text = str_from(text), .received_ms = received_ms
    };
    bool is_new;
    assert_int_equal(alerts_put(f->store, &record, &is_new), ERR_OK);
    record.evaluated_ms = received_ms + 1;
    assert_int_equal(alerts_evaluated(f->store, &record), ERR_OK);
}

static uint64_t evaluated_count(struct fixture *f)
{
    uint64_t counts[ALERT_STATE_COUNT];
    assert_int_equal(alerts_count(f->store, counts), ERR_OK);
    return counts[ALERT_EVALUATED];
}

static void the_daemon_block_says_how_long_and_what(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct retention retention;
    const struct program none = { .code = NULL };
    assert_int_equal(retention_read(&none, &arena, &retention), ERR_OK);
    assert_int_equal(retention.keep_ms, 90 * day);
    assert_int_equal(retention.redact_ms, 30 * day);
    assert_int_equal(retention.path_count, 0);

    const struct connection_setting settings[] = {
        { .key = STR("redact"), .text = STR("detail.accountId") },
        { .key = STR("keep_alerts"), .duration_ms = 7 * day },
        { .key = STR("redact"), .text = STR("user") },
        { .key = STR("redact_after"), .duration_ms = 2 * day },
    };
    const struct daemon_block block = {
        .kind = STR("daemon"), .settings = settings, .setting_count = COUNT_OF(settings)
    };
    const struct program program = { .daemon_blocks = &block, .daemon_block_count = 1 };
    assert_int_equal(retention_read(&program, &arena, &retention), ERR_OK);
    assert_int_equal(retention.keep_ms, 7 * day);
    assert_int_equal(retention.redact_ms, 2 * day);
    assert_int_equal(retention.path_count, 2);
    assert_str(retention.paths[0], "detail.accountId");
    assert_str(retention.paths[1], "user");
}

static void each_call_is_a_slice_and_the_last_one_says_so(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const str paths[] = { STR("user") };
    const struct retention retention = { 90 * day, 30 * day, paths, 1 };
    const int64_t now = 1000 * day;
    struct retention_done done;
    struct alert_record kept;
    bool is_known;
    assert_int_equal(store_begin(f.store), ERR_OK);
    for (int i = 0; i < RETENTION_SLICE + 1; i++) {
        char text[40];
        snprintf(text, sizeof text, "{\"n\":%d}", i);
        evaluated(&f, text, now - 91 * day);
    }
    evaluated(&f, "{\"user\":\"eve\",\"n\":\"middle\"}", now - 31 * day);
    evaluated(&f, "{\"user\":\"eve\",\"n\":\"new\"}", now - 29 * day);
    assert_int_equal(
        messages_note(f.store, STR("w"), STR("m"), STR("d"), now - 4 * day, &is_known), ERR_OK);
    assert_int_equal(store_commit(f.store), ERR_OK);

    assert_int_equal(retention_slice(f.store, &retention, now, &done), ERR_OK);
    assert_true(done.is_more);
    assert_int_equal(done.redacted, RETENTION_SLICE);
    assert_int_equal(done.forgotten, RETENTION_SLICE);
    assert_int_equal(done.messages, 1);
    assert_int_equal(retention_slice(f.store, &retention, now, &done), ERR_OK);
    assert_int_equal(done.forgotten, 1);
    assert_true(done.is_more);
    assert_int_equal(retention_slice(f.store, &retention, now, &done), ERR_OK);
    assert_false(done.is_more);
    assert_int_equal(evaluated_count(&f), 2);
    assert_int_equal(alerts_get(f.store, RETENTION_SLICE + 2, &f.arena, &kept), ERR_OK);
    assert_str(kept.text, "{\"user\":\"[redacted]\",\"n\":\"middle\"}");
    assert_int_equal(alerts_get(f.store, RETENTION_SLICE + 3, &f.arena, &kept), ERR_OK);
    assert_str(kept.text, "{\"user\":\"eve\",\"n\":\"new\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_daemon_block_says_how_long_and_what),
        cmocka_unit_test(each_call_is_a_slice_and_the_last_one_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
