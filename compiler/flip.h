/* flip.h - the smallest sets of leaves that change what a condition comes to.
 *
 * Works on the tree and the states of its leaves alone, as if each leaf could be changed by
 * itself: whether a real alert can be changed so is for whoever asks to find out, set by
 * set. A leaf that is undecided cannot be counted on, nor can one that is marked fixed.
 */
#pragma once

#include "probe.h"

/* Sets that are kept for each part of a condition. */
enum { FLIP_SETS_MAX = 24 };

/* Leaves to change, ascending. */
struct flip_set {
    const uint32_t *leaves;
    uint32_t count;
};

struct flip_search {
    struct arena *arena;
    const enum probe_state *states; /* by leaf */
    const bool *is_fixed;           /* by leaf: no change of the alert changes it; or NULL */
};

/* The smallest sets after which `root` is `wanted`, the smallest first, equal ones in
 * source order; the first is a minimum. None when nothing helps; one empty set, among
 * others, when it is so already. Bound: FLIP_SETS_MAX sets. ERR_MEMORY. */
MUST_CHECK enum err flip_sets(struct flip_search *search, const struct probe_node *root,
    bool wanted, struct flip_set ret_sets[static FLIP_SETS_MAX], uint32_t *ret_count);
