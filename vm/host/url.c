/* url.c - see url.h. */
#include "host/url.h"

enum { BYTE_VALUE_MAX = 255, BYTE_DIGITS_MAX = 3, IP_PARTS = 4 };

/* What stands between the scheme and the path: user, host, port. */
static str authority(str url)
{
    size_t end = 0;
    if (str_startswith(url, STR("https://")))
        url = str_skip(url, strlen("https://"));
    else if (str_startswith(url, STR("http://")))
        url = str_skip(url, strlen("http://"));
    else
        return STR("");
    /* A backslash is a slash to some readers, so it ends the host, and then nothing is safe. */
    while (end < url.len && memchr("/?#\\", url.ptr[end], 4) == NULL)
        end++;
    return str_first(url, end);
}

str url_host(str url)
{
    str text = authority(url);
    size_t at = str_find_last(text, '@');
    if (at < text.len)
        text = str_skip(text, at + 1);
    if (str_startswith(text, STR("[")))
        return str_first(str_skip(text, 1), str_find(str_skip(text, 1), ']'));
    return str_first(text, str_find(text, ':'));
}

/* 127.0.0.0/8, all four parts in decimal. */
static bool is_loopback_ip(str host)
{
    int parts = 0;
    bool is_right = str_startswith(host, STR("127.")) && !str_endswith(host, STR("."));
    while (is_right && parts < IP_PARTS) {
        str part = str_first(host, str_find(host, '.'));
        int number = 0;
        for (size_t at = 0; at < part.len && at < BYTE_DIGITS_MAX; at++)
            number = number * 10 + (part.ptr[at] - '0');
        is_right = part.len > 0 && part.len <= BYTE_DIGITS_MAX && str_all_of(part, "0123456789")
                   && number <= BYTE_VALUE_MAX;
        host = str_skip(host, part.len < host.len ? part.len + 1 : part.len);
        parts++;
    }
    return is_right && parts == IP_PARTS && host.len == 0;
}

bool url_is_to_this_machine(str url)
{
    str text = authority(url);
    str host = url_host(url);
    if (str_find(text, '@') < text.len || str_find(url, '\\') < url.len)
        return false;
    return str_is(host, "localhost") || is_loopback_ip(host)
           || (str_startswith(text, STR("[")) && str_is(host, "::1"));
}

bool url_is_safe(str url)
{
    str text = authority(url);
    for (size_t at = 0; at < url.len; at++)
        if (url.ptr[at] <= ' ' || url.ptr[at] > '~' || url.ptr[at] == '\\')
            return false;
    if (url_host(url).len == 0 || str_find(text, '@') < text.len)
        return false;
    return str_startswith(url, STR("https://")) || url_is_to_this_machine(url);
}
