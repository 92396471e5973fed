/* call lambda and call webhook: told by a script, and over a journal on the simulated AWS. */
#include "sandbox_client.h"

#include "aws_actions.h"
#include "script.h"

#define FUNCTION "arn:aws:lambda:eu-west-1:" OURS ":function:on-alert"
#define API "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/alerts"
#define WHO ASK("GetCallerIdentity", "", CALLER_USER)
#define INVOKE_STATUS(status, body)                                                                \
    {                                                                                              \
        "Invoke", true, "", REPLY_RECEIVED, status, body                                           \
    }

static void call(struct script *script, const char *name, const char *param, const char *text)
{
    script_begin(script, VERB_CALL, name);
    script_set(script, param, text);
    script->is_elsewhere = true; /* the address says where */
}

static void a_function_is_handed_the_alert_and_not_waited_for(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO, INVOKE_STATUS(202, "") };
    struct script script;
    call(&script, "lambda", "function", FUNCTION);
    assert_int_equal(PLAY(&script, exchanges), STEP_DONE);
    assert_reason(&script, "its result is not waited for");
    assert_null(script.undos[0].builtin);
    assert_non_null(strstr(script.sent[1].ptr, "eu-west-1"));
    script_end(&script);
}

static void a_function_elsewhere_is_not_called(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = { WHO };
    struct script script;
    call(&script, "lambda", "function", "arn:aws:lambda:eu-west-1:444455556666:function:f");
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    script_end(&script);
    call(&script, "lambda", "function", "arn:aws:sns:eu-west-1:" OURS ":topic");
    assert_int_equal(PLAY(&script, exchanges), STEP_UNRESOLVED);
    assert_reason(&script, "is no Lambda function");
    script_end(&script);
}

static void what_lambda_declines_did_not_arrive(void **state)
{
    (void)state;
    static const struct exchange missing[] = { WHO,
        INVOKE_STATUS(404, "{\"Type\":\"User\",\"Message\":\"Function not found: on-alert\"}") };
    static const struct exchange lost_first[] = { WHO, CHANGE_WITHOUT("Invoke", "", LOST),
        INVOKE_STATUS(403, "{\"Message\":\"no\"}") };
    struct script script;
    call(&script, "lambda", "function", FUNCTION);
    assert_int_equal(PLAY(&script, missing), STEP_FAILED);
    assert_reason(&script, "Function not found: on-alert");
    script_end(&script);
    call(&script, "lambda", "function", FUNCTION);
    assert_int_equal(PLAY(&script, lost_first), STEP_UNKNOWN);
    script_end(&script);
}

static void a_lost_request_is_sent_again_with_the_same_key(void **state)
{
    (void)state;
    static const struct exchange once[] = { WHO, CHANGE_WITHOUT("Invoke", "", LOST),
        INVOKE_STATUS(202, "") };
    static const struct exchange never[] = { WHO, CHANGE_WITHOUT("Invoke", "", LOST),
        INVOKE_STATUS(503, "busy"), CHANGE_WITHOUT("Invoke", "", LOST) };
    struct script script;
    call(&script, "webhook", "url", API);
    assert_int_equal(PLAY(&script, once), STEP_DONE);
    assert_true(str_is(script.step.request.once, "0badcafe-run-1-step-0"));
    script_end(&script);
    call(&script, "webhook", "url", API);
    assert_int_equal(PLAY(&script, never), STEP_UNKNOWN);
    assert_true(script.waited_ms > 0);
    script_end(&script);
}

static void an_answer_counts_by_its_status_alone(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum step_turn end;
    } cases[] = { { 200, "<html><p>thank you", STEP_DONE },
        { 201, "{\"__type\":\"x\"}", STEP_DONE }, { 204, "", STEP_DONE },
        { 200, "{broken", STEP_DONE }, { 302, "<html>elsewhere</html>", STEP_FAILED },
        { 400, "<html>", STEP_FAILED }, { 404, "{\"message\":\"Not Found\"}", STEP_FAILED } };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        struct exchange exchanges[] = { WHO, INVOKE_STATUS(cases[at].status, cases[at].body) };
        struct script script;
        call(&script, "webhook", "url", API);
        if (PLAY(&script, exchanges) != cases[at].end)
            fail_msg("%d %s: %s", cases[at].status, cases[at].body, script.step.reason);
        script_end(&script);
    }
}

static void other_addresses_are_not_called(void **state)
{
    (void)state;
    static const char *const urls[] = { "https://hooks.example/a", "http://abc.execute-api.x.y/z",
        "https://execute-api.eu-west-1.amazonaws.com/prod", "https://a.b/abc.execute-api.r.x/",
        "" };
    for (size_t at = 0; at < COUNT_OF(urls); at++) {
        struct script script;
        call(&script, "webhook", "url", urls[at]);
        assert_int_equal(script_play(&script, NULL, 0), STEP_UNRESOLVED);
        assert_reason(&script, "needs a webhook connection");
        script_end(&script);
    }
}

static struct reply send_to(
    struct transport *transport, struct step *step, const struct request *request)
{
    struct reply reply = { .kind = REPLY_LOST };
    const char *reason = "";
    enum err err = transport->send(transport, request, true, step->arena, &reply, &reason);
    if (err != ERR_OK)
        fail_msg("%s", reason);
    return reply;
}

/* Play the row against the simulated AWS. */
static enum step_turn play_there(
    struct client *client, struct arena *arena, const char *name, value *args, struct step *step)
{
    const struct builtin *row = builtin_find(VERB_CALL, str_from(name));
    struct aws_connection *connection = connection_of(client, arena);
    struct transport *transport = aws_connection_transport(connection);
    *step = (struct step){ .args = args,
        .arena = arena,
        .key = STR("0badcafe-run-1-step-0"),
        .alert = STR("{\"key\":\"0badcafe-run-1-step-0\",\"alert\":{}}"),
        .state = arena_alloc(arena, row->state_bytes, 16) };
    enum step_turn turn = row->next(step, NULL);
    while (!step_turn_is_end(turn)) {
        struct reply reply = send_to(transport, step, &step->request);
        turn = row->next(step, &reply);
    }
    aws_connection_close(connection);
    return turn;
}

static void both_arrive_at_the_simulated_aws(void **state)
{
    struct client *client = *state;
    struct step step;
    value lambda[STEP_PARAMS_MAX] = { value_text(STR(FUNCTION)) };
    value webhook[STEP_PARAMS_MAX] = { value_text(STR(API)) };
    value text[STEP_PARAMS_MAX] = { value_text(STR(API)), value_text(STR("high: look")) };
    if (play_there(client, &client->arena, "lambda", lambda, &step) != STEP_DONE)
        fail_msg("%s", step.reason);
    if (play_there(client, &client->arena, "webhook", webhook, &step) != STEP_DONE)
        fail_msg("%s", step.reason);
    if (play_there(client, &client->arena, "webhook", text, &step) != STEP_DONE)
        fail_msg("%s", step.reason);
    json_t *world = control_get(client, "state");
    char *shown = json_dumps(world, JSON_COMPACT);
    assert_non_null(strstr(shown, "\"events\":[{\"key\":\"0badcafe-run-1-step-0\",\"alert\":{}}]"));
    assert_non_null(strstr(shown, "\"idempotencyKey\":\"0badcafe-run-1-step-0\","
                                  "\"contentType\":\"application/json\",\"body\":\"{\\\"key\\\""));
    assert_non_null(
        strstr(shown, "\"contentType\":\"text/plain; charset=utf-8\",\"body\":\"high: look\""));
    free(shown);
    json_decref(world);
    value gone[STEP_PARAMS_MAX] = { value_text(
        STR("arn:aws:lambda:eu-west-1:111122223333:function:x")) };
    assert_int_equal(play_there(client, &client->arena, "lambda", gone, &step), STEP_FAILED);
    assert_non_null(strstr(step.reason, "Function not found: x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_handed_the_alert_and_not_waited_for),
        cmocka_unit_test(a_function_elsewhere_is_not_called),
        cmocka_unit_test(what_lambda_declines_did_not_arrive),
        cmocka_unit_test(a_lost_request_is_sent_again_with_the_same_key),
        cmocka_unit_test(an_answer_counts_by_its_status_alone),
        cmocka_unit_test(other_addresses_are_not_called),
        sandbox_test(both_arrive_at_the_simulated_aws),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
