#include "match/gram_frequency.h"

#include "base/attr.h"

#include <math.h>

struct popular_gram {
    uint32_t gram;
    uint8_t rarity;
};

#include "match/gram_frequency_table.h"

/* Places of a text that is searched: a guess. Of all texts in alerts (six products, and a stream that is
 * made like a SIEM's) half have fewer than 6 to 20 places, nine of ten fewer than 50, and they have 20 on
 * the average; but what rules search in is the long ones, command lines and titles. */
enum { TEXT_PLACES = 40 };

/* The gram's own rarity where it is popular, else the guess. */
static uint32_t popular_rarity(const char *gram, uint32_t guess)
{
    uint32_t word;
    memcpy(&word, gram, sizeof word);
    uint32_t at = word * POPULAR_MULTIPLIER >> (32 - __builtin_ctz(POPULAR_SLOTS));
    for (; popular_grams[at].rarity != 0; at = (at + 1) % POPULAR_SLOTS)
        if (popular_grams[at].gram == word)
            return popular_grams[at].rarity;
    return guess;
}

static uint32_t in_range(uint32_t rarity)
{
    return rarity < 1 ? 1 : rarity > UINT8_MAX ? UINT8_MAX : rarity;
}

static uint32_t class_of(str text, size_t at)
{
    return byte_classes[(unsigned char)text.ptr[at]];
}

/* Of four bytes the guess is as if each hung on the one before it alone: P(ab) P(bc) P(cd) / (P(b) P(c)).
 * A gram is no more frequent than its pairs, so one with a rare pair is not looked up. */
static uint32_t four_rarities(str lowered, uint8_t *ret_rarities)
{
    uint32_t rarest = 0;
    uint32_t classes[3] = { class_of(lowered, 0), class_of(lowered, 1), class_of(lowered, 2) };
    uint32_t ab = pair_rarity[classes[0]][classes[1]];
    uint32_t bc = pair_rarity[classes[1]][classes[2]];
    for (size_t at = 0; at + 4 <= lowered.len; at++) {
        uint32_t last = class_of(lowered, at + 3);
        uint32_t cd = pair_rarity[classes[2]][last];
        uint32_t shared = class_rarity[classes[1]] + (uint32_t)class_rarity[classes[2]];
        uint32_t rarity = ab + bc + cd > shared ? ab + bc + cd - shared : 1;
        if (ab <= POPULAR_RARITY_MOST && bc <= POPULAR_RARITY_MOST && cd <= POPULAR_RARITY_MOST)
            rarity = popular_rarity(lowered.ptr + at, rarity);
        rarity = in_range(rarity);
        rarest = rarity > rarest ? rarity : rarest;
        if (ret_rarities != NULL)
            ret_rarities[at] = (uint8_t)rarity;
        classes[1] = classes[2];
        classes[2] = last;
        ab = bc;
        bc = cd;
    }
    return rarest;
}

uint32_t gram_rarities(str lowered, uint32_t width, uint8_t *ret_rarities)
{
    uint32_t rarest = 0;
    if (width == 4 && lowered.len >= 4)
        return four_rarities(lowered, ret_rarities);
    for (size_t at = 0; at + width <= lowered.len; at++) {
        uint32_t first = class_of(lowered, at);
        uint32_t rarity = in_range(
            width == 1 ? class_rarity[first] : pair_rarity[first][class_of(lowered, at + 1)]);
        rarest = rarity > rarest ? rarity : rarest;
        if (ret_rarities != NULL)
            ret_rarities[at] = (uint8_t)rarity;
    }
    return rarest;
}

uint32_t gram_width(size_t length)
{
    return length >= 4 ? 4 : length >= 2 ? 2 : 1;
}

/* The rarest gram is an upper bound; what else the text says makes it less likely, but not as if
 * it had nothing to do with the gram: half for each further four bytes. */
double gram_chance(size_t length, uint32_t rarest)
{
    uint32_t halvings = length < 120 ? (uint32_t)length / 4 : 30;
    double chance = TEXT_PLACES * exp2(-(double)rarest / 8);
    chance /= (double)(UINT64_C(1) << halvings);
    return length > 0 && chance < 1 ? chance : 1;
}

double gram_text_chance(str lowered)
{
    return gram_chance(lowered.len, gram_rarities(lowered, gram_width(lowered.len), NULL));
}
