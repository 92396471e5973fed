/* entity.h - the things that an alert is about, by identifiers that nobody can choose.
 *
 * Alerts about one entity are one case (store/cases.h). Names and addresses are no entities: an
 * attacker chooses them, or shares them with others.
 */
#pragma once

#include "event.h"

enum {
    ENTITIES_OF_FIELD_MAX = 32, /* of one field of one alert; the first ones count */
    ENTITY_FIELDS = 6,
    ENTITIES_MAX = ENTITIES_OF_FIELD_MAX * ENTITY_FIELDS,
};

struct entity {
    str field; /* "instance.id"; static */
    str scope; /* the source whose identifier it is; empty: the same at every source */
    str value;
};

/* The entities of the event, in the order of how surely they name one thing: instance.id, role.arn
 * (an ARN), access_key.id, sg.id, each the same whoever says so, as its form vouches for it; then
 * host.id and user.id of the event's source, unless an attacker may have written them. What stands
 * for many things at once is left out: a well-known SID, a row of zeros, "unknown". At most
 * ENTITIES_MAX, in `arena`, pointing into the event. ERR_MEMORY. */
MUST_CHECK enum err event_entities(const struct event *event, struct arena *arena,
    struct entity **ret_entities, size_t *ret_count);
