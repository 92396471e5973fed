#include "aws/isolation_group.h"

#include "aws/requests.h"

enum { CALLER, LOOK, USERS, CHANGE };

const char *isolation_group_name(struct arena *arena, str vpc)
{
    return arena_format(arena, "cdr-isolation-%.*s", STR_ARG(vpc));
}

bool isolation_group_is_ours(const struct xml *group)
{
    return str_is(reply_tag(group, TAG_OWNER), TAG_OWNER_VALUE);
}

/* The first peer of a list of a rule that is not `born`, or empty. */
static str peer_but(const struct xml *rule, const char *list, const char *member, const char *born)
{
    for (const struct xml *item = xml_find(rule, list); item != NULL; item = xml_next(item))
        if (!str_is(xml_text(item, member), born))
            return xml_text(item, member);
    return (str){ "", 0 };
}

/* The first peer of a rule; those that EC2 makes do not count when `is_born_passed`. */
static str peer_of(const struct xml *rule, bool is_born_passed)
{
    static const struct {
        const char *list, *member, *born;
    } kinds[] = {
        { "ipRanges/item", "cidrIp", "0.0.0.0/0" },
        { "ipv6Ranges/item", "cidrIpv6", "::/0" },
        { "prefixListIds/item", "prefixListId", "" },
        { "groups/item", "groupId", "" },
    };
    str peer = { "", 0 };
    for (size_t at = 0; at < COUNT_OF(kinds) && peer.len == 0; at++)
        peer =
            peer_but(rule, kinds[at].list, kinds[at].member, is_born_passed ? kinds[at].born : "");
    return peer;
}

/* "tcp 22-25 from 198.51.100.7/32", "everything to sg-1" */
static str rule_words(struct arena *arena, const struct xml *rule, str peer, const char *way)
{
    str protocol = xml_text(rule, "ipProtocol");
    str from = xml_text(rule, "fromPort"), to = xml_text(rule, "toPort");
    bool is_range = from.len > 0 && to.len > 0 && !str_equal(from, to);
    return str_from(arena_format(arena, "%.*s%s%.*s%s%.*s %s %.*s",
        STR_ARG(str_is(protocol, "-1") ? STR("everything") : protocol), from.len > 0 ? " " : "",
        STR_ARG(from), is_range ? "-" : "", STR_ARG(is_range ? to : STR("")), way,
        STR_ARG(peer.len > 0 ? peer : STR("nobody"))));
}

str isolation_group_added_rule(struct arena *arena, const struct xml *group)
{
    const struct xml *rule = xml_find(group, "ipPermissions/item");
    if (rule != NULL)
        return rule_words(arena, rule, peer_of(rule, false), "from");
    for (rule = xml_find(group, "ipPermissionsEgress/item"); rule != NULL; rule = xml_next(rule)) {
        bool is_everything = str_is(xml_text(rule, "ipProtocol"), "-1");
        str peer = peer_of(rule, is_everything);
        if (!is_everything || peer.len > 0)
            return rule_words(arena, rule, peer, "to");
    }
    return (str){ "", 0 };
}

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step, int index)
{
    return value_str(talk_region(step, step->args[index]));
}

/* It is not in the region that was looked at. That it is gone may be said only when the
 * region is the one that the change was recorded with. */
static enum step_turn not_there(struct step *step, int region_index, const char *gone)
{
    if (gone == NULL)
        return talk_memory(step);
    if (arg(step, region_index).len > 0)
        return talk_end(step, STEP_DONE, "%s", gone);
    return talk_end(step, STEP_UNRESOLVED,
        "%.*s is not in region %.*s, and the journal does not say in which region it was changed: "
        "connect to that one and take the run back again",
        STR_ARG(step->target), STR_ARG(region(step, region_index)));
}

static enum step_turn restore_look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_interfaces(step, region(step, RESTORE_REGION),
        "network-interface-id", arg(step, RESTORE_INTERFACE), (str){ "", 0 });
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn restore_heard_caller(struct step *step, const struct answer *answer)
{
    struct restore_interface_groups *self = step->state;
    enum step_turn turn;
    step->target = arg(step, RESTORE_INTERFACE);
    if (!identity_heard(step, answer, arg(step, RESTORE_ACCOUNT), &self->caller, &turn))
        return turn;
    return restore_look(step, 0);
}

/* The interface still has a group of ours, and only that. */
static enum step_turn restore_isolated(struct step *step)
{
    struct restore_interface_groups *self = step->state;
    str interface = arg(step, RESTORE_INTERFACE);
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE,
            ec2_modify_interface_groups(
                step, region(step, RESTORE_REGION), interface, step->args[RESTORE_BEFORE]),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return restore_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "interface %.*s still has only the group %.*s after %u requests to restore its groups",
        STR_ARG(interface), STR_ARG(arg(step, RESTORE_SET)), self->tries.sent);
}

static enum step_turn restore_done(struct step *step, str before)
{
    const struct restore_interface_groups *self = step->state;
    return talk_end(step, STEP_DONE,
        self->tries.sent > 0 ? "interface %.*s has its groups back: %.*s"
                             : "interface %.*s has the groups already that it had: %.*s",
        STR_ARG(arg(step, RESTORE_INTERFACE)), STR_ARG(before));
}

static enum step_turn restore_changed(struct step *step, const struct interface *interface)
{
    str now = texts_print(step->arena, interface->groups);
    str before = texts_print(step->arena, step->args[RESTORE_BEFORE]);
    if (now.ptr == NULL || before.ptr == NULL)
        return talk_memory(step);
    return talk_end(step, STEP_FAILED,
        "interface %.*s was changed since by somebody else and was left alone: its groups are "
        "%.*s, while we had set %.*s and would restore %.*s",
        STR_ARG(interface->id), STR_ARG(now), STR_ARG(arg(step, RESTORE_SET)), STR_ARG(before));
}

/* Only the group that isolates, or only the one that cut its connections before. */
static bool is_as_we_left_it(const struct step *step, const struct interface *interface)
{
    value set = value_text(arg(step, RESTORE_SET));
    value cut = value_text(arg(step, RESTORE_CUT));
    return texts_same(interface->groups, value_list(&set, 1))
           || (value_str(cut).len > 0 && texts_same(interface->groups, value_list(&cut, 1)));
}

static enum step_turn restore_compare(struct step *step, const struct interface *interface)
{
    str before = texts_print(step->arena, step->args[RESTORE_BEFORE]);
    if (before.ptr == NULL)
        return talk_memory(step);
    if (texts_same(interface->groups, step->args[RESTORE_BEFORE]))
        return restore_done(step, before);
    if (is_as_we_left_it(step, interface))
        return restore_isolated(step);
    return restore_changed(step, interface);
}

static enum step_turn restore_heard_look(struct step *step, const struct answer *answer)
{
    struct restore_interface_groups *self = step->state;
    str id = arg(step, RESTORE_INTERFACE);
    struct interface interface;
    if (answer->heard == HEARD_ASSUMED)
        return restore_isolated(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *item = xml_find(answer->root, "networkInterfaceSet/item");
    if (item == NULL)
        return not_there(step, RESTORE_REGION,
            arena_format(step->arena,
                "interface %.*s is not there any more: there is nothing to restore", STR_ARG(id)));
    enum err err = reply_interface(step->arena, item, &interface);
    if (err == ERR_MEMORY)
        return talk_memory(step);
    if (err != ERR_OK || !str_equal(interface.id, id)
        || !str_equal(interface.owner, self->caller.account))
        return talk_end(
            step, STEP_FAILED, "AWS does not show the groups of our interface %.*s", STR_ARG(id));
    return restore_compare(step, &interface);
}

static enum step_turn restore_heard_change(struct step *step, const struct answer *answer)
{
    struct restore_interface_groups *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "interface %.*s would get its groups back",
            STR_ARG(arg(step, RESTORE_INTERFACE)));
    if (answer->heard == HEARD_ERROR || answer->heard == HEARD_REFUSED)
        return talk_fail(step, answer);
    return restore_look(step, 0);
}

enum step_turn restore_interface_groups_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = restore_heard_caller,
        [LOOK] = restore_heard_look,
        [CHANGE] = restore_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}

static enum step_turn delete_look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_group_named(step, region(step, DELETE_REGION),
        arg(step, DELETE_NAME), arg(step, DELETE_VPC), (str){ "", 0 });
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn delete_heard_caller(struct step *step, const struct answer *answer)
{
    struct delete_isolation_group *self = step->state;
    enum step_turn turn;
    step->target = arg(step, DELETE_NAME);
    if (!identity_heard(step, answer, arg(step, DELETE_ACCOUNT), &self->caller, &turn))
        return turn;
    return delete_look(step, 0);
}

/* The group is there, ours, and (as far as can be seen) unused. */
static enum step_turn delete_unused(struct step *step)
{
    struct delete_isolation_group *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, CHANGE,
            ec2_delete_group(step, region(step, DELETE_REGION), self->group),
            (struct undo){ .builtin = NULL });
    case TRIES_LOOK:
        return delete_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the group %.*s is still there after %u requests to delete it",
        STR_ARG(arg(step, DELETE_NAME)), self->tries.sent);
}

static enum step_turn delete_heard_look(struct step *step, const struct answer *answer)
{
    struct delete_isolation_group *self = step->state;
    str name = arg(step, DELETE_NAME);
    if (answer->heard == HEARD_ASSUMED) {
        self->group = STR("(the isolation group)");
        return delete_unused(step);
    }
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *group = xml_find(answer->root, "securityGroupInfo/item");
    if (group == NULL && self->tries.sent > 0)
        return talk_end(step, STEP_DONE, "the group %.*s is deleted", STR_ARG(name));
    if (group == NULL)
        return not_there(step, DELETE_REGION,
            arena_format(step->arena, "there is no group %.*s: nothing to delete", STR_ARG(name)));
    if (!isolation_group_is_ours(group))
        return talk_end(step, STEP_FAILED,
            "the group %.*s is not tagged as ours (any more) and was left alone", STR_ARG(name));
    self->group = arena_copy(step->arena, xml_text(group, "groupId"));
    if (self->group.ptr == NULL)
        return talk_memory(step);
    if (self->tries.sent > 0)
        return delete_unused(step);
    return talk_ask(step, USERS,
        ec2_describe_interfaces(
            step, region(step, DELETE_REGION), "group-id", self->group, (str){ "", 0 }));
}

static enum step_turn delete_heard_users(struct step *step, const struct answer *answer)
{
    str name = arg(step, DELETE_NAME);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *user = xml_find(answer->root, "networkInterfaceSet/item");
    if (user != NULL)
        return talk_end(step, STEP_DONE, "the group %.*s was kept: interface %.*s uses it",
            STR_ARG(name), STR_ARG(xml_text(user, "networkInterfaceId")));
    return delete_unused(step);
}

static enum step_turn delete_heard_change(struct step *step, const struct answer *answer)
{
    struct delete_isolation_group *self = step->state;
    str name = arg(step, DELETE_NAME);
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(
            step, STEP_DONE, "the group %.*s would be deleted if nobody uses it", STR_ARG(name));
    if (answer_is(answer, "DependencyViolation"))
        return talk_end(step, STEP_DONE, "the group %.*s was kept: it is in use (%.*s)",
            STR_ARG(name), STR_ARG(answer->message));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidGroup.NotFound")))
        return talk_fail(step, answer);
    return delete_look(step, 0);
}

enum step_turn delete_isolation_group_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = delete_heard_caller,
        [LOOK] = delete_heard_look,
        [USERS] = delete_heard_users,
        [CHANGE] = delete_heard_change,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
