/* ask.h - one question to a service that answers in JSON, outside of any step. */
#pragma once

#include "host/transport.h"

#include <jansson.h>

/* Send `request`, which may be sent again without harm, and read the answer: *ret_root is the
 * caller's to release, an object. ERR_TRANSPORT: nothing that could be used came, AWS declined too;
 * ERR_REFUSED, ERR_CREDENTIALS: it was not reached; with a sentence in `arena`. ERR_STOPPED,
 * ERR_MEMORY. */
MUST_CHECK enum err aws_ask(struct transport *transport, const struct request *request,
    struct arena *arena, json_t **ret_root, const char **reterr_reason);
