/* testcase_pass.h - what the files of testcase share. Not for others: see testcase.h.
 *
 * `outcome->state` is TESTCASE_PASSED as long as nothing decided otherwise; testcase_is_over
 * tells, and nothing of the test runs after that. Failures of the host are returned.
 */
#pragma once

#include "testcase.h"

/* What `result NAME { .. }` said; it holds until another one of that name. */
struct testcase_given {
    struct testcase_given *older;
    str name;
    struct step_result result;
};

/* One step of a rule, as it was begun, or why it was not. */
struct testcase_step {
    struct testcase_step *next;
    const struct step_code *code;
    uint32_t rule;
    const value *args;               /* bound; as many as the builtin has parameters */
    const char *unresolved;          /* why it was not begun; NULL: it was */
    const struct excuse_code *doubt; /* which makes it wait for a person, or NULL */
    struct step_result result;
};

/* A rule that fired, with the excuse that is in doubt, or NULL. */
struct testcase_firing {
    uint32_t rule;
    const struct excuse_code *doubt;
};

/* The alert whose steps did not run yet. */
struct testcase_pending {
    struct arena arena; /* the event's */
    struct event event;
    struct testcase_firing *firings; /* in the arena of the test: room for all rules */
    uint32_t count;
};

/* A rule whose firings and steps cannot be known from here on, for the state that it needs; or
 * its steps alone, for what the set says of them. */
struct testcase_unknown {
    const char *reason; /* one sentence; NULL: the rule is decided as in a run */
    span at;            /* the alert that reached it */
    bool is_steps_only;
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
    uint32_t *responded;                /* by rule: respond steps that were begun */
    const struct excuse_code **excused; /* by rule: what excused an alert last, or NULL */
    struct testcase_unknown *unknown;   /* by rule */
    /* Why the first expectation that nobody can decide is not decided, or NULL. */
    const struct testcase_unknown *undecided;
    struct testcase_given *given;
    struct testcase_step *first_step;
    struct testcase_step *last_step;
    struct testcase_pending pending;
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

/* testcase_step.c */
/* Run the steps of the alert before, if they did not run yet. ERR_MEMORY. */
MUST_CHECK enum err testcase_steps(struct testcase *testcase);
/* Keep what a `result` says. ERR_MEMORY. */
MUST_CHECK enum err testcase_result(struct testcase *testcase, const struct ast_check *result);

/* testcase_expect.c: fails the test when the expectation is not met, whatever became of the
 * rules that are unknown; sets `undecided` where that depends on one. ERR_MEMORY. */
MUST_CHECK enum err testcase_expect(struct testcase *testcase, const struct ast_check *expect);
/* What happened, into the outcome. ERR_MEMORY. */
MUST_CHECK enum err testcase_tell(struct testcase *testcase);
