/* retention.h - how long alerts are kept, and how long all of them: as the daemon block says.
 *
 * Called now and then, a slice at a time, so that nobody waits long for the journal. The audit log
 * is never touched.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "bytecode.h"

struct store;

enum {
    RETENTION_SLICE = 500,  /* rows of one kind in one call */
    MESSAGES_KEPT_DAYS = 3, /* senders may repeat a message for five minutes, and some for a day */
};

struct retention {
    int64_t keep_ms;
    int64_t redact_ms;
    const str *paths; /* to be blanked, json_blank.h */
    size_t path_count;
};

/* Read keep_alerts, redact and redact_after of the `daemon` block, or what holds without them. The
 * paths are the program's, their list is in `arena`. ERR_MEMORY. */
MUST_CHECK enum err retention_read(
    const struct program *program, struct arena *arena, struct retention *ret_retention);

/* What one call did. */
struct retention_done {
    uint64_t redacted;
    uint64_t forgotten; /* alerts */
    uint64_t messages;
    bool is_more; /* call again soon */
};

/* One slice. `now_ms` is of the clock of timers (act/timers.h), which a clock that is set does not
 * move: it would forget everything at once. Errors as of alerts_forget. */
MUST_CHECK enum err retention_slice(struct store *store, const struct retention *retention,
    int64_t now_ms, struct retention_done *ret_done);
