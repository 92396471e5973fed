/* Cutting a stream of alerts into alerts. The state between calls is where the rest
 * begins and where in an array that is. */
#include "match/scan.h"

/* ---- going on after a fault ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space at the front of a line, which may be the rest of one. */
static size_t indent_of(str line)
{
    size_t at = 0;
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
        at++;
    return at;
}

static size_t line_start(str text, size_t at)
{
    while (at > 0 && text.ptr[at - 1] != '\n')
        at--;
    return at;
}

/* The line without the white space at its end. */
static str line_at(str text, size_t at)
{
    str rest = str_skip(text, at);
    str line = str_first(rest, str_find(rest, '\n'));
    while (line.len > 0 && is_space(line.ptr[line.len - 1]))
        line.len--;
    return line;
}

/* Whether what follows the line stands inside of something that the line opened. */
static bool opens_more(str line)
{
    return line.len > 0 && strchr("[{:", line.ptr[line.len - 1]) != NULL;
}

/* Where a document that began at `start` and broke at `fault` leaves off: at the next line
 * that begins with a brace. Alerts that are one a line may be indented at will; of one that
 * is laid out over lines the deeper lines are its parts, which are not taken for alerts. */
static size_t after_document(str text, size_t start, size_t fault)
{
    size_t indent = indent_of(str_skip(text, line_start(text, start)));
    str line = line_at(text, start);
    bool is_on_line = fault <= start + str_find(str_skip(text, start), '\n');
    bool may_indent = !opens_more(line);
    size_t at = start;
    for (;;) {
        size_t newline = at + str_find(str_skip(text, at), '\n');
        if (newline >= text.len)
            return text.len;
        at = newline + 1;
        line = line_at(text, at);
        size_t deep = indent_of(line);
        if (deep == line.len)
            continue;
        bool is_brace = line.ptr[deep] == '{';
        may_indent = may_indent && is_brace && (is_on_line || at + deep == fault);
        if (is_brace && (may_indent || deep <= indent))
            return at;
    }
}

/* Where no document began: the next line, and after an array that broke the first one
 * that begins with a brace, or the element here that lacks its comma. */
static size_t after_junk(str text, size_t at, bool in_array)
{
    if (in_array && at < text.len && text.ptr[at] == '{')
        return at;
    for (;;) {
        size_t newline = at + str_find(str_skip(text, at), '\n');
        if (newline >= text.len)
            return text.len;
        at = newline + 1;
        str line = line_at(text, at);
        size_t indent = indent_of(line);
        if (!in_array || (indent < line.len && line.ptr[indent] == '{'))
            return at;
    }
}

/* ---- cutting ---- */

bool json_is_records(str key)
{
    return str_is(key, "Records") || str_is(key, "Findings");
}

/* Whether the text begins like an object that holds an array of alerts. */
static bool opens_records(str json)
{
    struct scan scan = { .json = json };
    struct json_token token;
    struct json_fault fault;
    return scan_next(&scan, &token, &fault) == ERR_OK && token.kind == JSON_OBJECT
           && !scan_space(&scan) && json.ptr[scan.at] == '"'
           && scan_next(&scan, &token, &fault) == ERR_OK && json_is_records(token.text)
           && scan_next(&scan, &token, &fault) == ERR_OK && token.kind == JSON_ARRAY;
}

/* `scan` stands on the document's first byte. Of documents that stand by themselves each is
 * taken for a line, so that one that was cut off inside a string costs no other; in an array a
 * line break in a string is no more than any control character there. */
static enum err cut_document(
    struct scan *scan, bool in_array, str *ret_json, struct json_fault *reterr_fault)
{
    size_t start = scan->at;
    struct scan inner = { .json = scan->json, .at = start };
    inner.is_of_lines = !in_array && !opens_records(str_skip(scan->json, start));
    struct json_token token;
    do
        TRY(scan_next(&inner, &token, reterr_fault));
    while (token.kind != JSON_END);
    scan->at = inner.at;
    *ret_json = (str){ scan->json.ptr + start, inner.at - start };
    return ERR_OK;
}

static bool is_at(const struct scan *scan, char byte)
{
    return scan->at < scan->json.len && scan->json.ptr[scan->at] == byte;
}

/* Inside the array, behind an element: a comma and the next element, or the end. */
static enum err pass_comma(
    struct scan *scan, enum json_place *place, struct json_fault *reterr_fault)
{
    scan_space(scan);
    if (is_at(scan, ',')) {
        scan->at++;
        return ERR_OK;
    }
    if (is_at(scan, ']')) {
        scan->at++;
        *place = JSON_OUTSIDE;
        return ERR_OK;
    }
    *reterr_fault = (struct json_fault){ "the array of alerts does not end", scan->at };
    return ERR_JSON;
}

/* White space, and the mark in front of a file that was joined to another one. Whether the text is
 * over. */
static bool pass_space(struct scan *scan, enum json_place place)
{
    const str byte_order_mark = STR("\xEF\xBB\xBF");
    bool is_over = scan_space(scan);
    if (place != JSON_OUTSIDE || !str_startswith(str_skip(scan->json, scan->at), byte_order_mark))
        return is_over;
    scan->at += byte_order_mark.len;
    return scan_space(scan);
}

/* What is left of an array that broke: commas behind its elements, and its end. */
static void pass_remains(struct scan *scan, enum json_place *place)
{
    scan_space(scan);
    while (*place == JSON_IN_BROKEN_ARRAY && (is_at(scan, ',') || is_at(scan, ']'))) {
        if (is_at(scan, ']'))
            *place = JSON_OUTSIDE;
        scan->at++;
        scan_space(scan);
    }
}

static enum err next_document(struct scan *scan, enum json_place *place, str *ret_json,
    bool *ret_more, struct json_fault *reterr_fault)
{
    if (*place == JSON_IN_ARRAY)
        TRY(pass_comma(scan, place, reterr_fault));
    pass_remains(scan, place);
    bool is_over = pass_space(scan, *place);
    while (*place != JSON_IN_ARRAY && is_at(scan, '[')) {
        scan->at++;
        is_over = scan_space(scan);
        *place = JSON_IN_ARRAY;
        if (is_at(scan, ']')) { /* an empty array; another document may follow */
            *place = JSON_OUTSIDE;
            scan->at++;
            is_over = pass_space(scan, *place);
        }
    }
    *ret_more = !is_over;
    if (is_over && *place != JSON_IN_ARRAY)
        return ERR_OK;
    return cut_document(scan, *place == JSON_IN_ARRAY, ret_json, reterr_fault);
}

enum err json_next(str *rest, enum json_place *place, str *ret_json, bool *ret_more,
    struct json_fault *reterr_fault)
{
    struct scan scan = { .json = *rest };
    enum err err = next_document(&scan, place, ret_json, ret_more, reterr_fault);
    if (err == ERR_JSON) {
        bool began = reterr_fault->at > scan.at;
        bool in_array = *place == JSON_IN_ARRAY;
        if (began)
            scan.at = after_document(*rest, scan.at, reterr_fault->at);
        else
            scan.at = after_junk(*rest, scan.at, in_array);
        *place = *place == JSON_OUTSIDE ? JSON_OUTSIDE : JSON_IN_BROKEN_ARRAY;
    }
    *rest = str_skip(*rest, scan.at);
    return err;
}
