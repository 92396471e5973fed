/* posted.h - a body of alerts on its way to the journal, and the answer to whoever sent it. */
#pragma once

#include "daemon/server.h"
#include "serve/daemon.h"

#include <stdatomic.h>

enum { POSTED_ALERTS_MAX = 100000 /* of one request */ };

/* What came, and how it is kept. */
struct posted {
    const struct way *way; /* outlives what is open */
    str forced_source;     /* as whose alerts they are read, or empty */
    str text;              /* alerts in any form that driver/alerts.h reads */
    size_t gzip_max;       /* not 0: the text is compressed, and may hold so many bytes */
    str message;           /* what the sender calls it, or empty; then also the next one */
    atomic_uint *open;     /* counts what waits to be on disk; so does this */
    str signed_text;       /* what tells two messages of that name apart */
    struct arena *held;    /* what text and message are in, where they are not the exchange's: taken
                            * over with all that is in it; or NULL */
};

/* Read the alerts, hand them to the intake, and answer the exchange: now, or once they are on disk.
 * What is no JSON is kept as an alert too, for a person to see. */
void posted_take(struct daemon *daemon, struct exchange *exchange, const struct posted *posted);

/* Answer with a problem (RFC 9457) and what belongs to its status: 401 says how one is known, 405
 * what is allowed, 503 when to come again. `detail` may be NULL. */
void posted_refuse(struct exchange *exchange, int status, const char *title, const char *detail);
