/* record.h - what the journal is told of an alert before anything is done about it.
 *
 * An alert that rules fired for is recorded in one transaction: the case that it joins, the runs
 * that it begins, those that it belongs to by `dedup`, and their entries in the audit log. Only
 * then does the first step begin, so a crash loses no rule of it.
 */
#pragma once

#include "driver/session.h"

/* A rule that fired for the current alert. */
struct firing {
    const struct rule_code *rule;
    int64_t run;    /* 0 in a plan */
    bool is_old;    /* apply: the alert was acted on before, `run` says when */
    bool is_joined; /* by `dedup` it belongs to `run`, of an earlier alert; with is_old, since
                     * it was sent before */
};

/* Who records: set all but what is private. */
struct recorder {
    struct session *session;
    const struct program *program;
    str forced_source;
    bool is_again; /* an earlier run that ended does not stand in the way of another */
    bool is_once;  /* a run that changed something stands in the way, also when it was taken back */
    bool gathers;  /* what is recorded may be gathered (store_gather); who sets it settles */
    const char *actor;    /* host/person.h, for the audit log */
    struct store *counts; /* of a plan: where its windows of `dedup` are; NULL: nowhere */
    /* private */
    bool has_texts;    /* the program's texts are in the journal */
    int64_t first_run; /* that this command began, 0 before it */
    int64_t planned;   /* runs of a plan so far */
};

/* Whether a run was begun by this very command. */
bool recorder_began(const struct recorder *recorder, int64_t run);

/* Look the alert up in the journal for each rule, and begin the runs that it needs. In a plan
 * nothing is recorded, but what `dedup` would join is found. On an error nothing was recorded.
 * ERR_STORE, ERR_MEMORY, ERR_BUSY. */
MUST_CHECK enum err record_alert(struct recorder *recorder, const struct event *event, str name,
    struct firing *firings, size_t count, struct arena *arena);
