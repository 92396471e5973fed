/* test_timers_storm.c - timers when a process is killed at every point, and in ten thousand random
 * schedules, beside a naive model. */
#include "timers_fixture.h"

/* ---- killed anywhere ---- */

static enum err open_undos_finish(struct fixture *f)
{
    struct run_filter filter = { .is_open = true };
    struct run *runs;
    size_t count;
    TRY(store_runs(f->store, &filter, &f->arena, &runs, &count));
    for (size_t i = 0; i < count; i++) {
        struct undo_order order = { .run = runs[i].undoes,
            .is_of_one_step = runs[i].is_of_one_step,
            .step = runs[i].undoes_step };
        int64_t undo;
        if (runs[i].undoes != 0)
            TRY(undo_execute(&f->executor, test_inverse_find, &order, &f->arena, NULL, &undo));
    }
    return ERR_OK;
}

/* A process that does what is due, as one that knows nothing of the past does it. */
static enum err fire_as_a_process(const char *directory, struct provider *provider)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct fixture f = { .hands = { .undo = fixture_undo, .retry = fixture_retry },
        .provider = provider,
        .arena = arena,
        .time = FAKE_TIME };
    fake_time_pass(&f.time, HOUR + 60 * SECOND);
    f.store = journal_open(directory, &f.arena);
    f.executor = executor_new(f.store, &f.time, provider);
    journal_crashes(f.store, provider);
    enum err err = open_undos_finish(&f);
    if (err == ERR_OK)
        err = timers_fire(f.store, &f.time.clock, &f.hands);
    store_close(f.store);
    arena_release(&f.arena);
    return err;
}

static enum err begin_as_a_process(const char *directory, struct provider *provider)
{
    struct fixture f = { .provider = provider, .time = FAKE_TIME };
    f.store = journal_open(directory, &f.arena);
    f.executor = executor_new(f.store, &f.time, provider);
    journal_crashes(f.store, provider);
    struct run *runs;
    size_t count = 0;
    enum err err =
        store_runs(f.store, &(struct run_filter){ .is_open = false }, &f.arena, &runs, &count);
    int64_t run = count > 0 ? runs[0].id : journal_run_new(f.store);
    if (err == ERR_OK && (count == 0 || runs[0].ended_ms == 0)) {
        err = step(&f, run, 0, &for_an_hour);
        if (err == ERR_OK)
            err = store_run_end(f.store, run, 9);
    }
    store_close(f.store);
    arena_release(&f.arena);
    return err;
}

static void killed_while_it_fires_none_is_missed_and_none_fires_twice(void **state)
{
    (void)state;
    bool was_killed = true;
    unsigned at = 0;
    while (was_killed) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        assert_int_equal(begin_as_a_process(scratch.path, provider), ERR_OK);
        was_killed = killed_at(fire_as_a_process, scratch.path, provider, ++at);
        assert_int_equal(fire_as_a_process(scratch.path, provider), ERR_OK);
        for (int slot = 0; slot < SLOTS; slot++) {
            assert_int_equal(provider->slots[slot], 0);
            assert_int_equal(provider->applied[slot], 2);
        }
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct store *store = journal_open(scratch.path, &arena);
        struct run *runs;
        size_t count;
        assert_int_equal(
            store_runs(store, &(struct run_filter){ .undoes = 1 }, &arena, &runs, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_true(runs[0].ended_ms != 0);
        store_close(store);
    }
    assert_true(at > 2 * SLOTS * 6);
}

static void killed_while_the_step_is_done_its_timer_is_set_once_all_the_same(void **state)
{
    (void)state;
    bool was_killed = true;
    unsigned at = 0;
    while (was_killed) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        was_killed = killed_at(begin_as_a_process, scratch.path, provider, ++at);
        assert_int_equal(begin_as_a_process(scratch.path, provider), ERR_OK);
        is_isolated_once(provider);
        assert_int_equal(fire_as_a_process(scratch.path, provider), ERR_OK);
        for (int slot = 0; slot < SLOTS; slot++)
            assert_int_equal(provider->slots[slot], 0);
    }
    assert_true(at > 2 * SLOTS * 6);
}

/* ---- random schedules against a naive model ---- */

enum { SCHEDULES = 10000, TIMERS_MAX = 8, MOVES = 12 };

/* What a naive model knows: a time and a list. */
struct model {
    struct timer_hands hands; /* first */
    struct store *store;
    struct fake_time time;
    int64_t offset_ms; /* time of timers less elapsed_ms */
    int64_t run;
    int count;
    int64_t due_ms[TIMERS_MAX];
    int fired[TIMERS_MAX];
    uint64_t random;
};

static uint64_t random_below(struct model *m, uint64_t bound)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return m->random % bound;
}

static int64_t model_now(const struct model *m)
{
    return m->offset_ms + m->time.elapsed_ms;
}

static enum err model_undo(struct timer_hands *hands, const struct timer *timer, const char *reason)
{
    struct model *m = (struct model *)hands;
    assert_non_null(reason);
    m->fired[timer->step]++;
    return timers_end(m->store, timer->id, 1, STR("fired"));
}

static void model_set(struct model *m)
{
    int64_t now_ms = 0;
    int at = m->count < TIMERS_MAX && random_below(m, 3) > 0 ? m->count
                                                             : (int)random_below(m, TIMERS_MAX);
    assert_int_equal(timers_now(m->store, &m->time.clock, &now_ms), ERR_OK);
    assert_int_equal(now_ms, model_now(m));
    if (at > m->count || (at < m->count && m->fired[at] > 0))
        return;
    struct timer timer = { .kind = TIMER_UNDO,
        .run = m->run,
        .step = (uint32_t)at,
        .set_ms = now_ms,
        .due_ms = now_ms + (int64_t)random_below(m, 2 * HOUR) };
    assert_int_equal(timers_set(m->store, &timer), ERR_OK);
    if (at == m->count)
        m->due_ms[m->count++] = timer.due_ms;
    else if (m->due_ms[at] < timer.due_ms)
        m->due_ms[at] = timer.due_ms;
}

/* A process that forgets all but what is on disk. */
static void model_reopen(struct model *m)
{
    m->store->timer_line = (struct timer_line){ 0 };
}

static void model_restart(struct model *m)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(4096);
    struct clock_mark mark;
    assert_int_equal(timers_mark_get(m->store, &arena, &mark), ERR_OK);
    if (m->store->timer_line.is_known)
        assert_in_range(m->store->timer_line.last_ms - mark.timer_ms, 0, 10 * SECOND);
    model_reopen(m);
    fake_time_restart(&m->time, (int64_t)random_below(m, HOUR),
        random_below(m, 2) == 0 ? 0 : (int64_t)random_below(m, 4 * DAY) - 2 * (int64_t)DAY);
    int64_t now_ms = m->time.now_ms > mark.timer_ms ? m->time.now_ms : mark.timer_ms;
    m->offset_ms = now_ms - m->time.elapsed_ms;
    assert_int_equal(timers_now(m->store, &m->time.clock, &mark.timer_ms), ERR_OK);
    assert_int_equal(mark.timer_ms, now_ms);
}

static void model_fire(struct model *m)
{
    int64_t now_ms = model_now(m);
    assert_int_equal(timers_fire(m->store, &m->time.clock, &m->hands), ERR_OK);
    for (int i = 0; i < m->count; i++)
        assert_int_equal(m->fired[i], m->due_ms[i] <= now_ms ? 1 : 0);
}

static void model_move(struct model *m)
{
    switch (random_below(m, 7)) {
    case 0:
    case 1:
        model_set(m);
        break;
    case 2:
        fake_time_pass(&m->time, (int64_t)random_below(m, HOUR));
        break;
    case 3: /* somebody sets the clock */
        m->time.now_ms += (int64_t)random_below(m, 4 * DAY) - 2 * (int64_t)DAY;
        break;
    case 4:
        model_reopen(m);
        break;
    case 5:
        model_restart(m);
        break;
    default:
        model_fire(m);
        break;
    }
}

static void ten_thousand_random_schedules_fire_as_a_naive_model_does(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct store *store = NULL;
    const char *reason = NULL;
    assert_int_equal(store_open_memory(&arena, &store, &reason), ERR_OK);
    struct model m = { .hands = { .undo = model_undo },
        .store = store,
        .time = FAKE_TIME,
        .random = 88172645463325252u };
    m.offset_ms = m.time.now_ms - m.time.elapsed_ms;
    for (int i = 0; i < SCHEDULES; i++) {
        m.run = journal_run_new(store);
        for (int move = 0; move < MOVES; move++)
            model_move(&m);
        fake_time_pass(&m.time, DAY);
        model_fire(&m);
        m.count = 0;
        memset(m.fired, 0, sizeof m.fired);
    }
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_while_it_fires_none_is_missed_and_none_fires_twice),
        cmocka_unit_test(killed_while_the_step_is_done_its_timer_is_set_once_all_the_same),
        cmocka_unit_test(ten_thousand_random_schedules_fire_as_a_naive_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
