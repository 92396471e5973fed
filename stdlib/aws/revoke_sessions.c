#include "aws/revoke_sessions.h"

#include "aws/late.h"

#include "bytecode.h"

enum { ARG_ROLE, ARG_USER, ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION };
enum { LOOK = PRINCIPAL_DOING_COUNT, CHANGE };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define BEFORE_SID "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CdrSessions"

/* The document with the Sid of the step `sid`, letters and digits; ptr NULL: no memory. */
static str document_of(struct arena *arena, str sid)
{
    const char *document = arena_format(arena,
        BEFORE_SID "%.*s\",\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
                   "{\"DateLessThan\":{\"aws:TokenIssueTime\":\"" LATE_NOW "\"}}}]}",
        STR_ARG(sid));
    return document == NULL ? (str){ NULL, 0 } : str_from(document);
}

/* A Sid takes no hyphens. */
static str sid_of(struct arena *arena, str key)
{
    char *sid = arena_alloc(arena, key.len + 1, 1);
    size_t length = 0;
    for (size_t at = 0; sid != NULL && at < key.len; at++)
        if (key.ptr[at] != '-')
            sid[length++] = key.ptr[at];
    return (str){ sid, length };
}

/* Whether the document is one that a step of ours put, at whatever time. ERR_MEMORY. */
static MUST_CHECK enum err is_of_a_step(struct step *step, str document, bool *ret_is)
{
    str rest = str_skip(document, sizeof(BEFORE_SID) - 1);
    *ret_is = false;
    if (!str_startswith(document, STR(BEFORE_SID)))
        return ERR_OK;
    size_t length = 0;
    while (length < rest.len && memchr(LETTERS, rest.ptr[length], sizeof(LETTERS) - 1) != NULL)
        length++;
    str ours = document_of(step->arena, str_first(rest, length));
    if (ours.ptr == NULL)
        return ERR_MEMORY;
    *ret_is = document_is(document, ours);
    return ERR_OK;
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct revoke_sessions *self = step->state;
    return talk_ask(step, LOOK, inline_policy_look(step, &self->policy, delay_ms));
}

static enum step_turn found(struct step *step)
{
    struct revoke_sessions *self = step->state;
    str sid = sid_of(step->arena, step->key);
    str document = sid.ptr == NULL ? sid : document_of(step->arena, sid);
    if (document.ptr == NULL)
        return talk_memory(step);
    if (!self->principal.is_assumed) {
        step_none(step, self->principal.is_user ? FIELD_ROLE_ARN : FIELD_USER_ID);
        step_none(step, self->principal.is_user ? FIELD_ROLE_NAME : FIELD_USER_NAME);
    }
    self->former = STR("");
    self->policy = (struct inline_policy){ .is_user = self->principal.is_user,
        .owner = self->principal.name,
        .name = POLICY_SESSIONS,
        .document = document };
    return look(step, 0);
}

static enum step_turn revoke(struct step *step)
{
    struct revoke_sessions *self = step->state;
    struct undo undo = { .builtin = "allow_sessions",
        .args = { value_text(self->principal.arn), value_text(self->policy.document),
            self->former.len > 0 ? value_text(self->former) : VALUE_NONE,
            value_text(self->principal.id) },
        .args_count = 4 };
    struct request request = inline_policy_put(step, &self->policy);
    request.late = STR(LATE_NOW);
    return talk_change(step, CHANGE, request, undo);
}

static enum step_turn end_unseen(struct step *step)
{
    const struct revoke_sessions *self = step->state;
    if (self->policy.tries.accepted)
        return talk_end(step, STEP_UNKNOWN,
            "IAM accepted the policy " POLICY_SESSIONS " of %.*s but does not show it",
            STR_ARG(step->target));
    return talk_end(step, STEP_FAILED,
        "the sessions of %.*s are not revoked: IAM answered none of %u requests",
        STR_ARG(step->target), self->policy.tries.sent);
}

static enum step_turn missing(struct step *step)
{
    struct revoke_sessions *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->policy.tries, &delay_ms)) {
    case TRIES_SEND:
        return revoke(step);
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return end_unseen(step);
}

/* There is a policy of that name which this step did not put. */
static enum step_turn heard_other(struct step *step, str document)
{
    struct revoke_sessions *self = step->state;
    bool is_ours = false;
    if (self->policy.tries.sent == 0 && is_of_a_step(step, document, &is_ours) != ERR_OK)
        return talk_memory(step);
    if (is_ours)
        self->former = document;
    if (self->former.len > 0 && str_equal(document, self->former))
        return missing(step);
    return talk_end(step, self->principal.talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s has a policy " POLICY_SESSIONS " with other words than ours: it was left alone",
        STR_ARG(step->target));
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct revoke_sessions *self = step->state;
    uint32_t delay_ms;
    str document;
    switch (inline_policy_seen(step, &self->policy, answer, &delay_ms, &document)) {
    case INLINE_PUT:
        return revoke(step);
    case INLINE_AGAIN:
        return look(step, delay_ms);
    case INLINE_NEVER:
        return end_unseen(step);
    case INLINE_ERROR:
        return talk_fail(step, answer);
    case INLINE_MEMORY:
        return talk_memory(step);
    case INLINE_OTHER:
        return heard_other(step, document);
    case INLINE_THERE:
        break;
    }
    return talk_end(step, STEP_DONE,
        self->policy.tries.sent == 0
            ? "the sessions of %.*s were revoked by this step already: nothing was changed"
            : "the sessions that %.*s had are denied everything; new ones are not",
        STR_ARG(step->target));
}

static enum step_turn heard_revoke(struct step *step, const struct answer *answer)
{
    struct revoke_sessions *self = step->state;
    tries_heard(&self->policy.tries, answer);
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return talk_end(step, STEP_DONE, "the sessions that %.*s has would be denied everything",
            STR_ARG(step->target));
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

enum step_turn revoke_sessions_next(struct step *step, const struct reply *reply)
{
    static const struct principal_args args = { .role = ARG_ROLE,
        .user = ARG_USER,
        .instance = ARG_INSTANCE,
        .account = ARG_ACCOUNT,
        .region = ARG_REGION };
    static talk_hearer *const hearers[] = {
        PRINCIPAL_HEARERS,
        [LOOK] = heard_look,
        [CHANGE] = heard_revoke,
    };
    return reply == NULL ? principal_begin(step, &args, found) : talk_next(step, reply, hearers);
}
