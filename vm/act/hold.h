/* hold.h - when a held step may go on: pure, so that every order of events can be tried.
 *
 * What people said of a hold, and the time, decide what it is. No I/O, no clock.
 */
#pragma once

#include "bytecode.h"

struct hold; /* both in store/holds.h */
struct decision;

enum hold_state {
    HOLD_OPEN,
    HOLD_APPROVED, /* enough people said yes; not begun yet */
    HOLD_USED,     /* the step was begun with it */
    HOLD_REJECTED, /* somebody said no */
    HOLD_EXPIRED,  /* nobody said enough in time: as rejected */
    HOLD_VOID,     /* the plan is another one now */
    HOLD_STATE_COUNT
};

/* "open", ...; static. */
const char *hold_state_name(enum hold_state state);

/* Why a step is held. */
enum hold_cause {
    HOLD_BY_APPROVE, /* the rule says `approve by` */
    HOLD_BY_LIMIT,   /* over a limit */
    HOLD_BY_DOUBT,   /* an excuse cannot be decided */
    HOLD_BY_ALWAYS,  /* what `always` asks for was not done before */
    HOLD_CAUSE_COUNT
};

/* "approve", "limit", "doubt", "always"; static. */
const char *hold_cause_name(enum hold_cause cause);

/* What the hold is, given all that was said about it (oldest first) at `now_ms`: one rejection by
 * somebody who may rejects it; as many approvals of the stage that is asked as it needs, by
 * different persons, none of them the author, all for its plan, approve it; past its time the next stage is
 * asked, and after the last it is expired. *ret_stage and *ret_until_ms are then those of the stage asked. */
enum hold_state hold_settle(const struct hold *hold, const struct approval_stage *stages,
    uint32_t stage_count, const struct decision *decisions, size_t decision_count, int64_t now_ms,
    uint32_t *ret_stage, int64_t *ret_until_ms);

/* Whether `who` may say yes, or no, to the hold's stage; else *ret_reason says why not. Without a
 * stage: whoever has the right in any role, and when there is no role at all, anybody. In `arena`. */
bool hold_may_decide(const struct hold *hold, const struct approval_stage *stage,
    const struct role_code *roles, uint32_t role_count, str who, bool is_approval,
    struct arena *arena, const char **ret_reason);

/* [{"roles":["ir-lead"],"needed":1,"within_ms":900000}] and back. ERR_MEMORY, ERR_JSON. */
MUST_CHECK enum err hold_stages_to_json(
    struct arena *arena, const struct approval_stage *stages, uint32_t count, str *ret_json);
MUST_CHECK enum err hold_stages_from_json(
    struct arena *arena, str json, struct approval_stage **ret_stages, uint32_t *ret_count);
