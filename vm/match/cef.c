/* Lines of the Common Event Format: a header of seven fields between |, then key=value. */
#include "base/json_text.h"
#include "match/line.h"

/* Whether the byte at `at` follows an odd number of backslashes. */
static bool is_escaped(str text, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && text.ptr[at - slashes - 1] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* Add the text as a JSON string; \| \= \\ are the second byte, \n and \r a line end. */
static void add_unescaped(struct buf *out, str text)
{
    struct buf plain = BUF_INIT(out->limit);
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '\\' && at + 1 < text.len && text.ptr[at + 1] != '\0'
            && strchr("|=\\nr", text.ptr[at + 1]) != NULL) {
            c = text.ptr[++at];
            c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        buf_add_byte(&plain, c);
    }
    if (plain.err != ERR_OK)
        out->err = plain.err;
    else
        json_text_add(out, buf_str(&plain));
    buf_release(&plain);
}

/* The seven fields; *rest is what follows the last |. */
static bool add_header(str *rest, struct buf *out)
{
    static const char *const names[] = { "cefVersion", "deviceVendor", "deviceProduct",
        "deviceVersion", "deviceEventClassId", "name", "severity" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t end = 0;
        while (end < rest->len && (rest->ptr[end] != '|' || is_escaped(*rest, end)))
            end++;
        bool is_last = i + 1 == sizeof names / sizeof names[0];
        if (end == rest->len && !is_last)
            return false;
        if (i > 0)
            buf_add_byte(out, ',');
        json_text_add(out, str_from(names[i]));
        buf_add_byte(out, ':');
        add_unescaped(out, str_first(*rest, end));
        *rest = str_skip(*rest, end + 1);
    }
    return true;
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '.' || c == '[' || c == ']';
}

/* The next `key=` at or behind `from`: a word in front of an = that no backslash escapes.
 * *ret_start is where the key begins; the result where its = stands, or text.len. */
static size_t find_key(str text, size_t from, size_t *ret_start)
{
    size_t start = from;
    for (size_t at = from; at < text.len; at++) {
        if (text.ptr[at] == '=' && at > start) {
            *ret_start = start;
            return at;
        }
        if (!is_key_byte(text.ptr[at])) {
            while (at < text.len && text.ptr[at] != ' ')
                at++;
            start = at + 1;
        }
    }
    *ret_start = text.len;
    return text.len;
}

static str trim_end(str text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* A value ends where the next key begins: it may hold spaces and = of its own. */
static void add_extension(str text, struct buf *out)
{
    size_t start;
    size_t equals = find_key(text, 0, &start);
    while (equals < text.len) {
        size_t next_start;
        size_t next = find_key(text, equals + 1, &next_start);
        str value = { text.ptr + equals + 1, next_start - equals - 1 };
        buf_add_byte(out, ',');
        json_text_add(out, (str){ text.ptr + start, equals - start });
        buf_add_byte(out, ':');
        add_unescaped(out, trim_end(value));
        start = next_start;
        equals = next;
    }
}

/* Whether the line is a message of CEF: at its front, or as all that a header of syslog has
 * behind it. Anywhere else the word is text that somebody wrote into a message, and would be
 * an alert that nobody raised. `header` then has the header as a member, or is empty. */
static bool find_cef(str line, struct buf *header, str *ret_message)
{
    const str mark = STR("CEF:");
    *ret_message = line;
    return str_startswith(line, mark)
           || (syslog_header_to_json(line, header, ret_message)
               && str_startswith(*ret_message, mark));
}

enum err cef_line_to_json(str line, struct buf *out, const char **reterr_reason)
{
    CLEANUP(buf_release) struct buf header = BUF_INIT(out->limit);
    str rest;
    *reterr_reason = "a line of CEF begins with CEF:, or has it right behind a header of syslog";
    if (!find_cef(line, &header, &rest))
        return ERR_INVALID;
    *reterr_reason = "a header of CEF has seven fields between |";
    rest = str_skip(rest, strlen("CEF:"));
    buf_add_byte(out, '{');
    if (!add_header(&rest, out))
        return ERR_INVALID;
    add_extension(rest, out);
    if (header.err != ERR_OK)
        out->err = header.err;
    if (header.len > 0)
        buf_add_byte(out, ',');
    buf_add(out, buf_str(&header));
    buf_add_byte(out, '}');
    return ERR_OK;
}
