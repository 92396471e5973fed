#include "aws/voice.h"

#include "aws/iam_actions.h"
#include "aws/region.h"
#include "aws/reply_tree.h"
#include "aws/service.h"

static bool is_one_of(str code, const char *const *codes, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (str_is(code, codes[at]))
            return true;
    return false;
}

/* AWS general reference and botocore's standard mode: not done, try later. IAM's
 * LimitExceeded is missing on purpose: it is a quota. */
static bool is_throttling(str code)
{
    static const char *const codes[] = {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    };
    return is_one_of(code, codes, COUNT_OF(codes));
}

static bool is_forbidden(str code)
{
    static const char *const codes[] = {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
    };
    return is_one_of(code, codes, COUNT_OF(codes));
}

static bool is_bad_credential(str code)
{
    static const char *const codes[] = {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    };
    return is_one_of(code, codes, COUNT_OF(codes));
}

static struct answer declined(struct arena *turn, const struct reply *reply, str code, str message)
{
    bool is_open = reply->status >= 500 || is_throttling(code);
    if (!is_open && reply->status >= 300)
        return (struct answer){ .heard = HEARD_ERROR,
            .is_forbidden = is_forbidden(code),
            .is_bad_credential = is_bad_credential(code),
            .code = code,
            .message = answer_clipped(message) };
    return answer_nothing(arena_format(turn, "AWS answered %d %.*s: %.*s", reply->status,
        STR_ARG(code), STR_ARG(answer_clipped(message))));
}

/* What a REST service declined; without words of its own the status stands for them. */
static struct answer declined_by_status(
    struct arena *turn, const struct reply *reply, const struct xml *root)
{
    str code, message;
    if (root != NULL && reply_tree_error(root, &code, &message))
        return declined(turn, reply, code, message);
    code = reply->status == 403   ? STR("AccessDenied")
           : reply->status == 404 ? STR("NotFound")
                                  : str_from(arena_format(turn, "HTTP%d", reply->status));
    message = xml_text(root, "message");
    if (message.len == 0)
        message = xml_text(root, "Message");
    return declined(turn, reply, code, message.len > 0 ? message : STR("it did not say why"));
}

/* Services that answer as they like: the status alone tells. */
static bool is_rest(const char *service)
{
    enum aws_service found = aws_service_find(service);
    return found != AWS_SERVICE_COUNT && aws_service_info(found)->protocol == AWS_PROTOCOL_REST;
}

static bool is_success(const struct reply *reply, const char *service, const struct xml *root)
{
    if (is_rest(service))
        return reply->status >= 200 && reply->status < 300;
    return reply->status == 200 && str_endswith(root->name, STR("Response"));
}

static enum err read(struct arena *turn, const struct reply *reply, const struct request *request,
    struct answer *ret_answer)
{
    const char *service = request->service;
    const struct xml *root = NULL;
    str code, message;
    enum err err = reply_tree_parse(turn, service, reply->body, &root);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK && reply_tree_error(root, &code, &message) && !is_rest(service))
        *ret_answer = declined(turn, reply, code, message);
    else if (is_rest(service) && reply->status >= 300) {
        *ret_answer = declined_by_status(turn, reply, root);
        ret_answer->root = root;
    } else if (err == ERR_OK && is_success(reply, service, root))
        *ret_answer = (struct answer){ .heard = HEARD_ANSWER, .root = root };
    else
        *ret_answer =
            answer_nothing(arena_format(turn, "the answer (HTTP %d) is not one of AWS: %s",
                reply->status, answer_unreadable(reply->body)));
    return ERR_OK;
}

/* "iam:PutRolePolicy", from AWS's own words when they say ("is not authorized to perform:
 * ec2:CreateTags on resource"), since one call may need several permissions. */
static str denied_permission(
    struct step *step, const struct request *request, const struct answer *answer)
{
    static const char marker[] = "not authorized to perform: ";
    const char *at = memmem(answer->message.ptr, answer->message.len, marker, sizeof(marker) - 1);
    if (at != NULL) {
        str rest =
            str_skip(answer->message, (size_t)(at - answer->message.ptr) + sizeof(marker) - 1);
        str word = str_first(rest, str_find(rest, ' '));
        if (word.len > 0 && str_find(word, ':') < word.len)
            return word;
    }
    const char *action = iam_action_of(request->service, request->operation);
    return str_from(action != NULL
                        ? action
                        : arena_format(step->arena, "%s:%s", request->service, request->operation));
}

/* To credentials that are right a region that is not there, or not switched on, says that they are
 * wrong. */
static bool is_region_doubtful(str region)
{
    return region.len > 0 && !aws_region_is_known(region);
}

static const char *why(
    struct step *step, const struct request *request, const struct answer *answer)
{
    const char *target = talk_on_target(request, step->arena);
    if (target == NULL)
        return NULL;
    if (answer->heard == HEARD_ERROR && answer->is_forbidden)
        return arena_format(step->arena, "AWS does not allow %.*s%s (%.*s: %.*s)",
            STR_ARG(denied_permission(step, request, answer)), target, STR_ARG(answer->code),
            STR_ARG(answer->message));
    if (answer_is_denied(answer) && is_region_doubtful(request->region))
        return arena_format(step->arena,
            "AWS does not do %s%s in %.*s, a region that this build does not know: is it written "
            "right, and switched on in this account? (%.*s: %.*s)",
            request->operation, target, STR_ARG(request->region), STR_ARG(answer->code),
            STR_ARG(answer->message));
    if (answer_is_denied(answer))
        return arena_format(step->arena,
            "AWS does not accept the connection's credentials for %s%s (%.*s: %.*s)",
            request->operation, target, STR_ARG(answer->code), STR_ARG(answer->message));
    if (answer->heard == HEARD_ERROR)
        return arena_format(step->arena, "AWS declined %s%s (%.*s: %.*s)", request->operation,
            target, STR_ARG(answer->code), STR_ARG(answer->message));
    return arena_format(
        step->arena, "%s%s: %.*s", request->operation, target, STR_ARG(answer->message));
}

const struct speaker aws_speaker = { read, why };
