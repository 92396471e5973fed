/* isolate_role.h - deny an IAM role everything, and take that back.
 *
 * A role is isolated by an inline policy that denies everything. IAM judges each call
 * anew, so sessions that were handed out before are cut off as well. */
#pragma once

#include "aws/identity.h"

struct isolate_role {
    struct talk talk;
    struct caller caller;
    str role;      /* ARN, once it is known; what was given until then */
    bool is_shown; /* GetRole was asked */
    struct tries tries;
};

struct release_role {
    struct talk talk;
    struct caller caller;
    struct tries tries;
};

/* role, instance, account, region */
enum step_turn isolate_role_next(struct step *step, const struct reply *reply);
/* role (ARN), policy (the document that was put) */
enum step_turn release_role_next(struct step *step, const struct reply *reply);
