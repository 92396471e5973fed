/* diag_ci.c - the forms of two CI systems: workflow commands of GitHub Actions, and the
 * code quality report of GitLab.
 */
#include "base/json_writer.h"
#include "diag_forms.h"
#include "excerpt.h"

/* ---- GitHub: one command a line ---- */

/* Append text of a command. A percent sign, a carriage return and a new line are escaped
 * everywhere, a colon and a comma in a property. */
static void add_github_text(struct buf *out, str text, bool is_property)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
            buf_addf(out, "%%%02X", c);
        else
            buf_add_byte(out, text.ptr[i]);
    }
}

/* The same of what others wrote, which may hold characters that no log should show. */
static void add_github_safe(struct buf *out, str text, bool is_property)
{
    CLEANUP(buf_release) struct buf safe = BUF_INIT(out->limit);
    excerpt_add_safe(&safe, text);
    if (safe.err != ERR_OK && out->err == ERR_OK)
        out->err = safe.err;
    add_github_text(out, buf_str(&safe), is_property);
}

static const char *github_command(enum diag_severity severity)
{
    switch (severity) {
    case DIAG_INFO:
        return "notice";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "error";
}

static void add_github_place(struct buf *out, const struct source *source, span at)
{
    struct place start = source_place(source, at.start);
    struct place end = source_place(source, at.end);
    buf_add(out, STR("file="));
    add_github_safe(out, diag_path(source->file), true);
    buf_addf(out, ",line=%u,col=%u", start.line, start.column);
    /* Columns of a range are read on one line only. */
    if (end.line == start.line && end.column > start.column)
        buf_addf(out, ",endLine=%u,endColumn=%u", end.line, end.column);
    buf_add_byte(out, ',');
}

static void add_github(const struct diag_report *report, const struct diag *diag, struct buf *out)
{
    const struct source *source = diag_source(report->sources, diag->at);
    buf_addf(out, "::%s ", github_command(diag->severity));
    if (source != NULL)
        add_github_place(out, source, diag->at);
    buf_addf(out, "title=%s::", diag_code(diag->id));
    add_github_safe(out, diag->message, false);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        buf_add(out, STR("%0Anote: "));
        add_github_safe(out, note->message, false);
    }
    if (diag->help.len > 0) {
        buf_add(out, STR("%0Ahelp: "));
        add_github_safe(out, diag->help, false);
    }
    buf_add_byte(out, '\n');
}

enum err diag_github_print(const struct diag_report *report, struct buf *out)
{
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next)
        add_github(report, diag, out);
    for (size_t i = 0; i < report->unread_count; i++) {
        buf_add(out, STR("::error file="));
        add_github_safe(out, diag_path(report->unread[i].file), true);
        buf_add(out, STR(",title=unreadable::"));
        add_github_safe(out, str_from(report->unread[i].reason), false);
        buf_add_byte(out, '\n');
    }
    if (diag_omitted(report->diags) > 0)
        buf_addf(out, "::warning title=cdr::%u more findings are not listed\n",
            diag_omitted(report->diags));
    return out->err;
}

/* ---- GitLab: an array of issues ---- */

static const char *gitlab_severity(enum diag_severity severity)
{
    switch (severity) {
    case DIAG_INFO:
        return "info";
    case DIAG_WARNING:
        return "minor";
    case DIAG_ERROR:
        return "major";
    }
    return "major";
}

struct issue {
    const char *check_name;
    const char *severity;
    const char *fingerprint;
    str description;
    str path;
    uint32_t line;
};

static void add_issue(struct json_writer *json, const struct issue *issue)
{
    json_open(json, NULL, '{');
    json_text(json, "type", STR("issue"));
    json_text(json, "check_name", str_from(issue->check_name));
    json_text(json, "description", issue->description);
    json_text(json, "severity", str_from(issue->severity));
    json_text(json, "fingerprint", str_from(issue->fingerprint));
    json_open(json, "location", '{');
    json_text(json, "path", issue->path);
    json_open(json, "lines", '{');
    json_number(json, "begin", issue->line);
    json_close(json, '}');
    json_close(json, '}');
    json_close(json, '}');
}

/* GitLab takes no issue without a place: one about the whole set is told of the folder. */
static void add_gitlab(struct json_writer *json, const struct diag_report *report,
    const struct diag *diag, const char *fingerprint)
{
    const struct source *source = diag_source(report->sources, diag->at);
    struct issue issue = {
        .check_name = diag_code(diag->id),
        .severity = gitlab_severity(diag->severity),
        .fingerprint = fingerprint,
        .description = diag->message,
        .path = source == NULL ? STR(".") : diag_path(source->file),
        .line = source == NULL ? 1 : source_place(source, diag->at.start).line,
    };
    add_issue(json, &issue);
}

enum err diag_gitlab_print(const struct diag_report *report, struct buf *out)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(report->diags->arena->limit);
    const struct diag_fingerprint *fingerprints;
    TRY(diag_fingerprints(report, &arena, &fingerprints));
    struct json_writer json = { .out = out };
    json_open(&json, NULL, '[');
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next)
        add_gitlab(&json, report, diag, (fingerprints++)->text);
    for (size_t i = 0; i < report->unread_count; i++) {
        str path = diag_path(report->unread[i].file);
        const char *fingerprint = arena_format(&arena, "unreadable:%.*s", STR_ARG(path));
        if (fingerprint == NULL)
            return ERR_MEMORY;
        struct issue issue = { "unreadable", "blocker", fingerprint,
            str_from(report->unread[i].reason), path, 1 };
        add_issue(&json, &issue);
    }
    json_close(&json, ']');
    buf_add_byte(out, '\n');
    return out->err;
}
