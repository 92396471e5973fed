/* emit_table.c - the tables of a program: each thing once. */
#include "emit_pass.h"

#include "constant.h"
#include "match/regex.h"
#include "zone.h"

enum { ROOM_MIN = 16 };

bool emit_ok(struct emit *emit, enum err err)
{
    if (emit->err == ERR_OK)
        emit->err = err;
    return err == ERR_OK;
}

void *table_make(struct emit *emit, uint32_t count, uint32_t *ret_room, size_t size)
{
    void *items = count == 0 ? NULL : arena_array(emit->arena, count, size, alignof(max_align_t));
    if (emit_ok(emit, items == NULL && count > 0 ? ERR_MEMORY : ERR_OK))
        *ret_room = count;
    return items;
}

void *table_grow(struct emit *emit, void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return items;
    uint32_t bigger = *room == 0 ? ROOM_MIN : *room * 2;
    void *grown =
        bigger > *room ? arena_array(emit->arena, bigger, size, alignof(max_align_t)) : NULL;
    if (!emit_ok(emit, grown == NULL ? ERR_MEMORY : ERR_OK))
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * size);
    *room = bigger;
    return grown;
}

/* ---- lookup ---- */

static uint32_t mix(uint32_t sum, const void *bytes, size_t count)
{
    const unsigned char *byte = bytes;
    for (size_t at = 0; at < count; at++)
        sum = (sum ^ byte[at]) * 16777619u;
    return sum;
}

static uint32_t hash_scalar(uint32_t sum, value v)
{
    sum = mix(sum, &v.kind, sizeof v.kind);
    if (v.kind == VALUE_TEXT)
        return mix(sum, v.text, v.count);
    if (v.kind == VALUE_ZONE)
        return mix(sum, v.zone->name.ptr, v.zone->name.len);
    if (v.kind == VALUE_BOOL)
        return mix(sum, &v.boolean, sizeof v.boolean);
    if (v.kind == VALUE_IP || v.kind == VALUE_CIDR)
        return mix(sum, v.ip->bytes, sizeof v.ip->bytes);
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_NULL)
        return sum;
    return mix(sum, &v.integer, sizeof v.integer);
}

static uint32_t hash_value(value v)
{
    uint32_t sum = 2166136261u;
    const value *items = value_items(v);
    if (items == NULL)
        return hash_scalar(sum, v);
    for (uint32_t at = 0; at < v.count; at++)
        sum = hash_scalar(sum, items[at]);
    return sum;
}

static bool lookup_grow(struct emit *emit, struct lookup *lookup)
{
    struct lookup bigger = { .room = lookup->room == 0 ? ROOM_MIN * 2 : lookup->room * 2,
        .count = lookup->count };
    bigger.slots = ARENA_ARRAY(emit->arena, uint32_t, bigger.room);
    bigger.hashes = ARENA_ARRAY(emit->arena, uint32_t, bigger.room);
    if (!emit_ok(emit, bigger.slots == NULL || bigger.hashes == NULL ? ERR_MEMORY : ERR_OK))
        return false;
    for (uint32_t from = 0; from < lookup->room; from++) {
        if (lookup->slots[from] == 0)
            continue;
        uint32_t to = lookup->hashes[from] & (bigger.room - 1);
        while (bigger.slots[to] != 0)
            to = (to + 1) & (bigger.room - 1);
        bigger.slots[to] = lookup->slots[from];
        bigger.hashes[to] = lookup->hashes[from];
    }
    *lookup = bigger;
    return true;
}

/* Step through the entries of that hash: the next index, or UINT32_MAX; start with *at = 0. */
static uint32_t lookup_next(const struct lookup *lookup, uint32_t hash, uint32_t *at)
{
    while (lookup->room > 0 && *at < lookup->room) {
        uint32_t slot = (hash + (*at)++) & (lookup->room - 1);
        if (lookup->slots[slot] == 0)
            break;
        if (lookup->hashes[slot] == hash)
            return lookup->slots[slot] - 1;
    }
    return UINT32_MAX;
}

static void lookup_add(struct emit *emit, struct lookup *lookup, uint32_t hash, uint32_t index)
{
    if (lookup->count >= lookup->room / 2 && !lookup_grow(emit, lookup))
        return;
    uint32_t slot = hash & (lookup->room - 1);
    while (lookup->slots[slot] != 0)
        slot = (slot + 1) & (lookup->room - 1);
    lookup->slots[slot] = index + 1;
    lookup->hashes[slot] = hash;
    lookup->count++;
}

/* ---- entries ---- */

uint32_t emit_constant(struct emit *emit, value v)
{
    uint32_t hash = hash_value(v);
    uint32_t at = 0;
    for (uint32_t index; (index = lookup_next(&emit->constant_lookup, hash, &at)) != UINT32_MAX;)
        if (value_same(emit->constants.items[index], v))
            return index;
    uint32_t index = emit->constants.count;
    TABLE_ADD(emit, emit->constants, v);
    lookup_add(emit, &emit->constant_lookup, hash, index);
    return index;
}

uint32_t emit_path(struct emit *emit, str path)
{
    uint32_t hash = mix(2166136261u, path.ptr, path.len);
    uint32_t at = 0;
    for (uint32_t index; (index = lookup_next(&emit->path_lookup, hash, &at)) != UINT32_MAX;)
        if (str_equal(emit->paths.items[index], path))
            return index;
    uint32_t index = emit->paths.count;
    TABLE_ADD(emit, emit->paths, path);
    lookup_add(emit, &emit->path_lookup, hash, index);
    return index;
}

uint32_t emit_function(struct emit *emit, const struct function *function)
{
    for (uint32_t at = 0; at < emit->functions.count; at++)
        if (emit->functions.items[at] == function)
            return at;
    uint32_t index = emit->functions.count;
    TABLE_ADD(emit, emit->functions, function);
    return index;
}

uint32_t emit_regex(struct emit *emit, str pattern, str flags)
{
    for (uint32_t at = 0; at < emit->regex_keys.count; at++)
        if (str_equal(emit->regex_keys.items[at].pattern, pattern)
            && str_equal(emit->regex_keys.items[at].flags, flags))
            return at;
    struct regex *regex;
    const char *reason;
    size_t place;
    uint32_t index = emit->regexes.count;
    struct regex_key key = { pattern, flags };
    if (!emit_ok(emit, regex_new(emit->arena, pattern, flags, &regex, &reason, &place)))
        return 0;
    TABLE_ADD(emit, emit->regexes, regex);
    TABLE_ADD(emit, emit->regex_keys, key);
    return index;
}

static uint32_t hash_clause(const struct clause *unless)
{
    return mix(2166136261u, &unless->at, sizeof unless->at);
}

struct shared_excuse *emit_shared_find(struct emit *emit, const struct clause *unless)
{
    uint32_t at = 0;
    uint32_t hash = hash_clause(unless);
    for (uint32_t index; (index = lookup_next(&emit->shared_lookup, hash, &at)) != UINT32_MAX;)
        if (emit->shared_excuses.items[index].unless == unless)
            return &emit->shared_excuses.items[index];
    return NULL;
}

void emit_shared_add(struct emit *emit, const struct clause *unless, const struct excuse_code *code)
{
    struct shared_excuse shared = { .unless = unless, .code = *code };
    uint32_t index = emit->shared_excuses.count;
    TABLE_ADD(emit, emit->shared_excuses, shared);
    lookup_add(emit, &emit->shared_lookup, hash_clause(unless), index);
}

/* ---- lists ---- */

static value fitted_element(struct emit *emit, const struct list_element *element, enum type type)
{
    value fitted = VALUE_NONE;
    const struct expr *expr = element->expr;
    if (expr != NULL && expr->kind == EXPR_REGEX)
        return (value){ .kind = VALUE_REGEX,
            .integer = emit_regex(emit, expr->regex.pattern, expr->regex.flags) };
    if (element->v.kind != VALUE_ABSENT)
        emit_ok(emit, constant_fit_member(emit->arena, element->v, element->type, type, &fitted));
    return fitted;
}

/* A long list is a set, so that `in` need not walk it. */
static value list_value(struct emit *emit, const value *items, uint32_t count)
{
    value made = value_list(items, count);
    if (count > VALUE_SET_LEAST && items[0].kind != VALUE_REGEX)
        emit_ok(emit, value_set_new(emit->arena, items, count, &made));
    return made;
}

uint32_t emit_list(struct emit *emit, const struct expr *list, enum type type)
{
    struct list_walk walk = list_walk(list);
    const struct item *declared = walk.list;
    for (uint32_t at = 0; declared != NULL && at < emit->list_keys.count; at++)
        if (emit->list_keys.items[at].list == declared && emit->list_keys.items[at].type == type)
            return emit->list_keys.items[at].constant;
    uint32_t count = list_count(walk);
    value *items = ARENA_ARRAY(emit->arena, value, count + 1);
    if (!emit_ok(emit, items == NULL ? ERR_MEMORY : ERR_OK))
        return 0;
    struct list_element element;
    for (uint32_t at = 0; list_next(&walk, &element); at++)
        items[at] = fitted_element(emit, &element, type);
    uint32_t constant = emit_constant(emit, list_value(emit, items, count));
    struct list_key key = { declared, type, constant };
    if (declared != NULL)
        TABLE_ADD(emit, emit->list_keys, key);
    return constant;
}
