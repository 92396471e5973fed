/* flip.c - the cheapest ways to an outcome, from the leaves up.
 *
 * Every node has a short list of its cheapest ways to be true, and one to be false. Where
 * all parts must agree the ways of two parts are added up; where one part is enough they
 * are merged. Each leaf stands once in the tree, so costs add up exactly.
 */
#include "flip.h"

#include <stdlib.h>

/* Two ways together, or the change of one leaf, or (cost 0) nothing. */
struct way {
    const struct way *before;
    const struct way *after;
    uint32_t cost;
    uint32_t leaf; /* NO_INDEX: what the two hold */
};

struct ways {
    const struct way *items[FLIP_SETS_MAX]; /* by cost; equal ones in source order */
    uint32_t count;
};

static const struct way nothing = { NULL, NULL, 0, NO_INDEX };

static enum err solve(
    struct flip_search *search, const struct probe_node *node, bool wanted, struct ways *ret_ways);

static enum err leaf_ways(
    struct flip_search *search, uint32_t leaf, bool wanted, struct ways *ret_ways)
{
    enum probe_state state = search->states[leaf];
    ret_ways->count = 0;
    if (state == PROBE_UNDECIDED)
        return ERR_OK;
    if ((state == PROBE_TRUE) == wanted) {
        ret_ways->items[ret_ways->count++] = &nothing;
        return ERR_OK;
    }
    if (search->is_fixed != NULL && search->is_fixed[leaf])
        return ERR_OK;
    struct way *way = ARENA_NEW(search->arena, struct way);
    if (way == NULL)
        return ERR_MEMORY;
    *way = (struct way){ NULL, NULL, 1, leaf };
    ret_ways->items[ret_ways->count++] = way;
    return ERR_OK;
}

/* The cheapest of both; those of `ways` come first. */
static void merge(struct ways *ways, const struct ways *more)
{
    struct ways merged = { .count = 0 };
    uint32_t left = 0;
    uint32_t right = 0;
    while (merged.count < FLIP_SETS_MAX && (left < ways->count || right < more->count)) {
        bool is_left =
            right == more->count
            || (left < ways->count && ways->items[left]->cost <= more->items[right]->cost);
        merged.items[merged.count++] = is_left ? ways->items[left++] : more->items[right++];
    }
    *ways = merged;
}

/* A pair of ways, by their places in the two lists. */
struct pair_of_ways {
    uint32_t cost;
    uint32_t left;
    uint32_t right;
};

static int by_cost(const void *a, const void *b)
{
    const struct pair_of_ways *first = a;
    const struct pair_of_ways *second = b;
    if (first->cost != second->cost)
        return first->cost < second->cost ? -1 : 1;
    if (first->left != second->left)
        return first->left < second->left ? -1 : 1;
    return (first->right > second->right) - (first->right < second->right);
}

/* The cheapest pairs. Of two sorted lists, pair (i, j) is among the best K only when
 * (i + 1) * (j + 1) is at most K. */
static enum err add_up(struct flip_search *search, struct ways *ways, const struct ways *more)
{
    struct pair_of_ways pairs[FLIP_SETS_MAX * 5];
    struct ways added = { .count = 0 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < ways->count; i++)
        for (uint32_t j = 0; j < more->count && (i + 1) * (j + 1) <= FLIP_SETS_MAX; j++)
            pairs[count++] =
                (struct pair_of_ways){ ways->items[i]->cost + more->items[j]->cost, i, j };
    qsort(pairs, count, sizeof pairs[0], by_cost);
    for (uint32_t at = 0; at < count && added.count < FLIP_SETS_MAX; at++) {
        const struct way *before = ways->items[pairs[at].left];
        const struct way *after = more->items[pairs[at].right];
        if (before->cost == 0 || after->cost == 0) {
            added.items[added.count++] = before->cost == 0 ? after : before;
            continue;
        }
        struct way *both = ARENA_NEW(search->arena, struct way);
        if (both == NULL)
            return ERR_MEMORY;
        *both = (struct way){ before, after, pairs[at].cost, NO_INDEX };
        added.items[added.count++] = both;
    }
    *ways = added;
    return ERR_OK;
}

static enum err chain_ways(
    struct flip_search *search, const struct probe_node *node, bool wanted, struct ways *ret_ways)
{
    bool needs_all = (node->kind == PROBE_AND) == wanted;
    *ret_ways = (struct ways){ .count = 0 };
    if (needs_all)
        ret_ways->items[ret_ways->count++] = &nothing;
    for (const struct probe_node *part = node->first; part != NULL; part = part->next) {
        struct ways ways;
        TRY(solve(search, part, wanted, &ways));
        if (needs_all)
            TRY(add_up(search, ret_ways, &ways));
        else
            merge(ret_ways, &ways);
    }
    return ERR_OK;
}

/* The depth of the recursion is that of the tree: a chain is one level. */
static enum err solve(
    struct flip_search *search, const struct probe_node *node, bool wanted, struct ways *ret_ways)
{
    switch (node->kind) {
    case PROBE_LEAF:
        return leaf_ways(search, node->leaf, wanted, ret_ways);
    case PROBE_NOT:
        return solve(search, node->first, !wanted, ret_ways);
    case PROBE_USE:
        return solve(search, node->first, wanted, ret_ways);
    case PROBE_AND:
    case PROBE_OR:
        break;
    }
    return chain_ways(search, node, wanted, ret_ways);
}

static int ascending(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

/* The leaves of a way: it leans to the left as far as a chain is long. */
static void collect(const struct way *way, uint32_t *leaves, uint32_t *count)
{
    for (; way->before != NULL; way = way->before)
        collect(way->after, leaves, count);
    if (way->leaf != NO_INDEX)
        leaves[(*count)++] = way->leaf;
}

enum err flip_sets(struct flip_search *search, const struct probe_node *root, bool wanted,
    struct flip_set ret_sets[static FLIP_SETS_MAX], uint32_t *ret_count)
{
    struct ways ways;
    TRY(solve(search, root, wanted, &ways));
    for (uint32_t at = 0; at < ways.count; at++) {
        uint32_t *leaves = ARENA_ARRAY(search->arena, uint32_t, ways.items[at]->cost + 1);
        uint32_t count = 0;
        if (leaves == NULL)
            return ERR_MEMORY;
        collect(ways.items[at], leaves, &count);
        qsort(leaves, count, sizeof leaves[0], ascending);
        ret_sets[at] = (struct flip_set){ leaves, count };
    }
    *ret_count = ways.count;
    return ERR_OK;
}
