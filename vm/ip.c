#include "ip.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { V4_OFFSET = 12, ALL_BITS = 128 };

static const uint8_t v4_prefix[V4_OFFSET] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

bool ip_parse(str text, struct ip *ret_ip)
{
    char copy[INET6_ADDRSTRLEN];
    struct ip ip = { .bits = ALL_BITS };
    if (text.len == 0 || text.len >= sizeof copy || str_find(text, '\0') != text.len)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(ip.bytes, v4_prefix, sizeof v4_prefix);
    if (inet_pton(AF_INET, copy, ip.bytes + V4_OFFSET) != 1
        && inet_pton(AF_INET6, copy, ip.bytes) != 1)
        return false;
    ip.is_v4 = memcmp(ip.bytes, v4_prefix, sizeof v4_prefix) == 0;
    *ret_ip = ip;
    return true;
}

/* 0 to `most`, without sign or leading zeros. */
static bool bits_parse(str text, unsigned most, unsigned *ret_bits)
{
    unsigned bits = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text.ptr[i] - '0');
    }
    *ret_bits = bits;
    return bits <= most;
}

bool cidr_parse(str text, struct ip *ret_ip)
{
    size_t slash = str_find(text, '/');
    struct ip ip;
    unsigned bits;
    if (!ip_parse(str_first(text, slash), &ip))
        return false;
    if (slash < text.len) {
        /* ::ffff:10.0.0.0/104 counts from the front of the IPv6 address. */
        bool is_dotted = str_find(str_first(text, slash), ':') == slash;
        if (!bits_parse(str_skip(text, slash + 1), is_dotted ? 32 : ALL_BITS, &bits))
            return false;
        ip.bits = (uint8_t)(is_dotted ? IP_V4_BITS + bits : bits);
        ip.is_v4 = ip.is_v4 && ip.bits >= IP_V4_BITS;
        ip_mask(&ip);
    }
    *ret_ip = ip;
    return true;
}

str ip_format(const struct ip *ip, char out[static IP_TEXT_MAX])
{
    const char *text = ip->is_v4 ? inet_ntop(AF_INET, ip->bytes + V4_OFFSET, out, IP_TEXT_MAX)
                                 : inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_MAX);
    if (text == NULL)
        return STR("?");
    size_t used = strlen(out);
    if (ip->bits < ALL_BITS)
        snprintf(
            out + used, IP_TEXT_MAX - used, "/%d", ip->is_v4 ? ip->bits - IP_V4_BITS : ip->bits);
    return str_from(out);
}

void ip_mask(struct ip *ip)
{
    for (unsigned i = 0; i < sizeof ip->bytes; i++) {
        unsigned kept = ip->bits > 8 * i ? ip->bits - 8 * i : 0;
        if (kept < 8)
            ip->bytes[i] = (uint8_t)(ip->bytes[i] & (0xFF00u >> kept));
    }
}

bool ip_covers(const struct ip *network, const struct ip *ip)
{
    /* IPv4 is kept as ::ffff:0:0/96, which is no part of what somebody calls ::/0. */
    if (network->bits > ip->bits || network->is_v4 != ip->is_v4)
        return false;
    struct ip masked = *ip;
    masked.bits = network->bits;
    ip_mask(&masked);
    return memcmp(masked.bytes, network->bytes, sizeof masked.bytes) == 0;
}
