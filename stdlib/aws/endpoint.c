#include "aws/endpoint.h"

#include "aws/address.h"
#include "aws/profiles.h"

enum { REGION_BYTES_MAX = 32 };

#define PATH_MARKS "/-_"
#define DIGITS "0123456789"

/* What a partition has that the rule does not say. NULL: it has none. */
struct partition {
    const char *name;
    const char *suffix;      /* of regional hosts: service.region.suffix */
    const char *dual_suffix; /* of those that have IPv6 too */
    bool has_fips;
    const char *home; /* where IAM is signed for */
    const char *organizations_home;
    const char *iam_host;
    const char *iam_dual_host;
    const char *iam_fips_host;
    const char *iam_fips_dual_host;
};

static const struct partition commercial = { "aws", "amazonaws.com", "api.aws", true, "us-east-1",
    "us-east-1", "iam.amazonaws.com", "iam.global.api.aws", "iam-fips.amazonaws.com",
    "iam-fips.global.api.aws" };
static const struct partition china = { "aws-cn", "amazonaws.com.cn",
    "api.amazonwebservices.com.cn", false, "cn-north-1", "cn-northwest-1",
    "iam.cn-north-1.amazonaws.com.cn", "iam.global.api.amazonwebservices.com.cn", NULL, NULL };
static const struct partition government = { "aws-us-gov", "amazonaws.com", "api.aws", true,
    "us-gov-west-1", "us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws",
    "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws" };
static const struct partition sovereign = { "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu",
    false, "eusc-de-east-1", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu",
    "iam.api.amazonwebservices.eu", NULL, NULL };

/* The first row whose prefix a region has is its partition. */
static const struct {
    const char *prefix;
    const struct partition *partition;
} regions[] = {
    { "cn-", &china },
    { "us-gov-", &government },
    { "eusc-", &sovereign },
    { "af-", &commercial },
    { "ap-", &commercial },
    { "ca-", &commercial },
    { "eu-", &commercial },
    { "il-", &commercial },
    { "me-", &commercial },
    { "mx-", &commercial },
    { "sa-", &commercial },
    { "us-", &commercial },
};

/* In the government partition every host of these is one of FIPS, under its plain name. */
static const enum aws_service plain_in_government[] = { AWS_EC2, AWS_STS, AWS_ELB, AWS_CLOUDTRAIL,
    AWS_ORGANIZATIONS, AWS_SQS, AWS_SSM, AWS_GUARDDUTY };

/* --- replaced addresses --- */

static enum err refuse(
    struct arena *arena, const char *name, str url, const char *words, const char **reterr_reason)
{
    /* An address with a password in it is not printed. */
    bool is_secret = str_find(url, '@') != url.len;
    *reterr_reason = arena_format(
        arena, "%s %.*s %s", name, is_secret ? 0 : (int)str_first(url, 200).len, url.ptr, words);
    return *reterr_reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* Check an address and keep it; empty: none. */
static enum err replacement_take(struct arena *arena, const char *name, str url,
    const char **ret_url, const char **reterr_reason)
{
    struct address address;
    if (url.len == 0)
        return ERR_OK;
    if (!address_read(url, PATH_MARKS, &address))
        return refuse(arena, name, url,
            "is not an address like https://host:port: no user, query or special characters",
            reterr_reason);
    if (!address.is_tls && !address_is_loopback(address.host))
        return refuse(arena, name, url,
            "is plain http to another machine, where signed requests could be read and sent "
            "again: use https, or a loopback address",
            reterr_reason);
    *ret_url = arena_copy(arena, url).ptr;
    return *ret_url == NULL ? ERR_MEMORY : ERR_OK;
}

/* Where settings of addresses stand. */
struct places {
    const struct aws_environment *environment;
    str given; /* by the caller */
    const struct aws_profiles *profiles;
    str profile;
    str services; /* the section that the profile names, or empty */
    struct arena *arena;
};

static enum err flag_read(const struct places *places, const char *variable, const char *key,
    bool *ret_flag, const char **reterr_reason)
{
    str text = str_from(aws_environment_get(places->environment, variable));
    if (text.len == 0)
        text = aws_profiles_text(places->profiles, places->profile, key);
    bool is_true = text.len == 4 && strncasecmp(text.ptr, "true", 4) == 0;
    if (!is_true && text.len > 0 && (text.len != 5 || strncasecmp(text.ptr, "false", 5) != 0))
        return refuse(places->arena, variable, text, "is neither true nor false", reterr_reason);
    *ret_flag = is_true;
    return ERR_OK;
}

/* What replaces the address of `service`, and what says so. */
static void replacement_find(const struct places *places, enum aws_service service, bool is_ignored,
    const char **ret_name, str *ret_url)
{
    const char *variable = aws_service_info(service)->variable;
    const char *suffix = variable + strlen("AWS_ENDPOINT_URL_");
    const struct {
        const char *name;
        str url;
    } found[] = {
        { "url", places->given },
        { variable, str_from(aws_environment_get(places->environment, variable)) },
        { "AWS_ENDPOINT_URL",
            str_from(aws_environment_get(places->environment, "AWS_ENDPOINT_URL")) },
        { "endpoint_url", aws_profiles_service_url(places->profiles, places->services, suffix) },
        { "endpoint_url", aws_profiles_text(places->profiles, places->profile, "endpoint_url") },
    };
    *ret_url = STR("");
    for (size_t at = 0; at < (is_ignored ? 1 : COUNT_OF(found)) && ret_url->len == 0; at++) {
        *ret_name = found[at].name;
        *ret_url = found[at].url;
    }
}

static enum err services_find(struct places *places, const char **reterr_reason)
{
    places->services = aws_profiles_text(places->profiles, places->profile, "services");
    if (places->services.len == 0
        || profile_file_has_services(&places->profiles->config, places->services))
        return ERR_OK;
    return refuse(places->arena, "services =", places->services,
        "names a section [services ..] that is not in the config file", reterr_reason);
}

static enum err kind_read(
    struct places *places, struct aws_endpoints *endpoints, const char **reterr_reason)
{
    TRY(flag_read(
        places, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &endpoints->is_fips, reterr_reason));
    return flag_read(places, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint",
        &endpoints->is_dual_stack, reterr_reason);
}

enum err aws_endpoints_read(const struct aws_environment *environment, str url,
    const struct aws_profiles *profiles, str profile, struct arena *arena,
    struct aws_endpoints *ret_endpoints, const char **reterr_reason)
{
    struct aws_endpoints endpoints = { .is_fips = false };
    struct places places = { environment, url, profiles, profile, { "", 0 }, arena };
    bool is_ignored = false;
    TRY(flag_read(&places, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls",
        &is_ignored, reterr_reason));
    TRY(kind_read(&places, &endpoints, reterr_reason));
    if (!is_ignored)
        TRY(services_find(&places, reterr_reason));
    for (enum aws_service at = 0; at < AWS_SERVICE_COUNT; at++) {
        const char *name;
        str found;
        replacement_find(&places, at, is_ignored, &name, &found);
        TRY(replacement_take(arena, name, found, &endpoints.urls[at], reterr_reason));
        if (endpoints.urls[at] != NULL && (endpoints.is_fips || endpoints.is_dual_stack))
            return refuse(arena, name, found,
                "replaces an address, so AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT "
                "cannot be kept: set one of them alone",
                reterr_reason);
    }
    *ret_endpoints = endpoints;
    return ERR_OK;
}

/* --- one endpoint --- */

static bool is_region(str region)
{
    return region.len > 0 && region.len <= REGION_BYTES_MAX
           && str_all_of(region, "abcdefghijklmnopqrstuvwxyz" DIGITS "-");
}

/* The partition of a region, or NULL. Regions come from alerts, so what does not look like
 * one becomes no part of a host name: letters, hyphens, a number at the end. */
static const struct partition *partition_of(str region)
{
    str number = str_skip(region, str_find_last(region, '-') + 1);
    if (!is_region(region) || number.len == 0 || number.len > 2 || !str_all_of(number, DIGITS)
        || str_startswith(region, STR("us-iso")))
        return NULL;
    for (size_t at = 0; at < COUNT_OF(regions); at++)
        if (str_startswith(region, str_from(regions[at].prefix)))
            return regions[at].partition;
    return NULL;
}

static enum err endpoint_replaced(
    const char *url, str region, struct arena *arena, struct aws_endpoint *ret_endpoint)
{
    struct address address;
    if (!address_read(str_from(url), PATH_MARKS, &address))
        return ERR_INVALID;
    bool has_path = address.path.len > 0;
    ret_endpoint->url = has_path ? url : arena_format(arena, "%s/", url);
    ret_endpoint->is_replaced = true;
    ret_endpoint->host = address.authority;
    ret_endpoint->path = has_path ? address.path : STR("/");
    ret_endpoint->region = arena_copy(arena, region);
    return ret_endpoint->url == NULL || ret_endpoint->region.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* Why there is no such address; NULL: there is. */
static const char *kind_missing(const struct aws_endpoints *endpoints, enum aws_service service,
    const struct partition *partition)
{
    if (service == AWS_EXECUTE_API)
        return NULL;
    if (endpoints->is_fips && !partition->has_fips)
        return "has no FIPS address in this partition: AWS_USE_FIPS_ENDPOINT cannot be kept there";
    if (endpoints->is_dual_stack && service == AWS_ORGANIZATIONS)
        return "has no dual-stack address: AWS_USE_DUALSTACK_ENDPOINT cannot be kept there";
    return NULL;
}

static const char *iam_host(
    const struct aws_endpoints *endpoints, const struct partition *partition)
{
    if (endpoints->is_fips)
        return endpoints->is_dual_stack ? partition->iam_fips_dual_host : partition->iam_fips_host;
    return endpoints->is_dual_stack ? partition->iam_dual_host : partition->iam_host;
}

/* "-fips", or "" where that is not part of the name. */
static const char *fips_mark(const struct aws_endpoints *endpoints, enum aws_service service,
    const struct partition *partition)
{
    bool is_plain = !endpoints->is_fips;
    if (partition == &government && !endpoints->is_dual_stack)
        for (size_t at = 0; at < COUNT_OF(plain_in_government); at++)
            is_plain |= plain_in_government[at] == service;
    return is_plain ? "" : "-fips";
}

static const char *regional_host(const struct aws_endpoints *endpoints, enum aws_service service,
    const struct partition *partition, str region, struct arena *arena)
{
    const char *name = aws_service_info(service)->signing;
    const char *mark = fips_mark(endpoints, service, partition);
    if (service == AWS_EXECUTE_API) /* the rule's own address says which */
        return arena_format(arena, "%s.%.*s.%s", name, STR_ARG(region), partition->suffix);
    if (service == AWS_S3)
        return arena_format(arena, "s3%s.%s%.*s.%s", mark,
            endpoints->is_dual_stack ? "dualstack." : "", STR_ARG(region), partition->suffix);
    return arena_format(arena, "%s%s.%.*s.%s", name, mark, STR_ARG(region),
        endpoints->is_dual_stack ? partition->dual_suffix : partition->suffix);
}

static enum err endpoint_standard(const struct aws_endpoints *endpoints, enum aws_service service,
    const struct partition *partition, str region, struct arena *arena,
    struct aws_endpoint *ret_endpoint, const char **reterr_reason)
{
    const char *missing = kind_missing(endpoints, service, partition);
    if (missing != NULL) {
        *reterr_reason = arena_format(arena, "%s of %s %s, so nothing was sent",
            aws_service_info(service)->signing, partition->name, missing);
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
    }
    const char *host = service == AWS_IAM
                           ? iam_host(endpoints, partition)
                           : regional_host(endpoints, service, partition, region, arena);
    if (host == NULL)
        return ERR_MEMORY;
    ret_endpoint->is_replaced = false;
    ret_endpoint->url = arena_format(arena, "https://%s/", host);
    ret_endpoint->host = str_from(host);
    ret_endpoint->path = STR("/");
    ret_endpoint->region = arena_copy(arena, region);
    return ret_endpoint->url == NULL || ret_endpoint->region.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

/* What is one per partition signs for its home. */
static str home_of(enum aws_service service, const struct partition *partition, str region)
{
    if (partition == NULL || (service != AWS_IAM && service != AWS_ORGANIZATIONS))
        return region;
    return str_from(service == AWS_IAM ? partition->home : partition->organizations_home);
}

enum err aws_endpoint_make(const struct aws_endpoints *endpoints, enum aws_service service,
    str region, struct arena *arena, struct aws_endpoint *ret_endpoint, const char **reterr_reason)
{
    const struct partition *partition = partition_of(region);
    const char *url = endpoints->urls[service];
    if (partition == NULL && (url == NULL || !is_region(region))) {
        *reterr_reason = arena_format(arena,
            "'%.*s' is no AWS region that this build knows, so nothing was sent there",
            STR_ARG(str_first(region, 64)));
        return *reterr_reason == NULL ? ERR_MEMORY : ERR_INVALID;
    }
    str home = home_of(service, partition, region);
    if (url != NULL)
        return endpoint_replaced(url, home, arena, ret_endpoint);
    return endpoint_standard(
        endpoints, service, partition, home, arena, ret_endpoint, reterr_reason);
}
