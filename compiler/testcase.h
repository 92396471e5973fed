/* testcase.h - the tests of rule files, run: alerts in, steps that send nothing, expectations.
 *
 * The code that decides is the one of a run: event_read, rule_decide, run_execute with the real
 * executor and governor, over a journal in memory. A test has state and a clock of its own, which
 * begins at 2026-01-01T00:00:00Z and moves by `after`, `every` and `wait` alone. The steps of an
 * alert run when the next `alert`, `wait` or `expect` is reached, and come back as `result`
 * says, or well. What a step acts on is what its arguments and the alert say: no provider shows
 * more of it, and none leaves a gap.
 *
 * What cannot be told is never passed: where a rule depends on state across alerts which
 * this build does not keep, each expectation that could depend on that rule is undecided. A
 * test with one that is undecided and none that failed is skipped, with the reason.
 */
#pragma once

#include "compile.h"
#include "interp.h"

/* 2026-01-01T00:00:00Z, where the clock of every test begins. */
#define TESTCASE_START_MS INT64_C(1767225600000)

enum testcase_state { TESTCASE_PASSED, TESTCASE_FAILED, TESTCASE_SKIPPED };

/* "passed", "failed", "skipped"; static. */
const char *testcase_state_name(enum testcase_state state);

struct testcase_line {
    struct testcase_line *next;
    str text;
};

/* How a test ended. Texts live in the arena that was given to testcase_run. */
struct testcase_outcome {
    enum testcase_state state;
    span at;                        /* what was not met, or the alert at fault */
    str reason;                     /* one sentence; empty when it passed */
    str help;                       /* what to do next, or empty */
    struct testcase_line *happened; /* rules that fired, steps that ran, in order */
    uint32_t alerts;                /* how many were evaluated */
};

/* Whoever wants to see each evaluation, for coverage. Either may be NULL. An error ends the
 * tests. */
struct testcase_watcher {
    /* Rule `rule` (an index of the program) was asked about the event, and fires or not. */
    enum err (*evaluated)(
        struct testcase_watcher *watcher, uint32_t rule, const struct event *event, bool fires);
    /* Its steps ran for the event; `newest` is what they came back with. */
    enum err (*stepped)(struct testcase_watcher *watcher, uint32_t rule, const struct event *event,
        const struct kept_result *newest);
};

/* What the tests of one compilation share. */
struct tester {
    const struct compilation *compilation; /* with a program; borrowed */
    struct testcase_watcher *watcher;      /* may be set after tester_begin; else NULL */
    struct arena arena;
    struct store *store;           /* in memory; NULL until a rule fires */
    const struct program *program; /* with stand-ins for its builtins */
    const struct projection *projection;
    const struct item **rule_items; /* by rule of the program */
    bool *in_view;                  /* by rule: whether the tests of `view_file` see it */
    uint32_t view_file;             /* UINT32_MAX: none yet */
};

/* ERR_MEMORY; ERR_BYTECODE: the program is not this compilation's. */
MUST_CHECK enum err tester_begin(struct tester *tester, const struct compilation *compilation);
void tester_release(struct tester *tester);

/* Run one ITEM_TEST of the compilation. A test that fails is ERR_OK. `arena` is the test's
 * own, with TEST_BYTES_MAX for its limit. ERR_MEMORY past it. */
MUST_CHECK enum err testcase_run(struct tester *tester, const struct item *test,
    struct arena *arena, struct testcase_outcome *ret_outcome);
