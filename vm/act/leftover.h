/* leftover.h - takes away one thing that a step left behind after its undo, or its time.
 *
 * That is an undo of the step: a run of its own in the journal, with its one inverse, and in the audit
 * log. It takes back none of the changes that undo.h counts, and the run that it is of stays what it
 * was. Cut off, it is closed: what was left can be looked for and removed again. */
#pragma once

#include "act/executor.h"

struct leftover_order {
    int64_t run; /* of the step that made it; has ended */
    uint32_t step;
    const struct builtin *row; /* VERB_UNDO */
    const value *args;
    str person; /* who asks (host/person.h) */
    str reason; /* for the audit log */
};

/* Remove it. *ret_undo is the run of the removal, set as soon as it is begun.
 * ERR_NOT_FOUND: no such run or step; ERR_INVALID: the run has not ended, or is an undo; else as
 * step_execute, and the removal is closed. In MODE_APPLY alone. */
MUST_CHECK enum err leftover_remove(struct executor *executor, const struct leftover_order *order,
    struct arena *arena, struct step_outcome *ret_outcome, int64_t *ret_undo);
