/* machine.h - a device as Defender for Endpoint knows it.
 *
 * https://learn.microsoft.com/en-us/defender-endpoint/api/machine. Defender answers 404 too for a
 * machine that has not reported for long. */
#pragma once

#include "builtin.h"
#include "rest/voice.h"

/* Fields that machine_heard says, for rows (builtin.shows). */
#define SHOWS_MACHINE                                                                              \
    FIELD_HOST_ID, FIELD_HOST_NAME, FIELD_HOST_IP, FIELD_HOST_OS, FIELD_INSTANCE_ID,               \
        FIELD_RESOURCE_ID, FIELD_RESOURCE_TAGS, FIELD_CLOUD_PROVIDER, FIELD_CLOUD_ACCOUNT

/* In the step's arena. */
struct machine {
    str id;
    str name;      /* computerDnsName: the host's own word for itself */
    str os;        /* osPlatform: "Windows11", "Linux", ..; empty while planning offline */
    str health;    /* healthStatus: "Active", "Inactive", .. */
    str last_seen; /* RFC 3339 */
};

/* Whether `id` may be one: 40 hex digits. */
bool machine_is_id(str id);
/* `fits` of rows whose first parameter is the host. */
bool machine_fits(const value *args);

/* Ask for machine `id` as question `doing`, and name it as the step's target ("host/<id>"). Ends the
 * step as unresolved where it is no id of a machine. */
enum step_turn machine_ask(struct step *step, uint32_t doing, str id);
/* Whether the answer shows it, onboarded: then it is read into *ret_machine, and what Defender shows of
 * it is said as facts; or an assumed answer, of which the id alone is known. False: the turn is in
 * *ret_turn. */
bool machine_heard(struct step *step, const struct answer *answer, str id,
    struct machine *ret_machine, enum step_turn *ret_turn);

/* Of a machine whose system is known. */
bool machine_is_windows(const struct machine *machine);
bool machine_is_macos(const struct machine *machine);
/* Why live response has no collector for a machine of that osPlatform, which is known: "runs macOS
 * (..): .."; NULL: it has, or the arena is full. */
const char *machine_live_refusal(struct arena *arena, str os);
/* "; Defender calls it Inactive, last seen 2026-01-01T00:00:00Z" of one that may not be reached, or
 * nothing; NULL: the arena is full. */
const char *machine_doubt(struct step *step, const struct machine *machine);
