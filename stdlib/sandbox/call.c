#include "sandbox/call.h"
#include "base/time.h"
#include "sandbox/markup.h"
#include "sandbox/operation.h"

#include <errno.h>
#include <stdlib.h>

bool call_refuse(struct call *call, int status, const char *code, const char *format, ...)
{
    if (call->error_code != NULL)
        return false;
    va_list args;
    va_start(args, format);
    call->error_message = arena_vformat(call->arena, format, args);
    va_end(args);
    call->error_code = code;
    call->status = status;
    return false;
}

bool call_may_proceed(struct call *call)
{
    if (call->error_code != NULL)
        return false;
    if (call->dry_run)
        return call_refuse(
            call, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    return true;
}

static void note(struct call *call, bool worked)
{
    if (worked)
        call->applied = true;
    else
        call->err = ERR_MEMORY;
}

void call_set(struct call *call, json_t *thing, const char *key, json_t *value)
{
    note(call, json_object_set_new(thing, key, value) == 0);
}

void call_unset(struct call *call, json_t *thing, const char *key)
{
    if (json_object_del(thing, key) == 0)
        call->applied = true;
}

void call_add(struct call *call, json_t *place, const char *collection, json_t *thing)
{
    note(call, json_array_append_new(json_object_get(place, collection), thing) == 0);
}

void call_remove(struct call *call, json_t *place, const char *collection, const json_t *thing)
{
    json_t *array = json_object_get(place, collection);
    for (size_t at = 0; at < json_array_size(array); at++) {
        if (json_array_get(array, at) != thing)
            continue;
        note(call, json_array_remove(array, at) == 0);
        return;
    }
}

const char *call_text(const struct call *call, const char *name)
{
    return form_get(&call->form, name);
}

bool call_flag(struct call *call, const char *name, bool *ret_flag)
{
    const char *text = call_text(call, name);
    if (text == NULL)
        return true;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return call_refuse(call, 400, "InvalidParameterValue",
            "Invalid value '%s' for %s. Expected true or false.", text, name);
    *ret_flag = text[0] == 't';
    return true;
}

bool call_number(
    struct call *call, const char *name, long long least, long long most, long long *ret_number)
{
    const char *text = call_text(call, name);
    if (text == NULL)
        return true;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least || number > most
        || text[0] == ' ' || text[0] == '+')
        return call_refuse(call, 400, "InvalidParameterValue",
            "Value ( %s ) for parameter %s is invalid. Expecting a number from %lld to %lld.", text,
            name, least, most);
    *ret_number = number;
    return true;
}

const char *call_account_id(const struct call *call)
{
    return world_text(call->account, "account");
}

const char *call_now(struct call *call)
{
    char text[TIME_TEXT_MAX];
    return arena_copy(call->arena, time_format(call->now_ms / 1000 * 1000, text)).ptr;
}

static void write_error(struct call *call, struct buf *out)
{
    bool is_ec2 = strcmp(call->service, "ec2") == 0;
    if (is_ec2) {
        markup_open(out, "Response");
        markup_open(out, "Errors");
        markup_open(out, "Error");
    } else {
        const char *space = service_namespace(call->service);
        buf_addf(out, "<ErrorResponse xmlns=\"%s\">", space == NULL ? "" : space);
        markup_open(out, "Error");
        markup_text(out, "Type", call->status < 500 ? "Sender" : "Receiver");
    }
    markup_text(out, "Code", call->error_code);
    markup_text(out, "Message", call->error_message == NULL ? "" : call->error_message);
    markup_close(out, "Error");
    if (is_ec2)
        markup_close(out, "Errors");
    markup_text(out, is_ec2 ? "RequestID" : "RequestId", call->request_id);
    markup_close(out, is_ec2 ? "Response" : "ErrorResponse");
}

/* EC2 puts the request id first, IAM and STS a result and metadata. */
static void write_success(struct call *call, struct buf *out)
{
    const char *name = call->operation->name;
    buf_addf(out, "<%sResponse xmlns=\"%s\">", name, service_namespace(call->service));
    if (strcmp(call->service, "ec2") == 0) {
        markup_text(out, "requestId", call->request_id);
        buf_add(out, buf_str(&call->body));
    } else {
        if (call->body.len > 0) {
            buf_addf(out, "<%sResult>", name);
            buf_add(out, buf_str(&call->body));
            buf_addf(out, "</%sResult>", name);
        }
        markup_open(out, "ResponseMetadata");
        markup_text(out, "RequestId", call->request_id);
        markup_close(out, "ResponseMetadata");
    }
    buf_addf(out, "</%sResponse>", name);
}

static void finish_xml(struct call *call, struct buf *out)
{
    call->content_type = "text/xml;charset=UTF-8";
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    if (call->error_code != NULL)
        write_error(call, out);
    else
        write_success(call, out);
}

static void finish_json(struct call *call, struct buf *out)
{
    json_t *answer = call->json;
    json_auto_t *error = NULL;
    call->content_type = "application/x-amz-json-1.1";
    if (call->error_code != NULL)
        answer = error = json_pack("{s:s,s:s}", "__type", call->error_code, "message",
            call->error_message == NULL ? "" : call->error_message);
    char *text = answer == NULL ? NULL : json_dumps(answer, JSON_COMPACT);
    buf_add(out, str_from(text == NULL ? "{}" : text));
    free(text);
}

/* What an operation of a REST service wrote stays as it is; a refusal is told as the service
 * tells it: S3 in XML, the others in JSON with a header that names it. */
static void finish_rest(struct call *call, struct buf *out)
{
    if (call->content_type == NULL)
        call->content_type = "application/json";
    if (call->error_code == NULL) {
        buf_add(out, buf_str(&call->body));
    } else if (strcmp(call->service, "s3") == 0) {
        call->content_type = "application/xml";
        markup_open(out, "Error");
        markup_text(out, "Code", call->error_code);
        markup_text(out, "Message", call->error_message);
        markup_text(out, "RequestId", call->request_id);
        markup_close(out, "Error");
    } else {
        json_auto_t *error =
            json_pack("{s:s}", "message", call->error_message == NULL ? "" : call->error_message);
        char *text = error == NULL ? NULL : json_dumps(error, JSON_COMPACT);
        buf_add(out, str_from(text == NULL ? "{}" : text));
        free(text);
    }
}

void call_finish(struct call *call)
{
    static void (*const finish[])(struct call * call, struct buf * out) = {
        [PROTOCOL_QUERY] = finish_xml,
        [PROTOCOL_JSON] = finish_json,
        [PROTOCOL_REST] = finish_rest,
    };
    if (call->err == ERR_OK)
        call->err = call->body.err;
    if (call->err != ERR_OK && call->error_code == NULL)
        call_refuse(call, 500, "InternalError", "%s", err_text(call->err));
    struct buf out = BUF_INIT(CALL_BODY_BYTES_MAX);
    if (call->error_code == NULL && (call->status == 0 || call->protocol != PROTOCOL_REST))
        call->status = 200;
    finish[call->protocol](call, &out);
    buf_release(&call->body);
    call->body = out;
}
