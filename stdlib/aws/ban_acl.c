/* ban_acl.c - an address kept out by the network ACLs of an instance's subnets.
 *
 * A network ACL is stateless and of a whole subnet: an entry each way cuts off at once what is
 * open, for every instance there. The entries go before the first one that could allow some of
 * it. What is there already, by whomever, is left as it is. */
#include "aws/ban_ip.h"

#include "aws/facts.h"
#include "aws/network_acl.h"
#include "aws/requests.h"
#include "aws/requests_acl.h"

enum { COLLISIONS_MAX = 5 };

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

static str region(const struct step *step)
{
    return value_str(talk_region(step, step->args[BAN_REGION]));
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    const struct ban_ip *self = step->state;
    struct request request = ec2_describe_acls(
        step, region(step), "network-acl-id", self->acl.acls[self->acl.at / 2].id, STR(""));
    request.delay_ms = delay_ms;
    return talk_ask(step, BAN_ACL_LOOK, request);
}

/* What a pair of entries is to whoever wants it in force. NULL: the arena is full. */
static const char *acl_thing(struct step *step, str acl)
{
    const struct ban_ip *self = step->state;
    return arena_format(step->arena, "%.*s at %.*s", STR_ARG(self->shown), STR_ARG(acl));
}

/* An ACL that has not been found yet, with its other subnets; ERR_LIMIT, ERR_MEMORY. */
static MUST_CHECK enum err acl_add(struct step *step, str id)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    for (uint32_t at = 0; at < acl->acls_count; at++)
        if (str_equal(acl->acls[at].id, id))
            return ERR_OK;
    str copy = arena_copy(step->arena, id);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    if (acl->acls_count == BAN_ACLS_MAX)
        return ERR_LIMIT;
    const char *thing = acl_thing(step, copy);
    const char *all = acl->acls_count == 0 ? thing
                                           : arena_format(step->arena, "%.*s, %s",
                                               STR_ARG(step->target), thing == NULL ? "" : thing);
    if (thing == NULL || all == NULL)
        return ERR_MEMORY;
    step->target = str_from(all);
    acl->acls[acl->acls_count++].id = copy;
    talk_found(step, "network ACL %.*s", STR_ARG(copy));
    return ERR_OK;
}

static enum step_turn end_for(struct step *step, enum err err)
{
    if (err == ERR_MEMORY)
        return talk_memory(step);
    return talk_end(step, STEP_FAILED, "instance %.*s is in more than %d subnets",
        STR_ARG(arg(step, BAN_INSTANCE)), BAN_ACLS_MAX);
}

enum step_turn ban_acl_begin(struct step *step)
{
    struct ban_ip *self = step->state;
    self->acl = (struct ban_acl){ 0 };
    str acl = arg(step, BAN_ACL), instance = arg(step, BAN_INSTANCE);
    if (acl.len == 0 && instance.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "there is no instance whose subnets would be closed to %.*s: write instance= or acl=",
            STR_ARG(self->shown));
    if (acl.len == 0)
        return talk_ask(
            step, BAN_ACL_INSTANCE, ec2_describe_instance(step, region(step), instance));
    enum err err = acl_add(step, acl);
    return err == ERR_OK ? look(step, 0) : end_for(step, err);
}

/* ---- which ACLs ---- */

static enum step_turn ask_subnets(struct step *step, str page)
{
    return talk_ask(step, BAN_ACL_SUBNETS,
        ec2_describe_interfaces(
            step, region(step), "attachment.instance-id", arg(step, BAN_INSTANCE), page));
}

enum step_turn ban_acl_heard_instance(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    struct instance instance;
    enum step_turn turn;
    str id = arg(step, BAN_INSTANCE);
    if (!instance_heard(step, answer, &self->principal.caller, id, &instance, &turn))
        return turn;
    facts_of_instance(step, answer, &instance, &self->principal.caller);
    talk_found(step, "instance %.*s", STR_ARG(id));
    return ask_subnets(step, STR(""));
}

static MUST_CHECK enum err subnet_add(struct step *step, str id)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    for (uint32_t at = 0; at < acl->subnets_count; at++)
        if (str_equal(value_str(acl->subnets[at]), id))
            return ERR_OK;
    str copy = arena_copy(step->arena, id);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    if (acl->subnets_count == BAN_ACLS_MAX)
        return ERR_LIMIT;
    acl->subnets[acl->subnets_count++] = value_text(copy);
    return ERR_OK;
}

/* The ACL of the next subnet, or the first entry once all are known. */
static enum step_turn find_next(struct step *step)
{
    const struct ban_ip *self = step->state;
    const struct ban_acl *acl = &self->acl;
    if (acl->subnets_known == acl->subnets_count)
        return look(step, 0);
    return talk_ask(step, BAN_ACL_FIND,
        ec2_describe_acls(step, region(step), "association.subnet-id",
            value_str(acl->subnets[acl->subnets_known]), STR("")));
}

enum step_turn ban_acl_heard_subnets(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    str id = arg(step, BAN_INSTANCE);
    enum err err = ERR_OK;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED) {
        const char *name = arena_format(step->arena, "(the subnets of %.*s)", STR_ARG(id));
        err = name == NULL ? ERR_MEMORY : subnet_add(step, str_from(name));
    }
    for (const struct xml *item = xml_find(answer->root, "networkInterfaceSet/item");
         item != NULL && err == ERR_OK; item = xml_next(item))
        err = subnet_add(step, xml_text(item, "subnetId"));
    if (err != ERR_OK)
        return end_for(step, err);
    str page = arena_copy(step->arena, xml_text(answer->root, "nextToken"));
    if (page.ptr == NULL)
        return talk_memory(step);
    if (page.len > 0)
        return ask_subnets(step, page);
    if (self->acl.subnets_count == 0)
        return talk_end(
            step, STEP_UNRESOLVED, "instance %.*s has no network interface", STR_ARG(id));
    return find_next(step);
}

enum step_turn ban_acl_heard_find(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    str subnet = value_str(self->acl.subnets[self->acl.subnets_known]);
    str id = xml_text(answer->root, "networkAclSet/item/networkAclId");
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        id = str_from(arena_format(step->arena, "(the network ACL of %.*s)", STR_ARG(subnet)));
    if (id.ptr == NULL)
        return talk_memory(step);
    if (id.len == 0)
        return talk_end(step, STEP_UNRESOLVED,
            "EC2 does not show the network ACL of %.*s: a shared subnet's belongs to who shares it",
            STR_ARG(subnet));
    enum err err = acl_add(step, id);
    self->acl.subnets_known++;
    return err == ERR_OK ? find_next(step) : end_for(step, err);
}

/* ---- one entry after another ---- */

static enum step_turn all_done(struct step *step)
{
    const struct ban_ip *self = step->state;
    const struct ban_acl *acl = &self->acl;
    uint32_t subnets = 0;
    for (uint32_t at = 0; at < acl->acls_count; at++)
        subnets += acl->acls[at].subnets;
    if (acl->missing != NULL)
        return talk_end(step,
            acl->made + acl->kept > 0          ? STEP_PARTIAL
            : self->principal.talk.has_changed ? STEP_UNKNOWN
                                               : STEP_FAILED,
            "%u of %u entries keep %.*s out: %s", acl->made + acl->kept, 2 * acl->acls_count,
            STR_ARG(self->shown), acl->missing);
    if (acl->made == 0)
        return talk_end(step, STEP_DONE, "%.*s was kept out already: nothing was changed",
            STR_ARG(self->shown));
    return talk_end(step, STEP_DONE, "no traffic with %.*s passes %.*s%s, for all in %u subnet%s",
        STR_ARG(self->shown), STR_ARG(acl->acls[0].id),
        acl->acls_count > 1 ? " and the others" : "", subnets, subnets == 1 ? "" : "s");
}

static enum step_turn next_entry(struct step *step)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    acl->tries = (struct tries){ 0 };
    acl->may_be_ours = false;
    acl->collisions = 0;
    return ++acl->at == 2 * acl->acls_count ? all_done(step) : look(step, 0);
}

/* This entry cannot be made; the others can. */
static enum step_turn next_without(struct step *step, const char *why)
{
    struct ban_ip *self = step->state;
    if (why == NULL)
        return talk_memory(step);
    if (self->acl.missing == NULL)
        self->acl.missing = why;
    return next_entry(step);
}

static const char *direction(const struct ban_acl *acl)
{
    return acl->at % 2 == 1 ? "egress" : "ingress";
}

static enum step_turn create(struct step *step, uint32_t number)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    str id = acl->acls[acl->at / 2].id;
    bool is_egress = acl->at % 2 == 1;
    struct request request =
        ec2_create_acl_deny(step, region(step), id, number, is_egress, self->cidr);
    const char *thing = acl_thing(step, id);
    if (thing == NULL)
        return talk_memory(step);
    request.target = str_from(thing);
    tries_send(&acl->tries);
    return talk_change(step, BAN_ACL_CREATE, request,
        delete_acl_entry_undo(step, id, number, is_egress, self->cidr,
            self->principal.caller.account, step->args[BAN_REGION]));
}

static enum step_turn create_or_wait(struct step *step, const struct xml *item)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    str id = acl->acls[acl->at / 2].id;
    uint32_t delay_ms, number = acl_number_free(item, acl->at % 2 == 1, &self->ip, 0);
    switch (tries_missing(&acl->tries, &delay_ms)) {
    case TRIES_SEND:
        if (number > 0)
            return create(step, number);
        return next_without(
            step, arena_format(step->arena, "%.*s has no free number before what allows it (%s)",
                      STR_ARG(id), direction(acl)));
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, acl->tries.accepted || acl->made > 0 ? STEP_UNKNOWN : STEP_FAILED,
        "%.*s does not show the entry (%s) after %u requests to make it", STR_ARG(id),
        direction(acl), acl->tries.sent);
}

static uint32_t subnets_of(const struct xml *item)
{
    uint32_t count = 0;
    for (item = xml_find(item, "associationSet/item"); item != NULL; item = xml_next(item))
        count++;
    return count;
}

enum step_turn ban_acl_heard_look(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    struct ban_acl_one *one = &acl->acls[acl->at / 2];
    const struct xml *item = xml_find(answer->root, "networkAclSet/item");
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (answer->heard == HEARD_ASSUMED)
        return create(step, 0);
    if (item == NULL)
        return talk_end(step, self->principal.talk.has_changed ? STEP_UNKNOWN : STEP_UNRESOLVED,
            "there is no network ACL %.*s in account %.*s in region %.*s", STR_ARG(one->id),
            STR_ARG(self->principal.caller.account), STR_ARG(region(step)));
    one->subnets = subnets_of(item);
    if (acl_deny_find(item, acl->at % 2 == 1, &self->ip) == 0)
        return create_or_wait(step, item);
    acl->made += acl->may_be_ours;
    acl->kept += !acl->may_be_ours;
    return next_entry(step);
}

enum step_turn ban_acl_heard_create(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    struct ban_acl *acl = &self->acl;
    str id = acl->acls[acl->at / 2].id;
    tries_heard(&acl->tries, answer);
    if (answer->heard == HEARD_ASSUMED) {
        acl->made++;
        return next_entry(step);
    }
    if (answer->heard == HEARD_ANSWER || answer->heard == HEARD_NOTHING) {
        acl->may_be_ours = true;
        return look(step, 0);
    }
    if (answer_is(answer, "NetworkAclEntryAlreadyExists") && acl->collisions++ < COLLISIONS_MAX) {
        /* somebody was faster, or an earlier request of ours arrived after all: look again */
        acl->tries = (struct tries){ 0 };
        return look(step, 0);
    }
    if (answer_is(answer, "NetworkAclEntryLimitExceeded"))
        return next_without(step,
            arena_format(step->arena, "%.*s is full (%s; AWS's quota is 20 entries a direction)",
                STR_ARG(id), direction(acl)));
    return next_without(step, talk_why(step, answer));
}

/* ---- taken back ---- */

enum { CALLER, LOOK, DELETE };

struct undo delete_acl_entry_undo(struct step *step, str acl, uint32_t number, bool is_egress,
    str network, str account, value region_given)
{
    struct undo undo = { .builtin = "delete_acl_entry", .args_count = DELETE_ENTRY_ARGS };
    undo.args[DELETE_ENTRY_ACL] = value_text(acl);
    undo.args[DELETE_ENTRY_NUMBER] = value_integer(number);
    undo.args[DELETE_ENTRY_EGRESS] = value_text(is_egress ? STR("true") : STR("false"));
    undo.args[DELETE_ENTRY_NETWORK] = value_text(network);
    undo.args[DELETE_ENTRY_ACCOUNT] = account.len > 0 ? value_text(account) : VALUE_NONE;
    undo.args[DELETE_ENTRY_REGION] = talk_region(step, region_given);
    return undo;
}

static uint32_t entry_number(const struct step *step)
{
    int64_t number = step->args[DELETE_ENTRY_NUMBER].integer;
    return number > 0 && number <= ACL_NUMBER_MAX ? (uint32_t)number : 0;
}

static bool entry_is_egress(const struct step *step)
{
    return str_is(arg(step, DELETE_ENTRY_EGRESS), "true");
}

/* How people tell the entry from its twin: both directions have the same number. */
static const char *entry_way(const struct step *step)
{
    return entry_is_egress(step) ? "out" : "in";
}

static str entry_region(const struct step *step)
{
    return value_str(talk_region(step, step->args[DELETE_ENTRY_REGION]));
}

static enum step_turn entry_look(struct step *step, uint32_t delay_ms)
{
    struct request request = ec2_describe_acls(
        step, entry_region(step), "network-acl-id", arg(step, DELETE_ENTRY_ACL), STR(""));
    request.delay_ms = delay_ms;
    return talk_ask(step, LOOK, request);
}

static enum step_turn entry_heard_caller(struct step *step, const struct answer *answer)
{
    struct delete_acl_entry *self = step->state;
    enum step_turn turn;
    step->target = arg(step, DELETE_ENTRY_ACL);
    if (!identity_heard(step, answer, arg(step, DELETE_ENTRY_ACCOUNT), &self->caller, &turn))
        return turn;
    if (entry_number(step) == 0)
        return talk_end(step, STEP_FAILED, "no entry of a network ACL has that number");
    return entry_look(step, 0);
}

static enum step_turn entry_delete(struct step *step)
{
    struct delete_acl_entry *self = step->state;
    struct undo nothing = { .builtin = NULL };
    uint32_t delay_ms;
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        tries_send(&self->tries);
        return talk_change(step, DELETE,
            ec2_delete_acl_entry(
                step, entry_region(step), step->target, entry_number(step), entry_is_egress(step)),
            nothing);
    case TRIES_LOOK:
        return entry_look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return talk_end(step, self->tries.accepted ? STEP_UNKNOWN : STEP_FAILED,
        "entry %u (%s) of %.*s is still there after %u requests to delete it", entry_number(step),
        entry_way(step), STR_ARG(step->target), self->tries.sent);
}

static enum step_turn entry_heard_look(struct step *step, const struct answer *answer)
{
    struct delete_acl_entry *self = step->state;
    const struct xml *item = xml_find(answer->root, "networkAclSet/item");
    struct acl_entry entry;
    struct ip network;
    if (answer->heard == HEARD_ASSUMED)
        return entry_delete(step);
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    if (!acl_entry_at(item, entry_number(step), entry_is_egress(step), &entry))
        return talk_end(step, STEP_DONE,
            self->tries.sent > 0
                ? "entry %u (%s) of %.*s, which kept %.*s out, is deleted"
                : "entry %u (%s) of %.*s, which kept %.*s out, is no longer there: "
                  "nothing to take back",
            entry_number(step), entry_way(step), STR_ARG(step->target),
            STR_ARG(arg(step, DELETE_ENTRY_NETWORK)));
    if (!cidr_parse(arg(step, DELETE_ENTRY_NETWORK), &network)
        || !acl_entry_denies(&entry, &network))
        return talk_end(step, STEP_FAILED,
            "entry %u (%s) of %.*s was changed since by somebody else: it was left alone",
            entry_number(step), entry_way(step), STR_ARG(step->target));
    return entry_delete(step);
}

static enum step_turn entry_heard_delete(struct step *step, const struct answer *answer)
{
    struct delete_acl_entry *self = step->state;
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return talk_end(step, STEP_DONE, "entry %u (%s) of %.*s would be deleted",
            entry_number(step), entry_way(step), STR_ARG(step->target));
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "InvalidNetworkAclEntry.NotFound")))
        return talk_fail(step, answer);
    return entry_look(step, 0);
}

enum step_turn delete_acl_entry_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        [CALLER] = entry_heard_caller,
        [LOOK] = entry_heard_look,
        [DELETE] = entry_heard_delete,
    };
    if (reply == NULL)
        return talk_ask(step, CALLER, sts_get_caller_identity(step));
    return talk_next(step, reply, hearers);
}
