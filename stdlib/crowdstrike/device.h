/* device.h - the host of a step, as Falcon shows it: what every step on a host begins with.
 *
 *     case: return falcon_device_ask(step, LOOK, id, 0);
 *     heard: if (!falcon_device_heard(step, answer, id, &self->device, &turn)) return turn;
 */
#pragma once

#include "crowdstrike/replies.h"

/* What it says of the host, for rows. */
#define FALCON_SHOWS_DEVICE                                                                        \
    FIELD_HOST_ID, FIELD_HOST_NAME, FIELD_HOST_IP, FIELD_HOST_OS, FIELD_INSTANCE_ID,               \
        FIELD_RESOURCE_ID, FIELD_RESOURCE_TAGS, FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT,         \
        FIELD_CLOUD_REGION
/* What it needs. */
#define FALCON_DEVICE_SCOPE "hosts:read"

/* Whether args[0] of a way may be Falcon's: 32 hex digits (builtin.fits). */
bool falcon_fits(const value *args);

/* Ask for the record of `id`, as question `doing`. An id of another form ends the step as
 * unresolved, and nothing is asked. */
enum step_turn falcon_device_ask(struct step *step, uint32_t doing, str id, uint32_t delay_ms);
/* Read the answer into *device, in step->arena; `item` is of this turn alone. The first time the
 * step's target, how it was found and its facts are said. Of an assumed answer `id` alone is known.
 * False: the step ends, as *ret_turn (no such host: unresolved; the answer is about another one, or
 * was declined: failed). */
bool falcon_device_heard(struct step *step, const struct answer *answer, str id,
    struct falcon_device *device, enum step_turn *ret_turn);

/* Ask whether its agent is connected; the hearer reads it by falcon_online_of, and an answer that is
 * none means unknown. */
enum step_turn falcon_online_ask(struct step *step, uint32_t doing, str id);

/* "host web-1 (15dbb9d8..)" for sentences; the id alone where it has no name. NULL: memory. */
const char *falcon_device_words(struct step *step, const struct falcon_device *device);
/* Why Real Time Response cannot collect from such a host: the platform; its response policy is not
 * there or not applied yet. NULL: nothing in its record speaks against it. In the arena, and empty
 * when that is full. */
const char *falcon_device_refusal(struct arena *arena, const struct falcon_device *device);
