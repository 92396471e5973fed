/* What alerts have tried of a rule: what it got to, as the machine goes. */
#include "compiled.h"

#include "coverage.h"

struct covering {
    struct compilation compilation;
    struct coverage coverage;
};

static void covering_release(struct covering *covering)
{
    coverage_release(&covering->coverage);
    compile_release(&covering->compilation);
}

static void cover(struct covering *covering, const char *text)
{
    struct compilation *compilation = &covering->compilation;
    compile_probed(compilation, text);
    assert_int_equal(coverage_begin(&covering->coverage, compilation), ERR_OK);
}

/* Put the alert to the first rule, as a test would; its steps come back with `results`. */
static void see(struct covering *covering, const char *alert, const struct kept_result *results)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    const struct program *program = covering->compilation.program;
    struct event event = read_alert(program, &arena, alert);
    bool fires = false;
    assert_int_equal(rule_matches(program, &program->rules[0], &event, &arena, &fires), ERR_OK);
    assert_int_equal(coverage_see(&covering->coverage, 0, &event, fires), ERR_OK);
    if (fires)
        assert_int_equal(coverage_see_steps(&covering->coverage, 0, &event, results), ERR_OK);
}

/* Leaf `at` was seen true, false and absent so often. */
static void seen(const struct covering *covering, uint32_t at, uint32_t is_true, uint32_t is_false,
    uint32_t is_absent)
{
    const struct leaf_coverage *leaf = &covering->coverage.rules[0].leaves[at];
    assert_int_equal(leaf->seen[PROBE_TRUE], is_true);
    assert_int_equal(leaf->seen[PROBE_FALSE], is_false);
    assert_int_equal(leaf->seen[PROBE_ABSENT], is_absent);
}

#define ALERT(severity, rest) "{\"source\":\"defender\",\"severity\":\"" severity "\"" rest "}"

static void a_leaf_is_seen_when_the_rule_got_to_it(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering, "when severity >= high and (host.name = \"a\" or user.name = \"b\") then "
                     "collect snapshot");
    see(&covering, ALERT("low", ",\"host.name\":\"a\""), NULL);
    seen(&covering, 0, 0, 1, 0);
    seen(&covering, 1, 0, 0, 0);
    see(&covering, ALERT("high", ",\"host.name\":\"a\""), NULL);
    seen(&covering, 1, 1, 0, 0);
    seen(&covering, 2, 0, 0, 0);
    see(&covering, ALERT("high", ",\"host.name\":\"x\""), NULL);
    seen(&covering, 1, 1, 1, 0);
    seen(&covering, 2, 0, 0, 1);
    struct coverage_count count = coverage_leaves(&covering.coverage.rules[0]);
    assert_int_equal(count.covered, 2);
    assert_int_equal(count.total, 3);
    assert_int_equal(coverage_percent(count), 66);
    assert_int_equal(covering.coverage.rules[0].fired, 1);
    assert_int_equal(covering.coverage.rules[0].quiet, 2);
}

static void absent_counts_as_false_and_is_told_apart(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering, "when host.name = \"a\" then collect snapshot");
    see(&covering, ALERT("low", ""), NULL);
    assert_false(coverage_is_covered(&covering.coverage.rules[0].leaves[0]));
    see(&covering, ALERT("low", ",\"host.name\":\"a\""), NULL);
    assert_true(coverage_is_covered(&covering.coverage.rules[0].leaves[0]));
    seen(&covering, 0, 1, 0, 1);
}

static void what_no_alert_decides_is_not_counted(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering, "let on = true\n"
                     "when on and severity = high and count >= 3 within 5m then collect snapshot");
    struct coverage_count count = coverage_leaves(&covering.coverage.rules[0]);
    assert_int_equal(count.total, 1);
    assert_int_equal(coverage_percent((struct coverage_count){ 0, 0 }), 100);
}

static struct kept_result result(uint32_t step, bool is_complete, const struct kept_result *older)
{
    return (struct kept_result){ .older = older,
        .step = step,
        .result = { .members = { [RESULT_COMPLETE] = value_bool(is_complete),
                        [RESULT_FAILED] = value_bool(!is_complete) },
            .has_failed = !is_complete } };
}

static void ifs_and_steps_are_seen_with_the_results(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering,
        "when severity >= low then collect snapshot as a;"
        " if a.complete then { if severity = high then { collect snapshot as b } }"
        " else { collect snapshot as c; if severity = low then { collect snapshot as d } }");
    const uint32_t *steps = covering.coverage.steps;
    struct kept_result first = result(0, true, NULL);
    struct kept_result second = result(1, true, &first);
    see(&covering, ALERT("high", ""), &second);
    seen(&covering, 1, 1, 0, 0);
    seen(&covering, 2, 1, 0, 0);
    seen(&covering, 3, 0, 0, 0);
    assert_int_equal(steps[0], 1);
    assert_int_equal(steps[1], 1);
    assert_int_equal(steps[2], 0);
    struct kept_result failed = result(0, false, NULL);
    struct kept_result other = result(2, true, &failed);
    see(&covering, ALERT("medium", ""), &other);
    seen(&covering, 1, 1, 1, 0);
    seen(&covering, 2, 1, 0, 0);
    seen(&covering, 3, 0, 1, 0);
    assert_int_equal(steps[2], 1);
    assert_int_equal(steps[3], 0);
}

static void a_step_that_stops_the_rule_ends_what_is_seen(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering, "when severity >= low then collect snapshot as a on failure stop;"
                     " if severity = high then { collect snapshot as b }");
    struct kept_result failed = result(0, false, NULL);
    see(&covering, ALERT("high", ""), &failed);
    seen(&covering, 1, 0, 0, 0);
    assert_int_equal(covering.coverage.steps[0], 1);
}

static void an_if_before_every_step_is_seen(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    cover(&covering, "when severity >= low then if severity = high then { collect snapshot as b }");
    see(&covering, ALERT("low", ""), NULL);
    seen(&covering, 1, 0, 1, 0);
}

static void coverage_needs_probes(void **state)
{
    (void)state;
    CLEANUP(covering_release) struct covering covering = { 0 };
    compile_good(&covering.compilation, "when severity = high then collect snapshot");
    assert_int_equal(coverage_begin(&covering.coverage, &covering.compilation), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_is_seen_when_the_rule_got_to_it),
        cmocka_unit_test(absent_counts_as_false_and_is_told_apart),
        cmocka_unit_test(what_no_alert_decides_is_not_counted),
        cmocka_unit_test(ifs_and_steps_are_seen_with_the_results),
        cmocka_unit_test(a_step_that_stops_the_rule_ends_what_is_seen),
        cmocka_unit_test(an_if_before_every_step_is_seen),
        cmocka_unit_test(coverage_needs_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
