/* The kernel for AVX2: 32 bytes lowered, eight windows asked for at a time. */
#if defined(__x86_64__)
#include "match/literals_kernel.h"

#include <immintrin.h>

static inline __m256i bytes_read(const char *text)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)text);
}

static inline void bytes_lower(__m256i bytes, char *lowered)
{
    /* Compares are of signed bytes: what is not ASCII is below 'A'. */
    __m256i capitals = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('A' - 1)),
        _mm256_cmpgt_epi8(_mm256_set1_epi8('Z' + 1), bytes));
    __m256i add = _mm256_and_si256(capitals, _mm256_set1_epi8('a' - 'A'));
    _mm256_storeu_si256((__m256i *)(void *)lowered, _mm256_add_epi8(bytes, add));
}

bool literals_lower_avx2(const char *text, size_t length, char lowered[static BLOCK_BYTES])
{
    __m256i all = _mm256_setzero_si256();
    size_t at = 0;
    for (; at + 32 <= length; at += 32) {
        __m256i bytes = bytes_read(text + at);
        all = _mm256_or_si256(all, bytes);
        bytes_lower(bytes, lowered + at);
    }
    char rest[32] = { 0 };
    memcpy(rest, text + at, length - at);
    __m256i bytes = bytes_read(rest);
    all = _mm256_or_si256(all, bytes);
    bytes_lower(bytes, lowered + at);
    memset(lowered + length, 0, ZEROS_BEHIND);
    return _mm256_movemask_epi8(all) == 0;
}

/* The eight windows of four bytes from `text` on. */
static inline __m256i windows_read(const char *text)
{
    const __m256i halves = _mm256_setr_epi32(0, 1, 1, 1, 1, 2, 2, 2);
    const __m256i windows =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6));
    __m256i bytes = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)text));
    return _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(bytes, halves), windows);
}

void literals_probe_avx2(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS])
{
    const __m256i mask = _mm256_set1_epi32((int)window_mask(layer->width));
    const __m256i multiplier = _mm256_set1_epi32((int)layer->multiplier);
    const __m128i shift = _mm_cvtsi32_si128((int)layer->bitmap_shift);
    const int *bitmap = (const int *)(const void *)layer->bitmap;
    for (size_t from = 0; from < places; from += 64) {
        uint64_t hits = 0;
        size_t end = places - from < 64 ? places - from : 64;
        for (size_t at = 0; at < end; at += 8) {
            __m256i grams = _mm256_and_si256(windows_read(lowered + from + at), mask);
            __m256i bits = _mm256_srl_epi32(_mm256_mullo_epi32(grams, multiplier), shift);
            __m256i words = _mm256_i32gather_epi32(bitmap, _mm256_srli_epi32(bits, 5), 4);
            /* The bit asked for becomes the sign of its word. */
            __m256i left = _mm256_andnot_si256(bits, _mm256_set1_epi32(31));
            words = _mm256_sllv_epi32(words, left);
            hits |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(words)) << at;
        }
        ret_hits[from / 64] = end == 64 ? hits : hits & ((UINT64_C(1) << end) - 1);
    }
}
#endif
