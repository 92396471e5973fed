#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 32 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size; /* usable bytes after the header */
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena_guest {
    struct arena_guest *older;
    void (*release)(void *guest);
    void *guest;
};

static struct arena_block *block_add(struct arena *arena, size_t least)
{
    size_t size = least > BLOCK_BYTES ? least : BLOCK_BYTES;
    size_t total;
    if (__builtin_add_overflow(size, sizeof(struct arena_block), &total))
        return NULL;
    if (arena->limit != 0 && total > arena->limit - arena->held) {
        size = least; /* a full block does not fit: try what was asked for */
        if (__builtin_add_overflow(size, sizeof(struct arena_block), &total)
            || total > arena->limit - arena->held)
            return NULL;
    }
    struct arena_block *block = calloc(1, total);
    if (block == NULL)
        return NULL;
    block->older = arena->newest;
    block->size = size;
    arena->newest = block;
    arena->held += total;
    return block;
}

static void *block_take(struct arena_block *block, size_t size, size_t align)
{
    size_t start = (block->used + align - 1) & ~(align - 1);
    if (start > block->size || size > block->size - start)
        return NULL;
    block->used = start + size;
    return block->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
    void *memory = arena->newest == NULL ? NULL : block_take(arena->newest, size, align);
    if (memory != NULL)
        return memory;
    struct arena_block *block = block_add(arena, size);
    if (block != NULL)
        memory = block_take(block, size, align);
    arena->is_full |= memory == NULL;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size, size_t align)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        arena->is_full = true;
        return NULL;
    }
    return arena_alloc(arena, total, align);
}

str arena_copy(struct arena *arena, str text)
{
    size_t size;
    if (__builtin_add_overflow(text.len, (size_t)1, &size))
        return (str){ NULL, 0 };
    char *copy = arena_alloc(arena, size, 1);
    if (copy == NULL)
        return (str){ NULL, 0 };
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return (str){ copy, text.len };
}

const char *arena_vformat(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(arena, format, args);
    va_end(args);
    return text;
}

bool arena_add_guest(struct arena *arena, void (*release)(void *guest), void *guest)
{
    struct arena_guest *entry = ARENA_NEW(arena, struct arena_guest);
    if (entry == NULL)
        return false;
    *entry = (struct arena_guest){ arena->guests, release, guest };
    arena->guests = entry;
    return true;
}

static void release_guests(struct arena *arena)
{
    for (struct arena_guest *entry = arena->guests; entry != NULL; entry = entry->older)
        entry->release(entry->guest);
    arena->guests = NULL;
}

void arena_release(struct arena *arena)
{
    release_guests(arena);
    struct arena_block *block = arena->newest;
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena->newest = NULL;
    arena->held = 0;
    arena->is_full = false;
}

void arena_wipe(struct arena *arena)
{
    release_guests(arena);
    for (struct arena_block *block = arena->newest; block != NULL; block = block->older)
        explicit_bzero(block->bytes, block->used);
    arena_release(arena);
}
