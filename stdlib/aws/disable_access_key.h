/* disable_access_key.h - make an IAM access key inactive, and active again.
 *
 * Calls that are signed with an inactive key are refused from then on; sessions that were made
 * with it before go on until they end. */
#pragma once

#include "aws/identity.h"
#include "aws/key_sweep.h"

struct disable_access_key {
    struct talk talk;
    struct caller caller;
    struct key_sweep sweep;
};

struct enable_access_key {
    struct talk talk;
    struct caller caller;
    struct key_sweep sweep;
};

/* access_key, account */
enum step_turn disable_access_key_next(struct step *step, const struct reply *reply);
/* access_key, user (name), account */
enum step_turn enable_access_key_next(struct step *step, const struct reply *reply);
