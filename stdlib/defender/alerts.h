/* alerts.h - alerts of Microsoft Defender, fetched: two providers for daemon/poll.h.
 *
 * Microsoft Graph (security/alerts_v2: all of Defender XDR) and the older API of Defender for
 * Endpoint (api/alerts). Neither sorts, and both list by pages that shift while alerts change: so the
 * window is frozen from both sides, and its pages follow one another by token alone. Alerts surface
 * late and are changed long afterwards: the overlap is an hour.
 *
 * The token of Graph is the query of @odata.nextLink, as it was told. Host and path of that address
 * are never used: each page is asked of the connection's own, wherever the link points.
 *
 * https://learn.microsoft.com/en-us/graph/api/security-list-alerts_v2
 * https://learn.microsoft.com/en-us/defender-endpoint/api/get-alerts
 */
#pragma once

#include "daemon/poll.h"
#include "host/transport.h"

enum { DEFENDER_ALERTS_OVERLAP_MS = 60 * 60 * 1000 };

enum defender_api { DEFENDER_API_GRAPH, DEFENDER_API_ENDPOINT };

struct defender_alerts {
    struct poll_provider provider; /* first: the interface is the object */
    struct transport *transport;
    enum defender_api api;
    int64_t now_ms; /* by Microsoft's clock, as near as it is known; set before each look */
};

/* `transport` outlives it; nothing is to be released. A record's text is the alert with sorted keys;
 * its revision is the SHA-256 of it without the time of its last update, which moves by itself. */
struct defender_alerts defender_alerts_of(struct transport *transport, enum defender_api api);
