/* requests_acl.h - network ACLs: which one a subnet has, and its entries.
 *
 * Builders as in requests.h. Source: EC2 API reference, DescribeNetworkAcls,
 * CreateNetworkAclEntry, DeleteNetworkAclEntry. None of them knows a client token. */
#pragma once

#include "act/step.h"
#include "aws/network_acl.h"

/* Filtered by one name: "association.subnet-id" (every subnet has exactly one),
 * "network-acl-id"; `page` is the token of the next page, or empty. */
struct request ec2_describe_acls(
    struct step *step, str region, const char *filter, str wanted, str page);
/* An entry that denies all traffic with the network `cidr` (10.0.0.0/8, 2001:db8::1/128; as
 * acl_cidr writes it) in one direction. `number` 0, for a plan that asks nobody: not known yet. */
struct request ec2_create_acl_deny(
    struct step *step, str region, str acl, uint32_t number, bool is_egress, str cidr);
struct request ec2_delete_acl_entry(
    struct step *step, str region, str acl, uint32_t number, bool is_egress);
