/* probe.h - what each part of a rule's conditions comes to, one by one.
 *
 * A leaf is a test, an `anywhere`, an `exists` or a bare truth of a condition with its lets
 * and macros written out; a macro that is called twice has two sets of leaves. For each leaf
 * the program holds fragments beside its rules (program.probes): its value, whether an
 * operand of it is absent, and what its operands are. They come from the generator that
 * makes the rules and run on the same machine, so that nothing here can disagree with a
 * run. They are made only when compilation.wants_probes, and are no part of a rule's
 * identity.
 */
#pragma once

#include "ast.h"
#include "base/err.h"
#include "interp.h"

/* What a leaf reads: an operand, or a field inside of one. */
struct probe_read {
    const struct expr *expr;
    uint32_t value; /* fragment: raw JSON as it is, whatever type it is read as */
};

/* Operands of a leaf that are told; a call may read more. */
enum { PROBE_READS_MAX = 8 };

/* Where a let or a macro was used, and in which others. */
struct probe_use {
    const struct probe_use *outer;
    span at;
    const struct item *declaration;
};

struct probe_leaf {
    const struct expr *expr;     /* lets and macros written out */
    span at;                     /* as written, perhaps in a macro */
    const struct probe_use *use; /* the innermost around it, or NULL: it stands in the rule */
    bool reads_results;          /* known only while steps run */
    bool is_several;             /* over several alerts: one alert does not decide it */
    uint32_t value;              /* fragment with a bool; NO_INDEX: nothing in the program
                                  * decides it */
    uint32_t absence;            /* fragment: an operand is absent, null, empty or of another
                                  * type; NO_INDEX: such a leaf is never decided by that */
    const struct probe_read *reads;
    uint32_t read_count;
};

enum probe_kind { PROBE_LEAF, PROBE_NOT, PROBE_AND, PROBE_OR, PROBE_USE };

struct probe_node {
    const struct probe_node *next;
    const struct probe_node *first; /* what it joins; one node of a NOT and a USE */
    enum probe_kind kind;
    span at;                        /* as written */
    uint32_t leaf;                  /* PROBE_LEAF: in the rule's leaves */
    const struct item *declaration; /* PROBE_USE: the let or macro, whose condition is inside */
};

enum probe_place { PROBE_WHEN, PROBE_UNLESS, PROBE_EXCEPTION, PROBE_IF };

/* "when", "unless", "exception", "if"; static. */
const char *probe_place_name(enum probe_place place);

struct probe_condition {
    enum probe_place place;
    span at;
    const struct clause *clause;  /* PROBE_UNLESS, PROBE_EXCEPTION: its date and reason */
    const struct item *exception; /* PROBE_EXCEPTION */
    const struct probe_node *root;
    uint32_t first_leaf; /* its leaves stand together, in source order */
    uint32_t leaf_count;
};

/* Whether it counts for the event: an excuse whose date has passed does not. */
static inline bool probe_is_in_force(
    const struct probe_condition *condition, const struct event *event)
{
    return condition->clause == NULL || event->received_ms < condition->clause->until_ms;
}

/* The conditions of one rule: `when`, each `unless`, each exception, each `if`. */
struct probe_rule {
    const struct item *item;
    const struct probe_condition *conditions;
    uint32_t condition_count;
    const struct probe_leaf *leaves;
    uint32_t leaf_count;
};

struct probes {
    const struct probe_rule *rules; /* by the index of the program's rules */
    uint32_t rule_count;
};

/* What a part comes to for an alert. */
enum probe_state {
    PROBE_FALSE,
    PROBE_TRUE,
    PROBE_ABSENT,    /* of a leaf: false, because what it asks for is not there */
    PROBE_UNDECIDED, /* a limit was reached, or one alert cannot say */
};

/* "false", "true", "absent", "undecided"; static. */
const char *probe_state_name(enum probe_state state);

/* The state of every leaf of the rule, into `states` (leaf_count of them). `results` are
 * those of the steps that ran, or NULL: leaves that read results are undecided then.
 * ERR_MEMORY; a limit that a leaf reaches is its state. */
MUST_CHECK enum err probe_leaves(const struct program *program, const struct probe_rule *rule,
    const struct event *event, const struct kept_result *results, enum probe_state *states);
/* The state of one. */
MUST_CHECK enum err probe_leaf_state(const struct program *program, const struct probe_leaf *leaf,
    const struct event *event, const struct kept_result *results, enum probe_state *ret_state);

/* What the node comes to, from the states of the leaves: never PROBE_ABSENT but for a leaf. */
enum probe_state probe_state_of(const struct probe_node *node, const enum probe_state *states);

/* Emit's: the conditions of a rule with their leaves and no fragments yet. ERR_MEMORY, ERR_LIMIT. */
struct probe_make {
    struct arena *arena;
    struct probe_leaf *leaves; /* grow */
    uint32_t leaf_count;
    uint32_t leaf_room;
    struct probe_condition *conditions; /* grow */
    uint32_t condition_count;
    uint32_t condition_room;
    enum err err;
};
MUST_CHECK enum err probe_conditions(struct probe_make *make, const struct item *rule);
/* The operands of a leaf that depend on the alert, at most three; how many. */
enum { PROBE_OPERANDS_MAX = 3 };
uint32_t probe_operands(
    const struct expr *leaf, const struct expr *ret_operands[PROBE_OPERANDS_MAX]);
/* The type that a leaf reads its operand as: raw JSON beside `<` is a number. */
enum type probe_operand_type(const struct expr *leaf, const struct expr *operand);
