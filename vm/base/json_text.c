#include "base/json_text.h"

#include "base/utf8.h"

/* The escape of an ASCII byte that needs one and has a short form, or 0. */
static char short_escape(uint32_t point)
{
    switch (point) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void add_point(struct buf *buf, uint32_t point)
{
    char escape = short_escape(point);
    if (escape != 0) {
        buf_add_byte(buf, '\\');
        buf_add_byte(buf, escape);
    } else if (point < 0x20 || point == 0x7F || point == 0x2028 || point == 0x2029) {
        buf_addf(buf, "\\u%04x", (unsigned)point);
    } else {
        char bytes[UTF8_BYTES_MAX];
        buf_add(buf, (str){ bytes, utf8_encode(point, bytes) });
    }
}

/* Bytes at the front that stand for themselves. */
static size_t plain_bytes(str text)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] >= 0x20 && text.ptr[at] < 0x7F && text.ptr[at] != '"'
           && text.ptr[at] != '\\')
        at++;
    return at;
}

void json_text_add(struct buf *buf, str text)
{
    buf_add_byte(buf, '"');
    while (text.len > 0) {
        size_t plain = plain_bytes(text);
        buf_add(buf, str_first(text, plain));
        text = str_skip(text, plain);
        if (text.len == 0)
            break;
        uint32_t point;
        text = str_skip(text, utf8_decode(text, &point, NULL));
        add_point(buf, point);
    }
    buf_add_byte(buf, '"');
}
