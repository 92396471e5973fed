/* alerts.h - the alerts of a file or a text, one by one, each with its place. */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "match/findings.h"
#include "match/project.h"

/* How the text of a file is made of alerts. */
enum alert_form {
    ALERT_JSON,   /* documents one after the other, or one array of them */
    ALERT_CEF,    /* lines: match/line.h */
    ALERT_SYSLOG, /* the same */
};

/* Zero it, open, read, close. */
struct alert_reader {
    const char *name; /* "-" is standard input; NULL of a text */
    /* private */
    enum alert_form form;
    const char *failure; /* why it is no text of alerts; or NULL */
    struct buf file;
    str text;
    struct buf made; /* the JSON of a line that is none, or of one finding of several */
    str rest;
    enum json_place place;
    str records;                   /* the rest of the array of a file of records; or empty */
    enum json_place records_place; /* in it */
    struct findings findings;      /* those of an event that are not read yet */
    size_t counted_to;             /* lines before this offset are in `line` */
    uint32_t line;                 /* from 1 */
};

/* One document: an alert, or what is none. */
struct alert_text {
    str json;           /* valid until the next one is asked for; of a refused line the line */
    uint32_t line;      /* where it begins, from 1 */
    const char *reason; /* why it is no alert; NULL when it is one */
};

/* Read the file whole. Lines of text are read where `source` is "cef" or "syslog" and the file
 * does not begin as JSON does; elsewhere `source` (may be empty) means nothing.
 * ERR_IO, ERR_LIMIT, ERR_MEMORY; ERR_INVALID: not UTF-8 text. alerts_failure has words. */
MUST_CHECK enum err alerts_open(struct alert_reader *reader, const char *name, str source);
/* The same of a text, which is borrowed until alerts_close. ERR_INVALID. */
MUST_CHECK enum err alerts_open_text(struct alert_reader *reader, str text, str source);
/* Why it was not opened, right after it was not. */
const char *alerts_failure(const struct alert_reader *reader, enum err err);
/* The next one; false at the end. The elements of {"Records": [..]} and {"Findings": [..]}, with
 * no other member, are alerts each: CloudTrail's files, and answers of AWS's commands; so are
 * the findings of an event that holds several (match/findings.h). */
bool alerts_next(struct alert_reader *reader, struct alert_text *ret_alert);
void alerts_close(struct alert_reader *reader);

/* ---- a file in parts, for who reads most of it in another way ---- */

/* Whether files of this forced source may be lines that are no JSON. */
bool alerts_may_be_lines(str source);
/* Read on at byte `at` of `text`, which is a part of a file from a line break on; that byte is in
 * line `line`. In an array the reader stays. */
void alerts_go_on(struct alert_reader *reader, str text, size_t at, uint32_t line);
/* Whether what alerts_next has next may look otherwise once more text follows. */
bool alerts_is_cut(const struct alert_reader *reader);
/* Whether the reader is between documents (of no array, or of one that broke, where a line that is an
 * object is a document too) and at the beginning of a line, or at the end of the text; it goes on
 * to there. */
bool alerts_is_at_line(struct alert_reader *reader);
/* Bytes of the text that were read; and the line there. */
size_t alerts_at(const struct alert_reader *reader);
uint32_t alerts_line(struct alert_reader *reader);
