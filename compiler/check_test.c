/* check_test.c - which test goes with which types. */
#include "check_pass.h"

#include "constant.h"

/* ---- constants beside a type ---- */

static bool reads_as(struct check *check, str text, enum type type)
{
    value v;
    return check_ok(check, value_convert(check->arena, value_text(text), type, &v))
           && v.kind != VALUE_ABSENT;
}

/* A network where an address must be, or something that was meant as a network. */
static void help_with_network(struct check *check, struct diag *diag, str text)
{
    if (reads_as(check, text, TYPE_CIDR))
        diag_help(check->diags, diag, "for a network write `in \"%.*s\"`", STR_ARG(text));
    else if (reads_as(check, str_first(text, str_find(text, '/')), TYPE_IP))
        diag_help(check->diags, diag, "the prefix is 0 to 32, and 0 to 128 for IPv6");
    else
        diag_help(check->diags, diag, "a network is written \"10.0.0.0/8\" or \"2001:db8::/32\"");
}

/* What text of the type looks like. */
static void help_with_form(struct check *check, struct diag *diag, str text, enum type type)
{
    bool has_slash = str_find(text, '/') < text.len;
    if (type == TYPE_ACCOUNT)
        diag_help(check->diags, diag, "an account has twelve digits: \"111122223333\"");
    else if (type == TYPE_ACCESS_KEY)
        diag_help(check->diags, diag,
            "an access key is named by its id, whole: AKIA or ASIA, then letters and digits, 16 to "
            "128 in all");
    else if (type == TYPE_INSTANCE)
        diag_help(check->diags, diag, "an instance id is i- and 8 or 17 hex digits");
    else if (type == TYPE_SECURITY_GROUP)
        diag_help(check->diags, diag, "the id of a security group is sg- and 8 or 17 hex digits");
    else if (type == TYPE_IP && str_find(text, '*') < text.len)
        diag_help(check->diags, diag, "for all addresses of a network write `in \"10.0.0.0/24\"`");
    else if ((type == TYPE_IP || type == TYPE_CIDR) && has_slash)
        help_with_network(check, diag, text);
}

bool type_is_enum(enum type type)
{
    return type == TYPE_SEVERITY || type == TYPE_VERDICT || type == TYPE_SOURCE;
}

void help_with_text(struct check *check, struct diag *diag, span at, str text, enum type type)
{
    struct suggestion near = { .word = text };
    for (int i = 0; type == TYPE_SEVERITY && i < SEVERITY_COUNT; i++)
        suggest(&near, str_from(severity_name((enum severity)i)));
    for (int i = 0; type == TYPE_VERDICT && i < VERDICT_COUNT; i++)
        suggest(&near, str_from(verdict_name((enum verdict)i)));
    for (uint32_t i = 0; type == TYPE_SOURCE && i < check->source_count; i++)
        suggest(&near, check->source_items[i]->name);
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, at, near.best);
    } else if (type_is_enum(type)) {
        help_with_values(check, diag, type);
    } else {
        help_with_form(check, diag, text, type);
    }
}

static void report_text_value(
    struct check *check, const struct expr *expr, str text, enum type type)
{
    if (type == TYPE_SOURCE && check_is_lost(check, UINT32_MAX, text))
        return;
    struct diag *diag =
        diag_add(check->diags, type_is_enum(type) ? DIAG_UNKNOWN_VALUE : DIAG_BAD_VALUE, expr->at,
            "\"%.*s\" is no %s", STR_ARG(text), type_name(type));
    help_with_text(check, diag, expr->at, text, type);
}

static void report_misfit(
    struct check *check, const struct expr *expr, value v, enum type from, enum type to)
{
    if (v.kind == VALUE_TEXT && !type_is_number(to) && to != TYPE_BOOL) {
        report_text_value(check, expr, value_str(v), to);
        return;
    }
    struct diag *diag = diag_add(check->diags, DIAG_TYPE_MISMATCH, expr->at,
        "this is %s, what it stands beside is %s", type_name(from), type_name(to));
    if (type_is_text(to))
        diag_help(check->diags, diag, "text stands in quotes");
    else if (to == TYPE_SEVERITY || to == TYPE_VERDICT)
        help_with_values(check, diag, to);
    else if (v.kind == VALUE_TEXT)
        diag_help(check->diags, diag, "write it without quotes");
    else if (to == TYPE_DURATION && v.kind == VALUE_INTEGER && v.integer > 0)
        diag_help(check->diags, diag, "a duration has its unit: %llds, %lldm, %lldh or %lldd",
            (long long)v.integer, (long long)v.integer, (long long)v.integer, (long long)v.integer);
}

void check_fits(struct check *check, const struct expr *expr, enum type type, bool is_member)
{
    value v;
    value fitted;
    enum type from;
    if (type == TYPE_COUNT || expr->type == TYPE_COUNT || !constant_of(expr, &v, &from)
        || v.kind == VALUE_LIST)
        return;
    enum err err = is_member ? constant_fit_member(check->arena, v, from, type, &fitted)
                             : constant_fit(check->arena, v, from, type, &fitted);
    if (!check_ok(check, err))
        return;
    if (fitted.kind == VALUE_ABSENT
        || (type == TYPE_SOURCE && source_item(check, value_str(fitted)) == NULL))
        report_misfit(check, expr, v, from, type);
}

bool check_fits_value(struct check *check, const struct expr *list,
    const struct list_element *element, enum type type)
{
    value fitted;
    if (type == TYPE_COUNT || element->type == TYPE_COUNT
        || !check_ok(check, constant_fit(check->arena, element->v, element->type, type, &fitted))
        || fitted.kind != VALUE_ABSENT)
        return true;
    if (element->v.kind == VALUE_TEXT)
        diag_add(check->diags, DIAG_BAD_VALUE, list->at, "its value \"%.*s\" is no %s",
            STR_ARG(value_str(element->v)), type_name(type));
    else
        diag_add(check->diags, DIAG_TYPE_MISMATCH, list->at, "its values are %s and not %s",
            type_name(element->type), type_name(type));
    return false;
}

void check_members(struct check *check, struct expr *list, enum type type)
{
    value v;
    enum type from;
    for (const struct expr *element = list->elements; element != NULL; element = element->next) {
        if (element->type == TYPE_COUNT || element->kind == EXPR_REGEX)
            continue;
        if (!constant_of(element, &v, &from) || element->is_list)
            diag_add(check->diags, DIAG_NOT_CONSTANT, element->at,
                "a list holds written values, and this is known only with the alert");
        else
            check_fits(check, element, type, true);
    }
}

/* ---- sides ---- */

void read_as(struct expr *expr, enum type type)
{
    if (expr->type == TYPE_RAW)
        expr->type = type;
}

static bool is_constant(const struct expr *expr)
{
    value v;
    enum type type;
    return constant_of(expr, &v, &type);
}

/* Whether raw JSON is compared with it as it is: text, numbers, truth. */
static bool is_plain(enum type type)
{
    return type_is_text(type) || type_is_number(type) || type == TYPE_BOOL || type == TYPE_RAW;
}

/* One value of the right side. A bare word beside something that was reported may be a
 * word of the enum that was meant: nothing is said about it. */
static void check_right_value(struct check *check, struct expr *right, enum type type)
{
    if (type == TYPE_COUNT && path_is_word(right))
        right->type = TYPE_COUNT;
    else if (!check_word(check, right, type))
        check_expr(check, right);
}

/* The right side, whose words may be an enum's when the left has that type. */
static void check_right(struct check *check, struct expr *right, enum type type)
{
    if (right->kind != EXPR_LIST) {
        check_right_value(check, right, type);
        return;
    }
    right->is_list = true;
    right->type = type;
    for (struct expr *element = right->elements; element != NULL; element = element->next)
        check_right_value(check, element, type);
    check_spread(check, right, QUANTIFIER_ANY);
    check_members(check, right, type);
}

static void report_types(struct check *check, const struct expr *expr)
{
    const struct expr *left = expr->test.left;
    const struct expr *right = expr->test.right;
    diag_add(check->diags, DIAG_TYPE_MISMATCH, expr->at, "%s and %s cannot be compared",
        type_name(left->type), type_name(right->type));
}

/* weekday(time) = "Monday": what the reported text should have been. */
static void help_with_weekday(struct check *check, const struct expr *left, uint32_t errors)
{
    bool is_weekday = left->kind == EXPR_CALL && str_is(left->call.name, "weekday");
    if (is_weekday && check->diags->error_count > errors)
        diag_help(check->diags, check->diags->last,
            "a day of the week is a number, 1 Monday to 7 Sunday: write `weekday(time) = 1`");
}

/* Both sides of a comparison, constants and raw values fitted to the other. */
static void pair_types(struct check *check, struct expr *expr)
{
    struct expr *left = expr->test.left;
    struct expr *right = expr->test.right;
    if (left->type == TYPE_COUNT || right->type == TYPE_COUNT)
        return;
    if (left->type == TYPE_RAW && !is_plain(right->type))
        read_as(left, right->type);
    else if (right->type == TYPE_RAW && !is_plain(left->type))
        read_as(right, left->type);
    else if (is_constant(right)) {
        uint32_t errors = check->diags->error_count;
        check_fits(check, right, left->type, false);
        help_with_weekday(check, left, errors);
    } else if (is_constant(left))
        check_fits(check, left, right->type, false);
    else if (!types_compare(left->type, right->type))
        report_types(check, expr);
}

static bool refuse_list(struct check *check, const struct expr *side, const char *help)
{
    if (!side->is_list)
        return false;
    struct diag *diag =
        diag_add(check->diags, DIAG_WRONG_TEST, side->at, "a list cannot stand here");
    diag_help(check->diags, diag, "%s", help);
    return true;
}

static void report_test(
    struct check *check, const struct expr *expr, const char *why, const char *help)
{
    struct diag *diag = diag_add(check->diags, DIAG_WRONG_TEST, expr->at, "`%s` %s %s",
        test_name(expr->test.test), why, type_name(expr->test.left->type));
    if (help != NULL)
        diag_help(check->diags, diag, "%s", help);
}

/* ---- the tests ---- */

static void check_equal(struct check *check, struct expr *expr)
{
    check_right(check, expr->test.right, expr->test.left->type);
    if (expr->test.right->type == TYPE_REGEX)
        report_test(
            check, expr, "takes a value, not a regular expression, beside", "write `matches /../`");
    else if (!refuse_list(check, expr->test.right, "use `in` for a list"))
        pair_types(check, expr);
}

static void check_order_test(struct check *check, struct expr *expr)
{
    struct expr *left = expr->test.left;
    struct expr *right = expr->test.right;
    value v;
    value number;
    enum type from;
    check_right(check, right, left->type);
    if (left->type == TYPE_COUNT || refuse_list(check, right, "compare with one value"))
        return;
    if (!type_is_ordered(left->type)) {
        report_test(check, expr, "needs something that has an order, and this is",
            left->type == TYPE_IP ? "write `in \"10.0.0.0/8\"`" : NULL);
        return;
    }
    pair_types(check, expr);
    if (left->type != TYPE_RAW || !constant_of(right, &v, &from) || v.kind != VALUE_TEXT)
        return;
    if (check_ok(check, value_convert(check->arena, v, TYPE_DECIMAL, &number))
        && number.kind == VALUE_ABSENT)
        diag_add(
            check->diags, DIAG_BAD_VALUE, right->at, "text has no order, and this is no number");
}

static void check_network(struct check *check, struct expr *expr)
{
    struct expr *left = expr->test.left;
    if (left->type != TYPE_IP && left->type != TYPE_RAW) {
        bool is_range = type_is_number(left->type) && expr->test.right->kind == EXPR_LITERAL
                        && expr->test.right->literal.type == TYPE_TEXT;
        report_test(check, expr, "takes a list, a range or (for addresses) a network; this is",
            is_range ? "a range stands without quotes: `in 7..20`"
                     : "write `= \"..\"`, or `in [\"..\"]`");
        return;
    }
    check_fits(check, expr->test.right, TYPE_IP, true);
    read_as(left, TYPE_IP);
}

static void check_in(struct check *check, struct expr *expr)
{
    struct expr *left = expr->test.left;
    struct expr *right = expr->test.right;
    check_right(check, right, left->type);
    if (left->type == TYPE_COUNT || right->type == TYPE_COUNT)
        return;
    if (right->kind == EXPR_LIST)
        return; /* check_right asked every element */
    if (!right->is_list && is_constant(right)) {
        check_network(check, expr);
        return;
    }
    if (left->type == TYPE_RAW && !is_plain(right->type))
        read_as(left, right->type == TYPE_CIDR ? TYPE_IP : right->type);
    else if (!types_compare(left->type, right->type)
             && !(left->type == TYPE_IP && right->type == TYPE_CIDR))
        report_types(check, expr);
}

static double number_of(value v)
{
    return v.kind == VALUE_DECIMAL ? v.decimal : (double)v.integer;
}

static void check_between(struct check *check, struct expr *expr)
{
    value low;
    value high;
    enum type type;
    enum type left = expr->test.left->type;
    check_expr(check, expr->test.right);
    check_expr(check, expr->test.high);
    if (left == TYPE_COUNT)
        return;
    if (!type_is_number(left) && left != TYPE_RAW) {
        report_test(check, expr, "with a range needs a number, and this is", NULL);
        return;
    }
    if (constant_of(expr->test.right, &low, &type) && constant_of(expr->test.high, &high, &type)
        && number_of(low) > number_of(high))
        diag_add(check->diags, DIAG_BAD_VALUE, span_join(expr->test.right->at, expr->test.high->at),
            "the range is empty: its first number is greater than its last");
}

static void report_no_regex(struct check *check, const struct expr *pattern)
{
    value v;
    enum type type;
    struct diag *diag = diag_add(check->diags, DIAG_NOT_CONSTANT, pattern->at,
        "`matches` needs a regular expression between slashes");
    if (!constant_of(pattern, &v, &type) || v.kind != VALUE_TEXT)
        return;
    str text = value_str(v);
    if (str_find(text, '/') == text.len && text.len > 0)
        diag_help(check->diags, diag, "write `matches /%.*s/`, or `contains \"%.*s\"`",
            STR_ARG(text), STR_ARG(text));
    else
        diag_help(check->diags, diag, "write `matches /../`; a slash inside is `\\/`");
}

/* One pattern of a text test: text, or a regex for `matches`. */
static void check_pattern(struct check *check, enum test test, struct expr *pattern)
{
    if (pattern->type == TYPE_COUNT)
        return;
    if (test == TEST_MATCHES) {
        if (pattern->kind != EXPR_REGEX)
            report_no_regex(check, pattern);
        return;
    }
    if (pattern->kind == EXPR_REGEX) {
        struct diag *diag = diag_add(check->diags, DIAG_TYPE_MISMATCH, pattern->at,
            "`%s` takes text, not a regular expression", test_name(test));
        diag_help(check->diags, diag, "write `matches /../`");
    } else if (test == TEST_LIKE && !is_constant(pattern)) {
        diag_add(check->diags, DIAG_NOT_CONSTANT, pattern->at,
            "a glob is written in the rule, and this is known only with the alert");
    } else if (pattern->type != TYPE_RAW && !type_is_text(pattern->type)) {
        struct diag *diag = diag_add(check->diags, DIAG_TYPE_MISMATCH, pattern->at,
            "`%s` takes text, and this is %s", test_name(test), type_name(pattern->type));
        if (type_is_number(pattern->type))
            diag_help(check->diags, diag, "text stands in quotes");
    }
}

static void check_patterns(
    struct check *check, enum test test, struct expr *right, enum quantifier patterns)
{
    if (right->kind != EXPR_LIST) {
        check_expr(check, right);
        check_pattern(check, test, right);
        return;
    }
    right->is_list = true;
    right->type = test == TEST_MATCHES ? TYPE_REGEX : TYPE_TEXT;
    if (patterns == QUANTIFIER_NONE) {
        struct diag *diag = diag_add(check->diags, DIAG_WRONG_TEST, right->at,
            "say whether `%s` shall hold for any of these or for all", test_name(test));
        diag_help(check->diags, diag, "write `%s any [..]` or `%s all [..]`", test_name(test),
            test_name(test));
    }
    for (struct expr *pattern = right->elements; pattern != NULL; pattern = pattern->next) {
        check_expr(check, pattern);
        check_pattern(check, test, pattern);
    }
    check_spread(check, right, patterns);
    check_members(check, right, right->type);
}

static void check_text_test(struct check *check, struct expr *expr)
{
    enum type left = expr->test.left->type;
    check_patterns(check, expr->test.test, expr->test.right, expr->test.patterns);
    if (left != TYPE_COUNT && left != TYPE_RAW && !type_is_text(left))
        report_test(check, expr, "needs text, and this is",
            left == TYPE_IP ? "write `in \"10.0.0.0/8\"`" : NULL);
}

static void check_cased(struct check *check, const struct expr *expr)
{
    enum test test = expr->test.test;
    enum type left = expr->test.left->type;
    if (!expr->test.cased || left == TYPE_COUNT)
        return;
    if (test == TEST_MATCHES) {
        struct diag *diag = diag_add(check->diags, DIAG_WRONG_TEST, expr->at,
            "a regular expression is as written: `cased` says nothing here");
        diag_help(check->diags, diag, "leave it out; /../i folds case");
    } else if ((left != TYPE_RAW && !type_is_text(left)) || test == TEST_BETWEEN
               || test == TEST_NOT_BETWEEN || test == TEST_IS_NULL
               || (test >= TEST_LESS && test <= TEST_GREATER_EQUAL)) {
        diag_add(check->diags, DIAG_WRONG_TEST, expr->at, "`cased` is for text only");
    }
}

static void check_left(struct check *check, const struct expr *expr)
{
    struct expr *left = expr->test.left;
    check_expr(check, left);
    if (refuse_list(check, left, "a list stands to the right of `in`"))
        left->type = TYPE_COUNT;
    if (left->type == TYPE_REGEX) {
        diag_add(check->diags, DIAG_WRONG_TEST, left->at,
            "a regular expression stands to the right of `matches`");
        left->type = TYPE_COUNT;
    }
    if (left->type == TYPE_COUNT)
        return;
    if (expr->test.quantifier != QUANTIFIER_NONE
        && (is_constant(left) || left->means == MEANING_RESULT))
        diag_add(check->diags, DIAG_WRONG_TEST, left->at,
            "`any` and `all` are about the elements of a field");
    if (expr->test.test == TEST_IS_NULL && (is_constant(left) || left->means == MEANING_RESULT))
        diag_add(check->diags, DIAG_WRONG_TEST, left->at, "only a field of the alert may be null");
}

void check_test(struct check *check, struct expr *expr)
{
    uint32_t errors = check->diags->error_count;
    expr->type = TYPE_BOOL;
    if (check_environment_test(check, expr))
        return;
    check_left(check, expr);
    switch (expr->test.test) {
    case TEST_EQUAL:
    case TEST_NOT_EQUAL:
        check_equal(check, expr);
        break;
    case TEST_LESS:
    case TEST_LESS_EQUAL:
    case TEST_GREATER:
    case TEST_GREATER_EQUAL:
        check_order_test(check, expr);
        break;
    case TEST_IN:
    case TEST_NOT_IN:
        check_in(check, expr);
        break;
    case TEST_BETWEEN:
    case TEST_NOT_BETWEEN:
        check_between(check, expr);
        break;
    case TEST_CONTAINS:
    case TEST_STARTSWITH:
    case TEST_ENDSWITH:
    case TEST_LIKE:
    case TEST_MATCHES:
        check_text_test(check, expr);
        break;
    case TEST_IS_NULL:
        break;
    }
    check_cased(check, expr);
    if (check->diags->error_count == errors) /* one mistake, one message */
        check_never(check, expr);
}

void check_anywhere(struct check *check, struct expr *expr)
{
    expr->type = TYPE_BOOL;
    check_patterns(check, expr->anywhere.test, expr->anywhere.right, expr->anywhere.patterns);
    if (expr->anywhere.cased && expr->anywhere.test == TEST_MATCHES)
        diag_add(check->diags, DIAG_WRONG_TEST, expr->at,
            "a regular expression is as written: `cased` says nothing here");
    if (check->in_source)
        diag_add(check->diags, DIAG_SOURCE_READS_RAW, expr->at,
            "a source cannot search the whole alert");
}
