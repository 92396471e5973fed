/* test_store_transaction.c - several writes as one, in a file and in memory. */
#include "store_fixture.h"

static void writes_between_begin_and_commit_are_all_there_or_none(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_begin(f.store), ERR_OK);
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    struct store *reader = reader_new(&f);
    assert_int_equal(runs_of(&f, reader), 0); /* nobody else sees the half of it */
    store_close(reader);
    assert_int_equal(store_commit(f.store), ERR_OK);
    reopen(&f);
    assert_int_equal(runs_of(&f, f.store), 1);

    assert_int_equal(store_begin(f.store), ERR_OK);
    (void)run_new(&f, "alert-2");
    reopen(&f); /* as after a crash */
    assert_int_equal(runs_of(&f, f.store), 1);
}

static void an_error_deep_inside_takes_back_all_of_it(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_begin(f.store), ERR_OK);
    (void)run_new(&f, "alert-1");
    assert_int_equal(store_begin(f.store), ERR_OK);
    (void)run_new(&f, "alert-2");
    assert_int_equal(store_commit(f.store), ERR_OK); /* of the inner one: not on disk yet */
    assert_int_equal(store_begin(f.store), ERR_OK);
    assert_int_equal(store_run_abandon(f.store, 77, 1, "no such run"), ERR_INVALID);
    assert_int_equal(runs_of(&f, f.store), 0);
    assert_int_equal(store_commit(f.store), ERR_STORE); /* those around must not go on */
    assert_non_null(strstr(store_error(f.store), "rolled back"));
    store_rollback(f.store); /* said twice is fine */
    (void)run_new(&f, "alert-3");
    reopen(&f);
    assert_int_equal(runs_of(&f, f.store), 1);
}

static void what_sqlite_rolled_back_by_itself_is_not_gone_on_with(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_program_put(f.store, STR("hash"), STR("[]")), ERR_OK);
    assert_int_equal(store_begin(f.store), ERR_OK);
    (void)run_new(&f, "alert-1");
    assert_int_equal(sqlite3_exec(f.store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    struct run run = { .alert = STR("alert-2"), .program_hash = STR("hash") };
    assert_int_equal(store_run_begin(f.store, &run), ERR_STORE); /* else it would be alone */
    assert_int_equal(store_begin(f.store), ERR_STORE);
    assert_int_equal(store_commit(f.store), ERR_STORE);
    assert_int_equal(runs_of(&f, f.store), 0);
    assert_int_equal(store_run_begin(f.store, &run), ERR_OK);
}

static void a_journal_in_memory_is_a_journal_of_its_own(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *stores[2];
    const char *reason;
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_open_memory(&arena, &stores[i], &reason), ERR_OK);
    struct fixture f = { .arena = arena, .store = stores[0] };
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    call_new(&f, id, 0, true, REPLY_RECEIVED, 200);
    step_over(&f, id, 0, "done");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    assert_int_equal(runs_of(&f, stores[0]), 1);
    assert_int_equal(runs_of(&f, stores[1]), 0);
    assert_int_equal(store_id(stores[1]).len, STORE_ID_DIGITS);
    store_close(stores[0]);
    store_close(stores[1]);
    arena = f.arena;
}

static void what_is_gathered_is_committed_when_it_is_settled(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_settle(f.store), ERR_OK); /* nothing is */
    assert_int_equal(store_gather(f.store), ERR_OK);
    assert_int_equal(store_begin(f.store), ERR_OK);
    (void)run_new(&f, "alert-1");
    assert_int_equal(store_settle(f.store), ERR_STORE); /* that one is not over */
    assert_int_equal(store_commit(f.store), ERR_OK);
    assert_int_equal(store_gather(f.store), ERR_OK); /* it goes on */
    (void)run_new(&f, "alert-2");
    struct store *reader = reader_new(&f);
    assert_int_equal(runs_of(&f, reader), 0);
    store_close(reader);
    assert_int_equal(store_settle(f.store), ERR_OK);
    (void)run_new(&f, "alert-3"); /* from here on each by itself again */
    reader = reader_new(&f);
    assert_int_equal(runs_of(&f, reader), 3);
    store_close(reader);

    assert_int_equal(store_gather(f.store), ERR_OK);
    (void)run_new(&f, "alert-4");
    reopen(&f); /* as after a crash */
    assert_int_equal(runs_of(&f, f.store), 3);
}

static void what_was_gathered_is_gone_after_an_error_and_no_more_is_gathered(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_gather(f.store), ERR_OK);
    (void)run_new(&f, "alert-1");
    assert_int_equal(store_run_abandon(f.store, 77, 1, "no such run"), ERR_INVALID);
    assert_int_equal(store_settle(f.store), ERR_OK);
    assert_int_equal(runs_of(&f, f.store), 0);
    (void)run_new(&f, "alert-2");
    reopen(&f);
    assert_int_equal(runs_of(&f, f.store), 1);
    assert_int_equal(store_begin(f.store), ERR_OK); /* a transaction of others is left alone */
    assert_int_equal(store_gather(f.store), ERR_OK);
    assert_int_equal(store_settle(f.store), ERR_OK);
    (void)run_new(&f, "alert-3");
    store_rollback(f.store);
    assert_int_equal(runs_of(&f, f.store), 1);
}

static bool is_on_disk(const struct store *store)
{
    return store->syncing.synced == store->syncing.written;
}

/* A sync is what a step waits for longest: only what must not be forgotten asks for one. */
static void a_step_waits_for_the_disk_before_it_changes_something_and_at_its_end(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    assert_true(is_on_disk(f.store));
    step_new(&f, run, 0);
    assert_int_equal(store_step_again(f.store, run, 0), ERR_OK);
    struct step_record bound = { .run = run, .provider = STR("aws"), .identity = STR("me") };
    assert_int_equal(store_step_bind(f.store, &bound), ERR_OK);
    call_new(&f, run, 0, false, REPLY_RECEIVED, 200);
    assert_false(is_on_disk(f.store));
    struct call_record change = call_made(run, 0, 1, true);
    assert_int_equal(store_call_intend(f.store, &change), ERR_OK);
    assert_true(is_on_disk(f.store));
    change.reply_kind = REPLY_RECEIVED;
    change.reply_body = STR("");
    assert_int_equal(store_call_reply(f.store, &change), ERR_OK);
    assert_true(is_on_disk(f.store));
    call_new(&f, run, 2, false, REPLY_RECEIVED, 200);
    assert_false(is_on_disk(f.store));
    step_over(&f, run, 0, "done");
    assert_true(is_on_disk(f.store));
    assert_int_equal(store_run_end(f.store, run, 9000), ERR_OK);
    reopen(&f);
    assert_int_equal(store_run_end(f.store, run, 9000), ERR_INVALID);
}

static void an_answer_leaves_the_transaction_around_it_open(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_begin(f.store), ERR_OK);
    int64_t run = run_new(&f, "alert-1");
    struct step_record missing = { .run = run, .index = 7 };
    assert_int_equal(store_step_bind(f.store, &missing), ERR_INVALID);
    assert_int_equal(store_step_wait(f.store, run, 7), ERR_INVALID);
    assert_int_equal(store_run_end(f.store, 77, 9000), ERR_INVALID);
    assert_int_equal(store_commit(f.store), ERR_OK);
    assert_int_equal(runs_of(&f, f.store), 1);
}

static void a_reader_begins_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct store *reader = reader_new(&f);
    assert_int_equal(store_begin(reader), ERR_STORE);
    assert_string_equal(store_error(reader), "this journal was opened to be read");
    store_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_between_begin_and_commit_are_all_there_or_none),
        cmocka_unit_test(an_error_deep_inside_takes_back_all_of_it),
        cmocka_unit_test(what_sqlite_rolled_back_by_itself_is_not_gone_on_with),
        cmocka_unit_test(a_journal_in_memory_is_a_journal_of_its_own),
        cmocka_unit_test(what_is_gathered_is_committed_when_it_is_settled),
        cmocka_unit_test(what_was_gathered_is_gone_after_an_error_and_no_more_is_gathered),
        cmocka_unit_test(a_step_waits_for_the_disk_before_it_changes_something_and_at_its_end),
        cmocka_unit_test(an_answer_leaves_the_transaction_around_it_open),
        cmocka_unit_test(a_reader_begins_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
