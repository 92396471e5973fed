/* pause.h - the switch that stops every change: a file in the data directory.
 *
 * A file, because it works while another process holds the journal, while the journal is broken, and by
 * `touch` and `rm` where no cdr is at hand. What it says (JSON: who, when, why) is for people.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdint.h>

struct pause {
    bool is_paused;
    str who; /* empty where the file does not say */
    str reason;
    int64_t since_ms; /* 0 where it does not say */
};

/* What of the file is read: a longer one says nothing. */
enum { PAUSE_BYTES_MAX = 64 * 1024 };

/* DIR/paused, in `arena`; NULL when that is full. */
const char *pause_path(const char *directory, struct arena *arena);
/* Whether there is such a file, without reading it. Anything but its certain absence is yes: what
 * cannot be told is paused. No allocation. */
bool pause_is_on(const char *path);
/* ERR_MEMORY; a file that cannot be read is a pause that says nothing. */
MUST_CHECK enum err pause_read(const char *path, struct arena *arena, struct pause *ret_pause);
/* In force as soon as the file is there, durable when it returns. ERR_INVALID: paused already, by
 * whom the file says; ERR_IO, with errno: ask pause_is_on, it may be in force all the same (a
 * full disk keeps the words, not the file); ERR_MEMORY. */
MUST_CHECK enum err pause_set(const char *path, const struct pause *pause);
/* Durable when it returns. ERR_NOT_FOUND: not paused; ERR_IO, with errno. */
MUST_CHECK enum err pause_lift(const char *path);
