/* What commands of Real Time Response do: on this machine where a host runs, else simulated. */
#include "base/sha256.h"
#include "sandbox/crowdstrike_rtr.h"
#include "sandbox/host_run.h"

#include <stdlib.h>

enum { TIMEOUT_S = 30, TEXT_BYTES_MAX = 64 * 1024 };

/* ---- lines ---- */

/* The next word: three backticks keep everything, quotation marks blanks; both may stand inside of it.
 * False: one does not end. */
static bool take_word(str *rest, struct arena *arena, const char **ret_word)
{
    char *word = arena_alloc(arena, rest->len + 1, 1);
    size_t len = 0;
    if (word == NULL)
        return false;
    while (rest->len > 0 && rest->ptr[0] != ' ') {
        bool is_raw = str_startswith(*rest, STR("```"));
        size_t mark = is_raw ? 3 : 1;
        if (!is_raw && rest->ptr[0] != '"') {
            word[len++] = rest->ptr[0];
            *rest = str_skip(*rest, 1);
            continue;
        }
        str inside = str_skip(*rest, mark);
        const char *end = memmem(inside.ptr, inside.len, is_raw ? "```" : "\"", mark);
        if (end == NULL)
            return false;
        size_t size = (size_t)(end - inside.ptr);
        memcpy(word + len, inside.ptr, size);
        len += size;
        *rest = str_skip(inside, size + mark);
    }
    *ret_word = word;
    return true;
}

bool rtr_line_read(const char *line, struct arena *arena, struct rtr_line *ret_line)
{
    *ret_line = (struct rtr_line){ 0 };
    for (str rest = str_trim(str_from(line), " "); rest.len > 0; rest = str_trim(rest, " "))
        if (ret_line->count == RTR_WORDS_MAX
            || !take_word(&rest, arena, &ret_line->words[ret_line->count++]))
            return false;
    return true;
}

const char *rtr_option(const struct rtr_line *line, const char *name)
{
    size_t len = strlen(name);
    for (size_t at = 1; at < line->count; at++)
        if (strncmp(line->words[at], name, len) == 0)
            return line->words[at] + len;
    return NULL;
}

/* ---- simulated hosts ---- */

struct fake_host rtr_fake_host(struct edr_call *call, json_t *device)
{
    const char *status = world_text(device, "status");
    bool is_cut =
        strcmp(status, "contained") == 0 || strcmp(status, "lift_containment_pending") == 0;
    return (struct fake_host){ .inside = json_object_get(device, "sandbox"),
        .name = world_text(device, "hostname"),
        .is_windows = strcmp(world_text(device, "platform_name"), "Windows") == 0,
        .uploader = is_cut ? NULL : edr_uploader(call),
        .looks = crowdstrike_knob(call, "collectLooks", 2) };
}

/* The names that `put` brought to the host. */
static json_t *put_names(json_t *device)
{
    json_t *inside = json_object_get(device, "sandbox");
    json_t *names = json_object_get(inside, "put");
    if (names == NULL)
        json_object_set_new(inside, "put", names = json_array());
    return names;
}

static void ended(json_t *command, const char *out, const char *err)
{
    json_object_set_new(command, "state", json_string("ended"));
    json_object_set_new(command, "stdout", json_string(out == NULL ? "" : out));
    json_object_set_new(command, "stderr", json_string(err == NULL ? "out of memory" : err));
}

/* The bare name behind the last slash or backslash. */
static const char *bare(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *back = strrchr(path, '\\');
    const char *last = slash > back ? slash : back;
    return last == NULL ? path : last + 1;
}

/* Whether `put` brought such a file; with `is_gone` it is taken away. */
static bool is_put(json_t *device, const char *path, bool is_gone)
{
    json_t *names = put_names(device);
    for (size_t at = 0; at < json_array_size(names); at++) {
        if (strcmp(json_string_value(json_array_get(names, at)), bare(path)) != 0)
            continue;
        if (is_gone)
            json_array_remove(names, at);
        return true;
    }
    return false;
}

/* filehash: "SHA256 of file", as the vendor prints it in a table. */
static const char *filehash(struct edr_call *call, json_t *device, const char *path)
{
    char sha256[SHA256_HEX_SIZE];
    str content = STR("");
    struct fake_host host = rtr_fake_host(call, device);
    bool is_there = is_put(device, path, false)
                        ? rtr_put_file(call, bare(path), &content)
                        : fake_host_file(&host, path, call->arena, &content);
    return !is_there || sha256_hex(content, sha256) != ERR_OK
               ? NULL
               : arena_format(call->arena, "SHA256 : %s\nFile   : %s\n", sha256, path);
}

/* Commands of one operand on a host that is simulated. */
static void simulate(struct edr_call *call, json_t *command, json_t *device, const char *path)
{
    const char *base = world_text(command, "base_command");
    const char *missing = arena_format(call->arena, "%s: no such file: %s", base, path);
    if (strcmp(base, "filehash") == 0) {
        const char *told = filehash(call, device, path);
        ended(command, told, told == NULL ? missing : "");
    } else if (strcmp(base, "rm") == 0) {
        ended(command, "", is_put(device, path, true) ? "" : missing);
    } else if (strcmp(base, "cd") == 0 || strcmp(base, "mkdir") == 0 || strcmp(base, "ls") == 0
               || strcmp(base, "ps") == 0 || strcmp(base, "memdump") == 0
               || strcmp(base, "run") == 0) {
        ended(command, "", "");
    } else {
        ended(command, "",
            arena_format(call->arena, "the sandbox does not simulate %s on this host", base));
    }
}

/* ---- hosts that run ---- */

bool rtr_runs(const struct edr_call *call, const json_t *device)
{
    return call->hosts != NULL && world_flag(json_object_get(device, "sandbox"), "runs");
}

/* `script` with "/NAME" of files that `put` brought as where they really are. */
static str with_put_paths(struct edr_call *call, json_t *device, str script)
{
    struct buf out = BUF_INIT(TEXT_BYTES_MAX * 4);
    for (size_t at = 0; at < script.len; at++) {
        bool is_start = at == 0 || strchr(" '\"=\n", script.ptr[at - 1]) != NULL;
        str rest = str_skip(script, at + 1);
        str name = STR("");
        size_t index;
        json_t *one;
        if (script.ptr[at] == '/' && is_start)
            json_array_foreach(put_names(device), index,
                one) if (str_startswith(rest, str_from(json_string_value(one)))) name =
                str_from(json_string_value(one));
        if (name.len == 0) {
            buf_add_byte(&out, script.ptr[at]);
            continue;
        }
        buf_add(&out, str_from(host_path(
                          call->hosts, world_text(device, "device_id"), name.ptr, call->arena)));
        at += name.len;
    }
    str copy = out.err == ERR_OK ? arena_copy(call->arena, buf_str(&out)) : script;
    buf_release(&out);
    return copy;
}

static void start(
    struct edr_call *call, json_t *command, json_t *device, str script, const char *timeout)
{
    long long seconds = timeout == NULL ? TIMEOUT_S : strtoll(timeout, NULL, 10);
    enum err err = host_run_start(call->hosts, world_text(device, "device_id"),
        world_text(command, "cloud_request_id"), with_put_paths(call, device, script),
        seconds < 1 || seconds > HOST_TIMEOUT_S_MAX ? TIMEOUT_S : (uint32_t)seconds);
    if (err == ERR_OK)
        json_object_set_new(command, "state", json_string("running"));
    else
        ended(command, "", err_text(err));
}

/* Text for JSON: bytes that are no UTF-8 become question marks. */
static const char *as_text(struct arena *arena, str bytes)
{
    json_auto_t *whole = json_stringn(bytes.ptr, bytes.len);
    char *copy = arena_alloc(arena, bytes.len + 1, 1);
    for (size_t at = 0; copy != NULL && at < bytes.len; at++) {
        unsigned char byte = (unsigned char)bytes.ptr[at];
        copy[at] = byte == '\0' || (whole == NULL && byte >= 0x80) ? '?' : (char)byte;
    }
    return copy;
}

void rtr_look(struct edr_call *call, json_t *command)
{
    struct host_run_state state;
    if (strcmp(world_text(command, "state"), "running") != 0)
        return;
    if (call->hosts == NULL
        || host_run_look(call->hosts, world_text(command, "cloud_request_id"), call->arena, &state)
               != ERR_OK
        || !state.is_known) {
        ended(command, "", "the host does not know of the command any more");
        return;
    }
    if (!state.is_complete)
        return;
    const char *err = as_text(call->arena, state.err);
    ended(command, as_text(call->arena, state.out),
        state.is_killed ? "The command exceeded its timeout" : err);
}

/* `text` as one word of sh. */
static const char *quoted(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, strlen(text) * 4 + 3, 1);
    size_t len = 0;
    if (out == NULL)
        return "''";
    out[len++] = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            len += (size_t)snprintf(out + len, 5, "'\\''");
        else
            out[len++] = *text;
    }
    out[len++] = '\'';
    return out;
}

/* Commands of one operand on a host that runs. */
static void run_plain(struct edr_call *call, json_t *command, json_t *device, const char *path)
{
    static const struct {
        const char *base;
        const char *format;
    } all[] = { { "cat", "cat -- %s" }, { "rm", "rm -rf -- %s" }, { "ls", "ls -la -- %s" },
        { "mkdir", "mkdir -p -- %s" }, { "cd", "cd -- %s && pwd" },
        { "filehash", "sha256sum -- %s" }, { "run", "%s" }, { "ps", "ps ax" } };
    const char *base = world_text(command, "base_command");
    const char *real = host_path(call->hosts, world_text(device, "device_id"), path, call->arena);
    for (size_t at = 0; real != NULL && at < COUNT_OF(all); at++) {
        if (strcmp(all[at].base, base) != 0)
            continue;
        struct buf script = BUF_INIT(TEXT_BYTES_MAX);
        str format = str_from(all[at].format);
        size_t hole = str_find(format, '%');
        buf_add(&script, str_first(format, hole));
        if (hole < format.len)
            buf_add(&script, str_from(quoted(call->arena, real)));
        buf_add(&script, str_skip(format, hole + 2));
        buf_add_byte(&script, '\n');
        start(call, command, device, buf_str(&script), NULL);
        buf_release(&script);
        return;
    }
    simulate(call, command, device, path);
}

/* ---- each command ---- */

static void runscript(
    struct edr_call *call, json_t *command, json_t *device, const struct rtr_line *line)
{
    const char *raw = rtr_option(line, "-Raw=");
    if (raw == NULL) {
        ended(command, "", "the sandbox keeps no scripts: runscript needs -Raw");
        return;
    }
    if (rtr_runs(call, device)) {
        start(call, command, device, str_from(raw), rtr_option(line, "-Timeout="));
        return;
    }
    struct fake_host host = rtr_fake_host(call, device);
    struct fake_reply reply = fake_host_run(&host, str_from(raw), call->arena);
    ended(command, reply.out, reply.err);
}

static void put(struct edr_call *call, json_t *command, json_t *device, const char *name)
{
    str content;
    if (!rtr_put_file(call, name, &content)) {
        ended(command, "", "put: there is no such file in the cloud");
        return;
    }
    if (is_put(device, name, false)) {
        ended(command, "", "put: a file of that name is there already");
        return;
    }
    if (rtr_runs(call, device)
        && host_file_write(call->hosts, world_text(device, "device_id"), name, content) != ERR_OK) {
        ended(command, "", "put: the file cannot be written");
        return;
    }
    json_array_append_new(put_names(device), json_string(name));
    ended(command, "Operation completed successfully.\n", "");
}

static void get(struct edr_call *call, json_t *command, const char *path)
{
    bool is_there = rtr_fetch(call, command, path);
    ended(command, is_there ? arena_format(call->arena, "%s\n", path) : "",
        is_there ? "" : arena_format(call->arena, "get: no such file: %s", path));
}

void rtr_perform(struct edr_call *call, json_t *command)
{
    struct rtr_line line;
    const char *base = world_text(command, "base_command");
    json_t *device = crowdstrike_device(call, world_text(command, "device_id"));
    if (device == NULL
        || !rtr_line_read(world_text(command, "command_string"), call->arena, &line)) {
        ended(command, "", "Command is not valid");
        return;
    }
    const char *operand = line.count > 1 ? line.words[1] : "";
    if (strcmp(base, "runscript") == 0)
        runscript(call, command, device, &line);
    else if (strcmp(base, "put") == 0)
        put(call, command, device, operand);
    else if (strcmp(base, "get") == 0)
        get(call, command, operand);
    else if (rtr_runs(call, device)) {
        if (strcmp(base, "rm") == 0)
            (void)is_put(device, operand, true);
        run_plain(call, command, device, operand);
    } else
        simulate(call, command, device, operand);
}
