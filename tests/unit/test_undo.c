/* test_undo.c - what was done is taken back, what others did is not. */
#include "act/undo.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal.h"

enum { STEPS_MAX = 16 };

/* A provider whose cells were isolated by a run, and what an undo reported. */
struct fixture {
    struct undo_report report; /* first: it is handed back */
    struct scratch scratch;
    struct arena arena;
    struct store *store;
    struct provider *provider;
    struct test_clock clock;
    struct executor executor;
    int64_t run;
    uint32_t steps;
    int64_t slots[STEPS_MAX];
    enum step_turn turns[STEPS_MAX];
};

static void reported(struct undo_report *report, const struct undo_step *step)
{
    struct fixture *f = (struct fixture *)report;
    assert_int_equal(step->index, f->steps);
    f->slots[f->steps] = step->args[0].integer;
    f->turns[f->steps++] = step->outcome.turn;
}

static enum err isolate(struct fixture *f)
{
    const value args[STEP_PARAMS_MAX] = { value_text(STR("cells")) };
    struct step_order order = { .row = &isolate_row, .args = args, .run = f->run };
    struct step_outcome outcome;
    return step_execute(&f->executor, &order, &f->arena, &outcome);
}

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){ .report.step = reported,
        .scratch = scratch_new(),
        .provider = provider_new(),
        .clock = TEST_CLOCK };
    f->store = journal_open(f->scratch.path, &f->arena);
    f->executor = test_executor(MODE_APPLY, f->store, &f->clock, f->provider);
    f->run = journal_run_new(f->store);
}

static void fixture_release(struct fixture *f)
{
    store_close(f->store);
    provider_release(&f->provider);
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

#define FIXTURE(name)                                                                              \
    CLEANUP(fixture_release) struct fixture name;                                                  \
    fixture_init(&name)

static void isolate_all(struct fixture *f)
{
    assert_int_equal(isolate(f), ERR_OK);
    assert_int_equal(store_run_end(f->store, f->run, 9), ERR_OK);
    is_isolated_once(f->provider);
}

static enum err undo(struct fixture *f, int64_t run, int64_t *ret_undo)
{
    f->steps = 0;
    return undo_execute(&f->executor, test_inverse_find, &(struct undo_order){ .run = run },
        &f->arena, &f->report, ret_undo);
}

static void is_as_before(const struct provider *provider, unsigned applied)
{
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal(provider->slots[i], 0);
        assert_int_equal(provider->applied[i], applied);
    }
}

static void everything_is_taken_back_newest_first(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    int64_t id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    is_as_before(f.provider, 2);
    assert_int_equal(f.steps, SLOTS);
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(f.slots[i], SLOTS - 1 - i);
        assert_int_equal(f.turns[i], STEP_DONE);
    }
    struct run run;
    assert_int_equal(store_run_get(f.store, id, &f.arena, &run), ERR_OK);
    assert_int_equal(run.undoes, f.run);
    assert_true(run.ended_ms > 0);
    assert_int_equal(
        store_run_find(f.store,
            &(struct run_key){ .alert = STR("a-1"), .source = STR("guardduty"), .rule = STR("r") },
            &f.arena, &run),
        ERR_NOT_FOUND);
}

static void what_was_taken_back_is_not_taken_back_again(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    int64_t id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    unsigned sent = f.provider->sent;
    int64_t again = 0;
    assert_int_equal(undo(&f, f.run, &again), ERR_INVALID);
    assert_int_equal(undo(&f, id, &again), ERR_INVALID); /* an undo itself */
    assert_int_equal(undo(&f, 77, &again), ERR_NOT_FOUND);
    assert_int_equal(again, 0);
    assert_int_equal(f.provider->sent, sent);
}

static void a_step_that_the_run_never_had_is_not_taken_back(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t id = 0;
    isolate_all(&f);
    struct undo_order order = { .run = f.run, .is_of_one_step = true, .step = 7 };
    assert_int_equal(undo_execute(&f.executor, test_inverse_find, &order, &f.arena, &f.report, &id),
        ERR_NOT_FOUND);
    assert_int_equal(id, 0);
    assert_int_equal(undo(&f, f.run, &id), ERR_OK); /* all of it still can */
}

static void a_run_that_changed_nothing_is_closed_by_an_undo_without_steps(void **state)
{
    (void)state;
    FIXTURE(f);
    for (int i = 0; i < SLOTS; i++)
        f.provider->slots[i] = 1; /* already as wanted */
    assert_int_equal(isolate(&f), ERR_OK);
    assert_int_equal(store_run_end(f.store, f.run, 9), ERR_OK);
    int64_t id = 0;
    unsigned sent = f.provider->sent;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(f.steps, 0);
    assert_int_equal(f.provider->sent, sent);
    struct run run;
    assert_int_equal(store_run_get(f.store, f.run, &f.arena, &run), ERR_OK);
    assert_int_equal(run.standing, RUN_TAKEN_BACK);
    assert_int_equal(undo(&f, f.run, &id), ERR_INVALID);
    struct run *runs;
    size_t count;
    assert_int_equal(
        store_runs(f.store, &(struct run_filter){ .is_open = true }, &f.arena, &runs, &count),
        ERR_OK);
    assert_int_equal(count, 0);
}

/* The same steps again, as the run of another alert. */
static int64_t isolate_again(struct fixture *f)
{
    int64_t first = f->run;
    f->run = journal_run_new(f->store);
    assert_int_equal(isolate(f), ERR_OK);
    assert_int_equal(store_run_end(f->store, f->run, 9), ERR_OK);
    int64_t second = f->run;
    f->run = first;
    return second;
}

/* What relies on what relies on it is named too, at most 20 of them. */
static void all_that_has_to_be_taken_back_first_is_named(void **state)
{
    (void)state;
    FIXTURE(f);
    int64_t id = 0;
    isolate_all(&f);
    for (int at = 0; at < 19; at++)
        (void)isolate_again(&f);
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_non_null(strstr(f.executor.reason, " 2 back first, in this order: cdr undo 20 19 18 "));
    (void)isolate_again(&f);
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_null(strstr(f.executor.reason, "older"));
    (void)isolate_again(&f);
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_non_null(strstr(f.executor.reason, " 3 and older ones back first, in this order: "));
    for (int64_t run = 22; run > 1; run--)
        assert_int_equal(undo(&f, run, &id), ERR_OK);
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
}

static void what_a_later_run_found_in_force_is_not_lifted_under_it(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    int64_t second = isolate_again(&f), third = isolate_again(&f), id = 0;
    unsigned sent = f.provider->sent;
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_string_equal(f.executor.reason,
        "run 3 (alert a-1) found this in force and relies on "
        "it; take runs 3, 2 back first, in this order: cdr undo 3 2");
    assert_int_equal(id, 0);
    f.executor.mode = MODE_PLAN;
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    f.executor.mode = MODE_APPLY;
    assert_int_equal(undo(&f, third, &id), ERR_OK);
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_int_equal(undo(&f, second, &id), ERR_OK);
    assert_int_equal(f.provider->sent, sent);
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    is_as_before(f.provider, 2);
}

static void what_a_later_run_did_again_is_not_lifted_under_it(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    for (int i = 0; i < SLOTS; i++)
        f.provider->slots[i] = 0; /* somebody lifted it by hand */
    int64_t second = isolate_again(&f), id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_NEEDED);
    assert_non_null(strstr(f.executor.reason, "run 2 (alert a-1) did this again"));
    assert_int_equal(undo(&f, second, &id), ERR_OK);
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    is_as_before(f.provider, 3);
}

static void what_an_older_run_found_when_it_went_on_is_not_lifted_under_it(void **state)
{
    (void)state;
    FIXTURE(f);
    f.provider->stop = 1;
    assert_int_equal(isolate(&f), ERR_STOPPED); /* before its first look */
    f.provider->stop = 0;
    int64_t second = isolate_again(&f), id = 0;
    assert_int_equal(isolate(&f), ERR_OK);
    assert_int_equal(undo(&f, second, &id), ERR_NEEDED);
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(undo(&f, second, &id), ERR_OK);
    is_as_before(f.provider, 2);
}

static void a_damaged_inverse_ends_as_unknown_and_the_older_ones_still_run(void **state)
{
    (void)state;
    static const char *const damages[] = { "not JSON", "{\"builtin\":7}", "[]",
        "{\"builtin\":\"release\",\"args\":7}" };
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        FIXTURE(f);
        isolate_all(&f);
        const char *sql = arena_format(&f.arena,
            "UPDATE call SET undo = '%s' WHERE id = (SELECT max(id) FROM call WHERE is_change)",
            damages[i]);
        assert_int_equal(store_exec(f.store, sql), ERR_OK);
        int64_t id = 0;
        for (unsigned again = 0; again < 2; again++) {
            assert_int_equal(undo(&f, f.run, &id), ERR_OK);
            assert_int_equal(f.steps, again == 0 ? SLOTS : 1);
            assert_int_equal(f.turns[0], STEP_UNKNOWN);
        }
        assert_int_equal(f.provider->slots[0] + f.provider->slots[1], 0);
        assert_int_equal(f.provider->slots[2], 1);
        struct run run;
        assert_int_equal(store_run_get(f.store, f.run, &f.arena, &run), ERR_OK);
        assert_int_equal(run.standing, RUN_PARTLY_TAKEN_BACK);
    }
}

static void what_others_changed_is_left_alone_and_tried_again_later(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    f.provider->slots[1] = 7;
    int64_t first = 0, second = 0, third = 0;
    assert_int_equal(undo(&f, f.run, &first), ERR_OK);
    assert_int_equal(f.steps, SLOTS);
    assert_int_equal(f.turns[1], STEP_FAILED);
    assert_int_equal(f.provider->slots[1], 7);
    assert_int_equal(f.provider->slots[0] + f.provider->slots[2], 0);

    assert_int_equal(undo(&f, f.run, &second), ERR_OK);
    assert_true(second > first);
    assert_int_equal(f.steps, 1); /* only what is left */
    assert_int_equal(f.slots[0], 1);
    assert_int_equal(f.turns[0], STEP_FAILED);
    f.provider->slots[1] = 1;
    assert_int_equal(undo(&f, f.run, &third), ERR_OK);
    assert_int_equal(f.steps, 1);
    assert_int_equal(f.turns[0], STEP_DONE);
    is_as_before(f.provider, 2);
    assert_int_equal(undo(&f, f.run, &third), ERR_INVALID);
}

static void a_change_without_an_answer_is_taken_back_and_a_refused_one_is_not(void **state)
{
    (void)state;
    static const struct {
        enum provider_fault fault;
        unsigned undone;
    } cases[] = { { FAULT_LOST_AFTER, 2 }, { FAULT_LOST_BEFORE, 2 }, { FAULT_REFUSED, 1 },
        { FAULT_DENIED, 1 }, { FAULT_DECLINED, 1 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FIXTURE(f);
        bool is_refused = cases[i].fault == FAULT_REFUSED || cases[i].fault == FAULT_DENIED;
        f.provider->stop_at = 5; /* look, set, look; look, set: cut off */
        f.provider->fault_at = 5;
        f.provider->fault_count = 1;
        f.provider->fault = cases[i].fault;
        enum err err = isolate(&f);
        assert_int_equal(err, is_refused ? ERR_OK : ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        int64_t id = 0;
        assert_int_equal(undo(&f, f.run, &id), ERR_OK);
        assert_int_equal(f.steps, cases[i].undone);
        for (int slot = 0; slot < SLOTS; slot++)
            assert_int_equal(f.provider->slots[slot], 0);
        for (uint32_t step = 0; step < f.steps; step++)
            assert_int_equal(f.turns[step], STEP_DONE);
    }
}

/* Somebody else isolates cell 1 after we looked and before our request is there. */
static void isolate_first(struct provider *provider, const struct request *request, bool is_change)
{
    if (is_change && request->body.ptr[0] == '1')
        provider->slots[1] = 1;
}

static void what_somebody_else_did_first_stays_though_the_answer_was_a_200(void **state)
{
    (void)state;
    FIXTURE(f);
    f.provider->watch = isolate_first;
    f.provider->fault_at = 5; /* look, set, look; look, set */
    f.provider->fault_count = 1;
    f.provider->fault = FAULT_DECLINED;
    assert_int_equal(isolate(&f), ERR_OK);
    assert_int_equal(store_run_end(f.store, f.run, 9), ERR_OK);
    assert_int_equal(f.provider->applied[1], 0);
    struct call_record call;
    assert_int_equal(store_call_get(f.store, f.run, 0, 4, &f.arena, &call), ERR_OK);
    assert_true(call.is_change && call.is_declined);
    assert_int_equal(call.reply_status, 200);
    f.provider->watch = NULL;
    int64_t id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(f.steps, SLOTS - 1);
    assert_int_equal(f.provider->slots[0], 0);
    assert_int_equal(f.provider->slots[1], 1);
    assert_int_equal(f.provider->slots[2], 0);
}

static void a_half_done_run_is_ended_before_it_is_taken_back(void **state)
{
    (void)state;
    FIXTURE(f);
    f.provider->stop_at = 3;
    assert_int_equal(isolate(&f), ERR_STOPPED);
    f.provider->stop_at = 0;
    f.provider->stop = 0;
    int64_t id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(f.provider->slots[0], 0);
    struct run *runs;
    size_t count;
    struct run_filter open = { .is_open = true };
    assert_int_equal(store_runs(f.store, &open, &f.arena, &runs, &count), ERR_OK);
    assert_int_equal(count, 0);
    struct step_record *steps;
    assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
    assert_string_equal(steps[0].state.ptr, "unknown");
    unsigned sent = f.provider->sent; /* and whoever resumes it all the same sends nothing */
    assert_int_equal(isolate(&f), ERR_OK);
    assert_int_equal(f.provider->sent, sent);
}

static size_t open_runs(struct fixture *f)
{
    struct run *runs;
    size_t count;
    struct run_filter open = { .is_open = true };
    assert_int_equal(store_runs(f->store, &open, &f->arena, &runs, &count), ERR_OK);
    return count;
}

static void a_run_that_was_cut_off_before_its_first_change_is_closed(void **state)
{
    (void)state;
    for (unsigned stop_at = 0; stop_at < 2; stop_at++) { /* no step yet; one that has looked */
        FIXTURE(f);
        f.provider->stop_at = stop_at;
        if (stop_at > 0)
            assert_int_equal(isolate(&f), ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        unsigned sent = f.provider->sent;
        int64_t id = 0;
        f.executor.mode = MODE_PLAN;
        assert_int_equal(undo(&f, f.run, &id), ERR_OK);
        assert_int_equal(open_runs(&f), 1);
        f.executor.mode = MODE_APPLY;
        assert_int_equal(undo(&f, f.run, &id), ERR_OK);
        assert_true(id > f.run);
        assert_int_equal(f.steps, 0);
        assert_int_equal(open_runs(&f), 0);
        assert_int_equal(f.provider->sent, sent);
        struct run run; /* its alert may come again */
        assert_int_equal(
            store_run_find(f.store,
                &(struct run_key){
                    .alert = STR("a-1"), .source = STR("guardduty"), .rule = STR("r") },
                &f.arena, &run),
            ERR_NOT_FOUND);
        assert_int_equal(undo(&f, f.run, &id), ERR_INVALID);
    }
}

static void an_undo_without_steps_that_was_cut_off_is_ended(void **state)
{
    (void)state;
    FIXTURE(f);
    struct run undo_run = { .undoes = f.run, .alert = STR("a-1"), .started_ms = 1 };
    assert_int_equal(store_run_abandon(f.store, f.run, 1, "cut off"), ERR_OK);
    assert_int_equal(store_run_begin(f.store, &undo_run), ERR_OK);
    int64_t id = 0;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(id, undo_run.id);
    assert_int_equal(open_runs(&f), 0);
}

static void a_plan_of_an_undo_writes_nothing(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    f.executor.mode = MODE_PLAN;
    int64_t id = 77;
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    assert_int_equal(id, 0);
    assert_int_equal(f.steps, SLOTS);
    is_isolated_once(f.provider);
    struct run *runs;
    size_t count;
    assert_int_equal(
        store_runs(f.store, &(struct run_filter){ 0 }, &f.arena, &runs, &count), ERR_OK);
    assert_int_equal(count, 1);
}

static const struct builtin *find_nothing(str name)
{
    (void)name;
    return NULL;
}

static void an_inverse_that_this_version_lacks_is_said_and_tried_again_later(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    int64_t id = 0;
    assert_int_equal(undo_execute(&f.executor, find_nothing, &(struct undo_order){ .run = f.run },
                         &f.arena, &f.report, &id),
        ERR_OK);
    assert_int_equal(f.steps, SLOTS);
    assert_int_equal(f.turns[0], STEP_UNRESOLVED);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, id, &f.arena, &steps, &count), ERR_OK);
    assert_string_equal(steps[0].reason.ptr, "this version has no undo named release");
    assert_int_equal(undo(&f, f.run, &id), ERR_OK);
    is_as_before(f.provider, 2);
}

static void goes_to_where_it_was_done(
    struct provider *provider, const struct request *request, bool is_change)
{
    (void)provider;
    (void)is_change;
    assert_string_equal(request->region.ptr, "r1");
}

/* As release_next, but its requests name no region. */
static enum step_turn release_nowhere_next(struct step *step, const struct reply *reply)
{
    enum step_turn turn = release_next(step, reply);
    step->request.region = STR("");
    return turn;
}

static const struct builtin release_nowhere_row = {
    .name = "release",
    .verb = VERB_UNDO,
    .provider = "cells",
    .params = { { .name = "slot", .type = TYPE_INTEGER },
        { .name = "before", .type = TYPE_INTEGER } },
    .effect = EFFECT_CHANGES,
    .state_bytes = sizeof(struct cell),
    .next = release_nowhere_next,
};

static const struct builtin *find_nowhere(str name)
{
    (void)name;
    return &release_nowhere_row;
}

static void an_undo_goes_to_the_region_of_what_it_takes_back(void **state)
{
    (void)state;
    FIXTURE(f);
    isolate_all(&f);
    f.provider->region = "r2";
    f.provider->watch = goes_to_where_it_was_done;
    static const enum run_mode modes[] = { MODE_PLAN, MODE_APPLY };
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        int64_t id = 0;
        f.steps = 0;
        f.executor.mode = modes[i];
        assert_int_equal(undo_execute(&f.executor, find_nowhere,
                             &(struct undo_order){ .run = f.run }, &f.arena, &f.report, &id),
            ERR_OK);
        assert_int_equal(f.steps, SLOTS);
    }
    is_as_before(f.provider, 2);
}

/* The undo of run 1, as a process that knows nothing of the past does it. */
static enum err take_back(const char *directory, struct provider *provider)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct test_clock clock = TEST_CLOCK;
    struct store *store = journal_open(directory, &arena);
    journal_crashes(store, provider);
    struct executor executor = test_executor(MODE_APPLY, store, &clock, provider);
    int64_t id;
    enum err err = undo_execute(
        &executor, test_inverse_find, &(struct undo_order){ .run = 1 }, &arena, NULL, &id);
    store_close(store);
    return err;
}

static void an_undo_killed_anywhere_goes_on_and_takes_each_change_back_once(void **state)
{
    (void)state;
    bool was_killed = true;
    unsigned at = 0;
    while (was_killed) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        assert_int_equal(journal_carry_out(scratch.path, provider), ERR_OK);
        was_killed = killed_at(take_back, scratch.path, provider, ++at);
        enum err err = take_back(scratch.path, provider);
        /* Killed after the last commit, or not at all: nothing was left. */
        assert_true(err == ERR_OK || err == ERR_INVALID);
        is_as_before(provider, 2);
    }
    assert_true(at > 2 * SLOTS * 6);
}

static void a_run_killed_anywhere_can_be_taken_back(void **state)
{
    (void)state;
    bool was_killed = true;
    for (unsigned at = 1; was_killed; at++) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        was_killed = killed_at(journal_carry_out, scratch.path, provider, at);
        bool has_changed = provider->applied[0] > 0;
        enum err err = take_back(scratch.path, provider);
        if (has_changed)
            assert_int_equal(err, ERR_OK);
        for (int slot = 0; slot < SLOTS; slot++) {
            assert_int_equal(provider->slots[slot], 0);
            assert_true(provider->applied[slot] == 0 || provider->applied[slot] == 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_taken_back_newest_first),
        cmocka_unit_test(what_was_taken_back_is_not_taken_back_again),
        cmocka_unit_test(a_step_that_the_run_never_had_is_not_taken_back),
        cmocka_unit_test(a_run_that_changed_nothing_is_closed_by_an_undo_without_steps),
        cmocka_unit_test(all_that_has_to_be_taken_back_first_is_named),
        cmocka_unit_test(what_a_later_run_found_in_force_is_not_lifted_under_it),
        cmocka_unit_test(what_a_later_run_did_again_is_not_lifted_under_it),
        cmocka_unit_test(what_an_older_run_found_when_it_went_on_is_not_lifted_under_it),
        cmocka_unit_test(a_damaged_inverse_ends_as_unknown_and_the_older_ones_still_run),
        cmocka_unit_test(what_others_changed_is_left_alone_and_tried_again_later),
        cmocka_unit_test(a_change_without_an_answer_is_taken_back_and_a_refused_one_is_not),
        cmocka_unit_test(what_somebody_else_did_first_stays_though_the_answer_was_a_200),
        cmocka_unit_test(a_half_done_run_is_ended_before_it_is_taken_back),
        cmocka_unit_test(a_run_that_was_cut_off_before_its_first_change_is_closed),
        cmocka_unit_test(an_undo_without_steps_that_was_cut_off_is_ended),
        cmocka_unit_test(a_plan_of_an_undo_writes_nothing),
        cmocka_unit_test(an_inverse_that_this_version_lacks_is_said_and_tried_again_later),
        cmocka_unit_test(an_undo_goes_to_the_region_of_what_it_takes_back),
        cmocka_unit_test(an_undo_killed_anywhere_goes_on_and_takes_each_change_back_once),
        cmocka_unit_test(a_run_killed_anywhere_can_be_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
