/* coverage.h - which parts of rules a set of alerts has tried.
 *
 * A leaf is seen when a rule got to it: `severity >= high` in `source = defender and severity
 * >= high` is seen for alerts of defender alone, what excuses a rule for alerts that meet its
 * condition, an `if` when the steps before it ran. It is covered once it was seen true and
 * seen false; absent is false, and counted apart.
 */
#pragma once

#include "probe.h"
#include "testcase.h"

struct leaf_coverage {
    uint32_t seen[PROBE_UNDECIDED + 1]; /* by state: how often */
};

struct rule_coverage {
    const struct probe_rule *probes;
    uint32_t rule;                /* of the program */
    struct leaf_coverage *leaves; /* by leaf */
    uint32_t fired; /* alerts that it fired for; those it was asked about and did not */
    uint32_t quiet;
};

struct coverage {
    struct testcase_watcher watcher; /* give it to a tester */
    const struct compilation *compilation;
    struct arena arena;
    struct rule_coverage *rules; /* by rule of the program */
    uint32_t *steps;             /* by step of the program: how often it ran */
};

/* How much of something was covered. */
struct coverage_count {
    uint32_t covered;
    uint32_t total;
};

/* For a compilation with probes, borrowed. ERR_MEMORY; ERR_INVALID: it has none. */
MUST_CHECK enum err coverage_begin(
    struct coverage *coverage, const struct compilation *compilation);
void coverage_release(struct coverage *coverage);

/* The conditions of the rule for one event, and whether it fired. Errors as probe_leaves. */
MUST_CHECK enum err coverage_see(
    struct coverage *coverage, uint32_t rule, const struct event *event, bool fires);
/* Its steps ran, as far as `newest` says. */
MUST_CHECK enum err coverage_see_steps(struct coverage *coverage, uint32_t rule,
    const struct event *event, const struct kept_result *newest);

/* Whether any alert could make the leaf true and another false; the rest is not counted. */
bool coverage_counts(const struct probe_leaf *leaf);
bool coverage_is_covered(const struct leaf_coverage *leaf);
/* The leaves of one rule. */
struct coverage_count coverage_leaves(const struct rule_coverage *rule);
/* Whole percents, rounded down; 100 of nothing. */
uint32_t coverage_percent(struct coverage_count count);
