#include "match/subject_draft.h"

#include <sys/random.h>

/* ---- piles ---- */

enum err pile_add(struct pile *pile, const void *item, size_t size)
{
    if (pile->count == pile->room) {
        struct arena arena = ARENA_INIT(0);
        uint32_t room = pile->room == 0 ? 16 : pile->room * 2;
        char *items =
            room < pile->room ? NULL : arena_array(&arena, room, size, alignof(max_align_t));
        if (items == NULL) {
            arena_release(&arena);
            return ERR_MEMORY;
        }
        if (pile->count > 0)
            memcpy(items, pile->items, pile->count * size);
        arena_release(&pile->arena);
        pile->arena = arena;
        pile->items = items;
        pile->room = room;
    }
    memcpy(pile->items + pile->count++ * size, item, size);
    return ERR_OK;
}

/* A copy of the pile in `arena`. */
static enum err pile_keep(
    const struct pile *pile, struct arena *arena, size_t size, void *ret_items)
{
    void *items = arena_array(arena, pile->count, size, alignof(max_align_t));
    if (items == NULL)
        return ERR_MEMORY;
    if (pile->count > 0)
        memcpy(items, pile->items, pile->count * size);
    memcpy(ret_items, &items, sizeof items);
    return ERR_OK;
}

static void part_release(struct part_draft *part)
{
    points_draft_release(&part->folded);
    points_draft_release(&part->cased);
    points_draft_release(&part->scalars);
    points_draft_release(&part->spelled);
    arena_release(&part->networks.arena);
    arena_release(&part->unusual.arena);
    for (int order = 0; order < RANGES_ORDERS; order++)
        arena_release(&part->ranges[order].arena);
}

static void draft_release(struct draft *draft)
{
    part_release(&draft->exact);
    part_release(&draft->loose);
    arena_release(&draft->there.arena);
    arena_release(&draft->nulls.arena);
    arena_release(&draft->literals.arena);
    arena_release(&draft->owners.arena);
}

static enum err part_init(struct part_draft *part, bool is_loose)
{
    struct points_seed seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return ERR_IO;
    *part = (struct part_draft){
        .is_loose = is_loose,
        .folded = { .kind = POINTS_FOLDED, .seed = seed },
        .cased = { .kind = POINTS_CASED, .seed = seed },
        .scalars = { .kind = POINTS_SCALARS, .seed = seed },
        .spelled = { .kind = POINTS_SCALARS, .seed = seed },
    };
    return ERR_OK;
}

/* ---- the index ---- */

static enum err part_finish(
    struct part_draft *draft, struct arena *arena, uint32_t *io_rows, struct subject_part *part)
{
    struct network *networks = (struct network *)(void *)draft->networks.items;
    part->is_loose = draft->is_loose;
    part->has_numbers = draft->has_numbers;
    part->has_booleans = draft->has_booleans;
    part->unusual_count = draft->unusual.count;
    TRY(points_finish(&draft->folded, arena, io_rows, &part->folded));
    TRY(points_finish(&draft->cased, arena, io_rows, &part->cased));
    TRY(points_finish(&draft->scalars, arena, io_rows, &part->scalars));
    TRY(points_finish(&draft->spelled, arena, io_rows, &part->spelled));
    TRY(networks_new(arena, networks, draft->networks.count, io_rows, &part->networks));
    for (int order = 0; order < RANGES_ORDERS; order++) {
        const struct pile *pile = &draft->ranges[order];
        const struct range *ranges = (const struct range *)(const void *)pile->items;
        TRY(ranges_new(
            arena, (enum ranges_order)order, ranges, pile->count, io_rows, &part->ranges[order]));
    }
    return pile_keep(&draft->unusual, arena, sizeof(struct subject_test), &part->unusual);
}

static enum err predicates_keep(
    const struct pile *pile, struct draft *draft, struct predicate_list *predicates)
{
    predicates->count = pile->count;
    predicates->row = (*draft->rows)++;
    return pile_keep(pile, draft->arena, sizeof(uint32_t), &predicates->items);
}

/* The texts looked for within texts; how likely each is weighs for its test. */
static enum err literals_finish(struct draft *draft, struct subject_index *index)
{
    struct literal *literals = (struct literal *)(void *)draft->literals.items;
    const uint32_t *owners = (const uint32_t *)(const void *)draft->owners.items;
    if (draft->literals.count == 0)
        return ERR_OK;
    struct literals_seed seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return ERR_IO;
    TRY(literals_new(
        draft->arena, seed, literals, draft->literals.count, draft->rows, &index->literals));
    for (uint32_t i = 0; i < draft->literals.count; i++)
        draft->weights[owners[i]].chance += literals[i].chance;
    return ERR_OK;
}

static enum err draft_finish(struct draft *draft, struct subject_index *index)
{
    TRY(part_finish(&draft->exact, draft->arena, draft->rows, &index->exact));
    TRY(part_finish(&draft->loose, draft->arena, draft->rows, &index->loose));
    TRY(literals_finish(draft, index));
    TRY(predicates_keep(&draft->there, draft, &index->there));
    return predicates_keep(&draft->nulls, draft, &index->nulls);
}

static double distinct_of(const struct subject_part *part)
{
    return (double)points_count(part->folded) + points_count(part->cased)
           + points_count(part->scalars);
}

/* Values of a field that no rule names: without them a rule alone would seem to want half of all. */
enum { VALUES_UNSEEN = 10 };

/* How likely a test is to be marked, for comparing tests with each other. A field is taken to spread
 * evenly over the constants that rules compare it with, and some values more that are none of them:
 * rules name what occurs, and the more values they name the more there are. A list is so many times
 * as likely, but at most a coin: long lists are of indicators, which are rare. */
static double chance_of(
    const struct subject_test *test, const struct weight *weight, double distinct)
{
    bool is_equality = test->test.opcode == OP_EQUAL || test->test.opcode == OP_IN;
    double most = is_equality ? 0.5 : 1;
    double chance = weight->chance + weight->constants / (VALUES_UNSEEN + distinct);
    if (test->way == INDEX_NONE)
        return 1;
    return chance < most ? chance : most;
}

static enum err draft_init(struct draft *draft, uint32_t count, struct arena *work)
{
    TRY(part_init(&draft->exact, false));
    TRY(part_init(&draft->loose, true));
    draft->weights = ARENA_ARRAY(work, struct weight, count);
    return draft->weights == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err draft_fill(
    struct draft *draft, struct subject_test *tests, uint32_t count, struct subject_index *index)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_loose = (tests[i].test.flags & FLAG_LOOSE) != 0;
        struct adding adding = { .draft = draft,
            .part = is_loose ? &draft->loose : &draft->exact,
            .test = &tests[i],
            .owner = i };
        TRY(subject_add(&adding));
        index->has_loose = index->has_loose || is_loose;
        index->has_exact = index->has_exact || !is_loose;
    }
    return ERR_OK;
}

enum err subject_index_new(struct arena *arena, const struct program *program,
    struct subject_test *tests, uint32_t count, uint32_t *io_rows,
    const struct subject_index **ret_index)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    CLEANUP(draft_release)
    struct draft draft = { .arena = arena, .program = program, .rows = io_rows };
    struct subject_index *index = ARENA_NEW(arena, struct subject_index);
    if (index == NULL)
        return ERR_MEMORY;
    index->program = program;
    TRY(draft_init(&draft, count, &work));
    TRY(draft_fill(&draft, tests, count, index));
    TRY(draft_finish(&draft, index));
    double distinct = distinct_of(&index->exact) + distinct_of(&index->loose);
    for (uint32_t i = 0; i < count; i++)
        tests[i].chance = chance_of(&tests[i], &draft.weights[i], distinct);
    *ret_index = index;
    return ERR_OK;
}
