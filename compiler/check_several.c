/* check_several.c - detections over several alerts: where they may stand, and what they
 * say. This build checks them and does not run them: see emit.c. */
#include "check_pass.h"

#include "arguments.h"
#include "constant.h"

#include <math.h>

/* ---- where ---- */

/* Note of each detection how it stands below `expr`, which stands so itself. */
static void place_all(struct check *check, struct expr *expr, enum several_place place)
{
    for (;;) {
        bool is_top = place == SEVERAL_TOP;
        if (expr->kind == EXPR_OR && is_top)
            place = SEVERAL_UNDER_OR;
        if (expr->kind == EXPR_NOT) {
            place = is_top ? SEVERAL_UNDER_NOT : place;
            expr = expr->operand;
        } else if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
            place_all(check, expr->binary.right, place);
            expr = expr->binary.left;
        } else {
            break;
        }
    }
    if (expr->kind != EXPR_SEVERAL)
        return;
    expr->several->place = place;
    /* From right to left: the last one found is the first one written. */
    if (place == SEVERAL_TOP)
        check->several = expr;
}

void check_place_several(struct check *check, struct item *rule)
{
    check->several = NULL;
    place_all(check, rule->rule.when, SEVERAL_TOP);
}

static const char *item_in_words(const struct check *check)
{
    if (check->in_source)
        return "a source";
    if (check->item == NULL)
        return "this place";
    switch (check->item->kind) {
    case ITEM_LET:
        return "a `let`";
    case ITEM_MACRO:
        return "a macro";
    case ITEM_EXCEPTION:
        return "an exception";
    case ITEM_NEVER:
    case ITEM_ALWAYS:
        return "an invariant";
    case ITEM_DEFAULTS:
        return "`defaults`";
    case ITEM_RULE:
        return "an `if`, `unless` or `followed by`";
    case ITEM_SOURCE:
    case ITEM_USE:
    case ITEM_LIST:
    case ITEM_ENVIRONMENT:
    case ITEM_DISABLE:
    case ITEM_TEST:
    case ITEM_BLOCK:
        return "this place";
    }
    return "this place";
}

static void report_place(struct check *check, const struct expr *expr)
{
    struct diag_list *diags = check->diags;
    struct diag *diag;
    switch (expr->several->place) {
    case SEVERAL_UNDER_OR:
        diag = diag_add(diags, DIAG_SEVERAL_PLACE, expr->at,
            "a detection over several alerts cannot be one of the ways of an `or`");
        diag_help(diags, diag, "join it by `and`, and write one rule for each way");
        return;
    case SEVERAL_UNDER_NOT:
        diag = diag_add(diags, DIAG_SEVERAL_PLACE, expr->at,
            "a detection over several alerts cannot stand under `not`");
        diag_help(diags, diag,
            "what must not happen after an alert is `not followed by (..) by .. within ..`");
        return;
    case SEVERAL_TOP:
    case SEVERAL_ELSEWHERE:
        break;
    }
    diag = diag_add(diags, DIAG_SEVERAL_PLACE, expr->at,
        "%s asks about one alert: a detection over several cannot stand there",
        item_in_words(check));
    diag_help(diags, diag, "write it into the `when` of a rule, joined by `and`");
}

static void report_second(struct check *check, span at)
{
    struct diag *diag = diag_add(
        check->diags, DIAG_SEVERAL_TWICE, at, "a rule has one detection over several alerts");
    diag_note(check->diags, diag, check->several->at, "it is this one");
    diag_help(check->diags, diag, "write a rule for each, or a sequence with `followed by`");
}

/* ---- what is measured ---- */

/* What each alert brings along: a field, raw JSON, or what a function makes of them. */
static bool check_operand(struct check *check, struct expr *operand, const char *what)
{
    value v;
    enum type type;
    check_expr(check, operand);
    if (operand->type == TYPE_COUNT)
        return false;
    if (operand->is_list) {
        diag_add(check->diags, DIAG_SEVERAL_OPERAND, operand->at,
            "`%s` asks what an alert has, and this is a list of the rule", what);
    } else if (constant_of(operand, &v, &type)) {
        diag_add(check->diags, DIAG_SEVERAL_OPERAND, operand->at,
            "`%s` asks what an alert has, and this is the same for all", what);
    } else {
        return true;
    }
    return false;
}

static void check_measured(struct check *check, const struct several *several)
{
    struct expr *operand = several->operand;
    const char *name = measure_name(several->measure);
    if (operand == NULL || !check_operand(check, operand, name)
        || several->measure == MEASURE_DISTINCT)
        return;
    read_as(operand, TYPE_DECIMAL);
    if (type_is_number(operand->type))
        return;
    struct diag *diag = diag_add(check->diags, DIAG_SEVERAL_OPERAND, operand->at,
        "`%s` needs a number, and this is %s", name, type_name(operand->type));
    diag_help(check->diags, diag, "`count of distinct` takes values of any type");
}

static double number_of(const struct expr *literal)
{
    value v = literal->literal.value;
    return v.kind == VALUE_DECIMAL ? v.decimal : (double)v.integer;
}

/* Counts begin at 1: the alert that is looked at is one. */
static void check_count(struct check *check, const struct several *several)
{
    double number = number_of(several->number);
    struct diag *diag;
    if (number != floor(number)) {
        diag_add(check->diags, DIAG_SEVERAL_NUMBER, several->number->at,
            "a count is a whole number: it never is this");
    } else if (number < 1) {
        diag = diag_add(check->diags, DIAG_SEVERAL_NUMBER, several->number->at,
            "a count begins at 1, with the alert itself");
        diag_help(check->diags, diag, "write `>= 1` for the first alert of each window");
    } else if (several->compare == TEST_LESS && number == 1.0) {
        diag_add(check->diags, DIAG_SEVERAL_NUMBER, several->number->at,
            "a count is never less than 1: the alert itself is one");
    }
}

static void check_measure(struct check *check, const struct several *several)
{
    const struct expr *percentile = several->percentile;
    check_measured(check, several);
    if (percentile != NULL && (number_of(percentile) < 0 || number_of(percentile) > 100))
        diag_add(check->diags, DIAG_SEVERAL_NUMBER, percentile->at,
            "a percentile is a number from 0 to 100");
    if (several->number != NULL
        && (several->measure == MEASURE_COUNT || several->measure == MEASURE_DISTINCT))
        check_count(check, several);
}

/* ---- times ---- */

static bool check_span(struct check *check, const struct ast_duration *duration)
{
    if (duration->milliseconds > 0)
        return true;
    diag_add(check->diags, DIAG_SEVERAL_TIME, duration->at, "the time must be above zero");
    return false;
}

static void check_spike_times(struct check *check, const struct several *several)
{
    if (!check_span(check, &several->within) || !check_span(check, &several->over)
        || several->within.milliseconds < several->over.milliseconds)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_SEVERAL_TIME, several->within.at,
        "a spike is looked for within a part of the past, and this is not less than `over %.*s`",
        STR_ARG(several->over.written));
    diag_help(check->diags, diag, "write `within 1h over 7d`: the last hour against the week");
}

static void check_new_times(struct check *check, const struct several *several)
{
    if (several->forget.written.len == 0 || !check_span(check, &several->forget)
        || several->forget.milliseconds >= several->learn.milliseconds)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_SEVERAL_TIME, several->forget.at,
        "values would be forgotten while they are still learnt for %.*s",
        STR_ARG(several->learn.written));
    diag_help(check->diags, diag, "`forget` is not less than `learn`");
}

/* ---- keys ---- */

static bool same_field(const struct expr *a, const struct expr *b)
{
    if (a->means != b->means)
        return false;
    if (a->means == MEANING_RAW || a->means == MEANING_TAG)
        return str_equal(a->is.path, b->is.path);
    return a->means == MEANING_FIELD && a->is.field == b->is.field;
}

static void check_keys(struct check *check, struct expr *by)
{
    for (struct expr *field = by; field != NULL; field = field->next) {
        check_expr(check, field);
        if (field->type == TYPE_COUNT)
            continue;
        if (field->means != MEANING_FIELD && field->means != MEANING_RAW
            && field->means != MEANING_TAG) {
            struct diag *diag = diag_add(check->diags, DIAG_SEVERAL_KEY, field->at,
                "alerts are told apart by their fields, and this is none");
            diag_help(check->diags, diag, "write `by user.id`, or `by raw[\"..\"]`");
            continue;
        }
        for (const struct expr *before = by; before != field; before = before->next)
            if (same_field(before, field))
                diag_add(check->diags, DIAG_SEVERAL_KEY, field->at, "this key is named twice");
    }
}

static void check_missing(struct check *check, const struct expr *expr)
{
    if (expr->several->missing == MISSING_DEFAULT || expr->several->by != NULL)
        return;
    struct diag *diag = diag_add(check->diags, DIAG_SEVERAL_KEY, expr->at,
        "`missing %s` is about alerts without the key, and there is no key",
        missing_key_name(expr->several->missing));
    diag_help(check->diags, diag, "name the key with `by`, or leave `missing %s` out",
        missing_key_name(expr->several->missing));
}

/* ---- the tests ---- */

static void check_travel(struct check *check, const struct several *several)
{
    check_span(check, &several->within);
    if (number_of(several->number) <= 0)
        diag_add(check->diags, DIAG_SEVERAL_NUMBER, several->number->at,
            "a speed is above zero, in kilometres an hour");
}

static void report_not_run(struct check *check, span at)
{
    diag_add(check->diags, DIAG_SEVERAL_NOT_RUN, at,
        "this build keeps nothing from one alert to the next: the rule is checked, and its steps "
        "are never taken");
}

void check_several(struct check *check, struct expr *expr)
{
    const struct several *several = expr->several;
    uint32_t errors = check->diags->error_count;
    expr->type = TYPE_BOOL;
    if (several->place != SEVERAL_TOP) {
        report_place(check, expr);
        return;
    }
    if (expr != check->several) {
        report_second(check, expr->at);
        return;
    }
    switch (several->kind) {
    case SEVERAL_MEASURE:
        check_measure(check, several);
        check_span(check, &several->within);
        break;
    case SEVERAL_NEW:
        check_operand(check, several->operand, "new");
        check_new_times(check, several);
        break;
    case SEVERAL_SPIKE:
        check_measure(check, several);
        check_spike_times(check, several);
        break;
    case SEVERAL_TRAVEL:
        check_travel(check, several);
        break;
    }
    check_keys(check, several->by);
    check_missing(check, expr);
    if (check->diags->error_count == errors)
        report_not_run(check, expr->at);
}

void check_followed(struct check *check, struct item *rule)
{
    uint32_t errors = check->diags->error_count;
    const struct clause *first = clause_find(rule->rule.clauses, CLAUSE_FOLLOWED);
    if (first == NULL)
        return;
    if (check->several != NULL)
        report_second(check, first->at);
    for (struct clause *clause = rule->rule.clauses; clause != NULL; clause = clause->next) {
        if (clause->kind != CLAUSE_FOLLOWED)
            continue;
        check_condition(check, clause->condition);
        check_keys(check, clause->fields);
        if (clause->duration_ms <= 0)
            diag_add(check->diags, DIAG_SEVERAL_TIME, clause->at, "the time must be above zero");
    }
    if (check->diags->error_count == errors)
        report_not_run(check, first->at);
}

bool rule_is_several(const struct item *rule, const struct expr *several)
{
    return several != NULL || clause_find(rule->rule.clauses, CLAUSE_FOLLOWED) != NULL;
}

/* ---- first.f ---- */

static void report_first(struct check *check, const struct expr *expr, str field)
{
    struct diag *diag;
    bool is_rule = check->item != NULL && check->item->kind == ITEM_RULE;
    if (is_rule && check->has_several) {
        diag = diag_add(check->diags, DIAG_FIRST_FIELD, expr->at,
            "`first.%.*s` is seen in the steps only, once there is a first alert", STR_ARG(field));
        diag_help(check->diags, diag, "here write `%.*s`", STR_ARG(field));
    } else {
        diag = diag_add(check->diags, DIAG_FIRST_FIELD, expr->at,
            "`first.%.*s` is of the alert that began a detection over several, and here is none",
            STR_ARG(field));
        diag_help(check->diags, diag, "a rule about one alert says `%.*s`", STR_ARG(field));
    }
    /* In a text with escapes the place is all of the text. */
    if (str_startswith(sources_text(check->sources, expr->at), STR("first")))
        diag_set_fix(check->diags, diag, expr->at, field);
}

bool check_first_field(struct check *check, struct expr *expr)
{
    struct path_part *part = expr->path->next;
    if (!str_is(expr->path->text, "first") || part == NULL || part->is_index)
        return false;
    /* The same path without its first word. */
    struct expr plain = { .kind = EXPR_FIELD, .path = part };
    plain.at = (span){ part->at.start, expr->at.end, expr->at.file };
    check_field_path(check, &plain);
    if (plain.type == TYPE_COUNT)
        return true;
    if (!check->in_several_steps) {
        report_first(check, expr, path_text(check, &plain));
        return true;
    }
    if (plain.means == MEANING_TAG) {
        struct diag *diag = diag_add(check->diags, DIAG_FIRST_FIELD, expr->at,
            "of the first alert only fields are kept, and not its tags");
        diag_help(check->diags, diag, "write the tag of the alert itself, without `first.`");
        return true;
    }
    expr->means = plain.means == MEANING_RAW ? MEANING_FIRST_RAW : MEANING_FIRST_FIELD;
    expr->type = plain.type;
    expr->is_untrusted = plain.is_untrusted;
    expr->is = plain.is;
    return true;
}
