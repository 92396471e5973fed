/* subject_index.h - all tests on one subject (a raw path or a canonical field), asked at once.
 *
 * Rules repeat themselves: ten thousand of them compare the same few fields. What they compare a
 * field with is turned round: from the value of the alert to the tests that hold for it. Equality
 * and `in` are hash lookups, order and `between` boundaries in a row, networks a trie, texts within
 * texts one pass for all of them (literals.h).
 *
 * It says what operate.h says, element by element: that one is the definition.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "bytecode.h"
#include "match/truths.h"

/* A test with constants. `any element` is meant: FLAG_ALL and the negated tests are not for an index. */
struct test_code {
    enum opcode
        opcode; /* EQUAL, LESS .. GREATER_EQUAL, IN, BETWEEN, CONTAINS .. MATCHES, EXISTS, IS_NULL */
    uint8_t flags; /* enum instruction_flag */
    value right;   /* what it is compared with: a constant, borrowed; absent where there is none */
    value high;    /* BETWEEN: the upper end */
};

enum index_way {
    INDEX_NONE,   /* not indexed: it may hold for any value */
    INDEX_FILTER, /* marked for every value for which it holds, and for some others */
    INDEX_EXACT,  /* marked for the values for which it holds, and no others */
};

/* Of a subject that a rule asks for: whether an alert has it is guessed to be a coin. */
#define CHANCE_THERE 0.5

struct subject_test {
    struct test_code test;
    uint32_t predicate; /* what is marked; several tests may have one: any of them will do */
    /* set by subject_index_new */
    enum index_way way;
    double chance; /* how likely it is marked for an alert, 0 to 1: a guess, for comparing tests */
};

struct subject_index;

/* What one thread has for asking. */
struct asking {
    struct truths *truths;
    struct arena *scratch; /* of one element: folded text, sums. It may be released after it */
};

/* An index of the tests, in `arena`, which may be shared by threads. `program` has the regexes; lists
 * and texts of the tests are borrowed, the array `tests` is not. Its rows of predicates (truths.h) get
 * numbers from *io_rows on, which is then the next free one. ERR_MEMORY; ERR_IO when the system has no
 * random number for the seeds. */
MUST_CHECK enum err subject_index_new(struct arena *arena, const struct program *program,
    struct subject_test *tests, uint32_t count, uint32_t *io_rows,
    const struct subject_index **ret_index);

/* Mark what holds because the subject is there at all (EXISTS), whatever it is. */
void subject_index_there(const struct subject_index *index, struct truths *truths);

/* Mark what holds for one element of the subject's value: no list, not absent. Costs what the value
 * is long, and what holds and was not marked for this alert yet. ERR_MEMORY. */
MUST_CHECK enum err subject_index_ask(
    const struct subject_index *index, value element, const struct asking *asking);
