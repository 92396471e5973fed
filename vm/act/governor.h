/* governor.h - the one place that lets a step act, or does not.
 *
 * The executor asks it for every step of every rule, in every command, and no other code
 * lets a change through. It is asked three times: before the provider is asked anything
 * (foresee), when the plan is known and nothing is changed yet (judge), and right before each
 * change leaves (may_change). Every answer of `judge` is in the audit log before the
 * executor goes by it.
 *
 * Of several answers the first of this list counts:
 *   refused   `never`, `never target`, an unreadable target, a ceiling
 *   shadowed  the rule is in shadow
 *   joined    another step does, or did, the same to the same target
 *   held      a guard or an excuse in doubt, `always`, a limit, `approve by`
 *   admitted
 * What was approved passes the holds, never the others.
 *
 * Who joins whom ("one target, one case"): twins (store/twins.h) are `respond` or `collect`
 * steps of different runs that want exactly the same of the same target.
 *   - A `respond` step joins a twin that is done and was not taken back, but only when its own
 *     plan shows that nothing is left to change: what somebody undid by hand is done again.
 *   - A `collect` step joins a twin that ended done within JOIN_WINDOW_MS.
 *   - A step that is to be held waits for a twin of the same rule and the same `approve by` that
 *     is held in an earlier run, so that people are asked once. What its own clauses let act acts,
 *     whatever another rule waits for.
 *   - A `collect` step waits for one of an earlier run that began within JOIN_RUNNING_MS.
 *   - What waits so is held without a hold of its own. governor_foresee says so again for as long
 *     as that lasts, and then it is judged anew. What has a hold of its own waits for nobody else.
 *   - When a person rejected the twin whose answer it waited for, it is rejected too. Where that
 *     ended otherwise, by time or with its run, nobody said no, and it is judged anew.
 * What only reads joins nobody: when it is judged it has read already.
 */
#pragma once

#include "act/claims.h"
#include "act/plan.h"
#include "event.h"
#include "store/holds.h"

/* Why a step is wanted. It lives as long as the step. */
struct step_cause {
    const struct program *program;
    const struct rule_code *rule;
    const struct step_code *code;
    const struct event *event;
    str alert;         /* event_name */
    const char *doubt; /* an excuse cannot be decided, in words (decide.h); NULL: none */
    const struct step_code *approver; /* whose `approve by` holds this step: its own, or that of an
                                       * earlier step of which nobody said yes; NULL: none */
    const char *due; /* an `always` that the run has not met before this step; NULL: none */
    str due_clause;  /* of that: "rules/a.cdr:12" */
};

enum ruling {
    RULING_ADMITTED,
    RULING_HELD,
    RULING_JOINED,
    RULING_SHADOWED,
    RULING_REFUSED,
    RULING_PAUSED, /* nothing is decided: the step stays as it is until the pause is lifted */
    RULING_COUNT
};

/* "admitted", ...: as the audit log spells it; static. */
const char *ruling_name(enum ruling ruling);

enum {
    /* Evidence that is as old as that is collected anew. */
    JOIN_WINDOW_MS = 60 * 60 * 1000,
    /* A collection that runs for longer was cut off, with its process: nobody may ever go on with
     * it, and containment behind it would wait for ever. To collect twice costs less. */
    JOIN_RUNNING_MS = 10 * 60 * 1000,
};

struct judgement {
    enum ruling ruling;
    const char *reason;         /* a sentence: what, with the rule, the alert and the clause */
    str clause;                 /* "rules/a.cdr:12: never respond isolate_role on ..", or empty */
    enum hold_cause hold_cause; /* RULING_HELD */
    const struct approval_stage *stages; /* RULING_HELD: who is asked; none: anybody who may.
                                          * Those of the step whatever holds it: who may not
                                          * approve it may not let it over a limit either */
    uint32_t stage_count;
    struct step_record joined; /* RULING_JOINED: whose end this step takes over, `done` or
                                * `rejected`; or `running` or `held`: it waits for that
                                * (store_step_wait), without a hold */
};

/* A step that is about to be judged. */
struct proposal {
    const struct step_order *order; /* order->cause is not NULL */
    const struct plan *plan;        /* NULL in governor_foresee */
    str plan_hash;                  /* empty there */
    const struct hold *hold; /* the newest hold of the step, or NULL: a step that waited for a
                              * person is held again, for the same cause, unless is_approved,
                              * however much room its limits have by now */
    bool is_offline;  /* nobody was asked, so what the target is is not known: clauses about it are
                      * not asked */
    bool is_approved; /* people approved exactly this plan (holds_claim): no hold holds it */
};

struct governor {
    struct store *store; /* counts, joins, audit; of its own memory (store_open_memory) in a plan */
    struct clock *clock;
    const char *pause_file; /* host/pause.h; NULL: cannot be paused */
    const char *actor;      /* host/person.h: who started this process, for the audit log */
    struct claims *claims; /* shared by threads that act at the same time; NULL: nobody else does */
    uint64_t turn;         /* since when the step at hand has been looked at (claims.h) */
};

/* Before any request: RULING_ADMITTED means go on and plan. Else one of
 *   RULING_PAUSED,
 *   RULING_REFUSED (a ceiling, or a `never` without a condition, is known already),
 *   RULING_HELD (a limit has no room for another target: nobody is asked, so that a storm of
 *   alerts is no storm of requests; the hold has no plan yet, see holds.h. Not in shadow),
 *   RULING_JOINED (it waited for another step, which is still open, or was rejected).
 * A row that only reads goes on while cdr is paused. Limits by account are left to
 * governor_judge, which knows the account. Nothing is counted. What is new is in the audit
 * log: not that it may be planned, is paused, or still waits.
 * ERR_STORE, ERR_BUSY, ERR_MEMORY. */
MUST_CHECK enum err governor_foresee(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement);

/* With the plan. RULING_ADMITTED has counted the target of a `respond` step against every limit,
 * in the same transaction in which the limits were found to have room; asked again for the same
 * step it counts once. Each answer is in the audit log, and the step's target in the journal. Never
 * RULING_PAUSED. A condition of a guard that cannot be decided,
 * or that only the alert meets, holds the step (protect.h). Errors as above. */
MUST_CHECK enum err governor_judge(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement);

/* With a new plan of a step that was admitted, and was cut off while it acted: RULING_REFUSED when a
 * clause forbids what is left of it by now, which is in the audit log; else RULING_ADMITTED. Errors
 * as above. */
MUST_CHECK enum err governor_look_again(struct governor *governor, const struct proposal *proposal,
    struct arena *arena, struct judgement *ret_judgement);

/* Before a step is looked at: what another thread changes from here on makes the look an old one. */
void governor_look(struct governor *governor);
/* With what a `respond` step turned out to act on, before it is judged, or ends without a change
 * (`is_change` says which): nobody else changes the same until the step has ended, or the run is given back
 * (claims_release). ERR_PAUSED: another thread does now, or did since governor_look; *ret_reason in
 * `arena`: look again later. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err governor_claim(struct governor *governor, const struct step_order *order,
    str target, bool is_change, struct arena *arena, const char **ret_reason);

/* Right before a change of an admitted step leaves, also of an undo that nobody asked for.
 * ERR_PAUSED: *ret_reason in `arena`. ERR_MEMORY. */
MUST_CHECK enum err governor_may_change(
    struct governor *governor, struct arena *arena, const char **ret_reason);

/* Tell the audit log how a step ended; joins the transaction of its end. An order without cause
 * is told too. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err governor_ended(struct governor *governor, const struct step_order *order,
    const struct step_record *record, str plan_hash, struct arena *arena);
/* Tell it that a run came to its end without what an `always` asks for. Joins as above. */
MUST_CHECK enum err governor_unkept(struct governor *governor, const struct program *program,
    const struct rule_code *rule, str alert, int64_t run, str clause, const char *reason);
