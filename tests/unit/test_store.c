/* test_store.c - the journal keeps what it acknowledged, and refuses what makes no sense. */
#include "store_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        str actual_ = (actual);                                                                    \
        assert_int_equal(actual_.len, strlen(expected));                                           \
        assert_memory_equal(actual_.ptr, expected, actual_.len);                                   \
    } while (0)

static void what_was_written_is_read_back_after_reopening(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    reopen(&f);

    struct run run;
    assert_int_equal(store_run_get(f.store, id, &f.arena, &run), ERR_OK);
    assert_str(run.alert, "alert-1");
    assert_str(run.rule_id, "5c1d");
    assert_str(run.forced_source, "guardduty");
    assert_int_equal(run.alert_text.len, sizeof("{\"id\":\"a\0b\xff\"}") - 1);
    assert_memory_equal(run.alert_text.ptr, "{\"id\":\"a\0b\xff\"}", run.alert_text.len);
    assert_int_equal(run.received_ms, 1000);
    assert_int_equal(run.started_ms, 2000);
    assert_int_equal(run.ended_ms, 0);
    assert_int_equal(run.undoes, 0);

    struct call_record read;
    assert_int_equal(store_call_get(f.store, id, 0, 0, &f.arena, &read), ERR_OK);
    assert_true(read.is_change);
    assert_false(read.has_reply);
    assert_true(str_equal(read.body, call.body));
    assert_true(str_equal(read.undo, call.undo));
    assert_int_equal(store_call_get(f.store, id, 0, 1, &f.arena, &read), ERR_NOT_FOUND);
    assert_int_equal(store_run_get(f.store, id + 1, &f.arena, &run), ERR_NOT_FOUND);
}

static void a_reply_and_an_end_are_read_back(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    call_new(&f, id, 0, false, REPLY_LOST, 0);
    call_new(&f, id, 1, true, REPLY_RECEIVED, 204);
    step_over(&f, id, 0, "done");
    reopen(&f);

    struct call_record *calls;
    size_t count;
    assert_int_equal(store_calls(f.store, id, &f.arena, &calls, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(calls[0].has_reply);
    assert_int_equal(calls[0].reply_kind, REPLY_LOST);
    assert_int_equal(calls[1].reply_kind, REPLY_RECEIVED);
    assert_int_equal(calls[1].reply_status, 204);
    assert_int_equal(calls[1].replied_ms, 6000);
    assert_int_equal(calls[1].reply_body.len, 0);
    struct call_record whole;
    assert_int_equal(store_call_get(f.store, id, 0, 1, &f.arena, &whole), ERR_OK);
    assert_str(whole.reply_body, "<ok/>");

    struct step_record *steps;
    assert_int_equal(store_steps(f.store, id, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_str(steps[0].state, "done");
    assert_str(steps[0].target, "role/web");
    assert_str(steps[0].found, "web from role.name");
    assert_int_equal(steps[0].ended_ms, 4000);
}

static void the_identity_survives_and_is_another_in_another_directory(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    CLEANUP(fixture_release) struct fixture other = fixture_new();
    char id[16];
    assert_int_equal(store_id(f.store).len, 8);
    assert_int_equal(strspn(store_id(f.store).ptr, "0123456789abcdef"), 8);
    snprintf(id, sizeof id, "%s", store_id(f.store).ptr);
    reopen(&f);
    assert_str(store_id(f.store), id);
    assert_false(str_equal(store_id(f.store), store_id(other.store)));
}

static void a_step_that_is_there_is_read_and_one_that_differs_has_diverged(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    step_over(&f, id, 0, "partial");
    struct step_record again = {
        .run = id, .index = 0, .builtin = STR("isolate_role"), .args = STR("[\"web\"]")
    };
    assert_int_equal(store_step_begin(f.store, &f.arena, &again), ERR_OK);
    assert_str(again.state, "partial");
    assert_int_equal(again.started_ms, 3000);
    struct step_record other = {
        .run = id, .index = 0, .builtin = STR("isolate_role"), .args = STR("[\"db\"]")
    };
    assert_int_equal(store_step_begin(f.store, &f.arena, &other), ERR_DIVERGED);
    assert_str(other.args, "[\"web\"]");
    other = (struct step_record){
        .run = id, .index = 0, .builtin = STR("stop_instance"), .args = STR("[\"web\"]")
    };
    assert_int_equal(store_step_begin(f.store, &f.arena, &other), ERR_DIVERGED);
}

static void nothing_is_written_twice_or_after_the_end(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    call_new(&f, id, 0, true, REPLY_RECEIVED, 200);
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_STORE); /* UNIQUE (run, step, idx) */
    assert_non_null(strstr(store_error(f.store), "UNIQUE"));
    assert_int_equal(store_call_reply(f.store, &call), ERR_INVALID);
    assert_int_equal(store_run_end(f.store, id, 7000), ERR_INVALID); /* a step is running */
    step_over(&f, id, 0, "done");
    struct step_record end = { .run = id, .state = STR("failed"), .ended_ms = 1 };
    assert_int_equal(store_step_end(f.store, &end), ERR_INVALID);
    call = call_made(id, 0, 1, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_INVALID);
    assert_int_equal(store_run_end(f.store, id, 7000), ERR_OK);
    assert_int_equal(store_run_end(f.store, id, 8000), ERR_INVALID);
    struct step_record late = {
        .run = id, .index = 1, .builtin = STR("isolate_role"), .args = STR("[]")
    };
    assert_int_equal(store_step_begin(f.store, &f.arena, &late), ERR_INVALID);
}

static void a_state_that_is_none_and_an_assumed_reply_are_not_written(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    struct step_record end = { .run = id, .state = STR("finished"), .ended_ms = 1 };
    assert_int_equal(store_step_end(f.store, &end), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "CHECK"));
    struct call_record call = call_made(id, 0, 0, true);
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    call.reply_kind = REPLY_ASSUMED;
    assert_int_equal(store_call_reply(f.store, &call), ERR_INVALID);
}

static void a_run_needs_its_program_and_an_undo_its_run(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct run run = { .alert = STR("a"), .rule = STR("r"), .program_hash = STR("none") };
    assert_int_equal(store_run_begin(f.store, &run), ERR_NOT_FOUND);
    struct run undo = { .undoes = 1, .alert = STR("a") };
    assert_int_equal(store_run_begin(f.store, &undo), ERR_STORE); /* of itself */
    undo.undoes = 77;
    assert_int_not_equal(store_run_begin(f.store, &undo), ERR_OK);
    assert_int_equal(store_program_put(f.store, STR("none"), STR("[1]")), ERR_OK);
    assert_int_equal(store_program_put(f.store, STR("none"), STR("[1]")), ERR_OK);
    assert_int_equal(store_run_begin(f.store, &run), ERR_OK);
    str texts;
    assert_int_equal(store_program_get(f.store, STR("none"), &f.arena, &texts), ERR_OK);
    assert_str(texts, "[1]");
    assert_int_equal(store_program_get(f.store, STR("other"), &f.arena, &texts), ERR_NOT_FOUND);
}

static void runs_are_listed_by_what_is_asked(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t ids[20];
    for (int i = 0; i < 20; i++)
        ids[i] = run_new(&f, i % 2 == 0 ? "alert-1" : "alert-2");
    assert_int_equal(store_run_end(f.store, ids[0], 9000), ERR_OK);
    int64_t undo = undo_new(&f, ids[0]);

    struct run *runs;
    size_t count;
    assert_int_equal(
        store_runs(f.store, &(struct run_filter){ 0 }, &f.arena, &runs, &count), ERR_OK);
    assert_int_equal(count, 21);
    for (size_t i = 1; i < count; i++)
        assert_true(runs[i - 1].id < runs[i].id);
    assert_int_equal(runs[0].ended_ms, 9000);
    struct run_filter open = { .is_open = true, .alert = STR("alert-1") };
    assert_int_equal(store_runs(f.store, &open, &f.arena, &runs, &count), ERR_OK);
    assert_int_equal(count, 10); /* nine of the alert, and the undo */
    struct run_filter undos = { .undoes = ids[0] };
    assert_int_equal(store_runs(f.store, &undos, &f.arena, &runs, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(runs[0].id, undo);
    assert_int_equal(runs[0].undoes, ids[0]);
}

static void an_abandoned_run_leaves_no_step_running(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    step_over(&f, id, 0, "done");
    step_new(&f, id, 1);
    assert_int_equal(store_run_abandon(f.store, id, 9000, "cut off"), ERR_OK);
    assert_int_equal(store_run_abandon(f.store, id, 9500, "again"), ERR_INVALID);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, id, &f.arena, &steps, &count), ERR_OK);
    assert_str(steps[0].state, "done");
    assert_str(steps[1].state, "unknown");
    assert_str(steps[1].reason, "cut off");
    struct run run;
    assert_int_equal(store_run_get(f.store, id, &f.arena, &run), ERR_OK);
    assert_int_equal(run.ended_ms, 9000);
    assert_str(run.cut_reason, "cut off");
    assert_int_equal(run.standing, RUN_INCOMPLETE);
}

static void a_step_is_bound_before_its_first_request_alone(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    struct step_record bound = {
        .run = id, .identity = STR("user/cdr"), .region = STR("eu-west-1")
    };
    assert_int_equal(store_step_bind(f.store, &bound), ERR_INVALID); /* there is none */
    step_new(&f, id, 0);
    assert_int_equal(store_step_bind(f.store, &bound), ERR_OK);
    call_new(&f, id, 0, false, REPLY_RECEIVED, 200);
    bound.region = STR("us-east-1");
    assert_int_equal(store_step_bind(f.store, &bound), ERR_INVALID);
    reopen(&f);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, id, &f.arena, &steps, &count), ERR_OK);
    assert_str(steps[0].identity, "user/cdr");
    assert_str(steps[0].region, "eu-west-1");
}

static void a_second_process_is_told_to_wait(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    struct store *second = NULL;
    const char *reason = NULL;
    assert_int_equal(store_open(f.directory, &f.arena, &second, &reason), ERR_BUSY);
    assert_non_null(strstr(reason, "another cdr"));
    assert_null(second);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(store_open(f.directory, &f.arena, &f.store, &reason), ERR_OK);
}

static void assert_private(const struct fixture *f)
{
    static const char *const names[] = { "", "/journal.db", "/journal.db-wal", "/lock" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[120];
        struct stat status;
        snprintf(path, sizeof path, "%s%s", f->directory, names[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, i == 0 ? 0700 : 0600);
    }
}

static void others_cannot_read_what_it_made(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    run_new(&f, "alert-1");
    assert_private(&f);
    store_close(f.store);
    f.store = reader_new(&f); /* SQLite makes its log again */
    assert_int_equal(runs_of(&f, f.store), 1);
    umask(mask);
    assert_private(&f);
}

static void a_link_on_the_way_to_the_directory_is_followed(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    char real[120];
    snprintf(real, sizeof real, "%s/real", f.scratch.path);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(rename(f.directory, real), 0);
    assert_int_equal(symlink("real", f.directory), 0);
    reopen(&f);
}

/* Expect store_open to fail; the reason must hold `word`. */
static void refused(struct fixture *f, const char *directory, enum err expected, const char *word)
{
    struct store *store = NULL;
    const char *reason = NULL;
    enum err err = store_open(directory, &f->arena, &store, &reason);
    store_close(err == ERR_OK ? store : NULL);
    assert_int_equal(err, expected);
    assert_non_null(reason);
    if (strstr(reason, word) == NULL)
        fail_msg("no '%s' in: %s", word, reason);
}

static void a_directory_that_cannot_be_used_is_refused_with_a_sentence(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    char path[120];
    snprintf(path, sizeof path, "%s/no/such", f.scratch.path);
    refused(&f, path, ERR_IO, "No such file");
    refused(&f, "/dev/null", ERR_IO, "not a directory");
    snprintf(path, sizeof path, "%s/open", f.scratch.path);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    refused(&f, path, ERR_IO, "everybody may write");
    assert_int_equal(chmod(path, 0700), 0);
    char link[200];
    snprintf(link, sizeof link, "%s/journal.db", path);
    assert_int_equal(symlink("/etc/hostname", link), 0);
    refused(&f, path, ERR_IO, "symbolic link");
}

static void a_newer_a_foreign_and_a_damaged_journal_are_refused(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_exec(f.store, "PRAGMA user_version = 99"), ERR_OK);
    store_close(f.store);
    f.store = NULL;
    refused(&f, f.directory, ERR_STORE, "newer cdr");

    CLEANUP(fixture_release) struct fixture foreign = fixture_new();
    assert_int_equal(
        store_exec(foreign.store, "PRAGMA user_version = 0; PRAGMA application_id = 0"), ERR_OK);
    store_close(foreign.store);
    foreign.store = NULL;
    refused(&foreign, foreign.directory, ERR_STORE, "something else");

    CLEANUP(fixture_release) struct fixture damaged = fixture_new();
    store_close(damaged.store);
    damaged.store = NULL;
    journal_write(&damaged, "this is no database, it is a note", 33, 0);
    refused(&damaged, damaged.directory, ERR_STORE, "not a database");
}

static void a_damaged_page_is_an_error_with_words(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    store_close(f.store);
    f.store = NULL;
    static const char noise[4096] = { 1, 2, 3, 4, 5, 6, 7 };
    for (off_t page = 2; page < 8; page++)
        journal_write(&f, noise, sizeof noise, page * (off_t)sizeof noise);
    const char *reason = NULL;
    enum err err = store_open(f.directory, &f.arena, &f.store, &reason);
    struct run run;
    if (err == ERR_OK)
        err = store_run_get(f.store, id, &f.arena, &run);
    struct step_record *steps;
    size_t count;
    if (err == ERR_OK)
        err = store_steps(f.store, id, &f.arena, &steps, &count);
    assert_int_equal(err, ERR_STORE);
    const char *said = f.store == NULL ? reason : store_error(f.store);
    assert_non_null(strstr(said, "malformed"));
}

static void a_full_disk_is_an_error_and_what_was_written_stays(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = { 256 * 1024, before.rlim_max };
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = ERR_OK;
    uint32_t written = 0;
    for (; err == ERR_OK && written < 1000; written++) {
        struct step_record step = {
            .run = id, .index = written, .builtin = STR("isolate_role"), .args = STR("[\"web\"]")
        };
        err = store_step_begin(f.store, &f.arena, &step);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(err, ERR_STORE);
    assert_true(store_error(f.store)[0] != '\0');
    reopen(&f);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, id, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, written - 1);
}

/* Write calls for ever, telling `pipe` the index of each that was acknowledged. */
static void write_until_killed(const char *directory, int64_t run, uint32_t from, int out)
{
    struct arena arena = { 0 };
    struct store *store;
    const char *reason;
    if (store_open(directory, &arena, &store, &reason) != ERR_OK)
        _exit(3);
    for (uint32_t index = from;; index++) {
        struct call_record call = call_made(run, 0, index, true);
        if (store_call_intend(store, &call) != ERR_OK)
            _exit(4);
        if (write(out, &index, sizeof index) != sizeof index)
            _exit(5);
    }
}

static void every_acknowledged_write_survives_kill_minus_nine(void **state)
{
    (void)state;
    enum { KILLS = 50 };
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    uint32_t next = 0;
    for (unsigned kill_number = 0; kill_number < KILLS; kill_number++) {
        store_close(f.store);
        f.store = NULL;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            write_until_killed(f.directory, id, next, ends[1]);
        close(ends[1]);
        uint32_t acknowledged = next; /* the first, however slow the machine is */
        if (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
            acknowledged++;
        usleep(kill_number * 7919 % 20000);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        for (uint32_t index; read(ends[0], &index, sizeof index) == sizeof index;)
            acknowledged = index + 1;
        close(ends[0]);

        reopen(&f);
        integrity(&f);
        struct call_record *calls;
        size_t count;
        assert_int_equal(store_calls(f.store, id, &f.arena, &calls, &count), ERR_OK);
        assert_true(count == acknowledged || count == acknowledged + 1);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(calls[i].index, i);
        next = (uint32_t)count;
        arena_release(&f.arena);
    }
    assert_true(next >= KILLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back_after_reopening),
        cmocka_unit_test(a_reply_and_an_end_are_read_back),
        cmocka_unit_test(the_identity_survives_and_is_another_in_another_directory),
        cmocka_unit_test(a_step_that_is_there_is_read_and_one_that_differs_has_diverged),
        cmocka_unit_test(nothing_is_written_twice_or_after_the_end),
        cmocka_unit_test(a_state_that_is_none_and_an_assumed_reply_are_not_written),
        cmocka_unit_test(a_run_needs_its_program_and_an_undo_its_run),
        cmocka_unit_test(runs_are_listed_by_what_is_asked),
        cmocka_unit_test(an_abandoned_run_leaves_no_step_running),
        cmocka_unit_test(a_step_is_bound_before_its_first_request_alone),
        cmocka_unit_test(a_second_process_is_told_to_wait),
        cmocka_unit_test(others_cannot_read_what_it_made),
        cmocka_unit_test(a_link_on_the_way_to_the_directory_is_followed),
        cmocka_unit_test(a_directory_that_cannot_be_used_is_refused_with_a_sentence),
        cmocka_unit_test(a_newer_a_foreign_and_a_damaged_journal_are_refused),
        cmocka_unit_test(a_damaged_page_is_an_error_with_words),
        cmocka_unit_test(a_full_disk_is_an_error_and_what_was_written_stays),
        cmocka_unit_test(every_acknowledged_write_survives_kill_minus_nine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
