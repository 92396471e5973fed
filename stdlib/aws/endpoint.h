/* endpoint.h - where a service listens in a region, and which region is signed.
 *
 * A rule and its exceptions for services, partitions, FIPS (AWS_USE_FIPS_ENDPOINT) and dual stack
 * (AWS_USE_DUALSTACK_ENDPOINT). AWS_ENDPOINT_URL_<SERVICE>, then AWS_ENDPOINT_URL, then the
 * profile's `services` section, then its `endpoint_url` replace the address, unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. What is signed stays the same. Plain http
 * is for loopback addresses alone: anywhere else a signed request could be read and sent
 * again. Source: AWS General Reference, "Service endpoints and quotas".
 */
#pragma once

#include "aws/environment.h"
#include "aws/service.h"
#include "base/arena.h"
#include "base/err.h"

struct aws_endpoints {
    const char *urls[AWS_SERVICE_COUNT]; /* in place of the rule's; NULL where none is */
    bool is_fips;                        /* hosts with validated cryptography alone */
    bool is_dual_stack;                  /* hosts that have IPv6 too */
};

struct aws_profiles;

/* Read and check the replacements; `url`, of the caller, is before all of them. `profile` names
 * the one of `profiles` that counts. ERR_CREDENTIALS: one is not an address that may be used, or
 * FIPS or dual stack is asked for beside one; *reterr_reason is a sentence in `arena`.
 * ERR_MEMORY. */
MUST_CHECK enum err aws_endpoints_read(const struct aws_environment *environment, str url,
    const struct aws_profiles *profiles, str profile, struct arena *arena,
    struct aws_endpoints *ret_endpoints, const char **reterr_reason);

struct aws_endpoint {
    const char *url;  /* "https://iam.amazonaws.com/" */
    str host;         /* as in the Host header, with a port that is not the scheme's own */
    str path;         /* of the url, at least "/" */
    str region;       /* to be signed: "us-east-1" */
    bool is_replaced; /* by somebody's setting */
};

/* The endpoint of `service` for `region`. ERR_INVALID: no partition has such a region, or not the
 * kind of address that is asked for;
 * *reterr_reason is a sentence in `arena`. ERR_MEMORY. */
MUST_CHECK enum err aws_endpoint_make(const struct aws_endpoints *endpoints,
    enum aws_service service, str region, struct arena *arena, struct aws_endpoint *ret_endpoint,
    const char **reterr_reason);
