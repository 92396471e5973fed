#include "rest/rest.h"

#include "base/percent.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <stdlib.h>

/* Method, path and query of a request, then headers, each on a line. */
struct rest_draft rest_begin(struct step *step, const char *service, const char *operation,
    str target, const char *method, const char *path)
{
    struct rest_draft draft = { .step = step, .text = BUF_INIT(REQUEST_BYTES_MAX) };
    draft.request = (struct request){ .service = service, .operation = operation };
    draft.request.target = arena_copy(step->arena, target);
    buf_addf(&draft.text, "%s %s", method, path);
    return draft;
}

void rest_segment(struct rest_draft *draft, str segment)
{
    if (segment.len == 0 || str_is(segment, ".") || str_is(segment, ".."))
        draft->is_refused = true;
    buf_add_byte(&draft->text, '/');
    percent_encode(&draft->text, segment, "");
}

void rest_path(struct rest_draft *draft, const char *path)
{
    buf_add(&draft->text, str_from(path));
}

void rest_query(struct rest_draft *draft, const char *name, str content)
{
    buf_add_byte(&draft->text, draft->has_query ? '&' : '?');
    draft->has_query = true;
    percent_encode(&draft->text, str_from(name), "$");
    buf_add_byte(&draft->text, '=');
    percent_encode(&draft->text, content, "");
}

void rest_header(struct rest_draft *draft, const char *name, const char *content)
{
    buf_addf(&draft->text, "\n%s: %s", name, content);
}

void rest_json(struct rest_draft *draft, json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (text == NULL)
        draft->is_refused = true;
    else
        buf_addf(&draft->text, "\nContent-Type: application/json\n\n%s", text);
    draft->has_content = true;
    free(text);
    json_decref(json);
}

/* Of the step's key, which is the same on every replay and which nobody outside knows. */
static bool boundary_of(const struct step *step, char ret_boundary[static REST_BOUNDARY_BYTES + 1])
{
    char hex[SHA256_HEX_SIZE];
    if (sha256_hex(step->key, hex) != ERR_OK)
        return false;
    memcpy(ret_boundary, hex, REST_BOUNDARY_BYTES);
    ret_boundary[REST_BOUNDARY_BYTES] = '\0';
    return true;
}

void rest_part(struct rest_draft *draft, const char *name, const char *filename, str content)
{
    char boundary[REST_BOUNDARY_BYTES + 1] = "";
    if (!boundary_of(draft->step, boundary)
        || (content.len > 0 && memmem(content.ptr, content.len, boundary, REST_BOUNDARY_BYTES)))
        draft->is_refused = true;
    if (!draft->has_content)
        buf_addf(&draft->text, "\nContent-Type: multipart/form-data; boundary=%s\n\n", boundary);
    draft->has_content = true;
    buf_addf(&draft->text, "--%s\r\nContent-Disposition: form-data; name=\"", boundary);
    percent_encode(&draft->text, str_from(name), " ");
    if (filename != NULL) {
        buf_add(&draft->text, STR("\"; filename=\""));
        percent_encode(&draft->text, str_from(filename), " ()+,=@");
        buf_add(&draft->text, STR("\"\r\nContent-Type: application/octet-stream"));
    } else
        buf_add_byte(&draft->text, '"');
    buf_add(&draft->text, STR("\r\n\r\n"));
    buf_add(&draft->text, content);
    buf_add(&draft->text, STR("\r\n"));
}

void rest_parts_end(struct rest_draft *draft)
{
    char boundary[REST_BOUNDARY_BYTES + 1] = "";
    if (!draft->has_content || !boundary_of(draft->step, boundary))
        draft->is_refused = true;
    buf_addf(&draft->text, "--%s--\r\n", boundary);
}

struct request rest_end(struct rest_draft *draft)
{
    if (!draft->has_content)
        buf_add_byte(&draft->text, '\n');
    bool is_whole = draft->text.err == ERR_OK && !draft->is_refused
                    && (draft->request.target.ptr != NULL || draft->request.target.len == 0);
    draft->request.body =
        is_whole ? arena_copy(draft->step->arena, buf_str(&draft->text)) : (str){ NULL, 0 };
    buf_release(&draft->text);
    return draft->request;
}

/* Take the text before `end` off `rest`; false: it has no such byte. */
static bool take_until(str *rest, char end, str *ret_text)
{
    size_t at = str_find(*rest, end);
    if (at == rest->len)
        return false;
    *ret_text = str_first(*rest, at);
    *rest = str_skip(*rest, at + 1);
    return true;
}

static bool is_printable(str text, bool with_blanks)
{
    for (size_t at = 0; at < text.len; at++)
        if ((unsigned char)text.ptr[at] < (with_blanks ? ' ' : '!') || text.ptr[at] == 0x7F)
            return false;
    return true;
}

static bool request_line_read(str line, struct rest_request *request)
{
    if (!take_until(&line, ' ', &request->method) || request->method.len == 0
        || !str_all_of(request->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        return false;
    size_t question = str_find(line, '?');
    request->path = str_first(line, question);
    request->query = str_skip(line, question + 1);
    return str_startswith(line, STR("/")) && is_printable(line, false);
}

static bool header_read(str line, struct rest_header *ret_header)
{
    if (!take_until(&line, ':', &ret_header->name) || !str_startswith(line, STR(" ")))
        return false;
    ret_header->value = str_skip(line, 1);
    return ret_header->name.len > 0 && is_printable(ret_header->name, false)
           && is_printable(ret_header->value, true);
}

bool rest_read(str body, struct rest_request *ret_request)
{
    struct rest_request request = { .query = STR(""), .content = STR("") };
    str line;
    if (!take_until(&body, '\n', &line) || !request_line_read(line, &request))
        return false;
    while (body.len > 0) {
        if (!take_until(&body, '\n', &line))
            return false;
        if (line.len == 0) {
            request.content = body;
            break;
        }
        if (request.headers_count == REST_HEADERS_MAX
            || !header_read(line, &request.headers[request.headers_count++]))
            return false;
    }
    *ret_request = request;
    return true;
}

str rest_header_of(const struct rest_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->headers_count; at++) {
        str found = request->headers[at].name;
        if (found.len == strlen(name) && strncasecmp(found.ptr, name, found.len) == 0)
            return request->headers[at].value;
    }
    return STR("");
}

/* `before`, then the content with `guard` before each byte of `guarded`, then a quote. */
static str quoted(
    struct arena *arena, const char *before, str content, const char *guarded, char guard)
{
    struct buf text = BUF_INIT(REQUEST_BYTES_MAX);
    if (!is_printable(content, true) || utf8_valid_bytes(content) < content.len)
        return (str){ NULL, 0 };
    buf_add(&text, str_from(before));
    for (size_t at = 0; at < content.len; at++) {
        if (strchr(guarded, content.ptr[at]) != NULL)
            buf_add_byte(&text, guard);
        buf_add_byte(&text, content.ptr[at]);
    }
    buf_add_byte(&text, '\'');
    str copy = text.err == ERR_OK ? arena_copy(arena, buf_str(&text)) : (str){ NULL, 0 };
    buf_release(&text);
    return copy;
}

str rest_fql_is(struct arena *arena, const char *field, str content)
{
    const char *before = arena_format(arena, "%s:'", field);
    return before == NULL ? (str){ NULL, 0 } : quoted(arena, before, content, "'\\", '\\');
}

str rest_odata_is(struct arena *arena, const char *field, str content)
{
    const char *before = arena_format(arena, "%s eq '", field);
    return before == NULL ? (str){ NULL, 0 } : quoted(arena, before, content, "'", '\'');
}
