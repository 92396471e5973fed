/* predicates.h - what rules ask of alerts, each question once.
 *
 * A predicate is one bit about an alert: a test of a subject, or several of which any will do. Rules
 * share them. Most are found by an index over their subject; the others are asked by themselves.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/branches.h"
#include "match/subject_index.h"

struct predicate {
    struct subject subject;
    enum leaf_kind kind; /* LEAF_TEST or LEAF_THERE */
    enum index_way way;
    uint64_t hash;
    uint32_t first; /* of its tests */
    uint32_t count;
    double chance; /* that it holds for an alert, a guess */
};

/* Everything asked of one subject. */
struct subject_group {
    struct subject subject;
    const struct subject_index *index;
    uint32_t there; /* the predicate LEAF_THERE, or NO_INDEX */
};

/* Zero it with `arena` and `program`, add leaves, then index. */
struct predicates {
    struct arena *arena;
    const struct program *program;
    struct predicate *items;
    uint32_t count;
    uint32_t room;
    struct leaf_test_code *tests;
    uint32_t test_count;
    uint32_t test_room;
    uint32_t *buckets; /* predicates by hash, plus one; 0 is empty */
    uint32_t bucket_mask;
    struct subject_group *groups; /* subjects that are asked about, by predicates_slot */
    uint32_t group_count;
    uint32_t row_count; /* rows of predicates that the indexes mark together: truths.h */
    uint32_t *group_of; /* by predicates_slot: index into groups, or NO_INDEX */
};

/* The predicate of a leaf and those that belong to it (kind TEST or THERE); a new one, or one that
 * rules before had. ERR_MEMORY. */
MUST_CHECK enum err predicates_add(
    struct predicates *predicates, const struct leaf *leaf, uint32_t *ret_predicate);

/* Make the indexes, when all are added: ways, chances and groups are set from then on. ERR_MEMORY. */
MUST_CHECK enum err predicates_index(struct predicates *predicates);

/* Number of a subject: raw paths first, then fields, then the leaves of an alert. */
uint32_t predicates_slot(const struct program *program, struct subject subject);

/* What is asked about the subject, or NULL. */
const struct subject_group *predicates_group(
    const struct predicates *predicates, struct subject subject);

/* Whether the predicate holds for the subject's value, by operate.h alone. ERR_UNDECIDED and ERR_BUDGET
 * at a limit, ERR_MEMORY. Not for SUBJECT_LEAVES. */
MUST_CHECK enum err predicates_holds(const struct predicates *predicates, uint32_t predicate,
    value subject, struct arena *scratch, bool *ret_holds);
