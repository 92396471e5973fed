#include "sandbox/ec2_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* The four ways to say what traffic may come from or go to. */
struct source {
    const char *list; /* IpPermissions.N.LIST.N.PARAMETER */
    const char *parameter;
    const char *member; /* of a rule in the world */
    const char *set;    /* <SET><item><ELEMENT> in replies */
    const char *element;
};

static const struct source sources[] = {
    { "IpRanges", "CidrIp", "cidrIpv4", "ipRanges", "cidrIp" },
    { "Ipv6Ranges", "CidrIpv6", "cidrIpv6", "ipv6Ranges", "cidrIpv6" },
    { "PrefixListIds", "PrefixListId", "prefixListId", "prefixListIds", "prefixListId" },
    { "Groups", "GroupId", "referencedGroupId", "groups", "groupId" },
};

/* The number that is all of `text`, up to three digits; 1000 for others. */
static unsigned small_number(const char *text)
{
    size_t len = strlen(text);
    if (len < 1 || len > 3 || strspn(text, "0123456789") != len)
        return 1000;
    return (unsigned)strtoul(text, NULL, 10);
}

/* EC2 shows these by name whichever way they were given. */
static const char *canonical_protocol(const char *protocol)
{
    static const char *const names[][2] = { { "6", "tcp" }, { "17", "udp" }, { "1", "icmp" },
        { "58", "icmpv6" }, { "all", "-1" } };
    static const char *const known[] = { "tcp", "udp", "icmp", "icmpv6", "-1" };
    for (size_t at = 0; at < COUNT_OF(names); at++)
        if (strcmp(protocol, names[at][0]) == 0)
            return names[at][1];
    for (size_t at = 0; at < COUNT_OF(known); at++)
        if (strcmp(protocol, known[at]) == 0)
            return protocol;
    return small_number(protocol) <= 255 ? protocol : NULL;
}

/* Clear the bits of `address` after the first `bits`. */
static void mask(unsigned char *address, size_t bytes, unsigned bits)
{
    for (size_t at = 0; at < bytes; at++) {
        unsigned keep = bits >= 8 ? 8 : bits;
        address[at] &= (unsigned char)(0xff00U >> keep);
        bits -= keep;
    }
}

const char *ec2_range(struct call *call, const char *text, int family)
{
    unsigned char address[16];
    char shown[INET6_ADDRSTRLEN];
    unsigned most = family == AF_INET ? 32 : 128;
    const char *slash = strchr(text, '/');
    if (slash == NULL)
        return NULL;
    unsigned bits = small_number(slash + 1);
    const char *plain = arena_copy(call->arena, (str){ text, (size_t)(slash - text) }).ptr;
    if (plain == NULL || bits > most || inet_pton(family, plain, address) != 1)
        return NULL;
    mask(address, most / 8, bits);
    if (inet_ntop(family, address, shown, sizeof(shown)) == NULL)
        return NULL;
    return arena_format(call->arena, "%s/%u", shown, bits);
}

/* The value of a rule's source as the world keeps it; NULL: refused. */
static const char *canonical_source(
    struct call *call, const struct source *source, const char *value)
{
    const char *good = value;
    if (strcmp(source->member, "cidrIpv4") == 0)
        good = ec2_range(call, value, AF_INET);
    else if (strcmp(source->member, "cidrIpv6") == 0)
        good = ec2_range(call, value, AF_INET6);
    else if (strcmp(source->member, "referencedGroupId") == 0)
        return ec2_find(call, EC2_GROUP, value) == NULL ? NULL : value;
    else if (!ec2_id_is_well_formed(value, "pl-"))
        good = NULL;
    if (good == NULL)
        call_refuse(call, 400, "InvalidParameterValue", "Value (%s) for parameter %s is invalid.",
            value, source->parameter);
    return good;
}

/* Protocol and ports of IpPermissions.n into `ports`. False: refused. */
struct ports {
    const char *protocol;
    long long from;
    long long to;
};

static bool read_ports(struct call *call, size_t n, struct ports *ports)
{
    char from[FORM_NAME_BYTES_MAX + 1];
    char to[FORM_NAME_BYTES_MAX + 1];
    const char *protocol = form_getf(&call->form, "IpPermissions.%zu.IpProtocol", n);
    if (protocol == NULL)
        return call_refuse(call, 400, "MissingParameter",
            "The request must contain the parameter IpPermissions.%zu.IpProtocol", n);
    *ports = (struct ports){ canonical_protocol(protocol), -1, -1 };
    if (ports->protocol == NULL)
        return call_refuse(call, 400, "InvalidParameterValue",
            "Invalid value '%s' for IP protocol. Unknown protocol.", protocol);
    snprintf(from, sizeof(from), "IpPermissions.%zu.FromPort", n);
    snprintf(to, sizeof(to), "IpPermissions.%zu.ToPort", n);
    if (!call_number(call, from, -1, 65535, &ports->from)
        || !call_number(call, to, -1, 65535, &ports->to))
        return false;
    bool is_port = strcmp(ports->protocol, "tcp") == 0 || strcmp(ports->protocol, "udp") == 0;
    bool is_icmp = strncmp(ports->protocol, "icmp", 4) == 0;
    if (!is_port && !is_icmp)
        ports->from = ports->to = -1; /* any: EC2 ignores them too */
    if (is_port && (ports->from < 0 || ports->to < ports->from))
        return call_refuse(call, 400, "InvalidParameterValue",
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.");
    return true;
}

static json_t *make_rule(const struct ports *ports, bool is_egress, const char *member,
    const char *value, const char *description)
{
    return json_pack("{s:b,s:s,s:I,s:I,s:s,s:s*}", "isEgress", (int)is_egress, "ipProtocol",
        ports->protocol, "fromPort", (json_int_t)ports->from, "toPort", (json_int_t)ports->to,
        member, value, "description", description);
}

/* Add the rules of one list of IpPermissions.n to `rules`. False: refused. */
static bool read_source(struct call *call, size_t n, const struct source *source,
    const struct ports *ports, bool is_egress, json_t *rules)
{
    for (size_t m = 1; m <= FORM_PLACE_MAX; m++) {
        const char *value = form_getf(
            &call->form, "IpPermissions.%zu.%s.%zu.%s", n, source->list, m, source->parameter);
        if (value == NULL)
            break;
        value = canonical_source(call, source, value);
        if (value == NULL)
            return false;
        json_auto_t *rule = make_rule(ports, is_egress, source->member, value,
            form_getf(&call->form, "IpPermissions.%zu.%s.%zu.Description", n, source->list, m));
        size_t index;
        json_t *other;
        json_array_foreach(
            rules, index, other) if (ec2_rules_equal(other, rule)) return call_refuse(call, 400,
            "InvalidParameterValue", "The same permission must not appear multiple times");
        if (json_array_append(rules, rule) != 0) {
            call->err = ERR_MEMORY;
            return false;
        }
    }
    return true;
}

json_t *ec2_rules_read(struct call *call, bool is_egress)
{
    json_auto_t *rules = json_array();
    for (size_t n = 1; form_hasf(&call->form, "IpPermissions.%zu.", n); n++) {
        struct ports ports;
        if (!read_ports(call, n, &ports))
            return NULL;
        size_t before = json_array_size(rules);
        for (size_t at = 0; at < COUNT_OF(sources); at++)
            if (!read_source(call, n, &sources[at], &ports, is_egress, rules))
                return NULL;
        if (json_array_size(rules) == before) {
            call_refuse(call, 400, "MissingParameter",
                "Either 'cidrIp', 'cidrIpv6', 'prefixListId' or a group must be specified.");
            return NULL;
        }
    }
    return json_incref(rules);
}

bool ec2_rules_equal(const json_t *a, const json_t *b)
{
    bool is_equal = world_flag(a, "isEgress") == world_flag(b, "isEgress")
                    && strcmp(world_text(a, "ipProtocol"), world_text(b, "ipProtocol")) == 0
                    && world_number(a, "fromPort") == world_number(b, "fromPort")
                    && world_number(a, "toPort") == world_number(b, "toPort");
    for (size_t at = 0; at < COUNT_OF(sources) && is_equal; at++)
        is_equal =
            strcmp(world_text(a, sources[at].member), world_text(b, sources[at].member)) == 0;
    return is_equal;
}

json_t *ec2_rule_like(const json_t *group, const json_t *rule)
{
    size_t index;
    json_t *other;
    json_array_foreach(json_object_get(group, "rules"), index,
        other) if (ec2_rules_equal(other, rule)) return other;
    return NULL;
}

/* Whether both rules stand in the same <item> of permissions. */
static bool is_same_permission(const json_t *a, const json_t *b)
{
    return world_flag(a, "isEgress") == world_flag(b, "isEgress")
           && strcmp(world_text(a, "ipProtocol"), world_text(b, "ipProtocol")) == 0
           && world_number(a, "fromPort") == world_number(b, "fromPort")
           && world_number(a, "toPort") == world_number(b, "toPort");
}

static void write_source(
    struct call *call, const struct source *source, const json_t *rules, const json_t *first)
{
    struct buf *out = &call->body;
    size_t index;
    json_t *rule;
    markup_open(out, source->set);
    json_array_foreach(rules, index, rule)
    {
        const char *value = world_text(rule, source->member);
        if (value[0] == '\0' || !is_same_permission(rule, first))
            continue;
        markup_open(out, "item");
        if (strcmp(source->set, "groups") == 0)
            markup_text(out, "userId", call_account_id(call));
        markup_text(out, source->element, value);
        markup_text(out, "description", json_string_value(json_object_get(rule, "description")));
        markup_close(out, "item");
    }
    markup_close(out, source->set);
}

/* Whether an earlier rule has already brought this one's permission. */
static bool is_written(const json_t *rules, size_t index)
{
    for (size_t at = 0; at < index; at++)
        if (is_same_permission(json_array_get(rules, at), json_array_get(rules, index)))
            return true;
    return false;
}

void ec2_write_permissions(struct call *call, const char *tag, const json_t *rules, bool is_egress)
{
    struct buf *out = &call->body;
    size_t index;
    json_t *rule;
    markup_open(out, tag);
    json_array_foreach(rules, index, rule)
    {
        if (world_flag(rule, "isEgress") != is_egress || is_written(rules, index))
            continue;
        markup_open(out, "item");
        markup_text(out, "ipProtocol", world_text(rule, "ipProtocol"));
        if (world_number(rule, "fromPort") != -1 || world_number(rule, "toPort") != -1) {
            markup_number(out, "fromPort", world_number(rule, "fromPort"));
            markup_number(out, "toPort", world_number(rule, "toPort"));
        }
        for (size_t at = COUNT_OF(sources); at-- > 0;)
            write_source(call, &sources[at], rules, rule);
        markup_close(out, "item");
    }
    markup_close(out, tag);
}

json_t *ec2_rules_default(struct call *call)
{
    const struct ports any = { "-1", -1, -1 };
    json_auto_t *rules = json_array();
    if (json_array_append_new(rules, make_rule(&any, true, "cidrIpv4", "0.0.0.0/0", NULL)) != 0
        || json_array_append_new(rules, make_rule(&any, true, "cidrIpv6", "::/0", NULL)) != 0) {
        call->err = ERR_MEMORY;
        return NULL;
    }
    return json_incref(rules);
}

bool ec2_rules_mint(struct call *call, json_t *rules)
{
    size_t index;
    json_t *rule;
    json_array_foreach(rules, index, rule)
    {
        const char *id = world_mint(call->world, call->arena, "sgr");
        if (id == NULL || json_object_set_new(rule, "securityGroupRuleId", json_string(id)) != 0) {
            call->err = ERR_MEMORY;
            return false;
        }
    }
    return true;
}
