/* output.c - see output.h. */
#include "driver/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The most that one report may hold before it is written; a flush comes long before. */
enum { OUTPUT_BYTES_MAX = 256 * 1024 * 1024, OUTPUT_FLUSH_BYTES = 64 * 1024 };

void output_init(struct output *output, int fd)
{
    *output = (struct output){ .fd = fd, .buf = BUF_INIT(OUTPUT_BYTES_MAX) };
    output_color(output, COLOR_AUTO);
}

static bool is_set(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0';
}

void output_color(struct output *output, enum color_mode mode)
{
    switch (mode) {
    case COLOR_ALWAYS:
        output->has_color = true;
        return;
    case COLOR_NEVER:
        output->has_color = false;
        return;
    case COLOR_AUTO:
        break;
    }
    const char *term = getenv("TERM");
    const char *force = getenv("CLICOLOR_FORCE");
    if (is_set("NO_COLOR"))
        output->has_color = false;
    else if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
        output->has_color = true;
    else
        output->has_color =
            isatty(output->fd) == 1 && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

void output_add(struct output *output, str text)
{
    buf_add(&output->buf, text);
}

void output_addf(struct output *output, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        output->failure = ENOMEM;
        return;
    }
    buf_add(&output->buf, (str){ text, (size_t)length });
    free(text);
}

/* The code point at the start of `text` and its length in bytes; 0 bytes when it is no
 * UTF-8 (RFC 3629: no surrogates, nothing over-long, nothing past U+10FFFF). */
static size_t decode(str text, uint32_t *ret_point)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = (const unsigned char *)text.ptr;
    unsigned char head = at[0];
    size_t length = head < 0x80           ? 1
                    : (head >> 5) == 0x06 ? 2
                    : (head >> 4) == 0x0e ? 3
                    : (head >> 3) == 0x1e ? 4
                                          : 0;
    if (length == 0 || length > text.len)
        return 0;
    uint32_t point = length == 1 ? head : head & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fU);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return length;
}

size_t utf8_length(str text)
{
    uint32_t point;
    return text.len == 0 ? 0 : decode(text, &point);
}

/* Whether a terminal, or a person's eye, would be misled by the code point. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x061c
           || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e)
           || (point >= 0x2060 && point <= 0x2069) || point == 0xfeff
           || (point >= 0xe0000 && point <= 0xe007f);
}

void text_add_safe(struct buf *out, str text)
{
    while (text.len > 0) {
        uint32_t point = 0;
        size_t length = decode(text, &point);
        if (length == 0)
            buf_addf(out, "\\x%02x", (unsigned char)text.ptr[0]);
        else if (point == '\n')
            buf_add(out, STR("\\n"));
        else if (point == '\t')
            buf_add(out, STR("\\t"));
        else if (is_unsafe(point))
            buf_addf(out, "\\u{%x}", point);
        else
            buf_add(out, str_first(text, length));
        text = str_skip(text, length == 0 ? 1 : length);
    }
}

void output_text(struct output *output, str text)
{
    text_add_safe(&output->buf, text);
}

void output_style(struct output *output, enum style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m",
        [STYLE_BOLD] = "\033[1m",
        [STYLE_FAINT] = "\033[2m",
        [STYLE_RED] = "\033[31m",
        [STYLE_GREEN] = "\033[32m",
        [STYLE_YELLOW] = "\033[33m",
    };
    if (output->has_color)
        output_add(output, str_from(codes[style]));
}

void output_styled(struct output *output, enum style style, str text)
{
    output_style(output, style);
    output_text(output, text);
    output_style(output, STYLE_PLAIN);
}

bool output_flush(struct output *output)
{
    if (output->failure == 0 && output->buf.err != ERR_OK)
        output->failure = output->buf.err == ERR_LIMIT ? EFBIG : ENOMEM;
    str rest = buf_str(&output->buf);
    while (output->failure == 0 && rest.len > 0) {
        ssize_t count = write(output->fd, rest.ptr, rest.len);
        if (count >= 0)
            rest = str_skip(rest, (size_t)count);
        else if (errno != EINTR)
            output->failure = errno;
    }
    buf_clear(&output->buf);
    return output->failure == 0;
}

void output_relax(struct output *output)
{
    if (output->buf.len >= OUTPUT_FLUSH_BYTES)
        output_flush(output);
}

void output_release(struct output *output)
{
    buf_release(&output->buf);
}
