/* test_timers.c - what was to last for a while is taken back when that is over: never missed,
 * never twice, never early. */
#include "timers_fixture.h"

static int64_t isolate(struct fixture *f, const struct step_code *code)
{
    int64_t run = journal_run_new(f->store);
    assert_int_equal(step(f, run, 0, code), ERR_OK);
    assert_int_equal(store_run_end(f->store, run, 9), ERR_OK);
    return run;
}

static void fire(struct fixture *f)
{
    assert_int_equal(timers_fire(f->store, &f->time.clock, &f->hands), ERR_OK);
}

static void is_isolated(const struct fixture *f, bool is_wanted)
{
    for (int i = 0; i < SLOTS; i++)
        assert_int_equal(f->provider->slots[i], is_wanted ? 1 : 0);
}

/* How many timers are set. */
static size_t timers_left(struct fixture *f)
{
    struct timer *timers;
    size_t count;
    assert_int_equal(timers_list(f->store, 0, &f->arena, &timers, &count), ERR_OK);
    return count;
}

static struct timer timer_of(struct fixture *f, int64_t run)
{
    struct timer timer;
    uint32_t count;
    assert_int_equal(timers_find(f->store, TIMER_UNDO, run, 0, &f->arena, &timer, &count), ERR_OK);
    return timer;
}

static enum run_standing standing_of(struct fixture *f, int64_t id)
{
    struct run run;
    assert_int_equal(store_run_get(f->store, id, &f->arena, &run), ERR_OK);
    return run.standing;
}

static void what_was_for_an_hour_is_taken_back_after_an_hour_and_not_before(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, HOUR - 1);
    fire(&f);
    is_isolated(&f, true);
    fake_time_pass(&f.time, 1);
    fire(&f);
    is_isolated(&f, false);
    assert_true(str_is(timer_of(&f, run).outcome, "fired"));
    assert_int_equal(standing_of(&f, run), RUN_STANDS);
    fake_time_pass(&f.time, DAY);
    fire(&f);
    assert_int_equal(f.undos, 1);
    is_isolated_once(&(struct provider){ .slots = { 1, 1, 1 },
        .applied = {
            f.provider->applied[0] - 1, f.provider->applied[1] - 1, f.provider->applied[2] - 1 } });
}

static void its_undo_is_in_the_audit_log_with_the_reason(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_a_day);
    fake_time_pass(&f.time, DAY);
    fire(&f);
    struct audit_row *rows;
    size_t count;
    bool was_set = false, was_begun = false, was_undone = false;
    assert_int_equal(audit_page(f.store, 0, 100, &f.arena, &rows, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        const char *text = arena_copy(&f.arena, rows[i].text).ptr;
        bool is_reason = strstr(text, "its time (for 1d) is over") != NULL;
        was_set |= strstr(text, "\"timer_set\"") != NULL && strstr(text, "`for 1d`") != NULL;
        was_begun |= strstr(text, "\"undo_begun\"") != NULL && is_reason;
        was_undone |= strstr(text, "\"undone\"") != NULL && is_reason
                      && strstr(text, "3 of 3 changes taken back by run 2") != NULL;
    }
    assert_true(was_set && was_begun && was_undone);
}

static void what_is_for_ever_has_no_timer(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_ever);
    assert_int_equal(timers_left(&f), 0);
}

static void a_step_that_failed_has_no_timer(void **state)
{
    (void)state;
    FIXTURE(f);
    f.provider->fault = FAULT_DENIED;
    f.provider->fault_at = 1;
    f.provider->fault_count = 100;
    (void)isolate(&f, &for_an_hour);
    assert_int_equal(timers_left(&f), 0);
}

static void a_change_whose_reply_was_lost_has_its_timer(void **state)
{
    (void)state;
    FIXTURE(f);
    f.provider->fault = FAULT_LOST_AFTER;
    f.provider->fault_at = 2;
    f.provider->fault_count = 100;
    int64_t run = journal_run_new(f.store);
    (void)step(&f, run, 0, &for_an_hour);
    f.provider->fault = FAULT_DENIED; /* nor can anybody look what became of it */
    f.provider->fault_at = 1;
    assert_int_equal(step(&f, run, 0, &for_an_hour), ERR_OK);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, run, &f.arena, &steps, &count), ERR_OK);
    assert_false(str_is(steps[0].state, "done"));
    assert_int_equal(timers_left(&f), 1);
    assert_int_equal(f.provider->slots[0], 1);
    f.provider->fault = FAULT_NONE;
    f.provider->fault_at = 0;
    fake_time_pass(&f.time, HOUR);
    fire(&f);
    is_isolated(&f, false);
}

/* How many steps are over their time and not taken back. */
static uint64_t overdue(struct fixture *f)
{
    int64_t run;
    uint32_t step;
    uint64_t count = 0;
    enum err err = timers_overdue(f->store, &run, &step, &count);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK ? count : 0;
}

static void an_undo_that_has_failed_comes_again_ever_more_rarely(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    f.provider->where_err = ERR_TRANSPORT;
    fake_time_pass(&f.time, HOUR);
    int64_t wait_ms = RETRY_FIRST_MS;
    for (uint32_t tries = 1; tries <= 3; tries++, wait_ms *= 2) {
        fire(&f);
        assert_int_equal(f.undos, tries);
        assert_int_equal(timer_of(&f, run).ended_ms, 0);
        assert_int_equal(timer_of(&f, run).due_ms - timer_of(&f, run).set_ms, wait_ms);
        assert_int_equal(overdue(&f), 1);
        fake_time_pass(&f.time, wait_ms - 1);
        fire(&f);
        assert_int_equal(f.undos, tries);
        fake_time_pass(&f.time, 1);
    }
    f.provider->where_err = ERR_OK;
    fire(&f);
    is_isolated(&f, false);
    assert_int_equal(timers_left(&f), 0);
    assert_int_equal(overdue(&f), 0);
}

static void an_undo_that_never_ends_well_is_given_up_loudly(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    f.provider->where_err = ERR_TRANSPORT;
    for (int i = 0; i < 2 * UNDO_TRIES_MAX; i++) {
        fake_time_pass(&f.time, HOUR);
        fire(&f);
    }
    assert_int_equal(f.undos, UNDO_TRIES_MAX);
    assert_int_equal(timers_left(&f), 0);
    assert_true(str_is(timer_of(&f, run).outcome, "given up after 20 tries: it is still in force"));
    assert_int_equal(overdue(&f), 1);
}

static void what_somebody_changed_since_is_left_alone_after_a_few_looks(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    for (int i = 0; i < SLOTS; i++)
        f.provider->slots[i] = 2;
    for (int i = 0; i < 2 * UNDO_TRIES_MAX; i++) {
        fake_time_pass(&f.time, HOUR);
        fire(&f);
    }
    assert_int_equal(f.undos, UNDO_LOOKS_MAX);
    assert_int_equal(timers_left(&f), 0);
    assert_memory_equal(timer_of(&f, run).outcome.ptr, TIMER_LEFT_ALONE, strlen(TIMER_LEFT_ALONE));
    assert_int_equal(overdue(&f), 0);
}

static void replay_sets_no_second_timer_and_moves_none(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = journal_run_new(f.store);
    assert_int_equal(step(&f, run, 0, &for_an_hour), ERR_OK);
    int64_t due_ms = timer_of(&f, run).due_ms;
    fake_time_pass(&f.time, HOUR / 2);
    assert_int_equal(step(&f, run, 0, &for_an_hour), ERR_OK);
    assert_int_equal(timer_of(&f, run).due_ms, due_ms);
    assert_int_equal(timers_left(&f), 1);
    fake_time_pass(&f.time, HOUR / 2);
    fire(&f); /* although the run is still open */
    is_isolated(&f, false);
    assert_int_equal(standing_of(&f, run), RUN_OPEN);
    assert_int_equal(step(&f, run, 0, &for_an_hour), ERR_OK);
    assert_int_equal(timers_left(&f), 0);
    is_isolated(&f, false);
}

static void setting_the_clock_neither_fires_nor_delays(void **state)
{
    (void)state;
    static const int64_t jumps[] = { HOUR, -HOUR, DAY, -DAY };
    for (size_t i = 0; i < COUNT_OF(jumps); i++) {
        FIXTURE(f);
        (void)isolate(&f, &for_an_hour);
        fake_time_pass(&f.time, HOUR - SECOND);
        f.time.now_ms += jumps[i];
        fire(&f);
        fixture_open(&f); /* another process */
        fire(&f);
        is_isolated(&f, true);
        fake_time_pass(&f.time, SECOND);
        fire(&f);
        is_isolated(&f, false);
        assert_int_equal(f.undos, 1);
    }
}

static void a_restart_of_the_machine_misses_nothing(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_an_hour);
    fake_time_restart(&f.time, 2 * HOUR, 0);
    fixture_open(&f);
    fire(&f);
    is_isolated(&f, false);
    assert_int_equal(f.undos, 1);
}

static void a_restart_with_its_clock_set_back_is_late_and_not_early(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, HOUR / 2);
    fire(&f);
    fake_time_restart(&f.time, 0, -DAY);
    fixture_open(&f);
    fire(&f);
    fake_time_pass(&f.time, HOUR / 2 - 1);
    fire(&f);
    is_isolated(&f, true);
    fake_time_pass(&f.time, 10 * SECOND + 1);
    fire(&f);
    is_isolated(&f, false);
}

static void while_paused_it_stays_due(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, 2 * HOUR);
    f.is_paused = true;
    fire(&f);
    is_isolated(&f, true);
    assert_int_equal(timers_left(&f), 1);
    f.is_paused = false;
    fire(&f);
    is_isolated(&f, false);
}

static void what_others_found_in_force_lasts_as_long_as_the_last_of_them(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t first = isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, HOUR / 2);
    int64_t second = isolate(&f, &for_a_day);
    assert_int_equal(timer_of(&f, first).due_ms, timer_of(&f, second).due_ms);
    fake_time_pass(&f.time, DAY - 1);
    fire(&f);
    is_isolated(&f, true);
    fake_time_pass(&f.time, 1);
    fire(&f);
    is_isolated(&f, false);
    assert_int_equal(timers_left(&f), 0);
    assert_int_equal(standing_of(&f, first), RUN_STANDS);
    assert_int_equal(standing_of(&f, second), RUN_STANDS);
}

static void a_shorter_time_of_another_ends_nothing(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_a_day);
    (void)isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, HOUR);
    fire(&f);
    is_isolated(&f, true);
    assert_int_equal(timers_left(&f), 1);
    fake_time_pass(&f.time, DAY);
    fire(&f);
    is_isolated(&f, false);
}

static void what_stands_for_ever_is_not_ended_by_who_found_it_for_an_hour(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_ever);
    (void)isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, DAY);
    fire(&f);
    is_isolated(&f, true);
    assert_int_equal(timers_left(&f), 0);
}

static void one_that_relies_on_it_for_ever_cancels_it(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t first = isolate(&f, &for_an_hour);
    (void)isolate(&f, &for_ever);
    fake_time_pass(&f.time, HOUR);
    fire(&f);
    is_isolated(&f, true);
    assert_true(str_is(timer_of(&f, first).outcome, "cancelled: run 2 relies on it"));
    assert_true(str_is(f.told.outcome, "cancelled: run 2 relies on it"));
    assert_int_equal(timers_left(&f), 0);
}

static void what_was_done_again_lasts_as_long_as_the_last_of_them(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)isolate(&f, &for_a_day);
    for (int i = 0; i < SLOTS; i++)
        f.provider->slots[i] = 0; /* somebody lifted it by hand */
    (void)isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, DAY - 10 * SECOND);
    fire(&f);
    is_isolated(&f, true);
    fake_time_pass(&f.time, 10 * SECOND);
    fire(&f);
    is_isolated(&f, false);
    assert_int_equal(timers_left(&f), 0);
}

static enum err undo_all(struct fixture *f, int64_t run)
{
    int64_t undo;
    return undo_execute(&f->executor, test_inverse_find,
        &(struct undo_order){ .run = run, .person = STR("ann") }, &f->arena, NULL, &undo);
}

static void a_person_who_takes_it_back_cancels_its_timer(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    assert_int_equal(undo_all(&f, run), ERR_OK);
    is_isolated(&f, false);
    assert_true(str_is(timer_of(&f, run).outcome, "cancelled: it was taken back"));
    struct run undo;
    assert_int_equal(store_run_get(f.store, run + 1, &f.arena, &undo), ERR_OK);
    assert_true(str_is(undo.person, "ann"));
    fake_time_pass(&f.time, DAY);
    unsigned sent = f.provider->sent;
    fire(&f);
    assert_int_equal(f.provider->sent, sent);
}

static void a_person_takes_back_only_what_no_timer_did(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = isolate(&f, &for_an_hour);
    fake_time_pass(&f.time, HOUR);
    fire(&f);
    for (int i = 0; i < SLOTS; i++)
        f.provider->slots[i] = 1; /* somebody else did that since */
    assert_int_equal(undo_all(&f, run), ERR_OK);
    is_isolated(&f, true);
    assert_int_equal(standing_of(&f, run), RUN_TAKEN_BACK);
}

/* Two steps of one run: the second finds nothing left to do, after somebody lifted cell 2. */
static void only_the_step_whose_time_is_over_is_taken_back(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = journal_run_new(f.store);
    assert_int_equal(step(&f, run, 0, &for_an_hour), ERR_OK);
    f.provider->slots[2] = 0;
    assert_int_equal(step(&f, run, 1, &for_ever), ERR_OK);
    assert_int_equal(store_run_end(f.store, run, 9), ERR_OK);
    fake_time_pass(&f.time, HOUR);
    fire(&f);
    assert_int_equal(f.provider->slots[0], 0);
    assert_int_equal(f.provider->slots[1], 0);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, run + 1, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, SLOTS); /* the three changes of step 0 */
    f.provider->slots[2] = 1;
    assert_int_equal(undo_all(&f, run), ERR_OK);
    assert_int_equal(store_steps(f.store, run + 2, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1); /* that of step 1 */
    is_isolated(&f, false);
}

static void a_run_that_its_provider_cuts_off_is_tried_again_ever_more_rarely(void **state)
{
    (void)state;
    static const int64_t waits_s[] = { 30, 60, 120, 240, 480, 960, 1920, 3600, 3600 };
    FIXTURE(f);
    int64_t run = journal_run_new(f.store);
    int64_t due_ms;
    assert_int_equal(timers_retry(f.store, &f.time.clock, run, &due_ms), ERR_OK);
    for (uint32_t i = 0; i < COUNT_OF(waits_s); i++) {
        assert_int_equal(due_ms, f.time.now_ms + waits_s[i] * SECOND);
        fake_time_pass(&f.time, waits_s[i] * SECOND - 1);
        fire(&f);
        assert_int_equal(f.retries, i);
        fake_time_pass(&f.time, 1);
        fire(&f);
        assert_int_equal(f.retries, i + 1);
        assert_int_equal(timers_next(f.store, &due_ms), ERR_OK);
    }
    assert_int_equal(store_run_end(f.store, run, 9), ERR_OK);
    fake_time_pass(&f.time, DAY);
    fire(&f);
    assert_int_equal(f.retries, COUNT_OF(waits_s));
    assert_true(str_is(f.told.outcome, "cancelled: the run has ended"));
}

static void a_hold_goes_from_stage_to_stage_and_expires(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = journal_run_new(f.store);
    struct step_record record = { .run = run, .builtin = STR("isolate"), .args = STR("[]") };
    assert_int_equal(store_step_begin(f.store, &f.arena, &record), ERR_OK);
    struct hold hold = { .run = run,
        .cause = HOLD_BY_APPROVE,
        .reason = STR("approve by lead"),
        .plan_hash = STR("5c1d"),
        .plan = STR("{}"),
        .stages = STR("[{\"roles\":[\"lead\"],\"needed\":1,\"within_ms\":60000},"
                      "{\"roles\":[\"boss\"],\"needed\":1,\"within_ms\":30000}]") };
    assert_int_equal(timers_now(f.store, &f.time.clock, &hold.held_ms), ERR_OK);
    assert_int_equal(holds_add(f.store, &hold), ERR_OK);
    struct timer timer = { .kind = TIMER_EXPIRE,
        .run = run,
        .hold = hold.id,
        .set_ms = hold.held_ms,
        .due_ms = hold.until_ms };
    assert_int_equal(timers_set(f.store, &timer), ERR_OK);
    fake_time_pass(&f.time, 60 * SECOND);
    fire(&f);
    assert_int_equal(holds_get(f.store, hold.id, &f.arena, &hold), ERR_OK);
    assert_int_equal(hold.state, HOLD_OPEN);
    assert_int_equal(hold.stage, 1);
    int64_t due_ms;
    assert_int_equal(timers_next(f.store, &due_ms), ERR_OK);
    assert_int_equal(due_ms, hold.held_ms + 90 * SECOND);
    fake_time_pass(&f.time, 30 * SECOND);
    f.is_paused = true; /* time passes all the same */
    fire(&f);
    assert_int_equal(holds_get(f.store, hold.id, &f.arena, &hold), ERR_OK);
    assert_int_equal(hold.state, HOLD_EXPIRED);
    assert_int_equal(timers_left(&f), 0);
}

static void more_timers_than_a_page_are_all_fired(void **state)
{
    (void)state;
    enum { RUNS = 2 * TIMERS_PAGE + 7 };
    FIXTURE(f);
    int64_t due_ms;
    for (int i = 0; i < RUNS; i++)
        assert_int_equal(
            timers_retry(f.store, &f.time.clock, journal_run_new(f.store), &due_ms), ERR_OK);
    fake_time_pass(&f.time, 30 * SECOND);
    fire(&f);
    assert_int_equal(f.retries, RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_for_an_hour_is_taken_back_after_an_hour_and_not_before),
        cmocka_unit_test(its_undo_is_in_the_audit_log_with_the_reason),
        cmocka_unit_test(what_is_for_ever_has_no_timer),
        cmocka_unit_test(a_step_that_failed_has_no_timer),
        cmocka_unit_test(a_change_whose_reply_was_lost_has_its_timer),
        cmocka_unit_test(an_undo_that_has_failed_comes_again_ever_more_rarely),
        cmocka_unit_test(an_undo_that_never_ends_well_is_given_up_loudly),
        cmocka_unit_test(what_somebody_changed_since_is_left_alone_after_a_few_looks),
        cmocka_unit_test(replay_sets_no_second_timer_and_moves_none),
        cmocka_unit_test(setting_the_clock_neither_fires_nor_delays),
        cmocka_unit_test(a_restart_of_the_machine_misses_nothing),
        cmocka_unit_test(a_restart_with_its_clock_set_back_is_late_and_not_early),
        cmocka_unit_test(while_paused_it_stays_due),
        cmocka_unit_test(what_others_found_in_force_lasts_as_long_as_the_last_of_them),
        cmocka_unit_test(a_shorter_time_of_another_ends_nothing),
        cmocka_unit_test(what_stands_for_ever_is_not_ended_by_who_found_it_for_an_hour),
        cmocka_unit_test(one_that_relies_on_it_for_ever_cancels_it),
        cmocka_unit_test(what_was_done_again_lasts_as_long_as_the_last_of_them),
        cmocka_unit_test(a_person_who_takes_it_back_cancels_its_timer),
        cmocka_unit_test(a_person_takes_back_only_what_no_timer_did),
        cmocka_unit_test(only_the_step_whose_time_is_over_is_taken_back),
        cmocka_unit_test(a_run_that_its_provider_cuts_off_is_tried_again_ever_more_rarely),
        cmocka_unit_test(a_hold_goes_from_stage_to_stage_and_expires),
        cmocka_unit_test(more_timers_than_a_page_are_all_fired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
