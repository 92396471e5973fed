/* front.h - what the daemon answers over HTTP, by path. */
#pragma once

#include "daemon/server.h"
#include "serve/daemon.h"

/* The handler of every request: /healthz, /metrics, /v1 (api.h) and alerts (hooks.h). ERR_IO with a
 * sentence where admin.token cannot be read or made; ERR_INVALID, ERR_CREDENTIALS of a webhook's
 * settings; ERR_MEMORY. */
MUST_CHECK enum err front_new(struct daemon *daemon, struct arena *arena,
    struct handler **ret_front, const char **reterr_reason);
void front_free(struct handler *front);
