/* Alerts of the simulated tenant: lists, records, what is done about them. */
#include "sandbox/crowdstrike_list.h"

enum { PAGE = 100, PAGE_MAX = 1000, QUERY_MAX = 10000, IDS_MAX = 1000 };

/* CrowdStrike's updated_timestamp moves without any visible change: with the knob "touchAlerts" the
 * first alert's does at each list. */
static void touch(struct edr_call *call)
{
    json_t *alert = json_array_get(json_object_get(call->tenant, "alerts"), 0);
    if (world_flag(call->tenant, "touchAlerts") && alert != NULL)
        json_object_set_new(alert, "updated_timestamp", json_string(edr_now(call)));
}

static struct crowdstrike_list asked(const char *filter, const char *sort)
{
    return (struct crowdstrike_list){ .collection = "alerts",
        .sorts = "created_timestamp updated_timestamp timestamp composite_id severity status",
        .is_newest_first = true,
        .filter = filter,
        .sort = sort };
}

void crowdstrike_alerts_by_filter(struct edr_call *call)
{
    struct crowdstrike_list list = asked(edr_text(call, "filter"), edr_text(call, "sort"));
    list.token = edr_text(call, "after");
    list.with_hidden = true;
    touch(call);
    if (!edr_number(call, "limit", 1, PAGE_MAX, PAGE, &list.limit)
        || !crowdstrike_select(call, &list, 0))
        return;
    json_t *resources = json_array();
    for (size_t at = list.from; at < list.to; at++)
        json_array_append_new(resources, crowdstrike_shown(list.items[at]));
    json_t *paging =
        json_pack("{s:I,s:I}", "total", (json_int_t)list.total, "limit", (json_int_t)list.limit);
    const char *after = crowdstrike_next_token(call, &list, 0);
    if (after != NULL)
        json_object_set_new(paging, "after", json_string(after));
    crowdstrike_answer(call, 200, resources, paging);
}

static bool with_hidden(const struct edr_call *call)
{
    const char *text = edr_query(call, "include_hidden");
    return text == NULL || strcmp(text, "true") == 0;
}

void crowdstrike_alert_ids(struct edr_call *call)
{
    struct crowdstrike_list list = asked(edr_query(call, "filter"), edr_query(call, "sort"));
    list.with_hidden = with_hidden(call);
    if (edr_query(call, "q") != NULL) {
        edr_refuse(call, 400, "400", "the sandbox searches no texts");
        return;
    }
    if (!edr_number(call, "limit", 1, QUERY_MAX, PAGE, &list.limit)
        || !edr_number(call, "offset", 0, QUERY_MAX - list.limit, 0, &list.offset)
        || !crowdstrike_select(call, &list, 0))
        return;
    json_t *resources = json_array();
    for (size_t at = list.from; at < list.to; at++)
        json_array_append(resources, json_object_get(list.items[at], "composite_id"));
    crowdstrike_answer(call, 200, resources,
        json_pack("{s:I,s:I,s:I}", "total", (json_int_t)list.total, "limit", (json_int_t)list.limit,
            "offset", (json_int_t)list.offset));
}

static json_t *alert_of(struct edr_call *call, size_t n)
{
    const char *id = json_string_value(json_array_get(edr_member(call, "composite_ids"), n));
    json_t *alert = id == NULL ? NULL : world_find(call->tenant, "alerts", "composite_id", id);
    return with_hidden(call) || !json_is_false(json_object_get(alert, "show_in_ui")) ? alert : NULL;
}

static bool ids_fit(struct edr_call *call)
{
    size_t count = json_array_size(edr_member(call, "composite_ids"));
    return (count > 0 && count <= IDS_MAX)
           || edr_refuse(call, 400, "400", "composite_ids are from 1 to %d", IDS_MAX);
}

void crowdstrike_alerts_get(struct edr_call *call)
{
    json_t *resources = json_array();
    size_t count = ids_fit(call) ? json_array_size(edr_member(call, "composite_ids")) : 0;
    for (size_t n = 0; n < count; n++)
        if (alert_of(call, n) != NULL)
            json_array_append_new(resources, crowdstrike_shown(alert_of(call, n)));
    crowdstrike_answer(call, 200, resources, NULL);
}

/* ---- what is done about them ---- */

static bool is_status(const char *text)
{
    static const char *const all[] = { "new", "in_progress", "reopened", "closed" };
    for (size_t at = 0; at < COUNT_OF(all); at++)
        if (strcmp(all[at], text) == 0)
            return true;
    return false;
}

static json_t *list_of(json_t *alert, const char *name)
{
    if (!json_is_array(json_object_get(alert, name)))
        json_object_set_new(alert, name, json_array());
    return json_object_get(alert, name);
}

static void set_status(struct edr_call *call, json_t *alert, const char *value)
{
    edr_set(call, alert, "status", json_string(value));
}

static void append_comment(struct edr_call *call, json_t *alert, const char *value)
{
    json_array_append_new(
        list_of(alert, "comments"), json_pack("{s:s,s:s,s:s}", "value", value, "timestamp",
                                        edr_now(call), "falcon_user_id", call->caller));
    call->applied = true;
}

static void remove_tag(struct edr_call *call, json_t *alert, const char *value)
{
    json_t *tags = list_of(alert, "tags");
    for (size_t at = json_array_size(tags); at-- > 0;)
        if (strcmp(json_string_value(json_array_get(tags, at)), value) == 0)
            call->applied = json_array_remove(tags, at) == 0;
}

static void add_tag(struct edr_call *call, json_t *alert, const char *value)
{
    remove_tag(call, alert, value);
    json_array_append_new(list_of(alert, "tags"), json_string(value));
    call->applied = true;
}

static void assign_to_uuid(struct edr_call *call, json_t *alert, const char *value)
{
    edr_set(call, alert, "assigned_to_uuid", json_string(value));
}

static void assign_to_user(struct edr_call *call, json_t *alert, const char *value)
{
    edr_set(call, alert, "assigned_to_uid", json_string(value));
}

static void assign_to_name(struct edr_call *call, json_t *alert, const char *value)
{
    edr_set(call, alert, "assigned_to_name", json_string(value));
}

static void unassign(struct edr_call *call, json_t *alert, const char *value)
{
    (void)value;
    json_object_del(alert, "assigned_to_uuid");
    json_object_del(alert, "assigned_to_uid");
    json_object_del(alert, "assigned_to_name");
    call->applied = true;
}

static void show_in_ui(struct edr_call *call, json_t *alert, const char *value)
{
    edr_set(call, alert, "show_in_ui", json_boolean(strcmp(value, "true") == 0));
}

static const struct parameter {
    const char *name;
    void (*apply)(struct edr_call *call, json_t *alert, const char *value);
} parameters[] = {
    { "update_status", set_status },
    { "append_comment", append_comment },
    { "add_tag", add_tag },
    { "remove_tag", remove_tag },
    { "assign_to_uuid", assign_to_uuid },
    { "assign_to_user_id", assign_to_user },
    { "assign_to_name", assign_to_name },
    { "unassign", unassign },
    { "show_in_ui", show_in_ui },
};

/* The parameter that `given` names; NULL: refused. */
static const struct parameter *parameter_of(struct edr_call *call, json_t *given)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t at = 0;
    if (json_unpack_ex(given, NULL, JSON_STRICT, "{s:s,s:s}", "name", &name, "value", &value)
        != 0) {
        edr_refuse(call, 400, "400", "an action parameter has a name and a value, both text");
        return NULL;
    }
    while (at < COUNT_OF(parameters) && strcmp(parameters[at].name, name) != 0)
        at++;
    if (at == COUNT_OF(parameters))
        edr_refuse(call, 400, "400", "unknown action parameter: %s", name);
    else if (parameters[at].apply == set_status && !is_status(value))
        edr_refuse(call, 400, "400", "invalid status: %s", value);
    else if (value[0] == '\0' && parameters[at].apply != unassign)
        edr_refuse(call, 400, "400", "action parameter %s has no value", name);
    return call->error_code == NULL ? &parameters[at] : NULL;
}

void crowdstrike_alerts_update(struct edr_call *call)
{
    json_t *given = edr_member(call, "action_parameters");
    size_t count = ids_fit(call) ? json_array_size(edr_member(call, "composite_ids")) : 0;
    json_int_t affected = 0;
    if (json_array_size(given) == 0)
        edr_refuse(call, 400, "400", "action_parameters are missing");
    for (size_t at = 0; at < json_array_size(given); at++)
        if (parameter_of(call, json_array_get(given, at)) == NULL)
            return;
    for (size_t n = 0; call->error_code == NULL && n < count; n++) {
        json_t *alert = alert_of(call, n);
        for (size_t at = 0; alert != NULL && at < json_array_size(given); at++) {
            json_t *one = json_array_get(given, at);
            parameter_of(call, one)->apply(call, alert, world_text(one, "value"));
        }
        if (alert == NULL)
            continue;
        edr_set(call, alert, "updated_timestamp", json_string(edr_now(call)));
        affected++;
    }
    if (affected == 0)
        edr_refuse(call, 404, "404", "No alerts found for given composite_ids");
    crowdstrike_answer(call, 200, json_array(), NULL);
    json_object_set_new(json_object_get(call->answer, "meta"), "writes",
        json_pack("{s:I}", "resources_affected", affected));
}
