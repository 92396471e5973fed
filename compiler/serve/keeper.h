/* keeper.h - the thread that keeps time for runs: timers that are due, runs that can be gone on with,
 * holds that were answered, and those that have no plan yet.
 */
#pragma once

#include "serve/daemon.h"

/* ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err keeper_start(struct daemon *daemon, struct keeper **ret_keeper);
/* NULL is fine. */
void keeper_stop(struct keeper *keeper);
