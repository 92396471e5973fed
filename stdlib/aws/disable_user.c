#include "aws/disable_user.h"

enum { ARG_USER, ARG_ACCOUNT };
enum { LOOK = PRINCIPAL_DOING_COUNT, DENY, LIST, CHANGE };

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct disable_user *self = step->state;
    return talk_ask(step, LOOK, inline_policy_look(step, &self->policy, delay_ms));
}

/* What became of the policy is known, or as much as can be: now the keys. */
static enum step_turn denied(struct step *step, const char *fault)
{
    struct disable_user *self = step->state;
    self->fault = fault;
    self->is_denied = fault == NULL;
    return key_sweep_begin(step, &self->sweep);
}

/* As denied; a `fault` of NULL: there was no memory for it. */
static enum step_turn not_denied(struct step *step, const char *fault)
{
    return fault == NULL ? talk_memory(step) : denied(step, fault);
}

/* ---- the end ---- */

/* "; its access keys A are inactive", or what became of them. */
static const char *keys_said(struct step *step)
{
    const struct disable_user *self = step->state;
    const struct key_sweep *sweep = &self->sweep;
    uint32_t changed = key_sweep_changed(sweep), failed = key_sweep_failed(sweep);
    const char *names = key_sweep_names(step, sweep);
    const char *faults = key_sweep_faults(step, sweep);
    if (names == NULL || faults == NULL)
        return NULL;
    const char *are = changed == 1 ? "is" : "are";
    if (!self->principal.talk.has_changed)
        are = "would become";
    const char *said = "";
    if (changed > 0)
        said = arena_format(
            step->arena, "; access key%s %s %s inactive", changed == 1 ? "" : "s", names, are);
    else if (failed == 0)
        said = "; no access key of it is active";
    if (failed > 0 && said != NULL)
        said = arena_format(
            step->arena, "%s; not all keys are known to be inactive: %s", said, faults);
    return said;
}

static enum step_turn ended(struct step *step)
{
    const struct disable_user *self = step->state;
    const char *keys = keys_said(step);
    uint32_t changed = key_sweep_changed(&self->sweep), failed = key_sweep_failed(&self->sweep);
    bool is_plan = self->policy.tries.sent > 0 && !self->principal.talk.has_changed;
    if (keys == NULL)
        return talk_memory(step);
    if (self->is_unclear)
        return talk_end(step, STEP_UNKNOWN, "%.*s: %s%s", STR_ARG(step->target), self->fault, keys);
    if (!self->is_denied)
        return talk_end(step,
            changed > 0                          ? STEP_PARTIAL
            : key_sweep_is_unclear(&self->sweep) ? STEP_UNKNOWN
                                                 : STEP_FAILED,
            "%.*s is not denied everything: %s%s", STR_ARG(step->target), self->fault, keys);
    if (failed == 0 && changed == 0 && self->policy.tries.sent == 0)
        return talk_end(step, STEP_DONE, "%.*s was disabled already: nothing was changed",
            STR_ARG(step->target));
    return talk_end(step, failed > 0 ? STEP_PARTIAL : STEP_DONE,
        is_plan ? "%.*s would be denied everything, in the console and in sessions too%s"
                : "%.*s is denied everything, in the console and in sessions too%s",
        STR_ARG(step->target), keys);
}

/* ---- the policy ---- */

static enum step_turn found(struct step *step)
{
    struct disable_user *self = step->state;
    self->policy = (struct inline_policy){ .is_user = true,
        .owner = self->principal.name,
        .name = POLICY_ISOLATION,
        .document = DENY_ALL };
    self->sweep = (struct key_sweep){ .user = self->principal.name,
        .account = self->principal.caller.account,
        .list = LIST,
        .change = CHANGE,
        .ended = ended };
    return look(step, 0);
}

static enum step_turn deny(struct step *step)
{
    struct disable_user *self = step->state;
    struct undo undo = { .builtin = "enable_user",
        .args = { value_text(self->principal.arn), value_text(DENY_ALL),
            value_text(self->principal.id) },
        .args_count = 3 };
    return talk_change(step, DENY, inline_policy_put(step, &self->policy), undo);
}

/* IAM does not show the policy. */
static enum step_turn unseen(struct step *step)
{
    struct disable_user *self = step->state;
    self->is_unclear = self->policy.tries.accepted;
    if (self->is_unclear)
        return denied(step, "IAM accepted the policy cdr-isolation but does not show it");
    return not_denied(step,
        arena_format(step->arena, "IAM answered none of %u requests to put a policy and shows none",
            self->policy.tries.sent));
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct disable_user *self = step->state;
    uint32_t delay_ms;
    str document;
    switch (inline_policy_seen(step, &self->policy, answer, &delay_ms, &document)) {
    case INLINE_PUT:
        return deny(step);
    case INLINE_AGAIN:
        return look(step, delay_ms);
    case INLINE_NEVER:
        return unseen(step);
    case INLINE_ERROR:
        return talk_fail(step, answer);
    case INLINE_MEMORY:
        return talk_memory(step);
    case INLINE_OTHER:
        return denied(
            step, "it has a policy cdr-isolation with other words than ours, which was left alone");
    case INLINE_THERE:
        break;
    }
    return denied(step, NULL);
}

static enum step_turn heard_deny(struct step *step, const struct answer *answer)
{
    struct disable_user *self = step->state;
    tries_heard(&self->policy.tries, answer);
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return denied(step, NULL);
    case HEARD_ANSWER:
    case HEARD_NOTHING:
        return look(step, 0);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    if (answer_is(answer, "LimitExceeded"))
        return not_denied(step, arena_format(step->arena,
                                    "it has no room for another inline policy (AWS's quota; %.*s)",
                                    STR_ARG(answer->message)));
    return not_denied(step, talk_why(step, answer));
}

/* ---- the keys ---- */

static enum step_turn heard_list(struct step *step, const struct answer *answer)
{
    struct disable_user *self = step->state;
    return key_sweep_heard_list(step, answer, &self->sweep);
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct disable_user *self = step->state;
    return key_sweep_heard_change(step, answer, &self->sweep);
}

enum step_turn disable_user_next(struct step *step, const struct reply *reply)
{
    static const struct principal_args args = {
        .role = -1, .user = ARG_USER, .instance = -1, .account = ARG_ACCOUNT, .region = -1
    };
    static talk_hearer *const hearers[] = {
        PRINCIPAL_HEARERS,
        [LOOK] = heard_look,
        [DENY] = heard_deny,
        [LIST] = heard_list,
        [CHANGE] = heard_change,
    };
    return reply == NULL ? principal_begin(step, &args, found) : talk_next(step, reply, hearers);
}
