#include "aws/credentials.h"

#include "aws/connection.h"
#include "aws/profile_file.h"

#include <stdarg.h>

enum { REGION_BYTES_MAX = 32 };

/* One look for credentials. */
struct search {
    const struct aws_environment *environment;
    const struct aws_settings *settings;
    struct arena *arena;
    const char *profile;
    bool is_named; /* by a variable, so it has to exist */
    struct profile_file credentials;
    struct profile_file config;
    struct aws_credentials found;
    const char *reason;
};

static enum err fail(struct search *search, const char *format, ...) PRINTF_LIKE(2, 3);

static enum err fail(struct search *search, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    search->reason = arena_vformat(search->arena, format, args);
    va_end(args);
    return search->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

static const char *get(const struct search *search, const char *name)
{
    return aws_environment_get(search->environment, name);
}

/* --- taking values --- */

/* Take the three values; `where` names their home in sentences. */
static enum err take_keys(struct search *search, str id, str secret, str token, const char *where)
{
    const char *fault = NULL;
    enum err err = aws_keys_set(&search->found.keys, id, secret, token, &fault);
    if (err == ERR_INVALID)
        return fail(search, "of the keys in %s %s", where, fault);
    search->found.found = where;
    return err;
}

/* What the caller says comes before all that could be found. */
static enum err take_settings(struct search *search)
{
    const struct aws_settings *settings = search->settings;
    bool has_secret = settings->secret_access_key != NULL;
    if (settings->access_key_id.len == 0 && !has_secret)
        return ERR_OK;
    if (settings->access_key_id.len == 0 || !has_secret)
        return fail(search, "of access_key_id and secret_access_key the connection sets one: set "
                            "both, or neither");
    return take_keys(search, settings->access_key_id, secret_bytes(settings->secret_access_key),
        settings->session_token == NULL ? STR("") : secret_bytes(settings->session_token),
        "the connection's settings");
}

static enum err take_environment(struct search *search)
{
    const char *id = get(search, "AWS_ACCESS_KEY_ID");
    const char *secret = get(search, "AWS_SECRET_ACCESS_KEY");
    if (id == NULL && secret == NULL)
        return ERR_OK;
    if (secret == NULL)
        return fail(search, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: "
                            "set both, or neither to use a profile");
    if (id == NULL)
        return fail(search, "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not: "
                            "set both, or neither to use a profile");
    return take_keys(search, str_from(id), str_from(secret),
        str_from(get(search, "AWS_SESSION_TOKEN")), "the environment");
}

/* --- files --- */

/* `path` with the home directory for a leading `~/`; NULL in `*ret_path`: there is none. */
static enum err path_expand(struct search *search, const char *path, const char **ret_path)
{
    const char *home = get(search, "HOME");
    bool in_home = path[0] == '~' && path[1] == '/';
    *ret_path = NULL;
    if (in_home && home == NULL)
        return ERR_OK;
    *ret_path = arena_format(search->arena, "%s%s", in_home ? home : "", in_home ? path + 1 : path);
    return *ret_path == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err read_file(
    struct search *search, const char *variable, const char *standard, struct profile_file *file)
{
    const char *given = get(search, variable), *path, *reason = NULL;
    TRY(path_expand(search, given == NULL ? standard : given, &path));
    if (path == NULL)
        return ERR_OK;
    file->path = path;
    enum err err = profile_file_read(path, search->arena, file, &reason);
    if (err == ERR_OK || err == ERR_MEMORY)
        return err;
    return fail(search, "AWS credentials cannot be read: %s", reason);
}

static enum err read_files(struct search *search)
{
    search->profile = search->settings->profile.len > 0
                          ? arena_copy(search->arena, search->settings->profile).ptr
                          : get(search, "AWS_PROFILE");
    if (search->profile == NULL)
        search->profile = get(search, "AWS_DEFAULT_PROFILE");
    search->is_named = search->profile != NULL;
    if (!search->is_named)
        search->profile = "default";
    TRY(read_file(
        search, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &search->credentials));
    return read_file(search, "AWS_CONFIG_FILE", "~/.aws/config", &search->config);
}

static const char *shown(const struct profile_file *file)
{
    return file->path == NULL ? "(no HOME)" : file->path;
}

/* What the profile says of `key` in either file; the file is NULL when neither does. */
static const struct profile_file *profile_value(
    const struct search *search, const char *key, str *ret_value)
{
    str profile = str_from(search->profile);
    if (profile_file_get(&search->credentials, profile, false, key, ret_value))
        return &search->credentials;
    if (profile_file_get(&search->config, profile, true, key, ret_value))
        return &search->config;
    return NULL;
}

/* Keys of profiles that make the AWS tools act as somebody else than the keys beside them,
 * or send elsewhere. To go on without them would be to act as the wrong one. */
static enum err refuse_unsupported(struct search *search)
{
    static const struct {
        const char *key;
        const char *words;
    } unsupported[] = {
        { "role_arn", "assuming a role" },
        { "web_identity_token_file", "web identity" },
        { "sso_session", "SSO" },
        { "sso_start_url", "SSO" },
        { "sso_account_id", "SSO" },
        { "credential_process", "a credential process" },
        { "credential_source", "a credential source" },
        { "login_session", "a login session" },
    };
    for (size_t at = 0; at < COUNT_OF(unsupported); at++) {
        str text;
        const struct profile_file *file = profile_value(search, unsupported[at].key, &text);
        if (file != NULL)
            return fail(search,
                "profile %s in %s says %s, and %s is not in this build: get temporary "
                "credentials with the aws command (aws configure export-credentials "
                "--profile %s --format env) and set them in the environment",
                search->profile, shown(file), unsupported[at].key, unsupported[at].words,
                search->profile);
    }
    return ERR_OK;
}

static enum err take_profile_from(
    struct search *search, const struct profile_file *file, bool is_config)
{
    str profile = str_from(search->profile), id, secret, token = { "", 0 };
    bool has_id = profile_file_get(file, profile, is_config, "aws_access_key_id", &id);
    bool has_secret = profile_file_get(file, profile, is_config, "aws_secret_access_key", &secret);
    if (!has_id && !has_secret)
        return ERR_OK;
    if (!has_id || !has_secret)
        return fail(search, "profile %s in %s has %s without %s", search->profile, shown(file),
            has_id ? "aws_access_key_id" : "aws_secret_access_key",
            has_id ? "aws_secret_access_key" : "aws_access_key_id");
    if (!profile_file_get(file, profile, is_config, "aws_session_token", &token))
        token = (str){ "", 0 };
    const char *where =
        arena_format(search->arena, "profile %s in %s", search->profile, shown(file));
    return where == NULL ? ERR_MEMORY : take_keys(search, id, secret, token, where);
}

static enum err nothing_found(struct search *search)
{
    if (search->is_named
        && !profile_file_has(&search->credentials, str_from(search->profile), false)
        && !profile_file_has(&search->config, str_from(search->profile), true))
        return fail(search,
            "no AWS credentials: there is no profile %s in %s or %s: check "
            "AWS_PROFILE",
            search->profile, shown(&search->credentials), shown(&search->config));
    return fail(search,
        "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and there "
        "are no keys of profile %s in %s or %s: set the two, or AWS_PROFILE (what a container "
        "or an instance hands out is not asked for in this build)",
        search->profile, shown(&search->credentials), shown(&search->config));
}

static enum err take_profile(struct search *search)
{
    if (get(search, "AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
        return fail(search, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and web identity is not in this "
                            "build: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    TRY(refuse_unsupported(search));
    TRY(take_profile_from(search, &search->credentials, false));
    if (search->found.keys.access_key_id[0] == '\0')
        TRY(take_profile_from(search, &search->config, true));
    return search->found.keys.access_key_id[0] == '\0' ? nothing_found(search) : ERR_OK;
}

/* --- the rest of the profile --- */

static bool is_region(str region)
{
    for (size_t at = 0; at < region.len; at++) {
        char byte = region.ptr[at];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return region.len > 0 && region.len <= REGION_BYTES_MAX;
}

static enum err take_region(struct search *search)
{
    str region = search->settings->region;
    if (region.len == 0)
        region = str_from(get(search, "AWS_REGION"));
    if (region.len == 0)
        region = str_from(get(search, "AWS_DEFAULT_REGION"));
    if (region.len == 0 && profile_value(search, "region", &region) == NULL)
        return fail(search,
            "no AWS region: AWS_REGION and AWS_DEFAULT_REGION are not set, and profile %s in %s "
            "has no region: set AWS_REGION",
            search->profile, shown(&search->config));
    if (!is_region(region))
        return fail(search, "'%.*s' is no AWS region: set AWS_REGION to one like eu-west-1",
            region.len > 64 ? 64 : (int)region.len, region.ptr);
    search->found.region = arena_copy(search->arena, region);
    return search->found.region.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err take_endpoint(struct search *search)
{
    str url = { "", 0 };
    const struct profile_file *file = profile_value(search, "services", &url);
    if (file != NULL)
        return fail(search,
            "profile %s in %s names a services section, which is not in this build: set "
            "AWS_ENDPOINT_URL_EC2, _IAM and _STS instead, and take `services` out",
            search->profile, shown(file));
    if (profile_value(search, "endpoint_url", &url) == NULL)
        url = (str){ "", 0 };
    search->found.endpoint_url = arena_copy(search->arena, url);
    return search->found.endpoint_url.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err find(struct search *search)
{
    TRY(take_settings(search));
    if (search->settings->profile.len == 0 && search->found.keys.access_key_id[0] == '\0')
        TRY(take_environment(search));
    TRY(read_files(search));
    if (search->found.keys.access_key_id[0] == '\0')
        TRY(take_profile(search));
    TRY(take_region(search));
    return take_endpoint(search);
}

enum err aws_credentials_find(const struct aws_environment *environment,
    const struct aws_settings *settings, struct arena *arena,
    struct aws_credentials *ret_credentials, const char **reterr_reason)
{
    struct search search = { .environment = environment, .settings = settings, .arena = arena };
    enum err err = find(&search);
    profile_file_release(&search.credentials);
    profile_file_release(&search.config);
    if (err == ERR_OK) {
        *ret_credentials = search.found;
        return ERR_OK;
    }
    aws_credentials_release(&search.found);
    *reterr_reason = search.reason;
    return err;
}

void aws_credentials_release(struct aws_credentials *credentials)
{
    aws_keys_release(&credentials->keys);
}
