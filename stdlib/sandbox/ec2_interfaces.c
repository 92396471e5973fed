/* Network interfaces: what an instance is isolated by. */
#include "sandbox/ec2.h"
#include "sandbox/operation.h"

static void write_attachment(struct call *call, const json_t *interface)
{
    struct buf *out = &call->body;
    if (world_text(interface, "instanceId")[0] == '\0')
        return;
    markup_open(out, "attachment");
    markup_text(out, "attachmentId", world_text(interface, "attachmentId"));
    markup_text(out, "instanceId", world_text(interface, "instanceId"));
    markup_text(out, "instanceOwnerId", call_account_id(call));
    markup_number(out, "deviceIndex", world_number(interface, "deviceIndex"));
    markup_text(out, "status", "attached");
    markup_flag(out, "deleteOnTermination", world_number(interface, "deviceIndex") == 0);
    markup_close(out, "attachment");
}

/* The address under which the internet knows it. */
static void write_association(struct buf *out, const json_t *interface)
{
    if (json_object_get(interface, "publicIpAddress") == NULL)
        return;
    markup_open(out, "association");
    markup_text(out, "publicIp", world_text(interface, "publicIpAddress"));
    markup_text(out, "ipOwnerId", "amazon");
    markup_close(out, "association");
}

static void write_interface(struct call *call, const json_t *interface)
{
    struct buf *out = &call->body;
    bool is_attached = world_text(interface, "instanceId")[0] != '\0';
    markup_open(out, "item");
    markup_text(out, "networkInterfaceId", world_text(interface, "networkInterfaceId"));
    markup_text(out, "subnetId", world_text(interface, "subnetId"));
    markup_text(out, "vpcId", world_text(interface, "vpcId"));
    markup_text(out, "availabilityZone", world_text(interface, "availabilityZone"));
    markup_text(out, "description", world_text(interface, "description"));
    markup_text(out, "ownerId", call_account_id(call));
    markup_flag(out, "requesterManaged", world_flag(interface, "requesterManaged"));
    markup_text(out, "status", is_attached ? "in-use" : "available");
    markup_text(out, "macAddress", world_text(interface, "macAddress"));
    markup_text(out, "privateIpAddress", world_text(interface, "privateIpAddress"));
    markup_flag(out, "sourceDestCheck", true);
    ec2_write_groups(call, json_object_get(interface, "groups"));
    write_attachment(call, interface);
    ec2_write_tags(out, interface);
    write_association(out, interface);
    markup_open(out, "privateIpAddressesSet");
    markup_open(out, "item");
    markup_text(out, "privateIpAddress", world_text(interface, "privateIpAddress"));
    markup_flag(out, "primary", true);
    markup_close(out, "item");
    markup_close(out, "privateIpAddressesSet");
    markup_text(out, "interfaceType", "interface");
    markup_close(out, "item");
}

void sandbox_ec2_describe_network_interfaces(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "attachment.instance-id", "instanceId" },
        { "attachment.device-index", "deviceIndex" },
        { "network-interface-id", "networkInterfaceId" },
        { "group-id", "groups" },
        { "vpc-id", "vpcId" },
        { "subnet-id", "subnetId" },
        { "private-ip-address", "privateIpAddress" },
        { "association.public-ip", "publicIpAddress" },
        { "ipv6-addresses.ipv6-address", "ipv6Address" },
        { "requester-managed", "requesterManaged" },
        { "owner-id", "" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "NetworkInterfaceId", 0 };
    struct ec2_list list;
    if (!ec2_select(call, EC2_INTERFACE, &select, &list) || !call_may_proceed(call))
        return;
    markup_open(&call->body, "networkInterfaceSet");
    for (size_t at = 0; at < list.count; at++)
        write_interface(call, list.items[at]);
    markup_close(&call->body, "networkInterfaceSet");
    ec2_end_page(call, &select);
}

void sandbox_ec2_modify_network_interface_attribute(struct call *call)
{
    json_t *interface = ec2_find(call, EC2_INTERFACE, call_text(call, "NetworkInterfaceId"));
    if (interface == NULL)
        return;
    if (call_text(call, "SecurityGroupId.1") == NULL) {
        call_refuse(call, 400, "InvalidParameterCombination", "No attributes specified.");
        return;
    }
    if (world_flag(interface, "requesterManaged")) {
        call_refuse(call, 403, "AuthFailure",
            "You do not have permission to access the specified resource.");
        return;
    }
    json_auto_t *groups = ec2_groups_read(call, "SecurityGroupId", world_text(interface, "vpcId"));
    if (groups == NULL || !call_may_proceed(call))
        return;
    if (!json_equal(groups, json_object_get(interface, "groups")))
        call_set(call, interface, "groups", json_incref(groups));
    markup_flag(&call->body, "return", true);
}
