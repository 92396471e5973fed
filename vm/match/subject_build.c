#include "match/subject_parts.h"

#include "base/fold.h"
#include "ip.h"
#include "number.h"
#include "value_set.h"

#include <sys/random.h>

/* An array that grows, in an arena of its own while the index is made. */
struct pile {
    struct arena arena;
    char *items;
    uint32_t count, room;
};

/* Tables of one part while they grow. */
struct part_draft {
    bool is_loose;
    struct points_draft folded, cased, scalars, spelled;
    bool has_numbers, has_booleans;
    struct pile networks;              /* struct network */
    struct pile ranges[RANGES_ORDERS]; /* struct range */
    struct pile unusual;               /* struct subject_test */
};

struct draft {
    struct arena *arena; /* of the index */
    struct part_draft exact, loose;
    struct pile there, nulls, texts; /* uint32_t */
};

/* ---- piles ---- */

static enum err pile_add(struct pile *pile, const void *item, size_t size)
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
    arena_release(&draft->texts.arena);
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

/* ---- constants ---- */

bool bool_spelled(str text, bool *ret_boolean)
{
    /* The longest spelling has U+017F, two bytes, for the s. */
    if (text.len < 4 || text.len > 6)
        return false;
    *ret_boolean = fold_equal(text, STR("true"));
    return *ret_boolean || fold_equal(text, STR("false"));
}

static enum err keep(struct arena *arena, value v, const value **ret_value)
{
    value *kept = ARENA_NEW(arena, value);
    if (kept == NULL)
        return ERR_MEMORY;
    *kept = v;
    *ret_value = kept;
    return ERR_OK;
}

/* What a text constant spells is what a number or truth value of a raw path equals. */
static enum err add_spelled(
    struct draft *draft, struct part_draft *part, const struct subject_test *test, str text)
{
    bool is_cased_set = test->test.right.kind == VALUE_SET && (test->test.flags & FLAG_CASED) != 0;
    const value *kept;
    value spelled;
    bool is_true;
    if (!number_parse(text, &spelled)) {
        if (!bool_spelled(text, &is_true))
            return ERR_OK;
        /* The one place where a set differs from its list: operate.c, in_set. */
        if (is_cased_set && test->test.opcode == OP_IN && !str_is(text, is_true ? "true" : "false"))
            return ERR_OK;
        spelled = value_bool(is_true);
    }
    TRY(keep(draft->arena, spelled, &kept));
    return points_add(&part->spelled, kept, test->predicate);
}

/* One constant of `=` or `in`; it stays where it is. */
static enum err add_constant(struct draft *draft, struct part_draft *part,
    const struct subject_test *test, const value *constant)
{
    bool is_cased = (test->test.flags & FLAG_CASED) != 0;
    struct network network = { .predicate = test->predicate };
    switch ((int)constant->kind) {
    case VALUE_TEXT:
        TRY(points_add(is_cased ? &part->cased : &part->folded, constant, test->predicate));
        return part->is_loose ? add_spelled(draft, part, test, value_str(*constant)) : ERR_OK;
    case VALUE_CIDR:
        if (test->test.opcode != OP_IN)
            return ERR_OK; /* equal to a network alone: ask_unusual */
        network.ip = constant->ip;
        return pile_add(&part->networks, &network, sizeof network);
    case VALUE_IP:
        network.ip = constant->ip;
        return pile_add(&part->networks, &network, sizeof network);
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
        part->has_numbers = true;
        return points_add(&part->scalars, constant, test->predicate);
    case VALUE_BOOL:
        part->has_booleans = true;
        return points_add(&part->scalars, constant, test->predicate);
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_SEVERITY:
    case VALUE_VERDICT:
        return points_add(&part->scalars, constant, test->predicate);
    default:
        return ERR_OK; /* null and the like equal nothing */
    }
}

struct constants {
    const value *items;
    uint32_t count;
};

/* The right side as a list, in the program or, of one value, in `arena`. */
static enum err constants_of(struct arena *arena, value right, struct constants *ret_constants)
{
    *ret_constants = (struct constants){ value_items(right), right.count };
    if (right.kind == VALUE_LIST || right.kind == VALUE_SET)
        return ERR_OK;
    ret_constants->count = right.kind != VALUE_ABSENT;
    return keep(arena, right, &ret_constants->items);
}

/* Whether an address or a network of the alert may equal the constant. */
static bool is_unusual(const struct part_draft *part, value constant)
{
    struct ip unused;
    return constant.kind == VALUE_IP || constant.kind == VALUE_CIDR
           || (part->is_loose && ip_parse(value_str(constant), &unused));
}

static enum err add_equal(
    struct draft *draft, struct part_draft *part, const struct subject_test *test)
{
    struct constants constants;
    bool has_unusual = false;
    TRY(constants_of(draft->arena, test->test.right, &constants));
    for (uint32_t i = 0; i < constants.count; i++) {
        TRY(add_constant(draft, part, test, &constants.items[i]));
        has_unusual = has_unusual || is_unusual(part, constants.items[i]);
    }
    return has_unusual ? pile_add(&part->unusual, test, sizeof *test) : ERR_OK;
}

/* ---- order ---- */

/* On raw paths text is a number or has no order. */
static value end_of(const struct part_draft *part, value constant)
{
    value number;
    if (constant.kind != VALUE_TEXT || !part->is_loose)
        return constant;
    return number_parse(value_str(constant), &number) ? number : VALUE_NONE;
}

static enum err add_range(struct part_draft *part, const struct subject_test *test, value constant)
{
    value end = end_of(part, constant);
    value high = end_of(part, test->test.high);
    bool is_cased = (test->test.flags & FLAG_CASED) != 0;
    enum ranges_order order = ranges_order_of(end, is_cased);
    enum opcode opcode = test->test.opcode;
    struct range range = { .predicate = test->predicate };
    bool is_below = opcode == OP_LESS || opcode == OP_LESS_EQUAL;
    if (order == RANGES_ORDERS)
        return ERR_OK; /* never holds */
    if (opcode == OP_BETWEEN && ranges_order_of(high, is_cased) != order)
        return ERR_OK;
    range.low = is_below ? VALUE_NONE : end;
    range.high = is_below ? end : opcode == OP_BETWEEN ? high : VALUE_NONE;
    range.has_low = opcode == OP_GREATER_EQUAL || opcode == OP_BETWEEN;
    range.has_high = opcode == OP_LESS_EQUAL || opcode == OP_BETWEEN;
    part->has_numbers = part->has_numbers || order == RANGES_NUMBERS;
    return pile_add(&part->ranges[order], &range, sizeof range);
}

static enum err add_order(
    struct draft *draft, struct part_draft *part, const struct subject_test *test)
{
    struct constants constants;
    if (test->test.opcode == OP_BETWEEN)
        return add_range(part, test, test->test.right);
    TRY(constants_of(draft->arena, test->test.right, &constants));
    for (uint32_t i = 0; i < constants.count; i++)
        TRY(add_range(part, test, constants.items[i]));
    return ERR_OK;
}

/* ---- tests ---- */

static enum index_way way_of(const struct test_code *test)
{
    bool is_list = test->right.kind == VALUE_LIST || test->right.kind == VALUE_SET;
    if (test->opcode == OP_EXISTS)
        return INDEX_EXACT;
    if ((test->flags & FLAG_ALL) != 0
        || ((test->flags & FLAG_ALL_RIGHT) != 0 && is_list && test->right.count != 1))
        return INDEX_NONE;
    switch ((int)test->opcode) {
    case OP_IS_NULL:
    case OP_EQUAL:
    case OP_IN:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
    case OP_BETWEEN:
        return INDEX_EXACT;
    default:
        return INDEX_NONE;
    }
}

static enum err add_test(struct draft *draft, struct subject_test *test)
{
    struct part_draft *part = (test->test.flags & FLAG_LOOSE) != 0 ? &draft->loose : &draft->exact;
    test->way = way_of(&test->test);
    if (test->way == INDEX_NONE)
        return ERR_OK;
    switch ((int)test->test.opcode) {
    case OP_EXISTS:
        return pile_add(&draft->there, &test->predicate, sizeof test->predicate);
    case OP_IS_NULL:
        return pile_add(&draft->nulls, &test->predicate, sizeof test->predicate);
    case OP_EQUAL:
    case OP_IN:
        return add_equal(draft, part, test);
    default:
        return add_order(draft, part, test);
    }
}

/* ---- the index ---- */

static enum err part_finish(
    struct part_draft *draft, struct arena *arena, struct subject_part *part)
{
    struct network *networks = (struct network *)(void *)draft->networks.items;
    part->is_loose = draft->is_loose;
    part->has_numbers = draft->has_numbers;
    part->has_booleans = draft->has_booleans;
    part->unusual_count = draft->unusual.count;
    TRY(points_finish(&draft->folded, arena, &part->folded));
    TRY(points_finish(&draft->cased, arena, &part->cased));
    TRY(points_finish(&draft->scalars, arena, &part->scalars));
    TRY(points_finish(&draft->spelled, arena, &part->spelled));
    TRY(networks_new(arena, networks, draft->networks.count, &part->networks));
    for (int order = 0; order < RANGES_ORDERS; order++) {
        const struct pile *pile = &draft->ranges[order];
        const struct range *ranges = (const struct range *)(const void *)pile->items;
        TRY(ranges_new(arena, (enum ranges_order)order, ranges, pile->count, &part->ranges[order]));
    }
    return pile_keep(&draft->unusual, arena, sizeof(struct subject_test), &part->unusual);
}

static enum err predicates_keep(
    const struct pile *pile, struct arena *arena, struct predicate_list *predicates)
{
    predicates->count = pile->count;
    return pile_keep(pile, arena, sizeof(uint32_t), &predicates->items);
}

static enum err draft_finish(struct draft *draft, struct subject_index *index)
{
    TRY(part_finish(&draft->exact, draft->arena, &index->exact));
    TRY(part_finish(&draft->loose, draft->arena, &index->loose));
    TRY(predicates_keep(&draft->there, draft->arena, &index->there));
    TRY(predicates_keep(&draft->nulls, draft->arena, &index->nulls));
    return predicates_keep(&draft->texts, draft->arena, &index->texts);
}

/* How likely a test is to hold, for comparing tests with each other. A field is taken to spread
 * evenly over the constants that rules compare it with, and one value more that is none of them:
 * rules name what occurs, and the more values they name the more there are. A list is so many times
 * as likely, but at most a coin: long ones are indicators, which are rare. Half of all values lie
 * in a range, a quarter between two ends, and null is rare. */
static double chance_of(const struct subject_test *test, double distinct)
{
    value right = test->test.right;
    double count = right.kind == VALUE_LIST || right.kind == VALUE_SET ? right.count : 1;
    double chance = count / (1 + distinct);
    if (test->way == INDEX_NONE)
        return 1;
    switch ((int)test->test.opcode) {
    case OP_EQUAL:
    case OP_IN:
        return chance < 0.5 ? chance : 0.5;
    case OP_BETWEEN:
        return 0.25;
    case OP_IS_NULL:
        return 0.1;
    default:
        return 0.5;
    }
}

static double distinct_of(const struct subject_part *part)
{
    return (double)points_count(part->folded) + points_count(part->cased)
           + points_count(part->scalars) + networks_count(part->networks);
}

enum err subject_index_new(struct arena *arena, const struct program *program,
    struct subject_test *tests, uint32_t count, const struct subject_index **ret_index)
{
    CLEANUP(draft_release) struct draft draft = { .arena = arena };
    struct subject_index *index = ARENA_NEW(arena, struct subject_index);
    if (index == NULL)
        return ERR_MEMORY;
    TRY(part_init(&draft.exact, false));
    TRY(part_init(&draft.loose, true));
    for (uint32_t i = 0; i < count; i++) {
        TRY(add_test(&draft, &tests[i]));
        bool is_loose = (tests[i].test.flags & FLAG_LOOSE) != 0;
        index->has_loose = index->has_loose || is_loose;
        index->has_exact = index->has_exact || !is_loose;
    }
    index->program = program;
    TRY(draft_finish(&draft, index));
    double distinct = distinct_of(&index->exact) + distinct_of(&index->loose);
    for (uint32_t i = 0; i < count; i++)
        tests[i].chance = chance_of(&tests[i], distinct);
    *ret_index = index;
    return ERR_OK;
}
