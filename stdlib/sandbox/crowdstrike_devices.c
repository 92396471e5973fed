/* Hosts of the simulated tenant: lists, records, containment. */
#include "sandbox/crowdstrike_list.h"
#include "sandbox/crowdstrike_rtr.h"

enum { TOKEN_LIFETIME_S = 120, IDS_MAX = 5000, ACTION_IDS_MAX = 100, CONTAIN_LOOKS = 2 };

static const char *online_of(const json_t *device)
{
    if (rtr_is_online(device, false))
        return "online";
    const char *state = world_text(json_object_get(device, "sandbox"), "online");
    return state;
}

/* A look at a device: what is pending gets nearer, unless it is offline. */
static void look_at(const json_t *device)
{
    json_t *inside = json_object_get(device, "sandbox");
    const char *status = world_text(device, "status");
    const char *next = strcmp(status, "containment_pending") == 0        ? "contained"
                       : strcmp(status, "lift_containment_pending") == 0 ? "normal"
                                                                         : NULL;
    if (next == NULL || strcmp(online_of(device), "online") != 0)
        return;
    json_int_t looks = world_number(inside, "looks") - 1;
    json_object_set_new(inside, "looks", json_integer(looks));
    if (looks < 0)
        json_object_set_new((json_t *)(uintptr_t)device, "status", json_string(next));
}

static bool select_devices(struct edr_call *call, struct crowdstrike_list *list)
{
    *list = (struct crowdstrike_list){ .collection = "devices",
        .sorts = "device_id hostname platform_name status first_seen last_seen local_ip",
        .filter = edr_query(call, "filter"),
        .sort = edr_query(call, "sort"),
        .token = edr_query(call, "offset") };
    return edr_number(call, "limit", 1, 10000, 100, &list->limit)
           && crowdstrike_select(
               call, list, crowdstrike_knob(call, "offsetLifetimeS", TOKEN_LIFETIME_S));
}

/* Pages of devices: "next" and "offset" are opaque, an empty one ends them. */
static json_t *paging(struct edr_call *call, const struct crowdstrike_list *list)
{
    long long lifetime_s = crowdstrike_knob(call, "offsetLifetimeS", TOKEN_LIFETIME_S);
    const char *next = crowdstrike_next_token(call, list, lifetime_s);
    return json_pack("{s:I,s:I,s:s,s:s,s:I}", "total", (json_int_t)list->total, "limit",
        (json_int_t)list->limit, "offset", next == NULL ? "" : next, "next",
        next == NULL ? "" : next, "expires_at",
        (json_int_t)(call->now_ms + lifetime_s * 1000) * 1000000);
}

void crowdstrike_devices_by_filter(struct edr_call *call)
{
    struct crowdstrike_list list;
    if (!select_devices(call, &list))
        return;
    json_t *resources = json_array();
    for (size_t at = list.from; at < list.to; at++) {
        look_at(list.items[at]);
        json_array_append_new(resources, crowdstrike_shown(list.items[at]));
    }
    crowdstrike_answer(call, 200, resources, paging(call, &list));
}

void crowdstrike_device_ids(struct edr_call *call)
{
    struct crowdstrike_list list;
    if (!select_devices(call, &list))
        return;
    json_t *resources = json_array();
    for (size_t at = list.from; at < list.to; at++)
        json_array_append(resources, json_object_get(list.items[at], "device_id"));
    crowdstrike_answer(call, 200, resources, paging(call, &list));
}

/* The n-th of "ids", of the query or the content; NULL past the last. */
static const char *id_at(const struct edr_call *call, size_t n)
{
    const char *id = edr_query_at(call, "ids", n);
    return id != NULL ? id : json_string_value(json_array_get(edr_member(call, "ids"), n));
}

/* Whether there is one, and not more than `most`. */
static bool ids_fit(struct edr_call *call, size_t most)
{
    if (id_at(call, 0) == NULL)
        return edr_refuse(call, 400, "400", "Provide at least one device ID");
    return id_at(call, most) == NULL
           || edr_refuse(call, 400, "400", "Provide at most %zu device IDs", most);
}

void crowdstrike_devices_get(struct edr_call *call)
{
    const char *id;
    size_t most = call->input == NULL ? 100 : IDS_MAX;
    json_t *resources = json_array();
    for (size_t n = 0; ids_fit(call, most) && (id = id_at(call, n)) != NULL; n++) {
        json_t *device = crowdstrike_device(call, id);
        if (device == NULL || world_flag(json_object_get(device, "sandbox"), "hidden"))
            continue;
        look_at(device);
        json_array_append_new(resources, crowdstrike_shown(device));
    }
    crowdstrike_answer(call, json_array_size(resources) > 0 ? 200 : 404, resources, NULL);
    for (size_t n = 0; call->answer != NULL && (id = id_at(call, n)) != NULL; n++)
        if (crowdstrike_device(call, id) == NULL)
            crowdstrike_error(call, 404, "No devices found for given IDs", id);
}

void crowdstrike_online_state(struct edr_call *call)
{
    const char *id;
    json_t *resources = json_array();
    for (size_t n = 0; ids_fit(call, 100) && (id = id_at(call, n)) != NULL; n++) {
        const json_t *device = crowdstrike_device(call, id);
        (void)rtr_is_online(device, true);
        json_array_append_new(resources,
            json_pack("{s:s,s:s,s:s,s:s}", "id", id, "cid", world_text(call->tenant, "id"), "state",
                device == NULL ? "unknown" : online_of(device), "last_seen",
                world_text(device, "last_seen")));
    }
    crowdstrike_answer(call, 200, resources, NULL);
}

void crowdstrike_response_policies(struct edr_call *call)
{
    const char *id;
    json_t *resources = json_array();
    for (size_t n = 0; (id = id_at(call, n)) != NULL; n++) {
        json_t *policy = world_find(call->tenant, "responsePolicies", "id", id);
        if (policy == NULL)
            edr_refuse(call, 404, "404", "policy not found: %s", id);
        else
            json_array_append(resources, policy);
    }
    crowdstrike_answer(call, 200, resources, NULL);
}

/* What an action wants of a device's status. */
static const struct action {
    const char *name;
    const char *pending; /* NULL: it is about showing */
    const char *done;
} actions[] = {
    { "contain", "containment_pending", "contained" },
    { "lift_containment", "lift_containment_pending", "normal" },
    { "hide_host", NULL, NULL },
    { "unhide_host", NULL, NULL },
};

/* Whether it may be asked for now. */
static bool action_fits(struct edr_call *call, const struct action *action, const json_t *device)
{
    const char *status = world_text(device, "status");
    if (action->pending == NULL
        || (strcmp(status, action->pending) != 0 && strcmp(status, action->done) != 0))
        return true;
    return edr_refuse(
        call, 409, "409", "Device %s is already %s", world_text(device, "device_id"), status);
}

static void act(struct edr_call *call, const struct action *action, json_t *device)
{
    json_t *inside = json_object_get(device, "sandbox");
    if (action->pending == NULL) {
        edr_set(call, inside, "hidden", json_boolean(strcmp(action->name, "hide_host") == 0));
        return;
    }
    edr_set(call, device, "status", json_string(action->pending));
    edr_set(
        call, inside, "looks", json_integer(crowdstrike_knob(call, "containLooks", CONTAIN_LOOKS)));
    edr_set(call, device, "modified_timestamp", json_string(edr_now(call)));
}

void crowdstrike_device_action(struct edr_call *call)
{
    const struct action *action = actions;
    const char *id;
    while (strcmp(action->name, edr_query(call, "action_name")) != 0)
        action++;
    json_t *resources = json_array();
    /* All are looked at before any is changed. */
    for (size_t n = 0; ids_fit(call, ACTION_IDS_MAX) && (id = id_at(call, n)) != NULL; n++) {
        const json_t *device = crowdstrike_device(call, id);
        if (device == NULL)
            edr_refuse(call, 404, "404", "No devices found for given IDs: %s", id);
        else
            (void)action_fits(call, action, device);
    }
    for (size_t n = 0; call->error_code == NULL && (id = id_at(call, n)) != NULL; n++) {
        act(call, action, crowdstrike_device(call, id));
        json_array_append_new(
            resources, json_pack("{s:s,s:s}", "id", id, "path",
                           arena_format(call->arena, "/devices/entities/devices/v1?ids=%s", id)));
    }
    crowdstrike_answer(call, 202, resources, NULL);
}
