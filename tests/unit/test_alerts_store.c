/* test_alerts_store.c - alerts in the journal, from their coming in to their end. */
#include "store_fixture.h"

#include "store/alerts.h"
#include "store/audit.h"
#include "store/dedup.h"

#define assert_str(actual, expected) assert_true(str_equal(actual, str_from(expected)))

static const char hello_sha256[] =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

static struct alert_record alert_of(const char *text)
{
    return (struct alert_record){
        .way = STR("webhook hook"), .text = str_from(text), .received_ms = 1000
    };
}

static int64_t put(struct fixture *f, const char *text)
{
    struct alert_record record = alert_of(text);
    bool is_new = false;
    assert_int_equal(alerts_put(f->store, &record, &is_new), ERR_OK);
    return record.id;
}

static struct alert_record get(struct fixture *f, int64_t id)
{
    struct alert_record record;
    assert_int_equal(alerts_get(f->store, id, &f->arena, &record), ERR_OK);
    return record;
}

static struct alert_record evaluate(struct fixture *f, int64_t id, const char *name)
{
    struct alert_record record = { .id = id,
        .source = STR("guardduty"),
        .name = str_from(name),
        .program_hash = STR("hash"),
        .evaluated_ms = 2000,
        .matched = 2 };
    assert_int_equal(alerts_evaluated(f->store, &record), ERR_OK);
    return record;
}

static size_t listed(struct fixture *f, struct alert_filter filter)
{
    struct alert_record *alerts;
    size_t count;
    assert_int_equal(alerts_list(f->store, &filter, &f->arena, &alerts, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(alerts[i].text.len, 0);
    return count;
}

static int64_t number_of(struct fixture *f, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void an_alert_is_kept_byte_for_byte_with_the_hash_of_its_text(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct alert_record record = { .way = STR("api"),
        .forced_source = STR("wiz"),
        .text = STR("{\"a\":\"\0\xff\"}"),
        .received_ms = 1234 };
    bool is_new = false;
    assert_int_equal(alerts_put(f.store, &record, &is_new), ERR_OK);
    assert_true(is_new);
    assert_int_equal(record.id, 1);
    reopen(&f);
    struct alert_record kept = get(&f, 1);
    assert_true(str_equal(kept.text, record.text));
    assert_str(kept.way, "api");
    assert_str(kept.forced_source, "wiz");
    assert_int_equal(kept.received_ms, 1234);
    assert_int_equal(kept.state, ALERT_WAITING);
    assert_str(get(&f, put(&f, "hello")).digest, hello_sha256);
    assert_int_equal(alerts_get(f.store, 99, &f.arena, &kept), ERR_NOT_FOUND);
}

static void the_same_text_again_is_the_first_alert_and_is_counted(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t first = put(&f, "a");
    for (uint64_t copies = 1; copies <= 3; copies++) {
        struct alert_record again = alert_of("a");
        bool is_new = true;
        assert_int_equal(alerts_put(f.store, &again, &is_new), ERR_OK);
        assert_false(is_new);
        assert_int_equal(again.id, first);
        assert_int_equal(again.copies, copies);
    }
    struct alert_record elsewhere = alert_of("a");
    bool is_new = false;
    elsewhere.way = STR("poll gd");
    assert_int_equal(alerts_put(f.store, &elsewhere, &is_new), ERR_OK);
    assert_true(is_new); /* by another way */
    elsewhere.forced_source = STR("wiz");
    assert_int_equal(alerts_put(f.store, &elsewhere, &is_new), ERR_OK);
    assert_true(is_new); /* read as something else */
    assert_int_equal(get(&f, first).copies, 3);
    assert_int_equal(number_of(&f, "SELECT count(*) FROM alerts"), 3);
}

static void alerts_that_wait_come_in_their_order_and_leave_when_they_were_evaluated(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct alert_record *waiting;
    size_t count;
    int64_t ids[] = { put(&f, "a"), put(&f, "b"), put(&f, "c") };
    assert_int_equal(alerts_waiting(f.store, 0, 2, &f.arena, &waiting, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_str(waiting[1].text, "b");
    assert_int_equal(alerts_waiting(f.store, ids[1], 10, &f.arena, &waiting, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(alerts_try(f.store, ids[0]), ERR_OK);
    assert_int_equal(alerts_try(f.store, ids[0]), ERR_OK);
    assert_int_equal(get(&f, ids[0]).attempts, 2);
    evaluate(&f, ids[0], "alert-1");
    assert_int_equal(alerts_try(f.store, ids[0]), ERR_INVALID);
    struct alert_record twice = { .id = ids[0] };
    assert_int_equal(alerts_evaluated(f.store, &twice), ERR_INVALID);
    assert_int_equal(alerts_waiting(f.store, 0, 10, &f.arena, &waiting, &count), ERR_OK);
    assert_int_equal(count, 2);
    struct alert_record kept = get(&f, ids[0]);
    assert_int_equal(kept.state, ALERT_EVALUATED);
    assert_str(kept.source, "guardduty");
    assert_str(kept.program_hash, "hash");
    assert_int_equal(kept.evaluated_ms, 2000);
    assert_int_equal(kept.matched, 2);
}

static void a_page_of_large_texts_ends_early_and_never_empty(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    size_t size = ALERTS_PAGE_BYTES / 2 + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    for (char i = 0; i < 4; i++) {
        struct alert_record record = { .way = STR("api"), .text = { text, size } };
        bool is_new;
        text[0] = i;
        assert_int_equal(alerts_put(f.store, &record, &is_new), ERR_OK);
    }
    free(text);
    struct alert_record *waiting;
    size_t count;
    assert_int_equal(alerts_waiting(f.store, 0, 100, &f.arena, &waiting, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(
        alerts_waiting(f.store, waiting[1].id, 100, &f.arena, &waiting, &count), ERR_OK);
    assert_int_equal(count, 2);
}

static void a_later_alert_of_the_same_name_knows_the_first(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t ids[] = { put(&f, "a"), put(&f, "b"), put(&f, "c"), put(&f, "d"), put(&f, "e") };
    assert_int_equal(evaluate(&f, ids[1], "alert-1").first, 0);
    assert_int_equal(evaluate(&f, ids[0], "alert-1").first, ids[1]); /* evaluated later */
    assert_int_equal(evaluate(&f, ids[2], "alert-1").first, ids[1]);
    assert_int_equal(get(&f, ids[2]).first, ids[1]);
    assert_int_equal(evaluate(&f, ids[3], "").first, 0); /* without a name it is of nobody */
    assert_int_equal(evaluate(&f, ids[4], "").first, 0);
}

static void a_dead_alert_waits_for_a_person_who_revives_or_drops_it(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *reason = NULL;
    struct store *beside = NULL;
    struct audit_row row;
    int64_t ids[] = { put(&f, "a"), put(&f, "hello") };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(alerts_try(f.store, ids[i]), ERR_OK);
        assert_int_equal(alerts_set_aside(f.store, ids[i], 5000, "it ended cdr"), ERR_OK);
        assert_int_equal(alerts_set_aside(f.store, ids[i], 5000, "again"), ERR_INVALID);
    }
    assert_str(get(&f, ids[0]).reason, "it ended cdr");
    uint64_t counts[ALERT_STATE_COUNT];
    put(&f, "b");
    assert_int_equal(alerts_count(f.store, counts), ERR_OK);
    assert_int_equal(counts[ALERT_DEAD], 2);
    assert_int_equal(counts[ALERT_WAITING], 1);
    assert_int_equal(alerts_waiting_count(f.store, counts), ERR_OK);
    assert_int_equal(counts[0], 1);
    assert_int_equal(alerts_set_aside_count(f.store, counts), ERR_OK);
    assert_int_equal(counts[0], 2);

    assert_int_equal(store_open_beside(f.directory, &f.arena, &beside, &reason), ERR_OK);
    assert_int_equal(alerts_revive(beside, ids[0], 6000, STR("alice")), ERR_OK);
    assert_int_equal(alerts_revive(beside, ids[0], 6000, STR("alice")), ERR_INVALID);
    assert_int_equal(alerts_drop(beside, ids[1], 7000, STR("bob"), STR("a test")), ERR_OK);
    assert_int_equal(alerts_drop(beside, ids[1], 7000, STR("bob"), STR("")), ERR_NOT_FOUND);
    assert_int_equal(alerts_try(beside, ids[0]), ERR_STORE); /* it tells, and evaluates nothing */
    struct alert_record record = alert_of("x");
    bool is_new;
    assert_int_equal(alerts_put(beside, &record, &is_new), ERR_STORE);
    store_close(beside);

    assert_int_equal(get(&f, ids[0]).state, ALERT_WAITING);
    assert_int_equal(get(&f, ids[0]).attempts, 0);
    assert_int_equal(number_of(&f, "SELECT count(*) FROM alerts"), 2);
    assert_int_equal(number_of(&f, "SELECT count(*) FROM audit"), 4);
    assert_int_equal(audit_get(f.store, 1, &f.arena, &row), ERR_OK);
    assert_non_null(strstr(row.text.ptr, "\"event\":\"alert_dead\",\"who\":\"cdr\""));
    assert_non_null(strstr(row.text.ptr, "\"reason\":\"it ended cdr\""));
    assert_int_equal(audit_get(f.store, 3, &f.arena, &row), ERR_OK);
    assert_non_null(strstr(row.text.ptr, "\"event\":\"alert_revived\",\"who\":\"alice\""));
    assert_int_equal(audit_get(f.store, 4, &f.arena, &row), ERR_OK);
    assert_non_null(strstr(row.text.ptr, "\"event\":\"alert_dropped\",\"who\":\"bob\""));
    assert_non_null(strstr(row.text.ptr, "\"reason\":\"a test\""));
    assert_non_null(strstr(row.text.ptr, hello_sha256)); /* which text that was */
}

static void lists_are_of_a_state_or_a_name_and_have_no_texts(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    for (int i = 0; i < 6; i++) {
        char text[8];
        snprintf(text, sizeof text, "t%d", i);
        put(&f, text);
    }
    evaluate(&f, 1, "n-1");
    evaluate(&f, 2, "n-2");
    evaluate(&f, 3, "n-1");
    assert_int_equal(alerts_set_aside(f.store, 4, 1, "why"), ERR_OK);
    assert_int_equal(listed(&f, (struct alert_filter){ .after = 0 }), 6);
    assert_int_equal(listed(&f, (struct alert_filter){ .after = 2, .most = 3 }), 3);
    assert_int_equal(listed(&f, (struct alert_filter){ .name = STR("n-1") }), 2);
    assert_int_equal(listed(&f, (struct alert_filter){ .name = STR("n-1"), .after = 1 }), 1);
    static const size_t expected[] = {
        [ALERT_WAITING] = 2, [ALERT_EVALUATED] = 3, [ALERT_DEAD] = 1
    };
    for (int i = 0; i < ALERT_STATE_COUNT; i++)
        assert_int_equal(
            listed(&f, (struct alert_filter){ .is_of_state = true, .state = (enum alert_state)i }),
            expected[i]);
    assert_int_equal(listed(&f,
                         (struct alert_filter){
                             .is_of_state = true, .state = ALERT_EVALUATED, .name = STR("n-2") }),
        1);
}

static void what_is_old_is_forgotten_unless_it_waits_is_dead_or_a_run_of_it_is_open(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    uint64_t count = 0;
    for (int i = 0; i < 6; i++) {
        char text[8];
        snprintf(text, sizeof text, "t%d", i);
        put(&f, text);
    }
    assert_int_equal(alerts_set_aside(f.store, 2, 1, "why"), ERR_OK); /* 1 waits, 2 is dead */
    int64_t run = run_new(&f, "with-run");
    evaluate(&f, 3, "with-run");
    evaluate(&f, 4, "joined");
    evaluate(&f, 5, "plain");
    evaluate(&f, 6, "plain");
    int64_t opened = 0;
    assert_int_equal(
        store_exec(f.store, "INSERT INTO cases (opened_ms, last_ms, title) VALUES (1, 1, '')"),
        ERR_OK);
    opened = number_of(&f, "SELECT max(id) FROM cases");
    struct joined_alert joined = { .source = STR("guardduty"),
        .alert = STR("joined"),
        .rule_id = STR("5c1d"),
        .run = run,
        .case_id = opened };
    assert_int_equal(dedup_join(f.store, &joined), ERR_OK);

    assert_int_equal(alerts_forget(f.store, 1000, 10, &count), ERR_OK);
    assert_int_equal(count, 0); /* received at 1000: not before */
    assert_int_equal(alerts_forget(f.store, 1001, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(alerts_forget(f.store, 1001, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(number_of(&f, "SELECT count(*) FROM alerts"), 4);
    assert_int_equal(store_run_end(f.store, run, 9000), ERR_OK);
    assert_int_equal(alerts_forget(f.store, 1001, 10, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(get(&f, 1).state, ALERT_WAITING);
    assert_int_equal(get(&f, 2).state, ALERT_DEAD);
    integrity(&f);
}

static const char secret[] = "{\"id\":\"x\",\"detail\":{\"account\":\"111122223333\",\"n\":1.50}}";
static const char blanked[] = "{\"id\":\"x\",\"detail\":{\"account\":\"[redacted]\",\"n\":1.50}}";

static void old_texts_are_redacted_once_and_those_of_open_runs_later(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const str paths[] = { STR("detail.account"), STR("nothing") };
    uint64_t count = 0;
    struct run run;
    put(&f, secret);
    put(&f, "plain 111122223333");
    evaluate(&f, 1, "alert-1");
    evaluate(&f, 2, "alert-2");
    put(&f, "{\"detail\":{\"account\":\"waits\"}}");
    int64_t open = run_new(&f, "alert-1");

    assert_int_equal(alerts_redact(f.store, 1000, paths, 2, 10, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(alerts_redact(f.store, 1001, paths, 2, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(alerts_redact(f.store, 1001, paths, 2, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_str(get(&f, 1).text, blanked);
    assert_str(get(&f, 2).text, "\"[redacted]\"");
    assert_str(get(&f, 3).text, "{\"detail\":{\"account\":\"waits\"}}");
    assert_int_equal(alerts_redact(f.store, 1001, paths, 2, 10, &count), ERR_OK);
    assert_int_equal(count, 0);           /* each of them once */
    assert_int_equal(put(&f, secret), 1); /* it is known all the same */

    assert_int_equal(store_run_get(f.store, open, &f.arena, &run), ERR_OK);
    assert_true(str_equal(run.alert_text, STR("{\"id\":\"a\0b\xff\"}"))); /* it is open */
    assert_int_equal(store_run_end(f.store, open, 9000), ERR_OK);
    const str id[] = { STR("id") };
    assert_int_equal(alerts_redact(f.store, 1001, id, 1, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_run_get(f.store, open, &f.arena, &run), ERR_OK);
    assert_str(run.alert_text, "{\"id\":\"[redacted]\"}");
}

static void a_message_counts_once_and_another_body_under_its_name_is_refused(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    bool is_known = true;
    uint64_t count = 0;
    assert_int_equal(
        messages_note(f.store, STR("w"), STR("m-1"), STR("d"), 1000, &is_known), ERR_OK);
    assert_false(is_known);
    assert_int_equal(
        messages_note(f.store, STR("w"), STR("m-1"), STR("d"), 1001, &is_known), ERR_OK);
    assert_true(is_known);
    assert_int_equal(
        messages_note(f.store, STR("w"), STR("m-1"), STR("e"), 1001, &is_known), ERR_INVALID);
    assert_false(is_known);
    assert_int_equal(
        messages_note(f.store, STR("v"), STR("m-1"), STR("e"), 2000, &is_known), ERR_OK);
    assert_false(is_known);
    assert_int_equal(messages_forget(f.store, 2000, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(
        messages_note(f.store, STR("w"), STR("m-1"), STR("e"), 3000, &is_known), ERR_OK);
    assert_false(is_known);
}

static void a_cursor_is_where_its_way_left_it(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    str text;
    assert_int_equal(cursors_get(f.store, STR("poll gd"), &f.arena, &text), ERR_NOT_FOUND);
    assert_int_equal(cursors_set(f.store, STR("poll gd"), STR("a"), 1), ERR_OK);
    assert_int_equal(cursors_set(f.store, STR("poll gd"), STR("b\xff"), 2), ERR_OK);
    assert_int_equal(cursors_set(f.store, STR("follow x"), STR("c"), 2), ERR_OK);
    reopen(&f);
    assert_int_equal(cursors_get(f.store, STR("poll gd"), &f.arena, &text), ERR_OK);
    assert_str(text, "b\xff");
}

/* What is asked while alerts come in must not look at all that are kept. */
static void what_is_asked_all_the_time_reads_an_index_of_its_own(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    static const struct {
        enum statement statement;
        const char *index;
    } expected[] = {
        { STATEMENT_ALERTS_WAITING, "alerts_waiting" },
        { STATEMENT_ALERTS_WAITING_COUNT, "alerts_waiting" },
        { STATEMENT_ALERTS_OF_DEAD, "alerts_dead" },
        { STATEMENT_ALERTS_OF_WAITING, "alerts_waiting" },
        { STATEMENT_ALERTS_NAMED, "alerts_by_name" },
        { STATEMENT_ALERT_FIRST, "alerts_by_name" },
        { STATEMENT_ALERTS_FORGET, "alerts_by_time" },
        { STATEMENT_ALERTS_UNREDACTED, "alerts_by_time" },
        { STATEMENT_RUNS_UNREDACTED, "run_by_time" },
        { STATEMENT_ALERT_KNOWN, "sqlite_autoindex_alerts_1" },
        { STATEMENT_MESSAGES_FORGET, "messages_by_time" },
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        char sql[4096];
        sqlite3_stmt *statement = NULL;
        sqlite3_stmt *plan = NULL;
        bool is_used = false;
        assert_int_equal(statement_take(f.store, expected[i].statement, &statement), ERR_OK);
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", sqlite3_sql(statement));
        statement_release(&statement);
        assert_int_equal(sqlite3_prepare_v2(f.store->db, sql, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW)
            is_used |=
                strstr((const char *)sqlite3_column_text(plan, 3), expected[i].index) != NULL;
        sqlite3_finalize(plan);
        if (!is_used)
            fail_msg("%s is not used by: %s", expected[i].index, sql);
    }
}

static void what_was_put_in_a_transaction_that_is_rolled_back_is_not_there(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_begin(f.store), ERR_OK);
    put(&f, "a");
    store_rollback(f.store);
    assert_int_equal(number_of(&f, "SELECT count(*) FROM alerts"), 0);
    struct alert_record record = alert_of("a");
    bool is_new = false;
    assert_int_equal(alerts_put(f.store, &record, &is_new), ERR_OK);
    assert_true(is_new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_kept_byte_for_byte_with_the_hash_of_its_text),
        cmocka_unit_test(the_same_text_again_is_the_first_alert_and_is_counted),
        cmocka_unit_test(alerts_that_wait_come_in_their_order_and_leave_when_they_were_evaluated),
        cmocka_unit_test(a_page_of_large_texts_ends_early_and_never_empty),
        cmocka_unit_test(a_later_alert_of_the_same_name_knows_the_first),
        cmocka_unit_test(a_dead_alert_waits_for_a_person_who_revives_or_drops_it),
        cmocka_unit_test(lists_are_of_a_state_or_a_name_and_have_no_texts),
        cmocka_unit_test(what_is_old_is_forgotten_unless_it_waits_is_dead_or_a_run_of_it_is_open),
        cmocka_unit_test(old_texts_are_redacted_once_and_those_of_open_runs_later),
        cmocka_unit_test(a_message_counts_once_and_another_body_under_its_name_is_refused),
        cmocka_unit_test(a_cursor_is_where_its_way_left_it),
        cmocka_unit_test(what_is_asked_all_the_time_reads_an_index_of_its_own),
        cmocka_unit_test(what_was_put_in_a_transaction_that_is_rolled_back_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
