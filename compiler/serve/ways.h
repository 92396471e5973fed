/* ways.h - the ways in of the config: started by their kind of block, watched, stopped.
 *
 * A way with `silent_after` that brings nothing for so long raises an alarm: an error in the log, a
 * metric, an entry of the audit log. The time is that in which the daemon ran and could have heard
 * of it, by a clock that nobody can set; it goes on where it was after a restart.
 */
#pragma once

#include "serve/daemon.h"

struct ways;

/* Set daemon->ways, and start every way of the program, in the order of its blocks. Names are
 * copied: the program may go. After an error none runs, and daemon->ways is NULL. ERR_INVALID, ERR_IO,
 * ERR_CREDENTIALS with a sentence in `arena` that names the block; ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err ways_start(struct daemon *daemon, const struct program *program,
    struct arena *arena, const char **reterr_reason);
/* Look whether one has fallen silent, or is heard again; to be called about each second, by one
 * thread. */
void ways_tick(struct ways *ways);
/* Stop them all and free them; daemon->ways is NULL. Whoever calls way_has_brought has ended
 * before. */
void ways_stop(struct daemon *daemon);

/* The way called so ("webhook hook"), or NULL. Webhooks are ways too, whose alerts the HTTP server
 * brings. `ways` may be NULL. */
const struct way *ways_find(struct ways *ways, str name);

/* What is known of a way. */
struct way_view {
    str name; /* as long as the ways */
    int64_t silent_after_ms;
    int64_t last_ms; /* when it last brought an alert or was asked, by the wall clock; 0: never */
    bool is_silent;
};
/* The way in place `at`, from 0; false: there are no more. */
bool ways_view(struct ways *ways, size_t at, struct way_view *ret_view);
