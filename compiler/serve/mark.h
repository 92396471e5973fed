/* mark.h - DIR/daemon.json: which daemon has the journal there, for commands that meet it. */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

/* Write down that this process serves at `url`; durable it need not be. ERR_IO with a sentence,
 * ERR_MEMORY. */
MUST_CHECK enum err daemon_mark_write(const char *directory, const char *url, int64_t started_ms,
    struct arena *arena, const char **reterr_reason);
/* Take it away; none is fine. */
void daemon_mark_remove(const char *directory);

struct daemon_mark {
    const char *url; /* "http://127.0.0.1:8080", without a slash at its end */
    int64_t pid;
    int64_t started_ms;
};

/* The daemon at work there. ERR_NOT_FOUND: none is, as far as one can see: no mark, one that cannot be
 * read, or of a process that is gone. ERR_MEMORY. Strings in `arena`. */
MUST_CHECK enum err daemon_mark_read(
    const char *directory, struct arena *arena, struct daemon_mark *ret_mark);
