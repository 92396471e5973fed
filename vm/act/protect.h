/* protect.h - whether a clause forbids what a step is about to do to its target.
 *
 * `never target`, `never` and the ceilings of environments are asked last, on the target as the
 * provider shows it. A name can be spelled in many ways and an alert may lie, so each condition
 * is asked of several views of the target:
 *   - what the provider shows (facts of the plan), every name that it goes by at once, and where
 *     a condition has a negation also each fact by itself: one spelling that is allowed
 *     excuses no other;
 *   - the same over the fields of the alert, and the fields of the alert over the same.
 * It goes by every name that follows from a fact: the ARN of an id and the id of an ARN, the name
 * in an ARN, a host's name without its domain, other case, what Unicode calls the same or
 * confusable with it.
 *
 * True in one view forbids. So does a condition that could be true through a gap: a fact that the
 * provider did not give (fact.is_gap), one that the row promises (builtin.shows) and nobody
 * mentions, or text that does not fit its field. What a row neither shows nor the alert has is
 * simply not there: a role has no host.name.
 *
 * Whoever writes an alert must not be able to have a response refused for good. Where the provider's
 * view does not forbid, and only the alert's own words do, or a condition cannot be decided (at a limit
 * of its own, more than TARGET_NAMES_MAX names or VIEWS_MAX views), that is a doubt: a person decides.
 */
#pragma once

#include "act/governor.h"
#include "act/plan.h"

struct protection {
    const struct guard_code *guard; /* the one that forbids; NULL: none */
    bool is_doubt;                  /* a person may let it through; else it is refused */
    const char *reason;             /* a sentence for a person, in the arena; NULL: none */
};

/* Ask the guards of cause->program, in their order, about the planned step; the first that
 * forbids for certain is told, or else the first in doubt. GUARD_ALWAYS asks for steps and forbids none. ERR_MEMORY only. */
MUST_CHECK enum err protect_judge(const struct step_cause *cause, const struct builtin *row,
    const struct plan *plan, struct arena *arena, struct protection *ret_protection);
