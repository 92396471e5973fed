/* fuzz_bytecode.c - programs of any bytes: what the verifier lets through must be safe to list
 * and to run, whatever it computes. */
#include "base/buf.h"
#include "interp.h"
#include "match/matcher.h"
#include "match/regex.h"
#include "registry.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE_MAX = 128, STEPS = 4, FUNCTIONS = 8, INSTRUCTION_BYTES = 3, HEAD_BYTES = 8 };

struct fixture {
    struct arena arena;
    struct instruction code[CODE_MAX];
    value constants[24];
    const struct function *functions[FUNCTIONS];
    struct regex *regexes[1];
    struct source_program source;
    struct mapping mapping;
    struct rule_code rules[2];
    struct limit_code limits[LIMIT_SCOPES];
    struct program_text text;
    struct step_code steps[STEPS];
    struct program program;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void add_constant(struct fixture *fixture, value v)
{
    require(fixture->program.constant_count < COUNT_OF(fixture->constants));
    fixture->constants[fixture->program.constant_count++] = v;
}

static void add_converted(struct fixture *fixture, const char *text, enum type type)
{
    value v;
    require(value_convert(&fixture->arena, value_text(str_from(text)), type, &v) == ERR_OK);
    add_constant(fixture, v);
}

static void fill_constants(struct fixture *fixture)
{
    value set;
    add_constant(fixture, value_bool(true));
    add_constant(fixture, value_bool(false));
    add_constant(fixture, value_integer(7));
    add_constant(fixture, (value){ .kind = VALUE_DECIMAL, .decimal = 7.5 });
    add_constant(fixture, value_text(STR("a*b?")));
    add_constant(fixture, value_text(STR("\xFF\xC3\xA4")));
    add_constant(fixture, VALUE_NONE);
    add_constant(fixture, (value){ .kind = VALUE_NULL });
    add_constant(fixture, (value){ .kind = VALUE_REGEX });
    add_converted(fixture, "198.51.100.7", TYPE_IP);
    add_converted(fixture, "198.51.100.0/24", TYPE_CIDR);
    add_converted(fixture, "2026-01-01", TYPE_TIME);
    add_converted(fixture, "15m", TYPE_DURATION);
    add_converted(fixture, "high", TYPE_SEVERITY);
    add_converted(fixture, "malicious", TYPE_VERDICT);
    uint32_t scalars = fixture->program.constant_count;
    add_constant(fixture, value_list(fixture->constants, scalars));
    add_constant(fixture, value_list(NULL, 0));
    require(value_set_new(&fixture->arena, fixture->constants, scalars, &set) == ERR_OK);
    add_constant(fixture, set);
}

static void fill_tables(struct fixture *fixture)
{
    static const str paths[] = { { "a", 1 }, { "a.b", 3 }, { "list", 4 } };
    const char *reason;
    size_t at;
    fill_constants(fixture);
    for (size_t i = 0; i < FUNCTIONS; i++)
        fixture->functions[i] = function_at(i);
    require(regex_new(&fixture->arena, STR("a+b"), STR("i"), &fixture->regexes[0], &reason, &at)
            == ERR_OK);
    for (uint32_t i = 0; i < STEPS; i++)
        fixture->steps[i] = (struct step_code){ .args_count = i, .stops_on_failure = i == 3 };
    fixture->program.code = fixture->code;
    fixture->program.constants = fixture->constants;
    fixture->program.paths = paths;
    fixture->program.path_count = COUNT_OF(paths);
    fixture->program.functions = fixture->functions;
    fixture->program.function_count = FUNCTIONS;
    fixture->program.regexes = fixture->regexes;
    fixture->program.regex_count = 1;
    fixture->program.steps = fixture->steps;
    fixture->program.step_count = STEPS;
    fixture->program.sources = &fixture->source;
    fixture->program.rules = fixture->rules;
    fixture->program.canonical.accept = NO_INDEX;
    fixture->program.texts = &fixture->text;
    fixture->program.text_count = 1;
    for (int scope = 0; scope < LIMIT_SCOPES; scope++)
        fixture->limits[scope] =
            (struct limit_code){ .scope = (enum limit_scope)scope, .targets = 1, .window_ms = 1 };
}

/* The head says where fragments begin; a byte of 255 leaves one out where that may be. */
static void read_program(struct fixture *fixture, const uint8_t *data, size_t size)
{
    fixture->source = (struct source_program){ .name = STR("s"), .accept = NO_INDEX };
    if (data[0] != 255) {
        fixture->program.source_count = 1;
        fixture->source.accept = data[0];
    }
    if (data[1] != 255) {
        fixture->mapping = (struct mapping){ .field = data[2], .start = data[1] };
        fixture->program.canonical.mappings = &fixture->mapping;
        fixture->program.canonical.mapping_count = 1;
    }
    fixture->program.rule_count = data[3] == 255 ? 1 : 2;
    fixture->rules[0] = (struct rule_code){ .condition = data[4],
        .steps = data[5],
        .limits = fixture->limits,
        .limit_count = LIMIT_SCOPES };
    fixture->rules[1] = (struct rule_code){ .condition = data[6],
        .steps = data[7],
        .limits = fixture->limits,
        .limit_count = LIMIT_SCOPES };
    data += HEAD_BYTES;
    size -= HEAD_BYTES;
    while (size >= INSTRUCTION_BYTES && fixture->program.code_count < CODE_MAX) {
        fixture->code[fixture->program.code_count++] = (struct instruction){
            .opcode = data[0],
            .flags = data[1],
            .a = data[2] == 255 ? UINT32_MAX : data[2],
        };
        data += INSTRUCTION_BYTES;
        size -= INSTRUCTION_BYTES;
    }
}

static enum err run_step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    (void)stepper;
    *ret_result = (struct step_result){ .has_failed = index % 2 == 0 };
    for (uint32_t i = 0; i < index; i++)
        ret_result->members[RESULT_VERDICT] = args[i];
    return ERR_OK;
}

static void check_run(enum err err)
{
    require(err == ERR_OK || err == ERR_MEMORY || err == ERR_BUDGET || err == ERR_UNDECIDED
            || err == ERR_LIMIT);
}

/* The matcher and the machine say the same of every rule whose condition the machine decides. */
static void compare_ways(struct fixture *fixture, const struct event *event)
{
    const struct program *program = &fixture->program;
    const struct match_image *image;
    struct matcher *matcher;
    require(match_image_new(&fixture->arena, program, &image) == ERR_OK);
    require(matcher_new(image, &matcher) == ERR_OK);
    for (uint32_t i = 0; i < program->rule_count; i++) {
        enum matcher_answer answer;
        bool passes;
        if (rule_passes(program, &program->rules[i], event, &fixture->arena, &passes) != ERR_OK)
            continue;
        require(matcher_rule(matcher, event, i, &answer) == ERR_OK);
        require(answer != (passes ? MATCHER_SILENT : MATCHER_CERTAIN));
    }
    matcher_free(matcher);
}

static void run_program(struct fixture *fixture)
{
    const struct program *program = &fixture->program;
    const struct projection *projection;
    struct event event;
    struct json_fault fault;
    bool matches;
    struct arena *arena = &fixture->arena;
    require(projection_new(arena, program->paths, program->path_count, &projection) == ERR_OK);
    enum err err = event_read(program, projection,
        STR("{\"a\":{\"b\":\"AAB\"},\"list\":[1,\"7\",null,{},\"198.51.100.7\"]}"), STR(""), 0,
        arena, &event, &fault);
    check_run(err);
    if (err != ERR_OK)
        return;
    compare_ways(fixture, &event);
    for (uint32_t i = 0; i < program->rule_count; i++) {
        struct stepper stepper = { .run = run_step };
        check_run(rule_matches(program, &program->rules[i], &event, arena, &matches));
        check_run(interp_steps(program, program->rules[i].steps, &event, arena, &stepper));
        stepper.takes_every_branch = true;
        check_run(interp_steps(program, program->rules[i].steps, &event, arena, &stepper));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fixture fixture = { .arena = ARENA_INIT(EVENT_BYTES_MAX) };
    uint32_t at = 0;
    if (size < HEAD_BYTES)
        return 0;
    fill_tables(&fixture);
    read_program(&fixture, data, size);
    enum err err = program_verify(&fixture.program, &at);
    require(err == ERR_OK || err == ERR_BYTECODE);
    if (err == ERR_OK) {
        CLEANUP(buf_release) struct buf listing = BUF_INIT(1024 * 1024);
        program_disassemble(&fixture.program, true, &listing);
        require(listing.err == ERR_OK);
        run_program(&fixture);
    }
    arena_release(&fixture.arena);
    return 0;
}
