/* The proof that a program is safe to interpret. Jumps only go forward (the language has
 * no loops), so one pass in program order sees every predecessor of an instruction before
 * the instruction itself; its cost is the size of the program. */
#include "bytecode.h"

#include "function.h"
#include "zone.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_UNKNOWN = -1 };

/* What a fragment may do. */
enum context { CONTEXT_NONE, CONTEXT_SOURCE, CONTEXT_CONDITION, CONTEXT_STEPS, CONTEXT_PROBE };

struct verifier {
    const struct program *program;
    int16_t *depths;          /* by instruction: values on the stack before it */
    uint8_t *contexts;        /* by instruction: enum context of the fragment that begins there */
    uint32_t *step_fragments; /* by step: the fragment that runs it, plus 1; 0: none yet */
    enum context context;     /* of the fragment around `at` */
    uint32_t fragment;        /* where it begins */
    uint32_t end;             /* where the next one begins */
    uint32_t at;
};

static void verifier_release(struct verifier *verifier)
{
    free(verifier->depths);
    free(verifier->contexts);
    free(verifier->step_fragments);
}

/* ---- tables ---- */

static bool scalar_is_sound(const struct program *program, value v)
{
    switch (v.kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_TIME:
    case VALUE_DURATION:
        return true;
    case VALUE_TEXT:
        return v.text != NULL || v.count == 0;
    case VALUE_IP:
    case VALUE_CIDR:
        return v.ip != NULL && v.ip->bits <= 128;
    case VALUE_SEVERITY:
        return v.integer >= 0 && v.integer < SEVERITY_COUNT;
    case VALUE_VERDICT:
        return v.integer >= 0 && v.integer < VERDICT_COUNT;
    case VALUE_REGEX:
        return v.integer >= 0 && v.integer < program->regex_count
               && program->regexes[v.integer] != NULL;
    case VALUE_ZONE:
        return v.zone != NULL && v.zone->count <= ZONE_CHANGES_MAX
               && (v.zone->changes != NULL || v.zone->count == 0);
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_OBJECT:
        return false; /* lists do not nest; objects come from alerts alone */
    }
    return false;
}

static bool constant_is_sound(const struct program *program, value v)
{
    if (v.kind != VALUE_LIST && v.kind != VALUE_SET)
        return scalar_is_sound(program, v);
    if (v.kind == VALUE_SET && (v.set == NULL || v.count == 0))
        return false;
    const value *items = value_items(v);
    if (v.count > LIST_VALUES_MAX || (items == NULL && v.count > 0))
        return false;
    for (uint32_t i = 0; i < v.count; i++)
        if (!scalar_is_sound(program, items[i]))
            return false;
    return true;
}

/* Somebody is asked in every stage, and for a time. */
static bool step_is_sound(const struct step_code *step)
{
    for (uint32_t i = 0; i < step->stage_count; i++)
        if (step->stages[i].role_count == 0 || step->stages[i].needed == 0
            || step->stages[i].within_ms <= 0)
            return false;
    return step->args_count <= STEP_PARAMS_MAX && step->for_ms >= 0 && step->timeout_ms >= 0;
}

/* A rule without a limit of some scope would act on as many targets as there are. */
static bool bounds_are_sound(const struct program *program, const struct rule_code *rule)
{
    unsigned scopes = 0;
    for (uint32_t i = 0; i < rule->limit_count; i++) {
        const struct limit_code *limit = &rule->limits[i];
        if (limit->scope >= LIMIT_SCOPES || limit->targets == 0 || limit->window_ms <= 0)
            return false;
        scopes |= 1U << limit->scope;
    }
    return scopes == (1U << LIMIT_SCOPES) - 1 && rule->ceiling < CEILING_COUNT
           && rule->text_index < program->text_count
           && (rule->dedup_key_count == 0 || rule->dedup_ms > 0);
}

static bool guard_is_sound(const struct program *program, const struct guard_code *guard)
{
    return guard->kind <= GUARD_CONNECTION && guard->verb < VERB_COUNT
           && guard->ceiling < CEILING_COUNT && guard->text_index < program->text_count
           && (guard->certain != NO_INDEX || guard->possible == NO_INDEX);
}

static bool tables_are_sound(const struct program *program)
{
    for (uint32_t i = 0; i < program->constant_count; i++)
        if (!constant_is_sound(program, program->constants[i]))
            return false;
    for (uint32_t i = 0; i < program->function_count; i++)
        if (program->functions[i] == NULL
            || program->functions[i]->params_count > FUNCTION_PARAMS_MAX)
            return false;
    for (uint32_t i = 0; i < program->step_count; i++)
        if (!step_is_sound(&program->steps[i]))
            return false;
    for (uint32_t i = 0; i < program->rule_count; i++)
        if (!bounds_are_sound(program, &program->rules[i]))
            return false;
    for (uint32_t i = 0; i < program->guard_count; i++)
        if (!guard_is_sound(program, &program->guards[i]))
            return false;
    return true;
}

/* ---- fragments ---- */

/* Note that a fragment begins at `start`. Two may share one when they may do the same,
 * but steps have one rule. */
static bool enter(struct verifier *verifier, uint32_t start, enum context context)
{
    verifier->at = start;
    if (start >= verifier->program->code_count)
        return false;
    enum context before = (enum context)verifier->contexts[start];
    if (before != CONTEXT_NONE && (before != context || context == CONTEXT_STEPS))
        return false;
    verifier->contexts[start] = (uint8_t)context;
    return true;
}

static bool enter_source(struct verifier *verifier, const struct source_program *source)
{
    if (source->accept != NO_INDEX && !enter(verifier, source->accept, CONTEXT_SOURCE))
        return false;
    for (uint32_t i = 0; i < source->mapping_count; i++)
        if (source->mappings[i].field >= FIELD_COUNT
            || !enter(verifier, source->mappings[i].start, CONTEXT_SOURCE))
            return false;
    return true;
}

/* A condition that may be in doubt, and what it reads. */
static bool enter_doubt(struct verifier *verifier, uint32_t certain, uint32_t possible,
    const struct excuse_read *reads, uint32_t read_count)
{
    if (!enter(verifier, certain, CONTEXT_CONDITION)
        || (possible != NO_INDEX && !enter(verifier, possible, CONTEXT_CONDITION)))
        return false;
    for (uint32_t at = 0; at < read_count; at++)
        if (!enter(verifier, reads[at].start, CONTEXT_CONDITION)
            || !enter(verifier, reads[at].unknown, CONTEXT_CONDITION))
            return false;
    return true;
}

static bool enter_rule(struct verifier *verifier, const struct rule_code *rule)
{
    if (!enter(verifier, rule->condition, CONTEXT_CONDITION)
        || !enter(verifier, rule->steps, CONTEXT_STEPS))
        return false;
    for (uint32_t i = 0; i < rule->excuse_count; i++) {
        const struct excuse_code *excuse = &rule->excuses[i];
        if (!enter_doubt(
                verifier, excuse->certain, excuse->possible, excuse->reads, excuse->read_count))
            return false;
    }
    for (uint32_t i = 0; i < rule->dedup_key_count; i++)
        if (!enter(verifier, rule->dedup_keys[i], CONTEXT_CONDITION))
            return false;
    return true;
}

static bool enter_all(struct verifier *verifier)
{
    const struct program *program = verifier->program;
    for (uint32_t i = 0; i < program->source_count; i++)
        if (!enter_source(verifier, &program->sources[i]))
            return false;
    if (!enter_source(verifier, &program->canonical))
        return false;
    for (uint32_t i = 0; i < program->rule_count; i++)
        if (!enter_rule(verifier, &program->rules[i]))
            return false;
    for (uint32_t i = 0; i < program->guard_count; i++) {
        const struct guard_code *guard = &program->guards[i];
        if (guard->certain != NO_INDEX
            && !enter_doubt(
                verifier, guard->certain, guard->possible, guard->reads, guard->read_count))
            return false;
    }
    for (uint32_t i = 0; i < program->probe_count; i++)
        if (!enter(verifier, program->probes[i], CONTEXT_PROBE))
            return false;
    return true;
}

/* ---- instructions ---- */

static bool is_text_test(uint32_t opcode)
{
    return opcode >= OP_CONTAINS && opcode <= OP_MATCHES;
}

static bool flags_are_known(const struct instruction *in)
{
    const uint8_t known = FLAG_CASED | FLAG_ALL | FLAG_LOOSE | FLAG_ALL_RIGHT | FLAG_ANY;
    bool is_test = in->opcode >= OP_EQUAL && in->opcode <= OP_ANYWHERE;
    return is_test ? (in->flags & ~known) == 0 : in->flags == 0;
}

static bool operand_is_in_range(const struct program *program, enum operand operand, uint32_t a)
{
    switch (operand) {
    case OPERAND_NONE:
        return a == 0;
    case OPERAND_CONSTANT:
        return a < program->constant_count;
    case OPERAND_PATH:
        return a < program->path_count;
    case OPERAND_FIELD:
        return a < FIELD_COUNT;
    case OPERAND_MEMBER:
        return a / RESULT_MEMBERS < program->step_count;
    case OPERAND_TYPE:
        return a < TYPE_COUNT;
    case OPERAND_FUNCTION:
        return a < program->function_count;
    case OPERAND_COUNT:
        return a >= 1 && a <= STACK_MAX;
    case OPERAND_TEST:
        return is_text_test(a);
    case OPERAND_TARGET:
        return a < program->code_count;
    case OPERAND_STEP:
        return a < program->step_count;
    }
    return false;
}

/* Whether this kind of fragment may hold the instruction. */
static bool context_allows(struct verifier *verifier, const struct instruction *in)
{
    uint32_t *runs;
    bool is_steps = verifier->context == CONTEXT_STEPS;
    switch ((int)in->opcode) {
    case OP_STEP:
        runs = &verifier->step_fragments[in->a];
        if (!is_steps || *runs != 0)
            return false;
        *runs = verifier->fragment + 1;
        return true;
    case OP_RESULT:
        if (verifier->context == CONTEXT_PROBE)
            return true;
        return is_steps
               && verifier->step_fragments[in->a / RESULT_MEMBERS] == verifier->fragment + 1;
    case OP_HALT:
    case OP_BRANCH:
    case OP_JOIN:
        return is_steps;
    case OP_RETURN:
        return !is_steps;
    case OP_FIELD:
        return verifier->context != CONTEXT_SOURCE;
    default:
        return true;
    }
}

static int pops_of(const struct program *program, const struct instruction *in)
{
    int pops = opcode_info(in->opcode)->pops;
    if (pops == POPS_ARGS)
        return (int)program->functions[in->a]->params_count;
    if (pops == POPS_COUNT)
        return (int)in->a;
    if (pops == POPS_STEP)
        return (int)program->steps[in->a].args_count;
    return pops;
}

/* Note that `target`, further on in the same fragment, is reached with `depth` values;
 * false when another way reaches it with a different number. */
static bool join(struct verifier *verifier, uint32_t target, int depth)
{
    if (target <= verifier->at || target >= verifier->end || depth > STACK_MAX)
        return false;
    int16_t *known = &verifier->depths[target];
    if (*known == DEPTH_UNKNOWN)
        *known = (int16_t)depth;
    return *known == depth;
}

/* Both ways on from a jump: at its target, and behind it. */
static bool flow(struct verifier *verifier, const struct instruction *in, int depth)
{
    int at_target = depth;
    switch ((int)in->opcode) {
    case OP_RETURN:
        return depth == 0; /* the value itself is popped */
    case OP_HALT:
        return depth == 0;
    case OP_JUMP:
        return join(verifier, in->a, depth);
    case OP_AND:
    case OP_OR:
        at_target = depth + 1; /* the jump keeps the value */
        break;
    default:
        break;
    }
    if (opcode_info(in->opcode)->operand == OPERAND_TARGET && !join(verifier, in->a, at_target))
        return false;
    return join(verifier, verifier->at + 1, depth);
}

static bool instruction_is_sound(struct verifier *verifier)
{
    const struct program *program = verifier->program;
    const struct instruction *in = &program->code[verifier->at];
    const struct opcode_info *info = opcode_info(in->opcode);
    int depth = verifier->depths[verifier->at];
    if (info == NULL || depth == DEPTH_UNKNOWN /* no way leads here */
        || !operand_is_in_range(program, info->operand, in->a) || !flags_are_known(in)
        || !context_allows(verifier, in))
        return false;
    depth -= pops_of(program, in);
    return depth >= 0 && depth + info->pushes <= STACK_MAX
           && flow(verifier, in, depth + info->pushes);
}

static void begin_fragment(struct verifier *verifier)
{
    uint32_t at = verifier->at;
    verifier->context = (enum context)verifier->contexts[at];
    verifier->fragment = at;
    verifier->depths[at] = 0;
    do
        at++;
    while (at < verifier->program->code_count && verifier->contexts[at] == CONTEXT_NONE);
    verifier->end = at;
}

static enum err verify_code(struct verifier *verifier)
{
    for (verifier->at = 0; verifier->at < verifier->program->code_count; verifier->at++) {
        if (verifier->contexts[verifier->at] != CONTEXT_NONE)
            begin_fragment(verifier);
        if (!instruction_is_sound(verifier))
            return ERR_BYTECODE;
    }
    return ERR_OK;
}

static enum err verify(struct verifier *verifier)
{
    const struct program *program = verifier->program;
    size_t code = (size_t)program->code_count + 1; /* calloc of nothing may be NULL */
    verifier->depths = malloc(code * sizeof *verifier->depths);
    verifier->contexts = calloc(code, sizeof *verifier->contexts);
    verifier->step_fragments =
        calloc((size_t)program->step_count + 1, sizeof *verifier->step_fragments);
    if (verifier->depths == NULL || verifier->contexts == NULL || verifier->step_fragments == NULL)
        return ERR_MEMORY;
    memset(verifier->depths, 0xFF, code * sizeof *verifier->depths);
    static_assert(DEPTH_UNKNOWN == -1, "memset above writes DEPTH_UNKNOWN");
    if (!tables_are_sound(program) || !enter_all(verifier))
        return ERR_BYTECODE;
    return verify_code(verifier);
}

enum err program_verify(const struct program *program, uint32_t *reterr_at)
{
    CLEANUP(verifier_release) struct verifier verifier = { .program = program };
    enum err err = verify(&verifier);
    if (err == ERR_BYTECODE)
        *reterr_at = verifier.at;
    return err;
}
