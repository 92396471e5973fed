#include "match/literals_table.h"

#include "base/fold.h"

/* Text is lowered block by block into memory of this size, with what a window and its needles look
 * at behind the last place. */
enum { BLOCK_PLACES = 512, BLOCK_BEHIND = WINDOW_MAX + 8 };

/* Which needles are compared with the text at hand. */
enum needle_kinds {
    NEEDLES_CASED = 1,
    NEEDLES_FOLDED = 2,
    NEEDLES_ALL = NEEDLES_CASED | NEEDLES_FOLDED,
};

struct search {
    const struct literals *literals;
    struct arena *scratch;
    struct truths *truths;
    struct literal_work *work;
    str text;
    enum needle_kinds kinds;
};

static bool is_ascii(str text)
{
    uint64_t high = 0;
    uint64_t word = 0;
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        memcpy(&word, text.ptr + at, 8);
        high |= word;
    }
    for (; at < text.len; at++)
        high |= (uint64_t)(unsigned char)text.ptr[at];
    return (high & 0x8080808080808080) == 0;
}

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

/* Ask for `places` windows of a block that begins at `from`. */
static void block_scan(const struct search *search, const struct layer *layer, size_t from,
    const char *lowered, size_t places)
{
    search->work->places += places;
    for (size_t at = 0; at < places; at++) {
        uint32_t gram = window_gram(lowered + at, layer->width);
        uint32_t bit = window_bit(layer, gram);
        if ((layer->bitmap[bit / 32] >> bit % 32 & 1) != 0)
            window_try(search, layer, gram, from + at, lowered + at);
    }
}

/* Lower the block at `from`, with what is behind it; zeros behind the text. */
static void block_lower(str text, size_t from, char lowered[static BLOCK_PLACES + BLOCK_BEHIND])
{
    size_t length = text.len - from;
    length = length < BLOCK_PLACES + BLOCK_BEHIND ? length : BLOCK_PLACES + BLOCK_BEHIND;
    for (size_t at = 0; at < length; at++)
        lowered[at] = (char)lowered_byte((unsigned char)text.ptr[from + at]);
    size_t behind = BLOCK_PLACES + BLOCK_BEHIND - length;
    memset(lowered + length, 0, behind < BLOCK_BEHIND ? behind : BLOCK_BEHIND);
}

static void text_scan(const struct search *search)
{
    char lowered[BLOCK_PLACES + BLOCK_BEHIND];
    size_t length = search->text.len;
    for (size_t from = 0; from < length; from += BLOCK_PLACES) {
        block_lower(search->text, from, lowered);
        for (uint32_t i = 0; i < search->literals->layer_count; i++) {
            const struct layer *layer = &search->literals->layers[i];
            if (layer->place == LITERAL_END || layer->width > length - from)
                continue;
            size_t places = length - from - layer->width + 1;
            places = places < BLOCK_PLACES ? places : BLOCK_PLACES;
            if (layer->place == LITERAL_ANYWHERE)
                block_scan(search, layer, from, lowered, places);
            else if (from == 0)
                block_scan(search, layer, 0, lowered, 1);
        }
    }
    for (uint32_t i = 0; i < search->literals->layer_count; i++) {
        const struct layer *layer = &search->literals->layers[i];
        if (layer->place != LITERAL_END || layer->width > length)
            continue;
        block_lower(search->text, length - layer->width, lowered);
        block_scan(search, layer, length - layer->width, lowered, 1);
    }
}

enum err literals_search(const struct literals *literals, str text, struct arena *scratch,
    struct truths *truths, struct literal_work *work)
{
    struct search search = { literals, scratch, truths, work, text, NEEDLES_ALL };
    for (uint32_t i = 0; i < literals->always_count; i++)
        truths_add(truths, literals->always[i]);
    if (is_ascii(text)) {
        text_scan(&search);
        return ERR_OK;
    }
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
