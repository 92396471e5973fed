/* isolate_role.h - deny an IAM role everything.
 *
 * A role is isolated by an inline policy that denies everything. IAM judges each call
 * anew, so sessions that were handed out before are cut off as well. */
#pragma once

#include "aws/inline_policy.h"
#include "aws/principal.h"

struct isolate_role {
    struct principal principal; /* first */
    struct inline_policy policy;
};

/* role, instance, account, region */
enum step_turn isolate_role_next(struct step *step, const struct reply *reply);
