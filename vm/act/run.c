/* run.c - see run.h. */
#include "act/run.h"

#include "act/always.h"
#include "act/governor.h"
#include "act/locate.h"
#include "act/timers.h"
#include "act/way.h"
#include "decide.h"
#include "store/holds.h"
#include "store/store.h"

/* The stepper that the machine calls, and what it needs to know. */
struct runner {
    struct stepper stepper; /* first: the machine hands it back */
    struct executor *executor;
    const struct program *program;
    const struct rule_code *rule;
    const struct event *event;
    int64_t run; /* in a plan a number of its own, below 0 */
    struct arena *arena;
    struct run_report *report;
    uint32_t begun;    /* steps so far: the index of the next */
    str alert;         /* event_name */
    const char *doubt; /* an excuse cannot be decided; NULL: none */
    struct always always;
    struct located located[LOCATED_MAX]; /* what was looked for, for all steps */
    uint32_t located_count;
    /* `approve` holds the steps after it too, however its own step ended */
    const struct step_code *gate; /* the last one that nobody has said yes to; NULL: none */
    bool is_gate_shut;            /* somebody said no, or nobody answered */
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

/* Why the step is wanted. It may be told later, with the outcome. */
static enum err cause_new(
    struct runner *runner, const struct step_code *code, const struct step_cause **ret_cause)
{
    struct step_cause *cause = ARENA_NEW(runner->arena, struct step_cause);
    if (cause == NULL)
        return ERR_MEMORY;
    *cause = (struct step_cause){ .program = runner->program,
        .rule = runner->rule,
        .code = code,
        .event = runner->event,
        .alert = runner->alert,
        .doubt = runner->doubt,
        .approver = code->stage_count > 0 ? code : NULL,
        .due_clause = STR("") };
    if (cause->approver == NULL && code->builtin->verb == VERB_RESPOND)
        cause->approver = runner->gate;
    if (code->builtin->verb == VERB_RESPOND)
        TRY(always_due(&runner->always, runner->arena, &cause->due, &cause->due_clause));
    *ret_cause = cause;
    return ERR_OK;
}

/* Whether people let the step through that has just ended, and so those after it. In a plan it is
 * supposed that they will. */
static enum err gate_pass(struct runner *runner, const struct run_step *step)
{
    const struct step_code *approver = step->code->stage_count > 0 ? step->code : runner->gate;
    bool is_asked = step->code->stage_count > 0 || step->code->builtin->verb == VERB_RESPOND;
    const struct judgement *judgement = step->outcome.judgement;
    struct hold hold = { .state = HOLD_VOID };
    if (approver == NULL || !is_asked || step->outcome.turn == STEP_HELD || runner->is_gate_shut)
        return ERR_OK;
    if (runner->executor->mode == MODE_APPLY) {
        enum err err =
            holds_of_step(runner->executor->store, runner->run, step->index, runner->arena, &hold);
        if (err != ERR_NOT_FOUND)
            TRY(err);
    } else if (judgement != NULL && judgement->ruling == RULING_HELD) {
        hold.state = HOLD_APPROVED;
    }
    bool is_given = hold.state == HOLD_APPROVED || hold.state == HOLD_USED;
    runner->is_gate_shut = hold.state == HOLD_REJECTED || hold.state == HOLD_EXPIRED;
    runner->gate = is_given ? NULL : approver;
    return ERR_OK;
}

/* Look for what a step acts on, by a step of its own; `via` is that step's. */
static enum err look_for(struct runner *runner, const struct builtin *row, str via, enum type type,
    struct located *ret_located)
{
    value *args = NULL;
    struct step_code *code = ARENA_NEW(runner->arena, struct step_code);
    const char *text = arena_format(runner->arena, "%s %s", verb_name(row->verb), row->name);
    if (code == NULL || text == NULL)
        return ERR_MEMORY;
    *code = (struct step_code){
        .builtin = row, .text = str_from(text), .via = via, .args_count = FIND_PARAMS
    };
    TRY(locate_args(runner->program, runner->event, runner->arena, &args));
    struct run_step step = { .index = runner->begun++, .code = code, .args = args };
    struct step_order order = {
        .row = row, .args = args, .run = runner->run, .index = step.index, .found = STR("")
    };
    TRY(cause_new(runner, code, &order.cause));
    const char *reason = NULL;
    enum err err =
        way_choose(runner->program, code, runner->event, args, runner->arena, &order.row, &reason);
    if (err == ERR_NOT_FOUND)
        err = step_refuse(
            runner->executor, &order, STEP_UNRESOLVED, reason, runner->arena, &step.outcome);
    else if (err == ERR_OK)
        err = step_execute(runner->executor, &order, runner->arena, &step.outcome);
    TRY(err);
    step.row = order.row;
    if (runner->report != NULL && runner->report->step != NULL)
        runner->report->step(runner->report, &step);
    return located_read(&step.outcome, type, runner->arena, ret_located);
}

/* What was looked for before is not looked for again, unless that failed. */
static enum err located_find(struct runner *runner, const struct builtin *row, enum type type,
    const struct step_code *code, const struct located **ret_located)
{
    struct located *located = NULL;
    for (uint32_t at = 0; at < runner->located_count; at++)
        if (runner->located[at].type == type && str_equal(runner->located[at].via, code->via))
            located = &runner->located[at];
    *ret_located = located;
    if (located != NULL && (located->turn == STEP_DONE || located->turn == STEP_UNRESOLVED))
        return ERR_OK;
    if (located == NULL)
        located = &runner->located[runner->located_count];
    TRY(look_for(runner, row, code->via, type, located));
    located->via = code->via;
    if (located == &runner->located[runner->located_count]
        && runner->located_count + 1 < LOCATED_MAX)
        runner->located_count++;
    *ret_located = located;
    return ERR_OK;
}

/* The alert does not name what the step acts on: *reterr_reason says so, and after ERR_NOT_FOUND what
 * was tried too. */
static enum err locate(struct runner *runner, const struct step_code *code, value *args,
    str *ret_found, const char **reterr_reason)
{
    enum type type = TYPE_INSTANCE;
    const struct builtin *row = NULL;
    if (!locate_is_possible(runner->executor, code, runner->event, &type, &row))
        return ERR_NOT_FOUND;
    const struct located *located = NULL;
    TRY(located_find(runner, row, type, code, &located));
    if (located->turn != STEP_DONE) {
        *reterr_reason = arena_format(runner->arena, "%s; and from its %s none was found: %s",
            *reterr_reason, type == TYPE_INSTANCE ? "host" : "instance", located->found);
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_NOT_FOUND;
    }
    located_bind(located, type, code, args);
    *ret_found = str_from(located->found);
    return ERR_OK;
}

/* Which row acts. Where none that is connected can, by the device of an instance or the instance of a
 * device, that is looked for and acted on in its place. */
static enum err choose(struct runner *runner, const struct step_code *code, value *args,
    struct step_order *order, const char **reterr_reason)
{
    enum err err = way_choose(
        runner->program, code, runner->event, args, runner->arena, &order->row, reterr_reason);
    bool is_done = err == ERR_OK && way_is_connected(runner->program, order->row);
    if (code->builtin->ways == NULL || is_done || (err != ERR_OK && err != ERR_NOT_FOUND))
        return err;
    enum type type = err == ERR_OK ? TYPE_INSTANCE : TYPE_HOST;
    const struct located *located = NULL;
    const struct builtin *finder = NULL;
    if (!locate_is_instead(runner->executor, code, runner->event, type, &finder))
        return err;
    TRY(located_find(runner, finder, type, code, &located));
    if (located->turn != STEP_DONE)
        return err;
    located_bind(located, type, code, args);
    order->found = str_from(located->found);
    return way_choose(
        runner->program, code, runner->event, args, runner->arena, &order->row, reterr_reason);
}

static const char *const gate_is_shut =
    "the `approve by` of an earlier step was not given, and it holds this one too";

static enum err step_one(
    struct runner *runner, const struct step_code *code, const value *given, struct run_step *step)
{
    uint32_t count = builtin_param_count(code->builtin);
    value *args = ARENA_ARRAY(runner->arena, value, STEP_PARAMS_MAX);
    if (args == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count && i < code->args_count; i++)
        args[i] = given[i];
    str found = STR("");
    const char *reason = NULL;
    enum err bound =
        args_bind(code->builtin, code->given, runner->event, args, runner->arena, &found, &reason);
    if (bound == ERR_NOT_FOUND)
        bound = locate(runner, code, args, &found, &reason);
    if (bound != ERR_OK && bound != ERR_NOT_FOUND)
        return bound;
    struct step_order order = {
        .row = code->builtin,
        .args = args,
        .run = runner->run,
        .found = found,
        .timeout_ms = code->timeout_ms,
    };
    step->code = code;
    step->args = args;
    TRY(cause_new(runner, code, &order.cause));
    enum err err = bound;
    if (err == ERR_OK)
        err = choose(runner, code, args, &order, &reason);
    order.index = step->index = runner->begun;
    step->row = order.row;
    if (err == ERR_NOT_FOUND)
        return step_refuse(
            runner->executor, &order, STEP_UNRESOLVED, reason, runner->arena, &step->outcome);
    TRY(err);
    if (runner->is_gate_shut && code->builtin->verb == VERB_RESPOND)
        return step_refuse(
            runner->executor, &order, STEP_REJECTED, gate_is_shut, runner->arena, &step->outcome);
    TRY(step_execute(runner->executor, &order, runner->arena, &step->outcome));
    return runner->executor->mode == MODE_APPLY ? timers_after_step(runner->executor->store,
               runner->executor->clock, code, runner->run, step->index, &step->outcome)
                                                : ERR_OK;
}

static enum err runner_step(
    struct stepper *stepper, uint32_t index, const value *args, struct step_result *ret_result)
{
    struct runner *runner = (struct runner *)stepper;
    struct run_step step = { 0 };
    TRY(step_one(runner, &runner->program->steps[index], args, &step));
    TRY(gate_pass(runner, &step));
    runner->begun++;
    always_took(&runner->always, step.code->builtin, step.outcome.turn);
    if (runner->report != NULL && runner->report->step != NULL)
        runner->report->step(runner->report, &step);
    *ret_result = result_of(&step.outcome, runner->executor->mode == MODE_APPLY);
    return step.outcome.turn == STEP_HELD ? ERR_HELD : ERR_OK;
}

/* Whether an excuse of the rule is in doubt; the same event gives the same answer on every
 * replay. */
static enum err find_doubt(struct runner *runner)
{
    struct rule_decision decision;
    TRY(rule_excuse(runner->program, runner->rule, runner->event, runner->arena, &decision));
    if (decision.outcome != RULE_FIRES_IN_DOUBT)
        return ERR_OK;
    return excuse_doubt(
        runner->program, decision.excuse, runner->event, runner->arena, &runner->doubt);
}

/* All steps have ended. What `always` asks for and none of them did is no good end. */
static enum err run_finish(struct runner *runner)
{
    struct executor *executor = runner->executor;
    const char *unkept = NULL;
    str clause = STR("");
    TRY(always_unkept(&runner->always, runner->arena, &unkept, &clause));
    if (unkept != NULL && runner->report != NULL && runner->report->unkept != NULL)
        runner->report->unkept(runner->report, unkept);
    if (executor->mode != MODE_APPLY)
        return ERR_OK;
    int64_t now_ms = executor->clock->now_ms(executor->clock);
    if (unkept == NULL)
        return store_run_end(executor->store, runner->run, now_ms);
    TRY(store_begin(executor->store));
    enum err err = store_run_abandon(executor->store, runner->run, now_ms, unkept);
    if (err == ERR_OK && executor->governor != NULL)
        err = governor_unkept(executor->governor, runner->program, runner->rule, runner->alert,
            runner->run, clause, unkept);
    if (err == ERR_OK)
        return store_commit(executor->store);
    store_rollback(executor->store);
    return err;
}

static enum err runner_begin(struct runner *runner)
{
    if (runner->executor->mode != MODE_APPLY) /* what one command plans counts together */
        runner->run = -++runner->executor->plans;
    runner->alert = event_name(runner->event, runner->arena);
    if (runner->alert.ptr == NULL)
        return ERR_MEMORY;
    TRY(find_doubt(runner));
    return always_begin(&runner->always, runner->program, runner->event, runner->arena);
}

enum err run_execute(struct executor *executor, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run, struct arena *arena,
    struct run_report *report)
{
    struct runner runner = {
        .stepper = { .run = runner_step, .takes_every_branch = executor->mode != MODE_APPLY },
        .executor = executor,
        .program = program,
        .rule = rule,
        .event = event,
        .run = run,
        .arena = arena,
        .report = report,
    };
    TRY(runner_begin(&runner));
    TRY(interp_steps(program, rule->steps, event, arena, &runner.stepper));
    return run_finish(&runner);
}
