/* alerts.h - alerts of CrowdStrike Falcon, fetched: a provider for daemon/poll.h.
 *
 * A chain has two parts. New alerts are asked for by created_timestamp, which never changes and by
 * which Falcon sorts; older ones that were changed since, by updated_timestamp, still sorted by
 * when they were created, because pages over an order that moves lose records.
 *
 * Falcon moves updated_timestamp, and some members beside it, without anything else being different
 * (FALCON_MOVING). They are left out of a record's text, so that the same alert is the same text
 * and comes in once; its revision is the SHA-256 of that.
 *
 * https://www.falconpy.io/Service-Collections/Alerts.html#postcombinedalertsv1
 */
#pragma once

#include "daemon/poll.h"
#include "host/transport.h"

/* What is left out: members of the alert, and of its `device`. */
#define FALCON_MOVING                                                                              \
    "updated_timestamp crawled_timestamp email_sent seconds_to_triaged seconds_to_resolved"
#define FALCON_MOVING_DEVICE "agent_local_time last_seen modified_timestamp"

struct falcon_alerts {
    struct poll_provider provider; /* first: the interface is the object */
    struct transport *transport;
    int64_t now_ms; /* by Falcon's clock, as near as it is known; set before each look */
};

/* `transport` outlives it; nothing is to be released. A record's text is the alert with sorted keys. */
struct falcon_alerts falcon_alerts_of(struct transport *transport);
