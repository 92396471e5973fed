/* host.h - which device of an EDR an EC2 instance is.
 *
 * EC2 says the instance's addresses, MACs and names; the EDR is asked for devices with its id, then
 * with its address (Defender for Endpoint: its address alone). One is the instance when two facts agree
 * and none contradicts (device.h); not one of several, nor one that only address and name speak for
 * while its EDR shows more than could be read. Without an instance it is looked for by what the alert
 * says of its host: address and name, which have to agree both.
 */
#pragma once

#include "act/locate.h"
#include "find/device.h"
#include "talk/talk.h"

struct find_host {
    struct talk talk;
    struct device instance;
    uint32_t address; /* of the instance, that is looked for next */
    uint32_t matches;
    uint32_t doubtful;
    str id; /* of the first match */
    const char *agreement;
    bool is_strong;
    bool has_more; /* devices that were not read */
};

enum step_turn find_host_by_falcon_next(struct step *step, const struct reply *reply);
enum step_turn find_host_by_defender_next(struct step *step, const struct reply *reply);
