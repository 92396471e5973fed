/* witness.c - see witness.h. */
#include "match/witness.h"

#include <math.h>
#include <stdlib.h>

struct cut {
    double cost;
    bool is_own; /* the test's own predicate stands for where it leads when it holds */
};

struct choosing {
    const struct predicates *predicates;
    const struct branch *branches;
    uint32_t count;
    struct cut *cuts; /* by branch */
    bool *is_wanted;  /* by branch: its cut is part of the part's */
    uint32_t *found;
    uint32_t found_count;
};

/* Index of where a way leads, `count` for the answer "true". */
static uint32_t place_of(const struct choosing *choosing, uint16_t way)
{
    return way == ANSWER_TRUE ? choosing->count : way;
}

/* The end of the part that begins at `begin`: the first place behind it that every way from it
 * leads to, but for those that are "false" already. */
static uint32_t part_end(const struct choosing *choosing, uint32_t begin)
{
    uint32_t reach = begin;
    uint32_t at = begin;
    do {
        const struct branch *branch = &choosing->branches[at];
        const uint16_t ways[2] = { branch->on_true, branch->on_false };
        for (int way = 0; way < 2; way++)
            if (ways[way] != ANSWER_FALSE && place_of(choosing, ways[way]) > reach)
                reach = place_of(choosing, ways[way]);
        at++;
    } while (at < reach);
    return at;
}

static double cost_of_way(const struct choosing *choosing, uint16_t way, uint32_t end)
{
    if (way == ANSWER_FALSE)
        return 0;
    return place_of(choosing, way) >= end ? INFINITY : choosing->cuts[way].cost;
}

static struct cut cut_at(const struct choosing *choosing, const struct branch *branch, uint32_t end)
{
    double on_true = cost_of_way(choosing, branch->on_true, end);
    double on_false = cost_of_way(choosing, branch->on_false, end);
    double own = INFINITY;
    if (branch->predicate < PREDICATE_CONSTANT
        && choosing->predicates->items[branch->predicate].way != INDEX_NONE)
        own = choosing->predicates->items[branch->predicate].chance;
    bool is_own = own < on_true;
    if (branch->predicate == PREDICATE_CONSTANT)
        return (struct cut){ on_true, false };
    return (struct cut){ on_false + (is_own ? own : on_true), is_own };
}

static void want(const struct choosing *choosing, uint16_t way, uint32_t end)
{
    if (way != ANSWER_FALSE && place_of(choosing, way) < end)
        choosing->is_wanted[way] = true;
}

/* Add what the cut of the part is made of; the chance of it. */
static double collect(struct choosing *choosing, uint32_t begin, uint32_t end)
{
    double chance = 0;
    choosing->found_count = 0;
    for (uint32_t at = begin; at < end; at++)
        choosing->is_wanted[at] = at == begin;
    for (uint32_t at = begin; at < end; at++) {
        const struct branch *branch = &choosing->branches[at];
        if (!choosing->is_wanted[at])
            continue;
        want(choosing, branch->on_false, end);
        if (!choosing->cuts[at].is_own) {
            want(choosing, branch->on_true, end);
            continue;
        }
        choosing->found[choosing->found_count++] = branch->predicate;
        chance += choosing->predicates->items[branch->predicate].chance;
    }
    return chance > 1 ? 1 : chance;
}

static int by_number(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void keep_each_once(struct witness *witness)
{
    uint32_t kept = 0;
    qsort(witness->predicates, witness->count, sizeof *witness->predicates, by_number);
    for (uint32_t at = 0; at < witness->count; at++)
        if (kept == 0 || witness->predicates[kept - 1] != witness->predicates[at])
            witness->predicates[kept++] = witness->predicates[at];
    witness->count = kept;
}

static void offer_also(struct witness *witness, uint32_t predicate, double chance)
{
    if (witness->also != NO_INDEX && chance >= witness->also_chance)
        return;
    witness->also = predicate;
    witness->also_chance = chance;
}

/* Take the part's cut where it is better than what there was; what is not taken may still be what must
 * hold besides. */
static void consider_part(
    struct choosing *choosing, uint32_t begin, uint32_t end, struct witness *witness)
{
    for (uint32_t at = end; at-- > begin;)
        choosing->cuts[at] = cut_at(choosing, &choosing->branches[at], end);
    if (isinf(choosing->cuts[begin].cost))
        return;
    double chance = collect(choosing, begin, end);
    if (!witness->is_missing && chance >= witness->chance) {
        if (choosing->found_count == 1)
            offer_also(witness, choosing->found[0], chance);
        return;
    }
    if (!witness->is_missing && witness->count == 1)
        offer_also(witness, witness->predicates[0], witness->chance);
    memcpy(witness->predicates, choosing->found, choosing->found_count * sizeof *choosing->found);
    witness->count = choosing->found_count;
    witness->chance = chance;
    witness->is_missing = false;
}

enum err witness_choose(const struct predicates *predicates, const struct branch *branches,
    uint32_t count, struct arena *arena, struct witness *ret_witness)
{
    struct choosing choosing = { .predicates = predicates,
        .branches = branches,
        .count = count,
        .cuts = ARENA_ARRAY(arena, struct cut, (size_t)count + 1),
        .is_wanted = ARENA_ARRAY(arena, bool, (size_t)count + 1),
        .found = ARENA_ARRAY(arena, uint32_t, (size_t)count + 1) };
    struct witness witness = { .chance = 1, .is_missing = true, .also = NO_INDEX };
    witness.predicates = ARENA_ARRAY(arena, uint32_t, (size_t)count + 1);
    if (choosing.cuts == NULL || choosing.is_wanted == NULL || choosing.found == NULL
        || witness.predicates == NULL)
        return ERR_MEMORY;
    for (uint32_t begin = 0, end; begin < count; begin = end) {
        end = part_end(&choosing, begin);
        consider_part(&choosing, begin, end, &witness);
    }
    keep_each_once(&witness);
    *ret_witness = witness;
    return ERR_OK;
}
