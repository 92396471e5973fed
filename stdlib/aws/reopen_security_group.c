/* reopen_security_group.c - the inverse of close_security_group: authorize the recorded rules
 * again that are not there. Their ids and tags are new. */
#include "aws/close_security_group.h"
#include "aws/requests.h"

enum { CALLER, GROUP, RULES, AUTHORIZE };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[REOPEN_REGION]));
}

static bool is_egress(const struct step *step)
{
    return str_is(arg(step, REOPEN_DIRECTION), "egress");
}

static enum step_turn list(struct step *step, uint32_t delay_ms)
{
    struct reopen_security_group *self = step->state;
    return rule_list_ask(step, RULES, region(step), arg(step, REOPEN_GROUP), &self->list, delay_ms);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct reopen_security_group *self = step->state;
    enum step_turn turn;
    step->target = arg(step, REOPEN_GROUP);
    if (!identity_heard(step, answer, arg(step, REOPEN_ACCOUNT), &self->caller, &turn))
        return turn;
    return talk_ask(step, GROUP, ec2_describe_group(step, region(step), arg(step, REOPEN_GROUP)));
}

static enum step_turn heard_group(struct step *step, const struct answer *answer)
{
    struct reopen_security_group *self = step->state;
    struct security_group group;
    enum step_turn turn;
    /* The region is recorded, so that it is not there says that it was deleted. */
    if (answer_is(answer, "InvalidGroup.NotFound") && arg(step, REOPEN_REGION).len > 0)
        return talk_end(step, STEP_DONE,
            "security group %.*s is not there any more: there is nothing to open",
            STR_ARG(arg(step, REOPEN_GROUP)));
    if (!security_group_heard(step, answer, &self->caller, arg(step, REOPEN_GROUP), &group, &turn))
        return turn;
    return list(step, 0);
}

static bool has_rule(const struct rule_list *list, const struct group_rule *rule)
{
    for (uint32_t at = 0; at < list->count; at++)
        if (rule_same(&list->rules[at], rule))
            return true;
    return false;
}

/* The recorded rules that are not there. ERR_MEMORY; ERR_INVALID: one cannot be read. */
static MUST_CHECK enum err find_missing(struct step *step)
{
    struct reopen_security_group *self = step->state;
    value recorded = step->args[REOPEN_RULES];
    struct rule_list missing = { .rules = ARENA_ARRAY(
                                     step->arena, struct group_rule, recorded.count + 1) };
    if (missing.rules == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < recorded.count; at++) {
        struct group_rule rule;
        if (!rule_read(value_str(recorded.items[at]), is_egress(step), &rule))
            return ERR_INVALID;
        if (!has_rule(&self->list, &rule))
            missing.rules[missing.count++] = rule;
    }
    self->missing = missing;
    return ERR_OK;
}

static enum step_turn authorize(struct step *step)
{
    struct reopen_security_group *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, AUTHORIZE,
            ec2_authorize_rules(step, region(step), arg(step, REOPEN_GROUP), is_egress(step),
                self->missing.rules, self->missing.count),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return list(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "security group %.*s still lacks %u of the rules that it had after %u requests to "
        "authorize them",
        STR_ARG(arg(step, REOPEN_GROUP)), self->missing.count, self->tries.sent);
}

static enum step_turn heard_rules(struct step *step, const struct answer *answer)
{
    struct reopen_security_group *self = step->state;
    str id = arg(step, REOPEN_GROUP);
    enum step_turn turn;
    if (!rule_list_heard(step, answer, region(step), id, &self->list, &turn))
        return turn;
    enum err err = find_missing(step);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK)
        return talk_end(step, STEP_FAILED,
            "the rules that were recorded of security group %.*s cannot be read", STR_ARG(id));
    if (self->missing.count > 0)
        return authorize(step);
    return talk_end(step, STEP_DONE,
        self->tries.sent > 0 ? "security group %.*s has its rules back, with new ids"
                             : "security group %.*s has the rules already that it had",
        STR_ARG(id));
}

static enum step_turn heard_authorize(struct step *step, const struct answer *answer)
{
    struct reopen_security_group *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "security group %.*s would get its rules back",
            STR_ARG(arg(step, REOPEN_GROUP)));
    /* Somebody else was faster with one of them: then EC2 authorizes none. */
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidPermission.Duplicate")))
        return talk_fail(step, answer);
    return list(step, 0);
}

enum step_turn reopen_security_group_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [GROUP] = heard_group,
        [RULES] = heard_rules,
        [AUTHORIZE] = heard_authorize,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
