/* store.h - runs, steps and calls on disk: what was intended, and what came of it.
 *
 * One interface, two homes (SQLite now, PostgreSQL later). Every function that
 * writes has committed when it returns ERR_OK, and the commit is on disk: SQLite with WAL, and one
 * sync of the log for all threads that wait for one (as synchronous=FULL, which has one for each).
 * One process at a time carries out steps (a lock file; ERR_BUSY). Others may look meanwhile
 * (store_open_reader) or write down what people say (store_open_beside).
 * Several threads may use one store; each call is one step for the others.
 *
 *   run    one rule for one alert, or the undo of a run; keeps the text of the rules
 *   step   one builtin with its arguments inside a run, and how it ended
 *   call   one request of one step: intent first, reply later
 *
 * Strings that functions return live in the arena they were given.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "base/err.h"

struct store;

/* Open or create the journal in `directory` (created with mode 0700 when missing, its
 * parent must be there; files have mode 0600). Refuses a directory that everybody may
 * write to. Migrates older schemas forward; refuses newer ones. ERR_STORE, ERR_IO,
 * ERR_BUSY (another process holds it), ERR_MEMORY: *reterr_reason is a sentence in
 * `arena`, or static. */
MUST_CHECK enum err store_open(const char *directory, struct arena *arena, struct store **ret_store,
    const char **reterr_reason);
/* Asked, under the lock, before a journal of an older version is migrated: any error leaves it as
 * it is. `store` answers store_open_runs and store_program_get, and nothing else yet. */
struct store_guard {
    enum err (*may_migrate)(struct store_guard *guard, struct store *store);
};
/* As store_open; `guard` may be NULL. Its errors too. */
MUST_CHECK enum err store_open_guarded(const char *directory, struct store_guard *guard,
    struct arena *arena, struct store **ret_store, const char **reterr_reason);
/* Open the journal that is in `directory`, to read it: without the lock, so also while
 * another process writes. It shows what was committed when it was opened. Nothing is
 * created or migrated; SQLite may leave its -wal and -shm files, as it does for every reader.
 * Functions that write return ERR_STORE. ERR_IO (there is no journal, or not a directory of
 * our own), ERR_STORE (also for a schema of another version), ERR_MEMORY: *reterr_reason as
 * above. */
MUST_CHECK enum err store_open_reader(const char *directory, struct arena *arena,
    struct store **ret_store, const char **reterr_reason);
/* A journal in memory, gone with store_close: for plans and tests, which count and hold like the
 * real thing. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err store_open_memory(
    struct arena *arena, struct store **ret_store, const char **reterr_reason);
/* Open the journal in `directory` beside whoever executes steps: without the lock, to record what
 * people say (holds_decide, audit_append) and nothing else. Waits for the other's transactions. Errors
 * as store_open_reader. */
MUST_CHECK enum err store_open_beside(const char *directory, struct arena *arena,
    struct store **ret_store, const char **reterr_reason);
/* Copy what `store` shows (of a reader: one moment, whatever others write meanwhile) to `file`,
 * which must not be there: one file of mode 0600, whole and on disk when it returns. Where it does
 * not end well, there is no file. `stop` (or NULL) ends it: ERR_STOPPED. ERR_STORE (store_error says
 * it), ERR_MEMORY. */
MUST_CHECK enum err store_backup(struct store *store, const char *file, const volatile int *stop);
/* Whether the database is whole, page by page. ERR_STORE: it is not; store_error says why. */
MUST_CHECK enum err store_integrity(struct store *store);
/* Close and free; NULL is fine. */
void store_close(struct store *store);
/* Eight hex digits, made at random when the store was created: part of every step's key. */
str store_id(const struct store *store);
/* Whether the disk refused something that was written, so that nothing is done with the journal any
 * more before it is opened again. */
bool store_is_lost(struct store *store);
/* What SQLite said about this thread's last ERR_STORE or ERR_BUSY ("database or disk is full");
 * borrowed until its next call. */
const char *store_error(const struct store *store);

/* What a run counts for, computed from its steps, its changes and its undos. A change counts
 * as made unless it was certainly refused (call_is_refused). */
enum run_standing {
    RUN_OPEN,              /* it runs, waits for a person, or was cut off and can be resumed */
    RUN_STANDS,            /* it came to its end and every step is done; what the rule wanted for a
                            * time only may have ended since (run.is_of_one_step) */
    RUN_INCOMPLETE,        /* it ended, and a step is not done or it was ended before its end */
    RUN_PARTLY_TAKEN_BACK, /* an undo of it was begun, and none has ended with every inverse done */
    RUN_TAKEN_BACK,        /* an undo of it ended with every inverse done */
    RUN_CAME_TO_NOTHING,   /* it ended, no step is done in part or may be, and no change was made:
                           * all of them failed or were unresolved, or it was ended before one */
    RUN_DECIDED, /* it came to its end and every step is done, or refused, rejected or shadowed: a
                  * clause or a person decided, and the same alert does not ask them again */
};

/* Whether a run is dealt with: nobody needs to look at it again. */
static inline bool run_is_settled(enum run_standing standing)
{
    return standing == RUN_STANDS || standing == RUN_DECIDED;
}

struct run {
    int64_t id;     /* from 1; 0 before it is stored */
    int64_t undoes; /* the run that this one takes back, or 0 */
    str alert;      /* event_name */
    str source;
    str alert_text;      /* the JSON, for replay */
    str forced_source;   /* --source, or empty */
    str rule;            /* name; empty in an undo */
    str rule_id;         /* rule_code.id */
    str program_hash;    /* key of store_program */
    int64_t received_ms; /* the event's; replay uses it again */
    int64_t started_ms;
    int64_t ended_ms;     /* 0 while it runs or was cut off */
    str person;           /* who asked for it, if anybody: of an undo */
    int64_t case_id;      /* cases.h; 0: none */
    bool is_of_one_step;  /* an undo of one step of `undoes`, not of all; without a person: its time
                           * was over (timers.h) */
    uint32_t undoes_step; /* that step */
    str cut_reason;       /* why it was ended before it came to its end (store_run_abandon); empty:
                       * it did, or it is open */
    enum run_standing standing; /* as it was when the run was read */
};

struct step_record {
    int64_t run;
    uint32_t index; /* from 0, in the order they were begun */
    str builtin;    /* name */
    str args;       /* JSON array, by parameter (value_json.h) */
    str target;
    str found;
    str state; /* "running", "held" or step_turn_name of its end */
    str reason;
    str results; /* JSON array: verdict, url, sha256 */
    /* Whom the provider took us for when the step was begun, and where its requests go
     * that name no region (host/transport.h); empty: not known, so not compared. */
    str provider; /* whose identity and region that are: builtin.provider */
    str account;  /* in which it acts; empty: in that of the connection, whichever that was */
    str base;     /* whom the provider took the connection itself for: as who it went there */
    str identity;
    str region;
    int64_t started_ms;
    int64_t ended_ms;   /* 0 while running or held */
    int64_t joined_run; /* whose step's end this one took over, and which; 0: it has its own */
    uint32_t joined_step;
};

struct call_record {
    int64_t run;
    uint32_t step;
    uint32_t index; /* from 0 within the step */
    bool is_change;
    str service;
    str operation;
    str region;
    str target;
    str body;
    str undo; /* undo_to_json, or empty: nothing to take back */
    int64_t intended_ms;
    bool has_reply;
    enum reply_kind reply_kind;
    int reply_status;
    str reply_body;
    int64_t replied_ms;
    bool is_declined; /* the reply says, whatever its status, that nothing was done
                       * (host/transport.h) */
};

/* Whether the provider certainly did not do what was asked: it was not reached, or it
 * said no (HTTP 4xx, or in a reply of another status). */
static inline bool call_is_refused(const struct call_record *call)
{
    return call->has_reply
           && (call->reply_kind == REPLY_REFUSED || call->is_declined
               || (call->reply_kind == REPLY_RECEIVED && call->reply_status >= 400
                   && call->reply_status < 500));
}

/* Several writes as one: between the two calls nothing is committed, and after a crash either all
 * of it is there or nothing. They nest: the outermost counts. After an error in between,
 * store_rollback; the error goes on. It takes back all of it, however deep, and store_commit of
 * those around is ERR_STORE then; rolled back twice is fine. A commit that fails has rolled back.
 * Other threads that use the store wait until the outermost end, so a transaction begins and
 * ends in the same thread, and nothing slow belongs inside. Other processes that write wait too:
 * for at most 10 s, then ERR_BUSY. */
MUST_CHECK enum err store_begin(struct store *store);
MUST_CHECK enum err store_commit(struct store *store);
void store_rollback(struct store *store);
/* As store_begin, for what a power cut may take back: it is committed, and on disk with whatever is
 * written next. Only the outermost one counts. */
MUST_CHECK enum err store_begin_relaxed(struct store *store);
/* Gather: what is written from here on becomes one commit, at store_settle; a commit takes the disk
 * longer than most alerts of a storm take us. Nothing of it may be acknowledged before, and before
 * anything slow (a request) it is settled: other processes that write wait meanwhile. ERR_OK when
 * there is a transaction already. */
MUST_CHECK enum err store_gather(struct store *store);
/* Commit what was gathered; ERR_OK when nothing is. Not inside another transaction. */
MUST_CHECK enum err store_settle(struct store *store);
/* The end of a transaction in which `err` came of the work: committed, or rolled back. */
MUST_CHECK enum err store_end(struct store *store, enum err err);

/* Keep the texts of a program under its hash; twice is fine. `texts` is a JSON array
 * of {"file":..,"text":..}. */
MUST_CHECK enum err store_program_put(struct store *store, str hash, str texts);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err store_program_get(
    struct store *store, str hash, struct arena *arena, str *ret_texts);

/* Begin a run; sets run->id. ERR_NOT_FOUND: its program_hash or the run it undoes is not
 * in the store. */
MUST_CHECK enum err store_run_begin(struct store *store, struct run *run);
/* All steps of the run have ended. ERR_INVALID when it ended before or one is running or held. A power
 * cut may take it back, and the run is gone through again: what its steps came to is on disk. */
MUST_CHECK enum err store_run_end(struct store *store, int64_t run, int64_t now_ms);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err store_run_get(
    struct store *store, int64_t id, struct arena *arena, struct run *ret_run);
/* End a run that nobody will go on with: `reason` is its cut_reason, and the step that it was
 * cut off in ends as unknown with it, one that is held as rejected, its hold as void.
 * ERR_INVALID: it ended before. */
MUST_CHECK enum err store_run_abandon(
    struct store *store, int64_t run, int64_t now_ms, const char *reason);
/* Which earlier run of an alert is looked for. */
struct run_key {
    str alert;
    str source;
    str rule;      /* name */
    str rule_id;   /* rule_code.id: who the rule is */
    int64_t since; /* runs from this id on count however they ended; 0: none does */
};

/* The newest run that counts of that alert by the same rule under any name, or else by
 * another rule of its name: then ret_run->rule_id is neither key->rule_id nor empty. It
 * counts when its standing is neither RUN_TAKEN_BACK nor RUN_CAME_TO_NOTHING, or by
 * key->since. While there is one the alert is not acted on again. ERR_NOT_FOUND. */
MUST_CHECK enum err store_run_find(
    struct store *store, const struct run_key *key, struct arena *arena, struct run *ret_run);

/* The runs that have not ended, undos left out, oldest first: id, alert, rule, rule_id and
 * program_hash alone, which journals of every version have. */
MUST_CHECK enum err store_open_runs(
    struct store *store, struct arena *arena, struct run **ret_runs, size_t *ret_count);

/* A run that relies on what another one changed. */
struct reliance {
    int64_t run;
    str alert;
    bool has_changed; /* it made the same change later; else it found it in force */
};

/* The newest run that would lose what it wants if `run`, or only `step` of it (-1: all), were
 * taken back: it is not an undo, was
 * not taken back, and has a step, ended done or partial, which is about the same thing as a step of
 * `run` that made a change and is not known to be in another account. The same thing is: the same
 * builtin and target; or a change whose target is among those that the other step's target names
 * ("sg-1 ingress, sg-1 egress"), where the builtin is the same or that target is not the changing
 * step's own (a user's access key). It is a later run, or an earlier one without changes of
 * its own that looked later; so of two runs at most one waits for the other.
 * ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_reliance(struct store *store, int64_t run, int64_t step,
    struct arena *arena, struct reliance *ret_reliance);
/* All such runs, newest first, at most `most`. */
MUST_CHECK enum err store_reliances(struct store *store, int64_t run, int64_t step, uint32_t most,
    struct arena *arena, struct reliance **ret_reliances, size_t *ret_count);

struct run_filter {
    bool is_open;    /* only runs that have not ended */
    str alert;       /* only of this alert; empty: any */
    int64_t undoes;  /* only undos of this run; 0: any */
    int64_t case_id; /* only of this case; 0: any */
};

/* All runs that pass, oldest first, in `arena`; alert_text is left empty (store_run_get). */
MUST_CHECK enum err store_runs(struct store *store, const struct run_filter *filter,
    struct arena *arena, struct run **ret_runs, size_t *ret_count);

/* What a step does before its first change is relaxed (store_begin_relaxed): a power cut takes it back
 * to where it was before, and the intent of a change takes all of it to disk.
 *
 * Begin step `record->index` of its run, or, when it is there already, read it into
 * *record. ERR_DIVERGED when builtin or args differ from what is stored; *record then
 * holds what is stored. ERR_INVALID: the run has ended. */
MUST_CHECK enum err store_step_begin(
    struct store *store, struct arena *arena, struct step_record *record);
/* Bind a step that is running to provider, account, base, identity and region of `record`.
 * ERR_INVALID: it is not running, or requests of it are recorded already. */
MUST_CHECK enum err store_step_bind(struct store *store, const struct step_record *record);
/* The first step of a run that was bound to `provider` in `account` (empty: wherever).
 * ERR_NOT_FOUND: none was. */
MUST_CHECK enum err store_step_bound(struct store *store, int64_t run, str provider, str account,
    struct arena *arena, struct step_record *ret_record);
/* The step has ended: target, found, state, reason, results, ended_ms and joined_* of `record`.
 * ERR_INVALID: it is not running; one that is held can end as refused, rejected or shadowed. */
MUST_CHECK enum err store_step_end(struct store *store, const struct step_record *record);
/* A step that has changed nothing yet begins anew: its requests, all of them reads, are forgotten,
 * and it is running; it stays bound to its identity and region. ERR_INVALID: it has ended, or a
 * change of it is recorded. */
MUST_CHECK enum err store_step_again(struct store *store, int64_t run, uint32_t step);
/* The step waits (`held`) without a hold of its own, for what another run does to the same target. ERR_INVALID:
 * it has ended. */
MUST_CHECK enum err store_step_wait(struct store *store, int64_t run, uint32_t step);
/* What the step turned out to act on, told before it acts. ERR_INVALID: it has ended. */
MUST_CHECK enum err store_step_aim(struct store *store, int64_t run, uint32_t step, str target);
/* All steps of a run in order. */
MUST_CHECK enum err store_steps(struct store *store, int64_t run, struct arena *arena,
    struct step_record **ret_steps, size_t *ret_count);

/* Write an intent (no reply). That of a read, and its reply, may be lost in a power cut: it is asked
 * again then. ERR_INVALID: its step or run has ended. ERR_STORE also when the
 * files of the journal are no longer those in its directory: what is written to them now,
 * nobody would find. */
MUST_CHECK enum err store_call_intend(struct store *store, const struct call_record *call);
/* The reply to it: reply_kind, reply_status, reply_body, replied_ms. ERR_INVALID: it has one. */
MUST_CHECK enum err store_call_reply(struct store *store, const struct call_record *call);
/* Call `index` of a step. ERR_NOT_FOUND. */
MUST_CHECK enum err store_call_get(struct store *store, int64_t run, uint32_t step, uint32_t index,
    struct arena *arena, struct call_record *ret_call);
/* All calls of a run, in the order they were intended; reply_body is left empty
 * (store_call_get). */
MUST_CHECK enum err store_calls(struct store *store, int64_t run, struct arena *arena,
    struct call_record **ret_calls, size_t *ret_count);
