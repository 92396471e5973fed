/* testcase_expect.c - what a test expects, against what happened, both in words. */
#include "testcase_pass.h"

#include "arguments.h"
#include "base/buf.h"
#include "constant.h"
#include "decide.h"
#include "fixture.h"
#include "shell.h"

#include <inttypes.h>

enum {
    TOLD_STEPS_MAX = 20, /* of a test that failed; more are counted */
    TOLD_RULES_MAX = 20,
    LINE_BYTES_MAX = 4096,
    VALUE_BYTES_MAX = 120, /* of an argument, shown */
};

/* ---- what happened ---- */

static enum err add_line(
    struct testcase *testcase, struct testcase_line ***tail, const struct buf *text)
{
    struct testcase_line *line = ARENA_NEW(testcase->arena, struct testcase_line);
    if (line == NULL)
        return ERR_MEMORY;
    line->text = arena_copy(testcase->arena, buf_str(text));
    **tail = line;
    *tail = &line->next;
    return line->text.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err add_arguments(
    struct testcase *testcase, const struct testcase_step *step, struct buf *out)
{
    for (uint32_t at = 0; at < builtin_param_count(step->code->builtin); at++) {
        value v = step->args[at];
        if (v.kind == VALUE_ABSENT || v.kind == VALUE_NULL
            || step->code->builtin->params[at].is_filled)
            continue;
        str text = value_print(testcase->arena, v);
        if (text.ptr == NULL)
            return ERR_MEMORY;
        const char *quote = v.kind == VALUE_TEXT || v.kind == VALUE_IP ? "\"" : "";
        buf_addf(out, " %s=%s%.*s%s%s", step->code->builtin->params[at].name, quote,
            STR_ARG(str_first(text, VALUE_BYTES_MAX)), text.len > VALUE_BYTES_MAX ? ".." : "",
            quote);
    }
    return ERR_OK;
}

/* "complete", "partial", "failed", with a verdict that says something. */
static void add_result(struct buf *out, const struct step_result *result)
{
    const value *members = result->members;
    enum verdict verdict = (enum verdict)members[RESULT_VERDICT].integer;
    buf_addf(out, ": %s",
        members[RESULT_COMPLETE].boolean  ? "complete"
        : members[RESULT_PARTIAL].boolean ? "partial"
                                          : "failed");
    if (verdict != VERDICT_UNKNOWN)
        buf_addf(out, ", %s", verdict_name(verdict));
}

/* Why a step was not begun; NULL: it was, or waits for a person, or it is of a rule in shadow. */
static const char *why_not_begun(const struct testcase_step *step)
{
    return step->turn == STEP_UNRESOLVED || step->turn == STEP_REFUSED ? step->reason : NULL;
}

static enum err tell_step(
    struct testcase *testcase, const struct testcase_step *step, struct testcase_line ***tail)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
    const struct builtin *builtin = step->code->builtin;
    buf_addf(&text, "%.*s: %s %s", STR_ARG(testcase->program->rules[step->rule].name),
        verb_name(builtin->verb), builtin->name);
    if (why_not_begun(step) != NULL) {
        buf_addf(&text, " was not begun: %s", why_not_begun(step));
        return add_line(testcase, tail, &text);
    }
    TRY(add_arguments(testcase, step, &text));
    if (step->turn == STEP_HELD)
        buf_addf(&text, " waits%s: %s", step->is_behind ? "" : " for a person", step->reason);
    else if (step->turn == STEP_REJECTED || step->turn == STEP_SHADOWED)
        buf_addf(&text, ": %s: %s", step_turn_name(step->turn), step->reason);
    else
        add_result(&text, &step->result);
    if (step->is_joined && step->turn != STEP_HELD)
        buf_addf(&text, " (%s)", step->reason);
    return add_line(testcase, tail, &text);
}

/* Alerts that began no run, and runs that did not do what an `always` asks for. */
static enum err tell_bonds(struct testcase *testcase, struct testcase_line ***tail)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
    uint32_t told = 0;
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++) {
        if (testcase->joined[rule] == 0 || ++told > TOLD_RULES_MAX)
            continue;
        buf_clear(&text);
        buf_addf(&text, "rule %.*s: %" PRIu32 " alert%s joined an earlier one by dedup",
            STR_ARG(testcase->program->rules[rule].name), testcase->joined[rule],
            testcase->joined[rule] == 1 ? "" : "s");
        TRY(add_line(testcase, tail, &text));
    }
    for (const struct testcase_line *line = testcase->unkept; line != NULL; line = line->next) {
        if (++told > TOLD_RULES_MAX)
            break;
        buf_clear(&text);
        buf_add(&text, line->text);
        TRY(add_line(testcase, tail, &text));
    }
    return ERR_OK;
}

static enum err tell_excused(struct testcase *testcase, uint32_t rule, struct testcase_line ***tail)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
    const char *name = excuse_name(testcase->excused[rule], testcase->arena);
    if (name == NULL)
        return ERR_MEMORY;
    buf_addf(
        &text, "rule %.*s was excused by `%s`", STR_ARG(testcase->program->rules[rule].name), name);
    return add_line(testcase, tail, &text);
}

static enum err tell_rules(struct testcase *testcase, struct testcase_line ***tail)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
    uint32_t told = 0;
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++) {
        if (testcase->fired[rule] == 0 || ++told > TOLD_RULES_MAX)
            continue;
        buf_clear(&text);
        buf_addf(&text, "rule %.*s fired", STR_ARG(testcase->program->rules[rule].name));
        if (testcase->fired[rule] > 1)
            buf_addf(&text, " %" PRIu32 " times", testcase->fired[rule]);
        TRY(add_line(testcase, tail, &text));
    }
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++) {
        if (testcase->unknown[rule].reason == NULL || ++told > TOLD_RULES_MAX)
            continue;
        buf_clear(&text);
        buf_addf(&text, "not decided: %s", testcase->unknown[rule].reason);
        TRY(add_line(testcase, tail, &text));
    }
    buf_clear(&text);
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++)
        if (testcase->excused[rule] != NULL && ++told <= TOLD_RULES_MAX)
            TRY(tell_excused(testcase, rule, tail));
    if (told == 0)
        buf_add(&text, STR("no rule fired"));
    else if (told > TOLD_RULES_MAX)
        buf_addf(&text, "and %" PRIu32 " more rules", told - TOLD_RULES_MAX);
    return text.len == 0 ? ERR_OK : add_line(testcase, tail, &text);
}

enum err testcase_tell(struct testcase *testcase)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(LINE_BYTES_MAX);
    struct testcase_line **tail = &testcase->outcome->happened;
    uint32_t told = 0;
    TRY(tell_rules(testcase, &tail));
    TRY(tell_bonds(testcase, &tail));
    for (const struct testcase_step *step = testcase->first_step; step != NULL; step = step->next)
        if (step->code != NULL && ++told <= TOLD_STEPS_MAX)
            TRY(tell_step(testcase, step, &tail));
    if (told <= TOLD_STEPS_MAX)
        return ERR_OK;
    buf_addf(&text, "and %" PRIu32 " more steps", told - TOLD_STEPS_MAX);
    return add_line(testcase, &tail, &text);
}

/* ---- what nobody can decide ---- */

/* Whether one of the steps, of any branch, is `verb NAME`; without a name any of the verb.
 * Depth: of blocks within each other. */
static bool has_step(const struct ast_step *steps, const struct ast_step_name *wanted)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        bool is_found =
            step->kind == STEP_KIND_IF
                ? has_step(step->branch.then_steps, wanted)
                      || has_step(step->branch.else_steps, wanted)
                : step->action.verb == wanted->verb
                      && (wanted->name.len == 0 || str_equal(wanted->name, step->action.name));
        if (is_found)
            return true;
    }
    return false;
}

/* Whether what the rule does could meet or break the expectation. */
static bool concerns(const struct testcase *testcase, const struct ast_check *expect, uint32_t rule)
{
    if (expect->kind == CHECK_RULE)
        return str_equal(testcase->program->rules[rule].name, expect->rule.name);
    return expect->kind != CHECK_STEP
           || has_step(testcase->tester->rule_items[rule]->rule.steps, &expect->step.step);
}

/* Whether the expectation depends on a rule that is unknown; remembers the first. */
static bool is_undecided(struct testcase *testcase, const struct ast_check *expect)
{
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++) {
        if (testcase->unknown[rule].reason == NULL || !concerns(testcase, expect, rule))
            continue;
        if (testcase->undecided == NULL)
            testcase->undecided = &testcase->unknown[rule];
        return true;
    }
    return false;
}

/* Whether the rule, were it on, could do what is expected. */
static bool could_meet(
    const struct testcase *testcase, const struct ast_check *expect, const struct item *rule)
{
    const struct compilation *compilation = testcase->tester->compilation;
    if (rule->kind != ITEM_RULE || rule->rule.disabled_by == NULL
        || !visible_sees(&compilation->visible, testcase->test->at.file, rule->at.file))
        return false;
    return expect->kind == CHECK_RULE ? str_equal(rule->name, expect->rule.name)
                                      : has_step(rule->rule.steps, &expect->step.step);
}

/* Whether what is missing is what a rule does that is switched off: its tests say nothing until it
 * is on again, and keep nobody from switching it off. */
static enum err is_switched_off(
    struct testcase *testcase, const struct ast_check *expect, bool *ret_is_off)
{
    const struct compilation *compilation = testcase->tester->compilation;
    const struct item *off = NULL;
    for (uint32_t file = 0; file < compilation->tree_count && off == NULL; file++)
        for (const struct item *item = compilation->trees[file]->items; item != NULL && off == NULL;
             item = item->next)
            off = could_meet(testcase, expect, item) ? item : NULL;
    *ret_is_off = off != NULL;
    if (off == NULL || testcase->undecided != NULL)
        return ERR_OK;
    struct testcase_unknown *unknown = ARENA_NEW(testcase->arena, struct testcase_unknown);
    const char *reason = arena_format(
        testcase->arena, "`disable rule %.*s` switches off what it expects", STR_ARG(off->name));
    if (unknown == NULL || reason == NULL)
        return ERR_MEMORY;
    unknown->at = expect->at;
    unknown->reason = reason;
    testcase->undecided = unknown;
    return ERR_OK;
}

/* ---- rules ---- */

/* How often the rule fired, and how often any did. */
static uint32_t count_fired(const struct testcase *testcase, str name, uint32_t *ret_all)
{
    uint32_t count = 0;
    *ret_all = 0;
    for (uint32_t rule = 0; rule < testcase->program->rule_count; rule++) {
        *ret_all += testcase->fired[rule];
        if (str_equal(testcase->program->rules[rule].name, name))
            count += testcase->fired[rule];
    }
    return count;
}

/* How to find out why a rule did not fire for the last alert. */
static enum err help_with_rule(struct testcase *testcase, str name)
{
    const struct ast_check *alert = testcase->alert;
    const struct sources *sources = &testcase->tester->compilation->sources;
    str rules = sources->items[testcase->test->at.file].file;
    if (alert == NULL)
        return ERR_OK;
    str source = alert->alert.source;
    str path = STR("FILE");
    if (alert->alert.object == NULL)
        path = fixture_path(testcase->arena, rules, alert->alert.file);
    if (path.ptr == NULL)
        return ERR_MEMORY;
    rules = shell_word(testcase->arena, rules);
    path = shell_word(testcase->arena, path);
    return testcase_help(testcase, "to see why%s: cdr explain %.*s --rules %.*s --alert %.*s%s%.*s",
        alert->alert.object == NULL ? "" : ", put the alert into a file", STR_ARG(name),
        STR_ARG(rules), STR_ARG(path), source.len > 0 ? " --source " : "", STR_ARG(source));
}

static const char *times(uint32_t count)
{
    return count == 1 ? "" : "s";
}

static enum err expect_rule(struct testcase *testcase, const struct ast_check *expect)
{
    uint32_t all;
    bool is_off;
    str name = expect->rule.name;
    int64_t wanted = expect->rule.count;
    uint32_t count = count_fired(testcase, name, &all);
    bool is_met = wanted >= 0 ? (int64_t)count == wanted : (count > 0) != expect->is_negated;
    /* Firings that are known are not undone by others that are not. */
    bool can_change = wanted >= 0 ? (int64_t)count <= wanted : count == 0;
    if ((can_change && is_undecided(testcase, expect)) || is_met)
        return ERR_OK;
    if (wanted < 0 && expect->is_negated)
        return testcase_end(testcase, TESTCASE_FAILED, expect->at,
            "rule %.*s must not fire, and it fired %" PRIu32 " time%s", STR_ARG(name), count,
            times(count));
    TRY(is_switched_off(testcase, expect, &is_off));
    if (is_off && count == 0)
        return ERR_OK;
    if ((int64_t)count < wanted || wanted < 0)
        TRY(help_with_rule(testcase, name));
    if (wanted < 0)
        return testcase_end(testcase, TESTCASE_FAILED, expect->at,
            "rule %.*s must fire, and it did not", STR_ARG(name));
    return testcase_end(testcase, TESTCASE_FAILED, expect->at,
        "rule %.*s must fire %lld time%s, and it fired %" PRIu32, STR_ARG(name), (long long)wanted,
        times((uint32_t)wanted), count);
}

static enum err expect_quiet(struct testcase *testcase, const struct ast_check *expect)
{
    uint32_t all;
    (void)count_fired(testcase, STR(""), &all);
    if (all == 0) {
        (void)is_undecided(testcase, expect);
        return ERR_OK;
    }
    return testcase_end(testcase, TESTCASE_FAILED, expect->at,
        "no rule must fire, and rules fired %" PRIu32 " time%s", all, times(all));
}

/* ---- steps ---- */

static bool is_same(value a, value b)
{
    const value *left = value_items(a);
    const value *right = value_items(b);
    if (left == NULL && right == NULL)
        return value_same(a, b);
    /* A list of one is what it holds. */
    uint32_t count = left == NULL ? 1 : a.count;
    if (count != (right == NULL ? 1 : b.count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!value_same(left == NULL ? a : left[i], right == NULL ? b : right[i]))
            return false;
    return true;
}

/* The value that a pair expects, as its parameter has it. */
static enum err expected_value(
    struct testcase *testcase, const struct expr *expr, const struct param *param, value *ret_value)
{
    value v = VALUE_NONE;
    enum type from = param->type;
    *ret_value = VALUE_NONE;
    if (!expr->is_list)
        return constant_of(expr, &v, &from)
                   ? constant_fit(testcase->arena, v, from, param->type, ret_value)
                   : ERR_OK;
    struct list_walk walk = list_walk(expr);
    uint32_t count = list_count(walk);
    value *values = ARENA_ARRAY(testcase->arena, value, (size_t)count + 1);
    if (values == NULL)
        return ERR_MEMORY;
    *ret_value = value_list(values, count);
    for (struct list_element element; list_next(&walk, &element); values++)
        if (element.v.kind != VALUE_ABSENT)
            TRY(constant_fit(testcase->arena, element.v, element.type, param->type, values));
    return ERR_OK;
}

static bool is_step(const struct ast_check *expect, const struct testcase_step *step)
{
    const struct ast_step_name *wanted = &expect->step.step;
    return step->code->builtin->verb == wanted->verb
           && (wanted->name.len == 0 || str_is(wanted->name, step->code->builtin->name));
}

/* What the pairs expect, one value for each parameter; absent where nothing is said. */
static enum err expected_values(struct testcase *testcase, const struct ast_check *expect,
    const struct builtin *builtin, value *ret_values)
{
    for (const struct pair *pair = expect->step.pairs; pair != NULL; pair = pair->next) {
        uint32_t at = param_find(builtin, pair->key);
        TRY(expected_value(testcase, pair->value, &builtin->params[at], &ret_values[at]));
    }
    return ERR_OK;
}

static bool has_values(const struct testcase_step *step, const value *wanted)
{
    for (uint32_t at = 0; at < builtin_param_count(step->code->builtin); at++)
        if (wanted[at].kind != VALUE_ABSENT && !is_same(step->args[at], wanted[at]))
            return false;
    return true;
}

/* The words of the expectation, without `expect no`. */
static str wanted_text(const struct testcase *testcase, const struct ast_check *expect)
{
    str text = sources_text(&testcase->tester->compilation->sources, expect->at);
    size_t verb = expect->step.step.at.start - expect->at.start;
    return str_skip(text, verb);
}

static enum err miss_step(struct testcase *testcase, const struct ast_check *expect,
    const struct testcase_step *other, const struct testcase_step *unresolved)
{
    str wanted = wanted_text(testcase, expect);
    if (other != NULL)
        return testcase_end(testcase, TESTCASE_FAILED, expect->at,
            "`%.*s` must be begun, and it was begun with other values", STR_ARG(wanted));
    if (unresolved != NULL)
        return testcase_end(testcase, TESTCASE_FAILED, expect->at,
            "`%.*s` must be begun, and it was not: %s", STR_ARG(wanted), unresolved->reason);
    return testcase_end(testcase, TESTCASE_FAILED, expect->at,
        "`%.*s` must be begun, and it was not", STR_ARG(wanted));
}

static enum err expect_step(struct testcase *testcase, const struct ast_check *expect)
{
    const struct testcase_step *met = NULL, *other = NULL, *unresolved = NULL;
    value wanted[STEP_PARAMS_MAX] = { VALUE_NONE };
    bool is_fitted = false;
    for (const struct testcase_step *step = testcase->first_step; step != NULL && met == NULL;
         step = step->next) {
        if (step->code == NULL || !is_step(expect, step))
            continue;
        if (!is_fitted)
            TRY(expected_values(testcase, expect, step->code->builtin, wanted));
        is_fitted = true;
        if (why_not_begun(step) != NULL)
            unresolved = step;
        else if (has_values(step, wanted))
            met = step;
        else
            other = step;
    }
    if ((met == NULL && is_undecided(testcase, expect)) || (met != NULL) != expect->is_negated)
        return ERR_OK;
    if (met == NULL) {
        bool is_off;
        TRY(is_switched_off(testcase, expect, &is_off));
        return is_off ? ERR_OK : miss_step(testcase, expect, other, unresolved);
    }
    return testcase_end(testcase, TESTCASE_FAILED, expect->at,
        "`%.*s` must not be begun, and rule %.*s began it", STR_ARG(wanted_text(testcase, expect)),
        STR_ARG(testcase->program->rules[met->rule].name));
}

enum err testcase_expect(struct testcase *testcase, const struct ast_check *expect)
{
    switch (expect->kind) {
    case CHECK_QUIET:
        return expect_quiet(testcase, expect);
    case CHECK_RULE:
        return expect_rule(testcase, expect);
    case CHECK_STEP:
        return expect_step(testcase, expect);
    case CHECK_ALERT:
    case CHECK_RESULT:
    case CHECK_WAIT:
        break;
    }
    return ERR_OK;
}
