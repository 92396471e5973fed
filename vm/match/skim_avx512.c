/* The kernel for AVX-512 (F, BW, VL), BMI2 and PCLMULQDQ: 64 bytes at a time, compares that fill a
 * word. */
#if defined(__x86_64__)
#include "match/skim_block.h"
#include "match/skim_bits.h"

#include <immintrin.h>

/* Compilers leave what a compare made in its mask register and count with it there, which takes three
 * times as long as in a common one. */
static inline uint64_t in_word(uint64_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

/* A shuffle looks up the low four bits of each byte: only a space of any kind finds itself. 0xFF is
 * found by no byte, as one with its high bit finds 0. */
static inline uint64_t space_bytes(__m512i bytes)
{
    const __m512i table = _mm512_broadcast_i32x4(
        _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1));
    return in_word(_mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table, bytes), bytes));
}

static inline __attribute__((always_inline)) struct skim_block block_read(const char *text)
{
    __m512i bytes = _mm512_loadu_si512(text);
    __m512i braces = _mm512_or_si512(bytes, _mm512_set1_epi8(BRACKET_BIT));
    uint64_t backslashes = in_word(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\')));
    /* As signed bytes, 0x80 and above are less than a space, too. */
    return (struct skim_block){
        .quotes = in_word(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"'))),
        .backslashes = backslashes,
        .opens = in_word(_mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8('{'))),
        .closes = in_word(_mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8('}'))),
        .odd = backslashes | in_word(_mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(' '))),
    };
}

static inline __attribute__((always_inline)) struct skim_marks block_marks(const char *text)
{
    __m512i bytes = _mm512_loadu_si512(text);
    return (struct skim_marks){
        .commas = in_word(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(','))),
        .colons = in_word(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(':'))),
        .spaces = space_bytes(bytes),
        .digits = in_word(_mm512_cmplt_epu8_mask(
            _mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10))),
        .zeros = in_word(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('0'))),
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
    __m256i equal = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)a),
        _mm256_loadu_si256((const __m256i *)(const void *)b));
    return (uint32_t)_mm256_movemask_epi8(equal);
}

#define SKIM_LANES 8
#include "match/skim_walk.h"

enum skim_end skim_read_avx512(struct skimmer *skimmer, str json, enum skim_care care)
{
    return read_alert(skimmer, json, care);
}
#else
typedef int no_avx512;
#endif
