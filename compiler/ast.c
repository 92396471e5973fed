/* ast.c - questions about the syntax tree that need no meaning. */
#include "ast.h"

#include "base/buf.h"
#include "base/limits.h"

const char *test_name(enum test test)
{
    switch (test) {
    case TEST_EQUAL:
        return "=";
    case TEST_NOT_EQUAL:
        return "!=";
    case TEST_LESS:
        return "<";
    case TEST_LESS_EQUAL:
        return "<=";
    case TEST_GREATER:
        return ">";
    case TEST_GREATER_EQUAL:
        return ">=";
    case TEST_IN:
    case TEST_BETWEEN:
        return "in";
    case TEST_NOT_IN:
    case TEST_NOT_BETWEEN:
        return "not in";
    case TEST_CONTAINS:
        return "contains";
    case TEST_STARTSWITH:
        return "startswith";
    case TEST_ENDSWITH:
        return "endswith";
    case TEST_LIKE:
        return "like";
    case TEST_MATCHES:
        return "matches";
    case TEST_IS_NULL:
        return "is null";
    }
    return "";
}

const char *measure_name(enum measure measure)
{
    switch (measure) {
    case MEASURE_COUNT:
        return "count";
    case MEASURE_DISTINCT:
        return "count of distinct";
    case MEASURE_SUM:
        return "sum of";
    case MEASURE_AVG:
        return "avg of";
    case MEASURE_MIN:
        return "min of";
    case MEASURE_MAX:
        return "max of";
    case MEASURE_PERCENTILE:
        return "percentile";
    }
    return "";
}

const char *missing_key_name(enum missing_key missing)
{
    switch (missing) {
    case MISSING_DEFAULT:
        return "";
    case MISSING_OWN:
        return "own";
    case MISSING_JOIN:
        return "join";
    case MISSING_SKIP:
        return "skip";
    }
    return "";
}

const char *item_word(const struct item *item)
{
    switch (item->kind) {
    case ITEM_USE:
        return "use";
    case ITEM_LIST:
        return "list";
    case ITEM_LET:
        return "let";
    case ITEM_MACRO:
        return "macro";
    case ITEM_ENVIRONMENT:
        return "environment";
    case ITEM_DEFAULTS:
        return "defaults";
    case ITEM_RULE:
        return item->name.len > 0 ? "rule" : "when";
    case ITEM_DISABLE:
        return "disable";
    case ITEM_EXCEPTION:
        return "exception";
    case ITEM_NEVER:
        return "never";
    case ITEM_ALWAYS:
        return "always";
    case ITEM_TEST:
        return "test";
    case ITEM_SOURCE:
        return "source";
    case ITEM_BLOCK:
        return str_is(item->block.keyword, "role")      ? "role"
               : str_is(item->block.keyword, "daemon")  ? "daemon"
               : str_is(item->block.keyword, "channel") ? "channel"
                                                        : "connection";
    }
    return "";
}

/* ---- chains ---- */

static void add_pointer(struct buf *buf, const struct expr *expr)
{
    buf_add(buf, (str){ (const char *)&expr, sizeof expr });
}

enum err expr_chain(const struct expr *expr, struct buf *ret_operands)
{
    enum expr_kind kind = expr->kind;
    ret_operands->limit = COMPILE_BYTES_MAX;
    bool is_first = true;
    while (expr->kind == kind && (is_first || !expr->in_parentheses)) {
        add_pointer(ret_operands, expr->binary.right);
        expr = expr->binary.left;
        is_first = false;
    }
    add_pointer(ret_operands, expr);
    return ret_operands->err == ERR_OK ? ERR_OK : ERR_MEMORY;
}

size_t expr_chain_count(const struct buf *operands)
{
    return operands->len / sizeof(struct expr *);
}

const struct expr *expr_chain_at(const struct buf *operands, size_t index)
{
    const struct expr *expr;
    size_t from_right = expr_chain_count(operands) - 1 - index;
    memcpy(&expr, operands->ptr + from_right * sizeof expr, sizeof expr);
    return expr;
}

/* ---- sameness ---- */

static bool list_same(const struct expr *a, const struct expr *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!expr_same(a, b))
            return false;
    return a == b;
}

static bool both_same(const struct expr *a, const struct expr *b)
{
    return a == b || (a != NULL && b != NULL && expr_same(a, b));
}

str literal_label(const struct expr *literal)
{
    return literal->literal.label == NULL ? STR("") : literal->literal.label->text;
}

static bool path_same(const struct path_part *a, const struct path_part *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (a->is_index != b->is_index || !str_equal(a->text, b->text))
            return false;
    return a == b;
}

static bool test_same(const struct expr *a, const struct expr *b)
{
    return a->test.test == b->test.test && a->test.quantifier == b->test.quantifier
           && a->test.patterns == b->test.patterns && a->test.cased == b->test.cased
           && both_same(a->test.left, b->test.left) && both_same(a->test.right, b->test.right)
           && both_same(a->test.high, b->test.high);
}

static bool anywhere_same(const struct expr *a, const struct expr *b)
{
    return a->anywhere.test == b->anywhere.test && a->anywhere.patterns == b->anywhere.patterns
           && a->anywhere.cased == b->anywhere.cased
           && both_same(a->anywhere.right, b->anywhere.right);
}

static bool duration_same(const struct ast_duration *a, const struct ast_duration *b)
{
    return a->milliseconds == b->milliseconds && (a->written.len == 0) == (b->written.len == 0);
}

static bool several_same(const struct several *a, const struct several *b)
{
    return a->kind == b->kind && a->measure == b->measure && a->compare == b->compare
           && a->missing == b->missing && both_same(a->percentile, b->percentile)
           && both_same(a->operand, b->operand) && both_same(a->number, b->number)
           && list_same(a->by, b->by) && duration_same(&a->within, &b->within)
           && duration_same(&a->over, &b->over) && duration_same(&a->learn, &b->learn)
           && duration_same(&a->forget, &b->forget);
}

/* Two expressions of the same kind that is neither `and` nor `or`. */
static bool leaf_same(const struct expr *a, const struct expr *b)
{
    switch (a->kind) {
    case EXPR_LITERAL:
        return a->literal.type == b->literal.type && value_same(a->literal.value, b->literal.value)
               && str_equal(literal_label(a), literal_label(b));
    case EXPR_REGEX:
        return str_equal(a->regex.pattern, b->regex.pattern)
               && str_equal(a->regex.flags, b->regex.flags);
    case EXPR_FIELD:
        return path_same(a->path, b->path);
    case EXPR_CALL:
        return str_equal(a->call.name, b->call.name)
               && list_same(a->call.arguments, b->call.arguments);
    case EXPR_LIST:
        return list_same(a->elements, b->elements);
    case EXPR_TEST:
        return test_same(a, b);
    case EXPR_ANYWHERE:
        return anywhere_same(a, b);
    case EXPR_EXISTS:
        return a->exists.is_missing == b->exists.is_missing
               && expr_same(a->exists.operand, b->exists.operand);
    case EXPR_NOT:
        return expr_same(a->operand, b->operand);
    case EXPR_SEVERAL:
        return several_same(a->several, b->several);
    case EXPR_AND:
    case EXPR_OR:
        return false;
    }
    return false;
}

bool expr_same(const struct expr *a, const struct expr *b)
{
    while (a->kind == b->kind && (a->kind == EXPR_AND || a->kind == EXPR_OR)) {
        if (!expr_same(a->binary.right, b->binary.right))
            return false;
        a = a->binary.left;
        b = b->binary.left;
    }
    return a == b || (a->kind == b->kind && leaf_same(a, b));
}
