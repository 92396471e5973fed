/* Every step of AWS, carried out over a journal, with every call going wrong once.
 *
 * The n-th call is throttled, fails before or after it was applied, loses its reply, is answered by a
 * web page, is denied, or is not shown yet, for every n of every action. Then what was cut off is gone on
 * with, the journal says how it ended, a second run repeats nothing, and the undo restores the world. */
#include "sandbox_client.h"

#include "aws_actions.h"
#include "journal_trial.h"

static struct transport *connect_aws(struct providers *self, const char *provider)
{
    return strcmp(provider, "aws") == 0 ? self->self : NULL;
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
    assert_int_equal(again.turn, end_of_another(trial_row(trial), again.turn));
    assert_int_equal(applied_count(trial->client), applied);
    take_back(trial, run);
    assert_int_equal(applied_count(trial->client), applied);
}

static void try_fault(
    struct providers *providers, const struct action *action, const char *kind, uint32_t number)
{
    char fault[128];
    struct trial trial;
    struct client *client = providers->client;
    say_where(action->name, kind, number);
    control_post(client, "reset", "");
    trial_init(&trial, providers, "aws", action);
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
static uint32_t calls_of(struct providers *providers, const struct action *action)
{
    struct trial trial;
    trial_init(&trial, providers, "aws", action);
    struct step_outcome outcome = carry_out(&trial, run_begin(&trial));
    if (outcome.turn != STEP_DONE)
        fail_msg("%s: %s", action->name, outcome.reason);
    json_t *calls = control_get(providers->client, "calls");
    uint32_t count = (uint32_t)json_array_size(calls);
    json_decref(calls);
    trial_release(&trial);
    return count;
}

static void each_call_may_go_wrong_once(void **state)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "stale" };
    struct client *client = *state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct aws_connection *connection = connection_of(client, &arena);
    struct providers providers = {
        .client = client, .connect = connect_aws, .self = aws_connection_transport(connection)
    };
    for (size_t at = 0; at < COUNT_OF(actions); at++) {
        control_post(client, "reset", "");
        uint32_t calls = calls_of(&providers, &actions[at]);
        assert_in_range(calls, 2, CALLS_MAX);
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
            for (uint32_t number = (uint32_t)kind % stride(); number < calls; number += stride())
                try_fault(&providers, &actions[at], kinds[kind], number);
    }
    aws_connection_close(connection);
}

static void every_step_of_aws_is_tried(void **state)
{
    (void)state;
    assert_every_step_is_tried("aws", actions, COUNT_OF(actions), "aws_actions.h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_of_aws_is_tried),
        sandbox_test(each_call_may_go_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
