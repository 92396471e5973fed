/* visible.h - which file sees what which file declares: its own, and that of the files that
 * it uses, directly or through others. */
#pragma once

#include "base/err.h"
#include "source.h"

/* A way from a file back to itself. */
struct use_cycle {
    struct use_cycle *next;
    uint32_t from;                  /* the file whose `use` closes it */
    const struct source_link *link; /* that one */
    const uint32_t *files;          /* the way: the first is link->file, the last `from` */
    uint32_t count;
};

struct visible {
    const struct sources *sources;
    uint32_t *columns; /* for each file that another one uses, 1 + its bit; else 0 */
    uint64_t **rows;   /* for each file, which of them it sees; NULL: none */
    uint32_t words;    /* of a row */
    struct use_cycle *cycles;
};

/* ERR_MEMORY. The sources are borrowed. */
MUST_CHECK enum err visible_new(
    struct arena *arena, const struct sources *sources, struct visible *ret_visible);

/* Whether `file` sees what is declared in `other`, which may be itself. With a cycle, which is
 * an error of its own, every file that uses any sees every used one. */
bool visible_sees(const struct visible *visible, uint32_t file, uint32_t other);
