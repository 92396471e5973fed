/* paragraph.c - see paragraph.h. */
#include "driver/paragraph.h"

#include <stdio.h>

enum { LABEL_COLUMN = 7, LABEL_WIDTH = 11, LINE_WIDTH = 100 };

void paragraph_begin(
    struct paragraph *paragraph, struct output *out, size_t indent, const char *label)
{
    size_t margin = indent + LABEL_COLUMN + LABEL_WIDTH + 1;
    *paragraph = (struct paragraph){ .out = out, .margin = margin, .column = margin };
    output_addf(out, "%*s%-*s ", (int)(indent + LABEL_COLUMN), "", LABEL_WIDTH, label);
}

static void line_break(struct paragraph *paragraph)
{
    output_addf(paragraph->out, "\n%*s", (int)paragraph->margin, "");
    paragraph->column = paragraph->margin;
    paragraph->has_word = false;
}

/* What a terminal is shown may be longer than the word; that is counted behind it. */
void paragraph_word(struct paragraph *paragraph, str word)
{
    if (paragraph->has_word && paragraph->column + 1 + word.len > LINE_WIDTH)
        line_break(paragraph);
    size_t before = paragraph->out->buf.len;
    if (paragraph->has_word)
        output_add(paragraph->out, STR(" "));
    output_text(paragraph->out, word);
    paragraph->column += paragraph->out->buf.len - before;
    paragraph->has_word = true;
}

void paragraph_text(struct paragraph *paragraph, str text)
{
    bool is_long = paragraph->column + paragraph->has_word + text.len > LINE_WIDTH;
    while (text.len > 0) {
        str word = str_first(text, str_find(text, ' '));
        text = str_skip(text, word.len + 1);
        if (word.len == 0)
            continue;
        paragraph_word(paragraph, word);
        if (is_long && text.len > 0 && str_endswith(word, STR(";")))
            line_break(paragraph);
    }
}

void paragraph_end(struct paragraph *paragraph)
{
    output_add(paragraph->out, STR("\n"));
}

void paragraph_show(struct output *out, size_t indent, const char *label, str text)
{
    struct paragraph paragraph;
    if (text.len == 0)
        return;
    paragraph_begin(&paragraph, out, indent, label);
    paragraph_text(&paragraph, text);
    paragraph_end(&paragraph);
}

/* Bytes of a message that a person reads. */
enum { SOME_BYTES = 2000 };

str paragraph_some(str text)
{
    size_t len = text.len < SOME_BYTES ? text.len : SOME_BYTES;
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_first(text, len);
}

void paragraph_show_some(struct output *out, size_t indent, const char *label, str text)
{
    str shown = paragraph_some(text);
    paragraph_show(out, indent, label, shown);
    if (shown.len == text.len)
        return;
    char rest[80];
    snprintf(rest, sizeof rest, "of %zu bytes; --format json has all", text.len);
    paragraph_show(out, indent, "..", str_from(rest));
}
