#include "aws/replies.h"

/* Copies texts until the arena is full. */
struct keeper {
    struct arena *arena;
    bool is_full;
};

static str keep(struct keeper *keeper, str text)
{
    str copy = arena_copy(keeper->arena, text);
    keeper->is_full |= copy.ptr == NULL;
    return copy;
}

static enum err keep_end(const struct keeper *keeper)
{
    return keeper->is_full ? ERR_MEMORY : ERR_OK;
}

/* arn:aws:sts::111122223333:assumed-role/NAME/SESSION */
static void read_session(struct caller *caller)
{
    struct arn arn;
    if (!arn_read(caller->arn, &arn) || !str_startswith(arn.resource, STR("assumed-role/")))
        return;
    str rest = str_skip(arn.resource, strlen("assumed-role/"));
    caller->role = str_first(rest, str_find(rest, '/'));
    caller->session = path_last(rest);
}

enum err reply_caller(struct arena *arena, const struct xml *root, struct caller *ret_caller)
{
    struct keeper keeper = { .arena = arena };
    struct caller caller = {
        .account = keep(&keeper, xml_text(root, "GetCallerIdentityResult/Account")),
        .arn = keep(&keeper, xml_text(root, "GetCallerIdentityResult/Arn")),
        .role = { "", 0 },
        .session = { "", 0 },
    };
    TRY(keep_end(&keeper));
    if (caller.account.len == 0 || caller.arn.len == 0)
        return ERR_NOT_FOUND;
    read_session(&caller);
    *ret_caller = caller;
    return ERR_OK;
}

str reply_tag(const struct xml *node, const char *key)
{
    for (const struct xml *tag = xml_find(node, "tagSet/item"); tag != NULL; tag = xml_next(tag))
        if (str_is(xml_text(tag, "key"), key))
            return xml_text(tag, "value");
    return (str){ "", 0 };
}

static enum err read_volumes(
    struct keeper *keeper, const struct xml *item, struct instance *instance)
{
    const struct xml *device = xml_find(item, "blockDeviceMapping/item");
    for (; device != NULL; device = xml_next(device)) {
        str volume = xml_text(device, "ebs/volumeId");
        if (volume.len == 0)
            continue;
        if (instance->volumes_count == INSTANCE_VOLUMES_MAX)
            return ERR_LIMIT;
        instance->is_volume_lost[instance->volumes_count] =
            str_is(xml_text(device, "ebs/deleteOnTermination"), "true");
        instance->volumes[instance->volumes_count++] = keep(keeper, volume);
    }
    return ERR_OK;
}

enum err reply_instance(struct arena *arena, const struct xml *root, struct instance *ret_instance)
{
    struct keeper keeper = { .arena = arena };
    const struct xml *reservation = xml_find(root, "reservationSet/item");
    const struct xml *item = xml_find(reservation, "instancesSet/item");
    if (item == NULL)
        return ERR_NOT_FOUND;
    struct instance instance = {
        .id = keep(&keeper, xml_text(item, "instanceId")),
        .owner = keep(&keeper, xml_text(reservation, "ownerId")),
        .state = keep(&keeper, xml_text(item, "instanceState/name")),
        .vpc = keep(&keeper, xml_text(item, "vpcId")),
        .profile = keep(&keeper, xml_text(item, "iamInstanceProfile/arn")),
        .auto_scaling_group = keep(&keeper, reply_tag(item, "aws:autoscaling:groupName")),
        .metadata_endpoint = keep(&keeper, xml_text(item, "metadataOptions/httpEndpoint")),
        .metadata_state = keep(&keeper, xml_text(item, "metadataOptions/state")),
    };
    TRY(read_volumes(&keeper, item, &instance));
    TRY(keep_end(&keeper));
    *ret_instance = instance;
    return ERR_OK;
}

static enum err keep_one(struct arena *arena, str text, str *ret_text)
{
    if (text.len == 0)
        return ERR_NOT_FOUND;
    str copy = arena_copy(arena, text);
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    *ret_text = copy;
    return ERR_OK;
}

enum err reply_profile_role(struct arena *arena, const struct xml *root, str *ret_arn)
{
    return keep_one(arena,
        xml_text(root, "GetInstanceProfileResult/InstanceProfile/Roles/member/Arn"), ret_arn);
}

enum err reply_role(struct arena *arena, const struct xml *root, str *ret_arn)
{
    return keep_one(arena, xml_text(root, "GetRoleResult/Role/Arn"), ret_arn);
}

static enum err read_groups(struct keeper *keeper, const struct xml *item, value *ret_groups)
{
    value *groups = ARENA_ARRAY(keeper->arena, value, GROUPS_PER_INTERFACE_MAX);
    uint32_t count = 0;
    if (groups == NULL)
        return ERR_MEMORY;
    for (const struct xml *group = xml_find(item, "groupSet/item"); group != NULL;
         group = xml_next(group)) {
        if (count == GROUPS_PER_INTERFACE_MAX)
            return ERR_LIMIT;
        groups[count++] = value_text(keep(keeper, xml_text(group, "groupId")));
    }
    *ret_groups = value_list(groups, count);
    return ERR_OK;
}

enum err reply_interface(
    struct arena *arena, const struct xml *item, struct interface *ret_interface)
{
    struct keeper keeper = { .arena = arena };
    struct interface interface = {
        .id = keep(&keeper, xml_text(item, "networkInterfaceId")),
        .owner = keep(&keeper, xml_text(item, "ownerId")),
        .instance = keep(&keeper, xml_text(item, "attachment/instanceId")),
        .subnet = keep(&keeper, xml_text(item, "subnetId")),
    };
    TRY(read_groups(&keeper, item, &interface.groups));
    TRY(keep_end(&keeper));
    *ret_interface = interface;
    return interface.id.len > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static bool has_text(value texts, str wanted)
{
    for (uint32_t at = 0; at < texts.count; at++)
        if (str_equal(value_str(texts.items[at]), wanted))
            return true;
    return false;
}

bool texts_same(value a, value b)
{
    if (a.kind != VALUE_LIST || b.kind != VALUE_LIST || a.count != b.count)
        return false;
    for (uint32_t at = 0; at < a.count; at++)
        if (!has_text(b, value_str(a.items[at])) || !has_text(a, value_str(b.items[at])))
            return false;
    return true;
}

str texts_print(struct arena *arena, value texts)
{
    if (texts.kind != VALUE_LIST || texts.count == 0)
        return STR("none");
    const char *joined = "";
    for (uint32_t at = 0; at < texts.count && joined != NULL; at++)
        joined = arena_format(
            arena, "%s%s%.*s", joined, at == 0 ? "" : ", ", STR_ARG(value_str(texts.items[at])));
    return joined == NULL ? (str){ NULL, 0 } : str_from(joined);
}
