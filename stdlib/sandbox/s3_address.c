/* From a request to S3 to an operation and its parameters. */
#include "auth/sigv4_canonical.h"
#include "base/percent.h"
#include "sandbox/protocol.h"
#include "sandbox/s3.h"

enum { PARAMETERS_MAX = 32, KEY_BYTES_MAX = 1024 };

bool s3_is_meant(const struct sigv4_request *request)
{
    static const char scope[] = "/s3/aws4_request";
    str claim = protocol_header(request, "authorization");
    return memmem(claim.ptr, claim.len, scope, sizeof(scope) - 1) != NULL
           || memmem(request->query.ptr, request->query.len, "X-Amz-Signature=", 16) != NULL;
}

static bool add(struct call *call, const char *name, str text)
{
    str copy = arena_copy(call->arena, text);
    if (copy.ptr == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    call->form.parameters[call->form.count++] = (struct form_parameter){ name, copy.ptr };
    return true;
}

/* The query but for the seven parameters of a signature. */
static bool add_query(struct call *call, str query)
{
    struct form form;
    if (form_parse(query, call->arena, &form) != FORM_OK || form.count > PARAMETERS_MAX)
        return call_refuse(call, 400, "InvalidURI", "Couldn't parse the specified URI.");
    for (size_t at = 0; at < form.count; at++)
        if (strncmp(form.parameters[at].name, "X-Amz-", 6) != 0)
            call->form.parameters[call->form.count++] = form.parameters[at];
    return true;
}

static bool add_path(struct call *call, str path)
{
    str bucket = str_first(str_skip(path, 1), str_find(str_skip(path, 1), '/'));
    str key = str_skip(path, bucket.len + 2);
    str decoded;
    if (bucket.len == 0)
        return call_refuse(call, 405, "MethodNotAllowed",
            "The specified method is not allowed against this resource.");
    if (!add(call, "Bucket", bucket) || key.len == 0)
        return call->err == ERR_OK;
    if (percent_decode(call->arena, key, false, &decoded) != ERR_OK) {
        call->err = ERR_MEMORY;
        return false;
    }
    if (decoded.len > KEY_BYTES_MAX)
        return call_refuse(call, 400, "KeyTooLongError", "Your key is too long");
    if (memchr(decoded.ptr, '\0', decoded.len) != NULL)
        return call_refuse(call, 400, "InvalidURI", "Couldn't parse the specified URI.");
    return add(call, "Key", decoded);
}

bool s3_accepts(struct call *call, const struct sigv4_request *request)
{
    bool is_put = str_is(request->method, "PUT");
    str condition = protocol_header(request, "if-none-match");
    call->protocol = PROTOCOL_REST;
    call->service = "s3";
    call->raw = request->body;
    call->form.parameters = ARENA_ARRAY(call->arena, struct form_parameter, PARAMETERS_MAX + 4);
    if (call->form.parameters == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    if (!is_put && !str_is(request->method, "GET"))
        return call_refuse(call, 405, "MethodNotAllowed",
            "The sandbox's S3 knows PUT and GET of objects, and GET of a bucket.");
    if (!add_path(call, request->path) || !add_query(call, request->query)
        || (condition.len > 0 && !add(call, "If-None-Match", condition)))
        return false;
    bool has_key = call_text(call, "Key") != NULL;
    call->operation_name = !has_key ? "ListObjectsV2" : is_put ? "PutObject" : "GetObject";
    if (is_put && !has_key)
        return call_refuse(
            call, 501, "NotImplemented", "The sandbox's buckets are those of its world.");
    return true;
}

bool s3_body_is_signed(struct call *call, const struct sigv4_request *request)
{
    str said = protocol_header(request, "x-amz-content-sha256");
    str hash;
    if (protocol_header(request, "authorization").len == 0)
        return true;
    if (said.len == 0)
        return call_refuse(call, 400, "InvalidRequest",
            "Missing required header for this request: x-amz-content-sha256");
    if (said.len != SHA256_HEX_LEN)
        return call_refuse(call, 501, "NotImplemented",
            "The sandbox wants the hash of the body in x-amz-content-sha256.");
    call->err = digest_hex(call->arena, request->body, &hash);
    if (call->err != ERR_OK)
        return false;
    return str_equal(said, hash)
           || call_refuse(call, 400, "XAmzContentSHA256Mismatch",
               "The provided 'x-amz-content-sha256' header does not match what was computed.");
}
