/* Ways in that ask AWS, whole: a sandbox that is asked, threads that ask, the intake and a journal
 * that they bring alerts to. */
#include "sandbox_client.h"

#include "daemon/log.h"
#include "serve/blocks.h"
#include "serve/rounds.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/111122223333/cdr-findings"
#define RULE "rule one { when severity = high then respond isolate_role }\n"
#define WAYS                                                                                       \
    "daemon { rules = [\"rules\"]\n  poll gd { provider = guardduty every = 1s since = 20000d }\n" \
    "  queue findings { url = \"" QUEUE "\" source = guardduty } }\n"

enum { WAIT_MS_MAX = 20 * 1000, LOOK_MS = 20, STOP_MS_MAX = 1500 };

struct scene {
    struct fixture fixture;
    struct client *client;
    struct driver driver;
    struct daemon daemon;
    char config[256];
    char log[256];
    struct way *way;
};

static void path_of(const struct scene *scene, const char *name, char path[static 256])
{
    snprintf(path, 256, "%s/%s", scene->fixture.scratch.path, name);
}

static void put(const struct scene *scene, const char *name, const char *text)
{
    char path[256];
    path_of(scene, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void parts_make(struct scene *scene)
{
    char path[256];
    path_of(scene, "rules", path);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(scene, "cdr.cdr", scene->config);
    path_of(scene, "log", scene->log);
    put(scene, "cdr.cdr", WAYS);
    put(scene, "rules/one.cdr", RULE);
    scene->driver = (struct driver){ .clock = clock_system() };
    scene->daemon = (struct daemon){ .driver = &scene->driver,
        .log = { .fd = open(scene->log, O_CREAT | O_APPEND | O_RDWR | O_CLOEXEC, 0600),
            .most = LOG_LEVEL_INFO,
            .clock = clock_system() },
        .config = scene->config,
        .store = scene->fixture.store };
    struct daemon *daemon = &scene->daemon;
    assert_int_equal(metrics_new(&daemon->metrics), ERR_OK);
    struct rule_sets_options rules = { .config = scene->config,
        .store = daemon->store,
        .clock = clock_system(),
        .log = &daemon->log,
        .metrics = daemon->metrics };
    struct intake_options intake = { .store = daemon->store };
    assert_int_equal(rule_sets_open(&rules, &daemon->rule_sets), ERR_OK);
    assert_int_equal(intake_start(&intake, &daemon->intake), ERR_OK);
}

static int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    char url[64];
    assert_non_null(scene);
    scene->fixture = fixture_new();
    scene->client = client_new(STR(""));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", sandbox_port(scene->client->sandbox));
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIASANDBOX111122", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    parts_make(scene);
    *state = scene;
    return 0;
}

static void way_end(struct scene *scene)
{
    int64_t began_ms = clock_system()->now_ms(clock_system());
    if (scene->way == NULL)
        return;
    scene->way->stop(scene->way);
    scene->way = NULL;
    assert_in_range(clock_system()->now_ms(clock_system()) - began_ms, 0, STOP_MS_MAX);
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    way_end(scene);
    intake_stop(scene->daemon.intake);
    rule_sets_close(scene->daemon.rule_sets);
    metrics_free(scene->daemon.metrics);
    close(scene->daemon.log.fd);
    client_free(scene->client);
    fixture_release(&scene->fixture);
    free(scene);
    return 0;
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

static void way_begin(struct scene *scene, way_start *start, const char *kind)
{
    struct arena arena = ARENA_INIT(1024 * 1024);
    const char *reason = NULL;
    struct rule_set *set = rule_sets_current(scene->daemon.rule_sets);
    enum err err =
        start(&scene->daemon, block_find(set->program, kind), &arena, &scene->way, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason == NULL ? "" : reason);
    rule_set_release(scene->daemon.rule_sets, set);
    arena_release(&arena);
}

static uint64_t alert_count(struct scene *scene)
{
    uint64_t counts[ALERT_STATE_COUNT];
    assert_int_equal(alerts_count(scene->daemon.store, counts), ERR_OK);
    return counts[ALERT_WAITING] + counts[ALERT_EVALUATED] + counts[ALERT_DEAD];
}

static size_t log_count(const struct scene *scene, const char *words)
{
    char text[16 * 1024];
    ssize_t got = pread(scene->daemon.log.fd, text, sizeof(text) - 1, 0);
    size_t count = 0;
    text[got < 0 ? 0 : got] = '\0';
    for (const char *at = strstr(text, words); at != NULL; at = strstr(at + 1, words))
        count++;
    return count;
}

/* Until the way has asked once more. */
static void await_round(struct scene *scene)
{
    struct metrics *metrics = scene->daemon.metrics;
    double last = metrics_get(metrics, METRIC_WAY_LAST, scene->way->name);
    for (unsigned waited = 0; !(metrics_get(metrics, METRIC_WAY_LAST, scene->way->name) > last);
         waited += LOOK_MS) {
        if (waited > WAIT_MS_MAX)
            fail_msg("it asks no more");
        clock_system()->sleep_ms(clock_system(), LOOK_MS);
    }
}

/* Until there are so many alerts and, afterwards, the way has asked once more. */
static void await_alerts(struct scene *scene, uint64_t count)
{
    for (unsigned waited = 0; alert_count(scene) < count; waited += LOOK_MS) {
        if (waited > WAIT_MS_MAX)
            fail_msg(
                "%u alerts came in, and not %u", (unsigned)alert_count(scene), (unsigned)count);
        clock_system()->sleep_ms(clock_system(), LOOK_MS);
    }
    await_round(scene);
    await_round(scene);
    assert_int_equal(alert_count(scene), count);
}

static void await_log(struct scene *scene, const char *words)
{
    for (unsigned waited = 0; log_count(scene, words) == 0; waited += LOOK_MS) {
        if (waited > WAIT_MS_MAX)
            fail_msg("never told: %s", words);
        clock_system()->sleep_ms(clock_system(), LOOK_MS);
    }
}

static bool has_cursor(struct scene *scene)
{
    struct arena arena = ARENA_INIT(64 * 1024);
    str cursor;
    enum err err = cursors_get(scene->daemon.store, STR("poll gd"), &arena, &cursor);
    arena_release(&arena);
    return err == ERR_OK;
}

static void add_finding(struct scene *scene, const char *id)
{
    char body[512];
    snprintf(body, sizeof(body),
        "[{\"id\":\"%s\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\","
        "\"updatedAt\":\"2026-02-01T00:00:00.000Z\",\"service\":{\"archived\":false}}]",
        id);
    control_post(scene->client, "findings", body);
    assert_int_equal(scene->client->status, 200);
}

static void send_text(struct scene *scene, const char *text)
{
    json_t *json = json_pack("{s:s,s:s}", "QueueUrl", QUEUE, "MessageBody", text);
    char *body = json_dumps(json, 0);
    scene->client->header = "X-Amz-Target: AmazonSQS.SendMessage";
    client_send(scene->client, "POST", "/", "sqs", "application/x-amz-json-1.0", str_from(body));
    scene->client->header = NULL;
    assert_int_equal(scene->client->status, 200);
    free(body);
    json_decref(json);
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

/* ---- GuardDuty ---- */

static void findings_come_in_once_and_the_cursor_with_them(void **state)
{
    struct scene *scene = *state;
    way_begin(scene, poll_start, "poll");
    await_alerts(scene, 1);
    assert_true(has_cursor(scene));
    add_finding(scene, "f1");
    await_alerts(scene, 2);
    way_end(scene);
    add_finding(scene, "f2"); /* while nobody looks */
    way_begin(scene, poll_start, "poll");
    await_alerts(scene, 3); /* and what is read again is known */
}

static void alerts_say_who_brought_them_and_whose_they_are(void **state)
{
    struct scene *scene = *state;
    struct arena arena = ARENA_INIT(8 * 1024 * 1024);
    struct alert_record record;
    way_begin(scene, poll_start, "poll");
    await_alerts(scene, 1);
    assert_int_equal(alerts_get(scene->daemon.store, 1, &arena, &record), ERR_OK);
    assert_true(str_is(record.way, "poll gd"));
    assert_true(str_is(record.forced_source, "guardduty"));
    assert_non_null(memmem(record.text.ptr, record.text.len, "\"service\":{", 11));
    arena_release(&arena);
}

static void a_failure_is_told_once_and_is_over_when_it_is_over(void **state)
{
    struct scene *scene = *state;
    control_post(scene->client, "faults",
        "[{\"operation\":\"ListFindings\",\"kind\":\"deny\",\"times\":2}]");
    way_begin(scene, poll_start, "poll");
    await_alerts(scene, 1);
    assert_int_equal(log_count(scene, "a way in cannot ask for alerts"), 1);
    assert_int_equal(log_count(scene, "AccessDenied"), 1);
    assert_int_equal(log_count(scene, "a way in gets alerts again"), 1);
    assert_true(metrics_get(scene->daemon.metrics, METRIC_PROVIDER_FAILED, STR("aws")) >= 2);
}

static void the_connection_is_that_of_the_rules_in_force(void **state)
{
    struct scene *scene = *state;
    bool is_new = false;
    way_begin(scene, poll_start, "poll");
    await_alerts(scene, 1);
    put(scene, "cdr.cdr",
        "connection somewhere_else { provider = aws region = \"us-east-1\" }\n" WAYS);
    assert_int_equal(rule_sets_look(scene->daemon.rule_sets, true, &is_new), ERR_OK);
    assert_true(is_new);
    await_log(scene, "not switched on");
    assert_true(
        metrics_get(scene->daemon.metrics, METRIC_PROVIDER_FAILED, STR("somewhere_else")) >= 1);
    put(scene, "cdr.cdr", WAYS);
    assert_int_equal(rule_sets_look(scene->daemon.rule_sets, true, &is_new), ERR_OK);
    add_finding(scene, "f1");
    await_alerts(scene, 2);
}

static void a_cursor_of_another_kind_is_told_at_the_start(void **state)
{
    struct scene *scene = *state;
    struct arena arena = ARENA_INIT(1024 * 1024);
    const char *reason = NULL;
    struct way *way = NULL;
    struct rule_set *set = rule_sets_current(scene->daemon.rule_sets);
    assert_int_equal(
        cursors_set(scene->daemon.store, STR("poll gd"), STR("{\"version\":9}"), 1), ERR_OK);
    assert_int_equal(
        poll_start(&scene->daemon, block_find(set->program, "poll"), &arena, &way, &reason),
        ERR_INVALID);
    assert_non_null(strstr(reason, "poll gd"));
    rule_set_release(scene->daemon.rule_sets, set);
    arena_release(&arena);
}

/* ---- SQS ---- */

static void messages_come_in_once_and_leave_the_queue(void **state)
{
    struct scene *scene = *state;
    char text[64];
    for (int at = 0; at < 23; at++) {
        snprintf(text, sizeof(text), "{\"n\":%d}", at % 20); /* three of them twice */
        send_text(scene, text);
    }
    send_text(scene, "this is no JSON");
    way_begin(scene, queue_start, "queue");
    await_alerts(scene, 21);
    assert_int_equal(queue_size(scene), 0);
    assert_true(
        metrics_get(scene->daemon.metrics, METRIC_ALERTS_RECEIVED, STR("queue findings")) >= 24);
    assert_true(
        metrics_get(scene->daemon.metrics, METRIC_ALERTS_KNOWN, STR("queue findings")) >= 3);
}

static void a_message_that_is_not_deleted_is_told_and_kept_once(void **state)
{
    struct scene *scene = *state;
    send_text(scene, "{\"n\":1}");
    control_post(scene->client, "faults",
        "[{\"operation\":\"DeleteMessageBatch\",\"kind\":\"deny\",\"times\":1}]");
    way_begin(scene, queue_start, "queue");
    await_alerts(scene, 1);
    assert_int_equal(queue_size(scene), 1); /* hidden for a while: it comes again */
    assert_int_equal(log_count(scene, "a way in cannot ask for alerts"), 1);
}

static void a_way_that_fails_ends_quickly_too(void **state)
{
    struct scene *scene = *state;
    sandbox_stop(scene->client->sandbox);
    scene->client->sandbox = NULL;
    way_begin(scene, queue_start, "queue");
    await_log(scene, "a way in cannot ask for alerts");
    way_end(scene); /* which looks how long it took */
    assert_int_equal(alert_count(scene), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(findings_come_in_once_and_the_cursor_with_them),
        scene_test(alerts_say_who_brought_them_and_whose_they_are),
        scene_test(a_failure_is_told_once_and_is_over_when_it_is_over),
        scene_test(the_connection_is_that_of_the_rules_in_force),
        scene_test(a_cursor_of_another_kind_is_told_at_the_start),
        scene_test(messages_come_in_once_and_leave_the_queue),
        scene_test(a_message_that_is_not_deleted_is_told_and_kept_once),
        scene_test(a_way_that_fails_ends_quickly_too),
    };
    return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}
