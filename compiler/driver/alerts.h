/* alerts.h - the alerts of a file, one by one, each with its place. */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "match/project.h"

/* Zero it, open, read, close. */
struct alert_reader {
    const char *name; /* "-" is standard input */
    struct buf text;
    str rest;
    enum json_place place;
    size_t counted_to; /* lines before this offset are in `line` */
    uint32_t line;     /* from 1 */
};

/* One document of the file: an alert, or what is none. */
struct alert_text {
    str json;
    uint32_t line;      /* where it begins, from 1 */
    const char *reason; /* why it is no alert; NULL when it is one */
};

/* Read the file whole. ERR_IO (errno says why), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err alerts_open(struct alert_reader *reader, const char *name);
/* The next one; false at the end. */
bool alerts_next(struct alert_reader *reader, struct alert_text *ret_alert);
void alerts_close(struct alert_reader *reader);
