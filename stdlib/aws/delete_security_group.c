#include "aws/delete_security_group.h"

#include "aws/requests.h"

enum { ARG_GROUP, ARG_ACCOUNT, ARG_REGION };
enum { CALLER, GROUP, RULES, INTERFACES, NAMED_IN, NAMED_OUT, CHANGE, LOOK };
enum { HOLDERS_TOLD_MAX = 5, PAGES_MAX = 20 };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[ARG_REGION]));
}

static enum step_turn look(struct step *step, uint32_t doing, uint32_t delay_ms)
{
    struct request request = ec2_describe_group(step, region(step), arg(step, ARG_GROUP));
    request.delay_ms = delay_ms;
    return talk_ask(step, doing, request);
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    enum step_turn turn;
    step->target = arg(step, ARG_GROUP);
    self->holders = "";
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    return look(step, GROUP, 0);
}

static enum step_turn heard_group(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    str id = arg(step, ARG_GROUP);
    enum step_turn turn;
    if (!security_group_heard(step, answer, &self->caller, id, &self->group, &turn))
        return turn;
    if (str_is(self->group.name, "default"))
        return talk_end(step, STEP_FAILED,
            "security group %.*s is the default group of %.*s, which cannot be deleted: close it",
            STR_ARG(id), STR_ARG(self->group.vpc));
    return rule_list_ask(step, RULES, region(step), id, &self->list, 0);
}

/* All that the group is, for whoever has to make another. NULL: the arena is full. */
static const char *record_of(struct step *step)
{
    struct delete_security_group *self = step->state;
    const struct security_group *group = &self->group;
    const char *all =
        arena_format(step->arena, "security group %.*s: %.*s (%.*s) in %.*s, tags %.*s",
            STR_ARG(group->id), STR_ARG(group->name), STR_ARG(group->description),
            STR_ARG(group->vpc), STR_ARG(group->tags.len > 0 ? group->tags : STR("none")));
    for (uint32_t at = 0; at < self->list.count && all != NULL; at++) {
        const char *words = rule_words(step->arena, &self->list.rules[at]);
        all = words == NULL
                  ? NULL
                  : arena_format(step->arena, "%s%s%s", all, at == 0 ? ", rules " : ", ", words);
    }
    return all;
}

static enum step_turn ask_interfaces(struct step *step, str page)
{
    return talk_ask(step, INTERFACES,
        ec2_describe_interfaces(step, region(step), "group-id", arg(step, ARG_GROUP), page));
}

static enum step_turn heard_rules(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    enum step_turn turn;
    if (!rule_list_heard(step, answer, region(step), arg(step, ARG_GROUP), &self->list, &turn))
        return turn;
    self->record = answer->heard == HEARD_ASSUMED ? "" : record_of(step);
    if (self->record == NULL)
        return talk_memory(step);
    if (self->record[0] != '\0')
        talk_found(step, "%s", self->record);
    return ask_interfaces(step, (str){ "", 0 });
}

/* Note one that uses the group. False: the arena is full. */
static bool note_holder(struct step *step, const char *kind, str id, str more)
{
    struct delete_security_group *self = step->state;
    if (self->holders_count++ >= HOLDERS_TOLD_MAX)
        return true;
    self->holders = arena_format(step->arena, "%s%s%s %.*s%s%.*s%s", self->holders,
        self->holders_count == 1 ? "" : ", ", kind, STR_ARG(id), more.len > 0 ? " (" : "",
        STR_ARG(more), more.len > 0 ? ")" : "");
    return self->holders != NULL;
}

static enum step_turn ask_named(struct step *step, bool is_egress, str page)
{
    return talk_ask(step, is_egress ? NAMED_OUT : NAMED_IN,
        ec2_describe_groups_naming(step, region(step), arg(step, ARG_GROUP), is_egress, page));
}

static enum step_turn heard_interfaces(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *item = xml_find(answer->root, "networkInterfaceSet/item");
    for (; item != NULL; item = xml_next(item))
        if (!note_holder(step, "interface", xml_text(item, "networkInterfaceId"),
                xml_text(item, "attachment/instanceId")))
            return talk_memory(step);
    str page = xml_text(answer->root, "nextToken");
    if (page.len > 0 && ++self->pages < PAGES_MAX)
        return ask_interfaces(step, page);
    self->pages = 0;
    return ask_named(step, false, (str){ "", 0 });
}

/* Nobody uses it, as far as AWS shows. */
static enum step_turn delete_unused(struct step *step)
{
    struct delete_security_group *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE, ec2_delete_group(step, region(step), arg(step, ARG_GROUP)),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return look(step, LOOK, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "security group %.*s is still there after %u requests to delete it",
        STR_ARG(arg(step, ARG_GROUP)), self->tries.sent);
}

static enum step_turn heard_named(struct step *step, const struct answer *answer, bool is_egress)
{
    struct delete_security_group *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *item = xml_find(answer->root, "securityGroupInfo/item");
    for (; item != NULL; item = xml_next(item))
        /* A group may name itself, and goes all the same. */
        if (!str_equal(xml_text(item, "groupId"), arg(step, ARG_GROUP))
            && !note_holder(step, "a rule of security group", xml_text(item, "groupId"),
                xml_text(item, "groupName")))
            return talk_memory(step);
    str page = xml_text(answer->root, "nextToken");
    if (page.len > 0 && ++self->pages < PAGES_MAX)
        return ask_named(step, is_egress, page);
    self->pages = 0;
    if (!is_egress)
        return ask_named(step, true, (str){ "", 0 });
    if (self->holders_count > 0)
        return talk_end(step, STEP_FAILED,
            "security group %.*s is in use and was left alone: %s%s; close it instead, or take it "
            "from them first",
            STR_ARG(arg(step, ARG_GROUP)), self->holders,
            self->holders_count > HOLDERS_TOLD_MAX ? " and others" : "");
    return delete_unused(step);
}

static enum step_turn heard_named_in(struct step *step, const struct answer *answer)
{
    return heard_named(step, answer, false);
}

static enum step_turn heard_named_out(struct step *step, const struct answer *answer)
{
    return heard_named(step, answer, true);
}

static enum step_turn heard_change(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "security group %.*s would be deleted if nobody uses it",
            STR_ARG(arg(step, ARG_GROUP)));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidGroup.NotFound")))
        return talk_fail(step, answer);
    return look(step, LOOK, 0);
}

/* After the change: the group was there before, so that it is not says that it is gone. */
static enum step_turn heard_look(struct step *step, const struct answer *answer)
{
    struct delete_security_group *self = step->state;
    bool is_gone = answer_is(answer, "InvalidGroup.NotFound")
                   || (answer->heard == HEARD_ANSWER
                       && xml_find(answer->root, "securityGroupInfo/item") == NULL);
    if (is_gone)
        return talk_end(step, STEP_DONE, "security group %.*s is deleted; it was %s",
            STR_ARG(arg(step, ARG_GROUP)), self->record);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    return delete_unused(step);
}

enum step_turn delete_security_group_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = heard_caller,
        [GROUP] = heard_group,
        [RULES] = heard_rules,
        [INTERFACES] = heard_interfaces,
        [NAMED_IN] = heard_named_in,
        [NAMED_OUT] = heard_named_out,
        [CHANGE] = heard_change,
        [LOOK] = heard_look,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
