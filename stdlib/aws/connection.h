/* connection.h - a signed way to AWS: address, credentials, SigV4, safe retries.
 *
 * Credentials and region come from the environment (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION,
 * AWS_DEFAULT_REGION) or the shared files (AWS_SHARED_CREDENTIALS_FILE,
 * AWS_CONFIG_FILE, ~/.aws); AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL replace the
 * address, not the region that is signed. AWS_CA_BUNDLE replaces the authorities. All of it
 * is read once, when the connection is opened. Order and names: AWS SDKs and tools
 * reference guide, "Standardized credential providers".
 *
 * A read is sent up to three times: after throttling, 5xx and broken connections, each time
 * later. One that got no answer in time is not: whoever asked decides whether to wait that
 * long again. A change is sent again only after a reply that says it was not applied: throttling,
 * or a refusal for a clock that is wrong. Each attempt is signed anew.
 */
#pragma once

#include "aws/environment.h"
#include "host/clock.h"
#include "host/transport.h"

struct aws_connection;
struct http;

/* Find credentials and region; nothing is sent. `clock` outlives the connection.
 * ERR_CREDENTIALS: *reterr_reason is a sentence in `arena` that names what was looked for and
 * what to set; also for addresses that may not be used. ERR_MEMORY. */
MUST_CHECK enum err aws_connection_open(const struct aws_environment *environment,
    struct clock *clock, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason);
/* The same over `http`, which outlives the connection; `seed` begins the chance in its
 * delays. */
MUST_CHECK enum err aws_connection_open_over(struct http *http, uint64_t seed,
    const struct aws_environment *environment, struct clock *clock, struct arena *arena,
    struct aws_connection **ret_connection, const char **reterr_reason);

/* Serves requests of services ec2, iam and sts; owned by the connection. It does not wait for
 * request->delay_ms: that is the executor's. Its `where` asks sts:GetCallerIdentity, once. */
struct transport *aws_connection_transport(struct aws_connection *connection);
/* Its own region, and where its credentials were found ("the environment"); owned by it. */
str aws_connection_region(const struct aws_connection *connection);
const char *aws_connection_found(const struct aws_connection *connection);

/* End when *stop is not 0, which outlives the connection: a read that is under way or waits to
 * be sent again returns ERR_STOPPED; a change under way is finished, and not sent again. */
void aws_connection_heed(struct aws_connection *connection, const volatile int *stop);

/* Close, wipe and free; NULL is fine. */
void aws_connection_close(struct aws_connection *connection);
