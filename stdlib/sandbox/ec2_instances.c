/* Instances and what can be changed about them. */
#include "sandbox/ec2.h"
#include "sandbox/operation.h"

/* How many looks a stopping or starting instance stays so. */
enum { LOOKS_UNTIL_SETTLED = 1 };

struct state {
    const char *name;
    int code;
    const char *next; /* what it becomes by itself, NULL: it stays */
};

static const struct state states[] = {
    { "pending", 0, "running" },
    { "running", 16, NULL },
    { "shutting-down", 32, "terminated" },
    { "terminated", 48, NULL },
    { "stopping", 64, "stopped" },
    { "stopped", 80, NULL },
};

/* The row of a state; an unknown name counts as terminated. */
static const struct state *state_of(const char *name)
{
    for (size_t at = 0; at < COUNT_OF(states); at++)
        if (strcmp(states[at].name, name) == 0)
            return &states[at];
    return &states[3];
}

static void write_state(struct buf *out, const char *tag, const char *name)
{
    markup_open(out, tag);
    markup_number(out, "code", state_of(name)->code);
    markup_text(out, "name", name);
    markup_close(out, tag);
}

static bool is_state(const json_t *instance, const char *state)
{
    return strcmp(world_text(instance, "state"), state) == 0;
}

static const char *some(const json_t *thing, const char *key)
{
    return json_string_value(json_object_get(thing, key));
}

/* The instance's interfaces in the order of their device index. */
static size_t interfaces_of(struct call *call, const json_t *instance, struct ec2_list *ret_list)
{
    const json_t *all = json_object_get(call->region, "networkInterfaces");
    *ret_list =
        (struct ec2_list){ ARENA_ARRAY(call->arena, json_t *, json_array_size(all) + 1), 0 };
    if (ret_list->items == NULL) {
        call->err = ERR_MEMORY;
        return 0;
    }
    size_t index;
    json_t *interface;
    json_array_foreach(all, index, interface)
    {
        if (strcmp(world_text(interface, "instanceId"), world_text(instance, "instanceId")) != 0)
            continue;
        size_t at = ret_list->count++;
        while (at > 0
               && world_number(ret_list->items[at - 1], "deviceIndex")
                      > world_number(interface, "deviceIndex")) {
            ret_list->items[at] = ret_list->items[at - 1];
            at--;
        }
        ret_list->items[at] = interface;
    }
    return ret_list->count;
}

static void write_interface(struct call *call, const json_t *interface)
{
    struct buf *out = &call->body;
    markup_open(out, "item");
    markup_text(out, "networkInterfaceId", world_text(interface, "networkInterfaceId"));
    markup_text(out, "subnetId", some(interface, "subnetId"));
    markup_text(out, "vpcId", some(interface, "vpcId"));
    markup_text(out, "description", world_text(interface, "description"));
    markup_text(out, "ownerId", call_account_id(call));
    markup_text(out, "status", "in-use");
    markup_text(out, "macAddress", some(interface, "macAddress"));
    markup_text(out, "privateIpAddress", some(interface, "privateIpAddress"));
    ec2_write_groups(call, json_object_get(interface, "groups"));
    markup_open(out, "attachment");
    markup_text(out, "attachmentId", some(interface, "attachmentId"));
    markup_number(out, "deviceIndex", world_number(interface, "deviceIndex"));
    markup_text(out, "status", "attached");
    markup_flag(out, "deleteOnTermination", world_number(interface, "deviceIndex") == 0);
    markup_close(out, "attachment");
    markup_open(out, "privateIpAddressesSet");
    markup_open(out, "item");
    markup_text(out, "privateIpAddress", some(interface, "privateIpAddress"));
    markup_flag(out, "primary", true);
    markup_close(out, "item");
    markup_close(out, "privateIpAddressesSet");
    markup_text(out, "interfaceType", "interface");
    markup_close(out, "item");
}

static void write_interfaces(struct call *call, const json_t *instance)
{
    struct ec2_list list;
    interfaces_of(call, instance, &list);
    if (list.count > 0)
        ec2_write_groups(call, json_object_get(list.items[0], "groups"));
    markup_open(&call->body, "networkInterfaceSet");
    for (size_t at = 0; at < list.count; at++)
        write_interface(call, list.items[at]);
    markup_close(&call->body, "networkInterfaceSet");
}

static void write_volumes(struct call *call, const json_t *instance)
{
    struct buf *out = &call->body;
    markup_open(out, "blockDeviceMapping");
    size_t index;
    json_t *volume;
    json_array_foreach(json_object_get(call->region, "volumes"), index, volume)
    {
        if (strcmp(world_text(volume, "instanceId"), world_text(instance, "instanceId")) != 0)
            continue;
        markup_open(out, "item");
        markup_text(out, "deviceName", world_text(volume, "device"));
        markup_open(out, "ebs");
        markup_text(out, "volumeId", world_text(volume, "volumeId"));
        markup_text(out, "status", "attached");
        markup_text(out, "attachTime", some(volume, "createTime"));
        markup_flag(out, "deleteOnTermination", world_flag(volume, "deleteOnTermination"));
        markup_close(out, "ebs");
        markup_close(out, "item");
    }
    markup_close(out, "blockDeviceMapping");
}

static void write_profile(struct call *call, const json_t *instance)
{
    const char *arn = some(instance, "iamInstanceProfileArn");
    if (arn == NULL)
        return;
    const json_t *profile = world_find(call->account, "instanceProfiles", "arn", arn);
    markup_open(&call->body, "iamInstanceProfile");
    markup_text(&call->body, "arn", arn);
    markup_text(&call->body, "id", world_text(profile, "instanceProfileId"));
    markup_close(&call->body, "iamInstanceProfile");
}

static void write_instance(struct call *call, const json_t *instance)
{
    struct buf *out = &call->body;
    markup_open(out, "item");
    markup_text(out, "instanceId", world_text(instance, "instanceId"));
    markup_text(out, "imageId", some(instance, "imageId"));
    write_state(out, "instanceState", world_text(instance, "state"));
    markup_text(out, "privateDnsName", "");
    markup_text(out, "dnsName", "");
    markup_text(out, "instanceType", some(instance, "instanceType"));
    markup_text(out, "launchTime", some(instance, "launchTime"));
    markup_open(out, "placement");
    markup_text(out, "availabilityZone", some(instance, "availabilityZone"));
    markup_text(out, "tenancy", "default");
    markup_close(out, "placement");
    markup_text(out, "platform", some(instance, "platform"));
    markup_text(out, "subnetId", some(instance, "subnetId"));
    markup_text(out, "vpcId", some(instance, "vpcId"));
    markup_text(out, "privateIpAddress", some(instance, "privateIpAddress"));
    markup_text(out, "ipAddress", some(instance, "publicIpAddress"));
    markup_text(out, "architecture", "x86_64");
    markup_text(out, "rootDeviceType", some(instance, "rootDeviceType"));
    markup_text(out, "rootDeviceName", some(instance, "rootDeviceName"));
    if (!is_state(instance, "terminated"))
        ec2_write_metadata(out, "metadataOptions", instance);
    write_profile(call, instance);
    write_volumes(call, instance);
    write_interfaces(call, instance);
    ec2_write_tags(out, instance);
    markup_close(out, "item");
}

/* Every look lets time pass for what is on its way from one state to the next. */
static void pass_time(struct call *call)
{
    size_t index;
    json_t *instance;
    json_array_foreach(json_object_get(call->region, "instances"), index, instance)
    {
        const char *next = state_of(world_text(instance, "state"))->next;
        ec2_settle_metadata(instance);
        long long looks = world_number(instance, "looksLeft");
        if (next == NULL)
            continue;
        int failed = looks > 1 ? json_object_set_new(instance, "looksLeft", json_integer(looks - 1))
                               : json_object_set_new(instance, "state", json_string(next));
        if (looks <= 1)
            json_object_del(instance, "looksLeft");
        if (failed != 0)
            call->err = ERR_MEMORY;
    }
}

void sandbox_ec2_describe_instances(struct call *call)
{
    static const struct ec2_filter filters[] = {
        { "instance-id", "instanceId" },
        { "instance-state-name", "state" },
        { "instance-type", "instanceType" },
        { "image-id", "imageId" },
        { "vpc-id", "vpcId" },
        { "subnet-id", "subnetId" },
        { "availability-zone", "availabilityZone" },
        { "private-ip-address", "privateIpAddress" },
        { "ip-address", "publicIpAddress" },
        { "iam-instance-profile.arn", "iamInstanceProfileArn" },
        { "owner-id", "" },
    };
    struct ec2_select select = { filters, COUNT_OF(filters), "InstanceId", 0 };
    struct ec2_list list;
    if (!ec2_select(call, EC2_INSTANCE, &select, &list) || !call_may_proceed(call))
        return;
    struct buf *out = &call->body;
    markup_open(out, "reservationSet");
    for (size_t at = 0; at < list.count; at++) {
        markup_open(out, "item");
        markup_text(out, "reservationId", some(list.items[at], "reservationId"));
        markup_text(out, "ownerId", call_account_id(call));
        markup_open(out, "groupSet");
        markup_close(out, "groupSet");
        markup_open(out, "instancesSet");
        write_instance(call, list.items[at]);
        markup_close(out, "instancesSet");
        markup_close(out, "item");
    }
    markup_close(out, "reservationSet");
    ec2_end_page(call, &select);
    pass_time(call);
}

static bool may_stop(struct call *call, const json_t *instance)
{
    const char *id = world_text(instance, "instanceId");
    if (!is_state(instance, "running") && !is_state(instance, "stopping")
        && !is_state(instance, "stopped"))
        return call_refuse(call, 400, "IncorrectInstanceState",
            "This instance '%s' is not in a state from which it can be stopped.", id);
    if (world_flag(instance, "disableApiStop"))
        return call_refuse(call, 400, "OperationNotPermitted",
            "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance "
            "attribute and try again.",
            id);
    if (strcmp(world_text(instance, "rootDeviceType"), "instance-store") == 0)
        return call_refuse(call, 400, "UnsupportedOperation",
            "The instance '%s' does not have an 'ebs' root device type and cannot be stopped.", id);
    return true;
}

static bool may_start(struct call *call, const json_t *instance)
{
    if (is_state(instance, "stopped") || is_state(instance, "pending")
        || is_state(instance, "running"))
        return true;
    return call_refuse(call, 400, "IncorrectInstanceState",
        "The instance '%s' is not in a state from which it can be started.",
        world_text(instance, "instanceId"));
}

/* Bring the named instances from state `from` to `to`, all or none, and answer. */
static void change_state(struct call *call, bool (*may)(struct call *call, const json_t *instance),
    const char *from, const char *to)
{
    struct ec2_list list;
    if (!ec2_named(call, EC2_INSTANCE, "InstanceId", &list))
        return;
    for (size_t at = 0; at < list.count; at++)
        if (!may(call, list.items[at]))
            return;
    if (!call_may_proceed(call))
        return;
    markup_open(&call->body, "instancesSet");
    for (size_t at = 0; at < list.count; at++) {
        json_t *instance = list.items[at];
        markup_open(&call->body, "item");
        markup_text(&call->body, "instanceId", world_text(instance, "instanceId"));
        bool is_changed = is_state(instance, from);
        write_state(&call->body, "currentState", is_changed ? to : world_text(instance, "state"));
        write_state(&call->body, "previousState", world_text(instance, "state"));
        markup_close(&call->body, "item");
        if (is_changed) {
            call_set(call, instance, "state", json_string(to));
            call_set(call, instance, "looksLeft", json_integer(LOOKS_UNTIL_SETTLED));
        }
    }
    markup_close(&call->body, "instancesSet");
}

void sandbox_ec2_stop_instances(struct call *call)
{
    bool force = false;
    bool hibernate = false;
    bool skip = false;
    if (!call_flag(call, "Force", &force) || !call_flag(call, "Hibernate", &hibernate)
        || !call_flag(call, "SkipOsShutdown", &skip))
        return;
    if (hibernate) {
        call_refuse(call, 400, "UnsupportedHibernationConfiguration",
            "The instance is not configured for hibernation.");
        return;
    }
    change_state(call, may_stop, "running", "stopping");
}

void sandbox_ec2_start_instances(struct call *call)
{
    change_state(call, may_start, "stopped", "pending");
}

/* What goes with an instance: its first interface and the volumes that are to; the others are
 * free from then on. */
static void let_go(struct call *call, json_t *instance)
{
    static const char *const held[] = { "vpcId", "subnetId", "privateIpAddress", "publicIpAddress",
        "iamInstanceProfileArn", "metadata" };
    const char *id = world_text(instance, "instanceId");
    json_t *interfaces = json_object_get(call->region, "networkInterfaces");
    json_t *volumes = json_object_get(call->region, "volumes");
    for (size_t at = json_array_size(interfaces); at-- > 0;) {
        json_t *interface = json_array_get(interfaces, at);
        if (strcmp(world_text(interface, "instanceId"), id) != 0)
            continue;
        if (world_number(interface, "deviceIndex") == 0)
            call_remove(call, call->region, "networkInterfaces", interface);
        else
            call_unset(call, interface, "instanceId");
    }
    for (size_t at = json_array_size(volumes); at-- > 0;) {
        json_t *volume = json_array_get(volumes, at);
        if (strcmp(world_text(volume, "instanceId"), id) != 0)
            continue;
        if (world_flag(volume, "deleteOnTermination")) {
            call_remove(call, call->region, "volumes", volume);
        } else {
            call_unset(call, volume, "instanceId");
            call_set(call, volume, "state", json_string("available"));
        }
    }
    for (size_t at = 0; at < COUNT_OF(held); at++)
        call_unset(call, instance, held[at]);
}

static bool may_terminate(struct call *call, const json_t *instance)
{
    if (!world_flag(instance, "disableApiTermination") || is_state(instance, "terminated"))
        return true;
    return call_refuse(call, 400, "OperationNotPermitted",
        "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance "
        "attribute and try again.",
        world_text(instance, "instanceId"));
}

void sandbox_ec2_terminate_instances(struct call *call)
{
    bool force = false, skip = false;
    struct ec2_list list;
    if (!call_flag(call, "Force", &force) || !call_flag(call, "SkipOsShutdown", &skip)
        || !ec2_named(call, EC2_INSTANCE, "InstanceId", &list))
        return;
    for (size_t at = 0; at < list.count; at++)
        if (!may_terminate(call, list.items[at]))
            return;
    if (!call_may_proceed(call))
        return;
    markup_open(&call->body, "instancesSet");
    for (size_t at = 0; at < list.count; at++) {
        json_t *instance = list.items[at];
        bool is_there = !is_state(instance, "terminated") && !is_state(instance, "shutting-down");
        markup_open(&call->body, "item");
        markup_text(&call->body, "instanceId", world_text(instance, "instanceId"));
        write_state(&call->body, "currentState",
            is_there ? "shutting-down" : world_text(instance, "state"));
        write_state(&call->body, "previousState", world_text(instance, "state"));
        markup_close(&call->body, "item");
        if (!is_there)
            continue;
        call_set(call, instance, "state", json_string("shutting-down"));
        call_set(call, instance, "looksLeft", json_integer(LOOKS_UNTIL_SETTLED));
        let_go(call, instance);
    }
    markup_close(&call->body, "instancesSet");
}

static void write_flag_attribute(struct call *call, const json_t *instance, const char *name)
{
    markup_open(&call->body, name);
    markup_flag(&call->body, "value", world_flag(instance, name));
    markup_close(&call->body, name);
}

void sandbox_ec2_describe_instance_attribute(struct call *call)
{
    const char *name = call_text(call, "Attribute");
    const json_t *instance = ec2_find(call, EC2_INSTANCE, call_text(call, "InstanceId"));
    if (instance == NULL || !call_may_proceed(call))
        return;
    markup_text(&call->body, "instanceId", world_text(instance, "instanceId"));
    struct ec2_list interfaces;
    if (strcmp(name, "disableApiStop") == 0 || strcmp(name, "disableApiTermination") == 0) {
        write_flag_attribute(call, instance, name);
    } else if (strcmp(name, "instanceInitiatedShutdownBehavior") == 0) {
        markup_open(&call->body, name);
        markup_text(&call->body, "value", world_text(instance, name));
        markup_close(&call->body, name);
    } else if (strcmp(name, "groupSet") == 0) {
        ec2_write_groups(call, interfaces_of(call, instance, &interfaces) == 0
                                   ? NULL
                                   : json_object_get(interfaces.items[0], "groups"));
    } else {
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter attribute is invalid. Unknown attribute.", name);
    }
}

/* One interface alone: with more, EC2 wants to know which (trap for callers: the code
 * reads as if the instance were wrong). */
static void set_groups(struct call *call, json_t *instance)
{
    struct ec2_list interfaces;
    const char *id = world_text(instance, "instanceId");
    size_t count = interfaces_of(call, instance, &interfaces);
    if (count > 1) {
        call_refuse(call, 400, "InvalidInstanceID",
            "There are multiple interfaces attached to instance '%s'. Please specify an interface "
            "ID for the operation instead.",
            id);
        return;
    }
    if (count == 0) {
        call_refuse(
            call, 400, "IncorrectInstanceState", "The instance '%s' has no network interface.", id);
        return;
    }
    json_t *interface = interfaces.items[0];
    json_auto_t *groups = ec2_groups_read(call, "GroupId", world_text(interface, "vpcId"));
    if (groups == NULL || !call_may_proceed(call))
        return;
    if (!json_equal(groups, json_object_get(interface, "groups")))
        call_set(call, interface, "groups", json_incref(groups));
    markup_flag(&call->body, "return", true);
}

static void set_attribute(struct call *call, json_t *instance, const char *name, json_t *value)
{
    if (call_may_proceed(call)) {
        if (!json_equal(json_object_get(instance, name), value))
            call_set(call, instance, name, json_incref(value));
        markup_flag(&call->body, "return", true);
    }
    json_decref(value);
}

static void set_flag(struct call *call, json_t *instance, const char *parameter, const char *name)
{
    bool flag = false;
    if (call_flag(call, parameter, &flag))
        set_attribute(call, instance, name, json_boolean(flag));
}

static void set_shutdown(struct call *call, json_t *instance, const char *behaviour)
{
    if (strcmp(behaviour, "stop") != 0 && strcmp(behaviour, "terminate") != 0)
        call_refuse(call, 400, "InvalidParameterValue",
            "Value (%s) for parameter instanceInitiatedShutdownBehavior is invalid.", behaviour);
    else
        set_attribute(call, instance, "instanceInitiatedShutdownBehavior", json_string(behaviour));
}

void sandbox_ec2_modify_instance_attribute(struct call *call)
{
    const char *shutdown = call_text(call, "InstanceInitiatedShutdownBehavior.Value");
    bool has_stop = call_text(call, "DisableApiStop.Value") != NULL;
    bool has_termination = call_text(call, "DisableApiTermination.Value") != NULL;
    bool has_groups = call_text(call, "GroupId.1") != NULL;
    json_t *instance = ec2_find(call, EC2_INSTANCE, call_text(call, "InstanceId"));
    if (instance == NULL)
        return;
    if (has_groups + has_stop + has_termination + (shutdown != NULL) != 1)
        call_refuse(
            call, 400, "InvalidParameterCombination", "Exactly one attribute must be specified.");
    else if (is_state(instance, "terminated"))
        call_refuse(call, 400, "IncorrectInstanceState", "The instance '%s' is terminated.",
            world_text(instance, "instanceId"));
    else if (has_groups)
        set_groups(call, instance);
    else if (has_stop)
        set_flag(call, instance, "DisableApiStop.Value", "disableApiStop");
    else if (has_termination)
        set_flag(call, instance, "DisableApiTermination.Value", "disableApiTermination");
    else
        set_shutdown(call, instance, shutdown);
}
