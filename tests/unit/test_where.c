/* test_where.c - a step belongs to the identity and the region it was begun with. */
#include "act/executor.h"
#include "provider.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "executor_fixture.h"

/* As isolate_next, but its requests name no region. */
static enum step_turn nowhere_next(struct step *step, const struct reply *reply)
{
    enum step_turn turn = isolate_next(step, reply);
    step->request.region = STR("");
    return turn;
}

static const char *const sent_to[] = { "r1", "r2" };

static void goes_to_the_first_region(
    struct provider *provider, const struct request *request, bool is_change)
{
    (void)is_change;
    (void)provider;
    assert_string_equal(request->region.ptr, sent_to[0]);
}

static void a_step_goes_on_with_the_identity_it_was_begun_with_alone(void **state)
{
    (void)state;
    for (unsigned stop_at = 1; stop_at < 3 * SLOTS; stop_at++) { /* after each request */
        FIXTURE(f, MODE_APPLY);
        struct step_outcome outcome;
        f.provider->stop_at = stop_at;
        assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        f.provider->identity = "user/cdr of account 2";
        assert_int_equal(isolate(&f, &outcome), ERR_CREDENTIALS);
        assert_string_equal(f.executor.reason,
            "step 1 of run 1 was begun as user/cdr of account 1; the connection is user/cdr of "
            "account 2: resume with the credentials it began with");
        assert_int_equal(f.provider->sent, stop_at);
        step_state_is(&f, "running");
        f.provider->identity = "user/cdr of account 1";
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        is_isolated_once(f.provider);
    }
}

static void a_step_goes_on_in_the_region_it_was_begun_in(void **state)
{
    (void)state;
    struct builtin row = isolate_row;
    row.next = nowhere_next;
    for (unsigned stop_at = 1; stop_at < 3 * SLOTS; stop_at++) {
        FIXTURE(f, MODE_APPLY);
        f.provider->watch = goes_to_the_first_region;
        struct step_outcome outcome;
        f.provider->stop_at = stop_at;
        assert_int_equal(execute_row(&f, &row, &outcome), ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        f.provider->region = sent_to[1];
        assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
        struct call_record call;
        assert_int_equal(store_call_get(f.store, f.run, 0, 0, &f.arena, &call), ERR_OK);
        assert_string_equal(call.region.ptr, sent_to[0]);
        struct step_record *steps;
        size_t count;
        assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
        assert_string_equal(steps[0].region.ptr, sent_to[0]);
        assert_string_equal(steps[0].identity.ptr, "user/cdr of account 1");
    }
}

/* Run a second step of the run. */
static enum err isolate_second(struct fixture *f, struct step_outcome *ret_outcome)
{
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    };
    struct step_order order = {
        .row = &isolate_row, .args = args, .run = f->run, .index = 1, .found = STR("")
    };
    return step_execute(&f->executor, &order, &f->arena, ret_outcome);
}

static void the_next_step_of_a_run_begins_as_the_first_one_did(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    unsigned sent = f.provider->sent;
    f.provider->identity = "user/cdr of account 2";
    f.provider->region = "r2";
    assert_int_equal(isolate_second(&f, &outcome), ERR_CREDENTIALS);
    assert_string_equal(f.executor.reason,
        "run 1 was begun as user/cdr of account 1; the connection is user/cdr of account 2: resume "
        "with the credentials it began with");
    assert_int_equal(f.provider->sent, sent);
    f.provider->identity = "user/cdr of account 1";
    assert_int_equal(isolate_second(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    struct step_record *steps;
    size_t count;
    assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
    assert_string_equal(steps[1].region.ptr, "r1");
    assert_string_equal(steps[1].provider.ptr, "cells");
}

static void what_says_as_whom_it_was_made_is_taken_back_by_no_other(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    };
    struct step_outcome outcome;
    struct step_order order = { .row = &isolate_row,
        .args = args,
        .run = f.run,
        .found = STR(""),
        .began_as = STR("crowdstrike:a") };
    assert_int_equal(step_execute(&f.executor, &order, &f.arena, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_UNRESOLVED);
    assert_string_equal(outcome.reason,
        "the change was made as crowdstrike:a; the connection is user/cdr of account 1: take it "
        "back as who made it");
    assert_int_equal(f.provider->sent, 0);
    order.index = 1;
    order.began_as = STR("user/cdr of account 1");
    assert_int_equal(step_execute(&f.executor, &order, &f.arena, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
}

static void another_client_of_the_same_tenant_takes_back_and_one_of_another_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *made_as;
        enum step_turn end;
    } cases[] = {
        { "microsoft:t1/new", STEP_DONE },
        { "microsoft:t1/old", STEP_DONE },
        { "microsoft:t2/new", STEP_UNRESOLVED },
        { "microsoft:t1", STEP_UNRESOLVED },
        { "microsoft:/new", STEP_UNRESOLVED },
        { "crowdstrike:t1/new", STEP_UNRESOLVED },
        { "crowdstrike:new", STEP_UNRESOLVED },
    };
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        FIXTURE(f, MODE_APPLY);
        struct step_outcome outcome;
        f.provider->identity = "microsoft:t1/new";
        struct step_order order = { .row = &isolate_row,
            .args = args,
            .run = f.run,
            .found = STR(""),
            .began_as = str_from(cases[at].made_as) };
        assert_int_equal(step_execute(&f.executor, &order, &f.arena, &outcome), ERR_OK);
        if (outcome.turn != cases[at].end)
            fail_msg("%s: %s", cases[at].made_as, outcome.reason);
    }
}

static enum step_turn region_next(struct step *step, const struct reply *reply)
{
    (void)reply;
    step->target = step->region;
    return step_end(step, STEP_DONE, "nothing to do");
}

static void a_builtin_is_told_its_region_from_its_first_turn(void **state)
{
    (void)state;
    static const struct {
        enum run_mode mode;
        const char *region;
    } cases[] = { { MODE_OFFLINE, "" }, { MODE_PLAN, "r1" }, { MODE_APPLY, "r1" } };
    struct builtin row = isolate_row;
    row.next = region_next;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FIXTURE(f, cases[i].mode);
        struct step_outcome outcome;
        assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
        assert_string_equal(outcome.target.ptr, cases[i].region);
        assert_int_equal(f.provider->asked_where, cases[i].mode != MODE_OFFLINE);
    }
}

static void a_step_whose_replies_are_all_recorded_needs_no_connection(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    f.provider->stop_at = 3 * SLOTS - 1;
    assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
    f.provider->stop = 0;
    struct call_record call = { .run = f.run, /* its last reply is recorded, its end is not */
        .index = 3 * SLOTS - 1,
        .service = STR("cells"),
        .operation = STR("Get"),
        .region = STR("r1"),
        .target = STR("cell/2"),
        .body = STR("2"),
        .undo = STR(""),
        .reply_kind = REPLY_RECEIVED,
        .reply_status = 200,
        .reply_body = STR("1") };
    assert_int_equal(store_call_intend(f.store, &call), ERR_OK);
    assert_int_equal(store_call_reply(f.store, &call), ERR_OK);
    f.provider->is_unreachable = true;
    unsigned asked = f.provider->asked_where;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    assert_int_equal(f.provider->asked_where, asked);
}

static void who_does_not_say_who_we_are_is_sent_nothing(void **state)
{
    (void)state;
    static const enum err silences[] = { ERR_TRANSPORT, ERR_REFUSED, ERR_CREDENTIALS };
    for (size_t i = 0; i < COUNT_OF(silences); i++) {
        FIXTURE(f, MODE_APPLY);
        struct step_outcome outcome;
        f.provider->stop_at = 2;
        assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        f.provider->where_err = silences[i];
        assert_int_equal(isolate(&f, &outcome), silences[i]);
        assert_string_equal(f.executor.reason, "the provider does not say who we are");
        assert_int_equal(f.provider->sent, 2);
        step_state_is(&f, "running");

        FIXTURE(fresh, MODE_APPLY);
        fresh.provider->where_err = silences[i];
        assert_int_equal(isolate(&fresh, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_FAILED);
        assert_int_equal(fresh.provider->sent, 0);
    }
}

/* Says that the target is the connection itself; with where_err that it cannot be known. */
static enum err find_self(struct transport *transport, const struct fact *facts,
    struct arena *arena, const char **ret_name, const char **reterr_reason)
{
    const struct provider *provider = (const struct provider *)transport;
    (void)facts;
    *reterr_reason = "nobody answers";
    *ret_name = arena_format(arena, "the user cdr");
    return provider->where_err;
}

static enum err find_nobody(struct transport *transport, const struct fact *facts,
    struct arena *arena, const char **ret_name, const char **reterr_reason)
{
    (void)transport, (void)facts, (void)arena, (void)reterr_reason;
    *ret_name = NULL;
    return ERR_OK;
}

static void what_the_connection_acts_as_is_never_changed(void **state)
{
    (void)state;
    struct step_outcome outcome;
    {
        FIXTURE(f, MODE_APPLY);
        f.provider->transport.find_self = find_self;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_FAILED);
        assert_string_equal(outcome.reason,
            "its target is the user cdr, which this program itself uses and which is never a "
            "target");
        assert_int_equal(f.provider->sent, 1); /* the look */
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_FAILED);
        assert_int_equal(f.provider->sent, 1);
    }
    {
        FIXTURE(f, MODE_PLAN);
        f.provider->transport.find_self = find_self;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_FAILED);
    }
    FIXTURE(f, MODE_APPLY);
    f.provider->transport.find_self = find_self;
    f.provider->transport.where = NULL;
    f.provider->where_err = ERR_REFUSED;
    assert_int_equal(isolate(&f, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_FAILED);
    assert_string_equal(outcome.reason,
        "as whom this program acts cannot be known (nobody answers), so nothing was changed");
    assert_int_equal(f.provider->sent, 1);
}

/* What was sent is sent: another answer would leave it half done. */
static void a_step_that_has_changed_something_is_not_compared_again(void **state)
{
    (void)state;
    for (unsigned stop_at = 2; stop_at < 3 * SLOTS; stop_at++) {
        FIXTURE(f, MODE_APPLY);
        struct step_outcome outcome;
        f.provider->transport.find_self = find_nobody;
        f.provider->stop_at = stop_at;
        assert_int_equal(isolate(&f, &outcome), ERR_STOPPED);
        f.provider->stop_at = 0;
        f.provider->stop = 0;
        f.provider->transport.find_self = find_self;
        assert_int_equal(isolate(&f, &outcome), ERR_OK);
        assert_int_equal(outcome.turn, STEP_DONE);
        is_isolated_once(f.provider);
    }
}

/* A journal of the schema before steps were bound to anything. */
static void a_step_that_an_older_cdr_began_is_gone_on_with(void **state)
{
    (void)state;
    FIXTURE(f, MODE_APPLY);
    struct step_outcome outcome;
    struct builtin row = isolate_row;
    row.next = nowhere_next;
    f.provider->transport.where = NULL;
    f.provider->stop_at = 2;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_STOPPED);
    f.provider->stop_at = 0;
    f.provider->stop = 0;
    f.provider->transport.where = provider_where;
    assert_int_equal(execute_row(&f, &row, &outcome), ERR_OK);
    assert_int_equal(outcome.turn, STEP_DONE);
    is_isolated_once(f.provider);
}

/* The connection is to one account, and takes a role in every other. */
struct accounts {
    struct provider *base;
    struct provider *member;
    const char *own;
};

static struct transport *accounts_connect(
    struct executor *executor, const char *name, str account, const char **reterr_reason)
{
    struct accounts *accounts = executor->self;
    bool is_own = account.len == 0 || str_is(account, accounts->own);
    (void)name, (void)reterr_reason;
    return is_own ? &accounts->base->transport : &accounts->member->transport;
}

static void be_user_of_first(struct accounts *accounts)
{
    accounts->own = "111122223333";
    accounts->base->identity = "arn:aws:iam::111122223333:user/cdr";
}

static void be_user_of_second(struct accounts *accounts)
{
    accounts->own = "444455556666";
    accounts->base->identity = "arn:aws:iam::444455556666:user/cdr";
}

static struct accounts accounts_begin(struct fixture *f, struct provider *member)
{
    struct accounts accounts = { .base = f->provider, .member = member };
    be_user_of_first(&accounts);
    member->identity = "arn:aws:sts::777788889999:assumed-role/member";
    f->executor.connect = accounts_connect;
    return accounts;
}

static enum err isolate_in(
    struct fixture *f, uint32_t index, const char *account, struct step_outcome *ret_outcome)
{
    static const value args[STEP_PARAMS_MAX] = {
        { .kind = VALUE_TEXT, .count = 5, .text = "cells" },
    };
    struct step_order order = { .row = &isolate_row,
        .args = args,
        .run = f->run,
        .index = index,
        .account = str_from(account),
        .found = STR("") };
    return step_execute(&f->executor, &order, &f->arena, ret_outcome);
}

static void a_run_stays_in_the_account_it_reached_whether_its_steps_name_it_or_not(void **state)
{
    (void)state;
    static const char *const named[] = { "", "111122223333" };
    for (size_t first = 0; first < COUNT_OF(named); first++) {
        CLEANUP(provider_release) struct provider *member = provider_new();
        FIXTURE(f, MODE_APPLY);
        struct accounts accounts = accounts_begin(&f, member);
        struct step_outcome outcome;
        f.executor.self = &accounts;
        assert_int_equal(isolate_in(&f, 0, named[first], &outcome), ERR_OK);
        struct step_record *steps;
        size_t count;
        assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
        assert_string_equal(steps[0].account.ptr, "111122223333");
        unsigned sent = f.provider->sent;
        be_user_of_second(&accounts);
        for (size_t second = 0; second < COUNT_OF(named); second++)
            assert_int_equal(isolate_in(&f, 1, named[second], &outcome), ERR_CREDENTIALS);
        assert_int_equal(f.provider->sent + member->sent, sent);
        be_user_of_first(&accounts);
        f.provider->region = "r2"; /* and in the region it began in, named or not */
        assert_int_equal(isolate_in(&f, 1, named[1 - first], &outcome), ERR_OK);
        assert_int_equal(store_steps(f.store, f.run, &f.arena, &steps, &count), ERR_OK);
        assert_string_equal(steps[1].account.ptr, "111122223333");
        assert_string_equal(steps[1].region.ptr, "r1");
    }
}

static void a_run_goes_to_other_accounts_by_the_base_it_began_with_alone(void **state)
{
    (void)state;
    for (unsigned stop_at = 0; stop_at < 3 * SLOTS; stop_at++) { /* 0: between two steps */
        CLEANUP(provider_release) struct provider *member = provider_new();
        FIXTURE(f, MODE_APPLY);
        struct accounts accounts = accounts_begin(&f, member);
        struct step_outcome outcome;
        f.executor.self = &accounts;
        f.executor.stop = &member->stop;
        assert_int_equal(isolate_in(&f, 0, "", &outcome), ERR_OK);
        member->stop_at = stop_at;
        if (stop_at > 0)
            assert_int_equal(isolate_in(&f, 1, "777788889999", &outcome), ERR_STOPPED);
        member->stop_at = 0;
        member->stop = 0;
        be_user_of_second(&accounts);
        assert_int_equal(isolate_in(&f, 1, "777788889999", &outcome), ERR_CREDENTIALS);
        assert_non_null(strstr(f.executor.reason,
            "was begun as arn:aws:iam::111122223333:user/cdr; the connection is "
            "arn:aws:iam::444455556666:user/cdr: resume with the credentials it began with"));
        assert_int_equal(member->sent, stop_at);
        be_user_of_first(&accounts);
        assert_int_equal(isolate_in(&f, 1, "777788889999", &outcome), ERR_OK);
        is_isolated_once(member);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_goes_on_with_the_identity_it_was_begun_with_alone),
        cmocka_unit_test(a_step_goes_on_in_the_region_it_was_begun_in),
        cmocka_unit_test(the_next_step_of_a_run_begins_as_the_first_one_did),
        cmocka_unit_test(another_client_of_the_same_tenant_takes_back_and_one_of_another_does_not),
        cmocka_unit_test(what_says_as_whom_it_was_made_is_taken_back_by_no_other),
        cmocka_unit_test(a_run_stays_in_the_account_it_reached_whether_its_steps_name_it_or_not),
        cmocka_unit_test(a_run_goes_to_other_accounts_by_the_base_it_began_with_alone),
        cmocka_unit_test(a_builtin_is_told_its_region_from_its_first_turn),
        cmocka_unit_test(a_step_whose_replies_are_all_recorded_needs_no_connection),
        cmocka_unit_test(who_does_not_say_who_we_are_is_sent_nothing),
        cmocka_unit_test(what_the_connection_acts_as_is_never_changed),
        cmocka_unit_test(a_step_that_has_changed_something_is_not_compared_again),
        cmocka_unit_test(a_step_that_an_older_cdr_began_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
