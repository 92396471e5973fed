/* line_batch.h - the lines that one read brought, as alerts on their way to the intake. */
#pragma once

#include "daemon/framing.h"
#include "serve/daemon.h"
#include "serve/way_thread.h"

enum line_form {
    LINE_PLAIN, /* a line is an alert as it is: JSON */
    LINE_CEF,
    LINE_SYSLOG,
};

/* That of the lines of a source; LINE_PLAIN for all but "cef" and "syslog". */
enum line_form line_form_of(str source);

/* Start with line_batch_init; release in any case. */
struct line_batch {
    struct arena arena;          /* the texts */
    struct alert_record *alerts; /* owned */
    size_t count;
    size_t bytes;
    struct buf made; /* of the line at hand */
};

void line_batch_init(struct line_batch *batch);
void line_batch_release(struct line_batch *batch);
void line_batch_clear(struct line_batch *batch);
/* Whether it is to be put before more is added. */
bool line_batch_is_full(const struct line_batch *batch);
/* Add a message, as the JSON that it says (match/line.h); as it came where it has not that form,
 * and in words where it is over the ceiling: the evaluator sets these aside. ERR_LIMIT: it
 * is full; ERR_MEMORY. */
MUST_CHECK enum err line_batch_add(
    struct line_batch *batch, const struct frame *frame, str forced_source, int64_t now_ms);

/* Hand it to the intake, and wait until it is on disk, however often that must be tried; then it is
 * counted, and empty. Without alerts and with a `cursor`, the cursor alone is written. ERR_STOPPED:
 * the way is to end, and nothing of it was taken. */
MUST_CHECK enum err line_batch_put(struct line_batch *batch, struct daemon *daemon,
    const struct way *way, str cursor, const struct way_thread *thread);
