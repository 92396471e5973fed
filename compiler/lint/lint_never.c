/* lint_never.c - conditions joined by `and` that no alert meets together.
 *
 * Only what is certain: of a field that may be a list one element may meet the one test and
 * another the other. */
#include "lint/lint_pass.h"

#include "base/buf.h"
#include "range.h"

enum { COMPARED_MAX = 64 };

/* ---- what has one value ---- */

/* Whether a source of a rule file makes the field of raw JSON, which may be a list. */
static bool may_be_listed(const struct lint *lint, enum field field)
{
    const struct compilation *compilation = lint->compilation;
    for (uint32_t at = 0; at < compilation->tree_count; at++) {
        const struct tree *tree = compilation->trees[at];
        const struct item *item = lint->sources->items[tree->file].is_shipped ? NULL : tree->items;
        for (; item != NULL; item = item->next) {
            const struct ast_mapping *mapping =
                item->kind == ITEM_SOURCE ? item->source.mappings : NULL;
            for (; mapping != NULL; mapping = mapping->next)
                if (mapping->field->means == MEANING_FIELD && mapping->field->is.field == field
                    && mapping->value->means != MEANING_SCALE)
                    return true;
        }
    }
    return false;
}

static bool has_one_value(const struct lint *lint, const struct expr *expr)
{
    struct range range;
    if (range_of_call(expr, &range) || expr->means == MEANING_RESULT)
        return true;
    if (expr->means != MEANING_FIELD)
        return false;
    enum field field = expr->is.field;
    if (field == FIELD_SEVERITY)
        return !may_be_listed(lint, FIELD_SEVERITY);
    return field == FIELD_RECEIVED
           || ((field == FIELD_TIME || field == FIELD_ALERT_TIME)
               && !may_be_listed(lint, FIELD_ALERT_TIME));
}

/* ---- pairs ---- */

/* hour(time) > 20 and hour(time) < 7: a night. */
static void help_with_night(
    struct lint *lint, struct diag *diag, const struct expr *call, struct range a, struct range b)
{
    struct range all;
    struct range late = a.low > b.low ? a : b;
    struct range early = a.low > b.low ? b : a;
    str text = lint_text(lint, call->at);
    if (!range_of_call(call, &all) || late.high < all.high || early.low > all.low
        || late.low > all.high || early.high < all.low || early.high + 1 > late.low - 1) {
        LINT_HELP(lint, diag, "write `or` if one of them is enough");
        return;
    }
    LINT_HELP(lint, diag,
        "write `%.*s in %lld..%lld or %.*s in %lld..%lld`, or `%.*s not in %lld..%lld`",
        STR_ARG(text), (long long)late.low, (long long)all.high, STR_ARG(text), (long long)all.low,
        (long long)early.high, STR_ARG(text), (long long)early.high + 1, (long long)late.low - 1);
}

static struct diag *look_at_ranges(struct lint *lint, const struct expr *a, const struct expr *b)
{
    struct range one;
    struct range other;
    if (!range_of_test(lint->arena, a, &one) || !range_of_test(lint->arena, b, &other)
        || !expr_same(a->test.left, b->test.left) || !has_one_value(lint, a->test.left)
        || !range_is_empty(range_both(one, other)))
        return NULL;
    str left = lint_text(lint, b->test.left->at);
    struct diag *diag = LINT(
        lint, DIAG_NEVER_TOGETHER, b->at, "no `%.*s` is this and the other one", STR_ARG(left));
    help_with_night(lint, diag, b->test.left, one, other);
    return diag;
}

/* exists f and missing f, f = x and missing f */
static struct diag *look_at_missing(
    struct lint *lint, const struct expr *missing, const struct expr *there, span at)
{
    if (missing->kind != EXPR_EXISTS || !missing->exists.is_missing)
        return NULL;
    const struct expr *operand = there->kind == EXPR_EXISTS && !there->exists.is_missing
                                     ? there->exists.operand
                                 : there->kind == EXPR_TEST ? there->test.left
                                                            : NULL;
    if (operand == NULL || operand->kind != EXPR_FIELD
        || !expr_same(operand, missing->exists.operand))
        return NULL;
    str left = lint_text(lint, operand->at);
    struct diag *diag = LINT(lint, DIAG_NEVER_TOGETHER, at,
        "`%.*s` is asked to be there and to be missing", STR_ARG(left));
    LINT_HELP(lint, diag, "write `or` if one of them is enough");
    return diag;
}

static bool is_negation(enum test test, enum test negated)
{
    return (test == TEST_EQUAL && negated == TEST_NOT_EQUAL)
           || (test == TEST_IN && negated == TEST_NOT_IN)
           || (test == TEST_BETWEEN && negated == TEST_NOT_BETWEEN);
}

/* f in X and f not in X, where `not in` means that no element is: whatever f is. */
static struct diag *look_at_negation(
    struct lint *lint, const struct expr *test, const struct expr *negated, span at)
{
    if (test->kind != EXPR_TEST || negated->kind != EXPR_TEST
        || !is_negation(test->test.test, negated->test.test)
        || negated->test.quantifier == QUANTIFIER_ANY || test->test.cased != negated->test.cased
        || !expr_same(test->test.left, negated->test.left)
        || !expr_same(test->test.right, negated->test.right))
        return NULL;
    if (test->test.high != NULL && !expr_same(test->test.high, negated->test.high))
        return NULL;
    struct diag *diag = LINT(lint, DIAG_NEVER_TOGETHER, at, "this and the other one are opposites");
    LINT_HELP(lint, diag, "write what was meant instead of one of them");
    return diag;
}

static bool look_at_pair(struct lint *lint, const struct expr *a, const struct expr *b)
{
    struct diag *diag = look_at_ranges(lint, a, b);
    if (diag == NULL)
        diag = look_at_missing(lint, a, b, b->at);
    if (diag == NULL)
        diag = look_at_missing(lint, b, a, b->at);
    if (diag == NULL)
        diag = look_at_negation(lint, a, b, b->at);
    if (diag == NULL)
        diag = look_at_negation(lint, b, a, b->at);
    if (diag != NULL)
        diag_note(lint->diags, diag, a->at, "the other one is here");
    return diag != NULL;
}

void lint_never(struct lint *lint, const struct expr *expr)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (expr->kind != EXPR_AND || !lint_ok(lint, expr_chain(expr, &operands)))
        return;
    size_t count = expr_chain_count(&operands);
    for (size_t i = 1; i < count && count <= COMPARED_MAX; i++)
        for (size_t j = 0; j < i; j++)
            if (look_at_pair(lint, expr_chain_at(&operands, j), expr_chain_at(&operands, i)))
                break;
}
