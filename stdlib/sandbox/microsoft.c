/* The family of Microsoft: its operations, how it words refusals, what its part of a world must hold. */
#include "sandbox/microsoft.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct edr_operation operations[] = {
#define MICROSOFT_OPERATION(                                                                       \
    service, method, path, name, run, effect, scope, target, query, content, members)              \
    { service, method, path, name, effect, scope, target, query, content, members,                 \
        sandbox_microsoft_##run },
#include "sandbox/microsoft.def"
#undef MICROSOFT_OPERATION
};

/* ---- refusals ---- */

/* What Defender calls it, and what Graph and the login say in its place. */
static const struct wording {
    const char *defender;
    const char *graph;
    const char *login; /* with the code of Entra's sentence */
    const char *sentence;
} wordings[] = {
    { "Unauthorized", "InvalidAuthenticationToken", "invalid_client",
        "AADSTS7000222: The provided client secret keys for app are expired." },
    { "Forbidden", "Forbidden", "unauthorized_client", "AADSTS7000112: Application is disabled." },
    { "ODataError", "BadRequest", "invalid_request",
        "AADSTS9002313: Invalid request. Request is malformed or invalid." },
    { "InvalidRequestBody", "BadRequest", "invalid_request",
        "AADSTS900144: The request body must contain other parameters." },
    { "UnsupportedMediaType", "BadRequest", "invalid_request",
        "AADSTS900561: The endpoint only accepts application/x-www-form-urlencoded." },
    { "NotFound", "NotFound", "invalid_request", "AADSTS900023: There is nothing here." },
    { "MethodNotAllowed", "Request_BadRequest", "invalid_request",
        "AADSTS900561: The endpoint only accepts POST requests." },
    { "TooManyRequests", "TooManyRequests", "temporarily_unavailable",
        "AADSTS90055: The server is busy: too many requests." },
    { "InternalServerError", "generalException", "server_error",
        "AADSTS90033: A transient error has occurred. Please try again." },
};

static const char *service_of(const struct edr_call *call)
{
    str path = str_skip(call->request->path, strlen(call->family->prefix));
    if (call->operation != NULL)
        return call->operation->service;
    return str_startswith(path, STR("/v1.0/"))  ? "graph"
           : str_startswith(path, STR("/api/")) ? "defender"
                                                : "login";
}

/* What the frame refused by, in the words of the service. */
static void translate(struct edr_call *call, const char *service)
{
    for (size_t at = 0; at < COUNT_OF(wordings); at++) {
        const struct wording *wording = &wordings[at];
        if (strcmp(call->error_code, wording->defender) != 0)
            continue;
        if (strcmp(service, "graph") == 0) {
            call->error_code = wording->graph;
        } else if (strcmp(service, "login") == 0) {
            call->error_code = wording->login;
            call->error_message = wording->sentence;
        }
        return;
    }
}

/* The values of a JSON list of texts, by commas. */
static const char *joined(struct edr_call *call, const json_t *texts)
{
    CLEANUP(buf_release) struct buf list = BUF_INIT(64 * 1024);
    size_t index;
    json_t *text;
    json_array_foreach(texts, index, text)
    {
        buf_addf(&list, "%s%s", index == 0 ? "" : ",", json_string_value(text));
    }
    return arena_copy(call->arena, buf_str(&list)).ptr;
}

/* Which roles are missing: of people Graph says only that it is so. */
static void tell_roles(struct edr_call *call, const char *service)
{
    char *list = (char *)(uintptr_t)arena_copy(call->arena, str_from(call->operation->scope)).ptr;
    bool is_directory = strcmp(service, "graph") == 0
                        && str_startswith(str_from(call->operation->path), STR("/v1.0/users"));
    if (is_directory) {
        call->error_code = "Authorization_RequestDenied";
        call->error_message = "Insufficient privileges to complete the operation.";
        return;
    }
    for (char *at = list; at != NULL && *at != '\0'; at++)
        *at = *at == '|' ? ',' : *at;
    call->error_message = arena_format(call->arena,
        "Missing application roles. API required roles: %s, application roles: %s.", list,
        joined(call, json_object_get(call->token, "scopes")));
}

static json_t *login_error(struct edr_call *call, const char *trace)
{
    const char *now = arena_format(call->arena, "%.10s %.8sZ", microsoft_now(call),
        microsoft_now(call) + strlen("2025-04-01T"));
    str sentence = str_from(call->error_message);
    bool is_coded = str_startswith(sentence, STR("AADSTS"));
    long long code = is_coded ? strtoll(sentence.ptr + strlen("AADSTS"), NULL, 10) : 0;
    return json_pack("{s:s,s:s,s:[I],s:s,s:s,s:s}", "error", call->error_code, "error_description",
        arena_format(call->arena, "%s Trace ID: %s Correlation ID: %s Timestamp: %s",
            call->error_message, trace, trace, now),
        "error_codes", (json_int_t)code, "timestamp", now, "trace_id", trace, "correlation_id",
        trace);
}

static bool has_header(const struct edr_call *call, const char *name)
{
    for (uint32_t at = 0; at < call->headers_count; at++)
        if (str_is(call->headers[at].name, name))
            return true;
    return false;
}

static void finish(struct edr_call *call)
{
    const char *service = service_of(call);
    const char *trace =
        arena_format(call->arena, "5a5db0c5-0000-4000-a000-%012" PRIx64, call->number);
    edr_header(call, strcmp(service, "login") == 0 ? "x-ms-request-id" : "request-id", trace);
    if (call->error_code == NULL)
        return;
    if (strcmp(call->error_code, "Forbidden") == 0)
        tell_roles(call, service);
    translate(call, service);
    if (call->status == 429 && !has_header(call, "Retry-After"))
        edr_header(call, "Retry-After", "1");
    json_decref(call->answer);
    call->content_type = "application/json";
    if (strcmp(service, "login") == 0)
        call->answer = login_error(call, trace);
    else if (strcmp(service, "graph") == 0)
        call->answer = json_pack("{s:{s:s,s:s,s:{s:s,s:s,s:s}}}", "error", "code", call->error_code,
            "message", call->error_message, "innerError", "date",
            arena_format(call->arena, "%.19s", microsoft_now(call)), "request-id", trace,
            "client-request-id", trace);
    else
        call->answer = json_pack("{s:{s:s,s:s,s:s}}", "error", "code", call->error_code, "message",
            call->error_message, "target", trace);
}

/* ---- the world ---- */

/* What operations rely on; a list that is absent becomes an empty one. */
static const struct {
    const char *list;
    const char *member;
    json_type type;
} relied_on[] = {
    { "clients", "clientId", JSON_STRING },
    { "clients", "name", JSON_STRING },
    { "clients", "defenderRoles", JSON_ARRAY },
    { "clients", "graphRoles", JSON_ARRAY },
    { "machines", "id", JSON_STRING },
    { "machines", "computerDnsName", JSON_STRING },
    { "machines", "osPlatform", JSON_STRING },
    { "machines", "isolation", JSON_STRING },
    { "machineActions", "action", JSON_OBJECT },
    { "machineActions", "results", JSON_ARRAY },
    { "libraryFiles", "fileName", JSON_STRING },
    { "libraryFiles", "content", JSON_STRING },
    { "alerts", "id", JSON_STRING },
    { "graphAlerts", "id", JSON_STRING },
    { "users", "id", JSON_STRING },
    { "users", "userPrincipalName", JSON_STRING },
    { "files", "sha256", JSON_STRING },
};

/* Lists of plain values. */
static const char *const plain_lists[] = { "liveResponseCalls", "assertions" };

static const char *list_fault(
    json_t *tenant, const char *name, const char *member, json_type type, struct arena *arena)
{
    json_t *list = json_object_get(tenant, name);
    size_t index;
    json_t *thing;
    if (list == NULL)
        return json_object_set_new(tenant, name, json_array()) == 0 ? NULL : "out of memory";
    if (!json_is_array(list))
        return arena_format(arena, "\"%s\" is not a list", name);
    json_array_foreach(list, index, thing)
    {
        const json_t *value = member == NULL ? NULL : json_object_get(thing, member);
        if (member != NULL && (value == NULL || json_typeof(value) != type))
            return arena_format(
                arena, "element %zu of \"%s\" has no proper \"%s\"", index, name, member);
    }
    return NULL;
}

static const char *fault_of(json_t *tenant, struct arena *arena)
{
    const char *fault = NULL;
    if (world_text(tenant, "tenantId")[0] == '\0')
        return "there is no text \"tenantId\"";
    if (json_object_get(tenant, "cloud") == NULL)
        json_object_set_new(tenant, "cloud", json_string("commercial"));
    for (size_t at = 0; at < COUNT_OF(relied_on) && fault == NULL; at++)
        fault =
            list_fault(tenant, relied_on[at].list, relied_on[at].member, relied_on[at].type, arena);
    for (size_t at = 0; at < COUNT_OF(plain_lists) && fault == NULL; at++)
        fault = list_fault(tenant, plain_lists[at], NULL, JSON_NULL, arena);
    size_t index;
    json_t *machine;
    json_array_foreach(json_object_get(tenant, "machines"), index, machine)
    {
        if (fault == NULL && !json_is_object(json_object_get(machine, "sandbox")))
            json_object_set_new(machine, "sandbox", json_object());
    }
    return fault;
}

const struct edr_family microsoft_family = {
    .prefix = "/_microsoft",
    .member = "microsoft",
    .operations = operations,
    .operations_count = COUNT_OF(operations),
    .words = {
        [EDR_NO_PATH] = { 404, "NotFound", "Resource not found for the segment." },
        [EDR_NO_METHOD] = { 405, "MethodNotAllowed", NULL },
        [EDR_BAD_QUERY] = { 400, "ODataError", NULL },
        [EDR_BAD_BODY] = { 400, "InvalidRequestBody", NULL },
        [EDR_BAD_TYPE] = { 415, "UnsupportedMediaType", NULL },
        [EDR_TOO_LONG] = { 413, "InvalidRequestBody", NULL },
        [EDR_NO_TOKEN] = { 401, "Unauthorized", "Access token is empty." },
        [EDR_BAD_TOKEN] = { 401, "Unauthorized", "Access token validation failure. It is expired, "
                                                 "or for another audience." },
        [EDR_NO_SCOPE] = { 403, "Forbidden", NULL },
        [EDR_THROTTLED] = { 429, "TooManyRequests", "Too many requests." },
        [EDR_BROKEN] = { 500, "InternalServerError", NULL },
    },
    .finish = finish,
    .fault = fault_of,
};
