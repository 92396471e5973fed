/* emit_expr.c - expressions to instructions. */
#include "emit_pass.h"

#include "constant.h"
#include "expand.h"

uint32_t emit_op(struct emit *emit, enum opcode opcode, unsigned flags, uint32_t a)
{
    struct instruction instruction = { (uint8_t)opcode, (uint8_t)flags, a };
    uint32_t at = emit->code.count;
    TABLE_ADD(emit, emit->code, instruction);
    return at;
}

void emit_land(struct emit *emit, uint32_t at)
{
    if (emit->err == ERR_OK)
        emit->code.items[at].a = emit->code.count;
}

struct expr *emit_expanded(struct emit *emit, struct expr *expr)
{
    struct expand expand = { .arena = emit->arena };
    struct expr *made = expand_expr(&expand, expr);
    emit_ok(emit, expand.err);
    return made;
}

static void push(struct emit *emit, value v)
{
    emit_op(emit, OP_CONSTANT, 0, emit_constant(emit, v));
}

/* ---- values ---- */

/* An absent verdict is the verdict `unknown`: nobody looked, or nothing was found. */
static void emit_result(struct emit *emit, const struct expr *expr)
{
    enum result_member member = expr->is.result.member;
    emit_op(
        emit, OP_RESULT, 0, expr->is.result.step->action.index * RESULT_MEMBERS + (uint32_t)member);
    if (member != RESULT_VERDICT)
        return;
    push(emit, (value){ .kind = VALUE_VERDICT, .integer = VERDICT_UNKNOWN });
    emit_op(emit, OP_FIRST, 0, 2);
}

static void emit_name(struct emit *emit, const struct expr *expr)
{
    switch (expr->means) {
    case MEANING_FIELD:
        emit_op(emit, OP_FIELD, 0, (uint32_t)expr->is.field);
        return;
    case MEANING_TAG:
        emit_op(emit, OP_FIELD, 0, FIELD_RESOURCE_TAGS);
        emit_op(emit, OP_TAG, 0, emit_constant(emit, value_text(expr->is.path)));
        return;
    case MEANING_RAW:
        emit_op(emit, OP_RAW, 0, emit_path(emit, expr->is.path));
        return;
    case MEANING_RESULT:
        emit_result(emit, expr);
        return;
    case MEANING_LIST:
        emit_op(emit, OP_CONSTANT, 0, emit_list(emit, expr, expr->type));
        return;
    case MEANING_UNKNOWN:
    case MEANING_LET:
    case MEANING_ENVIRONMENT:
    case MEANING_PARAM:
    case MEANING_SOURCE:
    case MEANING_ENUM:
    case MEANING_FIRST_FIELD: /* a rule that has one has no steps: emit.c */
    case MEANING_FIRST_RAW:
    case MEANING_MACRO:
    case MEANING_FUNCTION:
    case MEANING_CONSTANT:
    case MEANING_FIRST:
    case MEANING_SCALE:
    case MEANING_ONLY_IF:
        break;
    }
    emit_ok(emit, ERR_BYTECODE); /* the checker let something through */
}

static void emit_function_call(struct emit *emit, const struct expr *call)
{
    const struct function *function = call->is.function;
    const struct expr *arg = call->call.arguments;
    for (uint32_t at = 0; at < function->params_count; at++) {
        value v;
        enum type from;
        value fitted = VALUE_NONE;
        if (arg == NULL) {
            push(emit, VALUE_NONE);
            continue;
        }
        if (constant_of(arg, &v, &from)) {
            emit_ok(emit, constant_fit(emit->arena, v, from, function->params[at], &fitted));
            push(emit, fitted);
        } else {
            emit_operand(emit, arg);
        }
        arg = arg->next;
    }
    emit_op(emit, OP_CALL, 0, emit_function(emit, function));
}

static void emit_first(struct emit *emit, const struct expr *call)
{
    uint32_t count = 0;
    for (const struct expr *arg = call->call.arguments; arg != NULL; arg = arg->next, count++) {
        value v;
        enum type from;
        value fitted = VALUE_NONE;
        if (!constant_of(arg, &v, &from)) {
            emit_operand(emit, arg);
            continue;
        }
        emit_ok(emit, constant_fit(emit->arena, v, from, call->type, &fitted));
        push(emit, fitted);
    }
    emit_op(emit, OP_FIRST, 0, count);
}

static void emit_severity(struct emit *emit, str word)
{
    enum severity severity = SEVERITY_INFORMATIONAL;
    if (!severity_find(word, &severity))
        emit_ok(emit, ERR_BYTECODE);
    push(emit, (value){ .kind = VALUE_SEVERITY, .integer = severity });
}

/* From the highest step down: x >= 9 is critical, else x >= 7 is high, ..; of texts x = it. */
static void emit_scale(struct emit *emit, const struct expr *call)
{
    const struct expr *input = call->call.arguments;
    uint32_t count = 0;
    for (const struct expr *arg = input->next; arg != NULL; arg = arg->next)
        count++;
    const struct expr **args = ARENA_ARRAY(emit->arena, const struct expr *, count + 1);
    uint32_t *ends = ARENA_ARRAY(emit->arena, uint32_t, count + 1);
    if (!emit_ok(emit, args == NULL || ends == NULL ? ERR_MEMORY : ERR_OK))
        return;
    uint32_t at = 0;
    for (const struct expr *arg = input->next; arg != NULL; arg = arg->next)
        args[at++] = arg;
    while (at-- > 0) {
        emit_operand(emit, input);
        emit_operand(emit, args[at]);
        bool is_text = args[at]->literal.type == TYPE_TEXT;
        emit_op(emit, is_text ? OP_EQUAL : OP_GREATER_EQUAL, 0, 0);
        uint32_t below = emit_op(emit, OP_JUMP_FALSE, 0, 0);
        emit_severity(emit, literal_label(args[at]));
        ends[at] = emit_op(emit, OP_JUMP, 0, 0);
        emit_land(emit, below);
    }
    push(emit, VALUE_NONE);
    for (at = 0; at < count; at++)
        emit_land(emit, ends[at]);
}

static void emit_only_if(struct emit *emit, const struct expr *call)
{
    const struct expr *input = call->call.arguments;
    const struct expr *wanted = input->next->next;
    emit_operand(emit, input->next);
    emit_operand(emit, wanted);
    emit_op(emit, wanted->kind == EXPR_LIST ? OP_IN : OP_EQUAL, FLAG_LOOSE, 0);
    uint32_t otherwise = emit_op(emit, OP_JUMP_FALSE, 0, 0);
    emit_operand(emit, input);
    uint32_t end = emit_op(emit, OP_JUMP, 0, 0);
    emit_land(emit, otherwise);
    push(emit, VALUE_NONE);
    emit_land(emit, end);
}

static void emit_call(struct emit *emit, const struct expr *call)
{
    if (call->means == MEANING_FUNCTION)
        emit_function_call(emit, call);
    else if (call->means == MEANING_FIRST)
        emit_first(emit, call);
    else if (call->means == MEANING_SCALE)
        emit_scale(emit, call);
    else if (call->means == MEANING_ONLY_IF)
        emit_only_if(emit, call);
    else
        emit_ok(emit, ERR_BYTECODE);
}

static void emit_template(struct emit *emit, const struct expr *literal)
{
    uint32_t count = 0;
    for (const struct expr *part = literal->literal.parts; part != NULL; part = part->next) {
        struct expr *copy = ARENA_NEW(emit->arena, struct expr);
        if (!emit_ok(emit, copy == NULL ? ERR_MEMORY : ERR_OK))
            return;
        *copy = *part;
        emit_operand(emit, emit_expanded(emit, copy));
        count++;
    }
    emit_op(emit, OP_FORMAT, 0, count);
}

/* The type a value has before anything is made of it. */
static enum type own_type(const struct expr *expr)
{
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_RAW)
        return TYPE_RAW;
    if (expr->kind != EXPR_CALL)
        return expr->type;
    if (expr->means == MEANING_FUNCTION)
        return expr->is.function->returns;
    if (expr->means == MEANING_FIRST || expr->means == MEANING_ONLY_IF)
        return expr->call.arguments->type;
    return expr->type;
}

void emit_operand(struct emit *emit, const struct expr *expr)
{
    value v;
    enum type from;
    if (constant_of(expr, &v, &from))
        push(emit, v);
    else if (expr->kind == EXPR_LITERAL)
        emit_template(emit, expr);
    else if (expr->kind == EXPR_FIELD)
        emit_name(emit, expr);
    else if (expr->kind == EXPR_CALL)
        emit_call(emit, expr);
    else if (expr->kind == EXPR_LIST)
        emit_op(emit, OP_CONSTANT, 0, emit_list(emit, expr, expr->type));
    else if (expr->kind == EXPR_REGEX)
        push(emit, (value){ .kind = VALUE_REGEX,
                       .integer = emit_regex(emit, expr->regex.pattern, expr->regex.flags) });
    else
        emit_condition(emit, expr);
    if (own_type(expr) == TYPE_RAW && expr->type != TYPE_RAW && expr->type != TYPE_COUNT)
        emit_op(emit, OP_CONVERT, 0, (uint32_t)expr->type);
}

/* ---- conditions ---- */

/* The field that a name reads, of a tag all of them. */
static enum field field_of(const struct expr *name)
{
    return name->means == MEANING_TAG ? FIELD_RESOURCE_TAGS : name->is.field;
}

/* Of raw JSON as it is written, so that each element is asked whether it fits. */
static void emit_unknown(struct emit *emit, const struct expr *expr)
{
    const struct expr *operand = expr->exists.operand;
    if (operand->kind == EXPR_FIELD && operand->means == MEANING_RAW)
        emit_name(emit, operand);
    else
        emit_operand(emit, operand);
    emit_op(
        emit, OP_UNKNOWN, expr->exists.is_loose ? FLAG_LOOSE : 0, (uint32_t)expr->exists.read_as);
    if (operand->kind != EXPR_FIELD || operand->means != MEANING_FIELD)
        return;
    uint32_t end = emit_op(emit, OP_OR, 0, 0);
    emit_op(emit, OP_LOST, 0, (uint32_t)operand->is.field);
    emit_land(emit, end);
}

/* `a and b and c`: a; AND end; b; AND end; c. From the end of the left spine up. */
static void emit_chain(struct emit *emit, const struct expr *top)
{
    uint32_t count = 0;
    const struct expr *end = top;
    for (; end->kind == EXPR_AND || end->kind == EXPR_OR; end = end->binary.left)
        count++;
    const struct expr *few[SPINE_FEW];
    const struct expr **spine =
        count <= SPINE_FEW ? few : ARENA_ARRAY(emit->arena, const struct expr *, count);
    if (!emit_ok(emit, spine == NULL ? ERR_MEMORY : ERR_OK))
        return;
    uint32_t at = count;
    for (const struct expr *node = top; at > 0; node = node->binary.left)
        spine[--at] = node;
    emit_condition(emit, end);
    for (; at < count; at++) {
        uint32_t jump = emit_op(emit, spine[at]->kind == EXPR_AND ? OP_AND : OP_OR, 0, 0);
        emit_condition(emit, spine[at]->binary.right);
        emit_land(emit, jump);
    }
}

static void emit_not(struct emit *emit, const struct expr *expr)
{
    bool is_odd = false;
    for (; expr->kind == EXPR_NOT; expr = expr->operand)
        is_odd = !is_odd;
    emit_condition(emit, expr);
    if (is_odd)
        emit_op(emit, OP_NOT, 0, 0);
}

void emit_condition(struct emit *emit, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_TEST:
        emit_test(emit, expr);
        break;
    case EXPR_ANYWHERE:
        emit_anywhere(emit, expr);
        break;
    case EXPR_EXISTS:
        if (expr->exists.is_lost) {
            emit_op(emit, OP_LOST, 0, (uint32_t)field_of(expr->exists.operand));
            break;
        }
        if (expr->exists.is_unknown) {
            emit_unknown(emit, expr);
            break;
        }
        emit_operand(emit, expr->exists.operand);
        emit_op(emit, expr->exists.is_missing ? OP_MISSING : OP_EXISTS, 0, 0);
        break;
    case EXPR_NOT:
        emit_not(emit, expr);
        break;
    case EXPR_AND:
    case EXPR_OR:
        emit_chain(emit, expr);
        break;
    case EXPR_LITERAL:
    case EXPR_REGEX:
    case EXPR_FIELD:
    case EXPR_CALL:
    case EXPR_LIST:
        /* true or false, or absent: then the condition is false. */
        emit_operand(emit, expr);
        push(emit, value_bool(true));
        emit_op(emit, OP_EQUAL, 0, 0);
        break;
    case EXPR_SEVERAL:
        /* What one alert can answer is the rest; see rule_code.needs_state. */
        push(emit, value_bool(true));
        break;
    }
}
