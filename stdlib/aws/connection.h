/* connection.h - a signed way to AWS: address, credentials, SigV4, safe retries.
 *
 * Credentials, region and addresses come from what the caller sets, the environment, the shared
 * files, and whoever hands credentials out (credentials.h); all but what those hand out is read
 * once, when the connection is opened. A connection as a role, in the same or another account, is
 * opened over one that may assume it; the two are a family, with one way to AWS, one idea of its
 * time and one bucket of retries.
 *
 * A read is sent up to three times (AWS_MAX_ATTEMPTS): after throttling, 5xx and broken
 * connections, each time later, as long as the bucket pays (retry.h). One that got no answer in
 * time is not: whoever asked decides whether to wait that long again. A change is sent again only
 * after a reply that says it was not applied: throttling, or a refusal for a clock that is wrong
 * or for credentials that have expired. Each attempt is signed anew.
 *
 * Credentials that expire are replaced before they do. Nothing is sent with ones that turn out
 * to be somebody else's.
 */
#pragma once

#include "aws/environment.h"
#include "aws/role.h"
#include "base/secret.h"
#include "host/clock.h"
#include "host/transport.h"

#include <stdbool.h>
struct aws_connection;
struct http;

/* What a caller says in place of the environment and the shared files; each may be empty, and
 * zeroed is the environment alone. Borrowed for the call. */
struct aws_settings {
    str profile;       /* in place of AWS_PROFILE, and of keys in the environment */
    str region;        /* in place of AWS_REGION and the profile's */
    str url;           /* in place of AWS's addresses, of every service */
    str access_key_id; /* with its secret, in place of all that could be found */
    const struct secret *secret_access_key;
    const struct secret *session_token;
    str role; /* ARN of a role to take with what was found */
    str external_id;
    str session_name;
    str ca_file;         /* in place of AWS_CA_BUNDLE; not of aws_connection_open_over */
    str proxy;           /* in place of HTTPS_PROXY; the same */
    uint32_t timeout_ms; /* of one request, 0: 20 s; the same */
};

/* Find credentials and region. Nothing is sent, unless only an instance's metadata are left to
 * ask. `settings` may be NULL; `clock` outlives the connection.
 * ERR_CREDENTIALS: *reterr_reason is a sentence in `arena` that names what was looked for and
 * what to set; also for addresses that may not be used. ERR_MEMORY. */
MUST_CHECK enum err aws_connection_open(const struct aws_environment *environment,
    const struct aws_settings *settings, struct clock *clock, struct arena *arena,
    struct aws_connection **ret_connection, const char **reterr_reason);
/* The same over `http`, which outlives the connection; `seed` begins the chance in its
 * delays. */
MUST_CHECK enum err aws_connection_open_over(struct http *http, uint64_t seed,
    const struct aws_environment *environment, const struct aws_settings *settings,
    struct clock *clock, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason);

/* A connection as `role` (copied), which `base` assumes when the first request is sent, and again
 * before that session ends. `base` outlives it. Region, addresses, clock, stop and retries are
 * the base's. Nothing is sent. ERR_CREDENTIALS: no such role can be; *reterr_reason is a sentence
 * in `arena`. ERR_MEMORY. */
MUST_CHECK enum err aws_connection_open_role(struct aws_connection *base,
    const struct aws_role *role, struct arena *arena, struct aws_connection **ret_connection,
    const char **reterr_reason);

/* Serves requests of services.def; owned by the connection. Evidence belongs to the connection that
 * the rules name: what is asked of S3, and addresses to upload to (late_put.h), are signed by the
 * base of one that was opened as a role over it. It does not wait for
 * request->delay_ms: that is the executor's. Its `where` asks sts:GetCallerIdentity, once, unless
 * that is known from how the credentials came. Credentials that cannot be had: ERR_CREDENTIALS,
 * or ERR_REFUSED when whoever gives them could not be reached. */
struct transport *aws_connection_transport(struct aws_connection *connection);
/* Its own region, and where its credentials come from ("the environment"); owned by it. */
str aws_connection_region(const struct aws_connection *connection);
const char *aws_connection_found(const struct aws_connection *connection);
/* Now, by AWS's clock as far as it is known: within five minutes of it, or AWS accepts nothing. */
int64_t aws_connection_now_ms(const struct aws_connection *connection);

/* AWS's clock less ours, in seconds, as its last answer says; false: none did. */
bool aws_connection_clock(const struct aws_connection *connection, int64_t *ret_ahead_s);

/* An address that whoever has it may put "BUCKET/KEY" to, once, for so many seconds, signed by whom
 * evidence belongs to (late_put.h); in `arena`. Errors as a transport's send. */
MUST_CHECK enum err aws_connection_put_url(struct aws_connection *connection, str place, str region,
    uint32_t seconds, struct arena *arena, str *ret_url, const char **reterr_reason);

/* End when *stop is not 0, which outlives the connection: a read that is under way or waits to
 * be sent again returns ERR_STOPPED; a change under way is finished, and not sent again. It
 * holds for the whole family. */
void aws_connection_heed(struct aws_connection *connection, const volatile int *stop);

/* Close, wipe and free; NULL is fine. */
void aws_connection_close(struct aws_connection *connection);
