/* What the sandbox says of itself and lets itself be told: /_sandbox/... */
#include "sandbox/serve.h"

static void answer_json(struct answer *answer, int status, const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY);
    answer->status = text == NULL ? 500 : status;
    answer->content_type = "application/json";
    buf_add(&answer->body, str_from(text));
    buf_add_byte(&answer->body, '\n');
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
}

static void answer_error(struct answer *answer, int status, const char *sentence)
{
    json_auto_t *value = json_pack("{s:s}", "error", sentence == NULL ? "out of memory" : sentence);
    answer_json(answer, status, value);
}

static void set_faults(
    struct sandbox_memory *memory, str body, struct arena *arena, struct answer *answer)
{
    const char *reason = NULL;
    json_t *faults = faults_read(body, arena, &reason);
    if (faults == NULL) {
        answer_error(answer, 400, reason);
        return;
    }
    json_decref(memory->faults);
    memory->faults = faults;
    answer_json(answer, 200, faults);
}

static void reset(struct sandbox_memory *memory, struct answer *answer)
{
    json_t *root = json_deep_copy(memory->beginning.root);
    if (root == NULL) {
        answer_error(answer, 500, NULL);
        return;
    }
    world_release(&memory->world);
    memory->world = (struct world){ .root = root, .minted = memory->beginning.minted };
    memory->past_looks = 0;
    json_array_clear(memory->calls);
    json_array_clear(memory->faults);
    answer_json(answer, 200, memory->calls);
}

static void control_faults(struct sandbox_memory *memory, const struct sigv4_request *request,
    struct arena *arena, struct answer *answer)
{
    if (str_is(request->method, "GET")) {
        answer_json(answer, 200, memory->faults);
    } else if (str_is(request->method, "POST")) {
        set_faults(memory, request->body, arena, answer);
    } else if (str_is(request->method, "DELETE")) {
        json_array_clear(memory->faults);
        answer_json(answer, 200, memory->faults);
    } else {
        answer_error(answer, 405, "faults are read by GET, set by POST, cleared by DELETE");
    }
}

/* The detector of the finding's account and region, borrowed; NULL: the world has none. */
static json_t *detector_of(const struct world *world, const json_t *finding)
{
    const char *account_id = json_string_value(json_object_get(finding, "accountId"));
    const char *name = json_string_value(json_object_get(finding, "region"));
    json_t *account =
        account_id == NULL ? NULL : world_find(world->root, "accounts", "account", account_id);
    json_t *region =
        account == NULL || name == NULL ? NULL : world_find(account, "regions", "region", name);
    return json_array_get(json_object_get(region, "detectors"), 0);
}

/* Add a finding, or put it in the place of the one with its id. NULL, or what is wrong. */
static const char *put_finding(const struct world *world, json_t *finding)
{
    const char *id = json_string_value(json_object_get(finding, "id"));
    json_t *detector = detector_of(world, finding);
    if (id == NULL || json_string_value(json_object_get(finding, "updatedAt")) == NULL
        || !json_is_object(json_object_get(finding, "service")))
        return "a finding has an id, an updatedAt and a service";
    if (detector == NULL)
        return "there is no detector in the accountId and region of a finding";
    json_t *former = world_find(detector, "findings", "id", id);
    if (former == NULL)
        json_array_append(json_object_get(detector, "findings"), finding);
    else {
        json_object_clear(former);
        json_object_update(former, finding);
    }
    return NULL;
}

/* Where alerts are that look so: `mark` is a member that only they have. */
static const struct alert_place {
    const char *tenant;
    const char *list;
    const char *mark;
    const char *id;
    const char *texts[4]; /* what is relied on beside */
} alert_places[] = {
    { "crowdstrike", "alerts", "composite_id", "composite_id",
        { "created_timestamp", "updated_timestamp", "status" } },
    { "microsoft", "graphAlerts", "serviceSource", "id",
        { "createdDateTime", "lastUpdateDateTime", "status" } },
    { "microsoft", "alerts", "alertCreationTime", "id", { "lastUpdateTime", "status" } },
};

static bool is_whole(const json_t *alert, const struct alert_place *place)
{
    for (size_t at = 0; at < COUNT_OF(place->texts) && place->texts[at] != NULL; at++)
        if (!json_is_string(json_object_get(alert, place->texts[at])))
            return false;
    return true;
}

/* Add an alert, or put it in the place of the one with its id. NULL, or what is wrong. */
static const char *put_alert(const struct world *world, json_t *alert)
{
    for (size_t at = 0; at < COUNT_OF(alert_places); at++) {
        const struct alert_place *place = &alert_places[at];
        const char *id = json_string_value(json_object_get(alert, place->id));
        json_t *tenant = json_object_get(world->root, place->tenant);
        if (json_object_get(alert, place->mark) == NULL || id == NULL)
            continue;
        if (tenant == NULL)
            return "this world has no tenant for such an alert";
        if (!is_whole(alert, place))
            return "an alert has a status, and says when it was made and when it was changed";
        json_t *former = world_find(tenant, place->list, place->id, id);
        if (former == NULL)
            json_array_append(json_object_get(tenant, place->list), alert);
        else {
            json_object_clear(former);
            json_object_update(former, alert);
        }
        return NULL;
    }
    return "an alert has a composite_id (Falcon), or an id and a serviceSource (Graph) or an "
           "alertCreationTime (Defender for Endpoint)";
}

static void put_each(struct sandbox_memory *memory, str body, struct answer *answer,
    const char *(*put)(const struct world *world, json_t *thing))
{
    json_auto_t *things = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    size_t index;
    json_t *thing;
    const char *fault = json_is_array(things) ? NULL : "the body is no array";
    json_array_foreach(things, index, thing) if (fault == NULL) fault = put(&memory->world, thing);
    if (fault == NULL)
        answer_json(answer, 200, things);
    else
        answer_error(answer, 400, fault);
}

void sandbox_control(struct sandbox_memory *memory, const struct sigv4_request *request,
    struct arena *arena, struct answer *answer)
{
    str name = str_skip(request->path, sizeof("/_sandbox/") - 1);
    bool is_get = str_is(request->method, "GET");
    if (str_is(name, "faults"))
        control_faults(memory, request, arena, answer);
    else if (str_is(name, "calls") && is_get)
        answer_json(answer, 200, memory->calls);
    else if (str_is(name, "state") && is_get)
        answer_json(answer, 200, memory->world.root);
    else if (str_is(name, "reset") && str_is(request->method, "POST"))
        reset(memory, answer);
    else if (str_is(name, "findings") && str_is(request->method, "POST"))
        put_each(memory, request->body, answer, put_finding);
    else if (str_is(name, "alerts") && str_is(request->method, "POST"))
        put_each(memory, request->body, answer, put_alert);
    else if (str_is(name, "calls") || str_is(name, "state") || str_is(name, "reset")
             || str_is(name, "findings") || str_is(name, "alerts"))
        answer_error(answer, 405,
            "calls and state are read by GET, reset, findings and alerts are done by POST");
    else
        answer_error(answer, 404, "there is calls, state, faults, findings, alerts and reset");
}
