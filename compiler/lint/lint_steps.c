/* lint_steps.c - steps: said twice, alike on both ways, results that nobody reads. */
#include "lint/lint_pass.h"

#include "arguments.h"
#include "connection.h"

static bool pairs_same(const struct pair *a, const struct pair *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!str_equal(a->key, b->key) || !expr_same(a->value, b->value))
            return false;
    return a == b;
}

static bool clause_same(const struct clause *a, const struct clause *b)
{
    if (a->kind != b->kind || a->number != b->number || a->duration_ms != b->duration_ms
        || !str_equal(a->reason, b->reason))
        return false;
    if (a->condition == NULL || b->condition == NULL)
        return a->condition == b->condition;
    return expr_same(a->condition, b->condition);
}

static bool asks_for_approval(const struct clause *clause)
{
    return clause->kind == CLAUSE_APPROVE || clause->kind == CLAUSE_ESCALATE;
}

static const struct clause *next_stage(const struct clause *clause)
{
    while (clause != NULL && !asks_for_approval(clause))
        clause = clause->next;
    return clause;
}

/* The same people, as many of them, in the same order. */
static bool stages_same(const struct clause *a, const struct clause *b)
{
    a = next_stage(a);
    b = next_stage(b);
    for (; a != NULL && b != NULL; a = next_stage(a->next), b = next_stage(b->next)) {
        const struct ast_name *left = a->who;
        const struct ast_name *right = b->who;
        while (left != NULL && right != NULL && str_equal(left->text, right->text)) {
            left = left->next;
            right = right->next;
        }
        if (left != right || !clause_same(a, b))
            return false;
    }
    return a == b;
}

/* How many clauses say something; a name for the result changes nothing that is done. */
static uint32_t count_clauses(const struct ast_step *step)
{
    uint32_t count = 0;
    for (const struct clause *clause = step->action.clauses; clause != NULL; clause = clause->next)
        count += clause->kind != CLAUSE_AS;
    return count;
}

/* Whether both are for the same target, wait for the same person, fail the same way. Each
 * other clause is there once. */
static bool clauses_same(const struct ast_step *a, const struct ast_step *b)
{
    for (const struct clause *clause = a->action.clauses; clause != NULL; clause = clause->next) {
        const struct clause *other = clause_find(b->action.clauses, clause->kind);
        if (clause->kind != CLAUSE_AS && !asks_for_approval(clause)
            && (other == NULL || !clause_same(clause, other)))
            return false;
    }
    return count_clauses(a) == count_clauses(b)
           && stages_same(a->action.clauses, b->action.clauses);
}

static bool step_same(const struct ast_step *a, const struct ast_step *b)
{
    return a->kind == STEP_KIND_ACTION && b->kind == STEP_KIND_ACTION
           && a->action.verb == b->action.verb && str_equal(a->action.name, b->action.name)
           && pairs_same(a->action.pairs, b->action.pairs) && clauses_same(a, b);
}

static bool steps_same(const struct ast_step *a, const struct ast_step *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!step_same(a, b))
            return false;
    return a == b;
}

/* Telling people twice may be meant; acting or collecting twice is not. */
static void look_for_doubles(struct lint *lint, const struct ast_step *steps)
{
    enum { COMPARED_MAX = 100 };
    int count = 0;
    for (const struct ast_step *step = steps; step != NULL && count < COMPARED_MAX;
         step = step->next, count++) {
        if (step->kind == STEP_KIND_IF
            || (step->action.verb != VERB_RESPOND && step->action.verb != VERB_COLLECT))
            continue;
        for (const struct ast_step *before = steps; before != step; before = before->next) {
            if (!step_same(before, step))
                continue;
            struct diag *diag =
                LINT(lint, DIAG_STEP_TWICE, step->at, "this step was taken already");
            diag_note(lint->diags, diag, before->at, "it is here");
            LINT_HELP(lint, diag, "take one of them out");
            break;
        }
    }
}

struct reading {
    const struct ast_step *step;
    bool is_found;
};

static void note_reading(struct lint *lint, const struct expr *expr, void *context)
{
    struct reading *reading = context;
    (void)lint;
    if (expr->kind == EXPR_FIELD && expr->means == MEANING_RESULT
        && expr->is.result.step == reading->step)
        reading->is_found = true;
}

/* Whether a test says what a step of that name came back with. */
static bool is_in_tests(const struct lint *lint, str name)
{
    for (uint32_t at = 0; at < lint->compilation->tree_count; at++)
        for (const struct item *item = lint->compilation->trees[at]->items; item != NULL;
             item = item->next) {
            const struct ast_check *check = item->kind == ITEM_TEST ? item->test.checks : NULL;
            for (; check != NULL; check = check->next)
                if (check->kind == CHECK_RESULT && str_equal(check->result.step, name))
                    return true;
        }
    return false;
}

static void look_at_name(struct lint *lint, const struct ast_step *step)
{
    const struct clause *as = clause_find(step->action.clauses, CLAUSE_AS);
    struct reading reading = { .step = step };
    if (as == NULL)
        return;
    walk_steps(lint, lint->item->rule.steps, note_reading, &reading);
    if (reading.is_found || is_in_tests(lint, as->reason))
        return;
    struct diag *diag = LINT(
        lint, DIAG_UNREAD_RESULT, as->at, "nobody reads the result `%.*s`", STR_ARG(as->reason));
    LINT_HELP(lint, diag, "leave `as %.*s` out, or ask what came of the step: `if %.*s.failed ..`",
        STR_ARG(as->reason), STR_ARG(as->reason));
}

/* A place that is neither said in the step nor for all of them: the step would be unresolved. Without
 * a connection nobody has said yet how AWS is reached at all. */
static void look_at_way(struct lint *lint, const struct ast_step *step, const struct builtin *row)
{
    const struct compilation *all = lint->compilation;
    if (row->provider == NULL)
        return;
    const struct item *connection =
        connection_used(all->trees, all->tree_count, str_from(row->provider));
    for (uint32_t at = 0; connection != NULL && at < builtin_param_count(row); at++) {
        const char *setting = row->params[at].setting;
        if (setting == NULL || strcmp(setting, "evidence") != 0 || step_argument(step, at) != NULL
            || connection_line(connection, setting) != NULL)
            continue;
        struct diag *diag = LINT(lint, DIAG_NO_EVIDENCE, step->at,
            "nothing says where `%s %s` keeps what it collects", verb_name(row->verb), row->name);
        diag_note(lint->diags, diag, connection->name_at, "this connection has no `%s`", setting);
        LINT_HELP(lint, diag,
            "write `%s = \"s3://bucket/prefix\"` in `connection %.*s`, or `%s=..` in the step",
            setting, STR_ARG(connection->name), row->params[at].name);
    }
}

static void look_at_evidence(struct lint *lint, const struct ast_step *step)
{
    const struct builtin *part;
    for (uint32_t at = 0;
         step->action.builtin != NULL && (part = builtin_part(step->action.builtin, at)) != NULL;
         at++)
        look_at_way(lint, step, part);
}

static void look_at_branch(struct lint *lint, const struct ast_step *step)
{
    const struct ast_step *other = step->branch.else_steps;
    if (other == NULL || !steps_same(step->branch.then_steps, other))
        return;
    struct diag *diag = LINT(
        lint, DIAG_SAME_WAYS, step->branch.condition->at, "both ways of this `if` do the same");
    diag_note(lint->diags, diag, other->at, "the other way begins here");
    LINT_HELP(lint, diag, "leave the `if` out");
}

static void look_at_steps(struct lint *lint, const struct ast_step *steps)
{
    look_for_doubles(lint, steps);
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            look_at_name(lint, step);
            look_at_evidence(lint, step);
            continue;
        }
        look_at_branch(lint, step);
        look_at_steps(lint, step->branch.then_steps);
        look_at_steps(lint, step->branch.else_steps);
    }
}

void lint_steps(struct lint *lint, const struct item *rule)
{
    look_at_steps(lint, rule->rule.steps);
}
