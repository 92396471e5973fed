#include "sandbox/fake_host.h"
#include "base/sha256.h"
#include "sandbox/world.h"

#include <ctype.h>
#include <zlib.h>

enum { DEPTH_MAX = 256, KEY_BYTES_MAX = 64, TAR_BLOCK = 512 };

static bool has(str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* ---- PowerShell ---- */

/* Skip the string that begins at `at`, past its end; SIZE_MAX: it has none. */
static size_t skip_string(str script, size_t at)
{
    char quote = script.ptr[at++];
    for (; at < script.len; at++) {
        if (quote == '"' && script.ptr[at] == '`')
            at++;
        else if (script.ptr[at] == quote && at + 1 < script.len && script.ptr[at + 1] == quote)
            at++;
        else if (script.ptr[at] == quote)
            return at + 1;
    }
    return SIZE_MAX;
}

/* The same of a here-string: it ends at a line that begins with the quote and @. */
static size_t skip_here(str script, size_t at)
{
    const char end[] = { '\n', script.ptr[at + 1], '@', '\0' };
    str rest = str_skip(script, at + 2);
    const char *found = memmem(rest.ptr, rest.len, end, 3);
    return found == NULL ? SIZE_MAX : (size_t)(found - script.ptr) + 3;
}

/* Skip what is no code from `at` on: a comment or a string. `at` itself: it is code; SIZE_MAX: it does
 * not end. */
static size_t skip_text(str script, size_t at)
{
    str rest = str_skip(script, at);
    if (str_startswith(rest, STR("@'")) || str_startswith(rest, STR("@\"")))
        return skip_here(script, at);
    if (rest.ptr[0] == '\'' || rest.ptr[0] == '"')
        return skip_string(script, at);
    if (str_startswith(rest, STR("<#"))) {
        const char *end = memmem(rest.ptr, rest.len, "#>", 2);
        return end == NULL ? SIZE_MAX : (size_t)(end - script.ptr) + 2;
    }
    bool is_word =
        at > 0 && (isalnum((unsigned char)script.ptr[at - 1]) || script.ptr[at - 1] == '`');
    return rest.ptr[0] == '#' && !is_word ? at + str_find(rest, '\n') : at;
}

const char *powershell_fault(str script)
{
    static const char opens[] = "({[", closes[] = ")}]";
    char stack[DEPTH_MAX];
    size_t depth = 0;
    for (size_t at = 0; at < script.len;) {
        size_t past = skip_text(script, at);
        if (past == SIZE_MAX)
            return "The string is missing the terminator.";
        if (past != at) {
            at = past;
            continue;
        }
        char byte = script.ptr[at];
        const char *open = byte == '\0' ? NULL : strchr(opens, byte);
        const char *close = byte == '\0' ? NULL : strchr(closes, byte);
        at += byte == '`' ? 2 : 1;
        if (open != NULL && depth == DEPTH_MAX)
            return "The script block is nested too deeply.";
        if (open != NULL)
            stack[depth++] = closes[open - opens];
        else if (close != NULL && (depth == 0 || stack[--depth] != byte))
            return "Unexpected token in expression or statement.";
    }
    return depth == 0 ? NULL : "Missing closing '}' in statement block or type definition.";
}

/* ---- archives ---- */

static char *put16(char *out, uint32_t number)
{
    out[0] = (char)(number & 0xff);
    out[1] = (char)(number >> 8 & 0xff);
    return out + 2;
}

static char *put32(char *out, uint32_t number)
{
    return put16(put16(out, number & 0xffff), number >> 16);
}

static const char member_name[] = "manifest.json";
enum { MEMBER_NAME_BYTES = sizeof(member_name) - 1 };

/* What a local header and an entry of the directory have in common: APPNOTE.TXT 4.3.7, 4.3.12. */
static char *put_zip_member(char *out, str content)
{
    uint32_t size = (uint32_t)content.len;
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)content.ptr, (uInt)content.len);
    out = put16(put16(put16(out, 20), 0), 0); /* version, flags, stored */
    out = put16(put16(out, 0), (1 << 5) | 1); /* 1980-01-01 */
    out = put32(put32(put32(out, crc), size), size);
    return put16(put16(out, MEMBER_NAME_BYTES), 0);
}

/* A zip with one member that is stored. */
static str zip_of(str content, struct arena *arena)
{
    char *zip = arena_alloc(arena, content.len + 256, 1);
    if (zip == NULL)
        return (str){ NULL, 0 };
    char *out = put_zip_member(put32(zip, 0x04034b50), content);
    out = (char *)memcpy(out, member_name, MEMBER_NAME_BYTES) + MEMBER_NAME_BYTES;
    out = (char *)memcpy(out, content.ptr, content.len) + content.len;
    uint32_t directory = (uint32_t)(out - zip);
    out = put_zip_member(put16(put32(out, 0x02014b50), 20), content);
    out = put32(put32(put16(put16(put16(out, 0), 0), 0), 0), 0); /* comment .. where it begins */
    out = (char *)memcpy(out, member_name, MEMBER_NAME_BYTES) + MEMBER_NAME_BYTES;
    uint32_t size = (uint32_t)(out - zip) - directory;
    out = put16(put16(put16(put16(put32(out, 0x06054b50), 0), 0), 1), 1);
    out = put16(put32(put32(out, size), directory), 0);
    return (str){ zip, (size_t)(out - zip) };
}

/* A tar (ustar) with one member. */
static str tar_of(str content, struct arena *arena)
{
    size_t size = (content.len / TAR_BLOCK + 1) * TAR_BLOCK + 3 * TAR_BLOCK;
    char *tar = arena_alloc(arena, size, 1);
    unsigned sum = 8 * ' ';
    if (tar == NULL)
        return (str){ NULL, 0 };
    memcpy(tar, member_name, MEMBER_NAME_BYTES);
    memcpy(tar + 100, "0000600", 8);
    memcpy(tar + 108, "0000000", 8);
    memcpy(tar + 116, "0000000", 8);
    snprintf(tar + 124, 12, "%011o", (unsigned)content.len);
    memcpy(tar + 136, "00000000000", 12);
    tar[156] = '0';
    memcpy(tar + 257, "ustar\00000", 8);
    for (size_t at = 0; at < TAR_BLOCK; at++)
        sum += (unsigned char)tar[at];
    snprintf(tar + 148, 8, "%06o", sum);
    tar[155] = ' ';
    memcpy(tar + TAR_BLOCK, content.ptr, content.len);
    return (str){ tar, size };
}

static str gzip_of(str content, struct arena *arena)
{
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)content.ptr, .avail_in = (uInt)content.len };
    size_t most = content.len + 1024;
    char *out = arena_alloc(arena, most, 1);
    if (out == NULL || content.ptr == NULL
        || deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return (str){ NULL, 0 };
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)most;
    bool is_whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&stream);
    return is_whole ? (str){ out, (size_t)stream.total_out } : (str){ NULL, 0 };
}

/* The archive of a collection: the same bytes each time. */
static str archive_of(const struct fake_host *host, const json_t *collection, struct arena *arena)
{
    str manifest = str_from(world_text(collection, "manifest"));
    return host->is_windows ? zip_of(manifest, arena) : gzip_of(tar_of(manifest, arena), arena);
}

/* ---- the collector ---- */

/* What follows `mark` up to `end`, in the arena; NULL: it is not there. */
static const char *between(str script, const char *mark, char end, struct arena *arena)
{
    const char *at = memmem(script.ptr, script.len, mark, strlen(mark));
    if (at == NULL)
        return NULL;
    str rest = str_skip(script, (size_t)(at - script.ptr) + strlen(mark));
    return arena_copy(arena, str_first(rest, str_find(rest, end))).ptr;
}

static const char *status_of(const json_t *collection, const char *state, struct arena *arena)
{
    return arena_format(arena,
        "{\"cdr\":\"triage\",\"version\":2,\"state\":\"%s\",\"uploaded\":\"%s\",\"sha256\":\"%s\","
        "\"bytes\":%lld,\"files\":1,\"skipped\":0,\"cut\":0,\"seconds\":1,\"clock_offset\":0,"
        "\"why\":\"\"}\n",
        state, world_text(collection, "uploaded"), world_text(collection, "sha256"),
        world_number(collection, "bytes"));
}

/* A look lets time pass. */
static const char *status(struct fake_host *host, json_t *collection, struct arena *arena)
{
    if (collection == NULL)
        return "{\"cdr\":\"triage\",\"version\":2,\"state\":\"none\"}\n";
    long long looks = world_number(collection, "looks") + 1;
    json_object_set_new(collection, "looks", json_integer(looks));
    return looks <= host->looks ? "{\"cdr\":\"triage\",\"version\":2,\"state\":\"running\"}\n"
                                : status_of(collection, "complete", arena);
}

static json_t *collections_of(struct fake_host *host)
{
    json_t *all = json_object_get(host->inside, "collections");
    if (all == NULL)
        json_object_set_new(host->inside, "collections", all = json_array());
    return all;
}

/* Pack, and upload where an address came along. */
static const char *start(struct fake_host *host, const char *key, str script, struct arena *arena)
{
    char sha256[SHA256_HEX_SIZE];
    const char *url = host->is_windows ? between(script, "$CdrPut = '", '\'', arena)
                                       : between(script, "CDR_PUT <<'CDR_END'\n", '\n', arena);
    const char *manifest = arena_format(arena,
        "{\"cdr\":\"triage\",\"host\":\"%.64s\",\"key\":\"%.64s\",\"files\":[],\"skipped\":[]}\n",
        host->name, key);
    json_t *collection = json_pack(
        "{s:s,s:i,s:s,s:s?}", "key", key, "looks", 0, "uploaded", "no", "manifest", manifest);
    str archive = archive_of(host, collection, arena);
    if (archive.ptr == NULL || sha256_hex(archive, sha256) != ERR_OK) {
        json_decref(collection);
        return "cdr-collector refused: out of memory\n";
    }
    json_object_set_new(collection, "sha256", json_string(sha256));
    json_object_set_new(collection, "bytes", json_integer((json_int_t)archive.len));
    if (url != NULL && url[0] != '\0' && host->uploader != NULL) {
        int status = host->uploader->put(host->uploader, str_from(url), archive);
        json_object_set_new(collection, "uploaded",
            json_string(status == 200   ? "yes"
                        : status == 412 ? "exists"
                                        : "no"));
    }
    json_array_append_new(collections_of(host), collection);
    json_object_set_new(
        host->inside, "starts", json_integer(world_number(host->inside, "starts") + 1));
    return "cdr-collector started\n";
}

static const char *clean(struct fake_host *host, const char *key)
{
    json_t *all = collections_of(host);
    for (size_t at = json_array_size(all); at-- > 0;)
        if (strcmp(world_text(json_array_get(all, at), "key"), key) == 0)
            json_array_remove(all, at);
    return "cdr-collector clean\n";
}

struct fake_reply fake_host_run(struct fake_host *host, str script, struct arena *arena)
{
    const char *fault = host->is_windows ? powershell_fault(script) : NULL;
    const char *key = host->is_windows ? between(script, "$CdrKey = '", '\'', arena)
                                       : between(script, "CDR_KEY='", '\'', arena);
    if (fault != NULL)
        return (struct fake_reply){ "", fault };
    if (key == NULL || strlen(key) > KEY_BYTES_MAX)
        return (struct fake_reply){ "", "" };
    json_t *collection = world_find(host->inside, "collections", "key", key);
    if (has(script, "cdr-collector clean"))
        return (struct fake_reply){ clean(host, key), "" };
    if (has(script, "cdr-collector started"))
        return (struct fake_reply){
            collection != NULL ? "cdr-collector running\n" : start(host, key, script, arena), ""
        };
    return (struct fake_reply){ status(host, collection, arena), "" };
}

bool fake_host_file(
    const struct fake_host *host, const char *path, struct arena *arena, str *ret_content)
{
    size_t index;
    json_t *collection;
    json_array_foreach(json_object_get(host->inside, "collections"), index, collection)
    {
        const char *wanted = arena_format(arena,
            host->is_windows ? "C:\\Windows\\Temp\\cdr-%s\\triage.zip"
                             : "/tmp/cdr-%s/triage.tar.gz",
            world_text(collection, "key"));
        if (wanted == NULL || strcmp(wanted, path) != 0)
            continue;
        *ret_content = archive_of(host, collection, arena);
        return ret_content->ptr != NULL;
    }
    return false;
}
