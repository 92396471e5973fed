/* required_part.h - what is known of the texts that a part of an expression matches. */
#pragma once

#include "match/required.h"

struct part {
    bool is_exact;          /* it matches the texts of `first` and no others */
    struct required first;  /* each match begins with one of these */
    struct required last;   /* each match ends with one of these; not set when it is exact */
    struct required inside; /* one of these is in the subject, the best found so far; or none */
};

/* The part that matches the empty text: an assertion, or nothing at all. */
void part_empty(struct part *part);

/* The part that matches who knows what. */
void part_unknown(struct part *part);

/* `part`, then the text (UTF-8, at most 4 bytes). */
void part_then_text(struct part *part, str text, bool is_cased);

/* `part`, then `next`. */
void part_then(struct part *part, const struct part *next);

/* `part` or `other`. */
void part_or(struct part *part, const struct part *other);

/* `part` once or not at all; once or more often; any number of times is part_unknown. */
void part_optional(struct part *part);
void part_repeat(struct part *part);

/* `part`, which has to look at what `ahead` matches without taking it. */
void part_looks_at(struct part *part, const struct part *ahead);

/* The best of what is known. */
void part_required(const struct part *part, struct required *ret_required);
