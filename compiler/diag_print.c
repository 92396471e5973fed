/* diag_print.c - the forms for people, and the table of all forms. */
#include "diag_print.h"

#include "diag_forms.h"
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
    const struct source *source = diag_source(printer->sources, diag->at);
    if (source != NULL)
        width = digits_of(source_place(source, diag->at.start).line);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        source = diag_source(printer->sources, note->at);
        int digits = source == NULL ? 1 : digits_of(source_place(source, note->at.start).line);
        width = digits > width ? digits : width;
    }
    return width;
}

/* Nothing for a place outside of every file. */
static void add_excerpt(const struct printer *printer, span at, int width, const char *mark_on)
{
    const struct source *source = diag_source(printer->sources, at);
    const struct palette *palette = printer->palette;
    if (source == NULL)
        return;
    struct place place = source_place(source, at.start);
    buf_addf(printer->out, "%*s%s-->%s ", width, "", palette->gutter, palette->off);
    excerpt_add_safe(printer->out, source->file);
    buf_addf(printer->out, ":%u:%u\n", place.line, place.column);
    if (source->is_outside)
        return;
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
    enum diag_severity severity = diag->severity;
    int width = gutter_width(printer, diag);
    buf_addf(printer->out, "%s%s[%s]%s%s: ", palette->severity[severity],
        diag_severity_name(severity), diag_code(diag->id), palette->off, palette->bold);
    excerpt_add_safe(printer->out, diag->message);
    buf_addf(printer->out, "%s\n", palette->off);
    add_excerpt(printer, diag->at, width, palette->severity[severity]);

    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next)
        if (diag_source(printer->sources, note->at) == NULL)
            add_foot(printer, width, "note", note->message);
    if (diag->help.len > 0)
        add_foot(printer, width, "help", diag->help);
    for (const struct diag_note *note = diag->notes; note != NULL; note = note->next) {
        if (diag_source(printer->sources, note->at) == NULL)
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
    const struct source *source = diag_source(printer->sources, diag->at);
    if (source != NULL) {
        struct place place = source_place(source, diag->at.start);
        excerpt_add_safe(printer->out, source->file);
        buf_addf(printer->out, ":%u:%u: ", place.line, place.column);
    }
    buf_addf(printer->out, "%s[%s]: ", diag_severity_name(diag->severity), diag_code(diag->id));
    excerpt_add_safe(printer->out, diag->message);
    buf_add_byte(printer->out, '\n');
}

/* ---- every form ---- */

static enum err print_each(const struct diag_report *report, bool is_text, struct buf *out)
{
    struct printer printer = { report->sources, report->has_color ? &coloured : &plain, out };
    /* Excerpts of what is only mentioned would bury what is wrong, so they come last. */
    for (const struct diag *diag = report->diags->first; diag != NULL; diag = diag->next) {
        if (!is_text)
            print_concise(&printer, diag);
        else if (diag->severity != DIAG_INFO)
            print_text(&printer, diag);
    }
    for (const struct diag *diag = report->diags->first; is_text && diag != NULL; diag = diag->next)
        if (diag->severity == DIAG_INFO)
            print_text(&printer, diag);
    if (diag_omitted(report->diags) > 0)
        buf_addf(out, "... and %u more\n", diag_omitted(report->diags));
    return out->err;
}

enum err diag_report_print(
    const struct diag_report *report, enum diag_format format, struct buf *out)
{
    switch (format) {
    case DIAG_FORMAT_TEXT:
        return print_each(report, true, out);
    case DIAG_FORMAT_CONCISE:
        return print_each(report, false, out);
    case DIAG_FORMAT_JSON:
        return diag_json_print(report, out);
    case DIAG_FORMAT_SARIF:
        return diag_sarif_print(report, out);
    case DIAG_FORMAT_JUNIT:
        return diag_junit_print(report, out);
    case DIAG_FORMAT_GITHUB:
        return diag_github_print(report, out);
    case DIAG_FORMAT_GITLAB:
        return diag_gitlab_print(report, out);
    case DIAG_FORMAT_COUNT:
        break;
    }
    return ERR_INVALID;
}

void diags_print(const struct diag_list *list, const struct sources *sources,
    enum diag_format format, bool color, struct buf *out)
{
    struct diag_report report = {
        .diags = list, .sources = sources, .fail_level = DIAG_ERROR, .has_color = color
    };
    enum err err = diag_report_print(&report, format, out);
    if (err != ERR_OK && out->err == ERR_OK)
        out->err = err;
}
