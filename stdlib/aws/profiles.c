#include "aws/profiles.h"

/* `path` with the home directory for a leading `~/`; NULL in `*ret_path`: there is none. */
static enum err path_expand(const struct aws_environment *environment, struct arena *arena,
    const char *path, const char **ret_path)
{
    const char *home = aws_environment_get(environment, "HOME");
    bool in_home = path[0] == '~' && path[1] == '/';
    *ret_path = NULL;
    if (in_home && home == NULL)
        return ERR_OK;
    *ret_path = arena_format(arena, "%s%s", in_home ? home : "", in_home ? path + 1 : path);
    return *ret_path == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err read_file(const struct aws_environment *environment, struct arena *arena,
    const char *variable, const char *standard, struct profile_file *file,
    const char **reterr_reason)
{
    const char *given = aws_environment_get(environment, variable), *path, *reason = NULL;
    TRY(path_expand(environment, arena, given == NULL ? standard : given, &path));
    if (path == NULL)
        return ERR_OK;
    file->path = path;
    enum err err = profile_file_read(path, arena, file, &reason);
    if (err == ERR_OK || err == ERR_MEMORY)
        return err;
    *reterr_reason = arena_format(arena, "AWS credentials cannot be read: %s", reason);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

enum err aws_profiles_read(const struct aws_environment *environment, struct arena *arena,
    struct aws_profiles *ret_profiles, const char **reterr_reason)
{
    struct aws_profiles profiles = { .credentials = { NULL, 0, NULL } };
    enum err err = read_file(environment, arena, "AWS_SHARED_CREDENTIALS_FILE",
        "~/.aws/credentials", &profiles.credentials, reterr_reason);
    if (err == ERR_OK)
        err = read_file(environment, arena, "AWS_CONFIG_FILE", "~/.aws/config", &profiles.config,
            reterr_reason);
    if (err == ERR_OK)
        *ret_profiles = profiles;
    else
        aws_profiles_release(&profiles);
    return err;
}

bool aws_profiles_have(const struct aws_profiles *profiles, str profile)
{
    return profile_file_has(&profiles->credentials, profile, false)
           || profile_file_has(&profiles->config, profile, true);
}

const struct profile_file *aws_profiles_file(
    const struct aws_profiles *profiles, str profile, const char *key)
{
    str text;
    if (profile_file_get(&profiles->credentials, profile, false, key, &text))
        return &profiles->credentials;
    return profile_file_get(&profiles->config, profile, true, key, &text) ? &profiles->config
                                                                          : NULL;
}

str aws_profiles_text(const struct aws_profiles *profiles, str profile, const char *key)
{
    str text;
    if (profile_file_get(&profiles->credentials, profile, false, key, &text)
        || profile_file_get(&profiles->config, profile, true, key, &text))
        return text;
    return STR("");
}

str aws_profiles_service_url(
    const struct aws_profiles *profiles, str services, const char *variable)
{
    str url;
    if (services.len > 0
        && profile_file_nested(&profiles->config, services, variable, "endpoint_url", &url))
        return url;
    return STR("");
}

const char *aws_profiles_shown(const struct profile_file *file)
{
    return file->path == NULL ? "(no HOME)" : file->path;
}

void aws_profiles_release(struct aws_profiles *profiles)
{
    profile_file_release(&profiles->credentials);
    profile_file_release(&profiles->config);
}
