/* desk.h - a thread's own place: driver, session and connections, over the journal that all share.
 *
 * What a desk gathers (credentials, reasons) goes with it, so it is made anew now and then.
 */
#pragma once

#include "daemon/breaker.h"
#include "driver/session.h"
#include "serve/daemon.h"

enum { DESK_RUNS_MAX = 500, DESK_MS_MAX = 30 * 60 * 1000, DESK_WAYS_MAX = 256 };

struct desk {
    struct driver driver;
    struct session session;
    bool is_open;
    uint32_t runs; /* that were carried out at it */
    int64_t opened_ms;
    struct daemon *daemon;
    struct breaker_transport *ways; /* DESK_WAYS_MAX: transports that were asked for, wrapped */
    size_t way_count;
};

/* Zero it first. Opens it, or a new one where this one has served its time. `format` is REPORT_LOG, or
 * REPORT_TEXT for a story in driver.out. ERR_MEMORY. */
MUST_CHECK enum err desk_open(struct desk *desk, struct daemon *daemon, enum report_format format);
/* Safe on a zeroed desk. */
void desk_close(struct desk *desk);
