/* findings.h - an event that carries several findings, as events of one finding each.
 *
 * EventBridge wraps findings of Security Hub: {"source": .., "detail": {"findings": [A, B]}}.
 * Read as one alert, a rule would see the severity of A beside the instance of B. So each is
 * an alert of its own: the event's text with this one finding in the array. That text, and with
 * it the digest, is the same whenever the event is read.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "match/project.h"

/* Findings of one event that are read; Security Hub sends far fewer. Each repeats the text
 * around the array, so that an event may not grow to any size. */
enum { FINDINGS_MAX = 100 };

/* Why an event with more is no alert. */
#define FINDINGS_TOO_MANY "it holds more than 100 findings"

/* One event on its way; slices of its text. Zeroed, it holds none. */
struct findings {
    str before; /* up to the array's bracket, that included */
    str rest;   /* the array from its bracket on, then what is left of it */
    enum json_place place;
    str after; /* from the array's closing bracket on */
    uint32_t count;
};

/* Whether the JSON object holds several findings: whether `detail.findings`, each key the
 * first of its name in whatever case, is an array of two or more. Text that is no JSON holds
 * none. One pass over the text. */
bool findings_open(str json, struct findings *ret_findings);

/* Append the event of the next finding; false when all were read, and for zeroed ones.
 * *ret_finding is the finding in the event's text. A failure to append is in out->err. */
bool findings_next(struct findings *findings, struct buf *out, str *ret_finding);
