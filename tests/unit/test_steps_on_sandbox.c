/* Every step of AWS against the simulated AWS, with every call going wrong once.
 *
 * For each action: the n-th call is throttled, fails before or after it was applied, loses
 * its reply, is answered by a web page, or is denied, for every n. After that nothing was
 * applied twice, and the recorded undos, newest first, restore the world exactly. */
#include "aws/connection.h"
#include "registry.h"
#include "sandbox_client.h"
#include "table_environment.h"

enum { UNDOS_MAX = 16, CALLS_MAX = 40 };

/* The true time, for signatures; waiting costs none. */
static int64_t now_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

static void sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    (void)duration_ms;
}

static struct clock hasty_clock = { .now_ms = now_ms, .sleep_ms = sleep_ms };

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

struct action {
    enum verb verb;
    const char *name;
    const char *param;
    const char *target;
    bool leaves_nothing; /* its undos restore the whole world */
};

static const struct action actions[] = {
    { VERB_RESPOND, "isolate_role", "instance", "i-01111e1c0ffee0002", true },
    { VERB_RESPOND, "isolate_role", "role", "arn:aws:iam::111122223333:role/batch-stage", true },
    { VERB_RESPOND, "stop_instance", "instance", "i-01111e1c0ffee0001", true },
    { VERB_RESPOND, "isolate_security_group", "instance", "i-01111e1c0ffee0003", true },
    { VERB_COLLECT, "snapshot", "instance", "i-01111e1c0ffee0002", false },
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
        .state = state,
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
    ret_played->row = builtin_find(action->verb, str_from(action->name));
    assert_non_null(ret_played->row);
    for (uint32_t at = 0; at < builtin_param_count(ret_played->row); at++) {
        const char *name = ret_played->row->params[at].name;
        if (strcmp(name, action->param) == 0)
            ret_played->args[at] = value_text(str_from(action->target));
        else if (strcmp(name, "region") == 0)
            ret_played->args[at] = value_text(STR("eu-west-1"));
        else if (strcmp(name, "account") == 0)
            ret_played->args[at] = value_text(STR("111122223333"));
    }
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

/* No change of the log was applied twice to the same thing. */
static void assert_once(struct client *client)
{
    json_t *calls = control_get(client, "calls");
    for (size_t a = 0; a < json_array_size(calls); a++) {
        json_t *first = json_array_get(calls, a);
        for (size_t b = 0; b < a && json_is_true(json_object_get(first, "applied")); b++) {
            json_t *second = json_array_get(calls, b);
            if (json_is_true(json_object_get(second, "applied"))
                && json_equal(
                    json_object_get(first, "operation"), json_object_get(second, "operation"))
                && json_equal(
                    json_object_get(first, "parameters"), json_object_get(second, "parameters")))
                fail_msg(
                    "%s was applied twice", json_string_value(json_object_get(first, "operation")));
        }
    }
    json_decref(calls);
}

static size_t applied_count(struct client *client)
{
    json_t *calls = control_get(client, "calls");
    size_t count = 0;
    for (size_t at = 0; at < json_array_size(calls); at++)
        count += json_is_true(json_object_get(json_array_get(calls, at), "applied"));
    json_decref(calls);
    return count;
}

static struct aws_connection *connection_of(struct client *client, struct arena *arena)
{
    const char *reason = NULL;
    struct aws_connection *connection = NULL;
    const char *url = arena_format(arena, "http://127.0.0.1:%u", sandbox_port(client->sandbox));
    struct table_environment *table = ARENA_NEW(arena, struct table_environment);
    assert_true(url != NULL && table != NULL);
    *table = (struct table_environment)TABLE({ "AWS_ACCESS_KEY_ID", "AKIASANDBOX111122" },
        { "AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333" },
        { "AWS_REGION", "us-east-1" }, { "AWS_ENDPOINT_URL", url },
        { "AWS_SHARED_CREDENTIALS_FILE", "/dev/null" }, { "AWS_CONFIG_FILE", "/dev/null" });
    enum err err =
        aws_connection_open(&table->environment, NULL, &hasty_clock, arena, &connection, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
    return connection;
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

static void assert_restored(struct client *client, const json_t *before)
{
    json_t *after = control_get(client, "state");
    if (!json_equal(before, after)) {
        json_dump_file(before, "build/before.json", JSON_INDENT(1));
        json_dump_file(after, "build/after.json", JSON_INDENT(1));
        fail_msg("the world is not as it was: compare build/before.json and build/after.json");
    }
    json_decref(after);
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
    assert_true(applied > 0);

    act(transport, action, &again);
    assert_int_equal(again.end, STEP_DONE);
    assert_int_equal(applied_count(client), applied);
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

/* One more run, with a fault of `kind` at call `number`. */
static void act_with_fault(struct client *client, struct transport *transport,
    const struct action *action, const char *kind, uint32_t number)
{
    char fault[128];
    struct played done;
    control_post(client, "reset", "");
    json_t *before = control_get(client, "state");
    snprintf(
        fault, sizeof(fault), "{\"operation\":\"*\",\"kind\":\"%s\",\"after\":%u}", kind, number);
    control_post(client, "faults", fault);
    assert_int_equal(client->status, 200);
    act(transport, action, &done);
    if (strcmp(kind, "deny") != 0 && done.end != STEP_DONE)
        fail_msg("%s with %s at call %u: %s", action->name, kind, number, done.step.reason);
    if (done.end != STEP_DONE && strstr(done.step.reason, "AWS does not allow ") == NULL)
        fail_msg("%s with %s at call %u: %s", action->name, kind, number, done.step.reason);
    assert_once(client);
    control_post(client, "faults", "[]");
    take_back(transport, &done);
    if (action->leaves_nothing)
        assert_restored(client, before);
    json_decref(before);
    arena_release(&done.arena);
}

static void act_with_every_fault(
    struct client *client, struct transport *transport, const struct action *action)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "stale" };
    struct played whole;
    act(transport, action, &whole);
    assert_in_range(whole.calls, 4, CALLS_MAX);
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
        for (uint32_t number = 0; number < whole.calls; number++)
            act_with_fault(client, transport, action, kinds[kind], number);
    arena_release(&whole.arena);
}

static void each_call_may_go_wrong_once(void **state)
{
    for_each_action(*state, act_with_every_fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(what_is_done_is_not_done_again_and_is_taken_back),
        sandbox_test(each_call_may_go_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
