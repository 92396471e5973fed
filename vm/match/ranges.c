#include "match/ranges.h"

#include "base/fold.h"
#include "number.h"

#include <stdlib.h>

struct ranges {
    enum ranges_order order;
    const value *ends; /* distinct, sorted */
    uint32_t end_count;
    bool is_integral; /* no end is a decimal or text */
    /* Pieces: 2i is what lies before ends[i], 2i + 1 is ends[i]; the last is what lies behind all.
     * Nodes: a piece's is its number + pieces, the parent of n is n / 2. */
    uint32_t pieces;
    const uint32_t *starts; /* by node, into marks; one more than nodes */
    const uint32_t *marks;
    uint32_t first_row; /* a node's row is its number + first_row */
};

/* ---- order ---- */

enum ranges_order ranges_order_of(value v, bool is_cased)
{
    if (number_is(v))
        return RANGES_NUMBERS;
    switch ((int)v.kind) {
    case VALUE_TEXT:
        return is_cased ? RANGES_CASED : RANGES_FOLDED;
    case VALUE_TIME:
        return RANGES_TIMES;
    case VALUE_DURATION:
        return RANGES_DURATIONS;
    case VALUE_SEVERITY:
        return RANGES_SEVERITIES;
    case VALUE_VERDICT:
        return RANGES_VERDICTS;
    default:
        return RANGES_ORDERS;
    }
}

static int compare_bytes(str a, str b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    int order = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(enum ranges_order order, value a, value b)
{
    if (order == RANGES_NUMBERS)
        return number_compare(a, b);
    if (order == RANGES_FOLDED)
        return fold_compare(value_str(a), value_str(b));
    if (order == RANGES_CASED)
        return compare_bytes(value_str(a), value_str(b));
    return (a.integer > b.integer) - (a.integer < b.integer);
}

static int compare_for_sort(const void *a, const void *b, void *order)
{
    return compare(*(enum ranges_order *)order, *(const value *)a, *(const value *)b);
}

/* ---- build ---- */

/* Without branches: which way it goes is a coin each time. */
static uint32_t piece_of_integer(const struct ranges *ranges, int64_t integer)
{
    uint32_t base = 0; /* ends before it are less */
    for (uint32_t left = ranges->end_count; left > 0;) {
        uint32_t half = (left + 1) / 2;
        uint32_t is_less = ranges->ends[base + half - 1].integer < integer;
        base += half & -is_less;
        left -= half;
    }
    return 2 * base + (base < ranges->end_count && ranges->ends[base].integer == integer);
}

/* The piece that the value lies in. */
static uint32_t piece_of(const struct ranges *ranges, value v)
{
    uint32_t low = 0;
    if (ranges->is_integral && v.kind != VALUE_DECIMAL)
        return piece_of_integer(ranges, v.integer);
    uint32_t high = ranges->end_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(ranges->order, ranges->ends[middle], v);
        if (order == 0)
            return 2 * middle + 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 2 * low;
}

static enum err ends_sort(
    struct arena *arena, struct ranges *ranges, const struct range *items, uint32_t count)
{
    value *ends = ARENA_ARRAY(arena, value, 2 * (size_t)count);
    uint32_t all = 0;
    if (ends == NULL || count > UINT32_MAX / 16)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].low.kind != VALUE_ABSENT)
            ends[all++] = items[i].low;
        if (items[i].high.kind != VALUE_ABSENT)
            ends[all++] = items[i].high;
    }
    qsort_r(ends, all, sizeof *ends, compare_for_sort, &ranges->order);
    for (uint32_t i = 0; i < all; i++)
        if (i == 0 || compare(ranges->order, ends[ranges->end_count - 1], ends[i]) != 0)
            ends[ranges->end_count++] = ends[i];
    ranges->is_integral = ranges->order != RANGES_FOLDED && ranges->order != RANGES_CASED;
    for (uint32_t i = 0; i < ranges->end_count; i++)
        ranges->is_integral = ranges->is_integral && ends[i].kind != VALUE_DECIMAL;
    ranges->ends = ends;
    ranges->pieces = 2 * ranges->end_count + 1;
    return ERR_OK;
}

/* Put the range at the nodes that make it up, or, without `marks`, count them. `fill` has for each
 * node how many are there. */
static void place(
    const struct ranges *ranges, const struct range *range, uint32_t *fill, uint32_t *marks)
{
    uint32_t low = 0;
    uint32_t end = ranges->pieces;
    if (range->low.kind != VALUE_ABSENT)
        low = piece_of(ranges, range->low) + !range->has_low;
    if (range->high.kind != VALUE_ABSENT)
        end = piece_of(ranges, range->high) + range->has_high;
    if (low >= end)
        return;
    low += ranges->pieces;
    end += ranges->pieces;
    for (; low < end; low /= 2, end /= 2) {
        uint32_t nodes[2];
        uint32_t count = 0;
        if (low % 2 == 1)
            nodes[count++] = low++;
        if (end % 2 == 1)
            nodes[count++] = --end;
        for (uint32_t i = 0; i < count; i++) {
            if (marks != NULL)
                marks[ranges->starts[nodes[i]] + fill[nodes[i]]] = range->predicate;
            fill[nodes[i]]++;
        }
    }
}

static enum err tree_build(
    struct arena *arena, struct ranges *ranges, const struct range *items, uint32_t count)
{
    CLEANUP(arena_release) struct arena work = ARENA_INIT(0);
    uint32_t nodes = 2 * ranges->pieces;
    uint32_t *fill = ARENA_ARRAY(&work, uint32_t, nodes);
    uint32_t *starts = ARENA_ARRAY(arena, uint32_t, (size_t)nodes + 1);
    if (fill == NULL || starts == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        place(ranges, &items[i], fill, NULL);
    for (uint32_t node = 0; node < nodes; node++)
        if (__builtin_add_overflow(starts[node], fill[node], &starts[node + 1]))
            return ERR_MEMORY;
    uint32_t *marks = ARENA_ARRAY(arena, uint32_t, starts[nodes]);
    if (marks == NULL)
        return ERR_MEMORY;
    memset(fill, 0, nodes * sizeof *fill);
    ranges->starts = starts;
    for (uint32_t i = 0; i < count; i++)
        place(ranges, &items[i], fill, marks);
    ranges->marks = marks;
    return ERR_OK;
}

enum err ranges_new(struct arena *arena, enum ranges_order order, const struct range *items,
    uint32_t count, uint32_t *io_rows, const struct ranges **ret_ranges)
{
    *ret_ranges = NULL;
    if (count == 0)
        return ERR_OK;
    struct ranges *ranges = ARENA_NEW(arena, struct ranges);
    if (ranges == NULL)
        return ERR_MEMORY;
    ranges->order = order;
    TRY(ends_sort(arena, ranges, items, count));
    TRY(tree_build(arena, ranges, items, count));
    ranges->first_row = *io_rows;
    *io_rows += 2 * ranges->pieces;
    *ret_ranges = ranges;
    return ERR_OK;
}

void ranges_mark(const struct ranges *ranges, value v, struct truths *truths)
{
    for (uint32_t node = piece_of(ranges, v) + ranges->pieces; node > 0; node /= 2)
        truths_add_row(truths, ranges->first_row + node, ranges->marks + ranges->starts[node],
            ranges->starts[node + 1] - ranges->starts[node]);
}
