/* isolate_security_group.h - give each network interface of an instance a group that lets
 * nothing in or out, and only that.
 *
 * There is one such group a VPC, with a name that follows from the VPC, tagged as ours,
 * and it is empty before anything is moved into it. Interfaces are changed one by one,
 * each with its own way back; one that fails does not stop the others.
 *
 * Connections that were open before live on until EC2 no longer tracks them. With cut=untrack
 * each interface is given a group first that lets everything in and out, which EC2 does not
 * track, and at once the isolation group: that opens the instance for a moment.
 *
 * The step is a loop: list the interfaces, change those that are not as wanted, list
 * again. It ends when the list shows what was wanted, or shows that it will not. */
#pragma once

#include "aws/cut_acl.h"
#include "aws/identity.h"
#include "aws/untrack_group.h"

enum { INTERFACES_MAX = 50 };

/* What is asked of AWS: indexes the hearers. */
enum {
    ISOLATE_CALLER,
    ISOLATE_INSTANCE,
    ISOLATE_INTERFACES,
    ISOLATE_GROUP,
    ISOLATE_CREATE,
    ISOLATE_REVOKE_EGRESS,
    ISOLATE_REVOKE_INGRESS,
    ISOLATE_UNTRACK_GROUP,
    ISOLATE_UNTRACK_CREATE,
    ISOLATE_UNTRACK_INGRESS,
    ISOLATE_UNTRACK_EGRESS,
    ISOLATE_UNTRACK,
    ISOLATE_MOVE,
    ISOLATE_PUT_BACK,
    ISOLATE_ACL_NEIGHBOURS,
    ISOLATE_ACL_LOOK,
    ISOLATE_ACL_CREATE
};

struct moved_interface {
    str id;
    str subnet;
    value groups; /* as the last list shows them */
    value before; /* as they were when the first change was asked for */
    struct tries tries;
    struct tries cut;        /* given the group that is not tracked */
    const char *cut_failure; /* why its connections were not cut; or NULL */
    const char *failure;     /* why it stays as it is; or NULL */
    bool is_listed;          /* by the last list */
    bool is_isolated;        /* by the last list, or (a plan) supposed */
    bool is_due;             /* to be changed in this round */
    bool is_cut;             /* it had the group that is not tracked */
};

struct isolate_security_group {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    str group_name;
    str group; /* id; empty until the group is there and empty */
    str found_group;
    value only_group; /* a list with nothing but `group` */
    struct tries create, egress, ingress;
    struct moved_interface interfaces[INTERFACES_MAX];
    uint32_t interfaces_count;
    struct untrack_group untrack; /* used with cut=untrack */
    struct cut_acl acl;           /* with cut=nacl */
    uint32_t moving;              /* the interface whose change was asked for */
    uint32_t pages;
    bool is_plan;    /* a change was supposed, not sent */
    bool is_unknown; /* some interface's failure is not for certain */
};

/* For its parts: go on once the groups are there (or cannot be had), or once the ACLs are; the
 * instance's account and region. */
enum step_turn isolate_decide(struct step *step);
enum step_turn isolate_conclude(struct step *step);
str isolate_region(const struct step *step);
value isolate_owner(const struct step *step);

/* instance, account, region, cut */
enum step_turn isolate_security_group_next(struct step *step, const struct reply *reply);
