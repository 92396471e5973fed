#include "daemon/head.h"
#include "base/utf8.h"

#include <strings.h>

static const struct head_fault_info infos[HEAD_FAULT_COUNT] = {
#define HEAD_FAULT(id, status, label, sentence) [HEAD_##id] = { status, label, sentence },
#include "daemon/head_faults.def"
#undef HEAD_FAULT
};

const struct head_fault_info *head_fault_info(enum head_fault fault)
{
    return &infos[fault];
}

enum { CHUNK_DIGITS_MAX = 8 };

static const char DIGITS[] = "0123456789";
static const char ALPHANUMERIC[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool byte_is_in(char byte, const char *more)
{
    return byte != '\0' && (strchr(ALPHANUMERIC, byte) != NULL || strchr(more, byte) != NULL);
}

static bool all_in(str text, const char *more)
{
    for (size_t at = 0; at < text.len; at++)
        if (!byte_is_in(text.ptr[at], more))
            return false;
    return true;
}

/* RFC 9110, 5.6.2. */
static bool is_token(str text)
{
    return text.len > 0 && all_in(text, "!#$%&'*+-.^_`|~");
}

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7F;
}

static bool is_named(const struct head_field *field, const char *name)
{
    return field->name.len == strlen(name)
           && strncasecmp(field->name.ptr, name, field->name.len) == 0;
}

static bool is_word(str text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

/* How many fields have that name, and the last of them. */
static size_t fields_named(
    const struct head_field *fields, size_t count, const char *name, str *ret_value)
{
    size_t found = 0;
    for (size_t at = 0; at < count; at++) {
        if (!is_named(&fields[at], name))
            continue;
        *ret_value = fields[at].value;
        found++;
    }
    return found;
}

str head_value(const struct head_field *fields, size_t count, const char *name)
{
    str value = STR("");
    return fields_named(fields, count, name, &value) == 1 ? value : STR("");
}

bool head_has(const struct head_field *fields, size_t count, const char *name)
{
    str value = STR("");
    return fields_named(fields, count, name, &value) > 0;
}

/* The end of the head with its empty line; 0 while it is not there. Line ends and control characters
 * are judged on the way, so that nobody waits for the end of what is bad already. */
static enum head_fault find_end(str bytes, size_t *ret_end)
{
    *ret_end = 0;
    for (size_t at = 0; at < bytes.len && at < HEAD_BYTES_MAX; at++) {
        char byte = bytes.ptr[at];
        if (byte == '\n') {
            if (at == 0 || bytes.ptr[at - 1] != '\r')
                return HEAD_LINE_END;
            if (at >= 3 && bytes.ptr[at - 2] == '\n') {
                *ret_end = at + 1;
                return HEAD_GOOD;
            }
        } else if (at > 0 && bytes.ptr[at - 1] == '\r') {
            return HEAD_LINE_END;
        } else if (byte != '\r' && is_control(byte)) {
            return HEAD_CONTROL;
        }
    }
    return bytes.len >= HEAD_BYTES_MAX ? HEAD_TOO_LONG : HEAD_GOOD;
}

/* The line at the front, without its CRLF, which is there; *bytes goes on behind it. */
static str take_line(str *bytes)
{
    str line = str_first(*bytes, str_find(*bytes, '\r'));
    *bytes = str_skip(*bytes, line.len + 2);
    return line;
}

static enum head_fault read_request_line(str line, struct head *head)
{
    head->method = str_first(line, str_find(line, ' '));
    str rest = str_skip(line, head->method.len + 1);
    head->target = str_first(rest, str_find(rest, ' '));
    str version = str_skip(rest, head->target.len + 1);
    if (!is_token(head->method) || head->target.len == 0 || !str_startswith(version, STR("HTTP/"))
        || version.len != strlen("HTTP/1.1") || version.ptr[6] != '.'
        || !str_all_of(str_first(str_skip(version, 5), 1), DIGITS)
        || !str_all_of(str_skip(version, 7), DIGITS))
        return HEAD_REQUEST_LINE;
    if (version.ptr[5] != '1' || (version.ptr[7] != '0' && version.ptr[7] != '1'))
        return HEAD_VERSION;
    head->minor = version.ptr[7] - '0';
    return HEAD_GOOD;
}

static enum head_fault read_field(str line, struct head *head)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return HEAD_FOLD;
    size_t colon = str_find(line, ':');
    if (colon == line.len)
        return HEAD_FIELD_NAME;
    if (head->count == HEAD_FIELDS_MAX)
        return HEAD_FIELDS;
    head->fields[head->count++] =
        (struct head_field){ str_first(line, colon), str_trim(str_skip(line, colon + 1), " \t") };
    return HEAD_GOOD;
}

enum head_fault head_read(str bytes, struct head *head)
{
    size_t end;
    enum head_fault fault = find_end(bytes, &end);
    head->count = 0;
    head->bytes = end;
    bool has_first = memchr(bytes.ptr, '\n', bytes.len) != NULL;
    /* The first line tells more than what comes after it: HTTP/2 is a version, not a bad byte. */
    if (has_first && fault != HEAD_LINE_END) {
        enum head_fault first = read_request_line(take_line(&bytes), head);
        if (first != HEAD_GOOD)
            return first;
    }
    if (fault != HEAD_GOOD)
        return fault;
    if (end == 0)
        return HEAD_UNFINISHED;
    for (str line = take_line(&bytes); line.len > 0; line = take_line(&bytes)) {
        fault = read_field(line, head);
        if (fault != HEAD_GOOD)
            return fault;
    }
    return head_check(head);
}

/* Where the two digits of an escape are, their byte; else -1. */
static int escaped_byte(str text)
{
    int byte = 0;
    if (text.len < 3)
        return -1;
    for (size_t at = 1; at < 3; at++) {
        const char *hex = "0123456789abcdef";
        char low = (char)(text.ptr[at] | 0x20);
        const char *found = text.ptr[at] == '\0' ? NULL : strchr(hex, low);
        /* Digits have that bit already; a control character would gain it. */
        if (found == NULL || (unsigned char)text.ptr[at] < '0')
            return -1;
        byte = byte * 16 + (int)(found - hex);
    }
    return byte;
}

/* Decode, and say whether it is text: false where an escape is none or means a control character, or
 * one of `banned`, or where the whole is not UTF-8. `out` has room for text.len. */
static bool decode(str text, const char *banned, char *out, size_t *ret_len)
{
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        int byte = (unsigned char)text.ptr[at];
        if (byte == '%') {
            byte = escaped_byte(str_skip(text, at));
            if (byte < ' ' || byte == 0x7F || strchr(banned, byte) != NULL)
                return false;
            at += 2;
        }
        out[len++] = (char)byte;
    }
    *ret_len = len;
    return utf8_valid_bytes((str){ out, len }) == len;
}

static bool has_dots(str path)
{
    while (path.len > 0) {
        str part = str_first(path, str_find(path, '/'));
        if (str_is(part, ".") || str_is(part, ".."))
            return true;
        path = str_skip(path, part.len + 1);
    }
    return false;
}

/* RFC 3986: pchar and "/"; the query may have "?" as well. No fragment is ever sent. */
static enum head_fault check_target(str target)
{
    static const char PATH_SIGNS[] = "-._~!$&'()*+,;=:@/%";
    static const char QUERY_SIGNS[] = "-._~!$&'()*+,;=:@/%?";
    if (target.len == 0 || target.len > HEAD_BYTES_MAX || target.ptr[0] != '/')
        return HEAD_TARGET;
    str path = str_first(target, str_find(target, '?'));
    str query = str_skip(target, path.len + 1);
    if (!all_in(path, PATH_SIGNS) || !all_in(query, QUERY_SIGNS))
        return HEAD_PATH;
    char decoded[HEAD_BYTES_MAX];
    size_t len;
    /* An escaped slash is one part for us and two for a proxy; so it is none. */
    if (!decode(query, "", decoded, &len) || !decode(path, "/\\", decoded, &len)
        || has_dots((str){ decoded, len }))
        return HEAD_PATH;
    return HEAD_GOOD;
}

static enum head_fault check_fields(const struct head *head)
{
    for (size_t at = 0; at < head->count; at++) {
        const struct head_field *field = &head->fields[at];
        if (!is_token(field->name))
            return HEAD_FIELD_NAME;
        for (size_t byte = 0; byte < field->value.len; byte++)
            if (is_control(field->value.ptr[byte]))
                return HEAD_FIELD_VALUE;
    }
    str host = STR("");
    size_t hosts = fields_named(head->fields, head->count, "Host", &host);
    if (hosts > 1 || (hosts == 0 && head->minor == 1) || !all_in(host, "-._~%!$&'()*+,;=:[]"))
        return HEAD_HOST;
    str expected = STR("");
    size_t expectations = fields_named(head->fields, head->count, "Expect", &expected);
    if (expectations > 1 || (expectations == 1 && !is_word(expected, "100-continue")))
        return HEAD_EXPECT;
    return HEAD_GOOD;
}

static enum head_fault read_length(str text, uint64_t *ret_length)
{
    uint64_t length = 0;
    if (text.len == 0 || !str_all_of(text, DIGITS))
        return HEAD_LENGTH;
    for (size_t at = 0; at < text.len; at++)
        if (__builtin_mul_overflow(length, (uint64_t)10, &length)
            || __builtin_add_overflow(length, (uint64_t)(text.ptr[at] - '0'), &length))
            return HEAD_LENGTH;
    *ret_length = length;
    return HEAD_GOOD;
}

/* How long the body is: said once, or not at all. */
static enum head_fault check_lengths(struct head *head)
{
    str length = STR("");
    str encoding = STR("");
    size_t lengths = fields_named(head->fields, head->count, "Content-Length", &length);
    size_t encodings = fields_named(head->fields, head->count, "Transfer-Encoding", &encoding);
    head->has_length = lengths == 1;
    head->is_chunked = false;
    head->length = 0;
    if (encodings > 0 && head->minor == 0)
        return HEAD_ENCODING_OLD;
    if (lengths > 1 || (lengths > 0 && encodings > 0))
        return HEAD_LENGTHS;
    head->is_chunked = encodings == 1 && is_word(encoding, "chunked");
    if (encodings > 0)
        return head->is_chunked ? HEAD_GOOD : HEAD_ENCODING;
    return lengths == 1 ? read_length(length, &head->length) : HEAD_GOOD;
}

enum head_fault head_check(struct head *head)
{
    if (str_is(head->method, "CONNECT") || str_is(head->method, "TRACE"))
        return HEAD_METHOD;
    enum head_fault fault = check_target(head->target);
    if (fault == HEAD_GOOD)
        fault = check_fields(head);
    if (fault == HEAD_GOOD)
        fault = check_lengths(head);
    /* Chunks are judged whole before anybody takes them, who could say to go on. */
    if (fault == HEAD_GOOD && head->is_chunked && head_has(head->fields, head->count, "Expect"))
        return HEAD_EXPECT_CHUNKED;
    return fault;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char low = (char)(byte | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Skip a CRLF at *at: HEAD_UNFINISHED when it may still come. */
static enum head_fault skip_line_end(str bytes, size_t *at)
{
    for (const char *wanted = "\r\n"; *wanted != '\0'; wanted++, (*at)++) {
        if (*at >= bytes.len)
            return HEAD_UNFINISHED;
        if (bytes.ptr[*at] != *wanted)
            return HEAD_CHUNK;
    }
    return HEAD_GOOD;
}

/* Read a size and its line end at *at. */
static enum head_fault read_chunk_size(str bytes, size_t *at, size_t *ret_size)
{
    size_t size = 0;
    size_t begin = *at;
    for (; *at < bytes.len && hex_digit(bytes.ptr[*at]) >= 0; (*at)++) {
        size = size * 16 + (size_t)hex_digit(bytes.ptr[*at]);
        if (size > CHUNKED_BYTES_MAX)
            return HEAD_CHUNKED;
        if (*at - begin >= CHUNK_DIGITS_MAX)
            return HEAD_CHUNK;
    }
    *ret_size = size;
    if (*at == bytes.len)
        return HEAD_UNFINISHED;
    return *at == begin ? HEAD_CHUNK : skip_line_end(bytes, at);
}

enum head_fault chunks_check(str bytes)
{
    for (size_t at = 0;;) {
        size_t size = 0;
        enum head_fault fault = read_chunk_size(bytes, &at, &size);
        if (fault != HEAD_GOOD)
            return fault;
        if (size > bytes.len - at)
            return HEAD_UNFINISHED;
        at += size;
        /* After the last chunk the empty line that ends the trailers, of which there are none. */
        fault = skip_line_end(bytes, &at);
        if (fault != HEAD_GOOD || size == 0)
            return fault;
    }
}
