/* run.c - see run.h. */
#include "act/run.h"

#include "decide.h"
#include "store/store.h"

/* The stepper that the machine calls, and what it needs to know. */
struct runner {
    struct stepper stepper; /* first: the machine hands it back */
    struct executor *executor;
    const struct program *program;
    const struct event *event;
    int64_t run;
    struct arena *arena;
    struct run_report *report;
    uint32_t begun;   /* steps so far: the index of the next */
    const char *held; /* why `respond` steps wait for a person; NULL: they need not */
};

/* A partial collection never counts as clean, and what did not end well says nothing. */
static value verdict_of(const struct step_outcome *outcome)
{
    value unknown = { .kind = VALUE_VERDICT, .integer = VERDICT_UNKNOWN };
    value verdict = outcome->results.verdict;
    if (verdict.kind != VALUE_VERDICT)
        return unknown;
    return verdict.integer == VERDICT_CLEAN && outcome->turn != STEP_DONE ? unknown : verdict;
}

/* In a plan no step has failed yet, so `on failure stop` hides nothing that may follow. */
static struct step_result result_of(const struct step_outcome *outcome, bool is_applied)
{
    bool is_done = outcome->turn == STEP_DONE;
    bool is_partial = outcome->turn == STEP_PARTIAL;
    return (struct step_result){
        .members = {
            [RESULT_COMPLETE] = value_bool(is_done),
            [RESULT_PARTIAL] = value_bool(is_partial),
            [RESULT_FAILED] = value_bool(!is_done && !is_partial),
            [RESULT_VERDICT] = verdict_of(outcome),
            [RESULT_URL] = outcome->results.url,
            [RESULT_SHA256] = outcome->results.sha256,
        },
        .has_failed = is_applied && !is_done,
    };
}

static enum err step_one(
    struct runner *runner, const struct step_code *code, const value *given, struct run_step *step)
{
    uint32_t count = builtin_param_count(code->builtin);
    value *args = ARENA_ARRAY(runner->arena, value, STEP_PARAMS_MAX);
    if (args == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count && i < code->args_count; i++)
        args[i] = given[i];
    struct step_order order = {
        .row = code->builtin,
        .args = args,
        .run = runner->run,
        .index = step->index,
        .found = STR(""),
    };
    step->code = code;
    step->args = args;
    const char *reason = NULL;
    enum err err = args_bind(
        code->builtin, code->given, runner->event, args, runner->arena, &order.found, &reason);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (runner->held != NULL && code->builtin->verb == VERB_RESPOND)
        return step_refuse(
            runner->executor, &order, STEP_HELD, runner->held, runner->arena, &step->outcome);
    if (err == ERR_NOT_FOUND)
        return step_refuse(
            runner->executor, &order, STEP_UNRESOLVED, reason, runner->arena, &step->outcome);
    return step_execute(runner->executor, &order, runner->arena, &step->outcome);
}

static enum err runner_step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct runner *runner = (struct runner *)stepper;
    struct run_step step = { .index = runner->begun };
    TRY(step_one(runner, &runner->program->steps[index], args, &step));
    runner->begun++;
    if (runner->report != NULL && runner->report->step != NULL)
        runner->report->step(runner->report, &step);
    *ret_result = result_of(&step.outcome, runner->executor->mode == MODE_APPLY);
    return ERR_OK;
}

/* Whether an excuse of the rule is in doubt; the same event gives the same answer on every
 * replay. */
static enum err find_doubt(struct runner *runner, const struct rule_code *rule)
{
    struct rule_decision decision;
    TRY(rule_excuse(runner->program, rule, runner->event, runner->arena, &decision));
    if (decision.outcome != RULE_FIRES_IN_DOUBT)
        return ERR_OK;
    return excuse_doubt(
        runner->program, decision.excuse, runner->event, runner->arena, &runner->held);
}

enum err run_execute(struct executor *executor, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run, struct arena *arena,
    struct run_report *report)
{
    bool is_applied = executor->mode == MODE_APPLY;
    struct runner runner = {
        .stepper = { .run = runner_step, .takes_every_branch = !is_applied },
        .executor = executor,
        .program = program,
        .event = event,
        .run = run,
        .arena = arena,
        .report = report,
    };
    TRY(find_doubt(&runner, rule));
    TRY(interp_steps(program, rule->steps, event, arena, &runner.stepper));
    if (!is_applied)
        return ERR_OK;
    return store_run_end(executor->store, run, executor->clock->now_ms(executor->clock));
}
