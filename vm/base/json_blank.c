/* json_blank.c - see json_blank.h.
 *
 * One walk over the text with a stack of its own. It is strict about where strings, objects and
 * arrays begin and end, because that decides what is blanked, and not about numbers.
 */
#include "base/json_blank.h"

#include "base/limits.h"
#include "base/utf8.h"

struct level {
    bool is_object;
    bool is_begun; /* something was read in it, so a comma comes next */
    str rest;      /* of the path, what is looked for in it; NULL: nothing */
};

struct walk {
    str text;
    size_t at;
    struct level levels[ALERT_DEPTH_MAX];
    size_t depth;
    struct buf *out;
    size_t kept;     /* of the text up to here all is in `out` */
    bool is_blank;   /* what is walked over now is left out, */
    size_t blank_at; /* from here */
    size_t blank_depth;
};

static const str nothing = { NULL, 0 };

static bool is_at(const struct walk *walk, char byte)
{
    return walk->at < walk->text.len && walk->text.ptr[walk->at] == byte;
}

static bool take(struct walk *walk, char byte)
{
    bool is_there = is_at(walk, byte);
    walk->at += is_there ? 1 : 0;
    return is_there;
}

static void skip_any(struct walk *walk, const char *bytes)
{
    while (walk->at < walk->text.len && walk->text.ptr[walk->at] != '\0'
           && strchr(bytes, walk->text.ptr[walk->at]) != NULL)
        walk->at++;
}

static void skip_blanks(struct walk *walk)
{
    skip_any(walk, " \t\r\n");
}

/* A string; *ret_inside is what stands between its quotes. */
static bool take_string(struct walk *walk, str *ret_inside)
{
    if (!take(walk, '"'))
        return false;
    size_t begin = walk->at;
    while (walk->at < walk->text.len && !is_at(walk, '"'))
        walk->at += is_at(walk, '\\') ? 2 : 1;
    if (walk->at >= walk->text.len)
        return false;
    *ret_inside = (str){ walk->text.ptr + begin, walk->at - begin };
    walk->at++;
    return true;
}

static bool hex_read(str text, uint32_t *ret_unit)
{
    *ret_unit = 0;
    if (text.len < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        char c = text.ptr[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *ret_unit = *ret_unit * 16 + (uint32_t)digit;
    }
    return true;
}

/* The point of "\uXXXX" or of a pair of them at the front of `text`, and how long it is. */
static size_t escaped_point(str text, uint32_t *ret_point)
{
    uint32_t low = 0;
    if (!hex_read(str_skip(text, 2), ret_point))
        return 0;
    str next = str_skip(text, 6);
    if (*ret_point >= 0xd800 && *ret_point < 0xdc00 && str_startswith(next, STR("\\u"))
        && hex_read(str_skip(next, 2), &low) && low >= 0xdc00 && low < 0xe000) {
        *ret_point = 0x10000 + ((*ret_point - 0xd800) << 10) + (low - 0xdc00);
        return 12;
    }
    return 6;
}

/* One character of a name as it is written; *ret_bytes is what it means. Its length, or 0. */
static size_t character(str name, char ret_bytes[static UTF8_BYTES_MAX], size_t *ret_len)
{
    static const char written[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    *ret_len = 1;
    ret_bytes[0] = name.ptr[0];
    if (name.ptr[0] != '\\')
        return 1;
    if (name.len < 2 || name.ptr[1] == '\0')
        return 0;
    const char *simple = strchr(written, name.ptr[1]);
    if (simple != NULL) {
        ret_bytes[0] = meant[simple - written];
        return 2;
    }
    uint32_t point = 0;
    size_t length = name.ptr[1] == 'u' ? escaped_point(name, &point) : 0;
    *ret_len = utf8_encode(point, ret_bytes);
    return length;
}

/* Whether `path` begins with the name; *ret_count bytes of it then. */
static bool begins_with_name(str path, str name, size_t *ret_count)
{
    size_t at = 0;
    while (name.len > 0) {
        char bytes[UTF8_BYTES_MAX];
        size_t length = 0;
        size_t written = character(name, bytes, &length);
        if (written == 0 || !str_startswith(str_skip(path, at), (str){ bytes, length }))
            return false;
        at += length;
        name = str_skip(name, written);
    }
    *ret_count = at;
    return true;
}

static void blank_begin(struct walk *walk)
{
    walk->is_blank = true;
    walk->blank_at = walk->at;
    walk->blank_depth = walk->depth;
}

static void blank_end(struct walk *walk)
{
    if (!walk->is_blank || walk->depth != walk->blank_depth)
        return;
    buf_add(walk->out, (str){ walk->text.ptr + walk->kept, walk->blank_at - walk->kept });
    buf_add(walk->out, STR(JSON_BLANK));
    walk->kept = walk->at;
    walk->is_blank = false;
}

/* The name of a member and its colon; `rest` of the path becomes that of its value. */
static bool take_name(struct walk *walk, str *rest)
{
    str name;
    size_t count = 0;
    if (!take_string(walk, &name))
        return false;
    skip_blanks(walk);
    if (!take(walk, ':'))
        return false;
    skip_blanks(walk);
    if (rest->ptr == NULL || !begins_with_name(*rest, name, &count)) {
        *rest = nothing;
        return true;
    }
    bool is_all = count == rest->len;
    *rest = !is_all && rest->ptr[count] == '.' ? str_skip(*rest, count + 1) : nothing;
    if (is_all)
        blank_begin(walk);
    return true;
}

/* A value; of an object or an array its beginning. */
static bool take_value(struct walk *walk, str rest)
{
    str inside;
    if (is_at(walk, '"'))
        return take_string(walk, &inside);
    bool is_object = is_at(walk, '{');
    if (is_object || is_at(walk, '[')) {
        if (walk->depth == COUNT_OF(walk->levels))
            return false;
        walk->levels[walk->depth++] = (struct level){ .is_object = is_object, .rest = rest };
        walk->at++;
        return true;
    }
    size_t begin = walk->at;
    skip_any(walk, "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return walk->at > begin;
}

/* What comes next in the innermost object or array, or its end. */
static bool take_next(struct walk *walk)
{
    struct level *level = &walk->levels[walk->depth - 1];
    str rest = level->rest;
    skip_blanks(walk);
    if (take(walk, level->is_object ? '}' : ']')) {
        walk->depth--;
        blank_end(walk);
        return true;
    }
    if (level->is_begun && !take(walk, ','))
        return false;
    level->is_begun = true;
    skip_blanks(walk);
    if ((level->is_object && !take_name(walk, &rest)) || !take_value(walk, rest))
        return false;
    blank_end(walk);
    return true;
}

bool json_blank(str text, str path, struct buf *out)
{
    struct walk walk = { .text = text, .out = out };
    skip_blanks(&walk);
    if (!is_at(&walk, '{') || !take_value(&walk, path))
        return false;
    while (walk.depth > 0)
        if (!take_next(&walk))
            return false;
    skip_blanks(&walk);
    buf_add(out, str_skip(text, walk.kept));
    return walk.at == text.len;
}
