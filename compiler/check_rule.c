/* check_rule.c - a rule: its condition, its clauses, and what holds for the whole of it. */
#include "check_pass.h"

#include "arguments.h"
#include "base/limits.h"
#include "expand.h"
#include "function.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    const struct pair *first = *(const struct pair *const *)a;
    const struct pair *second = *(const struct pair *const *)b;
    int order = (first->key.len > second->key.len) - (first->key.len < second->key.len);
    if (order == 0)
        order = memcmp(first->key.ptr, second->key.ptr, first->key.len);
    if (order != 0)
        return order;
    return (first->key_at.start > second->key_at.start)
           - (first->key_at.start < second->key_at.start);
}

/* There may be very many, so they are sorted and not compared each with each. */
static void look_for_key_twice(struct check *check, const struct pair *pairs)
{
    size_t count = 0;
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    for (const struct pair *pair = pairs; pair != NULL; pair = pair->next)
        count++;
    const struct pair **sorted = ARENA_ARRAY(&scratch, const struct pair *, count + 1);
    if (!check_ok(check, sorted == NULL ? ERR_MEMORY : ERR_OK))
        return;
    count = 0;
    for (const struct pair *pair = pairs; pair != NULL; pair = pair->next)
        sorted[count++] = pair;
    qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t at = 1; at < count; at++)
        if (str_equal(sorted[at - 1]->key, sorted[at]->key))
            diag_add(check->diags, DIAG_GIVEN_TWICE, sorted[at]->key_at, "`%.*s` is said twice",
                STR_ARG(sorted[at]->key));
}

static void check_pairs(struct check *check, const struct item *rule)
{
    for (const struct pair *pair = rule->rule.pairs; pair != NULL; pair = pair->next)
        if (pair->value->kind != EXPR_LITERAL)
            diag_add(check->diags, DIAG_NOT_CONSTANT, pair->value->at,
                "what is said about a rule is text in quotes, or a number");
    look_for_key_twice(check, rule->rule.pairs);
}

static void check_clauses(struct check *check, struct clause *clauses)
{
    if (!check_limit_count(check, clauses))
        return;
    for (struct clause *clause = clauses; clause != NULL; clause = clause->next) {
        if (clause->kind == CLAUSE_UNLESS)
            check_unless(check, clause);
        check_clause(check, clause);
        for (const struct clause *before = clauses; before != clause; before = before->next)
            if (clause_says_again(before, clause))
                diag_add(check->diags, DIAG_GIVEN_TWICE, clause->at, "the rule says this twice");
    }
}

/* How many values the machine holds at once while it works out `expr`, written out; never
 * too few. Depth: as in expand.c. */
static uint32_t values_needed(const struct expr *expr)
{
    uint32_t most = 2;
    uint32_t before = 0;
    const struct expr *sides[3] = { NULL };
    while (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        uint32_t right = 1 + values_needed(expr->binary.right);
        most = right > most ? right : most;
        expr = expr->binary.left;
    }
    if (expr->kind == EXPR_TEST) {
        sides[0] = expr->test.left;
        sides[1] = expr->test.right;
        sides[2] = expr->test.high;
    } else if (expr->kind == EXPR_ANYWHERE) {
        sides[0] = expr->anywhere.right;
    } else if (expr->kind == EXPR_NOT) {
        sides[0] = expr->operand;
    }
    const struct expr *arg = expr->kind == EXPR_CALL ? expr->call.arguments : NULL;
    for (; arg != NULL; arg = arg->next, before++) {
        uint32_t needed = before + values_needed(arg);
        most = needed > most ? needed : most;
    }
    for (uint32_t at = 0; at < 3 && sides[at] != NULL; at++) {
        uint32_t needed = at + values_needed(sides[at]);
        most = needed > most ? needed : most;
    }
    return most;
}

bool check_size(struct check *check, struct expr *expr)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    struct expand expand = { .arena = &scratch };
    const struct expr *whole = expand_expr(&expand, expr);
    if (expand.err == ERR_LIMIT) {
        bool is_macro = expand.grown > EXPANSION_NODES_MAX;
        struct diag *diag = diag_add(check->diags, DIAG_TOO_LARGE, expr->at,
            is_macro ? "its lets and macros, written out, have more than %d parts"
                     : "this has more than %d parts",
            is_macro ? EXPANSION_NODES_MAX : CONDITION_NODES_MAX);
        diag_help(check->diags, diag, "use lists, or split the rule");
        return false;
    }
    if (!check_ok(check, expand.err))
        return false;
    if (values_needed(whole) <= STACK_MAX - FUNCTION_PARAMS_MAX)
        return true;
    struct diag *diag = diag_add(check->diags, DIAG_TOO_LARGE, expr->at,
        "this needs more than %d values at once", STACK_MAX - FUNCTION_PARAMS_MAX);
    diag_help(check->diags, diag, "calls inside calls: write fewer arguments, or fewer levels");
    return false;
}

static bool check_step_sizes(struct check *check, const struct ast_step *steps)
{
    bool is_small = true;
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            is_small = check_size(check, step->branch.condition)
                       && check_step_sizes(check, step->branch.then_steps)
                       && check_step_sizes(check, step->branch.else_steps) && is_small;
            continue;
        }
        for (const struct pair *pair = step->action.pairs; pair != NULL; pair = pair->next)
            is_small = check_size(check, pair->value) && is_small;
        const struct clause *from = clause_find(step->action.clauses, CLAUSE_FROM);
        is_small = (from == NULL || check_size(check, from->condition)) && is_small;
    }
    return is_small;
}

static bool check_sizes(struct check *check, const struct item *rule)
{
    bool is_small = check_size(check, rule->rule.when);
    for (const struct clause *clause = rule->rule.clauses; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_UNLESS || clause->kind == CLAUSE_FOLLOWED)
            is_small = check_size(check, clause->condition) && is_small;
    return check_step_sizes(check, rule->rule.steps) && is_small;
}

void check_rule(struct check *check, struct item *rule)
{
    uint32_t errors = check->diags->error_count;
    uint32_t unsaid = check->unsaid;
    check->steps = NULL;
    check->named = NULL;
    if (rule->is_partial) { /* only what it asks may be whole */
        if (rule->rule.when == NULL)
            return;
        check_place_several(check, rule);
        check_condition(check, rule->rule.when);
        return;
    }
    check_place_several(check, rule);
    check->has_several = rule_is_several(rule, check->several);
    check_condition(check, rule->rule.when);
    check_followed(check, rule);
    check_pairs(check, rule);
    check_clauses(check, rule->rule.clauses);
    check->ceiling = ceiling_in_force(rule, &check->mode);
    check->in_several_steps = check->has_several;
    check_steps(check, rule->rule.steps);
    check->in_several_steps = false;
    check->has_several = false;
    check_order(check, rule->rule.steps);
    check_authors(check, rule);
    check->steps = NULL;
    if (check->diags->error_count > errors || check->unsaid > unsaid || !check_sizes(check, rule))
        return; /* what follows needs every name's meaning */
    check_absent(check, rule);
    if (!check->is_partial) /* a source may lack fields that were lost */
        check_pins(check, rule);
}
