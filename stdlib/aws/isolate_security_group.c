#include "aws/isolate_security_group.h"

#include "act/plan.h"
#include "aws/facts.h"
#include "aws/isolation_group.h"
#include "aws/requests.h"

enum { ARG_INSTANCE, ARG_ACCOUNT, ARG_REGION, ARG_CUT };
enum { PAGES_MAX = 20, FAILURES_TOLD_MAX = 5 };

#define TRACKED "connections that were open before may live on until EC2 no longer tracks them"

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

str isolate_region(const struct step *step)
{
    return value_str(talk_region(step, step->args[ARG_REGION]));
}

/* The account of the instance, or what was given while it is not known. */
value isolate_owner(const struct step *step)
{
    const struct isolate_security_group *self = step->state;
    return self->instance.owner.len > 0 ? value_text(self->instance.owner)
                                        : step->args[ARG_ACCOUNT];
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, ARG_ACCOUNT), &self->caller, &turn))
        return turn;
    step->target = id;
    talk_found(step, "instance %.*s", STR_ARG(id));
    return talk_ask(step, ISOLATE_INSTANCE, ec2_describe_instance(step, isolate_region(step), id));
}

static enum step_turn list(struct step *step, uint32_t delay_ms)
{
    struct isolate_security_group *self = step->state;
    struct request request = ec2_describe_interfaces(step, isolate_region(step),
        "attachment.instance-id", arg(step, ARG_INSTANCE), (str){ "", 0 });
    request.delay_ms = delay_ms;
    self->pages = 0;
    for (uint32_t at = 0; at < self->interfaces_count; at++)
        self->interfaces[at].is_listed = false;
    return talk_ask(step, ISOLATE_INTERFACES, request);
}

static enum step_turn heard_instance(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    enum step_turn turn;
    if (!instance_heard(step, answer, &self->caller, id, &self->instance, &turn))
        return turn;
    facts_of_instance(step, answer, &self->instance, &self->caller);
    if (answer->heard == HEARD_ASSUMED)
        self->instance.vpc = str_from(arena_format(step->arena, "(the VPC of %.*s)", STR_ARG(id)));
    if (self->instance.vpc.len == 0)
        return talk_end(step, STEP_FAILED,
            "instance %.*s (%.*s) is in no VPC, so it has no interfaces to isolate", STR_ARG(id),
            STR_ARG(self->instance.state));
    talk_found(step, "%.*s", STR_ARG(self->instance.vpc));
    const char *name = isolation_group_name(step->arena, self->instance.vpc);
    if (name == NULL)
        return talk_memory(step);
    self->group_name = str_from(name);
    return list(step, 0);
}

static struct moved_interface *interface_of(struct isolate_security_group *self, str id)
{
    for (uint32_t at = 0; at < self->interfaces_count; at++)
        if (str_equal(self->interfaces[at].id, id))
            return &self->interfaces[at];
    if (self->interfaces_count == INTERFACES_MAX)
        return NULL;
    struct moved_interface *fresh = &self->interfaces[self->interfaces_count++];
    *fresh = (struct moved_interface){ .id = id };
    return fresh;
}

/* Note one interface of the list. ERR_LIMIT, ERR_MEMORY, ERR_NOT_FOUND. */
static MUST_CHECK enum err note(struct step *step, const struct xml *item)
{
    struct isolate_security_group *self = step->state;
    struct interface interface;
    TRY(reply_interface(step->arena, item, &interface));
    struct moved_interface *seen = interface_of(self, interface.id);
    if (seen == NULL)
        return ERR_LIMIT;
    if (!self->talk.has_changed)
        facts_of_interface(step, item);
    seen->groups = interface.groups;
    seen->subnet = interface.subnet;
    seen->is_listed = true;
    return ERR_OK;
}

/* Offline nobody can be asked which interfaces there are. */
static enum step_turn suppose_interfaces(struct step *step)
{
    const char *id =
        arena_format(step->arena, "(each interface of %.*s)", STR_ARG(arg(step, ARG_INSTANCE)));
    struct isolate_security_group *self = step->state;
    if (id == NULL)
        return talk_memory(step);
    struct moved_interface *supposed = interface_of(self, str_from(id));
    supposed->is_listed = true;
    supposed->groups = value_list(NULL, 0);
    return talk_ask(step, ISOLATE_GROUP,
        ec2_describe_group_named(
            step, isolate_region(step), self->group_name, self->instance.vpc, (str){ "", 0 }));
}

static enum step_turn look_for_group(struct step *step, str page, uint32_t delay_ms)
{
    struct isolate_security_group *self = step->state;
    struct request request = ec2_describe_group_named(
        step, isolate_region(step), self->group_name, self->instance.vpc, page);
    request.delay_ms = delay_ms;
    return talk_ask(step, ISOLATE_GROUP, request);
}

/* "eni-1, eni-2", or NULL. */
static const char *interface_ids(struct step *step)
{
    struct isolate_security_group *self = step->state;
    const char *all = "";
    for (uint32_t at = 0; at < self->interfaces_count && all != NULL; at++)
        all = arena_format(
            step->arena, "%s%s%.*s", all, at == 0 ? "" : ", ", STR_ARG(self->interfaces[at].id));
    return all;
}

/* All pages were read. */
static enum step_turn listed(struct step *step)
{
    struct isolate_security_group *self = step->state;
    if (self->group.len > 0)
        return isolate_decide(step);
    if (self->interfaces_count == 0)
        return talk_end(step, STEP_FAILED, "instance %.*s (%.*s) has no network interface",
            STR_ARG(arg(step, ARG_INSTANCE)), STR_ARG(self->instance.state));
    const char *all = interface_ids(step);
    if (all == NULL)
        return talk_memory(step);
    talk_found(step, "%s", all);
    return look_for_group(step, (str){ "", 0 }, 0);
}

static enum step_turn heard_interfaces(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    if (answer->heard == HEARD_ASSUMED)
        return suppose_interfaces(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    for (const struct xml *item = xml_find(answer->root, "networkInterfaceSet/item"); item != NULL;
         item = xml_next(item)) {
        enum err err = note(step, item);
        if (err == ERR_MEMORY)
            return talk_memory(step);
        if (err != ERR_OK)
            return talk_end(step, self->talk.has_changed ? STEP_UNKNOWN : STEP_FAILED,
                "instance %.*s has more interfaces than %d or more groups on one than %d",
                STR_ARG(arg(step, ARG_INSTANCE)), INTERFACES_MAX, GROUPS_PER_INTERFACE_MAX);
    }
    str page = xml_text(answer->root, "nextToken");
    if (page.len > 0 && ++self->pages < PAGES_MAX)
        return talk_ask(step, ISOLATE_INTERFACES,
            ec2_describe_interfaces(step, isolate_region(step), "attachment.instance-id",
                arg(step, ARG_INSTANCE), page));
    return listed(step);
}

static enum step_turn create_group(struct step *step)
{
    struct isolate_security_group *self = step->state;
    struct undo undo = { .builtin = "delete_isolation_group", .args_count = DELETE_ARGS };
    undo.args[DELETE_VPC] = value_text(self->instance.vpc);
    undo.args[DELETE_NAME] = value_text(self->group_name);
    undo.args[DELETE_ACCOUNT] = isolate_owner(step);
    undo.args[DELETE_REGION] = talk_region(step, step->args[ARG_REGION]);
    tries_send(&self->create);
    return talk_change(step, ISOLATE_CREATE,
        ec2_create_group(step, isolate_region(step), self->group_name,
            STR("made by cdr: lets nothing in or out"), self->instance.vpc),
        undo);
}

/* There is no group of our name. */
static enum step_turn heard_no_group(struct step *step)
{
    struct isolate_security_group *self = step->state;
    uint32_t delay_ms;
    switch (tries_missing(&self->create, &delay_ms)) {
    case TRIES_SEND:
        return create_group(step);
    case TRIES_LOOK:
        return look_for_group(step, (str){ "", 0 }, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->create.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "the group %.*s does not appear after %u requests to make it; instance %.*s was left alone",
        STR_ARG(self->group_name), self->create.sent, STR_ARG(arg(step, ARG_INSTANCE)));
}

static bool is_cut_wanted(const struct step *step)
{
    return str_is(arg(step, ARG_CUT), "untrack");
}

static bool is_acl_wanted(const struct step *step)
{
    return str_is(arg(step, ARG_CUT), "nacl");
}

static bool is_any_to_move(const struct isolate_security_group *self)
{
    for (uint32_t at = 0; at < self->interfaces_count; at++)
        if (!texts_same(self->interfaces[at].groups, self->only_group))
            return true;
    return false;
}

/* The group is there and empty: what else is it but the only one that is wanted? */
static enum step_turn group_ready(struct step *step, str group)
{
    struct isolate_security_group *self = step->state;
    value *only = ARENA_NEW(step->arena, value);
    if (only == NULL)
        return talk_memory(step);
    *only = value_text(group);
    self->group = group;
    self->only_group = value_list(only, 1);
    if (is_cut_wanted(step) && is_any_to_move(self))
        return untrack_group_begin(step, &self->untrack, self->instance.vpc, isolate_region(step));
    return isolate_decide(step);
}

/* Take the rules of one direction away, if there are any. False: there are none. */
static bool revoke(struct step *step, const struct xml *group, bool is_egress, struct tries *tries,
    enum step_turn *ret_turn)
{
    struct isolate_security_group *self = step->state;
    const struct xml *rules = xml_find(group, is_egress ? "ipPermissionsEgress" : "ipPermissions");
    uint32_t delay_ms;
    if (xml_find(rules, "item") == NULL || (self->is_plan && tries->sent > 0))
        return false;
    switch (tries_missing(tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(tries);
        *ret_turn = talk_change(step, is_egress ? ISOLATE_REVOKE_EGRESS : ISOLATE_REVOKE_INGRESS,
            ec2_revoke_rules(step, isolate_region(step), self->found_group, is_egress, rules),
            (struct undo){ .builtin = NULL });
        return true;
    case TRIES_LOOK:
        *ret_turn = look_for_group(step, (str){ "", 0 }, delay_ms);
        return true;
    case TRIES_GIVE_UP:
        break;
    }
    *ret_turn = talk_end(step, STEP_FAILED,
        "the group %.*s (%.*s) still has rules after %u requests to revoke them; instance %.*s "
        "was left alone",
        STR_ARG(self->group_name), STR_ARG(self->found_group), tries->sent,
        STR_ARG(arg(step, ARG_INSTANCE)));
    return true;
}

/* A group that was there before this step may hold what somebody wants to keep, and nothing
 * would bring it back: only what EC2 itself puts into a new group is taken away. False: the
 * step has ended. */
static bool may_be_emptied(struct step *step, const struct xml *group, enum step_turn *ret_turn)
{
    struct isolate_security_group *self = step->state;
    if (self->create.accepted)
        return true;
    str added = isolation_group_added_rule(step->arena, group);
    if (added.ptr != NULL && added.len == 0)
        return true;
    *ret_turn = added.ptr == NULL
                    ? talk_memory(step)
                    : talk_end(step, STEP_FAILED,
                        "the group %.*s (%.*s) has rules that somebody added (%.*s): it would "
                        "not isolate; remove them or the group. Instance %.*s was left alone",
                        STR_ARG(self->group_name), STR_ARG(self->found_group), STR_ARG(added),
                        STR_ARG(arg(step, ARG_INSTANCE)));
    return false;
}

static enum step_turn heard_group(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    enum step_turn turn;
    if (answer->heard == HEARD_ASSUMED)
        return create_group(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    const struct xml *group = xml_find(answer->root, "securityGroupInfo/item");
    str page = xml_text(answer->root, "nextToken");
    if (group == NULL && page.len > 0 && ++self->pages < PAGES_MAX)
        return look_for_group(step, page, 0);
    if (group == NULL)
        return heard_no_group(step);
    if (!isolation_group_is_ours(group))
        return talk_end(step, STEP_FAILED,
            "there is a group %.*s in %.*s that is not tagged as ours: it was left alone, and so "
            "was instance %.*s",
            STR_ARG(self->group_name), STR_ARG(self->instance.vpc),
            STR_ARG(arg(step, ARG_INSTANCE)));
    self->found_group = arena_copy(step->arena, xml_text(group, "groupId"));
    if (self->found_group.ptr == NULL)
        return talk_memory(step);
    if (!may_be_emptied(step, group, &turn))
        return turn;
    if (revoke(step, group, true, &self->egress, &turn)
        || revoke(step, group, false, &self->ingress, &turn))
        return turn;
    return group_ready(step, self->found_group);
}

static enum step_turn heard_create(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    tries_heard(&self->create, answer);
    switch (answer->heard) {
    case HEARD_ASSUMED:
        self->is_plan = true;
        self->found_group = STR(PLAN_LATER "CreateSecurityGroup)");
        tries_send(&self->egress);
        return talk_change(step, ISOLATE_REVOKE_EGRESS,
            ec2_revoke_rules(step, isolate_region(step), self->found_group, true, NULL),
            (struct undo){ .builtin = NULL });
    case HEARD_ANSWER:
    case HEARD_NOTHING:
        return look_for_group(step, (str){ "", 0 }, 0);
    case HEARD_ERROR:
    case HEARD_REFUSED:
        break;
    }
    /* Somebody was faster, maybe another run of ours: the look tells whose it is. */
    if (answer_is(answer, "InvalidGroup.Duplicate"))
        return look_for_group(step, (str){ "", 0 }, 0);
    return talk_fail(step, answer);
}

static enum step_turn heard_revoke(
    struct step *step, const struct answer *answer, struct tries *tries)
{
    struct isolate_security_group *self = step->state;
    tries_heard(tries, answer);
    if (answer->heard == HEARD_ASSUMED) {
        self->is_plan = true;
        if (self->create.sent > 0)
            return group_ready(step, self->found_group);
        return look_for_group(step, (str){ "", 0 }, 0);
    }
    /* Whatever became of the group: no interface was moved into it. */
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidPermission.NotFound")))
        return step_end(step, STEP_FAILED, talk_why(step, answer));
    return look_for_group(step, (str){ "", 0 }, 0);
}

static enum step_turn heard_revoke_egress(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    return heard_revoke(step, answer, &self->egress);
}

static enum step_turn heard_revoke_ingress(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    return heard_revoke(step, answer, &self->ingress);
}

/* Whether it is to have the group that is not tracked before the other one. */
static bool is_cut_due(struct step *step, const struct moved_interface *interface)
{
    const struct isolate_security_group *self = step->state;
    return is_cut_wanted(step) && self->untrack.group.len > 0 && !interface->is_cut
           && interface->cut_failure == NULL;
}

/* The request to cut its connections was lost: what does the list show? As judge. */
static bool judge_cut(struct step *step, struct moved_interface *interface, uint32_t *delay_ms)
{
    struct isolate_security_group *self = step->state;
    uint32_t wait_ms;
    interface->is_cut = texts_same(interface->groups, self->untrack.only_group);
    if (interface->is_cut)
        return false;
    switch (tries_missing(&interface->cut, &wait_ms)) {
    case TRIES_LOOK:
        *delay_ms = wait_ms > *delay_ms ? wait_ms : *delay_ms;
        return true;
    case TRIES_GIVE_UP:
        interface->cut_failure = "AWS answered no request for that";
        break;
    case TRIES_SEND:
        break;
    }
    return false;
}

/* Compare one interface with what is wanted. Says whether to look again, and when. */
static bool judge(struct step *step, struct moved_interface *interface, uint32_t *delay_ms)
{
    struct isolate_security_group *self = step->state;
    uint32_t wait_ms;
    interface->is_due = false;
    if (interface->is_isolated && self->is_plan)
        return false;
    interface->is_isolated = texts_same(interface->groups, self->only_group);
    if (!interface->is_listed || interface->is_isolated || interface->failure != NULL)
        return false;
    if (interface->cut.sent > 0 && is_cut_due(step, interface)
        && judge_cut(step, interface, delay_ms))
        return true;
    switch (tries_missing(&interface->tries, &wait_ms)) {
    case TRIES_SEND:
        interface->is_due = true;
        return false;
    case TRIES_LOOK:
        *delay_ms = wait_ms > *delay_ms ? wait_ms : *delay_ms;
        return true;
    case TRIES_GIVE_UP:
        break;
    }
    self->is_unknown |= interface->tries.accepted;
    interface->failure = interface->tries.accepted ? "AWS accepted the change but does not show it"
                                                   : "AWS answered no request to change it";
    return false;
}

/* Give interface `at` only the group of `only`. */
static enum step_turn move(struct step *step, uint32_t at, uint32_t doing, value only)
{
    struct isolate_security_group *self = step->state;
    struct moved_interface *interface = &self->interfaces[at];
    struct undo undo = { .builtin = "restore_interface_groups", .args_count = RESTORE_ARGS };
    if (interface->before.kind == VALUE_ABSENT)
        interface->before = interface->groups;
    undo.args[RESTORE_INTERFACE] = value_text(interface->id);
    undo.args[RESTORE_BEFORE] = interface->before;
    undo.args[RESTORE_SET] = value_text(self->group);
    undo.args[RESTORE_ACCOUNT] = isolate_owner(step);
    undo.args[RESTORE_REGION] = talk_region(step, step->args[ARG_REGION]);
    if (is_cut_wanted(step) && self->untrack.group.len > 0)
        undo.args[RESTORE_CUT] = value_text(self->untrack.group);
    self->moving = at;
    tries_send(doing == ISOLATE_UNTRACK ? &interface->cut : &interface->tries);
    return talk_change(step, doing,
        ec2_modify_interface_groups(step, isolate_region(step), interface->id, only), undo);
}

/* Change the next interface that is due; list again when none is. */
static enum step_turn move_next(struct step *step)
{
    struct isolate_security_group *self = step->state;
    for (uint32_t at = 0; at < self->interfaces_count; at++) {
        struct moved_interface *interface = &self->interfaces[at];
        if (!interface->is_due)
            continue;
        if (is_cut_due(step, interface))
            return move(step, at, ISOLATE_UNTRACK, self->untrack.only_group);
        interface->is_due = false;
        return move(step, at, ISOLATE_MOVE, self->only_group);
    }
    return self->is_plan ? isolate_conclude(step) : list(step, 0);
}

/* The list is fresh: what is to be done next? */
enum step_turn isolate_decide(struct step *step)
{
    struct isolate_security_group *self = step->state;
    bool look_again = false, is_due = false;
    uint32_t delay_ms = 0;
    for (uint32_t at = 0; at < self->interfaces_count; at++) {
        look_again |= judge(step, &self->interfaces[at], &delay_ms);
        is_due |= self->interfaces[at].is_due;
    }
    if (is_due)
        return move_next(step);
    return look_again ? list(step, delay_ms) : isolate_conclude(step);
}

/* It may be open now: whatever is known, the isolation group comes next. Only where nothing is
 * known a look tells first whether it was cut. */
static enum step_turn heard_untrack(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    struct moved_interface *interface = &self->interfaces[self->moving];
    tries_heard(&interface->cut, answer);
    if (answer->heard == HEARD_NOTHING)
        return list(step, 0);
    interface->is_cut = answer->heard == HEARD_ANSWER || answer->heard == HEARD_ASSUMED;
    self->is_plan |= answer->heard == HEARD_ASSUMED;
    if (!interface->is_cut) {
        interface->cut_failure = talk_why(step, answer);
        if (interface->cut_failure == NULL)
            return talk_memory(step);
    }
    return move_next(step);
}

/* It could not be isolated and was opened to cut its connections: not so must it stay. */
static enum step_turn put_back(struct step *step)
{
    struct isolate_security_group *self = step->state;
    const struct moved_interface *interface = &self->interfaces[self->moving];
    return talk_change(step, ISOLATE_PUT_BACK,
        ec2_modify_interface_groups(step, isolate_region(step), interface->id, interface->before),
        (struct undo){ .builtin = NULL });
}

static enum step_turn heard_put_back(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    struct moved_interface *interface = &self->interfaces[self->moving];
    self->is_unknown |= answer->heard != HEARD_ANSWER;
    interface->failure = arena_format(step->arena, "%s; %s", interface->failure,
        answer->heard == HEARD_ANSWER
            ? "it was given its own groups again"
            : "it may be open to the world: look at it, or take the run back");
    return interface->failure == NULL ? talk_memory(step) : move_next(step);
}

static enum step_turn heard_move(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *self = step->state;
    struct moved_interface *interface = &self->interfaces[self->moving];
    tries_heard(&interface->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        self->is_plan = interface->is_isolated = true;
    if (answer->heard != HEARD_ERROR && answer->heard != HEARD_REFUSED)
        return move_next(step);
    interface->failure = talk_why(step, answer);
    if (interface->failure == NULL)
        return talk_memory(step);
    /* What cannot be reached once is not tried for each of the others. */
    for (uint32_t at = 0; answer->heard == HEARD_REFUSED && at < self->interfaces_count; at++)
        if (self->interfaces[at].is_due) {
            self->interfaces[at].is_due = false;
            self->interfaces[at].failure = interface->failure;
        }
    return interface->is_cut ? put_back(step) : move_next(step);
}

/* "eni-1: AWS does not allow ...; eni-2: ..." or NULL. */
static const char *failures(struct step *step)
{
    struct isolate_security_group *self = step->state;
    const char *all = "";
    uint32_t told = 0;
    for (uint32_t at = 0; at < self->interfaces_count && all != NULL; at++) {
        const struct moved_interface *interface = &self->interfaces[at];
        if (interface->failure != NULL && interface->is_listed && !interface->is_isolated
            && told++ < FAILURES_TOLD_MAX)
            all = arena_format(
                step->arena, "%s; %.*s: %s", all, STR_ARG(interface->id), interface->failure);
    }
    return all;
}

/* Why the connections of an interface were not cut; NULL: they were, or not so. Who has only the
 * isolation group already is not opened again. */
static const char *fault_of_cut(struct step *step, const struct moved_interface *interface)
{
    if (interface->cut_failure != NULL || !is_cut_wanted(step))
        return interface->cut_failure;
    return interface->is_listed && interface->is_isolated && interface->tries.sent == 0
                   && interface->cut.sent == 0
               ? "an interface was isolated before and is not opened again for that"
               : NULL;
}

/* What became of the connections that were open. NULL: the arena is full; *ret_is_cut is false
 * when that is not what the rule wants. */
static const char *connections(struct step *step, bool *ret_is_cut)
{
    const struct isolate_security_group *self = step->state;
    const char *why = is_acl_wanted(step) ? self->acl.failure : self->untrack.failure;
    *ret_is_cut = !is_cut_wanted(step) && !is_acl_wanted(step);
    if (*ret_is_cut)
        return TRACKED;
    for (uint32_t at = 0; at < self->interfaces_count && why == NULL; at++)
        why = fault_of_cut(step, &self->interfaces[at]);
    *ret_is_cut = why == NULL;
    return why == NULL
               ? "connections that were open before are cut"
               : arena_format(step->arena, TRACKED ", because they could not be cut: %s", why);
}

static enum step_turn conclude_isolated(struct step *step, bool is_changed)
{
    bool is_cut;
    const char *rest = connections(step, &is_cut);
    struct isolate_security_group *self = step->state;
    str id = arg(step, ARG_INSTANCE);
    const char *caveat = instance_caveat(step, &self->instance);
    if (caveat == NULL || rest == NULL)
        return talk_memory(step);
    if (!is_changed)
        return talk_end(step, is_cut ? STEP_DONE : STEP_PARTIAL,
            "instance %.*s was isolated already: nothing was changed%s%s%s", STR_ARG(id),
            is_cut ? "" : "; ", is_cut ? "" : rest, caveat);
    return talk_end(step, is_cut ? STEP_DONE : STEP_PARTIAL,
        "every network interface of instance %.*s %s only the group %.*s, which lets nothing in or "
        "out; %s%s",
        STR_ARG(id), self->is_plan ? "would have" : "has", STR_ARG(self->group_name), rest, caveat);
}

/* Nothing more can be done: what has become of it? */
enum step_turn isolate_conclude(struct step *step)
{
    struct isolate_security_group *self = step->state;
    uint32_t isolated = 0, listed_now = 0;
    bool is_changed = false;
    for (uint32_t at = 0; at < self->interfaces_count; at++) {
        const struct moved_interface *interface = &self->interfaces[at];
        listed_now += interface->is_listed;
        isolated += interface->is_listed && interface->is_isolated;
        is_changed |= interface->tries.sent > 0;
    }
    if (isolated > 0 && is_acl_wanted(step) && !self->acl.is_done)
        return cut_acl_begin(step);
    is_changed |= self->acl.made > 0;
    if (isolated == listed_now && listed_now > 0)
        return conclude_isolated(step, is_changed);
    const char *why = failures(step);
    if (why == NULL)
        return talk_memory(step);
    enum step_turn none = self->is_unknown ? STEP_UNKNOWN : STEP_FAILED;
    return talk_end(step, isolated > 0 ? STEP_PARTIAL : none,
        "%u of %u network interfaces of instance %.*s are isolated%s%s", isolated, listed_now,
        STR_ARG(arg(step, ARG_INSTANCE)), isolated > 0 ? "; " TRACKED : "", why);
}

enum step_turn isolate_security_group_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [ISOLATE_CALLER] = heard_caller,
        [ISOLATE_INSTANCE] = heard_instance,
        [ISOLATE_INTERFACES] = heard_interfaces,
        [ISOLATE_GROUP] = heard_group,
        [ISOLATE_CREATE] = heard_create,
        [ISOLATE_REVOKE_EGRESS] = heard_revoke_egress,
        [ISOLATE_REVOKE_INGRESS] = heard_revoke_ingress,
        [ISOLATE_UNTRACK_GROUP] = heard_untrack_group,
        [ISOLATE_UNTRACK_CREATE] = heard_untrack_create,
        [ISOLATE_UNTRACK_INGRESS] = heard_untrack_ingress,
        [ISOLATE_UNTRACK_EGRESS] = heard_untrack_egress,
        [ISOLATE_UNTRACK] = heard_untrack,
        [ISOLATE_MOVE] = heard_move,
        [ISOLATE_PUT_BACK] = heard_put_back,
        [ISOLATE_ACL_NEIGHBOURS] = heard_acl_neighbours,
        [ISOLATE_ACL_LOOK] = heard_acl_look,
        [ISOLATE_ACL_CREATE] = heard_acl_create,
    };
    if (reply == NULL)
        return talk_ask(step, ISOLATE_CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
