/* test_governor_limits.c - limits: whose targets count, for how long, and who is over. */
#include "governor_fixture.h"

#include <pthread.h>
#include <time.h>

static struct hold held_before = {
    .cause = HOLD_BY_LIMIT, .reason = { "over it then", 12 }, .clause = { "a.cdr:1: limit", 14 }
};

static void a_limit_has_room_for_its_number_of_targets_and_says_who_is_over(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 2 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    assert_int_equal(foreseen(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
    struct want *third = want_new(&f, 0, "role/c");
    assert_int_equal(judged(&f, third), RULING_HELD);
    assert_string_equal(f.judgement.reason,
        "over `limit 2 targets per 1h` (test.cdr:1): 2 targets of rule ransomware in the last 1h; "
        "a person may let it through (rule ransomware, alert a-1)");
    assert_int_equal(foreseen(&f, third), RULING_HELD);
    assert_int_equal(f.judgement.hold_cause, HOLD_BY_LIMIT);
    third->proposal.hold = &held_before; /* whoever looks at it is shown a plan */
    assert_int_equal(foreseen(&f, third), RULING_ADMITTED);
    third->proposal.is_approved = true;
    assert_int_equal(judged(&f, third), RULING_ADMITTED);
    /* A target that was let in has its place, in the window and again. */
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/c")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/d")), RULING_HELD);
}

static void a_window_ends_exactly_where_it_says(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    f.clock.now_ms += HOUR_MS - 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_HELD);
    f.clock.now_ms += 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
    f.clock.now_ms += HOUR_MS - 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED); /* from now on */
    f.clock.now_ms += 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_HELD);
}

static void the_same_step_asked_again_takes_one_place(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 2 targets per 1h", ISOLATE));
    struct want *want = want_new(&f, 0, "role/a");
    for (int i = 0; i < 5; i++)
        assert_int_equal(judged(&f, want), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "role/c")), RULING_HELD);
}

static void plans_count_together_like_the_real_thing(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 2 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, plan_new(&f, 0, "role/a")), RULING_ADMITTED);
    assert_int_equal(judged(&f, plan_new(&f, 0, "role/b")), RULING_ADMITTED);
    assert_int_equal(judged(&f, plan_new(&f, 0, "role/b")), RULING_ADMITTED);
    assert_int_equal(judged(&f, plan_new(&f, 0, "role/c")), RULING_HELD);
}

/* One limit of one target, in each scope: who else is counted with the first. */
static void each_scope_counts_its_own(void **state)
{
    (void)state;
    static const struct {
        enum limit_scope scope;
        enum ruling other_rule, other_action, other_account, other_provider;
    } cases[] = {
        { LIMIT_RULE, RULING_ADMITTED, RULING_HELD, RULING_HELD, RULING_HELD },
        { LIMIT_ACTION, RULING_HELD, RULING_ADMITTED, RULING_HELD, RULING_HELD },
        { LIMIT_ACCOUNT, RULING_HELD, RULING_HELD, RULING_ADMITTED, RULING_HELD },
        { LIMIT_PROVIDER, RULING_HELD, RULING_HELD, RULING_HELD, RULING_ADMITTED },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FIXTURE(f, RULE("", ISOLATE));
        struct limit_code limit = { .scope = cases[i].scope,
            .targets = 1,
            .window_ms = HOUR_MS,
            .place = { STR("limit"), STR("a.cdr"), 1 } };
        f.rule.limits = &limit;
        f.rule.limit_count = 1;
        assert_int_equal(judged(&f, want_new(&f, 0, "first")), RULING_ADMITTED);

        struct rule_code rule = f.rule;
        rule.name = STR("another");
        rule.id = STR("beef");
        struct want *want = want_new(&f, 0, "second");
        want->cause.rule = &rule;
        assert_int_equal(judged(&f, want), cases[i].other_rule);
        f.clock.now_ms += HOUR_MS;

        assert_int_equal(judged(&f, want_new(&f, 0, "first")), RULING_ADMITTED);
        struct builtin row = *want->order.row;
        row.name = "stop_instance";
        want = want_new(&f, 0, "third");
        want->order.row = &row;
        assert_int_equal(judged(&f, want), cases[i].other_action);
        f.clock.now_ms += HOUR_MS;

        assert_int_equal(judged(&f, want_new(&f, 0, "first")), RULING_ADMITTED);
        want = want_new(&f, 0, "fourth");
        want->plan.identity = STR("arn:aws:sts::444455556666:assumed-role/ir/cdr");
        assert_int_equal(judged(&f, want), cases[i].other_account);
        f.clock.now_ms += HOUR_MS;

        assert_int_equal(judged(&f, want_new(&f, 0, "first")), RULING_ADMITTED);
        row = *f.program->steps[0].builtin;
        row.provider = "azure";
        want = want_new(&f, 0, "fifth");
        want->order.row = &row;
        assert_int_equal(judged(&f, want), cases[i].other_provider);
    }
}

static void another_session_of_the_same_account_shares_its_limit(void **state)
{
    (void)state;
    FIXTURE(f, RULE("", ISOLATE));
    struct limit_code limit = { .scope = LIMIT_ACCOUNT, .targets = 1, .window_ms = HOUR_MS };
    f.rule.limits = &limit;
    f.rule.limit_count = 1;
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    struct want *want = want_new(&f, 0, "role/b");
    want->plan.identity = STR("arn:aws:iam::111122223333:user/alice");
    assert_int_equal(foreseen(&f, want), RULING_ADMITTED); /* as whom is not known yet */
    assert_int_equal(judged(&f, want), RULING_HELD);
    assert_said(&f, "account 111122223333");
}

static void a_name_in_another_account_is_another_target(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, want_new(&f, 0, "role/web")), RULING_ADMITTED);
    struct want *want = want_new(&f, 0, "role/web");
    want->plan.identity = STR("arn:aws:iam::444455556666:user/alice");
    assert_int_equal(judged(&f, want), RULING_HELD);
}

static void neither_a_new_name_nor_an_edit_begins_a_new_count(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", ISOLATE));
    assert_int_equal(judged(&f, want_new(&f, 0, "role/a")), RULING_ADMITTED);
    str name = f.rule.name;
    f.rule.name = STR("renamed");
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_HELD);
    f.rule.name = name;
    f.rule.id = STR("edited");
    assert_int_equal(judged(&f, want_new(&f, 0, "role/b")), RULING_HELD);
}

static void collecting_evidence_takes_no_place(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 1 targets per 1h", "collect snapshot instance=\"i-0abc1234\""));
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1234")), RULING_ADMITTED);
    assert_int_equal(judged(&f, want_new(&f, 0, "i-0abc1235")), RULING_ADMITTED);
    assert_int_equal(foreseen(&f, want_new(&f, 0, "i-0abc1236")), RULING_ADMITTED);
}

enum { RACERS = 4, WANTS = 25, STORM = 20000 };

struct racer {
    pthread_t thread;
    struct governor *governor;
    struct want *wants[WANTS];
    int admitted;
    int held;
};

static void *race(void *self)
{
    struct racer *racer = self;
    for (int i = 0; i < WANTS; i++) {
        struct arena arena = { 0 };
        struct judgement judgement;
        if (governor_judge(racer->governor, &racer->wants[i]->proposal, &arena, &judgement)
            == ERR_OK) {
            racer->admitted += judgement.ruling == RULING_ADMITTED;
            racer->held += judgement.ruling == RULING_HELD;
        }
        arena_release(&arena);
    }
    return NULL;
}

static void threads_that_race_take_exactly_the_places_there_are(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 10 targets per 1h", ISOLATE));
    struct racer racers[RACERS] = { 0 };
    int admitted = 0;
    int held = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i].governor = &f.governor;
        for (int at = 0; at < WANTS; at++)
            racers[i].wants[at] =
                plan_new(&f, 0, arena_format(&f.arena, "role/%d", i * WANTS + at));
    }
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        admitted += racers[i].admitted;
        held += racers[i].held;
    }
    assert_int_equal(admitted, 10);
    assert_int_equal(held, RACERS * WANTS - 10);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The last thousand of a storm take no longer than the first, give or take. */
static void a_storm_is_held_at_the_limit_and_no_slower_at_its_end(void **state)
{
    (void)state;
    FIXTURE(f, RULE("limit 10 targets per 1h", ISOLATE));
    double first = 0;
    double begun = seconds();
    int admitted = 0;
    for (int i = 1; i <= STORM; i++) {
        struct want *want =
            plan_new(&f, 0, i % 2 == 0 ? arena_format(&f.arena, "role/%d", i) : "role/same");
        admitted += judged(&f, want) == RULING_ADMITTED && i % 2 == 0;
        if (i == 1000)
            first = seconds() - begun;
        if (i == STORM - 1000)
            begun = seconds();
    }
    print_message("%.0f us an answer\n", (seconds() - begun) * 1e3);
    assert_int_equal(admitted, 9);
    assert_true(seconds() - begun < 10 * first + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_has_room_for_its_number_of_targets_and_says_who_is_over),
        cmocka_unit_test(a_window_ends_exactly_where_it_says),
        cmocka_unit_test(the_same_step_asked_again_takes_one_place),
        cmocka_unit_test(plans_count_together_like_the_real_thing),
        cmocka_unit_test(each_scope_counts_its_own),
        cmocka_unit_test(another_session_of_the_same_account_shares_its_limit),
        cmocka_unit_test(a_name_in_another_account_is_another_target),
        cmocka_unit_test(neither_a_new_name_nor_an_edit_begins_a_new_count),
        cmocka_unit_test(collecting_evidence_takes_no_place),
        cmocka_unit_test(threads_that_race_take_exactly_the_places_there_are),
        cmocka_unit_test(a_storm_is_held_at_the_limit_and_no_slower_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
