/* networks.h - from an address to the predicates of all networks that cover it.
 *
 * Two networks are apart, or one lies in the other: they are a forest. Their first and last
 * addresses cut the addresses into pieces, and each piece has one innermost network; all others
 * that cover it are that one's ancestors. So an address costs a binary search and what holds.
 * IPv4 and IPv6 are two such forests, as for ip_covers.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/truths.h"
#include "value.h"

struct network {
    const struct ip *ip; /* borrowed while the networks are made; an address is one of 128 bits */
    uint32_t predicate;
};

struct networks;

/* In `arena`; NULL when there are none. `items` are sorted in place. Rows get numbers from *io_rows on.
 * ERR_MEMORY. */
MUST_CHECK enum err networks_new(struct arena *arena, struct network *items, uint32_t count,
    uint32_t *io_rows, const struct networks **ret_networks);

/* Mark the networks that cover the address, which has 128 bits. */
void networks_mark(
    const struct networks *networks, const struct ip *address, struct truths *truths);

/* Distinct networks; 0 for NULL. */
uint32_t networks_count(const struct networks *networks);
