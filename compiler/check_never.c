/* check_never.c - tests that come out the same for every alert.
 *
 * Only what is certain is said: fields may be lists, raw JSON may be anything, a `let` may be
 * a switch that somebody turns, and a list in a file may be filled tomorrow. */
#include "check_pass.h"

#include "constant.h"
#include "range.h"

/* Whether the value stands in the rule itself. */
static bool is_written(const struct expr *expr, value *ret_value)
{
    enum type type;
    return !(expr->kind == EXPR_FIELD && expr->means == MEANING_LET)
           && constant_of(expr, ret_value, &type);
}

/* `critical` for a severity that must be above it. False for what has no end. */
static bool is_end(value v, bool is_highest)
{
    if (v.kind == VALUE_SEVERITY)
        return v.integer == (is_highest ? SEVERITY_CRITICAL : SEVERITY_INFORMATIONAL);
    return v.kind == VALUE_VERDICT
           && v.integer == (is_highest ? VERDICT_MALICIOUS : VERDICT_UNKNOWN);
}

/* `severity > critical`, `critical < severity`, and below the lowest. */
static void look_past_the_end(struct check *check, const struct expr *expr)
{
    value v = VALUE_NONE;
    enum test test = expr->test.test;
    bool is_turned = is_written(expr->test.left, &v);
    if ((test != TEST_LESS && test != TEST_GREATER)
        || (!is_turned && !is_written(expr->test.right, &v)))
        return;
    bool is_above = (test == TEST_GREATER) != is_turned;
    if (v.kind == VALUE_TEXT) { /* "critical" in quotes */
        enum type type = is_turned ? expr->test.right->type : expr->test.left->type;
        if (!check_ok(check, constant_fit(check->arena, v, TYPE_TEXT, type, &v)))
            return;
    }
    if (!is_end(v, is_above))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_NEVER_HOLDS, expr->at,
        "nothing is %s %s: this never holds", is_above ? "above" : "below",
        v.kind == VALUE_SEVERITY ? severity_name((enum severity)v.integer)
                                 : verdict_name((enum verdict)v.integer));
    diag_help(check->diags, diag, "write `%s`, or `=` for just that value",
        (test == TEST_GREATER) ? ">=" : "<=");
}

/* hour(time) > 25 */
static void look_past_the_range(struct check *check, const struct expr *expr)
{
    struct range asked;
    struct range given;
    const struct expr *call = expr->test.left;
    if (!range_of_call(call, &given) || !range_of_test(check->arena, expr, &asked)
        || !range_is_empty(range_both(asked, given)))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_NEVER_HOLDS, expr->at,
        "`%.*s` gives %lld to %lld: this never holds", STR_ARG(call->call.name),
        (long long)given.low, (long long)given.high);
    if (str_is(call->call.name, "weekday"))
        diag_help(check->diags, diag, "1 is Monday, 7 is Sunday");
    else
        diag_help(check->diags, diag, "write a number from %lld to %lld", (long long)given.low,
            (long long)given.high);
}

static bool is_empty_list(const struct expr *expr)
{
    return expr != NULL && expr->kind == EXPR_LIST && expr->elements == NULL;
}

static void look_at_empty_list(struct check *check, const struct expr *expr)
{
    struct diag *diag;
    if (!is_empty_list(expr->test.right))
        return;
    if (expr->test.test != TEST_NOT_IN) {
        diag_add(check->diags, DIAG_NEVER_HOLDS, expr->at, "the list is empty: this never holds");
        return;
    }
    diag = diag_add(check->diags, DIAG_SAME_FOR_ALL, expr->at,
        "the list is empty: this only asks whether there is a value");
    diag_help(check->diags, diag, "write `exists ..`, or the values that are meant");
}

/* Both sides are written: two values, a value and a range, a value and a list. */
static void look_at_constants(struct check *check, const struct expr *expr)
{
    const struct expr *right = expr->test.right;
    value v;
    if (right == NULL || !is_written(expr->test.left, &v))
        return;
    if (right->kind != EXPR_LIST && right->kind != EXPR_REGEX && !is_written(right, &v))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_SAME_FOR_ALL, expr->at,
        "both sides are written in the rule: this is the same for every alert");
    diag_help(check->diags, diag, "compare with a field; text without quotes names one");
}

void check_never(struct check *check, const struct expr *expr)
{
    const struct expr *right = expr->test.right;
    if (expr->test.left->type == TYPE_COUNT || (right != NULL && right->type == TYPE_COUNT))
        return;
    if (is_empty_list(right))
        look_at_empty_list(check, expr);
    else
        look_past_the_end(check, expr);
    look_past_the_range(check, expr);
    if (!is_empty_list(right))
        look_at_constants(check, expr);
}
