/* points.h - from a value to the predicates of all constants that equal it, in one lookup.
 *
 * A hash table with an entry of 16 bytes for each distinct constant, however many tests name it. The
 * entry points to the constant where it stands in the program, so that a list of a million texts has
 * no second copy. The hash has a seed: whoever writes indicator lists and alerts cannot aim at it.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "match/truths.h"
#include "value.h"

enum points_kind {
    POINTS_FOLDED,  /* texts, as fold_equal says */
    POINTS_CASED,   /* texts, byte by byte */
    POINTS_SCALARS, /* numbers as number_compare says; booleans, times, durations, severities and
                     * verdicts: of one kind and the same */
};

struct points_seed {
    uint64_t first, second;
};

/* A short text of ASCII as it is compared (folded where the table folds), so that most keys need not
 * be looked up where they stand: slot, value and text are three lines of the cache, one after the
 * other, which alerts streaming by have pushed out. */
struct points_head {
    char bytes[15]; /* zeros behind the text */
    uint8_t len;    /* HEAD_LONG: the text is none such */
};
enum { HEAD_LONG = 255 };

/* The head of a text, for tables of texts. */
struct points_head points_head_of(enum points_kind kind, str text);
/* Whether two texts that are short are the same; not for HEAD_LONG. */
bool points_head_equal(const struct points_head *a, const struct points_head *b);

struct points;
struct points_slot;
struct points_link;

/* A table while it grows; zeroed but for `kind` and `seed`. */
struct points_draft {
    enum points_kind kind;
    struct points_seed seed;
    struct arena slots_arena;
    struct arena links_arena;
    struct points_slot *slots;
    uint32_t room, count;
    struct points_link *links; /* of constants that several predicates name */
    uint32_t links_room, links_count;
    size_t text_max; /* bytes of the longest key */
};

void points_draft_release(struct points_draft *draft);

/* `key` is borrowed for as long as the points live. ERR_MEMORY. */
MUST_CHECK enum err points_add(struct points_draft *draft, const value *key, uint32_t predicate);

/* The table, in `arena`; NULL when the draft is empty. Rows get numbers from *io_rows on. ERR_MEMORY. */
MUST_CHECK enum err points_finish(const struct points_draft *draft, struct arena *arena,
    uint32_t *io_rows, const struct points **ret_points);

/* Distinct constants; 0 for NULL. */
uint32_t points_count(const struct points *points);

/* Mark what the constants equal to `text` (of POINTS_FOLDED, POINTS_CASED) belong to. Text that is
 * not ASCII is folded into `scratch`; a text much longer than all constants is not looked at.
 * ERR_MEMORY. */
MUST_CHECK enum err points_mark_text(
    const struct points *points, str text, struct arena *scratch, struct truths *truths);

/* The same for a value of POINTS_SCALARS; of any other kind nothing is marked. */
void points_mark_scalar(const struct points *points, value v, struct truths *truths);
