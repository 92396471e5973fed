/* alarms.h - what people are told: alarms, when they begin and when they are over, and steps that
 * begin to wait for somebody.
 *
 * An alarm is an edge: while it lasts nothing more is said of it. What lasts at a start, and what
 * waits by then, is told once more. Text of alerts is in `detail` and `target` alone, cut.
 */
#pragma once

#include "serve/daemon.h"
#include "serve/herald.h"

/* ALARM(id, name): as messages have it. */
#define ALARMS(ALARM)                                                                              \
    ALARM(WAY_SILENT, "way_silent")                                                                \
    ALARM(CANARY_LATE, "canary_late")                                                              \
    ALARM(RULES_REFUSED, "rules_refused")                                                          \
    ALARM(STORE_FAILED, "store_failed")                                                            \
    ALARM(ALERT_SET_ASIDE, "alert_set_aside")                                                      \
    ALARM(BREAKER_OPEN, "breaker_open")                                                            \
    ALARM(PAUSED, "paused")

enum alarm {
#define ALARM(id, name) ALARM_##id,
    ALARMS(ALARM)
#undef ALARM
        ALARM_COUNT
};

enum {
    ALARMS_MAX = 256, /* that last at once; more are in the metrics alone */
    ALARM_DETAIL_BYTES_MAX = 1024,
    ALARM_WORD_BYTES_MAX = 256, /* of a name, a rule, a target */
};

struct alarms;

/* Something that is the matter now. */
struct finding {
    enum alarm what;
    str name; /* which way, which connection; or empty */
    str detail;
};

/* With a herald of its own, that sends over the network. ERR_MEMORY, ERR_LIMIT (no thread). */
MUST_CHECK enum err alarms_start(
    struct daemon *daemon, const struct channels *channels, struct alarms **ret_alarms);
/* With that herald, which is its own from now on, also after an error. ERR_MEMORY. */
MUST_CHECK enum err alarms_new(
    struct daemon *daemon, struct herald *herald, struct alarms **ret_alarms);
/* Look at the daemon, and tell what is new; to be called about each second, by one thread. Never
 * waits for a receiver. */
void alarms_tick(struct alarms *alarms);
/* Tell what of `findings` is new, and what is not among them any more. What is known of an alarm for
 * which `unknown` has the bit (1 << alarm) could not be found out and stays as it is. */
void alarms_note(
    struct alarms *alarms, const struct finding *findings, size_t count, unsigned unknown);
/* Within about a second, and the herald too. NULL is fine. */
void alarms_stop(struct alarms *alarms);
