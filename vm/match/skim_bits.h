/* skim_bits.h - an alert's text as rows of bits, one bit a byte, and steps along them.
 *
 * Where the quotes and brackets of JSON are is found 64 bytes at a time with compares that fill a word
 * (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019); what lies between them is
 * then passed over without being looked at (Li et al., "Mison", 2017).
 *
 * A row ends with words of ones, so that a search ends without asking for the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct skim_bits {
    uint64_t *quotes; /* that begin or end a string: not the escaped ones */
    uint64_t *opens;  /* { and [ outside of strings */
    uint64_t *closes; /* } and ] outside of strings */
    uint64_t *odd;    /* \ and what is not printable ASCII, anywhere */
    /* Of a strict reading; the last five in strings as well. */
    uint64_t *inside;    /* from an opening quote to the byte before the closing one */
    uint64_t *in_object; /* the innermost that is open is an object */
    uint64_t *commas;
    uint64_t *colons;
    uint64_t *digits;
    uint64_t *zeros;
};

enum {
    SKIM_BLOCK = 64, /* bytes of one word of bits */
    SKIM_ENDS = 2,   /* words of ones at the end of a row */
    SKIM_SPARE = 8,  /* words behind a text: the most of SKIM_LANES */
};

/* The bits from `at` on in the low bits, at least 57 of them; above them zeros. One unaligned load
 * and one shift: asking for "the rest of this word" instead costs a branch that is guessed
 * wrong half of the time. */
static inline uint64_t bits_window(const uint64_t *row, size_t at)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t window;
    memcpy(&window, (const char *)row + at / 8, sizeof window);
    return window >> at % 8;
#else
    return row[at / SKIM_BLOCK] >> at % SKIM_BLOCK
           | row[at / SKIM_BLOCK + 1] << 1 << (SKIM_BLOCK - 1 - at % SKIM_BLOCK);
#endif
}

/* Where the next window begins. */
static inline size_t bits_after_window(size_t at)
{
    return (at & ~(size_t)7) + SKIM_BLOCK;
}

/* The first bit at `at` or behind it. */
static inline size_t bits_next(const uint64_t *row, size_t at)
{
    uint64_t window = bits_window(row, at);
    while (__builtin_expect(window == 0, false)) {
        at = bits_after_window(at);
        window = bits_window(row, at);
    }
    return at + (size_t)__builtin_ctzll(window);
}

/* The first quote or bracket at `at` or behind it. */
static inline size_t bits_next_any(const struct skim_bits *bits, size_t at)
{
    while (true) {
        uint64_t window = bits_window(bits->quotes, at) | bits_window(bits->opens, at)
                          | bits_window(bits->closes, at);
        if (__builtin_expect(window != 0, true))
            return at + (size_t)__builtin_ctzll(window);
        at = bits_after_window(at);
    }
}

/* Whether there is a bit from `at` up to `end`. */
static inline bool bits_any(const uint64_t *row, size_t at, size_t end)
{
    return bits_next(row, at) < end;
}

/* Without POPCNT (x86-64's first version has none) by adding neighbours, not by a call. */
static inline uint32_t bits_count(uint64_t word)
{
#if defined(__POPCNT__) || !defined(__x86_64__)
    return (uint32_t)__builtin_popcountll(word);
#else
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F;
    return (uint32_t)(word * 0x0101010101010101 >> 56);
#endif
}
