/* api.h - GET /v1/...: what the journal has, a page at a time; POST /v1/runs/ID/undo. */
#pragma once

#include "daemon/server.h"
#include "serve/daemon.h"

/* ERR_IO: DIR/admin.token can be neither read nor made; ERR_MEMORY. */
MUST_CHECK enum err api_new(struct daemon *daemon, struct arena *arena, struct handler **ret_api,
    const char **reterr_reason);
void api_free(struct handler *api);
/* Whether the request has the admin's token; else it is refused here: 401. */
MUST_CHECK bool api_is_admin(struct handler *api, struct exchange *exchange);
