/* hold.h - when a held step may go on: pure, so that every order of events can be tried.
 *
 * What people said of a hold, and the time, decide what it is. No I/O, no clock. All times are
 * those of timers (host/clock.h). The stages of a hold follow each other without a gap: the first
 * begins when the step is held, each lasts its within_ms, and a moment belongs to one of them.
 */
#pragma once

#include "bytecode.h"

/* Why a step is held. */
enum hold_cause {
    HOLD_BY_APPROVE, /* the rule says `approve by` */
    HOLD_BY_LIMIT,   /* over a limit */
    HOLD_BY_DOUBT,   /* an excuse or a guard cannot be decided */
    HOLD_BY_ALWAYS,  /* what `always` asks for was not done before */
    HOLD_CAUSE_COUNT
};

/* "approve", "limit", "doubt", "always"; static. */
const char *hold_cause_name(enum hold_cause cause);
/* The cause of that name, or HOLD_CAUSE_COUNT. */
enum hold_cause hold_cause_find(str name);

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
/* The state of that name, or HOLD_STATE_COUNT. */
enum hold_state hold_state_find(str name);

struct hold {
    int64_t id; /* from 1 */
    int64_t run;
    uint32_t step;
    uint32_t round; /* from 0 */
    enum hold_cause cause;
    str reason;
    str clause;
    str plan_hash;
    str plan;         /* plan_to_json, or empty */
    str stages;       /* approval stages as JSON (hold_stages_to_json); "[]": anybody who may */
    str author;       /* of the rule, or several with commas between: may not approve; or empty */
    uint32_t stage;   /* which one is asked */
    int64_t until_ms; /* of that stage; 0: for ever */
    int64_t held_ms;
    enum hold_state state;
    int64_t settled_ms; /* 0 while open */
    str target;         /* of its step, which gets it from here */
    str rule;           /* of its run, as all that follows: read, not written */
    str alert;
    str program_hash;
    str builtin;       /* of its step */
    bool is_step_over; /* the step has ended: nobody waits any more, whatever the state */
    int64_t audit;     /* seq of its entry `asked` in the audit log; 0: none */
};

struct decision {
    int64_t id;
    int64_t hold;
    str who;
    bool is_approval;
    str reason;
    str plan_hash; /* of what they saw */
    uint32_t stage;
    int64_t decided_ms;
    int64_t audit; /* seq of its entry in the audit log */
};

/* "hold 3 open SEAL", what the entry `asked` says of the hold. SEAL is the SHA-256 over everything
 * that does not change while it waits: step, round, cause, reason, clause, plan, its hash, stages,
 * author, time. In `arena`; NULL when memory is short. */
const char *hold_asked_text(const struct hold *hold, struct arena *arena);

/* Whether two names are of one person, as far as names tell: letters of either case, and with
 * or without what follows an @. */
bool hold_is_same_person(str a, str b);

/* What the hold is, given all that was said about it (oldest first) at `now_ms`: one rejection
 * rejects it; as many approvals of the stage that is asked as it needs, by different persons,
 * none of them the author, all for its plan, approve it; past its time the next stage is asked,
 * and after the last it is expired. What was said of a stage before or after its time, or later
 * than now, is nothing. Without stages one approval is enough and there is no end; without a plan
 * there is none either, and the first stage is asked: its time begins with the plan. Whether who
 * said it may was decided before (hold_may_decide); hold->state, stage and until_ms are not
 * read. *ret_stage and *ret_until_ms (0: for ever) are those of the stage asked, or of the one
 * that settled it. Never HOLD_USED or HOLD_VOID. */
enum hold_state hold_settle(const struct hold *hold, const struct approval_stage *stages,
    uint32_t stage_count, const struct decision *decisions, size_t decision_count, int64_t now_ms,
    uint32_t *ret_stage, int64_t *ret_until_ms);

/* Who is asked: the stages up to the one that is asked now, which is the last, and the roles that
 * say who is in them. Without stages: whoever has the right in any role, and when there is no role
 * at all, anybody. A role that is asked and is not among `roles` has nobody in it. */
struct hold_question {
    const struct approval_stage *stages;
    uint32_t stage_count;
    const struct role_code *roles;
    uint32_t role_count;
};

/* Whether `who` may say yes, or no; else *ret_reason says why not. Yes is for the stage that is
 * asked now; no for that and all before it, since whoever was asked may know what the next ones
 * do not. In `arena`. */
bool hold_may_decide(const struct hold *hold, const struct hold_question *question, str who,
    bool is_approval, struct arena *arena, const char **ret_reason);

/* Who may say so, for people: "ir-lead (bob, carol)", "anybody". In `arena`; NULL when it is
 * full. */
const char *hold_whom(const struct hold_question *question, bool is_approval, struct arena *arena);

/* [{"roles":["ir-lead"],"needed":1,"within_ms":900000}] and back. ERR_MEMORY, ERR_JSON. */
MUST_CHECK enum err hold_stages_to_json(
    struct arena *arena, const struct approval_stage *stages, uint32_t count, str *ret_json);
MUST_CHECK enum err hold_stages_from_json(
    struct arena *arena, str json, struct approval_stage **ret_stages, uint32_t *ret_count);
