/* lint_rule.c - a rule as a whole: what it asks, and what people are told about it. */
#include "lint/lint_pass.h"

#include "arguments.h"
#include "base/buf.h"
#include "connection.h"
#include "range.h"

/* ---- what it asks ---- */

struct asked {
    bool source; /* which source the alert came from */
    bool others; /* anything else */
    const struct expr *raw;
    uint32_t left; /* declarations that may still be looked into */
};

static void note_asked(struct lint *lint, const struct expr *expr, void *context)
{
    struct asked *asked = context;
    if (expr->kind == EXPR_ANYWHERE || expr->kind == EXPR_SEVERAL || expr->means == MEANING_TAG
        || expr->means == MEANING_ENVIRONMENT)
        asked->others = true;
    if (expr->kind != EXPR_FIELD && expr->kind != EXPR_CALL)
        return;
    if (expr->means == MEANING_FIELD && expr->is.field == FIELD_SOURCE)
        asked->source = true;
    else if (expr->means == MEANING_FIELD)
        asked->others = true;
    else if (expr->means == MEANING_RAW) {
        asked->others = true;
        asked->raw = asked->raw == NULL ? expr : asked->raw;
    } else if ((expr->means == MEANING_LET || expr->means == MEANING_MACRO) && asked->left > 0) {
        const struct item *item = expr->is.declaration;
        asked->left--;
        walk_expr(
            lint, item->kind == ITEM_LET ? item->let.body : item->macro.body, note_asked, asked);
    }
}

static bool has_response(const struct ast_step *step)
{
    for (; step != NULL; step = step->next)
        if (step->kind == STEP_KIND_ACTION
                ? step->action.verb == VERB_RESPOND
                : has_response(step->branch.then_steps) || has_response(step->branch.else_steps))
            return true;
    return false;
}

static void look_at_condition(struct lint *lint, const struct item *rule)
{
    enum { DECLARATIONS_MAX = 1000 };
    struct asked asked = { .left = DECLARATIONS_MAX };
    walk_expr(lint, rule->rule.when, note_asked, &asked);
    if (asked.left == 0)
        return; /* not decided, so nothing is said */
    if (!asked.others && has_response(rule->rule.steps)) {
        struct diag *diag = LINT(lint, DIAG_EVERY_ALERT, rule->rule.when->at,
            asked.source ? "this responds to every alert of its source"
                         : "this responds to every alert");
        LINT_HELP(lint, diag,
            "ask for a severity or a kind of alert too: `severity >= high`, "
            "`alert.type = \"..\"`");
    }
    if (asked.raw != NULL && !asked.source) {
        struct diag *diag = LINT(lint, DIAG_RAW_OF_ANY, asked.raw->at,
            "raw JSON is one vendor's, and no source is asked for");
        LINT_HELP(lint, diag, "add `source = ..`, or use a field that several sources map");
    }
}

/* ---- clauses ---- */

/* Times, which are another in each alert. Ids may come again: updates of one alert have its id. */
static bool is_unique(const struct expr *field)
{
    return field->means == MEANING_FIELD
           && (field->is.field == FIELD_ALERT_TIME || field->is.field == FIELD_TIME
               || field->is.field == FIELD_RECEIVED);
}

static void look_at_dedup(struct lint *lint, const struct clause *clause)
{
    for (const struct expr *field = clause->fields; field != NULL; field = field->next) {
        if (!is_unique(field))
            continue;
        struct diag *diag = LINT(lint, DIAG_DEDUP_BY_ID, field->at,
            "no two alerts have the same `%s`, so nothing is ever joined",
            field_info(field->is.field)->name);
        LINT_HELP(lint, diag, "name what the alerts of one case share: `host.id`, `user.id`");
    }
}

static bool is_among(struct lint *lint, const struct expr *chain, const struct expr *wanted)
{
    if (expr_same(chain, wanted))
        return true;
    if (chain->kind != EXPR_AND)
        return false;
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (!lint_ok(lint, expr_chain(chain, &operands)))
        return false;
    for (size_t i = 0; i < expr_chain_count(&operands); i++)
        if (expr_same(expr_chain_at(&operands, i), wanted))
            return true;
    return false;
}

/* Whether a part of `when` holds for fewer values than the excuse, of the same operand. */
static bool is_within(struct lint *lint, const struct expr *when, const struct expr *excuse)
{
    struct range outer;
    struct range inner;
    CLEANUP(buf_release) struct buf operands = { 0 };
    if (!range_of_test(lint->arena, excuse, &outer))
        return false;
    bool is_chain = when->kind == EXPR_AND;
    if (is_chain && !lint_ok(lint, expr_chain(when, &operands)))
        return false;
    size_t count = is_chain ? expr_chain_count(&operands) : 1;
    for (size_t i = 0; i < count; i++) {
        const struct expr *part = is_chain ? expr_chain_at(&operands, i) : when;
        if (range_of_test(lint->arena, part, &inner)
            && expr_same(part->test.left, excuse->test.left) && range_has(outer, inner))
            return true;
    }
    return false;
}

static void look_at_unless(struct lint *lint, const struct item *rule, const struct clause *clause)
{
    CLEANUP(buf_release) struct buf operands = { 0 };
    const struct expr *condition = clause->condition;
    if (clause->until.len > 0)
        return;
    bool is_chain = condition->kind == EXPR_OR;
    if (is_chain && !lint_ok(lint, expr_chain(condition, &operands)))
        return;
    size_t count = is_chain ? expr_chain_count(&operands) : 1;
    for (size_t i = 0; i < count; i++) {
        const struct expr *excuse = is_chain ? expr_chain_at(&operands, i) : condition;
        if (!is_among(lint, rule->rule.when, excuse) && !is_within(lint, rule->rule.when, excuse))
            continue;
        struct diag *diag = LINT(lint, DIAG_ALWAYS_EXCUSED, excuse->at,
            "the rule asks for this, so it is always excused and never fires");
        LINT_HELP(lint, diag, "take it out of `unless`, or out of `when`");
    }
}

/* ---- for people ---- */

static bool are_digits(str text, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        if (i >= text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

/* T1486, T1059.001, TA0040: https://attack.mitre.org/resources/attack-data-and-tools/ */
static bool is_attack_id(str id)
{
    if (str_startswith(id, STR("TA")))
        return id.len == 6 && are_digits(id, 2, 4);
    if (!str_startswith(id, STR("T")) || !are_digits(id, 1, 4))
        return false;
    return id.len == 5 || (id.len == 9 && id.ptr[5] == '.' && are_digits(id, 6, 3));
}

/* A technique beside its field: a text with a digit in it is meant as an id. */
static void look_at_technique(struct lint *lint, const struct expr *right)
{
    if (right->kind != EXPR_LITERAL || right->literal.type != TYPE_TEXT)
        return;
    str id = value_str(right->literal.value);
    bool has_digit = false;
    for (size_t i = 0; i < id.len; i++)
        has_digit = has_digit || (id.ptr[i] >= '0' && id.ptr[i] <= '9');
    if (!has_digit || is_attack_id(id))
        return;
    struct diag *diag =
        LINT(lint, DIAG_ATTACK_ID, right->at, "`%.*s` is no technique of ATT&CK", STR_ARG(id));
    LINT_HELP(lint, diag, "write \"T1486\" or \"T1059.001\"");
}

void lint_technique(struct lint *lint, const struct expr *expr)
{
    if (expr->kind != EXPR_TEST || expr->test.left->means != MEANING_FIELD
        || expr->test.left->is.field != FIELD_ATTACK_TECHNIQUE)
        return;
    enum test test = expr->test.test;
    if (test != TEST_EQUAL && test != TEST_NOT_EQUAL && test != TEST_IN && test != TEST_NOT_IN)
        return;
    const struct expr *right = expr->test.right;
    if (right->kind != EXPR_LIST)
        look_at_technique(lint, right);
    else
        for (right = right->elements; right != NULL; right = right->next)
            look_at_technique(lint, right);
}

static void look_at_attack(struct lint *lint, const struct expr *attack)
{
    if (attack->kind != EXPR_LITERAL || attack->literal.type != TYPE_TEXT)
        return;
    str rest = value_str(attack->literal.value);
    while (rest.len > 0) {
        size_t end = str_find(rest, ',');
        str id = str_first(rest, end);
        while (id.len > 0 && id.ptr[0] == ' ')
            id = str_skip(id, 1);
        while (id.len > 0 && id.ptr[id.len - 1] == ' ')
            id.len--;
        rest = str_skip(rest, end + 1);
        if (is_attack_id(id))
            continue;
        struct diag *diag = LINT(lint, DIAG_ATTACK_ID, attack->at,
            "`%.*s` is no technique or tactic of ATT&CK", STR_ARG(id));
        LINT_HELP(lint, diag, "write T1486, T1059.001 or TA0040; several with commas between");
    }
}

/* The first `approve` of the steps, or NULL. */
static const struct clause *find_approve(const struct ast_step *step)
{
    const struct clause *found = NULL;
    for (; step != NULL && found == NULL; step = step->next) {
        if (step->kind == STEP_KIND_ACTION) {
            found = clause_find(step->action.clauses, CLAUSE_APPROVE);
            continue;
        }
        found = find_approve(step->branch.then_steps);
        if (found == NULL)
            found = find_approve(step->branch.else_steps);
    }
    return found;
}

static void look_at_author(struct lint *lint, const struct item *rule)
{
    const struct clause *approve = find_approve(rule->rule.steps);
    const struct pair *pair = rule->rule.pairs;
    while (pair != NULL && !str_is(pair->key, "author"))
        pair = pair->next;
    if (approve == NULL || pair != NULL)
        return;
    struct diag *diag = LINT(lint, DIAG_NO_AUTHOR, approve->at,
        "whose rule this is nobody says, so its author could approve it");
    LINT_HELP(lint, diag, "write (author = \"..\") behind the name of the rule");
}

/* ---- limits ---- */

/* Whether more than TARGETS_AN_HOUR get through; what is no share only: of a declared list the
 * author knows how long it is. */
static bool is_hardly_a_limit(const struct clause *limit)
{
    enum { TARGETS_AN_HOUR = 1000, HOUR_MS = 60 * 60 * 1000 };
    return limit->kind == CLAUSE_LIMIT && limit->condition == NULL
           && limit->number * HOUR_MS > TARGETS_AN_HOUR * limit->duration_ms;
}

void lint_limits(struct lint *lint, const struct clause *clauses, bool is_of_rule)
{
    for (const struct clause *clause = clauses; clause != NULL; clause = clause->next) {
        if ((is_of_rule && clause->scope != LIMIT_RULE) || !is_hardly_a_limit(clause))
            continue; /* of a rule the others hold beside those that all rules have */
        struct diag *diag = LINT(lint, DIAG_HARDLY_A_LIMIT, clause->at,
            "this is hardly a limit, and takes the place of one that is");
        LINT_HELP(lint, diag, "write how many targets are still right on a bad day");
    }
}

/* ---- roles ---- */

/* What is asked for on the command line; the other rights are for whoever may reach the data. */
static bool is_asked_for(str right)
{
    return str_is(right, "approve") || str_is(right, "reject");
}

void lint_role(struct lint *lint, const struct item *role)
{
    const struct ast_line *line = role->block.lines;
    while (line != NULL && !str_is(line->key, "may"))
        line = line->next;
    bool is_list = line != NULL && line->value->kind == EXPR_LIST;
    const struct expr *right = line == NULL ? NULL : is_list ? line->value->elements : line->value;
    for (; right != NULL; right = is_list ? right->next : NULL) {
        str word = right->kind == EXPR_FIELD ? right->path->text : value_str(right->literal.value);
        if (is_asked_for(word))
            continue;
        LINT(lint, DIAG_RIGHT_LATER, right->at,
            "`%.*s` is kept for the daemon; the command line lets whoever may use the data "
            "directory do that",
            STR_ARG(word));
        return; /* one for a role is enough */
    }
}

void lint_connection(struct lint *lint, const struct item *connection)
{
    const struct ast_line *role = connection_line(connection, "member_role");
    if (role == NULL || connection_line(connection, "external_id") != NULL)
        return;
    struct diag *diag = LINT(lint, DIAG_NO_EXTERNAL_ID, role->at,
        "`member_role` is taken in other accounts without an `external_id`");
    LINT_HELP(lint, diag,
        "write `external_id = env(\"CDR_EXTERNAL_ID\")`, and let those roles trust only who says "
        "it");
}

void lint_rule(struct lint *lint, const struct item *rule)
{
    lint_limits(lint, rule->rule.clauses, true);
    look_at_condition(lint, rule);
    for (const struct clause *clause = rule->rule.clauses; clause != NULL; clause = clause->next) {
        if (clause->kind == CLAUSE_DEDUP)
            look_at_dedup(lint, clause);
        if (clause->kind == CLAUSE_UNLESS)
            look_at_unless(lint, rule, clause);
    }
    for (const struct pair *pair = rule->rule.pairs; pair != NULL; pair = pair->next)
        if (str_is(pair->key, "attack"))
            look_at_attack(lint, pair->value);
    look_at_author(lint, rule);
}
