/* test_governor_joins.c - one target, one case: who joins whom. */
#include "governor_fixture.h"

static void a_collection_joins_one_that_is_done_within_the_window(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", "collect snapshot instance=\"i-0abc1234\""));
    struct want *first = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, first), RULING_ADMITTED);
    struct want *second = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, second), RULING_JOINED);
    assert_true(str_is(f.judgement.joined.state, "running"));
    step_waits(&f, second);
    assert_int_equal(foreseen(&f, second), RULING_JOINED);
    step_over(&f, first, "done");
    step_again(&f, second);
    assert_int_equal(foreseen(&f, second), RULING_ADMITTED);
    assert_int_equal(judged(&f, second), RULING_JOINED);
    assert_true(str_is(f.judgement.joined.state, "done"));
    assert_int_equal(f.judgement.joined.run, first->order.run);
    f.clock.now_ms += JOIN_WINDOW_MS;
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1234")), RULING_JOINED);
    f.clock.now_ms += 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1234")), RULING_ADMITTED);
}

static void nothing_joins_what_is_not_quite_the_same(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", "collect snapshot instance=\"i-0abc1234\""));
    struct want *first = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, first), RULING_ADMITTED);
    step_over(&f, first, "done");
    struct want *want = want_new(&f, 0, "i-0abc1235");
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    want = want_new(&f, 0, "i-0abc1234");
    want->plan.identity = STR("arn:aws:iam::444455556666:user/alice");
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    want = want_new(&f, 0, "i-0abc1234");
    want->plan.region = STR("eu-west-1");
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    want = want_new(&f, 0, "i-0abc1234");
    want->args[1] = value_text(STR("other"));
    assert_int_equal(judged(&f, want), RULING_ADMITTED);
    want = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, want), RULING_JOINED);
}

static void what_was_undone_is_done_again(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", "collect snapshot instance=\"i-0abc1234\""));
    struct want *first = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, first), RULING_ADMITTED);
    step_over(&f, first, "done");
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1234")), RULING_JOINED);
    struct run undo = { .undoes = first->order.run, .alert = STR("a-1"), .source = STR("g") };
    assert_int_equal(store_run_begin(f.governor.store, &undo), ERR_OK);
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1234")), RULING_ADMITTED);
}

static void a_response_joins_only_what_is_still_in_force(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct want *first = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, first), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/web")), RULING_ADMITTED);
    step_over(&f, first, "done");
    struct want *second = want_new(&f, 0, "role/web"); /* somebody released it by hand */
    assert_int_equal(judged(&f, second), RULING_ADMITTED);
    f.clock.now_ms += 30 * (int64_t)HOUR_MS;
    struct want *third = want_new(&f, 0, "role/web");
    third->plan.changes = NULL;
    third->plan.change_count = 0;
    assert_int_equal(judged(&f, third), RULING_JOINED);
    assert_true(str_is(f.judgement.joined.state, "done"));
}

#define LEAD "\nrole lead { members = [\"carol\"] may = [approve, reject] }"
#define LEAD_ASKED " approve by \"lead\" within 15m"

/* Two of one rule: the first is held, and the second waits for its answer. */
static void ask_once(
    struct fixture *f, struct want **ret_first, struct hold *ret_hold, struct want **ret_second)
{
    *ret_first = want_new(f, 0, "role/web");
    assert_int_equal(judged(f, *ret_first), RULING_HELD);
    *ret_hold = step_held(f, *ret_first);
    *ret_second = want_new(f, 0, "role/web");
    assert_int_equal(judged(f, *ret_second), RULING_JOINED);
    assert_true(str_is(f->judgement.joined.state, "held"));
    assert_int_equal(f->judgement.joined.run, (*ret_first)->order.run);
    step_waits(f, *ret_second);
}

static void a_person_is_asked_once_for_one_target(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE LEAD_ASKED) LEAD);
    struct want *first, *second;
    struct hold hold;
    ask_once(&f, &first, &hold, &second);
    assert_said(&f, "waits for what a person decides about the same in run 1");
    int64_t entries = last_entry(&f).seq;
    assert_int_equal(foreseen(&f, second), RULING_JOINED);
    assert_int_equal(last_entry(&f).seq, entries); /* it was told before */

    /* The earlier one waits for nobody who came later, and the third not for the second. */
    step_again(&f, first);
    assert_int_equal(judged(&f, first), RULING_HELD);
    hold = step_held(&f, first);
    struct want *third = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, third), RULING_JOINED);
    assert_int_equal(f.judgement.joined.run, first->order.run);
    step_waits(&f, third);

    /* No is no to all of them. */
    hold_rejected(&f, &hold);
    assert_int_equal(foreseen(&f, second), RULING_JOINED); /* until the step has heard of it */
    step_over(&f, first, "rejected");
    step_again(&f, second);
    assert_int_equal(foreseen(&f, second), RULING_JOINED);
    assert_true(str_is(f.judgement.joined.state, "rejected"));
    assert_int_equal(judged(&f, third), RULING_JOINED);
    assert_said(&f, "a person did not let run 1 do the same");
    /* But not to an alert that comes later. */
    assert_int_equal(judged(&f, want_new(&f, 0, "role/web")), RULING_HELD);
}

static void what_nobody_said_no_to_is_judged_anew(void **state)
{
    (void)state;
    for (int is_expired = 0; is_expired <= 1; is_expired++) {
        FIXTURE(f, RULE("", ISOLATE LEAD_ASKED) LEAD);
        struct want *first, *second;
        struct hold hold;
        enum hold_state settled;
        ask_once(&f, &first, &hold, &second);
        if (is_expired) {
            f.clock.now_ms = hold.until_ms + 1;
            assert_int_equal(
                holds_expire(f.governor.store, hold.id, f.clock.now_ms, &settled), ERR_OK);
            assert_int_equal(settled, HOLD_EXPIRED);
            step_over(&f, first, "rejected");
        } else {
            assert_int_equal(store_run_abandon(f.governor.store, first->order.run, f.clock.now_ms,
                                 "it is undone"),
                ERR_OK);
        }
        step_again(&f, second);
        assert_int_equal(foreseen(&f, second), RULING_ADMITTED);
        assert_int_equal(judged(&f, second), RULING_HELD);
    }
}

static void a_step_waits_for_nobody_of_another_rule(void **state)
{
    (void)state;
    FIXTURE(f, "rule low { when severity >= low then " ISOLATE LEAD_ASKED " }\n"
               "rule critical { when severity >= critical then " ISOLATE " }\n"
               "rule other { when severity >= high then " ISOLATE LEAD_ASKED " }" LEAD);
    struct want *first = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, first), RULING_HELD);
    struct hold hold = step_held(&f, first);
    f.rule = f.program->rules[1];
    struct want *critical = want_new(&f, 1, "role/web");
    assert_int_equal(judged(&f, critical), RULING_ADMITTED);
    f.rule = f.program->rules[2];
    struct want *other = want_new(&f, 2, "role/web");
    assert_int_equal(judged(&f, other), RULING_HELD);
    /* Nor does it take over what was said of that, had it been told to wait. */
    struct step_record *steps;
    size_t count;
    assert_int_equal(
        store_steps(f.governor.store, first->order.run, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(twins_note(f.governor.store, critical->order.run, 0, &steps[0]), ERR_OK);
    f.rule = f.program->rules[1];
    assert_int_equal(foreseen(&f, critical), RULING_ADMITTED);
    hold_rejected(&f, &hold);
    step_over(&f, first, "rejected");
    assert_int_equal(foreseen(&f, critical), RULING_ADMITTED);
    assert_int_equal(judged(&f, critical), RULING_ADMITTED);
}

static void a_step_waits_only_where_it_would_be_held_itself(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct want *first = want_new(&f, 0, "role/web");
    first->cause.doubt = "host.name is not known";
    assert_int_equal(judged(&f, first), RULING_HELD);
    (void)step_held(&f, first);
    struct want *second = want_new(&f, 0, "role/web");
    second->cause.doubt = "host.name is not known";
    assert_int_equal(judged(&f, second), RULING_JOINED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/web")), RULING_ADMITTED);
}

static void a_collection_that_was_cut_off_is_done_again(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", "collect snapshot instance=\"i-0abc1234\""));
    struct want *first = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, first), RULING_ADMITTED);
    f.clock.now_ms += JOIN_RUNNING_MS - 1;
    struct want *second = want_new(&f, 0, "i-0abc1234");
    assert_int_equal(judged(&f, second), RULING_JOINED);
    step_waits(&f, second);
    assert_int_equal(foreseen(&f, second), RULING_JOINED);
    f.clock.now_ms += 1;
    assert_int_equal(foreseen(&f, second), RULING_ADMITTED);
    step_again(&f, second);
    assert_int_equal(judged(&f, second), RULING_ADMITTED);
}

static void what_waited_for_a_failure_is_judged_anew(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE LEAD_ASKED) LEAD);
    struct want *first, *second;
    struct hold hold;
    ask_once(&f, &first, &hold, &second);
    step_again(&f, first);
    step_over(&f, first, "failed");
    step_again(&f, second);
    assert_int_equal(foreseen(&f, second), RULING_ADMITTED);
    assert_int_equal(judged(&f, second), RULING_HELD);
    /* It stands for the target now. */
    (void)step_held(&f, second);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/web")), RULING_JOINED);
    assert_int_equal(f.judgement.joined.run, second->order.run);
}

static void what_a_person_approved_waits_for_nobody(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE " approve by \"lead\" within 15m") "\nrole lead { members = "
                                                                   "[\"carol\"] may = [approve] }");
    struct want *first = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, first), RULING_HELD);
    (void)step_held(&f, first);
    struct want *second = want_new(&f, 0, "role/web");
    second->proposal.is_approved = true;
    assert_int_equal(judged(&f, second), RULING_ADMITTED);
}

/* Thousands that wait for one step are no thousand rows to look through. */
static void a_storm_about_one_target_waits_for_one_step(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE " approve by \"lead\" within 15m") "\nrole lead { members = "
                                                                   "[\"carol\"] may = [approve] }");
    struct want *first = want_new(&f, 0, "role/web");
    assert_int_equal(judged(&f, first), RULING_HELD);
    (void)step_held(&f, first);
    for (int i = 0; i < 5000; i++) {
        struct want *want = want_new(&f, 0, "role/web");
        assert_int_equal(judged(&f, want), RULING_JOINED);
        assert_int_equal(f.judgement.joined.run, first->order.run);
        step_waits(&f, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_collection_joins_one_that_is_done_within_the_window),
        cmocka_unit_test(nothing_joins_what_is_not_quite_the_same),
        cmocka_unit_test(what_was_undone_is_done_again),
        cmocka_unit_test(a_response_joins_only_what_is_still_in_force),
        cmocka_unit_test(a_person_is_asked_once_for_one_target),
        cmocka_unit_test(what_nobody_said_no_to_is_judged_anew),
        cmocka_unit_test(a_step_waits_for_nobody_of_another_rule),
        cmocka_unit_test(a_step_waits_only_where_it_would_be_held_itself),
        cmocka_unit_test(a_collection_that_was_cut_off_is_done_again),
        cmocka_unit_test(what_waited_for_a_failure_is_judged_anew),
        cmocka_unit_test(what_a_person_approved_waits_for_nobody),
        cmocka_unit_test(a_storm_about_one_target_waits_for_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
