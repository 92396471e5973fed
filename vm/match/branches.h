/* branches.h - a condition as a row of tests, each with the way on for true and for false.
 *
 * The bytecode of a condition computes values and jumps over what need not be asked. Here the jumps
 * are followed to their ends: after a test comes the next test that matters, or the answer. So a
 * condition is decided by looking at one bit a test (engine.md 4: three times as fast as
 * dispatching instructions), and what must hold for it can be read off the row (witness.h).
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "bytecode.h"

enum leaf_kind {
    LEAF_TEST,     /* a test of one subject with constants */
    LEAF_THERE,    /* some element of the subject is a value: not null, no object */
    LEAF_CONSTANT, /* decided: on_true and on_false are the same */
    LEAF_OPAQUE,   /* anything else: the machine has to say */
};

/* What a test is about. */
enum subject_kind { SUBJECT_RAW, SUBJECT_FIELD, SUBJECT_LEAVES };

struct subject {
    enum subject_kind kind; /* LEAVES: every leaf of the alert (`anywhere`) */
    uint32_t index;         /* into the program's paths; an enum field */
};

/* Ways on that are an answer. Any other is the index of a leaf further on. */
#define BRANCH_TRUE UINT32_MAX
#define BRANCH_FALSE (UINT32_MAX - 1)

/* One test as the bytecode has it: constants by index, NO_INDEX where there is none. */
struct leaf_test_code {
    uint8_t opcode;
    uint8_t flags;
    uint32_t right;
    uint32_t high;
};

struct leaf {
    enum leaf_kind kind;
    struct subject subject;
    struct leaf_test_code test;
    uint32_t on_true;
    uint32_t on_false;
    uint32_t also; /* so many of the next leaves belong to this one: tests of the same subject, of
                    * which any will do. They are not jumped to */
};

struct branches {
    struct leaf *leaves; /* the first is where it begins */
    uint32_t count;
};

/* The condition at `start`, a fragment with a value. In `arena`. A condition that is one constant or
 * not of the expected form is one leaf, constant or opaque. Linear in the code. ERR_MEMORY. */
MUST_CHECK enum err branches_read(const struct program *program, uint32_t start,
    struct arena *arena, struct branches *ret_branches);
