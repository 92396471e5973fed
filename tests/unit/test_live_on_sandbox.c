/* Defender as the sandbox simulates it, over the connection that rules have: triage by live response,
 * and alerts that are fetched. */
#include "microsoft_client.h"
#include "scratch.h"

#include "defender/alerts.h"
#include "defender/connection.h"
#include "fronts.h"
#include "host/http.h"

#include <time.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

enum { TURNS_MAX = 400, SHORTLY_US = 5 * 1000 };

struct scene {
    struct client *client;
    struct clock clock;
    struct http_curl *curl;
    struct scratch scratch; /* for evidence */
    struct rest_connection *connection;
    struct transport *transport;
    struct arena arena;
    struct step step;
};

static int64_t now_really_ms(struct clock *clock)
{
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_shortly(struct clock *clock, uint32_t duration_ms)
{
    (void)clock, (void)duration_ms;
    usleep(SHORTLY_US);
}

static void connect_to(struct scene *scene)
{
    char url[64];
    const char *reason = NULL;
    struct secret secret = { NULL, 0 };
    snprintf(
        url, sizeof(url), "http://127.0.0.1:%u/_microsoft", sandbox_port(scene->client->sandbox));
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-cdr-defender")), ERR_OK);
    struct defender_settings settings = { .tenant = STR(TENANT),
        .client_id = STR("0c0ffee0-0000-4000-8000-00000000c001"),
        .client_secret = &secret,
        .cloud = STR(""),
        .geo = STR(""),
        .url = str_from(url),
        .evidence = str_from(scene->scratch.path) };
    assert_int_equal(http_curl_new(NULL, &scene->curl), ERR_OK);
    assert_int_equal(defender_connection_open(&settings, http_curl_interface(scene->curl), 1,
                         &scene->clock, &scene->arena, &scene->connection, &reason),
        ERR_OK);
    secret_release(&secret);
    scene->transport = rest_connection_transport(scene->connection);
}

static int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->client = client_unlimited();
    scene->clock = (struct clock){ .now_ms = now_really_ms, .sleep_ms = sleep_shortly };
    scene->arena.limit = 256 * 1024 * 1024;
    scene->scratch = scratch_new();
    connect_to(scene);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *scene = *state;
    rest_connection_close(scene->connection);
    http_curl_free(scene->curl);
    scratch_release(&scene->scratch);
    arena_release(&scene->arena);
    client_free(scene->client);
    free(scene);
    return 0;
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

/* As the executor sends it, without waiting as long. */
static struct reply exchange(struct scene *scene, enum step_turn turn)
{
    struct reply reply = { .kind = REPLY_LOST, .body = { "", 0 } };
    const char *reason = NULL;
    if (scene->step.request.delay_ms > 0)
        usleep(SHORTLY_US);
    enum err err = scene->transport->send(scene->transport, &scene->step.request,
        turn == STEP_CHANGE, &scene->arena, &reply, &reason);
    if (err == ERR_REFUSED || err == ERR_CREDENTIALS)
        return (struct reply){ .kind = REPLY_REFUSED, .body = str_from(reason) };
    if (err == ERR_TRANSPORT)
        return (struct reply){ .kind = REPLY_LOST, .body = str_from(reason) };
    assert_int_equal(err, ERR_OK);
    return reply;
}

static enum step_turn collect(struct scene *scene, const char *machine)
{
    value args[STEP_PARAMS_MAX] = { [TRIAGE_HOST] = value_text(str_from(machine)),
        [TRIAGE_TO] = value_text(str_from(scene->scratch.path)) };
    void *state = calloc(1, defender_triage.state_bytes);
    scene->step = (struct step){ .args = args,
        .arena = &scene->arena,
        .key = STR("0badcafe-run-1-step-0"),
        .region = { "", 0 },
        .began_ms = now_really_ms(NULL),
        .state = state,
        .target = { "", 0 },
        .found = { "", 0 } };
    enum step_turn turn = defender_triage.next(&scene->step, NULL);
    for (int turns = 0; !step_turn_is_end(turn); turns++) {
        assert_true(turns < TURNS_MAX);
        struct reply reply = exchange(scene, turn);
        turn = defender_triage.next(&scene->step, &reply);
    }
    free(state);
    return turn;
}

static size_t library_files(struct scene *scene)
{
    json_t *world = control_get(scene->client, "state");
    size_t count =
        json_array_size(json_object_get(json_object_get(world, "microsoft"), "libraryFiles"));
    json_decref(world);
    return count;
}

static void triage_of_a_machine_is_kept_here(void **state)
{
    struct scene *scene = *state;
    size_t before = library_files(scene);
    if (collect(scene, WINDOWS) != STEP_DONE)
        fail_msg("%s", scene->step.reason);
    str url = value_str(scene->step.results.url);
    assert_true(str_startswith(url, STR("file:///")));
    assert_int_equal(access(url.ptr + strlen("file://"), R_OK), 0);
    assert_int_equal(value_str(scene->step.results.sha256).len, 64);
    assert_int_equal(library_files(scene), before);
}

static void triage_of_macos_is_refused(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(collect(scene, MAC), STEP_UNRESOLVED);
    assert_non_null(strstr(scene->step.reason, "macOS"));
    assert_int_equal(collect(scene, ABSENT), STEP_UNRESOLVED);
}

/* Nothing but a lost answer may stay unseen: each fault in turn on each operation. */
static void faults_on_the_way_change_nothing_of_the_end(void **state)
{
    struct scene *scene = *state;
    static const char *const faults[] = { "lose_reply", "fail_before", "fail_after", "html",
        "throttle" };
    static const char *const operations[] = { "UploadLibraryFile", "RunLiveResponse",
        "GetMachineAction", "GetLiveResponseResult", "DeleteLibraryFile" };
    for (size_t fault = 0; fault < COUNT_OF(faults); fault++)
        for (size_t at = 0; at < COUNT_OF(operations); at++) {
            char body[256];
            scene_teardown(state);
            scene_setup(state);
            scene = *state;
            snprintf(body, sizeof(body), "[{\"operation\":\"%s\",\"kind\":\"%s\",\"times\":1}]",
                operations[at], faults[fault]);
            control_post(scene->client, "faults", body);
            assert_int_equal(scene->client->status, 200);
            if (collect(scene, WINDOWS) != STEP_DONE)
                fail_msg("%s of %s: %s", faults[fault], operations[at], scene->step.reason);
        }
}

/* ---- alerts ---- */

struct sink {
    struct poll_sink sink;
    size_t count;
};

static enum err keep(struct poll_sink *self, const struct poll_record *records, size_t count,
    str cursor, size_t *ret_new)
{
    struct sink *sink = (struct sink *)self;
    (void)cursor;
    for (size_t at = 0; at < count; at++)
        assert_true(str_startswith(records[at].text, STR("{")));
    sink->count += count;
    *ret_new = count;
    return ERR_OK;
}

static void alerts_of_both_apis_come_in_once(void **state)
{
    struct scene *scene = *state;
    for (int api = 0; api < 2; api++) {
        struct defender_alerts alerts =
            defender_alerts_of(scene->transport, (enum defender_api)api);
        struct sink sink = { .sink = { keep } };
        struct poller poller;
        const char *reason = NULL;
        size_t found_new = 0;
        alerts.now_ms = now_really_ms(NULL);
        assert_int_equal(
            poll_begin(&poller, STR(""), DEFENDER_ALERTS_OVERLAP_MS, 40 * 365 * DAY_MS), ERR_OK);
        for (int times = 0; times < 2; times++)
            if (poll_look(&poller, &alerts.provider, &sink.sink, &scene->arena, &found_new, &reason)
                != ERR_OK)
                fail_msg("%s", reason);
        assert_true(sink.count > 0);
        assert_int_equal(found_new, 0);
        poll_release(&poller);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(triage_of_a_machine_is_kept_here),
        scene_test(triage_of_macos_is_refused),
        scene_test(faults_on_the_way_change_nothing_of_the_end),
        scene_test(alerts_of_both_apis_come_in_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
