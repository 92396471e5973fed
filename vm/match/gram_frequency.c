#include "match/gram_frequency.h"

#include "base/attr.h"

#include <math.h>

struct popular_gram {
    uint32_t gram;
    uint8_t rarity;
};

#include "match/gram_frequency_table.h"

/* Places of a text: half of the texts that were measured have fewer. */
enum { TEXT_PLACES = 40 };

static uint32_t class_at(uint32_t gram, uint32_t place)
{
    return byte_classes[gram >> (8 * place) & 0xFF];
}

uint32_t gram_pair_rarity(uint32_t pair)
{
    return pair_rarity[class_at(pair, 0)][class_at(pair, 1)];
}

/* As if each byte hung on the one before it alone: P(ab) P(bc) P(cd) / (P(b) P(c)). */
static uint32_t guessed_rarity(uint32_t gram)
{
    uint32_t pairs = gram_pair_rarity(gram) + gram_pair_rarity(gram >> 8 & 0xFFFF)
                     + gram_pair_rarity(gram >> 16);
    uint32_t shared = class_rarity[class_at(gram, 1)] + class_rarity[class_at(gram, 2)];
    return pairs > shared ? pairs - shared : 1;
}

uint32_t gram_rarity(uint32_t gram)
{
    uint32_t at = gram * POPULAR_MULTIPLIER >> (32 - __builtin_ctz(POPULAR_SLOTS));
    for (; popular_grams[at].rarity != 0; at = (at + 1) % POPULAR_SLOTS)
        if (popular_grams[at].gram == gram)
            return popular_grams[at].rarity;
    return guessed_rarity(gram);
}

static uint32_t load(str text, size_t at, size_t bytes)
{
    uint32_t gram = 0;
    for (size_t i = 0; i < bytes; i++)
        gram |= (uint32_t)(unsigned char)text.ptr[at + i] << (8 * i);
    return gram;
}

/* The rarest gram is an upper bound; what else the text says makes it less likely, but not as if
 * it had nothing to do with the gram: half for each further four bytes. */
double gram_text_chance(str lowered)
{
    if (lowered.len == 0)
        return 1;
    uint32_t rarest = 0;
    if (lowered.len == 1)
        rarest = class_rarity[class_at(load(lowered, 0, 1), 0)];
    for (size_t at = 0; lowered.len < 4 && at + 2 <= lowered.len; at++) {
        uint32_t rarity = gram_pair_rarity(load(lowered, at, 2));
        rarest = rarity > rarest ? rarity : rarest;
    }
    for (size_t at = 0; at + 4 <= lowered.len; at++) {
        uint32_t rarity = gram_rarity(load(lowered, at, 4));
        rarest = rarity > rarest ? rarity : rarest;
    }
    double halvings = rarest / 8.0 + (lowered.len < 200 ? (double)lowered.len / 4.0 : 50.0);
    double chance = TEXT_PLACES * exp2(-halvings);
    return chance < 1 ? chance : 1;
}
