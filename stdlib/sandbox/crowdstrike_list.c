#include "sandbox/crowdstrike_list.h"
#include "sandbox/fql.h"

#include <inttypes.h>
#include <stdlib.h>

json_t *crowdstrike_shown(const json_t *thing)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)thing);
    json_object_del(copy, "sandbox");
    return copy;
}

struct order {
    str field;
    bool is_falling;
};

/* Read "field|asc" or "field.desc". False: it is none, or the field is not among those. */
static bool read_sort(const struct crowdstrike_list *list, struct order *order)
{
    str sorts = str_from(list->sorts);
    order->field = str_first(sorts, str_find(sorts, ' '));
    order->is_falling = list->is_newest_first;
    if (list->sort == NULL)
        return true;
    str sort = str_from(list->sort);
    size_t bar = str_find(sort, '|');
    if (bar == sort.len)
        bar = str_find_last(sort, '.');
    str way = str_skip(sort, bar + 1);
    order->field = str_first(sort, bar);
    order->is_falling = str_is(way, "desc");
    if (!order->is_falling && !str_is(way, "asc"))
        return false;
    for (str rest = sorts; rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ' '));
        if (str_equal(one, order->field))
            return true;
        rest = str_skip(rest, one.len + 1);
    }
    return false;
}

static int compare(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    const json_t *first = fql_value(*(json_t *const *)a, order->field);
    const json_t *second = fql_value(*(json_t *const *)b, order->field);
    int way = order->is_falling ? -1 : 1;
    if (json_is_number(first) && json_is_number(second)) {
        double difference = json_number_value(first) - json_number_value(second);
        return difference < 0 ? -way : difference > 0 ? way : 0;
    }
    const char *left = json_string_value(first);
    const char *right = json_string_value(second);
    return way * fql_compare(left == NULL ? "" : left, right == NULL ? "" : right);
}

/* What a token is tied to (FNV-1a). */
static uint32_t tie_of(const struct crowdstrike_list *list)
{
    uint32_t tie = 2166136261U;
    const char *const texts[] = { list->filter, "\n", list->sort };
    for (size_t at = 0; at < COUNT_OF(texts); at++)
        for (const char *byte = texts[at] == NULL ? "" : texts[at]; *byte != '\0'; byte++)
            tie = (tie ^ (unsigned char)*byte) * 16777619U;
    return tie;
}

/* "TIE-FROM-UNTIL" */
static bool read_token(struct edr_call *call, struct crowdstrike_list *list, long long lifetime_s)
{
    uint32_t tie = 0;
    long long until_ms = 0;
    char end = '\0';
    if (list->token == NULL) {
        list->from = (size_t)list->offset;
        return true;
    }
    if (sscanf(list->token, "%8" SCNx32 "-%8zu-%16lld%c", &tie, &list->from, &until_ms, &end) != 3)
        return edr_refuse(call, 400, "400", "invalid page token");
    if (tie != tie_of(list))
        return edr_refuse(call, 400, "400", "page token was made for another filter or sort");
    return lifetime_s == 0 || until_ms > call->now_ms
           || edr_refuse(call, 400, "400", "page token has expired");
}

const char *crowdstrike_next_token(
    struct edr_call *call, const struct crowdstrike_list *list, long long token_lifetime_s)
{
    /* Some pages end with a token though nothing follows: the next one is empty. */
    bool is_empty_last = world_flag(call->tenant, "emptyLastPage") && list->to == list->total
                         && list->to > list->from;
    if (list->to >= list->total && !is_empty_last)
        return NULL;
    return arena_format(call->arena, "%08" PRIx32 "-%zu-%lld", tie_of(list), list->to,
        (long long)call->now_ms + token_lifetime_s * 1000);
}

static bool is_hidden(const json_t *thing)
{
    const json_t *shown = json_object_get(thing, "show_in_ui");
    return json_is_false(shown) || world_flag(json_object_get(thing, "sandbox"), "hidden");
}

bool crowdstrike_select(
    struct edr_call *call, struct crowdstrike_list *list, long long token_lifetime_s)
{
    struct order order;
    const json_t *all = json_object_get(call->tenant, list->collection);
    const char *fault = list->filter == NULL ? NULL : fql_fault(list->filter, call->arena);
    list->items = ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1);
    if (list->items == NULL)
        return edr_refuse_as(call, EDR_BROKEN, "out of memory");
    if (fault != NULL)
        return edr_refuse(call, 400, "400", "%s", fault);
    if (!read_sort(list, &order))
        return edr_refuse(call, 400, "400", "invalid sort: %s", list->sort);
    if (!read_token(call, list, token_lifetime_s))
        return false;
    size_t index;
    json_t *thing;
    json_array_foreach(
        all, index, thing) if ((list->with_hidden || !is_hidden(thing))
                               && (list->filter == NULL || fql_holds(list->filter, thing)))
        list->items[list->total++] = thing;
    qsort_r(list->items, list->total, sizeof(list->items[0]), compare, &order);
    if (list->from > list->total)
        list->from = list->total;
    size_t left = list->total - list->from;
    list->to = list->from + (left < (size_t)list->limit ? left : (size_t)list->limit);
    return true;
}
