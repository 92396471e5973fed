#include "sandbox/identity.h"
#include "sandbox/iam_judge.h"
#include "sandbox/iam_policy.h"
#include "base/time.h"
#include "sandbox/operation.h"
#include "sandbox/protocol.h"
#include "sandbox/s3.h"

#include <strings.h>

enum { SKEW_S_MAX = 300 };

static bool is_ec2(const struct call *call)
{
    return strcmp(call->service, "ec2") == 0;
}

/* How the service of a call refuses who calls, by protocol: EC2 has words of its own, and so has S3. */
enum refusal { REFUSE_KEY, REFUSE_SIGNATURE, REFUSE_TIME };

static bool refuse(struct call *call, enum refusal refusal, const char *message)
{
    static const char *const json[] = { "UnrecognizedClientException", "InvalidSignatureException",
        "InvalidSignatureException" };
    static const char *const s3[] = { "InvalidAccessKeyId", "SignatureDoesNotMatch",
        "RequestTimeTooSkewed" };
    static const char *const query[] = { "InvalidClientTokenId", "SignatureDoesNotMatch",
        "SignatureDoesNotMatch" };
    if (is_ec2(call) && refusal == REFUSE_TIME)
        return call_refuse(call, 400, "RequestExpired", "Request has expired.");
    if (is_ec2(call))
        return call_refuse(call, 401, "AuthFailure",
            "AWS was not able to validate the provided access credentials");
    if (call->protocol == PROTOCOL_QUERY)
        return call_refuse(call, 403, query[refusal], "%s", message);
    bool is_s3 = strcmp(call->service, "s3") == 0;
    return call_refuse(call, is_s3 ? 403 : 400, (is_s3 ? s3 : json)[refusal], "%s", message);
}

static bool refuse_key(struct call *call)
{
    return refuse(call, REFUSE_KEY, "The security token included in the request is invalid.");
}

static bool refuse_signature(struct call *call)
{
    return refuse(call, REFUSE_SIGNATURE,
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.");
}

static bool is_signed(const struct sigv4_claim *claim, str name)
{
    for (str rest = claim->signed_headers; rest.len > 0;) {
        str one = str_first(rest, str_find(rest, ';'));
        rest = str_skip(rest, one.len + 1);
        if (one.len == name.len && strncasecmp(one.ptr, name.ptr, name.len) == 0)
            return true;
    }
    return false;
}

/* Headers that speak to AWS must be under the signature. */
static bool all_signed(const struct sigv4_request *request, const struct sigv4_claim *claim)
{
    for (uint32_t at = 0; at < request->headers_count; at++) {
        str name = request->headers[at].name;
        if (name.len > 6 && strncasecmp(name.ptr, "x-amz-", 6) == 0 && !is_signed(claim, name))
            return false;
    }
    return true;
}

/* Services and regions are named so; anything else in a scope is no scope. */
static bool is_name(str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (memchr("abcdefghijklmnopqrstuvwxyz0123456789-", text.ptr[at], 37) == NULL)
            return false;
    return text.len > 0;
}

static bool read_claim(
    struct call *call, const struct sigv4_request *request, struct sigv4_claim *claim)
{
    bool is_s3 = strcmp(call->service, "s3") == 0;
    bool has_header = protocol_header(request, "authorization").len > 0;
    if (is_s3 && !has_header && !sigv4_claim_read_query(call->arena, request, claim))
        return call_refuse(call, 400, "AuthorizationQueryParametersError",
            "Error parsing the X-Amz-* parameters: there are seven, or six without a token.");
    if (!has_header && !is_s3)
        return call_refuse(
            call, 403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    if ((has_header && !sigv4_claim_read(request, claim)) || !is_name(claim->service)
        || !is_name(claim->region))
        return call_refuse(call, 400, "IncompleteSignature",
            "Authorization header requires Credential, SignedHeaders with host and x-amz-date, "
            "Signature, and an X-Amz-Date that fits the scope.");
    const char *service = arena_copy(call->arena, claim->service).ptr;
    call->region_name = arena_copy(call->arena, claim->region).ptr;
    if (service == NULL || call->region_name == NULL) {
        call->region_name = "";
        call->err = ERR_MEMORY;
        return false;
    }
    if (!service_is_known(service))
        return call_refuse(
            call, 400, "InvalidAction", "The sandbox does not simulate the service '%s'", service);
    if (call->protocol != PROTOCOL_QUERY && strcmp(call->service, service) != 0)
        return call_refuse(call, 403, "InvalidSignatureException",
            "Credential should be scoped to correct service: '%s'.", call->service);
    call->service = service;
    return true;
}

/* The user whose own key signs, or NULL. */
static const json_t *user_of(const struct call *call)
{
    return world_find(call->account, "users", "arn", world_text(call->credential, "arn"));
}

static bool is_inactive(const struct call *call, const char *id)
{
    const json_t *key = world_find(user_of(call), "accessKeys", "accessKeyId", id);
    return key != NULL && strcmp(world_text(key, "status"), "Active") != 0;
}

static bool find_credential(struct call *call, const struct sigv4_claim *claim)
{
    str id = arena_copy(call->arena, claim->access_key_id);
    call->credential =
        id.ptr == NULL ? NULL : world_credential(call->world, id.ptr, &call->account);
    if (call->credential == NULL || is_inactive(call, id.ptr)
        || !str_equal(claim->session_token, str_from(world_text(call->credential, "sessionToken"))))
        return refuse_key(call);
    int64_t expires_ms;
    if (!time_parse(str_from(world_text(call->credential, "expiresAt")), &expires_ms)
        || call->now_ms < expires_ms)
        return true;
    if (is_ec2(call))
        return call_refuse(call, 400, "RequestExpired", "Request has expired.");
    return call_refuse(
        call, 403, "ExpiredToken", "The security token included in the request is expired");
}

static bool is_timely(struct call *call, const struct sigv4_claim *claim)
{
    int64_t now_s = call->now_ms / 1000;
    if (claim->expires_s > 0 && claim->at_unix_s + claim->expires_s < now_s)
        return call_refuse(call, 403, "AccessDenied", "Request has expired");
    if (claim->expires_s > 0 && claim->at_unix_s <= now_s + SKEW_S_MAX)
        return true;
    if (claim->at_unix_s >= now_s - SKEW_S_MAX && claim->at_unix_s <= now_s + SKEW_S_MAX)
        return true;
    const char *message = arena_format(call->arena,
        claim->at_unix_s < now_s ? "Signature expired: %.*s is now earlier than allowed (5 min.)"
                                 : "Signature not yet current: %.*s is still later than allowed "
                                   "(5 min.)",
        STR_ARG(claim->amz_date));
    return refuse(call, REFUSE_TIME, message == NULL ? "" : message);
}

static bool is_genuine(
    struct call *call, const struct sigv4_request *request, const struct sigv4_claim *claim)
{
    CLEANUP(secret_release) struct secret secret = { 0 };
    bool genuine = false;
    call->err = secret_set(&secret, str_from(world_text(call->credential, "secretAccessKey")));
    if (call->err == ERR_OK)
        call->err = sigv4_verify(call->arena, request, claim, &secret, &genuine);
    if (call->err == ERR_LIMIT)
        call->err = ERR_OK; /* a request of that size is not one of ours: refused below */
    if (call->err != ERR_OK)
        return false;
    if (!genuine || !all_signed(request, claim))
        return refuse_signature(call);
    return strcmp(call->service, "s3") != 0 || s3_body_is_signed(call, request);
}

/* IAM is signed for us-east-1 wherever it is called; EC2 for a region of the world. Others see to it
 * themselves whether there is one. */
static bool find_region(struct call *call)
{
    call->region = world_region(call->account, call->region_name);
    if (is_ec2(call))
        return (call->region != NULL && world_region_is_on(call->region)) || refuse_key(call);
    if (strcmp(call->service, "iam") != 0 || strcmp(call->region_name, "us-east-1") == 0)
        return true;
    return call_refuse(
        call, 403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region.");
}

bool identity_accepts(struct call *call, const struct sigv4_request *request)
{
    struct sigv4_claim claim;
    return read_claim(call, request, &claim) && find_credential(call, &claim)
           && is_timely(call, &claim) && is_genuine(call, request, &claim) && find_region(call);
}

/* What policies call an operation. */
static const char *permission_of(const struct call *call)
{
    if (strcmp(call->service, "lambda") == 0 && strcmp(call->operation_name, "Invoke") == 0)
        return "InvokeFunction";
    return strcmp(call->operation_name, "ListObjectsV2") == 0 ? "ListBucket" : call->operation_name;
}

void identity_refuse(struct call *call)
{
    if (is_ec2(call))
        call_refuse(call, 403, "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: %s is not authorized to "
            "perform: ec2:%s with an explicit deny in an identity-based policy",
            world_text(call->credential, "arn"), call->operation_name);
    else
        call_refuse(call, call->protocol == PROTOCOL_JSON ? 400 : 403,
            call->protocol == PROTOCOL_JSON ? "AccessDeniedException" : "AccessDenied",
            "User: %s is not authorized to perform: %s:%s with an explicit deny in an "
            "identity-based policy",
            world_text(call->credential, "arn"), call->service, permission_of(call));
}

/* Whether a policy that is attached to `principal` denies the call. */
static bool attached_denies(const struct call *call, const json_t *principal, const char *action)
{
    size_t index;
    json_t *arn;
    json_array_foreach(json_object_get(principal, "attachedPolicies"), index, arn)
    {
        const json_t *policy =
            world_find(call->account, "managedPolicies", "arn", json_string_value(arn));
        if (iam_document_denies(
                world_text(policy, "document"), action, world_text(call->credential, "issuedAt")))
            return true;
    }
    return false;
}

bool identity_may(struct call *call)
{
    const char *name = world_text(call->credential, "roleName");
    const json_t *principal =
        name[0] == '\0' ? user_of(call) : world_find(call->account, "roles", "roleName", name);
    if (principal == NULL || strcmp(call->operation_name, "GetCallerIdentity") == 0)
        return true; /* nobody can be denied to know who they are */
    const char *action = arena_format(call->arena, "%s:%s", call->service, permission_of(call));
    if (action != NULL
        && !iam_role_denies(principal, action, world_text(call->credential, "issuedAt"))
        && !attached_denies(call, principal, action))
        return iam_judge(call, principal, action);
    identity_refuse(call);
    return false;
}
