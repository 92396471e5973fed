/* credentials.h - who we are at AWS, and in which region.
 *
 * First the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;
 * then the profile that AWS_PROFILE, else AWS_DEFAULT_PROFILE names, else `default`, in
 * the shared files. Region: AWS_REGION, AWS_DEFAULT_REGION, the profile's. This build asks
 * nobody for credentials: a profile that needs a role, SSO, a process or a web identity is
 * refused with a sentence that says so, rather than taken for somebody else. Order: AWS SDKs
 * and Tools Reference Guide, "Standardized credential providers".
 */
#pragma once

#include "aws/environment.h"
#include "base/arena.h"
#include "base/err.h"
#include "aws/keys.h"

struct aws_settings;

struct aws_credentials {
    struct aws_keys keys;
    str region;        /* in the arena, as what follows */
    str endpoint_url;  /* the profile's `endpoint_url`; empty: none */
    const char *found; /* where: "the environment", "profile ops in /home/u/.aws/credentials" */
};

/* Look for them; files are read, nothing is sent. ERR_CREDENTIALS: *reterr_reason is a
 * sentence in `arena` that says what was looked for and what to set, and quotes no value.
 * ERR_MEMORY. */
MUST_CHECK enum err aws_credentials_find(const struct aws_environment *environment,
    const struct aws_settings *settings, struct arena *arena,
    struct aws_credentials *ret_credentials, const char **reterr_reason);

/* Wipe and free the secrets. Safe on a zeroed object. */
void aws_credentials_release(struct aws_credentials *credentials);
