/* retry.h - sending again: why, how often, and how long to wait before. Pure.
 *
 * What a reply says about it is the provider's: aws/retry.h, rest/limits.h.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

enum {
    RETRY_ATTEMPTS = 3, /* of one request, where nobody says otherwise */
    RETRY_ATTEMPTS_MAX = 10,
    RETRY_DELAY_MS_MAX = 20000,
    /* What a server may ask for on top of the delay it would be. */
    RETRY_AFTER_MS_MAX = 5000,
    RETRY_TOKENS_MAX = 500,
    RETRY_COST = 5,          /* after an answer */
    RETRY_COST_UNHEARD = 10, /* after none */
};

enum retry_cause {
    RETRY_NONE,
    RETRY_THROTTLED, /* certainly not applied: even a change may be sent again */
    RETRY_TRANSIENT, /* may have been applied: only a read may be sent again */
    RETRY_SKEWED,    /* refused for its time or signature: not applied; another clock may help */
    RETRY_EXPIRED,   /* refused for its credentials, which were good once: not applied */
};

/* How long to wait after failed attempt `attempt` (from 0): a random part of 1 s, 2 s, 4 s ...
 * up to RETRY_DELAY_MS_MAX. All 32 bits of `random` are used. */
uint32_t retry_delay_ms(unsigned attempt, uint32_t random);
/* The same when the server asked for `after_ms` (0: it did not): never less than the delay, and
 * at most RETRY_AFTER_MS_MAX more. */
uint32_t retry_delay_asked_ms(uint32_t delay_ms, uint32_t after_ms);

/* What all requests over one way may spend on being sent again: a service that is down is not
 * asked three times as often by everybody. Source: the AWS SDKs' "standard" mode. */
struct retry_bucket {
    uint32_t spent; /* of RETRY_TOKENS_MAX */
};

/* Take `cost`; false, and nothing is taken, when there is not as much. */
bool retry_take(struct retry_bucket *bucket, uint32_t cost);
/* A request succeeded: give back what its last retry cost, or 1 when it needed none (cost 0). */
void retry_give_back(struct retry_bucket *bucket, uint32_t cost);

/* Chance for delays: they need to differ, not to be secret. `chance` is its state. */
uint32_t retry_chance(uint64_t *chance);
