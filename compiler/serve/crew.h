/* crew.h - those who carry out runs: threads, each with connections of its own, a run at a time.
 *
 * A run is with one of them at most. What is open is found in the journal, so nothing is lost with
 * the queue: who does not fit into it is found again by the keeper.
 */
#pragma once

#include "act/undo.h"
#include "serve/daemon.h"

enum { CREW_THREADS = 8, CREW_QUEUE = 8192, CREW_TIMERS = 1024, CREW_UNDOS_MAX = 256 };

/* ERR_MEMORY, ERR_LIMIT (no threads). */
MUST_CHECK enum err crew_start(struct daemon *daemon, struct crew **ret_crew);
/* What is carried out ends where nothing is half done; what waits is answered, and what comes later is
 * refused. NULL is fine, as below. */
void crew_stop(struct crew *crew);
/* When nobody can ask for anything any more. */
void crew_free(struct crew *crew);

/* Go on with a run soon. Any thread. */
void crew_go_on(struct crew *crew, int64_t run);
/* Take a run, or a step of it, back; `order` is copied. `done` is called from a thread of the crew
 * with what `cdr undo` would exit with and print. ERR_LIMIT: too much waits; ERR_STOPPED;
 * ERR_MEMORY. */
MUST_CHECK enum err crew_undo(struct crew *crew, const struct undo_order *order,
    void (*done)(void *self, enum exit_code code, str story), void *self);

/* Fire the timer of an undo soon; it stays due until that is done. Any thread. */
void crew_fire(struct crew *crew, int64_t timer);

/* How many runs wait or are carried out. */
size_t crew_load(struct crew *crew);
