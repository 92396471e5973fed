/* terminate_instance.h - end an EC2 instance for good.
 *
 * Nothing brings it back: not its memory, its instance store, its addresses, nor the volumes
 * that go with it, which the plan and the reason name. One that is protected against it is left
 * alone, unless the rule overrides that. */
#pragma once

#include "aws/identity.h"
#include "aws/protection.h"

struct terminate_instance {
    struct talk talk;
    struct caller caller;
    struct instance instance; /* as the first look showed it */
    struct protection protection;
    struct tries tries;
    uint32_t polls;
    bool is_seen;     /* `instance` is filled in */
    const char *lost; /* "the volumes vol-1 are deleted with it, vol-2 stay" */
};

/* instance, account, region, override */
enum step_turn terminate_instance_next(struct step *step, const struct reply *reply);
