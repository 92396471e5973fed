/* rtr_host.h - a host behind Real Time Response, for tests of the steps that collect from it.
 *
 * It understands the few commands that we send, has one session, a queue, files that `get` fetched
 * and a collector that takes some looks to end; it counts what it was told to start. The n-th
 * exchange can go wrong. */
#pragma once

#include "collector/collector.h"
#include "crowdstrike/rtr_requests.h"
#include "crowdstrike/triage.h"
#include "fronts.h"
#include "rest/rest.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#define AID "15dbb9d8f06b45fe9f61eb46e829d986"
#define STEP_KEY "0badcafe-run-1-step-0"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SUM_7Z "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define BEGAN_MS INT64_C(1767225600000)

enum { HOST_TURNS_MAX = 1000, HOST_COMMANDS_MAX = 1000 };

enum host_fault {
    HOST_NONE,
    HOST_LOST,   /* before it arrived */
    HOST_UNSEEN, /* it arrived, and the answer was lost */
    HOST_THROTTLED,
    HOST_HTML,
    HOST_ERROR, /* 500, and nothing was done */
    HOST_DENIED,
    HOST_EXPIRED, /* the session ended before it */
    HOST_COUNT
};

struct host {
    struct arena arena;
    /* the world */
    const char *key; /* of the step; NULL: as the first script says */
    const char *platform;
    const char *status; /* of containment */
    const char *policy; /* of the record, JSON */
    bool is_offline;
    uint32_t offline_looks; /* how often it is seen offline yet */
    uint32_t busy_looks;    /* how often the collector says that it runs */
    const char *collected;  /* "complete", "partial", "failed" */
    bool is_uploading;      /* it reaches S3 */
    const char *bare; /* what CrowdStrike hands out in no 7z archive: its SHA-256; NULL: it packs */
    bool has_existed; /* which has such an object already */
    bool is_blocked;  /* scripts are not allowed */
    uint32_t file_looks;  /* how often the file that was fetched is not complete yet */
    bool has_other_files; /* and of other requests */
    bool is_foreign;      /* somebody has worked in its session */
    bool has_tool;        /* CrowdStrike has it already */
    const char *hash;     /* that filehash prints */
    bool is_dropped;      /* what is queued is never run */
    enum host_fault fault;
    size_t fault_at;
    /* what became of it */
    uint32_t session; /* its number; 0: none */
    uint32_t sessions;
    uint32_t commands;
    const char *out[HOST_COMMANDS_MAX];
    const char *err[HOST_COMMANDS_MAX];
    uint32_t starts; /* that arrived */
    bool is_started;
    bool is_cleaned;
    bool is_object;
    const char *queued_line;
    bool is_fetched;
    uint32_t fetches;
    uint32_t puts; /* of the file to the host */
    uint32_t uploads;
    uint32_t closes;
    uint32_t pulses;
    uint32_t downloads;
    /* the step */
    const struct builtin *row;
    value args[STEP_PARAMS_MAX];
    struct step step;
    size_t turns;
    const char *written[HOST_TURNS_MAX];
    struct reply replies[HOST_TURNS_MAX];
    uint64_t waited_ms;
    uint64_t longest_ms; /* without a refresh of the session */
    uint64_t aged_ms;
};

/* ---- what Falcon answers ---- */

#define OK_BODY(resources)                                                                         \
    "{\"meta\":{\"trace_id\":\"t\"},\"errors\":[],\"resources\":[" resources "]}"

static struct reply answer(struct host *host, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static struct reply answer(struct host *host, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *body = arena_vformat(&host->arena, format, args);
    va_end(args);
    assert_non_null(body);
    return (struct reply){ REPLY_RECEIVED, status, str_from(body) };
}

static struct reply declined(struct host *host, int status, const char *message)
{
    return answer(host, status,
        "{\"meta\":{},\"errors\":[{\"code\":%d,\"message\":\"%s\"}],\"resources\":[]}", status,
        message);
}

static bool says(str text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static enum platform host_platform(const struct host *host)
{
    return strcmp(host->platform, "Windows") == 0 ? PLATFORM_WINDOWS : PLATFORM_LINUX;
}

static struct reply device(struct host *host)
{
    return answer(host, 200,
        OK_BODY("{\"device_id\":\"" AID "\",\"hostname\":\"web-1\",\"platform_name\":\"%s\","
                "\"os_version\":\"x\",\"local_ip\":\"192.0.2.7\",\"status\":\"%s\","
                "\"device_policies\":{%s}}"),
        host->platform, host->status, host->policy);
}

static struct reply online(struct host *host)
{
    bool is_offline = host->is_offline;
    if (is_offline && host->offline_looks > 0 && --host->offline_looks == 0)
        host->is_offline = false;
    return answer(host, 200, OK_BODY("{\"id\":\"" AID "\",\"state\":\"%s\"}"),
        is_offline ? "offline" : "online");
}

static const char *session_name(struct host *host)
{
    return arena_format(&host->arena, "session-%u", host->session);
}

static struct reply init(struct host *host, str content)
{
    if (host->is_offline && !says(content, "\"queue_offline\":true"))
        return declined(host, 404, "no successful hosts initialized on RTR");
    if (host->session == 0)
        host->session = ++host->sessions;
    host->aged_ms = 0;
    return answer(host, 201,
        OK_BODY("{\"session_id\":\"%s\",\"offline_queued\":%s,\"existing_aid_sessions\":1,"
                "\"previous_commands\":[%s]}"),
        session_name(host), host->is_offline ? "true" : "false", host->is_foreign ? "\"ls\"" : "");
}

static struct reply pulse(struct host *host, str content)
{
    host->pulses++;
    return host->session == 0 ? declined(host, 404, "no such session") : init(host, content);
}

/* ---- what the host does ---- */

static const char *status_text(struct host *host)
{
    const char *state = host->busy_looks > 0 ? "running" : host->collected;
    if (!host->is_started)
        return "{\"cdr\":\"triage\",\"version\":2,\"state\":\"none\"}\n";
    if (host->busy_looks > 0)
        host->busy_looks--;
    else
        host->is_object |= host->is_uploading;
    return arena_format(&host->arena,
        "{\"cdr\":\"triage\",\"version\":2,\"state\":\"%s\",\"uploaded\":\"%s\",\"sha256\":\"%s\","
        "\"bytes\":77,\"files\":5,\"skipped\":0,\"why\":\"%s\",\"clock_offset_s\":0}\n",
        state,
        !host->is_object    ? "no"
        : host->has_existed ? "exists"
                            : "yes",
        strcmp(state, "running") == 0 ? "" : SUM,
        strcmp(state, "complete") == 0 || strcmp(state, "running") == 0 ? "" : "no space left");
}

static str line_of(struct host *host, str script, uint32_t timeout_s)
{
    return rtr_runscript(&host->arena, script, timeout_s);
}

static const char *start_here(struct host *host, str script)
{
    host->starts++;
    assert_true(says(script, host->key));
    const char *out = host->is_started ? "cdr-collector running\n" : "cdr-collector started\n";
    host->is_started = true;
    return out;
}

/* Of a script for Linux. */
static const char *key_of(struct host *host, str line)
{
    const char *at = strstr(arena_copy(&host->arena, line).ptr, "CDR_KEY='");
    assert_non_null(at);
    at += strlen("CDR_KEY='");
    return arena_copy(&host->arena, (str){ at, strcspn(at, "'") }).ptr;
}

static const char *run_script(struct host *host, str line, const char **ret_err)
{
    enum platform platform = host_platform(host);
    if (host->key == NULL)
        host->key = key_of(host, line);
    str key = str_from(host->key);
    if (host->is_blocked) {
        *ret_err = "Custom scripts are not allowed";
        return "";
    }
    if (str_equal(line, line_of(host, collector_status_script(&host->arena, platform, key), 120)))
        return status_text(host);
    if (str_equal(line, line_of(host, collector_clean_script(&host->arena, platform, key), 60))) {
        host->is_cleaned = true;
        return "cdr-collector clean\n";
    }
    return start_here(host, line);
}

static const char *run_line(struct host *host, str base, str line, const char **ret_err)
{
    *ret_err = "";
    if (str_is(base, "runscript"))
        return run_script(host, line, ret_err);
    if (str_is(base, "get")) {
        host->fetches++;
        host->is_fetched = true;
        return "C";
    }
    host->puts += str_is(base, "put");
    return str_is(base, "filehash") ? host->hash : "";
}

static struct reply execute(struct host *host, const json_t *content)
{
    str base = str_from(json_string_value(json_object_get(content, "base_command")));
    str line = str_from(json_string_value(json_object_get(content, "command_string")));
    const char *session = json_string_value(json_object_get(content, "session_id"));
    assert_int_equal(json_object_size(content), 6);
    if (host->session == 0 || strcmp(session, session_name(host)) != 0)
        return declined(host, 404, "session not found");
    assert_true(host->commands < HOST_COMMANDS_MAX);
    uint32_t number = host->commands++;
    if (host->is_offline) {
        host->queued_line = arena_copy(&host->arena, line).ptr;
        host->out[number] = NULL;
    } else {
        host->out[number] = run_line(host, base, line, &host->err[number]);
    }
    return answer(host, 201,
        OK_BODY("{\"session_id\":\"%s\",\"cloud_request_id\":\"request-%u\","
                "\"queued_command_offline\":%s}"),
        session, number, host->is_offline ? "true" : "false");
}

/* A command is seen as running once; its output comes in two pieces where it is long. */
static struct reply check(struct host *host, str query)
{
    unsigned number = 0, sequence = 0;
    const char *text = arena_copy(&host->arena, query).ptr;
    assert_int_equal(
        sscanf(text, "cloud_request_id=request-%u&sequence_id=%u", &number, &sequence), 2);
    assert_true(number < host->commands);
    if (host->out[number] == NULL)
        return answer(host, 200, OK_BODY("{\"complete\":false,\"stdout\":\"\",\"stderr\":\"\"}"));
    json_auto_t *told = json_pack("{s:b,s:s,s:s}", "complete", 1, "stdout",
        sequence == 0 ? host->out[number] : "", "stderr", host->err[number]);
    char *written = json_dumps(told, JSON_COMPACT);
    struct reply reply = answer(host, 200, OK_BODY("%s"), written);
    free(written);
    return reply;
}

static struct reply files(struct host *host)
{
    bool is_complete = host->file_looks == 0;
    host->file_looks -= host->file_looks > 0;
    return answer(host, 200, OK_BODY("%s%s%s"),
        host->has_other_files ? "{\"cloud_request_id\":\"request-900\",\"complete\":true,"
                                "\"sha256\":\"" SUM_7Z "\",\"error_message\":\"\"}"
                              : "",
        host->has_other_files && host->is_fetched ? "," : "",
        !host->is_fetched ? ""
        : is_complete     ? "{\"cloud_request_id\":\"r\",\"complete\":true,\"sha256\":\"" SUM
                        "\",\"error_message\":\"\"}"
                      : "{\"cloud_request_id\":\"r\",\"complete\":false,\"sha256\":\"\","
                        "\"error_message\":\"\"}");
}

static struct reply queue(struct host *host)
{
    if (host->queued_line == NULL)
        return answer(host, 200, OK_BODY(""));
    json_auto_t *told = json_pack("{s:[{s:s,s:s}]}", "Commands", "command_string",
        host->queued_line, "cloud_request_id", "request-0");
    char *written = json_dumps(told, JSON_COMPACT);
    struct reply reply = answer(host, 200, OK_BODY("%s"), written);
    free(written);
    return reply;
}

static struct reply objects(struct host *host)
{
    if (!host->is_object)
        return answer(host, 200, "<ListBucketResult></ListBucketResult>");
    return answer(host, 200,
        "<ListBucketResult><Contents><Key>cases/" AID "/triage-" STEP_KEY
        ".%s</Key><Size>77</Size></Contents></ListBucketResult>",
        host_platform(host) == PLATFORM_WINDOWS ? "zip" : "tar.gz");
}

static struct reply put_files(struct host *host, bool is_list)
{
    if (!host->has_tool)
        return answer(host, 200, OK_BODY(""));
    return is_list ? answer(host, 200, OK_BODY("\"put-1\""))
                   : answer(host, 200,
                       OK_BODY("{\"id\":\"put-1\",\"name\":\"cdr-0123456789abcdef\","
                               "\"sha256\":\"" SUM "\"}"));
}

/* What was queued runs when the host is back. */
static void come_back(struct host *host)
{
    if (host->is_offline || host->queued_line == NULL || host->is_dropped)
        return;
    const char *err;
    run_script(host, str_from(host->queued_line), &err);
    host->queued_line = NULL;
}

static struct reply serve(struct host *host, const struct request *request)
{
    const char *operation = request->operation;
    struct rest_request read;
    if (strcmp(operation, "ListObjectsV2") == 0)
        return objects(host);
    assert_true(rest_read(request->body, &read));
    json_auto_t *content = json_loadb(read.content.ptr, read.content.len, 0, NULL);
    if (strcmp(operation, "PostDeviceDetailsV2") == 0)
        return device(host);
    if (strcmp(operation, "GetOnlineState_V1") == 0)
        return online(host);
    come_back(host);
    if (strcmp(operation, "RTR_InitSession") == 0)
        return init(host, read.content);
    if (strcmp(operation, "RTR_PulseSession") == 0)
        return pulse(host, read.content);
    if (strcmp(operation, "RTR_ExecuteAdminCommand") == 0)
        return execute(host, content);
    if (strcmp(operation, "RTR_CheckAdminCommandStatus") == 0)
        return check(host, read.query);
    if (strcmp(operation, "RTR_ListFilesV2") == 0)
        return files(host);
    if (strcmp(operation, "RTR_ListQueuedSessions") == 0)
        return queue(host);
    if (strcmp(operation, "RTR_ListPut_Files") == 0)
        return put_files(host, true);
    if (strcmp(operation, "RTR_GetPut_FilesV2") == 0)
        return put_files(host, false);
    if (strcmp(operation, "RTR_CreatePut_FilesV2") == 0) {
        host->uploads++;
        host->has_tool = true;
        return put_files(host, false);
    }
    if (strcmp(operation, "RTR_GetExtractedFileContents") == 0) {
        host->downloads++;
        assert_true(
            str_is(request->keep_as, arena_format(&host->arena, AID "/triage-%s.7z", host->key)));
        if (host->bare != NULL)
            return answer(host, 200,
                "{\"bytes\":77,\"sha256\":\"%s\",\"path\":\"/evidence/" AID
                "/triage.tar.gz\",\"existed\":false}",
                host->bare);
        return answer(host, 200,
            "{\"bytes\":88,\"sha256\":\"" SUM_7Z
            "\",\"path\":\"/evidence/%.*s\",\"existed\":false}",
            STR_ARG(request->keep_as));
    }
    assert_string_equal(operation, "RTR_DeleteSession");
    host->closes++;
    host->session = 0;
    return answer(host, 204, "%s", "");
}

static struct reply serve_or_fail(struct host *host, const struct request *request)
{
    enum host_fault fault = host->turns == host->fault_at ? host->fault : HOST_NONE;
    switch (fault) {
    case HOST_LOST:
        return (struct reply){ .kind = REPLY_LOST, .body = { "", 0 } };
    case HOST_UNSEEN:
        serve(host, request);
        return (struct reply){ .kind = REPLY_LOST, .body = { "", 0 } };
    case HOST_THROTTLED:
        if (request->provider != NULL)
            return answer(host, 503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>");
        return declined(host, 429, "API rate limit exceeded.");
    case HOST_HTML:
        return answer(host, 200, "<!DOCTYPE html><html>Sign in</html>");
    case HOST_ERROR:
        return declined(host, 500, "internal");
    case HOST_DENIED:
        return declined(host, 403, "access denied, authorization failed");
    case HOST_EXPIRED:
        host->session = 0;
        break;
    case HOST_NONE:
    case HOST_COUNT:
        break;
    }
    return serve(host, request);
}

/* ---- the step ---- */

static struct host *host_new(const struct builtin *row, const char *to)
{
    struct host *host = calloc(1, sizeof(*host));
    assert_non_null(host);
    host->arena = (struct arena)ARENA_INIT(0);
    host->row = row;
    host->key = STEP_KEY;
    host->platform = "Linux";
    host->status = "normal";
    host->policy = "\"remote_response\":{\"policy_id\":\"p-1\",\"applied\":true}";
    host->busy_looks = 2;
    host->collected = "complete";
    host->hash = "";
    host->fault_at = SIZE_MAX;
    host->args[TRIAGE_HOST] = value_text(STR(AID));
    if (to != NULL)
        host->args[TRIAGE_TO] = value_text(str_from(to));
    return host;
}

static void host_free(struct host *host)
{
    arena_release(&host->arena);
    free(host);
}

static struct step host_step(const struct host *host, struct arena *arena, void *state)
{
    return (struct step){ .args = host->args,
        .arena = arena,
        .key = STR(STEP_KEY),
        .region = { "", 0 },
        .alert = STR("{}"),
        .began_ms = BEGAN_MS,
        .state = state,
        .target = { "", 0 },
        .found = { "", 0 } };
}

static const char *host_written(
    struct arena *arena, const struct request *request, enum step_turn turn)
{
    return arena_format(arena, "%s %s %s %u %.*s %.*s", step_turn_name(turn), request->operation,
        request->provider == NULL ? "" : request->provider, request->delay_ms,
        STR_ARG(request->keep_as), STR_ARG(request->body));
}

/* From a fresh state with the replies that are recorded: the same requests, to the end. */
static inline void host_replay(struct host *host, enum step_turn end, size_t limit)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(limit);
    CLEANUP(arena_release) struct arena notes = ARENA_INIT(0);
    void *state = calloc(1, host->row->state_bytes);
    struct step step = host_step(host, &arena, state);
    enum step_turn turn = host->row->next(&step, NULL);
    for (size_t at = 0; at < host->turns && !arena.is_full; at++) {
        assert_false(step_turn_is_end(turn));
        assert_string_equal(host_written(&notes, &step.request, turn), host->written[at]);
        turn = host->row->next(&step, &host->replies[at]);
    }
    assert_true(arena.is_full ? limit > 0 : turn == end);
    free(state);
}

/* Every mark is one that the step means (request.late). */
static void host_assert_late(const struct request *request)
{
    bool has = strstr(request->body.ptr, "cdr-late-") != NULL;
    assert_int_equal(has, request->late.len > 0);
    if (has)
        assert_non_null(
            memmem(request->body.ptr, request->body.len, request->late.ptr, request->late.len));
}

static inline enum step_turn host_play(struct host *host)
{
    void *state = calloc(1, host->row->state_bytes);
    host->step = host_step(host, &host->arena, state);
    enum step_turn turn = host->row->next(&host->step, NULL);
    for (; !step_turn_is_end(turn); host->turns++) {
        assert_true(host->turns < HOST_TURNS_MAX);
        assert_non_null(host->step.request.body.ptr);
        host_assert_late(&host->step.request);
        host->written[host->turns] = host_written(&host->arena, &host->step.request, turn);
        host->waited_ms += host->step.request.delay_ms;
        host->aged_ms += host->step.request.delay_ms;
        if (host->aged_ms > host->longest_ms)
            host->longest_ms = host->aged_ms;
        struct reply reply = serve_or_fail(host, &host->step.request);
        host->replies[host->turns] = reply;
        turn = host->row->next(&host->step, &reply);
    }
    assert_non_null(host->step.reason);
    host_replay(host, turn, 0);
    free(state);
    return turn;
}

static inline void host_says(const struct host *host, const char *part)
{
    if (strstr(host->step.reason, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", host->step.reason, part);
}
