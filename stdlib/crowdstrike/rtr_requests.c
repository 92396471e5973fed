#include "crowdstrike/rtr_requests.h"

#include "rest/late.h"
#include "rest/rest.h"

#define ENTITIES "/real-time-response/entities/"
#define JSON_TEXT(text) (text).ptr, (text).len

/* Falcon waits up to 30 s for a host before it answers; a file of 128 MB takes its time. */
enum { HOST_ANSWER_MS = 90 * 1000, UPLOAD_ANSWER_MS = 30 * 60 * 1000 };

/* "host/ID", for people. */
static str host_name(struct step *step, str device)
{
    return str_from(arena_format(step->arena, "host/%.*s", STR_ARG(device)));
}

static struct request session(
    struct step *step, const char *operation, const char *path, str device, bool queue_offline)
{
    struct rest_draft draft =
        rest_begin(step, "crowdstrike", operation, host_name(step, device), "POST", path);
    rest_json(&draft, json_pack("{s:s%,s:s,s:b}", "device_id", JSON_TEXT(device), "origin", "cdr",
                          "queue_offline", (int)queue_offline));
    struct request request = rest_end(&draft);
    request.answer_ms = HOST_ANSWER_MS;
    return request;
}

struct request rtr_init(struct step *step, str device, bool queue_offline)
{
    return session(step, "RTR_InitSession", ENTITIES "sessions/v1", device, queue_offline);
}

struct request rtr_pulse(struct step *step, str device, bool queue_offline)
{
    return session(step, "RTR_PulseSession", ENTITIES "refresh-session/v1", device, queue_offline);
}

struct request rtr_delete_session(struct step *step, str id)
{
    struct rest_draft draft =
        rest_begin(step, "crowdstrike", "RTR_DeleteSession", id, "DELETE", ENTITIES "sessions/v1");
    rest_query(&draft, "session_id", id);
    return rest_end(&draft);
}

struct request rtr_queued(struct step *step, str id)
{
    struct rest_draft draft = rest_begin(step, "crowdstrike", "RTR_ListQueuedSessions", id, "POST",
        ENTITIES "queued-sessions/GET/v1");
    rest_json(&draft, json_pack("{s:[s%]}", "ids", JSON_TEXT(id)));
    return rest_end(&draft);
}

/* The description requires all six members, whatever its prose says. */
struct request rtr_execute(struct step *step, str id, str device, const char *base, str line)
{
    struct rest_draft draft = rest_begin(step, "crowdstrike", "RTR_ExecuteAdminCommand",
        host_name(step, device), "POST", ENTITIES "admin-command/v1");
    rest_json(&draft, line.ptr == NULL
                          ? NULL
                          : json_pack("{s:s,s:s%,s:s%,s:s%,s:i,s:b}", "base_command", base,
                              "command_string", JSON_TEXT(line), "session_id", JSON_TEXT(id),
                              "device_id", JSON_TEXT(device), "id", 0, "persist", 0));
    struct request request = rest_end(&draft);
    request.answer_ms = HOST_ANSWER_MS;
    return request;
}

struct request rtr_check(struct step *step, str request_id, uint32_t sequence)
{
    const char *number = arena_format(step->arena, "%u", sequence);
    struct rest_draft draft = rest_begin(step, "crowdstrike", "RTR_CheckAdminCommandStatus",
        request_id, "GET", ENTITIES "admin-command/v1");
    rest_query(&draft, "cloud_request_id", request_id);
    rest_query(&draft, "sequence_id", str_from(number));
    return rest_end(&draft);
}

struct request rtr_files(struct step *step, str id)
{
    struct rest_draft draft =
        rest_begin(step, "crowdstrike", "RTR_ListFilesV2", id, "GET", ENTITIES "file/v2");
    rest_query(&draft, "session_id", id);
    return rest_end(&draft);
}

struct request rtr_file_contents(struct step *step, str id, str sha256, str filename, str keep_as)
{
    struct rest_draft draft = rest_begin(step, "crowdstrike", "RTR_GetExtractedFileContents",
        keep_as, "GET", ENTITIES "extracted-file-contents/v1");
    rest_query(&draft, "session_id", id);
    rest_query(&draft, "sha256", sha256);
    rest_query(&draft, "filename", filename);
    struct request request = rest_end(&draft);
    request.keep_as = keep_as;
    return request;
}

struct request rtr_find_put_file(struct step *step, str name)
{
    str filter = rest_fql_is(step->arena, "name", name);
    struct rest_draft draft = rest_begin(step, "crowdstrike", "RTR_ListPut_Files", name, "GET",
        "/real-time-response/queries/put-files/v1");
    rest_query(&draft, "filter", filter);
    rest_query(&draft, "limit", STR("10"));
    struct request request = rest_end(&draft);
    if (filter.ptr == NULL)
        request.body = filter;
    return request;
}

struct request rtr_put_files(struct step *step, const str *ids, size_t count)
{
    struct rest_draft draft = rest_begin(
        step, "crowdstrike", "RTR_GetPut_FilesV2", STR(""), "GET", ENTITIES "put-files/v2");
    for (size_t at = 0; at < count; at++)
        rest_query(&draft, "ids", ids[at]);
    return rest_end(&draft);
}

struct request rtr_create_put_file(struct step *step, str name, str path, str sha256)
{
    const char *mark =
        arena_format(step->arena, REST_LATE_FILE "%.*s:%.*s", STR_ARG(sha256), STR_ARG(path));
    const char *filename = arena_copy(step->arena, name).ptr;
    struct rest_draft draft = rest_begin(
        step, "crowdstrike", "RTR_CreatePut_FilesV2", name, "POST", ENTITIES "put-files/v2");
    rest_part(&draft, "file", filename == NULL ? "" : filename, str_from(mark));
    rest_part(&draft, "description", NULL, STR("collector that cdr runs"));
    rest_part(&draft, "name", NULL, name);
    rest_parts_end(&draft);
    struct request request = rest_end(&draft);
    request.answer_ms = UPLOAD_ANSWER_MS;
    request.late = str_from(mark);
    if (mark == NULL || filename == NULL)
        request.body = (str){ NULL, 0 };
    return request;
}

/* ---- lines ---- */

bool rtr_may_run(str script)
{
    bool is_at_backtick =
        script.len > 0 && (script.ptr[0] == '`' || script.ptr[script.len - 1] == '`');
    return script.len > 0 && !is_at_backtick && memmem(script.ptr, script.len, "```", 3) == NULL
           && memchr(script.ptr, '\0', script.len) == NULL;
}

str rtr_runscript(struct arena *arena, str script, uint32_t timeout_s)
{
    const char *line = NULL;
    if (rtr_may_run(script))
        line = arena_format(
            arena, "runscript -Raw=```%.*s``` -Timeout=%u", STR_ARG(script), timeout_s);
    return line == NULL ? (str){ NULL, 0 } : str_from(line);
}

str rtr_line(struct arena *arena, const char *command, str operand)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-.:/\\";
    if (operand.ptr == NULL || operand.len == 0 || !str_all_of(operand, plain))
        return (str){ NULL, 0 };
    /* A backslash before the quotation mark might be read as one with it. */
    const char *quote = operand.ptr[operand.len - 1] == '\\' ? "" : "\"";
    const char *line = arena_format(arena, "%s %s%.*s%s", command, quote, STR_ARG(operand), quote);
    return line == NULL ? (str){ NULL, 0 } : str_from(line);
}
