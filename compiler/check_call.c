/* check_call.c - functions, macros, and what the compiler writes out itself: first,
 * scale, only_if. */
#include "check_pass.h"

#include "base/limits.h"
#include "constant.h"
#include "registry.h"

#include <math.h>

static uint32_t count_args(const struct expr *args)
{
    uint32_t count = 0;
    for (; args != NULL; args = args->next)
        count++;
    return count;
}

static struct diag *report_count(struct check *check, const struct expr *call, const char *takes)
{
    return diag_add(check->diags, DIAG_ARGUMENTS, call->at, "`%.*s` takes %s, and here are %u",
        STR_ARG(call->call.name), takes, count_args(call->call.arguments));
}

/* One argument where something of type `type` is wanted. */
static void check_arg_type(struct check *check, struct expr *arg, enum type type)
{
    value v;
    enum type from;
    if (arg->type == TYPE_COUNT || type == TYPE_COUNT)
        return;
    if (arg->is_list) {
        diag_add(check->diags, DIAG_ARGUMENTS, arg->at, "a list cannot be an argument");
        arg->type = TYPE_COUNT;
    } else if (constant_of(arg, &v, &from)) {
        check_fits(check, arg, type, false);
    } else if (arg->type == TYPE_RAW) {
        read_as(arg, type);
    } else if (!types_compare(arg->type, type)) {
        diag_add(check->diags, DIAG_ARGUMENTS, arg->at, "this is %s, and %s is wanted",
            type_name(arg->type), type_name(type));
    }
}

static void check_arg(struct check *check, struct expr *arg, enum type type)
{
    if (!check_word(check, arg, type))
        check_expr(check, arg);
    check_arg_type(check, arg, type);
}

/* ---- macros ---- */

static void check_macro_call(struct check *check, struct expr *call, struct item *macro)
{
    struct expr *arg = call->call.arguments;
    uint32_t count = 0;
    if (refuse_in_source(check, call->at))
        return;
    if (!check_declaration(check, macro)) {
        check_report_self(check, call->at, macro);
        return;
    }
    call->means = MEANING_MACRO;
    call->is.declaration = macro;
    call->type = macro->macro.body->type;
    call->is_untrusted = macro->macro.body->is_untrusted;
    for (const struct macro_param *param = macro->macro.params; param != NULL;
         param = param->next, count++) {
        if (arg == NULL)
            continue;
        check_arg(check, arg, param->type);
        call->is_untrusted = call->is_untrusted || arg->is_untrusted;
        arg = arg->next;
    }
    if (count != count_args(call->call.arguments)) {
        const char *takes = arena_format(check->arena, "%u", count);
        struct diag *diag = report_count(check, call, takes == NULL ? "others" : takes);
        diag_note(check->diags, diag, macro->name_at, "the macro is declared here");
        call->type = TYPE_COUNT;
    }
}

/* ---- functions ---- */

/* An argument of a function: written lists are fine, and names of time zones. */
static void check_function_arg(struct check *check, struct expr *arg, enum type type)
{
    value v;
    enum type from;
    if (!check_word(check, arg, type))
        check_expr(check, arg);
    bool is_written_list = arg->is_list && constant_of(arg, &v, &from) && v.kind == VALUE_LIST;
    if (type == TYPE_ZONE && arg->type != TYPE_COUNT)
        check_zone(check, arg);
    else if (!is_written_list || !types_compare(arg->type, type))
        check_arg_type(check, arg, type);
}

static void check_function(struct check *check, struct expr *call, const struct function *function)
{
    uint32_t count = count_args(call->call.arguments);
    uint32_t least = function->params_count - function->optional_count;
    uint32_t at = 0;
    if (count < least || count > function->params_count) {
        const char *takes =
            least == function->params_count
                ? arena_format(check->arena, "%u", least)
                : arena_format(check->arena, "%u to %u", least, function->params_count);
        struct diag *diag = report_count(check, call, takes == NULL ? "others" : takes);
        diag_help(check->diags, diag, "%s: %s", function->name, function->doc);
        return;
    }
    call->means = MEANING_FUNCTION;
    call->is.function = function;
    call->type = function->returns;
    bool wanted_bytes = check->wants_bytes;
    check->wants_bytes = function->takes_bytes;
    for (struct expr *arg = call->call.arguments; arg != NULL; arg = arg->next, at++) {
        check_function_arg(check, arg, function->params[at]);
        call->is_untrusted = call->is_untrusted || arg->is_untrusted;
    }
    check->wants_bytes = wanted_bytes;
    check_fold(check, call, function);
}

/* ---- first, scale, only_if ---- */

static void check_first(struct check *check, struct expr *call)
{
    struct expr *args = call->call.arguments;
    enum type type = TYPE_RAW;
    call->means = MEANING_FIRST;
    if (args == NULL || args->next == NULL) {
        report_count(check, call, "two or more values");
        return;
    }
    for (struct expr *arg = args; arg != NULL; arg = arg->next) {
        check_expr(check, arg);
        call->is_untrusted = call->is_untrusted || arg->is_untrusted;
        if (type == TYPE_RAW && arg->type != TYPE_COUNT)
            type = arg->type;
    }
    call->type = type;
    for (struct expr *arg = args; arg != NULL; arg = arg->next) {
        if (arg->type == TYPE_RAW)
            read_as(arg, type);
        else if (arg->type != TYPE_COUNT && !types_compare(arg->type, type))
            diag_add(check->diags, DIAG_TYPE_MISMATCH, arg->at,
                "this is %s, the values before it are %s", type_name(arg->type), type_name(type));
    }
}

/* `4 medium` or `"E_MEDIUM" medium`: a number or a text and its severity. The first says
 * which of the two all are; numbers rise. */
static void check_scale_step(struct check *check, struct expr *step, bool is_text, double *last)
{
    enum severity severity;
    check_expr(check, step);
    bool has_kind =
        step->kind == EXPR_LITERAL
        && (is_text ? step->literal.type == TYPE_TEXT : type_is_number(step->literal.type));
    if (!has_kind || step->literal.label == NULL) {
        struct diag *diag = diag_add(check->diags, DIAG_ARGUMENTS, step->at,
            "`scale` wants a %s and a severity here", is_text ? "text" : "number");
        diag_help(check->diags, diag, is_text ? "write `\"Medium\" medium`" : "write `4 medium`");
        return;
    }
    value v = step->literal.value;
    double number = v.kind == VALUE_DECIMAL ? v.decimal : (double)v.integer;
    if (!is_text && number <= *last)
        diag_add(check->diags, DIAG_ARGUMENTS, step->at, "the numbers of a scale must rise");
    *last = number;
    if (!severity_find(step->literal.label->text, &severity))
        diag_add(check->diags, DIAG_UNKNOWN_VALUE, step->literal.label->at, "`%.*s` is no severity",
            STR_ARG(step->literal.label->text));
}

static void check_scale(struct check *check, struct expr *call)
{
    struct expr *input = call->call.arguments;
    double last = -HUGE_VAL;
    call->means = MEANING_SCALE;
    if (input == NULL || input->next == NULL) {
        report_count(check, call, "a value, then numbers or texts with severities");
        return;
    }
    bool is_text = input->next->kind == EXPR_LITERAL && input->next->literal.type == TYPE_TEXT;
    check_arg(check, input, is_text ? TYPE_TEXT : TYPE_DECIMAL);
    for (struct expr *step = input->next; step != NULL; step = step->next)
        check_scale_step(check, step, is_text, &last);
    call->type = TYPE_SEVERITY;
    call->is_untrusted = input->is_untrusted;
}

static void check_only_if(struct check *check, struct expr *call)
{
    struct expr *input = call->call.arguments;
    call->means = MEANING_ONLY_IF;
    if (count_args(input) != 3) {
        struct diag *diag = report_count(check, call, "3");
        diag_help(check->diags, diag, "only_if(a, b, \"text\") is a where b is that text");
        return;
    }
    struct expr *other = input->next;
    struct expr *wanted = other->next;
    check_expr(check, input);
    check_expr(check, other);
    if (other->type != TYPE_COUNT && other->type != TYPE_RAW && !type_is_text(other->type))
        diag_add(check->diags, DIAG_ARGUMENTS, other->at, "`only_if` compares text");
    check_expr(check, wanted);
    if (wanted->kind == EXPR_LIST)
        check_members(check, wanted, TYPE_TEXT);
    else if (wanted->kind != EXPR_LITERAL)
        diag_add(
            check->diags, DIAG_NOT_CONSTANT, wanted->at, "`only_if` wants text in quotes here");
    else
        check_fits(check, wanted, TYPE_TEXT, false);
    call->type = input->type;
    call->is_untrusted = input->is_untrusted;
}

/* What does here as a test what is a function elsewhere; NULL for other names. */
static const char *test_for(str function)
{
    static const struct {
        const char *function;
        const char *help;
    } tests[] = { { "cidr", "a network is text: write `in \"10.0.0.0/8\"`" },
        { "ip", "an address is text: write `= \"192.0.2.7\"`" },
        { "regex_match", "write `host.name matches /../`" },
        { "regexp_match", "write `host.name matches /../`" },
        { "re_match", "write `host.name matches /../`" },
        { "match", "write `host.name matches /../`" },
        { "regex", "write `host.name matches /../`" }, { "isnotempty", "write `exists host.name`" },
        { "isnotnull", "write `exists host.name`" }, { "isempty", "write `missing host.name`" },
        { "isnull", "write `missing host.name`" },
        { "starts_with", "write `host.name startswith \"..\"`" },
        { "ends_with", "write `host.name endswith \"..\"`" } };
    for (size_t at = 0; at < COUNT_OF(tests); at++)
        if (str_is(function, tests[at].function))
            return tests[at].help;
    return NULL;
}

static void report_function(struct check *check, const struct expr *call)
{
    if (check_is_lost(check, call->at.file, call->call.name))
        return;
    struct suggestion near = { .word = call->call.name };
    for (size_t at = 0; function_at(at) != NULL; at++)
        suggest(&near, str_from(function_at(at)->name));
    uint32_t at = 0;
    for (const struct name *name; (name = scope_next(check->scope, &at)) != NULL;)
        if (name->item->kind == ITEM_MACRO && scope_sees(check->scope, call->at.file, name))
            suggest(&near, name->text);
    const struct name *elsewhere = scope_find_any(check->scope, call->call.name);
    struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_FUNCTION, call->call.name_at,
        "no function or macro is called `%.*s`", STR_ARG(call->call.name));
    if (elsewhere != NULL && elsewhere->item->kind == ITEM_MACRO) {
        help_with_use(check, diag, call->at.file, elsewhere->item);
    } else if (test_for(call->call.name) != NULL) {
        diag_help(check->diags, diag, "%s", test_for(call->call.name));
    } else if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, call->call.name_at, near.best);
    }
}

/* `4 medium` means something in a scale only. */
static void refuse_labels(struct check *check, const struct expr *call)
{
    for (const struct expr *arg = call->call.arguments; arg != NULL; arg = arg->next)
        if (arg->kind == EXPR_LITERAL && arg->literal.label != NULL)
            diag_add(check->diags, DIAG_ARGUMENTS, arg->literal.label->at,
                "a word after a value stands in `scale` only");
}

void check_call(struct check *check, struct expr *call)
{
    const struct name *name = scope_find(check->scope, call->at.file, call->call.name);
    const struct function *function = function_find(call->call.name);
    call->type = TYPE_COUNT;
    uint32_t count = count_args(call->call.arguments);
    if (count > ARGUMENTS_MAX) {
        diag_add(check->diags, DIAG_ARGUMENTS, call->at,
            "a call takes at most %d values, and here are %u", ARGUMENTS_MAX, count);
        return;
    }
    if (!str_is(call->call.name, "scale"))
        refuse_labels(check, call);
    if (name != NULL && name->item->kind == ITEM_MACRO) {
        check_macro_call(check, call, name->item);
    } else if (str_is(call->call.name, "first")) {
        check_first(check, call);
    } else if (str_is(call->call.name, "scale")) {
        check_scale(check, call);
    } else if (str_is(call->call.name, "only_if")) {
        check_only_if(check, call);
    } else if (function != NULL) {
        check_function(check, call, function);
    } else {
        report_function(check, call);
    }
}
