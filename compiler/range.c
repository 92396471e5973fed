/* range.c - see range.h. */
#include "range.h"

#include "constant.h"

/* The place of a value in its order; false for one that is not counted in whole steps. */
static bool whole(struct arena *arena, const struct expr *expr, enum type type, int64_t *ret_whole)
{
    value v;
    enum type from;
    bool is_counted =
        type == TYPE_SEVERITY || type == TYPE_VERDICT || type == TYPE_INTEGER || type == TYPE_TIME;
    if (!is_counted || expr == NULL || !constant_of(expr, &v, &from)
        || constant_fit(arena, v, from, type, &v) != ERR_OK)
        return false;
    if (v.kind == VALUE_SEVERITY || v.kind == VALUE_VERDICT || v.kind == VALUE_INTEGER)
        *ret_whole = v.integer;
    else if (v.kind == VALUE_TIME)
        *ret_whole = v.milliseconds;
    else
        return false;
    return true;
}

bool range_of_test(struct arena *arena, const struct expr *test, struct range *ret_range)
{
    int64_t from;
    int64_t to;
    if (test->kind != EXPR_TEST || test->test.quantifier != QUANTIFIER_NONE
        || !whole(arena, test->test.right, test->test.left->type, &from))
        return false;
    switch (test->test.test) {
    case TEST_EQUAL:
        *ret_range = (struct range){ from, from };
        return true;
    case TEST_LESS:
        *ret_range = (struct range){ INT64_MIN, from == INT64_MIN ? from : from - 1 };
        return from > INT64_MIN;
    case TEST_LESS_EQUAL:
        *ret_range = (struct range){ INT64_MIN, from };
        return true;
    case TEST_GREATER:
        *ret_range = (struct range){ from == INT64_MAX ? from : from + 1, INT64_MAX };
        return from < INT64_MAX;
    case TEST_GREATER_EQUAL:
        *ret_range = (struct range){ from, INT64_MAX };
        return true;
    case TEST_BETWEEN:
        if (!whole(arena, test->test.high, test->test.left->type, &to))
            return false;
        *ret_range = (struct range){ from, to };
        return true;
    case TEST_NOT_EQUAL:
    case TEST_IN:
    case TEST_NOT_IN:
    case TEST_NOT_BETWEEN:
    case TEST_CONTAINS:
    case TEST_STARTSWITH:
    case TEST_ENDSWITH:
    case TEST_LIKE:
    case TEST_MATCHES:
    case TEST_IS_NULL:
        return false;
    }
    return false;
}

bool range_of_call(const struct expr *expr, struct range *ret_range)
{
    static const struct {
        const char *function;
        struct range range;
    } parts[] = { { "hour", { 0, 23 } }, { "minute", { 0, 59 } }, { "day", { 1, 31 } },
        { "weekday", { 1, 7 } }, { "month", { 1, 12 } } };
    if (expr->kind != EXPR_CALL || expr->means != MEANING_FUNCTION)
        return false;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (str_is(expr->call.name, parts[i].function)) {
            *ret_range = parts[i].range;
            return true;
        }
    return false;
}

struct range range_both(struct range a, struct range b)
{
    return (struct range){ a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high };
}

bool range_is_empty(struct range range)
{
    return range.low > range.high;
}

bool range_has(struct range outer, struct range inner)
{
    return outer.low <= inner.low && inner.high <= outer.high;
}
