/* connection.h - the way to Microsoft Defender for Endpoint and Microsoft Graph.
 *
 * Two services, "defender" and "graph", with a token each from the tenant's login. Clouds are apart
 * from each other: commercial, US government (GCC, GCC High, DoD) and China, where Defender for
 * Endpoint is not offered. Source: Microsoft, "Microsoft Defender for Endpoint for US Government
 * customers", "Supported Microsoft Defender for Endpoint APIs", "Microsoft Graph national cloud
 * deployments", "Microsoft Entra authentication and national clouds".
 */
#pragma once

#include "rest/connection.h"

struct defender_settings {
    str tenant; /* directory id, or a domain of it */
    str client_id;
    const struct secret *client_secret; /* or */
    const struct secret *certificate;   /* PEM: certificate and key */
    str cloud;    /* "commercial", "gcc", "gcc_high", "dod", "china"; empty: commercial */
    str geo;      /* of commercial: "us", "eu", "uk", "au", "swa"; empty: the nearest */
    str url;      /* in place of all addresses; or empty */
    str evidence; /* an absolute folder; or empty */
    uint32_t timeout_ms;
};

/* As crowdstrike_connection_open. With `url`, tokens are at URL/TENANT/oauth2/v2.0/token, and
 * requests go to URL/api/.. and URL/v1.0/.. */
MUST_CHECK enum err defender_connection_open(const struct defender_settings *settings,
    struct http *http, uint64_t seed, struct clock *clock, struct arena *arena,
    struct rest_connection **ret_connection, const char **reterr_reason);
