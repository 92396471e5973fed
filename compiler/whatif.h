/* whatif.h - the smallest change of an alert that changes what a rule makes of it, proved.
 *
 * Sets of leaves come from flip.h, values from flip_value.h; each try is a changed event on
 * which the machine decides the rule again. Only what it agrees to is a claim. Where the
 * change of one value may change others that the rule reads (a raw path inside another, a
 * field made of a raw path that is read too, `anywhere`), nothing is claimed.
 */
#pragma once

#include "event.h"
#include "flip.h"
#include "flip_value.h"

/* Fields changed together, at most; tries for one answer. */
enum { WHATIF_EDITS_MAX = 16, WHATIF_TRIES_MAX = 128 };

struct whatif_edit {
    const struct expr *target;
    value from;
    value to; /* VALUE_ABSENT: no such field */
    bool is_example;
};

struct whatif {
    const struct program *program;
    const struct rule_code *rule;
    const struct probe_rule *probes;
    const struct event *event;
    str forced_source;              /* as the event was read */
    const enum probe_state *states; /* of the leaves */
    struct arena *arena;            /* of the answer */
};

struct whatif_answer {
    /* Made so, the rule decides otherwise; none: nothing was found that surely does. */
    struct whatif_edit edits[WHATIF_EDITS_MAX];
    uint32_t edit_count;
    bool is_in_doubt; /* it would fire while an excuse is in doubt: its responses are held */
    /* The smallest set of leaves on paper, when it is smaller than the change that was proved
     * or nothing was; else empty. */
    struct flip_set unproved;
};

/* How the rule would fire (wanted), or not fire. A rule that is so already has no answer.
 * ERR_MEMORY. */
MUST_CHECK enum err whatif_find(
    const struct whatif *whatif, bool wanted, struct whatif_answer *ret_answer);

/* Whether the rule fires for the event: its condition holds and nothing excuses it.
 * Errors as rule_decide. */
MUST_CHECK enum err whatif_fires(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_fires);
