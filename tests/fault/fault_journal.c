/* Run and undo a step again and again, letting one allocation more succeed each time,
 * until no allocation fails: of them one in STRIDE, or in the number that is the first argument
 * (make soak: 1, every one). Whatever fails must say so, and the same journal must then
 * go on to the right end: every change made once, every change taken back once. */
#include "act/undo.h"
#include "allocation.h"
#include "provider.h"
#include "scratch.h"
#include "store/store.h"

#include <stdlib.h>

static void check(bool holds, const char *what, long number)
{
    if (holds)
        return;
    fprintf(stderr, "allocation %ld: %s\n", number, what);
    exit(1);
}

/* The errors that a lack of memory may turn into; SQLite and jansson do not always call
 * it by its name. */
static bool is_allowed(enum err err)
{
    return err == ERR_OK || err == ERR_MEMORY || err == ERR_STORE || err == ERR_IO
           || err == ERR_JSON;
}

static enum err run_begin(struct store *store, struct arena *arena, struct run *run)
{
    enum err err = store_run_find(store,
        &(struct run_key){ .alert = STR("a-1"), .source = STR("guardduty"), .rule = STR("r") },
        arena, run);
    if (err != ERR_NOT_FOUND)
        return err;
    *run = (struct run){ .alert = STR("a-1"),
        .source = STR("guardduty"),
        .rule = STR("r"),
        .program_hash = STR("hash") };
    TRY(store_program_put(store, STR("hash"), STR("[]")));
    return store_run_begin(store, run);
}

static enum err isolate(struct store *store, struct executor *executor, struct arena *arena)
{
    struct run run;
    TRY(run_begin(store, arena, &run));
    if (run.ended_ms != 0)
        return ERR_OK;
    const value args[STEP_PARAMS_MAX] = { value_text(STR("cells")) };
    struct step_order order = { .row = &isolate_row, .args = args, .run = run.id };
    struct step_outcome outcome;
    TRY(step_execute(executor, &order, arena, &outcome));
    return store_run_end(store, run.id, 1);
}

static enum err take_back(struct executor *executor, struct arena *arena)
{
    int64_t undo;
    enum err err = undo_execute(
        executor, test_inverse_find, &(struct undo_order){ .run = 1 }, arena, NULL, &undo);
    return err == ERR_INVALID ? ERR_OK : err; /* taken back before */
}

/* What is swept: which work, and how much of it. */
struct sweep {
    const char *name;
    bool is_undo;
    bool is_lasting; /* all allocations fail from one on, not just that one */
    bool has_open;   /* opening the journal too: half of all allocations */
};

static const struct sweep sweeps[] = {
    { "open and run, one fails", false, false, true },
    { "run, all fail from one on", false, true, false },
    { "undo, one fails", true, false, false },
    { "undo, all fail from one on", true, true, false },
};

/* Negative: none fails. */
static enum err work(
    const char *directory, struct provider *provider, const struct sweep *sweep, long number)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct test_clock clock = TEST_CLOCK;
    struct store *store = NULL;
    const char *reason = NULL;
    if (number >= 0 && sweep->has_open)
        allocation_fail(number, sweep->is_lasting);
    TRY(store_open(directory, &arena, &store, &reason));
    if (number >= 0 && !sweep->has_open)
        allocation_fail(number, sweep->is_lasting);
    struct executor executor = test_executor(MODE_APPLY, store, &clock, provider);
    enum err err =
        sweep->is_undo ? take_back(&executor, &arena) : isolate(store, &executor, &arena);
    store_close(store);
    return err;
}

/* One life with a failure, and one without. Returns whether the failure came. */
static bool survives(const struct sweep *sweep, long number)
{
    /* In memory where there is such a place: a sweep is thousands of lives. */
    CLEANUP(scratch_release)
    struct scratch scratch = scratch_new_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CLEANUP(provider_release) struct provider *provider = provider_new();
    if (sweep->is_undo)
        check(
            work(scratch.path, provider, &sweeps[0], -1) == ERR_OK, "the run did not end", number);
    enum err err = work(scratch.path, provider, sweep, number);
    bool has_failed = allocation_heal();
    check(is_allowed(err), err_text(err), number);
    check(has_failed || err == ERR_OK, "an error without a failure", number);
    check(work(scratch.path, provider, sweep, -1) == ERR_OK, "it could not go on", number);
    for (int i = 0; i < SLOTS; i++) {
        check(provider->slots[i] == !sweep->is_undo, "a cell is not as wanted", number);
        check(provider->applied[i] == (sweep->is_undo ? 2U : 1U), "a change was not made once",
            number);
    }
    return has_failed;
}

/* A prime, so that it falls in step with nothing that repeats. */
enum { STRIDE = 23 };

int main(int argc, char **argv)
{
    long stride = argc > 1 ? strtol(argv[1], NULL, 10) : STRIDE;
    allocation_libraries();
    for (size_t i = 0; stride > 0 && i < COUNT_OF(sweeps); i++) {
        long number = (long)i; /* each sweep has others */
        while (survives(&sweeps[i], number))
            number += stride;
        printf("ok %zu - %s: %ld allocations, one in %ld\n", i + 1, sweeps[i].name, number, stride);
        fflush(stdout);
    }
    printf("1..%zu\n", COUNT_OF(sweeps));
    return 0;
}
