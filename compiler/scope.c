/* scope.c - names to items. */
#include "scope.h"

enum { SCOPE_ROOM_MIN = 64 };

static uint32_t hash(int64_t where, str text)
{
    uint32_t sum = 2166136261u ^ (uint32_t)where;
    for (size_t at = 0; at < text.len; at++)
        sum = (sum ^ (unsigned char)text.ptr[at]) * 16777619u;
    return sum;
}

/* The slot that holds the name, or the empty one where it would go. */
static struct name *slot(const struct scope *scope, int64_t where, str text)
{
    uint32_t at = hash(where, text) & (scope->room - 1);
    for (;; at = (at + 1) & (scope->room - 1)) {
        struct name *name = &scope->names[at];
        if (name->item == NULL || (name->scope == where && str_equal(name->text, text)))
            return name;
    }
}

struct name *scope_find(const struct scope *scope, int64_t where, str text)
{
    if (scope->room == 0)
        return NULL;
    struct name *name = slot(scope, where, text);
    return name->item == NULL ? NULL : name;
}

static enum err grow(struct scope *scope, struct arena *arena)
{
    struct scope bigger = { .room = scope->room == 0 ? SCOPE_ROOM_MIN : scope->room * 2,
        .count = scope->count };
    bigger.names = ARENA_ARRAY(arena, struct name, bigger.room);
    if (bigger.names == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < scope->room; at++) {
        const struct name *name = &scope->names[at];
        if (name->item != NULL)
            *slot(&bigger, name->scope, name->text) = *name;
    }
    *scope = bigger;
    return ERR_OK;
}

enum err scope_add(struct scope *scope, struct arena *arena, int64_t where, str text,
    struct item *item, struct item **ret_taken)
{
    *ret_taken = NULL;
    if (scope->count >= scope->room / 2)
        TRY(grow(scope, arena));
    struct name *name = slot(scope, where, text);
    if (name->item != NULL) {
        *ret_taken = name->item;
        return ERR_OK;
    }
    *name = (struct name){ .scope = where, .text = text, .item = item };
    scope->count++;
    return ERR_OK;
}

void scope_replace(struct scope *scope, int64_t where, str text, struct item *item)
{
    struct name *name = scope_find(scope, where, text);
    if (name != NULL)
        name->item = item;
}
