/* Every step of AWS, carried out over a journal, with every call going wrong once.
 *
 * The n-th call is throttled, fails before or after it was applied, loses its reply, is answered by a
 * web page, is denied, or is not shown yet, for every n of every action. Then what was cut off is gone on
 * with, the journal says how it ended, a second run repeats nothing, and the undo restores the world. */
#include "sandbox_client.h"

#include "act/governor.h"
#include "act/undo.h"
#include "aws_actions.h"
#include "store/store.h"

enum { CALLS_MAX = 60, RESUMES_MAX = 3 };

/* A run of one action. */
struct trial {
    struct client *client;
    struct transport *transport;
    struct arena arena;
    struct store *store;
    struct executor executor;
    const struct action *action;
    int64_t run;
};

static struct transport *connect_to(
    struct executor *executor, const char *provider, str account, const char **reterr_reason)
{
    struct trial *trial = executor->self;
    (void)provider;
    (void)account;
    (void)reterr_reason;
    return trial->transport;
}

static void trial_init(struct trial *trial, struct client *client, struct transport *transport,
    const struct action *action)
{
    const char *reason = NULL;
    *trial = (struct trial){ .client = client, .transport = transport, .action = action };
    assert_int_equal(store_open_memory(&trial->arena, &trial->store, &reason), ERR_OK);
    assert_int_equal(store_program_put(trial->store, STR("hash"), STR("[]")), ERR_OK);
    trial->executor = (struct executor){ .mode = MODE_APPLY,
        .store = trial->store,
        .clock = &hasty_clock,
        .connect = connect_to,
        .self = trial };
}

static void trial_release(struct trial *trial)
{
    store_close(trial->store);
    arena_release(&trial->arena);
}

static int64_t run_begin(struct trial *trial)
{
    struct run run = { .alert = STR("a-1"),
        .source = STR("guardduty"),
        .rule = STR("r"),
        .program_hash = STR("hash") };
    assert_int_equal(store_run_begin(trial->store, &run), ERR_OK);
    return run.id;
}

/* Carry the action out in `run`; what was cut off by faults that are over by now is gone on
 * with. */
static struct step_outcome carry_out(struct trial *trial, int64_t run)
{
    value args[STEP_PARAMS_MAX];
    struct step_outcome outcome = { .turn = STEP_FAILED };
    const struct builtin *row =
        builtin_find_of(trial->action->verb, str_from(trial->action->name), "aws");
    assert_non_null(row);
    action_args(trial->action, row, &trial->arena, args);
    struct event event = { .text = STR("{}") };
    struct rule_code rule = { .name = STR("r") };
    struct step_cause cause = { .rule = &rule, .event = &event, .alert = STR("a-1") };
    struct step_order order = {
        .row = row, .args = args, .run = run, .found = STR(""), .cause = &cause
    };
    enum err err = ERR_TRANSPORT;
    for (int tries = 0; tries < RESUMES_MAX && err != ERR_OK; tries++) {
        err = step_execute(&trial->executor, &order, &trial->arena, &outcome);
        assert_true(err == ERR_OK || err == ERR_TRANSPORT || err == ERR_REFUSED);
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(store_run_end(trial->store, run, 1), ERR_OK);
    return outcome;
}

/* The journal has the step as it was told, and no call without an answer or the lack of one. */
static void assert_recorded(struct trial *trial, int64_t run, const struct step_outcome *outcome)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(trial->store, run, &trial->arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(str_is(steps[0].state, step_turn_name(outcome->turn)));
    assert_true(str_equal(steps[0].reason, str_from(outcome->reason)));
    assert_true(steps[0].identity.len > 0);
}

static void undone(struct undo_report *report, const struct undo_step *step)
{
    (void)report;
    if (step->outcome.turn != STEP_DONE)
        fail_msg("undo by %s: %s", step->builtin->name, step->outcome.reason);
}

static void take_back(struct trial *trial, int64_t run)
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

/* What found no target changed nothing. (What failed may have left something that the undo takes
 * away: an empty group.) */
static void assert_told_truly(
    struct trial *trial, const json_t *before, const struct step_outcome *outcome)
{
    if (outcome->turn == STEP_UNRESOLVED)
        assert_restored(trial->client, before);
}

/* A second run, which finds done what it wants, and is given up first because it relies on that. */
static void assert_not_repeated(struct trial *trial)
{
    int64_t run = run_begin(trial);
    size_t applied = applied_count(trial->client);
    if (trial->action->makes_anew)
        return;
    struct step_outcome again = carry_out(trial, run);
    const struct builtin *row =
        builtin_find_of(trial->action->verb, str_from(trial->action->name), "aws");
    assert_int_equal(again.turn, end_of_another(row, again.turn));
    assert_int_equal(applied_count(trial->client), applied);
    take_back(trial, run);
    assert_int_equal(applied_count(trial->client), applied);
}

static void say_where(const char *name, const char *kind, uint32_t number)
{
    if (getenv("TRIALS_TOLD") != NULL)
        print_message("%s with %s at call %u\n", name, kind, number);
}

static void try_fault(struct client *client, struct transport *transport,
    const struct action *action, const char *kind, uint32_t number)
{
    char fault[128];
    struct trial trial;
    say_where(action->name, kind, number);
    control_post(client, "reset", "");
    trial_init(&trial, client, transport, action);
    json_t *before = control_get(client, "state");
    snprintf(
        fault, sizeof(fault), "{\"operation\":\"*\",\"kind\":\"%s\",\"after\":%u}", kind, number);
    control_post(client, "faults", fault);
    int64_t run = run_begin(&trial);
    struct step_outcome outcome = carry_out(&trial, run);
    if (outcome.turn != STEP_DONE && strcmp(kind, "deny") != 0)
        fail_msg("%s with %s at call %u: %s", action->name, kind, number, outcome.reason);
    if (outcome.turn != STEP_DONE && strstr(outcome.reason, "AWS does not allow ") == NULL
        && strstr(outcome.reason, "no way into") == NULL)
        fail_msg("%s with %s at call %u: %s", action->name, kind, number, outcome.reason);
    assert_recorded(&trial, run, &outcome);
    assert_told_truly(&trial, before, &outcome);
    if (action->verb != VERB_CALL) /* who is called knows the same by its key */
        assert_once(client);
    control_post(client, "faults", "[]");
    if (outcome.turn == STEP_DONE)
        assert_not_repeated(&trial);
    take_back(&trial, run);
    if (action->leaves_nothing)
        assert_restored(client, before);
    json_decref(before);
    trial_release(&trial);
}

/* How many calls the action makes when all goes well. */
static uint32_t calls_of(
    struct client *client, struct transport *transport, const struct action *action)
{
    struct trial trial;
    trial_init(&trial, client, transport, action);
    struct step_outcome outcome = carry_out(&trial, run_begin(&trial));
    if (outcome.turn != STEP_DONE)
        fail_msg("%s: %s", action->name, outcome.reason);
    json_t *calls = control_get(client, "calls");
    uint32_t count = (uint32_t)json_array_size(calls);
    json_decref(calls);
    trial_release(&trial);
    return count;
}

/* ACTIONS_STRIDE: of so many calls one, for builds that are slow; which one differs by kind. */
static uint32_t stride(void)
{
    const char *text = getenv("ACTIONS_STRIDE");
    int number = text == NULL ? 1 : atoi(text);
    return number < 1 ? 1 : (uint32_t)number;
}

static void each_call_may_go_wrong_once(void **state)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "stale" };
    struct client *client = *state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct aws_connection *connection = connection_of(client, &arena);
    struct transport *transport = aws_connection_transport(connection);
    for (size_t at = 0; at < COUNT_OF(actions); at++) {
        control_post(client, "reset", "");
        uint32_t calls = calls_of(client, transport, &actions[at]);
        assert_in_range(calls, 2, CALLS_MAX);
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
            for (uint32_t number = (uint32_t)kind % stride(); number < calls; number += stride())
                try_fault(client, transport, &actions[at], kinds[kind], number);
    }
    aws_connection_close(connection);
}

/* Whoever adds a step of AWS adds it to aws_actions.h. */
static void every_step_of_aws_is_tried(void **state)
{
    (void)state;
    const struct builtin *row;
    for (size_t at = 0; (row = builtin_at(at)) != NULL; at++) {
        bool is_tried = row->verb >= VERB_UNDO
                        || builtin_find_of(row->verb, str_from(row->name), "aws") == NULL
                        || row->missing != NULL;
        for (size_t one = 0; one < COUNT_OF(actions) && !is_tried; one++)
            is_tried = row->verb == actions[one].verb && strcmp(row->name, actions[one].name) == 0;
        if (!is_tried)
            fail_msg("aws_actions.h does not have %s", row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_of_aws_is_tried),
        sandbox_test(each_call_may_go_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
