/* truths.h - which predicates hold for the alert at hand.
 *
 * A stamp for each predicate: it holds when its stamp is the alert's. Nothing is cleared between
 * alerts, so an alert costs what is true of it, however many predicates there are. One of these
 * belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct truths {
    uint32_t alert;   /* number of the alert at hand; 0 is none's */
    uint32_t *stamps; /* by predicate */
    uint32_t *held;   /* predicates that hold, in the order found; room for all */
    uint32_t held_count;
};

/* Note once that the predicate holds. */
static inline void truths_add(struct truths *truths, uint32_t predicate)
{
    if (truths->stamps[predicate] == truths->alert)
        return;
    truths->stamps[predicate] = truths->alert;
    truths->held[truths->held_count++] = predicate;
}

static inline bool truths_has(const struct truths *truths, uint32_t predicate)
{
    return truths->stamps[predicate] == truths->alert;
}
