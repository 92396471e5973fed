/* The smallest change of an outcome, against trying every set of leaves on small trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flip.h"

#include <stdlib.h>

enum { LEAVES_MAX = 8, NODES_MAX = 64 };

struct grown {
    struct probe_node nodes[NODES_MAX];
    uint32_t node_count;
    uint32_t leaf_count;
    enum probe_state states[LEAVES_MAX];
    bool is_fixed[LEAVES_MAX];
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static struct probe_node *grow_tree(struct grown *grown, uint32_t *seed, int depth)
{
    struct probe_node *node = &grown->nodes[grown->node_count++];
    uint32_t turn = depth == 0 ? 0 : next_random(seed) % 8;
    *node = (struct probe_node){ .kind = PROBE_LEAF };
    if (turn <= 1 || grown->leaf_count >= LEAVES_MAX - 3 || grown->node_count > NODES_MAX - 8) {
        node->leaf = grown->leaf_count++;
        return node;
    }
    node->kind = turn == 2 ? PROBE_NOT : turn == 3 ? PROBE_USE : turn < 6 ? PROBE_AND : PROBE_OR;
    struct probe_node *last = grow_tree(grown, seed, depth - 1);
    node->first = last;
    uint32_t more = turn <= 3 ? 0 : 1 + next_random(seed) % 2;
    for (; more > 0 && grown->leaf_count < LEAVES_MAX; more--) {
        struct probe_node *part = grow_tree(grown, seed, depth - 1);
        last->next = part;
        last = part;
    }
    return node;
}

static void set_leaves(struct grown *grown, uint32_t *seed)
{
    for (uint32_t at = 0; at < grown->leaf_count; at++) {
        uint32_t turn = next_random(seed) % 10;
        grown->states[at] = turn == 0   ? PROBE_UNDECIDED
                            : turn < 4  ? PROBE_TRUE
                            : turn == 4 ? PROBE_ABSENT
                                        : PROBE_FALSE;
        grown->is_fixed[at] = next_random(seed) % 8 == 0;
    }
}

/* Whether the root is `wanted` once the leaves of `mask` are changed; false when a leaf of it
 * cannot be. */
static bool works(
    const struct grown *grown, const struct probe_node *root, uint32_t mask, bool wanted)
{
    enum probe_state states[LEAVES_MAX];
    for (uint32_t at = 0; at < grown->leaf_count; at++) {
        bool changes = (mask >> at & 1) != 0;
        states[at] = grown->states[at];
        if (changes && (states[at] == PROBE_UNDECIDED || grown->is_fixed[at]))
            return false;
        if (changes)
            states[at] = states[at] == PROBE_TRUE ? PROBE_FALSE : PROBE_TRUE;
    }
    enum probe_state state = probe_state_of(root, states);
    return state == PROBE_TRUE ? wanted : state != PROBE_UNDECIDED && !wanted;
}

static uint32_t bits_of(uint32_t mask)
{
    return (uint32_t)__builtin_popcount(mask);
}

static uint32_t mask_of(struct flip_set set)
{
    uint32_t mask = 0;
    for (uint32_t at = 0; at < set.count; at++)
        mask |= UINT32_C(1) << set.leaves[at];
    return mask;
}

static void the_first_set_is_a_minimum_and_every_set_works(void **state)
{
    (void)state;
    uint32_t seed = 11;
    uint32_t impossible = 0;
    uint32_t larger = 0;
    for (int turn = 0; turn < 20000; turn++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        struct grown grown = { .node_count = 0 };
        struct flip_set sets[FLIP_SETS_MAX];
        uint32_t count = 0;
        uint32_t least = UINT32_MAX;
        const struct probe_node *root = grow_tree(&grown, &seed, 4);
        set_leaves(&grown, &seed);
        bool wanted = turn % 2 == 0;
        struct flip_search search = { &arena, grown.states, grown.is_fixed };
        assert_int_equal(flip_sets(&search, root, wanted, sets, &count), ERR_OK);
        for (uint32_t mask = 0; mask < UINT32_C(1) << grown.leaf_count; mask++)
            if (works(&grown, root, mask, wanted) && bits_of(mask) < least)
                least = bits_of(mask);
        assert_int_equal(count == 0, least == UINT32_MAX);
        impossible += count == 0;
        for (uint32_t at = 0; at < count; at++) {
            assert_true(works(&grown, root, mask_of(sets[at]), wanted));
            assert_int_equal(bits_of(mask_of(sets[at])), sets[at].count);
            assert_true(at == 0 || sets[at - 1].count <= sets[at].count);
        }
        assert_true(count == 0 || sets[0].count == least);
        larger += count > 0 && least > 1;
    }
    assert_true(impossible > 100);
    assert_true(larger > 100);
}

/* Undecided parts that do not matter must not stand in the way. */
static void every_minimal_set_of_a_small_tree_is_found(void **state)
{
    (void)state;
    uint32_t seed = 5;
    for (int turn = 0; turn < 5000; turn++) {
        CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
        struct grown grown = { .node_count = 0 };
        struct flip_set sets[FLIP_SETS_MAX];
        uint32_t count = 0;
        const struct probe_node *root = grow_tree(&grown, &seed, 3);
        set_leaves(&grown, &seed);
        struct flip_search search = { &arena, grown.states, grown.is_fixed };
        assert_int_equal(flip_sets(&search, root, true, sets, &count), ERR_OK);
        if (count == 0 || count == FLIP_SETS_MAX)
            continue;
        for (uint32_t mask = 0; mask < UINT32_C(1) << grown.leaf_count; mask++) {
            bool is_found = !works(&grown, root, mask, true) || bits_of(mask) != sets[0].count;
            for (uint32_t at = 0; at < count; at++)
                is_found = is_found || mask_of(sets[at]) == mask;
            assert_true(is_found);
        }
    }
}

static void equal_sets_come_in_source_order(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct probe_node leaves[3];
    enum probe_state states[3] = { PROBE_FALSE, PROBE_ABSENT, PROBE_FALSE };
    struct flip_set sets[FLIP_SETS_MAX];
    uint32_t count = 0;
    for (uint32_t at = 0; at < 3; at++)
        leaves[at] = (struct probe_node){
            .kind = PROBE_LEAF, .leaf = at, .next = at < 2 ? &leaves[at + 1] : NULL
        };
    struct probe_node root = { .kind = PROBE_OR, .first = leaves };
    struct flip_search search = { &arena, states, NULL };
    assert_int_equal(flip_sets(&search, &root, true, sets, &count), ERR_OK);
    assert_int_equal(count, 3);
    for (uint32_t at = 0; at < 3; at++)
        assert_int_equal(sets[at].leaves[0], at);
}

/* One chain of 20,000 leaves, all of which must change. */
static void a_long_chain_is_no_deep_recursion(void **state)
{
    (void)state;
    enum { LONG = 20000 };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    struct probe_node *leaves = calloc(LONG, sizeof *leaves);
    enum probe_state *states = calloc(LONG, sizeof *states);
    struct flip_set sets[FLIP_SETS_MAX];
    uint32_t count = 0;
    assert_non_null(leaves);
    assert_non_null(states);
    for (uint32_t at = 0; at < LONG; at++)
        leaves[at] = (struct probe_node){
            .kind = PROBE_LEAF, .leaf = at, .next = at + 1 < LONG ? &leaves[at + 1] : NULL
        };
    struct probe_node root = { .kind = PROBE_AND, .first = leaves };
    struct flip_search search = { &arena, states, NULL };
    assert_int_equal(flip_sets(&search, &root, true, sets, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(sets[0].count, LONG);
    free(leaves);
    free(states);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_set_is_a_minimum_and_every_set_works),
        cmocka_unit_test(every_minimal_set_of_a_small_tree_is_found),
        cmocka_unit_test(equal_sets_come_in_source_order),
        cmocka_unit_test(a_long_chain_is_no_deep_recursion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
