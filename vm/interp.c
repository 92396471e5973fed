#include "interp.h"

#include "base/buf.h"
#include "function.h"
#include "match/operate.h"
#include "match/tags.h"

/* FORMAT makes messages; the longest that a provider takes is far below. */
enum { FORMAT_BYTES_MAX = 256 * 1024, BYTES_PER_UNIT = 64 };

struct machine {
    const struct program *program;
    const struct event *event;
    struct arena *arena;
    struct stepper *stepper;          /* NULL in a fragment with a value */
    const struct kept_result *newest; /* steps are few, so a row of them is searched */
    uint32_t budget;
    uint32_t at; /* the next instruction */
    uint32_t depth;
    value stack[STACK_MAX];
};

static void push(struct machine *machine, value v)
{
    assert(machine->depth < STACK_MAX);
    machine->stack[machine->depth++] = v;
}

static value pop(struct machine *machine)
{
    assert(machine->depth > 0);
    return machine->stack[--machine->depth];
}

/* The topmost `count` values, first pushed first; they stay valid until the next push. */
static const value *pop_all(struct machine *machine, uint32_t count)
{
    assert(machine->depth >= count);
    machine->depth -= count;
    return machine->stack + machine->depth;
}

/* A condition holds when it is true; a list of truths when any is. */
static bool is_true(value v)
{
    const value *items = value_items(v);
    if (items == NULL)
        return v.kind == VALUE_BOOL && v.boolean;
    for (uint32_t i = 0; i < v.count; i++)
        if (items[i].kind == VALUE_BOOL && items[i].boolean)
            return true;
    return false;
}

static bool says_something(value v)
{
    bool is_empty = v.kind == VALUE_LIST && v.count == 0;
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && !is_empty;
}

static enum err spend(struct machine *machine, size_t units)
{
    if (units > machine->budget)
        return ERR_BUDGET;
    machine->budget -= (uint32_t)units;
    return ERR_OK;
}

/* ---- values ---- */

static value first_of(const value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (says_something(values[i]))
            return values[i];
    return VALUE_NONE;
}

static value result_member(const struct machine *machine, uint32_t a)
{
    const struct kept_result *kept = machine->newest;
    while (kept != NULL && kept->step != a / RESULT_MEMBERS)
        kept = kept->older;
    return kept == NULL ? VALUE_NONE : kept->result.members[a % RESULT_MEMBERS];
}

static enum err format(struct machine *machine, const value *values, uint32_t count)
{
    CLEANUP(buf_release) struct buf out = BUF_INIT(FORMAT_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        str text = value_print(machine->arena, values[i]);
        if (text.ptr == NULL)
            return ERR_MEMORY;
        TRY(spend(machine, text.len / BYTES_PER_UNIT));
        buf_add(&out, text);
    }
    if (out.err != ERR_OK)
        return out.err;
    str text = arena_copy(machine->arena, buf_str(&out));
    if (text.ptr == NULL)
        return ERR_MEMORY;
    push(machine, value_text(text));
    return ERR_OK;
}

static enum err convert(struct machine *machine, enum type type)
{
    value converted;
    value v = pop(machine);
    TRY(spend(machine, value_items(v) == NULL ? 0 : v.count));
    TRY(value_convert(machine->arena, v, type, &converted));
    push(machine, converted);
    return ERR_OK;
}

static enum err tag(struct machine *machine, value key)
{
    value v = VALUE_NONE;
    size_t bytes = 0;
    value tags = pop(machine);
    if (key.kind == VALUE_TEXT)
        TRY(tags_find(machine->arena, tags, value_str(key), &v, &bytes));
    TRY(spend(machine, bytes / BYTES_PER_UNIT));
    push(machine, v);
    return ERR_OK;
}

/* ---- functions ---- */

/* `args` converted to what the function declares. *ret_complete: all that it needs is there. */
static enum err convert_args(struct machine *machine, const struct function *function,
    const value *args, value *converted, bool *ret_complete)
{
    *ret_complete = true;
    for (uint32_t i = 0; i < function->params_count; i++) {
        bool is_needed = i < function->params_count - function->optional_count;
        TRY(value_convert(machine->arena, args[i], function->params[i], &converted[i]));
        bool is_there = converted[i].kind != VALUE_ABSENT && converted[i].kind != VALUE_NULL;
        bool was_given = args[i].kind != VALUE_ABSENT;
        if (!is_there && (is_needed || was_given))
            *ret_complete = false;
    }
    return ERR_OK;
}

/* The function of each element of the first argument; absent when it has a value for none. */
static enum err call_each(
    struct machine *machine, const struct function *function, value *args, value *ret_value)
{
    const value *items = value_items(args[0]);
    uint32_t count = args[0].count;
    uint32_t kept = 0;
    value *results = ARENA_ARRAY(machine->arena, value, count);
    if (results == NULL)
        return ERR_MEMORY;
    TRY(spend(machine, count));
    for (uint32_t i = 0; i < count; i++) {
        args[0] = items[i];
        if (items[i].kind == VALUE_NULL)
            continue;
        TRY(function->call(machine->arena, args, &results[kept]));
        kept += results[kept].kind != VALUE_ABSENT;
    }
    *ret_value = kept == 0 && count > 0 ? VALUE_NONE : value_list(results, kept);
    return ERR_OK;
}

static enum err call(struct machine *machine, const struct function *function)
{
    value args[FUNCTION_PARAMS_MAX];
    value result = VALUE_NONE;
    bool is_complete;
    const value *given = pop_all(machine, function->params_count);
    for (uint32_t i = 0; i < function->params_count; i++)
        TRY(spend(machine, value_str(given[i]).len / BYTES_PER_UNIT));
    TRY(convert_args(machine, function, given, args, &is_complete));
    bool is_list = function->params_count > 0 && value_items(args[0]) != NULL;
    is_complete = is_complete || function->takes_absent;
    if (is_complete && is_list && !function->takes_list)
        TRY(call_each(machine, function, args, &result));
    else if (is_complete)
        TRY(function->call(machine->arena, args, &result));
    push(machine, result);
    return ERR_OK;
}

/* ---- tests ---- */

static enum err element_fits(
    struct machine *machine, const struct instruction *in, value v, bool *ret_fits)
{
    value converted = v;
    bool is_text = in->a == TYPE_TEXT && (in->flags & FLAG_LOOSE) == 0;
    if (in->a != TYPE_RAW)
        TRY(value_convert(machine->arena, v, (enum type)in->a, &converted));
    *ret_fits = converted.kind != VALUE_ABSENT && converted.kind != VALUE_NULL
                && converted.kind != VALUE_OBJECT && (!is_text || v.kind == VALUE_TEXT);
    return ERR_OK;
}

/* Whether some of the value decides nothing. */
static enum err test_unknown(struct machine *machine, const struct instruction *in)
{
    value v = pop(machine);
    const value *items = value_items(v);
    bool is_list = items != NULL || v.kind == VALUE_LIST;
    uint32_t count = is_list ? v.count : 1;
    bool fits = count > 0;
    TRY(spend(machine, count));
    for (uint32_t i = 0; fits && i < count; i++)
        TRY(element_fits(machine, in, is_list ? items[i] : v, &fits));
    push(machine, value_bool(!fits));
    return ERR_OK;
}

static struct operation operation_of(struct machine *machine, const struct instruction *in)
{
    return (struct operation){
        .opcode = (enum opcode)in->opcode,
        .flags = in->flags,
        .program = machine->program,
        .arena = machine->arena,
        .budget = &machine->budget,
    };
}

static enum err test(struct machine *machine, const struct instruction *in)
{
    const struct operation operation = operation_of(machine, in);
    bool holds;
    value right = pop(machine);
    value left = pop(machine);
    TRY(operate(&operation, left, right, &holds));
    push(machine, value_bool(holds));
    return ERR_OK;
}

static enum err test_between(struct machine *machine, const struct instruction *in)
{
    const struct operation operation = operation_of(machine, in);
    bool holds;
    const value *values = pop_all(machine, 3);
    TRY(operate_between(&operation, values[0], values[1], values[2], &holds));
    push(machine, value_bool(holds));
    return ERR_OK;
}

struct leaf_test {
    struct operation operation;
    value pattern;
    enum err err;
};

/* A function for json_leaves: true ends the search. */
static bool test_leaf(void *self, str leaf)
{
    struct leaf_test *test = self;
    bool holds = false;
    test->err = operate(&test->operation, value_text(leaf), test->pattern, &holds);
    return holds || test->err != ERR_OK;
}

static enum err find_leaf(struct machine *machine, struct leaf_test *test, bool *ret_found)
{
    str json = machine->event->text;
    TRY(spend(machine, json.len / BYTES_PER_UNIT));
    TRY(json_leaves(json, test_leaf, test, ret_found));
    return test->err;
}

/* With ALL_RIGHT each pattern may meet another leaf, so each is looked for by itself. */
static enum err test_anywhere(struct machine *machine, const struct instruction *in)
{
    struct leaf_test test = { .operation = operation_of(machine, in) };
    value patterns = pop(machine);
    const value *items = value_items(patterns);
    bool is_each = items != NULL && (in->flags & FLAG_ALL_RIGHT) != 0;
    uint32_t count = is_each ? patterns.count : 1;
    bool holds = count > 0;
    test.operation.opcode = (enum opcode)in->a;
    test.operation.flags = in->flags & FLAG_CASED;
    for (uint32_t i = 0; holds && i < count; i++) {
        test.pattern = is_each ? items[i] : patterns;
        TRY(find_leaf(machine, &test, &holds));
    }
    push(machine, value_bool(holds));
    return ERR_OK;
}

/* ---- flow ---- */

/* AND and OR: the value that decides stays. */
static void shortcut(struct machine *machine, uint32_t target, bool decides)
{
    bool holds = is_true(pop(machine));
    if (holds != decides)
        return;
    push(machine, value_bool(holds));
    machine->at = target;
}

static bool takes_every_branch(const struct machine *machine)
{
    return machine->stepper != NULL && machine->stepper->takes_every_branch;
}

static enum err run_step(struct machine *machine, uint32_t index, bool *ret_stops)
{
    const struct step_code *code = &machine->program->steps[index];
    struct kept_result *kept = ARENA_NEW(machine->arena, struct kept_result);
    const value *args = pop_all(machine, code->args_count);
    if (kept == NULL)
        return ERR_MEMORY;
    TRY(machine->stepper->run(machine->stepper, index, args, &kept->result));
    kept->step = index;
    kept->older = machine->newest;
    machine->newest = kept;
    *ret_stops = code->stops_on_failure && kept->result.has_failed;
    return ERR_OK;
}

/* Run the verified fragment at machine->at. *ret_value is absent after HALT. */
static enum err interp_run(struct machine *machine, value *ret_value)
{
    const struct program *program = machine->program;
    const struct event *event = machine->event;
    bool stops = false;
    for (;;) {
        assert(machine->at < program->code_count);
        const struct instruction *in = &program->code[machine->at++];
        TRY(spend(machine, 1));
        switch ((enum opcode)in->opcode) {
        case OP_CONSTANT:
            push(machine, program->constants[in->a]);
            break;
        case OP_RAW:
            push(machine, in->a < event->raw.count ? event->raw.values[in->a] : VALUE_NONE);
            break;
        case OP_FIELD:
            push(machine, event->fields[in->a]);
            break;
        case OP_TAG:
            TRY(tag(machine, program->constants[in->a]));
            break;
        case OP_RESULT:
            push(machine, result_member(machine, in->a));
            break;
        case OP_CONVERT:
            TRY(convert(machine, (enum type)in->a));
            break;
        case OP_CALL:
            TRY(call(machine, program->functions[in->a]));
            break;
        case OP_FIRST:
            push(machine, first_of(pop_all(machine, in->a), in->a));
            break;
        case OP_FORMAT:
            TRY(format(machine, pop_all(machine, in->a), in->a));
            break;
        case OP_EQUAL:
        case OP_NOT_EQUAL:
        case OP_LESS:
        case OP_LESS_EQUAL:
        case OP_GREATER:
        case OP_GREATER_EQUAL:
        case OP_IN:
        case OP_NOT_IN:
        case OP_CONTAINS:
        case OP_STARTSWITH:
        case OP_ENDSWITH:
        case OP_LIKE:
        case OP_MATCHES:
            TRY(test(machine, in));
            break;
        case OP_BETWEEN:
        case OP_NOT_BETWEEN:
            TRY(test_between(machine, in));
            break;
        case OP_EXISTS:
            push(machine, value_bool(pop(machine).kind != VALUE_ABSENT));
            break;
        case OP_MISSING:
            push(machine, value_bool(pop(machine).kind == VALUE_ABSENT));
            break;
        case OP_UNKNOWN:
            TRY(test_unknown(machine, in));
            break;
        case OP_LOST:
            push(machine, value_bool(event->lost[in->a]));
            break;
        case OP_IS_NULL:
            push(machine, value_bool(operate_is_null(in->flags, pop(machine))));
            break;
        case OP_ANYWHERE:
            TRY(test_anywhere(machine, in));
            break;
        case OP_NOT:
            push(machine, value_bool(!is_true(pop(machine))));
            break;
        case OP_JUMP:
            machine->at = in->a;
            break;
        case OP_JUMP_FALSE:
            if (!is_true(pop(machine)))
                machine->at = in->a;
            break;
        case OP_AND:
            shortcut(machine, in->a, false);
            break;
        case OP_OR:
            shortcut(machine, in->a, true);
            break;
        case OP_BRANCH:
            if (!is_true(pop(machine)) && !takes_every_branch(machine))
                machine->at = in->a;
            break;
        case OP_JOIN:
            if (!takes_every_branch(machine))
                machine->at = in->a;
            break;
        case OP_STEP:
            TRY(run_step(machine, in->a, &stops));
            if (!stops)
                break;
            *ret_value = VALUE_NONE;
            return ERR_OK;
        case OP_RETURN:
            *ret_value = pop(machine);
            return ERR_OK;
        case OP_HALT:
            *ret_value = VALUE_NONE;
            return ERR_OK;
        case OP_COUNT:
            return ERR_BYTECODE;
        }
    }
}

enum err interp_probe(const struct program *program, uint32_t start, const struct event *event,
    const struct kept_result *newest, struct arena *arena, value *ret_value)
{
    struct machine machine;
    machine.program = program;
    machine.event = event;
    machine.arena = arena;
    machine.stepper = NULL;
    machine.newest = newest;
    machine.budget = INSTRUCTION_BUDGET;
    machine.at = start;
    machine.depth = 0; /* the stack itself need not be cleared */
    return interp_run(&machine, ret_value);
}

enum err interp_value(const struct program *program, uint32_t start, const struct event *event,
    struct arena *arena, value *ret_value)
{
    return interp_probe(program, start, event, NULL, arena, ret_value);
}

enum err interp_steps(const struct program *program, uint32_t start, const struct event *event,
    struct arena *arena, struct stepper *stepper)
{
    struct machine machine = {
        .program = program,
        .event = event,
        .arena = arena,
        .stepper = stepper,
        .budget = INSTRUCTION_BUDGET,
        .at = start,
    };
    value none;
    return interp_run(&machine, &none);
}

enum err rule_passes(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_passes)
{
    value holds;
    TRY(interp_value(program, rule->condition, event, arena, &holds));
    *ret_passes = is_true(holds);
    return ERR_OK;
}

enum err rule_matches(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_matches)
{
    TRY(rule_passes(program, rule, event, arena, ret_matches));
    *ret_matches = *ret_matches && rule->needs_state.len == 0;
    return ERR_OK;
}
