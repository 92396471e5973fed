/* requests_ec2.h - what steps ask of EC2 beyond requests.h: protections, metadata, the end of an
 * instance, and rules of security groups. As there. */
#pragma once

#include "act/step.h"
#include "talk/xml.h"

/* attribute: "disableApiStop", "disableApiTermination". */
struct request ec2_set_instance_flag(
    struct step *step, str region, str instance, str attribute, bool is_on);
struct request ec2_terminate_instance(struct step *step, str region, str instance);
/* endpoint: "enabled", "disabled". */
struct request ec2_set_metadata_endpoint(struct step *step, str region, str instance, str endpoint);

/* One group by its id, with its rules. */
struct request ec2_describe_group(struct step *step, str region, str group);
/* The groups one of whose rules of that direction names `group`. */
struct request ec2_describe_groups_naming(
    struct step *step, str region, str group, bool is_egress, str page);
/* Rules one by one; `page` is a NextToken, or empty. */
struct request ec2_describe_rules(struct step *step, str region, str group, str page);

/* One rule of a group, as DescribeSecurityGroupRules shows it. */
struct group_rule {
    str id;       /* sgr-..; empty: not known */
    str protocol; /* "tcp", "-1" */
    str from;     /* port or ICMP type; "-1": any, of a protocol that has none */
    str to;
    str peer; /* 192.0.2.0/24, ::/0; of a rule that is only shown: pl-1, sg-1 too */
    str description;
    bool is_egress;
};

/* Revoke by ids: those of the `count` rules that are of that direction. */
struct request ec2_revoke_rule_ids(struct step *step, str region, str group, bool is_egress,
    const struct group_rule *rules, uint32_t count);
/* Authorize those of the `count` rules, for ranges, that are of that direction, with their descriptions. */
struct request ec2_authorize_rules(struct step *step, str region, str group, bool is_egress,
    const struct group_rule *rules, uint32_t count);
