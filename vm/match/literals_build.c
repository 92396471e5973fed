#include "match/literals_table.h"

#include "base/fold.h"
#include "match/gram_frequency.h"
#include "match/literals_sum.h"

/* A needle on its way into the table. */
struct draft {
    str bytes;        /* as it is compared */
    str lowered;      /* letters of ASCII lowered: windows are of these */
    uint32_t literal; /* the first that is it */
    uint32_t before;  /* bytes in front of the window chosen */
    uint32_t gram;
    uint32_t next;           /* in its layer, + 1; 0: the last */
    uint32_t equal;          /* literals that equal it, but for the first */
    uint32_t shared;         /* as in struct needle */
    const uint8_t *rarities; /* of its grams of four, two or one */
};

/* A layer on its way: how many needles each window has so far. */
struct layer_draft {
    struct window_slot *slots;
    uint32_t slot_shift;
    uint32_t first, count; /* drafts of it: the first, + 1 */
};

struct builder {
    struct arena *arena; /* what stays */
    struct arena *work;  /* what does not */
    const struct literal *literals;
    uint32_t literal_count;
    uint32_t *draft_of; /* by literal: its draft, + 1; 0 of the empty ones */
    struct draft *drafts;
    uint32_t draft_count;
    struct literals_seed seed;
    uint32_t multiplier; /* odd, of the seed */
    struct layer_draft *layers[LITERAL_END + 1][WINDOW_MAX + 1];
};

/* A literal at one place of a text is so much less likely than anywhere. */
enum { PLACES_TO_ONE = 8 };

static uint32_t log2_above(uint32_t number)
{
    uint32_t log = 0;
    while (log < 31 && (UINT32_C(1) << log) < number)
        log++;
    return log;
}

uint32_t window_hash(const char *lowered, uint32_t width)
{
    uint64_t hash = 0;
    for (uint32_t at = 0; at < width; at += 8) {
        uint64_t word = 0;
        memcpy(&word, lowered + at, width - at < 8 ? width - at : 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

/* With room for reading four bytes at each place. */
static str lower_copy(struct arena *arena, str text)
{
    char *bytes = arena_array(arena, text.len + 4, 1, 1);
    if (bytes == NULL)
        return (str){ NULL, 0 };
    for (size_t at = 0; at < text.len; at++)
        bytes[at] = (char)lowered_byte((unsigned char)text.ptr[at]);
    return (str){ bytes, text.len };
}

static uint64_t text_hash(uint64_t seed, str text)
{
    uint64_t hash = seed; /* FNV-1a, but for where it begins */
    for (size_t at = 0; at < text.len; at++)
        hash = (hash ^ (unsigned char)text.ptr[at]) * 0x100000001B3;
    return hash ^ hash >> 29;
}

/* The text as it is compared and lowered, and its chance. */
static enum err draft_read(struct builder *builder, struct literal *literal, struct draft *draft)
{
    if (literal->is_cased) {
        draft->bytes = arena_copy(builder->arena, literal->text);
        draft->lowered = lower_copy(builder->work, literal->text);
    } else {
        draft->bytes = draft->lowered = fold_copy(builder->arena, literal->text);
    }
    if (draft->bytes.ptr == NULL || draft->lowered.ptr == NULL)
        return ERR_MEMORY;
    size_t length = draft->lowered.len;
    uint32_t width = gram_width(length);
    uint8_t *rarities = ARENA_ARRAY(builder->work, uint8_t, length + 1);
    if (rarities == NULL)
        return ERR_MEMORY;
    draft->rarities = rarities;
    literal->chance = gram_chance(length, gram_rarities(draft->lowered, width, rarities));
    if (literal->place != LITERAL_ANYWHERE && length > 0)
        literal->chance /= PLACES_TO_ONE;
    return ERR_OK;
}

static bool is_same(const struct builder *builder, const struct draft *a, const struct draft *b)
{
    const struct literal *left = &builder->literals[a->literal];
    const struct literal *right = &builder->literals[b->literal];
    return left->place == right->place && left->is_cased == right->is_cased
           && str_equal(a->bytes, b->bytes);
}

/* One draft for all literals that are equal. */
static enum err drafts_make(struct builder *builder, struct literal *literals)
{
    uint32_t mask = (UINT32_C(2) << log2_above(builder->literal_count)) - 1;
    uint32_t *seen = ARENA_ARRAY(builder->work, uint32_t, (size_t)mask + 1);
    if (seen == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < builder->literal_count; i++) {
        struct draft *draft = &builder->drafts[builder->draft_count];
        *draft = (struct draft){ .literal = i };
        TRY(draft_read(builder, &literals[i], draft));
        if (draft->bytes.len == 0)
            continue;
        uint64_t hash = text_hash(builder->seed.table, draft->bytes);
        uint32_t at = (uint32_t)hash & mask;
        while (seen[at] != 0 && !is_same(builder, &builder->drafts[seen[at] - 1], draft))
            at = (at + 1) & mask;
        if (seen[at] == 0)
            seen[at] = ++builder->draft_count;
        builder->draft_of[i] = seen[at];
    }
    return ERR_OK;
}

/* A row for each draft that several literals are. */
static enum err more_rows_make(struct builder *builder, struct literals *literals)
{
    uint32_t first = 0;
    struct more_row *rows;
    for (uint32_t i = 0; i < builder->literal_count; i++) {
        if (builder->draft_of[i] == 0)
            continue;
        struct draft *draft = &builder->drafts[builder->draft_of[i] - 1];
        if (draft->literal != i && draft->equal++ == 0)
            draft->shared = ++literals->shared_count;
    }
    rows = ARENA_ARRAY(builder->arena, struct more_row, (size_t)literals->shared_count + 1);
    if (rows == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < builder->draft_count; i++) {
        const struct draft *draft = &builder->drafts[i];
        if (draft->shared != 0)
            rows[draft->shared] = (struct more_row){ first, first };
        first += draft->equal;
    }
    uint32_t *predicates = ARENA_ARRAY(builder->arena, uint32_t, (size_t)first + 1);
    if (predicates == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < builder->literal_count; i++) {
        if (builder->draft_of[i] == 0)
            continue;
        const struct draft *draft = &builder->drafts[builder->draft_of[i] - 1];
        if (draft->literal != i)
            predicates[rows[draft->shared].last++] = builder->literals[i].predicate;
    }
    literals->more = rows;
    literals->predicates = predicates;
    return ERR_OK;
}

static enum err always_collect(const struct builder *builder, struct literals *literals)
{
    for (uint32_t i = 0; i < builder->literal_count; i++)
        literals->always_count += builder->draft_of[i] == 0;
    uint32_t *always = ARENA_ARRAY(builder->arena, uint32_t, (size_t)literals->always_count + 1);
    if (always == NULL)
        return ERR_MEMORY;
    literals->always = always;
    for (uint32_t i = 0; i < builder->literal_count; i++)
        if (builder->draft_of[i] == 0)
            *always++ = builder->literals[i].predicate;
    return ERR_OK;
}

static enum err layer_find(struct builder *builder, enum literal_place place, uint32_t width,
    struct layer_draft **ret_layer)
{
    struct layer_draft **layer = &builder->layers[place][width];
    *ret_layer = *layer;
    if (*layer != NULL)
        return ERR_OK;
    uint32_t log = log2_above(builder->draft_count) + 1;
    *ret_layer = *layer = ARENA_NEW(builder->work, struct layer_draft);
    if (*layer == NULL)
        return ERR_MEMORY;
    (*layer)->slot_shift = 32 - log;
    (*layer)->slots = ARENA_ARRAY(builder->work, struct window_slot, (size_t)1 << log);
    return (*layer)->slots == NULL ? ERR_MEMORY : ERR_OK;
}

/* The slot that has the window, or the free one where it would go. */
static struct window_slot *slot_find(
    const struct builder *builder, const struct layer_draft *layer, uint32_t gram)
{
    uint32_t mask = (UINT32_C(1) << (32 - layer->slot_shift)) - 1;
    uint32_t at = gram * builder->multiplier >> layer->slot_shift;
    while (layer->slots[at].count != 0 && layer->slots[at].gram != gram)
        at = (at + 1) & mask;
    return &layer->slots[at];
}

/* Eight times log2 of one more than the needles that a window has: a place with n needles under it
 * costs as n places with one. */
static const uint8_t crowding[CHAIN_MAX] = { 0, 8, 13, 16, 19, 21, 22, 24 };

/* Choose the window that costs least: seldom, with few needles under it. False when all chains are full,
 * unless `is_last`, where one is made longer. */
static bool window_choose(const struct builder *builder, const struct layer_draft *layer,
    struct draft *draft, uint32_t width, bool is_last)
{
    uint32_t most = 0;
    bool is_gram = width == gram_width(draft->lowered.len);
    enum literal_place place = builder->literals[draft->literal].place;
    size_t last = draft->lowered.len - width;
    size_t first = place == LITERAL_END ? last : 0;
    if (place == LITERAL_START)
        last = 0;
    for (size_t at = first; at <= last; at++) {
        /* 32 more than any crowding: 0 stays the mark of none. */
        uint32_t rarity = 32 + (is_gram ? draft->rarities[at] : UINT32_C(1));
        if (rarity <= most)
            continue;
        uint32_t gram = window_gram(draft->lowered.ptr + at, width);
        uint32_t count = slot_find(builder, layer, gram)->count;
        if (count >= CHAIN_MAX && !is_last)
            continue;
        rarity -= count < CHAIN_MAX ? crowding[count] : 31;
        if (rarity <= most)
            continue;
        most = rarity;
        draft->before = (uint32_t)at;
        draft->gram = gram;
    }
    return most > 0;
}

/* The widths of windows that a needle may have, in the order they are tried; the last of them takes
 * it whatever its chains are. At one place there is no choice of windows, so wide ones come first. */
static uint32_t widths_of(enum literal_place place, size_t length, uint32_t ret_widths[static 8])
{
    static const uint32_t anywhere[] = { 4, 8, 16, 32, 64 };
    static const uint32_t at_one_place[] = { 8, 16, 32, 64 };
    const uint32_t *widths = place == LITERAL_ANYWHERE ? anywhere : at_one_place;
    size_t known = place == LITERAL_ANYWHERE ? COUNT_OF(anywhere) : COUNT_OF(at_one_place);
    uint32_t count = 0;
    for (size_t i = 0; i < known && widths[i] <= length; i++)
        ret_widths[count++] = widths[i];
    if (count == 0)
        ret_widths[count++] = gram_width(length);
    if (length < WINDOW_MAX && ret_widths[count - 1] != length)
        ret_widths[count++] = (uint32_t)length;
    return count;
}

static enum err draft_file(struct builder *builder, uint32_t index)
{
    struct draft *draft = &builder->drafts[index];
    enum literal_place place = builder->literals[draft->literal].place;
    uint32_t widths[8];
    uint32_t count = widths_of(place, draft->lowered.len, widths);
    for (uint32_t i = 0; i < count; i++) {
        struct layer_draft *layer;
        TRY(layer_find(builder, place, widths[i], &layer));
        if (!window_choose(builder, layer, draft, widths[i], i + 1 == count))
            continue;
        struct window_slot *slot = slot_find(builder, layer, draft->gram);
        slot->gram = draft->gram;
        slot->count++;
        draft->next = layer->first;
        layer->first = index + 1;
        layer->count++;
        return ERR_OK;
    }
    return ERR_OK;
}

/* Short needles first: they have the fewest windows to choose from. */
static enum err drafts_file(struct builder *builder)
{
    enum { LENGTHS = 128 };
    uint32_t ends[LENGTHS + 1] = { 0 };
    uint32_t *order = ARENA_ARRAY(builder->work, uint32_t, (size_t)builder->draft_count + 1);
    if (order == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < builder->draft_count; i++) {
        size_t length = builder->drafts[i].lowered.len;
        ends[(length < LENGTHS ? length : LENGTHS - 1) + 1]++;
    }
    for (uint32_t length = 0; length < LENGTHS; length++)
        ends[length + 1] += ends[length];
    for (uint32_t i = 0; i < builder->draft_count; i++) {
        size_t length = builder->drafts[i].lowered.len;
        order[ends[length < LENGTHS ? length : LENGTHS - 1]++] = i;
    }
    for (uint32_t i = 0; i < builder->draft_count; i++)
        TRY(draft_file(builder, order[i]));
    return ERR_OK;
}

static struct needle needle_of(
    const struct builder *builder, const struct draft *draft, uint64_t base)
{
    const struct literal *literal = &builder->literals[draft->literal];
    struct needle needle = {
        .bytes = draft->bytes.ptr,
        .length = (uint32_t)draft->bytes.len,
        .before = draft->before,
        .predicate = literal->predicate,
        .shared = draft->shared,
        .is_cased = literal->is_cased,
    };
    if (needle.length <= sizeof needle.small)
        memcpy(needle.small, needle.bytes, needle.length);
    else
        needle.power = 1;
    for (size_t at = 0; needle.length > SHORT_NEEDLE_MAX && at < needle.length; at++) {
        needle.sum = sum_next(needle.sum, base, (unsigned char)needle.bytes[at]);
        needle.power = sum_times(needle.power, base);
    }
    size_t behind = draft->lowered.len - draft->before;
    size_t known = behind < 8 ? behind : 8;
    memcpy(&needle.word, draft->lowered.ptr + draft->before, known);
    memset(&needle.mask, 0xFF, known);
    return needle;
}

/* Bits per needle in a bitmap, as a power of two: of the places without a needle one in 256 to 512
 * gets through. What is asked at each place has to stay in the first cache, though; past that a second
 * bitmap is asked about the few that the first lets through. */
enum { BITS_LOG = 8, BITMAP_LOG_LEAST = 12, BITMAP_LOG_MOST = 18, SECOND_LOG_MOST = 21 };

static enum err bitmaps_make(struct arena *arena, uint32_t needles, struct layer *layer)
{
    uint32_t wanted = log2_above(needles) + BITS_LOG;
    uint32_t log = wanted < BITMAP_LOG_LEAST ? BITMAP_LOG_LEAST : wanted;
    log = log < BITMAP_LOG_MOST ? log : BITMAP_LOG_MOST;
    layer->bitmap_shift = 32 - log;
    layer->bitmap = ARENA_ARRAY(arena, uint32_t, (size_t)1 << (log - 5));
    if (layer->bitmap == NULL)
        return ERR_MEMORY;
    if (wanted <= BITMAP_LOG_MOST)
        return ERR_OK;
    log = wanted < SECOND_LOG_MOST ? wanted : SECOND_LOG_MOST;
    layer->second_shift = 32 - log;
    layer->second = ARENA_ARRAY(arena, uint32_t, (size_t)1 << (log - 5));
    return layer->second == NULL ? ERR_MEMORY : ERR_OK;
}

static void bitmaps_add(struct layer *layer, uint32_t gram)
{
    uint32_t bit = window_bit(layer, gram);
    layer->bitmap[bit / 32] |= UINT32_C(1) << bit % 32;
    if (layer->second == NULL)
        return;
    bit = second_bit(layer, gram);
    layer->second[bit / 32] |= UINT32_C(1) << bit % 32;
}

static enum err layer_fill(const struct builder *builder, enum literal_place place, uint32_t width,
    const struct layer_draft *draft, uint64_t base, struct layer *layer)
{
    uint32_t slot_log = log2_above(draft->count) + 1;
    struct needle *needles = ARENA_ARRAY(builder->arena, struct needle, draft->count);
    struct layer_draft table = { .slot_shift = 32 - slot_log };
    table.slots = ARENA_ARRAY(builder->arena, struct window_slot, (size_t)1 << slot_log);
    if (needles == NULL || table.slots == NULL)
        return ERR_MEMORY;
    *layer = (struct layer){ .place = place,
        .width = width,
        .slot_shift = 32 - slot_log,
        .multiplier = builder->multiplier,
        .slots = table.slots,
        .needles = needles,
        .needle_count = draft->count };
    TRY(bitmaps_make(builder->arena, draft->count, layer));
    for (uint32_t at = draft->first; at != 0; at = builder->drafts[at - 1].next) {
        uint32_t gram = builder->drafts[at - 1].gram;
        struct window_slot *slot = slot_find(builder, &table, gram);
        slot->gram = gram;
        slot->count++;
        bitmaps_add(layer, gram);
    }
    for (uint32_t i = 0, first = 0; i < UINT32_C(1) << slot_log; i++) {
        first += table.slots[i].count;
        table.slots[i].first = first;
    }
    for (uint32_t at = draft->first; at != 0; at = builder->drafts[at - 1].next) {
        const struct draft *own = &builder->drafts[at - 1];
        needles[--slot_find(builder, &table, own->gram)->first] = needle_of(builder, own, base);
    }
    return ERR_OK;
}

static enum err layers_fill(const struct builder *builder, struct literals *literals)
{
    uint32_t count = 0;
    for (uint32_t place = 0; place <= LITERAL_END; place++)
        for (uint32_t width = 1; width <= WINDOW_MAX; width++)
            count += builder->layers[place][width] != NULL;
    literals->layers = ARENA_ARRAY(builder->arena, struct layer, (size_t)count + 1);
    if (literals->layers == NULL)
        return ERR_MEMORY;
    for (uint32_t place = 0; place <= LITERAL_END; place++)
        for (uint32_t width = 1; width <= WINDOW_MAX; width++) {
            const struct layer_draft *draft = builder->layers[place][width];
            if (draft == NULL || draft->count == 0)
                continue;
            TRY(layer_fill(builder, (enum literal_place)place, width, draft, literals->base,
                &literals->layers[literals->layer_count]));
            literals->layer_count++;
            literals->first_end += place < LITERAL_END;
        }
    return ERR_OK;
}

enum err literals_new(struct arena *arena, struct literals_seed seed, struct literal *literals,
    uint32_t count, uint32_t *io_rows, const struct literals **ret_literals)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    struct builder builder = {
        .arena = arena,
        .work = &work,
        .literals = literals,
        .literal_count = count,
        .seed = seed,
        .multiplier = (uint32_t)(seed.table >> 32) | 1,
        .draft_of = ARENA_ARRAY(&work, uint32_t, (size_t)count + 1),
        .drafts = ARENA_ARRAY(&work, struct draft, (size_t)count + 1),
    };
    struct literals *made = ARENA_NEW(arena, struct literals);
    if (builder.draft_of == NULL || builder.drafts == NULL || made == NULL)
        return ERR_MEMORY;
    TRY(drafts_make(&builder, literals));
    TRY(more_rows_make(&builder, made));
    TRY(always_collect(&builder, made));
    made->base = sum_reduce(seed.sum | 1);
    made->first_row = *io_rows;
    *io_rows += made->shared_count + 1;
    TRY(drafts_file(&builder));
    TRY(layers_fill(&builder, made));
    made->kernel = literals_best_kernel();
    made->needle_count = builder.draft_count;
    *ret_literals = made;
    return ERR_OK;
}
