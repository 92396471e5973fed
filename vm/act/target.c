/* target.c - see target.h. */
#include "act/target.h"

#include "act/spelling.h"

bool target_has(enum field field)
{
    return field > FIELD_TIME && field < FIELD_ATTACK_TECHNIQUE;
}

/* ---- facts ---- */

static MUST_CHECK enum err add_set(struct target *target, struct tag_set **ret_set)
{
    struct tag_set *set = ARENA_NEW(target->arena, struct tag_set);
    struct tag_set **last = &target->sets;
    if (set == NULL)
        return ERR_MEMORY;
    while (*last != NULL)
        last = &(*last)->next;
    *last = *ret_set = set;
    return ERR_OK;
}

/* Facts in the order in which they were said. */
static MUST_CHECK enum err in_order(struct arena *arena, const struct fact *newest,
    const struct fact ***ret_facts, size_t *ret_count)
{
    size_t count = 0;
    for (const struct fact *fact = newest; fact != NULL; fact = fact->next)
        count++;
    const struct fact **facts = ARENA_ARRAY(arena, const struct fact *, count + 1);
    if (facts == NULL)
        return ERR_MEMORY;
    *ret_count = count;
    for (const struct fact *fact = newest; fact != NULL; fact = fact->next)
        facts[--count] = fact;
    *ret_facts = facts;
    return ERR_OK;
}

static const char *gap_text(struct arena *arena, str why)
{
    return arena_format(arena, "%.*s", STR_ARG(why));
}

static MUST_CHECK enum err hear_tag(
    struct target *target, struct tag_set **set, const struct fact *fact)
{
    if (*set == NULL)
        TRY(add_set(target, set));
    target->is_said[FIELD_RESOURCE_TAGS] = true;
    (*set)->is_said = true;
    if (fact->is_gap) {
        (*set)->gap = gap_text(target->arena, fact->text);
        return (*set)->gap == NULL ? ERR_MEMORY : ERR_OK;
    }
    return fact->key.len == 0 ? ERR_OK : target_say_tag(target, *set, fact->key, fact->text);
}

static MUST_CHECK enum err hear_fact(
    struct target *target, struct tag_set **set, const struct fact *fact)
{
    enum field field = (enum field)fact->field;
    if (field == FIELD_RESOURCE_TAGS)
        return hear_tag(target, set, fact);
    if (field == FIELD_RESOURCE_ID && !fact->is_gap)
        *set = NULL; /* tags that follow are this one's */
    target->is_said[field] = true;
    if (fact->is_gap) {
        target->gaps[field] = gap_text(target->arena, fact->text);
        return target->gaps[field] == NULL ? ERR_MEMORY : ERR_OK;
    }
    return fact->text.len == 0 ? ERR_OK : target_say(target, field, fact->text, false);
}

/* Accounts and regions first: ids become ARNs with them. */
static void find_place(struct target *target, const struct fact *const *facts, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (facts[at]->is_gap || facts[at]->text.len == 0)
            continue;
        if (facts[at]->field == FIELD_CLOUD_ACCOUNT)
            target->account = facts[at]->text;
        else if (facts[at]->field == FIELD_CLOUD_REGION)
            target->region = facts[at]->text;
    }
}

enum err target_of_facts(struct target *target, const struct builtin *row, const struct fact *facts)
{
    const struct fact **all;
    size_t count;
    struct tag_set *set = NULL;
    TRY(in_order(target->arena, facts, &all, &count));
    find_place(target, all, count);
    for (size_t at = 0; at < count; at++)
        if (all[at]->field < FIELD_COUNT)
            TRY(hear_fact(target, &set, all[at]));
    for (size_t at = 0; at < BUILTIN_SHOWS_MAX && row->shows[at] != FIELD_SOURCE; at++)
        if (!target->is_said[row->shows[at]] && target->gaps[row->shows[at]] == NULL)
            target->gaps[row->shows[at]] = "the provider was not asked, or did not say";
    return ERR_OK;
}

/* ---- alerts ---- */

static MUST_CHECK enum err hear_field(struct target *target, enum field field, value v)
{
    const value *items = value_items(v);
    bool is_list = items != NULL || v.kind == VALUE_LIST;
    for (uint32_t at = 0; at < (is_list ? v.count : 1) && !target->is_cut[field]; at++) {
        value one = is_list ? items[at] : v;
        if (one.kind == VALUE_ABSENT || one.kind == VALUE_NULL || one.kind == VALUE_OBJECT)
            continue;
        str text = value_print(target->arena, one);
        if (text.ptr == NULL)
            return ERR_MEMORY;
        if (text.len > 0)
            TRY(target_say(target, field, text, false));
    }
    return ERR_OK;
}

/* The only value of a field; empty when it has none or several. */
static str only_text(const struct event *event, enum field field)
{
    return value_str(event->fields[field]);
}

enum err target_of_alert(struct target *target, const struct event *event)
{
    str account = only_text(event, FIELD_CLOUD_ACCOUNT);
    str region = only_text(event, FIELD_CLOUD_REGION);
    target->account = account.len > 0 ? account : target->account;
    target->region = region.len > 0 ? region : target->region;
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        if (!target_has(field))
            continue;
        if (event->lost[field])
            target->gaps[field] = "not all that the alert says of it fits";
        if (field != FIELD_RESOURCE_TAGS)
            TRY(hear_field(target, field, event->fields[field]));
    }
    if (event->fields[FIELD_RESOURCE_TAGS].kind == VALUE_ABSENT)
        return ERR_OK;
    struct tag_set *set;
    TRY(add_set(target, &set));
    set->is_said = true;
    set->v = event->fields[FIELD_RESOURCE_TAGS];
    return ERR_OK;
}

void target_overlay(struct target *target, const struct target *upper, const struct target *lower)
{
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        bool is_known = upper->is_said[field] && upper->gaps[field] == NULL;
        bool is_upper = is_known || upper->names[field] != NULL;
        target->names[field] = is_upper ? upper->names[field] : lower->names[field];
        target->is_cut[field] = upper->is_cut[field] || (!is_upper && lower->is_cut[field]);
        target->gaps[field] =
            is_known || upper->gaps[field] != NULL ? upper->gaps[field] : lower->gaps[field];
    }
    target->sets = upper->sets != NULL ? upper->sets : lower->sets;
}
