/* The kernel for AVX-512 (F, BW, VL): 64 bytes lowered, 16 windows asked for at a time. */
#if defined(__x86_64__)
#include "match/literals_kernel.h"

#include <immintrin.h>

bool literals_lower_avx512(const char *text, size_t length, char lowered[static BLOCK_BYTES])
{
    __m512i all = _mm512_setzero_si512();
    size_t at = 0;
    /* With zeros behind it. Masked bytes are not read. */
    for (; at < length + ZEROS_BEHIND; at += 64) {
        size_t left = at < length ? length - at : 0;
        __mmask64 there = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(there, text + (left > 0 ? at : 0));
        __m512i from_a = _mm512_sub_epi8(bytes, _mm512_set1_epi8('A'));
        __mmask64 capitals = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));
        all = _mm512_or_si512(all, bytes);
        bytes = _mm512_mask_add_epi8(bytes, capitals, bytes, _mm512_set1_epi8('a' - 'A'));
        _mm512_storeu_si512(lowered + at, bytes);
    }
    return _mm512_movepi8_mask(all) == 0;
}

/* The 16 windows of four bytes from `text` on: each quarter of the register gets the seven bytes that
 * its four windows span, then each window its own four. */
static inline __m512i windows_read(const char *text)
{
    const __m512i quarters = _mm512_setr_epi32(0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4);
    const __m512i windows =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6));
    __m512i bytes = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)text));
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(quarters, bytes), windows);
}

void literals_probe_avx512(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS])
{
    const __m512i mask = _mm512_set1_epi32((int)window_mask(layer->width));
    const __m512i multiplier = _mm512_set1_epi32((int)layer->multiplier);
    const __m128i shift = _mm_cvtsi32_si128((int)layer->bitmap_shift);
    for (size_t from = 0; from < places; from += 64) {
        uint64_t hits = 0;
        size_t end = places - from < 64 ? places - from : 64;
        for (size_t at = 0; at < end; at += 16) {
            __m512i grams = _mm512_and_si512(windows_read(lowered + from + at), mask);
            __m512i bits = _mm512_srl_epi32(_mm512_mullo_epi32(grams, multiplier), shift);
            __m512i words = _mm512_i32gather_epi32(_mm512_srli_epi32(bits, 5), layer->bitmap, 4);
            /* Shifts count modulo 32 in no instruction but this one. */
            __m512i bit = _mm512_rolv_epi32(_mm512_set1_epi32(1), bits);
            hits |= (uint64_t)_mm512_test_epi32_mask(words, bit) << at;
        }
        ret_hits[from / 64] = end == 64 ? hits : hits & ((UINT64_C(1) << end) - 1);
    }
}
#endif
