#include "aws/endpoint.h"

#include <arpa/inet.h>

enum { URL_BYTES_MAX = 2048, REGION_BYTES_MAX = 32 };

/* The first row whose prefix a region has is its partition. */
static const struct partition {
    const char *prefix;
    const char *suffix; /* of regional hosts: service.region.suffix */
    const char *iam_host;
    const char *iam_region;
} partitions[] = {
    { "cn-", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1" },
    { "us-gov-", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1" },
    { "eusc-", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1" },
    { "af-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "ap-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "ca-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "eu-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "il-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "me-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "mx-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "sa-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
    { "us-", "amazonaws.com", "iam.amazonaws.com", "us-east-1" },
};

/* --- replaced addresses --- */

/* An address taken apart; all borrowed from it. */
struct address {
    bool is_tls;
    str host; /* without brackets */
    str port; /* digits, or empty */
    str authority;
    str path; /* may be empty */
};

static bool all_of(str text, const char *allowed)
{
    for (size_t at = 0; at < text.len; at++)
        if (text.ptr[at] == '\0' || strchr(allowed, text.ptr[at]) == NULL)
            return false;
    return true;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool authority_read(struct address *address)
{
    str rest = address->authority;
    if (rest.len > 0 && rest.ptr[0] == '[') {
        size_t end = str_find(rest, ']');
        address->host = str_first(str_skip(rest, 1), end - 1);
        if (end == rest.len || !all_of(address->host, "abcdefABCDEF" DIGITS ":."))
            return false;
        rest = str_skip(rest, end + 1);
    } else {
        address->host = str_first(rest, str_find(rest, ':'));
        if (!all_of(address->host, LETTERS DIGITS ".-"))
            return false;
        rest = str_skip(rest, address->host.len);
    }
    if (rest.len > 0 && rest.ptr[0] != ':')
        return false;
    address->port = str_skip(rest, 1);
    return address->host.len > 0 && all_of(address->port, DIGITS) && address->port.len <= 5
           && (rest.len == 0) == (address->port.len == 0);
}

/* Few forms and few characters: what this reads and what libcurl reads must never be two
 * different hosts. */
static bool address_read(str url, struct address *ret_address)
{
    struct address address = { .is_tls = str_startswith(url, STR("https://")) };
    if (url.len > URL_BYTES_MAX || (!address.is_tls && !str_startswith(url, STR("http://"))))
        return false;
    str rest = str_skip(url, address.is_tls ? 8 : 7);
    address.authority = str_first(rest, str_find(rest, '/'));
    address.path = str_skip(rest, address.authority.len);
    if (!authority_read(&address) || !all_of(address.path, LETTERS DIGITS "/-_"))
        return false;
    *ret_address = address;
    return true;
}

static bool is_loopback(str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (strcasecmp(text, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

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
    if (!address_read(url, &address))
        return refuse(arena, name, url,
            "is not an address like https://host:port: no user, query or special characters",
            reterr_reason);
    if (!address.is_tls && !is_loopback(address.host))
        return refuse(arena, name, url,
            "is plain http to another machine, where signed requests could be read and sent "
            "again: use https, or a loopback address",
            reterr_reason);
    *ret_url = arena_copy(arena, url).ptr;
    return *ret_url == NULL ? ERR_MEMORY : ERR_OK;
}

static bool is_true(const struct aws_environment *environment, const char *name)
{
    const char *value = aws_environment_get(environment, name);
    return value != NULL && strcasecmp(value, "true") == 0;
}

enum err aws_endpoints_read(const struct aws_environment *environment, str given_url,
    str profile_url, struct arena *arena, struct aws_endpoints *ret_endpoints,
    const char **reterr_reason)
{
    struct aws_endpoints endpoints = { { NULL } };
    if (is_true(environment, "AWS_USE_FIPS_ENDPOINT"))
        return refuse(arena, "AWS_USE_FIPS_ENDPOINT", STR("true"),
            "is not in this build: set AWS_ENDPOINT_URL_EC2, _IAM and _STS to the FIPS addresses",
            reterr_reason);
    for (enum aws_service at = 0; at < AWS_SERVICE_COUNT; at++) {
        const char *name = "url";
        str url = given_url;
        if (url.len == 0 && is_true(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
            break;
        if (url.len == 0) {
            name = aws_service_info(at)->variable;
            url = str_from(aws_environment_get(environment, name));
        }
        if (url.len == 0) {
            name = "AWS_ENDPOINT_URL";
            url = str_from(aws_environment_get(environment, name));
        }
        if (url.len == 0) {
            name = "endpoint_url";
            url = profile_url;
        }
        TRY(replacement_take(arena, name, url, &endpoints.urls[at], reterr_reason));
    }
    *ret_endpoints = endpoints;
    return ERR_OK;
}

/* --- one endpoint --- */

static bool is_region(str region)
{
    return region.len > 0 && region.len <= REGION_BYTES_MAX
           && all_of(region, "abcdefghijklmnopqrstuvwxyz" DIGITS "-");
}

/* The partition of a region, or NULL. Regions come from alerts, so what does not look like
 * one becomes no part of a host name: letters, hyphens, a number at the end. */
static const struct partition *partition_of(str region)
{
    str number = str_skip(region, str_find_last(region, '-') + 1);
    if (!is_region(region) || number.len == 0 || number.len > 2 || !all_of(number, DIGITS)
        || str_startswith(region, STR("us-iso")))
        return NULL;
    for (size_t at = 0; at < COUNT_OF(partitions); at++)
        if (str_startswith(region, str_from(partitions[at].prefix)))
            return &partitions[at];
    return NULL;
}

static enum err endpoint_replaced(
    const char *url, str region, struct arena *arena, struct aws_endpoint *ret_endpoint)
{
    struct address address;
    if (!address_read(str_from(url), &address))
        return ERR_INVALID;
    bool has_path = address.path.len > 0;
    ret_endpoint->url = has_path ? url : arena_format(arena, "%s/", url);
    ret_endpoint->is_replaced = true;
    ret_endpoint->host = address.authority;
    ret_endpoint->path = has_path ? address.path : STR("/");
    ret_endpoint->region = arena_copy(arena, region);
    return ret_endpoint->url == NULL || ret_endpoint->region.ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err endpoint_standard(enum aws_service service, const struct partition *partition,
    str region, struct arena *arena, struct aws_endpoint *ret_endpoint)
{
    const char *host = service == AWS_IAM
                           ? partition->iam_host
                           : arena_format(arena, "%s.%.*s.%s", aws_service_info(service)->signing,
                               STR_ARG(region), partition->suffix);
    if (host == NULL)
        return ERR_MEMORY;
    ret_endpoint->is_replaced = false;
    ret_endpoint->url = arena_format(arena, "https://%s/", host);
    ret_endpoint->host = str_from(host);
    ret_endpoint->path = STR("/");
    ret_endpoint->region = arena_copy(arena, region);
    return ret_endpoint->url == NULL || ret_endpoint->region.ptr == NULL ? ERR_MEMORY : ERR_OK;
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
    /* IAM is one per partition and signs for its home. */
    str signed_region =
        service == AWS_IAM && partition != NULL ? str_from(partition->iam_region) : region;
    if (url != NULL)
        return endpoint_replaced(url, signed_region, arena, ret_endpoint);
    return endpoint_standard(service, partition, signed_region, arena, ret_endpoint);
}
