/* value_set.h - a long constant list, sorted so that `in` finds an element in a few steps.
 *
 * Made once by value_set_new and never changed. Text is ordered as fold_compare orders
 * it, numbers by size, networks by their length and address; a network list is asked
 * once for each length that occurs in it. Rare kinds stay as they are.
 */
#pragma once

#include "value.h"

struct value_set {
    const value *items; /* as written; borrowed */
    uint32_t count;
    value *texts;
    uint32_t texts_count;
    value *numbers;
    uint32_t numbers_count;
    value *spelled; /* the numbers that texts of the list spell, for raw fields */
    uint32_t spelled_count;
    value *networks; /* addresses too: networks of 128 bits */
    uint32_t networks_count;
    uint8_t bits[129]; /* the lengths that occur */
    uint32_t bits_count;
    value *others;
    uint32_t others_count;
};

/* The first text that folds like `text`, and how many do. */
const value *value_set_texts(const struct value_set *set, str text, uint32_t *ret_count);
/* Whether the list has that number, or (of `spelled`) a text that spells it. */
bool value_set_has_number(const struct value_set *set, value number, bool is_spelled);
/* Whether an address or network of the list covers the address. */
bool value_set_has_ip(const struct value_set *set, const struct ip *ip);
