/* alerts.c - see alerts.h. */
#include "driver/alerts.h"

#include "base/fold.h"
#include "base/limits.h"
#include "driver/files.h"
#include "match/line.h"
#include "match/scan.h"

#include <errno.h>

/* A day of a large company's alerts; more is for the daemon. */
#define ALERT_FILE_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)

/* ---- opening ---- */

/* Files that begin so are no text in UTF-8. */
static const struct {
    str start;
    const char *failure;
} other_files[] = {
    { { "\xFF\xFE", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16 -t UTF-8" },
    { { "\xFE\xFF", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16 -t UTF-8" },
    { { "{\0", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16LE -t UTF-8" },
    { { "\0{", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16BE -t UTF-8" },
    { { "[\0", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16LE -t UTF-8" },
    { { "\0[", 2 }, "it is text in UTF-16; make it UTF-8: iconv -f UTF-16BE -t UTF-8" },
    { { "\x1F\x8B", 2 }, "it is compressed with gzip; unpack it: zcat FILE | cdr .. --alerts -" },
    { { "\x28\xB5\x2F\xFD", 4 }, "it is compressed with zstd; unpack it: zstdcat FILE" },
    { { "\xFD"
        "7zXZ",
          5 },
        "it is compressed with xz; unpack it: xzcat FILE" },
    { { "BZh", 3 }, "it is compressed with bzip2; unpack it: bzcat FILE" },
    { { "PK\x03\x04", 4 }, "it is a zip archive; unpack it" },
};

static const char *find_failure(str text)
{
    for (size_t at = 0; at < sizeof other_files / sizeof other_files[0]; at++)
        if (str_startswith(text, other_files[at].start))
            return other_files[at].failure;
    return NULL;
}

static enum alert_form form_of(str text, str source)
{
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL && text.ptr[at] != '\0')
        at++;
    if (at < text.len && (text.ptr[at] == '{' || text.ptr[at] == '['))
        return ALERT_JSON;
    if (fold_equal(source, STR("cef")))
        return ALERT_CEF;
    return fold_equal(source, STR("syslog")) ? ALERT_SYSLOG : ALERT_JSON;
}

bool alerts_may_be_lines(str source)
{
    return form_of(STR(""), source) != ALERT_JSON;
}

enum err alerts_open_text(struct alert_reader *reader, str text, str source)
{
    *reader = (struct alert_reader){
        .made = BUF_INIT(ALERT_BYTES_MAX), .text = text, .rest = text, .records = STR(""), .line = 1
    };
    if (str_startswith(text, STR("\xef\xbb\xbf")))
        reader->rest = str_skip(text, 3);
    reader->failure = find_failure(reader->rest);
    reader->form = form_of(reader->rest, source);
    return reader->failure == NULL ? ERR_OK : ERR_INVALID;
}

enum err alerts_open(struct alert_reader *reader, const char *name, str source)
{
    struct buf file = BUF_INIT(ALERT_FILE_BYTES_MAX);
    enum err err = file_read(name, &file);
    enum err text_err = alerts_open_text(reader, buf_str(&file), source);
    reader->name = name;
    reader->file = file;
    return err != ERR_OK ? err : text_err;
}

const char *alerts_failure(const struct alert_reader *reader, enum err err)
{
    if (err == ERR_INVALID && reader->failure != NULL)
        return reader->failure;
    return err == ERR_IO ? strerror(errno) : err_text(err);
}

/* ---- reading ---- */

/* The line of byte `at`, which lies behind all that were asked for before. */
static uint32_t line_of(struct alert_reader *reader, const char *at)
{
    size_t end = (size_t)(at - reader->text.ptr);
    for (; reader->counted_to < end; reader->counted_to++)
        reader->line += reader->text.ptr[reader->counted_to] == '\n';
    return reader->line;
}

/* Where what was refused begins, of a text up to `end`: behind the commas and brackets of arrays, unless
 * these are all there is. */
static const char *refused_at(str text, const char *end)
{
    static const char *const passed[] = { " \t\r\n,[]", " \t\r\n" };
    const char *at = end;
    for (size_t way = 0; way < COUNT_OF(passed) && at == end; way++)
        for (at = text.ptr; at < end && *at != '\0' && strchr(passed[way], *at) != NULL;)
            at++;
    return at;
}

/* The array of an object that has nothing but an array of records; else the empty str. */
static str find_records(str json)
{
    struct scan scan = { .json = json };
    struct json_token token;
    struct json_fault fault;
    if (scan_next(&scan, &token, &fault) != ERR_OK || token.kind != JSON_OBJECT
        || scan_next(&scan, &token, &fault) != ERR_OK || token.kind != JSON_KEY)
        return STR("");
    if (!json_is_records(token.text) || scan_next(&scan, &token, &fault) != ERR_OK
        || token.kind != JSON_ARRAY)
        return STR("");
    size_t start = scan.at - 1;
    while (scan.depth > 1)
        if (scan_next(&scan, &token, &fault) != ERR_OK)
            return STR("");
    str records = { json.ptr + start, scan.at - start };
    bool is_last = scan_next(&scan, &token, &fault) == ERR_OK && token.kind == JSON_OBJECT_END;
    return is_last ? records : STR("");
}

static void check_size(struct alert_text *alert)
{
    if (alert->json.len > ALERT_BYTES_MAX)
        alert->reason = "it is larger than 2 MiB";
}

/* The next element of the records; false when they are over. They are sound JSON. */
static bool next_record(struct alert_reader *reader, struct alert_text *ret_alert)
{
    bool has_more = false;
    struct json_fault fault;
    if (reader->records.len == 0
        || json_next(&reader->records, &reader->records_place, &ret_alert->json, &has_more, &fault)
               != ERR_OK
        || !has_more) {
        reader->records = STR("");
        return false;
    }
    ret_alert->line = line_of(reader, ret_alert->json.ptr);
    check_size(ret_alert);
    return true;
}

/* The next document: false at the end. One that holds records is left to next_record, and
 * *ret_is_alert says so. */
static bool next_document(
    struct alert_reader *reader, struct alert_text *ret_alert, bool *ret_is_alert)
{
    str before = reader->rest;
    bool has_more = false;
    struct json_fault fault = { .reason = "not JSON" };
    *ret_is_alert = true;
    if (json_next(&reader->rest, &reader->place, &ret_alert->json, &has_more, &fault) != ERR_OK) {
        ret_alert->json = str_first(before, before.len - reader->rest.len);
        ret_alert->line = line_of(reader, refused_at(before, reader->rest.ptr));
        ret_alert->reason = fault.reason;
        return true;
    }
    if (!has_more)
        return false;
    reader->records = find_records(ret_alert->json);
    reader->records_place = JSON_OUTSIDE;
    *ret_is_alert = reader->records.len == 0;
    if (!*ret_is_alert)
        return true;
    ret_alert->line = line_of(reader, ret_alert->json.ptr);
    check_size(ret_alert);
    return true;
}

/* The next line that is not empty, without its end. */
static bool take_line(struct alert_reader *reader, str *ret_line)
{
    while (reader->rest.len > 0) {
        str line = str_first(reader->rest, str_find(reader->rest, '\n'));
        reader->rest = str_skip(reader->rest, line.len + 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        *ret_line = line;
        if (line.len > 0)
            return true;
    }
    return false;
}

static bool next_line(struct alert_reader *reader, struct alert_text *ret_alert)
{
    str line;
    if (!take_line(reader, &line))
        return false;
    buf_clear(&reader->made);
    ret_alert->line = line_of(reader, line.ptr);
    enum err err = reader->form == ALERT_CEF
                       ? cef_line_to_json(line, &reader->made, &ret_alert->reason)
                       : syslog_line_to_json(line, &reader->made, &ret_alert->reason);
    if (err == ERR_OK)
        ret_alert->reason = NULL;
    if (reader->made.err != ERR_OK)
        ret_alert->reason = "it is larger than 2 MiB";
    ret_alert->json = ret_alert->reason == NULL ? buf_str(&reader->made) : line;
    return true;
}

/* The next finding of an event that holds several, as an alert of its own. */
static bool next_finding(struct alert_reader *reader, struct alert_text *ret_alert)
{
    str finding;
    buf_clear(&reader->made);
    if (!findings_next(&reader->findings, &reader->made, &finding))
        return false;
    ret_alert->line = line_of(reader, finding.ptr);
    ret_alert->json = reader->made.err == ERR_OK ? buf_str(&reader->made) : finding;
    ret_alert->reason = reader->made.err == ERR_OK ? NULL : err_text(reader->made.err);
    return true;
}

/* Whether the alert is left to next_finding. */
static bool is_several(struct alert_reader *reader, struct alert_text *alert)
{
    if (alert->reason != NULL || !findings_open(alert->json, &reader->findings))
        return false;
    if (reader->findings.count <= FINDINGS_MAX)
        return true;
    reader->findings = (struct findings){ .count = 0 };
    alert->reason = FINDINGS_TOO_MANY;
    return false;
}

bool alerts_next(struct alert_reader *reader, struct alert_text *ret_alert)
{
    *ret_alert = (struct alert_text){ .json = STR("") };
    if (reader->form != ALERT_JSON)
        return next_line(reader, ret_alert);
    for (;;) {
        bool is_alert = true;
        if (next_finding(reader, ret_alert))
            return true;
        if (!next_record(reader, ret_alert)) {
            *ret_alert = (struct alert_text){ .json = STR("") };
            if (!next_document(reader, ret_alert, &is_alert))
                return false;
        }
        if (is_alert && !is_several(reader, ret_alert))
            return true;
        *ret_alert = (struct alert_text){ .json = STR("") };
    }
}

/* ---- in parts ---- */

void alerts_go_on(struct alert_reader *reader, str text, size_t at, uint32_t line)
{
    reader->text = text;
    reader->rest = str_skip(text, at);
    reader->records = STR("");
    reader->findings = (struct findings){ .count = 0 };
    reader->counted_to = at;
    reader->line = line;
}

/* Whether an alert of an array is left: of records, or of findings. */
static bool has_element(str rest, enum json_place place)
{
    bool has_more = false;
    str json;
    struct json_fault fault;
    return rest.len > 0 && json_next(&rest, &place, &json, &has_more, &fault) == ERR_OK && has_more;
}

static bool is_inside(const struct alert_reader *reader)
{
    return has_element(reader->records, reader->records_place)
           || has_element(reader->findings.rest, reader->findings.place);
}

/* Whether the fault may be none, or another one, when the text goes on. The text ends with a line,
 * so no number, word or escape is cut. */
static bool is_of_end(const struct json_fault *fault, str text)
{
    return fault->at >= text.len || strcmp(fault->reason, "a string does not end") == 0;
}

bool alerts_is_cut(const struct alert_reader *reader)
{
    str rest = reader->rest;
    enum json_place place = reader->place;
    bool has_more = false;
    str json;
    struct json_fault fault = { .reason = "not JSON" };
    if (is_inside(reader))
        return false;
    if (json_next(&rest, &place, &json, &has_more, &fault) == ERR_OK)
        return false;
    return is_of_end(&fault, reader->rest) || rest.len == 0;
}

bool alerts_is_at_line(struct alert_reader *reader)
{
    str rest = reader->rest;
    /* In what is left of an array that broke, an object on a line is what it is outside. */
    if (reader->place == JSON_IN_ARRAY || is_inside(reader))
        return false;
    if (rest.ptr == reader->text.ptr || rest.ptr[-1] == '\n')
        return true;
    while (rest.len > 0 && strchr(" \t\r", rest.ptr[0]) != NULL && rest.ptr[0] != '\0')
        rest = str_skip(rest, 1);
    if (rest.len > 0 && rest.ptr[0] != '\n')
        return false;
    reader->rest = str_skip(rest, 1);
    return true;
}

size_t alerts_at(const struct alert_reader *reader)
{
    return (size_t)(reader->rest.ptr - reader->text.ptr);
}

uint32_t alerts_line(struct alert_reader *reader)
{
    return line_of(reader, reader->rest.ptr);
}

void alerts_close(struct alert_reader *reader)
{
    buf_release(&reader->file);
    buf_release(&reader->made);
}
