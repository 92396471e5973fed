/* image.h - the conditions of a program, turned round: from what an alert holds to the rules that may fire.
 *
 * Each condition becomes a tree of predicates; equal predicates are one. Of each rule a witness is
 * chosen: predicates of which one must hold where the rule's condition does, the least likely ones
 * that there are. An alert is asked for its predicates, each predicate knows the rules it is a witness
 * of, and only for those is the tree looked at. A rule whose condition has no witness (`not x`) is
 * looked at for every alert: `cdr explain --plan` says which those are, and why.
 *
 * Immutable once built, shared by threads; what a thread needs is in matcher.h.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "bytecode.h"

struct match_image;

/* Of a verified program, which must outlive it. In `arena`. ERR_MEMORY. */
MUST_CHECK enum err match_image_new(
    struct arena *arena, const struct program *program, const struct match_image **ret_image);

/* By what a condition may hold although no index marks a test of it. */
enum match_obstacle {
    OBSTACLE_NONE,
    OBSTACLE_ABSENCE,   /* only by tests that do not hold: `not`, `missing` */
    OBSTACLE_UNINDEXED, /* by a test that no index knows: `like "*"`, `!=`, a regex without a text */
    OBSTACLE_COMPUTED,  /* by what the machine computes: a function, a field beside a field */
    OBSTACLE_CONSTANT,  /* by a written `true`: nothing is asked */
};

/* What is told of one rule by `explain --plan`. */
struct match_plan {
    bool is_always; /* no witness: looked at for every alert */
    bool is_exact;  /* the tree decides it; else the machine runs its condition */
    double
        candidates; /* how many of the alerts it is expected to be looked at for, 0 to 1: a guess */
    str witness; /* the tests of it, as rules write them, joined by ` or `; empty of a rule that is
                     * looked at for every alert, or whose condition is false whatever the alert is */
    /* of is_always: a way to hold without a witness. Tests that must hold or not, as rules write them,
     * joined by ` and `; empty where it is all computed */
    str way;
    enum match_obstacle obstacle;
};

/* In `arena`. ERR_MEMORY. */
MUST_CHECK enum err match_image_plan(const struct match_image *image, uint32_t rule,
    struct arena *arena, struct match_plan *ret_plan);

/* Whether it matters which source takes an alert: some condition or step reads a canonical field, or a step
 * acts on what fields name, or a source is the author's own, which may reach a limit. Rules on raw JSON
 * alone do not care, and no alert is asked whose it is. */
bool match_image_asks_source(const struct match_image *image);

struct match_figures {
    uint32_t predicates, indexed, always_rules, exact_rules;
    double candidates; /* expected for one alert, of all rules */
    size_t bytes;
};

struct match_figures match_image_figures(const struct match_image *image);
