/* test_resumable.c - which open runs can be gone on with, and which wait. */
#include "store/resumable.h"
#include "store/holds.h"
#include "store/timers.h"
#include "store/twins.h"
#include "store_fixture.h"

#include <time.h>

enum { NOW_MS = 1000000 };

#define FIXTURE(name) CLEANUP(fixture_release) struct fixture name = fixture_new()

/* The next one above `after`, or 0. */
static int64_t next(struct fixture *f, int64_t after, int64_t retry_ms)
{
    int64_t run = 0;
    enum err err = resumable_next(f->store, after, retry_ms, NOW_MS, &run);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK ? run : 0;
}

/* A run whose step waits for an answer. */
static int64_t held_new(struct fixture *f, const char *plan_hash, int64_t *ret_hold)
{
    int64_t run = run_new(f, "held");
    step_new(f, run, 0);
    struct hold hold = { .run = run,
        .cause = HOLD_BY_LIMIT,
        .reason = STR("over a limit"),
        .plan_hash = str_from(plan_hash),
        .plan = str_from(plan_hash[0] == '\0' ? "" : "{}"),
        .stages = STR("[]"),
        .held_ms = NOW_MS };
    assert_int_equal(holds_add(f->store, &hold), ERR_OK);
    *ret_hold = hold.id;
    return run;
}

static void a_run_that_was_cut_off_is_next_and_one_that_ended_is_not(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t ended = run_new(&f, "a"), cut = run_new(&f, "b"), later = run_new(&f, "c");
    assert_int_equal(store_run_end(f.store, ended, NOW_MS), ERR_OK);
    step_new(&f, cut, 0);
    assert_int_equal(next(&f, 0, INT64_MAX), cut);
    assert_int_equal(next(&f, cut, INT64_MAX), later);
    assert_int_equal(next(&f, later, INT64_MAX), 0);
    uint64_t open;
    assert_int_equal(resumable_open(f.store, &open), ERR_OK);
    assert_int_equal(open, 2);
}

static void a_hold_that_nobody_answered_keeps_its_run_waiting(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t hold;
    int64_t run = held_new(&f, "5c1d", &hold);
    assert_int_equal(next(&f, 0, INT64_MAX), 0);
    assert_int_equal(holds_void(f.store, hold, NOW_MS, "the plan is another one"), ERR_OK);
    assert_int_equal(next(&f, 0, INT64_MAX), run);
}

static void a_hold_without_a_plan_is_to_be_planned(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t planned, first, second, hold = 0, run = 0;
    (void)held_new(&f, "5c1d", &planned);
    int64_t one = held_new(&f, "", &first);
    (void)held_new(&f, "", &second);
    assert_int_equal(next(&f, 0, INT64_MAX), 0);
    assert_int_equal(resumable_unplanned(f.store, 0, &hold, &run), ERR_OK);
    assert_int_equal(hold, first);
    assert_int_equal(run, one);
    assert_int_equal(resumable_unplanned(f.store, first, &hold, &run), ERR_OK);
    assert_int_equal(hold, second);
    assert_int_equal(resumable_unplanned(f.store, second, &hold, &run), ERR_NOT_FOUND);
}

static void a_step_that_waits_for_another_goes_on_when_that_has_ended(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t hold;
    int64_t first = held_new(&f, "5c1d", &hold), second = run_new(&f, "joins");
    step_new(&f, second, 0);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, first, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(twins_note(f.store, second, 0, &steps[0]), ERR_OK);
    assert_int_equal(store_step_wait(f.store, second, 0), ERR_OK);
    assert_int_equal(next(&f, 0, INT64_MAX), 0);
    assert_int_equal(store_run_abandon(f.store, first, NOW_MS, "not wanted"), ERR_OK);
    assert_int_equal(next(&f, 0, INT64_MAX), second);
}

static void nobody_waits_for_ever_for_a_step_that_was_cut_off(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t first = run_new(&f, "cut off"), second = run_new(&f, "joins"), run = 0;
    step_new(&f, first, 0);
    step_new(&f, second, 0);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, first, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(twins_note(f.store, second, 0, &steps[0]), ERR_OK);
    assert_int_equal(store_step_wait(f.store, second, 0), ERR_OK);
    int64_t began_ms = steps[0].started_ms;
    assert_int_equal(resumable_next(f.store, first, NOW_MS, began_ms - 1, &run), ERR_NOT_FOUND);
    assert_int_equal(resumable_next(f.store, first, NOW_MS, began_ms, &run), ERR_OK);
    assert_int_equal(run, second);
}

static void a_run_that_is_tried_again_later_waits_for_that_or_does_not(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = run_new(&f, "a");
    struct timer timer = {
        .kind = TIMER_RETRY, .run = run, .set_ms = NOW_MS, .due_ms = NOW_MS + 9
    };
    assert_int_equal(timers_set(f.store, &timer), ERR_OK);
    assert_int_equal(next(&f, 0, NOW_MS), 0);
    assert_int_equal(next(&f, 0, NOW_MS + 9), run);
    assert_int_equal(next(&f, 0, INT64_MAX), run);
}

static void what_others_write_is_noticed(void **state)
{
    (void)state;
    FIXTURE(f);
    struct store *other = NULL;
    const char *reason = NULL;
    int64_t before, after;
    int64_t hold;
    (void)held_new(&f, "5c1d", &hold);
    assert_int_equal(resumable_version(f.store, &before), ERR_OK);
    assert_int_equal(store_open_beside(f.directory, &f.arena, &other, &reason), ERR_OK);
    assert_int_equal(resumable_version(f.store, &after), ERR_OK);
    assert_int_equal(before, after);
    assert_int_equal(holds_void(other, hold, NOW_MS, "another one"), ERR_OK);
    assert_int_equal(resumable_version(f.store, &after), ERR_OK);
    assert_int_not_equal(before, after);
    store_close(other);
}

/* What a run asks for as it is gone on with, or taken back, is found by its index. */
static void runs_and_timers_of_others_cost_a_run_nothing(void **state)
{
    (void)state;
    enum { ASKED = 100 };
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t other = run_new(&f, "alert-1");
    int64_t run = run_new(&f, "alert-2");
    int64_t undo = undo_new(&f, run);
    assert_int_equal(
        store_exec(f.store,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
            " INSERT INTO timer (kind, run, step, set_ms, due_ms, outcome)"
            " SELECT 'undo', 1, i, 1, 1, '' FROM n;"
            "INSERT INTO run (undoes, alert, source, alert_text, forced_source, rule, rule_id,"
            "  received_ms, started_ms) SELECT 1, 'a', 's', x'', '', '', '', 1, 1 FROM timer"),
        ERR_OK);
    assert_int_equal(other, 1);
    struct timer set = { .kind = TIMER_UNDO, .run = run, .set_ms = 1, .due_ms = 2 };
    assert_int_equal(timers_set(f.store, &set), ERR_OK);
    struct run_filter filter = { .undoes = run };
    struct timespec before;
    struct timespec after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (int i = 0; i < ASKED; i++) {
        struct timer *timers;
        struct run *runs;
        size_t count;
        assert_int_equal(timers_list(f.store, run, &f.arena, &timers, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_int_equal(store_runs(f.store, &filter, &f.arena, &runs, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_int_equal(runs[0].id, undo);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double taken_ms = (double)(after.tv_sec - before.tv_sec) * 1e3
                      + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
    print_message("%.0f us a run\n", taken_ms * 1e3 / ASKED);
    assert_true(taken_ms < ASKED); /* a scan of all of them takes many ms each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_was_cut_off_is_next_and_one_that_ended_is_not),
        cmocka_unit_test(a_hold_that_nobody_answered_keeps_its_run_waiting),
        cmocka_unit_test(a_hold_without_a_plan_is_to_be_planned),
        cmocka_unit_test(a_step_that_waits_for_another_goes_on_when_that_has_ended),
        cmocka_unit_test(nobody_waits_for_ever_for_a_step_that_was_cut_off),
        cmocka_unit_test(a_run_that_is_tried_again_later_waits_for_that_or_does_not),
        cmocka_unit_test(what_others_write_is_noticed),
        cmocka_unit_test(runs_and_timers_of_others_cost_a_run_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
