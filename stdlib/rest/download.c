/* download.c - see download.h. */
#include "rest/download.h"

enum { URL_BYTES_MAX = 8 * 1024, HOST_BYTES_MAX = 255 };

struct stores {
    const char *service;
    const char *suffixes[4];
};

static const struct stores stores[] = {
    { REST_DOWNLOAD_MDE, { ".blob.core.windows.net", ".blob.core.usgovcloudapi.net",
                             ".blob.core.chinacloudapi.cn" } },
};

/* What follows the scheme: "host/path?query"; empty: it is no address. *ret_is_plain: http. */
static str after_scheme(str url, bool *ret_is_plain)
{
    *ret_is_plain = str_startswith(url, STR("http://"));
    if (*ret_is_plain)
        return str_skip(url, strlen("http://"));
    return str_startswith(url, STR("https://")) ? str_skip(url, strlen("https://")) : STR("");
}

static bool is_authority(str host)
{
    return host.len > 0 && host.len <= HOST_BYTES_MAX
           && str_all_of(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:");
}

static bool is_address(str text)
{
    bool is_one = text.len <= URL_BYTES_MAX && is_authority(str_first(text, str_find(text, '/')));
    for (size_t at = 0; at < text.len; at++)
        is_one &= text.ptr[at] > ' ' && text.ptr[at] < 0x7F && text.ptr[at] != '#';
    return is_one;
}

struct request rest_download(struct step *step, const char *service, str target, str url)
{
    bool is_plain;
    str text = after_scheme(url, &is_plain);
    const char *path = arena_format(step->arena, "/%.*s", STR_ARG(text));
    if (!is_address(text) || path == NULL)
        return (struct request){ .service = service, .operation = "Download" };
    struct rest_draft draft = rest_begin(step, service, "Download", target, "GET", path);
    return rest_end(&draft);
}

bool rest_is_store(const char *service, str host)
{
    for (size_t at = 0; at < COUNT_OF(stores); at++)
        for (size_t end = 0;
             strcmp(stores[at].service, service) == 0 && end < COUNT_OF(stores[at].suffixes)
             && stores[at].suffixes[end] != NULL;
             end++)
            if (host.len > strlen(stores[at].suffixes[end])
                && str_endswith(host, str_from(stores[at].suffixes[end])))
                return true;
    return false;
}

str rest_download_url(
    struct arena *arena, const char *service, const struct rest_request *request, str base)
{
    str nowhere = { NULL, 0 };
    str text = str_skip(request->path, 1);
    str host = str_first(text, str_find(text, '/'));
    bool is_plain;
    str own = after_scheme(base, &is_plain);
    bool is_own = own.len > 0 && str_equal(host, str_first(own, str_find(own, '/')));
    if (!is_authority(host) || !(is_own || rest_is_store(service, host)))
        return nowhere;
    const char *url = arena_format(arena, "%s://%.*s%s%.*s", is_own && is_plain ? "http" : "https",
        STR_ARG(text), request->query.len > 0 ? "?" : "", STR_ARG(request->query));
    return url == NULL ? nowhere : str_from(url);
}
