/* hooks.h - alerts over HTTP: POST /v1/alerts/SOURCE (the admin's token) and POST /hooks/NAME (each
 * webhook of the config, by what its block demands). 202 once they are on disk.
 */
#pragma once

#include "daemon/server.h"
#include "serve/daemon.h"

/* `api` says who has the admin's token. ERR_CREDENTIALS: a webhook has no secret that could be
 * looked up, so the daemon does not start; ERR_INVALID, ERR_MEMORY. */
MUST_CHECK enum err hooks_new(struct daemon *daemon, struct handler *api, struct arena *arena,
    struct handler **ret_hooks, const char **reterr_reason);
/* Waits for what the intake has of it, so the intake ends after; no request may come any more. NULL is
 * fine. */
void hooks_free(struct handler *hooks);

/* The authorities that webhooks name in `client_ca`, each once, for the server: read in `arena`.
 * ERR_IO with a sentence that names the webhook and the file; ERR_MEMORY. */
MUST_CHECK enum err hooks_client_cas(const struct program *program, struct arena *arena,
    const struct client_ca **ret_cas, size_t *ret_count, const char **reterr_reason);
