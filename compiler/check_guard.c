/* check_guard.c - what holds rules back: `unless` and exceptions, `disable`, defaults, and
 * what `never` and `always` say of the whole set. */
#include "check_pass.h"

#include "arguments.h"
#include "base/time.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* ---- rules by name ---- */

static void report_no_rule(struct check *check, str name, span at)
{
    struct suggestion near = { .word = name };
    if (check_is_lost(check, UINT32_MAX, name))
        return;
    uint32_t next = 0;
    for (const struct name *other; (other = scope_next(check->scope, &next)) != NULL;)
        if (other->scope == SCOPE_RULES)
            suggest(&near, other->text);
    struct diag *diag =
        diag_add(check->diags, DIAG_UNKNOWN_RULE, at, "no rule is called `%.*s`", STR_ARG(name));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, at, near.best);
    } else {
        diag_help(check->diags, diag,
            "name a rule of the files that are checked together; a rule without a name is called "
            "after its file");
    }
}

/* The rule of that name in the whole set, or NULL after a report. */
static struct item *rule_named(struct check *check, str name, span at)
{
    const struct name *found = scope_find(check->scope, SCOPE_RULES, name);
    if (found == NULL)
        report_no_rule(check, name, at);
    return found == NULL ? NULL : found->item;
}

/* ---- links ---- */

static void add_excuse(struct check *check, struct item *rule, const struct clause *unless,
    const struct item *exception)
{
    struct ast_excuse **last = &rule->rule.excuses;
    struct ast_excuse *excuse = ARENA_NEW(check->arena, struct ast_excuse);
    if (!check_ok(check, excuse == NULL ? ERR_MEMORY : ERR_OK))
        return;
    *excuse = (struct ast_excuse){ .unless = unless, .exception = exception };
    while (*last != NULL)
        last = &(*last)->next;
    *last = excuse;
}

static void link_rule(struct check *check, struct item *rule, const struct item *defaults)
{
    rule->rule.defaults = defaults;
    for (const struct clause *clause = rule->rule.clauses; clause != NULL; clause = clause->next)
        if (clause->kind == CLAUSE_UNLESS)
            add_excuse(check, rule, clause, NULL);
}

static void link_exception(struct check *check, const struct item *exception)
{
    for (const struct ast_name *name = exception->exception.rules; name != NULL;
         name = name->next) {
        struct item *rule = rule_named(check, name->text, name->at);
        bool is_twice = false;
        for (const struct ast_name *before = exception->exception.rules; before != name;
             before = before->next)
            is_twice = is_twice || str_equal(before->text, name->text);
        if (is_twice)
            diag_add(check->diags, DIAG_GIVEN_TWICE, name->at, "the rule `%.*s` is named twice",
                STR_ARG(name->text));
        else if (rule != NULL && exception->exception.unless != NULL)
            add_excuse(check, rule, exception->exception.unless, exception);
    }
}

static void link_disable(struct check *check, const struct item *disable)
{
    struct item *rule = rule_named(check, disable->name, disable->name_at);
    if (rule == NULL)
        return;
    if (rule->rule.disabled_by == NULL) {
        rule->rule.disabled_by = disable;
        return;
    }
    struct diag *diag = diag_add(check->diags, DIAG_DISABLED_TWICE, disable->at,
        "the rule `%.*s` is switched off twice", STR_ARG(disable->name));
    diag_note(check->diags, diag, rule->rule.disabled_by->at, "it was switched off here first");
    diag_help(check->diags, diag, "take one of them out");
}

static const struct item *defaults_of(struct check *check, const struct tree *tree)
{
    const struct item *first = NULL;
    for (const struct item *item = tree->items; item != NULL; item = item->next) {
        if (item->kind != ITEM_DEFAULTS)
            continue;
        if (first == NULL) {
            first = item;
            continue;
        }
        struct diag *diag =
            diag_add(check->diags, DIAG_DEFAULTS_TWICE, item->at, "a file has one `defaults`");
        diag_note(check->diags, diag, first->at, "it is here");
        diag_help(check->diags, diag, "write the clauses into that one");
    }
    return first;
}

void check_link_guards(struct check *check)
{
    for (uint32_t i = 0; i < check->tree_count && check->err == ERR_OK; i++) {
        const struct item *defaults = defaults_of(check, check->trees[i]);
        for (struct item *item = check->trees[i]->items; item != NULL; item = item->next)
            if (item->kind == ITEM_RULE)
                link_rule(check, item, defaults);
    }
    for (uint32_t i = 0; i < check->tree_count && check->err == ERR_OK; i++)
        for (struct item *item = check->trees[i]->items; item != NULL; item = item->next) {
            if (item->kind == ITEM_EXCEPTION)
                link_exception(check, item);
            else if (item->kind == ITEM_DISABLE)
                link_disable(check, item);
        }
}

/* ---- excuses ---- */

static void check_reason(struct check *check, str reason, span at)
{
    for (size_t i = 0; i < reason.len; i++)
        if (reason.ptr[i] != ' ' && reason.ptr[i] != '\t')
            return;
    struct diag *diag = diag_add(check->diags, DIAG_EMPTY_REASON, at, "the reason says nothing");
    diag_help(check->diags, diag,
        "write who allowed it and where to read more, a ticket for example: whoever is asked at "
        "night reads this");
}

/* The date counts whole; a moment counts itself. */
static void check_until(struct check *check, struct clause *unless)
{
    int64_t at_ms;
    bool is_day = str_find(unless->until, 'T') == unless->until.len;
    unless->until_ms = INT64_MAX;
    if (unless->until.len == 0 || !time_parse(unless->until, &at_ms))
        return; /* a day that does not exist was reported when it was read */
    unless->until_ms = at_ms + (is_day ? DAY_MS : 1);
    check_reason(check, unless->reason, unless->reason_at);
    if (check->now_ms == 0 || check->now_ms < unless->until_ms)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_EXCUSE_OVER, unless->until_at,
        "this ended with %.*s and excuses nothing any more", STR_ARG(unless->until));
    diag_help(check->diags, diag, "take it out, or have it allowed again and give it a new date");
}

void check_unless(struct check *check, struct clause *unless)
{
    check_condition(check, unless->condition);
    check_until(check, unless);
}

void check_exception(struct check *check, struct item *item)
{
    uint32_t errors = check->diags->error_count;
    if (item->exception.unless == NULL)
        return;
    check_unless(check, item->exception.unless);
    if (check->diags->error_count == errors)
        check_size(check, item->exception.unless->condition);
}

/* ---- defaults ---- */

void check_defaults(struct check *check, struct item *item)
{
    if (!check_limit_count(check, item->defaults.clauses))
        return;
    for (struct clause *clause = item->defaults.clauses; clause != NULL; clause = clause->next) {
        uint32_t errors = check->diags->error_count;
        check_clause(check, clause);
        if (clause->kind == CLAUSE_NEVER_TARGET) {
            check_condition(check, clause->condition);
            if (clause->reason.ptr != NULL)
                check_reason(check, clause->reason, clause->reason_at);
            if (check->diags->error_count == errors)
                check_size(check, clause->condition);
            continue; /* there may be several: none of them allows what another forbids */
        }
        for (const struct clause *before = item->defaults.clauses; before != clause;
             before = before->next)
            if (clause_says_again(before, clause))
                diag_add(check->diags, DIAG_GIVEN_TWICE, clause->at, "`defaults` say this twice");
    }
}

/* ---- invariants ---- */

static bool is_meant(const struct ast_step_name *name, const struct ast_step *step)
{
    return step->kind == STEP_KIND_ACTION && step->action.verb == name->verb
           && (name->name.len == 0 || str_equal(step->action.name, name->name));
}

/* Each step that an unconditional `never` forbids: no proof is needed, it is written there. */
static void forbid(struct check *check, const struct item *never, const struct ast_step *steps)
{
    for (const struct ast_step *step = steps; step != NULL; step = step->next) {
        if (step->kind == STEP_KIND_IF) {
            forbid(check, never, step->branch.then_steps);
            forbid(check, never, step->branch.else_steps);
        } else if (is_meant(&never->never.step, step)) {
            struct diag *diag = diag_add(check->diags, DIAG_FORBIDDEN_STEP, step->at,
                "`%s %.*s` is forbidden: %.*s", verb_name(step->action.verb),
                STR_ARG(step->action.name), STR_ARG(never->never.reason));
            diag_note(check->diags, diag, never->at, "by this");
            diag_help(check->diags, diag, "take the step out, or say `never .. on` what");
        }
    }
}

void check_forbidden(struct check *check, struct item *item)
{
    uint32_t errors = check->diags->error_count;
    const struct ast_step_name *step = &item->never.step;
    bool is_known = item->never.is_target || step->name.len == 0
                    || check_step_name(check, step->verb, step->name, step->name_at) != NULL;
    check_reason(check, item->never.reason, item->never.reason_at);
    if (item->never.condition != NULL) {
        check_condition(check, item->never.condition);
        if (check->diags->error_count == errors)
            check_size(check, item->never.condition);
        return;
    }
    for (uint32_t i = 0; is_known && i < check->tree_count; i++)
        for (const struct item *rule = check->trees[i]->items; rule != NULL; rule = rule->next)
            if (rule->kind == ITEM_RULE && rule->rule.disabled_by == NULL)
                forbid(check, item, rule->rule.steps);
}

void check_always(struct check *check, struct item *item)
{
    uint32_t errors = check->diags->error_count;
    const struct ast_step_name *step = &item->always.step;
    if (step->name.len > 0)
        (void)check_step_name(check, step->verb, step->name, step->name_at);
    check_reason(check, item->always.reason, item->always.reason_at);
    check_condition(check, item->always.condition);
    if (check->diags->error_count == errors)
        check_size(check, item->always.condition);
}
