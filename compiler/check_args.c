/* check_args.c - what a step is given, against the parameters of its builtin. */
#include "check_pass.h"

#include "arguments.h"
#include "base/limits.h"
#include "constant.h"
#include "expand.h"

static struct diag *report_value(
    struct check *check, const struct expr *expr, const struct param *param)
{
    return diag_add(check->diags, DIAG_PARAMETER_VALUE, expr->at, "`%s` takes %s%s, and this is %s",
        param->name, param->is_list ? "a list of " : "", type_name(param->type),
        expr->is_list ? "a list" : type_name(expr->type));
}

/* ---- choices ---- */

static bool is_choice(const char *choices, str word)
{
    for (str rest = str_from(choices); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        if (str_equal(str_first(rest, end), word))
            return true;
        rest = str_skip(rest, end + 1);
    }
    return false;
}

static void report_choice(
    struct check *check, const struct expr *expr, const struct param *param, str word)
{
    struct suggestion near = { .word = word };
    for (str rest = str_from(param->choices); rest.len > 0;) {
        size_t end = str_find(rest, ' ');
        suggest(&near, str_first(rest, end));
        rest = str_skip(rest, end + 1);
    }
    struct diag *diag = diag_add(check->diags, DIAG_PARAMETER_VALUE, expr->at,
        "`%s` cannot be `%.*s`", param->name, STR_ARG(word));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else {
        diag_help(check->diags, diag, "it takes one of: %s", param->choices);
    }
}

/* `profile=full`: a word, or text in quotes, out of the row's choices. */
static void check_choice(struct check *check, struct expr *expr, const struct param *param)
{
    str word;
    if (path_is_word(expr)) {
        word = expr->path->text;
        expr->means = MEANING_ENUM;
        expr->type = TYPE_TEXT;
        expr->is.constant = value_text(word);
    } else if (expr->kind == EXPR_LITERAL && expr->literal.value.kind == VALUE_TEXT) {
        word = value_str(expr->literal.value);
        expr->type = TYPE_TEXT;
    } else {
        struct diag *diag = diag_add(check->diags, DIAG_NOT_CONSTANT, expr->at,
            "`%s` is chosen in the rule, not by the alert", param->name);
        diag_help(check->diags, diag, "it takes one of: %s", param->choices);
        return;
    }
    if (param->fills)
        check_profile_name(check, expr, param, word);
    else if (!is_choice(param->choices, word))
        report_choice(check, expr, param, word);
}

/* ---- values ---- */

/* Whether the alert can have a value of the type that no attacker wrote. */
static bool has_trusted_field(const struct check *check, enum type type)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        if (field_info((enum field)field)->type == type
            && !field_is_untrusted(check, (enum field)field))
            return true;
    return false;
}

static void report_untrusted(
    struct check *check, const struct expr *expr, const struct param *param)
{
    struct diag *diag = diag_add(check->diags, DIAG_UNTRUSTED_TARGET, expr->at,
        "an attacker may have written this, and it would choose the %s", param->name);
    if (param->directs)
        diag_help(
            check->diags, diag, "write `%s` in the rule: no alert may choose it", param->name);
    else if (has_trusted_field(check, param->type))
        diag_help(check->diags, diag,
            "leave `%s` out, so that it is found by an identifier of the alert, or give it one "
            "that the source vouches for",
            param->name);
    else
        diag_help(check->diags, diag,
            "write `%s` in the rule: whatever an alert has for it may be an attacker's as well",
            param->name);
}

static const struct ast_mapping *next_mapping(const struct ast_mapping *mapping, enum field field)
{
    while (mapping != NULL
           && (mapping->field->means != MEANING_FIELD || mapping->field->is.field != field))
        mapping = mapping->next;
    return mapping;
}

/* Whether every source that has the field narrows it to the type. */
static bool is_narrowed(const struct check *check, enum field field, enum type type)
{
    bool is_mapped = false;
    for (uint32_t at = 0; at < check->source_count; at++) {
        const struct ast_mapping *mapping =
            next_mapping(check->source_items[at]->source.mappings, field);
        if (mapping == NULL)
            continue;
        if (!str_is(mapping->type_name, type_name(type)))
            return false;
        is_mapped = true;
    }
    return is_mapped;
}

/* Whether all that `expr` (written out) may be is of the type: of text that happens to
 * stand in the alert nobody said that it names a host. */
static bool is_of_type(const struct check *check, const struct expr *expr, enum type type)
{
    value v;
    enum type from;
    if (constant_of(expr, &v, &from))
        return true;
    if (expr->kind == EXPR_FIELD)
        return (expr->means == MEANING_FIELD || expr->means == MEANING_FIRST_FIELD)
               && (expr->type == type || is_narrowed(check, expr->is.field, type));
    if (expr->kind != EXPR_CALL)
        return false;
    if (expr->means == MEANING_ONLY_IF)
        return is_of_type(check, expr->call.arguments, type);
    if (expr->means != MEANING_FIRST)
        return expr->type == type;
    for (const struct expr *arg = expr->call.arguments; arg != NULL; arg = arg->next)
        if (!is_of_type(check, arg, type))
            return false;
    return true;
}

static void report_name(struct check *check, const struct expr *expr, const struct param *param)
{
    struct diag *diag = diag_add(check->diags, DIAG_PARAMETER_VALUE, expr->at,
        "`%s` takes a value of type %s, and this is text that may name anything", param->name,
        type_name(param->type));
    int field = 0;
    while (field < FIELD_COUNT && field_info((enum field)field)->type != param->type)
        field++;
    if (field < FIELD_COUNT)
        diag_help(check->diags, diag,
            "write `%s`, or leave `%s` out: it is then taken from the alert",
            field_info((enum field)field)->name, param->name);
}

/* A name has no form that could be checked: it must come from where names of its type do. */
static void check_name_like(struct check *check, struct expr *expr, const struct param *param)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(COMPILE_BYTES_MAX);
    struct expand expand = { .arena = &scratch };
    if (expr->is_untrusted) {
        report_untrusted(check, expr, param);
        return;
    }
    bool is_plain = expr->kind == EXPR_FIELD && expr->means != MEANING_LET;
    if (check->diags->error_count > 0 && !is_plain)
        return; /* writing out needs every name's meaning */
    const struct expr *whole = expand_expr(&expand, expr);
    if (expand.err == ERR_LIMIT)
        return; /* check_size says so */
    if (check_ok(check, expand.err) && !is_of_type(check, whole, param->type))
        report_name(check, expr, param);
}

/* Something that is known only with the alert, for a parameter that selects a target. */
static void check_target(struct check *check, struct expr *expr, const struct param *param)
{
    bool is_any_text = expr->type == TYPE_TEXT || expr->type == TYPE_RAW;
    if (expr->type != param->type && !is_any_text) {
        report_value(check, expr, param);
        return;
    }
    if (type_is_name_like(param->type))
        check_name_like(check, expr, param);
    read_as(expr, param->type);
}

static void check_list_value(struct check *check, struct expr *expr, const struct param *param)
{
    if (!param->is_list) {
        report_value(check, expr, param);
        return;
    }
    struct list_walk walk = list_walk(expr);
    for (struct list_element element; list_next(&walk, &element);) {
        if (element.expr != NULL)
            check_fits(check, element.expr, param->type, false);
        else if (!check_fits_value(check, expr, &element, param->type))
            return; /* one says it of all the file */
    }
}

/* Text fills a message, or says where the step goes: a URL, a channel, a function. */
static void check_text(struct check *check, struct expr *expr, const struct param *param)
{
    bool is_untrusted = expr->is_untrusted;
    if (expr->kind == EXPR_LITERAL)
        for (const struct expr *part = expr->literal.parts; part != NULL; part = part->next)
            is_untrusted = is_untrusted || part->is_untrusted;
    if (is_untrusted && param->directs)
        report_untrusted(check, expr, param);
}

/* False: the value is known only with the alert. */
static bool check_written(struct check *check, struct expr *expr, const struct param *param)
{
    value v;
    enum type from;
    check->wants_text = param->type == TYPE_TEXT && path_is_word(expr);
    if (!check_word(check, expr, param->type))
        check_expr(check, expr);
    check->wants_text = false;
    if (expr->type == TYPE_COUNT)
        return true;
    if (expr->is_list)
        check_list_value(check, expr, param);
    else if (constant_of(expr, &v, &from))
        check_fits(check, expr, param->type, false);
    else
        return false;
    return true;
}

static void check_value(struct check *check, struct expr *expr, const struct param *param)
{
    if (param->choices != NULL) {
        check_choice(check, expr, param);
        return;
    }
    if (expr->kind == EXPR_LITERAL && expr->literal.value.kind == VALUE_TEXT
        && param->type == TYPE_TEXT) {
        check_template(check, expr);
        check_text(check, expr, param);
        return;
    }
    if (check_written(check, expr, param))
        return;
    if (type_is_identifier(param->type))
        check_target(check, expr, param);
    else if (param->type == TYPE_TEXT)
        check_text(check, expr, param);
    else if (!types_compare(expr->type, param->type))
        report_value(check, expr, param);
    else
        read_as(expr, param->type);
}

static void report_param(
    struct check *check, const struct builtin *builtin, const struct pair *pair)
{
    struct suggestion near = { .word = pair->key };
    for (uint32_t at = 0; at < builtin_param_count(builtin); at++)
        if (!builtin->params[at].is_filled)
            suggest(&near, str_from(builtin->params[at].name));
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_PARAMETER, pair->key_at,
        "`%s %s` has no parameter `%.*s`", verb_name(builtin->verb), builtin->name,
        STR_ARG(pair->key));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, pair->key_at, near.best);
        return;
    }
    str names = STR("");
    for (uint32_t at = 0; at < builtin_param_count(builtin); at++) {
        if (builtin->params[at].is_filled)
            continue;
        const char *longer = arena_format(check->arena, "%.*s%s%s", STR_ARG(names),
            at == 0 ? "" : ", ", builtin->params[at].name);
        if (!check_ok(check, longer == NULL ? ERR_MEMORY : ERR_OK))
            return;
        names = str_from(longer);
    }
    diag_help(
        check->diags, diag, names.len == 0 ? "it takes none%.*s" : "it takes %.*s", STR_ARG(names));
}

static void check_from(struct check *check, struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    struct clause *from = clause_find(step->action.clauses, CLAUSE_FROM);
    if (from == NULL)
        return;
    check_expr(check, from->condition);
    if (from->condition->type == TYPE_COUNT)
        return;
    uint32_t index = from_param(builtin, from->condition);
    if (index == UINT32_MAX) {
        struct diag *diag = diag_add(check->diags, DIAG_CLAUSE_SENSE, from->condition->at,
            "`%s %s` cannot tell which target this is", verb_name(builtin->verb), builtin->name);
        diag_help(check->diags, diag, "name the parameter: `host=..`, `instance=..`");
        return;
    }
    for (const struct pair *pair = step->action.pairs; pair != NULL; pair = pair->next)
        if (param_find(builtin, pair->key) == index)
            diag_add(check->diags, DIAG_GIVEN_TWICE, from->at, "`%s` is given twice",
                builtin->params[index].name);
    value v;
    enum type type;
    if (!constant_of(from->condition, &v, &type))
        check_target(check, from->condition, &builtin->params[index]);
}

/* The pairs, each by `check_one` against the parameter it names, and none of them twice. */
static void check_pairs(struct check *check, const struct builtin *builtin, struct pair *pairs,
    void (*check_one)(struct check *check, struct expr *expr, const struct param *param))
{
    for (struct pair *pair = pairs; pair != NULL; pair = pair->next) {
        uint32_t index = param_find(builtin, pair->key);
        if (index != UINT32_MAX && builtin->params[index].is_filled)
            index = UINT32_MAX; /* no rule can write it */
        if (index == UINT32_MAX && str_is(pair->key, "via") && check_one == check_value)
            check_via(check, builtin, pair->value);
        else if (index == UINT32_MAX)
            report_param(check, builtin, pair);
        else
            check_one(check, pair->value, &builtin->params[index]);
        if (index != UINT32_MAX && check_one == check_value)
            check_cloud_argument(check, builtin, &builtin->params[index], pair->value);
        if (index == UINT32_MAX && !str_is(pair->key, "via"))
            continue;
        for (const struct pair *before = pairs; before != pair; before = before->next)
            if (str_equal(before->key, pair->key))
                diag_add(check->diags, DIAG_GIVEN_TWICE, pair->key_at, "`%.*s` is given twice",
                    STR_ARG(pair->key));
    }
}

static void check_expected_value(struct check *check, struct expr *expr, const struct param *param)
{
    if (param->choices != NULL)
        check_choice(check, expr, param);
    else if (!check_written(check, expr, param))
        diag_add(check->diags, DIAG_NOT_CONSTANT, expr->at,
            "a test expects a written value, and this is known only with the alert");
}

void check_expected(struct check *check, const struct builtin *builtin, struct pair *pairs)
{
    check_pairs(check, builtin, pairs, check_expected_value);
}

void check_args(struct check *check, struct ast_step *step)
{
    const struct builtin *builtin = step->action.builtin;
    check_pairs(check, builtin, step->action.pairs, check_value);
    check_from(check, step);
    for (uint32_t at = 0; at < builtin_param_count(builtin); at++) {
        const struct param *param = &builtin->params[at];
        if (param->need != PARAM_REQUIRED || step_argument(step, at) != NULL
            || connection_setting_of(&check->connection_cache, check->trees, check->tree_count,
                   builtin->provider, param->setting)
                   != NULL)
            continue;
        struct diag *diag = diag_add(check->diags, DIAG_MISSING_PARAMETER, step->at,
            "`%s %s` needs `%s`", verb_name(builtin->verb), builtin->name, param->name);
        diag_help(check->diags, diag, "`%s` is %s", param->name, param->doc);
    }
}
