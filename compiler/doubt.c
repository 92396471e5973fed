/* doubt.c - see doubt.h.
 *
 * Both forms are made on the way down: `not` turns one into the other. At a leaf two kinds
 * of missing values are told apart. Without a plain operand the leaf is false, so only
 * `possible` must say more. A hidden one leaves the leaf true or false all the same: the
 * first argument of first(), of a function that takes what is absent, a condition used as a
 * value; there `certain` says less too.
 */
#include "doubt.h"

#include "constant.h"
#include "function.h"

static struct expr *keep(struct doubt *doubt, struct expr expr)
{
    struct expr *made = ARENA_NEW(doubt->arena, struct expr);
    if (made == NULL)
        doubt->err = ERR_MEMORY;
    else
        *made = expr;
    return made;
}

static struct expr *join(
    struct doubt *doubt, enum expr_kind kind, struct expr *left, struct expr *right)
{
    if (left == NULL || right == NULL)
        return left == NULL ? right : left;
    return keep(
        doubt, (struct expr){
                   .kind = kind, .at = left->at, .type = TYPE_BOOL, .binary = { left, right } });
}

static struct expr *negation(struct doubt *doubt, struct expr *operand)
{
    return operand == NULL ? NULL
                           : keep(doubt, (struct expr){ .kind = EXPR_NOT,
                                             .at = operand->at,
                                             .type = TYPE_BOOL,
                                             .operand = operand });
}

static struct expr *form(struct doubt *doubt, struct expr *expr, bool is_possible);

/* ---- leaves ---- */

static bool is_condition(const struct expr *expr)
{
    return expr->kind == EXPR_TEST || expr->kind == EXPR_ANYWHERE || expr->kind == EXPR_EXISTS
           || expr->kind == EXPR_NOT || expr->kind == EXPR_AND || expr->kind == EXPR_OR;
}

static bool is_always_there(const struct expr *expr);

/* Functions of text and of times have a value for each; others not for every argument. */
static bool call_is_always_there(const struct expr *call)
{
    const struct function *function = call->is.function;
    for (uint32_t at = 0; at < function->params_count; at++)
        if (function->params[at] != TYPE_TEXT && function->params[at] != TYPE_TIME
            && function->params[at] != TYPE_ZONE)
            return false;
    for (const struct expr *arg = call->call.arguments; arg != NULL; arg = arg->next)
        if (!is_always_there(arg))
            return false;
    return !function->takes_list && !function->is_partial;
}

/* Whether the value is there for every alert. Depth: of calls in calls. */
static bool is_always_there(const struct expr *expr)
{
    value v;
    enum type type;
    if (expr->kind == EXPR_CALL && expr->means == MEANING_FUNCTION)
        return call_is_always_there(expr);
    if (constant_of(expr, &v, &type) || is_condition(expr) || expr->kind == EXPR_LIST
        || expr->kind == EXPR_REGEX || expr->kind == EXPR_LITERAL || expr->means == MEANING_LIST)
        return true;
    return expr->means == MEANING_FIELD
           && (expr->is.field == FIELD_TIME || expr->is.field == FIELD_RECEIVED);
}

static void remember(struct doubt *doubt, struct expr *expr, struct expr *unknown)
{
    struct doubt_read **last = &doubt->reads;
    for (; *last != NULL; last = &(*last)->next)
        if ((*last)->expr == expr)
            return;
    struct doubt_read *read = ARENA_NEW(doubt->arena, struct doubt_read);
    if (read == NULL)
        doubt->err = ERR_MEMORY;
    else
        *read = (struct doubt_read){ .expr = expr, .unknown = unknown };
    *last = read;
}

/* How a leaf reads a value: its type, and whether as text a number may be taken. */
struct reading {
    enum type type;
    bool is_loose;
    bool is_null_there;
};

static const struct reading any_value = { .type = TYPE_RAW };

static struct expr *unreadable(struct doubt *doubt, struct expr *expr);

static struct expr *any_unreadable(struct doubt *doubt, struct expr *first)
{
    struct expr *any = NULL;
    for (struct expr *one = first; one != NULL; one = one->next)
        any = join(doubt, EXPR_OR, any, unreadable(doubt, one));
    return any;
}

/* Of a target: what makes some of a value unknown, or NULL. Depth: of calls in calls. */
static struct expr *unreadable(struct doubt *doubt, struct expr *expr)
{
    if (expr->kind == EXPR_CALL && expr->means != MEANING_CONSTANT)
        return any_unreadable(doubt, expr->call.arguments);
    if (expr->kind == EXPR_LIST)
        return any_unreadable(doubt, expr->elements);
    if (expr->kind == EXPR_LITERAL)
        return any_unreadable(doubt, expr->literal.parts);
    if (expr->kind != EXPR_FIELD || (expr->means != MEANING_FIELD && expr->means != MEANING_TAG))
        return NULL;
    struct expr *made = keep(doubt, (struct expr){ .kind = EXPR_EXISTS,
                                        .at = expr->at,
                                        .type = TYPE_BOOL,
                                        .exists = { .operand = expr, .is_lost = true } });
    remember(doubt, expr, made);
    return made;
}

/* What makes the value itself missing, or some of it, or NULL. What a function is given is
 * asked too: it has no value for what does not fit. Depth: of calls in calls. */
static struct expr *plain(struct doubt *doubt, struct expr *expr, struct reading reading)
{
    struct expr *any = NULL;
    if (doubt->is_of_target)
        return unreadable(doubt, expr);
    if (is_always_there(expr))
        return NULL;
    if (expr->kind == EXPR_CALL && expr->means == MEANING_FUNCTION) {
        const struct function *function = expr->is.function;
        size_t at = 0;
        for (struct expr *arg = expr->call.arguments; arg != NULL && !function->takes_absent;
             arg = arg->next, at++) {
            enum type type = arg->type == TYPE_RAW ? function->params[at] : arg->type;
            any = join(doubt, EXPR_OR, any,
                plain(doubt, arg, (struct reading){ .type = type, .is_loose = true }));
        }
    }
    struct expr *made = keep(doubt, (struct expr){ .kind = EXPR_EXISTS,
                                        .at = expr->at,
                                        .type = TYPE_BOOL,
                                        .exists = { .operand = expr,
                                            .is_missing = true,
                                            .is_unknown = !reading.is_null_there,
                                            .read_as = reading.type,
                                            .is_loose = reading.is_loose } });
    remember(doubt, expr, made);
    return join(doubt, EXPR_OR, any, made);
}

/* first(a, ..) has another value when `a` says nothing: an empty list does not either. */
static struct expr *replaced(struct doubt *doubt, struct expr *call)
{
    struct expr *first = call->call.arguments;
    if (first == NULL || first->next == NULL || is_always_there(first))
        return NULL;
    struct expr *argument = keep(doubt, *first);
    struct expr *alone = keep(doubt, *call);
    if (argument == NULL || alone == NULL)
        return NULL;
    argument->next = NULL;
    alone->call.arguments = argument;
    return plain(doubt, alone, any_value);
}

/* What may be missing although the value is there, or NULL. Depth: of calls in calls. */
static struct expr *hidden(struct doubt *doubt, struct expr *expr)
{
    struct expr *any = NULL;
    if (is_condition(expr)) {
        struct expr *certain = form(doubt, expr, false);
        struct expr *possible = form(doubt, expr, true);
        return certain == possible ? NULL
                                   : join(doubt, EXPR_AND, possible, negation(doubt, certain));
    }
    if (expr->kind != EXPR_CALL || expr->means == MEANING_CONSTANT)
        return NULL;
    if (expr->means == MEANING_FIRST)
        any = replaced(doubt, expr);
    bool takes_absent = expr->means == MEANING_FUNCTION && expr->is.function->takes_absent;
    for (struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next) {
        if (expr->means == MEANING_FIRST && arg != expr->call.arguments)
            break;
        any = join(doubt, EXPR_OR, any, hidden(doubt, arg));
        if (takes_absent)
            any = join(doubt, EXPR_OR, any, plain(doubt, arg, any_value));
    }
    return any;
}

static bool is_order(const struct expr *expr)
{
    return (expr->test.test >= TEST_LESS && expr->test.test <= TEST_GREATER_EQUAL)
           || expr->test.test == TEST_BETWEEN || expr->test.test == TEST_NOT_BETWEEN;
}

static bool is_of_text(enum test test)
{
    return test == TEST_CONTAINS || test == TEST_STARTSWITH || test == TEST_ENDSWITH
           || test == TEST_LIKE || test == TEST_MATCHES;
}

/* An operand as the leaf reads it: raw JSON beside `<` and in a range as a number, beside
 * `contains` as text and nothing else, beside a value of some type as one of that type. */
static struct reading reading_of(const struct expr *leaf, const struct expr *operand)
{
    struct reading reading = { .type = operand->type, .is_loose = true };
    if (leaf->kind != EXPR_TEST)
        return reading;
    reading.is_null_there = leaf->test.test == TEST_IS_NULL;
    if (operand->type != TYPE_RAW || reading.is_null_there)
        return reading;
    const struct expr *other = operand == leaf->test.left ? leaf->test.right : leaf->test.left;
    reading.is_loose = !is_of_text(leaf->test.test);
    if (is_order(leaf))
        reading.type = TYPE_DECIMAL;
    else if (is_of_text(leaf->test.test))
        reading.type = TYPE_TEXT;
    else
        reading.type = other->type == TYPE_INTEGER ? TYPE_DECIMAL : other->type;
    return reading;
}

/* Whether the leaf may hold although some of what it reads does not fit: each element counts. */
static bool needs_all(const struct expr *leaf)
{
    return leaf->kind == EXPR_TEST
           && (leaf->test.quantifier == QUANTIFIER_ALL || leaf->test.test == TEST_NOT_EQUAL
               || leaf->test.test == TEST_NOT_IN || leaf->test.test == TEST_NOT_BETWEEN);
}

/* The leaf, or the same without `cased`. */
static struct expr *folded(struct doubt *doubt, struct expr *leaf)
{
    bool is_test = leaf->kind == EXPR_TEST && leaf->test.cased;
    bool is_anywhere = leaf->kind == EXPR_ANYWHERE && leaf->anywhere.cased;
    struct expr *made = is_test || is_anywhere ? keep(doubt, *leaf) : NULL;
    if (made == NULL)
        return leaf;
    if (is_test)
        made->test.cased = false;
    else
        made->anywhere.cased = false;
    return join(doubt, EXPR_OR, leaf, made);
}

static struct expr *leaf_form(struct doubt *doubt, struct expr *leaf, bool is_possible)
{
    struct expr *operands[3] = { leaf, NULL, NULL };
    struct expr *missing = NULL;
    struct expr *behind = NULL;
    if (leaf->kind == EXPR_TEST) {
        operands[0] = leaf->test.left;
        operands[1] = leaf->test.right;
        operands[2] = leaf->test.high;
    } else if (leaf->kind == EXPR_ANYWHERE) {
        operands[0] = leaf->anywhere.right;
    }
    for (size_t at = 0; at < COUNT_OF(operands) && operands[at] != NULL; at++) {
        behind = join(doubt, EXPR_OR, behind, hidden(doubt, operands[at]));
        if (is_possible || needs_all(leaf))
            missing = join(doubt, EXPR_OR, missing,
                plain(doubt, operands[at], reading_of(leaf, operands[at])));
    }
    if (is_possible) {
        struct expr *held = doubt->is_of_target ? folded(doubt, leaf) : leaf;
        return join(doubt, EXPR_OR, join(doubt, EXPR_OR, held, missing), behind);
    }
    return join(doubt, EXPR_AND, leaf, negation(doubt, join(doubt, EXPR_OR, missing, behind)));
}

/* `exists` and `missing` ask for just that; but nobody can say it of what was not read. */
static struct expr *exists_form(struct doubt *doubt, struct expr *expr, bool is_possible)
{
    struct expr *lost = doubt->is_of_target ? unreadable(doubt, expr->exists.operand) : NULL;
    if (is_possible)
        return join(doubt, EXPR_OR, expr, lost);
    return expr->exists.is_missing ? join(doubt, EXPR_AND, expr, negation(doubt, lost)) : expr;
}

/* ---- logic ---- */

/* The left spine of a chain is as long as the text: from its end up, without recursion. */
static struct expr *chain_form(struct doubt *doubt, struct expr *top, bool is_possible)
{
    uint32_t count = 0;
    struct expr *end = top;
    for (; end->kind == EXPR_AND || end->kind == EXPR_OR; end = end->binary.left)
        count++;
    struct expr **spine = ARENA_ARRAY(doubt->arena, struct expr *, count);
    if (spine == NULL) {
        doubt->err = ERR_MEMORY;
        return top;
    }
    uint32_t at = count;
    for (struct expr *node = top; at > 0; node = node->binary.left)
        spine[--at] = node;
    struct expr *left = form(doubt, end, is_possible);
    for (; at < count && doubt->err == ERR_OK; at++) {
        struct expr *right = form(doubt, spine[at]->binary.right, is_possible);
        bool is_same = left == spine[at]->binary.left && right == spine[at]->binary.right;
        left = is_same ? spine[at] : join(doubt, spine[at]->kind, left, right);
    }
    return left;
}

static struct expr *not_form(struct doubt *doubt, struct expr *expr, bool is_possible)
{
    struct expr *inner = expr;
    bool is_odd = false;
    for (; inner->kind == EXPR_NOT; inner = inner->operand)
        is_odd = !is_odd;
    struct expr *made = form(doubt, inner, is_odd ? !is_possible : is_possible);
    if (made == inner)
        return expr;
    return is_odd ? negation(doubt, made) : made;
}

static struct expr *form(struct doubt *doubt, struct expr *expr, bool is_possible)
{
    if (doubt->err != ERR_OK)
        return expr;
    switch (expr->kind) {
    case EXPR_NOT:
        return not_form(doubt, expr, is_possible);
    case EXPR_AND:
    case EXPR_OR:
        return chain_form(doubt, expr, is_possible);
    case EXPR_EXISTS:
        return exists_form(doubt, expr, is_possible);
    case EXPR_SEVERAL:
        return expr;
    case EXPR_LITERAL:
    case EXPR_REGEX:
    case EXPR_FIELD:
    case EXPR_CALL:
    case EXPR_LIST:
    case EXPR_TEST:
    case EXPR_ANYWHERE:
        return leaf_form(doubt, expr, is_possible);
    }
    return expr;
}

/* ---- what was asked ---- */

/* Whether the condition says `exists` or `missing` of it. Depth: of the parentheses. */
static bool is_asked(const struct expr *expr, const struct expr *read)
{
    for (; expr->kind == EXPR_AND || expr->kind == EXPR_OR; expr = expr->binary.left)
        if (is_asked(expr->binary.right, read))
            return true;
    while (expr->kind == EXPR_NOT)
        expr = expr->operand;
    if (expr->kind == EXPR_AND || expr->kind == EXPR_OR)
        return is_asked(expr, read);
    return expr->kind == EXPR_EXISTS && expr_same(expr->exists.operand, read);
}

void doubt_of(struct doubt *doubt, struct expr *expr)
{
    doubt->reads = NULL;
    doubt->err = ERR_OK;
    doubt->certain = form(doubt, expr, false);
    doubt->possible = form(doubt, expr, true);
    for (struct doubt_read *read = doubt->reads; read != NULL && doubt->err == ERR_OK;
         read = read->next)
        read->is_guarded = is_asked(expr, read->expr);
}
