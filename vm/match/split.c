/* Cutting a stream of alerts into alerts. The state between calls is where the rest
 * begins and whether that is inside the array. */
#include "match/scan.h"

/* Where reading goes on after a fault. A document that began is broken: the next one
 * begins a line with a brace (the inner lines of a pretty-printed alert are indented, so
 * parts of a broken alert are not taken for alerts). Where none began, the next line. */
static str resume(str rest, bool began)
{
    while (rest.len > 0) {
        rest = str_skip(rest, str_find(rest, '\n') + 1);
        if (!began || (rest.len > 0 && rest.ptr[0] == '{'))
            break;
    }
    return rest;
}

/* `scan` stands on the document's first byte. */
static enum err cut_document(struct scan *scan, str *ret_json, struct json_fault *reterr_fault)
{
    size_t start = scan->at;
    struct scan inner = { .json = scan->json, .at = start };
    struct json_token token;
    do
        TRY(scan_next(&inner, &token, reterr_fault));
    while (token.kind != JSON_END);
    scan->at = inner.at;
    *ret_json = (str){ scan->json.ptr + start, inner.at - start };
    return ERR_OK;
}

/* Inside the array, behind an element: a comma and the next element, or the end. */
static enum err pass_comma(struct scan *scan, bool *in_array, struct json_fault *reterr_fault)
{
    bool is_over = scan_space(scan);
    char c = is_over ? '\0' : scan->json.ptr[scan->at];
    if (c == ',') {
        scan->at++;
        return ERR_OK;
    }
    if (c == ']') {
        scan->at++;
        *in_array = false;
        return ERR_OK;
    }
    *reterr_fault = (struct json_fault){ "the array of alerts does not end", scan->at };
    return ERR_JSON;
}

static bool is_at(const struct scan *scan, char byte)
{
    return scan->at < scan->json.len && scan->json.ptr[scan->at] == byte;
}

static enum err next_document(struct scan *scan, bool *in_array, str *ret_json, bool *ret_more,
    struct json_fault *reterr_fault)
{
    if (*in_array)
        TRY(pass_comma(scan, in_array, reterr_fault));
    bool is_over = scan_space(scan);
    while (!*in_array && is_at(scan, '[')) {
        scan->at++;
        is_over = scan_space(scan);
        *in_array = !is_at(scan, ']');
        if (!*in_array) { /* an empty array; another document may follow */
            scan->at++;
            is_over = scan_space(scan);
        }
    }
    *ret_more = !is_over;
    if (is_over && !*in_array)
        return ERR_OK;
    return cut_document(scan, ret_json, reterr_fault);
}

enum err json_next(
    str *rest, bool *in_array, str *ret_json, bool *ret_more, struct json_fault *reterr_fault)
{
    struct scan scan = { .json = *rest };
    const str byte_order_mark = STR("\xEF\xBB\xBF");
    if (!*in_array && str_startswith(*rest, byte_order_mark))
        scan.at = byte_order_mark.len;
    enum err err = next_document(&scan, in_array, ret_json, ret_more, reterr_fault);
    if (err == ERR_JSON) {
        bool began = reterr_fault->at > scan.at;
        str behind = str_skip(*rest, scan.at);
        *rest = *in_array ? str_skip(*rest, rest->len) : resume(behind, began);
        *in_array = false;
        return err;
    }
    *rest = str_skip(*rest, scan.at);
    return err;
}
