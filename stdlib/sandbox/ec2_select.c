/* Which things a Describe shows: by id, by filter, page by page. */
#include "sandbox/ec2.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_LEAST = 5, PAGE_MOST = 1000, FILTER_VALUES_MAX = 200 };

/* Whether `text` is as `pattern` says, * standing for any run and ? for one byte. */
static bool is_like(const char *text, const char *pattern)
{
    const char *star = NULL;
    const char *retry = text;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool value_is_like(const json_t *value, const char *pattern)
{
    char number[32];
    switch (json_typeof(value)) {
    case JSON_STRING:
        return is_like(json_string_value(value), pattern);
    case JSON_TRUE:
        return is_like("true", pattern);
    case JSON_FALSE:
        return is_like("false", pattern);
    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%lld", json_integer_value(value));
        return is_like(number, pattern);
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_REAL:
    case JSON_NULL:
        break;
    }
    return false;
}

static bool member_is_like(const json_t *thing, const char *key, const char *pattern)
{
    const json_t *value = json_object_get(thing, key);
    if (value == NULL)
        return false;
    if (!json_is_array(value))
        return value_is_like(value, pattern);
    size_t index;
    json_t *element;
    json_array_foreach(value, index, element) if (value_is_like(element, pattern)) return true;
    return false;
}

static bool has_tag_key(json_t *tags, const char *pattern)
{
    const char *key;
    json_t *value;
    json_object_foreach(tags, key, value) if (is_like(key, pattern)) return true;
    return false;
}

static const struct ec2_filter *known_filter(const struct ec2_select *select, const char *name)
{
    for (size_t at = 0; at < select->filters_count; at++)
        if (strcmp(select->filters[at].name, name) == 0)
            return &select->filters[at];
    return NULL;
}

static bool matches(struct call *call, const struct ec2_select *select, const json_t *thing,
    const char *name, const char *pattern)
{
    json_t *tags = json_object_get(thing, "tags");
    if (strncmp(name, "tag:", 4) == 0)
        return member_is_like(tags, name + 4, pattern);
    if (strcmp(name, "tag-key") == 0)
        return has_tag_key(tags, pattern);
    const struct ec2_filter *filter = known_filter(select, name);
    if (filter == NULL)
        return false;
    if (filter->key[0] == '\0')
        return is_like(call_account_id(call), pattern);
    return member_is_like(thing, filter->key, pattern);
}

/* Whether filter `n` lets `thing` through: one of its values is enough. */
static bool filter_lets(
    struct call *call, const struct ec2_select *select, size_t n, const json_t *thing)
{
    const char *name = form_getf(&call->form, "Filter.%zu.Name", n);
    for (size_t at = 1; at <= FILTER_VALUES_MAX; at++) {
        const char *pattern = form_getf(&call->form, "Filter.%zu.Value.%zu", n, at);
        if (pattern == NULL)
            return false;
        if (matches(call, select, thing, name, pattern))
            return true;
    }
    return false;
}

/* How many filters there are, each checked. False: refused. */
static bool check_filters(struct call *call, const struct ec2_select *select, size_t *ret_count)
{
    *ret_count = 0;
    for (size_t n = 1; form_hasf(&call->form, "Filter.%zu.", n); n++) {
        const char *name = form_getf(&call->form, "Filter.%zu.Name", n);
        bool is_tag =
            name != NULL
            && ((strncmp(name, "tag:", 4) == 0 && name[4] != '\0') || strcmp(name, "tag-key") == 0);
        if (name == NULL || (!is_tag && known_filter(select, name) == NULL))
            return call_refuse(call, 400, "InvalidParameterValue", "The filter '%s' is invalid",
                name == NULL ? "null" : name);
        if (form_getf(&call->form, "Filter.%zu.Value.1", n) == NULL)
            return call_refuse(
                call, 400, "InvalidParameterValue", "The filter '%s' has no value", name);
        if (form_getf(&call->form, "Filter.%zu.Value.%d", n, FILTER_VALUES_MAX + 1) != NULL)
            return call_refuse(call, 400, "FilterLimitExceeded",
                "The maximum number of filter values specified on a single call is %d",
                FILTER_VALUES_MAX);
        *ret_count = n;
    }
    return true;
}

bool ec2_filter(struct call *call, struct ec2_select *select, struct ec2_list *list)
{
    size_t filters;
    if (!check_filters(call, select, &filters))
        return false;
    size_t kept = 0;
    for (size_t at = 0; at < list->count; at++) {
        bool is_wanted = true;
        for (size_t n = 1; n <= filters && is_wanted; n++)
            is_wanted = filter_lets(call, select, n, list->items[at]);
        if (is_wanted)
            list->items[kept++] = list->items[at];
    }
    list->count = kept;
    return true;
}

/* A token has bytes that a form must encode, as those of AWS have. */
static const char *token_of(struct call *call, size_t offset)
{
    return arena_format(call->arena, "%s+page/%zu==", call->operation_name, offset);
}

static bool read_token(struct call *call, size_t *ret_offset)
{
    const char *token = call_text(call, "NextToken");
    *ret_offset = 0;
    if (token == NULL)
        return true;
    const char *slash = strrchr(token, '/');
    if (slash != NULL)
        *ret_offset = strtoul(slash + 1, NULL, 10);
    const char *same = token_of(call, *ret_offset);
    if (same == NULL || *ret_offset == 0 || strcmp(token, same) != 0)
        return call_refuse(call, 400, "InvalidNextToken", "The token '%s' is invalid", token);
    return true;
}

bool ec2_page(struct call *call, struct ec2_select *select, struct ec2_list *list)
{
    long long most = PAGE_MOST;
    size_t offset;
    if (call_text(call, "MaxResults") != NULL && form_hasf(&call->form, "%s.1", select->ids))
        return call_refuse(call, 400, "InvalidParameterCombination",
            "The parameter %s cannot be used with the parameter MaxResults", select->ids);
    if (!call_number(call, "MaxResults", PAGE_LEAST, PAGE_MOST, &most)
        || !read_token(call, &offset))
        return false;
    if (offset > list->count)
        offset = list->count;
    size_t left = list->count - offset;
    select->next = left > (size_t)most ? offset + (size_t)most : 0;
    list->items += offset;
    list->count = left > (size_t)most ? (size_t)most : left;
    return true;
}

void ec2_end_page(struct call *call, const struct ec2_select *select)
{
    if (select->next != 0)
        markup_text(&call->body, "nextToken", token_of(call, select->next));
}

bool ec2_select(
    struct call *call, enum ec2_kind kind, struct ec2_select *select, struct ec2_list *ret_list)
{
    if (!ec2_named(call, kind, select->ids, ret_list))
        return false;
    if (ret_list->count == 0) {
        const json_t *all = json_object_get(call->region, ec2_kind_info(kind)->collection);
        ret_list->items = ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1);
        if (ret_list->items == NULL) {
            call->err = ERR_MEMORY;
            return false;
        }
        for (size_t at = 0; at < json_array_size(all); at++)
            ret_list->items[ret_list->count++] = json_array_get(all, at);
    }
    return ec2_filter(call, select, ret_list) && ec2_page(call, select, ret_list);
}
