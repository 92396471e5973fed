/* collect logs against the simulated CloudTrail and S3, with every call going wrong once. */
#include "sandbox_client.h"
#include "aws_actions.h"

enum { CALLS_MAX = 40 };

#define BUCKET "cdr-evidence-111122223333"
#define WEB "i-01111e1c0ffee0001"

struct played {
    struct arena arena;
    value args[STEP_PARAMS_MAX];
    struct step step;
    enum step_turn end;
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

/* What is recorded of the instance until a moment from now. */
static void collect(struct transport *transport, struct played *played)
{
    static const struct action action = { VERB_COLLECT, "logs",
        { { "instance", WEB }, { "to", "s3://" BUCKET "/cases" } }, false, true, true };
    const struct builtin *row = builtin_find(VERB_COLLECT, STR("logs"));
    void *state = calloc(1, row->state_bytes);
    *played = (struct played){ .arena = ARENA_INIT(STEP_BYTES_MAX) };
    action_args(&action, row, &played->arena, played->args);
    played->step = (struct step){ .args = played->args,
        .arena = &played->arena,
        .key = STR("0badcafe-1-0"),
        .region = STR("us-east-1"),
        .began_ms = now_ms(NULL) + 2000,
        .state = state,
        .target = { "", 0 },
        .found = { "", 0 } };
    enum step_turn turn = row->next(&played->step, NULL);
    while (!step_turn_is_end(turn)) {
        assert_true(played->calls++ < CALLS_MAX);
        struct reply reply = send_once(transport, played, turn == STEP_CHANGE);
        turn = row->next(&played->step, &reply);
    }
    played->end = turn;
    assert_non_null(played->step.reason);
    free(state);
}

static size_t objects_count(struct client *client)
{
    json_t *state = control_get(client, "state");
    json_t *account = json_array_get(json_object_get(state, "accounts"), 0);
    json_t *bucket = json_array_get(json_object_get(account, "buckets"), 0);
    size_t count = json_array_size(json_object_get(bucket, "objects"));
    json_decref(state);
    return count;
}

static void what_was_done_is_kept(void **state)
{
    struct client *client = *state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct aws_connection *connection = connection_of(client, &arena);
    struct played played;
    EC2("StopInstances", "InstanceId.1=" WEB);
    collect(aws_connection_transport(connection), &played);
    if (played.end != STEP_DONE)
        fail_msg("%s", played.step.reason);
    assert_int_equal(objects_count(client), 1);
    assert_non_null(strstr(played.step.reason, "1 events about instance " WEB));
    assert_int_equal(value_str(played.step.results.sha256).len, 64);
    arena_release(&played.arena);
    aws_connection_close(connection);
}

static void each_call_may_go_wrong_once(void **state)
{
    static const char *const kinds[] = { "throttle", "fail_before", "fail_after", "lose_reply",
        "html", "deny", "stale" };
    struct client *client = *state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct aws_connection *connection = connection_of(client, &arena);
    struct transport *transport = aws_connection_transport(connection);
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
        for (uint32_t number = 0; number < 6; number++) {
            char fault[128];
            struct played played;
            control_post(client, "reset", "");
            EC2("StopInstances", "InstanceId.1=" WEB);
            snprintf(fault, sizeof(fault), "{\"operation\":\"*\",\"kind\":\"%s\",\"after\":%u}",
                kinds[kind], (unsigned)number);
            control_post(client, "faults", fault);
            collect(transport, &played);
            bool is_denied = strcmp(kinds[kind], "deny") == 0;
            if (played.end != STEP_DONE && !is_denied)
                fail_msg("%s at call %u: %s", kinds[kind], (unsigned)number, played.step.reason);
            if (played.end != STEP_DONE)
                assert_non_null(strstr(played.step.reason, "AWS does not allow "));
            else
                assert_int_equal(objects_count(client), 1);
            arena_release(&played.arena);
        }
    aws_connection_close(connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(what_was_done_is_kept),
        sandbox_test(each_call_may_go_wrong_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
