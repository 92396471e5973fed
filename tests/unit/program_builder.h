/* program_builder.h - small programs by hand, for the tests of the machine.
 *
 * `struct builder` holds the tables; code is written with add(). Every fragment begins
 * where builder.program.code_count stands when it is registered.
 */
#pragma once

#include "function.h"
#include "interp.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

enum { BUILDER_MAX = 64 };

struct builder {
    struct arena arena;
    struct instruction code[BUILDER_MAX];
    value constants[BUILDER_MAX];
    str paths[BUILDER_MAX];
    const struct function *functions[BUILDER_MAX];
    struct regex *regexes[BUILDER_MAX];
    struct source_program sources[4];
    struct mapping mappings[BUILDER_MAX];
    struct rule_code rules[4];
    struct limit_code limits[LIMIT_SCOPES]; /* of every rule */
    struct program_text text;
    struct step_code steps[BUILDER_MAX];
    struct program program;
};

/* Free with builder_free. */
static inline struct builder *builder_new(void)
{
    struct builder *builder = calloc(1, sizeof *builder);
    assert_non_null(builder);
    builder->program = (struct program){
        .code = builder->code,
        .constants = builder->constants,
        .paths = builder->paths,
        .functions = builder->functions,
        .regexes = builder->regexes,
        .sources = builder->sources,
        .canonical = { .accept = NO_INDEX },
        .rules = builder->rules,
        .steps = builder->steps,
        .texts = &builder->text,
        .text_count = 1,
    };
    for (int scope = 0; scope < LIMIT_SCOPES; scope++)
        builder->limits[scope] = (struct limit_code){ .scope = (enum limit_scope)scope,
            .targets = 1,
            .window_ms = 1,
            .place = { .text = STR("limit"), .file = STR("") } };
    return builder;
}

static inline void builder_free(struct builder **builder)
{
    if (*builder != NULL)
        arena_release(&(*builder)->arena);
    free(*builder);
}

static inline uint32_t add_flagged(
    struct builder *builder, enum opcode opcode, uint32_t a, int flags)
{
    assert_true(builder->program.code_count < BUILDER_MAX);
    builder->code[builder->program.code_count] =
        (struct instruction){ .opcode = (uint8_t)opcode, .flags = (uint8_t)flags, .a = a };
    return builder->program.code_count++;
}

static inline uint32_t add(struct builder *builder, enum opcode opcode, uint32_t a)
{
    return add_flagged(builder, opcode, a, 0);
}

static inline uint32_t add_constant(struct builder *builder, value v)
{
    builder->constants[builder->program.constant_count] = v;
    return add(builder, OP_CONSTANT, builder->program.constant_count++);
}

static inline uint32_t add_text(struct builder *builder, const char *text)
{
    return add_constant(builder, value_text(str_from(text)));
}

static inline uint32_t add_raw(struct builder *builder, const char *path)
{
    builder->paths[builder->program.path_count] = str_from(path);
    return add(builder, OP_RAW, builder->program.path_count++);
}

static inline uint32_t add_call(struct builder *builder, const struct function *function)
{
    builder->functions[builder->program.function_count] = function;
    return add(builder, OP_CALL, builder->program.function_count++);
}

/* Jumps are written before their target is known. */
static inline void land(struct builder *builder, uint32_t jump)
{
    builder->code[jump].a = builder->program.code_count;
}

static inline uint32_t add_step_code(struct builder *builder, uint32_t args_count)
{
    builder->steps[builder->program.step_count] = (struct step_code){
        .text = STR("collect triage"), .args_count = args_count, .name = STR("t")
    };
    return builder->program.step_count++;
}

/* A rule whose condition begins here; rule_steps must follow. */
static inline struct rule_code *rule_condition(struct builder *builder)
{
    struct rule_code *rule = &builder->rules[builder->program.rule_count++];
    rule->name = STR("r");
    rule->limits = builder->limits;
    rule->limit_count = LIMIT_SCOPES;
    rule->ceiling_place.text = STR("mode");
    rule->condition = builder->program.code_count;
    return rule;
}

static inline void rule_steps(struct builder *builder, struct rule_code *rule)
{
    rule->steps = builder->program.code_count;
}

/* A rule with a given condition already written, and no steps. */
static inline void end_rule(struct builder *builder, struct rule_code *rule)
{
    add(builder, OP_RETURN, 0);
    rule_steps(builder, rule);
    add(builder, OP_HALT, 0);
}

static inline struct source_program *add_source(struct builder *builder, const char *name)
{
    struct source_program *source = &builder->sources[builder->program.source_count++];
    *source = (struct source_program){ .name = str_from(name), .accept = NO_INDEX };
    return source;
}

/* field = raw["path"] in `source`. The mappings of one source are added one after another. */
static inline void add_mapping(
    struct builder *builder, struct source_program *source, enum field field, const char *path)
{
    uint32_t used = builder->program.canonical.mapping_count;
    for (uint32_t i = 0; i < builder->program.source_count; i++)
        used += builder->sources[i].mapping_count;
    builder->mappings[used] =
        (struct mapping){ .field = field, .start = builder->program.code_count };
    if (source->mapping_count == 0)
        source->mappings = &builder->mappings[used];
    source->mapping_count++;
    add_raw(builder, path);
    add(builder, OP_RETURN, 0);
}

static inline void assert_verifies(struct builder *builder)
{
    uint32_t at = 0;
    if (program_verify(&builder->program, &at) != ERR_OK)
        fail_msg("refused at %u", at);
}

static inline void assert_refused_at(struct builder *builder, uint32_t wanted)
{
    uint32_t at = UINT32_MAX;
    enum err err = program_verify(&builder->program, &at);
    if (err != ERR_BYTECODE || at != wanted)
        fail_msg("error %d at %u, wanted a refusal at %u", err, at, wanted);
}
