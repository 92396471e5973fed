/* dedup.h - which run the later alerts of a key join, and those that did.
 *
 * `dedup by host.id for 6h`: the first alert of a host begins a run, and for six hours every other
 * one about it belongs to that run. The time counts from the first, by the clock of timers
 * (act/timers.h): neither what an alert says of its time nor a clock that is set moves it. A run can
 * be joined while it is open, when it stands or somebody decided about it, and when it changed
 * something; not when it came to nothing or was taken back: then the next alert begins another.
 */
#pragma once

#include "event.h"
#include "store/store.h"

struct dedup {
    str rule_id;      /* rule_code.id: a changed rule begins anew */
    str key;          /* dedup_key */
    int64_t run;      /* of the first alert */
    int64_t until_ms; /* time of timers; the first that counts no more */
};

/* An alert that belongs to a run of another one. */
struct joined_alert {
    str source;
    str alert;
    str rule_id;
    int64_t run;
    str rule;
    int64_t case_id;
    int64_t at_ms; /* since 1970 */
};

/* The key of the event under the rule's `dedup by`: SHA-256, hex, of the values, letters in one
 * case. Empty: the rule has no dedup, or the alert lacks a field of the key, so it stands alone.
 * In `arena`. Errors as interp_value. */
MUST_CHECK enum err dedup_key(const struct program *program, const struct rule_code *rule,
    const struct event *event, struct arena *arena, str *ret_key);

/* The window of dedup->rule_id and key that is not over at `now_ms` and whose run can be joined; sets
 * run and until_ms. ERR_NOT_FOUND. */
MUST_CHECK enum err dedup_find(struct store *store, int64_t now_ms, struct dedup *dedup);
/* Begin a window, in place of one of its key. What was over at `now_ms` is forgotten. */
MUST_CHECK enum err dedup_begin(struct store *store, int64_t now_ms, const struct dedup *dedup);

/* Record it; twice is fine. */
MUST_CHECK enum err dedup_join(struct store *store, const struct joined_alert *joined);
/* The newest run that the alert joined for the rule, or one of its name, and that can still be
 * joined. ERR_NOT_FOUND. */
MUST_CHECK enum err dedup_joined(struct store *store, const struct run_key *key, int64_t *ret_run);
/* Those that joined `run`, or are in case `case_id`; 0: any. In the order they came. */
MUST_CHECK enum err dedup_alerts(struct store *store, int64_t run, int64_t case_id,
    struct arena *arena, struct joined_alert **ret_alerts, size_t *ret_count);
