/* arena.h - memory with one lifetime.
 *
 * A compilation owns one arena and an event owns another; tokens, nodes, values
 * and messages go in and are never freed one by one. `limit` caps the bytes an
 * arena may hold, so a hostile event or rule costs a bounded amount: past it,
 * arena_alloc returns NULL and the caller reports ERR_MEMORY.
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena_guest;

struct arena {
    struct arena_block *newest;
    struct arena_guest *guests; /* what arena_release ends, the last one first */
    size_t held;                /* bytes taken from malloc so far */
    size_t limit;               /* most bytes `held` may reach; 0 means no limit */
    bool is_full;               /* an allocation failed: what was made since may lack parts */
};

#define ARENA_INIT(limit_bytes)                                                                    \
    {                                                                                              \
        .limit = (limit_bytes)                                                                     \
    }

/* Zeroed memory that lives until arena_release, or NULL past the limit. */
void *arena_alloc(struct arena *arena, size_t size, size_t align);

/* As arena_alloc for `count` things of `size` bytes; NULL too when the product
 * overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size, size_t align);

/* A copy of `text` followed by a NUL (not counted in its length). On failure the
 * result's ptr is NULL. */
str arena_copy(struct arena *arena, str text);

/* Formatted text as a C string in the arena, or NULL. */
const char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
const char *arena_vformat(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Have arena_release call `release(guest)` before memory goes: for what a thing in the arena owns
 * elsewhere. False when the arena is full. */
bool arena_add_guest(struct arena *arena, void (*release)(void *guest), void *guest);

/* Free everything at once. Safe on a zeroed arena; the arena may be used again. */
void arena_release(struct arena *arena);
/* The same for one that held secrets: its bytes are wiped first. */
void arena_wipe(struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type), alignof(type)))
#define ARENA_ARRAY(arena, type, count)                                                            \
    ((type *)arena_array((arena), (count), sizeof(type), alignof(type)))
