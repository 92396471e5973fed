/* requests.c - see requests.h. */
#include "crowdstrike/requests.h"

#include "rest/rest.h"

#define SERVICE "crowdstrike"
#define JSON_TEXT(text) (text).ptr, (text).len

/* What the step changes, once it is found: what it is called in the journal. */
static str target_of(const struct step *step, str id)
{
    return step->target.len > 0 ? step->target : id;
}

/* {"NAME":["ID"]} */
static json_t *one_id(const char *name, str id)
{
    return json_pack("{s:[s%]}", name, JSON_TEXT(id));
}

struct request falcon_get_device(struct step *step, str id)
{
    struct rest_draft draft = rest_begin(
        step, SERVICE, "PostDeviceDetailsV2", id, "POST", "/devices/entities/devices/v2");
    rest_json(&draft, one_id("ids", id));
    return rest_end(&draft);
}

struct request falcon_get_online(struct step *step, const str *ids, size_t count)
{
    struct rest_draft draft = rest_begin(step, SERVICE, "GetOnlineState_V1",
        count == 1 ? ids[0] : STR(""), "GET", "/devices/entities/online-state/v1");
    for (size_t at = 0; at < count; at++)
        rest_query(&draft, "ids", ids[at]);
    return rest_end(&draft);
}

static void query_number(struct rest_draft *draft, const char *name, int number)
{
    char digits[16];
    int len = snprintf(digits, sizeof(digits), "%d", number);
    rest_query(draft, name, (str){ digits, (size_t)len });
}

/* Unasked they come by device_id, rising. The description names no direction in what it lets one sort
 * by, its examples do: nothing is said that either might refuse. */
struct request falcon_list_devices(struct step *step, str filter, str offset)
{
    struct rest_draft draft = rest_begin(
        step, SERVICE, "CombinedDevicesByFilter", STR(""), "GET", "/devices/combined/devices/v1");
    if (filter.len > 0)
        rest_query(&draft, "filter", filter);
    query_number(&draft, "limit", FALCON_DEVICES_PAGE);
    if (offset.len > 0)
        rest_query(&draft, "offset", offset);
    return rest_end(&draft);
}

struct request falcon_act_on_device(struct step *step, str id, const char *action)
{
    struct rest_draft draft = rest_begin(step, SERVICE, "PerformActionV2", target_of(step, id),
        "POST", "/devices/entities/devices-actions/v2");
    rest_query(&draft, "action_name", str_from(action));
    rest_json(&draft, one_id("ids", id));
    return rest_end(&draft);
}

struct request falcon_get_alert(struct step *step, str id)
{
    struct rest_draft draft =
        rest_begin(step, SERVICE, "PostEntitiesAlertsV2", id, "POST", "/alerts/entities/alerts/v2");
    rest_query(&draft, "include_hidden", STR("true"));
    rest_json(&draft, one_id("composite_ids", id));
    return rest_end(&draft);
}

struct request falcon_update_alert(struct step *step, str id, const char *name, str text)
{
    struct rest_draft draft = rest_begin(step, SERVICE, "PatchEntitiesAlertsV3",
        target_of(step, id), "PATCH", "/alerts/entities/alerts/v3");
    rest_query(&draft, "include_hidden", STR("true"));
    rest_json(&draft, json_pack("{s:[{s:s,s:s%}],s:[s%]}", "action_parameters", "name", name,
                          "value", JSON_TEXT(text), "composite_ids", JSON_TEXT(id)));
    return rest_end(&draft);
}

struct request falcon_list_alerts(struct step *step, str filter, str after)
{
    struct rest_draft draft = rest_begin(
        step, SERVICE, "PostCombinedAlertsV1", STR(""), "POST", "/alerts/combined/alerts/v1");
    json_t *body = json_pack("{s:s%,s:i,s:s}", "filter", JSON_TEXT(filter), "limit",
        FALCON_ALERTS_PAGE, "sort", "created_timestamp|asc");
    if (after.len > 0 && json_object_set_new(body, "after", json_stringn(JSON_TEXT(after))) != 0) {
        json_decref(body);
        body = NULL;
    }
    rest_json(&draft, body);
    return rest_end(&draft);
}

struct request falcon_get_response_policies(struct step *step, const str *ids, size_t count)
{
    struct rest_draft draft = rest_begin(
        step, SERVICE, "getRTResponsePolicies", STR(""), "GET", "/policy/entities/response/v1");
    for (size_t at = 0; at < count; at++)
        rest_query(&draft, "ids", ids[at]);
    return rest_end(&draft);
}
