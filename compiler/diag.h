/* diag.h - where a rule is wrong, kept as data until someone prints it.
 *
 * Compiler code adds diagnostics and goes on; it never prints. diag_print draws
 * them, the tests compare them.
 */
#pragma once

#include "base/attr.h"
#include "source.h"

enum diag_severity { DIAG_INFO, DIAG_WARNING, DIAG_ERROR };

enum diag_id {
#define DIAG(id, code, severity, summary, explanation) DIAG_##id,
#include "diagnostics.def"
#undef DIAG
    DIAG_COUNT
};

struct diag_note {
    struct diag_note *next;
    span at; /* file UINT32_MAX: a note without a place */
    str message;
};

/* Replace the bytes under `at` by `text`: what a person or `cdr fix` may do. */
struct diag_fix {
    span at;
    str text;
    str message;   /* "write `severity`" */
    bool is_guess; /* the likely word of several: `cdr fix` asks for --suggestions */
};

struct diag {
    struct diag *next;
    enum diag_id id;
    enum diag_severity severity; /* its id's, unless somebody weighed it */
    span at;
    str message; /* in the arena of its diag_list */
    struct diag_note *notes;
    str help;                   /* a way out, one sentence; or empty */
    const struct diag_fix *fix; /* or NULL */
};

struct diag_list {
    struct arena *arena; /* borrowed; the messages live here */
    struct diag *first;
    struct diag *last;
    uint32_t count;       /* of all kept, at most DIAGNOSTICS_MAX */
    uint32_t error_count; /* of all, kept or not */
    uint32_t warning_count;
    struct diag scratch; /* what diag_add hands out when it cannot keep one */
};

/* The code that a user sees and may look up, CDR0001 and on; static. */
const char *diag_code(enum diag_id id);
enum diag_severity diag_severity(enum diag_id id);
/* The row's name, UNKNOWN_NAME; static. */
const char *diag_name(enum diag_id id);
/* "error", "warning", "info"; static. */
const char *diag_severity_name(enum diag_severity severity);
/* One line, and a page of Markdown with an example and a way out; static. */
const char *diag_summary(enum diag_id id);
const char *diag_explanation(enum diag_id id);
/* The id of a code such as "CDR0102" (any case), or DIAG_COUNT. */
enum diag_id diag_find(str code);

/* Append one diagnostic and return it so that notes, help and a fix can be added.
 * Cannot fail: past the arena's limit or DIAGNOSTICS_MAX (half of that for an info, so that
 * errors find room) the message is dropped but
 * still counted (the result is then a scratch object that nobody prints), so a caller may trust error_count. */
struct diag *diag_add(struct diag_list *list, enum diag_id id, span at, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* `diag` may be NULL or the scratch object. */
void diag_note(struct diag_list *list, struct diag *diag, span at, const char *format, ...)
    PRINTF_LIKE(4, 5);
void diag_help(struct diag_list *list, struct diag *diag, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A repair that is certain: the only reading of what stands there. */
/* Take it for an error, a warning or an info, whatever its id says. */
void diag_weigh(struct diag_list *list, struct diag *diag, enum diag_severity severity);
void diag_set_fix(struct diag_list *list, struct diag *diag, span at, str text);
/* A repair that is likely, such as the nearest name. */
void diag_set_guess(struct diag_list *list, struct diag *diag, span at, str text);

/* Take one out; `before` is the one in front of it, or NULL. */
void diag_drop(struct diag_list *list, struct diag *before, struct diag *diag);

/* Take out of the findings in files that are outside (source.h) whatever quotes them: the line stays. */
void diag_hide(struct diag_list *list, const struct sources *sources);

/* Sort by file and place, so that output does not depend on the order of passes. */
void diag_sort(struct diag_list *list);
