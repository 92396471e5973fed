/* The kernel for AVX-512 (F, BW, VL), BMI2 and PCLMULQDQ: 64 bytes at a time, compares that fill a
 * word. */
#if defined(__x86_64__)
#include "match/skim_block.h"
#include "match/skim_bits.h"

#include <immintrin.h>

static inline struct skim_block block_read(const char *text)
{
    __m512i bytes = _mm512_loadu_si512(text);
    __m512i braces = _mm512_or_si512(bytes, _mm512_set1_epi8(BRACKET_BIT));
    uint64_t backslashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    /* As signed bytes, 0x80 and above are less than a space, too. */
    return (struct skim_block){
        .quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')),
        .backslashes = backslashes,
        .opens = _mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8('{')),
        .closes = _mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8('}')),
        .odd = backslashes | _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(' ')),
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
    return _mm256_cmpeq_epi8_mask(_mm256_loadu_si256((const __m256i *)(const void *)a),
        _mm256_loadu_si256((const __m256i *)(const void *)b));
}

#include "match/skim_walk.h"

enum skim_end skim_read_avx512(struct skimmer *skimmer, str json, enum skim_care care)
{
    return read_alert(skimmer, json, care);
}
#else
typedef int no_avx512;
#endif
