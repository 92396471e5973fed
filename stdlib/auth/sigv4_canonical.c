#include "auth/sigv4_canonical.h"

#include "base/percent.h"
#include "base/sha256.h"

#include <stdlib.h>

enum err bytes_hex(struct arena *arena, str bytes, str *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = arena_array(arena, bytes.len + 1, 2, 1);
    if (hex == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < bytes.len; at++) {
        unsigned char byte = (unsigned char)bytes.ptr[at];
        hex[at * 2] = digits[byte >> 4];
        hex[at * 2 + 1] = digits[byte & 15];
    }
    *ret_hex = (str){ hex, bytes.len * 2 };
    return ERR_OK;
}

enum err digest_hex(struct arena *arena, str bytes, str *ret_hex)
{
    char hex[SHA256_HEX_SIZE];
    TRY(sha256_hex(bytes, hex));
    *ret_hex = arena_copy(arena, str_from(hex));
    return ret_hex->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Code points of UTF-8 are ordered like its bytes. */
static int str_compare(str a, str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* --- path --- */

/* Resolve `.`, `..` and empty segments of `path` into `out`, which has room for
 * path.len + 1 bytes. */
static str path_normalise(char *out, str path)
{
    size_t len = 0;
    bool ends_in_slash = true;
    for (str rest = path; rest.len > 0;) {
        str segment = str_first(rest, str_find(rest, '/'));
        bool is_last = segment.len == rest.len;
        rest = str_skip(rest, segment.len + 1);
        ends_in_slash = true;
        if (str_is(segment, "..")) {
            while (len > 0 && out[--len] != '/')
                ;
        } else if (segment.len > 0 && !str_is(segment, ".")) {
            out[len++] = '/';
            memcpy(out + len, segment.ptr, segment.len);
            len += segment.len;
            ends_in_slash = !is_last;
        }
    }
    if (ends_in_slash)
        out[len++] = '/';
    return (str){ out, len };
}

static enum err path_add(struct buf *out, struct arena *arena, str path, bool as_is)
{
    str shown = path.len == 0 ? STR("/") : path;
    if (as_is) {
        TRY(percent_decode(arena, shown, false, &shown));
    } else {
        char *normal = arena_alloc(arena, shown.len + 1, 1);
        if (normal == NULL)
            return ERR_MEMORY;
        shown = path_normalise(normal, shown);
    }
    percent_encode(out, shown, "/");
    return ERR_OK;
}

/* --- query --- */

struct pair {
    str key;
    str value;
};

/* By name first: `a=1` comes before `a-b=1` although `-` is less than `=`. */
static int pair_compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = str_compare(a->key, b->key);
    return order != 0 ? order : str_compare(a->value, b->value);
}

/* Decoded and encoded again, so that both spellings of a byte become one. */
static enum err part_encode(struct arena *arena, str part, str *ret_part)
{
    CLEANUP(buf_release) struct buf encoded = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    str decoded;
    TRY(percent_decode(arena, part, false, &decoded));
    percent_encode(&encoded, decoded, "");
    if (encoded.err != ERR_OK)
        return encoded.err;
    *ret_part = arena_copy(arena, buf_str(&encoded));
    return ret_part->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err query_add(struct buf *out, struct arena *arena, str query)
{
    size_t most = 1, count = 0;
    for (size_t at = 0; at < query.len; at++)
        most += query.ptr[at] == '&';
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, most);
    if (pairs == NULL)
        return ERR_MEMORY;
    for (str rest = query; rest.len > 0;) {
        str part = str_first(rest, str_find(rest, '&'));
        rest = str_skip(rest, part.len + 1);
        if (part.len == 0)
            continue;
        str key = str_first(part, str_find(part, '='));
        TRY(part_encode(arena, key, &pairs[count].key));
        TRY(part_encode(arena, str_skip(part, key.len + 1), &pairs[count].value));
        count++;
    }
    qsort(pairs, count, sizeof(*pairs), pair_compare);
    for (size_t at = 0; at < count; at++) {
        if (at > 0)
            buf_add_byte(out, '&');
        buf_add(out, pairs[at].key);
        buf_add_byte(out, '=');
        buf_add(out, pairs[at].value);
    }
    return ERR_OK;
}

/* --- headers --- */

struct entry {
    str name; /* in lower case */
    str value;
    uint32_t order; /* values of one name keep theirs */
};

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = str_compare(a->name, b->name);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The value without space at its ends, and one for every run within. */
static void value_add(struct buf *out, str value)
{
    bool gap = false, begun = false;
    for (size_t at = 0; at < value.len; at++) {
        if (is_space(value.ptr[at])) {
            gap = begun;
            continue;
        }
        if (gap)
            buf_add_byte(out, ' ');
        buf_add_byte(out, value.ptr[at]);
        gap = false;
        begun = true;
    }
}

static enum err lower_copy(struct arena *arena, str text, str *ret_text)
{
    char *lower = arena_alloc(arena, text.len + 1, 1);
    if (lower == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        lower[at] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    *ret_text = (str){ lower, text.len };
    return ERR_OK;
}

bool header_names_include(str names, str name)
{
    for (str rest = names; rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ';'));
        rest = str_skip(rest, one.len + 1);
        if (str_equal(one, name))
            return true;
    }
    return false;
}

static enum err entries_add(struct arena *arena, const struct http_header *headers,
    uint32_t headers_count, str only, struct entry *entries, uint32_t *count)
{
    for (uint32_t at = 0; at < headers_count; at++) {
        str name;
        TRY(lower_copy(arena, headers[at].name, &name));
        if (only.len > 0 && !header_names_include(only, name))
            continue;
        if (*count == SIGV4_REQUEST_HEADERS_MAX)
            return ERR_LIMIT;
        entries[*count] = (struct entry){ name, headers[at].value, *count };
        ++*count;
    }
    return ERR_OK;
}

static void entries_print(
    struct buf *block, struct buf *names, const struct entry *entries, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        if (at > 0 && str_equal(entries[at].name, entries[at - 1].name)) {
            buf_add_byte(block, ',');
        } else {
            if (at > 0) {
                buf_add_byte(block, '\n');
                buf_add_byte(names, ';');
            }
            buf_add(block, entries[at].name);
            buf_add_byte(block, ':');
            buf_add(names, entries[at].name);
        }
        value_add(block, entries[at].value);
    }
    buf_add_byte(block, '\n');
}

enum err canonical_headers(struct arena *arena, const struct sigv4_request *request,
    const struct http_header *more, uint32_t more_count, str only,
    struct canonical_headers *ret_headers)
{
    struct entry entries[SIGV4_REQUEST_HEADERS_MAX];
    uint32_t count = 0;
    TRY(entries_add(arena, request->headers, request->headers_count, only, entries, &count));
    TRY(entries_add(arena, more, more_count, only, entries, &count));
    qsort(entries, count, sizeof(entries[0]), entry_compare);
    CLEANUP(buf_release) struct buf block = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    CLEANUP(buf_release) struct buf names = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    entries_print(&block, &names, entries, count);
    if (block.err != ERR_OK || names.err != ERR_OK)
        return block.err != ERR_OK ? block.err : names.err;
    ret_headers->block = arena_copy(arena, buf_str(&block));
    ret_headers->names = arena_copy(arena, buf_str(&names));
    bool full = ret_headers->block.ptr == NULL || ret_headers->names.ptr == NULL;
    return full ? ERR_MEMORY : ERR_OK;
}

enum err canonical_request(struct arena *arena, const struct sigv4_request *request, str query,
    const struct canonical_headers *headers, struct canonical_form form, str *ret_text)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(SIGV4_TEXT_BYTES_MAX);
    str hash = STR("UNSIGNED-PAYLOAD");
    if (!form.body_unsigned)
        TRY(digest_hex(arena, request->body, &hash));
    buf_add(&text, request->method);
    buf_add_byte(&text, '\n');
    TRY(path_add(&text, arena, request->path, form.path_as_is));
    buf_add_byte(&text, '\n');
    TRY(query_add(&text, arena, query));
    buf_add_byte(&text, '\n');
    buf_add(&text, headers->block);
    buf_add_byte(&text, '\n');
    buf_add(&text, headers->names);
    buf_add_byte(&text, '\n');
    buf_add(&text, hash);
    if (text.err != ERR_OK)
        return text.err;
    *ret_text = arena_copy(arena, buf_str(&text));
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}
