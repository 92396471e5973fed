/* holds.h - steps that wait for a person, and what people said.
 *
 * A hold is about one plan of one step (act/plan.h). A hold without a plan (plan_hash empty)
 * can be rejected; to be approved it is planned first, by who may ask the provider. When the
 * plan came out otherwise, the hold is void and another one, of the next round, takes its place.
 */
#pragma once

#include "act/hold.h"
#include "store/store.h"

/* Record a hold and set its step to `held`, in one transaction, with an entry `asked` in the audit
 * log that seals it (hold_asked_text); sets hold->id, round, stage, until_ms, state and audit. held_ms is now. The step gets target and reason from it. A hold of the step
 * that is open or approved becomes void, which is audited. ERR_INVALID: the step has ended. */
MUST_CHECK enum err holds_add(struct store *store, struct hold *hold);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err holds_get(
    struct store *store, int64_t id, struct arena *arena, struct hold *ret_hold);
/* The newest hold of a step. ERR_NOT_FOUND. */
MUST_CHECK enum err holds_of_step(
    struct store *store, int64_t run, uint32_t step, struct arena *arena, struct hold *ret_hold);

/* Whether the hold, with its plan, is word for word as it was sealed; an entry that is gone or
 * unreadable seals nothing. */
MUST_CHECK enum err holds_is_sealed(
    struct store *store, const struct hold *hold, struct arena *arena, bool *ret_is_sealed);

struct hold_filter {
    bool is_open;       /* HOLD_OPEN only */
    bool is_actionable; /* settled and its step still held, or open without a plan */
    int64_t run;        /* 0: any */
    str rule;           /* empty: any */
    int64_t after;      /* ids above this */
    uint32_t limit;     /* 0: no limit */
};

/* Oldest first. `plan` is left empty (holds_get). */
MUST_CHECK enum err holds_list(struct store *store, const struct hold_filter *filter,
    struct arena *arena, struct hold **ret_holds, size_t *ret_count);

/* What was said about a hold, oldest first. */
MUST_CHECK enum err holds_decisions(struct store *store, int64_t hold, struct arena *arena,
    struct decision **ret_decisions, size_t *ret_count);

/* Record what somebody says, with its entry in the audit log, and settle the hold when that
 * decides it (hold_settle), in one transaction; sets stage, decided_ms, audit and id of
 * *decision. *ret_state is the hold's state afterwards. ERR_NOT_FOUND. ERR_INVALID with
 * *reterr_reason, a sentence in `arena`: not open, an approval without a plan, another plan_hash
 * than the hold's, a hold that is not as it was sealed, the author, not in a role that is asked (these two are audited as denied), said
 * already, too late, no reason given; *ret_state is set too. `roles` are those of the rules in
 * force. */
MUST_CHECK enum err holds_decide(struct store *store, struct decision *decision,
    const struct role_code *roles, uint32_t role_count, int64_t now_ms, struct arena *arena,
    enum hold_state *ret_state, const char **reterr_reason);

/* Use an approved hold for the plan with `plan_hash`: HOLD_APPROVED becomes HOLD_USED and its step
 * `running`. One that is used already stays so, for the step that was cut off before it changed
 * anything: that it changes nothing twice is what its calls in the journal are for. Another plan,
 * a hold that is not as it was sealed, or approvals that the audit log does not have word for word or that are not enough: the hold is
 * HOLD_VOID, used before or not. *ret_state says which; a new state is audited. ERR_INVALID: it is
 * neither, or its step has ended. Nobody goes by the state in the table without this. */
MUST_CHECK enum err holds_claim(struct store *store, int64_t hold, str plan_hash, int64_t now_ms,
    struct arena *arena, enum hold_state *ret_state);

/* Let time pass for one hold: its next stage, or HOLD_EXPIRED; an open one whose step has ended
 * is HOLD_VOID, one that is not as it was sealed HOLD_EXPIRED. Audited. What has nothing to do is left as it is. A stage that is asked now ends
 * at hold->until_ms (holds_get). ERR_NOT_FOUND. */
MUST_CHECK enum err holds_expire(
    struct store *store, int64_t hold, int64_t now_ms, enum hold_state *ret_state);

/* Nobody needs to answer an open or approved hold any more: it is HOLD_VOID, audited with `reason`.
 * ERR_INVALID: it is neither. */
MUST_CHECK enum err holds_void(
    struct store *store, int64_t hold, int64_t now_ms, const char *reason);
