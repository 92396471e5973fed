/* test_executor.c - a step is carried out once, however often it is cut off. */
#include "act/executor.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "executor_fixture.h"

static size_t calls_count(struct fixture *f)
{
    struct call_record *calls;
    size_t count;
    assert_int_equal(store_calls(f->store, f->run, &f->arena, &calls, &count), ERR_OK);
    return count;
}

static void a_plan_reads_and_prints_its_writes(void **state)
{
    (void)state;
    FIXTURE(f, MODE_PLAN);
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    assert_int_equal(f.provider->sent, SLOTS); /* one look at each cell */
    unsigned changes = 0, requests = 0;
    for (struct planned_request *at = outcome.requests; at != NULL; at = at->next) {
        requests++;
        changes += at->is_change;
        assert_string_equal(at->request.operation, at->is_change ? "Set" : "Get");
    }
    assert_int_equal(requests, 2 * SLOTS);
    assert_int_equal(changes, SLOTS);
    assert_int_equal(f.provider->applied[0] + f.provider->applied[1], 0);
    assert_string_equal(outcome.found.ptr, "cells from host.name; by its name");
}

static void offline_nothing_is_sent_and_nobody_is_connected(void **state)
{
    (void)state;
    FIXTURE(f, MODE_OFFLINE);
    f.provider->is_unreachable = true;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    assert_int_equal(f.provider->sent, 0);
    assert_non_null(outcome.requests);
}

/* The journal must know of every request before it leaves. */
static void intent_is_there(
    struct provider *provider, const struct request *request, bool is_change)
{
    struct fixture *f = provider->watcher;
    struct call_record call;
    enum err err = store_call_get(f->store, f->run, 0, provider->sent - 1, &f->arena, &call);
    assert_int_equal(err, ERR_OK);
    assert_false(call.has_reply);
    assert_int_equal(call.is_change, is_change);
    assert_true(str_equal(call.body, request->body));
    assert_int_equal(call.undo.len > 0, is_change);
}

static void every_intent_is_on_disk_before_its_request_leaves(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.provider->watch = intent_is_there;
    f.provider->watcher = &f;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    is_isolated_once(f.provider);
    assert_int_equal(calls_count(&f), f.provider->sent);
    step_state_is(&f, "done");
}

static void a_step_that_ended_is_told_and_not_run_again(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome first, again;
    assert_int_equal(isolate(&f, &first), ERR_OK);
    unsigned sent = f.provider->sent;
    f.provider->is_unreachable = true;
    assert_int_equal(isolate(&f, &again), ERR_OK);
    assert_int_equal(f.provider->sent, sent);
    assert_int_equal(again.turn, first.turn);
    assert_string_equal(again.reason, first.reason);
    assert_true(str_equal(again.target, first.target));
    assert_true(str_equal(again.found, first.found));
    assert_int_equal(again.results.verdict.integer, VERDICT_SUSPICIOUS);
    assert_true(value_same(again.results.url, first.results.url));
    assert_int_equal(again.results.sha256.kind, VALUE_ABSENT);
}

static void a_lost_change_is_settled_by_looking(void **state)
{
    (void)state;
    static const enum provider_fault faults[] = { FAULT_LOST_BEFORE, FAULT_LOST_AFTER };
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        FIXTURE(f, MODE_APPLY);
        f.provider->fault_at = 2; /* the first change */
        f.provider->fault_count = 1;
        f.provider->fault = faults[i];
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
        struct call_record call;
        assert_int_equal(store_call_get(f.store, f.run, 0, 1, &f.arena, &call), ERR_OK);
        assert_int_equal(call.reply_kind, REPLY_LOST);
    }
}

static void who_cannot_be_reached_before_a_change_is_told_to_the_builtin(void **state)
{
    (void)state;
    static const enum provider_fault faults[] = { FAULT_REFUSED, FAULT_CREDENTIALS,
        FAULT_LOST_BEFORE };
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        FIXTURE(f, MODE_APPLY);
        f.provider->fault_at = 1;
        f.provider->fault_count = 1;
        f.provider->fault = faults[i];
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_FAILED);
        assert_int_equal(f.provider->sent, 1);
        struct call_record call;
        assert_int_equal(store_call_get(f.store, f.run, 0, 0, &f.arena, &call), ERR_OK);
        assert_int_equal(call.reply_kind, i == 2 ? REPLY_LOST : REPLY_REFUSED);
        assert_string_equal(call.reply_body.ptr, "the provider does not answer");
    }
}

static void a_refused_change_certainly_was_not_made(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.provider->fault_at = 2;
    f.provider->fault_count = 1;
    f.provider->fault = FAULT_REFUSED;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_FAILED);
    assert_string_equal(outcome.reason, "the change was refused");
    assert_int_equal(f.provider->applied[0], 0);
}

static void a_read_without_an_answer_after_a_change_leaves_the_step_open(void **state)
{
    (void)state;
    static const struct {
        enum provider_fault fault;
        enum err err;
    } cases[] = { { FAULT_REFUSED, ERR_REFUSED }, { FAULT_CREDENTIALS, ERR_CREDENTIALS },
        { FAULT_LOST_BEFORE, ERR_TRANSPORT } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FIXTURE(f, MODE_APPLY);
        f.provider->fault_at = 3; /* the look after the first change */
        f.provider->fault_count = 100;
        f.provider->fault = cases[i].fault;
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), cases[i].err);
        assert_string_equal(f.executor.reason, "the provider does not answer");
        assert_int_equal(f.provider->sent, 2 + READ_TRIES_MAX);
        step_state_is(&f, "running");
        f.provider->fault_at = 0;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
    }
}

static void a_read_is_tried_again_before_the_step_is_left_open(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    f.provider->fault_at = 3;
    f.provider->fault_count = READ_TRIES_MAX - 1;
    f.provider->fault = FAULT_REFUSED;
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    is_isolated_once(f.provider);
}

static void memory_that_is_short_leaves_the_step_open(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 3 * SLOTS; at++) {
        FIXTURE(f, MODE_APPLY);
        f.provider->fault_at = at;
        f.provider->fault_count = 1;
        f.provider->fault = FAULT_MEMORY;
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), ERR_MEMORY);
        step_state_is(&f, "running");
        f.provider->fault_at = 0;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        is_isolated_once(f.provider);
    }
}

static enum step_turn without_memory_next(struct step *step, const struct reply *reply)
{
    struct request none = { .service = "cells", .operation = "Get" };
    return reply == NULL && value_str(step->args[0]).len == 0 ? step_ask(step, none)
                                                              : step_end(step, STEP_FAILED, NULL);
}

static void a_builtin_without_memory_ends_nothing(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct builtin row = isolate_row;
    row.next = without_memory_next;
    struct step_outcome outcome;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_MEMORY);
    step_state_is(&f, "running");
    assert_int_equal(f.provider->sent, 0);
}

static void a_stop_is_heard_before_each_request_and_the_step_goes_on_later(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop = 1;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    assert_int_equal(f.provider->sent, 0);
    enum err err = ERR_STOPPED;
    unsigned stops = 0;
    for (; err == ERR_STOPPED && stops < 100; stops++) {
        f.provider->stop = 0;
        f.provider->stop_at = f.provider->sent + 1; /* after each request */
        err = isolate(&f, &outcome);
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    assert_int_equal(stops, 3 * SLOTS); /* look, set, look at each; the first stop was before */
    assert_int_equal(outcome.replayed, 3 * SLOTS - 1);
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.replayed, UINT32_MAX);
    is_isolated_once(f.provider);
}

static void a_delay_is_waited_before_sending_and_not_on_replay(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 3;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    assert_int_equal(f.clock.slept_ms, LOOK_AGAIN_MS);
    f.provider->stop_at = 0;
    f.provider->stop = 0;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(f.clock.slept_ms, SLOTS * LOOK_AGAIN_MS);
}

static enum step_turn endless_next(struct step *step, const struct reply *reply)
{
    (void)reply;
    return cell_look(step, 0);
}

static void a_step_without_an_end_is_stopped(void **state)
{
    (void)state;
    FIXTURE(f, MODE_PLAN);
    struct builtin row = isolate_row;
    row.next = endless_next;
    struct step_outcome outcome;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_UNKNOWN);
    assert_int_equal(f.provider->sent, STEP_TURNS_MAX);
}

static enum step_turn huge_next(struct step *step, const struct reply *reply)
{
    (void)reply;
    struct request request = cell_request(step, "Get", 0, 0, 0);
    request.body.ptr = arena_alloc(step->arena, REQUEST_BYTES_MAX + 1, 1);
    request.body.len = REQUEST_BYTES_MAX + 1;
    return step_ask(step, request);
}

static void a_request_past_the_ceiling_is_not_sent(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct builtin row = isolate_row;
    row.next = huge_next;
    struct step_outcome outcome;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_UNKNOWN);
    assert_int_equal(f.provider->sent, 0);
}

static enum step_turn other_next(struct step *step, const struct reply *reply)
{
    struct cell *cell = step->state;
    cell->slot = 1;
    return reply == NULL ? cell_look(step, 0) : isolate_next(step, reply);
}

static void other_requests_than_the_journal_remembers_end_as_unknown(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 2;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    f.provider->stop_at = 0;
    f.provider->stop = 0;
    struct builtin row = isolate_row;
    row.next = other_next;
    unsigned sent = f.provider->sent;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_UNKNOWN);
    assert_non_null(strstr(outcome.reason, "other requests"));
    assert_int_equal(f.provider->sent, sent);
    step_state_is(&f, "unknown");
}

static void another_step_than_the_journal_remembers_sends_nothing(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 2;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    unsigned sent = f.provider->sent;
    struct builtin row = isolate_row;
    row.name = "isolate_all";
    for (int i = 0; i < 2; i++) { /* the first meets it running, the second ended */
        assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_UNKNOWN);
        assert_non_null(strstr(outcome.reason, "another step"));
    }
    assert_int_equal(f.provider->sent, sent);
    step_state_is(&f, "unknown");
}

static void without_a_connection_a_step_is_unresolved(void **state)
{
    (void)state;
    static const enum run_mode modes[] = { MODE_PLAN, MODE_APPLY };
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        FIXTURE(f, modes[i]);
        f.provider->is_unreachable = true;
        struct step_outcome outcome;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_UNRESOLVED);
        assert_string_equal(outcome.reason, "no connection: CELLS_KEY is not set");
        if (modes[i] == MODE_APPLY)
            assert_int_equal(calls_count(&f), 0); /* no intent of what could not be sent */
    }
}

static void a_connection_that_is_gone_after_a_change_leaves_the_step_open(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 2;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    f.provider->stop_at = 0;
    f.provider->stop = 0;
    f.provider->is_unreachable = true;
    assert_int_equal(isolate(&f, &outcome), ERR_CREDENTIALS);
    assert_string_equal(f.executor.reason, "no connection: CELLS_KEY is not set");
    step_state_is(&f, "running");
    f.provider->is_unreachable = false;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    is_isolated_once(f.provider);
}

static void a_row_that_this_build_cannot_run_is_unresolved_in_every_mode(void **state)
{
    (void)state;
    static const enum run_mode modes[] = { MODE_OFFLINE, MODE_PLAN, MODE_APPLY };
    static const struct builtin row = {
        .name = "triage", .verb = VERB_COLLECT, .missing = "triage needs a Defender connection"
    };
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        FIXTURE(f, modes[i]);
        struct step_outcome outcome;
        assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_UNRESOLVED);
        assert_string_equal(outcome.reason, "no connection: triage needs a Defender connection");
    }
}

static void a_step_that_another_build_began_is_not_called_unresolved(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 2;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    struct builtin row = isolate_row;
    row.next = NULL;
    row.missing = "isolating cells is not in this build";
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_UNKNOWN);
}

static void a_refused_step_is_recorded_with_its_reason(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    const value args[STEP_PARAMS_MAX] = { 0 };
    struct step_order order = { .row = &isolate_row, .args = args, .run = f.run };
    struct step_outcome outcome;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            step_refuse(&f.executor, &order, STEP_UNRESOLVED, "no target", &f.arena, &outcome),
            ERR_OK);
        assert_int_equal(outcome.turn, STEP_UNRESOLVED);
        assert_string_equal(outcome.reason, "no target");
    }
    step_state_is(&f, "unresolved");
}

static void a_process_killed_anywhere_goes_on_and_changes_each_thing_once(void **state)
{
    (void)state;
    bool was_killed = true;
    unsigned at = 0;
    while (was_killed) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        was_killed = killed_at(journal_carry_out, scratch.path, provider, ++at);
        assert_int_equal(journal_carry_out(scratch.path, provider), ERR_OK);
        is_isolated_once(provider);
    }
    assert_true(at > 3 * SLOTS * 6); /* each request: two commits, each before and after; it */
}

static void a_process_killed_again_and_again_still_changes_each_thing_once(void **state)
{
    (void)state;
    for (unsigned stride = 3; stride < 12; stride++) {
        CLEANUP(scratch_release) struct scratch scratch = scratch_new();
        CLEANUP(provider_release) struct provider *provider = provider_new();
        unsigned kills = 0;
        while (killed_at(journal_carry_out, scratch.path, provider, stride) && kills < 200)
            kills++;
        /* Each life gets at least one call further once it may do enough before it dies. */
        if (stride >= 9)
            assert_true(kills < 200);
        assert_int_equal(journal_carry_out(scratch.path, provider), ERR_OK);
        is_isolated_once(provider);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_reads_and_prints_its_writes),
        cmocka_unit_test(offline_nothing_is_sent_and_nobody_is_connected),
        cmocka_unit_test(every_intent_is_on_disk_before_its_request_leaves),
        cmocka_unit_test(a_step_that_ended_is_told_and_not_run_again),
        cmocka_unit_test(a_lost_change_is_settled_by_looking),
        cmocka_unit_test(who_cannot_be_reached_before_a_change_is_told_to_the_builtin),
        cmocka_unit_test(a_refused_change_certainly_was_not_made),
        cmocka_unit_test(a_read_without_an_answer_after_a_change_leaves_the_step_open),
        cmocka_unit_test(a_read_is_tried_again_before_the_step_is_left_open),
        cmocka_unit_test(memory_that_is_short_leaves_the_step_open),
        cmocka_unit_test(a_builtin_without_memory_ends_nothing),
        cmocka_unit_test(a_stop_is_heard_before_each_request_and_the_step_goes_on_later),
        cmocka_unit_test(a_delay_is_waited_before_sending_and_not_on_replay),
        cmocka_unit_test(a_step_without_an_end_is_stopped),
        cmocka_unit_test(a_request_past_the_ceiling_is_not_sent),
        cmocka_unit_test(other_requests_than_the_journal_remembers_end_as_unknown),
        cmocka_unit_test(another_step_than_the_journal_remembers_sends_nothing),
        cmocka_unit_test(without_a_connection_a_step_is_unresolved),
        cmocka_unit_test(a_connection_that_is_gone_after_a_change_leaves_the_step_open),
        cmocka_unit_test(a_row_that_this_build_cannot_run_is_unresolved_in_every_mode),
        cmocka_unit_test(a_step_that_another_build_began_is_not_called_unresolved),
        cmocka_unit_test(a_refused_step_is_recorded_with_its_reason),
        cmocka_unit_test(a_process_killed_anywhere_goes_on_and_changes_each_thing_once),
        cmocka_unit_test(a_process_killed_again_and_again_still_changes_each_thing_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
