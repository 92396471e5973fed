/* walk.c - every expression of a tree. Depth of the recursion: NESTING_MAX in the text;
 * long chains lean to the left and are walked in a loop. */
#include "lint/lint_pass.h"

static void walk_list(struct lint *lint, const struct expr *expr, expr_visit visit, void *context)
{
    for (; expr != NULL; expr = expr->next)
        walk_expr(lint, expr, visit, context);
}

static void walk_some(struct lint *lint, const struct expr *expr, expr_visit visit, void *context)
{
    if (expr != NULL)
        walk_expr(lint, expr, visit, context);
}

static void walk_parts(struct lint *lint, const struct expr *expr, expr_visit visit, void *context)
{
    switch (expr->kind) {
    case EXPR_LITERAL:
        walk_list(lint, expr->literal.parts, visit, context);
        break;
    case EXPR_CALL:
        walk_list(lint, expr->call.arguments, visit, context);
        break;
    case EXPR_LIST:
        walk_list(lint, expr->elements, visit, context);
        break;
    case EXPR_TEST:
        walk_expr(lint, expr->test.left, visit, context);
        walk_some(lint, expr->test.right, visit, context);
        walk_some(lint, expr->test.high, visit, context);
        break;
    case EXPR_ANYWHERE:
        walk_expr(lint, expr->anywhere.right, visit, context);
        break;
    case EXPR_EXISTS:
        walk_expr(lint, expr->exists.operand, visit, context);
        break;
    case EXPR_NOT:
        walk_expr(lint, expr->operand, visit, context);
        break;
    case EXPR_SEVERAL:
        walk_some(lint, expr->several->operand, visit, context);
        walk_list(lint, expr->several->by, visit, context);
        break;
    case EXPR_REGEX:
    case EXPR_FIELD:
    case EXPR_AND:
    case EXPR_OR:
        break;
    }
}

void walk_expr(struct lint *lint, const struct expr *expr, expr_visit visit, void *context)
{
    const struct expr *above = NULL; /* the node of the chain that this one is left in */
    for (; expr->kind == EXPR_AND || expr->kind == EXPR_OR; expr = expr->binary.left) {
        if (above == NULL || above->kind != expr->kind || expr->in_parentheses)
            visit(lint, expr, context);
        walk_expr(lint, expr->binary.right, visit, context);
        above = expr;
    }
    visit(lint, expr, context);
    walk_parts(lint, expr, visit, context);
}

static void walk_pairs(struct lint *lint, const struct pair *pair, expr_visit visit, void *context)
{
    for (; pair != NULL; pair = pair->next)
        walk_expr(lint, pair->value, visit, context);
}

static void walk_clauses(
    struct lint *lint, const struct clause *clause, expr_visit visit, void *context)
{
    for (; clause != NULL; clause = clause->next) {
        walk_some(lint, clause->condition, visit, context);
        walk_list(lint, clause->fields, visit, context);
    }
}

void walk_steps(struct lint *lint, const struct ast_step *step, expr_visit visit, void *context)
{
    for (; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            walk_pairs(lint, step->action.pairs, visit, context);
            walk_clauses(lint, step->action.clauses, visit, context);
            continue;
        }
        walk_expr(lint, step->branch.condition, visit, context);
        walk_steps(lint, step->branch.then_steps, visit, context);
        walk_steps(lint, step->branch.else_steps, visit, context);
    }
}

static void walk_lines(
    struct lint *lint, const struct ast_line *line, expr_visit visit, void *context)
{
    for (; line != NULL; line = line->next) {
        walk_some(lint, line->value, visit, context);
        walk_lines(lint, line->lines, visit, context);
    }
}

static void walk_source(struct lint *lint, const struct item *item, expr_visit visit, void *context)
{
    walk_expr(lint, item->source.accept, visit, context);
    const struct ast_mapping *mapping = item->source.mappings;
    for (; mapping != NULL; mapping = mapping->next)
        walk_expr(lint, mapping->value, visit, context);
}

void walk_item(struct lint *lint, const struct item *item, expr_visit visit, void *context)
{
    switch (item->kind) {
    case ITEM_LIST:
        walk_some(lint, item->list.values, visit, context);
        break;
    case ITEM_LET:
        walk_expr(lint, item->let.body, visit, context);
        break;
    case ITEM_MACRO:
        walk_expr(lint, item->macro.body, visit, context);
        break;
    case ITEM_DEFAULTS:
        walk_clauses(lint, item->defaults.clauses, visit, context);
        break;
    case ITEM_RULE:
        walk_pairs(lint, item->rule.pairs, visit, context);
        walk_expr(lint, item->rule.when, visit, context);
        walk_clauses(lint, item->rule.clauses, visit, context);
        walk_steps(lint, item->rule.steps, visit, context);
        break;
    case ITEM_EXCEPTION:
        walk_clauses(lint, item->exception.unless, visit, context);
        break;
    case ITEM_NEVER:
        walk_some(lint, item->never.condition, visit, context);
        break;
    case ITEM_ALWAYS:
        walk_expr(lint, item->always.condition, visit, context);
        break;
    case ITEM_SOURCE:
        walk_source(lint, item, visit, context);
        break;
    case ITEM_BLOCK:
        walk_lines(lint, item->block.lines, visit, context);
        break;
    case ITEM_USE:
    case ITEM_ENVIRONMENT:
    case ITEM_DISABLE:
    case ITEM_TEST:
        break; /* nothing is computed there */
    }
}
