/* cases.h - alerts about the same thing within a window are one case.
 *
 * A case is for people: it gathers what happened to one target. It decides nothing; what keeps a
 * target from being acted on twice is the governor.
 */
#pragma once

#include "entity.h"
#include "store/store.h"

enum {
    /* Entities that one case is known by. Past it a case takes alerts by those it has. */
    CASE_ENTITIES_MAX = 256,
    /* How long after its newest alert about an entity a case takes another: a day, so that an
     * intrusion that goes on over a night and a morning is one case, and a nightly scan of last
     * week is none of it. */
    CASE_WINDOW_MS = 24 * 60 * 60 * 1000,
};

struct case_record {
    int64_t id; /* from 1 */
    int64_t opened_ms;
    int64_t last_ms; /* when its newest alert came */
    str title;       /* of its first alert, else that one's name */
    uint64_t alerts;
    uint64_t runs;
};

struct case_alert {
    str alert;
    str source;
    str title;
    int64_t at_ms; /* when it came first */
};

struct case_entity {
    str field; /* as struct entity */
    str scope;
    str value;
    int64_t last_ms; /* when the newest alert about it came */
};

/* What an alert was to a case. */
enum case_entry {
    CASE_KNOWN,  /* it is in it already */
    CASE_OPENED, /* it is the first of it */
    CASE_JOINED, /* it joined others */
};

/* The case that an alert joins, or a new one. One that is in a case already stays in it. Else it
 * joins the oldest case that has one of its entities (entity.h) from an alert that came at most
 * `window_ms` before. An alert without an entity is a case of its own. In one transaction, joins an
 * open one. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err cases_join(struct store *store, const struct event *event, str alert,
    int64_t now_ms, int64_t window_ms, struct arena *arena, int64_t *ret_case,
    enum case_entry *ret_entry);

/* ERR_NOT_FOUND. */
MUST_CHECK enum err cases_get(
    struct store *store, int64_t id, struct arena *arena, struct case_record *ret_record);
/* All cases, or the newest `last` of them (0: all), oldest first, in `arena`. */
MUST_CHECK enum err cases_list(struct store *store, uint32_t last, struct arena *arena,
    struct case_record **ret_records, size_t *ret_count);
/* The alerts of a case, in the order they came. */
MUST_CHECK enum err cases_alerts(struct store *store, int64_t id, struct arena *arena,
    struct case_alert **ret_alerts, size_t *ret_count);
/* What a case is known by. */
MUST_CHECK enum err cases_entities(struct store *store, int64_t id, struct arena *arena,
    struct case_entity **ret_entities, size_t *ret_count);
/* Other cases with an entity of this one whose alerts came at most `window_ms` before it began
 * or after it ended: what an alert that fits several of them leaves apart. Oldest first. */
MUST_CHECK enum err cases_related(struct store *store, int64_t id, int64_t window_ms,
    struct arena *arena, struct case_record **ret_records, size_t *ret_count);
