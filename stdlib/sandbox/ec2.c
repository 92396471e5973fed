#include "sandbox/ec2.h"

enum { GROUPS_PER_INTERFACE_MAX = 5 };

static const struct ec2_kind_info kinds[EC2_KIND_COUNT] = {
    [EC2_INSTANCE] = { "i-", "instances", "instanceId", "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound", "instance" },
    [EC2_INTERFACE] = { "eni-", "networkInterfaces", "networkInterfaceId",
        "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound",
        "networkInterface" },
    [EC2_GROUP] = { "sg-", "securityGroups", "groupId", "InvalidGroupId.Malformed",
        "InvalidGroup.NotFound", "security group" },
    [EC2_VOLUME] = { "vol-", "volumes", "volumeId", "InvalidVolumeID.Malformed",
        "InvalidVolume.NotFound", "volume" },
    [EC2_SNAPSHOT] = { "snap-", "snapshots", "snapshotId", "InvalidSnapshotID.Malformed",
        "InvalidSnapshot.NotFound", "snapshot" },
    [EC2_VPC] = { "vpc-", "vpcs", "vpcId", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound",
        "vpc" },
    [EC2_SUBNET] = { "subnet-", "subnets", "subnetId", "InvalidSubnetID.Malformed",
        "InvalidSubnetID.NotFound", "subnet" },
    [EC2_ACL] = { "acl-", "networkAcls", "networkAclId", "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound", "networkAcl" },
};

const struct ec2_kind_info *ec2_kind_info(enum ec2_kind kind)
{
    return &kinds[kind];
}

bool ec2_id_is_well_formed(const char *id, const char *prefix)
{
    size_t skip = strlen(prefix);
    if (strncmp(id, prefix, skip) != 0)
        return false;
    size_t len = strlen(id + skip);
    return (len == 8 || len == 17) && strspn(id + skip, "0123456789abcdef") == len;
}

enum ec2_kind ec2_kind_of(const char *id)
{
    enum ec2_kind kind = EC2_INSTANCE;
    while (
        kind < EC2_KIND_COUNT && strncmp(id, kinds[kind].prefix, strlen(kinds[kind].prefix)) != 0)
        kind++;
    return kind;
}

json_t *ec2_find(struct call *call, enum ec2_kind kind, const char *id)
{
    const struct ec2_kind_info *info = &kinds[kind];
    if (!ec2_id_is_well_formed(id, info->prefix)) {
        call_refuse(call, 400, info->malformed, "Invalid id: \"%s\" (expecting \"%s...\")", id,
            info->prefix);
        return NULL;
    }
    json_t *thing = world_find(call->region, info->collection, info->key, id);
    if (thing == NULL)
        call_refuse(call, 400, info->not_found, "The %s ID '%s' does not exist", info->noun, id);
    return thing;
}

bool ec2_named(struct call *call, enum ec2_kind kind, const char *name, struct ec2_list *ret_list)
{
    *ret_list = (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, FORM_PLACE_MAX), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return false;
    }
    for (size_t place = 1; place <= FORM_PLACE_MAX; place++) {
        const char *id = form_getf(&call->form, "%s.%zu", name, place);
        if (id == NULL)
            break;
        json_t *thing = ec2_find(call, kind, id);
        if (thing == NULL)
            return false;
        bool is_there = false;
        for (size_t at = 0; at < ret_list->count; at++)
            is_there |= ret_list->items[at] == thing;
        if (!is_there)
            ret_list->items[ret_list->count++] = thing;
    }
    return true;
}

void ec2_write_groups(struct call *call, const json_t *groups)
{
    markup_open(&call->body, "groupSet");
    size_t index;
    json_t *id;
    json_array_foreach(groups, index, id)
    {
        const json_t *group =
            world_find(call->region, "securityGroups", "groupId", json_string_value(id));
        markup_open(&call->body, "item");
        markup_text(&call->body, "groupId", json_string_value(id));
        markup_text(&call->body, "groupName", world_text(group, "groupName"));
        markup_close(&call->body, "item");
    }
    markup_close(&call->body, "groupSet");
}

json_t *ec2_groups_read(struct call *call, const char *name, const char *vpc)
{
    struct ec2_list groups;
    if (!ec2_named(call, EC2_GROUP, name, &groups))
        return NULL;
    if (groups.count > GROUPS_PER_INTERFACE_MAX) {
        call_refuse(call, 400, "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.");
        return NULL;
    }
    json_auto_t *ids = json_array();
    for (size_t at = 0; at < groups.count; at++) {
        if (strcmp(world_text(groups.items[at], "vpcId"), vpc) != 0) {
            call_refuse(call, 400, "InvalidParameter",
                "You have specified two resources that belong to different networks.");
            return NULL;
        }
        if (json_array_append(ids, json_object_get(groups.items[at], "groupId")) != 0) {
            call->err = ERR_MEMORY;
            return NULL;
        }
    }
    return json_incref(ids);
}
