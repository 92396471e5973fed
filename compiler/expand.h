/* expand.h - an expression with its lets and macros written out.
 *
 * Names were resolved where they were written, so nothing can be captured. Parts that
 * hold no let, macro or parameter are shared with the tree, the others are copies.
 */
#pragma once

#include "ast.h"
#include "base/err.h"

/* A chain of `and` or `or` up to this length is walked without memory of the arena. */
enum { SPINE_FEW = 8 };

struct expand {
    struct arena *arena;
    uint32_t nodes;  /* so far, elements of lists not counted */
    uint32_t grown;  /* of these, in the bodies of lets and macros */
    uint32_t inside; /* how many such bodies are around */
    enum err err;    /* the first failure; ERR_LIMIT past CONDITION_NODES_MAX nodes, or
                      * EXPANSION_NODES_MAX grown ones */
};

/* The expression as it stands in the rule; after a failure (`err`) a part of it. */
struct expr *expand_expr(struct expand *expand, struct expr *expr);
