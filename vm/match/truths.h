/* truths.h - which predicates hold for the alert at hand.
 *
 * A stamp for each predicate: it holds when its stamp is the alert's. Nothing is cleared between
 * alerts, so an alert costs what is true of it, however many predicates there are. One of these
 * belongs to one thread.
 *
 * Rows are predicates that hold together: of one constant that thousands of rules name, say. An alert
 * of 65,000 values that all mean such a row walks it once: rows have stamps, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct truths {
    uint32_t alert;   /* number of the alert at hand; 0 is none's */
    uint32_t *stamps; /* by predicate */
    uint32_t *held;   /* predicates that hold, in the order found; room for all */
    uint32_t held_count;
    uint32_t *rows;  /* stamps, too: by row, when all of it was marked */
    uint64_t walked; /* predicates in rows that were walked, since the beginning; for tests */
};

/* Shorter rows are walked each time: it costs no more than asking. */
enum { ROW_LEAST = 8 };

/* Note once that the predicate holds. */
static inline void truths_add(struct truths *truths, uint32_t predicate)
{
    if (truths->stamps[predicate] == truths->alert)
        return;
    truths->stamps[predicate] = truths->alert;
    truths->held[truths->held_count++] = predicate;
}

static inline bool truths_has_row(const struct truths *truths, uint32_t row)
{
    return truths->rows[row] == truths->alert;
}

/* Note that all predicates of a row hold, whatever its stamp says. */
static inline void truths_walk_row(
    struct truths *truths, uint32_t row, const uint32_t *predicates, uint32_t count)
{
    truths->rows[row] = truths->alert;
    truths->walked += count;
    for (uint32_t i = 0; i < count; i++)
        truths_add(truths, predicates[i]);
}

/* Note once that all predicates of a row hold. */
static inline void truths_add_row(
    struct truths *truths, uint32_t row, const uint32_t *predicates, uint32_t count)
{
    if (count < ROW_LEAST || !truths_has_row(truths, row))
        truths_walk_row(truths, row, predicates, count);
}

static inline bool truths_has(const struct truths *truths, uint32_t predicate)
{
    return truths->stamps[predicate] == truths->alert;
}
