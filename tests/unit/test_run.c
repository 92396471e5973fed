/* test_run.c - the steps of a rule in order, planned, cut off and gone on with. */
#include "act/governor.h"
#include "act/run.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal.h"

enum { REPORTED_MAX = 16 };

/* Ends as its argument says ("partial"), and calls what it found clean. */
static enum step_turn ending_next(struct step *step, const struct reply *reply)
{
    (void)reply;
    step->results.verdict = (value){ .kind = VALUE_VERDICT, .integer = VERDICT_CLEAN };
    return step_end(step, step_turn_find(value_str(step->args[0])), "as it was told");
}

static const struct builtin ending_row = {
    .name = "ending",
    .verb = VERB_COLLECT,
    .provider = "cells",
    .params = { { .name = "how", .type = TYPE_TEXT, .need = PARAM_REQUIRED } },
    .effect = EFFECT_READS,
    .next = ending_next,
};

static const struct builtin stop_row = {
    .name = "stop_instance",
    .verb = VERB_RESPOND,
    .provider = "cells",
    .params = { { .name = "instance", .type = TYPE_INSTANCE, .need = PARAM_TARGET } },
    .effect = EFFECT_CHANGES,
    .state_bytes = sizeof(struct cell),
    .next = isolate_next,
};

static const value constants[] = {
    { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    { .kind = VALUE_TEXT, .count = 4, .text = "done" },
    { .kind = VALUE_TEXT, .count = 7, .text = "partial" },
    { .kind = VALUE_TEXT, .count = 6, .text = "failed" },
    { .kind = VALUE_ABSENT },
    { .kind = VALUE_VERDICT, .integer = VERDICT_CLEAN },
};
enum { CELLS, DONE, PARTIAL, FAILED, ABSENT, CLEAN };

/* A program with one rule whose steps are `code`, a run of it, and what was reported. */
struct fixture {
    struct run_report report; /* first: it is handed back */
    struct scratch scratch;
    struct arena arena;
    struct store *store;
    struct provider *provider;
    struct test_clock clock;
    struct executor executor;
    struct governor governor;
    struct store *counts; /* of a plan */
    struct program program;
    struct rule_code rule;
    struct event event;
    int64_t run;
    uint32_t count;
    enum step_turn turns[REPORTED_MAX];
    enum ruling rulings[REPORTED_MAX];
    const struct step_code *codes[REPORTED_MAX];
    const char *reasons[REPORTED_MAX];
};

static void reported(struct run_report *report, const struct run_step *step)
{
    struct fixture *f = (struct fixture *)report;
    assert_int_equal(step->index, f->count);
    f->codes[f->count] = step->code;
    f->reasons[f->count] = step->outcome.reason;
    f->rulings[f->count] =
        step->outcome.judgement == NULL ? RULING_COUNT : step->outcome.judgement->ruling;
    f->turns[f->count++] = step->outcome.turn;
}

static void fixture_init(struct fixture *f, enum run_mode mode, const struct instruction *code,
    uint32_t code_count, const struct step_code *steps, uint32_t step_count)
{
    *f = (struct fixture){ .report.step = reported,
        .scratch = scratch_new(),
        .provider = provider_new(),
        .clock = TEST_CLOCK };
    f->program = (struct program){ .code = code,
        .code_count = code_count,
        .constants = constants,
        .constant_count = COUNT_OF(constants),
        .steps = steps,
        .step_count = step_count };
    if (mode == MODE_APPLY) {
        f->store = journal_open(f->scratch.path, &f->arena);
        f->run = journal_run_new(f->store);
    }
    f->executor = test_executor(mode, f->store, &f->clock, f->provider);
}

static void fixture_release(struct fixture *f)
{
    store_close(f->store);
    store_close(f->counts);
    provider_release(&f->provider);
    arena_release(&f->arena);
    scratch_release(&f->scratch);
}

#define FIXTURE(name, mode, code, steps)                                                           \
    CLEANUP(fixture_release) struct fixture name;                                                  \
    fixture_init(&name, mode, code, COUNT_OF(code), steps, COUNT_OF(steps))

static enum err execute(struct fixture *f)
{
    f->count = 0;
    return run_execute(
        &f->executor, &f->program, &f->rule, &f->event, f->run, &f->arena, &f->report);
}

static const struct step_code two_steps[] = {
    { .builtin = &ending_row, .args_count = 1, .given = 1 },
    { .builtin = &isolate_row, .args_count = 1, .given = 1 },
};

static void a_step_starts_when_the_one_before_ended_whatever_its_end(void **state)
{
    (void)state;
    static const struct instruction code[] = {
        { OP_CONSTANT, 0, FAILED },
        { OP_STEP, 0, 0 },
        { OP_CONSTANT, 0, CELLS },
        { OP_STEP, 0, 1 },
        { OP_HALT, 0, 0 },
    };
    FIXTURE(f, MODE_APPLY, code, two_steps);
    assert_int_equal(execute(&f), ERR_OK);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.turns[0], STEP_FAILED);
    assert_int_equal(f.turns[1], STEP_DONE);
    is_isolated_once(f.provider);
    struct run run;
    assert_int_equal(store_run_get(f.store, f.run, &f.arena, &run), ERR_OK);
    assert_true(run.ended_ms > 0);
}

static void on_failure_stop_ends_the_run_there_but_not_the_plan(void **state)
{
    (void)state;
    static const struct step_code steps[] = {
        { .builtin = &ending_row, .args_count = 1, .given = 1, .stops_on_failure = true },
        { .builtin = &isolate_row, .args_count = 1, .given = 1 },
    };
    static const struct instruction code[] = {
        { OP_CONSTANT, 0, PARTIAL },
        { OP_STEP, 0, 0 },
        { OP_CONSTANT, 0, CELLS },
        { OP_STEP, 0, 1 },
        { OP_HALT, 0, 0 },
    };
    FIXTURE(f, MODE_APPLY, code, steps);
    assert_int_equal(execute(&f), ERR_OK);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.provider->sent, 0);
    FIXTURE(plan, MODE_PLAN, code, steps);
    assert_int_equal(execute(&plan), ERR_OK);
    assert_int_equal(plan.count, 2);
}

/* collect ... as t; if MEMBER of t then isolate else ending "done" */
#define BRANCHING(how, member)                                                                     \
    {                                                                                              \
        { OP_CONSTANT, 0, how }, { OP_STEP, 0, 0 }, { OP_RESULT, 0, member }, { OP_BRANCH, 0, 7 }, \
            { OP_CONSTANT, 0, CELLS }, { OP_STEP, 0, 1 }, { OP_JOIN, 0, 9 },                       \
            { OP_CONSTANT, 0, DONE }, { OP_STEP, 0, 2 }, { OP_HALT, 0, 0 },                        \
    }

static const struct step_code three_steps[] = {
    { .builtin = &ending_row, .args_count = 1, .given = 1 },
    { .builtin = &isolate_row, .args_count = 1, .given = 1 },
    { .builtin = &ending_row, .args_count = 1, .given = 1 },
};

static void only_a_step_that_is_done_is_complete(void **state)
{
    (void)state;
    static const struct instruction done[] = BRANCHING(DONE, RESULT_COMPLETE);
    static const struct instruction partial[] = BRANCHING(PARTIAL, RESULT_COMPLETE);
    static const struct instruction failed[] = BRANCHING(FAILED, RESULT_FAILED);
    static const struct {
        const struct instruction *code;
        bool is_then;
    } cases[] = { { done, true }, { partial, false }, { failed, true } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FIXTURE(f, MODE_APPLY, done, three_steps);
        f.program.code = cases[i].code;
        assert_int_equal(execute(&f), ERR_OK);
        assert_int_equal(f.count, 2);
        assert_ptr_equal(f.codes[1], &three_steps[cases[i].is_then ? 1 : 2]);
        assert_int_equal(f.provider->sent > 0, cases[i].is_then);
    }
}

static void a_plan_takes_both_ways(void **state)
{
    (void)state;
    static const struct instruction code[] = BRANCHING(DONE, RESULT_PARTIAL);
    FIXTURE(f, MODE_PLAN, code, three_steps);
    assert_int_equal(execute(&f), ERR_OK);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.provider->applied[0], 0);
}

/* collect ... as t; if t.verdict = clean then isolate */
#define CLEAN_TEST(how)                                                                            \
    {                                                                                              \
        { OP_CONSTANT, 0, how }, { OP_STEP, 0, 0 }, { OP_RESULT, 0, RESULT_VERDICT },              \
            { OP_CONSTANT, 0, CLEAN }, { OP_EQUAL, 0, 0 }, { OP_BRANCH, 0, 8 },                    \
            { OP_CONSTANT, 0, CELLS }, { OP_STEP, 0, 1 }, { OP_HALT, 0, 0 },                       \
    }

static void what_is_partial_never_counts_as_clean(void **state)
{
    (void)state;
    static const struct instruction done[] = CLEAN_TEST(DONE);
    static const struct instruction partial[] = CLEAN_TEST(PARTIAL);
    FIXTURE(whole, MODE_APPLY, done, two_steps);
    assert_int_equal(execute(&whole), ERR_OK);
    assert_int_equal(whole.count, 2);
    FIXTURE(part, MODE_APPLY, partial, two_steps);
    assert_int_equal(execute(&part), ERR_OK);
    assert_int_equal(part.count, 1);
}

static const struct step_code stop_steps[] = {
    { .builtin = &stop_row, .args_count = 1, .given = 0 },
    { .builtin = &isolate_row, .args_count = 1, .given = 1 },
};

static const struct instruction stop_code[] = {
    { OP_CONSTANT, 0, ABSENT },
    { OP_STEP, 0, 0 },
    { OP_CONSTANT, 0, CELLS },
    { OP_STEP, 0, 1 },
    { OP_HALT, 0, 0 },
};

static void a_step_without_a_target_is_unresolved_and_the_next_one_starts(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, stop_code, stop_steps);
    assert_int_equal(execute(&f), ERR_OK);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.turns[0], STEP_UNRESOLVED);
    assert_string_equal(f.reasons[0], "the alert names no instance to act on; write instance=");
    assert_int_equal(f.turns[1], STEP_DONE);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_string_equal(steps[0].state.ptr, "unresolved");
    assert_string_equal(steps[0].args.ptr, "[null]");
}

static void a_target_of_the_alert_is_bound_and_recorded(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, stop_code, stop_steps);
    f.event.fields[FIELD_INSTANCE_ID] = value_text(STR("i-0123456789abcdef0"));
    assert_int_equal(execute(&f), ERR_OK);
    assert_int_equal(f.turns[0], STEP_DONE);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
    assert_string_equal(steps[0].args.ptr, "[\"i-0123456789abcdef0\"]");
    assert_string_equal(
        steps[0].found.ptr, "instance i-0123456789abcdef0 from instance.id; by its name");
}

static void a_run_that_is_stopped_after_any_request_goes_on_to_the_same_end(void **state)
{
    (void)state;
    static const struct instruction code[] = BRANCHING(DONE, RESULT_COMPLETE);
    FIXTURE(f, MODE_APPLY, code, three_steps);
    enum err err = ERR_STOPPED;
    unsigned stops = 0;
    for (; err == ERR_STOPPED && stops < 100; stops++) {
        f.provider->stop = 0;
        f.provider->stop_at = f.provider->sent + 1;
        struct run run;
        assert_int_equal(store_run_get(f.store, f.run, &f.arena, &run), ERR_OK);
        assert_int_equal(run.ended_ms, 0);
        err = execute(&f);
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(stops, 3 * SLOTS);
    assert_int_equal(f.count, 2);
    is_isolated_once(f.provider);
    assert_int_equal(execute(&f), ERR_INVALID); /* it ended: there is nothing to go on with */
    is_isolated_once(f.provider);
}

/* A str where only constants may stand. */
#define STR_LITERAL(text)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Three steps, then an excuse that holds for hosts with a name and is in doubt without one. */
static const struct instruction doubtful_code[] = {
    { OP_CONSTANT, 0, DONE },
    { OP_STEP, 0, 0 },
    { OP_CONSTANT, 0, CELLS },
    { OP_STEP, 0, 1 },
    { OP_CONSTANT, 0, DONE },
    { OP_STEP, 0, 2 },
    { OP_HALT, 0, 0 },
    { OP_FIELD, 0, FIELD_HOST_NAME },
    { OP_EXISTS, 0, 0 },
    { OP_RETURN, 0, 0 },
    { OP_FIELD, 0, FIELD_HOST_NAME },
    { OP_UNKNOWN, 0, TYPE_RAW },
    { OP_RETURN, 0, 0 },
    { OP_FIELD, 0, FIELD_HOST_NAME },
    { OP_RETURN, 0, 0 },
};
static const struct excuse_read host_name = {
    .name = STR_LITERAL("host.name"), .asked = STR_LITERAL("host.name"), .start = 13, .unknown = 10
};
static const struct excuse_code doubtful = {
    .text = STR_LITERAL("host.name in jewels"),
    .file = STR_LITERAL("a.cdr"),
    .line = 3,
    .until_ms = INT64_MAX,
    .certain = 7,
    .possible = 10,
    .reads = &host_name,
    .read_count = 1,
};

static void doubt(struct fixture *f)
{
    f->rule.excuses = &doubtful;
    f->rule.excuse_count = 1;
}

/* With somebody who is asked before a step acts. */
static void govern(struct fixture *f)
{
    const char *reason = NULL;
    if (f->store == NULL) /* a plan */
        assert_int_equal(store_open_memory(&f->arena, &f->counts, &reason), ERR_OK);
    f->governor = (struct governor){
        .store = f->store != NULL ? f->store : f->counts, .clock = &f->clock.clock, .actor = "me"
    };
    f->executor.governor = &f->governor;
    f->program.hash = STR("rules");
    f->rule.name = STR("r");
    f->rule.id = STR("r-id");
    f->rule.author = STR("");
    f->rule.ceiling = CEILING_CONTAIN;
    f->event.digest = STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

static void steps_are(struct fixture *f, size_t wanted, const char *const *states)
{
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f->store, f->run, &f->arena, &steps, &count), ERR_OK);
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(steps[i].state.ptr, states[i]);
}

static void nothing_was_changed(const struct provider *provider)
{
    for (int i = 0; i < SLOTS; i++)
        assert_int_equal(provider->applied[i], 0);
}

static void in_doubt_a_response_waits_and_with_it_the_run(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, doubtful_code, three_steps);
    govern(&f);
    doubt(&f);
    assert_int_equal(execute(&f), ERR_HELD);
    assert_int_equal(f.count, 2);
    steps_are(&f, 2, (const char *const[]){ "done", "held" });
    nothing_was_changed(f.provider);
    assert_non_null(strstr(f.reasons[1], "has no host.name, so `unless host.name in jewels`"));
    assert_non_null(strstr(f.reasons[1], "(a.cdr:3) cannot be decided"));
    struct run run;
    assert_int_equal(store_run_get(f.store, f.run, &f.arena, &run), ERR_OK);
    assert_int_equal(run.standing, RUN_OPEN);

    FIXTURE(decided, MODE_APPLY, doubtful_code, three_steps);
    govern(&decided);
    assert_int_equal(execute(&decided), ERR_OK);
    steps_are(&decided, 3, (const char *const[]){ "done", "done", "done" });
    FIXTURE(plan, MODE_PLAN, doubtful_code, three_steps);
    govern(&plan);
    doubt(&plan);
    assert_int_equal(execute(&plan), ERR_OK);
    assert_int_equal(plan.rulings[1], RULING_HELD);
    nothing_was_changed(plan.provider);
}

static void a_run_that_waits_goes_on_waiting_until_somebody_answers(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, doubtful_code, three_steps);
    govern(&f);
    doubt(&f);
    assert_int_equal(execute(&f), ERR_HELD);
    unsigned sent = f.provider->sent;
    assert_int_equal(execute(&f), ERR_HELD);
    assert_int_equal(f.provider->sent, sent);
    steps_are(&f, 2, (const char *const[]){ "done", "held" });
    nothing_was_changed(f.provider);
}

static const str leads = STR_LITERAL("lead");
static const struct approval_stage lead_stage = {
    .roles = &leads, .role_count = 1, .needed = 1, .within_ms = 900000
};
/* A response that somebody must let through, and one after it without such a clause. */
static const struct step_code gated_steps[] = {
    { .builtin = &stop_row,
        .args_count = 1,
        .stages = &lead_stage,
        .stage_count = 1,
        .approve = { STR_LITERAL("approve by lead within 15m"), STR_LITERAL("a.cdr"), 3 } },
    { .builtin = &isolate_row, .args_count = 1, .given = 1 },
};
static const struct instruction gated_code[] = {
    { OP_CONSTANT, 0, ABSENT },
    { OP_STEP, 0, 0 },
    { OP_CONSTANT, 0, CELLS },
    { OP_STEP, 0, 1 },
    { OP_HALT, 0, 0 },
};

static void approve_holds_the_steps_after_it_however_its_own_step_ends(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, gated_code, gated_steps);
    govern(&f);
    assert_int_equal(execute(&f), ERR_HELD);
    steps_are(&f, 2, (const char *const[]){ "unresolved", "held" });
    nothing_was_changed(f.provider);
    assert_non_null(strstr(f.reasons[1], "approve by lead within 15m"));
    struct hold hold;
    assert_int_equal(holds_of_step(f.store, f.run, 1, &f.arena, &hold), ERR_OK);
    assert_non_null(strstr(hold.stages.ptr, "lead"));
}

static void what_nobody_let_through_lets_nothing_after_it_through(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY, gated_code, gated_steps);
    govern(&f);
    f.event.fields[FIELD_INSTANCE_ID] = value_text(STR("i-0abc1234567890def"));
    assert_int_equal(execute(&f), ERR_HELD);
    steps_are(&f, 1, (const char *const[]){ "held" });
    struct hold hold;
    enum hold_state settled;
    assert_int_equal(holds_of_step(f.store, f.run, 0, &f.arena, &hold), ERR_OK);
    assert_int_equal(holds_expire(f.store, hold.id, hold.until_ms, &settled), ERR_OK);
    assert_int_equal(execute(&f), ERR_OK);
    steps_are(&f, 2, (const char *const[]){ "rejected", "rejected" });
    nothing_was_changed(f.provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_starts_when_the_one_before_ended_whatever_its_end),
        cmocka_unit_test(on_failure_stop_ends_the_run_there_but_not_the_plan),
        cmocka_unit_test(only_a_step_that_is_done_is_complete),
        cmocka_unit_test(a_plan_takes_both_ways),
        cmocka_unit_test(what_is_partial_never_counts_as_clean),
        cmocka_unit_test(a_step_without_a_target_is_unresolved_and_the_next_one_starts),
        cmocka_unit_test(a_target_of_the_alert_is_bound_and_recorded),
        cmocka_unit_test(in_doubt_a_response_waits_and_with_it_the_run),
        cmocka_unit_test(approve_holds_the_steps_after_it_however_its_own_step_ends),
        cmocka_unit_test(what_nobody_let_through_lets_nothing_after_it_through),
        cmocka_unit_test(a_run_that_waits_goes_on_waiting_until_somebody_answers),
        cmocka_unit_test(a_run_that_is_stopped_after_any_request_goes_on_to_the_same_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
