/* character.c - characters that make no token, and files that are no text. */
#include "base/utf8.h"
#include "syntax.h"

/* Characters that are taken for a sign of the language, and what to write for them. */
static const struct {
    uint32_t point;
    const char *name;
    const char *write; /* or NULL: remove it */
} lookalikes[] = {
    { 0x00A0, "a no-break space", " " },
    { 0x00AB, "a guillemet", "\"" },
    { 0x00AC, "a not sign", "not" },
    { 0x00BB, "a guillemet", "\"" },
    { 0x00D7, "a multiplication sign", NULL },
    { 0x037E, "a Greek question mark", ";" },
    { 0x2010, "a hyphen", "-" },
    { 0x2011, "a no-break hyphen", "-" },
    { 0x2013, "an en dash", "-" },
    { 0x2014, "an em dash", "-" },
    { 0x2018, "a single quotation mark", "\"" },
    { 0x2019, "a single quotation mark", "\"" },
    { 0x201C, "a left double quotation mark", "\"" },
    { 0x201D, "a right double quotation mark", "\"" },
    { 0x201E, "a low double quotation mark", "\"" },
    { 0x2026, "an ellipsis", ".." },
    { 0x200B, "a space of no width", NULL },
    { 0x2060, "a word joiner", NULL },
    { 0x2227, "a logical and", "and" },
    { 0x2228, "a logical or", "or" },
    { 0x2208, "an element-of sign", "in" },
    { 0x2209, "a not-an-element-of sign", "not in" },
    { 0x2260, "a not-equal sign", "!=" },
    { 0x2264, "a less-or-equal sign", "<=" },
    { 0x2265, "a greater-or-equal sign", ">=" },
    { 0x21D2, "an arrow", "then" },
    { 0x2192, "an arrow", "then" },
    { 0x3000, "a wide space", " " },
    { 0xFEFF, "a byte order mark", NULL },
    { 0xFF1B, "a wide semicolon", ";" },
    { 0xFF1D, "a wide equals sign", "=" },
};

static void report_lookalike(struct parse *parse, span at, uint32_t point, size_t index)
{
    const char *write = lookalikes[index].write;
    struct diag *diag = diag_add(parse->diags, DIAG_CHARACTER, at,
        "this is %s (U+%04X), which means nothing here", lookalikes[index].name, point);
    if (write == NULL)
        diag_help(parse->diags, diag, "remove it");
    else if (strcmp(write, " ") == 0)
        diag_help(parse->diags, diag, "write an ordinary space");
    else
        diag_help(parse->diags, diag, "write `%s`", write);
    diag_set_fix(parse->diags, diag, at, str_from(write));
}

static size_t report_other(struct parse *parse, span at, str text, uint32_t point)
{
    /* A word in another alphabet is one mistake and not one for each letter. */
    size_t len = 0;
    while (len < text.len && (unsigned char)text.ptr[len] >= 0x80)
        len++;
    at.end = at.start + (uint32_t)len;
    struct diag *diag = diag_add(parse->diags, DIAG_CHARACTER, at,
        "`%.*s` (U+%04X) is not ASCII and means nothing here", STR_ARG(str_first(text, len)),
        point);
    diag_help(parse->diags, diag,
        "names have the letters a to z; text in other alphabets goes in double quotes");
    return len;
}

static void report_ascii(struct parse *parse, span at, char c)
{
    struct diag *diag = diag_add(parse->diags, DIAG_CHARACTER, at, "`%c` means nothing here", c);
    if (c == '\'' || c == '`')
        diag_help(parse->diags, diag, "text is written in double quotes, on one line");
    else if (c == '-')
        diag_help(parse->diags, diag, "names have `_`; there is no subtraction");
    else if (strchr("+*%^", c) != NULL)
        diag_help(
            parse->diags, diag, "there is no arithmetic; globs and regexes are text and /.../");
    else if (c == '$')
        diag_help(parse->diags, diag, "fields are written without a sign: host.name");
    else if (c == '\\')
        diag_help(parse->diags, diag, "a line needs no sign to go on: just write on");
}

size_t syntax_bad_character(struct parse *parse, uint32_t start, str text)
{
    uint32_t point;
    size_t len = utf8_decode(text, &point, NULL);
    span at = { start, start + (uint32_t)len, parse->file };
    if (point < 0x80) {
        report_ascii(parse, at, (char)point);
        return len;
    }
    for (size_t i = 0; i < COUNT_OF(lookalikes); i++)
        if (lookalikes[i].point == point) {
            report_lookalike(parse, at, point, i);
            return len;
        }
    return report_other(parse, at, text, point);
}

/* ---- files that are no text ---- */

static void report_not_utf8(struct parse *parse, str text, size_t at)
{
    uint32_t start = (uint32_t)at;
    struct diag *diag =
        diag_add(parse->diags, DIAG_NOT_UTF8, (span){ start, start + 1, parse->file },
            "byte 0x%02X is not UTF-8 text", (unsigned char)text.ptr[at]);
    bool is_utf16 = str_startswith(text, STR("\xFF\xFE")) || str_startswith(text, STR("\xFE\xFF"));
    diag_help(parse->diags, diag, "%s",
        is_utf16 ? "the file is UTF-16: save it as UTF-8" : "save the file as UTF-8");
}

/* Marks that turn the writing direction: what is shown is not what is read. */
static bool turns_direction(uint32_t point)
{
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069)
           || point == 0x200E || point == 0x200F || point == 0x061C;
}

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\t' && point != '\n' && point != '\r') || point == 0x7F
           || (point >= 0x80 && point < 0xA0);
}

bool syntax_check_text(struct parse *parse)
{
    str text = parse->sources->items[parse->file].text;
    bool is_text = true;
    size_t len = 0;
    for (size_t at = 0; at < text.len; at += len) {
        uint32_t point;
        bool is_valid = true;
        len = utf8_decode(str_skip(text, at), &point, &is_valid);
        if (!is_valid) {
            report_not_utf8(parse, text, at);
            return false;
        }
        if (!turns_direction(point) && !is_control(point))
            continue;
        is_text = false;
        struct diag *diag = diag_add(parse->diags, DIAG_HIDDEN,
            (span){ (uint32_t)at, (uint32_t)(at + len), parse->file },
            "%s U+%04X hides what the text says",
            is_control(point) ? "control character" : "writing direction mark", point);
        diag_help(parse->diags, diag, "remove it, or write \\u%04x in text", point);
    }
    return is_text;
}
