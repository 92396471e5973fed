#include "aws/disable_access_key.h"

#include "aws/facts.h"
#include "aws/principal.h"
#include "aws/requests.h"
#include "aws/requests_iam.h"
#include "bytecode.h"

enum { ARG_KEY, ARG_ACCOUNT };
enum { UNDO_KEY, UNDO_USER, UNDO_ACCOUNT };
enum { CALLER, OWNER, USER, LIST, CHANGE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

/* ---- disable ---- */

static enum step_turn disable_ended(struct step *step)
{
    const struct disable_access_key *self = step->state;
    const struct key_sweep *sweep = &self->sweep;
    const struct swept_key *key = &sweep->keys[0];
    if (sweep->fault != NULL || (sweep->count > 0 && key->fault != NULL)) {
        const char *faults = key_sweep_faults(step, sweep);
        return faults == NULL ? talk_memory(step)
                              : talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
                                  "access key %.*s was not made inactive: %s",
                                  STR_ARG(arg(step, ARG_KEY)), faults);
    }
    if (sweep->count == 0 || !(key->is_listed || key->is_assumed))
        return talk_end(step, STEP_UNRESOLVED, "user %.*s has no access key %.*s",
            STR_ARG(sweep->user), STR_ARG(arg(step, ARG_KEY)));
    if (key->is_assumed)
        return talk_end(step, STEP_DONE, "access key %.*s of user %.*s would become inactive",
            STR_ARG(key->id), STR_ARG(sweep->user));
    return talk_end(step, STEP_DONE,
        key->was_so ? "access key %.*s of user %.*s was inactive already: nothing was changed"
                    : "access key %.*s of user %.*s is inactive: what it signs is refused",
        STR_ARG(key->id), STR_ARG(sweep->user));
}

static enum step_turn disable_heard_caller(struct step *step, const struct answer *answer)
{
    struct disable_access_key *self = step->state;
    str key = arg(step, ARG_KEY);
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    if (str_startswith(key, STR("ASIA")))
        return talk_end(step, STEP_UNRESOLVED,
            "%.*s is the key of a session, which ends by itself and has no status: revoke_sessions "
            "makes the sessions of its role or user worthless",
            STR_ARG(key));
    return talk_ask(step, OWNER, iam_get_access_key_last_used(step, key));
}

static enum step_turn disable_heard_owner(struct step *step, const struct answer *answer)
{
    struct disable_access_key *self = step->state;
    str key = arg(step, ARG_KEY);
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_UNRESOLVED, "IAM knows no access key %.*s", STR_ARG(key));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    str user = answer->heard == HEARD_ASSUMED
                   ? str_from(arena_format(step->arena, "(the user of %.*s)", STR_ARG(key)))
                   : arena_copy(
                       step->arena, xml_text(answer->root, "GetAccessKeyLastUsedResult/UserName"));
    if (user.ptr == NULL || step->arena->is_full)
        return talk_memory(step);
    step->target = key;
    if (user.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "access key %.*s is no user's: it may be the root user's, whose keys only it can "
            "change",
            STR_ARG(key));
    talk_found(step, "access key %.*s", STR_ARG(key));
    talk_found(step, "user %.*s", STR_ARG(user));
    if (caller_is_user(&self->caller, user))
        return talk_end(step, STEP_FAILED,
            "access key %.*s is of user %.*s, which this program itself is and which is never a "
            "target",
            STR_ARG(key), STR_ARG(user));
    self->sweep = (struct key_sweep){ .user = user,
        .account = self->caller.account,
        .only = key,
        .list = LIST,
        .change = CHANGE,
        .ended = disable_ended };
    return talk_ask_for_facts(step, USER, iam_get_user(step, user));
}

static enum step_turn disable_heard_user(struct step *step, const struct answer *answer)
{
    struct disable_access_key *self = step->state;
    str arn = arena_copy(step->arena, xml_text(answer->root, "GetUserResult/User/Arn"));
    if (arn.ptr == NULL)
        return talk_memory(step);
    if (answer->heard != HEARD_ASSUMED)
        step_fact(step, FIELD_ACCESS_KEY_ID, arg(step, ARG_KEY));
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_ASSUMED)
        facts_of_user(step, answer, arn);
    else
        facts_of_unread_user(step, answer, self->caller.account, self->sweep.user);
    return key_sweep_begin(step, &self->sweep);
}

static enum step_turn disable_heard_list(struct step *step, const struct answer *answer)
{
    struct disable_access_key *self = step->state;
    return key_sweep_heard_list(step, answer, &self->sweep);
}

static enum step_turn disable_heard_change(struct step *step, const struct answer *answer)
{
    struct disable_access_key *self = step->state;
    return key_sweep_heard_change(step, answer, &self->sweep);
}

enum step_turn disable_access_key_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = disable_heard_caller,
        [OWNER] = disable_heard_owner,
        [USER] = disable_heard_user,
        [LIST] = disable_heard_list,
        [CHANGE] = disable_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

/* ---- enable ---- */

static enum step_turn enable_ended(struct step *step)
{
    const struct enable_access_key *self = step->state;
    const struct key_sweep *sweep = &self->sweep;
    const struct swept_key *key = &sweep->keys[0];
    if (key_sweep_failed(sweep) > 0) {
        const char *faults = key_sweep_faults(step, sweep);
        return faults == NULL
                   ? talk_memory(step)
                   : talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
                       "access key %.*s was not made active: %s", STR_ARG(step->target), faults);
    }
    if (sweep->count == 0 || !(key->is_listed || key->is_assumed))
        return talk_end(step, STEP_FAILED,
            "user %.*s has no access key %.*s any more: somebody deleted it", STR_ARG(sweep->user),
            STR_ARG(step->target));
    if (key->is_assumed)
        return talk_end(step, STEP_DONE, "access key %.*s of user %.*s would become active again",
            STR_ARG(key->id), STR_ARG(sweep->user));
    return talk_end(step, STEP_DONE,
        key->was_so ? "access key %.*s of user %.*s is active: nothing to take back"
                    : "access key %.*s of user %.*s is active again",
        STR_ARG(key->id), STR_ARG(sweep->user));
}

static enum step_turn enable_heard_caller(struct step *step, const struct answer *answer)
{
    struct enable_access_key *self = step->state;
    enum step_turn turn;
    step->target = arg(step, UNDO_KEY);
    if (!identity_heard(step, answer, arg(step, UNDO_ACCOUNT), &self->caller, &turn))
        return turn;
    self->sweep = (struct key_sweep){ .user = arg(step, UNDO_USER),
        .account = arg(step, UNDO_ACCOUNT),
        .only = arg(step, UNDO_KEY),
        .activates = true,
        .list = LIST,
        .change = CHANGE,
        .ended = enable_ended };
    return key_sweep_begin(step, &self->sweep);
}

static enum step_turn enable_heard_list(struct step *step, const struct answer *answer)
{
    struct enable_access_key *self = step->state;
    return key_sweep_heard_list(step, answer, &self->sweep);
}

static enum step_turn enable_heard_change(struct step *step, const struct answer *answer)
{
    struct enable_access_key *self = step->state;
    return key_sweep_heard_change(step, answer, &self->sweep);
}

enum step_turn enable_access_key_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = enable_heard_caller,
        [LIST] = enable_heard_list,
        [CHANGE] = enable_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
