/* ip.h - addresses and networks: reading, writing, covering. */
#pragma once

#include "value.h"

enum { IP_TEXT_MAX = 64, IP_V4_BITS = 96 /* of every network of IPv4, before its own */ };

/* An address without `/`, by inet_pton: four decimal numbers without leading zeros, or
 * IPv6 without a zone. ::ffff:a.b.c.d is the IPv4 address. */
bool ip_parse(str text, struct ip *ret_ip);
/* A network `10.0.0.0/8`, or an address: a network of one. Bits past the length are
 * cleared. */
bool cidr_parse(str text, struct ip *ret_ip);
/* As both are written; a network of one as an address. */
str ip_format(const struct ip *ip, char out[static IP_TEXT_MAX]);
/* Clear what is past `bits`. */
void ip_mask(struct ip *ip);
/* Whether `network` covers the whole of `ip`: networks of IPv4, which are those inside of
 * ::ffff:0:0/96, cover IPv4, the others IPv6. */
bool ip_covers(const struct ip *network, const struct ip *ip);
