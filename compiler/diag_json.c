/* diag_json.c - the JSON form, for programs; kept stable: members are added, none changes. */
#include "base/json_writer.h"
#include "diag_forms.h"

/* "file", "line", "column", "endLine", "endColumn"; nothing without a place. */
static void add_place(struct json_writer *json, const struct sources *sources, span at)
{
    const struct source *source = diag_source(sources, at);
    if (source == NULL)
        return;
    struct place start = source_place(source, at.start);
    struct place end = source_place(source, at.end);
    json_text(json, "file", source->file);
    json_number(json, "line", start.line);
    json_number(json, "column", start.column);
    json_number(json, "endLine", end.line);
    json_number(json, "endColumn", end.column);
}

static void add_fix(
    struct json_writer *json, const struct sources *sources, const struct diag_fix *fix)
{
    json_open(json, "fix", '{');
    json_text(json, "message", fix->message);
    add_place(json, sources, fix->at);
    json_text(json, "text", fix->text);
    json_bool(json, "safe", !fix->is_guess);
    json_close(json, '}');
}

static void add_diag(
    struct json_writer *json, const struct sources *sources, const struct diag *diag)
{
    json_open(json, NULL, '{');
    json_text(json, "code", str_from(diag_code(diag->id)));
    json_text(json, "severity", str_from(diag_severity_name(diag->severity)));
    json_text(json, "message", diag->message);
    add_place(json, sources, diag->at);
    json_open(json, "notes", '[');
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        json_open(json, NULL, '{');
        json_text(json, "message", note->message);
        add_place(json, sources, note->at);
        json_close(json, '}');
    }
    json_close(json, ']');
    if (diag->help.len > 0)
        json_text(json, "help", diag->help);
    if (diag->fix != NULL)
        add_fix(json, sources, diag->fix);
    json_close(json, '}');
}

enum err diag_json_print(const struct diag_report *report, struct buf *out)
{
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '{');
    json_open(&json, "diagnostics", '[');
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next)
        add_diag(&json, report->sources, diag);
    json_close(&json, ']');
    if (diag_omitted(report->diags) > 0)
        json_number(&json, "omitted", diag_omitted(report->diags));
    if (report->unread_count > 0) {
        json_open(&json, "unreadable", '[');
        for (size_t i = 0; i < report->unread_count; i++) {
            json_open(&json, NULL, '{');
            json_text(&json, "file", report->unread[i].file);
            json_text(&json, "message", str_from(report->unread[i].reason));
            json_close(&json, '}');
        }
        json_close(&json, ']');
    }
    json_close(&json, '}');
    buf_add_byte(out, '\n');
    return out->err;
}
