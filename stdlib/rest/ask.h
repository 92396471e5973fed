/* ask.h - one question to a REST API, outside of any step. */
#pragma once

#include "host/transport.h"
#include "rest/voice.h"

#include <jansson.h>

/* Send `request`, which may be sent again without harm, and read the answer as `speaker` does:
 * *ret_root is the caller's to release, an object. ERR_TRANSPORT: nothing that could be used came,
 * the provider declined too; ERR_REFUSED, ERR_CREDENTIALS: it was not reached; with a sentence in
 * `arena`. ERR_STOPPED, ERR_MEMORY. */
MUST_CHECK enum err rest_ask(struct transport *transport, const struct speaker *speaker,
    const struct request *request, struct arena *arena, json_t **ret_root,
    const char **reterr_reason);
