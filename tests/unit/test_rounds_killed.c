/* Ways that ask AWS, in a process that is killed at any moment, again and again: afterwards each
 * finding and each message is in the journal once, and none is left in the queue. */
#include "sandbox_client.h"

#include "scratch.h"
#include "serve/blocks.h"
#include "serve/rounds.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/111122223333/cdr-findings"
#define CONFIG                                                                                     \
    "daemon { rules = [\"rules\"]\n  poll gd { provider = guardduty every = 1s since = 20000d }\n" \
    "  queue findings { url = \"" QUEUE "\" } }\n"

enum { FINDINGS = 150, MESSAGES = 200, KILLS = 12, KILL_MS_MAX = 400, PATIENCE_S = 60 };

static void path_of(const char *directory, const char *name, char path[static 256])
{
    snprintf(path, 256, "%s/%s", directory, name);
}

/* ---- the process that is killed ---- */

static struct way *begin(struct daemon *daemon, way_start *start, const char *kind)
{
    struct arena arena = ARENA_INIT(1024 * 1024);
    const char *reason = NULL;
    struct way *way = NULL;
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    if (start(daemon, block_find(set->program, kind), &arena, &way, &reason) != ERR_OK)
        fprintf(stderr, "%s: %s\n", kind, reason == NULL ? "" : reason);
    rule_set_release(daemon->rule_sets, set);
    arena_release(&arena);
    return way;
}

/* Bring alerts to the journal in `directory` until it is told to end by the end of its input. */
static int serve(const char *directory)
{
    struct arena arena = ARENA_INIT(16 * 1024 * 1024);
    struct driver driver = { .clock = clock_system() };
    char config[256], data[256], byte;
    const char *reason = NULL;
    path_of(directory, "cdr.cdr", config);
    path_of(directory, "data", data);
    struct daemon daemon = { .driver = &driver,
        .log = { .fd = 2, .most = LOG_LEVEL_ERROR, .clock = clock_system() },
        .config = config };
    if (store_open(data, &arena, &daemon.store, &reason) != ERR_OK
        || metrics_new(&daemon.metrics) != ERR_OK)
        return 1;
    struct rule_sets_options rules = { .config = config,
        .store = daemon.store,
        .clock = clock_system(),
        .log = &daemon.log,
        .metrics = daemon.metrics };
    struct intake_options intake = { .store = daemon.store };
    if (rule_sets_open(&rules, &daemon.rule_sets) != ERR_OK
        || intake_start(&intake, &daemon.intake) != ERR_OK)
        return 1;
    struct way *poll = begin(&daemon, poll_start, "poll");
    struct way *queue = begin(&daemon, queue_start, "queue");
    if (poll == NULL || queue == NULL)
        return 1;
    (void)!read(0, &byte, 1);
    poll->stop(poll);
    queue->stop(queue);
    intake_stop(daemon.intake);
    rule_sets_close(daemon.rule_sets);
    metrics_free(daemon.metrics);
    store_close(daemon.store);
    arena_release(&arena);
    return 0;
}

/* ---- who kills it ---- */

struct child {
    pid_t pid;
    int input;
};

static struct child child_new(const char *directory)
{
    int ends[2];
    char self[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(length > 0);
    self[length] = '\0';
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[0], 0);
        execl(self, self, directory, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    return (struct child){ pid, ends[1] };
}

static void child_kill(struct child child)
{
    int status;
    kill(child.pid, SIGKILL);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFSIGNALED(status)); /* and did not end by itself */
    close(child.input);
}

static void child_end(struct child child)
{
    int status;
    close(child.input);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static uint64_t alert_count(const char *directory)
{
    struct arena arena = ARENA_INIT(1024 * 1024);
    struct store *store = NULL;
    const char *reason = NULL;
    uint64_t counts[ALERT_STATE_COUNT] = { 0 };
    char data[256];
    path_of(directory, "data", data);
    if (store_open_reader(data, &arena, &store, &reason) == ERR_OK)
        assert_int_equal(alerts_count(store, counts), ERR_OK);
    store_close(store);
    arena_release(&arena);
    return counts[ALERT_WAITING];
}

static void put(const char *directory, const char *name, const char *text)
{
    char path[256];
    path_of(directory, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* The world that ships, whose queue shows at once again what was not deleted. */
static struct client *hasty_client(void)
{
    struct client *shipped = client_new(STR(""));
    json_t *world = control_get(shipped, "state");
    json_t *account = json_array_get(json_object_get(world, "accounts"), 0);
    json_t *region = json_array_get(json_object_get(account, "regions"), 0);
    json_t *queue = json_array_get(json_object_get(region, "queues"), 0);
    json_object_set_new(queue, "visibilityTimeout", json_integer(1));
    char *text = json_dumps(world, 0);
    client_free(shipped);
    struct client *client = client_new(str_from(text));
    free(text);
    json_decref(world);
    return client;
}

static void world_fill(struct client *client)
{
    struct buf body = BUF_INIT(1024 * 1024);
    for (int at = 0; at < FINDINGS; at++)
        buf_addf(&body,
            "%c{\"id\":\"f%d\",\"accountId\":\"111122223333\",\"region\":\"eu-west-1\","
            "\"updatedAt\":\"2026-02-01T00:00:%02d.000Z\",\"service\":{\"archived\":false}}",
            at == 0 ? '[' : ',', at, at % 3);
    buf_add(&body, STR("]"));
    control_post(client, "findings", buf_str(&body).ptr);
    assert_int_equal(client->status, 200);
    buf_release(&body);
    for (int at = 0; at < MESSAGES; at++) {
        char message[256];
        snprintf(message, sizeof(message),
            "{\"QueueUrl\":\"" QUEUE "\",\"MessageBody\":\"{\\\"n\\\":%d}\"}", at);
        client->header = "X-Amz-Target: AmazonSQS.SendMessage";
        client_send(client, "POST", "/", "sqs", "application/x-amz-json-1.0", str_from(message));
        client->header = NULL;
        assert_int_equal(client->status, 200);
    }
}

static size_t queue_size(struct client *client)
{
    json_t *world = control_get(client, "state");
    json_t *account = json_array_get(json_object_get(world, "accounts"), 0);
    json_t *region = json_array_get(json_object_get(account, "regions"), 0);
    json_t *queue = json_array_get(json_object_get(region, "queues"), 0);
    size_t size = json_array_size(json_object_get(queue, "messages"));
    json_decref(world);
    return size;
}

static void nothing_is_lost_or_doubled_by_kills(void **state)
{
    (void)state;
    struct scratch scratch = scratch_new();
    struct client *client = hasty_client();
    char path[256], url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", sandbox_port(client->sandbox));
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIASANDBOX111122", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "sandbox-secret-of-111122223333", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    path_of(scratch.path, "rules", path);
    assert_int_equal(mkdir(path, 0700), 0);
    put(scratch.path, "rules/one.cdr", "rule one { when severity = high then collect snapshot }\n");
    put(scratch.path, "cdr.cdr", CONFIG);
    world_fill(client);
    /* Most kills come while an answer is under way, and some answers are lost. */
    control_post(client, "faults",
        "[{\"operation\":\"DeleteMessageBatch\",\"kind\":\"lose_reply\",\"after\":3},"
        "{\"operation\":\"GetFindings\",\"kind\":\"fail_after\",\"times\":2,\"after\":9},"
        "{\"operation\":\"DeleteMessageBatch\",\"kind\":\"slow\",\"times\":30,"
        "\"milliseconds\":60},{\"operation\":\"GetFindings\",\"kind\":\"slow\",\"times\":100,"
        "\"milliseconds\":10}]");
    assert_int_equal(client->status, 200);
    srand(5);
    for (int at = 0; at < KILLS; at++) {
        struct child child = child_new(scratch.path);
        clock_system()->sleep_ms(clock_system(), (uint32_t)(rand() % KILL_MS_MAX));
        child_kill(child);
    }
    struct child last = child_new(scratch.path);
    for (int at = 0; queue_size(client) > 0 || alert_count(scratch.path) < FINDINGS + MESSAGES + 1;
         at++) {
        if (at > PATIENCE_S * 10)
            fail_msg("%u alerts are in, %zu messages are left", (unsigned)alert_count(scratch.path),
                queue_size(client));
        clock_system()->sleep_ms(clock_system(), 100);
    }
    clock_system()->sleep_ms(clock_system(), 2000); /* another look */
    child_end(last);
    assert_int_equal(alert_count(scratch.path), FINDINGS + MESSAGES + 1);
    client_free(client);
    scratch_release(&scratch);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled_by_kills),
    };
    if (count == 2)
        return serve(arguments[1]);
    return cmocka_run_group_tests_name("rounds_killed", tests, NULL, NULL);
}
