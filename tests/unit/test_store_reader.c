/* test_store_reader.c - a journal that is only looked at, also while another writes. */
#include "store_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>

static void a_reader_looks_while_another_process_writes(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    run_new(&f, "alert-1");
    pid_t child = fork();
    if (child == 0) {
        CLEANUP(fixture_release) struct fixture theirs = f;
        theirs.store = reader_new(&theirs);
        theirs.arena = (struct arena){ 0 };
        bool is_told = runs_of(&theirs, theirs.store) == 1
                       && str_equal(store_id(theirs.store), store_id(f.store));
        _exit(is_told ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct store *reader = reader_new(&f);
    run_new(&f, "alert-2");
    assert_int_equal(runs_of(&f, reader), 1); /* as of its opening */
    store_close(reader);
    reader = reader_new(&f);
    assert_int_equal(runs_of(&f, reader), 2);
    store_close(reader);
    run_new(&f, "alert-3");
}

static void a_reader_looks_when_nobody_writes(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    run_new(&f, "alert-1");
    store_close(f.store);
    f.store = reader_new(&f);
    assert_int_equal(runs_of(&f, f.store), 1);
    reopen(&f);
    run_new(&f, "alert-2");
}

static void a_reader_writes_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    struct store *reader = reader_new(&f);
    struct run run = { .alert = STR("alert-2"), .program_hash = STR("hash") };
    struct step_record step = { .run = id, .builtin = STR("isolate_role"), .args = STR("[]") };
    struct call_record more = call_made(id, 0, 1, true);
    call.reply_body = STR("");
    assert_int_equal(store_program_put(reader, STR("hash"), STR("[]")), ERR_STORE);
    assert_int_equal(store_run_begin(reader, &run), ERR_STORE);
    assert_int_equal(store_run_end(reader, id, 1), ERR_STORE);
    assert_int_equal(store_run_abandon(reader, id, 1, "why"), ERR_STORE);
    assert_int_equal(store_step_begin(reader, &f.arena, &step), ERR_STORE);
    step.index = 1;
    assert_int_equal(store_step_begin(reader, &f.arena, &step), ERR_STORE);
    step.state = STR("done");
    assert_int_equal(store_step_end(reader, &step), ERR_STORE);
    assert_int_equal(store_call_intend(reader, &more), ERR_STORE);
    assert_int_equal(store_call_reply(reader, &call), ERR_STORE);
    store_close(reader);
    assert_int_equal(store_call_reply(f.store, &call), ERR_OK);
}

/* Expect store_open_reader to fail; the reason must hold `word`. */
static void reader_refused(struct fixture *f, enum err expected, const char *word)
{
    struct store *reader;
    const char *reason;
    store_close(f->store);
    f->store = NULL;
    enum err err = reader_open(f, &reader, &reason);
    store_close(reader);
    assert_int_equal(err, expected);
    if (strstr(reason, word) == NULL)
        fail_msg("no '%s' in: %s", word, reason);
}

static void a_reader_takes_only_this_version_and_makes_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture newer = fixture_new();
    assert_int_equal(store_exec(newer.store, "PRAGMA user_version = 99"), ERR_OK);
    reader_refused(&newer, ERR_STORE, "newer cdr");

    CLEANUP(fixture_release) struct fixture older = fixture_new();
    assert_int_equal(store_exec(older.store, "PRAGMA user_version = 1"), ERR_OK);
    reader_refused(&older, ERR_STORE, "older cdr");

    CLEANUP(fixture_release) struct fixture foreign = fixture_new();
    assert_int_equal(store_exec(foreign.store, "PRAGMA application_id = 0"), ERR_OK);
    reader_refused(&foreign, ERR_STORE, "something else");

    CLEANUP(fixture_release) struct fixture f = fixture_new();
    char path[120];
    snprintf(path, sizeof path, "%s/journal.db", f.directory);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(truncate(path, 0), 0);
    reader_refused(&f, ERR_STORE, "not begun");
    journal_write(&f, "this is no database, it is a note", 33, 0);
    reader_refused(&f, ERR_STORE, "not a database");
    assert_int_equal(unlink(path), 0);
    reader_refused(&f, ERR_IO, "there is no journal here");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    reader_refused(&f, ERR_IO, "not a file");
    assert_int_equal(chmod(f.directory, 0777), 0);
    reader_refused(&f, ERR_IO, "everybody may write");
    snprintf(f.directory, sizeof f.directory, "%s/none", f.scratch.path);
    reader_refused(&f, ERR_IO, "No such file");
    assert_int_equal(access(f.directory, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_looks_while_another_process_writes),
        cmocka_unit_test(a_reader_looks_when_nobody_writes),
        cmocka_unit_test(a_reader_writes_nothing),
        cmocka_unit_test(a_reader_takes_only_this_version_and_makes_nothing),
    };
    return cmocka_run_group_tests_name("store reader", tests, NULL, NULL);
}
