/* Live response: the library of scripts and files, and commands on one machine after the other.
 *
 * On a machine that "runs" (host_run.h) scripts are run by /bin/sh and files are those of its folder;
 * elsewhere they are taken at their word. The content of a library file is in the world in hexadecimal. */
#include "base/sha256.h"
#include "sandbox/fake_host.h"
#include "sandbox/host_run.h"
#include "sandbox/microsoft.h"

#include <strings.h>

enum {
    CALLS_A_MINUTE = 10,
    SESSIONS = 25,
    WINDOW_MS = 60 * 1000,
    FILE_BYTES = 20 * 1024 * 1024,
    COMMANDS_MAX = 10, /* results are named by one digit */
    SCRIPT_TIMEOUT_S = 600,
    COLLECT_LOOKS = 2,
    NAME_BYTES = 128,
};

/* ---- the library ---- */

static json_t *file_told(const json_t *file)
{
    json_t *told = json_copy((json_t *)(uintptr_t)file);
    json_object_del(told, "content");
    return told;
}

void sandbox_microsoft_list_library(struct edr_call *call)
{
    json_t *value = json_array();
    size_t index;
    json_t *file;
    json_array_foreach(json_object_get(call->tenant, "libraryFiles"), index, file)
    {
        json_array_append_new(value, file_told(file));
    }
    call->answer = json_pack("{s:s,s:o}", "@odata.context",
        arena_format(call->arena, "%s/api/$metadata#LibraryFiles", microsoft_base(call)), "value",
        value);
}

static bool part_is(const struct edr_call *call, const char *name, const char *text)
{
    const struct edr_part *part = edr_part(call, name);
    return part != NULL && part->content.len == strlen(text)
           && strncasecmp(part->content.ptr, text, part->content.len) == 0;
}

/* Whether it may be the name of a file in the library and on a host. */
static bool is_name(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    return len > 0 && len <= NAME_BYTES && name[0] != '.' && strpbrk(name, "/\\:*?\"<>|'") == NULL;
}

static json_t *text_of_part(const struct edr_call *call, const char *name)
{
    const struct edr_part *part = edr_part(call, name);
    json_t *text = part == NULL ? NULL : json_stringn(part->content.ptr, part->content.len);
    return text == NULL ? json_string("") : text;
}

/* What the parts are as a file of the library; NULL without memory. */
static json_t *file_of(struct edr_call *call, const struct edr_part *part)
{
    char hash[SHA256_HEX_SIZE];
    const char *now = microsoft_now(call);
    const char *content = edr_hex(call, part->content);
    if (content == NULL || sha256_hex(part->content, hash) != ERR_OK)
        return NULL;
    return json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:b,s:o,s:s}", "fileName", part->filename, "sha256",
        hash, "description", text_of_part(call, "Description"), "creationTime", now,
        "lastUpdatedTime", now, "createdBy", world_text(microsoft_client(call), "name"),
        "hasParameters", (int)part_is(call, "HasParameters", "true"), "parametersDescription",
        text_of_part(call, "ParametersDescription"), "content", content);
}

void sandbox_microsoft_upload_library(struct edr_call *call)
{
    const struct edr_part *part = edr_part(call, "file");
    if (!is_name(part->filename)) {
        edr_refuse(call, 400, "BadRequest", "The file has no proper name.");
        return;
    }
    call->target = part->filename;
    if (part->content.len == 0
        || (long long)part->content.len > microsoft_limit(call, "libraryFileBytes", FILE_BYTES)) {
        edr_refuse(call, 400, "BadRequest", "The file is empty, or larger than 20 MB.");
        return;
    }
    json_t *former = microsoft_find(call, "libraryFiles", "fileName", part->filename);
    if (former != NULL && !part_is(call, "OverrideIfExists", "true")) {
        edr_refuse(call, 400, "BadRequest", "File '%s' already exists.", part->filename);
        return;
    }
    json_t *file = file_of(call, part);
    if (file == NULL) {
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
        return;
    }
    if (former != NULL)
        edr_remove(call, "libraryFiles", former);
    call->answer = file_told(file);
    edr_add(call, "libraryFiles", file);
}

void sandbox_microsoft_delete_library(struct edr_call *call)
{
    json_t *file = microsoft_find(call, "libraryFiles", "fileName", edr_place(call, "name"));
    if (file == NULL) {
        microsoft_refuse_missing(call, edr_place(call, "name"));
        return;
    }
    edr_remove(call, "libraryFiles", file);
    call->status = 204;
}

/* ---- asking for commands ---- */

static const struct command_kind {
    const char *type;
    const char *required;
    const char *keys;
} kinds[] = {
    { "PutFile", "FileName", "FileName" },
    { "RunScript", "ScriptName", "ScriptName|Args" },
    { "GetFile", "Path", "Path" },
};

static const struct command_kind *kind_of(const char *type)
{
    for (size_t at = 0; at < COUNT_OF(kinds); at++)
        if (strcmp(kinds[at].type, type) == 0)
            return &kinds[at];
    return NULL;
}

/* A parameter of a command, or NULL. */
static const char *parameter_of(const json_t *command, const char *key)
{
    size_t index;
    json_t *parameter;
    json_array_foreach(json_object_get(command, "params"), index, parameter)
    {
        if (strcmp(world_text(parameter, "key"), key) == 0)
            return world_text(parameter, "value");
    }
    return NULL;
}

/* {"type", "params": [{"key", "value"}]}, case and all. */
static bool is_command(const json_t *command)
{
    const struct command_kind *kind = kind_of(world_text(command, "type"));
    const json_t *parameters = json_object_get(command, "params");
    size_t index;
    json_t *parameter;
    if (kind == NULL || json_object_size(command) != 2 || !json_is_array(parameters))
        return false;
    json_array_foreach(parameters, index, parameter)
    {
        if (json_object_size(parameter) != 2 || !json_is_string(json_object_get(parameter, "value"))
            || !microsoft_is_among(world_text(parameter, "key"), kind->keys))
            return false;
    }
    const char *required = parameter_of(command, kind->required);
    return required != NULL && required[0] != '\0';
}

/* The commands as the action shows them; NULL: refused. */
static json_t *commands_of(struct edr_call *call)
{
    const json_t *asked = edr_member(call, "Commands");
    json_t *shown = json_array();
    size_t index;
    json_t *command;
    json_array_foreach(asked, index, command)
    {
        if (!is_command(command))
            edr_refuse(call, 400, "InvalidRequestBody",
                "Request body is incorrect: command %zu is none.", index);
        json_array_append_new(
            shown, json_pack("{s:i,s:n,s:n,s:s,s:[],s:O}", "index", (int)index, "startTime",
                       "endTime", "commandStatus", "Created", "errors", "command", command));
    }
    if (json_array_size(asked) > COMMANDS_MAX)
        edr_refuse(call, 400, "BadRequest", "There are too many commands.");
    if (call->error_code == NULL)
        return shown;
    json_decref(shown);
    return NULL;
}

static bool accepts_body(struct edr_call *call)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->input, name, value)
    {
        if (!microsoft_is_among(name, "Comment|Commands|ExternalId"))
            return edr_refuse(call, 400, "InvalidRequestBody",
                "Request body is incorrect: '%s' is not expected here.", name);
    }
    if (edr_text(call, "Comment") == NULL || edr_text(call, "Comment")[0] == '\0')
        return edr_refuse(call, 400, "MissingRequiredParameter", "Parameter Comment is missing.");
    if (edr_member(call, "Commands") == NULL)
        return edr_refuse(call, 400, "MissingRequiredParameter", "Parameter Commands is missing.");
    if (json_array_size(edr_member(call, "Commands")) == 0)
        return edr_refuse(call, 400, "InvalidRequestBody",
            "Request body is incorrect: Commands is not a list of commands.");
    return true;
}

static bool refuse_throttled(struct edr_call *call, long long wait_ms, const char *message)
{
    edr_header(call, "Retry-After", arena_format(call->arena, "%lld", (wait_ms + 999) / 1000));
    return edr_refuse(call, 429, "TooManyRequests", "%s", message);
}

/* Ten calls a minute. */
static bool is_within_rate(struct edr_call *call)
{
    long long most = microsoft_limit(call, "liveResponseAMinute", CALLS_A_MINUTE);
    json_t *calls = json_object_get(call->tenant, "liveResponseCalls");
    while (json_array_size(calls) > 0
           && json_integer_value(json_array_get(calls, 0)) <= call->now_ms - WINDOW_MS)
        json_array_remove(calls, 0);
    if (most > 0 && (long long)json_array_size(calls) >= most)
        return refuse_throttled(call,
            json_integer_value(json_array_get(calls, 0)) + WINDOW_MS - call->now_ms,
            "API calls quota exceeded! Maximum calls allowed is 10 per 1m.");
    if (most > 0)
        json_array_append_new(calls, json_integer(call->now_ms));
    return true;
}

/* 25 sessions of the tenant at once. */
static bool is_room(struct edr_call *call)
{
    long long most = microsoft_limit(call, "liveResponseSessions", SESSIONS);
    long long open = 0;
    size_t index;
    json_t *record;
    json_array_foreach(json_object_get(call->tenant, "machineActions"), index, record)
    {
        const json_t *action = json_object_get(record, "action");
        open += strcmp(world_text(action, "type"), "LiveResponse") == 0
                && microsoft_is_among(world_text(action, "status"), "Pending|InProgress");
    }
    return most == 0 || open < most
           || refuse_throttled(
               call, WINDOW_MS, "Maximum number of concurrent live response sessions reached.");
}

void sandbox_microsoft_run_live_response(struct edr_call *call)
{
    json_t *machine = is_within_rate(call) ? microsoft_machine(call) : NULL;
    if (machine == NULL || !accepts_body(call) || microsoft_is_busy(call, machine, "LiveResponse")
        || !is_room(call))
        return;
    json_t *commands = commands_of(call);
    if (commands != NULL)
        microsoft_action_start(call, machine, "LiveResponse", NULL, commands);
}

/* ---- carrying them out ---- */

/* A command under way: where it runs and what it is about. */
struct work {
    struct edr_call *call;
    json_t *record;
    json_t *machine;
    json_t *shown;         /* the command, as the action shows it */
    const json_t *command; /* as it was asked for */
    size_t index;
    const char *key; /* of the run */
};

static bool runs(const struct work *work)
{
    return work->call->hosts != NULL && world_flag(work->machine, "runs");
}

static void set_command(const struct work *work, const char *status, const char *time)
{
    json_object_set_new(work->shown, "commandStatus", json_string(status));
    json_object_set_new(work->shown, time, json_string(microsoft_now(work->call)));
}

/* It failed, or it is done and brought `result` (stolen). Both true: it is over. */
static bool fail(const struct work *work, const char *why)
{
    json_array_append_new(json_object_get(work->shown, "errors"), json_string(why));
    set_command(work, "Failed", "endTime");
    return true;
}

static bool complete(const struct work *work, json_t *result)
{
    json_array_append_new(json_object_get(work->record, "results"), result);
    set_command(work, "Completed", "endTime");
    return true;
}

/* The content of the library's file, ptr NULL: there is none. */
static str library_content(const struct work *work, const char *name)
{
    const json_t *file = microsoft_find(work->call, "libraryFiles", "fileName", name);
    str content = { NULL, 0 };
    if (file != NULL && !edr_unhex(work->call, world_text(file, "content"), &content))
        content.ptr = NULL;
    return content;
}

/* Text that JSON can hold: what is no UTF-8 loses all that is not ASCII. */
static json_t *plain_text(struct arena *arena, str text)
{
    json_t *plain = json_stringn(text.ptr, text.len);
    char *copy = plain != NULL ? NULL : arena_alloc(arena, text.len + 1, 1);
    if (copy == NULL)
        return plain;
    for (size_t at = 0; at < text.len; at++)
        copy[at] = (unsigned char)text.ptr[at] < 0x80 ? text.ptr[at] : '?';
    return json_stringn(copy, text.len);
}

/* What a script brought, as a document of text. */
static json_t *script_result(const struct work *work, const struct host_run_state *state)
{
    json_auto_t *told = json_pack("{s:s,s:i,s:o,s:o}", "script_name",
        parameter_of(work->command, "ScriptName"), "exit_code", state->exit_code, "script_output",
        plain_text(work->call->arena, state->out), "script_errors",
        plain_text(work->call->arena, state->err));
    char *text = told == NULL ? NULL : json_dumps(told, JSON_COMPACT);
    json_t *result = json_pack("{s:s}", "content", text == NULL ? "" : text);
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
    return result;
}

static bool begin_put(const struct work *work)
{
    const char *name = parameter_of(work->command, "FileName");
    str content = library_content(work, name);
    if (content.ptr == NULL)
        return fail(work, "The file is not in the library.");
    if (runs(work)
        && host_file_write(work->call->hosts, world_text(work->machine, "id"), name, content)
               != ERR_OK)
        return fail(work, "The file could not be written.");
    return complete(work, json_null());
}

/* The machine where its commands are not really run. */
static struct fake_host fake_of(const struct work *work)
{
    const json_t *machine = work->machine;
    bool is_cut = strcmp(world_text(machine, "isolation"), "None") != 0;
    return (struct fake_host){ .inside = json_object_get(machine, "sandbox"),
        .name = world_text(machine, "computerDnsName"),
        .is_windows = str_startswith(str_from(world_text(machine, "osPlatform")), STR("Windows")),
        .uploader = is_cut ? NULL : edr_uploader(work->call),
        .looks = microsoft_limit(work->call, "collectLooks", COLLECT_LOOKS) };
}

static bool begin_get(const struct work *work)
{
    const char *path = parameter_of(work->command, "Path");
    const char *id = world_text(work->machine, "id");
    struct fake_host host = fake_of(work);
    str content;
    if (!runs(work) && !fake_host_file(&host, path, work->call->arena, &content))
        return fail(work, "The file was not found.");
    if (!runs(work))
        return complete(work, json_pack("{s:s?}", "bytes", edr_hex(work->call, content)));
    if (host_file_read(work->call->hosts, id, path, work->call->arena, &content) != ERR_OK)
        return fail(work, "The file was not found.");
    return complete(work, json_pack("{s:s,s:s}", "host", id, "path", path));
}

/* A script where scripts are taken at their word. */
static bool fake_script(const struct work *work, str content)
{
    struct fake_host host = fake_of(work);
    struct fake_reply reply = fake_host_run(&host, content, work->call->arena);
    struct host_run_state state = { .is_complete = true,
        .exit_code = reply.err == NULL || reply.err[0] != '\0',
        .out = str_from(reply.out),
        .err = str_from(reply.err) };
    return complete(work, script_result(work, &state));
}

/* Start it. True: it is over already. */
static bool begin_script(const struct work *work)
{
    const char *name = parameter_of(work->command, "ScriptName");
    const char *args = parameter_of(work->command, "Args");
    const char *id = world_text(work->machine, "id");
    str content = library_content(work, name);
    if (content.ptr == NULL)
        return fail(work, "The script is not in the library.");
    if (!runs(work))
        return fake_script(work, content);
    /* The name has no ' (is_name); the arguments are words of the shell, as they came. */
    const char *line =
        arena_format(work->call->arena, "exec /bin/sh './%s' %s", name, args == NULL ? "" : args);
    if (line == NULL || host_file_write(work->call->hosts, id, name, content) != ERR_OK
        || host_run_start(work->call->hosts, id, work->key, str_from(line), SCRIPT_TIMEOUT_S)
               != ERR_OK)
        return fail(work, "The script could not be started.");
    return false;
}

static bool begin(const struct work *work)
{
    const char *type = world_text(work->command, "type");
    set_command(work, "InProgress", "startTime");
    if (strcmp(type, "PutFile") == 0)
        return begin_put(work);
    return strcmp(type, "GetFile") == 0 ? begin_get(work) : begin_script(work);
}

/* Look at a script that runs. True: it is over. */
static bool look_at_script(const struct work *work)
{
    struct host_run_state state;
    if (work->call->hosts == NULL
        || host_run_look(work->call->hosts, work->key, work->call->arena, &state) != ERR_OK
        || !state.is_known)
        return fail(work, "The session was lost.");
    if (!state.is_complete)
        return false;
    if (state.is_killed)
        return fail(work, "The script ran longer than 10 minutes.");
    return complete(work, script_result(work, &state));
}

bool microsoft_live_proceed(struct edr_call *call, json_t *record, json_t *machine)
{
    const json_t *action = json_object_get(record, "action");
    size_t index;
    json_t *shown;
    json_array_foreach(json_object_get(action, "commands"), index, shown)
    {
        const char *status = world_text(shown, "commandStatus");
        struct work work = { call, record, machine, shown, json_object_get(shown, "command"), index,
            arena_format(call->arena, "%s-%zu", world_text(action, "id"), index) };
        bool is_over = strcmp(status, "Created") == 0      ? begin(&work)
                       : strcmp(status, "InProgress") == 0 ? look_at_script(&work)
                                                           : true;
        if (!is_over)
            return false;
        if (strcmp(world_text(shown, "commandStatus"), "Failed") == 0)
            return true; /* those after it are not begun */
    }
    return true;
}

void microsoft_write_result(struct edr_call *call, const json_t *result)
{
    const json_t *content = json_object_get(result, "content");
    const json_t *hex = json_object_get(result, "bytes");
    str bytes = { json_string_value(content), json_string_length(content) };
    bool is_there = content != NULL;
    if (hex != NULL)
        is_there = edr_unhex(call, json_string_value(hex), &bytes);
    else if (content == NULL && call->hosts != NULL)
        is_there = host_file_read(call->hosts, world_text(result, "host"),
                       world_text(result, "path"), call->arena, &bytes)
                   == ERR_OK;
    if (is_there)
        buf_add(&call->body, bytes);
    else
        microsoft_refuse_missing(call, "file");
}
