#include "sandbox/crowdstrike.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct edr_operation operations[] = {
#define OPERATION(method, path, name, run, effect, scope, target, query, content, members)         \
    { "crowdstrike", method, path, name, effect, scope, target, query, content, members,           \
        crowdstrike_##run },
#include "sandbox/crowdstrike.def"
#undef OPERATION
};

enum { RATE_LIMIT = 6000, TOKEN_LIFETIME_S = 1799, RETRY_AFTER_S = 1 };

/* {"query_time", "powered_by", "trace_id"} and, where there are pages, "pagination" (stolen). */
static json_t *meta_of(const struct edr_call *call, json_t *pagination)
{
    const char *trace =
        arena_format(call->arena, "5a5db0c5-0000-4000-9000-%012" PRIx64, call->number);
    json_t *meta =
        json_pack("{s:f,s:s,s:s?}", "query_time", 0.01, "powered_by", "sandbox", "trace_id", trace);
    if (pagination != NULL)
        json_object_set_new(meta, "pagination", pagination);
    return meta;
}

void crowdstrike_answer(struct edr_call *call, int status, json_t *resources, json_t *pagination)
{
    if (call->error_code != NULL) {
        json_decref(resources);
        json_decref(pagination);
        return;
    }
    call->status = status;
    call->answer = json_pack(
        "{s:o,s:[],s:o}", "meta", meta_of(call, pagination), "errors", "resources", resources);
    if (call->answer == NULL)
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
}

void crowdstrike_error(struct edr_call *call, int code, const char *message, const char *id)
{
    json_t *error = json_pack("{s:i,s:s}", "code", code, "message", message);
    if (id != NULL)
        json_object_set_new(error, "id", json_string(id));
    json_array_append_new(json_object_get(call->answer, "errors"), error);
}

long long crowdstrike_knob(const struct edr_call *call, const char *name, long long fallback)
{
    const json_t *value = json_object_get(call->tenant, name);
    return value == NULL ? fallback : json_integer_value(value);
}

json_t *crowdstrike_device(const struct edr_call *call, const char *id)
{
    return world_find(call->tenant, "devices", "device_id", id);
}

/* Headers of every reply, and the envelope of a refusal. */
static void finish(struct edr_call *call)
{
    long long limit = crowdstrike_knob(call, "rateLimit", RATE_LIMIT);
    bool is_throttled = call->error_code != NULL && call->status == 429;
    edr_header(call, "X-Cs-Region", world_text(call->tenant, "region"));
    edr_header(call, "X-Cs-Traceid",
        arena_format(call->arena, "5a5db0c5-0000-4000-9000-%012" PRIx64, call->number));
    edr_header(call, "X-Ratelimit-Limit", arena_format(call->arena, "%lld", limit));
    edr_header(call, "X-Ratelimit-Remaining",
        arena_format(call->arena, "%lld", is_throttled ? 0 : limit - 1));
    if (is_throttled)
        edr_header(call, "X-RateLimit-RetryAfter",
            arena_format(call->arena, "%lld",
                (long long)call->now_ms / 1000
                    + crowdstrike_knob(call, "retryAfterS", RETRY_AFTER_S)));
    if (call->error_code == NULL)
        return;
    json_decref(call->answer);
    call->content_type = "application/json";
    call->answer = json_pack("{s:o,s:[{s:i,s:s}],s:[]}", "meta", meta_of(call, NULL), "errors",
        "code", (int)strtol(call->error_code, NULL, 10), "message",
        call->error_message == NULL ? "" : call->error_message, "resources");
}

void crowdstrike_token(struct edr_call *call)
{
    const char *id = edr_form(call, "client_id");
    const json_t *client = world_find(call->tenant, "clients", "clientId", id);
    call->caller = id;
    if (client == NULL
        || strcmp(world_text(client, "clientSecret"), edr_form(call, "client_secret")) != 0) {
        edr_refuse(call, 403, "403", "access denied, invalid client");
        return;
    }
    long long lifetime_s = crowdstrike_knob(call, "tokenLifetimeS", TOKEN_LIFETIME_S);
    const char *token = edr_mint_token(call, client, "crowdstrike", lifetime_s);
    call->status = 201;
    call->answer = json_pack("{s:s,s:s,s:I}", "access_token", token, "token_type", "bearer",
        "expires_in", (json_int_t)lifetime_s);
}

void crowdstrike_revoke(struct edr_call *call)
{
    json_t *token = world_find(call->tenant, "tokens", "token", edr_form(call, "token"));
    if (token != NULL)
        edr_remove(call, "tokens", token);
    crowdstrike_answer(call, 200, json_array(), NULL);
}

/* What operations rely on; a list that is absent becomes an empty one. */
static const struct {
    const char *list;
    const char *member;
    json_type type;
} relied_on[] = {
    { "clients", "clientId", JSON_STRING },
    { "clients", "clientSecret", JSON_STRING },
    { "clients", "scopes", JSON_ARRAY },
    { "devices", "device_id", JSON_STRING },
    { "devices", "hostname", JSON_STRING },
    { "devices", "platform_name", JSON_STRING },
    { "devices", "status", JSON_STRING },
    { "alerts", "composite_id", JSON_STRING },
    { "alerts", "created_timestamp", JSON_STRING },
    { "alerts", "updated_timestamp", JSON_STRING },
    { "alerts", "status", JSON_STRING },
    { "responsePolicies", "id", JSON_STRING },
    { "sessions", "session_id", JSON_STRING },
    { "sessions", "previous_commands", JSON_ARRAY },
    { "commands", "cloud_request_id", JSON_STRING },
    { "files", "sha256", JSON_STRING },
    { "putFiles", "id", JSON_STRING },
};

/* NULL, or a sentence about a device with a status that is none; each gets a place for what only the
 * sandbox knows. */
static const char *devices_fault(json_t *tenant, struct arena *arena)
{
    static const char *const states[] = { "normal", "containment_pending", "contained",
        "lift_containment_pending" };
    size_t index;
    json_t *device;
    json_array_foreach(json_object_get(tenant, "devices"), index, device)
    {
        size_t at = 0;
        while (at < COUNT_OF(states) && strcmp(states[at], world_text(device, "status")) != 0)
            at++;
        if (at == COUNT_OF(states))
            return arena_format(arena, "the device %s is '%s', which is no status",
                world_text(device, "device_id"), world_text(device, "status"));
        if (json_object_get(device, "sandbox") == NULL)
            json_object_set_new(device, "sandbox", json_object());
        if (!json_is_object(json_object_get(device, "sandbox")))
            return "\"sandbox\" of a device is not an object";
    }
    return NULL;
}

static const char *tenant_fault(json_t *tenant, struct arena *arena)
{
    if (strlen(world_text(tenant, "id")) != 32)
        return "there is no \"id\", a CID of 32 digits";
    for (size_t at = 0; at < COUNT_OF(relied_on); at++) {
        json_t *list = json_object_get(tenant, relied_on[at].list);
        if (list == NULL
            && json_object_set_new(tenant, relied_on[at].list, list = json_array()) != 0)
            return "there is no memory";
        if (!json_is_array(list))
            return arena_format(arena, "\"%s\" is not a list", relied_on[at].list);
        for (size_t n = 0; n < json_array_size(list); n++) {
            const json_t *value = json_object_get(json_array_get(list, n), relied_on[at].member);
            if (value == NULL || json_typeof(value) != relied_on[at].type)
                return arena_format(arena, "element %zu of \"%s\" has no proper \"%s\"", n,
                    relied_on[at].list, relied_on[at].member);
        }
    }
    return devices_fault(tenant, arena);
}

const struct edr_family crowdstrike_family = {
    .prefix = "/_crowdstrike",
    .member = "crowdstrike",
    .operations = operations,
    .operations_count = COUNT_OF(operations),
    .words = {
        [EDR_NO_PATH] = { 404, "404", "404: Page Not Found" },
        [EDR_NO_METHOD] = { 405, "405", "method not allowed" },
        [EDR_BAD_QUERY] = { 400, "400", NULL },
        [EDR_BAD_BODY] = { 400, "400", NULL },
        [EDR_BAD_TYPE] = { 415, "415", NULL },
        [EDR_TOO_LONG] = { 413, "413", NULL },
        [EDR_NO_TOKEN] = { 401, "401", "access denied, invalid bearer token" },
        [EDR_BAD_TOKEN] = { 401, "401", "access denied, invalid bearer token" },
        [EDR_NO_SCOPE] = { 403, "403", "access denied, authorization failed" },
        [EDR_THROTTLED] = { 429, "429", "API rate limit exceeded." },
        [EDR_BROKEN] = { 500, "500", "Internal Server Error: Please provide trace-id to support." },
    },
    .finish = finish,
    .fault = tenant_fault,
};
