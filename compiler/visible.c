/* visible.c - see visible.h. Files are walked in depth without recursion; a file's row is made
 * when everything that it uses has one. */
#include "visible.h"

enum { CYCLES_MAX = 16, WORD_BITS = 64 };

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

/* The files between the one that the walk began with and where it is. */
struct walk {
    struct arena *arena;
    struct visible *visible;
    enum state *states;
    uint32_t *files;
    const struct source_link **links; /* the next to follow of each */
    uint32_t depth;
    uint32_t cycles;
};

static bool is_use(const struct sources *sources, const struct source_link *link)
{
    return !sources->items[link->file].is_list;
}

/* A bit for each file that others use, a row for each that uses some. */
static enum err make_room(struct arena *arena, struct visible *visible)
{
    const struct sources *sources = visible->sources;
    uint32_t used = 0;
    visible->columns = ARENA_ARRAY(arena, uint32_t, sources->count + 1);
    visible->rows = ARENA_ARRAY(arena, uint64_t *, sources->count + 1);
    if (visible->columns == NULL || visible->rows == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < sources->count; at++)
        for (const struct source_link *link = sources->items[at].links; link != NULL;
             link = link->next)
            if (is_use(sources, link) && visible->columns[link->file] == 0)
                visible->columns[link->file] = ++used;
    visible->words = (used + WORD_BITS) / WORD_BITS;
    for (uint32_t at = 0; at < sources->count; at++) {
        const struct source_link *link = sources->items[at].links;
        while (link != NULL && !is_use(sources, link))
            link = link->next;
        if (link == NULL)
            continue;
        visible->rows[at] = ARENA_ARRAY(arena, uint64_t, visible->words);
        if (visible->rows[at] == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static void set_row(struct visible *visible, uint32_t file)
{
    uint64_t *row = visible->rows[file];
    const struct source_link *link = visible->sources->items[file].links;
    for (; link != NULL; link = link->next) {
        if (!is_use(visible->sources, link))
            continue;
        const uint64_t *other = visible->rows[link->file];
        uint32_t bit = visible->columns[link->file] - 1;
        row[bit / WORD_BITS] |= (uint64_t)1 << (bit % WORD_BITS);
        for (uint32_t at = 0; other != NULL && at < visible->words; at++)
            row[at] |= other[at];
    }
}

static enum err add_cycle(struct walk *walk, const struct source_link *link)
{
    uint32_t start = walk->depth;
    while (walk->files[start - 1] != link->file)
        start--;
    if (walk->cycles++ >= CYCLES_MAX)
        return ERR_OK;
    uint32_t count = walk->depth - start + 1;
    struct use_cycle *cycle = ARENA_NEW(walk->arena, struct use_cycle);
    uint32_t *files = ARENA_ARRAY(walk->arena, uint32_t, count);
    if (cycle == NULL || files == NULL)
        return ERR_MEMORY;
    memcpy(files, walk->files + start - 1, count * sizeof *files);
    *cycle = (struct use_cycle){ walk->visible->cycles, walk->files[walk->depth - 1], link, files,
        count };
    walk->visible->cycles = cycle;
    return ERR_OK;
}

static void enter(struct walk *walk, uint32_t file)
{
    walk->states[file] = STATE_OPEN;
    walk->files[walk->depth] = file;
    walk->links[walk->depth++] = walk->visible->sources->items[file].links;
}

static enum err walk_from(struct walk *walk, uint32_t file)
{
    enter(walk, file);
    while (walk->depth > 0) {
        const struct source_link *link = walk->links[walk->depth - 1];
        if (link == NULL) {
            uint32_t done = walk->files[--walk->depth];
            walk->states[done] = STATE_DONE;
            if (walk->visible->rows[done] != NULL)
                set_row(walk->visible, done);
            continue;
        }
        walk->links[walk->depth - 1] = link->next;
        if (!is_use(walk->visible->sources, link))
            continue;
        if (walk->states[link->file] == STATE_NEW)
            enter(walk, link->file);
        else if (walk->states[link->file] == STATE_OPEN)
            TRY(add_cycle(walk, link));
    }
    return ERR_OK;
}

enum err visible_new(
    struct arena *arena, const struct sources *sources, struct visible *ret_visible)
{
    *ret_visible = (struct visible){ .sources = sources };
    struct walk walk = { .arena = arena, .visible = ret_visible };
    TRY(make_room(arena, ret_visible));
    walk.states = ARENA_ARRAY(arena, enum state, sources->count + 1);
    walk.files = ARENA_ARRAY(arena, uint32_t, sources->count + 1);
    walk.links = ARENA_ARRAY(arena, const struct source_link *, sources->count + 1);
    if (walk.states == NULL || walk.files == NULL || walk.links == NULL)
        return ERR_MEMORY;
    for (uint32_t file = 0; file < sources->count; file++)
        if (walk.states[file] == STATE_NEW)
            TRY(walk_from(&walk, file));
    return ERR_OK;
}

bool visible_sees(const struct visible *visible, uint32_t file, uint32_t other)
{
    if (file == other)
        return true;
    const uint64_t *row = visible->rows[file];
    if (row == NULL || visible->columns[other] == 0)
        return false;
    uint32_t bit = visible->columns[other] - 1;
    return visible->cycles != NULL || (row[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) != 0;
}
