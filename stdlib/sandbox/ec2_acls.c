/* Network ACLs: described, their entries made and deleted.
 *
 * The world keeps an ACL as {"networkAclId", "vpcId", "isDefault", "subnets": [ids], "entries":
 * [{"ruleNumber", "protocol", "ruleAction", "egress", "cidrBlock" | "ipv6CidrBlock"}], "tags"};
 * the entries that deny all the rest are not kept, they are always there. */
#include "sandbox/ec2.h"
#include "sandbox/ec2_rules.h"
#include "sandbox/operation.h"

#include <arpa/inet.h>

enum { ENTRIES_PER_DIRECTION_MAX = 20, NUMBER_MAX = 32766 };

/* ---- described ---- */

static void write_entry(struct buf *out, const json_t *entry)
{
    const json_t *v4 = json_object_get(entry, "cidrBlock");
    markup_open(out, "item");
    markup_number(out, "ruleNumber", world_number(entry, "ruleNumber"));
    markup_text(out, "protocol", world_text(entry, "protocol"));
    markup_text(out, "ruleAction", world_text(entry, "ruleAction"));
    markup_flag(out, "egress", world_flag(entry, "egress"));
    markup_text(out, v4 != NULL ? "cidrBlock" : "ipv6CidrBlock",
        world_text(entry, v4 != NULL ? "cidrBlock" : "ipv6CidrBlock"));
    markup_close(out, "item");
}

/* What is at the end of both lists, for each family. */
static void write_last(struct buf *out, bool is_egress, bool is_v6)
{
    markup_open(out, "item");
    markup_number(out, "ruleNumber", is_v6 ? NUMBER_MAX + 2 : NUMBER_MAX + 1);
    markup_text(out, "protocol", "-1");
    markup_text(out, "ruleAction", "deny");
    markup_flag(out, "egress", is_egress);
    markup_text(out, is_v6 ? "ipv6CidrBlock" : "cidrBlock", is_v6 ? "::/0" : "0.0.0.0/0");
    markup_close(out, "item");
}

static void write_associations(struct call *call, const json_t *acl)
{
    struct buf *out = &call->body;
    size_t index;
    json_t *subnet;
    markup_open(out, "associationSet");
    json_array_foreach(json_object_get(acl, "subnets"), index, subnet)
    {
        const char *id = json_string_value(subnet);
        markup_open(out, "item");
        markup_text(out, "networkAclAssociationId",
            arena_format(call->arena, "aclassoc-%s", id + strlen("subnet-")));
        markup_text(out, "networkAclId", world_text(acl, "networkAclId"));
        markup_text(out, "subnetId", id);
        markup_close(out, "item");
    }
    markup_close(out, "associationSet");
}

static void write_acl(struct call *call, const json_t *acl)
{
    struct buf *out = &call->body;
    size_t index;
    json_t *entry;
    markup_open(out, "item");
    markup_text(out, "networkAclId", world_text(acl, "networkAclId"));
    markup_text(out, "vpcId", world_text(acl, "vpcId"));
    markup_flag(out, "default", world_flag(acl, "isDefault"));
    markup_open(out, "entrySet");
    json_array_foreach(json_object_get(acl, "entries"), index, entry) write_entry(out, entry);
    for (int at = 0; at < 4; at++)
        write_last(out, at % 2 == 0, at / 2 == 1);
    markup_close(out, "entrySet");
    write_associations(call, acl);
    ec2_write_tags(out, acl);
    markup_text(out, "ownerId", call_account_id(call));
    markup_close(out, "item");
}

void sandbox_ec2_describe_network_acls(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "association.subnet-id", "subnets" },
        { "network-acl-id", "networkAclId" },
        { "vpc-id", "vpcId" },
        { "default", "isDefault" },
        { "owner-id", "" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "NetworkAclId", 0 };
    struct ec2_list list;
    if (!ec2_select(call, EC2_ACL, &select, &list) || !call_may_proceed(call))
        return;
    markup_open(&call->body, "networkAclSet");
    for (size_t at = 0; at < list.count; at++)
        write_acl(call, list.items[at]);
    markup_close(&call->body, "networkAclSet");
    ec2_end_page(call, &select);
}

/* ---- changed ---- */

/* What names an entry, as a request gives it. */
struct place {
    json_t *acl;
    long long number;
    bool is_egress;
};

static bool read_place(struct call *call, struct place *place)
{
    place->acl = ec2_find(call, EC2_ACL, call_text(call, "NetworkAclId"));
    return place->acl != NULL && call_number(call, "RuleNumber", 1, NUMBER_MAX, &place->number)
           && call_flag(call, "Egress", &place->is_egress);
}

static json_t *entry_at(const struct place *place)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(place->acl, "entries"), index,
        entry) if (world_number(entry, "ruleNumber") == place->number
                   && world_flag(entry, "egress") == place->is_egress) return entry;
    return NULL;
}

static size_t entries_in(const struct place *place)
{
    size_t index, count = 2; /* those at the end count too */
    json_t *entry;
    json_array_foreach(json_object_get(place->acl, "entries"), index, entry) count +=
        world_flag(entry, "egress") == place->is_egress;
    return count;
}

/* The entry that the request describes; new reference, NULL: refused. Ports and kinds of ICMP
 * are not simulated, so only entries for all protocols are taken. */
static json_t *entry_read(struct call *call, const struct place *place)
{
    const char *v4 = call_text(call, "CidrBlock"), *v6 = call_text(call, "Ipv6CidrBlock");
    const char *action = call_text(call, "RuleAction");
    if (strcmp(call_text(call, "Protocol"), "-1") != 0) {
        call_refuse(call, 400, "Unsupported", "The sandbox has entries for all protocols only");
        return NULL;
    }
    if (strcmp(action, "allow") != 0 && strcmp(action, "deny") != 0) {
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter ruleAction is invalid. Expected allow or deny.", action);
        return NULL;
    }
    if ((v4 == NULL) == (v6 == NULL)) {
        call_refuse(call, 400, v4 == NULL ? "MissingParameter" : "InvalidParameterCombination",
            "The request must contain exactly one of CidrBlock and Ipv6CidrBlock");
        return NULL;
    }
    const char *cidr = ec2_range(call, v4 != NULL ? v4 : v6, v4 != NULL ? AF_INET : AF_INET6);
    if (cidr == NULL) {
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
            v4 != NULL ? v4 : v6);
        return NULL;
    }
    return json_pack("{s:I,s:s,s:s,s:b,s:s}", "ruleNumber", (json_int_t)place->number, "protocol",
        "-1", "ruleAction", action, "egress", (int)place->is_egress,
        v4 != NULL ? "cidrBlock" : "ipv6CidrBlock", cidr);
}

void sandbox_ec2_create_network_acl_entry(struct call *call)
{
    struct place place = { 0 };
    if (!read_place(call, &place))
        return;
    json_auto_t *entry = entry_read(call, &place);
    if (entry == NULL)
        return;
    if (entry_at(&place) != NULL) {
        call_refuse(call, 400, "NetworkAclEntryAlreadyExists",
            "The network acl entry identified by %lld already exists.", place.number);
        return;
    }
    if (entries_in(&place) >= ENTRIES_PER_DIRECTION_MAX) {
        call_refuse(call, 400, "NetworkAclEntryLimitExceeded",
            "The maximum number of network acl entries has been reached.");
        return;
    }
    if (!call_may_proceed(call))
        return;
    call_add(call, place.acl, "entries", json_incref(entry));
    markup_flag(&call->body, "return", true);
}

void sandbox_ec2_delete_network_acl_entry(struct call *call)
{
    struct place place = { 0 };
    if (!read_place(call, &place))
        return;
    const json_t *entry = entry_at(&place);
    if (entry == NULL) {
        call_refuse(call, 400, "InvalidNetworkAclEntry.NotFound",
            "The network acl entry identified by %lld does not exist.", place.number);
        return;
    }
    if (!call_may_proceed(call))
        return;
    call_remove(call, place.acl, "entries", entry);
    markup_flag(&call->body, "return", true);
}
