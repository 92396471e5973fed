/* alerts.c - see alerts.h. */
#include "driver/alerts.h"

#include "base/limits.h"
#include "driver/files.h"

/* A day of a large company's alerts; more is for the daemon. */
#define ALERT_FILE_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)

enum err alerts_open(struct alert_reader *reader, const char *name)
{
    *reader =
        (struct alert_reader){ .name = name, .text = BUF_INIT(ALERT_FILE_BYTES_MAX), .line = 1 };
    TRY(file_read(name, &reader->text));
    reader->rest = buf_str(&reader->text);
    if (str_startswith(reader->rest, STR("\xef\xbb\xbf")))
        reader->rest = str_skip(reader->rest, 3);
    return ERR_OK;
}

/* The line of byte `at`, which lies behind all that were asked for before. */
static uint32_t line_of(struct alert_reader *reader, const char *at)
{
    str text = buf_str(&reader->text);
    size_t end = (size_t)(at - text.ptr);
    for (; reader->counted_to < end; reader->counted_to++)
        reader->line += text.ptr[reader->counted_to] == '\n';
    return reader->line;
}

static const char *skip_space(str text)
{
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n,[]", text.ptr[at]) != NULL && text.ptr[at] != '\0')
        at++;
    return text.ptr + at;
}

bool alerts_next(struct alert_reader *reader, struct alert_text *ret_alert)
{
    str before = reader->rest;
    bool has_more = false;
    struct json_fault fault = { .reason = "not JSON" };
    *ret_alert = (struct alert_text){ 0 };
    if (json_next(&reader->rest, &reader->place, &ret_alert->json, &has_more, &fault) != ERR_OK) {
        ret_alert->json = str_first(before, before.len - reader->rest.len);
        ret_alert->line = line_of(reader, skip_space(before));
        ret_alert->reason = fault.reason;
        return true;
    }
    if (!has_more)
        return false;
    ret_alert->line = line_of(reader, ret_alert->json.ptr);
    if (ret_alert->json.len > ALERT_BYTES_MAX)
        ret_alert->reason = "it is larger than 2 MiB";
    return true;
}

void alerts_close(struct alert_reader *reader)
{
    buf_release(&reader->text);
}
