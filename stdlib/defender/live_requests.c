#include "defender/live_requests.h"

#include <stdio.h>

#define MDE "defender"
#define LIBRARY "/api/libraryfiles"

static str named(struct step *step, const char *kind, str id)
{
    return str_from(arena_format(step->arena, "%s/%.*s", kind, STR_ARG(id)));
}

uint32_t live_command_count(const struct live_command *command)
{
    return (uint32_t)(command->put.len > 0) + (command->script.len > 0) + (command->get.len > 0);
}

/* {"type":"RunScript","params":[{"key":"ScriptName","value":".."}]}, where there is a value. */
static void command_add(json_t *commands, const char *type, const char *key, str text)
{
    if (text.len > 0)
        json_array_append_new(commands, json_pack("{s:s,s:[{s:s,s:o}]}", "type", type, "params",
                                            "key", key, "value", json_stringn(text.ptr, text.len)));
}

struct request mde_run_live_response(
    struct step *step, str machine, str comment, const struct live_command *command)
{
    struct rest_draft draft = rest_begin(
        step, MDE, "RunLiveResponse", named(step, "host", machine), "POST", "/api/machines");
    json_t *commands = json_array();
    command_add(commands, "PutFile", "FileName", command->put);
    command_add(commands, "RunScript", "ScriptName", command->script);
    command_add(commands, "GetFile", "Path", command->get);
    bool is_whole = json_array_size(commands) == live_command_count(command);
    json_t *content = json_pack("{s:o,s:o}", "Commands", commands, "Comment",
        comment.ptr == NULL ? NULL : json_stringn(comment.ptr, comment.len));
    if (!is_whole) {
        json_decref(content);
        content = NULL;
    }
    rest_segment(&draft, machine);
    rest_path(&draft, "/runliveresponse");
    rest_json(&draft, content);
    return rest_end(&draft);
}

struct request mde_get_live_response_result(
    struct step *step, str machine, str action, uint32_t index)
{
    struct rest_draft draft = rest_begin(step, MDE, "GetLiveResponseResult",
        named(step, "host", machine), "GET", "/api/machineactions");
    char end[64];
    snprintf(end, sizeof(end), "/GetLiveResponseResultDownloadLink(index=%u)", index);
    rest_segment(&draft, action);
    rest_path(&draft, end);
    return rest_end(&draft);
}

struct request mde_list_library_files(struct step *step)
{
    struct rest_draft draft =
        rest_begin(step, MDE, "ListLibraryFiles", STR("library"), "GET", LIBRARY);
    return rest_end(&draft);
}

struct request mde_upload_library_file(struct step *step, str name, str content)
{
    struct rest_draft draft =
        rest_begin(step, MDE, "UploadLibraryFile", named(step, "library", name), "POST", LIBRARY);
    const char *filename = arena_format(step->arena, "%.*s", STR_ARG(name));
    rest_part(&draft, "file", filename == NULL ? "" : filename, content);
    rest_part(&draft, "Description", NULL, STR("of cdr"));
    rest_part(&draft, "HasParameters", NULL, STR("false"));
    rest_part(&draft, "OverrideIfExists", NULL, STR("false"));
    rest_parts_end(&draft);
    return rest_end(&draft);
}

struct request mde_delete_library_file(struct step *step, str name)
{
    struct rest_draft draft =
        rest_begin(step, MDE, "DeleteLibraryFile", named(step, "library", name), "DELETE", LIBRARY);
    rest_segment(&draft, name);
    return rest_end(&draft);
}
