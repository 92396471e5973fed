#include "sandbox/host_pretend.h"
#include "base/sha256.h"
#include "sandbox/ssm.h"

enum { TEXT_BYTES_MAX = 64 * 1024, LOOKS_RUNNING = 1 };

/* What stands between `before` and `after` in `text`; empty: they are not there. */
static str between(str text, const char *before, const char *after)
{
    const char *start = text.len == 0 ? NULL : memmem(text.ptr, text.len, before, strlen(before));
    if (start == NULL)
        return STR("");
    str rest = str_skip(text, (size_t)(start - text.ptr) + strlen(before));
    const char *end = rest.len == 0 ? NULL : memmem(rest.ptr, rest.len, after, strlen(after));
    return end == NULL ? STR("") : str_first(rest, (size_t)(end - rest.ptr));
}

static bool has(str text, const char *mark)
{
    return text.len > 0 && memmem(text.ptr, text.len, mark, strlen(mark)) != NULL;
}

/* The collection that the script is of, by the line it begins with. */
static str key_of(str script)
{
    str key = between(script, "$CdrKey = '", "'\n");
    return key.len > 0 ? key : between(script, "CDR_KEY=", "\n");
}

static json_t *find(const json_t *host, const char *key)
{
    return world_find(host, "collections", "key", key);
}

/* ---- the upload ---- */

/* Whether the host reaches anything but its provider's cloud. */
static bool is_cut_off(const json_t *host)
{
    const char *isolation = world_text(host, "isolation");
    const char *status = world_text(host, "status");
    return (isolation[0] != '\0' && strcmp(isolation, "None") != 0)
           || strcmp(status, "contained") == 0;
}

/* PUT to the address, over the sandbox's own door: "yes", "exists" or "no". */
static const char *upload(struct edr_call *call, const json_t *host, str address, str body)
{
    str rest = str_skip(address, str_find(address, ':') + 3);
    str name = str_first(rest, str_find(rest, '/'));
    str path = str_skip(rest, name.len);
    str plain = str_first(path, str_find(path, '?'));
    struct http_header headers[] = { { STR("host"), name }, { STR("if-none-match"), STR("*") } };
    struct sigv4_request request = { STR("PUT"), plain, str_skip(path, plain.len + 1), headers,
        COUNT_OF(headers), body };
    struct call put = { .world = call->world,
        .arena = call->arena,
        .now_ms = call->now_ms,
        .request_id = "",
        .service = "",
        .region_name = "",
        .operation_name = "",
        .target = "",
        .body = BUF_INIT(TEXT_BYTES_MAX) };
    if (is_cut_off(host))
        return "no";
    sandbox_put(&put, &request);
    buf_release(&put.body);
    return put.error_code == NULL ? "yes" : put.status == 412 ? "exists" : "no";
}

/* ---- scripts ---- */

static const char *status_text(struct arena *arena, const json_t *collection)
{
    const char *archive = world_text(collection, "archive");
    const char *uploaded = world_text(collection, "uploaded");
    bool is_failed = strcmp(uploaded, "no") == 0;
    char hash[SHA256_HEX_SIZE] = "";
    if (world_number(collection, "looks") <= LOOKS_RUNNING)
        return "{\"cdr\":\"triage\",\"version\":2,\"state\":\"running\"}\n";
    if (sha256_hex(str_from(archive), hash) != ERR_OK)
        return NULL;
    return arena_format(arena,
        "{\"cdr\":\"triage\",\"version\":2,\"state\":\"%s\",\"uploaded\":\"%s\",\"sha256\":\"%s\","
        "\"bytes\":%zu,\"files\":3,\"skipped\":0,\"clock_offset\":0,\"why\":\"%s\"}\n",
        is_failed ? "failed" : "complete", uploaded, hash, strlen(archive),
        is_failed ? "the upload was refused" : "");
}

static const char *start(struct edr_call *call, json_t *host, const char *key, str script)
{
    str address = between(script, "$CdrPut = '", "'\n");
    if (address.len == 0)
        address = between(script, "CDR_PUT <<'CDR_END'\n", "\nCDR_END");
    json_t *collections = json_object_get(host, "collections");
    const char *archive = arena_format(
        call->arena, "an archive of the collection %s, as the sandbox packs it\n", key);
    if (find(host, key) != NULL)
        return "cdr-collector running\n";
    if (collections == NULL) {
        collections = json_array();
        json_object_set_new(host, "collections", collections);
    }
    json_array_append_new(
        collections, json_pack("{s:s,s:i,s:s,s:s}", "key", key, "looks", 0, "uploaded",
                         address.len == 0 ? "" : upload(call, host, address, str_from(archive)),
                         "archive", archive == NULL ? "" : archive));
    return "cdr-collector started\n";
}

static const char *look(struct edr_call *call, json_t *collection)
{
    if (collection == NULL)
        return "{\"cdr\":\"triage\",\"version\":2,\"state\":\"none\"}\n";
    json_object_set_new(collection, "looks", json_integer(world_number(collection, "looks") + 1));
    return status_text(call->arena, collection);
}

static const char *clean(const json_t *host, const json_t *collection)
{
    json_t *collections = json_object_get(host, "collections");
    for (size_t at = json_array_size(collections); at-- > 0;)
        if (json_array_get(collections, at) == collection)
            json_array_remove(collections, at);
    return "cdr-collector clean\n";
}

void host_pretend_script(
    struct edr_call *call, json_t *host, str script, struct host_run_state *ret_state)
{
    str key = key_of(script);
    const char *name = key.len == 0 ? NULL : arena_copy(call->arena, key).ptr;
    const char *printed = "";
    if (name != NULL && has(script, "cdr-collector started"))
        printed = start(call, host, name, script);
    else if (name != NULL && has(script, "cdr-collector clean"))
        printed = clean(host, find(host, name));
    else if (name != NULL)
        printed = look(call, find(host, name));
    *ret_state = (struct host_run_state){
        .is_known = true, .is_complete = true, .out = str_from(printed), .err = STR("")
    };
}

/* ---- files ---- */

str host_pretend_file(const json_t *host, const char *path, struct arena *arena)
{
    size_t index;
    json_t *collection;
    str whole = str_from(path);
    json_array_foreach(json_object_get(host, "collections"), index, collection)
    {
        const char *folder = arena_format(arena, "cdr-%s", world_text(collection, "key"));
        if (folder == NULL || strstr(path, folder) == NULL
            || world_number(collection, "looks") <= LOOKS_RUNNING)
            continue;
        if (str_endswith(whole, STR("status.json")))
            return str_from(status_text(arena, collection));
        if (str_endswith(whole, STR("triage.zip")) || str_endswith(whole, STR("triage.tar.gz")))
            return str_from(world_text(collection, "archive"));
    }
    return (str){ NULL, 0 };
}
