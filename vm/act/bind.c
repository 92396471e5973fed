/* bind.c - which thing in the world a step acts on.
 *
 * This is where text of an alert becomes a target, so it is narrow: what the rule wrote
 * counts alone; what it left open comes from the one field of the alert that has the
 * right type, one value, and was not for an attacker to choose.
 */
#include "act/run.h"

/* The fields that a target or scope may come from, by type, the surest first. A host's or
 * a user's name is missing here: a name only suggests a target. */
static const struct candidate {
    enum type type;
    enum field field;
} candidates[] = {
    { TYPE_INSTANCE, FIELD_INSTANCE_ID },
    { TYPE_ROLE, FIELD_ROLE_ARN },
    { TYPE_ROLE, FIELD_ROLE_NAME },
    { TYPE_SECURITY_GROUP, FIELD_SG_ID },
    { TYPE_HOST, FIELD_HOST_ID },
    { TYPE_USER, FIELD_USER_ID },
    { TYPE_ACCESS_KEY, FIELD_ACCESS_KEY_ID },
    { TYPE_ACCOUNT, FIELD_CLOUD_ACCOUNT },
    { TYPE_REGION, FIELD_CLOUD_REGION },
    { TYPE_IP, FIELD_SRC_IP },
    { TYPE_IP, FIELD_CLIENT_IP },
};

struct binding {
    const struct builtin *row;
    const struct event *event;
    struct arena *arena;
    const char *found; /* what was taken from the alert so far, in words; or NULL */
    const char *doubt; /* why a target was not taken, in words; or NULL */
};

static bool is_there(value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL;
}

/* Make a text for people; *out may be among the arguments. */
static PRINTF_LIKE(3, 4) enum err say(struct binding *b, const char **out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(b->arena, format, args);
    va_end(args);
    if (text == NULL)
        return ERR_MEMORY;
    *out = text;
    return ERR_OK;
}

/* The different values of `v` that fit `type`: how many, and the first. */
static enum err values_fit(
    struct arena *arena, value v, enum type type, uint32_t *ret_count, value *ret_first)
{
    value one[1] = { v };
    const value *items = value_items(v);
    uint32_t count = items == NULL ? 1 : v.count;
    items = items == NULL ? one : items;
    *ret_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        value converted;
        TRY(value_convert(arena, items[i], type, &converted));
        if (!is_there(converted) || (*ret_count > 0 && value_same(converted, *ret_first)))
            continue;
        if (*ret_count == 0)
            *ret_first = converted;
        ++*ret_count;
    }
    return ERR_OK;
}

/* An argument of a list parameter is a list, also when one value was written. Absent when
 * it would be empty, or an element does not fit: no part of what was meant goes missing. */
static enum err list_make(struct arena *arena, value v, enum type type, value *ret_value)
{
    const value *items = value_items(v);
    value *one = ARENA_NEW(arena, value);
    if (one == NULL)
        return ERR_MEMORY;
    *one = v;
    value list = items == NULL ? value_list(one, 1) : value_list(items, v.count);
    value converted;
    TRY(value_convert(arena, list, type, &converted));
    bool is_whole = converted.kind == VALUE_LIST && converted.count == list.count;
    *ret_value = is_whole && list.count > 0 ? converted : VALUE_NONE;
    return ERR_OK;
}

static bool is_choice(const char *choices, str text)
{
    for (str rest = str_from(choices); rest.len > 0;) {
        size_t length = str_find(rest, ' ');
        if (text.len > 0 && str_equal(str_first(rest, length), text))
            return true;
        rest = str_skip(rest, length + 1);
    }
    return false;
}

/* A message is told although the alert lacks what it would say: nothing is done to anything. */
static value told_without(const struct binding *b, bool is_given)
{
    value title = b->event->fields[FIELD_ALERT_TITLE];
    bool has_title = title.kind == VALUE_TEXT && title.count > 0;
    return is_given ? value_text(STR("-")) : has_title ? title : VALUE_NONE;
}

/* An argument that the rule wrote. */
static enum err given_bind(struct binding *b, const struct param *param, value *arg)
{
    value v = *arg;
    uint32_t count = 0;
    *arg = VALUE_NONE;
    if (is_there(v) && param->is_list)
        TRY(list_make(b->arena, v, param->type, arg));
    else if (is_there(v))
        TRY(values_fit(b->arena, v, param->type, &count, arg));
    if (count > 1)
        return say(b, &b->doubt, "%s= has %u different values where one is wanted; write which",
            param->name, (unsigned)count);
    if (!is_there(v) && param->is_told) {
        *arg = told_without(b, true);
        return ERR_OK;
    }
    if (!is_there(v))
        return say(b, &b->doubt, "the alert lacks what the rule wrote for %s=", param->name);
    if (!is_there(*arg))
        return say(b, &b->doubt, "what the rule wrote for %s= is no %s", param->name,
            type_name(param->type));
    if (param->choices != NULL && !param->fills && !is_choice(param->choices, value_str(*arg)))
        return say(b, &b->doubt, "%s=%.*s is none of: %s", param->name, STR_ARG(value_str(*arg)),
            param->choices);
    return ERR_OK;
}

/* Whether the form of a value alone makes it an identifier, so that it does not matter
 * who wrote it. A role's name, a host's or a user's id are words like any other. */
static bool is_form_enough(enum type type, value v)
{
    if (type == TYPE_ROLE)
        return str_startswith(value_str(v), STR("arn:"));
    return type == TYPE_INSTANCE || type == TYPE_SECURITY_GROUP || type == TYPE_ACCESS_KEY
           || type == TYPE_ACCOUNT || type == TYPE_IP;
}

bool args_is_iam_user(str text)
{
    if (str_startswith(text, STR("arn:")))
        return true;
    for (size_t at = 0; at < text.len; at++)
        if (!(text.ptr[at] >= 'A' && text.ptr[at] <= 'Z')
            && !(text.ptr[at] >= '0' && text.ptr[at] <= '9'))
            return false;
    return text.len >= 16 && str_startswith(text, STR("AIDA"));
}

/* Every directory has users of the same names, so a mere name is of IAM only in alerts of AWS. */
static bool is_of_other_directory(const struct binding *b, enum type type, value v)
{
    return type == TYPE_USER && b->row->provider != NULL && strcmp(b->row->provider, "aws") == 0
           && !str_is(b->event->provider, "aws") && !args_is_iam_user(value_str(v));
}

/* "web" of "arn:aws:iam::111122223333:role/app/web"; the whole of anything else. */
static str last_part(str text)
{
    size_t slash = str_find_last(text, '/');
    return slash == text.len ? text : str_skip(text, slash + 1);
}

/* Two facts about one target: a role's ARN and its name do not contradict each other. */
static bool is_agreeing(enum type type, value a, value b)
{
    return value_same(a, b)
           || (type == TYPE_ROLE && str_equal(last_part(value_str(a)), last_part(value_str(b))));
}

static enum err found_add(struct binding *b, const struct param *param, value v, const char *field)
{
    str text = value_print(b->arena, v);
    if (text.ptr == NULL)
        return ERR_MEMORY;
    return say(b, &b->found, "%s%s%s %.*s from %s", b->found == NULL ? "" : b->found,
        b->found == NULL ? "" : ", ", param->name, STR_ARG(text), field);
}

/* What one field says about a parameter: *ret_value stays absent when it says nothing
 * that counts, and b->doubt tells why when there was something. A place that cannot be read is
 * none to leave out: the step would go to another. */
static enum err field_read(
    struct binding *b, const struct param *param, enum field field, value *ret_value)
{
    const char *name = field_info(field)->name;
    uint32_t count = 0;
    value v = VALUE_NONE;
    if (is_there(b->event->fields[field]))
        TRY(values_fit(b->arena, b->event->fields[field], param->type, &count, &v));
    if (b->event->unread[field] && param->need == PARAM_SCOPE)
        return say(b, &b->doubt, "what the alert says in %s is no %s; write %s=", name,
            type_name(param->type), param->name);
    if (count > 1)
        return say(b, &b->doubt,
            "the alert names %u different values in %s; write %s=", (unsigned)count, name,
            param->name);
    if (count == 1 && b->event->untrusted[field] && !is_form_enough(param->type, v))
        return say(b, &b->doubt,
            "%s may have been written by an attacker and is only a name; write %s=", name,
            param->name);
    if (count == 1 && is_of_other_directory(b, param->type, v))
        return say(b, &b->doubt,
            "%s is only a name, and the alert is not of AWS, so it may be of another directory "
            "than "
            "IAM; write %s=",
            name, param->name);
    *ret_value = v;
    return ERR_OK;
}

/* Take a target or scope that the rule left open from the alert. */
static enum err alert_bind(struct binding *b, const struct param *param, value *arg)
{
    const char *from = NULL;
    value taken = VALUE_NONE;
    for (size_t i = 0; i < COUNT_OF(candidates); i++) {
        value v = VALUE_NONE;
        if (candidates[i].type != param->type)
            continue;
        const char *field = field_info(candidates[i].field)->name;
        const char *doubt = b->doubt;
        TRY(field_read(b, param, candidates[i].field, &v));
        if (b->doubt != doubt) /* pointers: a new doubt was raised */
            return ERR_OK;
        if (!is_there(v))
            continue;
        if (is_there(taken) && !is_agreeing(param->type, taken, v))
            return say(b, &b->doubt, "%s and %s name two different things; write %s=", from, field,
                param->name);
        if (!is_there(taken)) {
            taken = v;
            from = field;
        }
    }
    if (!is_there(taken))
        return ERR_OK;
    *arg = taken;
    return found_add(b, param, taken, from);
}

/* "the alert names no role and no instance to act on; write role= or instance=" */
static enum err nothing_there(struct binding *b)
{
    const char *names = "", *ways = "";
    for (const struct param *param = b->row->params;
         param < b->row->params + STEP_PARAMS_MAX && param->name != NULL; param++) {
        if (param->need != PARAM_TARGET)
            continue;
        bool is_first = names[0] == '\0';
        TRY(say(b, &names, "%s%sno %s", names, is_first ? "" : " and ", type_name(param->type)));
        TRY(say(b, &ways, "%s%s%s=", ways, is_first ? "" : " or ", param->name));
    }
    return say(b, &b->doubt, "the alert names %s to act on; write %s", names, ways);
}

/* Bind all parameters of `need` that the rule did not write; how many then have a value. */
static enum err all_bind(
    struct binding *b, uint32_t given, enum param_need need, value *args, uint32_t *ret_count)
{
    uint32_t count = builtin_param_count(b->row);
    for (uint32_t i = 0; i < count; i++) {
        const struct param *param = &b->row->params[i];
        if (param->need != need || (given & (1U << i)) != 0)
            continue;
        args[i] = VALUE_NONE;
        TRY(alert_bind(b, param, &args[i]));
        *ret_count += is_there(args[i]);
    }
    return ERR_OK;
}

/* Convert what the rule wrote; *ret_targets counts the targets among it. */
static enum err written_bind(
    struct binding *b, uint32_t given, value *args, uint32_t *ret_targets, bool *ret_has_target)
{
    uint32_t count = builtin_param_count(b->row);
    for (uint32_t i = 0; i < count; i++) {
        const struct param *param = &b->row->params[i];
        bool is_given = (given & (1U << i)) != 0;
        if (is_given)
            TRY(given_bind(b, param, &args[i]));
        else if (param->need == PARAM_REQUIRED)
            TRY(say(b, &b->doubt, "%s= was not given", param->name));
        else
            args[i] = param->is_told ? told_without(b, false) : VALUE_NONE;
        *ret_targets += is_given && param->need == PARAM_TARGET;
        *ret_has_target |= param->need == PARAM_TARGET;
        if (b->doubt != NULL)
            return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

/* A scope in doubt (two regions) is a target in doubt; a target in doubt only matters
 * when there is no other. */
static enum err bind(struct binding *b, uint32_t given, value *args)
{
    uint32_t targets = 0;
    uint32_t scopes = 0;
    bool has_target = false;
    TRY(written_bind(b, given, args, &targets, &has_target));
    if (targets == 0 && has_target) {
        TRY(all_bind(b, given, PARAM_TARGET, args, &targets));
        if (targets == 0 && b->doubt == NULL)
            TRY(nothing_there(b));
        if (targets == 0)
            return ERR_NOT_FOUND;
    }
    b->doubt = NULL;
    TRY(all_bind(b, given, PARAM_SCOPE, args, &scopes));
    return b->doubt == NULL ? ERR_OK : ERR_NOT_FOUND;
}

bool args_has_candidate(const struct event *event, enum type type)
{
    for (size_t at = 0; at < COUNT_OF(candidates); at++)
        if (candidates[at].type == type
            && (is_there(event->fields[candidates[at].field])
                || event->unread[candidates[at].field]))
            return true;
    return false;
}

enum err args_bind(const struct builtin *row, uint32_t given, const struct event *event,
    value *args, struct arena *arena, str *ret_found, const char **reterr_reason)
{
    struct binding b = { .row = row, .event = event, .arena = arena };
    uint32_t count = builtin_param_count(row);
    for (uint32_t i = 0; i < count; i++)
        given |= is_there(args[i]) ? 1U << i : 0U;
    enum err err = bind(&b, given, args);
    if (err == ERR_NOT_FOUND)
        *reterr_reason = b.doubt;
    TRY(err);
    *ret_found = str_from(b.found);
    return ERR_OK;
}
