#include "match/scan.h"

#include "base/utf8.h"
#include "number.h"

#define EACH_BYTE UINT64_C(0x0101010101010101)

static enum err fault_at(struct json_fault *reterr_fault, const char *reason, size_t at)
{
    *reterr_fault = (struct json_fault){ .reason = reason, .at = at };
    return ERR_JSON;
}

bool scan_space(struct scan *scan)
{
    while (scan->at < scan->json.len) {
        char c = scan->json.ptr[scan->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return false;
        scan->at++;
    }
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

size_t scan_escape_bytes(str text)
{
    if (text.len < 2 || text.ptr[1] == '\0' || strchr("\"\\/bfnrtu", text.ptr[1]) == NULL)
        return 0;
    if (text.ptr[1] != 'u')
        return 2;
    for (size_t i = 2; i < 6; i++)
        if (i >= text.len || !is_hex(text.ptr[i]))
            return 0;
    return 6;
}

/* Where the lines of a string are, as far as they were read. */
struct string_lines {
    size_t first_break; /* 0: none yet; no string begins at 0 with one */
    bool is_blank;      /* nothing but white space since the last line break */
};

/* Whether the byte inside a string begins a line like a document does. */
static bool begins_document(struct string_lines *lines, unsigned char byte, size_t at)
{
    if (byte == '\n' && lines->first_break == 0)
        lines->first_break = at;
    bool begins = lines->is_blank && byte == '{';
    bool is_space = byte == ' ' || byte == '\t' || byte == '\r';
    lines->is_blank = byte == '\n' || (lines->is_blank && is_space);
    return begins;
}

/* Not 0 when one of eight bytes is below `limit`, which is at most 0x80. */
static uint64_t bytes_below(uint64_t bytes, uint64_t limit)
{
    return (bytes - EACH_BYTE * limit) & ~bytes & (EACH_BYTE * 0x80);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* How many bytes at the front of `text` mean nothing but themselves in a string. They are most of any
 * alert, so they are looked at eight at a time. */
static size_t plain_bytes(str text)
{
    size_t count = 0;
    for (; count + sizeof(uint64_t) <= text.len; count += sizeof(uint64_t)) {
        uint64_t bytes;
        memcpy(&bytes, text.ptr + count, sizeof bytes);
        if ((bytes_below(bytes, 0x20) | bytes_below(bytes ^ (EACH_BYTE * '"'), 1)
                | bytes_below(bytes ^ (EACH_BYTE * '\\'), 1))
            != 0)
            break;
    }
    while (count < text.len && is_plain(text.ptr[count]))
        count++;
    return count;
}

/* The scan is on the opening quote; it ends behind the closing one. */
static enum err scan_string(
    struct scan *scan, struct json_token *token, struct json_fault *reterr_fault)
{
    struct string_lines lines = { .is_blank = false };
    size_t start = scan->at + 1;
    size_t at = start;
    while (true) {
        if (!lines.is_blank) /* which only a line break makes it */
            at += plain_bytes(str_skip(scan->json, at));
        if (at >= scan->json.len || scan->json.ptr[at] == '"')
            break;
        unsigned char byte = (unsigned char)scan->json.ptr[at];
        size_t bytes = byte == '\\' ? scan_escape_bytes(str_skip(scan->json, at)) : 1;
        if (bytes == 0)
            return fault_at(reterr_fault, "no escape of JSON", at);
        if (scan->is_of_lines && begins_document(&lines, byte, at))
            return fault_at(reterr_fault, "a line break in a string", lines.first_break);
        token->is_escaped = token->is_escaped || byte == '\\';
        token->has_controls = token->has_controls || byte < 0x20;
        at += bytes;
    }
    if (at >= scan->json.len)
        return fault_at(reterr_fault, "a string does not end", start - 1);
    token->text = (str){ scan->json.ptr + start, at - start };
    scan->at = at + 1;
    return ERR_OK;
}

static bool scan_word(struct scan *scan, str word)
{
    if (!str_startswith(str_skip(scan->json, scan->at), word))
        return false;
    scan->at += word.len;
    return true;
}

/* A value is over: so is the document, unless something is still open. */
static void after_value(struct scan *scan)
{
    scan->state = scan->depth == 0 ? SCAN_OVER : SCAN_COMMA_OR_END;
}

/* What is open at the deepest place, up to its end, as one text: strings are passed over as
 * strings, of the rest only the brackets are counted. */
static enum err scan_deep(
    struct scan *scan, struct json_token *token, struct json_fault *reterr_fault)
{
    size_t start = scan->at;
    size_t open = 0;
    do {
        char c = scan->at < scan->json.len ? scan->json.ptr[scan->at] : '\0';
        struct json_token passed = { .text = STR("") };
        if (scan->at >= scan->json.len)
            return fault_at(reterr_fault, "the text ends too early", scan->at);
        if (c == '"') {
            TRY(scan_string(scan, &passed, reterr_fault));
            continue;
        }
        open += c == '{' || c == '[';
        open -= c == '}' || c == ']';
        scan->at++;
    } while (open > 0);
    *token = (struct json_token){
        .kind = JSON_TEXT, .text = { scan->json.ptr + start, scan->at - start }, .is_deep = true
    };
    after_value(scan);
    return ERR_OK;
}

static enum err scan_open(
    struct scan *scan, struct json_token *token, bool is_object, struct json_fault *reterr_fault)
{
    if (scan->depth == ALERT_DEPTH_MAX)
        return scan_deep(scan, token, reterr_fault);
    scan->is_object[scan->depth++] = is_object;
    scan->state = is_object ? SCAN_KEY_OR_END : SCAN_VALUE_OR_END;
    scan->at++;
    token->kind = is_object ? JSON_OBJECT : JSON_ARRAY;
    return ERR_OK;
}

static void scan_close(struct scan *scan, struct json_token *token)
{
    scan->depth--;
    token->kind = scan->is_object[scan->depth] ? JSON_OBJECT_END : JSON_ARRAY_END;
    scan->at++;
    after_value(scan);
}

static enum err scan_value(
    struct scan *scan, struct json_token *token, struct json_fault *reterr_fault)
{
    char c = scan->json.ptr[scan->at];
    if (c == '{' || c == '[')
        return scan_open(scan, token, c == '{', reterr_fault);
    if (c == '"') {
        token->kind = JSON_TEXT;
        TRY(scan_string(scan, token, reterr_fault));
    } else if (scan_word(scan, STR("true"))) {
        token->kind = JSON_TRUE;
    } else if (scan_word(scan, STR("false"))) {
        token->kind = JSON_FALSE;
    } else if (scan_word(scan, STR("null"))) {
        token->kind = JSON_NULL;
    } else {
        token->kind = JSON_NUMBER;
        token->text = str_skip(scan->json, scan->at);
        token->text.len = number_bytes(token->text);
        scan->at += token->text.len;
        if (token->text.len == 0)
            return fault_at(reterr_fault, "no value begins like this", scan->at);
    }
    after_value(scan);
    return ERR_OK;
}

static enum err scan_key(
    struct scan *scan, struct json_token *token, struct json_fault *reterr_fault)
{
    if (scan->json.ptr[scan->at] != '"')
        return fault_at(reterr_fault, "a key in quotes is missing", scan->at);
    token->kind = JSON_KEY;
    TRY(scan_string(scan, token, reterr_fault));
    if (scan_space(scan) || scan->json.ptr[scan->at] != ':')
        return fault_at(reterr_fault, "a colon is missing after a key", scan->at);
    scan->at++;
    scan->state = SCAN_VALUE;
    return ERR_OK;
}

enum err scan_next(struct scan *scan, struct json_token *ret_token, struct json_fault *reterr_fault)
{
    *ret_token = (struct json_token){ .kind = JSON_END, .text = STR("") };
    if (scan->state == SCAN_OVER)
        return ERR_OK;
    if (scan_space(scan))
        return fault_at(reterr_fault, "the text ends too early", scan->at);
    char c = scan->json.ptr[scan->at];
    bool is_object = scan->depth > 0 && scan->is_object[scan->depth - 1];
    bool is_end = scan->depth > 0 && c == (is_object ? '}' : ']');
    switch (scan->state) {
    case SCAN_VALUE_OR_END:
        if (!is_end)
            return scan_value(scan, ret_token, reterr_fault);
        scan_close(scan, ret_token);
        return ERR_OK;
    case SCAN_VALUE:
        return scan_value(scan, ret_token, reterr_fault);
    case SCAN_KEY_OR_END:
        if (!is_end)
            return scan_key(scan, ret_token, reterr_fault);
        scan_close(scan, ret_token);
        return ERR_OK;
    case SCAN_KEY:
        return scan_key(scan, ret_token, reterr_fault);
    case SCAN_COMMA_OR_END:
        if (is_end) {
            scan_close(scan, ret_token);
            return ERR_OK;
        }
        if (c != ',')
            return fault_at(reterr_fault, "a comma or an end is missing", scan->at);
        scan->at++;
        scan->state = is_object ? SCAN_KEY : SCAN_VALUE;
        return scan_next(scan, ret_token, reterr_fault); /* once: a comma needs a value */
    case SCAN_OVER:
        break;
    }
    return ERR_OK;
}

static uint32_t hex_unit(const char *digits)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

size_t scan_unicode_escape(str text, uint32_t *ret_point, uint32_t *repairs)
{
    uint32_t unit = hex_unit(text.ptr + 2);
    *ret_point = unit;
    if (unit < 0xD800 || unit > 0xDFFF)
        return 6;
    uint32_t low = 0;
    if (unit <= 0xDBFF && text.len >= 12 && text.ptr[6] == '\\' && text.ptr[7] == 'u')
        low = hex_unit(text.ptr + 8);
    if (low >= 0xDC00 && low <= 0xDFFF) {
        *ret_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        return 12;
    }
    *ret_point = UTF8_REPLACEMENT;
    *repairs += 1;
    return 6;
}

static size_t unescape(str text, char *out, uint32_t *repairs)
{
    static const char shorts[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    size_t written = 0;
    while (text.len > 0) {
        size_t plain = str_find(text, '\\');
        written += utf8_mend(str_first(text, plain), out + written, repairs);
        text = str_skip(text, plain);
        if (text.len < 2)
            break;
        if (text.ptr[1] == 'u') {
            char bytes[UTF8_BYTES_MAX];
            uint32_t point;
            text = str_skip(text, scan_unicode_escape(text, &point, repairs));
            size_t length = utf8_encode(point, bytes);
            memcpy(out + written, bytes, length);
            written += length;
        } else {
            const char *found = shorts;
            while (*found != '\0' && *found != text.ptr[1])
                found += 2;
            out[written++] = found[1];
            text = str_skip(text, 2);
        }
    }
    return written;
}

static uint32_t count_controls(str text)
{
    uint32_t count = 0;
    for (size_t at = 0; at < text.len; at++)
        count += (unsigned char)text.ptr[at] < 0x20;
    return count;
}

enum err scan_text(
    const struct json_token *token, struct arena *arena, str *ret_text, uint32_t *repairs)
{
    if (token->has_controls)
        *repairs += count_controls(token->text);
    if (!token->is_escaped)
        return utf8_repair(arena, token->text, ret_text, repairs);
    /* No escape is shorter than what it stands for; only mending makes text longer. */
    bool is_valid = utf8_valid_bytes(token->text) == token->text.len;
    size_t most = is_valid ? token->text.len : utf8_mended_max(token->text.len);
    char *copy = arena_alloc(arena, most, 1);
    if (copy == NULL)
        return ERR_MEMORY;
    *ret_text = (str){ copy, unescape(token->text, copy, repairs) };
    return ERR_OK;
}
