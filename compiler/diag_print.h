/* diag_print.h - the only place that renders diagnostics. */
#pragma once

#include "base/buf.h"
#include "diag.h"

/* In the order of `cdr check --format`. */
enum diag_format {
    DIAG_FORMAT_TEXT,    /* source line, caret range, notes, help */
    DIAG_FORMAT_CONCISE, /* "file:line:col: error[CDR0102]: message", a line each */
    DIAG_FORMAT_JSON,    /* the object of language.md section 9 */
    DIAG_FORMAT_SARIF,   /* 2.1.0, one run */
    DIAG_FORMAT_JUNIT,   /* a suite a file, a case a finding */
    DIAG_FORMAT_GITHUB,  /* workflow commands */
    DIAG_FORMAT_GITLAB,  /* code quality */
    DIAG_FORMAT_COUNT
};

/* A file that could not be read, so that nothing is known of it. */
struct diag_unread {
    str file;
    const char *reason; /* a sentence without its full stop */
};

/* What there is to tell of one compilation. All is borrowed. */
struct diag_report {
    const struct diag_list *diags; /* sorted */
    const struct sources *sources;
    const struct diag_unread *unread;
    size_t unread_count;
    enum diag_severity fail_level; /* the least finding that is a failure */
    const char *version;           /* of cdr; NULL: not said */
    bool has_color;                /* for the text form */
};

/* Append the report. Every form is whole and valid whatever is in the files, their names
 * and the messages: for a terminal control characters and bidi marks are spelled out, the
 * others escape by their own rules. The text and concise forms leave out `unread`, which
 * belongs on standard error. ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err diag_report_print(
    const struct diag_report *report, enum diag_format format, struct buf *out);

/* The diagnostics alone; a failure is in out->err. */
void diags_print(const struct diag_list *list, const struct sources *sources,
    enum diag_format format, bool color, struct buf *out);
