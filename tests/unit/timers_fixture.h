/* timers_fixture.h - a provider, a journal of what was done to it, and hands that take back. */
#pragma once

#include "act/timers.h"
#include "act/undo.h"
#include "fake_time.h"
#include "provider.h"
#include "store/audit.h"
#include "store/holds.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

static const struct step_code for_an_hour = { .builtin = &isolate_row, .for_ms = HOUR };
static const struct step_code for_a_day = { .builtin = &isolate_row, .for_ms = DAY };
static const struct step_code for_ever = { .builtin = &isolate_row };

struct fixture {
    struct timer_hands hands; /* first: it is handed back */
    struct scratch scratch;
    struct arena arena;
    struct store *store;
    struct provider *provider;
    struct fake_time time;
    struct executor executor;
    bool is_paused;
    uint32_t undos;
    uint32_t retries;
    struct timer told; /* the last */
};

static inline enum err fixture_undo(
    struct timer_hands *hands, const struct timer *timer, const char *reason)
{
    struct fixture *f = (struct fixture *)hands;
    struct undo_order order = { .run = timer->run,
        .is_of_one_step = true,
        .step = timer->step,
        .timer = timer->id,
        .reason = str_from(reason) };
    int64_t undo = 0;
    enum err err = undo_execute(&f->executor, test_inverse_find, &order, &f->arena, NULL, &undo);
    f->undos += err == ERR_OK;
    return err;
}

static inline enum err fixture_retry(struct timer_hands *hands, const struct timer *timer)
{
    struct fixture *f = (struct fixture *)hands;
    int64_t due_ms;
    f->retries++;
    return timers_retry(f->store, &f->time.clock, timer->run, &due_ms);
}

static inline bool fixture_is_paused(struct timer_hands *hands)
{
    return ((struct fixture *)hands)->is_paused;
}

static inline void fixture_told(struct timer_hands *hands, const struct timer *timer)
{
    struct fixture *f = (struct fixture *)hands;
    f->told = *timer;
    f->told.outcome = arena_copy(&f->arena, timer->outcome);
}

/* Over a clock that is set, and sleeps, as a test says. */
static inline struct executor executor_new(
    struct store *store, struct fake_time *time, struct provider *provider)
{
    struct test_clock unused = TEST_CLOCK;
    struct executor executor = test_executor(MODE_APPLY, store, &unused, provider);
    executor.clock = &time->clock;
    return executor;
}

static inline void fixture_open(struct fixture *f)
{
    store_close(f->store);
    f->store = journal_open(f->scratch.path, &f->arena);
    f->executor = executor_new(f->store, &f->time, f->provider);
}

static inline void fixture_init(struct fixture *f)
{
    *f = (struct fixture){ .hands = { .undo = fixture_undo,
                               .retry = fixture_retry,
                               .is_paused = fixture_is_paused,
                               .told = fixture_told },
        .scratch = scratch_new(),
        .provider = provider_new(),
        .time = FAKE_TIME };
    fixture_open(f);
}

static inline void fixture_release(struct fixture *f)
{
    store_close(f->store);
    provider_release(&f->provider);
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

#define FIXTURE(name)                                                                              \
    CLEANUP(fixture_release) struct fixture name;                                                  \
    fixture_init(&name)

/* One step of a run, and what comes after it. */
static inline enum err step(
    struct fixture *f, int64_t run, uint32_t index, const struct step_code *code)
{
    const value args[STEP_PARAMS_MAX] = { value_text(STR("cells")) };
    struct step_order order = { .row = code->builtin, .args = args, .run = run, .index = index };
    struct step_outcome outcome;
    TRY(step_execute(&f->executor, &order, &f->arena, &outcome));
    return timers_after_step(f->store, &f->time.clock, code, run, index, &outcome);
}
