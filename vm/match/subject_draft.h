/* subject_draft.h - a subject_index while it is made: for subject_add.c, which puts tests into the
 * draft, and subject_build.c, which makes the index of it, alone.
 */
#pragma once

#include "match/subject_parts.h"

/* An array that grows, in an arena of its own while the index is made. */
struct pile {
    struct arena arena;
    char *items;
    uint32_t count, room;
};

/* Tables of one part while they grow. */
struct part_draft {
    bool is_loose;
    struct points_draft folded, cased, scalars, spelled;
    bool has_numbers, has_booleans;
    struct pile networks;              /* struct network */
    struct pile ranges[RANGES_ORDERS]; /* struct range */
    struct pile unusual;               /* struct subject_test */
};

/* How likely a test is thought to hold, while it is made. */
struct weight {
    double constants; /* of `=` and `in`, but for networks */
    double chance;    /* of all else together */
};

struct draft {
    struct arena *arena; /* of the index */
    const struct program *program;
    uint32_t *rows; /* the next free number of a row */
    struct part_draft exact, loose;
    struct pile literals;     /* struct literal */
    struct pile owners;       /* uint32_t: by literal, index of its test */
    struct pile there, nulls; /* uint32_t */
    struct weight *weights;   /* by test */
};

/* A test on its way into the draft. */
struct adding {
    struct draft *draft;
    struct part_draft *part;
    struct subject_test *test;
    uint32_t owner; /* index of the test */
};

/* Add a copy of `size` bytes, the same each time. ERR_MEMORY. */
MUST_CHECK enum err pile_add(struct pile *pile, const void *item, size_t size);

/* Put the test where its kind belongs; sets its way and adds to its weight. ERR_MEMORY. */
MUST_CHECK enum err subject_add(const struct adding *adding);
