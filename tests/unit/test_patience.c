/* test_patience.c - a daemon leaves a step open whose provider is silent, and goes on with it. */
#include "act/timers.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "executor_fixture.h"

enum { TRIES = 3, A_DAY_MS = 24 * 60 * 60 * 1000 };

static const struct {
    enum provider_fault fault;
    enum err err;
} silences[] = { { FAULT_REFUSED, ERR_REFUSED }, { FAULT_CREDENTIALS, ERR_CREDENTIALS },
    { FAULT_LOST_BEFORE, ERR_TRANSPORT } };

static void a_read_without_an_answer_waits_for_the_provider(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(silences); i++) {
        FIXTURE(f, MODE_APPLY);
        f.executor.patience_tries = TRIES;
        f.provider->fault_at = 1;
        f.provider->fault_count = 100;
        f.provider->fault = silences[i].fault;
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), silences[i].err);
        step_state_is(&f, "running");
        f.provider->fault_at = 0;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
    }
}

static void a_change_that_was_not_sent_is_sent_when_its_time_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        FIXTURE(f, MODE_APPLY);
        f.executor.patience_tries = TRIES;
        f.provider->fault_at = 2; /* the first change */
        f.provider->fault_count = 1;
        f.provider->fault = silences[i].fault;
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), silences[i].err);
        assert_int_equal(f.provider->applied[0], 0);
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
    }
}

/* Lost on the way: it may have arrived, and the builtin looks. */
static void a_change_without_an_answer_is_still_looked_after_at_once(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.executor.patience_tries = TRIES;
    f.provider->fault_at = 2;
    f.provider->fault_count = 1;
    f.provider->fault = FAULT_LOST_AFTER;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    is_isolated_once(f.provider);
}

static void without_a_connection_the_step_waits_for_one(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.executor.patience_tries = TRIES;
    f.provider->is_unreachable = true;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_CREDENTIALS);
    step_state_is(&f, "running");
    f.provider->is_unreachable = false;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    is_isolated_once(f.provider);
}

static void patience_ends_when_the_run_was_put_off_often_enough(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.executor.patience_tries = TRIES;
    f.provider->fault_at = 1;
    f.provider->fault_count = 100;
    f.provider->fault = FAULT_REFUSED;
    struct step_outcome outcome;
    for (int at = 0; at < TRIES; at++) {
        int64_t due_ms;
        assert_int_equal(isolate(&f, &outcome), ERR_REFUSED);
        assert_int_equal(timers_retry(f.store, &f.clock.clock, f.run, &due_ms), ERR_OK);
        struct timer last;
        uint32_t tries;
        assert_int_equal(
            timers_find(f.store, TIMER_RETRY, f.run, 0, &f.arena, &last, &tries), ERR_OK);
        assert_int_equal(tries, at + 1);
        assert_int_equal(timers_end(f.store, last.id, last.due_ms, STR("fired")), ERR_OK);
    }
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_FAILED);
    step_state_is(&f, "failed");
}

/* Nor a person who took so long to answer. */
static void a_clock_that_is_set_uses_up_no_patience(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.executor.patience_tries = TRIES;
    f.provider->fault_at = 1;
    f.provider->fault_count = 100;
    f.provider->fault = FAULT_REFUSED;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_REFUSED);
    f.clock.now_ms += 100 * (int64_t)A_DAY_MS;
    assert_int_equal(isolate(&f, &outcome), ERR_REFUSED);
    step_state_is(&f, "running");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_without_an_answer_waits_for_the_provider),
        cmocka_unit_test(a_change_that_was_not_sent_is_sent_when_its_time_comes),
        cmocka_unit_test(a_change_without_an_answer_is_still_looked_after_at_once),
        cmocka_unit_test(without_a_connection_the_step_waits_for_one),
        cmocka_unit_test(patience_ends_when_the_run_was_put_off_often_enough),
        cmocka_unit_test(a_clock_that_is_set_uses_up_no_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
