/* executor_fixture.h - what the tests of the executor stand on: a provider, a clock, and a
 * journal with one open run. Included after cmocka.h. */
#pragma once

#include "journal.h"

struct fixture {
    struct scratch scratch;
    struct arena arena;
    struct store *store;
    struct provider *provider;
    struct test_clock clock;
    int64_t run;
    struct executor executor;
};

static inline void fixture_init(struct fixture *f, enum run_mode mode)
{
    *f = (struct fixture){ .scratch = scratch_new(), .clock = TEST_CLOCK };
    f->provider = provider_new();
    if (mode == MODE_APPLY) {
        f->store = journal_open(f->scratch.path, &f->arena);
        f->run = journal_run_new(f->store);
    }
    f->executor = test_executor(mode, f->store, &f->clock, f->provider);
}

static inline void fixture_release(struct fixture *f)
{
    store_close(f->store);
    provider_release(&f->provider);
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

#define FIXTURE(name, mode)                                                                        \
    CLEANUP(fixture_release) struct fixture name;                                                  \
    fixture_init(&name, mode)

static inline enum err execute_row(
    struct fixture *f, const struct builtin *row, struct step_outcome *ret_outcome)
{
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    };
    struct step_order order = {
        .row = row, .args = args, .run = f->run, .found = STR("cells from host.name")
    };
    return step_execute(&f->executor, &order, &f->arena, ret_outcome);
}

static inline enum err isolate(struct fixture *f, struct step_outcome *ret_outcome)
{
    return execute_row(f, &isolate_row, ret_outcome);
}

static inline void step_state_is(struct fixture *f, const char *state)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f->store, f->run, &f->arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(steps[0].state.ptr, state);
}
