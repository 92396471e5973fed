#include "aws/isolate_role.h"

#include "aws/facts.h"
#include "aws/requests.h"

#define POLICY STR("cdr-isolation")
#define DENY_ALL                                                                                   \
    STR("{\"Version\":\"2012-10-17\",\"Statement\":"                                               \
        "[{\"Sid\":\"CdrIsolation\",\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}")

enum { ARG_ROLE, ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION };
enum { UNDO_ROLE, UNDO_POLICY, UNDO_ARGS };
enum { CALLER, INSTANCE, PROFILE, ROLE, TAGS, LOOK, CHANGE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[ARG_REGION]));
}

/* "web" of arn:aws:iam::111122223333:role/app/web, of the sts ARN of one of its sessions,
 * and of plain "web". */
static str role_name(str role)
{
    struct arn arn;
    if (!arn_read(role, &arn))
        return role;
    if (!str_startswith(arn.resource, STR("assumed-role/")))
        return path_last(arn.resource);
    str rest = str_skip(arn.resource, strlen("assumed-role/"));
    return str_first(rest, str_find(rest, '/'));
}

static bool is_arn(str role)
{
    struct arn arn;
    return arn_read(role, &arn);
}

/* Whether `given`, an ARN or a name, means the role that IAM calls `role`. */
static bool is_same_role(str given, str role)
{
    struct arn wanted, known;
    if (!arn_read(given, &wanted))
        return str_equal(given, role_name(role));
    if (str_is(wanted.service, "iam"))
        return str_equal(given, role);
    return arn_read(role, &known) && str_equal(wanted.account, known.account)
           && str_equal(role_name(given), role_name(role));
}

/* The other end of `caller` and `role` is not one account: true when both are known. */
static bool is_elsewhere(const struct caller *caller, str role)
{
    struct arn arn;
    return caller->account.len > 0 && arn_read(role, &arn)
           && !str_equal(arn.account, caller->account);
}

static enum step_turn end_elsewhere(struct step *step, const struct caller *caller, str role)
{
    return talk_end(step, STEP_UNRESOLVED,
        "%.*s is not in account %.*s, which is the one that the connection reaches", STR_ARG(role),
        STR_ARG(caller->account));
}

static enum step_turn look(struct step *step, str role, uint32_t delay_ms)
{
    struct request request = iam_get_role_policy(step, role_name(role), POLICY);
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

/* The role is known: may it be touched? */
static enum step_turn resolved(struct step *step, str role)
{
    struct isolate_role *self = step->state;
    struct arn arn;
    self->role = role;
    step->target = role;
    talk_found(step, "role %.*s", STR_ARG(role));
    if (is_elsewhere(&self->caller, role))
        return end_elsewhere(step, &self->caller, role);
    if (arn_read(role, &arn) && str_startswith(arn.resource, STR("role/aws-service-role/")))
        return talk_end(step, STEP_FAILED,
            "%.*s is a service-linked role, whose policies belong to AWS", STR_ARG(role));
    if (self->caller.role.len > 0 && str_equal(role_name(role), self->caller.role))
        return talk_end(step, STEP_FAILED,
            "%.*s is the role that this program itself uses, which is never a target",
            STR_ARG(role));
    if (self->is_shown)
        return look(step, role, 0);
    return talk_ask_for_facts(step, TAGS, iam_get_role(step, role_name(role)));
}

/* GetInstanceProfile names the role and does not tell its tags. */
static enum step_turn heard_tags(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    facts_of_role(step, answer, self->role);
    return look(step, self->role, 0);
}

/* Isolate what the rule or the alert calls the role, once IAM knows it. */
static enum step_turn resolve_role(struct step *step)
{
    struct isolate_role *self = step->state;
    str role = arg(step, ARG_ROLE);
    if (is_elsewhere(&self->caller, role))
        return end_elsewhere(step, &self->caller, role);
    if (!is_arn(role) && self->caller.account.len > 0 && arg(step, ARG_ACCOUNT).len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "the name %.*s alone does not say which account's role is meant: "
            "give its ARN, or account=",
            STR_ARG(role));
    return talk_ask(step, ROLE, iam_get_role(step, role_name(role)));
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    str role = arg(step, ARG_ROLE), instance = arg(step, ARG_INSTANCE);
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    if (instance.len == 0 && role.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "there is neither a role nor an instance to find "
            "one by");
    if (instance.len == 0)
        return resolve_role(step);
    return talk_ask(step, INSTANCE, ec2_describe_instance(step, region(step), instance));
}

static enum step_turn heard_instance(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    str id = arg(step, ARG_INSTANCE), given = arg(step, ARG_ROLE);
    struct instance instance;
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, id, &instance, &turn))
        return turn;
    facts_of_instance(step, answer, &instance, &self->caller);
    if (answer->heard == HEARD_ASSUMED)
        instance.profile =
            str_from(arena_format(step->arena, "(the profile of %.*s)", STR_ARG(id)));
    talk_found(step, "instance %.*s", STR_ARG(id));
    if (instance.profile.len == 0 && given.len > 0)
        return talk_end(step, STEP_UNRESOLVED,
            "the alert names role %.*s, but instance %.*s has no instance profile, so it has no "
            "role: say which one is meant",
            STR_ARG(given), STR_ARG(id));
    if (instance.profile.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "instance %.*s has no instance profile, so it has no role", STR_ARG(id));
    talk_found(step, "profile %.*s", STR_ARG(path_last(instance.profile)));
    return talk_ask(step, PROFILE, iam_get_instance_profile(step, path_last(instance.profile)));
}

static enum step_turn heard_profile(struct step *step, const struct answer *answer)
{
    str id = arg(step, ARG_INSTANCE), suggested = arg(step, ARG_ROLE);
    str role = { "", 0 };
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED && suggested.len > 0)
        return resolved(step, suggested);
    if (answer->heard == HEARD_ASSUMED) {
        const char *name = arena_format(step->arena, "(the role of %.*s)", STR_ARG(id));
        return name == NULL ? talk_memory(step) : resolved(step, str_from(name));
    }
    enum err err = reply_profile_role(step->arena, answer->root, &role);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return talk_end(
            step, STEP_UNRESOLVED, "the instance profile of %.*s has no role in it", STR_ARG(id));
    if (suggested.len > 0 && !is_same_role(suggested, role))
        return talk_end(step, STEP_UNRESOLVED,
            "the alert names role %.*s, but instance %.*s has the role %.*s: "
            "say which one is meant",
            STR_ARG(suggested), STR_ARG(id), STR_ARG(role));
    return resolved(step, role);
}

static enum step_turn heard_role(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    str given = arg(step, ARG_ROLE), role = given;
    struct arn arn;
    self->is_shown = true;
    if (answer->heard == HEARD_ASSUMED)
        return resolved(step, given);
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_UNRESOLVED, "IAM knows no role %.*s", STR_ARG(given));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = reply_role(step->arena, answer->root, &role);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return talk_end(
            step, STEP_FAILED, "IAM does not tell the ARN of role %.*s", STR_ARG(given));
    if (arn_read(given, &arn) && str_is(arn.service, "iam") && !str_equal(given, role))
        return talk_end(step, STEP_UNRESOLVED,
            "there is no role %.*s: the one of that name is %.*s", STR_ARG(given), STR_ARG(role));
    facts_of_role(step, answer, role);
    return resolved(step, role);
}

static enum step_turn deny(struct step *step)
{
    struct isolate_role *self = step->state;
    struct undo undo = { .builtin = "release_role", .args_count = UNDO_ARGS };
    undo.args[UNDO_ROLE] = value_text(self->role);
    undo.args[UNDO_POLICY] = value_text(DENY_ALL);
    tries_send(&self->tries);
    return talk_change(
        step, CHANGE, iam_put_role_policy(step, role_name(self->role), POLICY, DENY_ALL), undo);
}

/* The policy is not there. */
static enum step_turn heard_none(struct step *step)
{
    struct isolate_role *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        return deny(step);
    case TRIES_LOOK:
        return look(step, self->role, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    if (self->tries.accepted)
        return talk_end(step, STEP_UNKNOWN,
            "IAM accepted the policy cdr-isolation of %.*s but does not show it",
            STR_ARG(self->role));
    return talk_end(step, STEP_FAILED,
        "%.*s is not isolated: IAM answered none of %u requests and shows no policy",
        STR_ARG(self->role), self->tries.sent);
}

static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    str document;
    if (answer->heard == HEARD_ASSUMED)
        return deny(step);
    if (answer_is(answer, "NoSuchEntity"))
        return heard_none(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = reply_role_policy(step->arena, answer->root, &document);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK || !str_equal(document, DENY_ALL))
        return talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
            "%.*s has a policy cdr-isolation with other words than ours: it was left alone",
            STR_ARG(self->role));
    if (self->tries.sent == 0)
        return talk_end(
            step, STEP_DONE, "%.*s was isolated already: nothing was changed", STR_ARG(self->role));
    return talk_end(step, STEP_DONE, "%.*s is denied everything, running sessions included",
        STR_ARG(self->role));
}

static enum step_turn heard_deny(struct step *step, const struct answer *answer)
{
    struct isolate_role *self = step->state;
    tries_heard(&self->tries, answer);
    switch (answer->heard) {
    case HEARD_ASSUMED:
        return talk_end(step, STEP_DONE, "%.*s would be denied everything", STR_ARG(self->role));
    case HEARD_ANSWER:
    case HEARD_NOTHING:
        return look(step, self->role, 0);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    if (answer_is(answer, "LimitExceeded"))
        return talk_end(step, STEP_FAILED,
            "%.*s has no room for another inline policy (AWS's quota; %.*s)", STR_ARG(self->role),
            STR_ARG(answer->message));
    return talk_fail(step, answer);
}

enum step_turn isolate_role_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [INSTANCE] = heard_instance,
        [PROFILE] = heard_profile,
        [ROLE] = heard_role,
        [TAGS] = heard_tags,
        [LOOK] = heard_look,
        [CHANGE] = heard_deny,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

static enum step_turn released_caller(struct step *step, const struct answer *answer)
{
    struct release_role *self = step->state;
    str role = arg(step, UNDO_ROLE), any = { "", 0 };
    enum step_turn turn;
    step->target = role;
    if (!identity_heard(step, answer, any, &self->caller, &turn))
        return turn;
    if (is_elsewhere(&self->caller, role))
        return end_elsewhere(step, &self->caller, role);
    return look(step, role, 0);
}

/* Our policy is still there. */
static enum step_turn take_back(struct step *step)
{
    struct release_role *self = step->state;
    str role = arg(step, UNDO_ROLE);
    struct undo nothing = { .builtin = NULL };
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(
            step, CHANGE, iam_delete_role_policy(step, role_name(role), POLICY), nothing);
    case TRIES_LOOK:
        return look(step, role, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s still has the policy cdr-isolation after %u requests to delete it", STR_ARG(role),
        self->tries.sent);
}

static enum step_turn released_look(struct step *step, const struct answer *answer)
{
    struct release_role *self = step->state;
    str role = arg(step, UNDO_ROLE), document;
    if (answer->heard == HEARD_ASSUMED)
        return take_back(step);
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_DONE,
            self->tries.sent > 0 ? "%.*s is no longer denied everything"
                                 : "%.*s has no policy cdr-isolation: nothing to take back",
            STR_ARG(role));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = reply_role_policy(step->arena, answer->root, &document);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK || !str_equal(document, arg(step, UNDO_POLICY)))
        return talk_end(step, STEP_FAILED,
            "the policy cdr-isolation of %.*s was changed since by somebody else: it was left "
            "alone",
            STR_ARG(role));
    return take_back(step);
}

static enum step_turn released_delete(struct step *step, const struct answer *answer)
{
    struct release_role *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "%.*s would no longer be denied everything",
            STR_ARG(arg(step, UNDO_ROLE)));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "NoSuchEntity")))
        return talk_fail(step, answer);
    return look(step, arg(step, UNDO_ROLE), 0);
}

enum step_turn release_role_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = released_caller,
        [LOOK] = released_look,
        [CHANGE] = released_delete,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
