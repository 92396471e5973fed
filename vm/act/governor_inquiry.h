/* governor_inquiry.h - one question to the governor: what its files share, and nobody else uses. */
#pragma once

#include "act/governor.h"
#include "act/protect.h"

/* One question to the governor. */
struct inquiry {
    struct governor *governor;
    const struct proposal *proposal;
    const struct step_cause *cause;
    const struct builtin *row;
    struct arena *arena;
    struct judgement judgement;
    struct protection doubt; /* a guard that a person may let it past */
    bool is_decided;
    bool is_known;      /* said before: the audit log has it */
    int64_t counted_ms; /* by limits; 0: not */
};

/* Says something, or leaves it to the next. */
typedef enum err check(struct inquiry *inquiry);

/* Decide by what `what` says, at the clause `place`; NULL: there is none. A NULL `what` is an
 * arena that was full. ERR_MEMORY. */
MUST_CHECK enum err inquiry_decide(struct inquiry *inquiry, enum ruling ruling,
    const struct clause_place *place, const char *what);

static inline bool changes_something(const struct builtin *row)
{
    return row->effect != EFFECT_READS;
}

/* ---- joins (governor_joins.c): see the head of governor.h ---- */

/* Without a plan: the step that this one was told to wait for, while that lasts, or when a person
 * rejected it. *ret_is_waiting: it was told to wait for one, open or not. */
MUST_CHECK enum err joins_foresee(struct inquiry *inquiry, bool *ret_is_waiting);
/* Checks with a plan: whether what it waited for was rejected; whether somebody did, or collects,
 * the same. */
check joins_check_rejected;
check joins_check_done;
/* Of a step that is to be held: whether people are asked the same already. */
check joins_check_held;
