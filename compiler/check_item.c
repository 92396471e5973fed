/* check_item.c - lists, types, sources. */
#include "check_pass.h"

#include "base/limits.h"
#include "constant.h"

enum type check_type(struct check *check, str name, span at)
{
    enum type type = type_find(name);
    if (type != TYPE_COUNT && type != TYPE_REGEX && type != TYPE_ZONE)
        return type;
    struct suggestion near = { .word = name };
    for (int i = 0; i < TYPE_COUNT; i++)
        if (i != TYPE_REGEX && i != TYPE_ZONE)
            suggest(&near, str_from(type_name((enum type)i)));
    struct diag *diag =
        diag_add(check->diags, DIAG_UNKNOWN_TYPE, at, "no type is called `%.*s`", STR_ARG(name));
    if (str_is(name, "string") || str_is(name, "str") || str_is(name, "keyword"))
        near.best = STR("text");
    else if (str_is(name, "int") || str_is(name, "long") || str_is(name, "number"))
        near.best = STR("integer");
    if (near.best.len > 0) {
        diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
        diag_set_guess(check->diags, diag, at, near.best);
    }
    return TYPE_COUNT;
}

/* Its elements are not looked at: that would take long and say little. */
static bool refuse_long_list(struct check *check, const struct item *item)
{
    uint32_t count = 0;
    for (const struct expr *element = item->list.values->elements; element != NULL;
         element = element->next)
        if (++count > LIST_VALUES_MAX) {
            struct diag *diag = diag_add(check->diags, DIAG_LIST_LIMIT, item->name_at,
                "the list has more than %d values", LIST_VALUES_MAX);
            diag_help(check->diags, diag, "split it, or write networks in place of addresses");
            return true;
        }
    return false;
}

void check_list(struct check *check, struct item *item)
{
    item->list.type = check_type(check, item->list.type_name, item->list.type_at);
    if (item->list.type_is_list) {
        struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_TYPE, item->list.type_at,
            "a list names the type of its elements, and an element is no list");
        diag_help(check->diags, diag, "leave `list of` out");
    }
    if (item->list.values == NULL) {
        check_list_file(check, item);
        return;
    }
    if (refuse_long_list(check, item))
        return;
    for (struct expr *element = item->list.values->elements; element != NULL;
         element = element->next)
        if (!check_word(check, element, item->list.type))
            check_expr(check, element);
    check_spread(check, item->list.values, QUANTIFIER_ANY);
    item->list.values->is_list = true;
    item->list.values->type = item->list.type;
    if (item->list.type != TYPE_COUNT)
        check_members(check, item->list.values, item->list.type);
}

void check_params(struct check *check, struct item *macro)
{
    for (struct macro_param *param = macro->macro.params; param != NULL; param = param->next) {
        param->type = check_type(check, param->type_name, param->type_at);
        if (param->type_is_list)
            diag_add(check->diags, DIAG_UNKNOWN_TYPE, param->type_at,
                "a macro's parameter is one value, no list");
        check_hiding(check, param->name, param->at);
        for (struct macro_param *before = macro->macro.params; before != param;
             before = before->next)
            if (str_equal(before->name, param->name))
                diag_add(check->diags, DIAG_DUPLICATE_NAME, param->at,
                    "the parameter `%.*s` is declared twice", STR_ARG(param->name));
    }
}

/* ---- sources ---- */

/* Whether a value of `type` may stand in a field of type `field`: its own, or an identifier
 * in a field that holds any text. */
static bool type_goes_into(enum type type, enum type field)
{
    return type == field || (field == TYPE_TEXT && type_is_text(type));
}

static void check_mapped_field(struct check *check, struct ast_mapping *mapping)
{
    str text = path_text(check, mapping->field);
    enum field field = field_find(text);
    if (field == FIELD_COUNT || !str_is(text, field_info(field)->name)) {
        struct suggestion near = { .word = text };
        for (int i = 0; i < FIELD_COUNT; i++)
            suggest(&near, str_from(field_info((enum field)i)->name));
        struct diag *diag = diag_add(check->diags, DIAG_UNKNOWN_NAME, mapping->field->at,
            "no field is called `%.*s`", STR_ARG(text));
        if (near.best.len > 0) {
            diag_help(check->diags, diag, "did you mean `%.*s`?", STR_ARG(near.best));
            diag_set_guess(check->diags, diag, mapping->field->at, near.best);
        }
        return;
    }
    if (field == FIELD_SOURCE || field == FIELD_RECEIVED || field == FIELD_TIME) {
        struct diag *diag = diag_add(check->diags, DIAG_BAD_MAPPING, mapping->field->at,
            "`%.*s` is filled by cdr", STR_ARG(text));
        if (field == FIELD_TIME)
            diag_help(
                check->diags, diag, "map `alert.time`: `time` is that, else the time of reading");
        return;
    }
    mapping->field->means = MEANING_FIELD;
    mapping->field->is.field = field;
    mapping->field->type = field_info(field)->type;
}

static void check_mapped_value(struct check *check, struct ast_mapping *mapping)
{
    enum type field = mapping->field->type;
    if (!check_word(check, mapping->value, field))
        check_expr(check, mapping->value);
    if (mapping->field->means != MEANING_FIELD || mapping->value->type == TYPE_COUNT)
        return;
    if (mapping->type_name.len > 0) {
        enum type type = check_type(check, mapping->type_name, mapping->type_at);
        if (type != TYPE_COUNT && !type_goes_into(type, field))
            diag_add(check->diags, DIAG_BAD_MAPPING, mapping->type_at,
                "the field is %s and cannot hold %s", type_name(field), type_name(type));
        if (type != TYPE_COUNT)
            mapping->field->type = type;
    }
    value v;
    enum type from;
    if (mapping->value->is_list)
        diag_add(check->diags, DIAG_BAD_MAPPING, mapping->value->at, "a list cannot stand here");
    else if (constant_of(mapping->value, &v, &from))
        check_fits(check, mapping->value, field, false);
    else if (!type_is_text(mapping->value->type) && !types_compare(mapping->value->type, field))
        diag_add(check->diags, DIAG_BAD_MAPPING, mapping->value->at,
            "the field is %s, and this is %s", type_name(field), type_name(mapping->value->type));
}

static void check_mapped_once(struct check *check, const struct ast_mapping *mappings)
{
    const struct ast_mapping *first[FIELD_COUNT] = { NULL };
    for (const struct ast_mapping *mapping = mappings; mapping != NULL; mapping = mapping->next) {
        if (mapping->field->means != MEANING_FIELD)
            continue;
        enum field field = mapping->field->is.field;
        if (first[field] == NULL) {
            first[field] = mapping;
            continue;
        }
        struct diag *diag = diag_add(check->diags, DIAG_BAD_MAPPING, mapping->field->at,
            "`%s` is mapped twice", field_info(field)->name);
        diag_note(check->diags, diag, first[field]->field->at, "it was mapped here first");
        diag_help(check->diags, diag, "write `first(a, b)` for the first value that is there");
    }
}

void check_source(struct check *check, struct item *item)
{
    check->in_source = true;
    check_condition(check, item->source.accept);
    for (struct ast_mapping *mapping = item->source.mappings; mapping != NULL;
         mapping = mapping->next) {
        check_mapped_field(check, mapping);
        check_mapped_value(check, mapping);
    }
    check_mapped_once(check, item->source.mappings);
    check->in_source = false;
}
