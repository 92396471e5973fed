/* literals_sum.h - whether a long needle is at a place, without looking at each byte of it.
 *
 * A comparison that goes wrong late costs what the needle is long, and a hostile text can make that happen
 * at many places. So when long needles have cost more than a few times the text, sums of the text up to
 * its places are made once (Karp and Rabin, 1987: a polynomial modulo a prime, here 2^61 - 1), and from
 * then on a needle is compared only where its sum is that of the text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Needles that are longer are long. The others are compared in eight steps at most. */
enum { SHORT_NEEDLE_MAX = 64 };

#define SUM_PRIME ((UINT64_C(1) << 61) - 1)

static inline uint64_t sum_reduce(uint64_t number)
{
    number = (number & SUM_PRIME) + (number >> 61);
    return number >= SUM_PRIME ? number - SUM_PRIME : number;
}

__extension__ typedef unsigned __int128 sum_product;

static inline uint64_t sum_times(uint64_t a, uint64_t b)
{
    sum_product product = (sum_product)a * b;
    return sum_reduce(((uint64_t)product & SUM_PRIME) + (uint64_t)(product >> 61));
}

/* The sum of a text and one more byte. */
static inline uint64_t sum_next(uint64_t sum, uint64_t base, unsigned char byte)
{
    return sum_reduce(sum_times(sum, base) + byte + 1);
}

/* Of what is between two places: from the sums up to them, and base to the power of the length. */
static inline uint64_t sum_between(uint64_t from, uint64_t to, uint64_t power)
{
    return sum_reduce(to + SUM_PRIME - sum_times(from, power));
}
