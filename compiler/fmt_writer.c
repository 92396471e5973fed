/* fmt_writer.c - lines, and the comments between them. */
#include "fmt_writer.h"

#include "base/utf8.h"

void fmt_add(struct fmt *fmt, const char *text)
{
    buf_add(fmt->out, str_from(text));
}

void fmt_add_str(struct fmt *fmt, str text)
{
    buf_add(fmt->out, text);
}

void fmt_newline(struct fmt *fmt, int indent)
{
    buf_addf(fmt->out, "\n%*s", indent, "");
}

int fmt_column(const struct fmt *fmt)
{
    str text = buf_str(fmt->out);
    str line =
        str_skip(text, str_find_last(text, '\n') == text.len ? 0 : str_find_last(text, '\n') + 1);
    size_t columns = utf8_length(line);
    return columns > FMT_COLUMNS ? FMT_COLUMNS + 1 : (int)columns;
}

void fmt_rewind(struct fmt *fmt, size_t len)
{
    if (fmt->out->err != ERR_OK || fmt->out->ptr == NULL)
        return;
    fmt->out->len = len;
    fmt->out->ptr[len] = '\0';
}

bool fmt_has_comment(const struct fmt *fmt, uint32_t start, uint32_t end)
{
    const struct comment *comment = fmt->comments;
    while (comment != NULL && comment->at.start < start)
        comment = comment->next;
    return comment != NULL && comment->at.start < end;
}

bool fmt_is_blank_before(const struct fmt *fmt, uint32_t offset)
{
    int newlines = 0;
    for (uint32_t at = offset; at > 0; at--) {
        char c = fmt->text.ptr[at - 1];
        newlines += c == '\n';
        if (c != '\n' && c != ' ' && c != '\t' && c != '\r')
            break;
    }
    return newlines > 1;
}

/* The comment as written, without white space at its end. */
static void add_comment(struct fmt *fmt, const struct comment *comment)
{
    str text = sources_text(fmt->sources, comment->at);
    while (text.len > 0 && memchr(" \t\r", text.ptr[text.len - 1], 3) != NULL)
        text.len--;
    fmt_add_str(fmt, text);
    fmt->comments = comment->next;
    fmt->comment_end = fmt->out->len;
}

void fmt_lead(struct fmt *fmt, uint32_t offset, int indent, bool keeps_blank)
{
    bool is_first = true;
    while (fmt->comments != NULL && fmt->comments->at.start < offset) {
        if (!is_first && keeps_blank && fmt_is_blank_before(fmt, fmt->comments->at.start))
            fmt_newline(fmt, 0);
        if (!is_first)
            fmt_newline(fmt, indent);
        add_comment(fmt, fmt->comments);
        is_first = false;
    }
    if (is_first)
        return;
    if (keeps_blank && fmt_is_blank_before(fmt, offset))
        fmt_newline(fmt, 0);
    fmt_newline(fmt, indent);
}

void fmt_own_lines(struct fmt *fmt, uint32_t offset, int indent)
{
    while (fmt->comments != NULL && fmt->comments->at.start < offset) {
        if (fmt->out->len > 0)
            fmt_newline(fmt, indent);
        add_comment(fmt, fmt->comments);
    }
}

static bool follows_on_line(const struct fmt *fmt, uint32_t end)
{
    uint32_t start = fmt->comments->at.start;
    return start < end || memchr(fmt->text.ptr + end, '\n', start - end) == NULL;
}

void fmt_trail(struct fmt *fmt, uint32_t end, uint32_t limit)
{
    bool is_taken = fmt->out->len > 0 && fmt->comment_end == fmt->out->len;
    if (is_taken || fmt->comments == NULL || fmt->comments->at.start >= limit
        || !follows_on_line(fmt, end))
        return;
    fmt_add(fmt, "  ");
    add_comment(fmt, fmt->comments);
}
