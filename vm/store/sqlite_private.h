/* sqlite_private.h - what the files of the SQLite store share, and nobody else.
 *
 * Statements are prepared once and kept. One is taken with statement_take, bound by
 * position, run with statement_run or read row by row, and given back (reset, bindings
 * cleared) by CLEANUP(statement_release). Between the two it holds the store's lock. A function
 * of several statements that belong together holds it itself, by store_begin or LOCKED. A value
 * that is text in C is a TEXT column where people search it and a BLOB where any bytes may come.
 */
#pragma once

#include "host/signing.h"
#include "store/store.h"
#include "store/timers.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

enum statement {
    STATEMENT_PROGRAM_PUT,
    STATEMENT_PROGRAM_GET,
    STATEMENT_RUN_BEGIN,
    STATEMENT_RUN_END,
    STATEMENT_RUN_ABANDON,
    STATEMENT_RUN_GET,
    STATEMENT_RUN_FIND,
    STATEMENT_RUNS,
    STATEMENT_RUNS_UNDOING,
    STATEMENT_RUNS_PAGE,
    STATEMENT_RUNS_PAGE_OPEN,
    STATEMENT_RUNS_PAGE_OF_ALERT,
    STATEMENT_OPEN_RUNS,
    STATEMENT_RELIANCE,
    STATEMENT_STEP_BEGIN,
    STATEMENT_STEP_BIND,
    STATEMENT_STEP_BOUND,
    STATEMENT_STEP_END,
    STATEMENT_STEP_CUT,
    STATEMENT_STEP_CUT_HELD,
    STATEMENT_STEP_AGAIN,
    STATEMENT_STEP_WAIT,
    STATEMENT_STEP_AIM,
    STATEMENT_STEP_FORGET,
    STATEMENT_STEP_GET,
    STATEMENT_STEPS,
    STATEMENT_STEPS_PAGE,
    STATEMENT_STEPS_PAGE_OF_RUN,
    STATEMENT_CALL_INTEND,
    STATEMENT_CALL_REPLY,
    STATEMENT_CALL_GET,
    STATEMENT_CALLS,
    STATEMENT_AUDIT_LAST,
    STATEMENT_AUDIT_ADD,
    STATEMENT_AUDIT_PAGE,
    STATEMENT_AUDIT_OLDER,
    STATEMENT_AUDIT_ANCHORS,
    STATEMENT_AUDIT_ANCHORED,
    STATEMENT_TIMER_MOVE,
    STATEMENT_TIMER_SET,
    STATEMENT_TIMER_END,
    STATEMENT_TIMER_GET,
    STATEMENT_TIMER_FIND,
    STATEMENT_TIMER_JOIN,
    STATEMENT_TIMER_PUT_OFF,
    STATEMENT_TIMERS,
    STATEMENT_TIMERS_OF_RUN,
    STATEMENT_TIMERS_DUE,
    STATEMENT_TIMER_NEXT,
    STATEMENT_TIMER_TWIN,
    STATEMENT_STEP_CHANGED,
    STATEMENT_OVERDUE,
    STATEMENT_MARK_GET,
    STATEMENT_MARK_SET,
    STATEMENT_CASE_ADD,
    STATEMENT_CASE_TOUCH,
    STATEMENT_CASE_GET,
    STATEMENT_CASES,
    STATEMENT_CASES_RELATED,
    STATEMENT_CASE_OF_ALERT,
    STATEMENT_CASE_OF_ENTITY,
    STATEMENT_CASE_ALERT_ADD,
    STATEMENT_CASE_ALERTS,
    STATEMENT_CASE_ENTITY_ADD,
    STATEMENT_CASE_ENTITIES,
    STATEMENT_DEDUP_FIND,
    STATEMENT_DEDUP_BEGIN,
    STATEMENT_DEDUP_FORGET,
    STATEMENT_JOINED_ADD,
    STATEMENT_JOINED_FIND,
    STATEMENT_JOINED_LIST,
    STATEMENT_ADMISSION_COUNT,
    STATEMENT_ADMISSION_HAS,
    STATEMENT_ADMISSION_KEPT,
    STATEMENT_ADMISSION_ADD,
    STATEMENT_TWIN_FIND,
    STATEMENT_TWIN_AWAITED,
    STATEMENT_TWIN_NOTE,
    STATEMENT_HOLD_ADD,
    STATEMENT_HOLD_GET,
    STATEMENT_HOLD_OF_STEP,
    STATEMENT_HOLDS,
    STATEMENT_HOLDS_OPEN,
    STATEMENT_HOLDS_ACTIONABLE,
    STATEMENT_HOLD_ASK,
    STATEMENT_HOLD_SETTLE,
    STATEMENT_STEP_HOLD,
    STATEMENT_STEP_CLAIM,
    STATEMENT_DECISION_ADD,
    STATEMENT_DECISIONS,
    STATEMENT_RESUMABLE,
    STATEMENT_UNPLANNED,
    STATEMENT_OPEN_COUNT,
    STATEMENT_DATA_VERSION,
    STATEMENT_ALERT_PUT,
    STATEMENT_ALERT_AGAIN,
    STATEMENT_ALERT_KNOWN,
    STATEMENT_ALERTS_WAITING,
    STATEMENT_ALERT_TRY,
    STATEMENT_ALERT_FIRST,
    STATEMENT_ALERT_EVALUATED,
    STATEMENT_ALERT_SET_ASIDE,
    STATEMENT_ALERT_REVIVE,
    STATEMENT_ALERT_DROP,
    STATEMENT_ALERT_GET,
    STATEMENT_ALERT_HEAD,
    STATEMENT_ALERTS,
    STATEMENT_ALERTS_NAMED,
    STATEMENT_ALERTS_OF_WAITING,
    STATEMENT_ALERTS_OF_EVALUATED,
    STATEMENT_ALERTS_OF_DEAD,
    STATEMENT_ALERTS_COUNT,
    STATEMENT_ALERTS_WAITING_COUNT,
    STATEMENT_ALERTS_DEAD_COUNT,
    STATEMENT_ALERT_FORGET,
    STATEMENT_ALERTS_FORGET,
    STATEMENT_ALERTS_UNREDACTED,
    STATEMENT_ALERT_REDACT,
    STATEMENT_RUNS_UNREDACTED,
    STATEMENT_RUN_REDACT,
    STATEMENT_MESSAGE_ADD,
    STATEMENT_MESSAGE_GET,
    STATEMENT_MESSAGES_FORGET,
    STATEMENT_CURSOR_GET,
    STATEMENT_CURSOR_SET,
    STATEMENT_COUNT
};

enum { STORE_ID_DIGITS = 8, STORE_ERROR_BYTES = 256 };

/* A file of the directory, and which it was when the journal was opened. */
struct held_file {
    char *path; /* NULL: not watched */
    dev_t device;
    ino_t inode;
};

enum held { HELD_LOCK, HELD_JOURNAL, HELD_LOG, HELD_COUNT };

/* What of the audit log is anchored, sqlite_anchor.c. Numbers of entries are of those that this
 * process wrote; 0: none yet. */
struct anchoring {
    char *head;        /* file of anchors; NULL: in memory, or a reader: there are none */
    char *key;         /* file of the key */
    bool is_key_given; /* then it is not made where it is missing */
    char *beside;      /* second place for anchors, or NULL */
    struct signing_key signing;
    int64_t last_seq; /* the newest entry, perhaps not committed yet */
    int64_t last_ms;
    int64_t seq;      /* up to here all is anchored */
    int64_t seen_seq; /* up to here it was tried */
    int64_t seen_ms;
    uint64_t failures;
};

/* What is committed, and what of that is on disk: sqlite_sync.c. */
struct syncing {
    int log; /* journal.db-wal; -1: there is nothing to sync (in memory, or only read) */
    pthread_mutex_t lock;
    pthread_cond_t done;
    uint64_t written; /* commits so far; with the lock of the store */
    uint64_t synced;  /* those up to here are on disk; from here on with `lock` */
    bool is_under_way;
    bool has_failed; /* for good: what the disk did not take nobody knows */
};

/* What an open store may do. */
enum store_access {
    STORE_EXECUTES, /* everything: store_open, store_open_memory */
    STORE_READS,    /* store_open_reader */
    STORE_TELLS,    /* what people say: store_open_beside */
};

/* The last error of one thread. */
struct store_words {
    struct store_words *next;
    pthread_t thread;
    char text[STORE_ERROR_BYTES];
};

struct store {
    sqlite3 *db;
    enum store_access access;
    struct anchoring anchoring;
    struct store_guard *guard;         /* or NULL; only while it is opened */
    struct held_file held[HELD_COUNT]; /* of store_open alone */
    int lock;          /* descriptor that holds the flock; -1 before, and without one */
    unsigned depth;    /* of store_begin */
    bool is_gathering; /* store_gather began the outermost one */
    bool is_relaxed;   /* the commit at hand need not be on disk (store_begin_relaxed) */
    unsigned busy_ms;  /* waited for another process since we last could write */
    struct syncing syncing;
    char id[STORE_ID_DIGITS + 1];
    struct store_words *words; /* of every thread that had an error */
    struct timer_line timer_line;
    struct admission_room *rooms; /* of limits that were counted; see sqlite_admissions.c */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* Take the lock of the store; it may be taken several times. `store` back, for CLEANUP. */
struct store *store_lock(struct store *store);
/* For CLEANUP; NULL is fine. */
void store_unlock(struct store **store);
/* Hold the lock to the end of the block. */
#define LOCKED(store) CLEANUP(store_unlock) UNUSED struct store *locked_ = store_lock(store)
/* Free what store_error tells. */
void store_words_release(struct store *store);
/* Forget what was counted for limits. */
void admission_rooms_release(struct store *store);

/* ERR_BUSY for SQLITE_BUSY, ERR_MEMORY for SQLITE_NOMEM, else ERR_STORE; store_error says it. */
MUST_CHECK enum err store_fail(struct store *store, int code);

/* ERR_STORE, with `sentence` for store_error. */
MUST_CHECK enum err store_say(struct store *store, const char *sentence);

/* ERR_STORE, with words, where the store was opened for less than that. */
MUST_CHECK enum err store_may_write(struct store *store);
MUST_CHECK enum err store_may_execute(struct store *store);

/* ERR_STORE, with words, when SQLite has given up the open transaction. */
MUST_CHECK enum err store_is_whole(struct store *store);

/* As store_end, where ERR_INVALID is an answer and nothing was written: a transaction around it goes
 * on. */
MUST_CHECK enum err store_end_answered(struct store *store, enum err err);

/* Sync the log of the journal from here on. ERR_STORE, with words. */
MUST_CHECK enum err syncing_begin(struct store *store, const char *log);
void syncing_end(struct store *store);
/* Under the lock of the store, after a commit: its number. */
uint64_t sync_count(struct store *store);
/* That commit number `turn` and all before it are on disk when it returns; without the lock of the
 * store, if others are to write meanwhile. One sync for all who wait. ERR_STORE. */
MUST_CHECK enum err sync_wait(struct store *store, uint64_t turn);

/* Run SQL that returns nothing, one or more statements. */
MUST_CHECK enum err store_exec(struct store *store, const char *sql);

/* Bring the schema to the newest version. ERR_STORE with store_error. */
MUST_CHECK enum err schema_migrate(struct store *store);
/* Expect the newest version, and change nothing. ERR_STORE with store_error. */
MUST_CHECK enum err schema_expect(struct store *store);

/* ERR_STORE, with words, unless the files are still those that were opened. */
MUST_CHECK enum err store_is_in_place(struct store *store);

/* Anchor the audit log of this journal in `directory`, with a key of its own. ERR_MEMORY. */
MUST_CHECK enum err anchoring_begin(struct store *store, const char *directory);
/* After the outermost commit: anchor what it wrote, if it is time to. */
void audit_committed(struct store *store);
void anchoring_release(struct store *store);

/* The prepared statement, reset and without values, and with it the lock; give both back by
 * statement_release. ERR_STORE with store_error. */
MUST_CHECK enum err statement_take(
    struct store *store, enum statement which, sqlite3_stmt **ret_statement);
/* For CLEANUP; NULL is fine. */
void statement_release(sqlite3_stmt **statement);
/* Step to the next row; false at the end. */
MUST_CHECK enum err statement_next(struct store *store, sqlite3_stmt *statement, bool *ret_row);
/* Run a statement that writes: committed when it returns, unless a transaction is open. */
MUST_CHECK enum err statement_run(struct store *store, sqlite3_stmt *statement);
/* As statement_run; ERR_INVALID when it changed no row. */
MUST_CHECK enum err statement_run_one(struct store *store, sqlite3_stmt *statement);

/* What a column or a parameter is in C. */
enum column_type { COLUMN_TEXT, COLUMN_BLOB, COLUMN_INTEGER, COLUMN_ORDINAL, COLUMN_FLAG };

/* One member of a record: how it is bound and read. NULL in the database is the empty
 * str or 0; `is_null_when_empty` writes it that way too. */
struct column {
    enum column_type type;
    bool is_null_when_empty;
    size_t offset;
};

/* Bind members of `record` to parameters 1, 2, ... Text must live until the release. */
MUST_CHECK enum err record_bind(struct store *store, sqlite3_stmt *statement,
    const struct column *columns, int count, const void *record);
/* Read the row's columns 0, 1, ... into members of `record`; text is copied to `arena`. */
MUST_CHECK enum err record_read(sqlite3_stmt *statement, const struct column *columns, int count,
    struct arena *arena, void *record);
/* Read all rows into an array of records of `size` bytes. */
MUST_CHECK enum err records_read(struct store *store, sqlite3_stmt *statement,
    const struct column *columns, int count, size_t size, struct arena *arena, void **ret_records,
    size_t *ret_count);
/* Read a row of the columns STEP_COLUMNS. ERR_MEMORY. */
MUST_CHECK enum err step_record_read(
    sqlite3_stmt *statement, struct arena *arena, struct step_record *ret_record);
