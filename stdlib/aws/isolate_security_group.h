/* isolate_security_group.h - give each network interface of an instance a group that lets
 * nothing in or out, and only that.
 *
 * There is one such group a VPC, with a name that follows from the VPC, tagged as ours,
 * and it is empty before anything is moved into it. Interfaces are changed one by one,
 * each with its own way back; one that fails does not stop the others.
 *
 * The step is a loop: list the interfaces, change those that are not as wanted, list
 * again. It ends when the list shows what was wanted, or shows that it will not. */
#pragma once

#include "aws/identity.h"

enum { INTERFACES_MAX = 50 };

struct moved_interface {
    str id;
    value groups; /* as the last list shows them */
    struct tries tries;
    const char *failure; /* why it stays as it is; or NULL */
    bool is_listed;      /* by the last list */
    bool is_isolated;    /* by the last list, or (a plan) supposed */
    bool is_due;         /* to be changed in this round */
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
    uint32_t moving; /* the interface whose change was asked for */
    uint32_t pages;
    bool is_plan;    /* a change was supposed, not sent */
    bool is_unknown; /* some interface's failure is not for certain */
};

/* instance, account, region */
enum step_turn isolate_security_group_next(struct step *step, const struct reply *reply);
