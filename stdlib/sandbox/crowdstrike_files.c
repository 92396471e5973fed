/* Files of Real Time Response: those that `get` fetched from hosts, those that `put` brings there. */
#include "base/sha256.h"
#include "sandbox/crowdstrike_list.h"
#include "sandbox/crowdstrike_rtr.h"
#include "sandbox/host_run.h"

enum { FILE_LOOKS = 1, FILES_MAX = 1000, PUT_FILES_MAX = 100 };

/* ---- from hosts ---- */

/* The file at `path` of the device, in the arena. */
static bool read_host(struct edr_call *call, json_t *device, const char *path, str *ret_content)
{
    if (rtr_runs(call, device))
        return host_file_read(
                   call->hosts, world_text(device, "device_id"), path, call->arena, ret_content)
               == ERR_OK;
    struct fake_host host = rtr_fake_host(call, device);
    return fake_host_file(&host, path, call->arena, ret_content);
}

bool rtr_fetch(struct edr_call *call, const json_t *command, const char *path)
{
    char sha256[SHA256_HEX_SIZE];
    str content;
    json_t *device = crowdstrike_device(call, world_text(command, "device_id"));
    json_t *files = json_object_get(call->tenant, "files");
    if (!read_host(call, device, path, &content) || sha256_hex(content, sha256) != ERR_OK)
        return false;
    const char *id = edr_mint_guid(call);
    /* What came is what was there then, whatever becomes of it on the host. */
    const char *kept = arena_format(call->arena, "%s.get", id);
    if (kept == NULL
        || (rtr_runs(call, device)
            && host_file_keep(call->hosts, world_text(device, "device_id"), kept, content)
                   != ERR_OK))
        return false;
    char *hex = rtr_runs(call, device) ? NULL : edr_hex(call, content);
    if (json_array_size(files) >= FILES_MAX)
        json_array_remove(files, 0);
    edr_add(call, "files",
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:s?,s:i}", "id", id, "session_id",
            world_text(command, "session_id"), "cloud_request_id",
            world_text(command, "cloud_request_id"), "name", path, "sha256", sha256, "size",
            (json_int_t)content.len, "created_at", edr_now(call), "device_id",
            world_text(device, "device_id"), "content", hex, "looks", 0));
    return true;
}

static json_t *file_shown(struct edr_call *call, json_t *file)
{
    json_int_t looks = world_number(file, "looks") + 1;
    json_object_set_new(file, "looks", json_integer(looks));
    bool is_complete = looks > crowdstrike_knob(call, "fileLooks", FILE_LOOKS);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:b,s:f,s:s,s:s,s:s}", "id",
        world_text(file, "id"), "session_id", world_text(file, "session_id"), "cloud_request_id",
        world_text(file, "cloud_request_id"), "name", world_text(file, "name"), "sha256",
        is_complete ? world_text(file, "sha256") : "", "size",
        (json_int_t)(is_complete ? world_number(file, "size") : 0), "created_at",
        world_text(file, "created_at"), "updated_at", world_text(file, "created_at"), "complete",
        (int)is_complete, "progress", is_complete ? 1.0 : 0.5, "stage",
        is_complete ? "success" : "uploading", "status", is_complete ? "complete" : "in progress",
        "error_message", "");
}

void crowdstrike_files_list(struct edr_call *call)
{
    const json_t *session = rtr_session(call, edr_query(call, "session_id"));
    json_t *resources = json_array();
    size_t index;
    json_t *file;
    json_array_foreach(json_object_get(call->tenant, "files"), index,
        file) if (strcmp(world_text(file, "session_id"), world_text(session, "session_id")) == 0)
        json_array_append_new(resources, file_shown(call, file));
    crowdstrike_answer(call, 200, resources, NULL);
}

void crowdstrike_file_contents(struct edr_call *call)
{
    const json_t *session = rtr_session(call, edr_query(call, "session_id"));
    const char *sha256 = edr_query(call, "sha256");
    const json_t *file = world_find(call->tenant, "files", "sha256", sha256);
    str content;
    if (session == NULL)
        return;
    if (file == NULL || world_number(file, "looks") == 0
        || strcmp(world_text(file, "session_id"), edr_query(call, "session_id")) != 0) {
        edr_refuse(call, 404, "40401", "File not found: %s", sha256);
        return;
    }
    const char *kept = arena_format(call->arena, ".cdr-runs/%s.get", world_text(file, "id"));
    bool is_here = json_is_string(json_object_get(file, "content"))
                       ? edr_unhex(call, world_text(file, "content"), &content)
                       : kept != NULL && call->hosts != NULL
                             && host_file_read(call->hosts, world_text(file, "device_id"), kept,
                                    call->arena, &content)
                                    == ERR_OK;
    if (!is_here) {
        edr_refuse(call, 404, "40401", "File not found: %s", sha256);
        return;
    }
    call->content_type = "application/octet-stream";
    buf_add(&call->body, content);
}

/* ---- to hosts ---- */

bool rtr_put_file(struct edr_call *call, const char *name, str *ret_content)
{
    const json_t *file = world_find(call->tenant, "putFiles", "name", name);
    return file != NULL && edr_unhex(call, world_text(file, "content"), ret_content);
}

void crowdstrike_put_file_ids(struct edr_call *call)
{
    struct crowdstrike_list list = { .collection = "putFiles",
        .sorts = "name created_timestamp",
        .filter = edr_query(call, "filter"),
        .sort = edr_query(call, "sort"),
        .token = edr_query(call, "offset") };
    if (!edr_number(call, "limit", 1, 100, 100, &list.limit) || !crowdstrike_select(call, &list, 0))
        return;
    json_t *resources = json_array();
    for (size_t at = list.from; at < list.to; at++)
        json_array_append(resources, json_object_get(list.items[at], "id"));
    crowdstrike_answer(call, 200, resources,
        json_pack("{s:I,s:I}", "total", (json_int_t)list.total, "limit", (json_int_t)list.limit));
}

static json_t *put_file_shown(const json_t *file)
{
    json_t *shown = json_copy((json_t *)(uintptr_t)file);
    json_object_del(shown, "content");
    return shown;
}

void crowdstrike_put_files_get(struct edr_call *call)
{
    const char *id;
    json_t *resources = json_array();
    for (size_t n = 0; (id = edr_query_at(call, "ids", n)) != NULL; n++) {
        const json_t *file = world_find(call->tenant, "putFiles", "id", id);
        if (file != NULL)
            json_array_append_new(resources, put_file_shown(file));
    }
    if (json_array_size(resources) == 0)
        edr_refuse(call, 404, "404", "No such put file");
    crowdstrike_answer(call, 200, resources, NULL);
}

/* The text of a part, in the arena; NULL: it is not there. */
static const char *part_text(struct edr_call *call, const char *name)
{
    const struct edr_part *part = edr_part(call, name);
    return part == NULL ? NULL : arena_copy(call->arena, part->content).ptr;
}

void crowdstrike_put_file_create(struct edr_call *call)
{
    char sha256[SHA256_HEX_SIZE];
    const struct edr_part *file = edr_part(call, "file");
    const char *name = part_text(call, "name");
    if (name == NULL)
        name = file->filename;
    if (file->filename == NULL || name == NULL || name[0] == '\0' || strchr(name, '/') != NULL) {
        edr_refuse(call, 400, "400", "file: there is no filename");
        return;
    }
    call->target = name;
    if (world_find(call->tenant, "putFiles", "name", name) != NULL) {
        edr_refuse(call, 409, "409", "file with given name already exists");
        return;
    }
    char *hex = edr_hex(call, file->content);
    if (hex == NULL || sha256_hex(file->content, sha256) != ERR_OK
        || json_array_size(json_object_get(call->tenant, "putFiles")) >= PUT_FILES_MAX) {
        edr_refuse_as(call, EDR_TOO_LONG, "there is no room for the file");
        return;
    }
    json_t *put = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:s}", "id",
        arena_format(call->arena, "%s_%s", edr_mint_hex(call), edr_mint_hex(call)), "name", name,
        "description", part_text(call, "description"), "sha256", sha256, "size",
        (json_int_t)file->content.len, "permission_type", "private", "created_by", call->caller,
        "created_timestamp", edr_now(call), "content", hex);
    edr_add(call, "putFiles", json_incref(put));
    crowdstrike_answer(call, 200, json_pack("[o]", put_file_shown(put)), NULL);
    json_decref(put);
}

void crowdstrike_put_file_delete(struct edr_call *call)
{
    json_t *file = world_find(call->tenant, "putFiles", "id", edr_query(call, "ids"));
    if (file == NULL)
        edr_refuse(call, 404, "404", "No such put file");
    else
        edr_remove(call, "putFiles", file);
    crowdstrike_answer(call, 200, json_array(), NULL);
}
