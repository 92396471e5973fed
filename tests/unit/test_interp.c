#include "base/buf.h"
#include "match/regex.h"
#include "program_builder.h"

#include <stdio.h>
#include <time.h>

#define BUILDER(name) CLEANUP(builder_free) struct builder *name = builder_new()

/* The value of the one rule's condition for an event made of `text`. */
static enum err evaluate(struct builder *builder, struct event *event, value *ret_value)
{
    assert_verifies(builder);
    return interp_value(
        &builder->program, builder->rules[0].condition, event, &builder->arena, ret_value);
}

static value value_of(struct builder *builder, struct event *event)
{
    value v = VALUE_NONE;
    end_rule(builder, &builder->rules[0]);
    assert_int_equal(evaluate(builder, event, &v), ERR_OK);
    return v;
}

static bool is_true(struct builder *builder, struct event *event)
{
    value v = value_of(builder, event);
    assert_int_equal(v.kind, VALUE_BOOL);
    return v.boolean;
}

static void values_come_from_constants_paths_and_fields(void **state)
{
    (void)state;
    const value raw[] = { value_integer(7) };
    struct event event = { .raw = { .values = raw, .count = 1 } };
    event.fields[FIELD_HOST_NAME] = value_text(STR("web-1"));
    BUILDER(builder);
    rule_condition(builder);
    add_text(builder, "<");
    add_raw(builder, "a");
    add(builder, OP_FIELD, FIELD_HOST_NAME);
    add(builder, OP_FIELD, FIELD_USER_NAME);
    add(builder, OP_FORMAT, 4);
    assert_true(str_is(value_str(value_of(builder, &event)), "<7web-1-"));
}

static void first_takes_what_says_something(void **state)
{
    (void)state;
    struct event event = { 0 };
    BUILDER(builder);
    rule_condition(builder);
    add(builder, OP_FIELD, FIELD_USER_NAME);
    add_constant(builder, (value){ .kind = VALUE_NULL });
    add_constant(builder, value_list(NULL, 0));
    add_text(builder, "found");
    add_text(builder, "too late");
    add(builder, OP_FIRST, 5);
    assert_true(str_is(value_str(value_of(builder, &event)), "found"));
    BUILDER(none);
    rule_condition(none);
    add(none, OP_FIELD, FIELD_USER_NAME);
    add(none, OP_FIRST, 1);
    assert_int_equal(value_of(none, &event).kind, VALUE_ABSENT);
}

static void absent_null_and_empty_are_three_things(void **state)
{
    (void)state;
    const value kinds[] = { VALUE_NONE, { .kind = VALUE_NULL }, { .kind = VALUE_TEXT, .text = "" },
        { .kind = VALUE_OBJECT }, { .kind = VALUE_LIST } };
    const bool exists[] = { false, true, true, true, true };
    const bool is_null[] = { false, true, false, false, false };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct event event = { .raw = { .values = &kinds[i], .count = 1 } };
        const enum opcode opcodes[] = { OP_EXISTS, OP_MISSING, OP_IS_NULL };
        const bool wanted[] = { exists[i], !exists[i], is_null[i] };
        for (size_t op = 0; op < COUNT_OF(opcodes); op++) {
            BUILDER(builder);
            rule_condition(builder);
            add_raw(builder, "a");
            add(builder, opcodes[op], 0);
            assert_int_equal(is_true(builder, &event), wanted[op]);
        }
    }
}

static void logic_keeps_to_the_truth_table(void **state)
{
    (void)state;
    struct event event = { 0 };
    for (int left = 0; left < 2; left++)
        for (int right = 0; right < 2; right++)
            for (int is_or = 0; is_or < 2; is_or++) {
                BUILDER(builder);
                rule_condition(builder);
                add_constant(builder, value_bool(left));
                uint32_t jump = add(builder, is_or ? OP_OR : OP_AND, 0);
                add_constant(builder, value_bool(right));
                land(builder, jump);
                add(builder, OP_NOT, 0);
                bool wanted = is_or ? left || right : left && right;
                assert_int_equal(is_true(builder, &event), !wanted);
            }
}

static void the_negation_of_an_absent_truth_is_true(void **state)
{
    (void)state;
    struct event event = { 0 };
    BUILDER(builder);
    rule_condition(builder);
    add(builder, OP_FIELD, FIELD_USER_NAME);
    add(builder, OP_NOT, 0);
    assert_true(is_true(builder, &event));
}

static void conditional_jumps_choose_a_value(void **state)
{
    (void)state;
    struct event event = { 0 };
    for (int which = 0; which < 2; which++) {
        BUILDER(builder);
        rule_condition(builder);
        add_constant(builder, value_bool(which));
        uint32_t to_else = add(builder, OP_JUMP_FALSE, 0);
        add_text(builder, "then");
        uint32_t to_end = add(builder, OP_JUMP, 0);
        land(builder, to_else);
        add_text(builder, "else");
        land(builder, to_end);
        assert_true(str_is(value_str(value_of(builder, &event)), which ? "then" : "else"));
    }
}

/* ---- functions ---- */

static enum err twice(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    int64_t factor = args[1].kind == VALUE_ABSENT ? 2 : args[1].integer;
    *ret_value = factor == 0 ? VALUE_NONE : value_integer(args[0].integer * factor);
    return ERR_OK;
}

static const struct function twice_function = { .name = "twice",
    .params = { TYPE_INTEGER, TYPE_INTEGER },
    .params_count = 2,
    .optional_count = 1,
    .call = twice };

static void functions_get_converted_arguments_or_none(void **state)
{
    (void)state;
    struct event event = { 0 };
    const value items[] = { value_integer(1), { .kind = VALUE_NULL }, value_text(STR("20")) };
    const struct {
        value first;
        value second;
        const char *printed;
    } cases[] = {
        { value_integer(4), VALUE_NONE, "8" }, { value_text(STR("4")), value_integer(3), "12" },
        { value_text(STR("four")), VALUE_NONE, "-" }, { VALUE_NONE, VALUE_NONE, "-" },
        { (value){ .kind = VALUE_NULL }, VALUE_NONE, "-" },
        { value_integer(4), value_text(STR("x")), "-" }, /* given, and nonsense */
        { value_list(items, 3), VALUE_NONE, "2, 40" },   /* element by element */
        { value_list(items, 3), value_integer(0), "-" }, /* no value for any */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUILDER(builder);
        rule_condition(builder);
        add_constant(builder, cases[i].first);
        add_constant(builder, cases[i].second);
        add_call(builder, &twice_function);
        str printed = value_print(&builder->arena, value_of(builder, &event));
        if (!str_is(printed, cases[i].printed))
            fail_msg("case %zu: '%s'", i, printed.ptr);
    }
}

/* ---- anywhere ---- */

static bool found_anywhere(const char *json, int flags, enum opcode test, value pattern)
{
    struct event event = { .text = str_from(json) };
    BUILDER(builder);
    rule_condition(builder);
    add_constant(builder, pattern);
    add_flagged(builder, OP_ANYWHERE, test, flags);
    return is_true(builder, &event);
}

static void anywhere_looks_at_every_leaf_and_no_key(void **state)
{
    (void)state;
    const char *json = "{\"key\":[{\"a\":\"Mimi\\u006batz\"},443,true,null,\"second\"]}";
    const value both[] = { value_text(STR("mimi")), value_text(STR("second")) };
    const value one[] = { value_text(STR("mimi")), value_text(STR("third")) };
    assert_true(found_anywhere(json, 0, OP_CONTAINS, value_text(STR("mimikatz"))));
    assert_false(found_anywhere(json, FLAG_CASED, OP_CONTAINS, value_text(STR("mimikatz"))));
    assert_false(found_anywhere(json, 0, OP_CONTAINS, value_text(STR("key"))));
    assert_true(found_anywhere(json, 0, OP_LIKE, value_text(STR("4?3"))));
    assert_true(found_anywhere(json, 0, OP_CONTAINS, value_list(one, 2)));
    assert_true(found_anywhere(json, FLAG_ALL_RIGHT, OP_CONTAINS, value_list(both, 2)));
    assert_false(found_anywhere(json, FLAG_ALL_RIGHT, OP_CONTAINS, value_list(one, 2)));
    assert_false(found_anywhere(json, FLAG_ALL_RIGHT, OP_CONTAINS, value_list(NULL, 0)));
    assert_false(found_anywhere(json, 0, OP_CONTAINS, VALUE_NONE));
}

static void an_undecided_regex_ends_the_rule_as_undecided(void **state)
{
    (void)state;
    struct event event = { .text = STR("{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}") };
    for (int is_anywhere = 0; is_anywhere < 2; is_anywhere++) {
        BUILDER(builder);
        const char *reason;
        size_t at;
        assert_int_equal(
            regex_new(&builder->arena, STR("^(a+)+$"), STR(""), &builder->regexes[0], &reason, &at),
            ERR_OK);
        builder->program.regex_count = 1;
        struct rule_code *rule = rule_condition(builder);
        if (!is_anywhere)
            add_text(builder, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
        add_constant(builder, (value){ .kind = VALUE_REGEX });
        add(builder, is_anywhere ? OP_ANYWHERE : OP_MATCHES, is_anywhere ? OP_MATCHES : 0);
        add(builder, OP_NOT, 0);
        end_rule(builder, rule);
        bool matches = false;
        assert_verifies(builder);
        assert_int_equal(rule_matches(&builder->program, rule, &event, &builder->arena, &matches),
            ERR_UNDECIDED);
    }
}

static void two_long_lists_end_at_the_budget(void **state)
{
    (void)state;
    struct event event = { 0 };
    BUILDER(builder);
    enum { COUNT = 60000 };
    value *items = ARENA_ARRAY(&builder->arena, value, COUNT * 2);
    assert_non_null(items);
    for (int i = 0; i < COUNT * 2; i++)
        items[i] = value_integer(i);
    rule_condition(builder);
    add_constant(builder, value_list(items, COUNT));
    add_constant(builder, value_list(items + COUNT, COUNT));
    add(builder, OP_IN, 0);
    end_rule(builder, &builder->rules[0]);
    value v;
    clock_t start = clock();
    assert_int_equal(evaluate(builder, &event, &v), ERR_BUDGET);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5.0);
}

/* ---- steps ---- */

struct recorder {
    struct stepper stepper;
    char log[200];
    bool has_failed[8];
    enum verdict verdicts[8];
    enum err err;
};

static enum err record(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct recorder *recorder = (struct recorder *)stepper;
    size_t used = strlen(recorder->log);
    snprintf(recorder->log + used, sizeof recorder->log - used, "%u(%.*s) ", index,
        STR_ARG(value_str(args[0])));
    ret_result->has_failed = recorder->has_failed[index];
    ret_result->members[RESULT_VERDICT] =
        (value){ .kind = VALUE_VERDICT, .integer = recorder->verdicts[index] };
    return recorder->err;
}

/* step 0; if step 0's verdict >= malicious then step 1 else step 2; step 3 */
static void write_branching_rule(struct builder *builder)
{
    struct rule_code *rule = rule_condition(builder);
    add_constant(builder, value_bool(true));
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    for (int i = 0; i < 4; i++)
        add_step_code(builder, 1);
    add_text(builder, "a");
    add(builder, OP_STEP, 0);
    add(builder, OP_RESULT, 0 * RESULT_MEMBERS + RESULT_VERDICT);
    add_constant(builder, (value){ .kind = VALUE_VERDICT, .integer = VERDICT_MALICIOUS });
    add(builder, OP_GREATER_EQUAL, 0);
    uint32_t to_else = add(builder, OP_BRANCH, 0);
    add_text(builder, "b");
    add(builder, OP_STEP, 1);
    uint32_t to_end = add(builder, OP_JOIN, 0);
    land(builder, to_else);
    add_text(builder, "c");
    add(builder, OP_STEP, 2);
    land(builder, to_end);
    add_text(builder, "d");
    add(builder, OP_STEP, 3);
    add(builder, OP_HALT, 0);
    assert_verifies(builder);
}

static const char *run_steps(struct builder *builder, struct recorder *recorder)
{
    struct event event = { 0 };
    recorder->stepper.run = record;
    assert_int_equal(interp_steps(&builder->program, builder->rules[0].steps, &event,
                         &builder->arena, &recorder->stepper),
        recorder->err);
    return recorder->log;
}

static void results_decide_which_steps_run(void **state)
{
    (void)state;
    BUILDER(builder);
    write_branching_rule(builder);
    struct recorder malicious = { .verdicts = { VERDICT_MALICIOUS } };
    struct recorder clean = { .verdicts = { VERDICT_CLEAN } };
    assert_string_equal(run_steps(builder, &malicious), "0(a) 1(b) 3(d) ");
    assert_string_equal(run_steps(builder, &clean), "0(a) 2(c) 3(d) ");
}

static void a_plan_takes_both_ways(void **state)
{
    (void)state;
    BUILDER(builder);
    write_branching_rule(builder);
    struct recorder plan = { .stepper.takes_every_branch = true };
    assert_string_equal(run_steps(builder, &plan), "0(a) 1(b) 2(c) 3(d) ");
}

static void a_failure_stops_only_where_the_rule_says_so(void **state)
{
    (void)state;
    BUILDER(builder);
    write_branching_rule(builder);
    struct recorder goes_on = { .has_failed = { true } };
    assert_string_equal(run_steps(builder, &goes_on), "0(a) 2(c) 3(d) ");
    builder->steps[0].stops_on_failure = true;
    struct recorder stops = { .has_failed = { true } };
    assert_string_equal(run_steps(builder, &stops), "0(a) ");
    struct recorder succeeds = { .has_failed = { false } };
    assert_string_equal(run_steps(builder, &succeeds), "0(a) 2(c) 3(d) ");
}

static void an_error_of_a_step_ends_the_program_there(void **state)
{
    (void)state;
    BUILDER(builder);
    write_branching_rule(builder);
    struct recorder store_fails = { .err = ERR_STORE };
    assert_string_equal(run_steps(builder, &store_fails), "0(a) ");
}

static void the_result_of_a_step_that_did_not_run_is_absent(void **state)
{
    (void)state;
    BUILDER(builder);
    struct rule_code *rule = rule_condition(builder);
    add_constant(builder, value_bool(false));
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    add_step_code(builder, 1);
    add_step_code(builder, 1);
    add_constant(builder, value_bool(false));
    uint32_t skip = add(builder, OP_JUMP_FALSE, 0);
    add_text(builder, "never");
    add(builder, OP_STEP, 0);
    land(builder, skip);
    add(builder, OP_RESULT, 0 * RESULT_MEMBERS + RESULT_VERDICT);
    add(builder, OP_FORMAT, 1);
    add(builder, OP_STEP, 1);
    add(builder, OP_HALT, 0);
    assert_verifies(builder);
    struct recorder recorder = { 0 };
    assert_string_equal(run_steps(builder, &recorder), "1(-) ");
}

static void a_full_arena_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    struct event event = { .text = STR("{\"a\":\"x\"}") };
    for (size_t limit = 1; limit < 300; limit++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
        BUILDER(builder);
        rule_condition(builder);
        add_text(builder, "198.51.100.7");
        add(builder, OP_CONVERT, TYPE_IP);
        add_text(builder, "x");
        add(builder, OP_FORMAT, 2);
        end_rule(builder, &builder->rules[0]);
        assert_verifies(builder);
        value v;
        enum err err = interp_value(&builder->program, 0, &event, &arena, &v);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_from_constants_paths_and_fields),
        cmocka_unit_test(first_takes_what_says_something),
        cmocka_unit_test(absent_null_and_empty_are_three_things),
        cmocka_unit_test(logic_keeps_to_the_truth_table),
        cmocka_unit_test(the_negation_of_an_absent_truth_is_true),
        cmocka_unit_test(conditional_jumps_choose_a_value),
        cmocka_unit_test(functions_get_converted_arguments_or_none),
        cmocka_unit_test(anywhere_looks_at_every_leaf_and_no_key),
        cmocka_unit_test(an_undecided_regex_ends_the_rule_as_undecided),
        cmocka_unit_test(two_long_lists_end_at_the_budget),
        cmocka_unit_test(results_decide_which_steps_run),
        cmocka_unit_test(a_plan_takes_both_ways),
        cmocka_unit_test(a_failure_stops_only_where_the_rule_says_so),
        cmocka_unit_test(an_error_of_a_step_ends_the_program_there),
        cmocka_unit_test(the_result_of_a_step_that_did_not_run_is_absent),
        cmocka_unit_test(a_full_arena_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
