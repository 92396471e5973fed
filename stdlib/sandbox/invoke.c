/* What is called: Lambda functions, {"functionName", "events"}, and what stands behind addresses of
 * API Gateway, {"path", "calls"}. Both keep what they were handed, in order. */
#include "sandbox/operation.h"

enum { EVENT_BYTES_MAX = 256 * 1024 };

/* "on-alert" of its ARN or of itself. */
static const char *function_name(const char *given)
{
    const char *colon = strrchr(given, ':');
    return strncmp(given, "arn:", 4) == 0 && colon != NULL ? colon + 1 : given;
}

void sandbox_lambda_invoke(struct call *call)
{
    const char *name = function_name(call_text(call, "FunctionName"));
    const char *type = call_text(call, "InvocationType");
    json_t *function = world_find(call->region, "functions", "functionName", name);
    if (function == NULL) {
        call_refuse(call, 404, "ResourceNotFoundException", "Function not found: %s", name);
        return;
    }
    if (type == NULL || strcmp(type, "Event") != 0) {
        call_refuse(call, 400, "InvalidParameterValueException",
            "The sandbox runs no functions: it takes events, without waiting for results");
        return;
    }
    if (call->raw.len > EVENT_BYTES_MAX) {
        call_refuse(call, 413, "RequestTooLargeException",
            "Request must be smaller than 262144 bytes for the InvokeFunction operation");
        return;
    }
    json_t *event = json_loadb(call->raw.ptr, call->raw.len, 0, NULL);
    if (event == NULL) {
        call_refuse(
            call, 400, "InvalidRequestContentException", "Could not parse request body into json");
        return;
    }
    if (call_may_proceed(call)) {
        call_add(call, function, "events", json_incref(event));
        call->status = 202;
    }
    json_decref(event);
}

void sandbox_execute_api_invoke(struct call *call)
{
    json_t *api = world_find(call->region, "apis", "path", call_text(call, "Path"));
    if (api == NULL) {
        call_refuse(call, 403, "ForbiddenException", "Forbidden");
        return;
    }
    if (!call_may_proceed(call))
        return;
    call_add(call, api, "calls",
        json_pack("{s:s*,s:s*,s:s%}", "idempotencyKey", call_text(call, "IdempotencyKey"),
            "contentType", call_text(call, "ContentType"), "body", call->raw.ptr, call->raw.len));
    buf_add(&call->body, STR("<html>thank you</html>"));
    call->content_type = "text/html";
}
