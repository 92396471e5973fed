/* output.c - see output.h. */
#include "driver/output.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
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

/* Whether a terminal, or a person's eye, would be misled by the code point. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x061c
           || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e)
           || (point >= 0x2060 && point <= 0x2069) || point == 0xfeff
           || (point >= 0xe0000 && point <= 0xe007f);
}

static void add_bytes(struct buf *out, str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        buf_addf(out, "\\x%02x", (unsigned char)bytes.ptr[i]);
}

void text_add_safe(struct buf *out, str text)
{
    while (text.len > 0) {
        uint32_t point = 0;
        bool is_valid = true;
        size_t length = utf8_decode(text, &point, &is_valid);
        if (!is_valid)
            add_bytes(out, str_first(text, length));
        else if (point == '\n')
            buf_add(out, STR("\\n"));
        else if (point == '\t')
            buf_add(out, STR("\\t"));
        else if (is_unsafe(point))
            buf_addf(out, "\\u{%x}", point);
        else
            buf_add(out, str_first(text, length));
        text = str_skip(text, length);
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
    if (output->fd < 0) /* who reads the buffer wants all of it */
        return output->buf.err == ERR_OK;
    if (output->failure == 0 && output->buf.err != ERR_OK)
        output->failure = output->buf.err == ERR_LIMIT ? EFBIG : ENOMEM;
    if (output->fd < 0)
        return output->failure == 0;
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
