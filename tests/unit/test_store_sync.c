/* test_store_sync.c - what was committed is on disk, for many threads at once, or nothing goes on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal.h"

#include "store/sqlite_private.h"

#include <fcntl.h>
#include <unistd.h>

enum { THREADS = 8, COMMITS = 50 };

static enum err commit_one(struct store *store)
{
    TRY(store_begin(store));
    return store_end(store, store_program_put(store, STR("hash"), STR("[]")));
}

static void *commit_many(void *self)
{
    struct store *store = self;
    for (int at = 0; at < COMMITS; at++) {
        if (commit_one(store) != ERR_OK)
            return store;
        /* Ours was before: it cannot be behind what is known to be on disk. */
        pthread_mutex_lock(&store->syncing.lock);
        bool is_synced = store->syncing.synced > 0;
        pthread_mutex_unlock(&store->syncing.lock);
        if (!is_synced)
            return store;
    }
    return NULL;
}

static void commits_of_many_threads_are_all_synced(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = journal_open(scratch.path, &arena);
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, commit_many, store), 0);
    for (int at = 0; at < THREADS; at++) {
        void *failed = NULL;
        pthread_join(threads[at], &failed);
        assert_null(failed);
    }
    assert_true(store->syncing.synced >= (uint64_t)THREADS * COMMITS);
    assert_int_equal(store->syncing.synced, store->syncing.written);
    assert_false(store_is_lost(store));
    store_close(store);
}

static void what_may_be_lost_waits_for_no_sync(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = journal_open(scratch.path, &arena);
    assert_int_equal(commit_one(store), ERR_OK);
    uint64_t synced = store->syncing.synced;
    assert_int_equal(store_begin_relaxed(store), ERR_OK);
    assert_int_equal(store_program_put(store, STR("other"), STR("[]")), ERR_OK);
    assert_int_equal(store_commit(store), ERR_OK);
    assert_int_equal(store->syncing.synced, synced);
    assert_int_equal(commit_one(store), ERR_OK);
    assert_int_equal(store->syncing.synced, synced + 2);
    store_close(store);
}

/* What cannot be synced stands in for a disk that fails once: nobody knows what it has taken. */
static void after_a_sync_that_failed_nothing_is_committed_any_more(void **state)
{
    (void)state;
    CLEANUP(scratch_release) struct scratch scratch = scratch_new();
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = journal_open(scratch.path, &arena);
    int log = store->syncing.log;
    store->syncing.log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(commit_one(store), ERR_STORE);
    assert_non_null(strstr(store_error(store), "the disk did not take what was written"));
    close(store->syncing.log);
    store->syncing.log = log;
    assert_int_equal(commit_one(store), ERR_STORE);
    assert_true(store_is_lost(store));
    store_close(store);
    store = journal_open(scratch.path, &arena);
    assert_int_equal(commit_one(store), ERR_OK);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_of_many_threads_are_all_synced),
        cmocka_unit_test(what_may_be_lost_waits_for_no_sync),
        cmocka_unit_test(after_a_sync_that_failed_nothing_is_committed_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
