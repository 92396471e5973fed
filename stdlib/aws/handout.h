/* handout.h - credentials that a machine hands out: the agent of a container, and the metadata
 * service of an EC2 instance, version 2 alone (a token, then the question).
 *
 * Never over a proxy. Sources: Amazon EC2 User Guide, "Use IMDSv2"; AWS SDKs and Tools Reference
 * Guide, "Container credential provider".
 */
#pragma once

#include "aws/credentials.h"
#include "host/clock.h"
#include "host/http.h"

/* Whom to ask, and how. */
struct aws_handout {
    struct http *http;
    struct clock *clock;
    const volatile int *stop; /* may be NULL */
};

/* Ask the container's agent of `from`, up to three times. ERR_CREDENTIALS: it hands out none, or
 * its token cannot be read; ERR_REFUSED: it cannot be reached. On both *reterr_reason is a
 * sentence in `arena`. ERR_STOPPED, ERR_MEMORY. */
MUST_CHECK enum err aws_container_fetch(const struct aws_handout *handout,
    const struct aws_credentials *from, struct arena *arena, struct aws_keys *keys,
    const char **reterr_reason);

/* Ask the metadata service at `url`, once, for a second at most each time. Errors as above. */
MUST_CHECK enum err aws_instance_fetch(const struct aws_handout *handout, const char *url,
    struct arena *arena, struct aws_keys *keys, const char **reterr_reason);

/* The region that the instance is in. Errors as above. */
MUST_CHECK enum err aws_instance_region(const struct aws_handout *handout, const char *url,
    struct arena *arena, str *ret_region, const char **reterr_reason);
