/* ban_policy.c - an address kept from using a role or a user, and let in again.
 *
 * An inline policy of its own for each address denies everything that comes from it. What AWS
 * services do on behalf of the role or user does not come from an address. */
#include "aws/ban_ip.h"

#include "aws/requests_iam.h"

/* Of IPv6 a colon becomes a hyphen: names of policies take no colons. */
static const char *policy_name(struct step *step)
{
    const struct ban_ip *self = step->state;
    char *name =
        (char *)(uintptr_t)arena_format(step->arena, "cdr-banned-%.*s", STR_ARG(self->shown));
    for (char *at = name; at != NULL && *at != '\0'; at++)
        *at = *at == ':' ? '-' : *at;
    return name;
}

static str policy_document(struct step *step)
{
    const struct ban_ip *self = step->state;
    const char *text = arena_format(step->arena,
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CdrBannedAddress\","
        "\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
        "{\"IpAddress\":{\"aws:SourceIp\":\"%.*s\"}}}]}",
        STR_ARG(self->cidr));
    return text == NULL ? (str){ NULL, 0 } : str_from(text);
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct ban_ip *self = step->state;
    return talk_ask(step, BAN_POLICY_LOOK, inline_policy_look(step, &self->policy, delay_ms));
}

enum step_turn ban_policy_begin(struct step *step)
{
    struct ban_ip *self = step->state;
    self->policy = (struct inline_policy){ .is_user = self->principal.is_user,
        .owner = self->principal.name,
        .name = policy_name(step),
        .document = policy_document(step) };
    step->target = str_from(arena_format(
        step->arena, "%.*s for %.*s", STR_ARG(self->principal.arn), STR_ARG(self->shown)));
    if (self->policy.name == NULL || self->policy.document.ptr == NULL || step->target.len == 0)
        return talk_memory(step);
    talk_found(step, "address %.*s", STR_ARG(self->shown));
    return look(step, 0);
}

static enum step_turn put(struct step *step)
{
    struct ban_ip *self = step->state;
    struct undo undo = { .builtin = "delete_ban_policy", .args_count = UNBAN_POLICY_ARGS };
    undo.args[UNBAN_OWNER] = value_text(self->principal.arn);
    undo.args[UNBAN_POLICY] = value_text(self->policy.document);
    undo.args[UNBAN_NAME] = value_text(str_from(self->policy.name));
    undo.args[UNBAN_OWNER_ID] = value_text(self->principal.id);
    return talk_change(step, BAN_POLICY_PUT, inline_policy_put(step, &self->policy), undo);
}

enum step_turn ban_policy_heard_look(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    uint32_t delay_ms;
    str document;
    switch (inline_policy_seen(step, &self->policy, answer, &delay_ms, &document)) {
    case INLINE_PUT:
        return put(step);
    case INLINE_AGAIN:
        return look(step, delay_ms);
    case INLINE_THERE:
        return talk_end(step, STEP_DONE,
            self->policy.tries.sent > 0
                ? "calls of %.*s from %.*s are denied"
                : "calls of %.*s from %.*s were denied already: nothing was changed",
            STR_ARG(self->principal.arn), STR_ARG(self->shown));
    case INLINE_OTHER:
        return talk_end(step, self->principal.talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
            "%.*s has a policy %s with other words than ours: it was left alone",
            STR_ARG(self->principal.arn), self->policy.name);
    case INLINE_NEVER:
        break;
    case INLINE_ERROR:
        return talk_fail(step, answer);
    case INLINE_MEMORY:
        return talk_memory(step);
    }
    return talk_end(step, self->policy.tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "IAM does not show the policy %s of %.*s after %u requests to put it", self->policy.name,
        STR_ARG(self->principal.arn), self->policy.tries.sent);
}

enum step_turn ban_policy_heard_put(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    tries_heard(&self->policy.tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "calls of %.*s from %.*s would be denied",
            STR_ARG(self->principal.arn), STR_ARG(self->shown));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING)
        return look(step, 0);
    if (answer_is(answer, "LimitExceeded"))
        return talk_end(step, STEP_FAILED,
            "%.*s has no room for another inline policy (AWS's quota; %.*s)",
            STR_ARG(self->principal.arn), STR_ARG(answer->message));
    return talk_fail(step, answer);
}

enum step_turn delete_ban_policy_next(struct step *step, const struct reply *reply)
{
    struct delete_ban_policy *self = step->state;
    self->restore.id = value_str(step->args[UNBAN_OWNER_ID]);
    if (reply == NULL) {
        str name = arena_copy(step->arena, value_str(step->args[UNBAN_NAME]));
        if (name.ptr == NULL)
            return talk_memory(step);
        self->words = (struct restore_words){ name.ptr, "may be used from that address again",
            "could be used from that address again" };
    }
    return restore_policy_next(step, reply, &self->words);
}
