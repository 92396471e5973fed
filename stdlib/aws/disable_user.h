/* disable_user.h - keep an IAM user from doing anything: in the console, by keys, in sessions.
 *
 * An inline policy denies everything, and each active access key becomes inactive. The login
 * profile stays: deleting it would lose the password, which nobody could give back. */
#pragma once

#include "aws/inline_policy.h"
#include "aws/key_sweep.h"
#include "aws/principal.h"

struct disable_user {
    struct principal principal; /* first */
    struct inline_policy policy;
    bool is_denied;    /* the policy is there, or would be */
    bool is_unclear;   /* it was accepted and does not show */
    const char *fault; /* why it is not there; NULL: it is */
    struct key_sweep sweep;
};

/* user, account */
enum step_turn disable_user_next(struct step *step, const struct reply *reply);
