/* fuzz_compile.c - the compiler and the machine: rule text, NUL, an alert's JSON. Without a
 * NUL the input is rules alone. Whatever compiles must verify, and must end on any alert. */
#include "compile.h"
#include "event.h"
#include "interp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    str input = { (const char *)data, size };
    size_t rules = str_find(input, '\0');
    str json = str_skip(input, rules + 1);
    compilation.is_closed = true; /* a text of chance opens no files */
    if (compile_begin(&compilation) != ERR_OK
        || compile_text(&compilation, STR("fuzz.cdr"), str_first(input, rules)) != ERR_OK)
        return 0;
    enum err err = compile_program(&compilation);
    if (err == ERR_BYTECODE)
        __builtin_trap();
    if (err == ERR_OK && compilation.program != NULL)
        evaluate(compilation.program, json.len == 0 ? STR("{\"severity\":\"high\"}") : json);
    return 0;
}
