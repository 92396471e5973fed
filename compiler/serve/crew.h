/* crew.h - those who carry out runs: threads, each with connections of its own, a run at a time.
 *
 * A run is with one of them at most. What is open is found in the journal, so nothing is lost with
 * the queue.
 */
#pragma once

#include "act/undo.h"
#include "serve/daemon.h"

/* Go on with a run soon. Any thread. */
void crew_go_on(struct crew *crew, int64_t run);
/* Take a run, or a step of it, back; `order` is copied. `done` is called from a thread of the crew
 * with what `cdr undo` would exit with and print. ERR_LIMIT: too much waits; ERR_STOPPED;
 * ERR_MEMORY. */
MUST_CHECK enum err crew_undo(struct crew *crew, const struct undo_order *order,
    void (*done)(void *self, enum exit_code code, str story), void *self);
/* How many runs wait or are carried out. */
size_t crew_load(struct crew *crew);
