/* witness.h - what must hold where a condition does.
 *
 * A set of predicates of which at least one holds whenever the condition is true: a cut through all
 * ways from the first test to the answer "true". An alert for which none of them holds need not look
 * at the rule at all, so the set with the smallest chance is taken.
 *
 * A condition that is joined by `and` is a row of parts that all must be passed, and each part has a
 * cut of its own; the cheapest part's is taken. Within a part (alternatives) the cut of a test is
 * itself, or that of where it leads when it holds, whichever is less likely, and always that of where it
 * leads when it does not.
 *
 * Where another part is one predicate too, that one must hold as well: of a thousand rules about one
 * account, those about another event need not be looked at.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/predicates.h"

/* A test of a rule as it is decided: eight bytes. */
struct branch {
    uint32_t predicate; /* with PREDICATE_CONFIRM, or one of the two below */
    uint16_t on_true;   /* the next test, counted from the rule's first; or an answer */
    uint16_t on_false;
};

#define PREDICATE_CONFIRM 0x80000000u       /* a bit: its mark does not say that it holds */
#define PREDICATE_OPAQUE UINT32_MAX         /* the machine has to say */
#define PREDICATE_CONSTANT (UINT32_MAX - 1) /* both ways are one */

enum branch_answer {
    ANSWER_ASK = 0xFFFD, /* only as what came out */
    ANSWER_FALSE = 0xFFFE,
    ANSWER_TRUE = 0xFFFF,
    BRANCHES_MAX = 0xFFF0, /* a longer condition is left to the machine */
};

struct witness {
    uint32_t *predicates; /* each once, none is INDEX_NONE */
    uint32_t count;
    double chance; /* that one of them is marked: at most 1, a guess */
    uint32_t also; /* a predicate that must be marked besides, or NO_INDEX */
    double also_chance;
    bool is_missing; /* no set was found: the rule is looked at for every alert */
};

/* In `arena`, as is all that it needs for it; indexes were made. Linear in the branches. ERR_MEMORY. */
MUST_CHECK enum err witness_choose(const struct predicates *predicates,
    const struct branch *branches, uint32_t count, struct arena *arena,
    struct witness *ret_witness);
