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
static struct name **slot(struct name **slots, uint32_t room, int64_t where, str text)
{
    for (uint32_t at = hash(where, text);; at++) {
        struct name **found = &slots[at & (room - 1)];
        if (*found == NULL
            || ((where == SCOPE_ANY_FILE || (*found)->scope == where)
                && str_equal((*found)->text, text)))
            return found;
    }
}

struct name *scope_find_own(const struct scope *scope, int64_t where, str text)
{
    return scope->room == 0 ? NULL : *slot(scope->slots, scope->room, where, text);
}

struct name *scope_find_any(const struct scope *scope, str text)
{
    return scope->room == 0 ? NULL : *slot(scope->heads, scope->room, SCOPE_ANY_FILE, text);
}

bool scope_sees(const struct scope *scope, uint32_t file, const struct name *name)
{
    return name->scope == (int64_t)file
           || (scope->visible != NULL && name->scope >= 0
               && visible_sees(scope->visible, file, (uint32_t)name->scope));
}

struct name *scope_find(const struct scope *scope, int64_t where, str text)
{
    struct name *name = scope_find_own(scope, where, text);
    if (name != NULL || where < 0 || scope->visible == NULL || scope->visible->rows[where] == NULL)
        return name;
    for (name = scope_find_any(scope, text); name != NULL; name = name->elsewhere)
        if (scope_sees(scope, (uint32_t)where, name))
            return name;
    return NULL;
}

struct name *scope_next(const struct scope *scope, uint32_t *at)
{
    while (*at < scope->room) {
        struct name *name = scope->slots[(*at)++];
        if (name != NULL)
            return name;
    }
    return NULL;
}

static enum err grow(struct scope *scope, struct arena *arena)
{
    uint32_t room = scope->room == 0 ? SCOPE_ROOM_MIN : scope->room * 2;
    struct name **slots = ARENA_ARRAY(arena, struct name *, room);
    struct name **heads = ARENA_ARRAY(arena, struct name *, room);
    if (slots == NULL || heads == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < scope->room; at++) {
        struct name *name = scope->slots[at];
        struct name *head = scope->heads[at];
        if (name != NULL)
            *slot(slots, room, name->scope, name->text) = name;
        if (head != NULL)
            *slot(heads, room, SCOPE_ANY_FILE, head->text) = head;
    }
    scope->slots = slots;
    scope->heads = heads;
    scope->room = room;
    return ERR_OK;
}

enum err scope_add(struct scope *scope, struct arena *arena, int64_t where, str text,
    struct item *item, struct item **ret_taken)
{
    *ret_taken = NULL;
    if (scope->count >= scope->room / 2)
        TRY(grow(scope, arena));
    struct name **own = slot(scope->slots, scope->room, where, text);
    if (*own != NULL) {
        *ret_taken = (*own)->item;
        return ERR_OK;
    }
    struct name *name = ARENA_NEW(arena, struct name);
    if (name == NULL)
        return ERR_MEMORY;
    *name = (struct name){ .scope = where, .text = text, .item = item };
    *own = name;
    scope->count++;
    if (where >= 0) {
        struct name **head = slot(scope->heads, scope->room, SCOPE_ANY_FILE, text);
        if (*head == NULL)
            *head = name;
        else
            (*head)->last->elsewhere = name;
        (*head)->last = name;
    }
    return ERR_OK;
}

void scope_replace(struct scope *scope, int64_t where, str text, struct item *item)
{
    struct name *name = scope_find_own(scope, where, text);
    if (name != NULL)
        name->item = item;
}
