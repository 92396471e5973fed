/* test_timer_clock.c - the time of timers goes by what passes, not by what a clock is set to. */
#include "act/timers.h"
#include "fake_time.h"
#include "store_fixture.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

#define FIXTURE(name)                                                                              \
    CLEANUP(fixture_release) struct fixture name = fixture_new();                                  \
    struct fake_time fake = FAKE_TIME

static int64_t now_of(struct fixture *f, struct fake_time *fake)
{
    int64_t now_ms = 0;
    assert_int_equal(timers_now(f->store, &fake->clock, &now_ms), ERR_OK);
    return now_ms;
}

static void it_begins_with_what_the_clock_says(void **state)
{
    (void)state;
    FIXTURE(f);
    assert_int_equal(now_of(&f, &fake), fake.now_ms);
    fake_time_pass(&fake, 7);
    assert_int_equal(now_of(&f, &fake), fake.now_ms);
}

static void nobody_moves_it_by_setting_the_clock(void **state)
{
    (void)state;
    static const int64_t jumps[] = { HOUR, -HOUR, DAY, -DAY, 365 * (int64_t)DAY };
    for (size_t i = 0; i < COUNT_OF(jumps); i++) {
        FIXTURE(f);
        int64_t before = now_of(&f, &fake);
        fake.now_ms += jumps[i];
        fake_time_pass(&fake, 90 * SECOND);
        assert_int_equal(now_of(&f, &fake), before + 90 * SECOND);
        reopen(&f); /* another process */
        fake.now_ms -= 3 * jumps[i];
        assert_int_equal(now_of(&f, &fake), before + 90 * SECOND);
    }
}

static void it_goes_on_while_the_machine_sleeps(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t before = now_of(&f, &fake);
    fake_time_pass(&fake, DAY);
    assert_int_equal(now_of(&f, &fake), before + DAY);
}

static void over_a_restart_it_goes_by_the_clock(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t before = now_of(&f, &fake);
    fake_time_restart(&fake, 5 * HOUR, 0);
    reopen(&f);
    assert_int_equal(now_of(&f, &fake), before + 5 * HOUR);
    fake.now_ms -= DAY; /* set once it runs: too late to matter */
    fake_time_pass(&fake, SECOND);
    assert_int_equal(now_of(&f, &fake), before + 5 * HOUR + SECOND);
}

static void a_restart_with_a_clock_that_was_set_back_makes_it_late_and_never_early(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t before = now_of(&f, &fake);
    fake_time_pass(&fake, HOUR);
    (void)now_of(&f, &fake);
    fake_time_restart(&fake, 60 * SECOND, -400 * (int64_t)DAY);
    reopen(&f);
    assert_int_equal(now_of(&f, &fake), before + HOUR);
    fake_time_pass(&fake, SECOND);
    assert_int_equal(now_of(&f, &fake), before + HOUR + SECOND);
}

static void a_restart_loses_at_most_ten_seconds_of_it(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t last = now_of(&f, &fake);
    for (int i = 0; i < 1000; i++) {
        fake_time_pass(&fake, 700);
        last = now_of(&f, &fake);
    }
    fake_time_restart(&fake, 0, -DAY);
    reopen(&f);
    int64_t now_ms = now_of(&f, &fake);
    assert_in_range(last - now_ms, 0, 10 * SECOND);
    assert_in_range(last - now_ms, 1, 10 * SECOND); /* it is not written at every look */
}

static void a_timer_that_is_set_keeps_what_it_counts_from(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t run = run_new(&f, "a");
    (void)now_of(&f, &fake);
    fake_time_pass(&fake, 9 * SECOND);
    int64_t last = now_of(&f, &fake);
    struct timer timer = { .kind = TIMER_UNDO, .run = run, .set_ms = last, .due_ms = last + HOUR };
    assert_int_equal(timers_set(f.store, &timer), ERR_OK);
    fake_time_restart(&fake, 0, -DAY);
    reopen(&f);
    assert_int_equal(now_of(&f, &fake), last);
}

static void two_processes_tell_the_same_time(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)now_of(&f, &fake);
    struct store *reader = reader_new(&f);
    for (int i = 0; i < 20; i++) {
        int64_t now_ms = 0;
        fake_time_pass(&fake, 3 * SECOND);
        fake.now_ms += HOUR;
        assert_int_equal(timers_now(reader, &fake.clock, &now_ms), ERR_OK);
        assert_int_equal(now_ms, now_of(&f, &fake));
    }
    store_close(reader);
}

static void a_machine_restored_to_an_earlier_moment_goes_on_forward(void **state)
{
    (void)state;
    FIXTURE(f);
    fake_time_pass(&fake, HOUR);
    int64_t before = now_of(&f, &fake);
    fake.elapsed_ms -= HOUR; /* of the same name of its start */
    fake.now_ms -= HOUR;
    assert_int_equal(now_of(&f, &fake), before);
    fake_time_pass(&fake, SECOND);
    assert_int_equal(now_of(&f, &fake), before + SECOND);
}

static void without_such_a_clock_it_goes_by_the_other_and_never_back(void **state)
{
    (void)state;
    FIXTURE(f);
    fake.clock.elapsed_ms = NULL;
    int64_t before = now_of(&f, &fake);
    fake.now_ms -= HOUR;
    assert_int_equal(now_of(&f, &fake), before);
    reopen(&f);
    assert_int_equal(now_of(&f, &fake), before);
    fake.now_ms += 3 * HOUR;
    assert_int_equal(now_of(&f, &fake), before + 2 * HOUR);
}

static void a_storm_of_questions_writes_nothing(void **state)
{
    (void)state;
    FIXTURE(f);
    (void)now_of(&f, &fake);
    int before = sqlite3_total_changes(f.store->db);
    for (int i = 0; i < 5000; i++) {
        fake_time_pass(&fake, 1);
        (void)now_of(&f, &fake);
    }
    assert_int_equal(sqlite3_total_changes(f.store->db), before);
}

static void the_clock_of_this_machine_counts_from_its_start(void **state)
{
    (void)state;
    char boot[BOOT_TEXT_MAX] = "", again[BOOT_TEXT_MAX] = "";
    struct clock *clock = clock_system();
    int64_t first = clock->elapsed_ms(clock, boot);
    clock->sleep_ms(clock, 20);
    int64_t second = clock->elapsed_ms(clock, again);
    assert_true(first > 0);
    assert_in_range(second - first, 19, 20000);
    assert_int_equal(strlen(boot), 36);
    assert_string_equal(boot, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_what_the_clock_says),
        cmocka_unit_test(nobody_moves_it_by_setting_the_clock),
        cmocka_unit_test(it_goes_on_while_the_machine_sleeps),
        cmocka_unit_test(over_a_restart_it_goes_by_the_clock),
        cmocka_unit_test(a_restart_with_a_clock_that_was_set_back_makes_it_late_and_never_early),
        cmocka_unit_test(a_restart_loses_at_most_ten_seconds_of_it),
        cmocka_unit_test(a_timer_that_is_set_keeps_what_it_counts_from),
        cmocka_unit_test(two_processes_tell_the_same_time),
        cmocka_unit_test(a_machine_restored_to_an_earlier_moment_goes_on_forward),
        cmocka_unit_test(without_such_a_clock_it_goes_by_the_other_and_never_back),
        cmocka_unit_test(a_storm_of_questions_writes_nothing),
        cmocka_unit_test(the_clock_of_this_machine_counts_from_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
