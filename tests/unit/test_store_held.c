/* test_store_held.c - steps that wait, and steps that somebody decided against. */
#include "store_fixture.h"

#include "store/audit.h"

static void hold(struct fixture *f, int64_t run, uint32_t step)
{
    const char *sql = arena_format(&f->arena,
        "UPDATE step SET state = 'held', target = 'role/web', reason = 'waits', provider = 'aws'"
        " WHERE run = %d AND idx = %u",
        (int)run, step);
    assert_non_null(sql);
    assert_int_equal(store_exec(f->store, sql), ERR_OK);
}

static struct step_record step_of(struct fixture *f, int64_t run, uint32_t index)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f->store, run, &f->arena, &steps, &count), ERR_OK);
    assert_true(index < count);
    return steps[index];
}

static enum run_standing standing_of(struct fixture *f, int64_t id)
{
    struct run run;
    assert_int_equal(store_run_get(f->store, id, &f->arena, &run), ERR_OK);
    return run.standing;
}

static void a_run_is_open_while_a_step_of_it_is_held(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    hold(&f, id, 0);
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_INVALID);
    assert_int_equal(standing_of(&f, id), RUN_OPEN);
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_INVALID); /* it may not act */
    struct step_record done = { .run = id, .state = STR("done"), .ended_ms = 4000 };
    assert_int_equal(store_step_end(f.store, &done), ERR_INVALID);
    step_over(&f, id, 0, "rejected");
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
    assert_int_equal(standing_of(&f, id), RUN_DECIDED);
}

static void a_held_step_that_is_tried_again_forgets_what_it_read(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    step_new(&f, id, 1);
    call_new(&f, id, 0, false, REPLY_RECEIVED, 200);
    struct call_record other = call_made(id, 1, 0, false);
    assert_int_equal(store_call_intend(f.store, &other), ERR_OK);
    hold(&f, id, 0);
    assert_int_equal(store_step_again(f.store, id, 0), ERR_OK);
    struct step_record step = step_of(&f, id, 0);
    assert_true(str_equal(step.state, STR("running")));
    assert_int_equal(step.reason.len, 0);
    assert_true(str_equal(step.provider, STR("aws"))); /* it stays who it was */
    assert_true(str_equal(step.args, STR("[\"web\"]")));
    struct call_record *calls;
    size_t count;
    assert_int_equal(store_calls(f.store, id, &f.arena, &calls, &count), ERR_OK);
    assert_int_equal(count, 1); /* of the other step */
    assert_int_equal(calls[0].step, 1);
    step_over(&f, id, 0, "failed");
    assert_int_equal(store_step_again(f.store, id, 0), ERR_INVALID); /* it has ended */
    assert_int_equal(store_step_again(f.store, id, 7), ERR_INVALID); /* there is none */
}

static void a_step_that_may_have_changed_something_is_never_tried_again(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    call_new(&f, id, 0, false, REPLY_RECEIVED, 200);
    struct call_record change = call_made(id, 0, 1, true);
    assert_int_equal(store_call_intend(f.store, &change), ERR_OK);
    hold(&f, id, 0);
    assert_int_equal(store_step_again(f.store, id, 0), ERR_INVALID);
    struct call_record *calls;
    size_t count;
    assert_int_equal(store_calls(f.store, id, &f.arena, &calls, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(str_equal(step_of(&f, id, 0).state, STR("held")));
}

static void a_step_tells_what_it_acts_on_and_waits_for_another(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    assert_int_equal(store_step_aim(f.store, id, 0, STR("role/api")), ERR_OK);
    assert_int_equal(store_step_wait(f.store, id, 0), ERR_OK);
    assert_true(str_equal(step_of(&f, id, 0).state, STR("held")));
    assert_true(str_equal(step_of(&f, id, 0).target, STR("role/api")));
    assert_int_equal(store_run_end(f.store, id, 9000), ERR_INVALID);
    assert_int_equal(store_step_again(f.store, id, 0), ERR_OK);
    step_over(&f, id, 0, "done");
    assert_int_equal(store_step_wait(f.store, id, 0), ERR_INVALID);
    assert_int_equal(store_step_aim(f.store, id, 0, STR("role/web")), ERR_INVALID);
}

static void what_was_decided_is_not_asked_again_for_the_same_alert(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        const char *second;
        enum run_standing standing;
    } cases[] = {
        { "done", "refused", RUN_DECIDED },
        { "rejected", "rejected", RUN_DECIDED },
        { "shadowed", "shadowed", RUN_DECIDED },
        { "refused", "failed", RUN_INCOMPLETE },
        { "rejected", "unresolved", RUN_INCOMPLETE },
        { "shadowed", "unknown", RUN_INCOMPLETE },
        { "done", "done", RUN_STANDS },
        { "failed", "unresolved", RUN_CAME_TO_NOTHING },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        int64_t id = run_new(&f, "alert-1");
        step_new(&f, id, 0);
        step_new(&f, id, 1);
        step_over(&f, id, 0, cases[i].first);
        step_over(&f, id, 1, cases[i].second);
        assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
        assert_int_equal(standing_of(&f, id), cases[i].standing);
        struct run_key key = { .alert = STR("alert-1"),
            .source = STR("guardduty"),
            .rule = STR("stolen_role"),
            .rule_id = STR("5c1d") };
        struct run run;
        assert_int_equal(store_run_find(f.store, &key, &f.arena, &run),
            cases[i].standing == RUN_CAME_TO_NOTHING ? ERR_NOT_FOUND : ERR_OK);
    }
}

static void a_run_that_is_given_up_voids_what_was_asked_of_people(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    hold(&f, id, 0);
    assert_int_equal(store_exec(f.store,
                         "INSERT INTO hold VALUES (1, 1, 0, 0, 'approve', 'r', '', 'h', x'', '[]',"
                         " '', 0, NULL, 5000, 'open', NULL, NULL)"),
        ERR_OK);
    assert_int_equal(store_run_abandon(f.store, id, 9000, "taken back"), ERR_OK);
    struct step_record step = step_of(&f, id, 0);
    assert_true(str_equal(step.state, STR("rejected")));
    assert_true(str_equal(step.reason, STR("taken back")));
    assert_int_equal(step.ended_ms, 9000);
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(f.store->db, "SELECT state, settled_ms FROM hold", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(statement, 0), "void");
    assert_int_equal(sqlite3_column_int64(statement, 1), 9000);
    sqlite3_finalize(statement);
    struct audit_row row;
    assert_int_equal(audit_get(f.store, 1, &f.arena, &row), ERR_OK);
    assert_non_null(strstr(row.text.ptr, "\"voided\""));
    assert_non_null(strstr(row.text.ptr, "its run was ended: taken back"));
}

static void an_end_that_was_joined_is_read_back_and_relied_upon(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t first = run_new(&f, "alert-1");
    step_new(&f, first, 0);
    call_new(&f, first, 0, true, REPLY_RECEIVED, 200);
    step_over(&f, first, 0, "done");
    assert_int_equal(store_run_end(f.store, first, 9000), ERR_OK);
    int64_t second = run_new(&f, "alert-2");
    step_new(&f, second, 0);
    struct reliance reliance;
    assert_int_equal(store_reliance(f.store, first, -1, &f.arena, &reliance), ERR_NOT_FOUND);
    struct step_record joined = { .run = second,
        .state = STR("done"),
        .target = STR("role/web"),
        .ended_ms = 4000,
        .joined_run = first };
    assert_int_equal(store_step_end(f.store, &joined), ERR_OK);
    assert_int_equal(store_run_end(f.store, second, 9000), ERR_OK);
    assert_int_equal(step_of(&f, second, 0).joined_run, first);
    assert_int_equal(step_of(&f, first, 0).joined_run, 0);
    assert_int_equal(store_reliance(f.store, first, -1, &f.arena, &reliance), ERR_OK);
    assert_int_equal(reliance.run, second);
    assert_false(reliance.has_changed);
    int64_t undo = undo_new(&f, second);
    assert_int_equal(store_run_end(f.store, undo, 9000), ERR_OK);
    assert_int_equal(store_reliance(f.store, first, -1, &f.arena, &reliance), ERR_NOT_FOUND);
}

/* An undo of the first step alone, by `person`. */
static int64_t undo_of_step(struct fixture *f, int64_t undoes, const char *person)
{
    struct run run = { .undoes = undoes,
        .is_of_one_step = true,
        .person = str_from(person),
        .alert = STR("alert-1") };
    assert_int_equal(store_run_begin(f->store, &run), ERR_OK);
    struct run read;
    assert_int_equal(store_run_get(f->store, run.id, &f->arena, &read), ERR_OK);
    assert_true(read.is_of_one_step);
    assert_int_equal(read.undoes_step, 0);
    assert_true(str_equal(read.person, str_from(person)));
    return run.id;
}

static void a_run_stands_when_the_time_of_a_step_is_over_and_not_when_a_person_took_it_back(
    void **state)
{
    (void)state;
    for (int by_person = 0; by_person < 2; by_person++) {
        CLEANUP(fixture_release) struct fixture f = fixture_new();
        int64_t id = run_new(&f, "alert-1");
        step_new(&f, id, 0);
        call_new(&f, id, 0, true, REPLY_RECEIVED, 200);
        step_over(&f, id, 0, "done");
        assert_int_equal(store_run_end(f.store, id, 9000), ERR_OK);
        int64_t undo = undo_of_step(&f, id, by_person ? "alice" : "");
        assert_int_equal(standing_of(&f, id), RUN_PARTLY_TAKEN_BACK);
        step_new(&f, undo, 0);
        step_over(&f, undo, 0, "done");
        assert_int_equal(store_run_end(f.store, undo, 9500), ERR_OK);
        assert_int_equal(standing_of(&f, id), by_person ? RUN_PARTLY_TAKEN_BACK : RUN_STANDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_open_while_a_step_of_it_is_held),
        cmocka_unit_test(a_held_step_that_is_tried_again_forgets_what_it_read),
        cmocka_unit_test(a_step_that_may_have_changed_something_is_never_tried_again),
        cmocka_unit_test(a_step_tells_what_it_acts_on_and_waits_for_another),
        cmocka_unit_test(what_was_decided_is_not_asked_again_for_the_same_alert),
        cmocka_unit_test(a_run_that_is_given_up_voids_what_was_asked_of_people),
        cmocka_unit_test(an_end_that_was_joined_is_read_back_and_relied_upon),
        cmocka_unit_test(
            a_run_stands_when_the_time_of_a_step_is_over_and_not_when_a_person_took_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
