/* credentials.h - who we are at AWS, and in which region: what is to be done to find out.
 *
 * In the SDKs' order: the connection's own settings; the variables AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; a profile that assumes a role, from another
 * profile or a credential_source; a web identity, of AWS_WEB_IDENTITY_TOKEN_FILE or the profile;
 * the profile's keys, then its credential_process; what a container hands out; what an instance
 * does. The profile is the one of the settings, else of AWS_PROFILE, else of AWS_DEFAULT_PROFILE,
 * else `default`. A profile that needs a person (SSO, login, an MFA device) is refused with a
 * sentence that says what to do, rather than taken for somebody else. Region: the settings',
 * AWS_REGION, AWS_DEFAULT_REGION, the profile's. Source: AWS SDKs and Tools Reference Guide,
 * "Standardized credential providers".
 */
#pragma once

#include "aws/environment.h"
#include "aws/keys.h"
#include "aws/role.h"
#include "base/arena.h"
#include "base/err.h"

struct aws_settings;

enum aws_source {
    AWS_SOURCE_KEYS,         /* they are here */
    AWS_SOURCE_WEB_IDENTITY, /* a token in a file, exchanged for a role's session */
    AWS_SOURCE_PROCESS,      /* a command of the profile */
    AWS_SOURCE_CONTAINER,    /* the agent of a container */
    AWS_SOURCE_INSTANCE,     /* the metadata of an EC2 instance */
};

enum { AWS_ROLES_MAX = 5 };

/* All texts in the arena. */
struct aws_credentials {
    enum aws_source source;
    struct aws_keys keys;   /* of KEYS */
    struct aws_role role;   /* of WEB_IDENTITY */
    const char *token_file; /* of WEB_IDENTITY; of CONTAINER, or NULL */
    struct secret token;    /* of CONTAINER, or empty */
    const char *command;    /* of PROCESS */
    const char *url;        /* of CONTAINER; of INSTANCE its base, with a slash at the end */
    bool is_last_resort;    /* of INSTANCE: nobody said that there is one */
    struct aws_role roles[AWS_ROLES_MAX]; /* to be assumed one after the other */
    uint32_t roles_count;
    str region;        /* empty: to be asked of the instance, and only then */
    const char *found; /* where: "the environment", "profile ops in /home/u/.aws/credentials" */
};

struct aws_profiles;

/* Look for them; nothing is sent and nothing is run. ERR_CREDENTIALS: *reterr_reason is a
 * sentence in `arena` that says what was looked for and what to set, and quotes no secret.
 * ERR_MEMORY. */
MUST_CHECK enum err aws_credentials_find(const struct aws_environment *environment,
    const struct aws_settings *settings, const struct aws_profiles *profiles, struct arena *arena,
    struct aws_credentials *ret_credentials, const char **reterr_reason);

/* The profile that counts: borrowed from settings or environment. */
str aws_credentials_profile(
    const struct aws_environment *environment, const struct aws_settings *settings);

/* Wipe and free the secrets. Safe on a zeroed object. */
void aws_credentials_release(struct aws_credentials *credentials);
