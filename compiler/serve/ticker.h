/* ticker.h - the thread that does what comes up each second and takes no time: whether the rules have
 * changed, the canary, silent ways, figures, the watchdog of the service manager, retention.
 */
#pragma once

#include "serve/daemon.h"

struct ticker;

/* ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err ticker_start(struct daemon *daemon, struct ticker **ret_ticker);
/* Read the rules again, whether they seem to have changed or not. Any thread. */
void ticker_reload(struct ticker *ticker);
/* NULL is fine. */
void ticker_stop(struct ticker *ticker);
