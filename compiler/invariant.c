/* invariant.c - which rules may break what the set says of itself; see invariant.h. */
#include "invariant.h"

#include "arguments.h"
#include "builtin.h"

static bool is_meant(const struct ast_step_name *name, const struct ast_step *step)
{
    return step->action.verb == name->verb
           && (name->name.len == 0 || str_equal(step->action.name, name->name));
}

static bool takes(const struct ast_step *steps, const struct ast_step_name *name)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? is_meant(name, step)
                : takes(step->branch.then_steps, name) || takes(step->branch.else_steps, name))
            return true;
    return false;
}

static bool has_target(const struct builtin *builtin)
{
    for (uint32_t at = 0; at < builtin_param_count(builtin); at++)
        if (builtin->params[at].need == PARAM_TARGET)
            return true;
    return false;
}

bool steps_have_target(const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION ? has_target(step->action.builtin)
                                           : steps_have_target(step->branch.then_steps)
                                                 || steps_have_target(step->branch.else_steps))
            return true;
    return false;
}

/* The same step on every path: none may end the steps before it, and none holds it. */
static bool always_takes(const struct item *rule, const struct ast_step_name *name)
{
    for (const struct ast_step *step = rule->rule.steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION && is_meant(name, step))
            return name->verb != VERB_RESPOND;
        if (step->kind == STEP_KIND_IF
            || clause_find(step->action.clauses, CLAUSE_ON_FAILURE_STOP) != NULL)
            return false;
    }
    return false;
}

bool invariant_concerns(const struct item *invariant, const struct item *rule)
{
    if (invariant->kind == ITEM_NEVER)
        return invariant->never.is_target ? steps_have_target(rule->rule.steps)
                                          : takes(rule->rule.steps, &invariant->never.step);
    return invariant->kind == ITEM_ALWAYS && !always_takes(rule, &invariant->always.step);
}

const char *invariant_name(const struct item *invariant)
{
    if (invariant->kind == ITEM_ALWAYS)
        return "always";
    return invariant->never.is_target ? "never target" : "never";
}
