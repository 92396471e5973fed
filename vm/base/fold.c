#include "base/fold.h"

#include "base/utf8.h"

#include <stdlib.h>

static const struct {
    uint32_t point;
    uint32_t folded;
} fold_table[] = {
#include "base/fold_table.h"
};

/* Bytes that one byte of text may grow to: a byte that is not UTF-8 becomes U+FFFD. No
 * folding grows by more (U+023A, 2 bytes, goes to U+2C65, 3). */
enum { GROWTH_MAX = 3 };

uint32_t fold_point(uint32_t point)
{
    if (point < 0x80)
        return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
    size_t low = 0;
    size_t high = COUNT_OF(fold_table);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fold_table[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_there = low < COUNT_OF(fold_table) && fold_table[low].point == point;
    return is_there ? fold_table[low].folded : point;
}

/* Take the next folded code point off the front. `text` is not empty. */
static uint32_t take_first(str *text)
{
    unsigned char byte = (unsigned char)text->ptr[0];
    if (byte < 0x80) {
        *text = (str){ text->ptr + 1, text->len - 1 };
        return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
    }
    uint32_t point;
    size_t length = utf8_decode(*text, &point, NULL);
    *text = (str){ text->ptr + length, text->len - length };
    return fold_point(point);
}

static uint32_t take_last(str *text)
{
    uint32_t point;
    text->len -= utf8_decode_last(*text, &point);
    return fold_point(point);
}

int fold_compare(str a, str b)
{
    while (a.len > 0 && b.len > 0) {
        uint32_t left = take_first(&a);
        uint32_t right = take_first(&b);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return (a.len > 0) - (b.len > 0);
}

bool fold_equal(str a, str b)
{
    return fold_compare(a, b) == 0;
}

/* As fold_startswith; adds the code points looked at to *work. */
static bool startswith(str text, str prefix, size_t *work)
{
    while (prefix.len > 0) {
        *work += 1;
        if (text.len == 0 || take_first(&text) != take_first(&prefix))
            return false;
    }
    return true;
}

bool fold_startswith(str text, str prefix)
{
    size_t work = 0;
    return startswith(text, prefix, &work);
}

bool fold_endswith(str text, str suffix)
{
    while (suffix.len > 0)
        if (text.len == 0 || take_last(&text) != take_last(&suffix))
            return false;
    return true;
}

uint64_t fold_hash(str text)
{
    uint64_t hash = 0xCBF29CE484222325; /* FNV-1a, by code point */
    while (text.len > 0)
        hash = (hash ^ take_first(&text)) * 0x100000001B3;
    return hash ^ hash >> 32;
}

str fold_copy(struct arena *arena, str text)
{
    char *copy = arena_array(arena, text.len + 2, GROWTH_MAX, 1);
    size_t written = 0;
    if (copy == NULL)
        return (str){ NULL, 0 };
    while (text.len > 0)
        written += utf8_encode(take_first(&text), copy + written);
    return (str){ copy, written };
}

/* glibc's memmem is linear, and UTF-8 keeps a match on the borders of code points. */
static enum err contains_folded(str text, str part, bool *ret_contains)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    str folded_text = fold_copy(&arena, text);
    str folded_part = fold_copy(&arena, part);
    if (folded_text.ptr == NULL || folded_part.ptr == NULL)
        return ERR_MEMORY;
    *ret_contains =
        memmem(folded_text.ptr, folded_text.len, folded_part.ptr, folded_part.len) != NULL;
    return ERR_OK;
}

enum err fold_contains(str text, str part, bool *ret_contains)
{
    size_t work = 0;
    size_t patience = 8 * text.len + 256;
    *ret_contains = true;
    if (part.len == 0)
        return ERR_OK;
    str rest = part;
    uint32_t first = take_first(&rest);
    while (text.len > 0) {
        if (take_first(&text) != first)
            continue;
        if (startswith(text, rest, &work))
            return ERR_OK;
        if (work > patience)
            return contains_folded(text, part, ret_contains);
    }
    *ret_contains = false;
    return ERR_OK;
}
