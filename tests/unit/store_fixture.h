/* store_fixture.h - a journal of its own for each test of the store. */
#pragma once

#include "scratch.h"
#include "store/sqlite_private.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

/* A store in a directory of its own, and memory for what it returns. */
struct fixture {
    struct scratch scratch;
    char directory[80];
    struct arena arena;
    struct store *store;
};

static inline void reopen(struct fixture *f)
{
    const char *reason = NULL;
    store_close(f->store);
    f->store = NULL;
    enum err err = store_open(f->directory, &f->arena, &f->store, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
}

static inline struct fixture fixture_new(void)
{
    struct fixture f = { .scratch = scratch_new() };
    snprintf(f.directory, sizeof f.directory, "%s/data", f.scratch.path);
    reopen(&f);
    return f;
}

static inline void fixture_release(struct fixture *f)
{
    store_close(f->store);
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

static inline int64_t run_new(struct fixture *f, const char *alert)
{
    assert_int_equal(store_program_put(f->store, STR("hash"), STR("[]")), ERR_OK);
    struct run run = { .alert = str_from(alert),
        .source = STR("guardduty"),
        .alert_text = STR("{\"id\":\"a\0b\xff\"}"),
        .forced_source = STR("guardduty"),
        .rule = STR("stolen_role"),
        .rule_id = STR("5c1d"),
        .program_hash = STR("hash"),
        .received_ms = 1000,
        .started_ms = 2000 };
    assert_int_equal(store_run_begin(f->store, &run), ERR_OK);
    assert_true(run.id > 0);
    return run.id;
}

static inline void step_new(struct fixture *f, int64_t run, uint32_t index)
{
    struct step_record step = { .run = run,
        .index = index,
        .builtin = STR("isolate_role"),
        .args = STR("[\"web\"]"),
        .started_ms = 3000 };
    assert_int_equal(store_step_begin(f->store, &f->arena, &step), ERR_OK);
}

static inline struct call_record call_made(
    int64_t run, uint32_t step, uint32_t index, bool is_change)
{
    return (struct call_record){ .run = run,
        .step = step,
        .index = index,
        .is_change = is_change,
        .service = STR("iam"),
        .operation = STR("PutRolePolicy"),
        .region = STR("us-east-1"),
        .target = STR("role/web"),
        .body = STR("Action=PutRolePolicy\0&x=\xfe"),
        .undo = is_change ? STR("{\"args\":[\"web\"],\"builtin\":\"release_role\"}") : STR(""),
        .intended_ms = 5000 };
}

static inline int64_t undo_new(struct fixture *f, int64_t undoes)
{
    struct run run = { .undoes = undoes, .alert = STR("alert-1"), .source = STR("guardduty") };
    assert_int_equal(store_run_begin(f->store, &run), ERR_OK);
    return run.id;
}

static inline void step_over(struct fixture *f, int64_t run, uint32_t index, const char *state)
{
    struct step_record step = { .run = run,
        .index = index,
        .target = STR("role/web"),
        .found = STR("web from role.name"),
        .state = str_from(state),
        .reason = STR("the role is isolated"),
        .results = STR("[null,null,null]"),
        .ended_ms = 4000 };
    assert_int_equal(store_step_end(f->store, &step), ERR_OK);
}

static inline void call_new(struct fixture *f, int64_t run, uint32_t index, bool is_change,
    enum reply_kind kind, int status)
{
    struct call_record call = call_made(run, 0, index, is_change);
    assert_int_equal(store_call_intend(f->store, &call), ERR_OK);
    call.reply_kind = kind;
    call.reply_status = status;
    call.reply_body = STR("<ok/>");
    call.replied_ms = 6000;
    assert_int_equal(store_call_reply(f->store, &call), ERR_OK);
}

static inline void journal_write(struct fixture *f, const char *bytes, size_t size, off_t at)
{
    char path[120];
    snprintf(path, sizeof path, "%s/journal.db", f->directory);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, size, at), (ssize_t)size);
    close(file);
}

static inline enum err reader_open(
    struct fixture *f, struct store **ret_reader, const char **ret_reason)
{
    *ret_reader = NULL;
    *ret_reason = NULL;
    return store_open_reader(f->directory, &f->arena, ret_reader, ret_reason);
}

static inline struct store *reader_new(struct fixture *f)
{
    struct store *reader;
    const char *reason;
    enum err err = reader_open(f, &reader, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
    return reader;
}

static inline size_t runs_of(struct fixture *f, struct store *store)
{
    struct run *runs;
    size_t count;
    assert_int_equal(
        store_runs(store, &(struct run_filter){ .undoes = 0 }, &f->arena, &runs, &count), ERR_OK);
    return count;
}

static inline void integrity(struct fixture *f)
{
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(f->store->db, "PRAGMA integrity_check", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
}
