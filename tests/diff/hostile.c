/* hostile.c - alerts made out of the ordinary; see wide.h. */
#include "wide.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

struct text {
    char *bytes;
    size_t len;
};

/* ---- changes of bytes ---- */

static void splice(struct text *text, size_t at, size_t removed, const char *put, size_t put_len)
{
    size_t len = text->len - removed + put_len;
    char *bytes = malloc(len + 1);
    if (bytes == NULL)
        abort();
    memcpy(bytes, text->bytes, at);
    memcpy(bytes + at, put, put_len);
    memcpy(bytes + at + put_len, text->bytes + at + removed, text->len - at - removed);
    free(text->bytes);
    *text = (struct text){ bytes, len };
}

static size_t somewhere(struct random *random, const struct text *text)
{
    return text->len == 0 ? 0 : draw(random, (uint32_t)text->len);
}

/* Behind a quote, so that what is put there mostly is in a string or a key. */
static size_t behind_quote(struct random *random, const struct text *text)
{
    size_t from = somewhere(random, text);
    const char *quote = memchr(text->bytes + from, '"', text->len - from);
    return quote == NULL ? from : (size_t)(quote - text->bytes) + 1;
}

static void put_in_string(struct random *random, struct text *text)
{
    static const struct {
        const char *bytes;
        size_t len;
    } parts[] = { { "\\ud83d\\ude00", 12 }, { "\\ud800", 6 }, { "\\udc00x", 7 }, { "\\u0000", 6 },
        { "\\u0041", 6 }, { "\\/", 2 }, { "\\q", 2 }, { "\\u12", 4 }, { "\xff", 1 },
        { "\xc0\x80", 2 }, { "\xed\xa0\x80", 3 }, { "\xf4\x90\x80\x80", 4 }, { "\xe2\x82", 2 },
        { "\x01", 1 }, { "\0", 1 }, { "\n", 1 }, { "\t", 1 }, { "\x7f", 1 }, { "\\\\", 2 },
        { "\\\"", 2 }, { "\\u006e", 6 }, { "\xef\xbb\xbf", 3 }, { "\\\\\\\\\\\\\\", 7 } };
    uint32_t chosen = draw(random, COUNT_OF(parts));
    splice(text, behind_quote(random, text), 0, parts[chosen].bytes, parts[chosen].len);
}

static void break_structure(struct random *random, struct text *text)
{
    static const char marks[] = "{}[]:,\"\\ 0-.eEtfn\0\x80";
    size_t at = somewhere(random, text);
    char mark = marks[draw(random, sizeof marks - 1)];
    splice(text, at, draw(random, 2) && at < text->len, &mark, draw(random, 2));
}

static void cut_off(struct random *random, struct text *text)
{
    text->len = somewhere(random, text);
}

static void flip_bit(struct random *random, struct text *text)
{
    if (text->len > 0)
        text->bytes[somewhere(random, text)] ^= (char)(1U << draw(random, 8));
}

static void surround(struct random *random, struct text *text)
{
    static const char *const before[] = { " \t\r\n", "\xef\xbb\xbf", "[", "" };
    static const char *const after[] = { "  \n", "x", "{}", "}", "]", "," };
    const char *first = before[draw(random, COUNT_OF(before))];
    const char *last = after[draw(random, COUNT_OF(after))];
    splice(text, 0, 0, first, strlen(first));
    splice(text, text->len, 0, last, strlen(last));
}

/* ---- members put in, first or last ---- */

static void put_member(struct random *random, struct text *text, const char *member)
{
    char put[700];
    bool is_first = draw(random, 2) == 0;
    if (text->len < 2)
        return;
    int len = snprintf(put, sizeof put, is_first ? "%s," : ",%s", member);
    splice(text, is_first ? 1 : text->len - 1, 0, put, (size_t)len);
}

static void repeat_key(struct random *random, struct text *text)
{
    static const char *const members[] = { "\"any\":\"a\"", "\"ANY\":\"ab\"", "\"\\u0061ny\":5",
        "\"n\":5", "\"hn\":\"ransom.exe\"", "\"kind\":\"other\"", "\"a\":{\"b\":\"a\"}",
        "\"a.b\":\"ab\"", "\"c\":{\"d\":5,\"D\":6}", "\"c.d\":\"a\"", "\"e.f\":\"a\"",
        "\"e\":{\"f\":\"ab\"}", "\"e\":[]", "\"KEY\":\"a\"", "\"\xc3\x89\":\"a\"",
        "\"source\":\"diff\"", "\"\":1",
        ("\"\xe2\x84\xaa"
         "ey\":\"a\""),
        "\"e\":{\"g.h\":\"a\"}", "\"passed over\":{\"x\":1,\"x\":2}" };
    put_member(random, text, members[draw(random, COUNT_OF(members))]);
}

static void put_edge_number(struct random *random, struct text *text)
{
    static const char *const numbers[] = { "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e400", "-1E400",
        "1e-400", "-0", "-0.0", "0.1", "1.0000000000000000000000001", "5e0", "5E+00", "50e-1",
        "123456789012345678901234567890", "9007199254740993", "00", "1.", ".5", "+1", "1e", "0x10",
        "5.00000000000000000000", "0.000000000000000000005e21", "NaN", "Infinity" };
    static const char *const keys_of_numbers[] = { "n", "any", "c.d", "skipped" };
    char member[100];
    snprintf(member, sizeof member, "\"%s\":%s",
        keys_of_numbers[draw(random, COUNT_OF(keys_of_numbers))],
        numbers[draw(random, COUNT_OF(numbers))]);
    put_member(random, text, member);
}

static void put_deep(struct random *random, struct text *text)
{
    enum { DEEPEST = 70 };
    static const char *const keys_of_depth[] = { "any", "skipped", "e" };
    char member[600] = "";
    int depth = 58 + (int)draw(random, DEEPEST - 58);
    int len = snprintf(
        member, sizeof member, "\"%s\":", keys_of_depth[draw(random, COUNT_OF(keys_of_depth))]);
    bool is_array = draw(random, 2) == 0;
    for (int i = 0; i < depth; i++)
        len += snprintf(member + len, sizeof member - (size_t)len, is_array ? "[" : "{\"f\":");
    len += snprintf(member + len, sizeof member - (size_t)len, "\"a\"");
    for (int i = 0; i < depth; i++)
        len += snprintf(member + len, sizeof member - (size_t)len, is_array ? "]" : "}");
    put_member(random, text, member);
}

/* A string or an array that is long: past what a regex takes, past what a slot holds. */
static void put_long(struct random *random, struct text *text)
{
    enum { LONG_TEXT = 70000, LONG_LIST = 66000 };
    static const char *const heads[] = { ",\"long\":\"", ",\"any\":\"", ",\"hn\":\"" };
    bool is_list = draw(random, 2) == 0;
    const char *head = is_list ? ",\"any\":[" : heads[draw(random, COUNT_OF(heads))];
    size_t len = strlen(head);
    char *put = malloc(len + 2 * LONG_TEXT + 16);
    if (put == NULL)
        abort();
    memcpy(put, head, len);
    for (int i = 0; i < (is_list ? LONG_LIST : LONG_TEXT); i++) {
        put[len++] = is_list ? '1' : 'a';
        if (is_list && i < LONG_LIST - 1)
            put[len++] = ',';
    }
    put[len++] = is_list ? ']' : '"';
    if (text->len > 2)
        splice(text, text->len - 1, 0, put, len);
    free(put);
}

/* What makes a regex of the rules take long. */
static void put_slow(struct random *random, struct text *text)
{
    static const char *const keys_of_text[] = { "any", "hn", "long" };
    char member[200];
    snprintf(member, sizeof member, "\"%s\":\"%.*s!\",",
        keys_of_text[draw(random, COUNT_OF(keys_of_text))], 20 + (int)draw(random, 60),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    if (text->len > 1)
        splice(text, 1, 0, member, strlen(member));
}

static void put_findings(struct random *random, struct text *text)
{
    put_member(random, text,
        draw(random, 2) ? "\"detail\":{\"findings\":[{\"Id\":\"a\"},{\"Id\":\"b\"}]}"
                        : "\"detail\":{\"findings\":[{\"Id\":\"a\"}]}");
}

char *hostile_alert(struct random *random, const char *alert, size_t len, size_t *ret_len)
{
    static void (*const changes[])(struct random *, struct text *) = { put_in_string, put_in_string,
        break_structure, cut_off, flip_bit, surround, repeat_key, repeat_key, put_edge_number,
        put_edge_number, put_deep, put_slow, put_findings };
    struct text text = { malloc(len + 1), len };
    if (text.bytes == NULL)
        abort();
    memcpy(text.bytes, alert, len);
    for (uint32_t i = draw(random, 3) == 0 ? 3 : 1; i > 0; i--)
        changes[draw(random, COUNT_OF(changes))](random, &text);
    if (draw(random, 200) == 0)
        put_long(random, &text);
    *ret_len = text.len;
    return text.bytes;
}
