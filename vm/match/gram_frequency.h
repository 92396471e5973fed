/* gram_frequency.h - how rare a few bytes are in the texts of alerts.
 *
 * Measured once on texts of real alerts and events (gram_frequency.py, which also says how; the
 * table is in gram_frequency_table.h). Rarities are -8 * log2 of a share: 8 more is half as often.
 * They say where to look first and what to look at first, never what is true.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* Of four bytes with letters lowered, first byte lowest: of the share of places of texts at which
 * they stand. Never 0 of what was never seen; a gram that is not among the popular ones is guessed
 * from its pairs. */
uint32_t gram_rarity(uint32_t gram);

/* Of two bytes. */
uint32_t gram_pair_rarity(uint32_t pair);

/* How likely a text of an alert has the lowered text somewhere, 0 to 1: a guess. 1 for the empty one. */
double gram_text_chance(str lowered);
