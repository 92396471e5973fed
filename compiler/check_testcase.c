/* check_testcase.c - the items `test`: what stands in them can be said of their rules, and
 * can come true at all. What they expect is looked at when they run: testcase.h. */
#include "check_pass.h"

#include "arguments.h"
#include "base/limits.h"
#include "base/time.h"
#include "fixture.h"
#include "registry.h"

#include <errno.h>

#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

/* How far the check of one test has come. */
struct progress {
    struct check *check;
    const struct item *test;
    int64_t now_ms;    /* the test's clock, from its start */
    int64_t before_ms; /* the alert before */
    int64_t alerts;
    bool has_expectation;
    bool is_over; /* past a ceiling, said once */
};

/* ---- alerts and the clock ---- */

/* Whether the clock may go on to `to`, of which `times` times `every` is the last part. */
static bool is_in_time(struct progress *progress, span at, int64_t to, int64_t times, int64_t every)
{
    const int64_t most = TEST_YEARS_MAX * YEAR_MS;
    if (progress->is_over)
        return false;
    if (to <= most && (every <= 0 || times <= (most - to) / every))
        return true;
    progress->is_over = true;
    struct diag *diag = diag_add(progress->check->diags, DIAG_TEST_TOO_LONG, at,
        "the clock of this test would pass %d years", TEST_YEARS_MAX);
    diag_help(progress->check->diags, diag, "write shorter times");
    return false;
}

static void count_alerts(struct progress *progress, const struct ast_check *alert, int64_t times)
{
    bool was_over = progress->alerts > TEST_ALERTS_MAX;
    progress->alerts = times > TEST_ALERTS_MAX ? TEST_ALERTS_MAX + 1 : progress->alerts + times;
    if (was_over || progress->alerts <= TEST_ALERTS_MAX)
        return;
    struct diag *diag = diag_add(progress->check->diags, DIAG_TEST_TOO_LONG, alert->at,
        "a test has at most %d alerts, and here are more", TEST_ALERTS_MAX);
    diag_help(
        progress->check->diags, diag, "write fewer `times`; a count of thousands needs no test");
}

static void move_clock(struct progress *progress, const struct ast_check *alert)
{
    char text[DURATION_TEXT_MAX];
    const struct ast_duration *after = &alert->alert.after;
    int64_t times = alert->alert.times == 0 ? 1 : alert->alert.times;
    bool has_after = after->written.len > 0;
    int64_t at = has_after ? progress->before_ms + after->milliseconds : progress->now_ms;
    count_alerts(progress, alert, times);
    if (at < progress->now_ms) {
        str late = duration_format(progress->now_ms - at, text);
        struct diag *diag = diag_add(progress->check->diags, DIAG_TEST_CLOCK, after->at,
            "`after` counts from the alert before, and the clock is %.*s past that", STR_ARG(late));
        diag_help(progress->check->diags, diag, "leave it out, or write a longer time");
        return;
    }
    int64_t every = alert->alert.every.milliseconds;
    if (!is_in_time(progress, alert->at, at, times - 1, every))
        return;
    progress->now_ms = progress->before_ms = at + (times - 1) * every;
}

static void check_forced_source(struct check *check, const struct ast_check *alert)
{
    str name = alert->alert.source;
    struct suggestion near = { .word = name };
    if (name.len == 0 || source_item(check, name) != NULL || check_is_lost(check, UINT32_MAX, name))
        return;
    for (uint32_t at = 0; at < check->source_count; at++)
        suggest(&near, check->source_items[at]->name);
    struct diag *diag = diag_add(check->diags, DIAG_ALERT_SOURCE, alert->alert.source_at,
        "there is no source `%.*s`", STR_ARG(name));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, alert->alert.source_at, near.best);
    } else {
        help_with_values(check, diag, TYPE_SOURCE);
    }
}

/* Only who works on the rules has the files: rules run without them. */
static void check_fixture(struct check *check, const struct ast_check *alert)
{
    str name = alert->alert.file;
    bool is_odd = str_find(name, '\0') < name.len;
    if (!check->opens_fixtures)
        return;
    str from = check->sources->items[alert->at.file].file;
    str path = fixture_path(check->arena, from, name);
    if (!check_ok(check, path.ptr == NULL ? ERR_MEMORY : ERR_OK))
        return;
    enum err err = is_odd ? ERR_INVALID : fixture_read(check->sources, from, path.ptr, NULL);
    if (err == ERR_OK)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_TEST_FIXTURE, alert->alert.file_at,
        "the file %.*s cannot be read: %s", STR_ARG(path), fixture_reason(err, errno));
    diag_help(check->diags, diag, "its path is taken from where the rule file is");
}

static void check_alert(struct progress *progress, const struct ast_check *alert)
{
    struct check *check = progress->check;
    check_forced_source(check, alert);
    if (alert->alert.object == NULL)
        check_fixture(check, alert);
    else if (alert->alert.source.len == 0)
        check_testcase_alert(check, alert->alert.object);
    move_clock(progress, alert);
}

static void check_wait(struct progress *progress, const struct ast_check *wait)
{
    if (is_in_time(progress, wait->at, progress->now_ms + wait->wait.milliseconds, 0, 0))
        progress->now_ms += wait->wait.milliseconds;
}

/* ---- steps of rules ---- */

/* Offer `near` every name that a step of `steps` has; true when one is the word itself. */
static bool find_step(const struct ast_step *steps, struct suggestion *near)
{
    bool is_found = false;
    for (const struct ast_step *step = steps; step != NULL && !is_found; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            is_found = find_step(step->branch.then_steps, near)
                       || find_step(step->branch.else_steps, near);
            continue;
        }
        const struct clause *as = clause_find(step->action.clauses, CLAUSE_AS);
        suggest(near, step->action.name);
        if (as != NULL)
            suggest(near, as->reason);
        is_found = str_equal(step->action.name, near->word)
                   || (as != NULL && str_equal(as->reason, near->word));
    }
    return is_found;
}

static bool find_step_in_view(const struct check *check, uint32_t file, struct suggestion *near)
{
    for (uint32_t at = 0; at < check->tree_count; at++) {
        if (!visible_sees(check->scope->visible, file, at))
            continue;
        for (const struct item *item = check->trees[at]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_RULE && find_step(item->rule.steps, near))
                return true;
    }
    return false;
}

static void check_result_step(struct check *check, const struct ast_check *result)
{
    struct suggestion near = { .word = result->result.step };
    if (find_step_in_view(check, result->at.file, &near)
        || check_is_lost(check, UINT32_MAX, near.word))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_RESULT_STEP, result->result.step_at,
        "no rule that this test sees has a step `%.*s`", STR_ARG(near.word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, result->result.step_at, near.best);
    } else {
        diag_help(check->diags, diag,
            "name a step as the rule does: `triage` of `collect triage`, or what stands after "
            "`as`");
    }
}

static void report_member(struct check *check, const struct ast_json *member)
{
    struct suggestion near = { .word = member->key };
    for (int at = 0; at < RESULT_MEMBERS; at++)
        suggest(&near, str_from(result_member_name((enum result_member)at)));
    struct diag *diag = diag_add(check->diags, DIAG_RESULT_MEMBER, member->key_at,
        "the result of a step has no `%.*s`", STR_ARG(member->key));
    if (near.best.len == 0) {
        diag_help(
            check->diags, diag, "a result has complete, partial, failed, verdict, url and sha256");
        return;
    }
    const char *fix = arena_format(check->arena, "\"%.*s\"", STR_ARG(near.best));
    diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
    if (check_ok(check, fix == NULL ? ERR_MEMORY : ERR_OK))
        diag_set_fix(check->diags, diag, member->key_at, str_from(fix));
}

static void check_verdict(struct check *check, const struct ast_json *member)
{
    enum verdict verdict;
    if (member->kind == AST_JSON_TEXT && verdict_find(member->text, &verdict))
        return;
    struct diag *diag =
        diag_add(check->diags, DIAG_RESULT_MEMBER, member->at, "this is no verdict");
    help_with_values(check, diag, TYPE_VERDICT);
}

/* Which member of a result it is, RESULT_MEMBERS when none; its value is looked at. */
static enum result_member check_member(struct check *check, const struct ast_json *member)
{
    int at = 0;
    while (at < RESULT_MEMBERS && !str_is(member->key, result_member_name((enum result_member)at)))
        at++;
    if (at == RESULT_MEMBERS)
        report_member(check, member);
    else if (at == RESULT_VERDICT)
        check_verdict(check, member);
    else if (at < RESULT_VERDICT && member->kind != AST_JSON_BOOL)
        diag_add(check->diags, DIAG_RESULT_MEMBER, member->at, "`%.*s` is true or false",
            STR_ARG(member->key));
    else if (at > RESULT_VERDICT && member->kind != AST_JSON_TEXT)
        diag_add(
            check->diags, DIAG_RESULT_MEMBER, member->at, "`%.*s` is text", STR_ARG(member->key));
    return (enum result_member)at;
}

/* A step ends in one way: complete, partial or failed. */
static void check_end(
    struct check *check, const struct ast_check *result, const bool *is_true, const bool *is_given)
{
    int ends = is_true[RESULT_COMPLETE] + is_true[RESULT_PARTIAL] + is_true[RESULT_FAILED];
    int denied = is_given[RESULT_COMPLETE] + is_given[RESULT_PARTIAL] + is_given[RESULT_FAILED];
    bool is_open = ends == 0 && is_given[RESULT_COMPLETE] && denied != 2;
    if (ends <= 1 && !is_open)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_RESULT_MEMBER, result->result.object->at,
        "a step ends complete, partial or failed: one of them");
    diag_help(check->diags, diag, "write `{ \"partial\": true }`, or `{ \"failed\": true }`");
}

static void check_result(struct check *check, const struct ast_check *result)
{
    bool is_true[RESULT_MEMBERS + 1] = { false };
    bool is_given[RESULT_MEMBERS + 1] = { false };
    check_result_step(check, result);
    uint32_t errors = check->diags->error_count;
    for (const struct ast_json *member = result->result.object->children; member != NULL;
         member = member->next) {
        enum result_member at = check_member(check, member);
        if (is_given[at] && at != RESULT_MEMBERS)
            diag_add(check->diags, DIAG_GIVEN_TWICE, member->key_at, "`%.*s` is given twice",
                STR_ARG(member->key));
        is_given[at] = true;
        is_true[at] = member->boolean;
    }
    if (check->diags->error_count == errors)
        check_end(check, result, is_true, is_given);
}

/* ---- expectations ---- */

static void check_expected_rule(struct check *check, const struct ast_check *expect)
{
    str name = expect->rule.name;
    const struct name *found = scope_find(check->scope, SCOPE_RULES, name);
    if (expect->is_negated && expect->rule.count >= 0) {
        struct diag *diag = diag_add(check->diags, DIAG_TEST_EXPECTATION, expect->at,
            "`no` and `count` contradict each other");
        diag_help(check->diags, diag, "write `expect rule %.*s count %lld`, or leave `count` out",
            STR_ARG(name), (long long)expect->rule.count);
    }
    if (found != NULL && visible_sees(check->scope->visible, expect->at.file, found->item->at.file))
        return;
    if (found == NULL && check_is_lost(check, UINT32_MAX, name))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_TEST_RULE, expect->rule.name_at,
        found == NULL ? "there is no rule `%.*s`" : "this test does not see the rule `%.*s`",
        STR_ARG(name));
    if (found != NULL) {
        diag_note(check->diags, diag, found->item->name_at, "it is declared here");
        diag_help(check->diags, diag, "a test sees the rules of its file and of those it uses");
        return;
    }
    struct suggestion near = { .word = name };
    uint32_t at = 0;
    for (const struct name *other; (other = scope_next(check->scope, &at)) != NULL;)
        if (other->scope == SCOPE_RULES)
            suggest(&near, other->text);
    if (near.best.len == 0)
        return;
    diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
    diag_set_guess(check->diags, diag, expect->rule.name_at, near.best);
}

static void check_expected_step(struct check *check, const struct ast_check *expect)
{
    const struct ast_step_name *step = &expect->step.step;
    if (step->name.len == 0)
        return;
    const struct builtin *builtin = check_step_name(check, step->verb, step->name, step->name_at);
    if (builtin != NULL)
        check_expected(check, builtin, expect->step.pairs);
}

static void check_expectation(struct progress *progress, const struct ast_check *expect)
{
    progress->has_expectation = true;
    if (expect->kind == CHECK_RULE)
        check_expected_rule(progress->check, expect);
    if (expect->kind == CHECK_STEP)
        check_expected_step(progress->check, expect);
    if (progress->alerts > 0 || expect->kind == CHECK_QUIET || progress->test->is_partial)
        return;
    struct diag *diag = diag_add(progress->check->diags, DIAG_TEST_EXPECTATION, expect->at,
        "nothing can have happened yet: no alert stands before this");
    diag_help(progress->check->diags, diag, "write `expect` after the alert that it is about");
}

/* ---- tests ---- */

static void check_title(struct check *check, struct item *test)
{
    struct item *taken = NULL;
    if (test->name.len == 0) {
        diag_add(check->diags, DIAG_TEST_TITLE, test->name_at, "a test needs a title");
        return;
    }
    if (!check_ok(check, scope_add(check->scope, check->arena, SCOPE_TESTS - (int64_t)test->at.file,
                             test->name, test, &taken))
        || taken == NULL)
        return;
    struct diag *diag = diag_add(
        check->diags, DIAG_TEST_TITLE, test->name_at, "two tests of this file have this title");
    diag_note(check->diags, diag, taken->name_at, "the other one is here");
    diag_help(check->diags, diag, "say in the title what is tested: reports tell tests by it");
}

static void check_whole(struct progress *progress)
{
    struct check *check = progress->check;
    const struct item *test = progress->test;
    if (test->is_partial)
        return;
    if (progress->alerts == 0) {
        struct diag *diag =
            diag_add(check->diags, DIAG_TEST_NO_ALERT, test->name_at, "this test has no alert");
        diag_help(check->diags, diag,
            "write `alert { \"source\": \"guardduty\", .. };` or `alert \"file.json\";`");
    } else if (!progress->has_expectation) {
        struct diag *diag =
            diag_add(check->diags, DIAG_TEST_NO_EXPECT, test->name_at, "this test expects nothing");
        diag_help(check->diags, diag, "end it with `expect rule ..`, or with `expect quiet`");
    }
}

void check_testcase(struct check *check, struct item *test)
{
    struct progress progress = { .check = check, .test = test };
    check->steps = NULL;
    check_title(check, test);
    for (const struct ast_check *one = test->test.checks; one != NULL; one = one->next) {
        switch (one->kind) {
        case CHECK_ALERT:
            check_alert(&progress, one);
            break;
        case CHECK_RESULT:
            check_result(check, one);
            break;
        case CHECK_WAIT:
            check_wait(&progress, one);
            break;
        case CHECK_QUIET:
        case CHECK_RULE:
        case CHECK_STEP:
            check_expectation(&progress, one);
            break;
        }
    }
    check_whole(&progress);
}
