/* character.c - characters that make no token, and files that are no text. */
#include "base/utf8.h"
#include "broken.h"
#include "syntax.h"

#include <ctype.h>

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
    broken_set_fix(parse, diag, at, write == NULL ? "" : write);
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

/* Characters without width: a word with one of them looks like the word without it. Joiners
 * and variation selectors belong to emoji and to scripts other than Latin: only beside an
 * ASCII letter or digit do they hide something. */
static bool is_invisible(uint32_t point, char before, char after)
{
    bool is_joiner = point == 0x200C || point == 0x200D || (point >= 0xFE00 && point <= 0xFE0E);
    if (is_joiner)
        return isalnum((unsigned char)before) || isalnum((unsigned char)after);
    return point == 0x00AD || point == 0x034F || point == 0x115F || point == 0x1160
           || point == 0x180E || point == 0x200B || (point >= 0x2060 && point <= 0x2064)
           || point == 0x3164 || point == 0xFEFF || point == 0xFFA0
           || (point >= 0xE0000 && point <= 0xE01EF);
}

/* What kind of hiding character it is, or NULL. */
static const char *hiding(str text, size_t at, size_t len, uint32_t point)
{
    if (point < 0x7F && point >= 0x20)
        return NULL;
    if (is_control(point))
        return "control character";
    if (turns_direction(point))
        return "writing direction mark";
    char before = at == 0 ? ' ' : text.ptr[at - 1];
    char after = at + len == text.len ? ' ' : text.ptr[at + len];
    return is_invisible(point, before, after) ? "invisible character" : NULL;
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
        const char *what = hiding(text, at, len, point);
        if (what == NULL)
            continue;
        is_text = false;
        struct diag *diag = diag_add(parse->diags, DIAG_HIDDEN,
            (span){ (uint32_t)at, (uint32_t)(at + len), parse->file },
            "%s U+%04X hides what the text says", what, point);
        if (point > 0xFFFF)
            diag_help(parse->diags, diag, "remove it");
        else
            diag_help(parse->diags, diag, "remove it, or write \\u%04x in text", point);
    }
    return is_text;
}

/* ---- letters that look like others ---- */

/* Letters of Cyrillic and Greek that are drawn like one of Latin, by code point. */
static const struct {
    uint16_t point;
    char latin;
} twins[] = {
    { 0x0391, 'A' },
    { 0x0392, 'B' },
    { 0x0395, 'E' },
    { 0x0396, 'Z' },
    { 0x0397, 'H' },
    { 0x0399, 'I' },
    { 0x039A, 'K' },
    { 0x039C, 'M' },
    { 0x039D, 'N' },
    { 0x039F, 'O' },
    { 0x03A1, 'P' },
    { 0x03A4, 'T' },
    { 0x03A5, 'Y' },
    { 0x03A7, 'X' },
    { 0x03BF, 'o' },
    { 0x0405, 'S' },
    { 0x0406, 'I' },
    { 0x0408, 'J' },
    { 0x0410, 'A' },
    { 0x0412, 'B' },
    { 0x0415, 'E' },
    { 0x041A, 'K' },
    { 0x041C, 'M' },
    { 0x041D, 'H' },
    { 0x041E, 'O' },
    { 0x0420, 'P' },
    { 0x0421, 'C' },
    { 0x0422, 'T' },
    { 0x0425, 'X' },
    { 0x0430, 'a' },
    { 0x0435, 'e' },
    { 0x043E, 'o' },
    { 0x0440, 'p' },
    { 0x0441, 'c' },
    { 0x0443, 'y' },
    { 0x0445, 'x' },
    { 0x0455, 's' },
    { 0x0456, 'i' },
    { 0x0458, 'j' },
    { 0x04BB, 'h' },
    { 0x04CF, 'l' },
    { 0x0501, 'd' },
    { 0x051B, 'q' },
    { 0x051D, 'w' },
};

static char latin_twin(uint32_t point)
{
    for (size_t at = 0; at < COUNT_OF(twins); at++)
        if (twins[at].point == point)
            return twins[at].latin;
    return 0;
}

/* One word, of which `twin` at `at` is the first letter that only looks like Latin. */
static void report_twin(struct parse *parse, span at, uint32_t point)
{
    struct diag *diag = diag_add(parse->diags, DIAG_LOOKALIKE, at,
        "this letter (U+%04X, %s) looks like `%c` and is another one", point,
        point < 0x0400 ? "Greek" : "Cyrillic", latin_twin(point));
    diag_help(parse->diags, diag, "if it is meant, write it as \\u%04x in text", point);
    const char twin[] = { latin_twin(point), '\0' };
    str copy = arena_copy(parse->arena, str_from(twin));
    if (copy.ptr != NULL)
        diag_set_guess(parse->diags, diag, at, copy);
}

void syntax_check_words(struct parse *parse, uint32_t start, str text)
{
    span twin = { 0 };
    uint32_t twin_point = 0;
    bool has_latin = false;
    size_t len = 1;
    for (size_t at = 0; at <= text.len; at += len) {
        uint32_t point = ' ';
        char c = at < text.len ? text.ptr[at] : ' ';
        len = 1;
        if ((unsigned char)c >= 0x80)
            len = utf8_decode(str_skip(text, at), &point, NULL);
        if ((unsigned char)c >= 0x80 && point >= 0xC0) { /* a letter, or taken for one */
            if (twin_point == 0 && latin_twin(point) != 0) {
                twin_point = point;
                twin = (span){ start + (uint32_t)at, start + (uint32_t)(at + len), parse->file };
            }
            continue;
        }
        has_latin = has_latin || isalpha((unsigned char)c);
        if (isalnum((unsigned char)c))
            continue;
        if (has_latin && twin_point != 0)
            report_twin(parse, twin, twin_point);
        has_latin = false;
        twin_point = 0;
    }
}
