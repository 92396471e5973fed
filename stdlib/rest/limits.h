/* limits.h - what the headers of a reply say of limits. Pure.
 *
 * Retry-After (RFC 9110, 10.2.3) is seconds or a date; X-RateLimit-RetryAfter of CrowdStrike is the
 * second since 1970 from which on it answers again. Neither is a promise, both may be rubbish, which
 * says nothing, and nobody waits for hours because of one.
 */
#pragma once

#include "host/http.h"

enum { REST_WAIT_MS_MAX = 60 * 1000 };

/* The names of the headers that are wanted of every reply (http.h), ended by a NULL. */
extern const char *const rest_wanted[];

/* How long the reply asks to wait, at most REST_WAIT_MS_MAX; 0: it does not. `now_s` is our clock,
 * for a reply without a Date. */
uint32_t rest_limits_wait_ms(const struct http_reply *reply, int64_t now_s);
/* Whether it says that no request is left. */
bool rest_limits_are_spent(const struct http_reply *reply);
/* "X-Cs-Traceid 11-22": what the vendor finds the request by; in `arena`, "" where it says none; NULL:
 * the arena is full. */
const char *rest_trace(const struct http_reply *reply, struct arena *arena);
