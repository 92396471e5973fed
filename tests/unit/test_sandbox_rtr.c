#include "falcon_client.h"

#include "base/sha256.h"
#include "collector/collector.h"
#include "sandbox/fake_host.h"
#include "scratch.h"

#include <unistd.h>
#include <zlib.h>

#define WEB_1 "1111000000000000c0ffee0000000001"
#define FIN_WS_7 "1111000000000000c0ffee0000000002"
#define BUILD_2 "1111000000000000c0ffee0000000003"
#define MAC_3 "1111000000000000c0ffee0000000004"
#define KIOSK_5 "1111000000000000c0ffee0000000005"
#define RTR "/real-time-response/entities/"

static long open_session(struct client *client, const char *device, bool queue)
{
    return falcon(client, "POST", RTR "sessions/v1",
        arena_format(&client->arena,
            "{\"device_id\":\"%s\",\"origin\":\"cdr\",\"queue_offline\":%s}", device,
            queue ? "true" : "false"));
}

static const char *kept(struct client *client, const char *name)
{
    const char *text = json_string_value(json_object_get(falcon_first(client), name));
    return text == NULL ? "" : text;
}

/* A session on the device, by a fresh token. */
static const char *session_on(struct client *client, const char *device)
{
    falcon_login(client, FALCON_LOGIN);
    if (open_session(client, device, false) != 201)
        fail_msg("%s: %s", device, client->body.ptr);
    return kept(client, "session_id");
}

/* Send a command; the status. */
static long send_command(struct client *client, const char *path, const char *session,
    const char *device, const char *base, const char *line)
{
    json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:i,s:b}", "base_command", base, "command_string",
        line, "session_id", session, "device_id", device, "id", 0, "persist", 0);
    char *text = json_dumps(body, 0);
    falcon(client, "POST", path, text);
    free(text);
    json_decref(body);
    return client->status;
}

/* Wait for a command's end; its output, all chunks. */
static const char *output_of(struct client *client, const char *request, const char **ret_err)
{
    struct buf out = BUF_INIT(1 << 20);
    const char *err = "";
    int sequence = 0;
    for (int look = 0; look < 200; look++) {
        char path[256];
        snprintf(path, sizeof(path), RTR "admin-command/v1?cloud_request_id=%s&sequence_id=%d",
            request, sequence);
        if (falcon(client, "GET", path, "") != 200)
            fail_msg("%s", client->body.ptr);
        buf_add(&out, str_from(kept(client, "stdout")));
        sequence += kept(client, "stdout")[0] != '\0';
        if (kept(client, "stderr")[0] != '\0')
            err = kept(client, "stderr");
        if (json_is_true(json_object_get(falcon_first(client), "complete")))
            break;
        usleep(look < 2 ? 0 : 20000);
    }
    if (ret_err != NULL)
        *ret_err = err;
    const char *copy = arena_copy(&client->arena, buf_str(&out)).ptr;
    buf_release(&out);
    return copy;
}

/* Run a command as administrator; what it printed. */
static const char *run(struct client *client, const char *session, const char *device,
    const char *base, const char *line, const char **ret_err)
{
    if (send_command(client, RTR "admin-command/v1", session, device, base, line) != 201)
        fail_msg("%s: %s", line, client->body.ptr);
    return output_of(client, kept(client, "cloud_request_id"), ret_err);
}

static const char *script(struct client *client, const char *session, const char *device,
    const char *text, const char **ret_err)
{
    const char *line = arena_format(&client->arena, "runscript -Raw=```%s``` -Timeout=20", text);
    return run(client, session, device, "runscript", line, ret_err);
}

static void a_caller_has_one_session_on_a_host(void **state)
{
    struct client *client = *state;
    const char *session = session_on(client, FIN_WS_7);
    assert_says("\"pwd\":\"C:\\\\\"");
    assert_says("\"existing_aid_sessions\":0");
    assert_int_equal(open_session(client, FIN_WS_7, false), 201);
    assert_string_equal(kept(client, "session_id"), session);
    assert_says("\"existing_aid_sessions\":1");
    const char *path = arena_format(&client->arena, RTR "sessions/v1?session_id=%s", session);
    assert_int_equal(falcon(client, "DELETE", path, ""), 204);
    falcon(client, "DELETE", path, "");
    assert_falcon_refused(404, "Session not found");
    send_command(client, RTR "admin-command/v1", session, FIN_WS_7, "ps", "ps");
    assert_falcon_refused(404, "\"code\":40401");
}

static void hosts_that_cannot_be_reached_are_refused(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    open_session(client, "ffff", false);
    assert_falcon_refused(404, "not found");
    open_session(client, KIOSK_5, false);
    assert_falcon_refused(400, "not enabled by the policy");
    open_session(client, BUILD_2, false);
    assert_falcon_refused(404, "\"code\":40407");
    falcon(client, "POST", RTR "sessions/v1", "{\"device_id\":\"" WEB_1 "\"}");
    assert_falcon_refused(400, "missing member: origin");
}

static void what_is_sent_to_an_offline_host_waits_until_it_is_back(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(open_session(client, BUILD_2, true), 201);
    assert_says("\"offline_queued\":true");
    const char *session = kept(client, "session_id");
    assert_int_equal(
        send_command(client, RTR "admin-command/v1", session, BUILD_2, "cd", "cd /"), 201);
    assert_says("\"queued_command_offline\":true");
    const char *request = kept(client, "cloud_request_id");
    falcon(client, "POST", RTR "queued-sessions/GET/v1",
        arena_format(&client->arena, "{\"ids\":[\"%s\"]}", session));
    assert_says("\"command_string\":\"cd /\"");
    assert_says("\"status\":\"PENDING\"");
    const char *path = arena_format(&client->arena,
        RTR "queued-sessions/command/v1?session_id=%s&cloud_request_id=%s", session, request);
    assert_int_equal(falcon(client, "DELETE", path, ""), 204);
    assert_int_equal(falcon(client, "DELETE", path, ""), 404);
}

#define TENANT(more)                                                                               \
    "{\"accounts\":[{\"account\":\"111122223333\"}],\"crowdstrike\":{\"id\":"                      \
    "\"11110000c0ffee00c0ffee0000001111\",\"clients\":[{\"clientId\":\"" FALCON_ID                 \
    "\",\"clientSecret\":\"" FALCON_SECRET                                                         \
    "\",\"scopes\":[\"hosts:read\",\"real-time-response:read\","                                   \
    "\"real-time-response-admin:write\"]}]," more "}}"
#define DEVICE(inside)                                                                             \
    "\"devices\":[{\"device_id\":\"d1\",\"hostname\":\"h\",\"platform_name\":\"Linux\","           \
    "\"status\":\"normal\",\"sandbox\":" inside "}]"

static void a_session_ends_after_its_time(void **state)
{
    (void)state;
    struct client *client = client_new(STR(TENANT("\"sessionLifetimeS\":0," DEVICE("{}"))));
    const char *session = session_on(client, "d1");
    send_command(client, RTR "admin-command/v1", session, "d1", "cd", "cd /");
    assert_falcon_refused(404, "Session not found");
    assert_int_equal(open_session(client, "d1", false), 201);
    assert_string_not_equal(kept(client, "session_id"), session);
    client_free(client);
}

static void a_host_that_comes_back_does_what_waits_for_it(void **state)
{
    (void)state;
    struct client *client =
        client_new(STR(TENANT(DEVICE("{\"online\":\"offline\",\"onlineAfter\":3}"))));
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(open_session(client, "d1", true), 201);
    const char *session = kept(client, "session_id");
    send_command(client, RTR "admin-command/v1", session, "d1", "cd", "cd /");
    const char *request = kept(client, "cloud_request_id");
    const char *path = arena_format(
        &client->arena, RTR "admin-command/v1?cloud_request_id=%s&sequence_id=0", request);
    for (int look = 0; look < 3; look++) {
        falcon(client, "GET", path, "");
        assert_says("\"complete\":false");
    }
    static const char *const shown[] = { "offline", "online" };
    for (size_t at = 0; at < 2; at++) {
        falcon(client, "GET", "/devices/entities/online-state/v1?ids=d1", "");
        assert_string_equal(kept(client, "state"), shown[at]);
    }
    falcon(client, "GET", path, "");
    assert_says("\"complete\":true");
    assert_int_equal(open_session(client, "d1", false), 201);
    assert_says("\"offline_queued\":false");
    client_free(client);
}

static void a_command_is_of_its_tier_and_whole(void **state)
{
    struct client *client = *state;
    const char *session = session_on(client, FIN_WS_7);
    static const struct {
        const char *path;
        const char *base;
        const char *line;
        const char *says;
    } all[] = {
        { RTR "command/v1", "runscript", "runscript -Raw=```x```", "not found" },
        { RTR "active-responder-command/v1", "put", "put x", "not found" },
        { RTR "admin-command/v1", "explode", "explode", "not found" },
        { RTR "admin-command/v1", "cd", "ls /", "not valid" },
        { RTR "admin-command/v1", "runscript", "runscript -Raw=```x", "not valid" },
        { RTR "admin-command/v1", "cd", "cd \"x", "not valid" },
    };
    for (size_t at = 0; at < sizeof(all) / sizeof(all[0]); at++) {
        send_command(client, all[at].path, session, FIN_WS_7, all[at].base, all[at].line);
        assert_falcon_refused(400, all[at].says);
    }
    send_command(client, RTR "admin-command/v1", session, MAC_3, "cd", "cd /");
    assert_falcon_refused(400, "not of host");
    falcon(client, "GET", RTR "admin-command/v1?cloud_request_id=1&sequence_id=0", "");
    assert_falcon_refused(404, "not found");
    falcon(client, "GET", RTR "admin-command/v1?cloud_request_id=1", "");
    assert_falcon_refused(400, "sequence_id");
}

/* Put a file into the cloud by multipart. */
static long put_file(struct client *client, const char *name, const char *content)
{
    const char *body = arena_format(&client->arena,
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n%s\r\n--cut\r\n"
        "Content-Disposition: form-data; name=\"description\"\r\n\r\nours\r\n--cut--\r\n",
        name, content);
    client_send(client, "POST", "/_crowdstrike" RTR "put-files/v2", NULL,
        "multipart/form-data; boundary=cut", str_from(body));
    return client->status;
}

static void a_file_goes_to_the_cloud_once_and_to_a_host(void **state)
{
    struct client *client = *state;
    const char *session = session_on(client, FIN_WS_7);
    assert_int_equal(put_file(client, "tool.exe", "MZ--cu"), 200);
    const char *id = kept(client, "id");
    char sha256[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex(STR("MZ--cu"), sha256), ERR_OK);
    assert_string_equal(kept(client, "sha256"), sha256);
    put_file(client, "tool.exe", "other");
    assert_falcon_refused(409, "already exists");
    falcon(client, "GET",
        "/real-time-response/queries/put-files/v1?filter=name:'tool.exe'&limit=10", "");
    assert_says(id);
    falcon(client, "GET", arena_format(&client->arena, RTR "put-files/v2?ids=%s", id), "");
    assert_string_equal(kept(client, "name"), "tool.exe");
    assert_false(says(client, "content"));
    const char *err = NULL;
    run(client, session, FIN_WS_7, "put", "put \"tool.exe\"", &err);
    assert_string_equal(err, "");
    run(client, session, FIN_WS_7, "put", "put \"tool.exe\"", &err);
    assert_non_null(strstr(err, "there already"));
    assert_non_null(strstr(
        run(client, session, FIN_WS_7, "filehash", "filehash \"C:\\tool.exe\"", NULL), sha256));
    run(client, session, FIN_WS_7, "rm", "rm \"C:\\tool.exe\"", &err);
    assert_string_equal(err, "");
    run(client, session, FIN_WS_7, "rm", "rm \"C:\\tool.exe\"", &err);
    assert_non_null(strstr(err, "no such file"));
    client_send(client, "POST", "/_crowdstrike" RTR "put-files/v2", NULL,
        "multipart/form-data; boundary=cut", STR("--cut\r\n\r\nx"));
    assert_falcon_refused(400, "parts");
    client_send(
        client, "POST", "/_crowdstrike" RTR "put-files/v2", NULL, "multipart/form-data", STR("x"));
    assert_falcon_refused(415, "multipart");
    falcon(client, "DELETE", arena_format(&client->arena, RTR "put-files/v1?ids=%s", id), "");
    assert_int_equal(client->status, 200);
}

/* Collect from a host as cdr does, and fetch the archive; it lies in the client's body then. */
static void collect(struct client *client, const char *device, enum platform platform)
{
    static const char plan[] =
        "{\"profile\":\"small\",\"linux\":{\"archive_mb\":1,\"file_mb\":1,\"most\":10,\"since\":60,"
        "\"take\":[\"system\"],\"time\":60},\"windows\":{\"archive_mb\":1,\"file_mb\":1,\"most\":"
        "10,"
        "\"since\":60,\"take\":[\"system\"],\"time\":60}}";
    struct collection what = { .key = STR("run-1-step-1"), .plan = STR(plan) };
    const char *session = session_on(client, device);
    str start = collector_start_script(&client->arena, platform, &what);
    str status = collector_status_script(&client->arena, platform, what.key);
    str clean = collector_clean_script(&client->arena, platform, what.key);
    str path = collector_archive_path(&client->arena, platform, what.key);
    const char *err = NULL;
    assert_non_null(strstr(script(client, session, device, status.ptr, NULL), "\"none\""));
    assert_non_null(strstr(script(client, session, device, start.ptr, &err), "collector started"));
    assert_string_equal(err, "");
    assert_non_null(strstr(script(client, session, device, start.ptr, NULL), "collector running"));
    struct collector_status told = { 0 };
    for (int look = 0; look < 300 && told.state <= COLLECTOR_RUNNING; look++) {
        const char *text = script(client, session, device, status.ptr, NULL);
        assert_int_equal(collector_status_read(&client->arena, str_from(text), &told), ERR_OK);
        assert_int_not_equal(told.state, COLLECTOR_NONE);
        usleep(look < 3 ? 0 : 200000);
    }
    assert_true(told.state == COLLECTOR_COMPLETE || told.state == COLLECTOR_PARTIAL);
    run(client, session, device, "get", arena_format(&client->arena, "get \"%s\"", path.ptr), &err);
    assert_string_equal(err, "");
    const char *files = arena_format(&client->arena, RTR "file/v2?session_id=%s", session);
    for (int look = 0; look < 2; look++)
        assert_int_equal(falcon(client, "GET", files, ""), 200);
    assert_true(str_is(told.sha256, kept(client, "sha256")));
    assert_non_null(strstr(script(client, session, device, clean.ptr, NULL), "collector clean"));
    assert_non_null(strstr(script(client, session, device, status.ptr, NULL), "\"none\""));
    falcon(client, "GET",
        arena_format(&client->arena, RTR "extracted-file-contents/v1?session_id=%s&sha256=%.*s",
            session, STR_ARG(told.sha256)),
        "");
    assert_int_equal(client->status, 200);
    char sha256[SHA256_HEX_SIZE];
    assert_int_equal(sha256_hex(buf_str(&client->body), sha256), ERR_OK);
    assert_true(str_is(told.sha256, sha256));
}

static void a_simulated_windows_host_is_collected_from(void **state)
{
    struct client *client = *state;
    collect(client, FIN_WS_7, PLATFORM_WINDOWS);
    assert_memory_equal(client->body.ptr, "PK\3\4", 4);
    assert_non_null(memmem(client->body.ptr, client->body.len, "fin-ws-7", 8));
}

static void a_simulated_linux_host_is_collected_from(void **state)
{
    struct client *client = *state;
    unsigned char plain[8192];
    collect(client, WEB_1, PLATFORM_LINUX);
    z_stream stream = { .next_in = (Bytef *)client->body.ptr,
        .avail_in = (uInt)client->body.len,
        .next_out = plain,
        .avail_out = sizeof(plain) };
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    assert_memory_equal(plain, "manifest.json", 13);
    assert_memory_equal(plain + 257, "ustar", 5);
    assert_non_null(memmem(plain + 512, 512, "web-1", 5));
}

static void powershell_that_does_not_close_is_refused(void **state)
{
    static const struct {
        const char *script;
        bool is_whole;
    } all[] = {
        { "", true },
        { "if ($a) { 'b' }", true },
        { "if ($a) { 'b'", false },
        { "$a = 'it''s'", true },
        { "$a = 'it's'", false },
        { "$a = \"x`\"y\"", true },
        { "$a = \"x`\"", false },
        { "$a = @'\n } ' \" {\n'@\n", true },
        { "$a = @'\n } '@\n", false },
        { "# it's\n$a", true },
        { "<# { #> $a", true },
        { "<# {", false },
        { "$a = [int](1 + 2)", true },
        { "$a = [int(1 + 2])", false },
        { "}", false },
        { "`{", true },
    };
    (void)state;
    for (size_t at = 0; at < sizeof(all) / sizeof(all[0]); at++)
        if ((powershell_fault(str_from(all[at].script)) == NULL) != all[at].is_whole)
            fail_msg("%s", all[at].script);
    struct client *client = client_new(STR(""));
    const char *session = session_on(client, FIN_WS_7);
    const char *err = NULL;
    script(client, session, FIN_WS_7, "if ($a) { 'b'", &err);
    assert_non_null(strstr(err, "Missing closing"));
    client_free(client);
}

/* ---- hosts that run ---- */

struct running {
    struct scratch scratch;
    const char *folder;
    struct client *client;
    const char *session;
};

static struct running *running_new(void)
{
    struct running *running = calloc(1, sizeof(*running));
    assert_non_null(running);
    running->scratch = scratch_new();
    running->folder = running->scratch.path;
    struct sandbox_options options = { .hosts = running->folder };
    running->client = client_begin(&options);
    running->session = session_on(running->client, WEB_1);
    return running;
}

static void running_free(struct running *running)
{
    client_free(running->client);
    scratch_release(&running->scratch);
    free(running);
}

static const char *on_host(struct running *running, const char *text, const char **ret_err)
{
    return script(running->client, running->session, WEB_1, text, ret_err);
}

static void a_host_that_runs_has_a_folder_and_no_environment_of_ours(void **state)
{
    (void)state;
    setenv("CDR_TEST_SECRET", "leak", 1);
    struct running *running = running_new();
    const char *err = NULL;
    const char *home = arena_format(&running->client->arena, "%s/" WEB_1 "\n", running->folder);
    assert_string_equal(on_host(running, "pwd", NULL), home);
    assert_string_equal(on_host(running, "echo \"$HOME\"", NULL), home);
    assert_string_equal(on_host(running, "echo \"$TMPDIR\"", NULL), home);
    assert_string_equal(on_host(running, "echo \"$CDR_TEST_SECRET\"; echo no >&2", &err), "\n");
    assert_string_equal(err, "no\n");
    on_host(running, "echo kept > note", NULL);
    assert_string_equal(
        run(running->client, running->session, WEB_1, "cat", "cat \"/tmp/note\"", NULL), "kept\n");
    running_free(running);
    unsetenv("CDR_TEST_SECRET");
}

static void a_host_that_runs_is_collected_from(void **state)
{
    (void)state;
    struct running *running = running_new();
    collect(running->client, WEB_1, PLATFORM_LINUX);
    assert_memory_equal(running->client->body.ptr, "\x1f\x8b", 2);
    running_free(running);
}

static void without_a_folder_nothing_runs(void **state)
{
    struct client *client = *state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    const char *folder = scratch.path;
    const char *file = arena_format(&client->arena, "%s/ran", folder);
    const char *session = session_on(client, WEB_1);
    script(client, session, WEB_1, arena_format(&client->arena, "touch %s", file), NULL);
    assert_int_not_equal(access(file, F_OK), 0);
    /* Nor does a host that the world does not say so of. */
    struct sandbox_options options = { .hosts = folder };
    struct client *other = client_begin(&options);
    session = session_on(other, MAC_3);
    script(other, session, MAC_3, arena_format(&client->arena, "touch %s", file), NULL);
    assert_int_not_equal(access(file, F_OK), 0);
    client_free(other);
}

static void long_output_comes_in_chunks(void **state)
{
    (void)state;
    struct running *running = running_new();
    const char *out = on_host(running, "seq 1 3000", NULL);
    assert_int_equal(strlen(out), 13893);
    assert_non_null(strstr(out, "\n2999\n3000\n"));
    running_free(running);
}

static void a_command_that_does_not_end_is_ended(void **state)
{
    (void)state;
    struct running *running = running_new();
    const char *err = NULL;
    run(running->client, running->session, WEB_1, "runscript",
        "runscript -Raw=```sleep 60``` -Timeout=1", &err);
    assert_non_null(strstr(err, "timeout"));
    running_free(running);
}

/* Whether a process of that id works: one that ended may wait for its parent to see that. */
static bool is_alive(const char *pid)
{
    char path[64];
    char text[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)strtol(pid, NULL, 10));
    FILE *file = fopen(path, "r");
    bool is_there = file != NULL && fgets(text, sizeof(text), file) != NULL;
    if (file != NULL)
        fclose(file);
    return is_there && strstr(text, ") Z ") == NULL;
}

static void what_a_command_left_running_ends_with_the_sandbox(void **state)
{
    (void)state;
    struct running *running = running_new();
    on_host(running,
        "env -i setsid sh -c 'echo $$ > bare; exec sleep 300' >/dev/null 2>&1 </dev/null &\n"
        "setsid sh -c 'echo $$ > marked; cd /; exec sleep 300' >/dev/null 2>&1 </dev/null &\n"
        "while test ! -s bare || test ! -s marked; do sleep 0.1; done",
        NULL);
    const char *bare = strdup(on_host(running, "cat bare", NULL));
    const char *marked = strdup(on_host(running, "cat marked", NULL));
    assert_true(is_alive(bare));
    assert_true(is_alive(marked));
    running_free(running);
    for (int wait = 0; wait < 100 && (is_alive(bare) || is_alive(marked)); wait++)
        usleep(20000);
    assert_false(is_alive(bare));
    assert_false(is_alive(marked));
    free((char *)(uintptr_t)bare);
    free((char *)(uintptr_t)marked);
}

static void files_go_to_a_host_that_runs_and_come_from_it(void **state)
{
    (void)state;
    struct running *running = running_new();
    struct client *client = running->client;
    const char *err = NULL;
    char sha256[SHA256_HEX_SIZE];
    assert_int_equal(put_file(client, "tool.sh", "#!/bin/sh\necho hello\n"), 200);
    assert_int_equal(sha256_hex(STR("#!/bin/sh\necho hello\n"), sha256), ERR_OK);
    run(client, running->session, WEB_1, "put", "put \"tool.sh\"", &err);
    assert_string_equal(err, "");
    assert_string_equal(on_host(running, "'/tool.sh'", NULL), "hello\n");
    assert_non_null(strstr(
        run(client, running->session, WEB_1, "filehash", "filehash \"/tool.sh\"", NULL), sha256));
    run(client, running->session, WEB_1, "get", "get \"/tool.sh\"", &err);
    assert_string_equal(err, "");
    run(client, running->session, WEB_1, "rm", "rm \"/tool.sh\"", &err);
    run(client, running->session, WEB_1, "get", "get \"/tool.sh\"", &err);
    assert_non_null(strstr(err, "no such file"));
    run(client, running->session, WEB_1, "get", "get \"../../../../etc/passwd\"", &err);
    assert_non_null(strstr(err, "no such file"));
    on_host(running, "ln -s /etc/passwd link", NULL);
    run(client, running->session, WEB_1, "get", "get \"/tmp/link\"", &err);
    assert_non_null(strstr(err, "no such file"));
    falcon(client, "GET",
        arena_format(&client->arena, RTR "file/v2?session_id=%s", running->session), "");
    falcon(client, "GET",
        arena_format(&client->arena, RTR "extracted-file-contents/v1?session_id=%s&sha256=%s",
            running->session, sha256),
        "");
    assert_int_equal(client->status, 200);
    assert_string_equal(client->body.ptr, "#!/bin/sh\necho hello\n");
    running_free(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_caller_has_one_session_on_a_host),
        sandbox_test(hosts_that_cannot_be_reached_are_refused),
        sandbox_test(what_is_sent_to_an_offline_host_waits_until_it_is_back),
        cmocka_unit_test(a_session_ends_after_its_time),
        cmocka_unit_test(a_host_that_comes_back_does_what_waits_for_it),
        sandbox_test(a_command_is_of_its_tier_and_whole),
        sandbox_test(a_file_goes_to_the_cloud_once_and_to_a_host),
        sandbox_test(a_simulated_windows_host_is_collected_from),
        sandbox_test(a_simulated_linux_host_is_collected_from),
        cmocka_unit_test(powershell_that_does_not_close_is_refused),
        cmocka_unit_test(a_host_that_runs_has_a_folder_and_no_environment_of_ours),
        cmocka_unit_test(a_host_that_runs_is_collected_from),
        sandbox_test(without_a_folder_nothing_runs),
        cmocka_unit_test(long_output_comes_in_chunks),
        cmocka_unit_test(a_command_that_does_not_end_is_ended),
        cmocka_unit_test(what_a_command_left_running_ends_with_the_sandbox),
        cmocka_unit_test(files_go_to_a_host_that_runs_and_come_from_it),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
