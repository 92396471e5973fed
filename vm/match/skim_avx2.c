/* The kernel for AVX2, BMI2 and PCLMULQDQ: 32 bytes at a time. */
#if defined(__x86_64__)
#include "match/skim_block.h"
#include "match/skim_bits.h"

#include <immintrin.h>

static inline __m256i load(const char *text)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)text);
}

static inline uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low)
           | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t equal(__m256i low, __m256i high, char byte)
{
    __m256i all = _mm256_set1_epi8(byte);
    return mask_of(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

/* A shuffle looks up the low four bits of each byte: only a space of any kind finds itself. 0xFF is
 * found by no byte, as one with its high bit finds 0. */
static inline __m256i space_bytes(__m256i bytes)
{
    const __m256i table = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1));
    return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, bytes), bytes);
}

/* Counted from '0' without a sign, the lesser of it and 9 is itself. */
static inline __m256i digit_bytes(__m256i bytes)
{
    __m256i from_zero = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, _mm256_set1_epi8(9)), from_zero);
}

static inline __attribute__((always_inline)) struct skim_block block_read(const char *text)
{
    __m256i low = load(text);
    __m256i high = load(text + 32);
    __m256i bracket_bit = _mm256_set1_epi8(BRACKET_BIT);
    __m256i low_braces = _mm256_or_si256(low, bracket_bit);
    __m256i high_braces = _mm256_or_si256(high, bracket_bit);
    uint64_t backslashes = equal(low, high, '\\');
    /* As signed bytes, 0x80 and above are less than a space, too. */
    __m256i space = _mm256_set1_epi8(' ');
    uint64_t others = mask_of(_mm256_cmpgt_epi8(space, low), _mm256_cmpgt_epi8(space, high));
    return (struct skim_block){
        .quotes = equal(low, high, '"'),
        .backslashes = backslashes,
        .opens = equal(low_braces, high_braces, '{'),
        .closes = equal(low_braces, high_braces, '}'),
        .odd = backslashes | others,
    };
}

static inline __attribute__((always_inline)) struct skim_marks block_marks(const char *text)
{
    __m256i low = load(text);
    __m256i high = load(text + 32);
    return (struct skim_marks){
        .commas = equal(low, high, ','),
        .colons = equal(low, high, ':'),
        .spaces = mask_of(space_bytes(low), space_bytes(high)),
        .digits = mask_of(digit_bytes(low), digit_bytes(high)),
        .zeros = equal(low, high, '0'),
    };
}

/* A product without carries by all ones adds up the bits below each. */
static inline uint64_t block_inside(uint64_t quotes)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)quotes), _mm_set1_epi8((char)0xFF), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* A bit for each byte of 32 in which the two are equal. */
static inline uint32_t bytes_equal(const char *a, const char *b)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b)));
}

#define SKIM_LANES 4
#include "match/skim_walk.h"

enum skim_end skim_read_avx2(struct skimmer *skimmer, str json, enum skim_care care)
{
    return read_alert(skimmer, json, care);
}
#else
typedef int no_avx2;
#endif
