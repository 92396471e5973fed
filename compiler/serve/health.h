/* health.h - how the daemon is: GET /healthz. */
#pragma once

#include "base/arena.h"
#include "serve/daemon.h"

#include <jansson.h>

enum health {
    HEALTH_OK,
    HEALTH_DEGRADED, /* alerts are accepted, and something needs a person */
    HEALTH_FAILING,  /* alerts cannot be accepted */
};

/* "ok", ...; static. */
const char *health_name(enum health health);
/* How it is. With `ret_json`, which may be NULL, all that is known: the caller's; NULL there when
 * out of memory. Reads no journal: it answers while that is broken. */
enum health health_of(struct daemon *daemon, json_t **ret_json);
