/* Findings of GuardDuty and messages of SQS, fetched from the sandbox by our own connection. */
#include "sandbox_client.h"

#include "aws/connection.h"
#include "aws/findings.h"
#include "aws/messages.h"
#include "table_environment.h"

#include <stdlib.h>

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/111122223333/cdr-findings"
#define DETECTOR "12abc34d567e8fa901bc2d34e56789f0"
#define DAY_MS (24 * 60 * 60 * (int64_t)1000)

enum { KEPT_MAX = 500 };

static void sleep_never(struct clock *clock, uint32_t duration_ms)
{
    (void)clock, (void)duration_ms;
}

static int64_t now_really_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->now_ms(clock_system());
}

/* A sandbox, a connection to it, and what was kept. */
struct scene {
    struct client *client;
    struct clock clock;
    struct aws_connection *connection;
    struct transport *transport;
    struct arena arena; /* of a question */
    struct poll_sink sink;
    char *kept[KEPT_MAX];
    size_t count;
    char cursor[POLL_CURSOR_TEXT_MAX];
    struct poller poller;
};

static enum err keep(struct poll_sink *sink, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct scene *scene = (struct scene *)((char *)sink - offsetof(struct scene, sink));
    *ret_new = 0;
    for (size_t at = 0; at < count; at++) {
        bool is_known = false;
        for (size_t other = 0; other < scene->count; other++)
            is_known = is_known || str_is(records[at].text, scene->kept[other]);
        if (is_known)
            continue;
        assert_true(scene->count < KEPT_MAX);
        scene->kept[scene->count++] = strndup(records[at].text.ptr, records[at].text.len);
        ++*ret_new;
    }
    if (cursor.len > 0)
        snprintf(scene->cursor, sizeof(scene->cursor), "%.*s", STR_ARG(cursor));
    return ERR_OK;
}

static int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    const char *reason = NULL;
    char url[64];
    assert_non_null(scene);
    scene->client = client_new(STR(""));
    scene->clock = (struct clock){ .now_ms = now_really_ms, .sleep_ms = sleep_never };
    scene->arena.limit = 64 * 1024 * 1024;
    scene->sink.keep = keep;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", sandbox_port(scene->client->sandbox));
    struct table_environment table =
        TABLE({ "AWS_ENDPOINT_URL", url }, { "AWS_ACCESS_KEY_ID", "AKIASANDBOX111122" },
            { "AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333" },
            { "AWS_REGION", "eu-west-1" });
    assert_int_equal(aws_connection_open(&table.environment, NULL, &scene->clock,
                         &scene->client->arena, &scene->connection, &reason),
        ERR_OK);
    scene->transport = aws_connection_transport(scene->connection);
    /* The findings that ship are of years ago. */
    assert_int_equal(poll_begin(&scene->poller, STR(""), 0, 40 * 365 * DAY_MS), ERR_OK);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    for (size_t at = 0; at < scene->count; at++)
        free(scene->kept[at]);
    poll_release(&scene->poller);
    aws_connection_close(scene->connection);
    arena_release(&scene->arena);
    client_free(scene->client);
    free(scene);
    return 0;
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

static enum err look(struct scene *scene, const char *region, const char **reterr_reason)
{
    struct aws_findings findings = aws_findings_of(scene->transport, str_from(region));
    size_t found_new = 0;
    findings.now_ms = aws_connection_now_ms(scene->connection);
    return poll_look(
        &scene->poller, &findings.provider, &scene->sink, &scene->arena, &found_new, reterr_reason);
}

static void look_well(struct scene *scene)
{
    const char *reason = NULL;
    enum err err = look(scene, "", &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason == NULL ? "" : reason);
}

/* `count` findings of that time, numbered from `first`. */
static void add_findings(struct scene *scene, unsigned first, unsigned count, const char *updated)
{
    struct buf body = BUF_INIT(4 * 1024 * 1024);
    for (unsigned at = first; at < first + count; at++)
        buf_addf(&body,
            "%c{\"id\":\"f%u\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\","
            "\"type\":\"Recon:EC2/Portscan\",\"updatedAt\":\"%s\",\"service\":{\"count\":1,"
            "\"archived\":false,\"detectorId\":\"" DETECTOR "\"}}",
            at == first ? '[' : ',', at, updated);
    buf_add(&body, STR("]"));
    control_post(scene->client, "findings", buf_str(&body).ptr);
    assert_int_equal(scene->client->status, 200);
    buf_release(&body);
}

static size_t count_kept(const struct scene *scene, const char *words)
{
    size_t count = 0;
    for (size_t at = 0; at < scene->count; at++)
        count += strstr(scene->kept[at], words) != NULL;
    return count;
}

/* ---- GuardDuty ---- */

static void findings_of_many_pages_come_in_once(void **state)
{
    struct scene *scene = *state;
    add_findings(scene, 0, 120, "2026-02-01T00:00:00.000Z"); /* more than a page of one moment */
    add_findings(scene, 120, 60, "2026-02-02T00:00:00.000Z");
    look_well(scene);
    assert_int_equal(scene->count, 181);
    assert_string_equal(scene->cursor, ""); /* tokens had to be followed: looked at once more */
    look_well(scene);
    assert_int_equal(scene->count, 181);
    assert_string_not_equal(scene->cursor, "");
    add_findings(scene, 120, 1, "2026-02-03T00:00:00.000Z"); /* an update */
    look_well(scene);
    assert_int_equal(scene->count, 182);
    assert_int_equal(count_kept(scene, "\"id\":\"f120\""), 2);
}

static void what_is_fetched_is_what_the_source_of_guardduty_reads(void **state)
{
    struct scene *scene = *state;
    look_well(scene);
    assert_int_equal(scene->count, 1);
    assert_int_equal(count_kept(scene, "\"detectorId\""), 1);
    assert_int_equal(count_kept(scene, "Backdoor:EC2/C&CActivity.B"), 1);
}

static void archived_findings_are_not_fetched(void **state)
{
    struct scene *scene = *state;
    control_post(scene->client, "findings",
        "[{\"id\":\"gone\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\","
        "\"updatedAt\":\"2026-02-01T00:00:00.000Z\",\"service\":{\"archived\":true}}]");
    look_well(scene);
    assert_int_equal(count_kept(scene, "gone"), 0);
}

static void faults_on_the_way_lose_no_finding(void **state)
{
    struct scene *scene = *state;
    static const char *const faults[] = {
        "[{\"operation\":\"ListFindings\",\"kind\":\"throttle\",\"times\":2}]",
        "[{\"operation\":\"GetFindings\",\"kind\":\"fail_before\",\"times\":9,\"after\":2}]",
        "[{\"operation\":\"GetFindings\",\"kind\":\"lose_reply\",\"times\":9,\"after\":1}]",
        "[{\"operation\":\"*\",\"kind\":\"html\",\"times\":9,\"after\":3}]",
        "[{\"operation\":\"ListDetectors\",\"kind\":\"deny\",\"times\":9}]",
    };
    add_findings(scene, 0, 120, "2026-02-01T00:00:00.000Z");
    for (size_t at = 0; at < COUNT_OF(faults); at++) {
        const char *reason = NULL;
        control_post(scene->client, "faults", faults[at]);
        enum err err = look(scene, "", &reason);
        if ((err == ERR_OK) != (at == 0))
            fail_msg("%s: %s: %s", faults[at], err_text(err), reason);
        if (err != ERR_OK)
            assert_non_null(reason);
    }
    control_post(scene->client, "faults", "[]");
    look_well(scene);
    look_well(scene);
    assert_int_equal(scene->count, 121);
}

static void a_region_without_a_detector_is_told(void **state)
{
    const char *reason = NULL;
    assert_int_equal(look(*state, "us-east-1", &reason), ERR_NOT_FOUND);
    assert_non_null(strstr(reason, "not switched on"));
}

/* ---- SQS ---- */

static void send_text(struct scene *scene, const char *text)
{
    json_t *body = json_pack("{s:s,s:s}", "QueueUrl", QUEUE, "MessageBody", text);
    char *dump = json_dumps(body, 0);
    struct request request = { .service = "sqs",
        .operation = "SendMessage",
        .region = STR(""),
        .target = STR("q"),
        .body = str_from(dump) };
    struct reply reply;
    const char *reason = NULL;
    assert_int_equal(
        scene->transport->send(scene->transport, &request, true, &scene->arena, &reply, &reason),
        ERR_OK);
    assert_int_equal(reply.status, 200);
    free(dump);
    json_decref(body);
}

static size_t receive(struct scene *scene, struct aws_message messages[static SQS_BATCH_MAX])
{
    size_t count = 0, broken = 0;
    const char *reason = NULL;
    assert_int_equal(
        aws_messages_receive(scene->transport, aws_queue_region(STR(QUEUE)), STR(QUEUE),
            SQS_BATCH_MAX, 0, &scene->arena, messages, &count, &broken, &reason),
        ERR_OK);
    assert_int_equal(broken, 0);
    return count;
}

static size_t queue_size(struct scene *scene)
{
    json_t *world = control_get(scene->client, "state");
    json_t *account = json_array_get(json_object_get(world, "accounts"), 0);
    json_t *region = json_array_get(json_object_get(account, "regions"), 0);
    json_t *queue = json_array_get(json_object_get(region, "queues"), 0);
    size_t size = json_array_size(json_object_get(queue, "messages"));
    json_decref(world);
    return size;
}

static void messages_are_there_until_they_are_deleted(void **state)
{
    struct scene *scene = *state;
    struct aws_message messages[SQS_BATCH_MAX];
    const char *reason = NULL;
    size_t failed = 0;
    send_text(scene, "{\"source\":\"aws.guardduty\"}");
    send_text(scene, "no JSON \xc3\xa9");
    assert_int_equal(receive(scene, messages), 2);
    assert_true(str_is(messages[0].text, "{\"source\":\"aws.guardduty\"}"));
    assert_true(str_is(messages[1].text, "no JSON \xc3\xa9"));
    assert_int_equal(queue_size(scene), 2);
    assert_int_equal(aws_messages_delete(scene->transport, STR(""), STR(QUEUE), messages, 2,
                         &scene->arena, &failed, &reason),
        ERR_OK);
    assert_int_equal(failed, 0);
    assert_int_equal(queue_size(scene), 0);
    assert_int_equal(receive(scene, messages), 0);
}

static void the_envelope_of_a_topic_is_taken_off(void **state)
{
    struct scene *scene = *state;
    struct aws_message messages[SQS_BATCH_MAX];
    send_text(scene,
        "{\"Type\":\"Notification\",\"TopicArn\":\"arn:aws:sns:eu-west-1:111122223333:t\","
        "\"Message\":\"{\\\"id\\\":1}\"}");
    /* An alert that has a message of its own, and no topic. */
    send_text(scene, "{\"Type\":\"Notification\",\"Message\":\"x\"}");
    assert_int_equal(receive(scene, messages), 2);
    assert_true(str_is(messages[0].text, "{\"id\":1}"));
    assert_true(str_is(messages[1].text, "{\"Type\":\"Notification\",\"Message\":\"x\"}"));
}

/* ---- answers that no sandbox gives ---- */

struct canned {
    struct transport transport; /* first */
    int status;
    const char *body;
};

static enum err canned_send(struct transport *transport, const struct request *request,
    bool is_change, struct arena *arena, struct reply *ret_reply, const char **reterr_reason)
{
    struct canned *canned = (struct canned *)transport;
    (void)request, (void)is_change, (void)arena, (void)reterr_reason;
    *ret_reply = (struct reply){ REPLY_RECEIVED, canned->status, str_from(canned->body) };
    return ERR_OK;
}

static void broken_bodies_are_left_in_the_queue(void **state)
{
    (void)state;
    struct canned canned = { { .send = canned_send }, 200,
        "{\"Messages\":[{\"Body\":\"a\",\"MD5OfBody\":\"0cc175b9c0f1b6a831c399e269772661\","
        "\"ReceiptHandle\":\"r1\"},{\"Body\":\"b\",\"MD5OfBody\":"
        "\"0cc175b9c0f1b6a831c399e269772661\",\"ReceiptHandle\":\"r2\"},{}]}" };
    struct arena arena = ARENA_INIT(1024 * 1024);
    struct aws_message messages[SQS_BATCH_MAX];
    const char *reason = NULL;
    size_t count = 0, broken = 0;
    assert_int_equal(aws_messages_receive(&canned.transport, STR(""), STR(QUEUE), 10, 0, &arena,
                         messages, &count, &broken, &reason),
        ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(broken, 2);
    assert_true(str_is(messages[0].receipt, "r1"));
    arena_release(&arena);
}

static void messages_that_are_not_deleted_are_counted_and_told(void **state)
{
    (void)state;
    struct canned canned = { { .send = canned_send }, 200,
        "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\",\"Code\":"
        "\"ReceiptHandleIsInvalid\","
        "\"SenderFault\":true}]}" };
    struct arena arena = ARENA_INIT(1024 * 1024);
    struct aws_message messages[2] = { { STR("a"), STR("r1") }, { STR("b"), STR("r2") } };
    const char *reason = NULL;
    size_t failed = 0;
    assert_int_equal(aws_messages_delete(&canned.transport, STR(""), STR(QUEUE), messages, 2,
                         &arena, &failed, &reason),
        ERR_OK);
    assert_int_equal(failed, 1);
    assert_non_null(strstr(reason, "ReceiptHandleIsInvalid"));
    arena_release(&arena);
}

static void answers_that_are_none_are_errors(void **state)
{
    (void)state;
    static const struct canned answers[] = {
        { { .send = canned_send }, 200, "<html>" },
        { { .send = canned_send }, 200, "[]" },
        { { .send = canned_send }, 200, "" },
        { { .send = canned_send }, 502, "<html>" },
        { { .send = canned_send }, 403,
            "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}" },
        { { .send = canned_send }, 200, "{\"detectorIds\":[\"d\"],\"nextToken\":\"x\"}" },
    };
    for (size_t at = 0; at < COUNT_OF(answers); at++) {
        struct canned canned = answers[at];
        struct arena arena = ARENA_INIT(16 * 1024 * 1024);
        struct aws_findings findings = aws_findings_of(&canned.transport, STR(""));
        struct poller poller;
        struct poll_sink sink = { keep };
        const char *reason = NULL;
        size_t found_new = 0;
        assert_int_equal(poll_begin(&poller, STR(""), 0, DAY_MS), ERR_OK);
        enum err err = poll_look(&poller, &findings.provider, &sink, &arena, &found_new, &reason);
        assert_true(err == ERR_TRANSPORT || err == ERR_LIMIT);
        assert_non_null(reason);
        poll_release(&poller);
        arena_release(&arena);
    }
}

static void queues_say_which_region_they_are_in(void **state)
{
    (void)state;
    assert_true(str_is(aws_queue_region(STR(QUEUE)), "eu-west-1"));
    assert_true(str_is(aws_queue_region(STR("https://sqs-fips.us-gov-west-1.amazonaws.com/1/q")),
        "us-gov-west-1"));
    assert_true(
        str_is(aws_queue_region(STR("https://eu-west-2.queue.amazonaws.com/1/q")), "eu-west-2"));
    assert_true(str_is(
        aws_queue_region(STR("https://vpce-1.sqs.eu-west-3.vpce.amazonaws.com/1/q")), "eu-west-3"));
    assert_true(str_is(aws_queue_region(STR("http://127.0.0.1:9324/000000000000/q")), ""));
    assert_true(str_is(aws_queue_region(STR("")), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(findings_of_many_pages_come_in_once),
        scene_test(what_is_fetched_is_what_the_source_of_guardduty_reads),
        scene_test(archived_findings_are_not_fetched),
        scene_test(faults_on_the_way_lose_no_finding),
        scene_test(a_region_without_a_detector_is_told),
        scene_test(messages_are_there_until_they_are_deleted),
        scene_test(the_envelope_of_a_topic_is_taken_off),
        cmocka_unit_test(broken_bodies_are_left_in_the_queue),
        cmocka_unit_test(messages_that_are_not_deleted_are_counted_and_told),
        cmocka_unit_test(answers_that_are_none_are_errors),
        cmocka_unit_test(queues_say_which_region_they_are_in),
    };
    return cmocka_run_group_tests_name("alerts_on_sandbox", tests, NULL, NULL);
}
