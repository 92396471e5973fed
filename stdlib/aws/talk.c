#include "aws/talk.h"

#include "aws/iam_actions.h"
#include "aws/region.h"
#include "aws/reply_tree.h"
#include "aws/service.h"

enum {
    TURN_BYTES_MAX = 24 * 1024 * 1024, /* a reply of REPLY_BYTES_MAX as a tree */
    SILENCES_MAX = 3,
    SENDS_MAX = 3,
    LOOKS_AFTER_SILENCE = 2, /* before a change is sent again */
    LOOKS_AFTER_ANSWER = 6,  /* IAM and EC2 may take seconds to show what they accepted */
    MESSAGE_BYTES_MAX = 400, /* EC2 appends an encoded page to what it denies */
    SECOND_MS = 1000,
};

enum step_turn talk_ask(struct step *step, uint32_t doing, struct request request)
{
    struct talk *talk = step->state;
    talk->last = request;
    talk->doing = doing;
    talk->is_change = false;
    talk->is_optional = false;
    return step_ask(step, request);
}

enum step_turn talk_ask_for_facts(struct step *step, uint32_t doing, struct request request)
{
    struct talk *talk = step->state;
    enum step_turn turn = talk_ask(step, doing, request);
    talk->is_optional = true;
    return turn;
}

enum step_turn talk_change(
    struct step *step, uint32_t doing, struct request request, struct undo undo)
{
    struct talk *talk = step->state;
    talk->last = request;
    talk->doing = doing;
    talk->is_change = true;
    talk->has_undo |= undo.builtin != NULL;
    return step_change(step, request, undo);
}

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

bool answer_is_denied(const struct answer *answer)
{
    return answer->heard == HEARD_ERROR
           && (is_forbidden(answer->code) || is_bad_credential(answer->code));
}

bool answer_is(const struct answer *answer, const char *code)
{
    return answer->heard == HEARD_ERROR && str_is(answer->code, code);
}

/* At most MESSAGE_BYTES_MAX, not cut inside a character. */
static str clipped(str message)
{
    if (message.len <= MESSAGE_BYTES_MAX)
        return message;
    size_t length = MESSAGE_BYTES_MAX;
    while (length > 0 && ((unsigned char)message.ptr[length] & 0xC0U) == 0x80U)
        length--;
    return str_first(message, length);
}

static struct answer nothing(const char *why)
{
    return (struct answer){ .heard = HEARD_NOTHING,
        .message = str_from(why == NULL ? "no answer came" : why) };
}

/* A body that is not AWS's own: a proxy's page, a captive portal, half a reply. */
static struct answer nothing_readable(struct arena *turn, const struct reply *reply)
{
    return nothing(arena_format(turn, "the answer (HTTP %d) is not one of AWS: %s", reply->status,
        reply->body.len == 0                        ? "it is empty"
        : str_startswith(reply->body, STR("<!"))    ? "it is a web page"
        : str_startswith(reply->body, STR("<html")) ? "it is a web page"
                                                    : "it cannot be read"));
}

static struct answer declined(struct arena *turn, const struct reply *reply, str code, str message)
{
    bool is_open = reply->status >= 500 || is_throttling(code);
    if (!is_open && reply->status >= 300)
        return (struct answer){ .heard = HEARD_ERROR, .code = code, .message = clipped(message) };
    return nothing(arena_format(turn, "AWS answered %d %.*s: %.*s", reply->status, STR_ARG(code),
        STR_ARG(clipped(message))));
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

/* ERR_MEMORY. */
static MUST_CHECK enum err answer_read(
    struct arena *turn, const struct reply *reply, const char *service, struct answer *ret_answer)
{
    if (reply->kind == REPLY_ASSUMED)
        *ret_answer = (struct answer){ .heard = HEARD_ASSUMED };
    else if (reply->kind == REPLY_REFUSED)
        *ret_answer = (struct answer){ .heard = HEARD_REFUSED, .message = clipped(reply->body) };
    else if (reply->kind == REPLY_LOST) {
        *ret_answer = nothing(NULL);
        if (reply->body.len > 0)
            ret_answer->message = clipped(reply->body);
    }
    if (reply->kind != REPLY_RECEIVED)
        return ERR_OK;

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
        *ret_answer = nothing_readable(turn, reply);
    return ERR_OK;
}

static enum step_turn heard_read(
    struct step *step, const struct answer *answer, talk_hearer *const *hearers)
{
    struct talk *talk = step->state;
    if (answer->heard == HEARD_NOTHING && ++talk->silent < SILENCES_MAX) {
        struct request again = talk->last;
        again.delay_ms = poll_delay_ms(talk->silent - 1, SECOND_MS * SILENCES_MAX);
        return step_ask(step, again);
    }
    bool is_failure = answer->heard == HEARD_NOTHING || answer->heard == HEARD_REFUSED
                      || answer_is_denied(answer);
    if (is_failure && !talk->is_optional)
        return talk_fail(step, answer);
    talk->silent = 0;
    return hearers[talk->doing](step, answer);
}

enum step_turn talk_next(struct step *step, const struct reply *reply, talk_hearer *const *hearers)
{
    CLEANUP(arena_release) struct arena turn = ARENA_INIT(TURN_BYTES_MAX);
    struct talk *talk = step->state;
    struct answer answer = { .heard = HEARD_NOTHING };
    if (answer_read(&turn, reply, talk->last.service, &answer) != ERR_OK)
        return talk_memory(step);
    if (!talk->is_change)
        return heard_read(step, &answer, hearers);
    if (answer.heard == HEARD_ANSWER || answer.heard == HEARD_NOTHING)
        talk->has_changed = true;
    return hearers[talk->doing](step, &answer);
}

/* End with `reason`, or for lack of memory when that is NULL. */
static enum step_turn end_for(struct step *step, enum step_turn end, const char *reason)
{
    const struct talk *talk = step->state;
    str what = step->target.len > 0 ? step->target : talk->last.target;
    if (end == STEP_UNKNOWN && reason != NULL)
        reason = arena_format(step->arena, "%s; look at %.*s yourself%s", reason, STR_ARG(what),
            talk->has_undo ? ", or take the run back: cdr undo looks what is there first" : "");
    return step_end(step, end, reason);
}

enum step_turn talk_end(struct step *step, enum step_turn end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = arena_vformat(step->arena, format, args);
    va_end(args);
    return end_for(step, end, reason);
}

value talk_region(const struct step *step, value given)
{
    if (given.kind == VALUE_TEXT && value_str(given).len > 0)
        return given;
    return step->region.len > 0 ? value_text(step->region) : VALUE_NONE;
}

void talk_found(struct step *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *more = arena_vformat(step->arena, format, args);
    va_end(args);
    if (more == NULL)
        return;
    const char *all = arena_format(
        step->arena, "%.*s%s%s", STR_ARG(step->found), step->found.len > 0 ? " -> " : "", more);
    if (all != NULL)
        step->found = str_from(all);
}

enum step_turn talk_memory(struct step *step)
{
    return step_end(step, STEP_FAILED, NULL);
}

/* "iam:PutRolePolicy", from AWS's own words when they say ("is not authorized to perform:
 * ec2:CreateTags on resource"), since one call may need several permissions. */
static str denied_permission(struct step *step, const struct answer *answer)
{
    static const char marker[] = "not authorized to perform: ";
    const struct talk *talk = step->state;
    const char *at = memmem(answer->message.ptr, answer->message.len, marker, sizeof(marker) - 1);
    if (at != NULL) {
        str rest =
            str_skip(answer->message, (size_t)(at - answer->message.ptr) + sizeof(marker) - 1);
        str word = str_first(rest, str_find(rest, ' '));
        if (word.len > 0 && str_find(word, ':') < word.len)
            return word;
    }
    const char *action = iam_action_of(talk->last.service, talk->last.operation);
    return str_from(action != NULL ? action
                                   : arena_format(step->arena, "%s:%s", talk->last.service,
                                       talk->last.operation));
}

/* " on role/web", or nothing. */
static const char *on_target(const struct talk *talk, struct arena *arena)
{
    if (talk->last.target.len == 0)
        return "";
    return arena_format(arena, " on %.*s", STR_ARG(talk->last.target));
}

/* To credentials that are right a region that is not there, or not switched on, says that they are
 * wrong. */
static bool is_region_doubtful(str region)
{
    return region.len > 0 && !aws_region_is_known(region);
}

const char *talk_why(struct step *step, const struct answer *answer)
{
    const struct talk *talk = step->state;
    const char *target = on_target(talk, step->arena);
    if (target == NULL)
        return NULL;
    if (answer->heard == HEARD_ERROR && is_forbidden(answer->code))
        return arena_format(step->arena, "AWS does not allow %.*s%s (%.*s: %.*s)",
            STR_ARG(denied_permission(step, answer)), target, STR_ARG(answer->code),
            STR_ARG(answer->message));
    if (answer_is_denied(answer) && is_region_doubtful(talk->last.region))
        return arena_format(step->arena,
            "AWS does not do %s%s in %.*s, a region that this build does not know: is it written "
            "right, and switched on in this account? (%.*s: %.*s)",
            talk->last.operation, target, STR_ARG(talk->last.region), STR_ARG(answer->code),
            STR_ARG(answer->message));
    if (answer_is_denied(answer))
        return arena_format(step->arena,
            "AWS does not accept the connection's credentials for %s%s (%.*s: %.*s)",
            talk->last.operation, target, STR_ARG(answer->code), STR_ARG(answer->message));
    if (answer->heard == HEARD_ERROR)
        return arena_format(step->arena, "AWS declined %s%s (%.*s: %.*s)", talk->last.operation,
            target, STR_ARG(answer->code), STR_ARG(answer->message));
    return arena_format(
        step->arena, "%s%s: %.*s", talk->last.operation, target, STR_ARG(answer->message));
}

enum step_turn talk_fail(struct step *step, const struct answer *answer)
{
    const struct talk *talk = step->state;
    return end_for(step, talk->has_changed ? STEP_UNKNOWN : STEP_FAILED, talk_why(step, answer));
}

enum tries_next tries_missing(struct tries *tries, uint32_t *ret_delay_ms)
{
    uint32_t looks_max = tries->accepted ? LOOKS_AFTER_ANSWER : LOOKS_AFTER_SILENCE;
    *ret_delay_ms = 0;
    if (tries->sent == 0)
        return TRIES_SEND;
    if (tries->looks < looks_max) {
        *ret_delay_ms = poll_delay_ms(tries->looks++, 8 * SECOND_MS);
        return TRIES_LOOK;
    }
    return !tries->accepted && tries->sent < SENDS_MAX ? TRIES_SEND : TRIES_GIVE_UP;
}

void tries_send(struct tries *tries)
{
    tries->sent++;
    tries->looks = 0;
    tries->accepted = false;
}

void tries_heard(struct tries *tries, const struct answer *answer)
{
    tries->accepted = answer->heard == HEARD_ANSWER;
}

uint32_t poll_delay_ms(uint32_t number, uint32_t ceiling_ms)
{
    uint32_t delay_ms = number < 16 ? (uint32_t)SECOND_MS << number : ceiling_ms;
    return delay_ms < ceiling_ms ? delay_ms : ceiling_ms;
}
