/* The organization: every account of the world, the first of which manages it. An account's "status"
 * is ACTIVE unless the world says otherwise. */
#include "sandbox/operation.h"

enum { PAGE_MAX = 20 }; /* AWS gives at most so many at once */

#define ORGANIZATION_ID "o-sandbox0cdr"

static const json_t *accounts_of(const struct call *call)
{
    return json_object_get(call->world->root, "accounts");
}

static const char *management(const struct call *call)
{
    return world_text(json_array_get(accounts_of(call), 0), "account");
}

static bool is_management(struct call *call)
{
    if (strcmp(call_account_id(call), management(call)) == 0)
        return true;
    return call_refuse(
        call, 400, "AccessDeniedException", "You don't have permissions to access this resource.");
}

static void put(struct call *call, json_t *place, const char *key, json_t *value)
{
    if (json_object_set_new(place, key, value) != 0)
        call->err = ERR_MEMORY;
}

void sandbox_organizations_describe_organization(struct call *call)
{
    const char *id = management(call);
    if (!call_may_proceed(call))
        return;
    put(call, call->json, "Organization",
        json_pack("{s:s,s:s,s:o,s:s,s:o,s:o}", "Id", ORGANIZATION_ID, "FeatureSet", "ALL", "Arn",
            json_sprintf("arn:aws:organizations::%s:organization/%s", id, ORGANIZATION_ID),
            "MasterAccountId", id, "MasterAccountArn",
            json_sprintf("arn:aws:organizations::%s:account/%s/%s", id, ORGANIZATION_ID, id),
            "MasterAccountEmail", json_sprintf("aws+%s@example.com", id)));
}

static json_t *account_json(const struct call *call, const json_t *account)
{
    const char *id = world_text(account, "account");
    const char *status = world_text(account, "status");
    return json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:i}", "Id", id, "Arn",
        json_sprintf(
            "arn:aws:organizations::%s:account/%s/%s", management(call), ORGANIZATION_ID, id),
        "Email", json_sprintf("aws+%s@example.com", id), "Name", json_sprintf("account %s", id),
        "Status", status[0] == '\0' ? "ACTIVE" : status, "JoinedMethod", "CREATED",
        "JoinedTimestamp", 1736931600);
}

void sandbox_organizations_list_accounts(struct call *call)
{
    long long size = PAGE_MAX;
    long long from = 0;
    const json_t *all = accounts_of(call);
    long long count = (long long)json_array_size(all);
    if (!call_number(call, "MaxResults", 1, PAGE_MAX, &size)
        || !call_number(call, "NextToken", 1, count, &from) || !is_management(call)
        || !call_may_proceed(call))
        return;
    json_t *page = json_array();
    long long end = from + size < count ? from + size : count;
    for (long long at = from; at < end; at++)
        if (json_array_append_new(page, account_json(call, json_array_get(all, (size_t)at))) != 0)
            call->err = ERR_MEMORY;
    put(call, call->json, "Accounts", page);
    if (end < count)
        put(call, call->json, "NextToken", json_sprintf("%lld", end));
}
