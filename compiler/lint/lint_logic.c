/* lint_logic.c - and, or, not: what reads otherwise than it means, or means nothing. */
#include "lint/lint_pass.h"

#include "base/buf.h"

enum { COMPARED_MAX = 64, SAME_FIELD_MIN = 3 };

static const char *word_of(const struct expr *expr)
{
    return expr->kind == EXPR_AND ? "and" : "or";
}

static void look_for_mixing(struct lint *lint, const struct expr *chain, const struct expr *operand)
{
    if (chain->kind != EXPR_OR || operand->kind != EXPR_AND || operand->in_parentheses)
        return;
    str text = lint_text(lint, operand->at);
    struct diag *diag =
        LINT(lint, DIAG_MIXED_AND_OR, operand->at, "`and` and `or` are mixed without parentheses");
    LINT_HELP(lint, diag, "`and` binds tighter than `or`: put this into parentheses");
    lint_fix(lint, diag, operand->at, "(%.*s)", STR_ARG(text));
}

static bool is_opposite(const struct expr *a, const struct expr *b)
{
    return (a->kind == EXPR_NOT && expr_same(a->operand, b))
           || (b->kind == EXPR_NOT && expr_same(b->operand, a));
}

static void look_for_pairs(struct lint *lint, const struct expr *chain, const struct buf *operands)
{
    size_t count = expr_chain_count(operands);
    for (size_t i = 1; i < count && count <= COMPARED_MAX; i++)
        for (size_t j = 0; j < i; j++) {
            const struct expr *a = expr_chain_at(operands, j);
            const struct expr *b = expr_chain_at(operands, i);
            struct diag *diag = NULL;
            if (expr_same(a, b))
                diag = LINT(lint, DIAG_SAID_TWICE, b->at, "this is said twice between `%s`",
                    word_of(chain));
            else if (is_opposite(a, b))
                diag = LINT(lint, DIAG_OPPOSITES, b->at,
                    chain->kind == EXPR_AND ? "this and its opposite never hold together"
                                            : "this or its opposite always holds");
            else
                continue;
            diag_note(lint->diags, diag, a->at, "the other one is here");
            break;
        }
}

/* f = "a": a test for a written value, and nothing else about it. */
static bool is_plain_equality(const struct expr *expr)
{
    if (expr->kind != EXPR_TEST || expr->test.test != TEST_EQUAL
        || expr->test.quantifier != QUANTIFIER_NONE)
        return false;
    const struct expr *right = expr->test.right;
    return (right->kind == EXPR_LITERAL && right->literal.parts == NULL)
           || right->means == MEANING_ENUM || right->means == MEANING_SOURCE;
}

static bool is_alike(const struct expr *a, const struct expr *b)
{
    return is_plain_equality(b) && expr_same(a->test.left, b->test.left)
           && a->test.cased == b->test.cased && a->test.right->kind == b->test.right->kind
           && (a->test.right->kind != EXPR_LITERAL
               || a->test.right->literal.type == b->test.right->literal.type);
}

/* f = "a" or f = "b" or f = "c" */
static void look_for_list(struct lint *lint, const struct expr *chain, const struct buf *operands)
{
    size_t count = expr_chain_count(operands);
    const struct expr *first = expr_chain_at(operands, 0);
    if (chain->kind != EXPR_OR || count < SAME_FIELD_MIN || !is_plain_equality(first))
        return;
    CLEANUP(buf_release) struct buf list = BUF_INIT(400);
    for (size_t i = 0; i < count; i++) {
        const struct expr *operand = expr_chain_at(operands, i);
        if (!is_alike(first, operand))
            return;
        str written = lint_text(lint, operand->test.right->at);
        buf_addf(&list, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(written));
    }
    str field = lint_text(lint, first->test.left->at);
    struct diag *diag = LINT(lint, DIAG_LIST_IN_DISGUISE, chain->at,
        "%zu tests of `%.*s` for one value each are one test for a list", count, STR_ARG(field));
    LINT_HELP(lint, diag, "write `%.*s in [..]`", STR_ARG(field));
    if (list.err == ERR_OK && !first->in_parentheses)
        lint_fix(lint, diag, chain->at, "%.*s in [%.*s]%s", STR_ARG(field), STR_ARG(buf_str(&list)),
            first->test.cased ? " cased" : "");
}

static void look_at_chain(struct lint *lint, const struct expr *chain)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (!lint_ok(lint, expr_chain(chain, &operands)))
        return;
    for (size_t i = 0; i < expr_chain_count(&operands); i++)
        look_for_mixing(lint, chain, expr_chain_at(&operands, i));
    look_for_pairs(lint, chain, &operands);
    look_for_list(lint, chain, &operands);
}

static void look_at_not(struct lint *lint, const struct expr *expr)
{
    const struct expr *inner = expr->operand;
    if (inner->kind != EXPR_NOT)
        return;
    struct diag *diag = LINT(lint, DIAG_NOT_NOT, expr->at, "`not` and `not` say nothing");
    LINT_HELP(lint, diag, "leave both out");
    if (!inner->in_parentheses && !inner->operand->in_parentheses)
        lint_fix(lint, diag, (span){ expr->at.start, inner->operand->at.start, expr->at.file },
            "%s", "");
}

void lint_logic(struct lint *lint, const struct expr *expr)
{
    if (expr->kind == EXPR_NOT)
        look_at_not(lint, expr);
    else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR)
        look_at_chain(lint, expr);
}
