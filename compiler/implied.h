/* implied.h - what a condition says for certain of one field: the only values with which it can
 * hold.
 *
 * Conservative: where the condition may hold with other values too, or it cannot be told,
 * nothing is implied. Who narrows something by what is implied takes nothing from a rule.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

enum { IMPLIED_VALUES_MAX = 64 };

/* Texts, equal when they are but for case; sorted by nothing. */
struct implied {
    bool is_known;     /* else any value may do */
    const str *values; /* in the arena, or in the tree */
    uint32_t count;
};

/* A field, or where `tag` is not empty the tag of that key. */
struct subject {
    enum field field;
    str tag;
};

/* What `condition` (expanded) implies of the subject. More than IMPLIED_VALUES_MAX values count
 * as any. ERR_MEMORY. */
MUST_CHECK enum err implied_by(struct arena *arena, const struct expr *condition,
    struct subject subject, struct implied *ret_implied);

/* The keys of the tags that the condition asks for somewhere, each once, at most `room`. */
uint32_t implied_tags(const struct expr *condition, str *keys, uint32_t room);

/* What one or the other implies; *ret_implied may be one of them. ERR_MEMORY. */
MUST_CHECK enum err implied_either(struct arena *arena, const struct implied *a,
    const struct implied *b, struct implied *ret_implied);
