/* suggest.h - what a person perhaps meant. */
#pragma once

#include "base/str.h"

/* The best of candidates shown one by one. Zero it, set `word`, offer, read `best`. */
struct suggestion {
    str word;
    str best; /* borrowed; empty when nothing is near enough */
    size_t distance;
};

/* Consider `candidate`: at most two edits (Damerau-Levenshtein, case aside), and fewer
 * than half of the word. The first of equals stays. */
void suggest_offer(struct suggestion *suggestion, str candidate);
