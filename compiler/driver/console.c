/* console.c - see console.h. Sources: the scopes that Falcon's console lists for an API client; the
 * permissions that each page of Microsoft's API references names. */
#include "driver/console.h"

#include "base/attr.h"

#include <string.h>

static const struct {
    const char *scope;
    const char *group;
} scopes[] = {
    { "alerts", "Alerts" },
    { "hosts", "Hosts" },
    { "real-time-response", "Real time response" },
    { "real-time-response-admin", "Real time response (admin)" },
    { "response-policies", "Response policies" },
};

/* App roles that begin so are of Graph; all others are of Defender for Endpoint. */
static const char *const of_graph[] = { "SecurityAlert.", "User." };

bool console_has(str provider)
{
    return str_is(provider, "crowdstrike") || str_is(provider, "defender");
}

const char *console_word(str provider)
{
    return str_is(provider, "crowdstrike") ? "scope" : "app role";
}

static bool scope_find(str permission, struct console_name *ret_name)
{
    size_t colon = str_find(permission, ':');
    str access = str_skip(permission, colon);
    *ret_name = (struct console_name){ NULL, str_is(access, ":read")    ? "Read"
                                             : str_is(access, ":write") ? "Write"
                                                                        : NULL };
    for (size_t at = 0; at < COUNT_OF(scopes); at++)
        if (str_is(str_first(permission, colon), scopes[at].scope))
            ret_name->group = scopes[at].group;
    return ret_name->group != NULL && ret_name->access != NULL;
}

bool console_find(str provider, const char *permission, struct console_name *ret_name)
{
    if (str_is(provider, "crowdstrike"))
        return scope_find(str_from(permission), ret_name);
    *ret_name = (struct console_name){ "WindowsDefenderATP", permission };
    for (size_t at = 0; at < COUNT_OF(of_graph); at++)
        if (str_startswith(str_from(permission), str_from(of_graph[at])))
            ret_name->group = "Microsoft Graph";
    return str_is(provider, "defender") && strchr(permission, '.') != NULL;
}

bool console_covers(str provider, const char *wide, const char *narrow)
{
    str head = str_from(narrow);
    str write = STR(".ReadWrite.All"), read = STR(".Read.All");
    if (strcmp(wide, narrow) == 0)
        return true;
    if (!str_is(provider, "defender") || !str_endswith(head, read))
        return false;
    head.len -= read.len;
    return str_startswith(str_from(wide), head)
           && str_equal(str_skip(str_from(wide), head.len), write);
}
