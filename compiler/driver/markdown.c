/* markdown.c - see doc.h: text of strangers in a page. */
#include "driver/doc.h"

#include <strings.h>

/* Whether Markdown, HTML or a host's own additions could read the sign at `at` as more than
 * text: emphasis, links, tables, formulas; an address that becomes a link by itself. */
static bool is_sign(str text, size_t at)
{
    char c = text.ptr[at];
    if (c == ':')
        return at + 1 < text.len && text.ptr[at + 1] == '/';
    if (c == '.')
        return at >= 3 && strncasecmp(text.ptr + at - 3, "www", 3) == 0;
    return strchr("\\`*_{}[]<>#!|~$&", c) != NULL;
}

void markdown_text(struct buf *out, str text)
{
    CLEANUP(buf_release) struct buf safe = BUF_INIT(out->limit);
    text_add_safe(&safe, text);
    str line = buf_str(&safe);
    for (size_t i = 0; i < line.len; i++) {
        /* A mention would send mail, and a backslash does not stop it. */
        if (line.ptr[i] == '@') {
            buf_add(out, STR("&#64;"));
            continue;
        }
        if (is_sign(line, i))
            buf_add_byte(out, '\\');
        buf_add_byte(out, line.ptr[i]);
    }
}

/* The longest run of backticks. */
static size_t longest_run(str text)
{
    size_t longest = 0;
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = text.ptr[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void add_fence(struct buf *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        buf_add_byte(out, '`');
}

void markdown_code(struct buf *out, str text)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(out->limit);
    CLEANUP(buf_release) struct buf safe = BUF_INIT(out->limit);
    /* What is broken over lines becomes one. */
    for (size_t i = 0; i < text.len; i++) {
        bool is_break = text.ptr[i] == '\n';
        buf_add_byte(&line, is_break ? ' ' : text.ptr[i]);
        while (is_break && i + 1 < text.len && text.ptr[i + 1] == ' ')
            i++;
    }
    text_add_safe(&safe, buf_str(&line));
    str code = buf_str(&safe);
    size_t fence = longest_run(code) + 1;
    bool is_padded = code.len > 0 && (code.ptr[0] == '`' || code.ptr[code.len - 1] == '`');
    add_fence(out, fence);
    buf_add(out, is_padded ? STR(" ") : STR(""));
    buf_add(out, code);
    buf_add(out, is_padded ? STR(" ") : STR(""));
    add_fence(out, fence);
}

void markdown_block(struct buf *out, const char *language, str text)
{
    size_t fence = longest_run(text) + 1;
    fence = fence < 3 ? 3 : fence;
    add_fence(out, fence);
    buf_addf(out, "%s\n", language);
    while (text.len > 0) {
        size_t end = str_find(text, '\n');
        text_add_safe(out, str_first(text, end));
        buf_add_byte(out, '\n');
        text = str_skip(text, end + 1);
    }
    add_fence(out, fence);
    buf_add_byte(out, '\n');
}
