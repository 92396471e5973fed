/* connection.h - the way to CrowdStrike Falcon: its clouds, and what a client is there.
 *
 * A token is asked for without scope at /oauth2/token, and lives half an hour. The token endpoint
 * may send a client to the cloud where its tenant is; nothing else moves it, and only to one of
 * ours. Source: CrowdStrike, OAuth2-Based APIs; the base URLs of its SDKs.
 */
#pragma once

#include "rest/connection.h"

struct crowdstrike_settings {
    str cloud; /* "us1", "us2", "eu1", "gov1", "gov2"; or */
    str url;   /* in its place */
    str client_id;
    const struct secret *client_secret;
    str member_cid; /* a child tenant; or empty */
    str evidence;   /* an absolute folder; or empty */
    uint32_t timeout_ms;
};

/* Nothing is sent. ERR_CREDENTIALS: the settings are none; *reterr_reason is a sentence in `arena` or
 * static. ERR_MEMORY. The rest as rest_connection_new has it. */
MUST_CHECK enum err crowdstrike_connection_open(const struct crowdstrike_settings *settings,
    struct http *http, uint64_t seed, struct clock *clock, struct arena *arena,
    struct rest_connection **ret_connection, const char **reterr_reason);
