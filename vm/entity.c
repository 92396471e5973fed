/* entity.c - see entity.h. */
#include "entity.h"

#include "base/fold.h"

/* Which fields are identifiers, and whether their form alone makes them so: text of another form
 * is no instance, role, key or group, and the same text is the same thing at every source. */
static const struct identifier {
    enum field field;
    bool has_form;
} identifiers[] = {
    { FIELD_INSTANCE_ID, true },
    { FIELD_ROLE_ARN, true },
    { FIELD_ACCESS_KEY_ID, true },
    { FIELD_SG_ID, true },
    { FIELD_HOST_ID, false },
    { FIELD_USER_ID, false },
};
static_assert(COUNT_OF(identifiers) == ENTITY_FIELDS, "ENTITIES_MAX counts them");

/* What vendors write where they know nothing. */
static const char *const placeholders[] = { "unknown", "none", "null", "n/a", "-", "undefined" };

static bool is_placeholder(str text)
{
    size_t zeros = 0;
    for (size_t i = 0; i < text.len; i++)
        zeros += text.ptr[i] == '0' || text.ptr[i] == '-';
    for (size_t i = 0; i < COUNT_OF(placeholders); i++)
        if (fold_equal(text, str_from(placeholders[i])))
            return true;
    return zeros == text.len;
}

/* LocalSystem, Administrators, ...: one SID for an account of every Windows machine. Those of a
 * domain or machine begin with S-1-5-21, those of Entra with S-1-12-1. */
static bool is_well_known_sid(str text)
{
    return fold_startswith(text, STR("S-1-")) && !fold_startswith(text, STR("S-1-5-21-"))
           && !fold_startswith(text, STR("S-1-12-1-"));
}

static bool is_one_thing(enum field field, str text)
{
    if (field == FIELD_ROLE_ARN) /* a name alone is a role of every account */
        return str_startswith(text, STR("arn:"));
    return !is_placeholder(text) && (field != FIELD_USER_ID || !is_well_known_sid(text));
}

/* Add the values of one field; returns how many there are then. */
static size_t add_field(const struct event *event, const struct identifier *identifier,
    struct entity *entities, size_t count)
{
    const value *items = &event->fields[identifier->field];
    uint32_t item_count = 1;
    size_t first = count;
    if (items->kind == VALUE_LIST) {
        item_count = items->count;
        items = items->items;
    }
    for (uint32_t i = 0; i < item_count && count - first < ENTITIES_OF_FIELD_MAX; i++) {
        str text = value_str(items[i]);
        if (is_one_thing(identifier->field, text))
            entities[count++] = (struct entity){
                .field = str_from(field_info(identifier->field)->name),
                .scope = identifier->has_form ? STR("") : event->source,
                .value = text,
            };
    }
    return count;
}

enum err event_entities(
    const struct event *event, struct arena *arena, struct entity **ret_entities, size_t *ret_count)
{
    struct entity *entities = ARENA_ARRAY(arena, struct entity, ENTITIES_MAX);
    size_t count = 0;
    if (entities == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < COUNT_OF(identifiers); i++)
        if (identifiers[i].has_form || !event->untrusted[identifiers[i].field])
            count = add_field(event, &identifiers[i], entities, count);
    *ret_entities = entities;
    *ret_count = count;
    return ERR_OK;
}
