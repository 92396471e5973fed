/* testcase.c - see testcase.h: what tests share, and one test from its first line to its last. */
#include "testcase_pass.h"

#include "base/limits.h"

#include <stdarg.h>

const char *testcase_state_name(enum testcase_state state)
{
    switch (state) {
    case TESTCASE_PASSED:
        return "passed";
    case TESTCASE_FAILED:
        return "failed";
    case TESTCASE_SKIPPED:
        return "skipped";
    }
    return "";
}

static bool is_rule(const struct item *item, const struct rule_code *rule)
{
    return item->kind == ITEM_RULE && str_equal(item->name, rule->name);
}

/* The item that a rule of the program was made of. Both are in the order of the files, so the
 * search goes on where the last one ended; a program in another order is only slower. */
static const struct item *find_item(const struct compilation *compilation,
    const struct rule_code *rule, uint32_t *file, const struct item **after)
{
    const struct item *item = *after == NULL ? NULL : (*after)->next;
    for (uint32_t turn = 0; turn <= compilation->tree_count; turn++) {
        for (; item != NULL; item = item->next)
            if (is_rule(item, rule)) {
                *after = item;
                return item;
            }
        *file = *after == NULL && turn == 0 ? 0 : (*file + 1) % compilation->tree_count;
        item = compilation->trees[*file]->items;
    }
    return NULL;
}

enum err tester_begin(struct tester *tester, const struct compilation *compilation)
{
    const struct program *program = compilation->program;
    uint32_t file = 0;
    const struct item *after = NULL;
    *tester = (struct tester){ .compilation = compilation, .view_file = UINT32_MAX };
    tester->rule_items =
        ARENA_ARRAY(&tester->arena, const struct item *, (size_t)program->rule_count + 1);
    tester->in_view = ARENA_ARRAY(&tester->arena, bool, (size_t)program->rule_count + 1);
    if (tester->rule_items == NULL || tester->in_view == NULL)
        return ERR_MEMORY;
    for (uint32_t rule = 0; rule < program->rule_count; rule++) {
        tester->rule_items[rule] = find_item(compilation, &program->rules[rule], &file, &after);
        if (tester->rule_items[rule] == NULL)
            return ERR_BYTECODE;
    }
    TRY(tester_stand_ins(tester, program));
    return projection_new(&tester->arena, program->paths, program->path_count, &tester->projection);
}

void tester_release(struct tester *tester)
{
    store_close(tester->store);
    arena_release(&tester->arena);
    *tester = (struct tester){ 0 };
}

static void see_rules(struct tester *tester, uint32_t file)
{
    const struct compilation *compilation = tester->compilation;
    if (tester->view_file == file)
        return;
    for (uint32_t rule = 0; rule < compilation->program->rule_count; rule++)
        tester->in_view[rule] =
            visible_sees(&compilation->visible, file, tester->rule_items[rule]->at.file);
    tester->view_file = file;
}

enum err testcase_end(
    struct testcase *testcase, enum testcase_state state, span at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = arena_vformat(testcase->arena, format, args);
    va_end(args);
    testcase->outcome->state = state;
    testcase->outcome->at = at;
    testcase->outcome->reason = str_from(reason);
    return reason == NULL ? ERR_MEMORY : ERR_OK;
}

enum err testcase_help(struct testcase *testcase, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *help = arena_vformat(testcase->arena, format, args);
    va_end(args);
    testcase->outcome->help = str_from(help);
    return help == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err run_check(struct testcase *testcase, const struct ast_check *check)
{
    switch (check->kind) {
    case CHECK_ALERT:
        return testcase_alert(testcase, check);
    case CHECK_RESULT:
        return testcase_result(testcase, check);
    case CHECK_WAIT:
        TRY(testcase_steps(testcase));
        return testcase_is_over(testcase)
                   ? ERR_OK
                   : testcase_advance(testcase, testcase->now_ms + check->wait.milliseconds);
    case CHECK_QUIET:
    case CHECK_RULE:
    case CHECK_STEP:
        TRY(testcase_steps(testcase));
        return testcase_is_over(testcase) ? ERR_OK : testcase_expect(testcase, check);
    }
    return ERR_OK;
}

static enum err run_checks(struct testcase *testcase)
{
    for (const struct ast_check *check = testcase->test->test.checks;
         check != NULL && !testcase_is_over(testcase); check = check->next)
        TRY(run_check(testcase, check));
    if (!testcase_is_over(testcase))
        TRY(testcase_steps(testcase));
    if (!testcase_is_over(testcase) && testcase->undecided != NULL)
        TRY(testcase_end(testcase, TESTCASE_SKIPPED, testcase->undecided->at, "%s",
            testcase->undecided->reason));
    return testcase_tell(testcase);
}

enum err testcase_run(struct tester *tester, const struct item *test, struct arena *arena,
    struct testcase_outcome *ret_outcome)
{
    const struct program *program = tester->program;
    size_t rules = (size_t)program->rule_count + 1;
    struct testcase testcase = {
        .tester = tester,
        .program = program,
        .test = test,
        .arena = arena,
        .outcome = ret_outcome,
        .now_ms = TESTCASE_START_MS,
        .before_ms = TESTCASE_START_MS,
        .fired = ARENA_ARRAY(arena, uint32_t, rules),
        .joined = ARENA_ARRAY(arena, uint32_t, rules),
        .excused = ARENA_ARRAY(arena, const struct excuse_code *, rules),
        .unknown = ARENA_ARRAY(arena, struct testcase_unknown, rules),
        .pending = { .arena = ARENA_INIT(EVENT_BYTES_MAX),
            .runs = ARENA_ARRAY(arena, struct testcase_run, rules) },
    };
    testcase.waiting_end = &testcase.waiting;
    *ret_outcome = (struct testcase_outcome){ .at = test->name_at };
    see_rules(tester, test->at.file);
    if (testcase.fired == NULL || testcase.joined == NULL || testcase.excused == NULL
        || testcase.unknown == NULL || testcase.pending.runs == NULL)
        return ERR_MEMORY;
    enum err err = run_checks(&testcase);
    testcase_world_end(&testcase);
    arena_release(&testcase.pending.arena);
    return err;
}
