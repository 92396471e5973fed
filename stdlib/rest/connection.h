/* connection.h - the way of REST requests (rest.h) to a vendor that gives tokens for them.
 *
 * A token is renewed before a request as soon as fewer seconds are left than the plan says, one for
 * each audience, and once more where the vendor refuses one that should be good. A read is sent
 * again after an answer that is none of it; a change only after a 429 or a 401, which say that it
 * was not applied. Redirects are not followed, but from the token endpoint to another home of the
 * plan. No secret and no token is in a reason.
 */
#pragma once

#include "host/clock.h"
#include "host/http.h"
#include "host/transport.h"
#include "rest/late.h"
#include "rest/oauth.h"
#include "talk/talk.h"

enum { REST_SERVICES_MAX = 3 };

struct rest_connection;

/* One audience. Texts are copied. */
struct rest_service_plan {
    const char *name; /* as in request->service; static */
    str base;         /* what a request's path is put after: "https://api.crowdstrike.com" */
    str token_url;
    str scope;          /* or empty */
    const char *absent; /* why it cannot be asked, a static sentence; NULL: it can */
    /* The answer to a read that is kept (request->keep_as) is {"value": an address}, which is fetched
     * without the token from where that service of rest/download.h keeps files, or from where the base
     * is. NULL: it is the file itself. Static. */
    const char *links_of;
    bool
        is_download; /* it takes requests of rest/download.h: without a token, `base` may be empty */
};

/* Where the vendor may have moved the client: a region as its headers spell it. */
struct rest_home {
    const char *region;
    const char *base;
};

struct rest_plan {
    const char *vendor;            /* "CrowdStrike"; static */
    const struct speaker *speaker; /* how its answers read; NULL: their status says what was done */
    str identity;                  /* "crowdstrike:CLIENT_ID", "microsoft:TENANT/CLIENT_ID" */
    struct oauth_client client;    /* secrets are taken over */
    struct rest_service_plan services[REST_SERVICES_MAX];
    uint32_t services_count;
    const struct rest_home *homes; /* static; all services move there; NULL: nobody moves */
    uint32_t homes_count;
    uint32_t renew_s;    /* of a token's life that are left when it is renewed */
    str evidence;        /* the folder for what is kept; empty: none */
    uint32_t timeout_ms; /* of a request that does not say; 0: as http does */
};

/* `http` and `clock` outlive the connection; `seed` begins the chance in its delays. Nothing is sent.
 * The plan's secrets are gone from it, whatever is returned. ERR_MEMORY. */
MUST_CHECK enum err rest_connection_new(struct rest_plan *plan, struct http *http, uint64_t seed,
    struct clock *clock, struct rest_connection **ret_connection);

/* Sends requests of the plan's services; owned by the connection. Its `where` sends nothing: a
 * client's identity is its id, and there are no regions. */
struct transport *rest_connection_transport(struct rest_connection *connection);
/* Get a token of each service that can be asked, so that a wrong secret shows. As a transport's send. */
MUST_CHECK enum err rest_connection_try(
    struct rest_connection *connection, struct arena *arena, const char **reterr_reason);
/* Where requests of the service go by now: a client may have been moved. Empty: nowhere. */
str rest_connection_base(const struct rest_connection *connection, const char *service);
/* Seconds that the vendor's clock was ahead of ours when it was last asked for a token. False: it did
 * not say. */
bool rest_connection_clock(const struct rest_connection *connection, int64_t *ret_ahead_s);
/* As aws_connection_heed. */
void rest_connection_heed(struct rest_connection *connection, const volatile int *stop);
/* Who signs addresses to upload to; outlives the connection; NULL: nobody. */
void rest_connection_sign_with(struct rest_connection *connection, struct rest_signer *signer);
/* Wipe and free; NULL is fine. */
void rest_connection_close(struct rest_connection *connection);
