/* ec2_rules.h - rules of security groups.
 *
 * The world keeps a group's rules flat, one source each, as DescribeSecurityGroupRules
 * shows them: {"securityGroupRuleId", "isEgress", "ipProtocol", "fromPort", "toPort",
 * one of "cidrIpv4" | "cidrIpv6" | "prefixListId" | "referencedGroupId", "description"}.
 * Ports are -1 where the protocol has none.
 */
#pragma once

#include "sandbox/ec2.h"

/* The rules that IpPermissions.N describe, without ids, checked and in canonical form:
 * array, new reference. NULL: refused. An empty array when there are none. */
json_t *ec2_rules_read(struct call *call, bool is_egress);
/* Whether both describe the same traffic; descriptions and ids do not count. */
bool ec2_rules_equal(const json_t *a, const json_t *b);
/* The group's rule equal to `rule`, borrowed, or NULL. */
json_t *ec2_rule_like(const json_t *group, const json_t *rule);

/* <ipPermissions> and the like under `tag`: the rules of one direction, those with the
 * same protocol and ports together. */
void ec2_write_permissions(struct call *call, const char *tag, const json_t *rules, bool is_egress);

/* Permissions "all traffic to anywhere", IPv4 and IPv6, that a new group begins with. New
 * reference or NULL. */
json_t *ec2_rules_default(struct call *call);

/* "10.0.0.1/8" of AF_INET or AF_INET6 with its bits past the length cleared, as EC2 does, in the
 * call's arena; NULL for what is no range. */
const char *ec2_range(struct call *call, const char *text, int family);

/* Give each of `rules` an id of its own, before it joins a group. False: no memory. */
MUST_CHECK bool ec2_rules_mint(struct call *call, json_t *rules);
