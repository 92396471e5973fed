/* decide.h - what a rule makes of an event: its condition, and what excuses it.
 *
 * An excuse protects, so what the alert lacks decides nothing in it: it is true, false, or
 * in doubt. A rule fires when no excuse is true. Where one is in doubt it fires too, but
 * its `respond` steps are held (act/run.h). An excuse whose date has passed counts for
 * nothing.
 */
#pragma once

#include "bytecode.h"
#include "event.h"

enum rule_outcome {
    RULE_SILENT, /* the condition does not hold */
    RULE_EXCUSED,
    RULE_FIRES,
    RULE_FIRES_IN_DOUBT,
};

struct rule_decision {
    enum rule_outcome outcome;
    const struct excuse_code *excuse; /* the first that excuses, or that is in doubt; or NULL */
};

/* The condition first, then the excuses. Errors as interp_value: an undecided rule never
 * counts as a rule that does not match. */
MUST_CHECK enum err rule_decide(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, struct rule_decision *ret_decision);

/* The excuses alone, for an event that meets the condition: never RULE_SILENT. */
MUST_CHECK enum err rule_excuse(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, struct rule_decision *ret_decision);

/* What a person calls it: "exception pentest", or "unless host.name in crown_jewels", cut
 * where it is long. In `arena`; NULL only when that is full. */
const char *excuse_name(const struct excuse_code *excuse, struct arena *arena);

/* Why the excuse, in doubt for the event, cannot be decided, and the way out: a sentence in
 * `arena`. Errors as interp_value. */
MUST_CHECK enum err excuse_doubt(const struct program *program, const struct excuse_code *excuse,
    const struct event *event, struct arena *arena, const char **ret_reason);
