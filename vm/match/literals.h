/* literals.h - many texts looked for in one text, in one pass.
 *
 * Each literal is filed under one of its grams (four bytes, folded; two for short ones): the rarest
 * by a table measured on real alerts. The pass asks a bitmap for each place of the text whether any
 * literal has that gram, and compares only where one has.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"
#include "match/truths.h"

enum literal_place {
    LITERAL_ANYWHERE, /* contains */
    LITERAL_START,    /* startswith */
    LITERAL_END,      /* endswith */
};

struct literal {
    str text; /* borrowed; UTF-8 */
    enum literal_place place;
    bool is_cased;
    uint32_t predicate; /* marked when it is found */
    double chance;      /* set by literals_new: how likely a text of an alert has it, a guess */
};

/* Random, so that who writes alerts or indicator lists cannot aim at the tables; any will do. */
struct literals_seed {
    uint64_t table; /* of windows */
    uint64_t sum;   /* of long needles */
};

struct literals;

/* Rows (truths.h) get numbers from *io_rows on. ERR_MEMORY. */
MUST_CHECK enum err literals_new(struct arena *arena, struct literals_seed seed,
    struct literal *literals, uint32_t count, uint32_t *io_rows,
    const struct literals **ret_literals);

/* Mark the predicates of all literals that are in `text`, as str_startswith, fold_contains and the
 * like (base/fold.h) say. Linear in the text and in what is found, whatever either holds.
 * `scratch` is for folding text that is not ASCII, and for sums: 27 times the text at most.
 * ERR_MEMORY. */
MUST_CHECK enum err literals_find(
    const struct literals *literals, str text, struct arena *scratch, struct truths *truths);

/* Which instructions are used: "avx512", "avx2", "portable"; static. */
const char *literals_instructions(void);
