/* herald.h - the thread that tells people: each message to each channel that wants it, by POST, signed
 * as Standard Webhooks has it.
 *
 * A message is tried HERALD_TRIES_MAX times within 10 minutes, under one id: who receives it twice
 * can tell. Of each channel one is under way, and up to HERALD_QUEUE_MAX wait in their order; of
 * more the oldest are dropped, counted and logged. Nothing of it is on disk: what still lasts is
 * told again at the next start (alarms.h).
 */
#pragma once

#include "daemon/metrics.h"
#include "host/http.h"
#include "serve/channel.h"

enum {
    HERALD_QUEUE_MAX = 256,
    HERALD_TRIES_MAX = 5,
    HERALD_BODY_BYTES_MAX = 16 * 1024, /* all that alarms.h lets in, each byte escaped */
    HERALD_ID_MAX = 128,               /* of what all ids begin with */
};

struct herald;

struct herald_options {
    const struct channels *channels; /* borrowed */
    struct http *http;               /* its alone from now on */
    struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    const char *id; /* what ids of messages begin with: of this start, no full stop in it; copied */
};

/* Without its thread: for herald_work. ERR_MEMORY, ERR_INVALID (id). */
MUST_CHECK enum err herald_new(const struct herald_options *options, struct herald **ret_herald);
/* Begin to send. ERR_LIMIT (no thread). */
MUST_CHECK enum err herald_start(struct herald *herald);
/* Whether somebody wants to be told that. */
bool herald_is_wanted(const struct herald *herald, enum about about);
/* Put a copy of `body`, JSON, in the queue of each channel that wants it. Any thread; never waits for
 * a receiver. What there is no memory for counts as dropped. */
void herald_tell(struct herald *herald, enum about about, str body);
/* Send what is due, at most one message of each channel; how many ms until it is worth to be called
 * again. By one thread: its own, or a test. */
uint32_t herald_work(struct herald *herald);
/* End within about a second; what waits is lost, and its number logged. NULL is fine. */
void herald_stop(struct herald *herald);
