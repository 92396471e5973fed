/* network_acl.h - what the entries of a network ACL say, and where another one goes.
 *
 * An ACL is an item of DescribeNetworkAcls: entries of both directions, each list tried by
 * number from the lowest until one fits. Entries carry no tags: one is known as ours by what it
 * says and by the number that was recorded. Pure functions over the reply's tree. */
#pragma once

#include "arn.h"
#include "talk/xml.h"
#include "ip.h"

enum {
    ACL_NUMBER_MAX = 32766, /* the next is the entry that denies all the rest */
};

struct acl_entry {
    uint32_t number;
    bool is_egress;
    bool is_deny;
    bool is_all;       /* any protocol, any port */
    struct ip network; /* the other end: source of what comes in, destination of what goes out */
};

/* "203.0.113.7/32", "2001:db8::/32": as EC2 wants it; ptr is NULL when the arena is full. */
str acl_cidr(struct arena *arena, const struct ip *network);

/* One element of entrySet; false: it is of a form that is not known here. */
bool acl_entry_read(const struct xml *item, struct acl_entry *ret_entry);
/* The entry of that number and direction; false: there is none (or none that can be read). */
bool acl_entry_at(
    const struct xml *acl, uint32_t number, bool is_egress, struct acl_entry *ret_entry);
/* Whether `entry` denies all traffic with exactly `network`. */
bool acl_entry_denies(const struct acl_entry *entry, const struct ip *network);

/* The number of an entry that denies all traffic with `network`, or with a network that covers
 * it, before any entry of its direction can allow some of it; 0: there is none. */
uint32_t acl_deny_find(const struct xml *acl, bool is_egress, const struct ip *network);
/* The greatest free number below the first entry of the direction that can allow some traffic
 * with `network` (below ACL_NUMBER_MAX + 1 where none does), and below `under` unless that is
 * 0; 0: there is none. An entry that cannot be read counts as one that allows. */
uint32_t acl_number_free(
    const struct xml *acl, bool is_egress, const struct ip *network, uint32_t under);
