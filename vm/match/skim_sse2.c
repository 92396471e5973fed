/* The kernel of x86-64's first version: 16 bytes at a time. */
#if defined(__x86_64__)
#include "match/skim_block.h"
#include "match/skim_bits.h"

#include <emmintrin.h>

static inline __m128i load(const char *text)
{
    return _mm_loadu_si128((const __m128i *)(const void *)text);
}

static inline uint64_t mask_of(__m128i bytes, unsigned at)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << at;
}

static inline __m128i equal(__m128i bytes, char byte)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
}

static inline __m128i space_bytes(__m128i bytes)
{
    return _mm_or_si128(_mm_or_si128(equal(bytes, ' '), equal(bytes, '\t')),
        _mm_or_si128(equal(bytes, '\n'), equal(bytes, '\r')));
}

/* Counted from '0' without a sign, the lesser of it and 9 is itself. */
static inline __m128i digit_bytes(__m128i bytes)
{
    __m128i from_zero = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_zero, _mm_set1_epi8(9)), from_zero);
}

static inline __attribute__((always_inline)) struct skim_block block_read(const char *text)
{
    struct skim_block block = { .quotes = 0 };
    for (unsigned at = 0; at < SKIM_BLOCK; at += 16) {
        __m128i bytes = load(text + at);
        __m128i braces = _mm_or_si128(bytes, _mm_set1_epi8(BRACKET_BIT));
        __m128i backslashes = equal(bytes, '\\');
        /* As signed bytes, 0x80 and above are less than a space, too. */
        __m128i odd = _mm_or_si128(backslashes, _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')));
        block.quotes |= mask_of(equal(bytes, '"'), at);
        block.backslashes |= mask_of(backslashes, at);
        block.opens |= mask_of(equal(braces, '{'), at);
        block.closes |= mask_of(equal(braces, '}'), at);
        block.odd |= mask_of(odd, at);
    }
    return block;
}

static inline __attribute__((always_inline)) struct skim_marks block_marks(const char *text)
{
    struct skim_marks marks = { .commas = 0 };
    for (unsigned at = 0; at < SKIM_BLOCK; at += 16) {
        __m128i bytes = load(text + at);
        marks.commas |= mask_of(equal(bytes, ','), at);
        marks.colons |= mask_of(equal(bytes, ':'), at);
        marks.spaces |= mask_of(space_bytes(bytes), at);
        marks.digits |= mask_of(digit_bytes(bytes), at);
        marks.zeros |= mask_of(equal(bytes, '0'), at);
    }
    return marks;
}

/* Sums of one bit each, by doubling the reach. */
static inline uint64_t block_inside(uint64_t quotes)
{
    for (unsigned reach = 1; reach < SKIM_BLOCK; reach *= 2)
        quotes ^= quotes << reach;
    return quotes;
}

/* A bit for each byte of 32 in which the two are equal. */
static inline uint32_t bytes_equal(const char *a, const char *b)
{
    return (uint32_t)(mask_of(_mm_cmpeq_epi8(load(a), load(b)), 0)
                      | mask_of(_mm_cmpeq_epi8(load(a + 16), load(b + 16)), 16));
}

#define SKIM_LANES 2
#include "match/skim_walk.h"

enum skim_end skim_read_sse2(struct skimmer *skimmer, str json, enum skim_care care)
{
    return read_alert(skimmer, json, care);
}
#else
typedef int no_sse2;
#endif
