/* contain.h - containment of a host by Falcon: cut off from everything but Falcon's cloud, and back.
 *
 * Falcon takes the request at once and the host takes it when it is connected, so that it counts
 * when device.status says it. An offline host stays pending until it is back: that is told as
 * partial, once Falcon says that it is offline or after some minutes, and nothing is sent again.
 */
#pragma once

#include "crowdstrike/device.h"

struct contain_direction;

struct contain {
    struct talk talk; /* first */
    const struct contain_direction *way;
    struct falcon_device device;
    struct tries tries;
    uint32_t polls;       /* while it is pending, or on its way to where it was */
    bool has_asked;       /* whether the agent is connected */
    const char *declined; /* why Falcon would not, for a person; NULL: it did not say no */
};

/* builtin.next of isolate_host (HOST_ISOLATE_PARAMS) and of lift_containment (LIFT_HOST). */
enum step_turn contain_next(struct step *step, const struct reply *reply);
enum { LIFT_HOST };
enum step_turn lift_containment_next(struct step *step, const struct reply *reply);
