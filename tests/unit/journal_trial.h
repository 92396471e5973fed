/* journal_trial.h - a run of one action over a journal, judged by a governor, against simulated
 * providers; gone on with where it was cut off, repeated, taken back. Included after actions.h. */
#pragma once

#include "act/governor.h"
#include "act/undo.h"
#include "bytecode.h"
#include "store/store.h"

enum { CALLS_MAX = 200, RESUMES_MAX = 3 };

/* Providers as a trial reaches them. */
struct providers {
    struct client *client; /* of the sandbox */
    struct transport *(*connect)(struct providers *self, const char *provider);
    void *self;
    str evidence; /* where it goes if an action does not say so; or empty */
    str plan;     /* of the argument plan=tool: a tool of the user's own */
};

struct trial {
    struct client *client;
    struct providers *providers;
    struct arena arena;
    struct store *store;
    struct program program;
    struct governor governor;
    struct executor executor;
    const struct action *action;
    const char *provider; /* whose way of the action */
    str alert;            /* that the run is for, and of whom */
    str source;
};

static inline struct transport *connect_trial(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct trial *trial = executor->self;
    (void)account;
    struct transport *transport = trial->providers->connect(trial->providers, provider);
    *reterr_reason = transport == NULL ? "not connected" : NULL;
    return transport;
}

static inline void trial_init(struct trial *trial, struct providers *providers,
    const char *provider, const struct action *action)
{
    const char *reason = NULL;
    *trial = (struct trial){ .client = providers->client,
        .providers = providers,
        .provider = provider,
        .action = action,
        .program = { .hash = STR("hash") },
        .alert = STR("a-1"),
        .source = STR("guardduty") };
    assert_int_equal(store_open_memory(&trial->arena, &trial->store, &reason), ERR_OK);
    assert_int_equal(store_program_put(trial->store, STR("hash"), STR("[]")), ERR_OK);
    trial->governor =
        (struct governor){ .store = trial->store, .clock = &hasty_clock, .actor = "a test" };
    trial->executor = (struct executor){ .mode = MODE_APPLY,
        .store = trial->store,
        .clock = &hasty_clock,
        .connect = connect_trial,
        .governor = &trial->governor,
        .self = trial };
}

static inline void trial_release(struct trial *trial)
{
    store_close(trial->store);
    arena_release(&trial->arena);
}

static inline const struct builtin *trial_row(const struct trial *trial)
{
    const struct action *action = trial->action;
    const struct builtin *row =
        builtin_find_of(action->verb, str_from(action->name), trial->provider);
    if (row == NULL)
        fail_msg("%s has no %s", trial->provider, action->name);
    return row;
}

static inline int64_t run_begin(struct trial *trial)
{
    struct run run = { .alert = trial->alert,
        .source = trial->source,
        .rule = STR("r"),
        .program_hash = STR("hash") };
    assert_int_equal(store_run_begin(trial->store, &run), ERR_OK);
    return run.id;
}

/* What the compiler would have put there. */
static inline void fill_args(const struct trial *trial, const struct builtin *row, value *args)
{
    for (uint32_t at = 0; at < builtin_param_count(row); at++) {
        bool is_there = args[at].kind == VALUE_TEXT;
        if (row->params[at].is_filled && is_there)
            args[at] = value_text(trial->providers->plan);
        else if (row->params[at].setting != NULL && !is_there && trial->providers->evidence.len > 0)
            args[at] = value_text(trial->providers->evidence);
    }
}

/* Carry the action out in `run`; what was cut off by faults that are over by now is gone on
 * with. */
static inline struct step_outcome carry_out(struct trial *trial, int64_t run)
{
    value args[STEP_PARAMS_MAX];
    struct step_outcome outcome = { .turn = STEP_FAILED };
    const struct builtin *row = trial_row(trial);
    action_args(trial->action, row, &trial->arena, args);
    fill_args(trial, row, args);
    struct event event = { .text = STR("{}"), .source = trial->source };
    event.fields[FIELD_ALERT_ID] = value_text(trial->alert);
    event.fields[FIELD_SOURCE] = value_text(trial->source);
    struct rule_code rule = { .name = STR("r"), .ceiling = CEILING_DESTROY };
    struct step_code code = { .builtin = row };
    struct step_cause cause = { .program = &trial->program,
        .rule = &rule,
        .code = &code,
        .event = &event,
        .alert = trial->alert };
    struct step_order order = {
        .row = row, .args = args, .run = run, .found = STR(""), .cause = &cause
    };
    enum err err = ERR_TRANSPORT;
    for (int tries = 0; tries < RESUMES_MAX && err != ERR_OK; tries++) {
        err = step_execute(&trial->executor, &order, &trial->arena, &outcome);
        if (err != ERR_OK && err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS)
            fail_msg("%s: %s", row->name, err_text(err));
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(store_run_end(trial->store, run, 1), ERR_OK);
    return outcome;
}

/* The journal has the step as it was told, and no call without an answer or the lack of one. */
static inline void assert_recorded(
    struct trial *trial, int64_t run, const struct step_outcome *outcome)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(trial->store, run, &trial->arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(steps[0].state, step_turn_name(outcome->turn)));
    assert_true(str_equal(steps[0].reason, str_from(outcome->reason)));
    assert_true(steps[0].identity.len > 0 || outcome->turn == STEP_FAILED);
}

static inline void undone(struct undo_report *report, const struct undo_step *step)
{
    (void)report;
    if (step->outcome.turn != STEP_DONE)
        fail_msg("undo by %s: %s", step->builtin->name, step->outcome.reason);
}

static inline void take_back(struct trial *trial, int64_t run)
{
    int64_t undo = 0;
    struct undo_report report = { .step = undone };
    struct undo_order order = {
        .run = run, .person = STR("ir"), .reason = STR("a test"), .timer = 0
    };
    enum err err =
        undo_execute(&trial->executor, builtin_find_inverse, &order, &trial->arena, &report, &undo);
    if (err != ERR_OK)
        fail_msg("undo: %s: %s", err_text(err), trial->executor.reason);
}

static inline void say_where(const char *name, const char *kind, uint32_t number)
{
    if (getenv("TRIALS_TOLD") != NULL)
        print_message("%s with %s at call %u\n", name, kind, number);
}

/* ACTIONS_STRIDE: of so many calls one, for builds that are slow; which one differs by kind. */
static inline uint32_t stride(void)
{
    const char *text = getenv("ACTIONS_STRIDE");
    int number = text == NULL ? 1 : atoi(text);
    return number < 1 ? 1 : (uint32_t)number;
}

/* Whoever adds a step of a provider adds it to its table. (What AWS finds, it finds for an EDR.) */
static inline void assert_every_step_is_tried(
    const char *provider, const struct action *tried, size_t count, const char *table)
{
    const struct builtin *row;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++) {
        const struct builtin *way = builtin_find_of(row->verb, str_from(row->name), provider);
        bool is_tried = row->verb == VERB_UNDO || way == NULL || row->missing != NULL
                        || (row->verb == VERB_FIND && strcmp(provider, "aws") == 0);
        for (size_t one = 0; one < count && !is_tried; one++)
            is_tried = row->verb == tried[one].verb && strcmp(row->name, tried[one].name) == 0;
        if (!is_tried)
            fail_msg("%s does not have %s", table, row->name);
    }
}
