#include "aws/cut_acl.h"

#include "aws/ban_ip.h"
#include "aws/isolate_security_group.h"
#include "aws/requests.h"
#include "aws/requests_acl.h"

enum { ENTRIES = 4, PAGES_MAX = 20 };

static struct cut_acl *cut_of(struct step *step)
{
    struct isolate_security_group *isolate = step->state;
    return &isolate->acl;
}

static bool is_egress(const struct cut_acl *self)
{
    return self->entry >= ENTRIES / 2;
}

/* Everybody, of the family of the entry. */
static struct ip everybody(const struct cut_acl *self)
{
    /* IPv4 is ::ffff:0:0/96 (ip.h). */
    struct ip network = { .is_v4 = self->entry % 2 == 0 };
    if (network.is_v4) {
        network.bytes[10] = network.bytes[11] = 0xff;
        network.bits = IP_V4_BITS;
    }
    return network;
}

static enum step_turn ask_neighbours(struct step *step, str page)
{
    struct cut_acl *self = cut_of(step);
    return talk_ask(step, ISOLATE_ACL_NEIGHBOURS,
        ec2_describe_interfaces(
            step, isolate_region(step), "subnet-id", self->subnets[self->at], page));
}

static enum step_turn look(struct step *step, uint32_t delay_ms)
{
    struct cut_acl *self = cut_of(step);
    struct request request = ec2_describe_acls(step, isolate_region(step), "association.subnet-id",
        self->subnets[self->at], (str){ "", 0 });
    request.delay_ms = delay_ms;
    return talk_ask(step, ISOLATE_ACL_LOOK, request);
}

static enum step_turn begin_subnet(struct step *step)
{
    struct cut_acl *self = cut_of(step);
    self->entry = self->last = self->pages = 0;
    self->tries = (struct tries){ 0 };
    self->is_done = self->at == self->subnets_count;
    return self->is_done ? isolate_conclude(step) : ask_neighbours(step, (str){ "", 0 });
}

static bool has_subnet(const struct cut_acl *self, str subnet)
{
    for (uint32_t at = 0; at < self->subnets_count; at++)
        if (str_equal(self->subnets[at], subnet))
            return true;
    return false;
}

enum step_turn cut_acl_begin(struct step *step)
{
    struct isolate_security_group *isolate = step->state;
    struct cut_acl *self = &isolate->acl;
    for (uint32_t at = 0; at < isolate->interfaces_count; at++) {
        str subnet = isolate->interfaces[at].subnet;
        if (subnet.len > 0 && !has_subnet(self, subnet) && self->subnets_count < CUT_SUBNETS_MAX)
            self->subnets[self->subnets_count++] = subnet;
    }
    if (self->subnets_count == 0)
        self->failure = "AWS does not say in which subnet it is";
    return begin_subnet(step);
}

static enum step_turn next_subnet(struct step *step)
{
    cut_of(step)->at++;
    return begin_subnet(step);
}

/* This subnet cannot be cut; the others may. */
static enum step_turn go_without(struct step *step, const char *why)
{
    struct cut_acl *self = cut_of(step);
    if (why == NULL)
        return talk_memory(step);
    if (self->failure == NULL)
        self->failure = why;
    return next_subnet(step);
}

/* An interface of the subnet that is not the instance's: it would be cut too. */
enum step_turn heard_acl_neighbours(struct step *step, const struct answer *answer)
{
    struct isolate_security_group *isolate = step->state;
    struct cut_acl *self = &isolate->acl;
    if (answer->heard == HEARD_ASSUMED)
        return look(step, 0);
    if (answer->heard == HEARD_ERROR)
        return go_without(step, talk_why(step, answer));
    const struct xml *item = xml_find(answer->root, "networkInterfaceSet/item");
    for (; item != NULL; item = xml_next(item))
        if (!str_equal(xml_text(item, "attachment/instanceId"), isolate->instance.id))
            return go_without(step,
                arena_format(step->arena, "a network ACL cuts all of %.*s, and %.*s is in it too",
                    STR_ARG(self->subnets[self->at]),
                    STR_ARG(xml_text(item, "networkInterfaceId"))));
    str page = xml_text(answer->root, "nextToken");
    if (page.len == 0)
        return look(step, 0);
    if (++self->pages < PAGES_MAX)
        return ask_neighbours(step, page);
    return go_without(step, arena_format(step->arena, "%.*s has more interfaces than can be read",
                                STR_ARG(self->subnets[self->at])));
}

static enum step_turn create(struct step *step, uint32_t number)
{
    struct isolate_security_group *isolate = step->state;
    struct cut_acl *self = &isolate->acl;
    struct ip network = everybody(self);
    str cidr = acl_cidr(step->arena, &network);
    value account = isolate_owner(step);
    if (cidr.ptr == NULL)
        return talk_memory(step);
    self->last = number;
    self->made += self->tries.sent == 0;
    tries_send(&self->tries);
    return talk_change(step, ISOLATE_ACL_CREATE,
        ec2_create_acl_deny(step, isolate_region(step), self->acl, number, is_egress(self), cidr),
        delete_acl_entry_undo(step, self->acl, number, is_egress(self), cidr,
            account.kind == VALUE_TEXT ? value_str(account) : (str){ "", 0 },
            value_text(isolate_region(step))));
}

/* The entry is not there. */
static enum step_turn make(struct step *step, const struct xml *acl)
{
    struct cut_acl *self = cut_of(step);
    struct ip network = everybody(self);
    uint32_t delay_ms, number = acl_number_free(acl, is_egress(self), &network, self->last);
    switch (tries_missing(&self->tries, &delay_ms)) {
    case TRIES_SEND:
        if (number > 0)
            return create(step, number);
        return go_without(
            step, arena_format(step->arena, "%.*s has no free number before what it allows",
                      STR_ARG(self->acl)));
    case TRIES_LOOK:
        return look(step, delay_ms);
    case TRIES_GIVE_UP:
        break;
    }
    return go_without(step, arena_format(step->arena,
                                "%.*s does not show the entry after %u "
                                "requests to make it",
                                STR_ARG(self->acl), self->tries.sent));
}

/* Make what is missing of the ACL of this subnet, from the entry that it has come to. */
static enum step_turn go_on(struct step *step, const struct xml *acl)
{
    struct cut_acl *self = cut_of(step);
    for (; self->entry < ENTRIES; self->entry++) {
        struct ip network = everybody(self);
        if (acl_deny_find(acl, is_egress(self), &network) == 0)
            return make(step, acl);
        self->tries = (struct tries){ 0 };
        if (self->entry + 1 == ENTRIES / 2)
            self->last = 0;
    }
    return next_subnet(step);
}

/* An ACL that other subnets have too would cut them. */
static bool is_shared(const struct cut_acl *self, const struct xml *acl)
{
    const struct xml *item = xml_find(acl, "associationSet/item");
    for (; item != NULL; item = xml_next(item))
        if (!str_equal(xml_text(item, "subnetId"), self->subnets[self->at]))
            return true;
    return false;
}

enum step_turn heard_acl_look(struct step *step, const struct answer *answer)
{
    struct cut_acl *self = cut_of(step);
    if (answer->heard == HEARD_ASSUMED) {
        self->acl = STR("(the network ACL of the subnet)");
        return create(step, 1);
    }
    if (answer->heard == HEARD_ERROR)
        return go_without(step, talk_why(step, answer));
    const struct xml *acl = xml_find(answer->root, "networkAclSet/item");
    if (acl == NULL)
        return go_without(step, arena_format(step->arena, "AWS shows no network ACL of %.*s",
                                    STR_ARG(self->subnets[self->at])));
    self->acl = arena_copy(step->arena, xml_text(acl, "networkAclId"));
    if (self->acl.ptr == NULL)
        return talk_memory(step);
    if (is_shared(self, acl))
        return go_without(step,
            arena_format(step->arena, "%.*s is the network ACL of other subnets than %.*s too",
                STR_ARG(self->acl), STR_ARG(self->subnets[self->at])));
    return go_on(step, acl);
}

/* In a plan nothing shows the entry: suppose it. */
static enum step_turn suppose_entry(struct step *step)
{
    struct cut_acl *self = cut_of(step);
    self->tries = (struct tries){ 0 };
    self->entry++;
    if (self->entry == ENTRIES)
        return next_subnet(step);
    if (self->entry == ENTRIES / 2)
        self->last = 0;
    return look(step, 0);
}

enum step_turn heard_acl_create(struct step *step, const struct answer *answer)
{
    struct cut_acl *self = cut_of(step);
    tries_heard(&self->tries, answer);
    if (answer->heard == HEARD_ASSUMED)
        return suppose_entry(step);
    if (answer->heard == HEARD_REFUSED
        || (answer->heard == HEARD_ERROR && !answer_is(answer, "NetworkAclEntryAlreadyExists")))
        return go_without(step, talk_why(step, answer));
    return look(step, 0);
}
