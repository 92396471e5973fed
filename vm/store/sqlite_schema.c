/* sqlite_schema.c - the tables of the journal, and how older ones become newer ones.
 *
 * user_version counts the migrations that were applied; each is one transaction, so a
 * crash leaves the version before or the version after. A migration that was released
 * never changes: what is wrong in it is put right by the next.
 */
#include "store/sqlite_private.h"

#include <stdio.h>
#include <sys/random.h>

/* "cdrj" in application_id: that the file is ours, `file` prints it too. */
#define APPLICATION_ID 0x6364726a

static const char *const migrations[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE program ("
    "  hash TEXT PRIMARY KEY CHECK (hash <> ''),"
    "  texts BLOB NOT NULL"
    ") STRICT;"

    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  undoes INTEGER REFERENCES run (id) CHECK (undoes < id),"
    "  alert TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  alert_text BLOB NOT NULL,"
    "  forced_source TEXT NOT NULL,"
    "  rule TEXT NOT NULL,"
    "  rule_id TEXT NOT NULL,"
    "  program_hash TEXT REFERENCES program (hash),"
    "  received_ms INTEGER NOT NULL,"
    "  started_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER,"
    "  CHECK ((undoes IS NULL) = (program_hash IS NOT NULL))" /* a run replays one or the other */
    ") STRICT;"
    "CREATE INDEX run_by_alert ON run (alert, source, rule);"
    "CREATE INDEX run_by_undoes ON run (undoes) WHERE undoes IS NOT NULL;"
    "CREATE INDEX run_open ON run (id) WHERE ended_ms IS NULL;"

    "CREATE TABLE step ("
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  builtin TEXT NOT NULL CHECK (builtin <> ''),"
    "  args TEXT NOT NULL CHECK (args <> ''),"
    "  target TEXT NOT NULL,"
    "  found TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN"
    "    ('running', 'done', 'partial', 'failed', 'unresolved', 'unknown')),"
    "  reason TEXT NOT NULL,"
    "  results TEXT NOT NULL,"
    "  started_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER,"
    "  PRIMARY KEY (run, idx),"
    "  CHECK ((state = 'running') = (ended_ms IS NULL))"
    ") STRICT;"

    "CREATE TABLE call ("
    "  id INTEGER PRIMARY KEY,"
    "  run INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  is_change INTEGER NOT NULL CHECK (is_change IN (0, 1)),"
    "  service TEXT NOT NULL,"
    "  operation TEXT NOT NULL CHECK (operation <> ''),"
    "  region TEXT NOT NULL,"
    "  target TEXT NOT NULL,"
    "  body BLOB NOT NULL,"
    "  undo TEXT NOT NULL,"
    "  intended_ms INTEGER NOT NULL,"
    "  reply_kind TEXT CHECK (reply_kind IN ('received', 'lost', 'refused')),"
    "  reply_status INTEGER,"
    "  reply_body BLOB,"
    "  replied_ms INTEGER,"
    "  UNIQUE (run, step, idx),"
    "  FOREIGN KEY (run, step) REFERENCES step (run, idx),"
    "  CHECK ((reply_kind IS NULL) = (reply_status IS NULL)"
    "     AND (reply_kind IS NULL) = (reply_body IS NULL)"
    "     AND (reply_kind IS NULL) = (replied_ms IS NULL)),"
    "  CHECK (is_change = 1 OR undo = '')"
    ") STRICT;",

    "ALTER TABLE step ADD COLUMN identity TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN region TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE run ADD COLUMN cut_reason TEXT NOT NULL DEFAULT '';",

    "ALTER TABLE step ADD COLUMN provider TEXT NOT NULL DEFAULT '';",

    /* A CHECK cannot be altered: the table is made anew, and with it the one that refers to
     * it, which a rename takes along. */
    "CREATE TABLE new_step ("
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  builtin TEXT NOT NULL CHECK (builtin <> ''),"
    "  args TEXT NOT NULL CHECK (args <> ''),"
    "  target TEXT NOT NULL,"
    "  found TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN"
    "    ('running', 'done', 'partial', 'failed', 'unresolved', 'unknown', 'held')),"
    "  reason TEXT NOT NULL,"
    "  results TEXT NOT NULL,"
    "  started_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER,"
    "  identity TEXT NOT NULL DEFAULT '',"
    "  region TEXT NOT NULL DEFAULT '',"
    "  provider TEXT NOT NULL DEFAULT '',"
    "  PRIMARY KEY (run, idx),"
    "  CHECK ((state = 'running') = (ended_ms IS NULL))"
    ") STRICT;"
    "CREATE TABLE new_call ("
    "  id INTEGER PRIMARY KEY,"
    "  run INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  is_change INTEGER NOT NULL CHECK (is_change IN (0, 1)),"
    "  service TEXT NOT NULL,"
    "  operation TEXT NOT NULL CHECK (operation <> ''),"
    "  region TEXT NOT NULL,"
    "  target TEXT NOT NULL,"
    "  body BLOB NOT NULL,"
    "  undo TEXT NOT NULL,"
    "  intended_ms INTEGER NOT NULL,"
    "  reply_kind TEXT CHECK (reply_kind IN ('received', 'lost', 'refused')),"
    "  reply_status INTEGER,"
    "  reply_body BLOB,"
    "  replied_ms INTEGER,"
    "  UNIQUE (run, step, idx),"
    "  FOREIGN KEY (run, step) REFERENCES new_step (run, idx),"
    "  CHECK ((reply_kind IS NULL) = (reply_status IS NULL)"
    "     AND (reply_kind IS NULL) = (reply_body IS NULL)"
    "     AND (reply_kind IS NULL) = (replied_ms IS NULL)),"
    "  CHECK (is_change = 1 OR undo = '')"
    ") STRICT;"
    "INSERT INTO new_step (run, idx, builtin, args, target, found, state, reason, results,"
    "  started_ms, ended_ms, identity, region, provider)"
    " SELECT run, idx, builtin, args, target, found, state, reason, results,"
    "  started_ms, ended_ms, identity, region, provider FROM step;"
    "INSERT INTO new_call (id, run, step, idx, is_change, service, operation, region, target,"
    "  body, undo, intended_ms, reply_kind, reply_status, reply_body, replied_ms)"
    " SELECT id, run, step, idx, is_change, service, operation, region, target,"
    "  body, undo, intended_ms, reply_kind, reply_status, reply_body, replied_ms FROM call;"
    "DROP TABLE call;"
    "DROP TABLE step;"
    "ALTER TABLE new_step RENAME TO step;"
    "ALTER TABLE new_call RENAME TO call;",

    /* Cases, and the states of a step that the governor gives. Nobody could answer a step that
     * was held before: it ended without having begun. */
    "CREATE TABLE cases ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  opened_ms INTEGER NOT NULL,"
    "  last_ms INTEGER NOT NULL,"
    "  title TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE case_alert ("
    "  case_id INTEGER NOT NULL REFERENCES cases (id),"
    "  alert TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  title TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (source, alert, case_id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX case_alert_by_case ON case_alert (case_id);"
    "CREATE TABLE case_entity ("
    "  field TEXT NOT NULL,"
    "  scope TEXT NOT NULL," /* the source whose identifier it is; '': of all */
    "  value TEXT NOT NULL COLLATE NOCASE,"
    "  case_id INTEGER NOT NULL REFERENCES cases (id),"
    "  last_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (field, scope, value, case_id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX case_entity_by_case ON case_entity (case_id);"
    "ALTER TABLE run ADD COLUMN case_id INTEGER REFERENCES cases (id);"
    "ALTER TABLE run ADD COLUMN undoes_step INTEGER;" /* of the run that it undoes; NULL: all */
    "ALTER TABLE run ADD COLUMN person TEXT NOT NULL DEFAULT '';" /* who asked for it, if anybody */
    "CREATE INDEX run_by_case ON run (case_id) WHERE case_id IS NOT NULL;"
    /* The run that alerts of a rule and a key join until then, and those that did. */
    "CREATE TABLE dedup ("
    "  rule_id TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  run INTEGER NOT NULL," /* in a plan, which keeps this in memory, of no run */
    "  until_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (rule_id, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX dedup_by_time ON dedup (until_ms);"
    "CREATE TABLE joined_alert ("
    "  source TEXT NOT NULL,"
    "  alert TEXT NOT NULL,"
    "  rule_id TEXT NOT NULL,"
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  rule TEXT NOT NULL,"
    "  case_id INTEGER NOT NULL REFERENCES cases (id),"
    "  at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (source, alert, rule_id, run)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX joined_alert_by_run ON joined_alert (run);"
    "CREATE INDEX joined_alert_by_case ON joined_alert (case_id);"

    "CREATE TABLE new_step ("
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  builtin TEXT NOT NULL CHECK (builtin <> ''),"
    "  args TEXT NOT NULL CHECK (args <> ''),"
    "  target TEXT NOT NULL,"
    "  found TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('running', 'held', 'done', 'partial', 'failed',"
    "    'unresolved', 'unknown', 'refused', 'rejected', 'shadowed')),"
    "  reason TEXT NOT NULL,"
    "  results TEXT NOT NULL,"
    "  started_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER,"
    "  identity TEXT NOT NULL DEFAULT '',"
    "  region TEXT NOT NULL DEFAULT '',"
    "  provider TEXT NOT NULL DEFAULT '',"
    "  joined_run INTEGER," /* whose end this step took over */
    "  joined_step INTEGER,"
    "  PRIMARY KEY (run, idx),"
    "  CHECK ((state IN ('running', 'held')) = (ended_ms IS NULL)),"
    "  CHECK ((joined_run IS NULL) = (joined_step IS NULL))"
    ") STRICT;"
    "CREATE TABLE new_call ("
    "  id INTEGER PRIMARY KEY,"
    "  run INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL CHECK (idx >= 0),"
    "  is_change INTEGER NOT NULL CHECK (is_change IN (0, 1)),"
    "  service TEXT NOT NULL,"
    "  operation TEXT NOT NULL CHECK (operation <> ''),"
    "  region TEXT NOT NULL,"
    "  target TEXT NOT NULL,"
    "  body BLOB NOT NULL,"
    "  undo TEXT NOT NULL,"
    "  intended_ms INTEGER NOT NULL,"
    "  reply_kind TEXT CHECK (reply_kind IN ('received', 'lost', 'refused')),"
    "  reply_status INTEGER,"
    "  reply_body BLOB,"
    "  replied_ms INTEGER,"
    "  UNIQUE (run, step, idx),"
    "  FOREIGN KEY (run, step) REFERENCES new_step (run, idx),"
    "  CHECK ((reply_kind IS NULL) = (reply_status IS NULL)"
    "     AND (reply_kind IS NULL) = (reply_body IS NULL)"
    "     AND (reply_kind IS NULL) = (replied_ms IS NULL)),"
    "  CHECK (is_change = 1 OR undo = '')"
    ") STRICT;"
    "INSERT INTO new_step (run, idx, builtin, args, target, found, state, reason, results,"
    "  started_ms, ended_ms, identity, region, provider)"
    " SELECT run, idx, builtin, args, target, found,"
    "  CASE state WHEN 'held' THEN 'rejected' ELSE state END, reason, results,"
    "  started_ms, ended_ms, identity, region, provider FROM step;"
    "INSERT INTO new_call (id, run, step, idx, is_change, service, operation, region, target,"
    "  body, undo, intended_ms, reply_kind, reply_status, reply_body, replied_ms)"
    " SELECT id, run, step, idx, is_change, service, operation, region, target,"
    "  body, undo, intended_ms, reply_kind, reply_status, reply_body, replied_ms FROM call;"
    "DROP TABLE call;"
    "DROP TABLE step;"
    "ALTER TABLE new_step RENAME TO step;"
    "ALTER TABLE new_call RENAME TO call;"
    "CREATE INDEX step_held ON step (run) WHERE state = 'held';",

    "CREATE TABLE hold ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  run INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  round INTEGER NOT NULL CHECK (round >= 0),"
    "  cause TEXT NOT NULL CHECK (cause IN ('approve', 'limit', 'doubt', 'always')),"
    "  reason TEXT NOT NULL,"
    "  clause TEXT NOT NULL,"
    "  plan_hash TEXT NOT NULL,"
    "  plan BLOB NOT NULL,"
    "  stages TEXT NOT NULL CHECK (stages <> ''),"
    "  author TEXT NOT NULL,"
    "  stage INTEGER NOT NULL CHECK (stage >= 0),"
    "  until_ms INTEGER," /* NULL: for ever */
    "  held_ms INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN"
    "    ('open', 'approved', 'used', 'rejected', 'expired', 'void')),"
    "  settled_ms INTEGER,"
    "  audit INTEGER REFERENCES audit (seq)," /* of the entry that has the seal */
    "  UNIQUE (run, step, round),"
    "  FOREIGN KEY (run, step) REFERENCES step (run, idx),"
    "  CHECK ((state = 'open') = (settled_ms IS NULL)),"
    "  CHECK (plan_hash <> '' OR state NOT IN ('approved', 'used'))"
    ") STRICT;"
    "CREATE INDEX hold_open ON hold (id) WHERE state = 'open';"
    "CREATE INDEX hold_approved ON hold (id) WHERE state IN ('approved', 'rejected', 'expired');"
    "CREATE TABLE decision ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  hold INTEGER NOT NULL REFERENCES hold (id),"
    "  who TEXT NOT NULL CHECK (who <> ''),"
    "  is_approval INTEGER NOT NULL CHECK (is_approval IN (0, 1)),"
    "  reason TEXT NOT NULL CHECK (reason <> ''),"
    "  plan_hash TEXT NOT NULL,"
    "  stage INTEGER NOT NULL CHECK (stage >= 0),"
    "  decided_ms INTEGER NOT NULL,"
    "  audit INTEGER NOT NULL REFERENCES audit (seq),"
    "  UNIQUE (hold, who, stage, is_approval)" /* who approved may reject after all */
    ") STRICT;"

    /* A target has one row in each count that it is part of, so a storm of alerts about the
     * same few targets adds none, and what was long ago is behind the end of the index. */
    "CREATE TABLE admission ("
    "  scope TEXT NOT NULL CHECK (scope IN ('rule', 'action', 'account', 'provider')),"
    "  key TEXT NOT NULL," /* name or id of the rule, builtin, account, provider */
    "  target TEXT NOT NULL,"
    "  account TEXT NOT NULL,"
    "  provider TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL," /* when it was admitted last */
    "  PRIMARY KEY (scope, key, target, account, provider)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX admission_by_time ON admission (scope, key, at_ms);"
    /* As asked by STATEMENT_TWIN_FIND. */
    "CREATE INDEX step_twin ON step (builtin, target) WHERE target <> ''"
    " AND joined_run IS NULL AND state IN ('running', 'held', 'done');"

    "CREATE TABLE timer ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  kind TEXT NOT NULL CHECK (kind IN ('undo', 'expire', 'retry')),"
    "  run INTEGER NOT NULL REFERENCES run (id),"
    "  step INTEGER NOT NULL CHECK (step >= 0),"
    "  hold INTEGER REFERENCES hold (id),"
    "  set_ms INTEGER NOT NULL,"
    "  due_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER,"
    "  outcome TEXT NOT NULL,"
    "  CHECK ((ended_ms IS NULL) = (outcome = ''))"
    ") STRICT;"
    "CREATE INDEX timer_due ON timer (due_ms) WHERE ended_ms IS NULL;"
    "CREATE INDEX timer_by_run ON timer (run, step);"

    "CREATE TABLE audit ("
    "  seq INTEGER PRIMARY KEY CHECK (seq > 0),"
    "  entry TEXT NOT NULL CHECK (entry <> ''),"
    "  hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    /* What was done before there was a log is not in it. */
    "INSERT INTO meta SELECT 'audit_older_runs', max(id) FROM run HAVING max(id) > 0;",

    /* In which account a step acts, when it is told: empty is that of the connection. */
    "ALTER TABLE step ADD COLUMN account TEXT NOT NULL DEFAULT '';"
    /* As whom it went there; until now that was whom it acted as. */
    "ALTER TABLE step ADD COLUMN base TEXT NOT NULL DEFAULT '';"
    "UPDATE step SET base = identity;",

    /* Alerts as they came in. What is asked for often stands in front of the text, which may take
     * many pages. Each index but the one of digests holds only what it is asked about. */
    "CREATE TABLE alerts ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  way TEXT NOT NULL CHECK (way <> ''),"
    "  forced_source TEXT NOT NULL,"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32)," /* of the text as it came */
    "  received_ms INTEGER NOT NULL,"
    "  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'evaluated', 'dead')),"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  copies INTEGER NOT NULL DEFAULT 0,"
    "  source TEXT NOT NULL DEFAULT '',"
    "  name TEXT NOT NULL DEFAULT '',"
    "  first INTEGER,"
    "  program_hash TEXT NOT NULL DEFAULT '',"
    "  evaluated_ms INTEGER,"
    "  matched INTEGER NOT NULL DEFAULT 0,"
    "  reason TEXT NOT NULL DEFAULT '',"
    "  is_redacted INTEGER NOT NULL DEFAULT 0 CHECK (is_redacted IN (0, 1)),"
    "  text BLOB NOT NULL,"
    "  UNIQUE (digest, way, forced_source),"
    "  CHECK ((state = 'evaluated') = (evaluated_ms IS NOT NULL)),"
    "  CHECK ((state = 'dead') = (reason <> ''))"
    ") STRICT;"
    "CREATE INDEX alerts_waiting ON alerts (id) WHERE state = 'waiting';"
    "CREATE INDEX alerts_dead ON alerts (id) WHERE state = 'dead';"
    "CREATE INDEX alerts_by_name ON alerts (name, source) WHERE state = 'evaluated';"
    "CREATE INDEX alerts_by_time ON alerts (is_redacted, received_ms) WHERE state = 'evaluated';"
    /* What senders call their messages; how far a way in has read. */
    "CREATE TABLE messages ("
    "  way TEXT NOT NULL CHECK (way <> ''),"
    "  id BLOB NOT NULL,"
    "  digest BLOB NOT NULL,"
    "  at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (way, id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX messages_by_time ON messages (at_ms);"
    "CREATE TABLE cursors ("
    "  way TEXT PRIMARY KEY CHECK (way <> ''),"
    "  text BLOB NOT NULL,"
    "  at_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "ALTER TABLE run ADD COLUMN is_redacted INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX run_by_time ON run (received_ms)"
    " WHERE is_redacted = 0 AND ended_ms IS NOT NULL AND undoes IS NULL;",

    /* A reply whose status is one of success may say that nothing was done. */
    ("ALTER TABLE call ADD COLUMN is_declined INTEGER NOT NULL DEFAULT 0"
     "  CHECK (is_declined IN (0, 1));"),
};

enum { VERSION = COUNT_OF(migrations) };

static enum err pragma_get(struct store *store, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    enum err err = code == SQLITE_ROW ? ERR_OK : store_fail(store, code);
    sqlite3_finalize(statement);
    return err;
}

/* A number at random that no other store has: it parts our keys at the provider from
 * those of another data directory. */
static enum err id_make(struct store *store)
{
    uint32_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return store_say(store, "the system gave no random number");
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT INTO meta VALUES ('store_id', '%08x')", (unsigned)number);
    return store_exec(store, sql);
}

static enum err migrate_one(struct store *store, int64_t version)
{
    char finish[128];
    snprintf(finish, sizeof finish, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
        APPLICATION_ID, (int)version + 1);
    TRY(store_exec(store, "BEGIN IMMEDIATE"));
    enum err err = store_exec(store, migrations[version]);
    if (err == ERR_OK && version == 0)
        err = id_make(store);
    if (err == ERR_OK)
        err = store_exec(store, finish);
    if (err != ERR_OK) /* the error that counts is the one before */
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static enum err id_read(struct store *store)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        store->db, "SELECT value FROM meta WHERE key = 'store_id'", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    enum err err = code == SQLITE_ROW    ? ERR_OK
                   : code == SQLITE_DONE ? store_say(store, "the journal has lost its identity")
                                         : store_fail(store, code);
    if (err == ERR_OK)
        snprintf(
            store->id, sizeof store->id, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return err;
}

/* How many migrations were applied; refuses what is not ours or newer. */
static enum err version_get(struct store *store, int64_t *ret_version)
{
    int64_t version = 0;
    int64_t tables = 0;
    int64_t application = 0;
    TRY(pragma_get(store, "PRAGMA user_version", &version));
    TRY(pragma_get(store, "PRAGMA application_id", &application));
    TRY(pragma_get(store, "SELECT count(*) FROM sqlite_schema", &tables));
    if (tables > 0 && application != APPLICATION_ID)
        return store_say(store, "journal.db is a database of something else");
    if (version > VERSION)
        return store_say(store, "the journal was written by a newer cdr; use that one");
    *ret_version = version;
    return ERR_OK;
}

enum err schema_expect(struct store *store)
{
    int64_t version;
    TRY(version_get(store, &version));
    if (version == 0)
        return store_say(store, "the journal was not begun yet");
    if (version < VERSION)
        return store_say(store,
            "the journal was written by an older cdr; a cdr that may write to it, "
            "as resume does, brings it up to date");
    return id_read(store);
}

enum err schema_migrate(struct store *store)
{
    int64_t version;
    TRY(version_get(store, &version));
    if (version > 0 && version < VERSION && store->guard != NULL)
        TRY(store->guard->may_migrate(store->guard, store));
    for (; version < VERSION; version++)
        TRY(migrate_one(store, version));
    return id_read(store);
}
