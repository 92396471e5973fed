/* check_testcase_alert.c - an alert of a test in the language's own names: each member is a
 * field, nested or dotted, and has a value that the field may have. It is then read as any
 * other alert: vm/event.h. */
#include "check_pass.h"

#include "number.h"

/* A member, and the keys around it with dots: at most as many as a field's name has. */
struct member {
    const struct ast_json *json;
    str prefix; /* "host.", or empty */
    str name;   /* "host.id" */
};

/* Whether fields begin with `name` and a dot. */
static bool is_group(str name)
{
    for (int at = 0; at < FIELD_COUNT; at++) {
        str field = str_from(field_info((enum field)at)->name);
        if (str_startswith(field, name) && field.len > name.len && field.ptr[name.len] == '.')
            return true;
    }
    return false;
}

/* Without words for the vendor's JSON: what belongs there goes through a source. */
static void report_key(struct check *check, const struct member *member)
{
    struct suggestion near = { .word = member->name };
    for (int at = 0; at < FIELD_COUNT; at++) {
        str field = str_from(field_info((enum field)at)->name);
        str group = str_first(field, str_find(field, '.'));
        if (member->json->kind != AST_JSON_OBJECT)
            suggest(&near, field);
        else if (member->prefix.len == 0)
            suggest(&near, group);
    }
    struct diag *diag = diag_add(check->diags, DIAG_ALERT_FIELD, member->json->key_at,
        "`%.*s` is no field of an alert", STR_ARG(member->name));
    if (near.best.len == 0 || !str_startswith(near.best, member->prefix)) {
        diag_help(check->diags, diag,
            "a vendor's own JSON goes through its source: `alert guardduty { .. }`, or `alert "
            "guardduty \"file.json\"`");
        return;
    }
    str word = str_skip(near.best, member->prefix.len);
    const char *fix = arena_format(check->arena, "\"%.*s\"", STR_ARG(word));
    diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
    if (check_ok(check, fix == NULL ? ERR_MEMORY : ERR_OK))
        diag_set_fix(check->diags, diag, member->json->key_at, str_from(fix));
}

/* A value as event_read will have it; absent for what is no scalar. */
static value scalar_of(const struct ast_json *json)
{
    value v = VALUE_NONE;
    switch (json->kind) {
    case AST_JSON_BOOL:
        return value_bool(json->boolean);
    case AST_JSON_NUMBER:
        return number_parse(json->text, &v) ? v : value_text(json->text);
    case AST_JSON_TEXT:
        return value_text(json->text);
    case AST_JSON_NULL:
    case AST_JSON_ARRAY:
    case AST_JSON_OBJECT:
        break;
    }
    return v;
}

static const char *kind_name(enum ast_json_kind kind)
{
    switch (kind) {
    case AST_JSON_NULL:
        return "null";
    case AST_JSON_BOOL:
        return "true or false";
    case AST_JSON_NUMBER:
        return "a number";
    case AST_JSON_TEXT:
        return "text";
    case AST_JSON_ARRAY:
        return "a list";
    case AST_JSON_OBJECT:
        return "an object";
    }
    return "";
}

static void report_value(
    struct check *check, const struct ast_json *json, const char *field, enum type type)
{
    struct suggestion near = { .word = json->kind == AST_JSON_TEXT ? json->text : STR("") };
    for (int at = 0; type == TYPE_SEVERITY && at < SEVERITY_COUNT; at++)
        suggest(&near, str_from(severity_name((enum severity)at)));
    struct diag *diag =
        json->kind == AST_JSON_TEXT ? diag_add(check->diags, DIAG_ALERT_VALUE, json->at,
            "`%s` is of type %s, and \"%.*s\" is none", field, type_name(type), STR_ARG(json->text))
                                    : diag_add(check->diags, DIAG_ALERT_VALUE, json->at,
                                        "`%s` is of type %s, and this is %s", field,
                                        type_name(type), kind_name(json->kind));
    if (near.best.len > 0)
        diag_help(check->diags, diag, "did you mean \"%.*s\"?", STR_ARG(near.best));
    else
        help_with_values(check, diag, type);
}

static void check_scalar(
    struct check *check, const struct ast_json *json, const struct field_info *info)
{
    value v = scalar_of(json);
    value fitted = VALUE_NONE;
    if (json->kind == AST_JSON_NULL)
        return; /* it is there, and null */
    if (v.kind != VALUE_ABSENT
        && !check_ok(check, value_convert(check->arena, v, info->type, &fitted)))
        return;
    if (fitted.kind == VALUE_ABSENT)
        report_value(check, json, info->name, info->type);
}

static void check_source_member(struct check *check, const struct ast_json *json)
{
    struct suggestion near = { .word = json->text };
    if (json->kind == AST_JSON_TEXT
        && (source_item(check, json->text) != NULL || check_is_lost(check, UINT32_MAX, json->text)))
        return;
    for (uint32_t at = 0; json->kind == AST_JSON_TEXT && at < check->source_count; at++)
        suggest(&near, check->source_items[at]->name);
    struct diag *diag = diag_add(check->diags, DIAG_ALERT_SOURCE, json->at,
        json->kind == AST_JSON_TEXT ? "there is no source \"%.*s\"" : "a source is text%.*s",
        STR_ARG(near.word));
    if (near.best.len > 0)
        diag_help(check->diags, diag, "did you mean \"%.*s\"?", STR_ARG(near.best));
    else
        help_with_values(check, diag, TYPE_SOURCE);
}

/* {"env": "prod"}: the value of a tag is text, a number, a truth or null. */
static void check_tags_member(struct check *check, const struct ast_json *json)
{
    if (json->kind != AST_JSON_OBJECT && json->kind != AST_JSON_NULL) {
        struct diag *diag = diag_add(check->diags, DIAG_ALERT_VALUE, json->at,
            "`resource.tags` is an object, and this is %s", kind_name(json->kind));
        diag_help(check->diags, diag, "write `{ \"env\": \"prod\" }`");
        return;
    }
    for (const struct ast_json *tag = json->children; tag != NULL; tag = tag->next)
        if (tag->kind == AST_JSON_ARRAY || tag->kind == AST_JSON_OBJECT)
            diag_add(check->diags, DIAG_ALERT_VALUE, tag->at, "a tag is text, and this is %s",
                kind_name(tag->kind));
}

static void check_field_value(struct check *check, const struct ast_json *json, enum field field)
{
    const struct field_info *info = field_info(field);
    if (field == FIELD_SOURCE) {
        check_source_member(check, json);
        return;
    }
    if (field == FIELD_RESOURCE_TAGS) {
        check_tags_member(check, json);
        return;
    }
    if (field == FIELD_RECEIVED) {
        struct diag *diag = diag_add(
            check->diags, DIAG_ALERT_FIELD, json->key_at, "`received` is the clock of the test");
        diag_help(
            check->diags, diag, "move the clock: `wait 9h; alert ..`, or `alert .. after 9h`");
        return;
    }
    if (json->kind != AST_JSON_ARRAY) {
        check_scalar(check, json, info);
        return;
    }
    for (const struct ast_json *element = json->children; element != NULL; element = element->next)
        check_scalar(check, element, info);
}

/* Looks at one member, and at those in it; `is_given` has what was there before. Depth: no
 * field has more words than the canonical names, so neither has a group. */
static void check_member(struct check *check, const struct member *member, bool *is_given)
{
    const struct ast_json *json = member->json;
    enum field field = field_find(member->name);
    if (json->kind == AST_JSON_OBJECT && is_group(member->name)) {
        const char *prefix = arena_format(check->arena, "%.*s.", STR_ARG(member->name));
        if (!check_ok(check, prefix == NULL ? ERR_MEMORY : ERR_OK))
            return;
        for (const struct ast_json *inner = json->children; inner != NULL; inner = inner->next) {
            const char *name = arena_format(check->arena, "%s%.*s", prefix, STR_ARG(inner->key));
            if (!check_ok(check, name == NULL ? ERR_MEMORY : ERR_OK))
                return;
            check_member(
                check, &(struct member){ inner, str_from(prefix), str_from(name) }, is_given);
        }
        return;
    }
    if (field == FIELD_COUNT) {
        report_key(check, member);
        return;
    }
    if (is_given[field])
        diag_add(check->diags, DIAG_GIVEN_TWICE, json->key_at, "`%s` is given twice",
            field_info(field)->name);
    is_given[field] = true;
    check_field_value(check, json, field);
}

void check_testcase_alert(struct check *check, const struct ast_json *alert)
{
    bool is_given[FIELD_COUNT] = { false };
    uint32_t errors = check->diags->error_count;
    for (const struct ast_json *json = alert->children; json != NULL; json = json->next)
        check_member(check, &(struct member){ json, STR(""), json->key }, is_given);
    if (is_given[FIELD_SOURCE] || check->diags->error_count > errors)
        return;
    struct diag *diag =
        diag_add(check->diags, DIAG_ALERT_SOURCE, alert->at, "this alert has no source");
    diag_help(check->diags, diag,
        "write where it comes from, `\"source\": \"guardduty\"`; a vendor's own JSON is `alert "
        "guardduty { .. }`");
}
