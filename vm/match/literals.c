#include "match/literals_kernel.h"

#include "base/fold.h"
#include "match/literals_sum.h"

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

static bool has_all(void)
{
    return true;
}

static const struct literal_kernel kernels[] = {
#if defined(__x86_64__)
    { "avx512", has_avx512, literals_lower_avx512, literals_probe_avx512 },
    { "avx2", has_avx2, literals_lower_avx2, literals_probe_avx2 },
#endif
    { "portable", has_all, literals_lower_portable, literals_probe_portable },
    { NULL, NULL, NULL, NULL },
};

const struct literal_kernel *literals_kernels(void)
{
    return kernels;
}

const struct literal_kernel *literals_best_kernel(void)
{
    const struct literal_kernel *kernel = kernels;
    while (!kernel->is_supported())
        kernel++;
    return kernel;
}

const char *literals_instructions(void)
{
    return literals_best_kernel()->name;
}

/* Which needles are compared with the text at hand. */
enum needle_kinds {
    NEEDLES_CASED = 1,
    NEEDLES_FOLDED = 2,
    NEEDLES_ALL = NEEDLES_CASED | NEEDLES_FOLDED,
};

/* Comparing long needles may cost so much, and then sums of the text are made. */
enum { PATIENCE_FACTOR = 4, PATIENCE_LEAST = 1024 };

struct search {
    const struct literals *literals;
    const struct literal_kernel *kernel;
    struct arena *scratch;
    struct truths *truths;
    struct literal_work *work;
    str text;
    enum needle_kinds kinds;
    bool is_full;       /* scratch is */
    uint64_t *sums[2];  /* by needle.is_cased: see sums_make; NULL: not made */
    uint64_t long_cost; /* bytes of long needles compared with this text */
};

/* A stretch of the text, lowered. */
struct block {
    size_t from;   /* its place in the text */
    size_t length; /* there is nothing but zeros behind */
    const char *lowered;
};

/* Whether the bytes are the same; word by word, the last one overlapping: for the few bytes that most
 * needles have, a call of memcmp is half the cost. */
static inline bool bytes_equal(const char *a, const char *b, size_t length)
{
    uint64_t left;
    uint64_t right;
    if (length < 8) {
        for (size_t at = 0; at < length; at++)
            if (a[at] != b[at])
                return false;
        return true;
    }
    for (size_t at = 0; at < length; at += 8) {
        size_t word = at + 8 <= length ? at : length - 8;
        memcpy(&left, a + word, 8);
        memcpy(&right, b + word, 8);
        if (left != right)
            return false;
    }
    return true;
}

static bool is_lowered_equal(const char *text, const char *lowered, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (lowered_byte((unsigned char)text[at]) != (unsigned char)lowered[at])
            return false;
    return true;
}

/* The sum of the text up to the byte behind `at`, from the one up to `at`. */
static inline uint64_t sum_behind(
    const struct search *search, bool is_cased, uint64_t sum, size_t at)
{
    unsigned char byte = (unsigned char)search->text.ptr[at];
    return sum_next(
        sum, search->literals->base, is_cased ? byte : (unsigned char)lowered_byte(byte));
}

/* Sums of the text up to every second place: half the memory, for a step more at every other one. */
static bool sums_make(struct search *search, bool is_cased)
{
    uint64_t *sums = ARENA_ARRAY(search->scratch, uint64_t, search->text.len / 2 + 1);
    uint64_t sum = 0;
    search->is_full |= sums == NULL;
    search->sums[is_cased] = sums;
    if (sums == NULL)
        return false;
    for (size_t at = 0; at < search->text.len; at++) {
        if (at % 2 == 0)
            sums[at / 2] = sum;
        sum = sum_behind(search, is_cased, sum, at);
    }
    if (search->text.len % 2 == 0)
        sums[search->text.len / 2] = sum;
    return true;
}

static inline uint64_t sum_to(const struct search *search, bool is_cased, size_t place)
{
    uint64_t sum = search->sums[is_cased][place / 2];
    return place % 2 == 0 ? sum : sum_behind(search, is_cased, sum, place - 1);
}

/* Whether a long needle may be at a place of the text. */
static bool is_worth_comparing(struct search *search, const struct needle *needle, size_t at)
{
    search->long_cost += needle->length;
    search->work->bytes += needle->length;
    if (search->long_cost <= PATIENCE_FACTOR * search->text.len + PATIENCE_LEAST)
        return true;
    if (search->sums[needle->is_cased] == NULL && !sums_make(search, needle->is_cased))
        return false;
    uint64_t from = sum_to(search, needle->is_cased, at);
    uint64_t to = sum_to(search, needle->is_cased, at + needle->length);
    bool is = sum_between(from, to, needle->power) == needle->sum;
    search->work->bytes -= is ? 0 : needle->length;
    return is;
}

/* Whether there is nothing left to find out about it. One that several literals are is looked up by
 * itself: asking for the predicate of each would cost as much as there are. */
static inline bool is_settled(const struct search *search, const struct needle *needle)
{
    if (needle->shared != 0)
        return truths_has_row(search->truths, search->literals->first_row + needle->shared);
    return truths_has(search->truths, needle->predicate);
}

static void hold(struct search *search, const struct needle *needle)
{
    truths_add(search->truths, needle->predicate);
    if (needle->shared == 0)
        return;
    const struct literals *literals = search->literals;
    const struct more_row *row = &literals->more[needle->shared];
    truths_walk_row(search->truths, literals->first_row + needle->shared,
        literals->predicates + row->first, row->last - row->first);
}

/* Whether the needle may be at this place of the text at all. */
static inline bool is_placed(
    const struct search *search, const struct layer *layer, const struct needle *needle, size_t at)
{
    size_t left = search->text.len - at;
    if (needle->length > left)
        return false;
    return layer->place == LITERAL_ANYWHERE
           || (layer->place == LITERAL_START ? at == 0 : needle->length == left);
}

static inline bool needle_is_at(
    struct search *search, const struct block *block, const struct needle *needle, size_t at)
{
    const char *text = search->text.ptr + at;
    const char *bytes = needle->length <= sizeof needle->small ? needle->small : needle->bytes;
    search->work->compared++;
    if (needle->length > SHORT_NEEDLE_MAX && !is_worth_comparing(search, needle, at))
        return false;
    if (needle->is_cased)
        return bytes_equal(text, bytes, needle->length);
    if (at >= block->from && at + needle->length <= block->from + block->length)
        return bytes_equal(block->lowered + (at - block->from), bytes, needle->length);
    return is_lowered_equal(text, bytes, needle->length);
}

/* Try the chain of a window of the block that a bitmap let through. */
static inline void window_try(struct search *search, const struct layer *layer,
    const struct block *block, size_t window, uint32_t gram)
{
    uint32_t mask = (UINT32_C(1) << (32 - layer->slot_shift)) - 1;
    uint32_t at = gram * layer->multiplier >> layer->slot_shift;
    uint64_t word;
    memcpy(&word, block->lowered + window, sizeof word);
    search->work->hits++;
    while (layer->slots[at].gram != gram || layer->slots[at].count == 0) {
        if (layer->slots[at].count == 0)
            return;
        at = (at + 1) & mask;
    }
    const struct needle *needle = &layer->needles[layer->slots[at].first];
    const struct needle *end = needle + layer->slots[at].count;
    search->work->needles += layer->slots[at].count;
    for (; needle < end; needle++) {
        size_t place = block->from + window - needle->before;
        if (((word ^ needle->word) & needle->mask) == 0 && needle->before <= block->from + window
            && (search->kinds & (needle->is_cased ? NEEDLES_CASED : NEEDLES_FOLDED)) != 0
            && is_placed(search, layer, needle, place) && !is_settled(search, needle)
            && needle_is_at(search, block, needle, place))
            hold(search, needle);
    }
}

/* Ask for one window, of any width. */
static void place_ask(
    struct search *search, const struct layer *layer, const struct block *block, size_t window)
{
    uint32_t gram = window_gram(block->lowered + window, layer->width);
    uint32_t bit = window_bit(layer, gram);
    search->work->places++;
    if ((layer->bitmap[bit / 32] >> bit % 32 & 1) != 0)
        window_try(search, layer, block, window, gram);
}

/* Of the places in `hits` those that the second bitmap has, too, into `ret_places`. Their number. No
 * branch hangs on what the bitmap says: it could not be foretold. */
static inline uint32_t places_filter(const struct layer *layer, const char *lowered, size_t from,
    uint64_t hits, uint16_t ret_places[static 64])
{
    uint32_t count = 0;
    for (; hits != 0; hits &= hits - 1) {
        size_t at = from + (size_t)__builtin_ctzll(hits);
        uint32_t bit = 0;
        ret_places[count] = (uint16_t)at;
        if (layer->second != NULL) {
            bit = second_bit(layer, window_gram(lowered + at, layer->width));
            count += layer->second[bit / 32] >> bit % 32 & 1;
        } else {
            count++;
        }
    }
    return count;
}

/* Ask for the first `places` windows of a block. */
static void block_scan(
    struct search *search, const struct layer *layer, const struct block *block, size_t places)
{
    uint64_t hits[BLOCK_WORDS];
    uint16_t found[BLOCK_PLACES];
    uint32_t count = 0;
    search->work->places += places;
    search->kernel->probe(layer, block->lowered, places, hits);
    for (size_t at = 0; at < places; at += 64)
        count += places_filter(layer, block->lowered, at, hits[at / 64], found + count);
    for (uint32_t i = 0; i < count; i++)
        window_try(
            search, layer, block, found[i], window_gram(block->lowered + found[i], layer->width));
}

static void layer_scan(struct search *search, const struct layer *layer, const struct block *block)
{
    size_t left = search->text.len - block->from;
    if (layer->place == LITERAL_END || layer->width > left)
        return;
    size_t places = left - layer->width + 1;
    places = places < BLOCK_PLACES ? places : BLOCK_PLACES;
    if (layer->place == LITERAL_START) {
        if (block->from == 0)
            place_ask(search, layer, block, 0);
    } else if (layer->width <= 4) {
        block_scan(search, layer, block, places);
    } else {
        for (size_t at = 0; at < places; at++)
            place_ask(search, layer, block, at);
    }
}

static void ends_scan(struct search *search, char lowered[static BLOCK_BYTES])
{
    const struct literals *literals = search->literals;
    size_t length = search->text.len < WINDOW_MAX ? search->text.len : WINDOW_MAX;
    struct block block = { search->text.len - length, length, lowered };
    if (length == 0 || literals->first_end == literals->layer_count)
        return;
    search->kernel->lower(search->text.ptr + block.from, length, lowered);
    for (uint32_t i = literals->first_end; i < literals->layer_count; i++)
        if (literals->layers[i].width <= length)
            place_ask(search, &literals->layers[i], &block, length - literals->layers[i].width);
}

/* False when the text is not ASCII and all kinds of needles are asked for; what was found in front of
 * that is there all the same. */
static bool text_scan(struct search *search)
{
    char lowered[BLOCK_BYTES];
    const struct literals *literals = search->literals;
    struct block block = { .lowered = lowered };
    for (; block.from < search->text.len; block.from += BLOCK_PLACES) {
        block.length = search->text.len - block.from;
        block.length = block.length < BLOCK_BYTES - 64 ? block.length : BLOCK_BYTES - 64;
        bool is_ascii = search->kernel->lower(search->text.ptr + block.from, block.length, lowered);
        if (!is_ascii && search->kinds == NEEDLES_ALL)
            return false;
        for (uint32_t i = 0; i < literals->first_end; i++)
            layer_scan(search, &literals->layers[i], &block);
    }
    ends_scan(search, lowered);
    return true;
}

static void search_start(struct search *search, str text, enum needle_kinds kinds)
{
    search->text = text;
    search->kinds = kinds;
    search->long_cost = 0;
    search->sums[0] = search->sums[1] = NULL;
}

enum err literals_search(const struct literals *literals, str text, struct arena *scratch,
    struct truths *truths, struct literal_work *work)
{
    struct search search;
    search.literals = literals;
    search.kernel = literals->kernel;
    search.scratch = scratch;
    search.truths = truths;
    search.work = work;
    search.is_full = false;
    truths_add_row(truths, literals->first_row, literals->always, literals->always_count);
    search_start(&search, text, NEEDLES_ALL);
    if (text_scan(&search))
        return search.is_full ? ERR_MEMORY : ERR_OK;
    /* A cased literal is bytes of the text as it is; a folded one is bytes of the folded text, both
     * being UTF-8 there. */
    search_start(&search, text, NEEDLES_CASED);
    text_scan(&search);
    str folded = fold_copy(scratch, text);
    if (folded.ptr == NULL)
        return ERR_MEMORY;
    search_start(&search, folded, NEEDLES_FOLDED);
    text_scan(&search);
    return search.is_full ? ERR_MEMORY : ERR_OK;
}

enum err literals_find(
    const struct literals *literals, str text, struct arena *scratch, struct truths *truths)
{
    struct literal_work work = { 0 };
    return literals_search(literals, text, scratch, truths, &work);
}
