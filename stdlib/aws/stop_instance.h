/* stop_instance.h - stop an EC2 instance, and start it again.
 *
 * Stopping loses memory, instance store and an automatic public address. An instance that
 * is protected against it is left running, unless the rule overrides that. */
#pragma once

#include "aws/identity.h"
#include "aws/protection.h"

struct stop_instance {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct tries tries;
    uint32_t polls;
    struct protection protection;
};

struct start_instance {
    struct talk talk;
    struct caller caller;
    struct instance instance;
    struct tries tries;
    uint32_t polls;
};

/* instance, account, region, override; instance, account, region */
enum step_turn stop_instance_next(struct step *step, const struct reply *reply);
enum step_turn start_instance_next(struct step *step, const struct reply *reply);
