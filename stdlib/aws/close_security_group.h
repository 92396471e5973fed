/* close_security_group.h - revoke the rules of a security group that are open to the world, and
 * authorize them again.
 *
 * Open is what names 0.0.0.0/0 or ::/0: what comes in, unless the rule asks for what goes out.
 * The step is a loop: list the rules, revoke by id those that are open, list again. Connections
 * that were let in before live on until EC2 no longer tracks them. */
#pragma once

#include "aws/security_group.h"

struct close_security_group {
    struct talk talk;
    struct caller caller;
    struct security_group group;
    struct rule_list list;       /* as the last look shows it */
    struct rule_list revoked[2]; /* what was asked for last, in and out */
    struct tries tries[2];
    uint32_t closed;  /* rules that were asked to go */
    const char *told; /* which, in words; NULL: none yet */
    bool is_offline;  /* which rules there are is not known */
    bool is_plan;
};

/* Arguments of reopen_security_group. */
enum { REOPEN_GROUP, REOPEN_DIRECTION, REOPEN_RULES, REOPEN_ACCOUNT, REOPEN_REGION, REOPEN_ARGS };

struct reopen_security_group {
    struct talk talk;
    struct caller caller;
    struct rule_list list;
    struct rule_list missing;
    struct tries tries;
};

/* group, account, region, direction */
enum step_turn close_security_group_next(struct step *step, const struct reply *reply);
enum step_turn reopen_security_group_next(struct step *step, const struct reply *reply);
