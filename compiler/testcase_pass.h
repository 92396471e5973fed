/* testcase_pass.h - what the files of testcase share. Not for others: see testcase.h.
 *
 * `outcome->state` is TESTCASE_PASSED as long as nothing decided otherwise; testcase_is_over
 * tells, and nothing of the test runs after that. Failures of the host are returned.
 */
#pragma once

#include "testcase.h"

#include "act/governor.h"
#include "act/run.h"
#include "act/timers.h"
#include "host/clock.h"
#include "host/transport.h"

/* What `result NAME { .. }` said; it holds until another one of that name. */
struct testcase_given {
    struct testcase_given *older;
    str name;
    struct step_result result;
};

/* One step of a run, as it was when the run was carried on last. */
struct testcase_step {
    struct testcase_step *next;
    const struct step_code *code; /* NULL: it waited behind another one, and its turn never came */
    uint32_t rule;
    int64_t run;
    uint32_t index;
    const value *args; /* bound; as many as the builtin has parameters */
    enum step_turn turn;
    const char *reason;
    bool is_joined; /* it took over the end of a step of another run */
    bool is_behind; /* it waits behind a step that waits for a person */
    struct step_result result;
};

/* One rule for one alert. While it waits for a person, what its event is made of. */
struct testcase_run {
    struct testcase_run *next;
    int64_t id; /* in the journal of the test */
    uint32_t rule;
    bool is_held;
    str json;
    const struct ast_check *alert;
    uint32_t number; /* of the alert in the test, from 1 */
    int64_t received_ms;
};

/* The alert whose steps did not run yet. */
struct testcase_pending {
    struct arena arena; /* the event's */
    struct event event;
    const struct ast_check *alert;
    struct testcase_run *runs; /* in the arena of the test: room for all rules */
    uint32_t count;
};

/* What a test has in the place of providers, journal and clock (testcase_run.c). */
struct testcase_world {
    struct transport transport; /* first: steps hand it back */
    struct clock clock;
    struct testcase *testcase;
    struct store *store; /* in memory; NULL until a rule fires */
    struct governor governor;
    struct executor executor;
    const struct step_code *code; /* of the step that asks */
    const struct event *event;    /* of its run */
};

/* For timers that are due. */
struct testcase_hands {
    struct timer_hands hands; /* first: it is handed back */
    struct testcase *testcase;
};

/* A rule whose firings and steps cannot be known from here on, for the state that it needs. */
struct testcase_unknown {
    const char *reason; /* one sentence; NULL: the rule is decided as in a run */
    span at;            /* the alert that reached it */
};

struct testcase {
    struct tester *tester;
    const struct program *program;
    const struct item *test;
    struct arena *arena;
    struct testcase_outcome *outcome;
    int64_t now_ms;
    int64_t before_ms;                  /* when the alert before was */
    uint32_t *fired;                    /* by rule: how often */
    uint32_t *joined;                   /* by rule: alerts that joined a run by `dedup` */
    const struct excuse_code **excused; /* by rule: what excused an alert last, or NULL */
    struct testcase_unknown *unknown;   /* by rule */
    /* Why the first expectation that nobody can decide is not decided, or NULL. */
    const struct testcase_unknown *undecided;
    struct testcase_given *given;
    struct testcase_step *first_step;
    struct testcase_step *last_step;
    struct testcase_line *unkept; /* what `always` asked for and no run did, newest first */
    struct testcase_pending pending;
    struct testcase_run *waiting; /* runs that waited for a person, oldest first */
    struct testcase_run **waiting_end;
    struct testcase_world world;
    const struct ast_check *alert; /* the last one, or NULL */
};

static inline bool testcase_is_over(const struct testcase *testcase)
{
    return testcase->outcome->state != TESTCASE_PASSED;
}

/* End the test: `at` is the place, the format one sentence. ERR_MEMORY. */
MUST_CHECK enum err testcase_end(struct testcase *testcase, enum testcase_state state, span at,
    const char *format, ...) PRINTF_LIKE(4, 5);
/* Say what to do next; of several the last counts. ERR_MEMORY. */
MUST_CHECK enum err testcase_help(struct testcase *testcase, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* testcase_alert.c: the alerts of one `alert`, evaluated one after the other. ERR_MEMORY. */
MUST_CHECK enum err testcase_alert(struct testcase *testcase, const struct ast_check *alert);

/* As cdr sees it: alert `number` of the test gets a fresh id, where it has none, and the clock's
 * time. ERR_MEMORY. */
MUST_CHECK enum err testcase_complete(struct event *event, uint32_t number, struct arena *arena);

/* testcase_step.c */
/* Keep what a `result` says. ERR_MEMORY. */
MUST_CHECK enum err testcase_result(struct testcase *testcase, const struct ast_check *result);
/* What the test says of a step; it ends well where it says nothing. */
struct step_result testcase_given_result(
    const struct testcase *testcase, const struct step_code *code);
/* Keep how a step of the run is now, and tell its result. ERR_MEMORY. */
MUST_CHECK enum err testcase_keep_step(struct testcase *testcase, const struct testcase_run *run,
    const struct run_step *step, struct step_result *ret_result);

/* A run waits for a person: its later steps wait behind that one. Which they are goes by what the
 * test says of its result, as if that person had said yes. `ret_newest` has the results of all,
 * in `arena`. ERR_MEMORY; else as interp_steps. */
MUST_CHECK enum err testcase_look_behind(struct testcase *testcase, const struct testcase_run *run,
    const struct event *event, struct arena *arena, struct kept_result **ret_newest);
/* The run goes on: nothing waits behind a step of it any more. */
void testcase_forget_behind(struct testcase *testcase, const struct testcase_run *run);

/* testcase_run.c */
/* Make tester->program: the program with stand-ins for its builtins. ERR_MEMORY. */
MUST_CHECK enum err tester_stand_ins(struct tester *tester, const struct program *program);
/* Begin a run of the rule for the pending alert, unless by `dedup` it joins an earlier one.
 * ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err testcase_join(struct testcase *testcase, uint32_t rule, bool *ret_is_joined);
/* Run the steps of the alert before, if they did not run yet. ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err testcase_steps(struct testcase *testcase);
/* Let time pass: what nobody answers expires on the way, and what waited for it goes on.
 * ERR_STORE, ERR_MEMORY. */
MUST_CHECK enum err testcase_advance(struct testcase *testcase, int64_t to_ms);
void testcase_world_end(struct testcase *testcase);

/* testcase_expect.c: fails the test when the expectation is not met, whatever became of the
 * rules that are unknown; sets `undecided` where that depends on one. ERR_MEMORY. */
MUST_CHECK enum err testcase_expect(struct testcase *testcase, const struct ast_check *expect);
/* What happened, into the outcome. ERR_MEMORY. */
MUST_CHECK enum err testcase_tell(struct testcase *testcase);
