/* Lines of syslog: RFC 5424, and RFC 3164 as it is really written. */
#include "base/json_text.h"
#include "match/line.h"

enum { PRIORITY_MAX = 191, SEVERITIES = 8, STAMP_BYTES = 15 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One header on its way into an object; `rest` is what was not read yet. */
struct header {
    str rest;
    struct buf *out;
    bool has_member;
    bool keeps_tag; /* a tag of RFC 3164 stays a part of the message */
};

static void add_name(struct header *header, const char *name)
{
    if (header->has_member)
        buf_add_byte(header->out, ',');
    header->has_member = true;
    json_text_add(header->out, str_from(name));
    buf_add_byte(header->out, ':');
}

/* "-" stands for nothing. */
static void add_text(struct header *header, const char *name, str text)
{
    if (text.len == 0 || str_is(text, "-"))
        return;
    add_name(header, name);
    json_text_add(header->out, text);
}

static void add_number(struct header *header, const char *name, unsigned number)
{
    add_name(header, name);
    buf_addf(header->out, "%u", number);
}

/* The next word and the space behind it. */
static str take_word(str *rest)
{
    str word = str_first(*rest, str_find(*rest, ' '));
    *rest = str_skip(*rest, word.len + 1);
    return word;
}

/* "<34>"; whether there is one. */
static bool take_priority(struct header *header)
{
    unsigned priority = 0;
    size_t digits = 0;
    if (header->rest.len == 0 || header->rest.ptr[0] != '<')
        return false;
    str rest = str_skip(header->rest, 1);
    for (; digits < rest.len && digits < 3 && is_digit(rest.ptr[digits]); digits++)
        priority = priority * 10 + (unsigned)(rest.ptr[digits] - '0');
    bool has_zero = digits > 1 && rest.ptr[0] == '0';
    if (digits == 0 || has_zero || priority > PRIORITY_MAX || digits == rest.len
        || rest.ptr[digits] != '>')
        return false;
    header->rest = str_skip(rest, digits + 1);
    add_number(header, "priority", priority);
    add_number(header, "facility", priority / SEVERITIES);
    add_number(header, "severity", priority % SEVERITIES);
    return true;
}

/* ---- RFC 5424 ---- */

/* A value in quotes, whose \" \\ and \] stand for themselves; *rest is on the quote. */
static bool take_quoted(str *rest, struct buf *out)
{
    struct buf value = BUF_INIT(out->limit);
    size_t at = 1;
    for (; at < rest->len && rest->ptr[at] != '"'; at++) {
        if (rest->ptr[at] == '\\' && at + 1 < rest->len
            && strchr("\"\\]", rest->ptr[at + 1]) != NULL && rest->ptr[at + 1] != '\0')
            at++;
        buf_add_byte(&value, rest->ptr[at]);
    }
    if (value.err != ERR_OK)
        out->err = value.err;
    else
        json_text_add(out, buf_str(&value));
    bool ends = at < rest->len;
    buf_release(&value);
    *rest = str_skip(*rest, at + 1);
    return ends;
}

/* The next name of structured data: printable ASCII but =, ] and quotes. */
static str take_name(str *rest)
{
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] > ' ' && rest->ptr[end] <= '~'
           && strchr("=]\"", rest->ptr[end]) == NULL)
        end++;
    str name = str_first(*rest, end);
    *rest = str_skip(*rest, end);
    return name;
}

/* `[id name="value" ..]`; *rest is behind the bracket. */
static bool take_element(str *rest, struct buf *out)
{
    str id = take_name(rest);
    json_text_add(out, id);
    buf_add(out, STR(":{"));
    for (bool is_first = true; str_startswith(*rest, STR(" ")); is_first = false) {
        *rest = str_skip(*rest, 1);
        str name = take_name(rest);
        if (name.len == 0 || !str_startswith(*rest, STR("=\"")))
            return false;
        *rest = str_skip(*rest, 1);
        if (!is_first)
            buf_add_byte(out, ',');
        json_text_add(out, name);
        buf_add_byte(out, ':');
        if (!take_quoted(rest, out))
            return false;
    }
    buf_add_byte(out, '}');
    bool ends = str_startswith(*rest, STR("]"));
    *rest = str_skip(*rest, 1);
    return ends && id.len > 0;
}

static bool take_structured_data(struct header *header)
{
    if (str_startswith(header->rest, STR("-"))) {
        header->rest = str_skip(header->rest, 1);
        return header->rest.len == 0 || header->rest.ptr[0] == ' ';
    }
    if (!str_startswith(header->rest, STR("[")))
        return false;
    add_name(header, "structured_data");
    buf_add_byte(header->out, '{');
    for (bool is_first = true; str_startswith(header->rest, STR("[")); is_first = false) {
        if (!is_first)
            buf_add_byte(header->out, ',');
        header->rest = str_skip(header->rest, 1);
        if (!take_element(&header->rest, header->out))
            return false;
    }
    buf_add_byte(header->out, '}');
    return header->rest.len == 0 || header->rest.ptr[0] == ' ';
}

static bool take_modern(struct header *header)
{
    static const char *const names[] = { "timestamp", "hostname", "appname", "procid", "msgid" };
    header->rest = str_skip(header->rest, strlen("1 "));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (header->rest.len == 0)
            return false;
        add_text(header, names[i], take_word(&header->rest));
    }
    if (!take_structured_data(header))
        return false;
    header->rest = str_skip(header->rest, 1);
    if (str_startswith(header->rest, STR("\xEF\xBB\xBF")))
        header->rest = str_skip(header->rest, 3);
    return true;
}

/* ---- RFC 3164 ---- */

/* "Oct  1 22:14:15 " */
static bool has_stamp(str rest)
{
    static const char form[] = "Aaa 00 00:00:00 ";
    if (rest.len <= STAMP_BYTES)
        return false;
    for (size_t at = 0; form[at] != '\0'; at++) {
        char c = rest.ptr[at];
        bool fits = form[at] == '0'   ? is_digit(c) || (at == 4 && c == ' ')
                    : form[at] == 'A' ? c >= 'A' && c <= 'Z'
                    : form[at] == 'a' ? c >= 'a' && c <= 'z'
                                      : c == form[at];
        if (!fits)
            return false;
    }
    return true;
}

/* "2026-01-02T03:04:05Z ", which many senders write where RFC 3164 has no year. */
static bool has_long_stamp(str rest)
{
    static const char form[] = "0000-00-00T00:00:00";
    if (rest.len < sizeof form || str_find(rest, ' ') == rest.len)
        return false;
    for (size_t at = 0; form[at] != '\0'; at++)
        if (form[at] == '0' ? !is_digit(rest.ptr[at]) : form[at] != rest.ptr[at])
            return false;
    return true;
}

/* "su[231]: " or "su: " in front of the message; a line need not have one. */
static void take_tag(struct header *header)
{
    size_t colon = str_find(header->rest, ':');
    str tag = str_first(header->rest, colon);
    size_t bracket = str_find(tag, '[');
    bool has_process = bracket < tag.len && tag.ptr[tag.len - 1] == ']';
    str name = has_process ? str_first(tag, bracket) : tag;
    if (colon == header->rest.len || name.len == 0 || str_find(name, ' ') < name.len)
        return;
    add_text(header, "appname", name);
    if (has_process)
        add_text(header, "procid", (str){ tag.ptr + bracket + 1, tag.len - bracket - 2 });
    header->rest = str_skip(header->rest, colon + 1);
    if (str_startswith(header->rest, STR(" ")))
        header->rest = str_skip(header->rest, 1);
}

/* The header's members; false when it is none. What RFC 3164 calls a message without a header
 * is one behind a priority. */
static bool take_header(struct header *header)
{
    bool has_priority = take_priority(header);
    if (has_priority && str_startswith(header->rest, STR("1 ")))
        return take_modern(header);
    if (has_long_stamp(header->rest)) {
        add_text(header, "timestamp", take_word(&header->rest));
    } else if (has_stamp(header->rest)) {
        add_text(header, "timestamp", str_first(header->rest, STAMP_BYTES));
        header->rest = str_skip(header->rest, STAMP_BYTES + 1);
    } else {
        return has_priority;
    }
    add_text(header, "hostname", take_word(&header->rest));
    if (!header->keeps_tag)
        take_tag(header);
    return true;
}

/* `"syslog":{..}` in `out`; *ret_message is what follows. */
static bool header_to_json(str line, bool keeps_tag, struct buf *out, str *ret_message)
{
    struct buf members = BUF_INIT(out->limit);
    struct header header = { .rest = line, .out = &members, .keeps_tag = keeps_tag };
    bool is_header = take_header(&header);
    if (members.err != ERR_OK)
        out->err = members.err;
    if (is_header) {
        buf_add(out, STR("\"syslog\":{"));
        buf_add(out, buf_str(&members));
        buf_add_byte(out, '}');
    }
    buf_release(&members);
    *ret_message = header.rest;
    return is_header;
}

bool syslog_header_to_json(str line, struct buf *out, str *ret_message)
{
    return header_to_json(line, true, out, ret_message);
}

enum err syslog_line_to_json(str line, struct buf *out, const char **reterr_reason)
{
    str message;
    buf_add_byte(out, '{');
    if (!header_to_json(line, false, out, &message)) {
        *reterr_reason = "a line of syslog begins with <PRIORITY> or a timestamp and the host";
        return ERR_INVALID;
    }
    buf_add(out, STR(",\"message\":"));
    json_text_add(out, message);
    buf_add_byte(out, '}');
    return ERR_OK;
}
