/* retry.h - what a reply says about sending again. Pure.
 *
 * Codes: the AWS SDKs' "standard" retry mode. IAM's LimitExceeded, without "Exception", is a
 * quota and no throttling.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

enum { RETRY_ATTEMPTS_MAX = 3, RETRY_DELAY_MS_MAX = 20000 };

enum retry_cause {
    RETRY_NONE,
    RETRY_THROTTLED, /* certainly not applied: even a change may be sent again */
    RETRY_TRANSIENT, /* may have been applied: only a read may be sent again */
    RETRY_SKEWED,    /* refused for its time or signature: not applied; another clock may help */
};

/* Of a reply with this status and error code (empty when it has none). */
enum retry_cause retry_cause_of(int status, str code);

/* How long to wait after failed attempt `attempt` (from 0): a random part of 1 s, 2 s, 4 s ...
 * up to RETRY_DELAY_MS_MAX. All 32 bits of `random` are used. */
uint32_t retry_delay_ms(unsigned attempt, uint32_t random);
