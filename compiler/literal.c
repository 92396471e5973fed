/* literal.c - what the words of a literal are worth. */
#include "literal.h"

#include "base/time.h"
#include "base/utf8.h"
#include "node.h"
#include "syntax.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { NUMBER_BYTES_MAX = 64 };

/* A hundred years: longer is a typing mistake, and a time plus a duration stays in range. */
#define DURATION_MS_MAX (INT64_C(36525) * 86400000)

/* ---- text ---- */

/* One text being read. */
struct reader {
    struct parse *parse;
    uint32_t start; /* of the body in its file */
    str body;
    size_t at;
    char *out;
    size_t len;
    bool is_glob;
};

static struct diag *bad_escape(struct reader *reader, size_t from, size_t len, const char *what)
{
    uint32_t start = reader->start + (uint32_t)from;
    span at = { start, start + (uint32_t)len, reader->parse->file };
    return diag_add(reader->parse->diags, DIAG_ESCAPE, at, "`%.*s` %s",
        STR_ARG(str_first(str_skip(reader->body, from), len)), what);
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t read_hex4(str body, size_t at)
{
    int32_t code = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = i < body.len ? body.ptr[i] : 'x';
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static void put_code_point(struct reader *reader, uint32_t code)
{
    /* A glob reads these again: written as \u002a they mean themselves. */
    if (reader->is_glob && (code == '*' || code == '?' || code == '\\'))
        reader->out[reader->len++] = '\\';
    char bytes[UTF8_BYTES_MAX];
    size_t len = utf8_encode(code, bytes);
    memcpy(reader->out + reader->len, bytes, len);
    reader->len += len;
}

/* \u00e9, or a pair of surrogates; reader->at is at the backslash. */
static void read_unicode(struct reader *reader)
{
    size_t from = reader->at;
    int32_t code = read_hex4(reader->body, from + 2);
    if (code < 0) {
        struct diag *diag = bad_escape(reader, from, 2, "needs four hexadecimal digits after it");
        diag_help(reader->parse->diags, diag, "write \\u00e9, or the character itself");
        reader->at += 2;
        return;
    }
    reader->at += 6;
    if (code >= 0xD800 && code <= 0xDFFF) {
        str rest = str_skip(reader->body, reader->at);
        int32_t low = str_startswith(rest, STR("\\u")) ? read_hex4(rest, 2) : -1;
        if (code > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
            bad_escape(reader, from, 6, "is half of a surrogate pair");
            return;
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        reader->at += 6;
    }
    put_code_point(reader, (uint32_t)code);
}

static void read_unknown_escape(struct reader *reader)
{
    size_t from = reader->at;
    char c = from + 1 < reader->body.len ? reader->body.ptr[from + 1] : '\0';
    reader->at += 2;
    struct diag *diag = bad_escape(reader, from, 2, "is no escape");
    if (c == '*' || c == '?') {
        diag_help(
            reader->parse->diags, diag, "`\\%c` is for the glob of `like`; here write `%c`", c, c);
        return;
    }
    uint32_t start = reader->start + (uint32_t)from;
    diag_help(reader->parse->diags, diag,
        "a backslash is written `\\\\`; the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9");
    diag_set_fix(
        reader->parse->diags, diag, (span){ start, start + 1, reader->parse->file }, STR("\\\\"));
}

static void read_escape(struct reader *reader)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = reader->at + 1 < reader->body.len ? reader->body.ptr[reader->at + 1] : '\0';

    if (reader->is_glob && (c == '*' || c == '?' || c == '\\')) {
        reader->out[reader->len++] = '\\';
        reader->out[reader->len++] = c;
        reader->at += 2;
        return;
    }
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter != NULL) {
        reader->out[reader->len++] = meanings[letter - letters];
        reader->at += 2;
    } else if (c == 'u') {
        read_unicode(reader);
    } else {
        read_unknown_escape(reader);
    }
}

str literal_text(struct parse *parse, uint32_t start, str body, bool is_glob)
{
    syntax_check_words(parse, start, body);
    if (str_find(body, '\\') == body.len)
        return body;
    /* No escape is shorter than what it stands for. */
    char *out = parse_alloc(parse, body.len + 1, 1);
    struct reader reader = {
        .parse = parse, .start = start, .body = body, .out = out, .is_glob = is_glob
    };
    while (reader.at < body.len) {
        if (body.ptr[reader.at] == '\\')
            read_escape(&reader);
        else
            reader.out[reader.len++] = body.ptr[reader.at++];
    }
    return (str){ reader.out, reader.len };
}

/* ---- numbers ---- */

static struct literal integer_of(int64_t integer, str text)
{
    return (struct literal){ value_integer(integer), TYPE_INTEGER, text };
}

struct literal literal_number(struct parse *parse, span at, str text)
{
    char digits[NUMBER_BYTES_MAX + 1];
    if (text.len > NUMBER_BYTES_MAX) {
        diag_add(
            parse->diags, DIAG_NUMBER_RANGE, at, "a number of %zu digits is too long", text.len);
        return integer_of(0, text);
    }
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';

    errno = 0;
    if (strpbrk(digits, ".eE") == NULL) {
        int64_t integer = strtoimax(digits, NULL, 10);
        if (errno == ERANGE)
            diag_add(parse->diags, DIAG_NUMBER_RANGE, at,
                "%s does not fit a whole number of 64 bits (%" PRId64 " to %" PRId64 ")", digits,
                INT64_MIN, INT64_MAX);
        return integer_of(integer, text);
    }
    double decimal = strtod(digits, NULL);
    if (!isfinite(decimal)) {
        diag_add(parse->diags, DIAG_NUMBER_RANGE, at, "%s does not fit a decimal number", digits);
        decimal = 0;
    }
    return (struct literal){ { .kind = VALUE_DECIMAL, .decimal = decimal }, TYPE_DECIMAL, text };
}

/* ---- durations and dates ---- */

struct literal literal_duration(struct parse *parse, span at, str text)
{
    int64_t ms = 0;
    if (!duration_parse(text, &ms) || ms > DURATION_MS_MAX) {
        diag_add(
            parse->diags, DIAG_DURATION, at, "%.*s is longer than a hundred years", STR_ARG(text));
        ms = DURATION_MS_MAX;
    }
    return (struct literal){ { .kind = VALUE_DURATION, .milliseconds = ms }, TYPE_DURATION, text };
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

struct literal literal_date(struct parse *parse, span at, str text)
{
    struct civil_time civil = {
        .year = two_digits(text.ptr) * 100 + two_digits(text.ptr + 2),
        .month = two_digits(text.ptr + 5),
        .day = two_digits(text.ptr + 8),
    };
    if (text.len > 10) {
        civil.hour = two_digits(text.ptr + 11);
        civil.minute = two_digits(text.ptr + 14);
        civil.second = two_digits(text.ptr + 17);
    }
    struct literal date = { { .kind = VALUE_TIME }, TYPE_TIME, text };
    if (civil.month < 1 || civil.month > 12) {
        diag_add(parse->diags, DIAG_DATE, at, "there is no month %d", civil.month);
    } else if (civil.day < 1 || civil.day > days_in_month(civil.year, civil.month)) {
        struct diag *diag =
            diag_add(parse->diags, DIAG_DATE, at, "%.10s is no day of the calendar", text.ptr);
        diag_help(parse->diags, diag, "month %d of %d has %d days", civil.month, civil.year,
            days_in_month(civil.year, civil.month));
    } else if (civil.hour > 23 || civil.minute > 59 || civil.second > 59) {
        diag_add(parse->diags, DIAG_DATE, at, "%.8s is no time of the day", text.ptr + 11);
    } else {
        date.value.milliseconds = time_from_civil(&civil);
    }
    return date;
}
