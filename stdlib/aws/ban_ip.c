#include "aws/ban_ip.h"

#include "aws/facts.h"
#include "aws/network_acl.h"
#include "aws/requests.h"
#include "event.h"

static str arg(const struct step *step, int index)
{
    return value_str(step->args[index]);
}

/* RFC 6890, RFC 4291, RFC 8215: addresses that are no single machine out in the internet. What
 * has an IPv4 address in it names a machine twice, and one of the two may be ours. */
static const struct {
    const char *network;
    const char *why;
} never[] = {
    { "0.0.0.0/8", "means no particular machine" },
    { "10.0.0.0/8", "is private" },
    { "100.64.0.0/10", "is shared inside of a provider's network" },
    { "127.0.0.0/8", "is the machine itself" },
    { "169.254.0.0/16", "is link-local, where the metadata service answers" },
    { "172.16.0.0/12", "is private" },
    { "192.0.0.0/24", "is reserved for protocols" },
    { "192.168.0.0/16", "is private" },
    { "198.18.0.0/15", "is for tests inside of a network" },
    { "224.0.0.0/4", "is multicast" },
    { "240.0.0.0/4", "is reserved" },
    { "::/128", "means no particular machine" },
    { "::1/128", "is the machine itself" },
    { "64:ff9b::/96", "is another name of an IPv4 address" },
    { "64:ff9b:1::/48", "is another name of an IPv4 address" },
    { "2002::/16", "is another name of an IPv4 address" },
    { "fc00::/7", "is private" },
    { "fe80::/10", "is link-local" },
    { "ff00::/8", "is multicast" },
};

const char *ban_ip_fault(const struct ip *ip)
{
    struct ip network;
    if (ip->bits != 128)
        return "is a network: one address is banned at a time";
    for (size_t at = 0; at < COUNT_OF(never); at++)
        if (cidr_parse(str_from(never[at].network), &network) && ip_covers(&network, ip))
            return never[at].why;
    return NULL;
}

enum way { WAY_NONE, WAY_WAF, WAY_ACL, WAY_POLICY };

/* The rule's word, else what it gave says it. */
static enum way way_of(const struct step *step)
{
    str via = arg(step, BAN_VIA);
    if (str_is(via, "iam"))
        return WAY_POLICY;
    if (str_is(via, "nacl") || (via.len == 0 && arg(step, BAN_ACL).len > 0))
        return WAY_ACL;
    if (str_is(via, "waf") || (via.len == 0 && arg(step, BAN_IP_SET).len > 0))
        return WAY_WAF;
    return WAY_NONE;
}

static enum step_turn ask_own(struct step *step)
{
    const struct ban_ip *self = step->state;
    str region = value_str(talk_region(step, step->args[BAN_REGION]));
    static const uint8_t fields[] = { FIELD_SRC_IP, FIELD_DST_IP, FIELD_CLIENT_IP };
    for (size_t at = 0; at < COUNT_OF(fields); at++)
        step_fact(step, fields[at], self->shown);
    step_fact(step, FIELD_RESOURCE_ID, self->shown); /* the target names the place as well */
    step_fact(step, FIELD_CLOUD_PROVIDER, STR("aws"));
    step_fact(step, FIELD_CLOUD_ACCOUNT, self->principal.caller.account);
    step_fact(step, FIELD_CLOUD_REGION, region);
    return talk_ask(step, BAN_OWN,
        ec2_describe_interfaces(step, region,
            self->ip.is_v4 ? "association.public-ip" : "ipv6-addresses.ipv6-address", self->shown,
            STR("")));
}

static enum step_turn heard_caller(struct step *step, const struct answer *answer)
{
    struct ban_ip *self = step->state;
    enum step_turn turn;
    if (!identity_heard(step, answer, arg(step, BAN_ACCOUNT), &self->principal.caller, &turn))
        return turn;
    step->target = self->shown;
    talk_found(step, "address %.*s", STR_ARG(self->shown));
    return ask_own(step);
}

static enum step_turn heard_own(struct step *step, const struct answer *answer)
{
    const struct ban_ip *self = step->state;
    if (answer->heard == HEARD_ERROR)
        return talk_fail(step, answer);
    str interface = xml_text(answer->root, "networkInterfaceSet/item/networkInterfaceId");
    if (answer->heard == HEARD_ANSWER && interface.len > 0)
        return talk_end(step, STEP_FAILED,
            "%.*s is an address of our own, of %.*s in account %.*s, so it is never banned",
            STR_ARG(self->shown), STR_ARG(interface), STR_ARG(self->principal.caller.account));
    switch (way_of(step)) {
    case WAY_WAF:
        return ban_waf_begin(step);
    case WAY_ACL:
        return ban_acl_begin(step);
    case WAY_POLICY:
        return ban_policy_begin(step);
    case WAY_NONE:
        break;
    }
    return talk_end(step, STEP_UNRESOLVED, "nothing says how");
}

/* Before anybody is asked: is it an address that may be banned, and is it said how? */
static enum step_turn begin(struct step *step)
{
    static const struct principal_args args = { .role = BAN_ROLE,
        .user = BAN_USER,
        .instance = BAN_INSTANCE,
        .account = BAN_ACCOUNT,
        .region = BAN_REGION };
    struct ban_ip *self = step->state;
    char text[IP_TEXT_MAX];
    if (step->args[BAN_IP].kind != VALUE_IP)
        return talk_end(step, STEP_UNRESOLVED, "there is no address to ban: write ip=");
    self->ip = *step->args[BAN_IP].ip;
    self->shown = arena_copy(step->arena, ip_format(&self->ip, text));
    self->cidr = acl_cidr(step->arena, &self->ip);
    if (self->shown.ptr == NULL || self->cidr.ptr == NULL)
        return talk_memory(step);
    const char *why = ban_ip_fault(&self->ip);
    if (why != NULL)
        return talk_end(
            step, STEP_FAILED, "%.*s %s, so it is never banned", STR_ARG(self->shown), why);
    if (way_of(step) == WAY_NONE)
        return talk_end(step, STEP_UNRESOLVED,
            "it is not said how to ban %.*s: write via=waf and ip_set= (or `ip_set` in "
            "the connection to aws), via=nacl or via=iam",
            STR_ARG(self->shown));
    if (way_of(step) == WAY_POLICY)
        return principal_begin(step, &args, ask_own);
    return talk_ask(step, BAN_CALLER, sts_get_caller_identity(step));
}

enum step_turn ban_ip_next(struct step *step, const struct reply *reply)
{
    static talk_hearer *const hearers[] = {
        PRINCIPAL_HEARERS,
        [BAN_CALLER] = heard_caller,
        [BAN_OWN] = heard_own,
        [BAN_WAF_LIST] = ban_waf_heard_list,
        [BAN_WAF_LOOK] = ban_waf_heard_look,
        [BAN_WAF_UPDATE] = ban_waf_heard_update,
        [BAN_ACL_INSTANCE] = ban_acl_heard_instance,
        [BAN_ACL_SUBNETS] = ban_acl_heard_subnets,
        [BAN_ACL_FIND] = ban_acl_heard_find,
        [BAN_ACL_LOOK] = ban_acl_heard_look,
        [BAN_ACL_CREATE] = ban_acl_heard_create,
        [BAN_POLICY_LOOK] = ban_policy_heard_look,
        [BAN_POLICY_PUT] = ban_policy_heard_put,
    };
    return reply == NULL ? begin(step) : talk_next(step, reply, hearers);
}
