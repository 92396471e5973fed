/* check_hold.c - what holds steps back: limits, dedup, `mode`, and how long things last. */
#include "check_pass.h"

#include "arguments.h"
#include "base/limits.h"

enum { PERCENT_MAX = 100, TARGETS_MAX = 1000000 };

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define DAY_MS (24 * 60 * MINUTE_MS)

/* How long a clause may say: below is a slip of the unit, above nobody remembers it. */
struct range {
    enum clause_kind kind;
    int64_t least_ms;
    int64_t most_ms;
    const char *words; /* the range as people say it */
};

static const struct range ranges[] = {
    { CLAUSE_LIMIT, MINUTE_MS, 30 * DAY_MS, "from 1m to 30d" },
    { CLAUSE_DEDUP, SECOND_MS, 30 * DAY_MS, "from 1s to 30d" },
    { CLAUSE_FOR, MINUTE_MS, 365 * DAY_MS, "from 1m to 365d" },
    { CLAUSE_TIMEOUT, SECOND_MS, 7 * DAY_MS, "from 1s to 7d" },
    { CLAUSE_APPROVE, MINUTE_MS, 30 * DAY_MS, "from 1m to 30d" },
    { CLAUSE_ESCALATE, MINUTE_MS, 30 * DAY_MS, "from 1m to 30d" },
};

/* What the parser could not read, and told, is no second mistake. */
static bool is_told(const struct check *check, span at)
{
    for (const struct diag *diag = check->diags->first; diag != NULL; diag = diag->next)
        if (diag->severity == DIAG_ERROR && diag->at.file == at.file && diag->at.start >= at.start
            && diag->at.end <= at.end)
            return true;
    return false;
}

void check_step_time(struct check *check, const struct clause *clause)
{
    for (size_t at = 0; at < COUNT_OF(ranges); at++) {
        const struct range *range = &ranges[at];
        if (range->kind != clause->kind
            || (clause->duration_ms >= range->least_ms && clause->duration_ms <= range->most_ms))
            continue;
        if (is_told(check, clause->at))
            return;
        if (clause->duration_ms <= 0) {
            diag_add(check->diags, DIAG_CLAUSE_SENSE, clause->at, "the time must be above zero");
            return;
        }
        struct diag *diag = diag_add(check->diags, DIAG_CLAUSE_RANGE, clause->at,
            "%.*s is too %s here", STR_ARG(clause->duration),
            clause->duration_ms < range->least_ms ? "short" : "long");
        diag_help(check->diags, diag, "write a time %s", range->words);
    }
}

/* ---- limits ---- */

static const char *const scope_words[LIMIT_SCOPES] = { [LIMIT_RULE] = "rule",
    [LIMIT_ACTION] = "action",
    [LIMIT_ACCOUNT] = "account",
    [LIMIT_PROVIDER] = "provider" };

static void check_scope(struct check *check, struct clause *limit)
{
    struct suggestion near = { .word = limit->word };
    limit->scope = LIMIT_RULE;
    if (limit->word.len == 0)
        return;
    for (int scope = 0; scope < LIMIT_SCOPES; scope++) {
        suggest(&near, str_from(scope_words[scope]));
        if (str_is(limit->word, scope_words[scope])) {
            limit->scope = (enum limit_scope)scope;
            return;
        }
    }
    struct diag *diag = diag_add(check->diags, DIAG_LIMIT_SCOPE, limit->word_at,
        "a limit cannot count by `%.*s`", STR_ARG(limit->word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, limit->word_at, near.best);
    } else {
        diag_help(check->diags, diag,
            "write `by action`, `by account` or `by provider`; without `by` it counts the targets "
            "of the rule");
    }
}

/* A share is of a declared list: what is known to be there. */
static void check_share(struct check *check, const struct clause *limit)
{
    check_expr(check, limit->condition);
    bool is_list = limit->condition->means == MEANING_LIST;
    if (limit->condition->type != TYPE_COUNT && !is_list) {
        struct diag *diag = diag_add(check->diags, DIAG_LIMIT_SHARE, limit->condition->at,
            "a share is of a list, and this is none");
        diag_help(check->diags, diag,
            "declare what is there, `list fleet : text from \"fleet.txt\"`, and write `limit 5 "
            "percent of fleet per 1h`");
    }
    if (limit->number > PERCENT_MAX)
        diag_add(check->diags, DIAG_LIMIT_SHARE, limit->at, "more than 100 percent is no limit");
}

static void check_limit(struct check *check, struct clause *limit)
{
    check_scope(check, limit);
    if (limit->condition != NULL)
        check_share(check, limit);
    else if (limit->number > TARGETS_MAX) {
        struct diag *diag = diag_add(check->diags, DIAG_CLAUSE_RANGE, limit->at,
            "a limit of more than %d targets is none", TARGETS_MAX);
        diag_help(check->diags, diag, "write how many different targets are still right");
    }
}

/* ---- dedup ---- */

static void check_dedup(struct check *check, const struct clause *clause)
{
    for (struct expr *field = clause->fields; field != NULL; field = field->next) {
        check_expr(check, field);
        if (field->type != TYPE_COUNT && field->means != MEANING_FIELD
            && field->means != MEANING_RAW && field->means != MEANING_TAG)
            diag_add(check->diags, DIAG_CLAUSE_SENSE, field->at,
                "`dedup` counts by fields of the alert, and this is none");
    }
}

/* ---- mode ---- */

/* CEILING_COUNT when no ceiling is called so. */
static enum ceiling ceiling_find(str word)
{
    int ceiling = 0;
    while (ceiling < CEILING_COUNT && !str_is(word, ceiling_name((enum ceiling)ceiling)))
        ceiling++;
    return (enum ceiling)ceiling;
}

enum ceiling check_mode(struct check *check, str word, span at)
{
    struct suggestion near = { .word = word };
    enum ceiling found = ceiling_find(word);
    if (found < CEILING_COUNT)
        return found;
    for (int ceiling = 0; ceiling < CEILING_COUNT; ceiling++)
        suggest(&near, str_from(ceiling_name((enum ceiling)ceiling)));
    struct diag *diag =
        diag_add(check->diags, DIAG_UNKNOWN_MODE, at, "no mode is called `%.*s`", STR_ARG(word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, at, near.best);
    } else {
        diag_help(check->diags, diag,
            "modes are observe (reads alone), collect (evidence and messages too), contain "
            "(changes that can be undone too) and destroy (everything)");
    }
    return CEILING_COUNT;
}

enum ceiling ceiling_in_force(const struct item *rule, const struct clause **ret_mode)
{
    const struct item *defaults = rule->rule.defaults;
    const struct clause *mode = clause_find(rule->rule.clauses, CLAUSE_MODE);
    if (mode == NULL && defaults != NULL)
        mode = clause_find(defaults->defaults.clauses, CLAUSE_MODE);
    enum ceiling ceiling = mode == NULL ? CEILING_CONTAIN : ceiling_find(mode->word);
    *ret_mode = mode;
    return ceiling; /* CEILING_COUNT, a mistake told elsewhere, forbids nothing */
}

void check_ceiling(struct check *check, const struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    enum ceiling needed = ceiling_needed(builtin);
    bool is_told = check->mode == NULL && needed == CEILING_DESTROY
                   && clause_find(step->action.clauses, CLAUSE_IRREVERSIBLE) == NULL;
    if (needed <= check->ceiling || is_told)
        return; /* without `irreversible` it is one mistake: its author did not know */
    struct diag *diag = diag_add(check->diags, DIAG_OVER_CEILING, step->at,
        "`%s %s` needs `mode %s`, and %s goes no further than `mode %s`", verb_name(builtin->verb),
        builtin->name, ceiling_name(needed),
        check->mode == NULL ? "a rule that names none" : "this rule", ceiling_name(check->ceiling));
    if (check->mode != NULL)
        diag_note(check->diags, diag, check->mode->at, "by this");
    diag_help(check->diags, diag,
        "if the rule shall go that far, write `mode %s` before its `then`; else take the step out",
        ceiling_name(needed));
}

/* ---- clauses ---- */

void check_clause(struct check *check, struct clause *clause)
{
    if (clause->kind == CLAUSE_DEDUP)
        check_dedup(check, clause);
    else if (clause->kind == CLAUSE_LIMIT)
        check_limit(check, clause);
    else if (clause->kind == CLAUSE_MODE)
        clause->ceiling = check_mode(check, clause->word, clause->word_at);
    check_step_time(check, clause);
}

/* Several limits hold together when they count by something else, or over another time. */
bool clause_says_again(const struct clause *before, const struct clause *clause)
{
    if (before->kind != clause->kind || clause->kind == CLAUSE_UNLESS
        || clause->kind == CLAUSE_FOLLOWED)
        return false;
    return clause->kind != CLAUSE_LIMIT
           || (before->duration_ms == clause->duration_ms && before->scope == clause->scope
               && (before->condition == NULL) == (clause->condition == NULL));
}

bool check_limit_count(struct check *check, const struct clause *clauses)
{
    uint32_t count = 0;
    for (const struct clause *clause = clauses; clause != NULL; clause = clause->next) {
        if (clause->kind != CLAUSE_LIMIT || ++count <= LIMITS_MAX)
            continue;
        struct diag *diag = diag_add(
            check->diags, DIAG_TOO_MANY_LIMITS, clause->at, "more than %d limits", LIMITS_MAX);
        diag_help(check->diags, diag, "keep the tightest: a limit beside a tighter one is none");
        return false;
    }
    return true;
}
