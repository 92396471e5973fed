/* breaker.h - one breaker for each connection: what does not answer is left alone for a while, and
 * holds only so many threads.
 *
 * After BREAKER_FAILURES_MAX requests in a row without an answer nothing is sent for a while, which
 * grows; then one request finds out. At most BREAKER_IN_FLIGHT_MAX are under way at once: others wait
 * for their turn, unless the last answer is missing: then they are refused, so that a silent provider
 * never has all threads. What is refused here was certainly not sent.
 */
#pragma once

#include "daemon/log.h"
#include "daemon/metrics.h"
#include "host/clock.h"
#include "host/transport.h"

enum {
    BREAKERS_MAX = 1024,
    BREAKER_FAILURES_MAX = 5,
    BREAKER_IN_FLIGHT_MAX = 6,
    BREAKER_FIRST_MS = 10 * 1000,
    BREAKER_LAST_MS = 5 * 60 * 1000,
    BREAKER_TURN_MS = 10 * 1000, /* how long one waits for its turn */
};

struct breaker;
struct breakers;

/* `log` and `metrics` may be NULL. ERR_MEMORY. */
MUST_CHECK enum err breakers_new(struct clock *clock, const struct log *log,
    struct metrics *metrics, struct breakers **ret_breakers);
/* NULL is fine. */
void breakers_free(struct breakers *breakers);

/* A transport that goes through a breaker; of one thread, as `inner` is. */
struct breaker_transport {
    struct transport transport;
    struct transport *inner;
    struct breaker *breaker;
};

/* Send what `inner` sends through the breaker of that name ("aws 111122223333"), which all threads
 * share. Past BREAKERS_MAX names there is one for all others. */
void breaker_wrap(struct breakers *breakers, str name, struct transport *inner,
    struct breaker_transport *ret_transport);
