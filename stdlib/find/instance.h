/* instance.h - which EC2 instance the device of an EDR is.
 *
 * The EDR's own record of the device is asked first: its addresses, MACs, and what the agent read of the
 * instance's metadata. Then EC2 in each place where the instance may be (accounts and regions that the
 * rules name, those of the record, the connection's own) for instances with that id or one of those
 * addresses. One is the device when two facts agree and none contradicts (device.h); not one of several,
 * nor, with address and name alone, one that was found while another place could not be read.
 */
#pragma once

#include "act/locate.h"
#include "find/device.h"
#include "talk/talk.h"

enum { FIND_PLACES_MAX = 64 };

struct find_place {
    str account; /* empty: the connection's own */
    str region;  /* empty: the same */
};

struct find_instance {
    struct talk talk;
    struct device device;
    struct find_place places[FIND_PLACES_MAX];
    uint32_t place_count;
    uint32_t place; /* the one that is asked */
    uint32_t matches;
    uint32_t doubtful; /* instances of which only one fact agreed, or one contradicted */
    str arn;           /* of the first match */
    const char *agreement;
    bool is_strong;     /* id or MAC is among what agreed */
    const char *unread; /* places that could not be asked, and why; or NULL */
    const char *edr;    /* why the EDR could not be asked; or NULL */
};

enum step_turn find_instance_next(struct step *step, const struct reply *reply);
