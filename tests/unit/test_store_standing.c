/* test_store_standing.c - what a run counts for, and that a journal is where it was opened. */
#include "store_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

static enum err find(struct fixture *f, struct run *ret_run)
{
    struct run_key key = { .alert = STR("alert-1"),
        .source = STR("guardduty"),
        .rule = STR("stolen_role"),
        .rule_id = STR("5c1d") };
    return store_run_find(f->store, &key, &f->arena, ret_run);
}

static enum run_standing standing_of(struct fixture *f, int64_t id)
{
    struct run *runs;
    size_t count;
    struct run_filter all = { 0 };
    assert_int_equal(store_runs(f->store, &all, &f->arena, &runs, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        if (runs[i].id == id)
            return runs[i].standing;
    fail_msg("no such run");
    return RUN_OPEN;
}

static void a_run_counts_until_all_of_it_was_taken_back(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct run run;
    assert_int_equal(find(&f, &run), ERR_NOT_FOUND);
    int64_t id = run_new(&f, "alert-1");
    assert_int_equal(find(&f, &run), ERR_OK);
    assert_int_equal(run.standing, RUN_OPEN);
    step_new(&f, id, 0);
    call_new(&f, id, 0, true, REPLY_RECEIVED, 200);
    step_over(&f, id, 0, "done");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    assert_int_equal(find(&f, &run), ERR_OK);
    assert_int_equal(run.id, id);
    assert_int_equal(run.standing, RUN_STANDS);

    int64_t undo = undo_new(&f, id);
    step_new(&f, undo, 0);
    step_over(&f, undo, 0, "partial");
    assert_int_equal(find(&f, &run), ERR_OK); /* not over yet */
    assert_int_equal(run.standing, RUN_PARTLY_TAKEN_BACK);
    assert_int_equal(store_run_end(f.store, undo, 9000), ERR_OK);
    assert_int_equal(find(&f, &run), ERR_OK); /* something is left */
    assert_int_equal(run.standing, RUN_PARTLY_TAKEN_BACK);
    undo = undo_new(&f, id);
    step_new(&f, undo, 0);
    step_over(&f, undo, 0, "done");
    assert_int_equal(store_run_end(f.store, undo, 9000), ERR_OK);
    assert_int_equal(find(&f, &run), ERR_NOT_FOUND);
    assert_int_equal(standing_of(&f, id), RUN_TAKEN_BACK);
}

static void a_run_counts_for_what_it_did_or_may_have_done(void **state)
{
    (void)state;
    static const struct {
        const char *ended;
        bool is_change;
        enum reply_kind kind;
        int status;
        enum run_standing standing;
    } cases[] = {
        { "failed", false, REPLY_REFUSED, 0, RUN_CAME_TO_NOTHING },
        { "unresolved", false, REPLY_RECEIVED, 200, RUN_CAME_TO_NOTHING },
        { "failed", true, REPLY_REFUSED, 0, RUN_CAME_TO_NOTHING },
        { "failed", true, REPLY_RECEIVED, 403, RUN_CAME_TO_NOTHING },
        { "failed", true, REPLY_RECEIVED, 200, RUN_INCOMPLETE },
        { "failed", true, REPLY_RECEIVED, 500, RUN_INCOMPLETE },
        { "failed", true, REPLY_LOST, 0, RUN_INCOMPLETE },
        { "unknown", false, REPLY_RECEIVED, 200, RUN_INCOMPLETE },
        { "failed", true, REPLY_RECEIVED, 503, RUN_INCOMPLETE },
        { "done", false, REPLY_RECEIVED, 200, RUN_STANDS },
        { "done", true, REPLY_RECEIVED, 403, RUN_STANDS },
        { "partial", false, REPLY_RECEIVED, 200, RUN_INCOMPLETE },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        struct run run;
        int64_t id = run_new(&f, "alert-1");
        step_new(&f, id, 0);
        call_new(&f, id, 0, cases[i].is_change, cases[i].kind, cases[i].status);
        step_over(&f, id, 0, cases[i].ended);
        assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
        bool counts = cases[i].standing != RUN_CAME_TO_NOTHING;
        assert_int_equal(find(&f, &run), counts ? ERR_OK : ERR_NOT_FOUND);
        assert_int_equal(standing_of(&f, id), cases[i].standing);
    }
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct run run;
    assert_int_equal(store_run_end(f.store, run_new(&f, "alert-1"), 9000), ERR_OK);
    assert_int_equal(find(&f, &run), ERR_OK); /* no step was wanted: dealt with */
}

static void a_change_that_was_declined_with_a_status_of_success_was_not_made(void **state)
{
    (void)state;
    for (int is_declined = 0; is_declined < 2; is_declined++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        struct call_record made;
        int64_t id = run_new(&f, "alert-1");
        step_new(&f, id, 0);
        struct call_record call = call_made(id, 0, 0, true);
        assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
        call.reply_kind = REPLY_RECEIVED;
        call.reply_status = 202;
        call.reply_body = STR("{}");
        call.replied_ms = 6000;
        call.is_declined = is_declined == 1;
        assert_int_equal(store_call_reply(f.store, &call), ERR_OK);
        assert_int_equal(store_call_get(f.store, id, 0, 0, &f.arena, &made), ERR_OK);
        assert_int_equal(call_is_refused(&made), is_declined);
        step_over(&f, id, 0, "failed");
        assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
        assert_int_equal(
            standing_of(&f, id), is_declined == 1 ? RUN_CAME_TO_NOTHING : RUN_INCOMPLETE);
    }
}

static void a_run_that_was_given_up_counts_for_what_it_did(void **state)
{
    (void)state;
    static const struct {
        const char *ended; /* of its one step; NULL: it had none */
        enum run_standing standing;
    } cases[] = { { NULL, RUN_CAME_TO_NOTHING }, { "failed", RUN_CAME_TO_NOTHING },
        { "done", RUN_INCOMPLETE } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        int64_t id = run_new(&f, "alert-1");
        if (cases[i].ended != NULL) {
            step_new(&f, id, 0);
            step_over(&f, id, 0, cases[i].ended);
        }
        assert_int_equal(store_run_abandon(f.store, id, 9000, "the rule is undecided"), ERR_OK);
        assert_int_equal(standing_of(&f, id), cases[i].standing);
        struct run run;
        assert_int_equal(store_run_get(f.store, id, &f.arena, &run), ERR_OK);
        assert_string_equal(run.cut_reason.ptr, "the rule is undecided");
    }
}

static void a_change_without_an_answer_may_have_been_made(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    step_over(&f, id, 0, "failed");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    assert_int_equal(standing_of(&f, id), RUN_INCOMPLETE);
}

static void path_of(const struct fixture *f, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", f->directory, name);
}

static void nothing_is_intended_in_a_journal_that_is_gone(void **state)
{
    (void)state;
    static const char *const names[] = { "lock", "journal.db", "journal.db-wal" };
    for (size_t i = 0; i < COUNT_OF(names) + 1; i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        char path[120], aside[140];
        int64_t id = run_new(&f, "alert-1");
        step_new(&f, id, 0);
        struct call_record call = call_made(id, 0, 0, true);
        assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
        if (i < COUNT_OF(names))
            path_of(&f, names[i], path, sizeof path);
        else
            snprintf(path, sizeof path, "%s", f.directory);
        snprintf(aside, sizeof aside, "%s.aside", path);
        assert_int_equal(rename(path, aside), 0);
        call = call_made(id, 0, 1, true);
        for (int again = 0; again < 2; again++) { /* missing, then another file of the name */
            assert_int_equal(store_call_intend(f.store, &call), ERR_STORE);
            assert_string_equal(store_error(f.store),
                "the journal was moved or deleted while in use: nothing more is sent");
            int other = open(path, O_RDWR | O_CREAT, 0600);
            assert_true(other >= 0);
            close(other);
        }
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rename(aside, path), 0);
        assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    }
}

static void a_run_is_found_by_who_the_rule_is_and_then_by_its_name(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    struct run_key key = { .alert = STR("alert-1"), .source = STR("guardduty") };
    struct run run;
    key.rule = STR("renamed");
    key.rule_id = STR("5c1d");
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK);
    assert_int_equal(run.id, id);
    key.rule_id = STR("b0b0");
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_NOT_FOUND);
    key.rule = STR("stolen_role");
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK);
    assert_true(str_equal(run.rule_id, STR("5c1d"))); /* another rule had the name */

    /* The rule's own run comes before a newer one of its name. */
    assert_int_equal(
        store_exec(f.store, "UPDATE run SET rule_id = 'b0b0', rule = 'other'"), ERR_OK);
    int64_t newer = run_new(&f, "alert-1");
    assert_true(newer > id);
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK);
    assert_int_equal(run.id, id);
}

/* A rule that was in shadow and is live now has the name, and is another. */
static void a_run_in_shadow_is_found_by_who_its_rule_is_alone(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    step_over(&f, id, 0, "shadowed");
    struct run run;
    struct run_key key = { .alert = STR("alert-1"),
        .source = STR("guardduty"),
        .rule = STR("stolen_role"),
        .rule_id = STR("b0b0") };
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK); /* it may go on */
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_NOT_FOUND);
    key.rule_id = STR("5c1d");
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK);
    assert_int_equal(run.id, id);
}

static void a_run_since_a_moment_counts_however_it_ended(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    step_over(&f, id, 0, "failed");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    struct run run;
    assert_int_equal(find(&f, &run), ERR_NOT_FOUND);
    struct run_key key = {
        .alert = STR("alert-1"), .source = STR("guardduty"), .rule_id = STR("5c1d"), .since = id
    };
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_OK);
    assert_int_equal(run.standing, RUN_CAME_TO_NOTHING);
    key.since = id + 1;
    assert_int_equal(store_run_find(f.store, &key, &f.arena, &run), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_counts_until_all_of_it_was_taken_back),
        cmocka_unit_test(a_run_counts_for_what_it_did_or_may_have_done),
        cmocka_unit_test(a_change_that_was_declined_with_a_status_of_success_was_not_made),
        cmocka_unit_test(a_run_that_was_given_up_counts_for_what_it_did),
        cmocka_unit_test(a_run_is_found_by_who_the_rule_is_and_then_by_its_name),
        cmocka_unit_test(a_run_in_shadow_is_found_by_who_its_rule_is_alone),
        cmocka_unit_test(a_run_since_a_moment_counts_however_it_ended),
        cmocka_unit_test(a_change_without_an_answer_may_have_been_made),
        cmocka_unit_test(nothing_is_intended_in_a_journal_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
