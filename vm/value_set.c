#include "value_set.h"

#include "base/fold.h"
#include "ip.h"
#include "number.h"

#include <stdlib.h>

const value *value_items(value v)
{
    if (v.kind == VALUE_SET)
        return v.set->items;
    return v.kind == VALUE_LIST ? v.items : NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return fold_compare(value_str(*(const value *)a), value_str(*(const value *)b));
}

static int compare_numbers(const void *a, const void *b)
{
    return number_compare(*(const value *)a, *(const value *)b);
}

static int compare_networks(const void *a, const void *b)
{
    const struct ip *left = ((const value *)a)->ip;
    const struct ip *right = ((const value *)b)->ip;
    if (left->bits != right->bits)
        return left->bits < right->bits ? -1 : 1;
    return memcmp(left->bytes, right->bytes, sizeof left->bytes);
}

static void sort(value *items, uint32_t count, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, sizeof *items, compare);
}

static void set_add(struct value_set *set, value item)
{
    value number;
    switch (item.kind) {
    case VALUE_TEXT:
        set->texts[set->texts_count++] = item;
        if (number_parse(value_str(item), &number))
            set->spelled[set->spelled_count++] = number;
        break;
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
        set->numbers[set->numbers_count++] = item;
        break;
    case VALUE_IP:
    case VALUE_CIDR:
        set->networks[set->networks_count++] = item;
        break;
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_SEVERITY:
    case VALUE_VERDICT:
    case VALUE_REGEX:
    case VALUE_ZONE:
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_OBJECT:
        set->others[set->others_count++] = item;
        break;
    }
}

static void set_sort(struct value_set *set)
{
    sort(set->texts, set->texts_count, compare_texts);
    sort(set->numbers, set->numbers_count, compare_numbers);
    sort(set->spelled, set->spelled_count, compare_numbers);
    sort(set->networks, set->networks_count, compare_networks);
    for (uint32_t i = 0; i < set->networks_count; i++)
        if (i == 0 || set->networks[i].ip->bits != set->networks[i - 1].ip->bits)
            set->bits[set->bits_count++] = set->networks[i].ip->bits;
}

/* Room for each kind is what that kind needs, so that a million addresses cost one array. */
static enum err set_room(struct arena *arena, struct value_set *set)
{
    uint32_t texts = 0;
    uint32_t numbers = 0;
    uint32_t networks = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        enum value_kind kind = set->items[i].kind;
        texts += kind == VALUE_TEXT;
        numbers += kind == VALUE_INTEGER || kind == VALUE_DECIMAL;
        networks += kind == VALUE_IP || kind == VALUE_CIDR;
    }
    set->texts = ARENA_ARRAY(arena, value, texts);
    set->spelled = ARENA_ARRAY(arena, value, texts);
    set->numbers = ARENA_ARRAY(arena, value, numbers);
    set->networks = ARENA_ARRAY(arena, value, networks);
    set->others = ARENA_ARRAY(arena, value, set->count - texts - numbers - networks);
    bool is_full = set->texts == NULL || set->spelled == NULL || set->numbers == NULL
                   || set->networks == NULL || set->others == NULL;
    return is_full ? ERR_MEMORY : ERR_OK;
}

enum err value_set_new(struct arena *arena, const value *items, uint32_t count, value *ret_value)
{
    struct value_set *set = ARENA_NEW(arena, struct value_set);
    if (set == NULL)
        return ERR_MEMORY;
    set->items = items;
    set->count = count;
    TRY(set_room(arena, set));
    for (uint32_t i = 0; i < count; i++)
        set_add(set, items[i]);
    set_sort(set);
    *ret_value = (value){ .kind = VALUE_SET, .count = count, .set = set };
    return ERR_OK;
}

const value *value_set_texts(const struct value_set *set, str text, uint32_t *ret_count)
{
    uint32_t low = 0;
    uint32_t high = set->texts_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fold_compare(value_str(set->texts[middle]), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t end = low;
    while (end < set->texts_count && fold_equal(value_str(set->texts[end]), text))
        end++;
    *ret_count = end - low;
    return set->texts + low;
}

bool value_set_has_number(const struct value_set *set, value number, bool is_spelled)
{
    const value *numbers = is_spelled ? set->spelled : set->numbers;
    uint32_t count = is_spelled ? set->spelled_count : set->numbers_count;
    return count > 0 && bsearch(&number, numbers, count, sizeof number, compare_numbers) != NULL;
}

bool value_set_has_ip(const struct value_set *set, const struct ip *ip)
{
    for (uint32_t i = 0; i < set->bits_count; i++) {
        struct ip network = *ip;
        if (ip->is_v4 && set->bits[i] < IP_V4_BITS)
            continue; /* a network of IPv6 */
        network.bits = set->bits[i];
        ip_mask(&network);
        value key = { .kind = VALUE_CIDR, .ip = &network };
        if (bsearch(&key, set->networks, set->networks_count, sizeof key, compare_networks) != NULL)
            return true;
    }
    return false;
}
