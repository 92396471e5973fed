/* expand.c - lets and macros written out. The depth of the recursion is bounded by
 * NESTING_MAX twice: of parentheses in the text, of declarations in each other. */
#include "expand.h"

#include "base/limits.h"
#include "constant.h"

/* The arguments of the macro around, expanded. */
struct frame {
    struct expr **args;
    uint32_t *sizes; /* nodes of each: they count wherever the argument stands */
};

static struct expr *expand(struct expand *e, struct expr *expr, const struct frame *frame);

static void fail(struct expand *e, enum err err)
{
    if (e->err == ERR_OK)
        e->err = err;
}

static struct expr *copy(struct expand *e, const struct expr *expr)
{
    struct expr *made = ARENA_NEW(e->arena, struct expr);
    if (made == NULL)
        fail(e, ERR_MEMORY);
    else
        *made = *expr;
    return made;
}

/* `expr` where something of `type` is wanted: a literal becomes it, raw JSON is read so. */
static struct expr *retype(struct expand *e, struct expr *expr, enum type type)
{
    value v;
    enum type from;
    if (type == TYPE_COUNT || expr->type == type || expr->is_list)
        return expr;
    bool is_constant = constant_of(expr, &v, &from);
    if (!is_constant && expr->type != TYPE_RAW)
        return expr;
    struct expr *made = copy(e, expr);
    if (made == NULL)
        return expr;
    made->type = type;
    if (!is_constant)
        return made;
    if (expr->kind != EXPR_LITERAL)
        made->literal.label = NULL; /* another member was there */
    made->kind = EXPR_LITERAL;
    made->means = MEANING_UNKNOWN;
    made->literal.type = type;
    made->literal.parts = NULL;
    enum err err = constant_fit(e->arena, v, from, type, &made->literal.value);
    if (err != ERR_OK)
        fail(e, err);
    return made;
}

/* A list of expressions; the same list when nothing changed. */
static struct expr *expand_list(struct expand *e, struct expr *first, const struct frame *frame)
{
    struct expr *made = NULL;
    struct expr **last = &made;
    bool is_changed = false;
    for (struct expr *expr = first; expr != NULL && e->err == ERR_OK; expr = expr->next) {
        struct expr *one = expand(e, expr, frame);
        is_changed = is_changed || one != expr;
        struct expr *linked = copy(e, one);
        if (linked == NULL)
            return first;
        linked->next = NULL;
        *last = linked;
        last = &linked->next;
    }
    return is_changed ? made : first;
}

static struct expr *expand_macro(struct expand *e, struct expr *call, const struct frame *frame)
{
    const struct item *macro = call->is.declaration;
    struct frame inner;
    uint32_t count = 0;
    for (const struct macro_param *param = macro->macro.params; param != NULL; param = param->next)
        count++;
    inner.args = ARENA_ARRAY(e->arena, struct expr *, count + 1);
    inner.sizes = ARENA_ARRAY(e->arena, uint32_t, count + 1);
    if (inner.args == NULL || inner.sizes == NULL) {
        fail(e, ERR_MEMORY);
        return call;
    }
    struct expr *arg = call->call.arguments;
    const struct macro_param *param = macro->macro.params;
    for (uint32_t at = 0; at < count && arg != NULL; at++, arg = arg->next, param = param->next) {
        uint32_t before = e->nodes;
        inner.args[at] = retype(e, expand(e, arg, frame), param->type);
        inner.sizes[at] = e->nodes - before;
    }
    e->inside++;
    struct expr *body = expand(e, macro->macro.body, &inner);
    e->inside--;
    return body;
}

static struct expr *expand_call(struct expand *e, struct expr *call, const struct frame *frame)
{
    if (call->means == MEANING_MACRO)
        return retype(e, expand_macro(e, call, frame), call->type);
    struct expr *args = expand_list(e, call->call.arguments, frame);
    if (args == call->call.arguments)
        return call;
    struct expr *made = copy(e, call);
    if (made == NULL)
        return call;
    made->call.arguments = args;
    return made;
}

static struct expr *expand_field(struct expand *e, struct expr *expr, const struct frame *frame)
{
    if (expr->means == MEANING_LET) {
        e->inside++;
        struct expr *body = expand(e, expr->is.declaration->let.body, NULL);
        e->inside--;
        return retype(e, body, expr->type);
    }
    if (expr->means == MEANING_PARAM && frame != NULL) {
        e->nodes += frame->sizes[expr->is.param];
        e->grown += frame->sizes[expr->is.param];
        return retype(e, frame->args[expr->is.param], expr->type);
    }
    return expr;
}

/* `resource in production`, or `not in`: the condition that it means. */
static struct expr *expand_environment(struct expand *e, struct expr *expr)
{
    const struct item *item = expr->test.right->is.declaration;
    struct expr *condition =
        expr->test.test == TEST_NOT_IN ? item->environment.outside : item->environment.inside;
    e->inside++;
    struct expr *made = expand(e, condition, NULL);
    e->inside--;
    return made;
}

static struct expr *expand_test(struct expand *e, struct expr *expr, const struct frame *frame)
{
    if (expr->test.right != NULL && expr->test.right->means == MEANING_ENVIRONMENT)
        return expand_environment(e, expr);
    struct expr *left = expand(e, expr->test.left, frame);
    struct expr *right = expr->test.right == NULL ? NULL : expand(e, expr->test.right, frame);
    struct expr *high = expr->test.high == NULL ? NULL : expand(e, expr->test.high, frame);
    if (left == expr->test.left && right == expr->test.right && high == expr->test.high)
        return expr;
    struct expr *made = copy(e, expr);
    if (made == NULL)
        return expr;
    made->test.left = left;
    made->test.right = right;
    made->test.high = high;
    return made;
}

static struct expr *expand_anywhere(struct expand *e, struct expr *expr, const struct frame *frame)
{
    struct expr *right = expand(e, expr->anywhere.right, frame);
    struct expr *made = right == expr->anywhere.right ? expr : copy(e, expr);
    if (made != NULL && made != expr)
        made->anywhere.right = right;
    return made == NULL ? expr : made;
}

static struct expr *expand_exists(struct expand *e, struct expr *expr, const struct frame *frame)
{
    struct expr *operand = expand(e, expr->exists.operand, frame);
    struct expr *made = operand == expr->exists.operand ? expr : copy(e, expr);
    if (made != NULL && made != expr)
        made->exists.operand = operand;
    return made == NULL ? expr : made;
}

/* `not not .. x`: two of them say nothing. */
static struct expr *expand_not(struct expand *e, struct expr *expr, const struct frame *frame)
{
    struct expr *inner = expr;
    bool is_odd = false;
    for (; inner->kind == EXPR_NOT; inner = inner->operand)
        is_odd = !is_odd;
    struct expr *operand = expand(e, inner, frame);
    if (!is_odd)
        return operand;
    if (operand == expr->operand)
        return expr;
    struct expr *made = copy(e, expr);
    if (made == NULL)
        return expr;
    made->operand = operand;
    return made;
}

/* The left spine of a chain is as long as the text: from its end up, without recursion. */
static struct expr *expand_chain(struct expand *e, struct expr *top, const struct frame *frame)
{
    uint32_t count = 0;
    struct expr *end = top;
    for (; end->kind == EXPR_AND || end->kind == EXPR_OR; end = end->binary.left)
        count++;
    struct expr *few[SPINE_FEW];
    struct expr **spine = count <= SPINE_FEW ? few : ARENA_ARRAY(e->arena, struct expr *, count);
    if (spine == NULL) {
        fail(e, ERR_MEMORY);
        return top;
    }
    uint32_t at = count;
    for (struct expr *node = top; at > 0; node = node->binary.left)
        spine[--at] = node;
    struct expr *left = expand(e, end, frame);
    for (; at < count && e->err == ERR_OK; at++) {
        struct expr *node = spine[at];
        struct expr *right = expand(e, node->binary.right, frame);
        e->nodes++;
        if (left != node->binary.left || right != node->binary.right) {
            node = copy(e, node);
            if (node == NULL)
                return top;
            node->binary.left = left;
            node->binary.right = right;
        }
        left = node;
    }
    return left;
}

static struct expr *expand(struct expand *e, struct expr *expr, const struct frame *frame)
{
    e->nodes++;
    e->grown += e->inside > 0;
    if (e->nodes > CONDITION_NODES_MAX || e->grown > EXPANSION_NODES_MAX)
        fail(e, ERR_LIMIT);
    if (e->err != ERR_OK)
        return expr;
    switch (expr->kind) {
    case EXPR_LITERAL:
    case EXPR_REGEX:
    case EXPR_LIST:
    case EXPR_SEVERAL:
        return expr;
    case EXPR_FIELD:
        return expand_field(e, expr, frame);
    case EXPR_CALL:
        return expand_call(e, expr, frame);
    case EXPR_TEST:
        return expand_test(e, expr, frame);
    case EXPR_ANYWHERE:
        return expand_anywhere(e, expr, frame);
    case EXPR_EXISTS:
        return expand_exists(e, expr, frame);
    case EXPR_NOT:
        return expand_not(e, expr, frame);
    case EXPR_AND:
    case EXPR_OR:
        return expand_chain(e, expr, frame);
    }
    return expr;
}

struct expr *expand_expr(struct expand *e, struct expr *expr)
{
    return expand(e, expr, NULL);
}
