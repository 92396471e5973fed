/* mde_host.h - a machine behind live response of Defender, for tests of the steps that collect from it.
 *
 * It has a library, runs one session at a time, understands our three scripts by their names, and has
 * a collector that takes some looks to end; it counts what it was told to start. The n-th exchange can
 * go wrong. */
#pragma once

#include "base/buf.h"
#include "collector/collector.h"
#include "defender/triage.h"
#include "fronts.h"
#include "rest/download.h"
#include "rest/rest.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#define MACHINE "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"
#define STEP_KEY "0badcafe-run-1-step-0"
#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BEGAN_MS INT64_C(1767225600000)

enum { HOST_TURNS_MAX = 1000, HOST_ACTIONS_MAX = 300, HOST_FILES_MAX = 8 };

enum fault {
    FAULT_NONE,
    FAULT_LOST,   /* before it arrived */
    FAULT_UNSEEN, /* it arrived, and the answer was lost */
    FAULT_THROTTLED,
    FAULT_HTML,
    FAULT_ERROR, /* 500, and nothing was done */
    FAULT_DENIED,
    FAULT_COUNT
};

struct host_action {
    const char *comment;
    const char *status;
    const char *put, *script, *get;
    const char *result;
    uint32_t ticks; /* until it is over */
};

struct host {
    struct arena arena;
    /* the world */
    const char *os;
    bool is_isolated;
    bool is_away;           /* it takes nothing */
    bool keeps_queue;       /* what is queued cannot be cancelled */
    uint32_t foreign_ticks; /* how long somebody else's session lasts yet */
    uint32_t busy_looks;    /* how often the collector says that it runs */
    const char *collected;  /* "complete", "partial", "failed" */
    bool is_uploading;      /* it reaches S3 */
    bool has_existed;       /* which has such an object already */
    bool is_unsigned;       /* scripts must be signed */
    bool is_packed;         /* Defender packs files once more */
    bool has_no_folder;     /* here, for evidence */
    const char *link;       /* instead of the right one */
    enum fault fault;
    size_t fault_at;
    bool is_denied_then; /* live response, from there on */
    /* what became of it */
    struct host_action actions[HOST_ACTIONS_MAX];
    uint32_t action_count;
    char *files[HOST_FILES_MAX]; /* of the library */
    char *sums[HOST_FILES_MAX];
    uint32_t uploads;
    uint32_t starts; /* of the collector, not of the script */
    uint32_t runs;   /* of the start script */
    uint32_t puts;   /* of the tool, to the machine */
    bool is_cleaned;
    bool is_object;
    uint32_t downloads;
    /* the step */
    const struct builtin *row;
    value args[STEP_PARAMS_MAX];
    struct step step;
    size_t turns;
    const char *written[HOST_TURNS_MAX];
    const char *bodies[HOST_TURNS_MAX];
    struct reply replies[HOST_TURNS_MAX];
    uint64_t waited_ms;
};

/* ---- what Defender answers ---- */

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

static struct reply declined(struct host *host, int status, const char *code, const char *message)
{
    return answer(host, status, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"target\":\"t\"}}",
        code, message);
}

static bool holds_text(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

static enum platform host_platform(const struct host *host)
{
    return strcmp(host->os, "Linux") == 0 ? PLATFORM_LINUX : PLATFORM_WINDOWS;
}

/* ---- the library ---- */

static uint32_t file_place(const struct host *host, const char *name)
{
    uint32_t at = 0;
    while (at < HOST_FILES_MAX && (host->files[at] == NULL || strcmp(host->files[at], name) != 0))
        at++;
    return at;
}

static struct reply list_files(struct host *host)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(64 * 1024);
    buf_add(&text, STR("{\"fileName\":\"other.ps1\",\"sha256\":\"00\"}"));
    for (uint32_t at = 0; at < HOST_FILES_MAX; at++)
        if (host->files[at] != NULL)
            buf_addf(&text, ",{\"fileName\":\"%s\",\"sha256\":\"%s\"}", host->files[at],
                host->sums[at] == NULL ? "" : host->sums[at]);
    return answer(host, 200, "{\"value\":[%.*s]}", STR_ARG(buf_str(&text)));
}

static struct reply upload(struct host *host, str content)
{
    char name[160] = "";
    const char *at = memmem(content.ptr, content.len, "filename=\"", 10);
    assert_non_null(at);
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 10, "\""), at + 10);
    assert_non_null(memmem(content.ptr, content.len, "name=\"OverrideIfExists\"\r\n\r\nfalse", 32));
    if (file_place(host, name) < HOST_FILES_MAX)
        return declined(host, 400, "BadRequest", "File already exists.");
    for (uint32_t free_at = 0; free_at < HOST_FILES_MAX; free_at++)
        if (host->files[free_at] == NULL) {
            host->files[free_at] = (char *)(uintptr_t)arena_format(&host->arena, "%s", name);
            host->uploads++;
            return answer(host, 200, "{\"fileName\":\"%s\"}", name);
        }
    return declined(host, 400, "BadRequest", "full");
}

static struct reply delete_file(struct host *host, str path)
{
    char name[160];
    str last = str_skip(path, str_find_last(path, '/') + 1);
    snprintf(name, sizeof(name), "%.*s", STR_ARG(last));
    uint32_t at = file_place(host, name);
    if (at == HOST_FILES_MAX)
        return declined(host, 404, "ResourceNotFound", "File not found.");
    host->files[at] = NULL;
    return (struct reply){ REPLY_RECEIVED, 204, { "", 0 } };
}

/* ---- sessions ---- */

static const char *script_result(struct host *host, const char *name, const char *out)
{
    json_auto_t *told = json_pack("{s:s,s:i,s:s,s:s}", "script_name", name, "exit_code", 0,
        "script_output", out, "script_errors", "");
    char *text = json_dumps(told, JSON_COMPACT);
    const char *copy = arena_format(&host->arena, "%s", text);
    free(text);
    return copy;
}

static const char *status_told(struct host *host)
{
    if (host->starts == 0 || host->is_cleaned)
        return "{\"cdr\":\"triage\",\"state\":\"none\"}\n";
    if (host->busy_looks > 0) {
        host->busy_looks--;
        return "{\"cdr\":\"triage\",\"state\":\"running\"}\n";
    }
    host->is_object = host->is_uploading;
    return arena_format(&host->arena,
        "noise\n{\"cdr\":\"triage\",\"state\":\"%s\",\"uploaded\":\"%s\",\"files\":5,\"bytes\":77,"
        "\"sha256\":\"" SUM "\",\"why\":\"%s\"}\n",
        host->collected,
        !host->is_uploading ? "no"
        : host->has_existed ? "exists"
                            : "yes",
        strcmp(host->collected, "complete") == 0 ? "" : "no space left");
}

/* Run it, when its time has come. False: it failed. */
static bool run(struct host *host, struct host_action *action)
{
    if (action->put != NULL && file_place(host, action->put) == HOST_FILES_MAX)
        return false;
    host->puts += action->put != NULL;
    if (action->get != NULL)
        return host->starts > 0 && !host->is_cleaned;
    if (file_place(host, action->script) == HOST_FILES_MAX || host->is_unsigned)
        return false;
    const char *out = "cdr-collector clean\n";
    if (holds_text(action->script, "-start.")) {
        out = host->starts > 0 ? "cdr-collector running\n" : "cdr-collector started\n";
        host->runs++;
        host->starts = 1;
    } else if (holds_text(action->script, "-status."))
        out = status_told(host);
    else
        host->is_cleaned = true;
    action->result = script_result(host, action->script, out);
    return true;
}

static bool is_active(const struct host_action *action)
{
    return strcmp(action->status, "Pending") == 0 || strcmp(action->status, "InProgress") == 0;
}

/* Time goes by, with every request. */
static void tick(struct host *host)
{
    host->foreign_ticks -= host->foreign_ticks > 0;
    for (uint32_t at = 0; at < host->action_count; at++) {
        struct host_action *action = &host->actions[at];
        if (!is_active(action) || host->is_away)
            continue;
        action->status = "InProgress";
        if (action->ticks-- == 0)
            action->status = run(host, action) ? "Succeeded" : "Failed";
    }
}

static const char *action_text(struct host *host, uint32_t at)
{
    const struct host_action *action = &host->actions[at];
    return arena_format(&host->arena,
        "{\"id\":\"action-%u\",\"type\":\"LiveResponse\",\"requestorComment\":\"%s\",\"status\":"
        "\"%s\",\"machineId\":\"" MACHINE "\",\"creationDateTimeUtc\":\"2026-01-01T00:00:00Z\","
        "\"commands\":[{\"index\":0,\"commandStatus\":\"%s\",\"errors\":[%s]}]}",
        at, action->comment, action->status,
        strcmp(action->status, "Failed") == 0 ? "Failed" : "Created",
        strcmp(action->status, "Failed") == 0 ? "\"Script $(x) is not signed\"" : "");
}

static const char *copied(struct host *host, const json_t *commands, const char *type)
{
    size_t index;
    json_t *command;
    json_array_foreach(commands, index, command)
    {
        const json_t *params = json_object_get(command, "params");
        assert_int_equal(json_array_size(params), 1);
        if (strcmp(json_string_value(json_object_get(command, "type")), type) == 0)
            return arena_format(&host->arena, "%s",
                json_string_value(json_object_get(json_array_get(params, 0), "value")));
    }
    return NULL;
}

static struct reply run_live_response(struct host *host, str content)
{
    json_auto_t *asked = json_loadb(content.ptr, content.len, 0, NULL);
    const json_t *commands = json_object_get(asked, "Commands");
    assert_true(json_array_size(commands) > 0);
    for (uint32_t at = 0; at < host->action_count; at++)
        if (is_active(&host->actions[at]))
            return declined(host, 400, "ActiveRequestAlreadyExists", "Another request is active.");
    if (host->foreign_ticks > 0)
        return declined(host, 400, "ActiveRequestAlreadyExists", "Another request is active.");
    assert_true(host->action_count < HOST_ACTIONS_MAX);
    host->actions[host->action_count] = (struct host_action){ .status = "Pending",
        .comment =
            arena_format(&host->arena, "%s", json_string_value(json_object_get(asked, "Comment"))),
        .put = copied(host, commands, "PutFile"),
        .script = copied(host, commands, "RunScript"),
        .get = copied(host, commands, "GetFile"),
        .ticks = 1 };
    return answer(host, 201, "%s", action_text(host, host->action_count++));
}

static struct reply list_actions(struct host *host)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(1024 * 1024);
    buf_addf(&text,
        "{\"id\":\"i-1\",\"type\":\"Unisolate\",\"status\":\"Succeeded\",\"machineId\":\"" MACHINE
        "\",\"requestorComment\":\"x\",\"creationDateTimeUtc\":\"2025-12-30T00:00:00Z\"},"
        "{\"id\":\"i-2\",\"type\":\"Isolate\",\"status\":\"%s\",\"machineId\":\"" MACHINE
        "\",\"requestorComment\":\"x\",\"creationDateTimeUtc\":\"2025-12-31T00:00:00Z\"}",
        host->is_isolated ? "Succeeded" : "Failed");
    for (uint32_t at = host->action_count; at > 0; at--)
        buf_addf(&text, ",%s", action_text(host, at - 1));
    return answer(host, 200, "{\"value\":[%.*s]}", STR_ARG(buf_str(&text)));
}

static uint32_t action_of(str path)
{
    const char *at = memmem(path.ptr, path.len, "action-", 7);
    assert_non_null(at);
    return (uint32_t)strtoul(at + 7, NULL, 10);
}

static struct reply kept(struct host *host, const struct request *request)
{
    if (host->has_no_folder)
        return (struct reply){ .kind = REPLY_REFUSED, .body = STR("there is no evidence folder") };
    return answer(host, 200,
        "{\"bytes\":77,\"sha256\":\"%s\",\"path\":\"/evidence/%.*s\",\"existed\":false}",
        host->is_packed ? "99" : SUM, STR_ARG(request->keep_as));
}

static struct reply link_of(struct host *host, const struct request *request, str path)
{
    const struct host_action *action = &host->actions[action_of(path)];
    bool is_second = action->put != NULL;
    assert_non_null(memmem(
        path.ptr, path.len, is_second ? "DownloadLink(index=1)" : "DownloadLink(index=0)", 21));
    assert_int_equal(request->keep_as.len > 0, action->get != NULL);
    if (action->get != NULL)
        return kept(host, request);
    return answer(host, 200, "{\"value\":\"%s\"}",
        host->link != NULL
            ? host->link
            : arena_format(&host->arena,
                "https://store1.blob.core.windows.net/r/action-%u?sig=x%%2By", action_of(path)));
}

static struct reply download(struct host *host, const struct request *request, str path)
{
    const struct host_action *action = &host->actions[action_of(path)];
    assert_string_equal(request->service, REST_DOWNLOAD_MDE);
    host->downloads++;
    assert_int_equal(request->keep_as.len, 0);
    return answer(host, 200, "%s", action->result);
}

static struct reply cancel(struct host *host, str path)
{
    struct host_action *action = &host->actions[action_of(path)];
    if (host->keeps_queue)
        return declined(host, 400, "BadRequest", "It cannot be cancelled.");
    if (is_active(action))
        action->status = "Cancelled";
    return answer(host, 201, "%s", action_text(host, action_of(path)));
}

static struct reply objects(struct host *host)
{
    return answer(host, 200, "<ListBucketResult>%s%s%s</ListBucketResult>",
        host->is_object ? "<Contents><Key>cases/" MACHINE "/triage-" STEP_KEY : "",
        !host->is_object                          ? ""
        : host_platform(host) == PLATFORM_WINDOWS ? ".zip"
                                                  : ".tar.gz",
        host->is_object ? "</Key><Size>77</Size></Contents>" : "");
}

static struct reply serve(struct host *host, const struct request *request)
{
    const char *operation = request->operation;
    struct rest_request read;
    tick(host);
    if (strcmp(operation, "ListObjectsV2") == 0)
        return objects(host);
    assert_true(rest_read(request->body, &read));
    if (strcmp(operation, "GetMachineById") == 0)
        return answer(host, 200,
            "{\"id\":\"" MACHINE "\",\"computerDnsName\":\"web-1\",\"osPlatform\":\"%s\","
            "\"onboardingStatus\":\"Onboarded\",\"healthStatus\":\"Active\"}",
            host->os);
    if (strcmp(operation, "ListMachineActions") == 0)
        return list_actions(host);
    if (strcmp(operation, "ListLibraryFiles") == 0)
        return list_files(host);
    if (strcmp(operation, "UploadLibraryFile") == 0)
        return upload(host, read.content);
    if (strcmp(operation, "DeleteLibraryFile") == 0)
        return delete_file(host, read.path);
    if (strcmp(operation, "RunLiveResponse") == 0)
        return run_live_response(host, read.content);
    if (strcmp(operation, "GetMachineAction") == 0)
        return answer(host, 200, "%s", action_text(host, action_of(read.path)));
    if (strcmp(operation, "GetLiveResponseResult") == 0)
        return link_of(host, request, read.path);
    if (strcmp(operation, "CancelMachineAction") == 0)
        return cancel(host, read.path);
    assert_string_equal(operation, "Download");
    return download(host, request, read.path);
}

static struct reply serve_or_fail(struct host *host, const struct request *request)
{
    enum fault fault = host->turns == host->fault_at ? host->fault : FAULT_NONE;
    switch (fault) {
    case FAULT_LOST:
        return (struct reply){ .kind = REPLY_LOST, .body = { "", 0 } };
    case FAULT_UNSEEN:
        serve(host, request);
        return (struct reply){ .kind = REPLY_LOST, .body = { "", 0 } };
    case FAULT_THROTTLED:
        if (request->provider != NULL)
            return answer(host, 503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>");
        return declined(host, 429, "TooManyRequests", "API calls quota exceeded!");
    case FAULT_HTML:
        return answer(host, 200, "<!DOCTYPE html><html>Sign in</html>");
    case FAULT_ERROR:
        return declined(host, 500, "InternalServerError", "internal");
    case FAULT_DENIED:
        return declined(host, 403, "Forbidden", "not allowed");
    case FAULT_NONE:
    case FAULT_COUNT:
        break;
    }
    if (host->is_denied_then && host->turns > host->fault_at
        && strcmp(request->operation, "RunLiveResponse") == 0)
        return declined(host, 403, "Forbidden", "not allowed");
    return serve(host, request);
}

/* ---- the step ---- */

static struct host *host_new(const struct builtin *row, const char *to)
{
    struct host *host = calloc(1, sizeof(*host));
    assert_non_null(host);
    host->arena = (struct arena)ARENA_INIT(0);
    host->row = row;
    host->os = "Windows11";
    host->busy_looks = 2;
    host->collected = "complete";
    host->fault_at = SIZE_MAX;
    host->args[TRIAGE_HOST] = value_text(STR(MACHINE));
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
static void host_replay(struct host *host, enum step_turn end, size_t limit)
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

static enum step_turn host_play(struct host *host)
{
    void *state = calloc(1, host->row->state_bytes);
    assert_true(host->row->state_bytes <= STEP_STATE_BYTES_MAX);
    host->step = host_step(host, &host->arena, state);
    enum step_turn turn = host->row->next(&host->step, NULL);
    for (; !step_turn_is_end(turn); host->turns++) {
        assert_true(host->turns < HOST_TURNS_MAX);
        assert_non_null(host->step.request.body.ptr);
        host_assert_late(&host->step.request);
        host->written[host->turns] = host_written(&host->arena, &host->step.request, turn);
        host->bodies[host->turns] = host->step.request.body.ptr;
        host->waited_ms += host->step.request.delay_ms;
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

static inline uint32_t files_left(const struct host *host)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < HOST_FILES_MAX; at++)
        count += host->files[at] != NULL;
    return count;
}
