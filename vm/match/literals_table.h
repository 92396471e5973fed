/* literals_table.h - how literals are filed; between literals_build.c and literals.c (and tests).
 *
 * A needle is a literal as it is compared. It is filed in one layer under one window: `width` bytes
 * of it, letters lowered. A layer is a hash table from windows to chains of needles, with a bitmap in
 * front of it. Layers are told apart by where the window stands in a text: anywhere, at its start or
 * at its end, and by their width.
 *
 *   4 (2 and 1 for shorter needles)   nearly all needles
 *   8, 16, 32, 64, whole              needles whose windows all have full chains: there are layers
 *                                     of these widths only when somebody wrote such literals
 *
 * What a text costs at most, whatever it holds: for each place and layer one question to a bitmap and
 * CHAIN_MAX needles, each of them asked about eight bytes, then compared over SHORT_NEEDLE_MAX bytes;
 * longer needles cost PATIENCE_FACTOR times the text together, and a constant for each place from
 * then on. A needle that was found is not compared again. There are few layers: of rules that people
 * wrote one or two, of thousands that share their grams three or four. Chains are longer only of needles
 * that differ in nothing but case, or have more than 64 bytes and share all of their windows of 64.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"
#include "match/literals.h"
#include "match/truths.h"

#include <stdint.h>

enum {
    /* Needles under one window, but in the last layer that a needle can go to. */
    CHAIN_MAX = 8,
    WINDOW_MAX = 64,
};

/* A needle in its chain, in one line of the cache, with what is asked first about it: whether the eight
 * bytes from its window on are those of the text. */
struct needle {
    uint64_t word, mask; /* lowered bytes from the window on; 0 in the mask where it has none */
    const char *bytes;   /* lowered when folded, as written when cased */
    union {
        char small
            [16]; /* the bytes themselves of one that is this short: no more memory is touched */
        struct {
            uint64_t sum, power; /* of a long one: see literals_sum.h */
        };
    };
    uint32_t length;
    uint32_t before;    /* bytes in front of its window */
    uint32_t predicate; /* of the first literal; those of equal ones are in `more` */
    uint32_t shared;    /* 0, or the number of its row of literals.more */
    bool is_cased;
};

/* The predicates of equal literals but the first. */
struct more_row {
    uint32_t first, last; /* range of literals.predicates */
};

struct window_slot {
    uint32_t gram;         /* the window, or a hash of it when it is wider than four bytes */
    uint32_t first, count; /* of needles; count 0: a free slot */
};

struct layer {
    enum literal_place place;
    uint32_t width;
    uint32_t bitmap_shift, slot_shift; /* 32 - log2 of bits, and of slots */
    uint32_t multiplier;               /* odd */
    uint32_t *bitmap;
    uint32_t *second; /* a larger one, for what the first lets through; NULL when that has room */
    uint32_t second_shift;
    const struct window_slot *slots; /* at most half of them taken */
    const struct needle *needles;    /* chain by chain */
    uint32_t needle_count;
};

struct literals {
    const struct literal_kernel *kernel;
    struct layer *layers; /* those of the end last */
    uint32_t first_end;   /* of them */
    uint32_t layer_count;
    const uint32_t *always; /* predicates of the empty literal */
    uint32_t always_count;
    const struct more_row *more; /* by needle.shared; row 0 is nobody's */
    uint32_t shared_count;
    uint32_t first_row; /* among the rows of truths, of `always`; those of `more` follow */
    const uint32_t *predicates;
    uint64_t base; /* of the sums of long needles */
    uint32_t needle_count;
};

/* The kernels that were compiled, best first; the last has no name. Not all of them may be supported. */
const struct literal_kernel *literals_kernels(void);
const struct literal_kernel *literals_best_kernel(void);

/* What a search has cost; tests hold it against the bounds. */
struct literal_work {
    uint64_t places;   /* windows asked for */
    uint64_t hits;     /* of them, those that a bitmap let through */
    uint64_t needles;  /* looked at in chains */
    uint64_t compared; /* of them, those that were compared with the text beyond eight bytes */
    uint64_t bytes;    /* of long needles, that such comparisons may have looked at */
};

static inline uint32_t window_bit(const struct layer *layer, uint32_t gram)
{
    return gram * layer->multiplier >> layer->bitmap_shift;
}

static inline uint32_t second_bit(const struct layer *layer, uint32_t gram)
{
    return (gram ^ gram >> 15) * (layer->multiplier ^ 0x5BD1E994) >> layer->second_shift;
}

static inline uint64_t lowered_byte(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

/* A hash of a window wider than four bytes. */
uint32_t window_hash(const char *lowered, uint32_t width);

/* The bytes of a window of up to four. */
static inline uint32_t window_mask(uint32_t width)
{
    return width >= 4 ? UINT32_MAX : (UINT32_C(1) << 8 * width) - 1;
}

/* A window as one number: itself up to four bytes, else a hash of it. `lowered` can be read for
 * `width` bytes, and for four. */
static inline uint32_t window_gram(const char *lowered, uint32_t width)
{
    uint32_t gram;
    if (width > 4)
        return window_hash(lowered, width);
    memcpy(&gram, lowered, sizeof gram);
    return gram & window_mask(width);
}

/* literals_find, adding to *work. */
MUST_CHECK enum err literals_search(const struct literals *literals, str text,
    struct arena *scratch, struct truths *truths, struct literal_work *work);
