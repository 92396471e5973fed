/* run.h - one rule for one alert, from its first step to its last.
 *
 * Resume is replay: run_execute is called again with the same program, rule and event
 * and the journal answers what was asked before. So beginning, going on and planning
 * are one function.
 */
#pragma once

#include "act/executor.h"
#include "event.h"
#include "interp.h"

/* One step of a run, told to whoever prints it. */
struct run_step {
    uint32_t index; /* in the order they were begun */
    const struct step_code *code;
    const struct builtin *row; /* that carried it out: code->builtin, or a way of it */
    const value *args;         /* after binding: what the step acts on */
    struct step_outcome outcome;
};

struct run_report {
    /* Called when a step has ended (or was planned); may be NULL. */
    void (*step)(struct run_report *report, const struct run_step *step);
    /* Called at the end of a run in which a step that `always` asks for was not taken; may be
     * NULL. `sentence` names the clause. */
    void (*unkept)(struct run_report *report, const char *sentence);
};

/* Run (or plan) the steps of `rule` for `event`, for which it fires. `run` is the stored run,
 * not used in a plan.
 * On ERR_OK every step has ended, and in MODE_APPLY the run too: store_run_end, or
 * store_run_abandon when a step that an `always` asks for was not taken.
 * ERR_HELD: the last step that was told waits for a person, and the run with it; run_execute is
 * called again when that is settled. ERR_PAUSED: cdr is paused, executor->reason says by whom.
 * Other errors: as step_execute and interp_steps; the run stays open, and store_runs
 * with is_open finds it again. An undo among those goes on with undo_execute. */
MUST_CHECK enum err run_execute(struct executor *executor, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run, struct arena *arena,
    struct run_report *report);

/* Whether the alert says anything in the fields that a target of that type is taken from. */
bool args_has_candidate(const struct event *event, enum type type);

/* Whether a user is named so that nobody but IAM can have named it: an ARN, or AIDA and what else
 * its ids are made of. */
bool args_is_iam_user(str text);

/* Make the arguments of a step complete: those that the rule wrote (`given`, as
 * step_code.given) become values of their parameter's type; then PARAM_SCOPE and
 * PARAM_TARGET that it did not write are taken from the event's fields by type. When the
 * rule wrote one target, no other is taken from the alert. A missing value never selects
 * a target, nor does a field with several values, nor text that an attacker may have
 * written unless its form alone makes it an identifier (i-0abc, an ARN, an address).
 * *ret_found says in words where from ("instance i-1 from instance.id").
 * ERR_NOT_FOUND: the step is unresolved, *reterr_reason is a sentence. ERR_MEMORY. */
MUST_CHECK enum err args_bind(const struct builtin *row, uint32_t given, const struct event *event,
    value *args, struct arena *arena, str *ret_found, const char **reterr_reason);
