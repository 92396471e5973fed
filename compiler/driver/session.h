/* session.h - what run, resume and undo share: journal, providers, report, the count of
 * what went wrong, and the exit code that follows from it.
 */
#pragma once

#include "driver/command.h"
#include "act/governor.h"
#include "driver/connect.h"
#include "driver/report.h"

struct session {
    struct driver *driver;
    const struct command *command;
    const char *data;     /* the data directory, or NULL */
    struct store *store;  /* NULL unless it was opened */
    struct store *counts; /* of a plan: in memory, what it would count, hold and join;
                           * NULL until session_counts */
    struct governor governor;
    struct connector connector;
    struct executor executor;
    struct reporter reporter;
    struct totals totals;
    /* private */
    bool is_shared;           /* the store is somebody else's, who closes it */
    bool is_looking;          /* the store of session_wake is a reader's */
    int64_t run;              /* the one whose steps are told */
    uint32_t undone_steps;    /* of the current undo */
    const struct run *undone; /* whose undo is not reported yet, or NULL */
    const char *undo_reason;  /* why, for that report, or NULL */
    struct run_report run_report;
    struct undo_report undo_report;
};

/* What a command wants of the journal in --data. */
enum journal_need {
    JOURNAL_NONE,
    JOURNAL_READ,     /* there, and only read: also while another cdr is at work */
    JOURNAL_BESIDE,   /* there, to record what people say: also while another cdr is at work */
    JOURNAL_EXISTING, /* there, for writing */
    /* For both of these an older journal is migrated only where this build can go on with every
     * open run of it. */
    JOURNAL_RESUMED, /* there, for writing */
    JOURNAL_CREATED, /* for writing, made where it is missing */
};

/* Begin in `mode`, with flags --data and --format of `arguments`. What is wrong with the
 * journal is told. Release in any case. */
MUST_CHECK enum exit_code session_begin(struct session *session, struct driver *driver,
    const struct arguments *arguments, enum run_mode mode, enum journal_need need);
/* Begin in MODE_APPLY on the journal in `data`, which is made where it is missing, for a command
 * that has no --data of its own, or no reports. As session_begin. */
MUST_CHECK enum exit_code session_open(struct session *session, struct driver *driver,
    const struct command *command, const char *data);
/* Begin on the store of somebody who shares it between threads, in MODE_APPLY; `data` is its
 * directory. The session is of one thread. ERR_MEMORY. */
MUST_CHECK enum err session_attach(struct session *session, struct driver *driver,
    const struct command *command, const char *data, struct store *store,
    enum report_format format);
void session_release(struct session *session);

/* Give the journal away, so that another cdr may work: session->store is NULL then. */
void session_rest(struct session *session);
/* Open it again, for JOURNAL_READ or JOURNAL_RESUMED. Where another cdr is at work on it,
 * session->store stays NULL: try again later. What else is wrong is told. */
MUST_CHECK enum exit_code session_wake(struct session *session, enum journal_need need);

/* Open what a plan counts in, where it is not open: a third of the time of a short run, which no rule
 * may fire in. Before session_execute in a plan. What went wrong is told. */
MUST_CHECK enum exit_code session_counts(struct session *session);
/* Carry out (or plan) the steps of a rule that fired, with everything reported. `run` is
 * the stored run, 0 in a plan. EXIT_CLEAN and EXIT_FINDINGS: others may follow; more means stop. */
MUST_CHECK enum exit_code session_execute(struct session *session, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run);
/* Take `run` back as `order` says, with everything reported; an unfinished undo of it goes on. */
MUST_CHECK enum exit_code session_undo(
    struct session *session, const struct run *run, const struct undo_order *order);
/* The same for a timer: where nothing was begun, nothing is reported, and *ret_refusal says why
 * (ERR_NEEDED, ERR_INVALID, ERR_NOT_FOUND, ERR_PAUSED). */
MUST_CHECK enum exit_code session_undo_in_time(struct session *session, const struct run *run,
    const struct undo_order *order, enum err *ret_refusal);

/* The data directory as one word of a shell, for commands that are told. */
const char *session_data_word(const struct session *session);

/* Whether somebody wants the command to end. */
bool session_is_stopped(struct session *session);
/* Tell a failure of the journal. */
enum exit_code session_store_failure(struct session *session, const char *doing, enum err err);
/* The last word: 0 when all went well, 1 when something did not, by the totals, or when
 * the command was stopped, which is told. */
enum exit_code session_end(struct session *session);

/* How the steps of a stored run ended, as one word: "done", or the first that is not;
 * "held" while it waits for a person, else "open" while it has not ended, be it under way or cut
 * off. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err run_state(
    struct store *store, const struct run *run, struct arena *arena, const char **ret_state);
