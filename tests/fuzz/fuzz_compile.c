/* fuzz_compile.c - the compiler, lint, tests and the machine: rule text, NUL, an alert's JSON,
 * NUL, the file of a list ("l.txt") and of a `use` ("u.cdr"). What is not there is empty.
 * Whatever compiles must verify, and must end on any alert. */
#include "base/limits.h"
#include "compile.h"
#include "event.h"
#include "interp.h"
#include "lint/lint.h"
#include "testcase.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In place of the shipped sources, which take a thousand times as long to compile. */
static const char few_sources[] =
    "source guardduty { accept exists raw[\"detail.service\"]\n"
    "  severity = scale(raw[\"detail.severity\"], 0 informational, 4 medium, 7 high)\n"
    "  alert.type = raw[\"detail.type\"] instance.id = raw[\"i\"] role.name = raw[\"r\"]\n"
    "  client.ip = raw[\"ip\"] : ip untrusted }\n"
    "source defender { accept exists raw[\"alertId\"] alert.title = raw[\"title\"] : text "
    "untrusted\n"
    "  severity = raw[\"severity\"] host.id = raw[\"h\"] host.name = raw[\"hn\"] user.id = "
    "raw[\"u\"] }\n";

static enum err step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    (void)stepper;
    (void)index;
    (void)args;
    memset(ret_result, 0, sizeof *ret_result);
    ret_result->members[RESULT_COMPLETE] = value_bool(true);
    return ERR_OK;
}

/* Errors of the host are allowed: a budget, a limit of memory, an undecided regex. */
static void evaluate(const struct program *program, str json)
{
    CLEANUP(arena_release) struct arena arena = { .limit = EVENT_BYTES_MAX };
    const struct projection *projection;
    struct json_fault fault;
    struct event event;
    bool matches;
    if (projection_new(&arena, program->paths, program->path_count, &projection) != ERR_OK
        || event_read(program, projection, json, STR(""), 0, &arena, &event, &fault) != ERR_OK)
        return;
    for (uint32_t at = 0; at < program->rule_count; at++) {
        struct stepper plan = { .run = step, .takes_every_branch = true };
        struct stepper run = { .run = step };
        if (rule_matches(program, &program->rules[at], &event, &arena, &matches) != ERR_OK)
            continue;
        if (interp_steps(program, program->rules[at].steps, &event, &arena, &plan) != ERR_OK)
            continue;
        if (interp_steps(program, program->rules[at].steps, &event, &arena, &run) != ERR_OK)
            continue;
    }
}

static void run_tests(const struct compilation *compilation)
{
    CLEANUP(tester_release) struct tester tester = { 0 };
    if (tester_begin(&tester, compilation) != ERR_OK)
        return;
    for (uint32_t at = 0; at < compilation->tree_count; at++)
        for (const struct item *item = compilation->trees[at]->items; item != NULL;
             item = item->next) {
            CLEANUP(arena_release) struct arena arena = ARENA_INIT(TEST_BYTES_MAX);
            struct testcase_outcome outcome;
            if (item->kind == ITEM_TEST && testcase_run(&tester, item, &arena, &outcome) != ERR_OK)
                return;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    str input = { (const char *)data, size };
    size_t rules = str_find(input, '\0');
    str json = str_skip(input, rules + 1);
    str list = str_skip(json, str_find(json, '\0') + 1);
    uint32_t file;
    json = str_first(json, str_find(json, '\0'));
    compilation.is_closed = true; /* a text of chance opens no files */
    compilation.wants_probes = true;
    compilation.arena.limit = COMPILE_BYTES_MAX;
    compilation.sources.arena = &compilation.arena;
    compilation.diags.arena = &compilation.arena;
    if (sources_add(&compilation.sources, STR("sources"), str_from(few_sources), true, &file)
            != ERR_OK
        || compile_text(&compilation, STR("fuzz.cdr"), str_first(input, rules)) != ERR_OK
        || (list.len > 0
            && (sources_add_list(&compilation.sources, STR("l.txt"), list, &file) != ERR_OK
                || compile_text(&compilation, STR("u.cdr"), list) != ERR_OK)))
        return 0;
    enum err err = compile_program(&compilation);
    if (err == ERR_BYTECODE)
        __builtin_trap();
    if (err != ERR_OK || compilation.program == NULL)
        return 0;
    evaluate(compilation.program, json.len == 0 ? STR("{\"severity\":\"high\"}") : json);
    run_tests(&compilation);
    if (lint_program(&compilation, NULL) == ERR_LIMIT)
        __builtin_trap(); /* no such end */
    return 0;
}
