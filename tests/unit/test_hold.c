/* test_hold.c - when a held step may go on, without a journal. */
#include "act/hold.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

enum { HELD = 1000, MINUTES = 60000 };

static const str first_roles[] = { { "ir-lead", 7 }, { "ir", 2 } };
static const str last_roles[] = { { "ciso", 4 } };
static const struct approval_stage two_stages[] = {
    { first_roles, 2, 2, 15 * MINUTES },
    { last_roles, 1, 1, 60 * MINUTES },
};

static const str leads[] = { { "alice", 5 }, { "Bob", 3 } };
static const str responders[] = { { "carol", 5 } };
static const str readers[] = { { "eve", 3 } };
static const struct role_code roles[] = {
    { { "ir-lead", 7 }, leads, 2, RIGHT_APPROVE | RIGHT_REJECT },
    { { "ir", 2 }, responders, 1, RIGHT_REJECT },
    { { "ciso", 4 }, readers, 1, RIGHT_READ },
};

static const struct hold plain = {
    .id = 1, .plan_hash = { "aa", 2 }, .author = { "mallory", 7 }, .held_ms = HELD
};

static struct decision said(const char *who, bool is_approval, uint32_t stage, int64_t at_ms)
{
    return (struct decision){ .who = str_from(who),
        .is_approval = is_approval,
        .plan_hash = STR("aa"),
        .stage = stage,
        .decided_ms = at_ms };
}

/* The state of `plain` at `now_ms`, as text "approved 0 901000". */
static void settles(
    const struct decision *decisions, size_t count, int64_t now_ms, const char *expected)
{
    uint32_t stage;
    int64_t until_ms;
    enum hold_state state =
        hold_settle(&plain, two_stages, 2, decisions, count, now_ms, &stage, &until_ms);
    char text[80];
    snprintf(text, sizeof text, "%s %u %ld", hold_state_name(state), stage, (long)until_ms);
    assert_string_equal(text, expected);
}

static void as_many_people_as_the_stage_needs_approve(void **state)
{
    (void)state;
    struct decision decisions[] = { said("alice", true, 0, 2000), said("bob", true, 0, 3000) };
    settles(decisions, 0, 2000, "open 0 901000");
    settles(decisions, 1, 2000, "open 0 901000");
    settles(decisions, 2, 2999, "open 0 901000"); /* the second was not said yet */
    settles(decisions, 2, 3000, "approved 0 901000");
    settles(decisions, 2, 99999999, "approved 0 901000"); /* and stays */
}

static void one_person_under_two_spellings_is_one(void **state)
{
    (void)state;
    struct decision decisions[] = { said("alice", true, 0, 2000), said("ALICE", true, 0, 2000),
        said("alice@example.com", true, 0, 2000) };
    settles(decisions, 3, 2000, "open 0 901000");
}

static void the_author_never_counts(void **state)
{
    (void)state;
    struct decision decisions[] = { said("alice", true, 0, 2000), said("Mallory", true, 0, 2000),
        said("mallory@example.com", true, 0, 2000) };
    settles(decisions, 3, 2000, "open 0 901000");
    decisions[1].is_approval = false; /* but may say no */
    settles(decisions, 3, 2000, "rejected 0 901000");
}

static void an_approval_of_another_plan_is_nothing(void **state)
{
    (void)state;
    struct decision decisions[] = { said("alice", true, 0, 2000), said("bob", true, 0, 2000) };
    decisions[1].plan_hash = STR("ab");
    settles(decisions, 2, 2000, "open 0 901000");
    struct hold hold = plain;
    hold.plan_hash = decisions[0].plan_hash = decisions[1].plan_hash = STR("");
    uint32_t stage;
    int64_t until_ms;
    assert_int_equal(
        hold_settle(&hold, two_stages, 2, decisions, 2, 2000, &stage, &until_ms), HOLD_OPEN);
}

static void one_rejection_rejects_unless_it_comes_late(void **state)
{
    (void)state;
    struct decision decisions[] = { said("alice", true, 0, 2000), said("carol", false, 0, 2000),
        said("bob", true, 0, 2001) };
    settles(decisions, 3, 2001, "rejected 0 901000");
    struct decision late[] = { said("alice", true, 0, 2000), said("bob", true, 0, 2001),
        said("carol", false, 0, 2002) };
    settles(late, 3, 2003, "approved 0 901000");
}

static void a_stage_that_ends_asks_the_next_and_the_last_one_ends_it(void **state)
{
    (void)state;
    settles(NULL, 0, 900999, "open 0 901000");
    settles(NULL, 0, 901000, "open 1 4501000");
    settles(NULL, 0, 4500999, "open 1 4501000");
    settles(NULL, 0, 4501000, "expired 1 4501000");
}

static void what_is_said_of_a_stage_outside_of_its_time_is_nothing(void **state)
{
    (void)state;
    struct decision late[] = { said("alice", true, 0, 2000), said("bob", true, 0, 901000) };
    settles(late, 2, 901000, "open 1 4501000");
    struct decision early = said("eve", true, 1, 900999);
    settles(&early, 1, 901000, "open 1 4501000");
    struct decision first = said("eve", true, 1, 901000);
    settles(&first, 1, 901000, "approved 1 4501000");
    struct decision no = said("alice", false, 0, 901000);
    settles(&no, 1, 901000, "open 1 4501000");
}

static void without_stages_one_approval_is_enough_and_there_is_no_end(void **state)
{
    (void)state;
    uint32_t stage;
    int64_t until_ms;
    struct decision yes = said("alice", true, 0, 2000);
    assert_int_equal(
        hold_settle(&plain, NULL, 0, NULL, 0, INT64_MAX - 1, &stage, &until_ms), HOLD_OPEN);
    assert_int_equal(until_ms, 0);
    assert_int_equal(hold_settle(&plain, NULL, 0, &yes, 1, 2000, &stage, &until_ms), HOLD_APPROVED);
}

static void times_that_overflow_are_for_ever(void **state)
{
    (void)state;
    struct approval_stage stages[] = { { first_roles, 2, 1, INT64_MAX },
        { first_roles, 2, 1, INT64_MAX } };
    uint32_t stage;
    int64_t until_ms;
    assert_int_equal(
        hold_settle(&plain, stages, 2, NULL, 0, INT64_MAX - 1, &stage, &until_ms), HOLD_OPEN);
    assert_int_equal(stage, 0);
}

/* The first `stage_count` stages were asked, the last of them is now. */
static void may(uint32_t stage_count, uint32_t role_count, const char *who, bool is_approval,
    const char *expected)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    const char *reason = NULL;
    const struct hold_question question = { two_stages, stage_count, roles, role_count };
    bool is_allowed =
        hold_may_decide(&plain, &question, str_from(who), is_approval, &arena, &reason);
    assert_int_equal(is_allowed, expected == NULL);
    if (expected != NULL)
        assert_string_equal(reason, expected);
}

static void members_of_a_role_that_is_asked_and_has_the_right_decide(void **state)
{
    (void)state;
    may(1, 3, "alice", true, NULL);
    may(1, 3, "BOB", true, NULL);
    may(1, 3, "carol", false, NULL);
    may(1, 3, "carol", true, "carol may not approve this; who may: ir-lead (alice, Bob)");
    may(1, 3, "bob@example.com", true,
        "bob@example.com may not approve this; who may: ir-lead (alice, Bob)");
    may(1, 3, "dave", false, "dave may not reject this; who may: ir-lead (alice, Bob), ir (carol)");
    may(2, 3, "eve", true,
        "eve may not approve this; who may: nobody: no role that is asked may approve");
    may(1, 0, "alice", true,
        "alice may not approve this; who may: nobody: no role that is asked may approve");
}

static void whoever_was_asked_before_may_still_reject(void **state)
{
    (void)state;
    may(2, 3, "alice", false, NULL);
    may(2, 3, "carol", false, NULL);
    may(2, 3, "alice", true,
        "alice may not approve this; who may: nobody: no role that is asked may approve");
    may(2, 3, "eve", false, "eve may not reject this; who may: ir-lead (alice, Bob), ir (carol)");
    struct decision no = said("alice", false, 1, 901000);
    settles(&no, 1, 901000, "rejected 1 4501000");
    struct decision both[] = { said("alice", true, 0, 2000), said("alice", false, 0, 2001),
        said("bob", true, 0, 2002) };
    settles(both, 3, 2002, "rejected 0 901000");
}

static void the_time_to_answer_begins_with_a_plan(void **state)
{
    (void)state;
    struct hold hold = plain;
    hold.plan_hash = STR("");
    struct decision no = said("alice", false, 0, 99999999);
    no.plan_hash = STR("");
    uint32_t stage = 7;
    int64_t until_ms = 7;
    assert_int_equal(
        hold_settle(&hold, two_stages, 2, NULL, 0, 99999999, &stage, &until_ms), HOLD_OPEN);
    assert_int_equal(stage, 0);
    assert_int_equal(until_ms, 0);
    assert_int_equal(
        hold_settle(&hold, two_stages, 2, &no, 1, 99999999, &stage, &until_ms), HOLD_REJECTED);
}

static void without_a_stage_any_role_with_the_right_will_do(void **state)
{
    (void)state;
    may(0, 3, "alice", true, NULL);
    may(0, 3, "carol", false, NULL);
    may(0, 3, "carol", true, "carol may not approve this; who may: ir-lead (alice, Bob)");
    may(0, 3, "eve", false, "eve may not reject this; who may: ir-lead (alice, Bob), ir (carol)");
    may(0, 0, "anyone", true, NULL);
}

static void the_author_may_reject_but_not_approve(void **state)
{
    (void)state;
    may(0, 0, "mallory", false, NULL);
    may(0, 0, "Mallory", true,
        "Mallory wrote the rule, and nobody approves what their own rule does; who may: anybody");
    assert_true(hold_is_same_person(STR(" a@b"), STR("A")));
    assert_false(hold_is_same_person(STR("@b"), STR("@c")));
}

static void each_of_several_authors_is_one(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct hold hold = plain;
    const char *reason;
    const struct hold_question anybody = { 0 };
    hold.author = STR("alice, bob@example.com ,");
    assert_false(hold_may_decide(&hold, &anybody, STR("bob"), true, &arena, &reason));
    assert_false(hold_may_decide(&hold, &anybody, STR("alice"), true, &arena, &reason));
    assert_true(hold_may_decide(&hold, &anybody, STR("carol"), true, &arena, &reason));
    hold.author = STR("");
    assert_true(hold_may_decide(&hold, &anybody, STR("bob"), true, &arena, &reason));
}

static void stages_survive_json(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    str json;
    struct approval_stage *stages;
    uint32_t count;
    assert_int_equal(hold_stages_to_json(&arena, two_stages, 2, &json), ERR_OK);
    assert_string_equal(json.ptr,
        "[{\"roles\":[\"ir-lead\",\"ir\"],\"needed\":2,\"within_ms\":900000},"
        "{\"roles\":[\"ciso\"],\"needed\":1,\"within_ms\":3600000}]");
    assert_int_equal(hold_stages_from_json(&arena, json, &stages, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(stages[0].role_count, 2);
    assert_true(str_is(stages[0].roles[1], "ir"));
    assert_int_equal(stages[0].needed, 2);
    assert_int_equal(stages[1].within_ms, 3600000);
    assert_int_equal(hold_stages_to_json(&arena, NULL, 0, &json), ERR_OK);
    assert_true(str_is(json, "[]"));
    assert_int_equal(hold_stages_from_json(&arena, json, &stages, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static void damaged_stages_are_an_error_and_not_nobody_to_ask(void **state)
{
    (void)state;
    static const char *const damaged[] = { "", "{}", "[", "[1]", "[{}]", "null",
        "[{\"roles\":[],\"needed\":1,\"within_ms\":1}]",
        "[{\"roles\":[\"a\"],\"needed\":0,\"within_ms\":1}]",
        "[{\"roles\":[\"a\"],\"needed\":1,\"within_ms\":0}]",
        "[{\"roles\":[\"\"],\"needed\":1,\"within_ms\":1}]",
        "[{\"roles\":[\"a\"],\"needed\":4294967296,\"within_ms\":1}]",
        "[{\"roles\":[\"a\"],\"needed\":1,\"needed\":2,\"within_ms\":1}]" };
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct approval_stage *stages;
        uint32_t count;
        assert_int_equal(
            hold_stages_from_json(&arena, str_from(damaged[i]), &stages, &count), ERR_JSON);
    }
}

static void names_lead_back_to_what_they_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HOLD_STATE_COUNT; i++)
        assert_int_equal(hold_state_find(str_from(hold_state_name((enum hold_state)i))), i);
    for (unsigned i = 0; i < HOLD_CAUSE_COUNT; i++)
        assert_int_equal(hold_cause_find(str_from(hold_cause_name((enum hold_cause)i))), i);
    assert_int_equal(hold_state_find(STR("else")), HOLD_STATE_COUNT);
    assert_int_equal(hold_cause_find(STR("")), HOLD_CAUSE_COUNT);
}

static void a_refusal_has_a_reason_when_memory_is_short(void **state)
{
    (void)state;
    const struct hold_question question = { two_stages, 1, roles, 3 };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(1);
    const char *reason = NULL;
    assert_false(hold_may_decide(&plain, &question, STR("eve"), true, &arena, &reason));
    assert_non_null(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_people_as_the_stage_needs_approve),
        cmocka_unit_test(one_person_under_two_spellings_is_one),
        cmocka_unit_test(the_author_never_counts),
        cmocka_unit_test(an_approval_of_another_plan_is_nothing),
        cmocka_unit_test(one_rejection_rejects_unless_it_comes_late),
        cmocka_unit_test(a_stage_that_ends_asks_the_next_and_the_last_one_ends_it),
        cmocka_unit_test(what_is_said_of_a_stage_outside_of_its_time_is_nothing),
        cmocka_unit_test(without_stages_one_approval_is_enough_and_there_is_no_end),
        cmocka_unit_test(times_that_overflow_are_for_ever),
        cmocka_unit_test(members_of_a_role_that_is_asked_and_has_the_right_decide),
        cmocka_unit_test(whoever_was_asked_before_may_still_reject),
        cmocka_unit_test(the_time_to_answer_begins_with_a_plan),
        cmocka_unit_test(without_a_stage_any_role_with_the_right_will_do),
        cmocka_unit_test(the_author_may_reject_but_not_approve),
        cmocka_unit_test(each_of_several_authors_is_one),
        cmocka_unit_test(stages_survive_json),
        cmocka_unit_test(damaged_stages_are_an_error_and_not_nobody_to_ask),
        cmocka_unit_test(names_lead_back_to_what_they_name),
        cmocka_unit_test(a_refusal_has_a_reason_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
