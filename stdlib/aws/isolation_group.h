/* isolation_group.h - the security group that isolates, and the way back from it.
 *
 * What isolate_security_group makes, two undo steps take away: each interface gets the
 * groups back that it had, then the group goes if nobody else uses it. */
#pragma once

#include "aws/identity.h"

/* Arguments of restore_interface_groups and delete_isolation_group. */
enum {
    RESTORE_INTERFACE,
    RESTORE_BEFORE,
    RESTORE_SET,
    RESTORE_ACCOUNT,
    RESTORE_REGION,
    RESTORE_CUT,
    RESTORE_ARGS
};
enum { DELETE_VPC, DELETE_NAME, DELETE_ACCOUNT, DELETE_REGION, DELETE_ARGS };

/* "cdr-isolation-vpc-1", or NULL when the arena is full. */
const char *isolation_group_name(struct arena *arena, str vpc);
/* Whether an item of DescribeSecurityGroups carries our tag. */
bool isolation_group_is_ours(const struct xml *group);
/* The first rule of such an item that somebody added: any but those that EC2 makes with a
 * group, everything out to 0.0.0.0/0 and ::/0. In words ("tcp 22 from 198.51.100.7/32") in
 * `arena`; empty when there is none, a ptr of NULL when the arena is full. */
str isolation_group_added_rule(struct arena *arena, const struct xml *group);

struct restore_interface_groups {
    struct talk talk;
    struct caller caller;
    struct tries tries;
};

struct delete_isolation_group {
    struct talk talk;
    struct caller caller;
    str group; /* id */
    struct tries tries;
};

/* The inverses of isolate_security_group: act/step.h says how each is told. */
enum step_turn restore_interface_groups_next(struct step *step, const struct reply *reply);
enum step_turn delete_isolation_group_next(struct step *step, const struct reply *reply);
