#include "aws/credentials.h"

#include "aws/address.h"
#include "aws/connection.h"
#include "aws/profiles.h"

#include <stdarg.h>
#include <stdlib.h>

enum { REGION_BYTES_MAX = 32, QUOTE_BYTES_MAX = 64 };

/* One look for credentials. */
struct search {
    const struct aws_environment *environment;
    const struct aws_settings *settings;
    const struct aws_profiles *profiles;
    struct arena *arena;
    str profile;
    bool is_named; /* by a variable or a setting, so it has to exist */
    str visited[AWS_ROLES_MAX + 1];
    bool is_found;
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

static str text_of(const struct search *search, str profile, const char *key)
{
    return aws_profiles_text(search->profiles, profile, key);
}

static bool has(const struct search *search, str profile, const char *key)
{
    return text_of(search, profile, key).len > 0;
}

/* The source is `source`, found at `where` (NULL: no memory). */
static enum err found_at(struct search *search, enum aws_source source, const char *where)
{
    search->found.source = source;
    search->found.found = where;
    search->is_found = true;
    return where == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err copied(struct search *search, str text, const char **ret_text)
{
    *ret_text = arena_copy(search->arena, text).ptr;
    return *ret_text == NULL ? ERR_MEMORY : ERR_OK;
}

/* --- keys that stand somewhere --- */

/* Take the three values; `where` names their home in sentences. */
static enum err take_keys(struct search *search, str id, str secret, str token, const char *where)
{
    const char *fault = NULL;
    enum err err = aws_keys_set(&search->found.keys, id, secret, token, &fault);
    if (err == ERR_INVALID)
        return fail(search, "of the keys in %s %s", where, fault);
    TRY(err);
    return found_at(search, AWS_SOURCE_KEYS, where);
}

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

static const char *profile_place(
    struct search *search, str profile, const struct profile_file *file)
{
    return arena_format(
        search->arena, "profile %.*s in %s", STR_ARG(profile), aws_profiles_shown(file));
}

static enum err take_profile_keys(
    struct search *search, str profile, const struct profile_file *file, bool is_config)
{
    str id, secret, token = { "", 0 };
    bool has_id = profile_file_get(file, profile, is_config, "aws_access_key_id", &id);
    bool has_secret = profile_file_get(file, profile, is_config, "aws_secret_access_key", &secret);
    if (search->is_found || (!has_id && !has_secret))
        return ERR_OK;
    const char *where = profile_place(search, profile, file);
    if (where == NULL)
        return ERR_MEMORY;
    if (!has_id || !has_secret)
        return fail(search, "%s has %s without %s", where,
            has_id ? "aws_access_key_id" : "aws_secret_access_key",
            has_id ? "aws_secret_access_key" : "aws_access_key_id");
    if (!profile_file_get(file, profile, is_config, "aws_session_token", &token))
        token = (str){ "", 0 };
    return take_keys(search, id, secret, token, where);
}

/* --- those that are asked for --- */

static enum err take_web_identity(struct search *search, str profile, bool may_look_at_variables)
{
    const char *file = may_look_at_variables ? get(search, "AWS_WEB_IDENTITY_TOKEN_FILE") : NULL;
    const char *arn = may_look_at_variables ? get(search, "AWS_ROLE_ARN") : NULL;
    const char *name = may_look_at_variables ? get(search, "AWS_ROLE_SESSION_NAME") : NULL;
    struct aws_role *role = &search->found.role;
    str path = file != NULL ? str_from(file) : text_of(search, profile, "web_identity_token_file");
    if (path.len == 0)
        return ERR_OK;
    const char *where =
        file != NULL ? "AWS_WEB_IDENTITY_TOKEN_FILE"
                     : profile_place(search, profile,
                         aws_profiles_file(search->profiles, profile, "web_identity_token_file"));
    role->arn = arena_copy(
        search->arena, arn != NULL ? str_from(arn) : text_of(search, profile, "role_arn"));
    role->session_name = arena_copy(search->arena,
        name != NULL ? str_from(name) : text_of(search, profile, "role_session_name"));
    TRY(copied(search, path, &search->found.token_file));
    if (where == NULL || role->arn.ptr == NULL || role->session_name.ptr == NULL)
        return ERR_MEMORY;
    const char *fault = aws_role_fault(role);
    if (role->arn.len == 0)
        return fail(search, "%s has a web identity, and no role for it: set %s", where,
            file != NULL ? "AWS_ROLE_ARN" : "role_arn");
    if (fault != NULL)
        return fail(search, "the role of %s, %.*s, %s", where,
            STR_ARG(str_first(role->arn, QUOTE_BYTES_MAX)), fault);
    return found_at(search, AWS_SOURCE_WEB_IDENTITY,
        arena_format(search->arena, "a web identity of %s as %.*s", where, STR_ARG(role->arn)));
}

static enum err take_process(struct search *search, str profile)
{
    const struct profile_file *file =
        aws_profiles_file(search->profiles, profile, "credential_process");
    if (file == NULL || search->is_found)
        return ERR_OK;
    TRY(copied(search, text_of(search, profile, "credential_process"), &search->found.command));
    const char *place = profile_place(search, profile, file);
    return found_at(search, AWS_SOURCE_PROCESS,
        place == NULL ? NULL : arena_format(search->arena, "the credential_process of %s", place));
}

/* Where plain http may take a token, and bring credentials from. */
static bool is_link_local(str host, const char *const *hosts)
{
    for (; *hosts != NULL; hosts++)
        if (str_is(host, *hosts))
            return true;
    return address_is_loopback(host);
}

static enum err take_container(struct search *search)
{
    static const char *const hosts[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23", NULL };
    const char *relative = get(search, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = get(search, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *token_file = get(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    struct address address;
    if (relative == NULL && full == NULL)
        return ERR_OK;
    const char *url =
        relative == NULL ? full : arena_format(search->arena, "http://169.254.170.2%s", relative);
    if (url == NULL)
        return ERR_MEMORY;
    if (!address_read(str_from(url), "/-_.~?=&%:+,", &address)
        || (!address.is_tls && !is_link_local(address.host, hosts)))
        return fail(search,
            "%s is no address that credentials may come from: https, or http to 169.254.170.2, "
            "169.254.170.23, [fd00:ec2::23] or a loopback address",
            relative == NULL ? "AWS_CONTAINER_CREDENTIALS_FULL_URI"
                             : "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    TRY(copied(search, str_from(url), &search->found.url));
    if (token_file != NULL)
        TRY(copied(search, str_from(token_file), &search->found.token_file));
    TRY(secret_set(&search->found.token,
        token_file != NULL ? STR("") : str_from(get(search, "AWS_CONTAINER_AUTHORIZATION_TOKEN"))));
    return found_at(search, AWS_SOURCE_CONTAINER,
        arena_format(search->arena, "the container's agent at %.*s", STR_ARG(address.authority)));
}

/* The value of a variable, else of the profile. */
static str setting(const struct search *search, const char *variable, const char *key)
{
    const char *given = get(search, variable);
    return given != NULL ? str_from(given) : text_of(search, search->profile, key);
}

static bool is_word(str text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static enum err take_instance(struct search *search)
{
    static const char *const hosts[] = { "169.254.169.254", "fd00:ec2::254", NULL };
    struct address address;
    if (is_word(str_from(get(search, "AWS_EC2_METADATA_DISABLED")), "true"))
        return ERR_OK;
    str url = setting(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    if (url.len == 0)
        url = is_word(setting(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                          "ec2_metadata_service_endpoint_mode"),
                  "ipv6")
                  ? STR("http://[fd00:ec2::254]/")
                  : STR("http://169.254.169.254/");
    if (!address_read(url, "/-_.", &address)
        || (!address.is_tls && !is_link_local(address.host, hosts)))
        return fail(search, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no address that credentials may "
                            "come from: http to 169.254.169.254, [fd00:ec2::254] or a loopback "
                            "address, or https");
    search->found.url =
        arena_format(search->arena, "%.*s%s", STR_ARG(url), str_endswith(url, STR("/")) ? "" : "/");
    if (search->found.url == NULL)
        return ERR_MEMORY;
    return found_at(search, AWS_SOURCE_INSTANCE, "the metadata of this instance");
}

/* --- profiles --- */

/* Keys of profiles that need a person at a screen. To go on without them would be to act as
 * somebody else than the AWS tools do. */
static enum err refuse_person(struct search *search, str profile)
{
    static const struct {
        const char *key;
        const char *words;
    } needs[] = {
        { "sso_session", "SSO" },
        { "sso_start_url", "SSO" },
        { "sso_account_id", "SSO" },
        { "login_session", "a login session" },
        { "mfa_serial", "an MFA device" },
    };
    for (size_t at = 0; at < COUNT_OF(needs); at++) {
        const struct profile_file *file =
            aws_profiles_file(search->profiles, profile, needs[at].key);
        if (file != NULL)
            return fail(search,
                "profile %.*s in %s says %s, and %s is not in this build: get temporary "
                "credentials with the aws command (aws configure export-credentials "
                "--profile %.*s --format env) and set them in the environment",
                STR_ARG(profile), aws_profiles_shown(file), needs[at].key, needs[at].words,
                STR_ARG(search->profile));
    }
    return ERR_OK;
}

static bool is_of_role(const struct search *search, str profile)
{
    return has(search, profile, "role_arn") && !has(search, profile, "web_identity_token_file");
}

static bool has_keys(const struct search *search, str profile)
{
    return has(search, profile, "aws_access_key_id")
           || has(search, profile, "aws_secret_access_key");
}

/* Note the role of `profile`; the first that is assumed is noted last. */
static enum err role_note(struct search *search, str profile)
{
    struct arena *arena = search->arena;
    if (search->found.roles_count == AWS_ROLES_MAX)
        return fail(search, "profile %.*s leads over more than %d roles", STR_ARG(search->profile),
            AWS_ROLES_MAX);
    str seconds = text_of(search, profile, "duration_seconds");
    struct aws_role role = { arena_copy(arena, text_of(search, profile, "role_arn")),
        arena_copy(arena, text_of(search, profile, "external_id")),
        arena_copy(arena, text_of(search, profile, "role_session_name")),
        seconds.len == 0 ? 0 : (uint32_t)strtoul(seconds.ptr, NULL, 10) };
    if (seconds.len > 0 && (seconds.len > 6 || role.duration_s == 0))
        role.duration_s = 1; /* which is refused below */
    search->visited[search->found.roles_count] = profile;
    search->found.roles[search->found.roles_count++] = role;
    if (arena->is_full)
        return ERR_MEMORY;
    const char *fault = aws_role_fault(&role);
    if (fault != NULL)
        return fail(search, "the role of profile %.*s, %.*s, %s", STR_ARG(profile),
            STR_ARG(str_first(role.arn, QUOTE_BYTES_MAX)), fault);
    return ERR_OK;
}

static enum err take_credential_source(struct search *search, str profile, str source)
{
    if (str_is(source, "Environment"))
        TRY(take_environment(search));
    else if (str_is(source, "EcsContainer"))
        TRY(take_container(search));
    else if (str_is(source, "Ec2InstanceMetadata"))
        TRY(take_instance(search));
    else
        return fail(search,
            "profile %.*s says credential_source = %.*s, which is none of Environment, "
            "EcsContainer, Ec2InstanceMetadata",
            STR_ARG(profile), STR_ARG(str_first(source, QUOTE_BYTES_MAX)));
    if (search->is_found)
        return ERR_OK;
    return fail(search, "profile %.*s says credential_source = %.*s, and there are none there",
        STR_ARG(profile), STR_ARG(source));
}

/* The profile that `profile` takes its credentials from. */
static enum err source_find(struct search *search, str profile, str *ret_source)
{
    str source = text_of(search, profile, "source_profile");
    if (source.len == 0)
        return fail(search,
            "profile %.*s has a role_arn, and neither source_profile nor credential_source",
            STR_ARG(profile));
    if (!aws_profiles_have(search->profiles, source))
        return fail(search, "profile %.*s names source_profile %.*s, and there is none",
            STR_ARG(profile), STR_ARG(str_first(source, QUOTE_BYTES_MAX)));
    bool is_own = str_equal(source, profile) && has_keys(search, profile);
    for (uint32_t at = 0; at < search->found.roles_count && !is_own; at++)
        if (str_equal(search->visited[at], source))
            return fail(search, "the source_profile of profile %.*s leads in a circle, over %.*s",
                STR_ARG(search->profile), STR_ARG(source));
    *ret_source = source;
    return ERR_OK;
}

/* What a profile has itself, whatever its role. */
static enum err take_own(struct search *search, str profile, bool may_look_at_variables)
{
    if (!has(search, profile, "role_arn") || has(search, profile, "web_identity_token_file"))
        TRY(take_web_identity(search, profile, may_look_at_variables));
    TRY(take_profile_keys(search, profile, &search->profiles->credentials, false));
    TRY(take_process(search, profile));
    return take_profile_keys(search, profile, &search->profiles->config, true);
}

static enum err take_profile(struct search *search)
{
    str profile = search->profile;
    while (is_of_role(search, profile)
           && (search->found.roles_count == 0 || !has_keys(search, profile))) {
        str outer = profile;
        str source = text_of(search, profile, "credential_source");
        TRY(refuse_person(search, profile));
        TRY(role_note(search, profile));
        if (source.len > 0 && has(search, profile, "source_profile"))
            return fail(search, "profile %.*s has both source_profile and credential_source",
                STR_ARG(profile));
        if (source.len > 0)
            return take_credential_source(search, profile, source);
        TRY(source_find(search, outer, &profile));
        if (str_equal(profile, outer))
            break;
    }
    TRY(refuse_person(search, profile));
    bool is_source = search->found.roles_count > 0;
    TRY(take_own(search, profile, !is_source && search->settings->profile.len == 0));
    if (is_source && !search->is_found)
        return fail(search, "profile %.*s, which is to assume a role, has no credentials",
            STR_ARG(profile));
    return ERR_OK;
}

static enum err nothing_found(struct search *search)
{
    const char *credentials = aws_profiles_shown(&search->profiles->credentials);
    const char *config = aws_profiles_shown(&search->profiles->config);
    return fail(search,
        "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, there are "
        "none of profile %.*s in %s or %s, and this is no container or instance that hands out "
        "any: set the two, or AWS_PROFILE",
        STR_ARG(search->profile), credentials, config);
}

static enum err take_found(struct search *search)
{
    if (search->is_named && !aws_profiles_have(search->profiles, search->profile))
        return fail(search,
            "no AWS credentials: there is no profile %.*s in %s or %s: check AWS_PROFILE",
            STR_ARG(search->profile), aws_profiles_shown(&search->profiles->credentials),
            aws_profiles_shown(&search->profiles->config));
    TRY(take_profile(search));
    if (!search->is_found)
        TRY(take_container(search));
    if (search->is_found)
        return ERR_OK;
    TRY(take_instance(search));
    search->found.is_last_resort = true;
    return search->is_found ? ERR_OK : nothing_found(search);
}

/* --- the rest --- */

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
    if (region.len == 0)
        region = text_of(search, search->profile, "region");
    if (region.len == 0 && search->found.source != AWS_SOURCE_INSTANCE)
        return fail(search,
            "no AWS region: AWS_REGION and AWS_DEFAULT_REGION are not set, and profile %.*s in "
            "%s has no region: set AWS_REGION",
            STR_ARG(search->profile), aws_profiles_shown(&search->profiles->config));
    if (region.len > 0 && !is_region(region))
        return fail(search, "'%.*s' is no AWS region: set AWS_REGION to one like eu-west-1",
            STR_ARG(str_first(region, QUOTE_BYTES_MAX)));
    search->found.region = arena_copy(search->arena, region);
    return search->found.region.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

str aws_credentials_profile(
    const struct aws_environment *environment, const struct aws_settings *settings)
{
    str profile = settings->profile;
    if (profile.len == 0)
        profile = str_from(aws_environment_get(environment, "AWS_PROFILE"));
    if (profile.len == 0)
        profile = str_from(aws_environment_get(environment, "AWS_DEFAULT_PROFILE"));
    return profile.len == 0 ? STR("default") : profile;
}

static enum err find(struct search *search)
{
    search->profile = aws_credentials_profile(search->environment, search->settings);
    search->is_named = search->settings->profile.len > 0 || get(search, "AWS_PROFILE") != NULL
                       || get(search, "AWS_DEFAULT_PROFILE") != NULL;
    TRY(take_settings(search));
    if (!search->is_found && search->settings->profile.len == 0)
        TRY(take_environment(search));
    if (!search->is_found)
        TRY(take_found(search));
    return take_region(search);
}

enum err aws_credentials_find(const struct aws_environment *environment,
    const struct aws_settings *settings, const struct aws_profiles *profiles, struct arena *arena,
    struct aws_credentials *ret_credentials, const char **reterr_reason)
{
    struct search search = {
        .environment = environment, .settings = settings, .profiles = profiles, .arena = arena
    };
    enum err err = find(&search);
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
    secret_release(&credentials->token);
}
