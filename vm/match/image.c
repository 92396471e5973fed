/* image.c - see image.h. */
#include "match/image_private.h"

#include <stdlib.h>

/* What one condition needs is given back once so much has gathered. */
enum { SCRATCH_BYTES = 1024 * 1024 };

struct building {
    struct match_image *image;
    struct arena *arena;
    struct arena scratch; /* of a few conditions */
    uint32_t branch_room;
};

static struct arena *scratch_of(struct building *building)
{
    if (building->scratch.held > SCRATCH_BYTES)
        arena_release(&building->scratch);
    return &building->scratch;
}

/* ---- conditions to branches ---- */

static enum err room_for(struct building *building, uint32_t count)
{
    struct match_image *image = building->image;
    if (building->branch_room - image->branch_count >= count)
        return ERR_OK;
    uint32_t wanted = 2 * building->branch_room + count;
    struct branch *grown = ARENA_ARRAY(building->arena, struct branch, wanted);
    if (grown == NULL)
        return ERR_MEMORY;
    if (image->branch_count > 0)
        memcpy(grown, image->branches, image->branch_count * sizeof *grown);
    image->branches = grown;
    building->branch_room = wanted;
    return ERR_OK;
}

static uint16_t way_of(const uint32_t *places, uint32_t way)
{
    if (way == BRANCH_TRUE)
        return ANSWER_TRUE;
    return way == BRANCH_FALSE ? ANSWER_FALSE : (uint16_t)places[way];
}

static enum err predicate_of(struct building *building, const struct leaf *leaf, uint32_t *ret)
{
    switch (leaf->kind) {
    case LEAF_TEST:
    case LEAF_THERE:
        return predicates_add(&building->image->predicates, leaf, ret);
    case LEAF_CONSTANT:
        *ret = PREDICATE_CONSTANT;
        return ERR_OK;
    case LEAF_OPAQUE:
        break;
    }
    *ret = PREDICATE_OPAQUE;
    return ERR_OK;
}

/* The leaves as branches; those that belong to another are part of its predicate. */
static enum err add_branches(struct building *building, const struct branches *read,
    uint32_t *places, struct match_condition *condition)
{
    struct match_image *image = building->image;
    uint32_t count = 0;
    for (uint32_t at = 0; at < read->count; at += read->leaves[at].also + 1)
        places[at] = count++;
    if (count > BRANCHES_MAX) {
        image->branches[image->branch_count++] =
            (struct branch){ PREDICATE_OPAQUE, ANSWER_TRUE, ANSWER_FALSE };
        condition->count = 1;
        return ERR_OK;
    }
    condition->count = count;
    condition->is_exact = true;
    for (uint32_t at = 0; at < read->count; at += read->leaves[at].also + 1) {
        const struct leaf *leaf = &read->leaves[at];
        struct branch *branch = &image->branches[image->branch_count++];
        TRY(predicate_of(building, leaf, &branch->predicate));
        branch->on_true = way_of(places, leaf->on_true);
        branch->on_false = way_of(places, leaf->on_false);
        condition->is_exact = condition->is_exact && branch->predicate != PREDICATE_OPAQUE;
    }
    return ERR_OK;
}

static void add_head(struct match_image *image, struct match_condition *condition)
{
    image->branches[image->branch_count++] =
        (struct branch){ .predicate = image->condition_count++ };
    condition->first = image->branch_count;
}

static enum err add_condition(struct building *building, uint32_t start)
{
    struct arena *scratch = scratch_of(building);
    struct match_image *image = building->image;
    struct match_condition *condition = &image->conditions[image->condition_count];
    struct branches read;
    TRY(branches_read(image->program, start, scratch, &read));
    uint32_t *places = ARENA_ARRAY(scratch, uint32_t, (size_t)read.count + 1);
    if (places == NULL)
        return ERR_MEMORY;
    TRY(room_for(building, read.count + 2));
    add_head(image, condition);
    return add_branches(building, &read, places, condition);
}

/* A source without an accept condition takes nothing by itself. */
static enum err add_source(struct building *building, const struct source_program *source)
{
    struct match_image *image = building->image;
    if (source->accept != NO_INDEX)
        return add_condition(building, source->accept);
    TRY(room_for(building, 2));
    struct match_condition *condition = &image->conditions[image->condition_count];
    *condition = (struct match_condition){ .count = 1, .is_exact = true };
    add_head(image, condition);
    image->branches[image->branch_count++] =
        (struct branch){ PREDICATE_CONSTANT, ANSWER_FALSE, ANSWER_FALSE };
    return ERR_OK;
}

static enum err add_conditions(struct building *building)
{
    struct match_image *image = building->image;
    const struct program *program = image->program;
    image->conditions = ARENA_ARRAY(building->arena, struct match_condition,
        (size_t)program->rule_count + program->source_count + 1);
    if (image->conditions == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < program->rule_count; at++)
        TRY(add_condition(building, program->rules[at].condition));
    for (uint32_t at = 0; image->asks_source && at < program->source_count; at++)
        TRY(add_source(building, &program->sources[at]));
    return ERR_OK;
}

/* A source that somebody wrote may reach a limit, and then the alert is refused, whatever rules ask. */
static bool asks_source(const struct program *program)
{
    for (uint32_t at = 0; at < program->source_count; at++)
        if (!program->sources[at].is_shipped)
            return true;
    for (uint32_t at = 0; at < program->code_count; at++)
        if (program->code[at].opcode == OP_FIELD || program->code[at].opcode == OP_LOST)
            return true;
    for (uint32_t at = 0; at < program->step_count; at++)
        if (!builtin_is_alone(program->steps[at].builtin))
            return true;
    return false;
}

bool match_image_asks_source(const struct match_image *image)
{
    return image->asks_source;
}

/* ---- witnesses ---- */

static enum err choose_witness(struct building *building, uint32_t index, uint32_t *room)
{
    struct match_image *image = building->image;
    struct match_condition *condition = &image->conditions[index];
    struct postings *witnesses = &image->witnesses;
    uint32_t start = witnesses->starts[index];
    struct witness chosen;
    TRY(witness_choose(&image->predicates, image->branches + condition->first, condition->count,
        scratch_of(building), &chosen));
    condition->is_always = chosen.is_missing;
    condition->chance = chosen.chance;
    condition->also = chosen.also;
    image->branches[condition->first - 1].on_true = chosen.count > 1;
    if (*room - start < chosen.count) {
        uint32_t wanted = 2 * *room + chosen.count;
        uint32_t *grown = ARENA_ARRAY(building->arena, uint32_t, wanted);
        if (grown == NULL)
            return ERR_MEMORY;
        if (start > 0)
            memcpy(grown, witnesses->items, start * sizeof *grown);
        witnesses->items = grown;
        *room = wanted;
    }
    memcpy(witnesses->items + start, chosen.predicates, chosen.count * sizeof(uint32_t));
    witnesses->starts[index + 1] = start + chosen.count;
    return ERR_OK;
}

static enum err choose_witnesses(struct building *building)
{
    struct match_image *image = building->image;
    uint32_t room = image->condition_count + 1; /* most have one */
    image->witnesses.starts =
        ARENA_ARRAY(building->arena, uint32_t, (size_t)image->condition_count + 1);
    image->witnesses.items = ARENA_ARRAY(building->arena, uint32_t, room);
    if (image->witnesses.starts == NULL || image->witnesses.items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < image->condition_count; at++)
        TRY(choose_witness(building, at, &room));
    return ERR_OK;
}

/* ---- postings ---- */

/* The witnesses of the conditions from `begin` to `end`, turned round. Items count from `begin`. */
static enum err turn_round(
    const struct building *building, uint32_t begin, uint32_t end, struct postings *ret_postings)
{
    const struct match_image *image = building->image;
    const struct postings *witnesses = &image->witnesses;
    uint32_t predicates = image->predicates.count;
    uint32_t first = witnesses->starts[begin];
    uint32_t last = witnesses->starts[end];
    uint32_t *starts = ARENA_ARRAY(building->arena, uint32_t, (size_t)predicates + 2);
    uint32_t *items = ARENA_ARRAY(building->arena, uint32_t, (size_t)(last - first) + 1);
    if (starts == NULL || items == NULL)
        return ERR_MEMORY;
    /* Counted two places on, so that filling moves each start to where it belongs. */
    for (uint32_t at = first; at < last; at++)
        starts[witnesses->items[at] + 2]++;
    for (uint32_t at = 2; at < predicates + 2; at++)
        starts[at] += starts[at - 1];
    for (uint32_t condition = begin; condition < end; condition++)
        for (uint32_t at = witnesses->starts[condition]; at < witnesses->starts[condition + 1];
             at++)
            items[starts[witnesses->items[at] + 1]++] = condition - begin;
    *ret_postings = (struct postings){ starts, items };
    return ERR_OK;
}

static int by_also(const void *a, const void *b, void *conditions)
{
    uint32_t left = ((const struct match_condition *)conditions)[*(const uint32_t *)a].also;
    uint32_t right = ((const struct match_condition *)conditions)[*(const uint32_t *)b].also;
    return (left > right) - (left < right);
}

/* Put the rules of each predicate in groups that need the same one besides. */
static enum err group_rules(struct building *building)
{
    struct match_image *image = building->image;
    uint32_t predicates = image->predicates.count;
    const uint32_t *starts = image->of_rules.starts;
    uint32_t *items = image->of_rules.items;
    uint32_t count = 0;
    image->group_starts = ARENA_ARRAY(building->arena, uint32_t, (size_t)predicates + 1);
    image->groups =
        ARENA_ARRAY(building->arena, struct match_group, (size_t)starts[predicates] + 1);
    if (image->group_starts == NULL || image->groups == NULL)
        return ERR_MEMORY;
    for (uint32_t predicate = 0; predicate < predicates; predicate++) {
        uint32_t begin = starts[predicate];
        uint32_t rules = starts[predicate + 1] - begin;
        bool is_split = rules >= SPLIT_LEAST;
        if (is_split)
            qsort_r(items + begin, rules, sizeof *items, by_also, image->conditions);
        for (uint32_t at = begin; at < begin + rules; at++) {
            uint32_t also = is_split ? image->conditions[items[at]].also : NO_INDEX;
            if (at == begin || also != image->groups[count - 1].also)
                image->groups[count++] = (struct match_group){ also, at };
        }
        image->group_starts[predicate + 1] = count;
    }
    for (uint32_t at = 0; at < starts[predicates]; at++)
        items[at] = image->conditions[items[at]].first;
    image->groups[count] = (struct match_group){ NO_INDEX, starts[predicates] };
    return ERR_OK;
}

/* The conditions from `begin` to `end` without a witness, counted from there. */
static enum err find_always(const struct building *building, uint32_t begin, uint32_t end,
    uint32_t **ret_items, uint32_t *ret_count)
{
    uint32_t *items = ARENA_ARRAY(building->arena, uint32_t, (size_t)(end - begin) + 1);
    uint32_t count = 0;
    if (items == NULL)
        return ERR_MEMORY;
    for (uint32_t at = begin; at < end; at++)
        if (building->image->conditions[at].is_always)
            items[count++] = at - begin;
    *ret_items = items;
    *ret_count = count;
    return ERR_OK;
}

static enum err make_postings(struct building *building)
{
    struct match_image *image = building->image;
    uint32_t rules = image->program->rule_count;
    uint32_t all = image->condition_count;
    TRY(turn_round(building, 0, rules, &image->of_rules));
    TRY(group_rules(building));
    TRY(turn_round(building, rules, all, &image->of_sources));
    TRY(find_always(building, 0, rules, &image->always, &image->always_count));
    for (uint32_t at = 0; at < image->always_count; at++)
        image->always[at] = image->conditions[image->always[at]].first;
    return find_always(building, rules, all, &image->always_sources, &image->always_source_count);
}

/* ---- what is read of an alert ---- */

/* Fields that rules ask for, and those that these are made of. */
static void find_wanted_fields(struct match_image *image)
{
    for (uint32_t field = 0; field < FIELD_COUNT; field++) {
        struct subject subject = { SUBJECT_FIELD, field };
        const struct subject_group *group = predicates_group(&image->predicates, subject);
        image->wanted[field] = group != NULL;
        if (group != NULL)
            image->field_groups[image->field_group_count++] = group;
        image->wants_fields |= image->wanted[field] && field != FIELD_SOURCE;
    }
    image->wanted[FIELD_ALERT_TIME] |= image->wanted[FIELD_TIME];
}

static void want_paths_of(
    const struct match_image *image, const struct source_program *source, bool *is_wanted)
{
    for (uint32_t at = 0; image->wants_fields && at < source->mapping_count; at++) {
        const struct instruction *in = &image->program->code[source->mappings[at].start];
        for (; image->wanted[source->mappings[at].field] && in->opcode != OP_RETURN; in++)
            if (in->opcode == OP_RAW)
                is_wanted[in->a] = true;
    }
}

/* Of the hundreds of paths that the sources know, those that are asked about and those that wanted fields
 * are made of: every other key is passed over. */
static enum err find_paths(struct building *building, str *paths)
{
    CLEANUP(arena_release) struct arena scratch = { 0 };
    struct match_image *image = building->image;
    const struct program *program = image->program;
    bool *is_wanted = ARENA_ARRAY(&scratch, bool, (size_t)program->path_count + 1);
    if (is_wanted == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < program->source_count; at++)
        want_paths_of(image, &program->sources[at], is_wanted);
    for (uint32_t at = 0; at < program->path_count; at++) {
        struct subject subject = { SUBJECT_RAW, at };
        image->raw_groups[at] = predicates_group(&image->predicates, subject);
        if (image->raw_groups[at] == NULL && !is_wanted[at])
            continue;
        image->read_groups[image->read_count] = image->raw_groups[at];
        image->read_paths[image->read_count] = at;
        paths[image->read_count++] = program->paths[at];
    }
    return ERR_OK;
}

static enum err plan_reading(struct building *building)
{
    static const str own[OWN_PATHS] = {
        [PATH_SOURCE] = { "source", 6 },
        [PATH_FINDINGS] = { "detail.findings", 15 },
        [PATH_RECORDS] = { "Records", 7 },
        [PATH_FOUND] = { "Findings", 8 },
    };
    struct match_image *image = building->image;
    struct arena *arena = building->arena;
    size_t most = (size_t)image->program->path_count + OWN_PATHS;
    str *paths = ARENA_ARRAY(arena, str, most);
    image->raw_groups = ARENA_ARRAY(arena, const struct subject_group *, most);
    image->read_groups = ARENA_ARRAY(arena, const struct subject_group *, most);
    image->read_paths = ARENA_ARRAY(arena, uint32_t, most);
    if (paths == NULL || image->raw_groups == NULL || image->read_groups == NULL
        || image->read_paths == NULL)
        return ERR_MEMORY;
    find_wanted_fields(image);
    TRY(find_paths(building, paths));
    memcpy(paths + image->read_count, own, sizeof own);
    image->wants_leaves =
        predicates_group(&image->predicates, (struct subject){ SUBJECT_LEAVES, 0 }) != NULL;
    return skim_plan_new(arena, paths, image->read_count + OWN_PATHS, &image->plan);
}

/* So that the row says itself which of its tests must be asked again. */
static void flag_branches(struct match_image *image)
{
    for (uint32_t condition = 0; condition < image->condition_count; condition++)
        for (uint32_t at = 0; at < image->conditions[condition].count; at++) {
            uint32_t *predicate =
                &image->branches[image->conditions[condition].first + at].predicate;
            if (*predicate < PREDICATE_CONSTANT
                && image->predicates.items[*predicate].way != INDEX_EXACT)
                *predicate |= PREDICATE_CONFIRM;
        }
}

static enum err build(struct building *building)
{
    TRY(add_conditions(building));
    TRY(predicates_index(&building->image->predicates));
    TRY(choose_witnesses(building));
    TRY(make_postings(building));
    flag_branches(building->image);
    return plan_reading(building);
}

enum err match_image_new(
    struct arena *arena, const struct program *program, const struct match_image **ret_image)
{
    size_t held = arena->held;
    struct building building = { .image = ARENA_NEW(arena, struct match_image), .arena = arena };
    if (building.image == NULL)
        return ERR_MEMORY;
    building.image->program = program;
    building.image->asks_source = asks_source(program);
    building.image->predicates = (struct predicates){ .arena = arena, .program = program };
    enum err err = build(&building);
    arena_release(&building.scratch);
    building.image->bytes = arena->held - held;
    *ret_image = building.image;
    return err;
}

/* ---- told ---- */

struct match_figures match_image_figures(const struct match_image *image)
{
    struct match_figures figures = { .predicates = image->predicates.count,
        .always_rules = image->always_count,
        .bytes = image->bytes };
    for (uint32_t at = 0; at < image->predicates.count; at++)
        figures.indexed += image->predicates.items[at].way != INDEX_NONE;
    for (uint32_t at = 0; at < image->program->rule_count; at++) {
        figures.exact_rules += image->conditions[at].is_exact;
        figures.candidates += image->conditions[at].is_always ? 1 : image->conditions[at].chance;
    }
    return figures;
}
