/* excerpt.c - a line of a rule file, made safe for a terminal, with a range marked. */
#include "excerpt.h"

#include "base/utf8.h"

enum {
    BEFORE_MAX = 60, /* code points shown before the range when the line is long */
    LINE_MAX_POINTS = 110,
    TAB_COLUMNS = 4,
};

static bool is_hidden(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x00AD || point == 0x061C
           || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E)
           || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF
           || (point >= 0xE0000 && point <= 0xE0FFF);
}

static bool is_combining(uint32_t point)
{
    return (point >= 0x0300 && point <= 0x036F) || (point >= 0x1AB0 && point <= 0x1AFF)
           || (point >= 0x20D0 && point <= 0x20FF) || (point >= 0xFE00 && point <= 0xFE0F);
}

/* East Asian wide characters and pictures take two columns of a terminal. */
static bool is_wide(uint32_t point)
{
    return (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF)
           || (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF)
           || (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60)
           || (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1F64F)
           || (point >= 0x1F900 && point <= 0x1F9FF) || (point >= 0x20000 && point <= 0x3FFFD);
}

/* Append what stands at the front of `text`; its columns on a terminal. *ret_bytes is how
 * much of the text that was. `column` is where it begins, for tabs. */
static size_t add_point(struct buf *out, str text, size_t column, size_t *ret_bytes)
{
    uint32_t point;
    bool is_valid = true;
    *ret_bytes = utf8_decode(text, &point, &is_valid);
    if (!is_valid) {
        for (size_t i = 0; i < *ret_bytes; i++)
            buf_addf(out, "\\x%02x", (unsigned char)text.ptr[i]);
        return 4 * *ret_bytes;
    }
    if (point == '\t') {
        size_t spaces = TAB_COLUMNS - column % TAB_COLUMNS;
        buf_addf(out, "%*s", (int)spaces, "");
        return spaces;
    }
    if (is_hidden(point)) {
        buf_addf(out, "\\u%04x", point);
        return point > 0xFFFF ? 7 : 6;
    }
    buf_add(out, str_first(text, *ret_bytes));
    return is_combining(point) ? 0 : is_wide(point) ? 2 : 1;
}

void excerpt_add_safe(struct buf *out, str text)
{
    size_t bytes = 0;
    for (size_t at = 0; at < text.len; at += bytes)
        (void)add_point(out, str_skip(text, at), 0, &bytes);
}

/* Where to begin so that at most BEFORE_MAX code points come before `at`. */
static size_t window_start(str line, size_t at)
{
    size_t start = at;
    for (int i = 0; i < BEFORE_MAX && start > 0; i++) {
        uint32_t point;
        start -= utf8_decode_last(str_first(line, start), &point);
    }
    return start;
}

struct marks {
    size_t start; /* columns */
    size_t end;
};

/* Append the window of the line; says which columns the bytes [from, to) take. */
static struct marks add_window(struct buf *out, str line, size_t from, size_t to)
{
    bool is_long = line.len > LINE_MAX_POINTS;
    size_t at = is_long ? window_start(line, from) : 0;
    size_t column = 0;
    if (at > 0) {
        buf_add(out, STR("..."));
        column = 3;
    }
    struct marks marks = { 0, 0 };
    bool is_started = false;
    for (int points = 0; at < line.len && (!is_long || points < LINE_MAX_POINTS); points++) {
        if (at >= from && !is_started) {
            marks.start = column;
            is_started = true;
        }
        size_t bytes = 0;
        column += add_point(out, str_skip(line, at), column, &bytes);
        at += bytes;
        if (at <= to)
            marks.end = column;
    }
    if (!is_started)
        marks.start = column;
    if (marks.end <= marks.start)
        marks.end = marks.start + 1;
    if (at < line.len)
        buf_add(out, STR("..."));
    return marks;
}

void excerpt_add(struct buf *out, const struct source *source, span at, const char *gutter_text,
    const char *gutter_marks, const char *mark_on, const char *mark_off)
{
    struct place place = source_place(source, at.start);
    str line = source_line(source, place.line);
    size_t line_start = source->line_starts[place.line - 1];
    size_t from = at.start - line_start;
    size_t to = at.end > at.start ? at.end - line_start : from + 1;

    buf_addf(out, "%s", gutter_text);
    struct marks marks =
        add_window(out, line, from < line.len ? from : line.len, to < line.len ? to : line.len);
    buf_addf(out, "\n%s%*s%s", gutter_marks, (int)marks.start, "", mark_on);
    for (size_t i = marks.start; i < marks.end; i++)
        buf_add_byte(out, '^');
    buf_addf(out, "%s\n", mark_off);
}
