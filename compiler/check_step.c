/* check_step.c - steps: what they are called, what they say, what they see. */
#include "check_pass.h"

#include "arguments.h"
#include "registry.h"

static void report_step(struct check *check, enum verb verb, str name, span name_at)
{
    struct suggestion near = { .word = name };
    for (size_t at = 0; builtin_at(at) != NULL; at++)
        if (builtin_at(at)->verb == verb)
            suggest(&near, str_from(builtin_at(at)->name));
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_STEP, name_at,
        "there is no step `%s %.*s`", verb_name(verb), STR_ARG(name));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, name_at, near.best);
        return;
    }
    for (int other = 0; other < VERB_UNDO; other++)
        if (builtin_find((enum verb)other, name) != NULL) {
            diag_help(
                check->diags, diag, "write `%s %.*s`", verb_name((enum verb)other), STR_ARG(name));
            return;
        }
    diag_help(check->diags, diag, "`cdr builtins` lists every step");
}

const struct builtin *check_step_name(struct check *check, enum verb verb, str name, span name_at)
{
    const struct builtin *builtin = builtin_find(verb, name);
    if (builtin == NULL)
        report_step(check, verb, name, name_at);
    return builtin;
}

static const struct ast_step *find_named(const struct visible_step *steps, str name)
{
    for (; steps != NULL; steps = steps->next)
        if (str_equal(steps->name, name))
            return steps->step;
    return NULL;
}

static void remember(struct check *check, const struct ast_step *step, str name)
{
    struct visible_step *visible = ARENA_ARRAY(check->arena, struct visible_step, 2);
    if (!check_ok(check, visible == NULL ? ERR_MEMORY : ERR_OK))
        return;
    visible[0] = (struct visible_step){ .next = check->steps, .name = name, .step = step };
    visible[1] = (struct visible_step){ .next = check->named, .name = name, .step = step };
    check->steps = &visible[0];
    check->named = &visible[1];
}

/* `as NAME`: the name is new, and hides nothing. */
static void check_as(struct check *check, const struct ast_step *step, const struct clause *clause)
{
    str name = clause->reason;
    const struct ast_step *taken = find_named(check->named, name);
    const struct name *declared = scope_find(check->scope, clause->at.file, name);
    if (!check_hiding(check, name, clause->at))
        return;
    if (taken != NULL || declared != NULL) {
        struct diag *diag = diag_add(check->diags, DIAG_DUPLICATE_NAME, clause->at,
            "`%.*s` is declared twice", STR_ARG(name));
        diag_note(check->diags, diag, taken != NULL ? taken->at : declared->item->name_at,
            "it was declared here first");
        return;
    }
    remember(check, step, name);
}

static const char *clause_name(enum clause_kind kind)
{
    switch (kind) {
    case CLAUSE_LIMIT:
        return "limit";
    case CLAUSE_DEDUP:
        return "dedup";
    case CLAUSE_MODE:
        return "mode";
    case CLAUSE_SHADOW:
        return "shadow";
    case CLAUSE_UNLESS:
        return "unless";
    case CLAUSE_FOLLOWED:
    case CLAUSE_NEVER_TARGET:
        return "followed by";
    case CLAUSE_FOR:
        return "for";
    case CLAUSE_TIMEOUT:
        return "timeout";
    case CLAUSE_APPROVE:
        return "approve";
    case CLAUSE_ESCALATE:
        return "escalate";
    case CLAUSE_FROM:
        return "from";
    case CLAUSE_AS:
        return "as";
    case CLAUSE_IRREVERSIBLE:
        return "irreversible";
    case CLAUSE_ON_FAILURE_STOP:
        return "on failure stop";
    }
    return "";
}

static void check_part(
    struct check *check, const struct ast_step *step, const struct clause *clause)
{
    const struct builtin *builtin = step->action.builtin;
    for (const struct clause *before = step->action.clauses; before != clause;
         before = before->next)
        if (before->kind == clause->kind && clause->kind != CLAUSE_ESCALATE)
            diag_add(check->diags, DIAG_GIVEN_TWICE, clause->at, "`%s` is said twice",
                clause_name(clause->kind));
    check_step_time(check, clause);
    if (clause->kind == CLAUSE_FOR && builtin != NULL && !builtin_has_inverse(builtin)) {
        struct diag *diag = diag_add(check->diags, DIAG_CLAUSE_SENSE, clause->at,
            "`for` takes the step back after a time, and nothing takes `%s` back", builtin->name);
        diag_help(check->diags, diag, "leave `for %.*s` out", STR_ARG(clause->duration));
    }
}

static void check_irreversible(struct check *check, const struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    const struct clause *clause = clause_find(step->action.clauses, CLAUSE_IRREVERSIBLE);
    if (builtin->effect == EFFECT_DESTROYS && clause == NULL) {
        struct diag *diag = diag_add(check->diags, DIAG_NEEDS_IRREVERSIBLE, step->at,
            "`%s %s` cannot be undone", verb_name(builtin->verb), builtin->name);
        /* No fix: the word is a person's consent. */
        diag_help(check->diags, diag,
            "if it shall be done all the same, end it with `irreversible` and write "
            "`mode destroy` before `then`");
    } else if (builtin->effect != EFFECT_DESTROYS && clause != NULL) {
        struct diag *diag = diag_add(check->diags, DIAG_NOT_IRREVERSIBLE, clause->at,
            builtin->effect == EFFECT_CHANGES ? "`%s %s` can be undone: it is not irreversible"
                                              : "`%s %s` changes nothing: it is not irreversible",
            verb_name(builtin->verb), builtin->name);
        diag_help(check->diags, diag, "leave the word out");
        diag_set_fix(check->diags, diag, clause->at, STR(""));
    }
}

/* Whether a step of that kind was found to be not connected in this file before. */
static bool is_told(struct check *check, const struct builtin *builtin, uint32_t file)
{
    if (check->told_file != file)
        check->told = NULL;
    check->told_file = file;
    for (const struct told_builtin *told = check->told; told != NULL; told = told->next)
        if (told->builtin == builtin)
            return true;
    struct told_builtin *told = ARENA_NEW(check->arena, struct told_builtin);
    if (!check_ok(check, told == NULL ? ERR_MEMORY : ERR_OK))
        return true;
    *told = (struct told_builtin){ check->told, builtin };
    check->told = told;
    return false;
}

/* A plan shows such a step, and who writes the rule should know that it cannot be taken:
 * once a file, since that is no mistake of any one rule. */
static void report_connection(struct check *check, const struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    if (builtin->missing != NULL && !is_told(check, builtin, step->at.file))
        diag_add(check->diags, DIAG_NOT_CONNECTED, step->action.name_at,
            "`%s %s` is not connected in this build: %s", verb_name(builtin->verb), builtin->name,
            builtin->missing);
}

static void check_action(struct check *check, struct ast_step *step)
{
    step->action.builtin =
        check_step_name(check, step->action.verb, step->action.name, step->action.name_at);
    if (step->action.builtin != NULL) {
        report_connection(check, step);
        check_args(check, step);
        check_irreversible(check, step);
        check_ceiling(check, step);
    }
    check_approval(check, step);
    for (const struct clause *clause = step->action.clauses; clause != NULL; clause = clause->next)
        check_part(check, step, clause);
    const struct clause *as = clause_find(step->action.clauses, CLAUSE_AS);
    if (as != NULL)
        check_as(check, step, as);
}

/* What a block names is seen in the rest of that block only: outside it may not have run. */
void check_steps(struct check *check, struct ast_step *steps)
{
    struct visible_step *outside = check->steps;
    for (struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            check_action(check, step);
            continue;
        }
        check_condition(check, step->branch.condition);
        check_steps(check, step->branch.then_steps);
        check_steps(check, step->branch.else_steps);
    }
    check->steps = outside;
}
