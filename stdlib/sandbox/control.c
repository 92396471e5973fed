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

static void put_findings(struct sandbox_memory *memory, str body, struct answer *answer)
{
    json_auto_t *findings = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    size_t index;
    json_t *finding;
    const char *fault = json_is_array(findings) ? NULL : "findings are an array";
    json_array_foreach(findings, index, finding) if (fault == NULL) fault =
        put_finding(&memory->world, finding);
    if (fault == NULL)
        answer_json(answer, 200, findings);
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
        put_findings(memory, request->body, answer);
    else if (str_is(name, "calls") || str_is(name, "state") || str_is(name, "reset")
             || str_is(name, "findings"))
        answer_error(
            answer, 405, "calls and state are read by GET, reset and findings are done by POST");
    else
        answer_error(answer, 404, "there is calls, state, faults, findings and reset");
}
