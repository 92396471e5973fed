#include "aws/call_out.h"

#include "aws/draft.h"
#include "aws/requests.h"

enum { SENDS_MAX = 3, DELAY_MAX_MS = 8000, BODY_BYTES_MAX = 256 * 1024 };
enum { CALLER, SENT };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static enum step_turn send(struct step *step, struct request request)
{
    struct call_out *self = step->state;
    struct undo nothing = { .builtin = NULL };
    request.delay_ms = self->sent == 0 ? 0 : poll_delay_ms(self->sent - 1, DELAY_MAX_MS);
    self->sent++;
    return talk_change(step, SENT, request, nothing);
}

/* No answer, or none that tells: once more, the same. */
static enum step_turn send_again(struct step *step, const struct answer *answer)
{
    struct call_out *self = step->state;
    self->is_lost = true;
    if (self->sent < SENDS_MAX)
        return send(step, self->talk.last);
    const char *why = talk_why(step, answer);
    if (why == NULL)
        return talk_memory(step);
    return talk_end(
        step, STEP_UNKNOWN, "%u requests got no answer that tells (%s)", self->sent, why);
}

/* What was declined did not arrive; what got no answer before that may have. */
static enum step_turn declined(struct step *step, const struct answer *answer)
{
    const struct call_out *self = step->state;
    const char *why = talk_why(step, answer);
    if (why == NULL)
        return talk_memory(step);
    return talk_end(step, self->is_lost ? STEP_UNKNOWN : STEP_FAILED, "%s", why);
}

/* ---- lambda ---- */

/* Where the function is: its ARN says it, or the rule. */
static str lambda_region(const struct step *step)
{
    struct arn arn;
    if (arn_read(arg(step, LAMBDA_FUNCTION), &arn) && arn.region.len > 0)
        return arn.region;
    return value_str(talk_region(step, step->args[LAMBDA_REGION]));
}

static enum step_turn lambda_heard_caller(struct step *step, const struct answer *answer)
{
    struct call_out *self = step->state;
    str function = arg(step, LAMBDA_FUNCTION);
    struct arn arn;
    enum step_turn turn;
    bool is_arn = arn_read(function, &arn);
    str wanted = is_arn ? arn.account : arg(step, LAMBDA_ACCOUNT);
    step->target = function;
    if (is_arn && !str_is(arn.service, "lambda"))
        return talk_end(step, STEP_UNRESOLVED, "%.*s is no Lambda function", STR_ARG(function));
    if (!identity_heard(step, answer, wanted, &self->caller, &turn))
        return turn;
    struct request request =
        draft_rest(step, "lambda", "Invoke", lambda_region(step), function, step->alert);
    return send(step, request);
}

static enum step_turn lambda_heard_sent(struct step *step, const struct answer *answer)
{
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return talk_end(step, STEP_DONE, "%.*s would be handed the alert", STR_ARG(step->target));
    case HEARD_ANSWER:
        return talk_end(step, STEP_DONE,
            "%.*s was handed the alert: Lambda runs it from now on, and its result is not waited "
            "for",
            STR_ARG(step->target));
    case HEARD_NOTHING:
        return send_again(step, answer);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    return declined(step, answer);
}

enum step_turn call_lambda_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = lambda_heard_caller, [SENT] = lambda_heard_sent
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

/* ---- webhook ---- */

/* The region of https://ID.execute-api.REGION.amazonaws.com/..; empty for any other address. */
static str url_region(str url)
{
    if (!str_startswith(url, STR("https://")))
        return STR("");
    str host = str_skip(url, strlen("https://"));
    host = str_first(host, str_find(host, '/'));
    str rest = str_skip(host, str_find(host, '.') + 1);
    if (!str_startswith(rest, STR("execute-api.")))
        return STR("");
    rest = str_skip(rest, strlen("execute-api."));
    return str_first(rest, str_find(rest, '.'));
}

static enum step_turn webhook_heard_caller(struct step *step, const struct answer *answer)
{
    struct call_out *self = step->state;
    enum step_turn turn;
    str url = arg(step, WEBHOOK_URL), body = arg(step, WEBHOOK_BODY);
    if (!identity_heard(step, answer, arg(step, WEBHOOK_ACCOUNT), &self->caller, &turn))
        return turn;
    struct request request = draft_rest(
        step, "execute-api", "Invoke", url_region(url), url, body.len > 0 ? body : step->alert);
    if (request.body.len > BODY_BYTES_MAX)
        return talk_end(step, STEP_FAILED, "the body is longer than %d bytes", BODY_BYTES_MAX);
    request.once = step->key;
    return send(step, request);
}

static enum step_turn webhook_heard_sent(struct step *step, const struct answer *answer)
{
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return talk_end(step, STEP_DONE, "%.*s would be called", STR_ARG(step->target));
    case HEARD_ANSWER:
        return talk_end(step, STEP_DONE, "%.*s took it", STR_ARG(step->target));
    case HEARD_NOTHING:
        return send_again(step, answer);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    return declined(step, answer);
}

/* Where it would have to go instead is nothing that the answer may choose. */
static bool is_redirect(const struct step *step, const struct reply *reply)
{
    const struct call_out *self = step->state;
    return self->talk.doing == SENT && reply->kind == REPLY_RECEIVED && reply->status >= 300
           && reply->status < 400;
}

enum step_turn call_webhook_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = webhook_heard_caller, [SENT] = webhook_heard_sent
    };
    const struct call_out *self = step->state;
    if (reply == NULL) {
        step->target = arg(step, WEBHOOK_URL);
        if (url_region(step->target).len == 0)
            return talk_end(step, STEP_UNRESOLVED,
                "a webhook needs a webhook connection that names its host: this build calls "
                "addresses of API Gateway alone (https://ID.execute-api.REGION.amazonaws.com/..)");
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    }
    if (is_redirect(step, reply))
        return talk_end(step, self->is_lost ? STEP_UNKNOWN : STEP_FAILED,
            "%.*s answered %d and sends elsewhere, where nothing is sent", STR_ARG(step->target),
            reply->status);
    return talk_next(step, reply, hearers);
}
