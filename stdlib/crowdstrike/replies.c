/* replies.c - see replies.h. */
#include "crowdstrike/replies.h"

#include <ctype.h>

enum { ID_DIGITS = 32, ALERT_ID_BYTES_MAX = 512 };

static bool is_hex(str text)
{
    return str_all_of(text, "0123456789abcdefABCDEF");
}

bool falcon_is_agent_id(str text)
{
    return text.len == ID_DIGITS && is_hex(text);
}

bool falcon_is_alert_id(str text)
{
    if (text.len < ID_DIGITS + 2 || text.len > ALERT_ID_BYTES_MAX
        || !is_hex(str_first(text, ID_DIGITS)) || text.ptr[ID_DIGITS] != ':')
        return false;
    for (size_t at = ID_DIGITS; at < text.len; at++)
        if (!isgraph((unsigned char)text.ptr[at]))
            return false;
    return true;
}

static bool is_same_id(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (size_t at = 0; at < a.len; at++)
        if (tolower((unsigned char)a.ptr[at]) != tolower((unsigned char)b.ptr[at]))
            return false;
    return a.len > 0;
}

const struct xml *falcon_resource(const struct answer *answer, const char *name, str id)
{
    if (answer->heard != HEARD_ANSWER)
        return NULL;
    const struct xml *item = xml_find(answer->root, "resources");
    while (item != NULL && !is_same_id(xml_text(item, name), id))
        item = xml_next(item);
    return item;
}

bool falcon_is_missing(const struct answer *answer)
{
    return answer_is(answer, "404") || answer_is(answer, "HTTP404");
}

bool falcon_is_conflict(const struct answer *answer)
{
    return answer_is(answer, "409") || answer_is(answer, "HTTP409");
}

struct falcon_device falcon_device_of(const struct xml *item)
{
    const struct xml *policy = xml_find(item, "device_policies/remote_response");
    return (struct falcon_device){
        .id = xml_text(item, "device_id"),
        .name = xml_text(item, "hostname"),
        .domain = xml_text(item, "machine_domain"),
        .platform = xml_text(item, "platform_name"),
        .os = xml_text(item, "os_version"),
        .local_ip = xml_text(item, "local_ip"),
        .external_ip = xml_text(item, "external_ip"),
        .connection_ip = xml_text(item, "connection_ip"),
        .mac = xml_text(item, "mac_address"),
        .status = xml_text(item, "status"),
        .provider = xml_text(item, "service_provider"),
        .account = xml_text(item, "service_provider_account_id"),
        .instance = xml_text(item, "instance_id"),
        .zone = xml_text(item, "zone_group"),
        .last_seen = xml_text(item, "last_seen"),
        .policy = xml_text(policy, "policy_id"),
        .is_policy_applied = str_is(xml_text(policy, "applied"), "true"),
        .item = item,
    };
}

enum falcon_containment falcon_containment_of(const struct falcon_device *device)
{
    static const char *const words[FALCON_OTHER] = {
        [FALCON_NORMAL] = "normal",
        [FALCON_CONTAINING] = "containment_pending",
        [FALCON_CONTAINED] = "contained",
        [FALCON_LIFTING] = "lift_containment_pending",
    };
    int at = 0;
    while (at < FALCON_OTHER && !str_is(device->status, words[at]))
        at++;
    return (enum falcon_containment)at;
}

enum falcon_online falcon_online_of(const struct answer *answer, str id)
{
    str state = xml_text(falcon_resource(answer, "id", id), "state");
    return str_is(state, "online")    ? FALCON_ONLINE
           : str_is(state, "offline") ? FALCON_OFFLINE
                                      : FALCON_ONLINE_UNKNOWN;
}

bool falcon_is_aws(const struct falcon_device *device)
{
    return str_startswith(device->provider, STR("AWS"))
           || str_startswith(device->provider, STR("aws"));
}
