/* alerts.h - alerts as they came in, before anything is made of them: what is in here was
 * acknowledged, and is evaluated at least once.
 *
 * An alert is known by its text: the same text (SHA-256) by the same way in, read as of the same
 * source, is the same alert, as long as it is kept. What it is called, of which source it is and
 * whether it is an update of an earlier one is known once it was evaluated.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum alert_state {
    ALERT_WAITING,   /* to be evaluated */
    ALERT_EVALUATED, /* by the rule set that program_hash names */
    ALERT_DEAD,      /* set aside for a person; `reason` says why */
    ALERT_STATE_COUNT
};

/* "waiting", ...; static. */
const char *alert_state_name(enum alert_state state);

struct alert_record {
    int64_t id;        /* from 1, in the order they came in; 0 before it is stored */
    str way;           /* the way in by its name: "api", "webhook hook", "poll gd", ... */
    str forced_source; /* as whose alert it is read, or empty */
    str text;          /* as it came, less what alerts_redact has blanked; empty in lists */
    str digest;        /* SHA-256 over the text, hex */
    int64_t received_ms;
    enum alert_state state;
    uint32_t attempts; /* to evaluate it, each written down before it was made */
    uint64_t copies;   /* how often it came in again */
    /* once it was evaluated */
    str source;
    str name; /* event_name */
    int64_t
        first; /* the first alert of that source and name, when that is another: an update of it */
    str program_hash; /* the rule set that decided */
    int64_t evaluated_ms;
    uint32_t matched; /* rules that fired */
    str reason;       /* of a dead one */
};

/* Keep an alert: sets record->id, and *ret_is_new unless it is known; then `copies` of that one
 * goes up, and record->copies is that. Reads way (not empty), forced_source, text, received_ms.
 * Inside store_begin and store_commit for many at once. ERR_STORE (also a full disk), ERR_MEMORY. */
MUST_CHECK enum err alerts_put(struct store *store, struct alert_record *record, bool *ret_is_new);

/* Count a copy of an alert that is known, and set its id and copies; of one that is not, id stays 0 and
 * nothing is stored. Reads what alerts_put does. */
MUST_CHECK enum err alerts_count_again(struct store *store, struct alert_record *record);

enum {
    ALERTS_PAGE_MAX = 1000,
    ALERTS_PAGE_BYTES = 8 * 1024 * 1024, /* of texts; the last one may go beyond */
};

/* Waiting alerts with an id above `after`, oldest first, at most `most`, with their text. It may
 * be fewer than wait (ALERTS_PAGE_*); none only where none waits. */
MUST_CHECK enum err alerts_waiting(struct store *store, int64_t after, size_t most,
    struct arena *arena, struct alert_record **ret_alerts, size_t *ret_count);
/* Write down that it is going to be evaluated, once more. */
MUST_CHECK enum err alerts_try(struct store *store, int64_t id);
/* It was evaluated: source, name, program_hash, evaluated_ms, matched of `record`, which is of
 * record->id; finds `first`. ERR_INVALID: it is not waiting. */
MUST_CHECK enum err alerts_evaluated(struct store *store, struct alert_record *record);
/* Set it aside; `reason` is not empty. ERR_INVALID: it is not waiting. Audited as alert_dead. */
MUST_CHECK enum err alerts_set_aside(
    struct store *store, int64_t id, int64_t now_ms, const char *reason);
/* A dead one waits again, with no attempts made, or is dropped, text and all; `who` said so.
 * Also in store_open_beside. Audited as alert_revived, alert_dropped. ERR_INVALID: it is not dead;
 * ERR_NOT_FOUND. */
MUST_CHECK enum err alerts_revive(struct store *store, int64_t id, int64_t now_ms, str who);
MUST_CHECK enum err alerts_drop(
    struct store *store, int64_t id, int64_t now_ms, str who, str reason);

/* ERR_NOT_FOUND. */
MUST_CHECK enum err alerts_get(
    struct store *store, int64_t id, struct arena *arena, struct alert_record *ret_alert);
struct alert_filter {
    int64_t after; /* ids above it */
    size_t most;   /* 0: all */
    bool is_of_state;
    enum alert_state state; /* with is_of_state */
    str name;               /* empty: any */
};
/* Without texts, oldest first. */
MUST_CHECK enum err alerts_list(struct store *store, const struct alert_filter *filter,
    struct arena *arena, struct alert_record **ret_alerts, size_t *ret_count);
/* How many wait: quick, however many are kept. */
MUST_CHECK enum err alerts_waiting_count(struct store *store, uint64_t *ret_count);
/* How many are set aside: as quick. */
MUST_CHECK enum err alerts_set_aside_count(struct store *store, uint64_t *ret_count);
/* How many there are of each state: it looks at all of them. */
MUST_CHECK enum err alerts_count(
    struct store *store, uint64_t ret_counts[static ALERT_STATE_COUNT]);

/* Forget alerts that were received before `until_ms`, at most `most`: those that were evaluated,
 * and of which no run is open, neither one of theirs nor one that they joined. Runs keep their own
 * copy of the text. */
MUST_CHECK enum err alerts_forget(
    struct store *store, int64_t until_ms, size_t most, uint64_t *ret_count);
/* Blank what `paths` name (json_blank.h) in the texts of alerts that were received before `until_ms`
 * and were evaluated, and in the copies of runs that have ended; at most `most` of each, each of
 * them once. A text that is no JSON object is blanked whole. The audit log stays as it is. */
MUST_CHECK enum err alerts_redact(struct store *store, int64_t until_ms, const str *paths,
    size_t path_count, size_t most, uint64_t *ret_count);

/* Forget that one, whatever became of it: one of our own (canary.h), of which there is no run.
 * ERR_NOT_FOUND. */
MUST_CHECK enum err alerts_forget_one(struct store *store, int64_t id);

/* ---- what senders call their messages, so that none counts twice ---- */

/* Note that message `id` came in by `way`, at `now_ms`. ERR_OK: it is new. ERR_INVALID: it came in
 * before with another digest; ERR_NOT_FOUND never; *ret_is_known: it came in before and is the
 * same. Inside a transaction with alerts_put. */
MUST_CHECK enum err messages_note(
    struct store *store, str way, str id, str digest, int64_t now_ms, bool *ret_is_known);
/* Forget those from before `until_ms`, at most `most`. */
MUST_CHECK enum err messages_forget(
    struct store *store, int64_t until_ms, size_t most, uint64_t *ret_count);

/* ---- how far a way in has read ---- */

/* Text of the way's own form. ERR_NOT_FOUND: it has read nothing yet. */
MUST_CHECK enum err cursors_get(struct store *store, str way, struct arena *arena, str *ret_text);
/* Inside the transaction of what was read up to there. */
MUST_CHECK enum err cursors_set(struct store *store, str way, str text, int64_t now_ms);
