/* AWS WAF: IP sets. A region keeps them as {"name", "id", "scope", "ipAddressVersion",
 * "description", "addresses"}; those of CloudFront are kept in us-east-1. Its lock token follows from
 * what a set holds. */
#include "sandbox/ec2_rules.h"
#include "sandbox/operation.h"
#include "base/sha256.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { ADDRESSES_MAX = 10000, PAGE_MAX = 100 };

static void put(struct call *call, json_t *place, const char *key, json_t *value)
{
    if (json_object_set_new(place, key, value) != 0)
        call->err = ERR_MEMORY;
}

static bool invalid(struct call *call, const char *what, const char *value)
{
    return call_refuse(call, 400, "WAFInvalidParameterException",
        "Error reason: The parameter contains formatting that is not valid., field: %s, "
        "parameter: %s",
        what, value);
}

static bool scope_is_good(struct call *call)
{
    const char *scope = call_text(call, "Scope");
    bool is_global = strcmp(scope, "CLOUDFRONT") == 0;
    if (!is_global && strcmp(scope, "REGIONAL") != 0)
        return invalid(call, "SCOPE_VALUE", scope);
    return !is_global || strcmp(call->region_name, "us-east-1") == 0
           || call_refuse(call, 400, "WAFInvalidParameterException",
               "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT");
}

static const char *arn_of(struct call *call, const json_t *set)
{
    bool is_global = strcmp(world_text(set, "scope"), "CLOUDFRONT") == 0;
    return arena_format(call->arena, "arn:aws:wafv2:%s:%s:%s/ipset/%s/%s", call->region_name,
        call_account_id(call), is_global ? "global" : "regional", world_text(set, "name"),
        world_text(set, "id"));
}

/* Of the form that WAF's have. */
static const char *token_of(struct call *call, const json_t *set)
{
    char hex[SHA256_HEX_SIZE];
    char *text = json_dumps(set, JSON_COMPACT | JSON_SORT_KEYS);
    enum err err = text == NULL ? ERR_MEMORY : sha256_hex(str_from(text), hex);
    free(text);
    if (err != ERR_OK) {
        call->err = err;
        return "";
    }
    return arena_format(
        call->arena, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

static json_t *summary(struct call *call, const json_t *set)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "ARN", arn_of(call, set), "Description",
        world_text(set, "description"), "Id", world_text(set, "id"), "LockToken",
        token_of(call, set), "Name", world_text(set, "name"));
}

/* NextMarker is the name that the page ended with, as WAF's is. */
void sandbox_wafv2_list_ip_sets(struct call *call)
{
    long long limit = PAGE_MAX;
    const char *after = call_text(call, "NextMarker");
    if (!scope_is_good(call) || !call_number(call, "Limit", 1, PAGE_MAX, &limit)
        || !call_may_proceed(call))
        return;
    json_t *page = json_array();
    bool is_past = after == NULL;
    const char *last = "";
    size_t index;
    json_t *set;
    json_array_foreach(json_object_get(call->region, "ipSets"), index, set)
    {
        if (strcmp(world_text(set, "scope"), call_text(call, "Scope")) != 0)
            continue;
        if (is_past && (long long)json_array_size(page) == limit) {
            put(call, call->json, "NextMarker", json_string(last));
            break;
        }
        if (is_past && json_array_append_new(page, summary(call, set)) != 0)
            call->err = ERR_MEMORY;
        last = world_text(set, "name");
        is_past = is_past || strcmp(last, after) == 0;
    }
    put(call, call->json, "IPSets", page);
}

/* The set that Name, Scope and Id name together; NULL: refused. */
static json_t *set_of(struct call *call)
{
    json_t *set = scope_is_good(call)
                      ? world_find(call->region, "ipSets", "id", call_text(call, "Id"))
                      : NULL;
    if (set != NULL && strcmp(world_text(set, "name"), call_text(call, "Name")) == 0
        && strcmp(world_text(set, "scope"), call_text(call, "Scope")) == 0)
        return set;
    call_refuse(call, 400, "WAFNonexistentItemException",
        "AWS WAF couldn't perform the operation because your resource doesn't exist.");
    return NULL;
}

void sandbox_wafv2_get_ip_set(struct call *call)
{
    const json_t *set = set_of(call);
    if (set == NULL || !call_may_proceed(call))
        return;
    put(call, call->json, "IPSet",
        json_pack("{s:s,s:O,s:s,s:s,s:s,s:s}", "ARN", arn_of(call, set), "Addresses",
            json_object_get(set, "addresses"), "Description", world_text(set, "description"),
            "IPAddressVersion", world_text(set, "ipAddressVersion"), "Id", world_text(set, "id"),
            "Name", world_text(set, "name")));
    put(call, call->json, "LockToken", json_string(token_of(call, set)));
}

static bool address_is_good(struct call *call, const json_t *set, const char *address)
{
    bool is_v4 = strcmp(world_text(set, "ipAddressVersion"), "IPV4") == 0;
    const char *range = ec2_range(call, address, is_v4 ? AF_INET : AF_INET6);
    const char *length = strchr(address, '/');
    bool is_good = range != NULL && length != NULL && strcmp(length, "/0") != 0;
    return is_good || invalid(call, "IP_ADDRESS", address);
}

static bool addresses_are_good(struct call *call, const json_t *set, const json_t *addresses)
{
    size_t index;
    json_t *address;
    if (!json_is_array(addresses))
        return invalid(call, "IP_ADDRESS", "null");
    if (json_array_size(addresses) > ADDRESSES_MAX)
        return call_refuse(call, 400, "WAFLimitsExceededException",
            "AWS WAF couldn't perform the operation because you exceeded your resource limit.");
    json_array_foreach(addresses, index, address)
    {
        const char *text = json_string_value(address);
        if (text == NULL || !address_is_good(call, set, text))
            return text != NULL ? false : invalid(call, "IP_ADDRESS", "null");
    }
    return true;
}

void sandbox_wafv2_update_ip_set(struct call *call)
{
    json_t *set = set_of(call);
    json_t *addresses = json_object_get(call->input, "Addresses");
    if (set == NULL || !addresses_are_good(call, set, addresses))
        return;
    if (strcmp(token_of(call, set), call_text(call, "LockToken")) != 0) {
        call_refuse(call, 400, "WAFOptimisticLockException",
            "AWS WAF couldn't save your changes because someone changed the resource after you "
            "started to edit it. Reapply your changes.");
        return;
    }
    const char *description = call_text(call, "Description");
    if (!call_may_proceed(call))
        return;
    call_set(call, set, "addresses", json_deep_copy(addresses));
    call_set(call, set, "description", json_string(description == NULL ? "" : description));
    put(call, call->json, "NextLockToken", json_string(token_of(call, set)));
}
