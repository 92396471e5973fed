/* Every step of AWS against the simulated AWS, without a journal: what was done is found done, and
 * the recorded undos, newest first, restore the world exactly. With a journal, and every call going
 * wrong: test_actions_in_journal.c. */
#include "sandbox_client.h"

#include "aws_actions.h"

enum { UNDOS_MAX = 16 };

/* What a run of a step leaves. */
struct played {
    struct arena arena;
    const struct builtin *row;
    value args[STEP_PARAMS_MAX];
    struct step step;
    enum step_turn end;
    struct undo undos[UNDOS_MAX];
    uint32_t undos_count;
    uint32_t calls;
};

static struct reply send_once(struct transport *transport, struct played *played, bool is_change)
{
    struct reply reply = { .kind = REPLY_LOST };
    const char *reason = NULL;
    enum err err = transport->send(
        transport, &played->step.request, is_change, &played->arena, &reply, &reason);
    if (err == ERR_REFUSED || err == ERR_CREDENTIALS)
        reply = (struct reply){ REPLY_REFUSED, 0, str_from(reason) };
    else
        assert_true(err == ERR_OK || err == ERR_TRANSPORT);
    return reply;
}

/* Run the row with its arguments to its end. */
static void play(struct transport *transport, struct played *played)
{
    void *state = calloc(1, played->row->state_bytes);
    str none = { "", 0 };
    played->step = (struct step){ .args = played->args,
        .arena = &played->arena,
        .key = STR("0badcafe-run-1-step-0"),
        .alert = STR("{\"key\":\"0badcafe-run-1-step-0\",\"rule\":\"r\",\"alert\":{}}"),
        .state = state,
        .began_ms = now_ms(&hasty_clock),
        .target = none,
        .found = none };
    enum step_turn turn = played->row->next(&played->step, NULL);
    while (!step_turn_is_end(turn)) {
        bool is_change = turn == STEP_CHANGE;
        assert_true(played->calls++ < STEP_TURNS_MAX);
        if (is_change && played->step.undo.builtin != NULL) {
            assert_true(played->undos_count < UNDOS_MAX);
            played->undos[played->undos_count++] = played->step.undo;
        }
        struct reply reply = send_once(transport, played, is_change);
        turn = played->row->next(&played->step, &reply);
    }
    played->end = turn;
    assert_non_null(played->step.reason);
    free(state);
}

static void act(struct transport *transport, const struct action *action, struct played *ret_played)
{
    *ret_played = (struct played){ .arena = ARENA_INIT(STEP_BYTES_MAX) };
    ret_played->row = builtin_find_of(action->verb, str_from(action->name), "aws");
    assert_non_null(ret_played->row);
    action_args(action, ret_played->row, &ret_played->arena, ret_played->args);
    play(transport, ret_played);
}

/* Take it back, newest change first. */
static void take_back(struct transport *transport, const struct played *done)
{
    for (uint32_t at = done->undos_count; at > 0; at--) {
        const struct undo *undo = &done->undos[at - 1];
        struct played played = { .arena = ARENA_INIT(STEP_BYTES_MAX) };
        played.row = builtin_find_inverse(str_from(undo->builtin));
        assert_non_null(played.row);
        memcpy(played.args, undo->args, sizeof(undo->args));
        play(transport, &played);
        if (played.end != STEP_DONE)
            fail_msg("%s: %s", undo->builtin, played.step.reason);
        arena_release(&played.arena);
    }
}

typedef void trial(struct client *client, struct transport *transport, const struct action *action);

static void for_each_action(struct client *client, trial *try)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct aws_connection *connection = connection_of(client, &arena);
    for (size_t at = 0; at < COUNT_OF(actions); at++) {
        control_post(client, "reset", "");
        try(client, aws_connection_transport(connection), &actions[at]);
    }
    aws_connection_close(connection);
}

static void act_and_take_back(
    struct client *client, struct transport *transport, const struct action *action)
{
    struct played done, again;
    json_t *before = control_get(client, "state");
    act(transport, action, &done);
    if (done.end != STEP_DONE)
        fail_msg("%s: %s", action->name, done.step.reason);
    size_t applied = applied_count(client);
    assert_true(applied > 0 || action->sends_anew); /* logs may have nothing to keep */

    act(transport, action, &again);
    assert_int_equal(again.end, end_of_another(again.row, again.end));
    if (!action->sends_anew && applied_count(client) != applied)
        fail_msg("%s was done twice", action->name);
    assert_int_equal(again.undos_count, 0);

    take_back(transport, &done);
    if (action->leaves_nothing)
        assert_restored(client, before);
    json_decref(before);
    arena_release(&done.arena);
    arena_release(&again.arena);
}

static void what_is_done_is_not_done_again_and_is_taken_back(void **state)
{
    for_each_action(*state, act_and_take_back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(what_is_done_is_not_done_again_and_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
