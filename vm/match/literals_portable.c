/* The kernel for any machine: eight bytes at a time, one window at a time. */
#include "match/literals_kernel.h"

static const uint64_t highs = 0x8080808080808080;

/* Lower eight bytes at once, each in its own (Hacker's Delight, 2nd ed., section 6-2: a byte's high bit
 * as the result of a comparison). Bytes that are not ASCII stay. */
static uint64_t word_lower(uint64_t word)
{
    uint64_t ascii = word & ~highs;
    uint64_t from_a = ascii + (0x80 - 'A') * UINT64_C(0x0101010101010101);
    uint64_t above_z = ascii + (0x80 - 'Z' - 1) * UINT64_C(0x0101010101010101);
    return word | ((from_a & ~above_z & ~word & highs) >> 2);
}

bool literals_lower_portable(const char *text, size_t length, char lowered[static BLOCK_BYTES])
{
    uint64_t all = 0;
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text + at, length - at < 8 ? length - at : 8);
        all |= word;
        word = word_lower(word);
        memcpy(lowered + at, &word, 8);
    }
    memset(lowered + length, 0, ZEROS_BEHIND);
    return (all & highs) == 0;
}

void literals_probe_portable(const struct layer *layer, const char lowered[static BLOCK_BYTES],
    size_t places, uint64_t ret_hits[static BLOCK_WORDS])
{
    uint32_t mask = window_mask(layer->width);
    for (size_t from = 0; from < places; from += 64) {
        uint64_t hits = 0;
        size_t end = places - from < 64 ? places - from : 64;
        for (size_t at = 0; at < end; at++) {
            uint32_t gram;
            memcpy(&gram, lowered + from + at, 4);
            uint32_t bit = window_bit(layer, gram & mask);
            hits |= (uint64_t)(layer->bitmap[bit / 32] >> bit % 32 & 1) << at;
        }
        ret_hits[from / 64] = hits;
    }
}
