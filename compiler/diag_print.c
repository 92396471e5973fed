/* diag_print.c - the only place that renders diagnostics. */
#include "diag_print.h"

#include "base/json_text.h"
#include "excerpt.h"

#include <stdio.h>

/* Escape sequences of a terminal, or empty texts. */
struct palette {
    const char *severity[DIAG_ERROR + 1];
    const char *bold;
    const char *gutter;
    const char *off;
};

static const struct palette plain = { { "", "", "" }, "", "", "" };
static const struct palette coloured = { { "\033[1;36m", "\033[1;33m", "\033[1;31m" }, "\033[1m",
    "\033[1;34m", "\033[0m" };

/* What printing needs at every step. */
struct printer {
    const struct sources *sources;
    const struct palette *palette;
    struct buf *out;
};

static const struct source *source_of(const struct printer *printer, span at)
{
    return at.file < printer->sources->count ? &printer->sources->items[at.file] : NULL;
}

/* ---- text ---- */

static int digits_of(uint32_t number)
{
    int digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

/* The gutter is as wide as the greatest line number of one diagnostic. */
static int gutter_width(const struct printer *printer, const struct diag *diag)
{
    int width = 1;
    const struct source *source = source_of(printer, diag->at);
    if (source != NULL)
        width = digits_of(source_place(source, diag->at.start).line);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        source = source_of(printer, note->at);
        int digits = source == NULL ? 1 : digits_of(source_place(source, note->at.start).line);
        width = digits > width ? digits : width;
    }
    return width;
}

/* Nothing for a place outside of every file. */
static void add_excerpt(const struct printer *printer, span at, int width, const char *mark_on)
{
    const struct source *source = source_of(printer, at);
    const struct palette *palette = printer->palette;
    if (source == NULL)
        return;
    struct place place = source_place(source, at.start);
    buf_addf(printer->out, "%*s%s-->%s ", width, "", palette->gutter, palette->off);
    excerpt_add_safe(printer->out, source->file);
    buf_addf(printer->out, ":%u:%u\n", place.line, place.column);
    buf_addf(printer->out, "%*s %s|%s\n", width, "", palette->gutter, palette->off);

    char text[64];
    char marks[64];
    (void)snprintf(
        text, sizeof text, "%s%*u |%s ", palette->gutter, width, place.line, palette->off);
    (void)snprintf(marks, sizeof marks, "%*s %s|%s ", width, "", palette->gutter, palette->off);
    excerpt_add(printer->out, source, at, text, marks, mark_on, palette->off);
}

/* "= help: ..." at the foot of an excerpt. */
static void add_foot(const struct printer *printer, int width, const char *word, str message)
{
    const struct palette *palette = printer->palette;
    buf_addf(printer->out, "%*s %s=%s %s%s%s: ", width, "", palette->gutter, palette->off,
        palette->bold, word, palette->off);
    excerpt_add_safe(printer->out, message);
    buf_add_byte(printer->out, '\n');
}

static void print_text(const struct printer *printer, const struct diag *diag)
{
    const struct palette *palette = printer->palette;
    enum diag_severity severity = diag_severity(diag->id);
    int width = gutter_width(printer, diag);
    buf_addf(printer->out, "%s%s[%s]%s%s: ", palette->severity[severity],
        diag_severity_name(severity), diag_code(diag->id), palette->off, palette->bold);
    excerpt_add_safe(printer->out, diag->message);
    buf_addf(printer->out, "%s\n", palette->off);
    add_excerpt(printer, diag->at, width, palette->severity[severity]);

    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next)
        if (source_of(printer, note->at) == NULL)
            add_foot(printer, width, "note", note->message);
    if (diag->help.len > 0)
        add_foot(printer, width, "help", diag->help);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        if (source_of(printer, note->at) == NULL)
            continue;
        buf_addf(printer->out, "%snote%s: ", palette->bold, palette->off);
        excerpt_add_safe(printer->out, note->message);
        buf_add_byte(printer->out, '\n');
        add_excerpt(printer, note->at, width, palette->gutter);
    }
    buf_add_byte(printer->out, '\n');
}

/* ---- one line each ---- */

static void print_concise(const struct printer *printer, const struct diag *diag)
{
    const struct source *source = source_of(printer, diag->at);
    if (source != NULL) {
        struct place place = source_place(source, diag->at.start);
        excerpt_add_safe(printer->out, source->file);
        buf_addf(printer->out, ":%u:%u: ", place.line, place.column);
    }
    buf_addf(
        printer->out, "%s[%s]: ", diag_severity_name(diag_severity(diag->id)), diag_code(diag->id));
    excerpt_add_safe(printer->out, diag->message);
    buf_add_byte(printer->out, '\n');
}

/* ---- JSON ---- */

static void add_member(struct buf *out, const char *name, str text)
{
    buf_addf(out, "\"%s\":", name);
    json_text_add(out, text);
}

/* ,"file":..,"line":1,"column":2,"endLine":1,"endColumn":9; nothing without a place. */
static void add_place(const struct printer *printer, span at)
{
    const struct source *source = source_of(printer, at);
    if (source == NULL)
        return;
    struct place start = source_place(source, at.start);
    struct place end = source_place(source, at.end);
    buf_add_byte(printer->out, ',');
    add_member(printer->out, "file", source->file);
    buf_addf(printer->out, ",\"line\":%u,\"column\":%u,\"endLine\":%u,\"endColumn\":%u", start.line,
        start.column, end.line, end.column);
}

static void print_json(const struct printer *printer, const struct diag *diag)
{
    struct buf *out = printer->out;
    buf_add_byte(out, '{');
    add_member(out, "code", str_from(diag_code(diag->id)));
    buf_add_byte(out, ',');
    add_member(out, "severity", str_from(diag_severity_name(diag_severity(diag->id))));
    buf_add_byte(out, ',');
    add_member(out, "message", diag->message);
    add_place(printer, diag->at);

    buf_add(out, STR(",\"notes\":["));
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        buf_addf(out, "%s{", note == diag->notes ? "" : ",");
        add_member(out, "message", note->message);
        add_place(printer, note->at);
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, ']');
    if (diag->help.len > 0) {
        buf_add_byte(out, ',');
        add_member(out, "help", diag->help);
    }
    if (diag->fix != NULL) {
        buf_add(out, STR(",\"fix\":{"));
        add_member(out, "message", diag->fix->message);
        add_place(printer, diag->fix->at);
        buf_add_byte(out, ',');
        add_member(out, "text", diag->fix->text);
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, '}');
}

static void print_json_all(const struct printer *printer, const struct diag_list *list)
{
    buf_add(printer->out, STR("{\"diagnostics\":["));
    for (const struct diag *diag = list->first; diag != NULL; diag = diag->next) {
        if (diag != list->first)
            buf_add_byte(printer->out, ',');
        print_json(printer, diag);
    }
    buf_add(printer->out, STR("]}\n"));
}

void diags_print(const struct diag_list *list, const struct sources *sources,
    enum diag_format format, bool color, struct buf *out)
{
    struct printer printer = { sources, color ? &coloured : &plain, out };
    if (format == DIAG_FORMAT_JSON) {
        print_json_all(&printer, list);
        return;
    }
    for (const struct diag *diag = list->first; diag != NULL; diag = diag->next) {
        if (format == DIAG_FORMAT_TEXT)
            print_text(&printer, diag);
        else
            print_concise(&printer, diag);
    }
    uint32_t lost = list->error_count + list->warning_count;
    uint32_t kept = 0;
    for (const struct diag *diag = list->first; diag != NULL; diag = diag->next)
        kept += diag_severity(diag->id) != DIAG_INFO;
    if (lost > kept)
        buf_addf(out, "... and %u more\n", lost - kept);
}
