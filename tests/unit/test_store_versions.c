/* test_store_versions.c - a journal of an older version: brought up to date, or left as it is. */
#include "store_fixture.h"

#include "store/alerts.h"

#include <unistd.h>

#define assert_str(actual, expected) assert_true(str_equal(actual, str_from(expected)))

/* The schema as version 3 had it: this text never changes. */
static const char schema_3[] =
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
    "  CHECK ((undoes IS NULL) = (program_hash IS NOT NULL))"
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
    ") STRICT;"
    "ALTER TABLE step ADD COLUMN identity TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN region TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE run ADD COLUMN cut_reason TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE step ADD COLUMN provider TEXT NOT NULL DEFAULT '';";

static const char rows_3[] = "INSERT INTO meta VALUES ('store_id', '0badcafe');"
                             "INSERT INTO program VALUES ('hash', x'5b5d');"
                             "INSERT INTO run VALUES (7, NULL, 'alert-1', 'guardduty', "
                             "x'7b00ff7d', '', 'stolen_role', '5c1d', 'hash',"
                             "  1000, 2000, 9000, ''), (8, NULL, 'alert-2', 'guardduty', "
                             "x'7b00ff7d', '', 'stolen_role', '5c1d',"
                             "  'hash', 1001, 2001, NULL, ''), (9, 7, 'alert-1', 'guardduty', x'', "
                             "'', '', '', NULL, 0, 2002,"
                             "  9001, 'given up');"
                             "INSERT INTO step VALUES (7, 0, 'isolate_role', '[\"web\"]', "
                             "'role/web', 'found', 'done', 'r', '[]',"
                             "  3000, 4000, 'user/cdr', 'eu-west-1', 'aws'), (7, 1, "
                             "'stop_instance', '[]', '', '', 'unresolved',"
                             "  'r', '', 3001, 4001, '', '', ''), (8, 0, 'isolate_role', "
                             "'[\"db\"]', '', '', 'running', '', '',"
                             "  3002, NULL, 'user/cdr', 'eu-west-1', 'aws');"
                             "INSERT INTO call VALUES (40, 7, 0, 0, 0, 'iam', 'GetRole', 'r', 't', "
                             "x'6200', '', 5000, 'received',"
                             "  200, x'6f6b', 6000), (41, 7, 0, 1, 1, 'iam', 'PutRolePolicy', 'r', "
                             "'t', x'6200', '{}', 5001, 'lost', 0,"
                             "  x'', 6001), (42, 8, 0, 0, 1, 'iam', 'PutRolePolicy', 'r', 't', "
                             "x'6200', '{}', 5002, NULL, NULL, NULL,"
                             "  NULL);"
                             "PRAGMA application_id = 0x6364726a; PRAGMA user_version = 3;";

/* What version 4 changed: a step might end as held. */
static const char to_4[] =
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
    "INSERT INTO new_step SELECT * FROM step;"
    "PRAGMA legacy_alter_table = ON;" /* `call` goes on referring to `step` */
    "DROP TABLE step;"
    "ALTER TABLE new_step RENAME TO step;"
    "INSERT INTO step VALUES (7, 2, 'isolate_role', '[\"api\"]', 'role/api', 'f', 'held',"
    "  'an excuse is in doubt', '', 3003, 4003, 'user/cdr', 'eu-west-1', 'aws');"
    "PRAGMA user_version = 4;";

static void old_schema_new(struct fixture *f, const char *change)
{
    char path[120];
    store_close(f->store);
    f->store = NULL;
    snprintf(path, sizeof path, "%s/journal.db", f->directory);
    assert_int_equal(unlink(path), 0);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, schema_3, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows_3, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, change, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Every value of every row of the four tables, in one text. */
static str everything(struct fixture *f)
{
    static const char *const tables[] = {
        "SELECT json_group_array(json_array(hash, hex(texts))) FROM program",
        "SELECT json_group_array(json_array(id, undoes, alert, source, hex(alert_text),"
        " forced_source, rule, rule_id, program_hash, received_ms, started_ms, ended_ms, "
        "cut_reason))"
        " FROM (SELECT * FROM run ORDER BY id)",
        "SELECT json_group_array(json_array(run, idx, builtin, args, target, found, state, reason,"
        " results, started_ms, ended_ms, identity, region, provider))"
        " FROM (SELECT * FROM step ORDER BY run, idx)",
        "SELECT json_group_array(json_array(id, run, step, idx, is_change, service, operation, "
        "region,"
        " target, hex(body), undo, intended_ms, reply_kind, reply_status, hex(reply_body), "
        "replied_ms))"
        " FROM (SELECT * FROM call ORDER BY id)",
    };
    char path[120];
    snprintf(path, sizeof path, "%s/journal.db", f->directory);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    const char *all = "";
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        sqlite3_stmt *statement;
        assert_int_equal(sqlite3_prepare_v2(db, tables[i], -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        all =
            arena_format(&f->arena, "%s%s\n", all, (const char *)sqlite3_column_text(statement, 0));
        assert_non_null(all);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return str_from(all);
}

static void a_journal_of_the_third_version_is_brought_up_to_date_and_keeps_every_row(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    old_schema_new(&f, "");
    str before = everything(&f);
    assert_non_null(strstr(before.ptr, "PutRolePolicy"));
    reopen(&f);
    assert_str(store_id(f.store), "0badcafe");
    str after = everything(&f);
    assert_string_equal(after.ptr, before.ptr);
    integrity(&f);

    /* The rows refer to each other as before, and the run that is open goes on. */
    struct step_record refused = { .run = 8, .state = STR("refused"), .ended_ms = 4002 };
    struct call_record reply = call_made(8, 0, 0, true);
    reply.reply_kind = REPLY_RECEIVED;
    reply.reply_status = 200;
    reply.replied_ms = 6002;
    assert_int_equal(store_call_reply(f.store, &reply), ERR_OK);
    assert_int_equal(store_step_end(f.store, &refused), ERR_OK); /* the old CHECK refused it */
    assert_int_equal(store_run_end(f.store, 8, 9002), ERR_OK);
    assert_int_equal(store_exec(f.store, "DELETE FROM step WHERE run = 7 AND idx = 0"), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "FOREIGN KEY"));
}

static void a_step_that_a_fourth_version_held_is_over_and_counts_as_rejected(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    old_schema_new(&f, to_4);
    reopen(&f);
    integrity(&f);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, 7, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_str(steps[0].state, "done");
    assert_str(steps[2].state, "rejected"); /* nobody could ever answer it */
    assert_str(steps[2].reason, "an excuse is in doubt");
    assert_str(steps[2].provider, "aws");
    assert_str(steps[2].base, "user/cdr"); /* it went there as whom it acted */
    assert_int_equal(steps[2].ended_ms, 4003);
    assert_int_equal(store_step_again(f.store, 7, 2), ERR_INVALID);
    assert_int_equal(store_exec(f.store, "DELETE FROM step WHERE run = 7 AND idx = 0"), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "FOREIGN KEY"));
}

/* Version 7 knew no alerts. */
static const char back_to_7[] = "DROP TABLE alerts; DROP TABLE messages; DROP TABLE cursors;"
                                "DROP INDEX run_by_time; ALTER TABLE run DROP COLUMN is_redacted;"
                                "ALTER TABLE call DROP COLUMN is_declined;"
                                "PRAGMA user_version = 7;";

static void a_journal_of_the_seventh_version_goes_on_and_takes_alerts(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t run = run_new(&f, "alert-1");
    assert_int_equal(store_exec(f.store, back_to_7), ERR_OK);
    str before = everything(&f);
    reopen(&f);
    str after = everything(&f);
    assert_string_equal(after.ptr, before.ptr);
    integrity(&f);
    struct alert_record record = { .way = STR("api"), .text = STR("{}") };
    bool is_new = false;
    assert_int_equal(alerts_put(f.store, &record, &is_new), ERR_OK);
    assert_true(is_new);
    assert_int_equal(store_run_end(f.store, run, 9000), ERR_OK);
}

static void a_call_of_the_eighth_version_counts_as_it_did(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct call_record call;
    int64_t run = run_new(&f, "alert-1");
    step_new(&f, run, 0);
    call_new(&f, run, 0, true, REPLY_RECEIVED, 202);
    assert_int_equal(
        store_exec(f.store, "ALTER TABLE call DROP COLUMN is_declined; PRAGMA user_version = 8;"),
        ERR_OK);
    reopen(&f);
    integrity(&f);
    assert_int_equal(store_call_get(f.store, run, 0, 0, &f.arena, &call), ERR_OK);
    assert_int_equal(call.reply_status, 202);
    assert_false(call_is_refused(&call));
}

struct refusing {
    struct store_guard guard;
    size_t open;
};

static enum err refuse_to_migrate(struct store_guard *guard, struct store *store)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct run *runs;
    size_t count;
    TRY(store_open_runs(store, &arena, &runs, &count));
    assert_int_equal(runs[0].id, 8);
    assert_str(runs[0].rule_id, "5c1d");
    ((struct refusing *)(void *)guard)->open = count;
    return ERR_NEEDED;
}

static void an_older_journal_stays_as_it_is_when_its_guard_says_so(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    /* The first version had neither the identity of steps nor why a run was cut. */
    old_schema_new(&f, "ALTER TABLE step DROP COLUMN identity; ALTER TABLE step DROP COLUMN region;"
                       "ALTER TABLE step DROP COLUMN provider;"
                       "ALTER TABLE run DROP COLUMN cut_reason; PRAGMA user_version = 1");
    struct refusing refusing = { { refuse_to_migrate }, 0 };
    const char *reason = NULL;
    for (int i = 0; i < 2; i++) {
        refusing.open = 0;
        assert_int_equal(
            store_open_guarded(f.directory, &refusing.guard, &f.arena, &f.store, &reason),
            ERR_NEEDED);
        assert_int_equal(refusing.open, 1); /* asked again: it was not migrated */
    }
    reopen(&f);
    assert_int_equal(runs_of(&f, f.store), 3);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(store_open_guarded(f.directory, &refusing.guard, &f.arena, &f.store, &reason),
        ERR_OK); /* up to date: not asked */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_of_the_third_version_is_brought_up_to_date_and_keeps_every_row),
        cmocka_unit_test(a_step_that_a_fourth_version_held_is_over_and_counts_as_rejected),
        cmocka_unit_test(a_call_of_the_eighth_version_counts_as_it_did),
        cmocka_unit_test(a_journal_of_the_seventh_version_goes_on_and_takes_alerts),
        cmocka_unit_test(an_older_journal_stays_as_it_is_when_its_guard_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
