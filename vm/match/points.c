#include "match/points.h"

#include "base/fold.h"
#include "number.h"

enum {
    ROOM_FIRST = 16,
    SPARSE_MAX = 1 << 16, /* tables up to here are half empty, larger ones a third */
    FILTER_BITS_PER_KEY = 16,
    ROW_HEAD = 2,
    GROWTH_MAX = 3, /* a folding is at most so many times as long as the text: U+212A is k */
};
#define SINGLE 0x80000000u /* in `marks`: the one predicate itself, no index */
#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

struct points_slot {
    uint32_t tag;     /* of the hash: finds the place, too */
    uint32_t marks;   /* index of a row; or SINGLE | predicate */
    const value *key; /* NULL: empty */
};

struct points_link {
    uint32_t predicate;
    uint32_t next; /* index; NO_LINK at the end */
};
#define NO_LINK UINT32_MAX

struct points {
    enum points_kind kind;
    struct points_seed seed;
    const struct points_slot *slots;
    const struct points_head *heads; /* by slot; NULL in a large table, and of scalars */
    uint32_t room, count;
    const uint32_t *marks; /* rows: how many predicates, number of the row, the predicates */
    size_t text_max;
    /* A bit that stands for each key, among 16: most values equal no constant, and are sent away by
     * this array, which is an eighth of the slots, before they meet a branch that is hard to
     * predict (15 of 33 ns; B. H. Bloom, 1970). */
    const uint64_t *filter;
    uint32_t filter_bits;
};

/* ---- hash ---- */

__extension__ typedef unsigned __int128 wide;

/* Multiply to twice the width and fold the halves: every bit of both depends on every other. With
 * secret operands nobody can choose inputs that meet (the core of wyhash, by Wang Yi). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* ASCII letters in small, eight bytes at once: adding to the low seven bits carries into the high
 * one from 'A' on, and from past 'Z' on. Nothing but A to Z changes: a mere |0x20 would make texts
 * meet whatever the seed. */
static uint64_t fold_word(uint64_t word)
{
    uint64_t low = word & ~HIGH_BITS;
    uint64_t from_a = low + (0x80 - 'A') * EACH_BYTE;
    uint64_t past_z = low + (0x7F - 'Z') * EACH_BYTE;
    uint64_t letters = (from_a ^ past_z) & ~word & HIGH_BITS;
    return word | letters >> 2;
}

/* Up to seven bytes. The length is in the hash, so that padding with zeros is no other text. */
static uint64_t load_few(const char *bytes, size_t count)
{
    uint32_t low = 0;
    uint32_t high = 0;
    if (count >= 4) {
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + count - 4, 4);
        return (uint64_t)high << 32 | low;
    }
    for (size_t i = 0; i < count; i++)
        low |= (uint32_t)(unsigned char)bytes[i] << 8 * i;
    return low;
}

/* Hash of the bytes, ASCII letters folded where `folds`. *bits has every bit of the text. */
static inline uint64_t hash_bytes(
    const struct points_seed *seed, str text, bool folds, uint64_t *bits)
{
    uint64_t state = seed->first ^ text.len;
    const char *at = text.ptr;
    size_t left = text.len;
    for (; left > 16; at += 16, left -= 16) {
        uint64_t a = load(at);
        uint64_t b = load(at + 8);
        *bits |= a | b;
        state = mix((folds ? fold_word(a) : a) ^ seed->second, (folds ? fold_word(b) : b) ^ state);
    }
    uint64_t a = left >= 8 ? load(at) : load_few(at, left);
    uint64_t b = left >= 8 ? load(at + left - 8) : 0;
    *bits |= a | b;
    return mix((folds ? fold_word(a) : a) ^ seed->second, (folds ? fold_word(b) : b) ^ state);
}

static bool is_ascii(uint64_t bits)
{
    return (bits & HIGH_BITS) == 0;
}

/* Folded text that is not ASCII may equal ASCII (U+212A folds to k), so all is hashed as its
 * folding, which of ASCII is made on the way. */
static enum err hash_folding(
    const struct points_seed *seed, str text, struct arena *scratch, uint64_t *ret_hash)
{
    uint64_t bits = 0;
    str folded = fold_copy(scratch, text);
    if (folded.ptr == NULL)
        return ERR_MEMORY;
    *ret_hash = hash_bytes(seed, folded, true, &bits);
    return ERR_OK;
}

static inline enum err hash_text(enum points_kind kind, const struct points_seed *seed, str text,
    struct arena *scratch, uint64_t *ret_hash)
{
    uint64_t bits = 0;
    if (kind == POINTS_CASED) {
        *ret_hash = hash_bytes(seed, text, false, &bits);
        return ERR_OK;
    }
    *ret_hash = hash_bytes(seed, text, true, &bits);
    return is_ascii(bits) ? ERR_OK : hash_folding(seed, text, scratch, ret_hash);
}

static bool scalar_is(value v)
{
    return number_is(v) || v.kind == VALUE_BOOL || v.kind == VALUE_TIME || v.kind == VALUE_DURATION
           || v.kind == VALUE_SEVERITY || v.kind == VALUE_VERDICT;
}

/* Equal numbers have one form: the integer where there is one. */
static value scalar_form(value v)
{
    if (v.kind == VALUE_BOOL)
        return (value){ .kind = VALUE_BOOL, .integer = v.boolean };
    bool fits = v.kind == VALUE_DECIMAL && v.decimal >= -9223372036854775808.0
                && v.decimal < 9223372036854775808.0;
    if (!fits || v.decimal != (double)(int64_t)v.decimal)
        return v;
    return value_integer((int64_t)v.decimal);
}

static uint64_t hash_scalar(const struct points_seed *seed, value form)
{
    return mix((uint64_t)form.integer ^ seed->first, seed->second ^ (uint64_t)form.kind);
}

static bool scalar_equal(value key, value form)
{
    value other = scalar_form(key);
    return other.kind == form.kind && other.integer == form.integer;
}

/* Bytes of ASCII are compared here; what is equal otherwise (rare) by fold_equal. */
static bool folds_equal(str key, str text)
{
    size_t at = 0;
    if (key.len != text.len)
        return fold_equal(key, text);
    while (text.len - at >= 8 && fold_word(load(key.ptr + at)) == fold_word(load(text.ptr + at)))
        at += 8;
    if (text.len - at < 8
        && fold_word(load_few(key.ptr + at, text.len - at))
               == fold_word(load_few(text.ptr + at, text.len - at)))
        return true;
    return fold_equal(key, text);
}

static bool key_equal(enum points_kind kind, const value *key, value v)
{
    if (kind == POINTS_SCALARS)
        return scalar_equal(*key, v);
    return kind == POINTS_CASED ? str_equal(value_str(*key), value_str(v))
                                : folds_equal(value_str(*key), value_str(v));
}

struct points_head points_head_of(enum points_kind kind, str text)
{
    struct points_head head = { .len = HEAD_LONG };
    uint64_t words[2] = { 0 };
    if (text.len > sizeof head.bytes)
        return head;
    if (text.len > 0)
        memcpy(words, text.ptr, text.len);
    if (kind == POINTS_FOLDED) {
        if (!is_ascii(words[0] | words[1]))
            return head;
        words[0] = fold_word(words[0]);
        words[1] = fold_word(words[1]);
    }
    memcpy(&head, words, sizeof words); /* of 16 bytes, of which the last is the length's */
    head.len = (uint8_t)text.len;
    return head;
}

bool points_head_equal(const struct points_head *a, const struct points_head *b)
{
    uint64_t left[2];
    uint64_t right[2];
    memcpy(left, a, sizeof left);
    memcpy(right, b, sizeof right);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

/* ---- slots ---- */

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* The bit of the filter: other bits than those that find the slot. */
static uint32_t filter_bit(uint32_t tag, uint32_t filter_bits)
{
    return (uint32_t)((uint64_t)(tag * 0x9E3779B1u) * filter_bits >> 32);
}

/* The slot of `v` (of a scalar its form), or the empty one where it belongs. */
static uint32_t slot_of(
    enum points_kind kind, const struct points_slot *slots, uint32_t room, uint32_t tag, value v)
{
    uint32_t at = (uint32_t)((uint64_t)tag * room >> 32);
    while (slots[at].key != NULL && (slots[at].tag != tag || !key_equal(kind, slots[at].key, v)))
        at = at + 1 == room ? 0 : at + 1;
    return at;
}

/* Distinct keys into an empty table. */
static void slots_copy(
    const struct points_slot *from, uint32_t from_room, struct points_slot *to, uint32_t room)
{
    for (uint32_t i = 0; i < from_room; i++) {
        uint32_t at = (uint32_t)((uint64_t)from[i].tag * room >> 32);
        if (from[i].key == NULL)
            continue;
        while (to[at].key != NULL)
            at = at + 1 == room ? 0 : at + 1;
        to[at] = from[i];
    }
}

/* ---- the draft ---- */

void points_draft_release(struct points_draft *draft)
{
    arena_release(&draft->slots_arena);
    arena_release(&draft->links_arena);
}

static enum err draft_grow(struct points_draft *draft)
{
    struct arena arena = ARENA_INIT(0);
    uint32_t room = draft->room == 0 ? ROOM_FIRST : draft->room * 2;
    struct points_slot *slots = ARENA_ARRAY(&arena, struct points_slot, room);
    if (slots == NULL || room >= SINGLE) {
        arena_release(&arena);
        return ERR_MEMORY;
    }
    slots_copy(draft->slots, draft->room, slots, room);
    arena_release(&draft->slots_arena);
    draft->slots_arena = arena;
    draft->slots = slots;
    draft->room = room;
    return ERR_OK;
}

static enum err link_add(struct points_draft *draft, struct points_link link, uint32_t *ret_index)
{
    if (draft->links_count == draft->links_room) {
        uint32_t room = draft->links_room == 0 ? ROOM_FIRST : draft->links_room * 2;
        struct points_link *links = ARENA_ARRAY(&draft->links_arena, struct points_link, room);
        if (links == NULL || room >= SINGLE)
            return ERR_MEMORY;
        if (draft->links_count > 0)
            memcpy(links, draft->links, draft->links_count * sizeof *links);
        draft->links = links;
        draft->links_room = room;
    }
    draft->links[draft->links_count] = link;
    *ret_index = draft->links_count++;
    return ERR_OK;
}

/* One more predicate for a key that has some. The same one twice in a row is one: a list may spell
 * a text in several ways. */
static enum err mark_add(struct points_draft *draft, struct points_slot *slot, uint32_t predicate)
{
    uint32_t first = slot->marks;
    if (first == (SINGLE | predicate))
        return ERR_OK;
    if ((first & SINGLE) != 0)
        TRY(link_add(draft, (struct points_link){ first & ~SINGLE, NO_LINK }, &first));
    else if (draft->links[first].predicate == predicate)
        return ERR_OK;
    return link_add(draft, (struct points_link){ predicate, first }, &slot->marks);
}

enum err points_add(struct points_draft *draft, const value *key, uint32_t predicate)
{
    value v = draft->kind == POINTS_SCALARS ? scalar_form(*key) : *key;
    uint64_t hash;
    if (predicate >= SINGLE)
        return ERR_MEMORY;
    if (draft->count >= draft->room / 2)
        TRY(draft_grow(draft));
    if (draft->kind == POINTS_SCALARS) {
        hash = hash_scalar(&draft->seed, v);
    } else {
        CLEANUP(arena_release) struct arena scratch = ARENA_INIT(0);
        TRY(hash_text(draft->kind, &draft->seed, value_str(v), &scratch, &hash));
    }
    if (value_str(v).len > draft->text_max)
        draft->text_max = value_str(v).len;
    uint32_t at = slot_of(draft->kind, draft->slots, draft->room, tag_of(hash), v);
    struct points_slot *slot = &draft->slots[at];
    if (slot->key != NULL)
        return mark_add(draft, slot, predicate);
    *slot = (struct points_slot){ .tag = tag_of(hash), .marks = SINGLE | predicate, .key = key };
    draft->count++;
    return ERR_OK;
}

/* The links of a key in a row. */
static uint32_t marks_write(
    const struct points_draft *draft, uint32_t link, uint32_t row, uint32_t *marks, uint32_t *used)
{
    uint32_t start = *used;
    *used += ROW_HEAD;
    for (; link != NO_LINK; link = draft->links[link].next)
        marks[(*used)++] = draft->links[link].predicate;
    marks[start] = *used - start - ROW_HEAD;
    marks[start + 1] = row;
    return start;
}

/* Sixteen bits for each key; for very many keys as many as there can be. */
static enum err filter_make(struct points *points, struct arena *arena)
{
    uint64_t wanted = (uint64_t)points->count * FILTER_BITS_PER_KEY;
    points->filter_bits = wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
    uint64_t *filter = ARENA_ARRAY(arena, uint64_t, points->filter_bits / 64 + 1);
    if (filter == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < points->room; i++) {
        uint32_t bit = filter_bit(points->slots[i].tag, points->filter_bits);
        if (points->slots[i].key != NULL)
            filter[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    points->filter = filter;
    return ERR_OK;
}

/* Of tables that are small enough to be read often. */
static enum err heads_make(struct points *points, struct arena *arena)
{
    if (points->kind == POINTS_SCALARS || points->count > SPARSE_MAX)
        return ERR_OK;
    struct points_head *heads = ARENA_ARRAY(arena, struct points_head, points->room);
    if (heads == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < points->room; i++)
        if (points->slots[i].key != NULL)
            heads[i] = points_head_of(points->kind, value_str(*points->slots[i].key));
    points->heads = heads;
    return ERR_OK;
}

enum err points_finish(const struct points_draft *draft, struct arena *arena, uint32_t *io_rows,
    const struct points **ret_points)
{
    *ret_points = NULL;
    if (draft->count == 0)
        return ERR_OK;
    uint32_t room = draft->count + (draft->count <= SPARSE_MAX ? draft->count : draft->count / 2);
    struct points *points = ARENA_NEW(arena, struct points);
    struct points_slot *slots = ARENA_ARRAY(arena, struct points_slot, room);
    /* A key with links has two at least, so the heads of rows are no more than they are. */
    uint32_t *marks = ARENA_ARRAY(arena, uint32_t, (size_t)draft->links_count * 2);
    uint32_t used = 0;
    if (points == NULL || slots == NULL || marks == NULL)
        return ERR_MEMORY;
    slots_copy(draft->slots, draft->room, slots, room);
    for (uint32_t i = 0; i < room; i++)
        if (slots[i].key != NULL && (slots[i].marks & SINGLE) == 0)
            slots[i].marks = marks_write(draft, slots[i].marks, (*io_rows)++, marks, &used);
    *points = (struct points){
        .kind = draft->kind,
        .seed = draft->seed,
        .slots = slots,
        .room = room,
        .count = draft->count,
        .marks = marks,
        .text_max = draft->text_max,
    };
    TRY(filter_make(points, arena));
    TRY(heads_make(points, arena));
    *ret_points = points;
    return ERR_OK;
}

uint32_t points_count(const struct points *points)
{
    return points == NULL ? 0 : points->count;
}

/* ---- lookup ---- */

static inline bool may_have(const struct points *points, uint32_t tag)
{
    uint32_t bit = filter_bit(tag, points->filter_bits);
    return (points->filter[bit / 64] >> bit % 64 & 1) != 0;
}

/* The slot of a text as slot_of finds it, by heads where there are some. */
static uint32_t slot_of_text(const struct points *points, uint32_t tag, str text)
{
    uint32_t at = (uint32_t)((uint64_t)tag * points->room >> 32);
    if (points->heads == NULL)
        return slot_of(points->kind, points->slots, points->room, tag, value_text(text));
    struct points_head head = points_head_of(points->kind, text);
    for (; points->slots[at].key != NULL; at = at + 1 == points->room ? 0 : at + 1) {
        bool is_short = head.len != HEAD_LONG && points->heads[at].len != HEAD_LONG;
        if (points->slots[at].tag != tag)
            continue;
        if (is_short ? points_head_equal(&head, &points->heads[at])
                     : key_equal(points->kind, points->slots[at].key, value_text(text)))
            break;
    }
    return at;
}

static void mark(const struct points *points, uint32_t at, struct truths *truths)
{
    const struct points_slot *slot = &points->slots[at];
    if (slot->key == NULL)
        return;
    if ((slot->marks & SINGLE) != 0) {
        truths_add(truths, slot->marks & ~SINGLE);
        return;
    }
    const uint32_t *marks = points->marks + slot->marks;
    truths_add_row(truths, marks[1], marks + ROW_HEAD, marks[0]);
}

enum err points_mark_text(
    const struct points *points, str text, struct arena *scratch, struct truths *truths)
{
    uint64_t hash;
    size_t text_max =
        points->kind == POINTS_FOLDED ? points->text_max * GROWTH_MAX : points->text_max;
    if (text.len > text_max)
        return ERR_OK;
    TRY(hash_text(points->kind, &points->seed, text, scratch, &hash));
    if (may_have(points, tag_of(hash)))
        mark(points, slot_of_text(points, tag_of(hash), text), truths);
    return ERR_OK;
}

void points_mark_scalar(const struct points *points, value v, struct truths *truths)
{
    value form = scalar_form(v);
    uint32_t tag = tag_of(hash_scalar(&points->seed, form));
    if (scalar_is(v) && may_have(points, tag))
        mark(points, slot_of(points->kind, points->slots, points->room, tag, form), truths);
}
