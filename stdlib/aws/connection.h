/* connection.h - a signed way to AWS: address, credentials, SigV4, safe retries.
 *
 * Credentials and region come from the environment (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION,
 * AWS_DEFAULT_REGION) or the shared files (AWS_SHARED_CREDENTIALS_FILE,
 * AWS_CONFIG_FILE, ~/.aws); AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL replace the
 * address, not the region that is signed. Order and names: AWS SDKs and tools
 * reference guide, "Standardized credential providers".
 */
#pragma once

#include "host/clock.h"
#include "host/transport.h"

struct aws_connection;

/* Where settings come from: getenv in the product, a table in tests. */
struct aws_environment {
    const char *(*get)(const struct aws_environment *environment, const char *name);
};

/* The process's own environment; constant. */
const struct aws_environment *aws_environment_process(void);

/* Find credentials and region; nothing is sent. ERR_CREDENTIALS: *reterr_reason is a
 * sentence in `arena` that names what was looked for and what to set. ERR_MEMORY. */
MUST_CHECK enum err aws_connection_open(const struct aws_environment *environment,
    struct clock *clock, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason);
/* Serves requests of services ec2, iam and sts; owned by the connection. */
struct transport *aws_connection_transport(struct aws_connection *connection);
/* Close, wipe and free; NULL is fine. */
void aws_connection_close(struct aws_connection *connection);
