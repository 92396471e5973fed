/* test_governed.c - a step with somebody who is asked: planned first, held, let through, and killed
 * at every point of that. */
#include "act/governor.h"
#include "host/pause.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal.h"

#include <fcntl.h>
#include <unistd.h>

static const str approvers = { "ir-lead", 7 };
static const struct approval_stage stage = {
    .roles = &approvers, .role_count = 1, .needed = 1, .within_ms = 15 * 60 * 1000
};
static const str members[] = { { "ada", 3 }, { "bob", 3 } };
static const struct role_code role = { .name = { "ir-lead", 7 },
    .members = members,
    .member_count = 2,
    .may = RIGHT_APPROVE | RIGHT_REJECT };

/* One process: everything it needs to carry the step of run 1 out. */
struct world {
    struct scratch scratch;
    struct provider *provider;
    struct arena arena;
    struct store *store;
    struct test_clock clock;
    struct governor governor;
    struct executor executor;
    struct program program;
    struct rule_code rule;
    struct step_code code;
    struct event event;
    struct step_cause cause;
    char pause_file[sizeof(((struct scratch *)0)->path) + 16];
    struct step_outcome outcome;
};

static void world_open(struct world *w, const char *directory, struct provider *provider)
{
    w->provider = provider;
    w->clock = (struct test_clock)TEST_CLOCK;
    w->store = journal_open(directory, &w->arena);
    snprintf(w->pause_file, sizeof w->pause_file, "%s/paused", directory);
    w->governor = (struct governor){
        .store = w->store, .clock = &w->clock.clock, .pause_file = w->pause_file, .actor = "service"
    };
    w->executor = test_executor(MODE_APPLY, w->store, &w->clock, provider);
    w->executor.governor = &w->governor;
    w->program = (struct program){ .hash = STR("rules"), .roles = &role, .role_count = 1 };
    w->rule = (struct rule_code){ .name = STR("r"),
        .id = STR("r-id"),
        .author = STR("bob"),
        .file = STR("a.cdr"),
        .ceiling = CEILING_CONTAIN };
    w->code = (struct step_code){ .builtin = &isolate_row,
        .approve = { STR("approve by \"ir-lead\" within 15m"), STR("a.cdr"), 2 } };
    w->cause = (struct step_cause){ .program = &w->program,
        .rule = &w->rule,
        .code = &w->code,
        .event = &w->event,
        .alert = STR("a-1"),
        .due_clause = STR("") };
}

static void world_close(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    arena_release(&w->arena);
}

static void world_new(struct world *w)
{
    *w = (struct world){ .scratch = scratch_new() };
    world_open(w, w->scratch.path, provider_new());
    assert_int_equal(journal_run_new(w->store), 1);
}

static void world_release(struct world *w)
{
    world_close(w);
    provider_release(&w->provider);
    scratch_release(&w->scratch);
}

/* A process that knows nothing of the one before. */
static void world_restart(struct world *w, bool needs_approval)
{
    world_close(w);
    world_open(w, w->scratch.path, w->provider);
    w->code.stages = needs_approval ? &stage : NULL;
    w->code.stage_count = needs_approval ? 1 : 0;
    w->cause.approver = needs_approval ? &w->code : NULL;
}

#define WORLD(name, needs_approval)                                                                \
    CLEANUP(world_release) struct world name;                                                      \
    world_new(&name);                                                                              \
    world_restart(&name, needs_approval)

static enum err go(struct world *w)
{
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" }
    };
    struct step_order order = { .row = &isolate_row,
        .args = args,
        .run = 1,
        .found = STR(""),
        .timeout_ms = w->code.timeout_ms,
        .cause = &w->cause };
    return step_execute(&w->executor, &order, &w->arena, &w->outcome);
}

static unsigned changes(const struct provider *provider)
{
    unsigned count = 0;
    for (int i = 0; i < SLOTS; i++)
        count += provider->applied[i];
    return count;
}

static enum err say(struct world *w, const char *who, bool is_approval)
{
    struct hold hold;
    enum hold_state state;
    const char *reason = NULL;
    assert_int_equal(holds_of_step(w->store, 1, 0, &w->arena, &hold), ERR_OK);
    struct decision decision = { .hold = hold.id,
        .who = str_from(who),
        .is_approval = is_approval,
        .reason = STR("seen"),
        .plan_hash = hold.plan_hash };
    return holds_decide(
        w->store, &decision, &role, 1, hold.held_ms + 1, &w->arena, &state, &reason);
}

static struct hold newest_hold(struct world *w)
{
    struct hold hold;
    assert_int_equal(holds_of_step(w->store, 1, 0, &w->arena, &hold), ERR_OK);
    return hold;
}

static void what_nobody_holds_is_planned_and_done_with_each_read_sent_once(void **state)
{
    (void)state;
    WORLD(w, false);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    assert_int_equal(w.outcome.replayed, 0);
    is_isolated_once(w.provider);
    assert_int_equal(w.outcome.plan_hash.len, PLAN_HASH_DIGITS);
    /* planned: 3 looks, the first of them kept; done: 2 looks, 3 changes, 3 looks again */
    assert_int_equal(w.provider->sent, 11);
}

static void a_held_step_changes_nothing_and_asks_nothing_until_somebody_answers(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_HELD);
    assert_int_equal(changes(w.provider), 0);
    unsigned sent = w.provider->sent;
    world_restart(&w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_HELD);
    assert_int_equal(w.provider->sent, sent);
    struct hold hold = newest_hold(&w);
    assert_int_equal(hold.state, HOLD_OPEN);
    assert_int_equal(hold.round, 0);
    assert_non_null(strstr(hold.plan.ptr, "\"operation\":\"Set\""));
}

static void an_approved_step_acts_once(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "bob", true), ERR_INVALID); /* its author */
    assert_int_equal(say(&w, "eve", true), ERR_INVALID);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    world_restart(&w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    is_isolated_once(w.provider);
    assert_int_equal(newest_hold(&w).state, HOLD_USED);
    assert_int_equal(go(&w), ERR_OK);
    is_isolated_once(w.provider);
}

static void an_approval_outlives_a_connection_that_cannot_be_made(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    w.provider->is_unreachable = true;
    assert_int_equal(go(&w), ERR_CREDENTIALS);
    assert_int_equal(newest_hold(&w).state, HOLD_APPROVED);
    w.provider->is_unreachable = false;
    w.provider->where_err = ERR_TRANSPORT;
    assert_int_equal(go(&w), ERR_TRANSPORT);
    assert_int_equal(changes(w.provider), 0);
    w.provider->where_err = ERR_OK;
    world_restart(&w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    is_isolated_once(w.provider);
}

static void another_world_makes_an_approval_void(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    w.provider->slots[1] = 7;
    world_restart(&w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_HELD);
    assert_int_equal(changes(w.provider), 0);
    assert_int_equal(newest_hold(&w).round, 1);
    assert_int_equal(newest_hold(&w).state, HOLD_OPEN);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    is_isolated_once(w.provider);
}

/* Somebody changes the last cell while the first one is being set. */
static void a_hand_in_between(
    struct provider *provider, const struct request *request, bool is_change)
{
    (void)request;
    if (is_change)
        provider->slots[SLOTS - 1] = 7;
}

static void what_is_not_in_the_approved_plan_is_not_sent(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    w.provider->watch = a_hand_in_between;
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_PARTIAL);
    assert_non_null(strstr(w.outcome.reason, "not in that plan"));
    assert_int_equal(w.provider->applied[SLOTS - 1], 0);
    assert_int_equal(changes(w.provider), SLOTS - 1);
}

static void what_is_in_force_already_is_not_asked_about(void **state)
{
    (void)state;
    WORLD(w, true);
    for (int i = 0; i < SLOTS; i++)
        w.provider->slots[i] = 1;
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    assert_int_equal(changes(w.provider), 0);
}

static void rows_that_nobody_said_let_nothing_through(void **state)
{
    (void)state;
    static const char *const forgeries[] = { "approved", "used" };
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        WORLD(w, true);
        assert_int_equal(go(&w), ERR_OK);
        char sql[80];
        snprintf(sql, sizeof sql, "UPDATE hold SET state = '%s', settled_ms = 1", forgeries[i]);
        assert_int_equal(store_exec(w.store, sql), ERR_OK);
        assert_int_equal(go(&w), ERR_OK);
        assert_int_equal(w.outcome.turn, STEP_HELD);
        assert_int_equal(changes(w.provider), 0);
        assert_int_equal(newest_hold(&w).round, 1);
    }
}

static void as_another_identity_it_is_not_begun(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    w.provider->identity = "user/other of account 2";
    world_restart(&w, true);
    assert_int_equal(go(&w), ERR_CREDENTIALS);
    assert_int_equal(changes(w.provider), 0);
}

static void a_rejected_step_ends_and_says_who_said_no(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", false), ERR_OK);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_REJECTED);
    assert_non_null(strstr(w.outcome.reason, "ada"));
    assert_int_equal(changes(w.provider), 0);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_REJECTED);
}

static void unanswered_it_ends_as_rejected(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    struct hold hold = newest_hold(&w);
    enum hold_state settled;
    assert_int_equal(holds_expire(w.store, hold.id, hold.until_ms - 1, &settled), ERR_OK);
    assert_int_equal(settled, HOLD_OPEN);
    assert_int_equal(holds_expire(w.store, hold.id, hold.until_ms, &settled), ERR_OK);
    assert_int_equal(settled, HOLD_EXPIRED);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_REJECTED);
    assert_int_equal(changes(w.provider), 0);
}

static void touch(const char *path)
{
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
}

static void a_pause_stops_it_before_the_next_change(
    struct provider *provider, const struct request *request, bool is_change)
{
    (void)request;
    if (is_change)
        touch(provider->watcher);
}

static void a_pause_leaves_the_step_as_it_is(void **state)
{
    (void)state;
    WORLD(w, false);
    touch(w.pause_file);
    assert_int_equal(go(&w), ERR_PAUSED);
    assert_non_null(w.executor.reason);
    assert_int_equal(changes(w.provider), 0);
    unlink(w.pause_file);
    w.provider->watch = a_pause_stops_it_before_the_next_change;
    w.provider->watcher = w.pause_file;
    assert_int_equal(go(&w), ERR_PAUSED); /* while the first change was under way */
    assert_int_equal(changes(w.provider), 1);
    w.provider->watch = NULL;
    unlink(w.pause_file);
    world_restart(&w, false);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    is_isolated_once(w.provider);
}

static void what_is_forbidden_by_the_time_it_goes_on_is_not_finished(void **state)
{
    (void)state;
    static const struct guard_code never = { .kind = GUARD_NEVER,
        .place = { { "never respond any", 17 }, { "a.cdr", 5 }, 9 },
        .verb = VERB_RESPOND,
        .certain = NO_INDEX,
        .possible = NO_INDEX };
    WORLD(w, false);
    w.provider->watch = a_pause_stops_it_before_the_next_change;
    w.provider->watcher = w.pause_file;
    assert_int_equal(go(&w), ERR_PAUSED);
    w.provider->watch = NULL;
    unlink(w.pause_file);
    world_restart(&w, false);
    w.program.guards = &never;
    w.program.guard_count = 1;
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_PARTIAL);
    assert_non_null(strstr(w.outcome.reason, "never respond any"));
    assert_int_equal(changes(w.provider), 1);
}

static void an_approval_outlasts_a_pause(void **state)
{
    (void)state;
    WORLD(w, true);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(say(&w, "ada", true), ERR_OK);
    touch(w.pause_file);
    assert_int_equal(go(&w), ERR_PAUSED);
    assert_int_equal(newest_hold(&w).state, HOLD_APPROVED);
    unlink(w.pause_file);
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_DONE);
    is_isolated_once(w.provider);
}

static void a_step_in_shadow_plans_and_writes_nothing(void **state)
{
    (void)state;
    WORLD(w, true);
    w.rule.is_shadow = true;
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_SHADOWED);
    assert_int_equal(changes(w.provider), 0);
    assert_int_equal(w.outcome.plan_hash.len, PLAN_HASH_DIGITS);
}

static void past_its_ceiling_it_is_refused_without_a_request(void **state)
{
    (void)state;
    WORLD(w, false);
    w.rule.ceiling = CEILING_COLLECT;
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_REFUSED);
    assert_int_equal(w.provider->sent, 0);
}

static void its_time_is_up_at_its_next_read(void **state)
{
    (void)state;
    WORLD(w, false);
    w.code.timeout_ms = 1; /* the clock goes on by a second a look */
    assert_int_equal(go(&w), ERR_OK);
    assert_int_equal(w.outcome.turn, STEP_FAILED);
    assert_non_null(strstr(w.outcome.reason, "timeout"));
    assert_int_equal(changes(w.provider), 0);
}

/* The step in a process of its own, let through by ada as soon as it waits. */
static enum err carry_out(const char *directory, struct provider *provider)
{
    struct world w = { .scratch = { "" } };
    world_open(&w, directory, provider);
    journal_crashes(w.store, provider);
    w.code.stages = &stage;
    w.code.stage_count = 1;
    w.cause.approver = &w.code;
    struct run run;
    enum err err = store_run_get(w.store, 1, &w.arena, &run);
    if (err == ERR_NOT_FOUND)
        journal_run_new(w.store);
    err = go(&w);
    struct hold hold;
    if (err == ERR_OK && w.outcome.turn == STEP_HELD
        && holds_of_step(w.store, 1, 0, &w.arena, &hold) == ERR_OK && hold.state == HOLD_OPEN)
        err = say(&w, "ada", true);
    if (err == ERR_OK && w.outcome.turn == STEP_HELD)
        err = go(&w);
    bool is_done = w.outcome.turn == STEP_DONE;
    world_close(&w);
    return err != ERR_OK || is_done ? err : ERR_INVALID;
}

static void killed_anywhere_it_is_approved_once_and_done_once(void **state)
{
    (void)state;
    bool was_killed = true;
    unsigned at = 0;
    while (was_killed) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        was_killed = killed_at(carry_out, scratch.path, provider, ++at);
        assert_int_equal(carry_out(scratch.path, provider), ERR_OK);
        is_isolated_once(provider);
    }
    assert_true(at > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_holds_is_planned_and_done_with_each_read_sent_once),
        cmocka_unit_test(a_held_step_changes_nothing_and_asks_nothing_until_somebody_answers),
        cmocka_unit_test(an_approved_step_acts_once),
        cmocka_unit_test(an_approval_outlives_a_connection_that_cannot_be_made),
        cmocka_unit_test(another_world_makes_an_approval_void),
        cmocka_unit_test(what_is_not_in_the_approved_plan_is_not_sent),
        cmocka_unit_test(what_is_in_force_already_is_not_asked_about),
        cmocka_unit_test(rows_that_nobody_said_let_nothing_through),
        cmocka_unit_test(as_another_identity_it_is_not_begun),
        cmocka_unit_test(a_rejected_step_ends_and_says_who_said_no),
        cmocka_unit_test(unanswered_it_ends_as_rejected),
        cmocka_unit_test(a_pause_leaves_the_step_as_it_is),
        cmocka_unit_test(what_is_forbidden_by_the_time_it_goes_on_is_not_finished),
        cmocka_unit_test(an_approval_outlasts_a_pause),
        cmocka_unit_test(a_step_in_shadow_plans_and_writes_nothing),
        cmocka_unit_test(past_its_ceiling_it_is_refused_without_a_request),
        cmocka_unit_test(its_time_is_up_at_its_next_read),
        cmocka_unit_test(killed_anywhere_it_is_approved_once_and_done_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
