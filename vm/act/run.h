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
    const value *args; /* after binding: what the step acts on */
    struct step_outcome outcome;
};

struct run_report {
    /* Called when a step has ended (or was planned); may be NULL. */
    void (*step)(struct run_report *report, const struct run_step *step);
};

/* Run (or plan) the steps of `rule` for `event`. `run` is the stored run, 0 in a plan.
 * On ERR_OK every step has ended, and the run too (store_run_end).
 * Other errors: as step_execute and interp_steps; the run stays open. */
MUST_CHECK enum err run_execute(struct executor *executor, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run, struct arena *arena,
    struct run_report *report);

/* Fill the arguments that the rule did not give: PARAM_TARGET and PARAM_SCOPE from the
 * event's fields by type. *ret_found says in words where from ("instance i-1 from
 * instance.id"); *reterr_reason is a sentence when no target is there (then the step is
 * unresolved: ERR_NOT_FOUND) or when a field that would choose it was written by an
 * attacker and is no identifier. ERR_MEMORY. */
MUST_CHECK enum err args_bind(const struct builtin *row, const struct event *event, value *args,
    struct arena *arena, str *ret_found, const char **reterr_reason);
