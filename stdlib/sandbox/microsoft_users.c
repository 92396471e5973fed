/* People of the tenant, as Graph knows them. */
#include "sandbox/microsoft.h"

#include <strings.h>

/* The user of the path, by id or user principal name; NULL: refused. */
static json_t *find_user(struct edr_call *call)
{
    const char *id = edr_place(call, "id");
    size_t index;
    json_t *user;
    json_array_foreach(json_object_get(call->tenant, "users"), index, user)
    {
        if (strcasecmp(world_text(user, "id"), id) == 0
            || strcasecmp(world_text(user, "userPrincipalName"), id) == 0)
            return user;
    }
    edr_refuse(call, 404, "Request_ResourceNotFound",
        "Resource '%s' does not exist or one of its queried reference-property objects are not "
        "present.",
        id);
    return NULL;
}

/* What Graph shows without $select; accountEnabled is not among it. */
static const char usual[] = "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,"
                            "officeLocation,preferredLanguage,surname,userPrincipalName,id";
static const char more[] = "accountEnabled,signInSessionsValidFromDateTime,onPremisesSyncEnabled,"
                           "onPremisesSecurityIdentifier,userType,createdDateTime,department";

static bool is_listed(const char *list, str name)
{
    for (str rest = str_from(list); rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ','));
        if (str_equal(one, name))
            return true;
        rest = str_skip(rest, one.len + 1);
    }
    return false;
}

void sandbox_microsoft_get_user(struct edr_call *call)
{
    json_t *user = find_user(call);
    const char *select = edr_query(call, "$select");
    if (user == NULL)
        return;
    call->answer = json_pack("{s:s}", "@odata.context",
        arena_format(call->arena, "%s/v1.0/$metadata#users/$entity", microsoft_base(call)));
    for (str rest = str_from(select == NULL ? usual : select); rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ','));
        rest = str_skip(rest, one.len + 1);
        if (!is_listed(usual, one) && !is_listed(more, one)) {
            edr_refuse(call, 400, "BadRequest",
                "Parsing OData Select and Expand failed: Could not find a property named '%.*s' "
                "on type 'microsoft.graph.user'.",
                STR_ARG(one));
            return;
        }
        json_t *value = json_object_getn(user, one.ptr, one.len);
        json_object_setn(call->answer, one.ptr, one.len, value == NULL ? json_null() : value);
    }
}

/* Whether the client may change that user: whoever has a role of administrators needs more than an
 * app role. */
static bool may_change(struct edr_call *call, const json_t *user)
{
    const json_t *client = microsoft_client(call);
    if (json_array_size(json_object_get(user, "directoryRoles")) == 0
        || world_holds(client, "directoryRoles", "Privileged Authentication Administrator")
        || world_holds(client, "directoryRoles", "Global Administrator"))
        return true;
    return edr_refuse(call, 403, "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.");
}

void sandbox_microsoft_update_user(struct edr_call *call)
{
    json_t *user = find_user(call);
    const json_t *enabled = edr_member(call, "accountEnabled");
    if (user == NULL)
        return;
    if (!json_is_boolean(enabled) || json_object_size(call->input) != 1) {
        edr_refuse(call, 400, "Request_BadRequest",
            "The sandbox changes accountEnabled alone, and it is a boolean.");
        return;
    }
    if (!may_change(call, user))
        return;
    edr_set(call, user, "accountEnabled", json_boolean(json_is_true(enabled)));
    call->status = 204;
}

void sandbox_microsoft_revoke_sessions(struct edr_call *call)
{
    json_t *user = find_user(call);
    if (user == NULL || !may_change(call, user))
        return;
    const char *now = microsoft_now(call);
    edr_set(call, user, "signInSessionsValidFromDateTime",
        json_string(arena_format(call->arena, "%.19sZ", now)));
    call->answer = json_pack("{s:s,s:b}", "@odata.context",
        arena_format(call->arena, "%s/v1.0/$metadata#Edm.Boolean", microsoft_base(call)), "value",
        1);
}
