/* gram_frequency.h - how rare a few bytes are in the texts of alerts.
 *
 * Measured once on texts of real alerts and events (gram_frequency.py, which also says how; the
 * table is in gram_frequency_table.h). Rarities are -8 * log2 of a share: 8 more is half as often.
 * They say where to look first and what to look at first, never what is true.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* The rarity of the rarest gram of a text with letters lowered, and in ret_rarities, when it is not NULL,
 * of the one at each place: of the share of places of texts at which its bytes stand. Grams are of `width`
 * bytes, four, two or one; the last begins width - 1 in front of the end. One of four that is not
 * among the popular ones is guessed from its pairs. Never 0 but for a text without a gram. */
uint32_t gram_rarities(str lowered, uint32_t width, uint8_t *ret_rarities);

/* The widest gram that a text of `length` has: four, two or one. */
uint32_t gram_width(size_t length);

/* How likely a text of an alert has a text of `length` somewhere whose rarest gram has the rarity, 0 to
 * 1: a guess. */
double gram_chance(size_t length, uint32_t rarest);

/* The same of a text with letters lowered. 1 for the empty one. */
double gram_text_chance(str lowered);
