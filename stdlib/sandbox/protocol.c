#include "sandbox/protocol.h"

#include "base/percent.h"
#include "sandbox/operation.h"
#include "sandbox/s3.h"

#include <strings.h>

enum { JSON_DEPTH_MAX = 16 };

str protocol_header(const struct sigv4_request *request, const char *name)
{
    for (uint32_t at = 0; at < request->headers_count; at++)
        if (request->headers[at].name.len == strlen(name)
            && strncasecmp(request->headers[at].name.ptr, name, strlen(name)) == 0)
            return request->headers[at].value;
    return STR("");
}

static bool no_memory(struct call *call)
{
    call->err = ERR_MEMORY;
    return false;
}

static bool form_accepts(struct call *call, enum form_fault fault)
{
    switch (fault) {
    case FORM_OK:
        return true;
    case FORM_ENCODING:
        return call_refuse(
            call, 400, "MalformedQueryString", "The query string contains a syntax error");
    case FORM_TOO_MANY:
        return call_refuse(call, 400, "MalformedQueryString", "Too many parameters");
    case FORM_MEMORY:
        break;
    }
    return no_memory(call);
}

/* ---- query ---- */

/* "application/x-www-form-urlencoded", alone or with UTF-8 as its character set. */
static bool is_form(str type)
{
    static const char name[] = "application/x-www-form-urlencoded";
    size_t len = sizeof(name) - 1;
    if (type.len < len || strncasecmp(type.ptr, name, len) != 0)
        return false;
    str rest = str_skip(type, len);
    while (rest.len > 0 && (rest.ptr[0] == ';' || rest.ptr[0] == ' '))
        rest = str_skip(rest, 1);
    return rest.len == 0
           || (rest.len == 13 && strncasecmp(rest.ptr, "charset=utf-8", rest.len) == 0);
}

static bool query_accepts(struct call *call, const struct sigv4_request *request)
{
    call->protocol = PROTOCOL_QUERY;
    if (request->query.len > 0)
        return call_refuse(call, 404, "InvalidAction", "AWS is at / without a query");
    if (!str_is(request->method, "POST"))
        return call_refuse(call, 405, "InvalidAction", "calls are POST");
    if (!is_form(protocol_header(request, "content-type")))
        return call_refuse(call, 415, "InvalidContentType",
            "calls are application/x-www-form-urlencoded; charset=utf-8");
    if (!form_accepts(call, form_parse(request->body, call->arena, &call->form)))
        return false;
    const char *action = call_text(call, "Action");
    call->operation_name = action == NULL ? "" : action;
    return true;
}

/* ---- JSON ---- */

/* One member or element on the way into the form. */
struct flattened {
    struct call *call;
    uint32_t depth;
};

static const char *scalar_text(struct call *call, const json_t *json)
{
    if (json_is_string(json))
        return json_string_value(json);
    if (json_is_integer(json))
        return arena_format(call->arena, "%lld", (long long)json_integer_value(json));
    if (json_is_real(json))
        return arena_format(call->arena, "%.17g", json_real_value(json));
    return json_is_true(json) ? "true" : "false";
}

static bool flatten(struct call *call, const char *name, const json_t *json, uint32_t depth);

/* NOLINTNEXTLINE(misc-no-recursion): JSON_DEPTH_MAX bounds it */
static bool flatten_members(struct call *call, const char *name, const json_t *json, uint32_t depth)
{
    size_t index;
    const char *key;
    json_t *one;
    const char *dot = name[0] == '\0' ? "" : ".";
    json_array_foreach(json, index, one)
    {
        const char *longer = arena_format(call->arena, "%s%s%zu", name, dot, index + 1);
        if (longer == NULL || !flatten(call, longer, one, depth + 1))
            return false;
    }
    if (!json_is_object(json))
        return true;
    json_object_foreach((json_t *)(uintptr_t)json, key, one)
    {
        const char *longer = arena_format(call->arena, "%s%s%s", name, dot, key);
        if (longer == NULL || !flatten(call, longer, one, depth + 1))
            return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool flatten(struct call *call, const char *name, const json_t *json, uint32_t depth)
{
    struct form *form = &call->form;
    if (json_is_null(json))
        return true;
    if (depth > JSON_DEPTH_MAX || strlen(name) > FORM_NAME_BYTES_MAX)
        return call_refuse(call, 400, "SerializationException", "%s is nested too deep", name);
    if (json_is_array(json) || json_is_object(json))
        return flatten_members(call, name, json, depth);
    if (form->count == FORM_PARAMETERS_MAX)
        return call_refuse(call, 400, "SerializationException", "too many members");
    const char *text = scalar_text(call, json);
    if (text == NULL)
        return no_memory(call);
    form->parameters[form->count++] = (struct form_parameter){ name, text };
    return true;
}

static bool json_accepts(struct call *call, const struct sigv4_request *request, str target)
{
    size_t dot = str_find_last(target, '.');
    str prefix = str_first(target, dot);
    const char *version = service_json_version(prefix, &call->service);
    str type = protocol_header(request, "content-type");
    str operation = arena_copy(call->arena, str_skip(target, dot + 1));
    call->protocol = PROTOCOL_JSON;
    call->form.parameters = ARENA_ARRAY(call->arena, struct form_parameter, FORM_PARAMETERS_MAX);
    if (operation.ptr == NULL || call->form.parameters == NULL)
        return no_memory(call);
    call->operation_name = operation.ptr;
    if (!str_is(request->method, "POST") || !str_is(request->path, "/"))
        return call_refuse(call, 404, "UnknownOperationException", "calls are POST /");
    if (version == NULL || !str_startswith(type, STR("application/x-amz-json-"))
        || !str_is(str_skip(type, strlen("application/x-amz-json-")), version))
        return call_refuse(call, 400, "UnknownOperationException",
            "there is no such target, or it is not sent as application/x-amz-json-1.x");
    call->json = json_object();
    call->input = json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (call->json == NULL)
        return no_memory(call);
    if (!json_is_object(call->input))
        return call_refuse(call, 400, "SerializationException", "the body is no JSON object");
    return flatten(call, "", call->input, 0);
}

/* ---- REST ---- */

static const struct route {
    const char *service;
    const char *method;
    const char *before;
    const char *after;
    const char *operation;
    const char *parameter;
} routes[] = {
#define ROUTE(service, method, before, after, operation, parameter)                                \
    { service, method, before, after, operation, parameter },
#include "sandbox/rest_routes.def"
#undef ROUTE
};

/* Any path may be an API's, so the signature must say that one is meant. */
static bool api_is_meant(const struct sigv4_request *request)
{
    static const char mark[] = "/execute-api/aws4_request";
    str authorization = protocol_header(request, "authorization");
    return authorization.len > 0
           && memmem(authorization.ptr, authorization.len, mark, sizeof(mark) - 1) != NULL;
}

static bool fits(const struct route *route, const struct sigv4_request *request)
{
    str path = request->path;
    if ((strcmp(route->service, "execute-api") == 0) != api_is_meant(request))
        return false;
    if (route->parameter[0] == '\0')
        return str_is(request->method, route->method) && str_is(path, route->before);
    size_t ends = strlen(route->before) + strlen(route->after);
    return str_is(request->method, route->method) && path.len > ends
           && str_startswith(path, str_from(route->before))
           && str_endswith(path, str_from(route->after));
}

static bool parameter_add(struct call *call, const char *name, str encoded)
{
    str text;
    if (percent_decode(call->arena, encoded, false, &text) != ERR_OK)
        return no_memory(call);
    call->form.parameters[call->form.count++] = (struct form_parameter){ name, text.ptr };
    return true;
}

/* The query, and the members of a body that is a JSON object. */
static bool rest_parameters(struct call *call, const struct sigv4_request *request)
{
    struct form query;
    if (!form_accepts(call, form_parse(request->query, call->arena, &query)))
        return false;
    for (size_t at = 0; at < query.count; at++) {
        if (call->form.count == FORM_PARAMETERS_MAX)
            return call_refuse(call, 400, "SerializationException", "too many parameters");
        call->form.parameters[call->form.count++] = query.parameters[at];
    }
    if (strcmp(call->service, "guardduty") != 0 || request->body.len == 0)
        return true; /* of other services the body is what they are given, not how they are asked */
    call->input = json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(call->input))
        return call_refuse(call, 400, "BadRequestException", "the body is no JSON object");
    return flatten(call, "", call->input, 0);
}

/* What some operations are told in headers, as parameters. */
static bool rest_headers(struct call *call, const struct sigv4_request *request)
{
    static const struct {
        const char *service;
        const char *header;
        const char *parameter;
    } known[] = {
        { "lambda", "x-amz-invocation-type", "InvocationType" },
        { "execute-api", "idempotency-key", "IdempotencyKey" },
        { "execute-api", "content-type", "ContentType" },
    };
    for (size_t at = 0; at < COUNT_OF(known); at++) {
        str value = protocol_header(request, known[at].header);
        if (value.len == 0 || strcmp(known[at].service, call->service) != 0)
            continue;
        const char *text = arena_copy(call->arena, value).ptr;
        if (text == NULL)
            return no_memory(call);
        call->form.parameters[call->form.count++] =
            (struct form_parameter){ known[at].parameter, text };
    }
    return true;
}

static bool rest_accepts(struct call *call, const struct sigv4_request *request)
{
    call->protocol = PROTOCOL_REST;
    call->raw = request->body;
    call->form.parameters = ARENA_ARRAY(call->arena, struct form_parameter, FORM_PARAMETERS_MAX);
    if (call->form.parameters == NULL)
        return no_memory(call);
    for (size_t at = 0; at < COUNT_OF(routes); at++) {
        const struct route *route = &routes[at];
        if (!fits(route, request))
            continue;
        str middle = str_skip(request->path, strlen(route->before));
        call->service = route->service;
        call->operation_name = route->operation;
        if (route->parameter[0] != '\0'
            && !parameter_add(
                call, route->parameter, str_first(middle, middle.len - strlen(route->after))))
            return false;
        return rest_headers(call, request) && rest_parameters(call, request);
    }
    return call_refuse(call, 404, "InvalidAction", "nothing is at that path");
}

bool protocol_accepts(struct call *call, const struct sigv4_request *request)
{
    str target = protocol_header(request, "x-amz-target");
    if (s3_is_meant(request))
        return s3_accepts(call, request);
    if (target.len > 0)
        return json_accepts(call, request, target);
    return str_is(request->path, "/") ? query_accepts(call, request) : rest_accepts(call, request);
}
