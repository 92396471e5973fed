#include "aws/requests_waf.h"

#include "aws/draft.h"

enum { PAGE_SETS = 100 };

struct request waf_list_ip_sets(struct step *step, const struct ip_set *set, str page)
{
    json_t *body =
        page.len == 0
            ? json_pack("{s:s%,s:i}", "Scope", set->scope.ptr, set->scope.len, "Limit", PAGE_SETS)
            : json_pack("{s:s%,s:i,s:s%}", "Scope", set->scope.ptr, set->scope.len, "Limit",
                PAGE_SETS, "NextMarker", page.ptr, page.len);
    return draft_json(step, "wafv2", "ListIPSets", set->region, set->name, body);
}

/* What names the set in every request. */
static json_t *names(const struct ip_set *set)
{
    return json_pack("{s:s%,s:s%,s:s%}", "Name", set->name.ptr, set->name.len, "Scope",
        set->scope.ptr, set->scope.len, "Id", set->id.ptr, set->id.len);
}

struct request waf_get_ip_set(struct step *step, const struct ip_set *set)
{
    return draft_json(step, "wafv2", "GetIPSet", set->region, set->name, names(set));
}

static json_t *texts(value list)
{
    json_t *array = json_array();
    for (uint32_t at = 0; at < list.count; at++) {
        str text = value_str(list.items[at]);
        if (json_array_append_new(array, json_stringn(text.ptr, text.len)) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

struct request waf_update_ip_set(
    struct step *step, const struct ip_set *set, value addresses, str description, str lock)
{
    json_t *body = names(set);
    bool is_whole =
        json_object_set_new(body, "Addresses", texts(addresses)) == 0
        && json_object_set_new(body, "LockToken", json_stringn(lock.ptr, lock.len)) == 0;
    if (is_whole && description.len > 0)
        is_whole =
            json_object_set_new(body, "Description", json_stringn(description.ptr, description.len))
            == 0;
    if (!is_whole) {
        json_decref(body);
        body = NULL;
    }
    return draft_json(step, "wafv2", "UpdateIPSet", set->region, set->name, body);
}
