/* listing.h - the journal a page at a time, for who looks into it while it grows: a page costs what
 * it holds, however long the journal is.
 *
 * Oldest first. A page goes on after the key of the last one before it; rows that are added come
 * after all that there were, so each is seen once. Works in every store, readers too.
 */
#pragma once

#include "store/store.h"

struct run_page {
    int64_t after;  /* ids above it */
    uint32_t limit; /* at most so many; not 0 */
    bool is_open;   /* only runs that have not ended */
    str alert;      /* only of this alert; empty: any */
};

/* alert_text is left empty, standing RUN_OPEN. In `arena`. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err listing_runs(struct store *store, const struct run_page *page,
    struct arena *arena, struct run **ret_runs, size_t *ret_count);

struct step_page {
    int64_t after; /* keys above it */
    uint32_t limit;
    int64_t run; /* only of this run; 0: any */
};

/* A step, and what it asked. */
struct listed_step {
    int64_t key; /* in the order in which steps were begun */
    struct step_record record;
    int64_t calls;
    int64_t changes; /* of them */
};

MUST_CHECK enum err listing_steps(struct store *store, const struct step_page *page,
    struct arena *arena, struct listed_step **ret_steps, size_t *ret_count);
