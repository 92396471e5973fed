/* constant.c - constants and the types they may stand for. */
#include "constant.h"

/* What a chain of lets comes down to. The checker refused chains that never end. */
static const struct expr *follow_lets(const struct expr *expr)
{
    while (expr->kind == EXPR_FIELD && expr->means == MEANING_LET)
        expr = expr->is.declaration->let.body;
    return expr;
}

bool constant_of(const struct expr *expr, value *ret_value, enum type *ret_type)
{
    expr = follow_lets(expr);
    if (expr->kind == EXPR_LITERAL && expr->literal.parts == NULL) {
        *ret_value = expr->literal.value;
        *ret_type = expr->literal.type;
        return true;
    }
    bool is_word =
        expr->kind == EXPR_FIELD && (expr->means == MEANING_ENUM || expr->means == MEANING_SOURCE);
    if (!is_word && !(expr->kind == EXPR_CALL && expr->means == MEANING_CONSTANT))
        return false;
    *ret_value = expr->is.constant;
    *ret_type = expr->type;
    return true;
}

bool type_is_text(enum type type)
{
    return type == TYPE_TEXT || type == TYPE_SOURCE
           || (type_is_identifier(type) && type != TYPE_IP);
}

bool type_is_number(enum type type)
{
    return type == TYPE_INTEGER || type == TYPE_DECIMAL;
}

bool type_is_ordered(enum type type)
{
    return type_is_number(type) || type == TYPE_TIME || type == TYPE_DURATION
           || type == TYPE_SEVERITY || type == TYPE_VERDICT || type == TYPE_RAW;
}

bool type_is_name_like(enum type type)
{
    return type == TYPE_HOST || type == TYPE_ROLE || type == TYPE_USER || type == TYPE_REGION;
}

bool types_compare(enum type a, enum type b)
{
    return a == b || a == TYPE_RAW || b == TYPE_RAW || (type_is_text(a) && type_is_text(b))
           || (type_is_number(a) && type_is_number(b));
}

enum err constant_fit(struct arena *arena, value v, enum type from, enum type to, value *ret_value)
{
    *ret_value = VALUE_NONE;
    if (from == to || to == TYPE_RAW || (type_is_number(from) && type_is_number(to))) {
        *ret_value = v;
        return ERR_OK;
    }
    if (to == TYPE_TEXT || to == TYPE_SOURCE) {
        if (v.kind == VALUE_TEXT)
            *ret_value = v;
        return ERR_OK;
    }
    /* Text that spells a number is no number: only raw JSON is as loose as that. */
    if (v.kind != VALUE_TEXT || type_is_number(to) || to == TYPE_BOOL)
        return ERR_OK;
    return value_convert(arena, v, to, ret_value);
}

enum err constant_fit_member(
    struct arena *arena, value v, enum type from, enum type to, value *ret_value)
{
    if (to == TYPE_IP && v.kind == VALUE_TEXT) {
        TRY(value_convert(arena, v, TYPE_IP, ret_value));
        if (ret_value->kind != VALUE_ABSENT)
            return ERR_OK;
        return value_convert(arena, v, TYPE_CIDR, ret_value);
    }
    if (to == TYPE_IP && v.kind == VALUE_CIDR) {
        *ret_value = v;
        return ERR_OK;
    }
    return constant_fit(arena, v, from, to, ret_value);
}

struct list_walk list_walk(const struct expr *expr)
{
    struct list_walk walk = { 0 };
    expr = follow_lets(expr);
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_LIST) {
        walk.list = expr->is.declaration;
        walk.read = walk.list->list.read;
        walk.read_count = walk.list->list.read_count;
        expr = walk.list->list.values;
    }
    if (expr != NULL && expr->kind == EXPR_LIST)
        walk.expr = expr->elements;
    return walk;
}

uint32_t list_count(struct list_walk walk)
{
    uint32_t count = walk.read_count;
    for (; walk.expr != NULL; walk.expr = walk.expr->next)
        count++;
    return count;
}

bool list_next(struct list_walk *walk, struct list_element *ret_element)
{
    *ret_element = (struct list_element){ .expr = walk->expr, .type = TYPE_COUNT };
    if (walk->expr != NULL) {
        walk->expr = walk->expr->next;
        constant_of(ret_element->expr, &ret_element->v, &ret_element->type);
        return true;
    }
    if (walk->read_count == 0)
        return false;
    ret_element->v = *walk->read++;
    ret_element->type = walk->list->list.type;
    walk->read_count--;
    return true;
}
