/* check_constant.c - what the compiler itself works out: functions of written values, and
 * time zones by their names. */
#include "check_pass.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "constant.h"
#include "zone_file.h"

/* ---- functions of written values ---- */

/* The written values of a call; false when one is known only with the alert. */
static bool written_args(struct check *check, const struct expr *call,
    const struct function *function, value args[FUNCTION_PARAMS_MAX])
{
    uint32_t at = 0;
    for (const struct expr *arg = call->call.arguments; arg != NULL; arg = arg->next, at++) {
        value v;
        enum type from;
        if (arg->type == TYPE_COUNT || !constant_of(arg, &v, &from)
            || !check_ok(
                check, constant_fit(check->arena, v, from, function->params[at], &args[at]))
            || args[at].kind == VALUE_ABSENT)
            return false;
    }
    return at > 0;
}

/* The results for one argument after the other, in one list. ERR_LIMIT, ERR_MEMORY. */
static enum err call_each(
    struct check *check, const struct function *function, value *args, value *ret_list)
{
    value list = args[0];
    uint32_t count = 0;
    value *items = ARENA_ARRAY(check->arena, value, VARIANTS_MAX);
    if (items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < list.count; at++) {
        value result;
        args[0] = list.items[at];
        TRY(function->call(check->arena, args, &result));
        bool is_list = result.kind == VALUE_LIST;
        uint32_t more = is_list ? result.count : 1;
        if (more > VARIANTS_MAX - count)
            return ERR_LIMIT;
        for (uint32_t i = 0; i < more; i++)
            items[count++] = is_list ? result.items[i] : result;
    }
    *ret_list = value_list(items, count);
    return ERR_OK;
}

static bool is_text(value v)
{
    if (v.kind == VALUE_LIST) {
        for (uint32_t at = 0; at < v.count; at++)
            if (!is_text(v.items[at]))
                return false;
        return true;
    }
    str text = value_str(v);
    return v.kind != VALUE_TEXT || utf8_valid_bytes(text) == text.len;
}

static void report_bytes(
    struct check *check, const struct expr *call, const struct function *function)
{
    struct diag *diag = diag_add(check->diags, DIAG_BYTES_AS_TEXT, call->at,
        "`%s` makes bytes of this that no text of an alert can hold", function->name);
    diag_help(check->diags, diag, "encode them: `base64offset(%.*s)`",
        STR_ARG(sources_text(check->sources, call->at)));
}

static void report_unwritten(
    struct check *check, const struct expr *call, const struct function *function)
{
    const struct expr *arg = call->call.arguments;
    value v;
    enum type from;
    while (arg->next != NULL && constant_of(arg, &v, &from))
        arg = arg->next;
    if (arg->type == TYPE_COUNT || constant_of(arg, &v, &from))
        return; /* it was reported */
    struct diag *diag = diag_add(check->diags, DIAG_NOT_CONSTANT, arg->at,
        "`%s` is worked out with the rule, and this is known only with the alert", function->name);
    diag_help(check->diags, diag, "write the text in quotes: `%s(\"..\")`", function->name);
}

/* What a call of written values came to, or why it came to nothing. */
static void keep_result(
    struct check *check, struct expr *call, const struct function *function, value result)
{
    if (result.kind == VALUE_ABSENT) {
        diag_add(
            check->diags, DIAG_BAD_VALUE, call->at, "`%s` has no value for this", function->name);
        call->type = TYPE_COUNT;
    } else if (!check->wants_bytes && !is_text(result)) {
        report_bytes(check, call, function);
        call->type = TYPE_COUNT;
    } else {
        call->means = MEANING_CONSTANT;
        call->is.constant = result;
        call->is_list = result.kind == VALUE_LIST;
    }
}

void check_fold(struct check *check, struct expr *call, const struct function *function)
{
    value args[FUNCTION_PARAMS_MAX] = { { 0 } };
    value result = VALUE_NONE;
    if (!written_args(check, call, function, args)) {
        if (function->is_written) {
            report_unwritten(check, call, function);
            call->type = TYPE_COUNT;
        }
        return;
    }
    bool is_each = args[0].kind == VALUE_LIST && !function->takes_list;
    enum err err = is_each ? call_each(check, function, args, &result)
                           : function->call(check->arena, args, &result);
    if (err == ERR_LIMIT) {
        diag_add(check->diags, DIAG_TOO_LARGE, call->at,
            "`%s` makes more than %d texts of this, or one of more than %d bytes", function->name,
            VARIANTS_MAX, ENCODED_BYTES_MAX);
        call->type = TYPE_COUNT;
    } else if (check_ok(check, err)) {
        keep_result(check, call, function, result);
    }
}

/* ---- lists ---- */

/* The texts that `element` stands for as elements, linked; the last one in *ret_last. */
static struct expr *elements_of(
    struct check *check, const struct expr *element, value list, struct expr **ret_last)
{
    struct expr *elements = ARENA_ARRAY(check->arena, struct expr, list.count + 1);
    if (!check_ok(check, elements == NULL ? ERR_MEMORY : ERR_OK) || list.count == 0)
        return NULL;
    for (uint32_t at = 0; at < list.count; at++) {
        elements[at] =
            (struct expr){ .kind = EXPR_LITERAL, .at = element->at, .type = element->type };
        elements[at].literal.value = list.items[at];
        elements[at].literal.type = element->type;
        elements[at].next = at + 1 < list.count ? &elements[at + 1] : NULL;
    }
    *ret_last = &elements[list.count - 1];
    return elements;
}

static void report_all(struct check *check, struct expr *element)
{
    struct diag *diag = diag_add(check->diags, DIAG_WRONG_TEST, element->at,
        "`all` would ask for every one of the texts that this stands for, at once");
    diag_help(check->diags, diag, "write a test of its own, joined by `and`");
    element->type = TYPE_COUNT;
}

void check_spread(struct check *check, struct expr *list, enum quantifier patterns)
{
    struct expr **at = &list->elements;
    while (*at != NULL) {
        struct expr *element = *at;
        struct expr *last = NULL;
        value v;
        enum type from;
        if (!constant_of(element, &v, &from) || v.kind != VALUE_LIST) {
            at = &element->next;
            continue;
        }
        if (patterns == QUANTIFIER_ALL) {
            report_all(check, element);
            at = &element->next;
            continue;
        }
        *at = elements_of(check, element, v, &last);
        if (last == NULL)
            return;
        last->next = element->next;
        at = &last->next;
    }
}

/* ---- time zones ---- */

static void suggest_zone(struct check *check, struct diag *diag, span at, str name)
{
    const char *quoted = arena_format(check->arena, "\"%.*s\"", STR_ARG(name));
    diag_help(check->diags, diag, "did you mean \"%.*s\"?", STR_ARG(name));
    bool is_literal = str_startswith(sources_text(check->sources, at), STR("\""));
    if (check_ok(check, quoted == NULL ? ERR_MEMORY : ERR_OK) && is_literal)
        diag_set_fix(check->diags, diag, at, str_from(quoted));
}

static void report_zone(struct check *check, const struct expr *arg, str name, enum err err)
{
    struct suggestion near = { .word = name };
    struct diag *diag;
    if (err == ERR_NOT_FOUND) {
        enum err names = zone_suggest(check->arena, &near);
        if (names == ERR_MEMORY)
            check_ok(check, names);
        diag = diag_add(check->diags, DIAG_UNKNOWN_ZONE, arg->at, "no time zone is called \"%.*s\"",
            STR_ARG(name));
        if (near.best.len > 0)
            suggest_zone(check, diag, arg->at, near.best);
        else if (names == ERR_NOT_FOUND)
            diag_help(
                check->diags, diag, "this machine has no time zones: install the package tzdata");
        else
            diag_help(check->diags, diag, "zones are called \"Europe/Paris\", \"Asia/Tokyo\", ..");
        return;
    }
    diag_add(check->diags, DIAG_UNKNOWN_ZONE, arg->at,
        "the time zone \"%.*s\" of this machine cannot be read", STR_ARG(name));
}

static const struct zone *find_zone(struct check *check, const struct expr *arg, str name)
{
    for (const struct zones *one = check->zones; one != NULL; one = one->next)
        if (one->zone != NULL && str_equal(one->zone->name, name))
            return one->zone;
    const struct zone *zone = NULL;
    struct zones *kept = ARENA_NEW(check->arena, struct zones);
    if (!check_ok(check, kept == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    enum err err = zone_load(check->arena, name, &zone);
    if (err == ERR_NOT_FOUND || err == ERR_INVALID || err == ERR_IO) {
        report_zone(check, arg, name, err);
        return NULL;
    }
    if (!check_ok(check, err))
        return NULL;
    *kept = (struct zones){ check->zones->next, zone };
    check->zones->next = kept;
    return zone;
}

void check_zone(struct check *check, struct expr *arg)
{
    value v;
    enum type from;
    const struct zone *zone = NULL;
    bool is_written = constant_of(arg, &v, &from);
    if (is_written && v.kind == VALUE_ZONE)
        return; /* it was looked up before */
    if (!is_written) {
        struct diag *diag = diag_add(check->diags, DIAG_NOT_CONSTANT, arg->at,
            "a time zone is written in the rule, and this is known only with the alert");
        diag_help(check->diags, diag, "write its name in quotes: \"Europe/Paris\"");
    } else if (v.kind != VALUE_TEXT) {
        diag_add(check->diags, DIAG_ARGUMENTS, arg->at,
            "this is %s, and a time zone is wanted: \"Europe/Paris\"", type_name(from));
    } else {
        zone = find_zone(check, arg, value_str(v));
    }
    arg->type = TYPE_COUNT;
    if (zone == NULL)
        return;
    arg->kind = EXPR_LITERAL; /* what the rule says is kept in the text alone */
    arg->means = MEANING_UNKNOWN;
    arg->type = TYPE_ZONE;
    arg->literal.parts = NULL;
    arg->literal.label = NULL;
    arg->literal.type = TYPE_ZONE;
    arg->literal.value = (value){ .kind = VALUE_ZONE, .zone = zone };
}
