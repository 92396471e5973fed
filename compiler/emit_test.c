/* emit_test.c - tests to instructions: constants fitted to the other side. */
#include "emit_pass.h"

#include "constant.h"

static enum opcode opcode_of(enum test test)
{
    switch (test) {
    case TEST_EQUAL:
        return OP_EQUAL;
    case TEST_NOT_EQUAL:
        return OP_NOT_EQUAL;
    case TEST_LESS:
        return OP_LESS;
    case TEST_LESS_EQUAL:
        return OP_LESS_EQUAL;
    case TEST_GREATER:
        return OP_GREATER;
    case TEST_GREATER_EQUAL:
        return OP_GREATER_EQUAL;
    case TEST_IN:
        return OP_IN;
    case TEST_NOT_IN:
        return OP_NOT_IN;
    case TEST_BETWEEN:
        return OP_BETWEEN;
    case TEST_NOT_BETWEEN:
        return OP_NOT_BETWEEN;
    case TEST_CONTAINS:
        return OP_CONTAINS;
    case TEST_STARTSWITH:
        return OP_STARTSWITH;
    case TEST_ENDSWITH:
        return OP_ENDSWITH;
    case TEST_LIKE:
        return OP_LIKE;
    case TEST_MATCHES:
        return OP_MATCHES;
    case TEST_IS_NULL:
        return OP_IS_NULL;
    }
    return OP_IS_NULL;
}

/* One side beside something of `type`. */
static void emit_side(struct emit *emit, const struct expr *side, enum type type)
{
    value v;
    value fitted = VALUE_NONE;
    enum type from;
    if (side->is_list && side->kind != EXPR_CALL) {
        emit_op(emit, OP_CONSTANT, 0, emit_list(emit, side, type));
    } else if (constant_of(side, &v, &from) && v.kind != VALUE_LIST) {
        emit_ok(emit, constant_fit(emit->arena, v, from, type, &fitted));
        emit_op(emit, OP_CONSTANT, 0, emit_constant(emit, fitted));
    } else {
        emit_operand(emit, side);
    }
}

/* `ip in "10.0.0.0/8"`: a list of one network. */
static void emit_network(struct emit *emit, value v, enum type from)
{
    value *item = ARENA_NEW(emit->arena, value);
    if (!emit_ok(emit, item == NULL ? ERR_MEMORY : ERR_OK))
        return;
    emit_ok(emit, constant_fit_member(emit->arena, v, from, TYPE_IP, item));
    emit_op(emit, OP_CONSTANT, 0, emit_constant(emit, value_list(item, 1)));
}

static void emit_right(struct emit *emit, const struct expr *expr)
{
    const struct expr *right = expr->test.right;
    enum type type = expr->test.left->type;
    value v;
    enum type from;
    bool is_in = expr->test.test == TEST_IN || expr->test.test == TEST_NOT_IN;
    if (is_in && !right->is_list && constant_of(right, &v, &from))
        emit_network(emit, v, from);
    else if (expr->test.test == TEST_MATCHES)
        emit_side(emit, right, TYPE_REGEX);
    else if (opcode_of(expr->test.test) >= OP_CONTAINS)
        emit_side(emit, right, TYPE_TEXT);
    else
        emit_side(emit, right, type);
}

static unsigned flags_of(const struct expr *expr)
{
    const struct expr *right = expr->test.right;
    unsigned flags = 0;
    if (expr->test.cased)
        flags |= FLAG_CASED;
    if (expr->test.quantifier == QUANTIFIER_ALL)
        flags |= FLAG_ALL;
    if (expr->test.quantifier == QUANTIFIER_ANY)
        flags |= FLAG_ANY;
    if (expr->test.patterns == QUANTIFIER_ALL)
        flags |= FLAG_ALL_RIGHT;
    if (expr->test.left->type == TYPE_RAW || (right != NULL && right->type == TYPE_RAW))
        flags |= FLAG_LOOSE;
    return flags;
}

void emit_test(struct emit *emit, const struct expr *expr)
{
    value v;
    enum type from;
    const struct expr *left = expr->test.left;
    const struct expr *right = expr->test.right;
    if (right != NULL && constant_of(left, &v, &from) && !constant_of(right, &v, &from)
        && !right->is_list)
        emit_side(emit, left, right->type);
    else
        emit_operand(emit, left);
    if (right != NULL)
        emit_right(emit, expr);
    if (expr->test.high != NULL)
        emit_operand(emit, expr->test.high);
    emit_op(emit, opcode_of(expr->test.test), flags_of(expr), 0);
}

void emit_anywhere(struct emit *emit, const struct expr *expr)
{
    unsigned flags = FLAG_LOOSE;
    if (expr->anywhere.cased)
        flags |= FLAG_CASED;
    if (expr->anywhere.patterns == QUANTIFIER_ALL)
        flags |= FLAG_ALL_RIGHT;
    emit_side(
        emit, expr->anywhere.right, expr->anywhere.test == TEST_MATCHES ? TYPE_REGEX : TYPE_TEXT);
    emit_op(emit, OP_ANYWHERE, flags, (uint32_t)opcode_of(expr->anywhere.test));
}
