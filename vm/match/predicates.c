/* predicates.c - see predicates.h. */
#include "match/predicates.h"

#include "match/operate.h"

#include <stdlib.h>

enum { ROOM_FIRST = 64, FLAGS_OF_ALL = FLAG_ALL | FLAG_ALL_RIGHT };

/* ---- each once ---- */

/* Twice the room in the arena. What was there stays until the arena goes: as much again at most. */
static enum err grow(struct arena *arena, void **items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return ERR_OK;
    uint32_t wanted = *room == 0 ? ROOM_FIRST : 2 * *room;
    void *grown = arena_array(arena, wanted, size, alignof(max_align_t));
    if (grown == NULL)
        return ERR_MEMORY;
    if (count > 0)
        memcpy(grown, *items, count * size);
    *items = grown;
    *room = wanted;
    return ERR_OK;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct leaf *leaf)
{
    uint64_t hash = mix((uint64_t)leaf->kind << 8 | leaf->subject.kind, leaf->subject.index);
    for (uint32_t at = 0; leaf->kind == LEAF_TEST && at <= leaf->also; at++) {
        const struct leaf_test_code *test = &leaf[at].test;
        hash = mix(hash, (uint64_t)test->opcode << 8 | test->flags);
        hash = mix(hash, (uint64_t)test->right << 32 | test->high);
    }
    return hash;
}

static bool is_same_test(const struct leaf_test_code *a, const struct leaf_test_code *b)
{
    return a->opcode == b->opcode && a->flags == b->flags && a->right == b->right
           && a->high == b->high;
}

static bool is_of_leaf(
    const struct predicates *predicates, const struct predicate *predicate, const struct leaf *leaf)
{
    if (predicate->kind != leaf->kind || predicate->subject.kind != leaf->subject.kind
        || predicate->subject.index != leaf->subject.index)
        return false;
    if (leaf->kind == LEAF_THERE)
        return true;
    bool is_same = predicate->count == leaf->also + 1;
    for (uint32_t at = 0; is_same && at <= leaf->also; at++)
        is_same = is_same_test(&predicates->tests[predicate->first + at], &leaf[at].test);
    return is_same;
}

static enum err grow_buckets(struct predicates *predicates)
{
    uint32_t wanted =
        predicates->bucket_mask == 0 ? 4 * ROOM_FIRST : 2 * predicates->bucket_mask + 2;
    if (predicates->bucket_mask > 0 && predicates->count * 2 < predicates->bucket_mask)
        return ERR_OK;
    uint32_t *buckets = ARENA_ARRAY(predicates->arena, uint32_t, wanted);
    if (buckets == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < predicates->count; at++) {
        uint32_t to = (uint32_t)predicates->items[at].hash & (wanted - 1);
        while (buckets[to] != 0)
            to = (to + 1) & (wanted - 1);
        buckets[to] = at + 1;
    }
    predicates->buckets = buckets;
    predicates->bucket_mask = wanted - 1;
    return ERR_OK;
}

static enum err add(struct predicates *predicates, const struct leaf *leaf, uint64_t hash)
{
    TRY(grow(predicates->arena, (void **)&predicates->items, predicates->count, &predicates->room,
        sizeof *predicates->items));
    struct predicate *predicate = &predicates->items[predicates->count++];
    *predicate = (struct predicate){
        .subject = leaf->subject, .kind = leaf->kind, .hash = hash, .first = predicates->test_count
    };
    for (uint32_t at = 0; leaf->kind == LEAF_TEST && at <= leaf->also; at++) {
        TRY(grow(predicates->arena, (void **)&predicates->tests, predicates->test_count,
            &predicates->test_room, sizeof *predicates->tests));
        predicates->tests[predicates->test_count++] = leaf[at].test;
        predicate->count++;
    }
    return ERR_OK;
}

enum err predicates_add(
    struct predicates *predicates, const struct leaf *leaf, uint32_t *ret_predicate)
{
    uint64_t hash = hash_of(leaf);
    TRY(grow_buckets(predicates));
    uint32_t at = (uint32_t)hash & predicates->bucket_mask;
    for (; predicates->buckets[at] != 0; at = (at + 1) & predicates->bucket_mask) {
        *ret_predicate = predicates->buckets[at] - 1;
        if (is_of_leaf(predicates, &predicates->items[*ret_predicate], leaf))
            return ERR_OK;
    }
    *ret_predicate = predicates->count;
    predicates->buckets[at] = predicates->count + 1;
    return add(predicates, leaf, hash);
}

/* ---- indexes ---- */

uint32_t predicates_slot(const struct program *program, struct subject subject)
{
    switch (subject.kind) {
    case SUBJECT_RAW:
        return subject.index;
    case SUBJECT_FIELD:
        return program->path_count + subject.index;
    case SUBJECT_LEAVES:
        break;
    }
    return program->path_count + FIELD_COUNT;
}

const struct subject_group *predicates_group(
    const struct predicates *predicates, struct subject subject)
{
    uint32_t group = predicates->group_of[predicates_slot(predicates->program, subject)];
    return group == NO_INDEX ? NULL : &predicates->groups[group];
}

static value constant(const struct predicates *predicates, uint32_t index)
{
    return index == NO_INDEX ? VALUE_NONE : predicates->program->constants[index];
}

static bool is_indexable(uint8_t opcode)
{
    return opcode != OP_NOT_EQUAL && opcode != OP_NOT_IN && opcode != OP_NOT_BETWEEN;
}

/* How the test is put to an index. `all` tests hold for any element if they hold for all: so the
 * index is asked that, and the predicate is confirmed. */
static struct subject_test to_index(
    const struct predicates *predicates, const struct leaf_test_code *test, uint32_t predicate)
{
    return (struct subject_test){ .test = { .opcode = (enum opcode)test->opcode,
                                      .flags = test->flags & (uint8_t)~FLAGS_OF_ALL,
                                      .right = constant(predicates, test->right),
                                      .high = constant(predicates, test->high) },
        .predicate = predicate };
}

/* The tests of a subject, for its index; how many. */
static uint32_t gather(const struct predicates *predicates, const uint32_t *members, uint32_t count,
    struct subject_test *tests)
{
    uint32_t gathered = 0;
    for (uint32_t at = 0; at < count; at++) {
        const struct predicate *predicate = &predicates->items[members[at]];
        for (uint32_t test = 0; test < predicate->count; test++)
            if (is_indexable(predicates->tests[predicate->first + test].opcode))
                tests[gathered++] =
                    to_index(predicates, &predicates->tests[predicate->first + test], members[at]);
    }
    return gathered;
}

/* How likely a value of a field with few of them is at least, however many the rules name: alerts come
 * from a few products, severities are five. */
static double least_chance(struct subject subject)
{
    if (subject.kind != SUBJECT_FIELD)
        return 0;
    return subject.index == FIELD_SOURCE ? 0.3 : subject.index == FIELD_SEVERITY ? 0.2 : 0;
}

/* What an index says of one test of the predicate goes for the whole: the weakest way, and all
 * chances together. */
static void take_way(const struct predicates *predicates, const struct subject_test *test)
{
    struct predicate *predicate = &predicates->items[test->predicate];
    const struct leaf_test_code *code = &predicates->tests[predicate->first];
    enum index_way way = test->way;
    if (way == INDEX_EXACT && (code->flags & FLAGS_OF_ALL) != 0)
        way = INDEX_FILTER;
    if (way < predicate->way)
        predicate->way = way;
    double least = least_chance(predicate->subject);
    predicate->chance += test->chance > least ? test->chance : least;
    if (predicate->chance > 1)
        predicate->chance = 1;
}

static enum err index_group(struct predicates *predicates, struct subject_group *group,
    const uint32_t *members, uint32_t count)
{
    CLEANUP(arena_release) struct arena scratch = { 0 };
    size_t room = 1;
    for (uint32_t at = 0; at < count; at++)
        room += predicates->items[members[at]].count;
    struct subject_test *tests = ARENA_ARRAY(&scratch, struct subject_test, room);
    if (tests == NULL)
        return ERR_MEMORY;
    uint32_t gathered = gather(predicates, members, count, tests);
    TRY(subject_index_new(predicates->arena, predicates->program, tests, gathered,
        &predicates->row_count, &group->index));
    for (uint32_t at = 0; at < gathered; at++)
        take_way(predicates, &tests[at]);
    return ERR_OK;
}

/* The predicates in the order of their subjects: members[starts[slot]] up to starts[slot + 1]. */
static enum err sort_by_subject(const struct predicates *predicates, struct arena *scratch,
    uint32_t slots, uint32_t **ret_members, uint32_t **ret_starts)
{
    uint32_t *members = ARENA_ARRAY(scratch, uint32_t, (size_t)predicates->count + 1);
    uint32_t *starts = ARENA_ARRAY(scratch, uint32_t, (size_t)slots + 2);
    if (members == NULL || starts == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < predicates->count; at++)
        starts[predicates_slot(predicates->program, predicates->items[at].subject) + 2]++;
    for (uint32_t slot = 2; slot < slots + 2; slot++)
        starts[slot] += starts[slot - 1];
    for (uint32_t at = 0; at < predicates->count; at++)
        members[starts[predicates_slot(predicates->program, predicates->items[at].subject) + 1]++] =
            at;
    *ret_members = members;
    *ret_starts = starts;
    return ERR_OK;
}

/* Before the indexes say otherwise. */
static void assume_ways(struct predicates *predicates, struct subject_group *group,
    const uint32_t *members, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        struct predicate *predicate = &predicates->items[members[at]];
        bool is_indexed = predicate->kind == LEAF_THERE;
        for (uint32_t test = 0; test < predicate->count; test++)
            is_indexed = is_indexable(predicates->tests[predicate->first + test].opcode);
        predicate->way = is_indexed ? INDEX_EXACT : INDEX_NONE;
        predicate->chance = predicate->kind == LEAF_THERE ? CHANCE_THERE : is_indexed ? 0 : 1;
        if (predicate->kind == LEAF_THERE)
            group->there = members[at];
    }
}

enum err predicates_index(struct predicates *predicates)
{
    CLEANUP(arena_release) struct arena scratch = { 0 };
    uint32_t slots = predicates->program->path_count + FIELD_COUNT + 1;
    uint32_t *members;
    uint32_t *starts;
    TRY(sort_by_subject(predicates, &scratch, slots, &members, &starts));
    predicates->group_of = ARENA_ARRAY(predicates->arena, uint32_t, slots);
    predicates->groups =
        ARENA_ARRAY(predicates->arena, struct subject_group, (size_t)slots); /* few are empty */
    if (predicates->group_of == NULL || predicates->groups == NULL)
        return ERR_MEMORY;
    for (uint32_t slot = 0; slot < slots; slot++) {
        uint32_t count = starts[slot + 1] - starts[slot];
        predicates->group_of[slot] = NO_INDEX;
        if (count == 0)
            continue;
        struct subject_group *group = &predicates->groups[predicates->group_count];
        predicates->group_of[slot] = predicates->group_count++;
        group->subject = predicates->items[members[starts[slot]]].subject;
        group->there = NO_INDEX;
        assume_ways(predicates, group, members + starts[slot], count);
        TRY(index_group(predicates, group, members + starts[slot], count));
    }
    return ERR_OK;
}

/* ---- by itself ---- */

enum err predicates_holds(const struct predicates *predicates, uint32_t predicate, value subject,
    struct arena *scratch, bool *ret_holds)
{
    const struct predicate *asked = &predicates->items[predicate];
    uint32_t budget = INSTRUCTION_BUDGET;
    *ret_holds = false;
    for (uint32_t at = 0; at < asked->count && !*ret_holds; at++) {
        const struct leaf_test_code *test = &predicates->tests[asked->first + at];
        struct operation operation = { .opcode = (enum opcode)test->opcode,
            .flags = test->flags,
            .program = predicates->program,
            .arena = scratch,
            .budget = &budget };
        value right = constant(predicates, test->right);
        if (test->opcode == OP_EXISTS)
            *ret_holds = subject.kind != VALUE_ABSENT;
        else if (test->opcode == OP_IS_NULL)
            *ret_holds = operate_is_null(test->flags, subject);
        else if (test->opcode == OP_BETWEEN || test->opcode == OP_NOT_BETWEEN)
            TRY(operate_between(
                &operation, subject, right, constant(predicates, test->high), ret_holds));
        else
            TRY(operate(&operation, subject, right, ret_holds));
    }
    return ERR_OK;
}
