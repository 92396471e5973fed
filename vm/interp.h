/* interp.h - the machine: one fragment of a verified program against one event.
 *
 * Pure but for the steps, which it hands to a `stepper`: no clock, no I/O, no
 * recursion, a budget of INSTRUCTION_BUDGET.
 */
#pragma once

#include "bytecode.h"
#include "event.h"

/* What a step came back with, member by member. */
struct step_result {
    value members[RESULT_MEMBERS];
    bool has_failed; /* any end but done; `on failure stop` looks at it */
};

/* Whoever runs steps: act/run.h in the product. */
struct stepper {
    /* Run step `index` of the program with its arguments (args_count of them) and set
     * *ret_result. An error ends the program there, to be resumed by replay. */
    enum err (*run)(
        struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result);
    bool takes_every_branch; /* a plan: results are not known, so both ways of BRANCH */
};

/* The value of the fragment at `start` (one that ends in RETURN).
 * ERR_BUDGET, ERR_UNDECIDED, ERR_MEMORY. */
MUST_CHECK enum err interp_value(const struct program *program, uint32_t start,
    const struct event *event, struct arena *arena, value *ret_value);

/* The result of a step that ran, and of those before it. */
struct kept_result {
    const struct kept_result *older;
    uint32_t step; /* its index in the program */
    struct step_result result;
};

/* As interp_value for a probe: it may ask for the results of steps. One that is not among
 * `newest` and those before it is absent; NULL: no step ran. */
MUST_CHECK enum err interp_probe(const struct program *program, uint32_t start,
    const struct event *event, const struct kept_result *newest, struct arena *arena,
    value *ret_value);

/* Run the steps at `start` in order, telling `stepper` each. Errors as above and the
 * stepper's own. */
MUST_CHECK enum err interp_steps(const struct program *program, uint32_t start,
    const struct event *event, struct arena *arena, struct stepper *stepper);

/* Whether the event meets what `rule` asks of one alert. What may excuse it then is in
 * decide.h, and it may wait for more alerts (needs_state). Errors as interp_value: an
 * undecided rule never counts as a rule that does not match. */
MUST_CHECK enum err rule_passes(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_passes);

/* Whether the rule passes and waits for nothing else; excuses are not asked. */
MUST_CHECK enum err rule_matches(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, bool *ret_matches);
