#include "aws/inline_policy.h"

#include "aws/late.h"
#include "aws/principal.h"
#include "aws/requests.h"
#include "aws/requests_iam.h"
#include "base/percent.h"
#include "base/time.h"

enum { ARG_OWNER, ARG_POLICY, ARG_FORMER };
enum { CALLER, KNOWN, LOOK, CHANGE };
enum { RELEASE_ID = 2, ALLOW_ID = 3 };

enum err reply_inline_policy(
    struct arena *arena, const struct xml *root, bool is_user, str *ret_document)
{
    const struct xml *document = xml_find(root,
        is_user ? "GetUserPolicyResult/PolicyDocument" : "GetRolePolicyResult/PolicyDocument");
    if (document == NULL)
        return ERR_NOT_FOUND;
    return percent_decode(arena, document->text, false, ret_document);
}

bool document_is(str seen, str ours)
{
    static const char mark[] = "\"" LATE_NOW "\"";
    const char *at = memmem(ours.ptr, ours.len, mark, sizeof(mark) - 1);
    int64_t ms;
    if (at == NULL)
        return str_equal(seen, ours);
    str before = str_first(ours, (size_t)(at - ours.ptr) + 1);
    str after = str_skip(ours, before.len + sizeof(LATE_NOW) - 1);
    if (!str_startswith(seen, before) || !str_endswith(seen, after)
        || seen.len < before.len + after.len)
        return false;
    return time_parse(
        str_first(str_skip(seen, before.len), seen.len - before.len - after.len), &ms);
}

struct request inline_policy_look(
    struct step *step, const struct inline_policy *policy, uint32_t delay_ms)
{
    struct request request =
        iam_get_inline_policy(step, policy->is_user, policy->owner, policy->name);
    request.delay_ms = delay_ms;
    return request;
}

struct request inline_policy_put(struct step *step, struct inline_policy *policy)
{
    tries_send(&policy->tries);
    return iam_put_inline_policy(
        step, policy->is_user, policy->owner, policy->name, policy->document);
}

/* It is not there. */
static enum inline_seen seen_none(struct inline_policy *policy, uint32_t *ret_delay_ms)
{
    switch (tries_missing(&policy->tries, ret_delay_ms)) {
    case TRIES_SEND:
        return INLINE_PUT;
    case TRIES_LOOK:
        return INLINE_AGAIN;
    case TRIES_GIVE_UP:
        break;
    }
    return INLINE_NEVER;
}

enum inline_seen inline_policy_seen(struct step *step, struct inline_policy *policy,
    const struct answer *answer, uint32_t *ret_delay_ms, str *ret_document)
{
    *ret_delay_ms = 0;
    *ret_document = STR("");
    if (answer->heard == HEARD_ASSUMED)
        return INLINE_PUT;
    if (answer_is(answer, "NoSuchEntity"))
        return seen_none(policy, ret_delay_ms);
    if (answer->heard != HEARD_ANSWER)
        return INLINE_ERROR;
    enum err err = reply_inline_policy(step->arena, answer->root, policy->is_user, ret_document);
    if (err == ERR_MEMORY)
        return INLINE_MEMORY;
    return err == ERR_OK && document_is(*ret_document, policy->document) ? INLINE_THERE
                                                                         : INLINE_OTHER;
}

/* ---- taking it back ---- */

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static enum step_turn restore_look(struct step *step, uint32_t delay_ms)
{
    const struct restore_policy *self = step->state;
    return talk_ask(step, LOOK, inline_policy_look(step, &self->policy, delay_ms));
}

static enum step_turn restore_heard_caller(struct step *step, const struct answer *answer)
{
    struct restore_policy *self = step->state;
    enum step_turn turn;
    step->target = arg(step, ARG_OWNER);
    if (!identity_heard(step, answer, STR(""), &self->caller, &turn))
        return turn;
    if (principal_is_elsewhere(&self->caller, step->target))
        return principal_end_elsewhere(step, &self->caller, step->target);
    return talk_ask(step, KNOWN, principal_ask(step, step->target));
}

static enum step_turn send_back(struct step *step)
{
    struct restore_policy *self = step->state;
    const struct inline_policy *policy = &self->policy;
    struct undo nothing = { .builtin = NULL };
    tries_send(&self->tries);
    if (self->has_former)
        return talk_change(step, CHANGE,
            iam_put_inline_policy(
                step, policy->is_user, policy->owner, policy->name, arg(step, ARG_FORMER)),
            nothing);
    return talk_change(step, CHANGE,
        iam_delete_inline_policy(step, policy->is_user, policy->owner, policy->name), nothing);
}

/* Our policy is still there. */
static enum step_turn take_back(struct step *step)
{
    struct restore_policy *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return send_back(step);
    case TRIES_LOOK:
        return restore_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s still has the policy %s after %u requests to %s it", STR_ARG(step->target),
        self->words->name, self->tries.sent, self->has_former ? "change" : "delete");
}

static enum step_turn restored(struct step *step)
{
    const struct restore_policy *self = step->state;
    if (self->tries.sent == 0)
        return talk_end(step, STEP_DONE, "%.*s has no policy %s: nothing to take back",
            STR_ARG(step->target), self->words->name);
    return talk_end(step, STEP_DONE, "%.*s %s", STR_ARG(step->target), self->words->done);
}

static enum step_turn restore_heard_known(struct step *step, const struct answer *answer)
{
    const struct restore_policy *self = step->state;
    enum step_turn turn;
    if (answer_is(answer, "NoSuchEntity"))
        return restored(step);
    return principal_is_still(step, answer, step->target, self->id, &turn) ? restore_look(step, 0)
                                                                           : turn;
}

static enum step_turn restore_heard_look(struct step *step, const struct answer *answer)
{
    struct restore_policy *self = step->state;
    str document;
    if (answer->heard == HEARD_ASSUMED)
        return take_back(step);
    if (answer_is(answer, "NoSuchEntity"))
        return restored(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = reply_inline_policy(step->arena, answer->root, self->policy.is_user, &document);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err == ERR_OK && document_is(document, self->policy.document))
        return take_back(step);
    if (err == ERR_OK && self->has_former && str_equal(document, arg(step, ARG_FORMER)))
        return talk_end(step, STEP_DONE, "the policy %s of %.*s is as it was before",
            self->words->name, STR_ARG(step->target));
    return talk_end(step, STEP_FAILED,
        "the policy %s of %.*s was changed since by somebody else: it was left alone",
        self->words->name, STR_ARG(step->target));
}

static enum step_turn restore_heard_change(struct step *step, const struct answer *answer)
{
    struct restore_policy *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s %s", STR_ARG(step->target), self->words->would);
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "NoSuchEntity")))
        return talk_fail(step, answer);
    return restore_look(step, 0);
}

enum step_turn restore_policy_next(
    struct step *step, const struct reply *reply, const struct restore_words *words)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = restore_heard_caller,
        [KNOWN] = restore_heard_known,
        [LOOK] = restore_heard_look,
        [CHANGE] = restore_heard_change,
    };
    struct restore_policy *self = step->state;
    self->words = words;
    if (reply != NULL)
        return talk_next(step, reply, hearers);
    str owner = arg(step, ARG_OWNER);
    self->policy = (struct inline_policy){ .is_user = principal_is_user(owner),
        .owner = principal_name(owner),
        .name = words->name,
        .document = arg(step, ARG_POLICY) };
    return talk_ask(step, CALLER, sts_get_caller_identity(step));
}

enum step_turn release_principal_next(struct step *step, const struct reply *reply)
{
    static const struct restore_words words = { POLICY_ISOLATION, "is no longer denied everything",
        "would no longer be denied everything" };
    struct restore_policy *self = step->state;
    self->id = arg(step, RELEASE_ID);
    return restore_policy_next(step, reply, &words);
}

enum step_turn allow_sessions_next(struct step *step, const struct reply *reply)
{
    static const struct restore_words words = { POLICY_SESSIONS,
        "takes the sessions again that were revoked", "would take the revoked sessions again" };
    struct restore_policy *self = step->state;
    self->has_former = arg(step, ARG_FORMER).len > 0;
    self->id = arg(step, ALLOW_ID);
    return restore_policy_next(step, reply, &words);
}
