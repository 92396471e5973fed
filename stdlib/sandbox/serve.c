#include "sandbox/serve.h"
#include "sandbox/edr.h"
#include "sandbox/host_run.h"
#include "sandbox/identity.h"
#include "sandbox/operation.h"
#include "sandbox/protocol.h"
#include "sandbox/ssm.h"

#include <inttypes.h>

enum err sandbox_memory_init(
    str world, struct arena *arena, struct sandbox_memory *memory, const char **reterr_reason)
{
    *memory = (struct sandbox_memory){ 0 };
    TRY(world_load(world, arena, &memory->beginning, reterr_reason));
    memory->world = (struct world){ .root = json_deep_copy(memory->beginning.root),
        .minted = memory->beginning.minted };
    memory->calls = json_array();
    memory->faults = json_array();
    return memory->world.root == NULL || memory->calls == NULL || memory->faults == NULL
               ? ERR_MEMORY
               : ERR_OK;
}

void sandbox_memory_release(struct sandbox_memory *memory)
{
    world_release(&memory->world);
    world_release(&memory->beginning);
    world_release(&memory->past);
    json_decref(memory->calls);
    json_decref(memory->faults);
    *memory = (struct sandbox_memory){ 0 };
}

/* What a fault does before the call is looked at. False: that was all. */
static bool fault_before(struct call *call, const struct fault *fault)
{
    bool is_ec2 = strcmp(call->service, "ec2") == 0;
    bool is_json = call->protocol == PROTOCOL_JSON;
    if (fault->kind == FAULT_THROTTLE)
        return is_ec2 ? call_refuse(call, 503, "RequestLimitExceeded", "Request limit exceeded.")
                      : call_refuse(call, 400, is_json ? "ThrottlingException" : "Throttling",
                          "Rate exceeded");
    if (fault->kind == FAULT_FAIL_BEFORE)
        return call_refuse(call, 500, "InternalError", "An internal error has occurred");
    if (fault->kind == FAULT_DENY)
        identity_refuse(call);
    return call->error_code == NULL && fault->kind != FAULT_HTML;
}

void sandbox_keep_past(
    struct sandbox_memory *memory, const char *service, const struct fault *fault)
{
    world_release(&memory->past);
    memory->past = (struct world){ .root = json_deep_copy(memory->world.root),
        .minted = memory->world.minted };
    memory->past_looks = memory->past.root == NULL ? 0 : fault->looks;
    snprintf(memory->past_service, sizeof(memory->past_service), "%s", service);
}

struct world *sandbox_look(struct sandbox_memory *memory, const char *service, bool is_look)
{
    if (memory->past_looks == 0 || !is_look || strcmp(memory->past_service, service) != 0)
        return &memory->world;
    memory->past_looks--;
    return &memory->past;
}

/* A look at a service that does not show its last change yet. */
static void past_show(struct sandbox_memory *memory, struct call *call)
{
    struct world *shown =
        sandbox_look(memory, call->service, call->operation->effect == OPERATION_READS);
    json_t *account = world_account(shown, call_account_id(call));
    if (shown == &memory->world || account == NULL)
        return;
    call->world = shown;
    call->account = account;
    if (call->region != NULL)
        call->region = world_region(account, call->region_name);
}

/* The call itself, from parameters to effect. */
static void perform(struct sandbox_memory *memory, struct call *call, const struct fault *fault)
{
    if (fault_before(call, fault) && operation_accepts(call) && identity_may(call)) {
        past_show(memory, call);
        if (fault->kind == FAULT_STALE && call->operation->effect == OPERATION_CHANGES)
            sandbox_keep_past(memory, call->service, fault);
        call->operation->run(call);
    }
    if (fault->kind == FAULT_FAIL_AFTER) {
        call->error_code = NULL;
        call_refuse(call, 500, "InternalError", "An internal error has occurred");
    }
}

void sandbox_put(struct call *put, const struct sigv4_request *request)
{
    if (protocol_accepts(put, request) && identity_accepts(put, request) && operation_accepts(put)
        && identity_may(put))
        put->operation->run(put);
}

static json_t *parameters_of(const struct call *call)
{
    json_t *parameters = json_object();
    for (size_t at = 0; at < call->form.count; at++) {
        const struct form_parameter *one = &call->form.parameters[at];
        if (strcmp(one->name, "Action") != 0 && strcmp(one->name, "Version") != 0)
            json_object_set_new(parameters, one->name, json_string(one->value));
    }
    return parameters;
}

void sandbox_log(struct sandbox_memory *memory, json_t *line)
{
    if (json_array_size(memory->calls) >= SANDBOX_CALLS_MAX)
        json_array_remove(memory->calls, 0);
    json_array_append_new(memory->calls, line);
}

/* One line of /_sandbox/calls. */
static void log_call(
    struct sandbox_memory *memory, struct call *call, const struct fault *fault, int status)
{
    const char *error = call->error_code;
    const char *now = call_now(call);
    json_auto_t *parameters = parameters_of(call);
    json_t *line = json_pack("{s:s?,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:i,s:s?,s:O,s:s?,s:I}", "at",
        now, "caller", world_text(call->credential, "arn"), "accessKeyId",
        world_text(call->credential, "accessKeyId"), "service", call->service, "operation",
        call->operation_name, "account", call_account_id(call), "region", call->region_name,
        "target", call->target, "applied", (int)call->applied, "status", status, "error", error,
        "parameters", parameters, "fault",
        fault->kind == FAULT_NONE ? NULL : fault_kind_name(fault->kind), "atMs",
        (json_int_t)call->now_ms);
    sandbox_log(memory, line);
}

void sandbox_answer_html(struct answer *answer, int status)
{
    answer->status = status;
    answer->content_type = "text/html";
    buf_add(&answer->body, STR("<html><head><title>Bad Gateway</title></head><body><h1>The server "
                               "is busy &mdash; please try again</h1><br></body></html>\n"));
}

static void answer_aws(struct answer *answer, struct call *call)
{
    call_finish(call);
    answer->body = call->body;
    answer->status = call->body.err == ERR_OK ? call->status : 500;
    answer->content_type = call->content_type;
    answer->error_type = call->protocol == PROTOCOL_REST ? call->error_code : NULL;
    answer->request_id = call->request_id;
}

static void answer_call(struct sandbox_memory *memory, struct call *call, const struct fault *fault,
    struct answer *answer)
{
    if (fault->kind == FAULT_HTML)
        sandbox_answer_html(answer, fault->status);
    else
        answer_aws(answer, call);
    if (fault->kind == FAULT_SLOW)
        answer->delay_ms = fault->duration_ms;
    if (fault->kind == FAULT_LOSE_REPLY)
        answer->status = 0;
    log_call(memory, call, fault, answer->status);
}

void sandbox_serve(struct sandbox_memory *memory, const struct sigv4_request *request,
    int64_t now_ms, struct arena *arena, struct answer *ret_answer)
{
    *ret_answer = (struct answer){ .body = BUF_INIT(SANDBOX_STATE_BYTES_MAX), .request_id = "" };
    if (str_startswith(request->path, STR("/_sandbox/"))) {
        sandbox_control(memory, request, arena, ret_answer);
        return;
    }
    if (edr_is_meant(request)) {
        edr_serve(memory, request, now_ms, arena, ret_answer);
        return;
    }
    const char *request_id = arena_format(
        arena, "5a5db0c5-0000-4000-8000-%012" PRIx64, ++memory->requests & 0xffffffffffff);
    struct call call = {
        .world = &memory->world,
        .log = memory->calls,
        .arena = arena,
        .now_ms = now_ms,
        .request_id = request_id == NULL ? "" : request_id,
        .service = "",
        .region_name = "",
        .operation_name = "",
        .target = "",
        .body = BUF_INIT(CALL_BODY_BYTES_MAX),
    };
    struct fault fault = { .kind = FAULT_NONE };
    if (protocol_accepts(&call, request) && identity_accepts(&call, request)) {
        fault = faults_take(memory->faults, call.operation_name);
        perform(memory, &call, &fault);
    }
    answer_call(memory, &call, &fault, ret_answer);
    json_decref(call.json);
    json_decref(call.input);
}
