/* untrack_group.h - the security group that lets everything in and out.
 *
 * EC2 does not track connections that such a group allows in both directions, so an interface
 * that gets another group after it loses them at once (EC2 user guide, security group connection
 * tracking). There is one a VPC, `cdr-untrack-VPC`, tagged as ours; interfaces have it for a moment.
 *
 * A part of isolate_security_group: where the group cannot be had, instances are isolated
 * without cutting, and that is said. */
#pragma once

#include "aws/voice.h"

struct untrack_group {
    str vpc;
    str region;
    str name;
    str found;        /* id, while its rules are looked at */
    str group;        /* id; empty until the group lets everything through */
    value only_group; /* a list with nothing but `group` */
    struct tries create, ingress, egress;
    uint32_t pages;
    bool is_ingress_supposed; /* in a plan */
    const char *failure;      /* why it cannot be had; or NULL */
};

/* Find the group or make it; isolate_decide goes on. */
enum step_turn untrack_group_begin(
    struct step *step, struct untrack_group *untrack, str vpc, str region);

enum step_turn heard_untrack_group(struct step *step, const struct answer *answer);
enum step_turn heard_untrack_create(struct step *step, const struct answer *answer);
enum step_turn heard_untrack_ingress(struct step *step, const struct answer *answer);
enum step_turn heard_untrack_egress(struct step *step, const struct answer *answer);
