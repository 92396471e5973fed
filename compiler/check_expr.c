/* check_expr.c - the types of expressions, node by node. */
#include "check_pass.h"

#include "constant.h"
#include "match/regex.h"

/* Where byte `offset` of a pattern stands in the text: `\/` there is `/` here. */
static span regex_place(const struct check *check, const struct expr *expr, size_t offset)
{
    str text = sources_text(check->sources, expr->at);
    size_t at = 1;
    for (size_t read = 0; read < offset && at < text.len; read++, at++)
        if (text.ptr[at] == '\\' && at + 1 < text.len && text.ptr[at + 1] == '/')
            at++;
    uint32_t start = expr->at.start + (uint32_t)at;
    if (start >= expr->at.end)
        start = expr->at.end > expr->at.start ? expr->at.end - 1 : expr->at.start;
    return (span){ start, start + 1 < expr->at.end ? start + 1 : expr->at.end, expr->at.file };
}

static void check_regex(struct check *check, struct expr *expr)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    struct regex *regex;
    const char *reason = "";
    size_t at = 0;
    expr->type = TYPE_REGEX;
    enum err err =
        regex_new(&scratch, expr->regex.pattern, expr->regex.flags, &regex, &reason, &at);
    if (err == ERR_INVALID) {
        diag_add(check->diags, DIAG_BAD_REGEX, regex_place(check, expr, at), "%s", reason);
        expr->type = TYPE_COUNT;
        return;
    }
    check_ok(check, err);
}

/* A list by itself: elements have one type. Beside a field, check_members asks again. */
static void check_list_literal(struct check *check, struct expr *list)
{
    enum type type = TYPE_COUNT;
    list->is_list = true;
    for (struct expr *element = list->elements; element != NULL; element = element->next) {
        check_expr(check, element);
        if (type == TYPE_COUNT)
            type = element->type;
        else if (element->type != TYPE_COUNT && !types_compare(type, element->type))
            diag_add(check->diags, DIAG_TYPE_MISMATCH, element->at,
                "this is %s, the elements before it are %s", type_name(element->type),
                type_name(type));
    }
    list->type = type;
    check_spread(check, list, QUANTIFIER_ANY);
    check_members(check, list, type);
}

static void check_exists(struct check *check, struct expr *expr)
{
    struct expr *operand = expr->exists.operand;
    expr->type = TYPE_BOOL;
    check_expr(check, operand);
    if (operand->type == TYPE_COUNT || operand->means == MEANING_FIELD
        || operand->means == MEANING_RAW || operand->means == MEANING_RESULT
        || operand->means == MEANING_FIRST_FIELD || operand->means == MEANING_FIRST_RAW
        || operand->means == MEANING_TAG || operand->means == MEANING_PARAM)
        return;
    diag_add(check->diags, DIAG_WRONG_TEST, operand->at,
        "`%s` asks for a field of the alert, and this is none",
        expr->exists.is_missing ? "missing" : "exists");
}

/* `a and b and c` leans to the left as far as the text is long: no recursion there. */
static void check_chain(struct check *check, struct expr *expr)
{
    while (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        expr->type = TYPE_BOOL;
        check_condition(check, expr->binary.right);
        expr = expr->binary.left;
    }
    check_condition(check, expr);
}

static void check_not(struct check *check, struct expr *expr)
{
    while (expr->kind == EXPR_NOT) {
        expr->type = TYPE_BOOL;
        expr = expr->operand;
    }
    check_condition(check, expr);
}

void check_expr(struct check *check, struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_LITERAL:
        expr->type = expr->literal.type;
        break;
    case EXPR_REGEX:
        check_regex(check, expr);
        break;
    case EXPR_FIELD:
        check_field(check, expr);
        break;
    case EXPR_CALL:
        check_call(check, expr);
        break;
    case EXPR_LIST:
        check_list_literal(check, expr);
        break;
    case EXPR_TEST:
        check_test(check, expr);
        break;
    case EXPR_ANYWHERE:
        check_anywhere(check, expr);
        break;
    case EXPR_EXISTS:
        check_exists(check, expr);
        break;
    case EXPR_NOT:
        check_not(check, expr);
        break;
    case EXPR_AND:
    case EXPR_OR:
        check_chain(check, expr);
        break;
    case EXPR_SEVERAL:
        check_several(check, expr);
        break;
    }
}

void check_condition(struct check *check, struct expr *expr)
{
    check_expr(check, expr);
    if (expr->type == TYPE_COUNT || (expr->type == TYPE_BOOL && !expr->is_list))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_NOT_A_CONDITION, expr->at,
        "this is %s%s, not a condition", expr->is_list ? "a list of " : "", type_name(expr->type));
    if (expr->means == MEANING_FIELD || expr->means == MEANING_RAW)
        diag_help(check->diags, diag, "say what is asked of it: `exists ..`, or `.. = \"..\"`");
    expr->type = TYPE_COUNT;
}
