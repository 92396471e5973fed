#include "match/literals_kernel.h"

#include "base/fold.h"

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

struct search {
    const struct literals *literals;
    const struct literal_kernel *kernel;
    struct truths *truths;
    struct literal_work *work;
    str text;
    enum needle_kinds kinds;
};

static bool is_lowered_equal(const char *text, const char *lowered, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (lowered_byte((unsigned char)text[at]) != (unsigned char)lowered[at])
            return false;
    return true;
}

static bool is_held(const struct search *search, const struct needle *needle)
{
    bool is = truths_has(search->truths, needle->predicate);
    for (uint32_t i = needle->more; is && i < needle->more_last; i++)
        is = truths_has(search->truths, search->literals->more[i]);
    return is;
}

static void hold(const struct search *search, const struct needle *needle)
{
    truths_add(search->truths, needle->predicate);
    for (uint32_t i = needle->more; i < needle->more_last; i++)
        truths_add(search->truths, search->literals->more[i]);
}

/* Compare a needle whose window is at `window` of the text, where `word` is read. */
static void needle_try(const struct search *search, const struct layer *layer,
    const struct needle *needle, size_t window, uint64_t word)
{
    search->work->needles++;
    if (((word ^ needle->word) & needle->mask) != 0 || window < needle->before
        || needle->length > search->text.len - (window - needle->before)
        || (search->kinds & (needle->is_cased ? NEEDLES_CASED : NEEDLES_FOLDED)) == 0
        || is_held(search, needle))
        return;
    size_t at = window - needle->before;
    if ((layer->place == LITERAL_START && at != 0)
        || (layer->place == LITERAL_END && at + needle->length != search->text.len))
        return;
    search->work->compared++;
    const char *text = search->text.ptr + at;
    bool is_there = needle->is_cased ? memcmp(text, needle->bytes, needle->length) == 0
                                     : is_lowered_equal(text, needle->bytes, needle->length);
    if (is_there)
        hold(search, needle);
}

/* Try the chain of a window that a bitmap let through. `lowered` has at least eight bytes. */
static void window_try(const struct search *search, const struct layer *layer, uint32_t gram,
    size_t window, const char *lowered)
{
    uint32_t mask = (UINT32_C(1) << (32 - layer->slot_shift)) - 1;
    uint32_t at = gram * layer->multiplier >> layer->slot_shift;
    uint64_t word;
    memcpy(&word, lowered, sizeof word);
    search->work->hits++;
    for (; layer->slots[at].count != 0; at = (at + 1) & mask) {
        const struct window_slot *slot = &layer->slots[at];
        if (slot->gram != gram)
            continue;
        for (uint32_t i = slot->first; i < slot->first + slot->count; i++)
            needle_try(search, layer, &layer->needles[i], window, word);
        return;
    }
}

/* Ask for one window, of any width. */
static void place_ask(
    const struct search *search, const struct layer *layer, size_t window, const char *lowered)
{
    uint32_t gram = window_gram(lowered, layer->width);
    uint32_t bit = window_bit(layer, gram);
    search->work->places++;
    if ((layer->bitmap[bit / 32] >> bit % 32 & 1) != 0)
        window_try(search, layer, gram, window, lowered);
}

/* Ask for `places` windows of a block that begins at `from`. */
static void block_scan(const struct search *search, const struct layer *layer, size_t from,
    const char *lowered, size_t places)
{
    uint64_t hits[BLOCK_WORDS];
    search->work->places += places;
    search->kernel->probe(layer, lowered, places, hits);
    for (size_t at = 0; at < places; at += 64)
        for (uint64_t left = hits[at / 64]; left != 0; left &= left - 1) {
            const char *window = lowered + at + __builtin_ctzll(left);
            window_try(search, layer, window_gram(window, layer->width),
                from + (size_t)(window - lowered), window);
        }
}

static void layer_scan(
    const struct search *search, const struct layer *layer, size_t from, const char *lowered)
{
    size_t left = search->text.len - from;
    if (layer->place == LITERAL_END || layer->width > left)
        return;
    size_t places = left - layer->width + 1;
    places = places < BLOCK_PLACES ? places : BLOCK_PLACES;
    if (layer->place == LITERAL_START) {
        if (from == 0)
            place_ask(search, layer, 0, lowered);
    } else if (layer->width <= 4) {
        block_scan(search, layer, from, lowered, places);
    } else {
        for (size_t at = 0; at < places; at++)
            place_ask(search, layer, from + at, lowered + at);
    }
}

/* False when the text is not ASCII and all kinds of needles are asked for; what was found in front of
 * that is there all the same. */
static bool text_scan(const struct search *search)
{
    char lowered[BLOCK_BYTES];
    const struct literals *literals = search->literals;
    for (size_t from = 0; from < search->text.len; from += BLOCK_PLACES) {
        size_t length = search->text.len - from;
        length = length < BLOCK_BYTES - 64 ? length : BLOCK_BYTES - 64;
        bool is_ascii = search->kernel->lower(search->text.ptr + from, length, lowered);
        if (!is_ascii && search->kinds == NEEDLES_ALL)
            return false;
        for (uint32_t i = 0; i < literals->layer_count; i++)
            layer_scan(search, &literals->layers[i], from, lowered);
    }
    for (uint32_t i = literals->first_end; i < literals->layer_count; i++) {
        const struct layer *layer = &literals->layers[i];
        if (layer->width > search->text.len)
            continue;
        size_t from = search->text.len - layer->width;
        search->kernel->lower(search->text.ptr + from, layer->width, lowered);
        place_ask(search, layer, from, lowered);
    }
    return true;
}

enum err literals_search(const struct literals *literals, str text, struct arena *scratch,
    struct truths *truths, struct literal_work *work)
{
    struct search search = { literals, literals->kernel, truths, work, text, NEEDLES_ALL };
    for (uint32_t i = 0; i < literals->always_count; i++)
        truths_add(truths, literals->always[i]);
    if (text_scan(&search))
        return ERR_OK;
    /* A cased literal is bytes of the text as it is; a folded one is bytes of the folded text, both
     * being UTF-8 there. */
    search.kinds = NEEDLES_CASED;
    text_scan(&search);
    search.kinds = NEEDLES_FOLDED;
    search.text = fold_copy(scratch, text);
    if (search.text.ptr == NULL)
        return ERR_MEMORY;
    text_scan(&search);
    return ERR_OK;
}

enum err literals_find(
    const struct literals *literals, str text, struct arena *scratch, struct truths *truths)
{
    struct literal_work work = { 0 };
    return literals_search(literals, text, scratch, truths, &work);
}
