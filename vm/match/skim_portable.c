/* The kernel that every machine has: eight bytes at a time in a word. */
#include "match/skim_block.h"
#include "match/skim_bits.h"

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define LOW_BITS (EACH_BYTE * 0x7F)
#define HIGH_BITS (EACH_BYTE * 0x80)

static inline uint64_t load(const char *text)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return bytes;
}

/* The high bit of each byte that is 0, exactly: no carry leaves a byte. */
static inline uint64_t zero_bytes(uint64_t bytes)
{
    return ~(((bytes & LOW_BITS) + LOW_BITS) | bytes) & HIGH_BITS;
}

static inline uint64_t equal_bytes(uint64_t bytes, char byte)
{
    return zero_bytes(bytes ^ EACH_BYTE * (unsigned char)byte);
}

/* The high bits of the bytes side by side: the product adds each at its own place of the top byte. */
static inline uint64_t gather(uint64_t high_bits)
{
    return (high_bits >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* \, 0x80 and above, below 0x20. */
static inline uint64_t odd_bytes(uint64_t bytes)
{
    uint64_t printable = (bytes & LOW_BITS) + EACH_BYTE * (0x80 - 0x20);
    return (bytes | ~printable) & HIGH_BITS;
}

static inline uint64_t space_bytes(uint64_t bytes)
{
    return equal_bytes(bytes, ' ') | equal_bytes(bytes, '\t') | equal_bytes(bytes, '\n')
           | equal_bytes(bytes, '\r');
}

static inline uint64_t digit_bytes(uint64_t bytes)
{
    uint64_t from_zero = (bytes & LOW_BITS) + EACH_BYTE * (0x80 - '0');
    uint64_t past_nine = (bytes & LOW_BITS) + EACH_BYTE * (0x80 - '9' - 1);
    return from_zero & ~past_nine & ~bytes & HIGH_BITS;
}

static inline __attribute__((always_inline)) struct skim_block block_read(const char *text)
{
    struct skim_block block = { .quotes = 0 };
    for (size_t at = 0; at < SKIM_BLOCK; at += sizeof(uint64_t)) {
        uint64_t bytes = load(text + at);
        uint64_t braces = bytes | EACH_BYTE * BRACKET_BIT;
        uint64_t backslashes = equal_bytes(bytes, '\\');
        block.quotes |= gather(equal_bytes(bytes, '"')) << at;
        block.backslashes |= gather(backslashes) << at;
        block.opens |= gather(equal_bytes(braces, '{')) << at;
        block.closes |= gather(equal_bytes(braces, '}')) << at;
        block.odd |= gather(odd_bytes(bytes) | backslashes) << at;
    }
    return block;
}

static inline __attribute__((always_inline)) struct skim_marks block_marks(const char *text)
{
    struct skim_marks marks = { .commas = 0 };
    for (size_t at = 0; at < SKIM_BLOCK; at += sizeof(uint64_t)) {
        uint64_t bytes = load(text + at);
        marks.commas |= gather(equal_bytes(bytes, ',')) << at;
        marks.colons |= gather(equal_bytes(bytes, ':')) << at;
        marks.spaces |= gather(space_bytes(bytes)) << at;
        marks.digits |= gather(digit_bytes(bytes)) << at;
        marks.zeros |= gather(equal_bytes(bytes, '0')) << at;
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
    uint32_t equal = 0;
    for (unsigned at = 0; at < 32; at += 8)
        equal |= (uint32_t)gather(zero_bytes(load(a + at) ^ load(b + at))) << at;
    return equal;
}

#define SKIM_LANES 2
#include "match/skim_walk.h"

enum skim_end skim_read_portable(struct skimmer *skimmer, str json, enum skim_care care)
{
    return read_alert(skimmer, json, care);
}
