/* delivery.h - one request on its way: signed, sent, and sent again where that is safe.
 *
 * Connections of one login are a family: they share the way to AWS, AWS's time, and one bucket
 * of retries, so that a hundred member accounts together do not ask again more than one would.
 */
#pragma once

#include "aws/endpoint.h"
#include "aws/keys.h"
#include "aws/retry.h"
#include "host/clock.h"
#include "host/http.h"
#include "host/transport.h"

struct aws_family {
    struct http *http;
    struct clock *clock;
    struct aws_endpoints endpoints;
    str region;               /* of requests that name none */
    const volatile int *stop; /* may be NULL */
    int64_t skew_s;           /* AWS's clock less ours */
    int64_t shown_s;          /* the same, as the Date of the last answer says */
    bool has_shown;           /* an answer had one */
    uint64_t chance;          /* state of the delays */
    unsigned attempts_max;    /* of one request */
    struct retry_bucket retries;
};

/* Now, in seconds since 1970, by AWS's clock as far as it is known. */
int64_t aws_family_now_s(const struct aws_family *family);

struct delivery {
    struct aws_family *family;
    const struct request *request;
    const struct aws_keys *keys;       /* NULL: the request is not signed */
    const struct aws_keys *owner_keys; /* of whom evidence belongs to (late_put.h); NULL: `keys` */
    bool is_change;
    bool is_secret;           /* the answer is: credentials */
    const volatile int *stop; /* gives up a read and the wait before another; may be NULL */
};

/* Deliver; returns as a transport's send does. *ret_is_expired: the reply says that the keys
 * are not valid any more, so that with others the request may be sent again, a change too. */
MUST_CHECK enum err aws_deliver(const struct delivery *delivery, struct arena *arena,
    struct reply *ret_reply, bool *ret_is_expired, const char **reterr_reason);
