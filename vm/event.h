/* event.h - one alert, as the rules see it.
 *
 * Made from JSON text by the sources of a program: the first source (by name) whose
 * accept condition holds takes the alert. An object whose "source" is the name of a
 * source and whose other members are canonical names (nested or dotted) is taken as
 * written: the canonical form.
 */
#pragma once

#include "bytecode.h"
#include "match/project.h"

struct event {
    str text;     /* the alert's JSON, borrowed from the caller */
    str digest;   /* SHA-256, hex, of the text */
    str source;   /* "defender"; empty when no source accepts the alert */
    str claimed;  /* the source that an alert without one says it is of, in the canonical form */
    str stranger; /* and the member for which it is not of that form */
    str provider; /* of whom all alerts of that source are ("aws"), where it maps cloud.provider to a
                   * constant; else empty, whatever the alert says */
    struct slots raw;
    value fields[FIELD_COUNT];
    bool untrusted[FIELD_COUNT]; /* written by an attacker, as the source says */
    bool lost[FIELD_COUNT];      /* a list that lost elements which did not fit */
    bool unread[FIELD_COUNT];    /* something was said, and some of it fits no value of the field */
    int64_t received_ms;
    uint32_t repairs;
};

/* Read one alert. `forced_source` names the source to use, or is empty.
 * An alert that no source takes is an event with an empty source: raw paths work,
 * canonical fields are absent but `received` and `time`.
 * The event points into `json`, `program` and `arena`.
 * Every field is of its type (field_info), absent, or null. `source` is compared without
 * case. `received` is cdr's own, whatever an alert says of it; `time` is alert.time, else
 * what the canonical form says, else `received`.
 * An event of several findings is refused: findings.h makes one alert of each.
 * ERR_JSON (with *reterr_fault), ERR_MEMORY, ERR_NOT_FOUND (no source of the forced name),
 * ERR_UNDECIDED, ERR_BUDGET (an accept condition or a mapping at its limit). */
MUST_CHECK enum err event_read(const struct program *program, const struct projection *projection,
    str json, str forced_source, int64_t received_ms, struct arena *arena, struct event *ret_event,
    struct json_fault *reterr_fault);

/* The source of that name, in whatever case, or NULL. */
const struct source_program *source_find(const struct program *program, str name);

/* The event again with other values under its raw paths (as many): who takes it and every
 * field come out as if the alert held these; the text stays. Errors as event_read, but
 * ERR_JSON. */
MUST_CHECK enum err event_with_raw(const struct program *program, const struct event *event,
    const value *values, str forced_source, struct arena *arena, struct event *ret_event);

/* alert.id, or "sha256:" and the first 16 digits of the digest where the source gives
 * none: what a person calls the alert. ptr is NULL only when the arena is full. */
str event_name(const struct event *event, struct arena *arena);

/* Of whom all alerts of the source are, as event->provider; empty: of several, or not known. */
str event_provider_of(const struct program *program, str source);

/* The part of an event that tests can ask for: its raw values, read by somebody else, whose source
 * is known (NULL: none takes it), and of the canonical fields those that are `wanted` (by field). It has no
 * digest, claims and provider. Errors as event_with_raw. */
MUST_CHECK enum err event_of_slots(const struct program *program, str json, const struct slots *raw,
    const struct source_program *source, const bool *wanted, int64_t received_ms,
    struct arena *arena, struct event *ret_event);
