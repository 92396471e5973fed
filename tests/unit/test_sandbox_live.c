/* Live response as the sandbox simulates it: the library, sessions, scripts that really run. */
#include "microsoft_client.h"

#include "collector/collector.h"

#include <unistd.h>

#define BOUNDARY "0c0de0000000000000000000000000ff"
#define KEY "a1b2c3"

/* The world that ships with these limits, as text to be freed. */
static char *world_with(const char *limits)
{
    struct client *client = client_new(STR(""));
    json_t *world = control_get(client, "state");
    json_object_set_new(json_object_get(world, "microsoft"), "limits", json_loads(limits, 0, NULL));
    char *text = json_dumps(world, 0);
    json_decref(world);
    client_free(client);
    return text;
}

/* A client with a token for Defender, of a sandbox with such limits and a folder for hosts. */
static struct client *live_client(const char *limits)
{
    char path[] = "/tmp/cdr-live-XXXXXX";
    char *world = world_with(limits);
    assert_non_null(mkdtemp(path));
    struct client *client =
        client_begin(&(struct sandbox_options){ .world = str_from(world), .hosts = path });
    client->region = arena_copy(&client->arena, str_from(path)).ptr; /* to remove it again */
    log_in(client, CDR, DEFENDER_SCOPE);
    free(world);
    return client;
}

static int live_setup(void **state)
{
    *state = live_client("{\"liveResponseAMinute\":0}");
    return 0;
}

static int limited_setup(void **state)
{
    *state = live_client("{\"liveResponseSessions\":2}");
    return 0;
}

static int live_teardown(void **state)
{
    struct client *client = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf -- '%s'", client->region);
    client_teardown(state);
    return system(command);
}

#define live_test(test) cmocka_unit_test_setup_teardown(test, live_setup, live_teardown)
#define limited_test(test) cmocka_unit_test_setup_teardown(test, limited_setup, live_teardown)

/* Upload a file into the library; the status. */
static long upload(struct client *client, const char *name, str content, const char *override)
{
    struct buf body = BUF_INIT(10 << 20);
    buf_addf(&body,
        "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n",
        name);
    buf_add(&body, content);
    buf_addf(&body,
        "\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"Description\"\r\n\r\nof a "
        "test\r\n--" BOUNDARY
        "\r\nContent-Disposition: form-data; name=\"OverrideIfExists\"\r\n\r\n%s\r\n--" BOUNDARY
        "--\r\n",
        override);
    client_send(client, "POST", "/_microsoft/api/libraryfiles", NULL,
        "multipart/form-data; boundary=" BOUNDARY, buf_str(&body));
    buf_release(&body);
    return client->status;
}

/* Commands as JSON: COMMAND("GetFile", "Path", "/x"). */
#define COMMAND(type, key, value)                                                                  \
    "{\"type\":\"" type "\",\"params\":[{\"key\":\"" key "\",\"value\":\"" value "\"}]}"

/* Ask for a session with these commands; its id, "" when refused. */
static const char *run(struct client *client, const char *machine, const char *commands)
{
    const char *path = arena_format(&client->arena, "/api/machines/%s/runliveresponse", machine);
    const char *body =
        arena_format(&client->arena, "{\"Comment\":\"a test\",\"Commands\":[%s]}", commands);
    return microsoft(client, "POST", path, body) == 201 ? reply_text(client, "id") : "";
}

/* Look until it is over, ten seconds at most; the last status. */
static const char *wait_for(struct client *client, const char *id)
{
    const char *status = "";
    for (int looks = 0; looks < 500; looks++) {
        microsoft(client, "GET", arena_format(&client->arena, "/api/machineactions/%s", id), "");
        status = reply_text(client, "status");
        if (strcmp(status, "Pending") != 0 && strcmp(status, "InProgress") != 0)
            break;
        usleep(20 * 1000);
    }
    return status;
}

/* What command `index` brought, in the client's body; the status of the link. */
static long fetch(struct client *client, const char *id, int index)
{
    const char *token = client->header;
    microsoft(client, "GET",
        arena_format(&client->arena,
            "/api/machineactions/%s/GetLiveResponseResultDownloadLink(index=%d)", id, index),
        "");
    if (client->status != 200)
        return client->status;
    client->header = NULL; /* links need no token */
    client_send(client, "GET", strstr(reply_text(client, "value"), "/_microsoft"), NULL,
        "text/plain", STR(""));
    client->header = token;
    return client->status;
}

/* ---- the library ---- */

static void a_file_is_kept_listed_and_deleted(void **state)
{
    struct client *client = *state;
    char binary[] = { 'M', 'Z', '\0', (char)0xff, '\r', '\n', '-', '-' };
    assert_int_equal(upload(client, "tool.exe", (str){ binary, sizeof(binary) }, "false"), 200);
    assert_string_equal(reply_text(client, "fileName"), "tool.exe");
    assert_int_equal(strlen(reply_text(client, "sha256")), 64);
    assert_null(json_object_get(reply_of(client), "content"));
    assert_int_equal(microsoft(client, "GET", "/api/libraryfiles", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
    assert_int_equal(microsoft(client, "DELETE", "/api/libraryfiles/tool.exe", ""), 204);
    microsoft(client, "DELETE", "/api/libraryfiles/tool.exe", "");
    assert_microsoft_refused(404, "ResourceNotFound", "tool.exe");
}

static void a_file_is_not_replaced_unless_it_is_said(void **state)
{
    struct client *client = *state;
    assert_int_equal(upload(client, "x.sh", STR("echo 1\n"), "false"), 200);
    upload(client, "x.sh", STR("echo 2\n"), "false");
    assert_microsoft_refused(400, "BadRequest", "already exists");
    assert_int_equal(upload(client, "x.sh", STR("echo 3\n"), "true"), 200);
    assert_int_equal(microsoft(client, "GET", "/api/libraryfiles", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
}

static void a_library_takes_no_other_files(void **state)
{
    struct client *client = *state;
    upload(client, "../x.sh", STR("echo\n"), "false");
    assert_microsoft_refused(400, "BadRequest", "name");
    upload(client, "x.sh", STR(""), "false");
    assert_microsoft_refused(400, "BadRequest", "empty");
    upload(client, "x.sh", STR("echo\n"), "perhaps");
    assert_microsoft_refused(400, "InvalidRequestBody", "OverrideIfExists");
    assert_int_equal(microsoft(client, "POST", "/api/libraryfiles", "{}"), 415);
}

/* ---- commands ---- */

static void commands_are_read_strictly(void **state)
{
    static const struct {
        const char *body;
        const char *code;
    } cases[] = {
        { "{\"Commands\":[" COMMAND("GetFile", "Path", "/x") "]}", "MissingRequiredParameter" },
        { "{\"Comment\":\"x\"}", "MissingRequiredParameter" },
        { "{\"Comment\":\"x\",\"Commands\":[]}", "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":{}}", "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"commands\":[" COMMAND("GetFile", "Path", "/x") "]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[" COMMAND("getfile", "Path", "/x") "]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[" COMMAND("GetFile", "path", "/x") "]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[" COMMAND("GetFile", "Path", "") "]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[" COMMAND("RunScript", "Args", "x") "]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[{\"Type\":\"GetFile\",\"params\":[]}]}",
            "InvalidRequestBody" },
        { "{\"Comment\":\"x\",\"Commands\":[{\"type\":\"GetFile\",\"Params\":[]}]}",
            "InvalidRequestBody" },
    };
    struct client *client = *state;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        microsoft(client, "POST", "/api/machines/" LINUX "/runliveresponse", cases[at].body);
        assert_microsoft_refused(400, cases[at].code, "target");
    }
}

static void a_machine_has_one_session_at_a_time(void **state)
{
    struct client *client = *state;
    const char *id = run(client, WINDOWS, COMMAND("GetFile", "Path", "C:\\\\x"));
    run(client, WINDOWS, COMMAND("GetFile", "Path", "C:\\\\y"));
    assert_microsoft_refused(400, "ActiveRequestAlreadyExists", "already in progress");
    assert_string_equal(wait_for(client, id), "Failed"); /* there is no such file */
    assert_says("The file was not found.");
    assert_string_not_equal(run(client, WINDOWS, COMMAND("GetFile", "Path", "C:\\\\z")), "");
}

static void ten_calls_a_minute_are_taken(void **state)
{
    struct client *client = *state;
    for (int at = 0; at < 10; at++)
        run(client, ABSENT, COMMAND("GetFile", "Path", "/x"));
    assert_microsoft_refused(404, "ResourceNotFound", ABSENT);
    run(client, LINUX, COMMAND("GetFile", "Path", "/x"));
    assert_microsoft_refused(429, "TooManyRequests", "quota");
}

static void so_many_sessions_are_open_at_once(void **state)
{
    struct client *client = *state;
    const char *commands = COMMAND("GetFile", "Path", "/x");
    run(client, LINUX, commands);
    const char *id = run(client, WINDOWS, commands);
    run(client, MAC, commands);
    assert_microsoft_refused(429, "TooManyRequests", "sessions");
    wait_for(client, id);
    assert_string_not_equal(run(client, MAC, commands), "");
}

/* ---- a host that runs ---- */

static void a_script_runs_on_its_host_with_its_arguments(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        upload(client, "say.sh", STR("printf '%s|' \"$@\"; echo oops >&2; cat note.txt; exit 3\n"),
            "false"),
        200);
    assert_int_equal(upload(client, "note.txt", STR("a note\n"), "false"), 200);
    const char *id = run(client, LINUX,
        COMMAND("PutFile", "FileName", "note.txt") ",{\"type\":\"RunScript\",\"params\":[{\"key\":"
                                                   "\"ScriptName\",\"value\":\"say.sh\"},{\"key\":"
                                                   "\"Args\",\"value\":\"'a b' '$(id)' "
                                                   "';'\"}]}," COMMAND(
                                                       "GetFile", "Path", "note.txt"));
    assert_string_equal(wait_for(client, id), "Succeeded");
    assert_int_equal(fetch(client, id, 0), 404); /* PutFile brings nothing */
    assert_int_equal(fetch(client, id, 1), 200);
    assert_string_equal(reply_text(client, "script_output"), "a b|$(id)|;|a note\n");
    assert_string_equal(reply_text(client, "script_errors"), "oops\n");
    assert_string_equal(reply_text(client, "script_name"), "say.sh");
    assert_int_equal(json_integer_value(json_object_get(reply_of(client), "exit_code")), 3);
    assert_int_equal(fetch(client, id, 2), 200);
    assert_string_equal(client->body.ptr, "a note\n");
    assert_int_equal(fetch(client, id, 3), 404);
}

static void a_command_that_fails_ends_the_session(void **state)
{
    struct client *client = *state;
    const char *id = run(client, LINUX,
        COMMAND("PutFile", "FileName", "absent") "," COMMAND("GetFile", "Path", "/etc/passwd"));
    assert_string_equal(wait_for(client, id), "Failed");
    const json_t *commands = json_object_get(reply_of(client), "commands");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(commands, 0), "commandStatus")), "Failed");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(commands, 1), "commandStatus")),
        "Created");
    id = run(client, LINUX, COMMAND("GetFile", "Path", "/etc/passwd"));
    assert_string_equal(wait_for(client, id), "Failed"); /* no file of the host's folder */
}

/* ---- the collector ---- */

/* Put a script into the library and run it; what it printed. */
static const char *run_script(
    struct client *client, const char *machine, const char *name, str script)
{
    assert_non_null(script.ptr);
    assert_int_equal(upload(client, name, script, "true"), 200);
    const char *id = run(client, machine,
        arena_format(&client->arena, COMMAND("RunScript", "ScriptName", "%s"), name));
    if (strcmp(wait_for(client, id), "Succeeded") != 0)
        fail_msg("%s: %s", name, client->body.ptr);
    assert_int_equal(fetch(client, id, 0), 200);
    return reply_text(client, "script_output");
}

static struct collector_status status_of(
    struct client *client, const char *machine, enum platform platform)
{
    struct collector_status status;
    const char *printed = run_script(
        client, machine, "status.ps1", collector_status_script(&client->arena, platform, STR(KEY)));
    assert_int_equal(collector_status_read(&client->arena, str_from(printed), &status), ERR_OK);
    return status;
}

/* The whole of it as triage does it, on a host that pretends. */
static void a_windows_host_pretends_to_collect(void **state)
{
    struct client *client = *state;
    struct collection what = { .key = STR(KEY), .put_url = STR("") };
    assert_int_equal(status_of(client, WINDOWS, PLATFORM_WINDOWS).state, COLLECTOR_NONE);
    str script = collector_start_script(&client->arena, PLATFORM_WINDOWS, &what);
    assert_string_equal(
        run_script(client, WINDOWS, "start.ps1", script), "cdr-collector started\n");
    assert_string_equal(
        run_script(client, WINDOWS, "start.ps1", script), "cdr-collector running\n");
    assert_int_equal(status_of(client, WINDOWS, PLATFORM_WINDOWS).state, COLLECTOR_RUNNING);
    assert_int_equal(status_of(client, WINDOWS, PLATFORM_WINDOWS).state, COLLECTOR_RUNNING);
    struct collector_status status = status_of(client, WINDOWS, PLATFORM_WINDOWS);
    assert_int_equal(status.state, COLLECTOR_COMPLETE);
    json_t *path =
        json_string(collector_archive_path(&client->arena, PLATFORM_WINDOWS, STR(KEY)).ptr);
    char *quoted = json_dumps(path, JSON_ENCODE_ANY);
    const char *id = run(client, WINDOWS,
        arena_format(&client->arena,
            "{\"type\":\"GetFile\",\"params\":[{\"key\":\"Path\",\"value\":%s}]}", quoted));
    assert_string_equal(wait_for(client, id), "Succeeded");
    assert_int_equal(fetch(client, id, 0), 200);
    char hash[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex(buf_str(&client->body), hash), ERR_OK);
    assert_true(str_is(status.sha256, hash));
    free(quoted);
    json_decref(path);
}

/* The collector itself, on a host that runs; what it finds is this machine. */
static void a_linux_host_really_collects(void **state)
{
    struct client *client = *state;
    struct collection what = { .key = STR(KEY),
        .plan = STR("{\"linux\":{\"take\":[\"system\"],\"time\":30},\"profile\":\"small\"}"),
        .put_url = STR("") };
    struct collector_status status = { .state = COLLECTOR_NONE };
    str script = collector_start_script(&client->arena, PLATFORM_LINUX, &what);
    assert_string_equal(run_script(client, LINUX, "start.sh", script), "cdr-collector started\n");
    for (int looks = 0; looks < 60 && status.state <= COLLECTOR_RUNNING; looks++) {
        usleep(500 * 1000);
        status = status_of(client, LINUX, PLATFORM_LINUX);
    }
    if (status.state != COLLECTOR_COMPLETE && status.state != COLLECTOR_PARTIAL)
        fail_msg("%.*s", STR_ARG(status.why));
    const char *path = collector_archive_path(&client->arena, PLATFORM_LINUX, STR(KEY)).ptr;
    const char *id =
        run(client, LINUX, arena_format(&client->arena, COMMAND("GetFile", "Path", "%s"), path));
    assert_string_equal(wait_for(client, id), "Succeeded");
    assert_int_equal(fetch(client, id, 0), 200);
    char hash[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex(buf_str(&client->body), hash), ERR_OK);
    assert_true(str_is(status.sha256, hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        live_test(a_file_is_kept_listed_and_deleted),
        live_test(a_file_is_not_replaced_unless_it_is_said),
        live_test(a_library_takes_no_other_files),
        live_test(commands_are_read_strictly),
        live_test(a_machine_has_one_session_at_a_time),
        limited_test(ten_calls_a_minute_are_taken),
        limited_test(so_many_sessions_are_open_at_once),
        live_test(a_script_runs_on_its_host_with_its_arguments),
        live_test(a_command_that_fails_ends_the_session),
        live_test(a_windows_host_pretends_to_collect),
        live_test(a_linux_host_really_collects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
