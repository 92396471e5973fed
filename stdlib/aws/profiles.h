/* profiles.h - the two shared files together: what they say of a profile. */
#pragma once

#include "aws/environment.h"
#include "aws/profile_file.h"

struct aws_profiles {
    struct profile_file credentials; /* AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials */
    struct profile_file config;      /* AWS_CONFIG_FILE, ~/.aws/config */
};

/* Read both; one that does not exist is empty. ERR_CREDENTIALS: one cannot be read, and
 * *reterr_reason is a sentence in `arena` that quotes nothing of it. ERR_MEMORY. */
MUST_CHECK enum err aws_profiles_read(const struct aws_environment *environment,
    struct arena *arena, struct aws_profiles *ret_profiles, const char **reterr_reason);

/* Whether one of the two has the profile. */
bool aws_profiles_have(const struct aws_profiles *profiles, str profile);

/* The value of `key`, of the credentials file before the config file, borrowed; empty when
 * neither has one. */
str aws_profiles_text(const struct aws_profiles *profiles, str profile, const char *key);
/* The file that says so; NULL: neither does. */
const struct profile_file *aws_profiles_file(
    const struct aws_profiles *profiles, str profile, const char *key);

/* The `endpoint_url` that the section `[services NAME]` of the config file has for the service
 * called so in variables ("EC2"), borrowed; empty when there is none. */
str aws_profiles_service_url(
    const struct aws_profiles *profiles, str services, const char *variable);

/* The file's path, or "(no HOME)". */
const char *aws_profiles_shown(const struct profile_file *file);

/* Wipe and free. Safe on zeroed profiles. */
void aws_profiles_release(struct aws_profiles *profiles);
