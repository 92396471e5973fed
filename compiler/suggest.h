/* suggest.h - the name that was probably meant. */
#pragma once

#include "base/str.h"

/* The best candidate so far. Zero it with the word that was written, offer every name
 * that could stand there, then read `best`. */
struct suggestion {
    str word;
    str best; /* empty: nothing is near */
    unsigned distance;
};

/* Offer one candidate; it is taken when it is nearer than the best so far and no further
 * than two changes (one for words of up to three letters). Of equally near ones that of the
 * word's length is better, then that with its first letter, then the first. Borrowed. */
void suggest(struct suggestion *suggestion, str candidate);

/* The number of insertions, deletions, replacements and swaps of neighbours that make
 * `a` out of `b`, letters folded to lower case; more than `most` is `most` + 1. */
unsigned edit_distance(str a, str b, unsigned most);
