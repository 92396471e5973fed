/* metadata.h - take the metadata service from an instance, and give it back.
 *
 * Without it no program on the instance gets fresh credentials of its role, nor does whoever
 * made one ask for him. What was handed out before lives on for hours. Only the endpoint is
 * changed; the other options (tokens, hops) stay as they are. */
#pragma once

#include "aws/identity.h"

struct metadata {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct tries tries;
    uint32_t polls;
    bool is_seen; /* the first look is over */
};

/* instance, account, region */
enum step_turn disable_metadata_next(struct step *step, const struct reply *reply);
enum step_turn enable_metadata_next(struct step *step, const struct reply *reply);
