/* link.h - what connection.c and its parts share; not for others. */
#pragma once

#include "base/attr.h"
#include "rest/connection.h"
#include "talk/retry.h"

struct rest_service {
    struct rest_service_plan plan;
    struct secret bearer;  /* empty: none yet */
    int64_t expires_ms;    /* by clock_elapsed_ms */
    int64_t asked_ms;      /* the same: when a token was asked for last */
    char *refusal;         /* why there was none then; owned; NULL: there was */
    int64_t not_before_ms; /* the same clock: the vendor said that no request is left */
};

struct rest_connection {
    struct transport transport; /* first: the interface is the object */
    struct arena arena;         /* of the plan's texts */
    struct http *http;
    struct clock *clock;
    uint64_t chance;
    struct retry_bucket retries;
    const volatile int *stop;
    struct rest_signer *signer;
    int64_t skew_s; /* the vendor's clock less ours, once an assertion was refused for it */
    bool has_clock;
    int64_t
        ahead_s; /* the vendor's clock less ours, as it was told with the last answer for a token */
    struct rest_plan plan;
    struct rest_service services[REST_SERVICES_MAX];
};

/* See to it that the service has a token which is good as far as the clock says. `must`: another one
 * than it has. ERR_CREDENTIALS, ERR_REFUSED with a sentence; ERR_STOPPED, ERR_MEMORY. */
MUST_CHECK enum err rest_token_ready(struct rest_connection *connection,
    struct rest_service *service, bool must, const volatile int *stop, struct arena *arena,
    const char **reterr_reason);

/* Wait before attempt `number` + 1 where the bucket pays for it: as long as `reply` asks (NULL: none
 * came). False: no other attempt, for want of them or (*ret_is_stopped) for a stop. */
bool rest_again(struct rest_connection *connection, unsigned number, const struct http_reply *reply,
    const volatile int *stop, bool *ret_is_stopped);

/* A web page of a proxy or a portal, and nothing that the vendor says. */
bool rest_is_web_page(str body);
