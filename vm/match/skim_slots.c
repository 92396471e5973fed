#include "match/skim_private.h"

/* What is under one path. */
struct found {
    uint32_t count; /* values but for the mark of an empty array */
    uint32_t at;    /* where the next one goes */
    bool is_there;
    bool is_list;
};

static bool is_value(const struct skim_hit *hit)
{
    return hit->v.kind != VALUE_LIST;
}

/* Lay the values of each path side by side, in the order of the text. */
static value *values_lay(const struct skimmer *skimmer, struct arena *arena, struct found *found)
{
    for (uint32_t i = 0; i < skimmer->hit_count; i++) {
        const struct skim_hit *hit = &skimmer->hits[i];
        found[hit->path].is_there = true;
        found[hit->path].is_list = found[hit->path].is_list || hit->is_in_list;
        found[hit->path].count += is_value(hit);
    }
    uint32_t laid = 0;
    for (uint32_t path = 0; path < skimmer->plan->path_count; path++) {
        found[path].at = laid;
        laid += found[path].count;
    }
    value *values = ARENA_ARRAY(arena, value, laid);
    for (uint32_t i = 0; values != NULL && i < skimmer->hit_count; i++) {
        const struct skim_hit *hit = &skimmer->hits[i];
        if (is_value(hit))
            values[found[hit->path].at++] = hit->v;
    }
    return values;
}

enum err skim_slots(const struct skimmer *skimmer, struct arena *arena, struct slots *ret_slots)
{
    uint32_t count = skimmer->plan->path_count;
    struct found *found = ARENA_ARRAY(arena, struct found, count);
    value *slots = ARENA_ARRAY(arena, value, count);
    if (found == NULL || slots == NULL)
        return ERR_MEMORY;
    const value *values = values_lay(skimmer, arena, found);
    if (values == NULL)
        return ERR_MEMORY;
    for (uint32_t path = 0; path < count; path++) {
        const value *first = values + found[path].at - found[path].count;
        if (found[path].is_list)
            slots[path] = value_list(first, found[path].count);
        else
            slots[path] = found[path].is_there ? *first : VALUE_NONE;
    }
    *ret_slots = (struct slots){ .values = slots, .count = count, .repairs = 0 };
    return ERR_OK;
}
