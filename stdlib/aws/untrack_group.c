#include "aws/untrack_group.h"

#include "act/plan.h"
#include "aws/isolate_security_group.h"
#include "aws/isolation_group.h"
#include "aws/requests.h"
#include "aws/requests_ec2.h"

enum { PAGES_MAX = 20 };

static struct untrack_group *untrack_of(struct step *step)
{
    struct isolate_security_group *isolate = step->state;
    return &isolate->untrack;
}

static enum step_turn look(struct step *step, str page, uint32_t delay_ms)
{
    struct untrack_group *self = untrack_of(step);
    struct request request =
        ec2_describe_group_named(step, self->region, self->name, self->vpc, page);
    request.delay_ms = delay_ms;
    return talk_ask(step, ISOLATE_UNTRACK_GROUP, request);
}

enum step_turn untrack_group_begin(
    struct step *step, struct untrack_group *untrack, str vpc, str region)
{
    const char *name = arena_format(step->arena, "cdr-untrack-%.*s", STR_ARG(vpc));
    if (name == NULL)
        return talk_memory(step);
    *untrack = (struct untrack_group){ .vpc = vpc, .region = region, .name = str_from(name) };
    return look(step, (str){ "", 0 }, 0);
}

/* Isolate without cutting: that matters more. */
static enum step_turn go_without(struct step *step, const char *why)
{
    if (why == NULL)
        return talk_memory(step);
    untrack_of(step)->failure = why;
    return isolate_decide(step);
}

static enum step_turn create(struct step *step)
{
    struct untrack_group *self = untrack_of(step);
    struct undo undo = { .builtin = "delete_isolation_group", .args_count = DELETE_ARGS };
    undo.args[DELETE_VPC] = value_text(self->vpc);
    undo.args[DELETE_NAME] = value_text(self->name);
    undo.args[DELETE_ACCOUNT] = isolate_owner(step);
    undo.args[DELETE_REGION] = value_text(self->region);
    if (self->region.len == 0)
        undo.args[DELETE_REGION] = VALUE_NONE;
    tries_send(&self->create);
    return talk_change(step, ISOLATE_UNTRACK_CREATE,
        ec2_create_group(step, self->region, self->name,
            STR("made by cdr: lets everything in and out, for a moment"), self->vpc),
        undo);
}

static enum step_turn heard_no_group(struct step *step)
{
    struct untrack_group *self = untrack_of(step);
    uint32_t delay_ms;
    switch (tries_missing(&self->create, &delay_ms)) {
    case TRIES_SEND:
        return create(step);
    case TRIES_LOOK:
        return look(step, (str){ "", 0 }, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return go_without(
        step, arena_format(step->arena, "the group %.*s does not appear", STR_ARG(self->name)));
}

/* Everything from or to `range`, one of the `list` of the group's `permissions`. */
static bool lets_all(const struct xml *group, const char *permissions, const char *list,
    const char *member, const char *range)
{
    const struct xml *rule = xml_find(xml_find(group, permissions), "item");
    for (; rule != NULL; rule = xml_next(rule)) {
        const struct xml *item = xml_find(rule, list);
        for (; item != NULL && str_is(xml_text(rule, "ipProtocol"), "-1"); item = xml_next(item))
            if (str_is(xml_text(item, member), range))
                return true;
    }
    return false;
}

static enum step_turn authorize(struct step *step, bool is_egress, bool needs_ipv4, bool needs_ipv6)
{
    struct untrack_group *self = untrack_of(step);
    struct group_rule rules[2];
    uint32_t count = 0;
    struct group_rule any = { STR(""), STR("-1"), STR("-1"), STR("-1"), STR("0.0.0.0/0"), STR(""),
        is_egress };
    if (needs_ipv4)
        rules[count++] = any;
    any.peer = STR("::/0");
    if (needs_ipv6)
        rules[count++] = any;
    tries_send(is_egress ? &self->egress : &self->ingress);
    return talk_change(step, is_egress ? ISOLATE_UNTRACK_EGRESS : ISOLATE_UNTRACK_INGRESS,
        ec2_authorize_rules(step, self->region, self->found, is_egress, rules, count),
        (struct undo){ .builtin = NULL });
}

/* See to it that all is let through in one direction. False: it is. */
static bool open_direction(
    struct step *step, const struct xml *group, bool is_egress, enum step_turn *ret_turn)
{
    struct untrack_group *self = untrack_of(step);
    const char *permissions = is_egress ? "ipPermissionsEgress" : "ipPermissions";
    bool needs_ipv4 = !lets_all(group, permissions, "ipRanges/item", "cidrIp", "0.0.0.0/0");
    bool needs_ipv6 = !lets_all(group, permissions, "ipv6Ranges/item", "cidrIpv6", "::/0");
    uint32_t delay_ms;
    if ((!needs_ipv4 && !needs_ipv6) || (!is_egress && self->is_ingress_supposed))
        return false;
    switch (tries_missing(is_egress ? &self->egress : &self->ingress, &delay_ms)) {
    case TRIES_SEND:
        *ret_turn = authorize(step, is_egress, needs_ipv4, needs_ipv6);
        return true;
    case TRIES_LOOK:
        *ret_turn = look(step, (str){ "", 0 }, delay_ms);
        return true;
    case TRIES_GIVE_UP:
        break;
    }
    *ret_turn =
        go_without(step, arena_format(step->arena, "the group %.*s does not let everything through",
                             STR_ARG(self->name)));
    return true;
}

static enum step_turn ready(struct step *step)
{
    struct untrack_group *self = untrack_of(step);
    value *only = ARENA_NEW(step->arena, value);
    if (only == NULL)
        return talk_memory(step);
    *only = value_text(self->found);
    self->group = self->found;
    self->only_group = value_list(only, 1);
    return isolate_decide(step);
}

enum step_turn heard_untrack_group(struct step *step, const struct answer *answer)
{
    struct untrack_group *self = untrack_of(step);
    enum step_turn turn;
    if (answer->heard == HEARD_ASSUMED)
        return create(step);
    if (answer->heard == HEARD_ERROR)
        return go_without(step, talk_why(step, answer));
    const struct xml *group = xml_find(answer->root, "securityGroupInfo/item");
    str page = xml_text(answer->root, "nextToken");
    if (group == NULL && page.len > 0 && ++self->pages < PAGES_MAX)
        return look(step, page, 0);
    if (group == NULL)
        return heard_no_group(step);
    if (!isolation_group_is_ours(group))
        return go_without(step,
            arena_format(step->arena, "the group %.*s is not tagged as ours", STR_ARG(self->name)));
    self->found = arena_copy(step->arena, xml_text(group, "groupId"));
    if (self->found.ptr == NULL)
        return talk_memory(step);
    if (open_direction(step, group, false, &turn) || open_direction(step, group, true, &turn))
        return turn;
    return ready(step);
}

enum step_turn heard_untrack_create(struct step *step, const struct answer *answer)
{
    struct untrack_group *self = untrack_of(step);
    bool is_raced = answer_is(answer, "InvalidGroup.Duplicate");
    tries_heard(&self->create, answer);
    if (answer->heard == HEARD_ASSUMED) {
        self->found = STR(PLAN_LATER "CreateSecurityGroup)");
        return authorize(step, false, true, true);
    }
    if (answer->heard == HEARD_REFUSED || (answer->heard == HEARD_ERROR && !is_raced))
        return go_without(step, talk_why(step, answer));
    return look(step, (str){ "", 0 }, 0);
}

static enum step_turn heard_authorize(
    struct step *step, const struct answer *answer, bool is_egress)
{
    struct untrack_group *self = untrack_of(step);
    bool is_raced = answer_is(answer, "InvalidPermission.Duplicate");
    tries_heard(is_egress ? &self->egress : &self->ingress, answer);
    /* A new group lets everything out by IPv4, and by IPv6 only where the VPC has that. */
    if (answer->heard == HEARD_ASSUMED && self->create.sent > 0 && !is_egress)
        return authorize(step, true, false, true);
    if (answer->heard == HEARD_ASSUMED && !is_egress) {
        self->is_ingress_supposed = true;
        return look(step, (str){ "", 0 }, 0);
    }
    if (answer->heard == HEARD_ASSUMED)
        return ready(step);
    if (answer->heard == HEARD_REFUSED || (answer->heard == HEARD_ERROR && !is_raced))
        return go_without(step, talk_why(step, answer));
    return look(step, (str){ "", 0 }, 0);
}

enum step_turn heard_untrack_ingress(struct step *step, const struct answer *answer)
{
    return heard_authorize(step, answer, false);
}

enum step_turn heard_untrack_egress(struct step *step, const struct answer *answer)
{
    return heard_authorize(step, answer, true);
}
