#include "aws/principal.h"

#include "aws/facts.h"
#include "aws/requests.h"
#include "aws/requests_iam.h"

enum { USER_PAGES_MAX = 50 }; /* of 1,000 each */

static str arg(const struct step *step, int index)
{
    return index < 0 ? STR("") : value_str(step->args[index]);
}

static str given_account(const struct step *step)
{
    const struct principal *self = step->state;
    return arg(step, self->args->account);
}

str principal_name(str arn)
{
    struct arn parts;
    if (!arn_read(arn, &parts))
        return arn;
    if (!str_startswith(parts.resource, STR("assumed-role/")))
        return path_last(parts.resource);
    str rest = str_skip(parts.resource, strlen("assumed-role/"));
    return str_first(rest, str_find(rest, '/'));
}

bool principal_is_user(str arn)
{
    struct arn parts;
    return arn_read(arn, &parts) && str_is(parts.service, "iam")
           && str_startswith(parts.resource, STR("user/"));
}

static bool is_arn(str text)
{
    struct arn parts;
    return arn_read(text, &parts);
}

/* Whether `given`, an ARN or a name, means the role that IAM calls `role`. */
static bool is_same_role(str given, str role)
{
    struct arn wanted, known;
    if (!arn_read(given, &wanted))
        return str_equal(given, principal_name(role));
    if (str_is(wanted.service, "iam"))
        return str_equal(given, role);
    return arn_read(role, &known) && str_equal(wanted.account, known.account)
           && str_equal(principal_name(given), principal_name(role));
}

bool principal_is_elsewhere(const struct caller *caller, str arn)
{
    struct arn parts;
    return caller->account.len > 0 && arn_read(arn, &parts)
           && !str_equal(parts.account, caller->account);
}

enum step_turn principal_end_elsewhere(struct step *step, const struct caller *caller, str arn)
{
    return talk_end(step, STEP_UNRESOLVED,
        "%.*s is not in account %.*s, which is the one that the connection reaches", STR_ARG(arn),
        STR_ARG(caller->account));
}

struct request principal_ask(struct step *step, str arn)
{
    return principal_is_user(arn) ? iam_get_user(step, principal_name(arn))
                                  : iam_get_role(step, principal_name(arn));
}

bool principal_is_still(
    struct step *step, const struct answer *answer, str arn, str id, enum step_turn *ret_turn)
{
    const struct talk *talk = step->state;
    bool is_user = principal_is_user(arn);
    if (answer->heard == HEARD_ASSUMED)
        return true;
    if (answer->heard == HEARD_ERROR) {
        *ret_turn = talk_fail(step, answer);
        return false;
    }
    str arn_now =
        xml_text(answer->root, is_user ? "GetUserResult/User/Arn" : "GetRoleResult/Role/Arn");
    str id_now =
        xml_text(answer->root, is_user ? "GetUserResult/User/UserId" : "GetRoleResult/Role/RoleId");
    if (str_equal(arn_now, arn) && (id.len == 0 || str_equal(id_now, id)))
        return true;
    *ret_turn = talk_end(step, talk->has_changed ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s is not there any more: the %s of that name now is another (%.*s, %.*s), which was "
        "left alone",
        STR_ARG(arn), is_user ? "user" : "role", STR_ARG(arn_now), STR_ARG(id_now));
    return false;
}

bool caller_is_user(const struct caller *caller, str name)
{
    return principal_is_user(caller->arn) && str_equal(principal_name(caller->arn), name);
}

/* False: no memory. */
static bool keep_id(struct step *step, const struct answer *answer, const char *path)
{
    struct principal *self = step->state;
    self->id = arena_copy(step->arena, xml_text(answer->root, path));
    return self->id.ptr != NULL;
}

/* ---- roles ---- */

/* The role is known: may it be touched? */
static enum step_turn role_resolved(struct step *step, str role)
{
    struct principal *self = step->state;
    struct arn arn;
    self->arn = role;
    self->name = principal_name(role);
    step->target = role;
    talk_found(step, "role %.*s", STR_ARG(role));
    if (principal_is_elsewhere(&self->caller, role))
        return principal_end_elsewhere(step, &self->caller, role);
    if (arn_read(role, &arn) && str_startswith(arn.resource, STR("role/aws-service-role/")))
        return talk_end(step, STEP_FAILED,
            "%.*s is a service-linked role, whose policies belong to AWS", STR_ARG(role));
    if (self->caller.role.len > 0 && str_equal(self->name, self->caller.role))
        return talk_end(step, STEP_FAILED,
            "%.*s is the role that this program itself uses, which is never a target",
            STR_ARG(role));
    if (self->is_shown)
        return self->found(step);
    return talk_ask_for_facts(step, PRINCIPAL_TAGS, iam_get_role(step, self->name));
}

/* GetInstanceProfile names the role and does not tell its tags. */
enum step_turn principal_heard_tags(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    facts_of_role(step, answer, self->arn);
    return self->found(step);
}

/* Take what the rule or the alert calls the role, once IAM knows it. */
static enum step_turn resolve_role(struct step *step)
{
    struct principal *self = step->state;
    str role = arg(step, self->args->role);
    if (principal_is_elsewhere(&self->caller, role))
        return principal_end_elsewhere(step, &self->caller, role);
    if (!is_arn(role) && self->caller.account.len > 0 && given_account(step).len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "the name %.*s alone does not say which account's role is meant: "
            "give its ARN, or account=",
            STR_ARG(role));
    return talk_ask(step, PRINCIPAL_ROLE, iam_get_role(step, principal_name(role)));
}

enum step_turn principal_heard_instance(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str id = arg(step, self->args->instance), given = arg(step, self->args->role);
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
    return talk_ask(
        step, PRINCIPAL_PROFILE, iam_get_instance_profile(step, path_last(instance.profile)));
}

/* Nothing was read: what stands for the role of the instance. */
static enum step_turn assumed_role(struct step *step)
{
    struct principal *self = step->state;
    str id = arg(step, self->args->instance), suggested = arg(step, self->args->role);
    self->is_assumed = true;
    if (suggested.len > 0)
        return role_resolved(step, suggested);
    const char *name = arena_format(step->arena, "(the role of %.*s)", STR_ARG(id));
    return name == NULL ? talk_memory(step) : role_resolved(step, str_from(name));
}

enum step_turn principal_heard_profile(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str id = arg(step, self->args->instance), suggested = arg(step, self->args->role);
    str role = { "", 0 };
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return assumed_role(step);
    enum err err = reply_profile_role(step->arena, answer->root, &role);
    if (!keep_id(step, answer, "GetInstanceProfileResult/InstanceProfile/Roles/member/RoleId"))
        return talk_memory(step);
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
    return role_resolved(step, role);
}

enum step_turn principal_heard_role(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str given = arg(step, self->args->role), role = given;
    struct arn arn;
    self->is_shown = true;
    self->is_assumed = answer->heard == HEARD_ASSUMED;
    if (self->is_assumed)
        return role_resolved(step, given);
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_UNRESOLVED, "IAM knows no role %.*s", STR_ARG(given));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    enum err err = reply_role(step->arena, answer->root, &role);
    if (!keep_id(step, answer, "GetRoleResult/Role/RoleId"))
        return talk_memory(step);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return talk_end(
            step, STEP_FAILED, "IAM does not tell the ARN of role %.*s", STR_ARG(given));
    if (arn_read(given, &arn) && str_is(arn.service, "iam") && !str_equal(given, role))
        return talk_end(step, STEP_UNRESOLVED,
            "there is no role %.*s: the one of that name is %.*s", STR_ARG(given), STR_ARG(role));
    facts_of_role(step, answer, role);
    return role_resolved(step, role);
}

/* ---- users ---- */

/* "AIDA.." and nothing but capitals and digits: the id that IAM itself gave to a user, and alerts
 * of GuardDuty and CloudTrail tell. */
static bool is_user_id(str text)
{
    static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (text.len < 16 || !str_startswith(text, STR("AIDA")))
        return false;
    for (size_t at = 0; at < text.len; at++)
        if (memchr(taken, text.ptr[at], sizeof(taken) - 1) == NULL)
            return false;
    return true;
}

static enum step_turn resolve_user(struct step *step)
{
    struct principal *self = step->state;
    str user = arg(step, self->args->user);
    struct arn arn;
    bool has_arn = arn_read(user, &arn);
    self->is_user = true;
    if (principal_is_elsewhere(&self->caller, user))
        return principal_end_elsewhere(step, &self->caller, user);
    if (has_arn && str_is(arn.resource, "root"))
        return talk_end(step, STEP_UNRESOLVED,
            "%.*s is the root user of the account, whom no policy binds: nobody but its owner can "
            "lock it",
            STR_ARG(user));
    if (has_arn && !principal_is_user(user))
        return talk_end(step, STEP_UNRESOLVED, "%.*s is no IAM user", STR_ARG(user));
    if (!has_arn && self->caller.account.len > 0 && given_account(step).len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "the name %.*s alone does not say that a user of IAM is meant, nor of which account: "
            "give the ARN, or account=",
            STR_ARG(user));
    if (!has_arn && is_user_id(user))
        return talk_ask(step, PRINCIPAL_USERS, iam_list_users(step, STR("")));
    return talk_ask(step, PRINCIPAL_USER, iam_get_user(step, principal_name(user)));
}

static enum step_turn user_resolved(struct step *step, str user)
{
    struct principal *self = step->state;
    self->arn = user;
    self->name = principal_name(user);
    step->target = user;
    talk_found(step, "user %.*s", STR_ARG(user));
    if (principal_is_elsewhere(&self->caller, user))
        return principal_end_elsewhere(step, &self->caller, user);
    if (caller_is_user(&self->caller, self->name))
        return talk_end(step, STEP_FAILED,
            "%.*s is the user that this program itself is, which is never a target", STR_ARG(user));
    return self->found(step);
}

/* One page of all users: the one with the id that was given. */
enum step_turn principal_heard_users(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str id = arg(step, self->args->user);
    self->is_assumed = answer->heard == HEARD_ASSUMED;
    if (self->is_assumed)
        return user_resolved(step, id);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *user = xml_find(answer->root, "ListUsersResult/Users/member");
    while (user != NULL && !str_equal(xml_text(user, "UserId"), id))
        user = xml_next(user);
    str name = arena_copy(step->arena, xml_text(user, "UserName"));
    self->page = arena_copy(step->arena, xml_text(answer->root, "ListUsersResult/Marker"));
    if (name.ptr == NULL || self->page.ptr == NULL)
        return talk_memory(step);
    if (name.len > 0)
        return talk_ask(step, PRINCIPAL_USER, iam_get_user(step, name));
    if (self->page.len > 0 && ++self->pages < USER_PAGES_MAX)
        return talk_ask(step, PRINCIPAL_USERS, iam_list_users(step, self->page));
    return talk_end(step, STEP_UNRESOLVED, "no user of account %.*s has the id %.*s",
        STR_ARG(self->caller.account), STR_ARG(id));
}

enum step_turn principal_heard_user(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str given = arg(step, self->args->user);
    self->is_assumed = answer->heard == HEARD_ASSUMED;
    if (self->is_assumed)
        return user_resolved(step, given);
    if (answer_is(answer, "NoSuchEntity"))
        return talk_end(step, STEP_UNRESOLVED, "IAM knows no user %.*s", STR_ARG(given));
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    str user = arena_copy(step->arena, xml_text(answer->root, "GetUserResult/User/Arn"));
    if (user.ptr == NULL || !keep_id(step, answer, "GetUserResult/User/UserId"))
        return talk_memory(step);
    if (!principal_is_user(user))
        return talk_end(
            step, STEP_FAILED, "IAM does not tell the ARN of user %.*s", STR_ARG(given));
    if (is_arn(given) && !str_equal(given, user))
        return talk_end(step, STEP_UNRESOLVED,
            "there is no user %.*s: the one of that name is %.*s", STR_ARG(given), STR_ARG(user));
    facts_of_user(step, answer, user);
    return user_resolved(step, user);
}

/* ---- both ---- */

enum step_turn principal_heard_caller(struct step *step, const struct answer *answer)
{
    struct principal *self = step->state;
    str role = arg(step, self->args->role), user = arg(step, self->args->user);
    str instance = arg(step, self->args->instance);
    enum step_turn turn;
    if (!identity_heard(step, answer, given_account(step), &self->caller, &turn))
        return turn;
    if (user.len > 0 && (role.len > 0 || instance.len > 0))
        return talk_end(step, STEP_UNRESOLVED,
            "both user %.*s and %s %.*s could be meant: say which", STR_ARG(user),
            role.len > 0 ? "role" : "the role of instance",
            STR_ARG(role.len > 0 ? role : instance));
    if (user.len > 0)
        return resolve_user(step);
    if (instance.len > 0)
        return talk_ask(step, PRINCIPAL_INSTANCE,
            ec2_describe_instance(
                step, value_str(talk_region(step, step->args[self->args->region])), instance));
    if (role.len > 0)
        return resolve_role(step);
    return talk_end(step, STEP_UNRESOLVED,
        self->args->role < 0 ? "there is no user to act on"
                             : "there is neither a role nor an instance to find one by");
}

enum step_turn principal_begin(struct step *step, const struct principal_args *args,
    enum step_turn (*found)(struct step *step))
{
    struct principal *self = step->state;
    str none = { "", 0 };
    self->args = args;
    self->found = found;
    self->arn = self->name = self->id = self->page = none;
    return talk_ask(step, PRINCIPAL_CALLER, sts_get_caller_identity(step));
}
