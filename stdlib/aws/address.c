#include "aws/address.h"

#include <arpa/inet.h>

enum { URL_BYTES_MAX = 2048 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool authority_read(struct address *address)
{
    str rest = address->authority;
    if (rest.len > 0 && rest.ptr[0] == '[') {
        size_t end = str_find(rest, ']');
        address->host = str_first(str_skip(rest, 1), end - 1);
        if (end == rest.len || !str_all_of(address->host, "abcdefABCDEF" DIGITS ":."))
            return false;
        rest = str_skip(rest, end + 1);
    } else {
        address->host = str_first(rest, str_find(rest, ':'));
        if (!str_all_of(address->host, LETTERS DIGITS ".-"))
            return false;
        rest = str_skip(rest, address->host.len);
    }
    if (rest.len > 0 && rest.ptr[0] != ':')
        return false;
    address->port = str_skip(rest, 1);
    return address->host.len > 0 && str_all_of(address->port, DIGITS) && address->port.len <= 5
           && (rest.len == 0) == (address->port.len == 0);
}

static bool path_is_plain(str path, const char *marks)
{
    for (size_t at = 0; at < path.len; at++)
        if (path.ptr[at] == '\0'
            || (strchr(LETTERS DIGITS, path.ptr[at]) == NULL
                && strchr(marks, path.ptr[at]) == NULL))
            return false;
    return true;
}

bool address_read(str url, const char *path_marks, struct address *ret_address)
{
    struct address address = { .is_tls = str_startswith(url, STR("https://")) };
    if (url.len > URL_BYTES_MAX || (!address.is_tls && !str_startswith(url, STR("http://"))))
        return false;
    str rest = str_skip(url, address.is_tls ? 8 : 7);
    address.authority = str_first(rest, str_find(rest, '/'));
    address.path = str_skip(rest, address.authority.len);
    if (!authority_read(&address) || !path_is_plain(address.path, path_marks))
        return false;
    *ret_address = address;
    return true;
}

bool address_is_loopback(str host)
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
