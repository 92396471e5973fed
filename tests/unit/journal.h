/* journal.h - a journal for tests, and processes that are killed while they write to it. */
#pragma once

#include "provider.h"
#include "scratch.h"
#include "store/sqlite_private.h"

#include <sys/wait.h>

/* Open the journal or fail the test. */
static inline struct store *journal_open(const char *directory, struct arena *arena)
{
    struct store *store = NULL;
    const char *reason = NULL;
    enum err err = store_open(directory, arena, &store, &reason);
    if (err != ERR_OK)
        fail_msg("%s: %s", err_text(err), reason);
    return store;
}

static inline int64_t journal_run_new(struct store *store)
{
    struct run run = { .alert = STR("a-1"),
        .source = STR("guardduty"),
        .rule = STR("r"),
        .program_hash = STR("hash") };
    assert_int_equal(store_program_put(store, STR("hash"), STR("[]")), ERR_OK);
    assert_int_equal(store_run_begin(store, &run), ERR_OK);
    return run.id;
}

static inline int journal_before_commit(void *provider)
{
    crash_point(provider);
    return 0;
}

static inline int journal_after_commit(void *provider, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    (void)pages;
    crash_point(provider);
    return SQLITE_OK;
}

/* Make the moments before and after each commit crash points of the provider. */
static inline void journal_crashes(struct store *store, struct provider *provider)
{
    sqlite3_commit_hook(store->db, journal_before_commit, provider);
    sqlite3_wal_hook(store->db, journal_after_commit, provider);
}

/* Do `work` in a process that is killed at crash point `at`. True when it was killed,
 * false when it ended before that, which it must do well. */
static inline bool killed_at(enum err (*work)(const char *directory, struct provider *provider),
    const char *directory, struct provider *provider, unsigned at)
{
    provider->crash_at = at;
    pid_t child = fork();
    if (child == 0)
        _exit(work(directory, provider) == ERR_OK ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    provider->crash_at = 0;
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static inline void is_isolated_once(const struct provider *provider)
{
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal(provider->slots[i], 1);
        assert_int_equal(provider->applied[i], 1);
    }
}

/* The whole of a run, as a process that knows nothing of the past does it. */
static inline enum err journal_carry_out(const char *directory, struct provider *provider)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct test_clock clock = TEST_CLOCK;
    struct store *store = journal_open(directory, &arena);
    journal_crashes(store, provider);
    struct run run;
    enum err err = store_run_find(store,
        &(struct run_key){ .alert = STR("a-1"), .source = STR("guardduty"), .rule = STR("r") },
        &arena, &run);
    int64_t id = err == ERR_OK ? run.id : journal_run_new(store);
    bool is_over = err == ERR_OK && run.ended_ms != 0;
    const value args[STEP_PARAMS_MAX] = { value_text(STR("cells")) };
    struct step_order order = { .row = &isolate_row, .args = args, .run = id };
    struct step_outcome outcome;
    struct executor executor = test_executor(MODE_APPLY, store, &clock, provider);
    err = is_over ? ERR_OK : step_execute(&executor, &order, &arena, &outcome);
    if (err == ERR_OK && !is_over)
        err = store_run_end(store, id, 1);
    store_close(store);
    return err;
}
