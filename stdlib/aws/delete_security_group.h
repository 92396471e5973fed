/* delete_security_group.h - delete a security group that nobody uses.
 *
 * One made again has another id, so nothing brings it back: the plan and the reason hold its
 * name, rules and tags. Who uses it is looked for and named before anything is asked for. */
#pragma once

#include "aws/security_group.h"

struct delete_security_group {
    struct talk talk;
    struct caller caller;
    struct security_group group;
    struct rule_list list;
    struct tries tries;
    const char *record;  /* "web in vpc-1: .." */
    const char *holders; /* "interface eni-1, ..": who uses it; "" */
    uint32_t holders_count, pages;
};

/* group, account, region */
enum step_turn delete_security_group_next(struct step *step, const struct reply *reply);
