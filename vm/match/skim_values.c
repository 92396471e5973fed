#include "base/utf8.h"
#include "match/scan.h"
#include "match/skim_private.h"
#include "number.h"

#include <stdlib.h>

enum { HITS_LEAST = 256 };

/* Twice the room. A slot holds SLOT_VALUES_MAX; an alert with more hits than that has, most
 * likely, a slot with more. */
static bool hits_grow(struct skimmer *skimmer)
{
    if (skimmer->hit_room == SLOT_VALUES_MAX)
        return false;
    uint32_t room = skimmer->hit_room == 0 ? HITS_LEAST : skimmer->hit_room * 2;
    struct skim_hit *hits = realloc(skimmer->hits, room * sizeof *hits);
    skimmer->is_full = hits == NULL;
    if (hits == NULL)
        return false;
    skimmer->hits = hits;
    skimmer->hit_room = room;
    return true;
}

bool skim_deliver(struct skimmer *skimmer, uint32_t node, value v, bool in_list)
{
    const struct skim_plan *plan = skimmer->plan;
    const struct skim_path_end *end = &plan->ends[plan->nodes[node].ends];
    for (uint32_t i = 0; i < plan->nodes[node].end_count; i++) {
        if (skimmer->hit_count == skimmer->hit_room && !hits_grow(skimmer))
            return false;
        uint32_t path = end[i].path | (end[i].is_whole ? SKIM_WHOLE : 0);
        skimmer->has_whole = skimmer->has_whole || end[i].is_whole;
        skimmer->hits[skimmer->hit_count++] = (struct skim_hit){ v, path, in_list };
    }
    return true;
}

/* What a backslash and the byte stand for; 0 for \u and for what is no escape. */
static const char short_escapes[256] = {
    ['"'] = '"',
    ['\\'] = '\\',
    ['/'] = '/',
    ['b'] = '\b',
    ['f'] = '\f',
    ['n'] = '\n',
    ['r'] = '\r',
    ['t'] = '\t',
};

/* Write what the \u escape at the front stands for. Its bytes; 0: unsure. */
static size_t unescape_unicode(str text, char **out)
{
    if (scan_escape_bytes(text) == 0)
        return 0;
    str second = str_skip(text, 6);
    if (str_startswith(second, STR("\\u")) && scan_escape_bytes(second) == 0)
        return 0;
    uint32_t repairs = 0;
    uint32_t point;
    size_t bytes = scan_unicode_escape(text, &point, &repairs);
    char encoded[UTF8_BYTES_MAX];
    size_t length = utf8_encode(point, encoded);
    memcpy(*out, encoded, length);
    *out += length;
    return repairs == 0 ? bytes : 0;
}

/* The same for any escape. No escape is shorter than what it stands for. */
static size_t unescape_one(str text, char **out)
{
    if (text.len < 2)
        return 0;
    char plain = short_escapes[(unsigned char)text.ptr[1]];
    if (plain == 0)
        return unescape_unicode(text, out);
    *(*out)++ = plain;
    return 2;
}

bool skim_unescape(struct skimmer *skimmer, str json, size_t at, size_t end, str *ret_text)
{
    const uint64_t *odd = skimmer->bits.odd;
    char *start = skimmer->unescaped + skimmer->unescaped_bytes;
    char *out = start;
    bool has_others = false;
    size_t copied = at;
    for (size_t next = bits_next(odd, at); next < end; next = bits_next(odd, next)) {
        unsigned char byte = (unsigned char)json.ptr[next];
        if (byte < 0x20)
            return false;
        if (byte >= 0x80) {
            has_others = true;
            next++;
            continue;
        }
        memcpy(out, json.ptr + copied, next - copied);
        out += next - copied;
        size_t bytes = unescape_one((str){ json.ptr + next, end - next }, &out);
        if (bytes == 0)
            return false;
        next += bytes;
        copied = next;
    }
    str text = { json.ptr + at, end - at };
    *ret_text = text;
    if (has_others && utf8_valid_bytes(text) != text.len)
        return false;
    if (copied == at)
        return true;
    memcpy(out, json.ptr + copied, end - copied);
    out += end - copied;
    *ret_text = (str){ start, (size_t)(out - start) };
    skimmer->unescaped_bytes += ret_text->len;
    return true;
}

/* Digits that fit 64 bits whatever they are. */
enum { SAFE_DIGITS = 18 };

/* Any number by number.h. A whole one that does not fit is kept as text by projection_read. */
static size_t read_number(str text, value *ret_value)
{
    text.len = number_bytes(text);
    if (text.len == 0 || !number_parse(text, ret_value))
        return 0;
    bool is_whole = str_all_of(text, "-0123456789");
    return is_whole && ret_value->kind == VALUE_DECIMAL ? 0 : text.len;
}

size_t skim_scalar(str json, size_t at, value *ret_value)
{
    str text = str_skip(json, at);
    size_t bytes = 0;
    uint64_t integer = 0;
    while (bytes < text.len && text.ptr[bytes] >= '0' && text.ptr[bytes] <= '9'
           && bytes <= SAFE_DIGITS)
        integer = integer * 10 + (uint64_t)(text.ptr[bytes++] - '0');
    bool is_plain = bytes > 0 && bytes <= SAFE_DIGITS && bytes < text.len
                    && (text.ptr[0] != '0' || bytes == 1)
                    && (text.ptr[bytes] == ',' || text.ptr[bytes] == '}' || text.ptr[bytes] == ']');
    *ret_value = value_integer((int64_t)integer);
    if (is_plain)
        return at + bytes;
    if (str_startswith(text, STR("true")) || str_startswith(text, STR("false"))) {
        *ret_value = value_bool(text.ptr[0] == 't');
        return at + (text.ptr[0] == 't' ? 4 : 5);
    }
    if (str_startswith(text, STR("null"))) {
        *ret_value = (value){ .kind = VALUE_NULL };
        return at + 4;
    }
    bytes = read_number(text, ret_value);
    return bytes == 0 ? 0 : at + bytes;
}
