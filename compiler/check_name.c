/* check_name.c - what a path of words means. */
#include "check_pass.h"

#include "base/limits.h"
#include "registry.h"

/* Functions that the compiler itself writes out: see check_call.c. */
static const char *const own_functions[] = { "first", "scale", "only_if" };

bool path_is_word(const struct expr *expr)
{
    return expr->kind == EXPR_FIELD && expr->path->next == NULL;
}

str path_text(struct check *check, const struct expr *expr)
{
    str text = expr->path->text;
    uint32_t count = 1;
    for (const struct path_part *part = expr->path->next; part != NULL && count < PATH_PARTS_MAX;
         part = part->next, count++) {
        const char *longer = arena_format(check->arena,
            part->is_index ? "%.*s[\"%.*s\"]" : "%.*s.%.*s", STR_ARG(text), STR_ARG(part->text));
        if (!check_ok(check, longer == NULL ? ERR_MEMORY : ERR_OK))
            return text;
        text = str_from(longer);
    }
    return text;
}

static str first_word(const char *field)
{
    str name = str_from(field);
    return str_first(name, str_find(name, '.'));
}

static const char *hidden_by(const struct check *check, str name)
{
    enum severity severity;
    enum verdict verdict;
    if (str_is(name, "raw"))
        return "the vendor's JSON";
    for (int field = 0; field < FIELD_COUNT; field++)
        if (str_equal(first_word(field_info((enum field)field)->name), name))
            return "a field";
    if (severity_find(name, &severity))
        return "a severity";
    if (verdict_find(name, &verdict))
        return "a verdict";
    if (source_item(check, name) != NULL)
        return "a source";
    if (function_find(name) != NULL)
        return "a function";
    for (size_t at = 0; at < COUNT_OF(own_functions); at++)
        if (str_is(name, own_functions[at]))
            return "a function";
    return NULL;
}

bool check_hiding(struct check *check, str name, span at)
{
    const char *what = hidden_by(check, name);
    if (what == NULL)
        return true;
    struct diag *diag = diag_add(check->diags, DIAG_HIDING_NAME, at,
        "`%.*s` is the name of %s and cannot mean something else", STR_ARG(name), what);
    diag_help(check->diags, diag, "choose another name, `my_%.*s` for example", STR_ARG(name));
    return false;
}

/* ---- enum words ---- */

static bool severity_word(struct expr *expr)
{
    enum severity severity;
    if (!severity_find(expr->path->text, &severity))
        return false;
    expr->is.constant = (value){ .kind = VALUE_SEVERITY, .integer = severity };
    return true;
}

static bool verdict_word(struct expr *expr)
{
    enum verdict verdict;
    if (!verdict_find(expr->path->text, &verdict))
        return false;
    expr->is.constant = (value){ .kind = VALUE_VERDICT, .integer = verdict };
    return true;
}

static bool source_word(const struct check *check, struct expr *expr)
{
    if (source_item(check, expr->path->text) == NULL)
        return false;
    expr->is.constant = value_text(expr->path->text);
    return true;
}

static void suggest_words(const struct check *check, enum type type, struct suggestion *near)
{
    for (int at = 0; type == TYPE_SEVERITY && at < SEVERITY_COUNT; at++)
        suggest(near, str_from(severity_name((enum severity)at)));
    for (int at = 0; type == TYPE_VERDICT && at < VERDICT_COUNT; at++)
        suggest(near, str_from(verdict_name((enum verdict)at)));
    for (uint32_t at = 0; type == TYPE_SOURCE && at < check->source_count; at++)
        suggest(near, check->source_items[at]->name);
}

void help_with_values(struct check *check, struct diag *diag, enum type type)
{
    if (type == TYPE_SEVERITY)
        diag_help(
            check->diags, diag, "a severity is one of informational, low, medium, high, critical");
    else if (type == TYPE_VERDICT)
        diag_help(check->diags, diag, "a verdict is one of unknown, clean, suspicious, malicious");
    else if (type == TYPE_SOURCE)
        diag_help(check->diags, diag,
            "a source is one that cdr brings (`cdr sources` lists them) or that a rule file "
            "declares");
}

static void report_word(struct check *check, const struct expr *expr, enum type type)
{
    str word = expr->path->text;
    struct suggestion near = { .word = word };
    if (type == TYPE_SOURCE && check_is_lost(check, UINT32_MAX, word))
        return;
    suggest_words(check, type, &near);
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_VALUE, expr->at, "`%.*s` is no %s",
        STR_ARG(word), type_name(type));
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, expr->at, near.best);
    } else {
        help_with_values(check, diag, type);
    }
}

/* Whether the word means something else here: a parameter, a let, a list, a field. */
static bool is_other_name(const struct check *check, const struct expr *expr)
{
    str word = expr->path->text;
    if (check->macro != NULL)
        for (const struct macro_param *param = check->macro->macro.params; param != NULL;
             param = param->next)
            if (str_equal(param->name, word))
                return true;
    return scope_find(check->scope, expr->at.file, word) != NULL || field_find(word) != FIELD_COUNT;
}

bool check_word(struct check *check, struct expr *expr, enum type type)
{
    if (!path_is_word(expr) || expr->path->is_index)
        return false;
    bool is_word = false;
    if (type == TYPE_SEVERITY)
        is_word = severity_word(expr);
    else if (type == TYPE_VERDICT)
        is_word = verdict_word(expr);
    else if (type == TYPE_SOURCE)
        is_word = source_word(check, expr);
    else
        return false;
    if (!is_word && is_other_name(check, expr))
        return false;
    expr->type = is_word ? type : TYPE_COUNT;
    if (is_word)
        expr->means = type == TYPE_SOURCE ? MEANING_SOURCE : MEANING_ENUM;
    else
        report_word(check, expr, type);
    return true;
}

/* ---- declarations ---- */

static void check_body(struct check *check, struct item *item)
{
    if (item->kind == ITEM_MACRO)
        check_params(check, item);
    if (item->kind == ITEM_LIST)
        check_list(check, item);
    else
        check_expr(check, item->kind == ITEM_LET ? item->let.body : item->macro.body);
}

bool check_declaration(struct check *check, struct item *item)
{
    struct name *name = scope_find_own(check->scope, item->at.file, item->name);
    struct name taken = { 0 };
    if (name == NULL || name->item != item)
        name = &taken; /* nobody can use it, but its mistakes are mistakes */
    if (name->state == NAME_CHECKING || check->depth >= NESTING_MAX)
        return false;
    if (name->state == NAME_UNCHECKED) {
        struct check inner = *check;
        inner.item = item;
        inner.macro = item->kind == ITEM_MACRO ? item : NULL;
        inner.in_source = false;
        inner.several = NULL;
        inner.has_several = false;
        inner.in_several_steps = false;
        inner.steps = NULL;
        inner.deepest = 0;
        inner.depth++;
        name->state = NAME_CHECKING;
        check_body(&inner, item);
        name->state = NAME_CHECKED;
        name->depth = inner.deepest + 1;
        check->err = inner.err;
        check->lookups = inner.lookups;
        check->unsaid = inner.unsaid;
    }
    if (name->depth > check->deepest)
        check->deepest = name->depth;
    return name->depth <= NESTING_MAX;
}

void check_report_self(struct check *check, span at, const struct item *item)
{
    const struct name *name = scope_find_own(check->scope, item->at.file, item->name);
    bool is_deep = check->depth >= NESTING_MAX || (name != NULL && name->depth > NESTING_MAX);
    struct diag *diag = diag_add(check->diags, DIAG_SELF_REFERENCE, at,
        is_deep ? "`%.*s` is too deep: lets and macros may use each other %d times over"
                : "`%.*s` is defined by itself",
        STR_ARG(item->name), NESTING_MAX);
    diag_note(check->diags, diag, item->name_at, "it is declared here");
}

bool refuse_in_source(struct check *check, span at)
{
    if (!check->in_source)
        return false;
    diag_add(check->diags, DIAG_SOURCE_READS_RAW, at,
        "a source reads raw JSON and lists, not lets and macros");
    return true;
}

static void use_declaration(struct check *check, struct expr *expr, struct item *item)
{
    if (item->kind != ITEM_LIST && refuse_in_source(check, expr->at))
        return;
    if (item->kind == ITEM_ENVIRONMENT) {
        struct diag *diag = diag_add(check->diags, DIAG_WRONG_TEST, expr->at,
            "`%.*s` is an environment, no value", STR_ARG(item->name));
        diag_help(check->diags, diag, "write `resource in %.*s`", STR_ARG(item->name));
        return;
    }
    if (item->kind == ITEM_MACRO) {
        struct diag *diag = diag_add(check->diags, DIAG_ARGUMENTS, expr->at,
            "the macro `%.*s` needs its arguments", STR_ARG(item->name));
        diag_help(check->diags, diag, "write `%.*s(..)`", STR_ARG(item->name));
        return;
    }
    if (!check_declaration(check, item)) {
        check_report_self(check, expr->at, item);
        return;
    }
    expr->is.declaration = item;
    if (item->kind == ITEM_LIST) {
        expr->means = MEANING_LIST;
        expr->type = item->list.type;
        expr->is_list = true;
    } else {
        expr->means = MEANING_LET;
        expr->type = item->let.body->type;
        expr->is_list = item->let.body->is_list;
        expr->is_untrusted = item->let.body->is_untrusted;
    }
}

/* ---- paths ---- */

static bool use_param(struct check *check, struct expr *expr)
{
    uint32_t index = 0;
    if (check->macro == NULL || !path_is_word(expr))
        return false;
    for (const struct macro_param *param = check->macro->macro.params; param != NULL;
         param = param->next, index++) {
        if (!str_equal(param->name, expr->path->text))
            continue;
        expr->means = MEANING_PARAM;
        expr->type = param->type;
        expr->is.param = index;
        return true;
    }
    return false;
}

static void use_raw(struct check *check, struct expr *expr)
{
    const struct path_part *part = expr->path->next;
    expr->type = TYPE_RAW;
    expr->is_untrusted = true;
    if (part != NULL && part->is_index && part->next == NULL && part->text.len > 0) {
        expr->means = MEANING_RAW;
        expr->is.path = part->text;
        return;
    }
    expr->type = TYPE_COUNT;
    struct diag *diag = diag_add(check->diags, DIAG_BAD_PATH, expr->at,
        "the vendor's JSON is reached by one path in brackets");
    diag_help(check->diags, diag, "write `raw[\"a.b.c\"]`");
}

static const enum type member_types[RESULT_MEMBERS] = {
    [RESULT_COMPLETE] = TYPE_BOOL,
    [RESULT_PARTIAL] = TYPE_BOOL,
    [RESULT_FAILED] = TYPE_BOOL,
    [RESULT_VERDICT] = TYPE_VERDICT,
    [RESULT_URL] = TYPE_TEXT,
    [RESULT_SHA256] = TYPE_TEXT,
};

/* The result and member that were probably meant. */
static void guess_result(
    struct check *check, struct diag *diag, const struct expr *expr, str step, str member)
{
    const char *text = arena_format(check->arena, "%.*s.%.*s", STR_ARG(step), STR_ARG(member));
    diag_help(check->diags, diag, "did you mean `%.*s.%.*s`?", STR_ARG(step), STR_ARG(member));
    if (text != NULL)
        diag_set_guess(check->diags, diag, expr->at, str_from(text));
}

static void use_result(struct check *check, struct expr *expr, const struct visible_step *visible)
{
    const struct path_part *part = expr->path->next;
    struct suggestion near = { .word = part == NULL ? STR("") : part->text };
    for (int at = 0; part != NULL && part->next == NULL && at < RESULT_MEMBERS; at++) {
        str name = str_from(result_member_name((enum result_member)at));
        suggest(&near, name);
        if (!str_equal(name, part->text))
            continue;
        expr->means = MEANING_RESULT;
        expr->type = member_types[at];
        expr->is.result.step = visible->step;
        expr->is.result.member = (enum result_member)at;
        return;
    }
    if (part == NULL) {
        struct diag *whole = diag_add(check->diags, DIAG_UNKNOWN_RESULT, expr->at,
            "`%.*s` is the result of a step, of which one part is asked for",
            STR_ARG(expr->path->text));
        diag_help(check->diags, whole, "write `%.*s.failed`, `%.*s.complete` or `%.*s.verdict`",
            STR_ARG(expr->path->text), STR_ARG(expr->path->text), STR_ARG(expr->path->text));
        return;
    }
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_RESULT, expr->at,
        "the result of a step has no `%.*s`", STR_ARG(near.word));
    if (near.best.len > 0)
        guess_result(check, diag, expr, visible->name, near.best);
    else
        diag_help(
            check->diags, diag, "a result has complete, partial, failed, verdict, url and sha256");
}

bool field_is_untrusted(const struct check *check, enum field field)
{
    const char *name = field_info(field)->name;
    if (field_info(field)->is_untrusted)
        return true;
    for (uint32_t at = 0; at < check->source_count; at++)
        for (const struct ast_mapping *mapping = check->source_items[at]->source.mappings;
             mapping != NULL; mapping = mapping->next)
            if (mapping->is_untrusted && mapping->field->means == MEANING_FIELD
                && str_is(str_from(field_info(mapping->field->is.field)->name), name))
                return true;
    return false;
}

static bool use_field(struct check *check, struct expr *expr, str text)
{
    enum field field = field_find(text);
    if (field == FIELD_COUNT || !str_is(text, field_info(field)->name))
        return false;
    if (check->in_source) {
        struct diag *diag = diag_add(check->diags, DIAG_SOURCE_READS_RAW, expr->at,
            "a source makes `%.*s`, it cannot read it", STR_ARG(text));
        diag_help(check->diags, diag, "write `raw[\"...\"]` with the vendor's path");
        return true;
    }
    expr->means = MEANING_FIELD;
    expr->type = field_info(field)->type;
    expr->is.field = field;
    expr->is_untrusted = field_is_untrusted(check, field);
    return true;
}

static void suggest_names(struct check *check, const struct expr *expr, struct suggestion *near)
{
    for (int at = 0; at < FIELD_COUNT; at++)
        suggest(near, str_from(field_info((enum field)at)->name));
    for (const struct visible_step *step = check->steps; step != NULL; step = step->next)
        suggest(near, step->name);
    if (!path_is_word(expr))
        return;
    for (const struct macro_param *param = check->macro == NULL ? NULL : check->macro->macro.params;
         param != NULL; param = param->next)
        suggest(near, param->name);
    uint32_t at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        if (scope_sees(check->scope, expr->at.file, name))
            suggest(near, name->text);
}

/* A word may be the last part of fields, `title` of `alert.title`: the first of them, and in
 * *ret_all how to name all. Empty when there is none. */
static str fields_that_end_in(struct check *check, str word, const char **ret_all)
{
    str first = STR("");
    *ret_all = "";
    for (int at = 0; at < FIELD_COUNT; at++) {
        str name = str_from(field_info((enum field)at)->name);
        size_t dot = str_find(name, '.');
        if (dot == name.len || !str_equal(str_skip(name, dot + 1), word))
            continue;
        const char *all = arena_format(
            check->arena, "%s%s`%.*s`", *ret_all, first.len == 0 ? "" : ", ", STR_ARG(name));
        if (!check_ok(check, all == NULL ? ERR_MEMORY : ERR_OK))
            return STR("");
        *ret_all = all;
        first = first.len == 0 ? name : first;
    }
    return first;
}

static bool help_with_last_part(
    struct check *check, struct diag *diag, const struct expr *expr, str text)
{
    const char *all;
    str field = path_is_word(expr) ? fields_that_end_in(check, text, &all) : STR("");
    if (field.len == 0)
        return false;
    bool is_one = strlen(all) == field.len + 2;
    diag_help(check->diags, diag, is_one ? "did you mean %s?" : "did you mean one of %s?", all);
    if (is_one)
        diag_set_guess(check->diags, diag, expr->at, field);
    return true;
}

void help_with_use(
    struct check *check, struct diag *diag, uint32_t file, const struct item *elsewhere)
{
    const struct source *from = &check->sources->items[file];
    str way = uses_way(check->arena, from->file, check->sources->items[elsewhere->at.file].file);
    diag_note(check->diags, diag, elsewhere->name_at, "another file declares it");
    if (way.len > 0)
        diag_help(check->diags, diag, "begin this file with `use \"%.*s\"`", STR_ARG(way));
    else
        diag_help(check->diags, diag, "begin this file with a `use` of that one");
}

/* The field that has the name in the Elastic Common Schema or its like; or NULL. */
static const char *canonical_field(str text)
{
    static const struct {
        const char *name;
        const char *field;
    } names[] = { { "process.command_line", "process.cmdline" },
        { "process.executable", "process.path" }, { "process.hash.sha256", "process.sha256" },
        { "source.ip", "src.ip" }, { "destination.ip", "dst.ip" }, { "user", "user.name" },
        { "host", "host.name" }, { "host.hostname", "host.name" },
        { "file.hash.sha256", "file.sha256" }, { "hostname", "host.name" },
        { "username", "user.name" }, { "cloud.account.id", "cloud.account" },
        { "threat.technique.id", "attack.technique" }, { "CommandLine", "process.cmdline" },
        { "Image", "process.path" } };
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (str_is(text, names[at].name))
            return names[at].field;
    return NULL;
}

static void help_with_unknown(
    struct check *check, struct diag *diag, const struct expr *expr, str text, str near)
{
    enum severity severity;
    enum verdict verdict;
    const struct name *elsewhere = path_is_word(expr) ? scope_find_any(check->scope, text) : NULL;
    const char *canonical = canonical_field(text);
    if (elsewhere != NULL) {
        help_with_use(check, diag, expr->at.file, elsewhere->item);
    } else if (canonical != NULL) {
        diag_help(check->diags, diag, "did you mean `%s`?", canonical);
        diag_set_guess(check->diags, diag, expr->at, str_from(canonical));
    } else if (severity_find(text, &severity) || verdict_find(text, &verdict)
               || source_item(check, text) != NULL) {
        diag_help(check->diags, diag,
            "such a word stands only to the right of what has it as a "
            "value: `severity >= high`, `source = defender`");
    } else if (help_with_last_part(check, diag, expr, text)) {
        return;
    } else if (near.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near));
        diag_set_guess(check->diags, diag, expr->at, near);
    } else if (check->wants_text) {
        diag_help(check->diags, diag, "text stands in quotes: write \"%.*s\"", STR_ARG(text));
    } else {
        diag_help(check->diags, diag,
            "what no field covers is reached as `raw[\"%.*s\"]`; text "
            "stands in quotes",
            STR_ARG(text));
    }
}

/* `d.failed` where no step before it is called d. */
static bool report_no_result(struct check *check, const struct expr *expr)
{
    const struct path_part *member = expr->path->next;
    if (check->item == NULL || check->item->kind != ITEM_RULE || member == NULL
        || member->next != NULL || member->is_index)
        return false;
    for (int field = 0; field < FIELD_COUNT; field++)
        if (str_equal(first_word(field_info((enum field)field)->name), expr->path->text))
            return false;
    struct suggestion field = { .word = path_text(check, expr) };
    for (int at = 0; at < FIELD_COUNT; at++)
        suggest(&field, str_from(field_info((enum field)at)->name));
    if (field.best.len > 0)
        return false;
    struct suggestion step = { .word = expr->path->text };
    for (const struct visible_step *at = check->steps; at != NULL; at = at->next)
        suggest(&step, at->name);
    for (int at = 0; at < RESULT_MEMBERS; at++) {
        if (!str_is(member->text, result_member_name((enum result_member)at)))
            continue;
        struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_RESULT, expr->at,
            "no result is called `%.*s`", STR_ARG(expr->path->text));
        if (step.best.len > 0) {
            guess_result(check, diag, expr, step.best, member->text);
            return true;
        }
        diag_help(check->diags, diag, "add `as %.*s` to the step, which must stand before this",
            STR_ARG(expr->path->text));
        return true;
    }
    return false;
}

static void report_unknown(struct check *check, const struct expr *expr, str text)
{
    enum { SHOWN_MAX = 160 };
    struct suggestion near = { .word = text };
    if (text.len > SHOWN_MAX)
        text = expr->path->text; /* the place shows the rest */
    if (check_is_lost(check, expr->at.file, expr->path->text) || report_no_result(check, expr))
        return;
    if (path_is_word(expr) || !str_is(text, ""))
        suggest_names(check, expr, &near);
    struct diag *diag = diag_add(
        check->diags, DIAG_UNKNOWN_NAME, expr->at, "nothing is called `%.*s`", STR_ARG(text));
    help_with_unknown(check, diag, expr, text, near.best);
}

/* No name has as many words: whatever it means, it is refused before it is put together. */
static bool refuse_long_path(struct check *check, const struct expr *expr)
{
    uint32_t count = 0;
    for (const struct path_part *part = expr->path; part != NULL; part = part->next)
        if (++count > PATH_PARTS_MAX) {
            diag_add(check->diags, DIAG_BAD_PATH, expr->at, "a path has at most %d words",
                PATH_PARTS_MAX);
            return true;
        }
    return false;
}

void check_field_path(struct check *check, struct expr *expr)
{
    expr->type = TYPE_COUNT;
    if (str_is(expr->path->text, "raw")) {
        use_raw(check, expr);
        return;
    }
    if (check_tag(check, expr))
        return;
    str text = path_text(check, expr);
    if (!use_field(check, expr, text))
        report_unknown(check, expr, text);
}

void check_field(struct check *check, struct expr *expr)
{
    expr->type = TYPE_COUNT;
    if (refuse_long_path(check, expr))
        return;
    if (use_param(check, expr))
        return;
    for (const struct visible_step *step = check->steps; step != NULL; step = step->next)
        if (str_equal(step->name, expr->path->text)) {
            use_result(check, expr, step);
            return;
        }
    if (check_first_field(check, expr))
        return;
    const struct name *name = scope_find(check->scope, expr->at.file, expr->path->text);
    if (name != NULL && path_is_word(expr)) {
        use_declaration(check, expr, name->item);
        return;
    }
    check_field_path(check, expr);
}
