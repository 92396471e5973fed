/* locate.h - the thing that a step acts on, looked for when the alert does not name it.
 *
 * An alert of an EDR names a device, and isolating its role needs the instance that it is; an alert of
 * AWS names an instance, and containing it needs the device. Finding one from the other is a step of its
 * own (VERB_FIND), which only reads, is in the journal as any other and ends with what it found as its
 * target. It is taken once for all steps of a run.
 *
 * Names that an attacker can choose only suggest. What is found agrees with the alert in two facts; of
 * several, or of one that may be another's by now, nothing is found: the row says which.
 */
#pragma once

#include "act/executor.h"
#include "bytecode.h"
#include "event.h"

/* The parameters of every row with VERB_FIND, in this order. */
enum {
    FIND_HOST,     /* host.id, of the alert's own source */
    FIND_INSTANCE, /* instance.id */
    FIND_NAME,     /* host.name, only to compare */
    FIND_IPS,      /* host.ip, the same */
    FIND_SOURCE,   /* whose alert it is: "defender" */
    FIND_ACCOUNTS, /* that the rules name: where instances may be; "organization": all of ours */
    FIND_REGIONS,  /* the same */
    FIND_ACCOUNT,  /* cloud.account of the alert, or absent */
    FIND_REGION,   /* cloud.region */
    FIND_PARAMS
};

/* Providers by two types, one more that is always looked for anew. */
enum { LOCATED_MAX = 9 };

/* What was found for a run, kept for its later steps. */
struct located {
    enum type type;      /* of what was looked for .. */
    str via;             /* .. by whom, as the step said */
    enum step_turn turn; /* of the step that looked */
    str id;              /* of what was found: "i-0abc", a device id */
    str account;         /* of an instance */
    str region;
    const char *found; /* how, for people; or why not */
};

/* Whether `code` acts on something that could be found for it: it takes a thing of the type,
 * neither rule nor alert names a target, and the alert names the other end without doubt, or
 * the host by name and address. *ret_row is what looks for it. */
bool locate_is_possible(const struct executor *executor, const struct step_code *code,
    const struct event *event, enum type *ret_type, const struct builtin **ret_row);

/* The same for a front of which no way that is connected does it to what was bound: whether the thing of
 * `type` could be looked for and put in its place. */
bool locate_is_instead(const struct executor *executor, const struct step_code *code,
    const struct event *event, enum type type, const struct builtin **ret_row);

/* The arguments of `row` for `event`, in `arena`. ERR_MEMORY. */
MUST_CHECK enum err locate_args(const struct program *program, const struct event *event,
    struct arena *arena, value **ret_args);

/* Read how the step that looked for a thing of `type` ended. ERR_MEMORY. */
MUST_CHECK enum err located_read(const struct step_outcome *outcome, enum type type,
    struct arena *arena, struct located *ret_located);

/* Put what was found into `args` of the step, in place of other targets; what the rule wrote stays. */
void located_bind(
    const struct located *located, enum type type, const struct step_code *code, value *args);
