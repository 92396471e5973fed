#include "aws/isolate_role.h"

enum { ARG_ROLE, ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION };
enum { LOOK = PRINCIPAL_DOING_COUNT, CHANGE };

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct isolate_role *self = step->state;
    return talk_ask(step, LOOK, inline_policy_look(step, &self->policy, delay_ms));
}

static enum step_turn found(struct step *step)
{
    struct isolate_role *self = step->state;
    self->policy = (struct inline_policy){
        .owner = self->principal.name, .name = POLICY_ISOLATION, .document = DENY_ALL
    };
    return look(step, 0);
}

static enum step_turn deny(struct step *step)
{
    struct isolate_role *self = step->state;
    struct undo undo = { .builtin = "release_role",
        .args = { value_text(self->principal.arn), value_text(DENY_ALL),
            value_text(self->principal.id) },
        .args_count = 3 };
    return talk_change(step, CHANGE, inline_policy_put(step, &self->policy), undo);
}

static enum step_turn end_unseen(struct step *step)
{
    const struct isolate_role *self = step->state;
    if (self->policy.tries.accepted)
        return talk_end(step, STEP_UNKNOWN,
            "IAM accepted the policy cdr-isolation of %.*s but does not show it",
            STR_ARG(step->target));
    return talk_end(step, STEP_FAILED,
        "%.*s is not isolated: IAM answered none of %u requests and shows no policy",
        STR_ARG(step->target), self->policy.tries.sent);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    uint32_t delay_ms;
    str document;
    switch (inline_policy_seen(step, &self->policy, answer, &delay_ms, &document)) {
    case INLINE_PUT:
        return deny(step);
    case INLINE_AGAIN:
        return look(step, delay_ms);
    case INLINE_NEVER:
        return end_unseen(step);
    case INLINE_ERROR:
        return talk_fail(step, answer);
    case INLINE_MEMORY:
        return talk_memory(step);
    case INLINE_OTHER:
        return talk_end(step, self->principal.talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
            "%.*s has a policy cdr-isolation with other words than ours: it was left alone",
            STR_ARG(step->target));
    case INLINE_THERE:
        break;
    }
    if (self->policy.tries.sent == 0)
        return talk_end(step, STEP_DONE, "%.*s was isolated already: nothing was changed",
            STR_ARG(step->target));
    return talk_end(step, STEP_DONE, "%.*s is denied everything, running sessions included",
        STR_ARG(step->target));
}

static enum step_turn heard_deny(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    tries_heard(&self->policy.tries, answer);
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return talk_end(step, STEP_DONE, "%.*s would be denied everything", STR_ARG(step->target));
    case HEARD_ANSWER:
    case HEARD_NOTHING:
        return look(step, 0);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    if (answer_is(answer, "LimitExceeded"))
        return talk_end(step, STEP_FAILED,
            "%.*s has no room for another inline policy (AWS's quota; %.*s)", STR_ARG(step->target),
            STR_ARG(answer->message));
    return talk_fail(step, answer);
}

enum step_turn isolate_role_next(struct step *step, const struct reply *reply)
{
    static const struct principal_args args = { .role = ARG_ROLE,
        .user = -1,
        .instance = ARG_INSTANCE,
        .account = ARG_ACCOUNT,
        .region = ARG_REGION };
    static talk_hearer *const hearers[] = {
        PRINCIPAL_HEARERS,
        [LOOK] = heard_look,
        [CHANGE] = heard_deny,
    };
    return reply == NULL ? principal_begin(step, &args, found) : talk_next(step, reply, hearers);
}
