/* canary.h - an alert of our own that takes the whole way each minute: intake, journal, evaluator.
 *
 * Where it does not arrive, the daemon is deaf, whatever else seems to work: health is bad. It is
 * nobody's alert: no rule may fire for it, no list shows it, and it is forgotten once evaluated.
 */
#pragma once

#include "serve/daemon.h"

/* The way in of alerts that are canaries. */
#define CANARY_WAY "canary"

struct canary;

/* `every_ms` apart; one that takes longer than that is late. 0: there are none. ERR_MEMORY. */
MUST_CHECK enum err canary_new(struct daemon *daemon, int64_t every_ms, struct canary **ret_canary);
/* Put one in when it is time, and look what became of the last; to be called about each second, by
 * one thread. Never waits for the intake. */
void canary_tick(struct canary *canary);

struct canary_state {
    bool is_bad;
    const char *why; /* a sentence, static; NULL: it is not bad */
    int64_t last_ms; /* when one last took the whole way; 0: none has yet */
};
/* Any thread. */
struct canary_state canary_state(struct canary *canary);
/* When the intake has ended: it may still answer before. NULL is fine. */
void canary_free(struct canary *canary);
