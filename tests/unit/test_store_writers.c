/* test_store_writers.c - several threads and several processes at one journal: nothing is lost,
 * nothing is torn.
 */
#include "store_fixture.h"

#include "store/audit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { THREADS = 8, RUNS_EACH = 25, ENTRIES_EACH = 1000 };

struct worker {
    struct store *store;
    pthread_t thread;
    int number;
    const char *fault; /* what went wrong, or NULL */
};

#define EXPECT(worker, what)                                                                       \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            (worker)->fault = #what;                                                               \
            return NULL;                                                                           \
        }                                                                                          \
    } while (0)

/* A run with a step and a change, all of it in one transaction, ended in another. */
static void *run_whole(struct worker *worker, struct arena *arena, const char *alert)
{
    struct store *store = worker->store;
    struct run run = { .alert = str_from(alert), .rule = STR("r"), .program_hash = STR("hash") };
    struct step_record step = { .builtin = STR("isolate_role"), .args = STR("[]") };
    EXPECT(worker, store_begin(store) == ERR_OK);
    EXPECT(worker, store_run_begin(store, &run) == ERR_OK);
    step.run = run.id;
    EXPECT(worker, store_step_begin(store, arena, &step) == ERR_OK);
    EXPECT(worker, store_commit(store) == ERR_OK);
    struct call_record call = call_made(run.id, 0, 0, true);
    EXPECT(worker, store_call_intend(store, &call) == ERR_OK);
    EXPECT(worker, store_call_intend(store, &call) == ERR_STORE); /* it is there already */
    EXPECT(worker, strstr(store_error(store), "UNIQUE") != NULL);
    call.reply_kind = REPLY_RECEIVED;
    call.reply_status = 200;
    EXPECT(worker, store_call_reply(store, &call) == ERR_OK);
    step.state = STR("done");
    EXPECT(worker, store_step_end(store, &step) == ERR_OK);
    EXPECT(worker, store_run_end(store, run.id, 9000) == ERR_OK);
    EXPECT(worker, store_run_get(store, run.id, arena, &run) == ERR_OK);
    EXPECT(worker, str_equal(run.alert, str_from(alert)));
    EXPECT(worker, run.standing == RUN_STANDS);
    return worker;
}

/* A transaction that is given up while the others write. */
static void *run_given_up(struct worker *worker)
{
    struct store *store = worker->store;
    struct run run = { .alert = STR("gone"), .rule = STR("r"), .program_hash = STR("hash") };
    EXPECT(worker, store_begin(store) == ERR_OK);
    EXPECT(worker, store_run_begin(store, &run) == ERR_OK);
    EXPECT(worker, store_run_abandon(store, 999999, 1, "no such run") == ERR_INVALID);
    store_rollback(store); /* not another thread's transaction */
    return worker;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < RUNS_EACH; i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        const char *alert = arena_format(&arena, "alert-%d-%d", worker->number, i);
        if (run_whole(worker, &arena, alert) == NULL || run_given_up(worker) == NULL)
            return NULL;
    }
    return worker;
}

static void threads_share_a_journal_without_losing_or_mixing_anything(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_program_put(f.store, STR("hash"), STR("[]")), ERR_OK);
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .store = f.store, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].fault != NULL)
            fail_msg("thread %d: %s: %s", i, workers[i].fault, store_error(f.store));
    }
    assert_int_equal(runs_of(&f, f.store), THREADS * RUNS_EACH);
    integrity(&f);
}

/* Append in transactions of two, as `who`. 0 when all went well: for the exit of a process. */
static int append_all(struct store *store, const char *who)
{
    struct audit_entry entry = {
        .event = "rejected", .who = str_from(who), .step = -1, .reason = STR("r")
    };
    for (int i = 0; i < ENTRIES_EACH; i++) {
        int64_t seq[2];
        if (store_begin(store) != ERR_OK || audit_append(store, &entry, &seq[0]) != ERR_OK
            || audit_append(store, &entry, &seq[1]) != ERR_OK || store_commit(store) != ERR_OK)
            return 1;
        if (seq[1] != seq[0] + 1)
            return 2;
    }
    return 0;
}

/* What people say from a process of their own, beside the executor. */
static pid_t teller_new(const char *directory, const char *who)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = NULL;
    const char *reason = "";
    enum err err = store_open_beside(directory, &arena, &store, &reason);
    int code = err == ERR_OK ? append_all(store, who) : 3;
    if (code != 0)
        fprintf(stderr, "%s: %s\n", who, err == ERR_OK ? store_error(store) : reason);
    store_close(store);
    _exit(code);
}

static void processes_that_write_at_once_lose_nothing(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    /* A process must not take an open database into its child. */
    store_close(f.store);
    f.store = NULL;
    pid_t tellers[2];
    tellers[0] = teller_new(f.directory, "alice");
    tellers[1] = teller_new(f.directory, "bob");
    reopen(&f);
    assert_int_equal(append_all(f.store, "cdr"), 0);
    for (int i = 0; i < 2; i++) {
        int status = -1;
        assert_int_equal(waitpid(tellers[i], &status, 0), tellers[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    struct audit_row last;
    assert_int_equal(audit_last(f.store, &last), ERR_OK);
    assert_int_equal(last.seq, 3 * 2 * ENTRIES_EACH);
    integrity(&f);
}

static void who_writes_beside_the_executor_carries_nothing_out(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    int64_t id = run_new(&f, "alert-1");
    step_new(&f, id, 0);
    store_close(f.store);
    const char *reason;
    assert_int_equal(store_open_beside(f.directory, &f.arena, &f.store, &reason), ERR_OK);
    struct run run = { .alert = STR("a"), .program_hash = STR("hash") };
    struct call_record call = call_made(id, 0, 0, true);
    struct step_record step = { .run = id, .index = 1, .builtin = STR("b"), .args = STR("[]") };
    assert_int_equal(store_run_begin(f.store, &run), ERR_STORE);
    assert_int_equal(store_run_end(f.store, id, 1), ERR_STORE);
    assert_int_equal(store_run_abandon(f.store, id, 1, "r"), ERR_STORE);
    assert_int_equal(store_step_begin(f.store, &f.arena, &step), ERR_STORE);
    assert_int_equal(store_step_again(f.store, id, 0), ERR_STORE);
    assert_int_equal(store_call_intend(f.store, &call), ERR_STORE);
    assert_non_null(strstr(store_error(f.store), "beside"));
    assert_int_equal(runs_of(&f, f.store), 1);
    struct audit_entry entry = { .event = "paused", .who = STR("alice"), .step = -1 };
    int64_t seq;
    assert_int_equal(audit_append(f.store, &entry, &seq), ERR_OK);
}

static void what_is_not_there_is_not_made_by_who_writes_beside(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    const char *empty = arena_format(&f.arena, "%s/empty", f.scratch.path);
    assert_int_equal(mkdir(empty, 0700), 0);
    struct store *store = NULL;
    const char *reason = NULL;
    assert_int_equal(store_open_beside(empty, &f.arena, &store, &reason), ERR_IO);
    assert_non_null(strstr(reason, "there is no journal here"));
    assert_null(store);
    assert_int_equal(rmdir(empty), 0); /* it is still empty */
}

static void a_journal_that_stays_busy_is_told_and_not_waited_for_for_ever(void **state)
{
    (void)state;
    CLEANUP(fixture_release) struct fixture f = fixture_new();
    assert_int_equal(store_program_put(f.store, STR("hash"), STR("[]")), ERR_OK);
    struct store *beside = NULL;
    const char *reason;
    assert_int_equal(store_open_beside(f.directory, &f.arena, &beside, &reason), ERR_OK);
    assert_int_equal(store_begin(beside), ERR_OK);
    assert_int_equal(sqlite3_busy_timeout(f.store->db, 50), SQLITE_OK);
    struct run run = { .alert = STR("a"), .program_hash = STR("hash") };
    assert_int_equal(store_run_begin(f.store, &run), ERR_BUSY);
    assert_non_null(strstr(store_error(f.store), "busy"));
    assert_int_equal(store_begin(f.store), ERR_BUSY);
    store_close(beside); /* what it began is gone with it */
    assert_int_equal(store_run_begin(f.store, &run), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_journal_without_losing_or_mixing_anything),
        cmocka_unit_test(processes_that_write_at_once_lose_nothing),
        cmocka_unit_test(who_writes_beside_the_executor_carries_nothing_out),
        cmocka_unit_test(what_is_not_there_is_not_made_by_who_writes_beside),
        cmocka_unit_test(a_journal_that_stays_busy_is_told_and_not_waited_for_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
