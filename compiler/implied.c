/* implied.c - see implied.h. Depth is that of the condition, which its parser and expand.c bound. */
#include "implied.h"

#include "base/fold.h"
#include "constant.h"
#include "logic.h"

static bool has(const struct implied *set, str text)
{
    for (uint32_t at = 0; at < set->count; at++)
        if (fold_equal(set->values[at], text))
            return true;
    return false;
}

enum err implied_either(struct arena *arena, const struct implied *a, const struct implied *b,
    struct implied *ret_implied)
{
    struct implied all = { 0 };
    if (a->is_known && b->is_known) {
        /* Each has at most IMPLIED_VALUES_MAX. */
        str *values = ARENA_ARRAY(arena, str, (size_t)a->count + b->count + 1);
        if (values == NULL)
            return ERR_MEMORY;
        all = (struct implied){ .is_known = true, .values = values };
        for (uint32_t at = 0; at < a->count; at++)
            values[all.count++] = a->values[at];
        for (uint32_t at = 0; at < b->count; at++)
            if (!has(&all, b->values[at]))
                values[all.count++] = b->values[at];
    }
    *ret_implied = all.count <= IMPLIED_VALUES_MAX ? all : (struct implied){ 0 };
    return ERR_OK;
}

/* Both hold. What is left of two lists that have nothing in common is no value: no alert can
 * meet the condition, and the first list is as true as any. */
static enum err both(
    struct arena *arena, const struct implied *a, const struct implied *b, struct implied *ret)
{
    if (!a->is_known || !b->is_known) {
        *ret = a->is_known ? *a : *b;
        return ERR_OK;
    }
    str *values = ARENA_ARRAY(arena, str, (size_t)a->count + 1);
    if (values == NULL)
        return ERR_MEMORY;
    uint32_t count = 0;
    for (uint32_t at = 0; at < a->count; at++)
        if (has(b, a->values[at]))
            values[count++] = a->values[at];
    *ret = count == 0 ? *a : (struct implied){ true, values, count };
    return ERR_OK;
}

static bool is_subject(const struct expr *expr, struct subject subject)
{
    if (expr->kind != EXPR_FIELD)
        return false;
    if (subject.tag.len > 0)
        return expr->means == MEANING_TAG && str_equal(expr->is.path, subject.tag);
    return expr->means == MEANING_FIELD && expr->is.field == subject.field;
}

/* Add a constant text; false for anything else. */
static bool add(const struct list_element *element, str *values, uint32_t *count)
{
    if (element->v.kind != VALUE_TEXT || value_str(element->v).len == 0)
        return false;
    values[(*count)++] = value_str(element->v);
    return true;
}

/* field = "x", field in ["x", "y"]: whatever the field's values, one of these is among them. */
static enum err of_test(struct arena *arena, const struct expr *test, struct implied *ret)
{
    str *values = ARENA_ARRAY(arena, str, IMPLIED_VALUES_MAX + 1);
    uint32_t count = 0;
    if (values == NULL)
        return ERR_MEMORY;
    if (test->test.test == TEST_EQUAL) {
        struct list_element one = { .expr = test->test.right, .type = TYPE_COUNT };
        if (!constant_of(test->test.right, &one.v, &one.type) || !add(&one, values, &count))
            return ERR_OK;
    } else {
        struct list_walk walk = list_walk(test->test.right);
        struct list_element one;
        while (list_next(&walk, &one))
            if (count >= IMPLIED_VALUES_MAX || !add(&one, values, &count))
                return ERR_OK;
    }
    if (count > 0)
        *ret = (struct implied){ true, values, count };
    return ERR_OK;
}

static bool is_equality(const struct expr *expr)
{
    return expr->kind == EXPR_TEST && (expr->test.test == TEST_EQUAL || expr->test.test == TEST_IN)
           && expr->test.quantifier != QUANTIFIER_ALL && expr->test.right != NULL;
}

static enum err of_part(
    struct arena *arena, struct part part, struct subject subject, struct implied *ret)
{
    *ret = (struct implied){ 0 };
    if (part_kind(part) == PART_LEAF) {
        /* `not f != "x"` holds of an alert without f too. */
        bool is_told =
            part.wanted && is_equality(part.expr) && is_subject(part.expr->test.left, subject);
        return is_told ? of_test(arena, part.expr, ret) : ERR_OK;
    }
    bool is_first = true;
    struct part one;
    for (struct parts parts = parts_of(part); parts_next(&parts, &one); is_first = false) {
        struct implied before = *ret;
        struct implied other;
        TRY(of_part(arena, one, subject, &other));
        if (is_first)
            *ret = other;
        else if (part_kind(part) == PART_AND)
            TRY(both(arena, &before, &other, ret));
        else
            TRY(implied_either(arena, &before, &other, ret));
    }
    return ERR_OK;
}

enum err implied_by(struct arena *arena, const struct expr *condition, struct subject subject,
    struct implied *ret_implied)
{
    return of_part(arena, part_of(condition, true), subject, ret_implied);
}

static void add_tags(struct part part, str *keys, uint32_t room, uint32_t *count)
{
    struct part one;
    if (part_kind(part) != PART_LEAF) {
        for (struct parts parts = parts_of(part); parts_next(&parts, &one);)
            add_tags(one, keys, room, count);
        return;
    }
    if (!is_equality(part.expr) || part.expr->test.left->kind != EXPR_FIELD
        || part.expr->test.left->means != MEANING_TAG || *count >= room)
        return;
    const struct implied known = { true, keys, *count };
    if (!has(&known, part.expr->test.left->is.path))
        keys[(*count)++] = part.expr->test.left->is.path;
}

uint32_t implied_tags(const struct expr *condition, str *keys, uint32_t room)
{
    uint32_t count = 0;
    add_tags(part_of(condition, true), keys, room, &count);
    return count;
}
