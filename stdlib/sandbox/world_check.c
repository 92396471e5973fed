#include "sandbox/world_check.h"
#include "sandbox/world.h"

/* What the operations rely on. `holder` is the member whose array holds the things. */
struct member {
    const char *holder;
    const char *name;
    json_type type;
};

static const struct member account_members[] = {
    { "credentials", "accessKeyId", JSON_STRING },
    { "credentials", "secretAccessKey", JSON_STRING },
    { "credentials", "arn", JSON_STRING },
    { "credentials", "userId", JSON_STRING },
    { "roles", "roleName", JSON_STRING },
    { "roles", "path", JSON_STRING },
    { "roles", "arn", JSON_STRING },
    { "roles", "policies", JSON_OBJECT },
    { "users", "userName", JSON_STRING },
    { "users", "arn", JSON_STRING },
    { "users", "policies", JSON_OBJECT },
    { "users", "accessKeys", JSON_ARRAY },
    { "managedPolicies", "arn", JSON_STRING },
    { "managedPolicies", "document", JSON_STRING },
    { "instanceProfiles", "instanceProfileName", JSON_STRING },
    { "instanceProfiles", "path", JSON_STRING },
    { "instanceProfiles", "arn", JSON_STRING },
    { "instanceProfiles", "roles", JSON_ARRAY },
    { "regions", "region", JSON_STRING },
    { "buckets", "name", JSON_STRING },
    { "buckets", "region", JSON_STRING },
    { "buckets", "objects", JSON_ARRAY },
};

static const struct member region_members[] = {
    { "vpcs", "vpcId", JSON_STRING },
    { "subnets", "subnetId", JSON_STRING },
    { "securityGroups", "groupId", JSON_STRING },
    { "securityGroups", "groupName", JSON_STRING },
    { "securityGroups", "vpcId", JSON_STRING },
    { "securityGroups", "rules", JSON_ARRAY },
    { "instances", "instanceId", JSON_STRING },
    { "instances", "state", JSON_STRING },
    { "networkInterfaces", "networkInterfaceId", JSON_STRING },
    { "networkInterfaces", "vpcId", JSON_STRING },
    { "networkInterfaces", "groups", JSON_ARRAY },
    { "volumes", "volumeId", JSON_STRING },
    { "volumes", "state", JSON_STRING },
    { "snapshots", "snapshotId", JSON_STRING },
    { "snapshots", "state", JSON_STRING },
    { "commands", "commandId", JSON_STRING },
    { "queues", "queueName", JSON_STRING },
    { "queues", "messages", JSON_ARRAY },
    { "detectors", "detectorId", JSON_STRING },
    { "detectors", "findings", JSON_ARRAY },
    { "functions", "functionName", JSON_STRING },
    { "functions", "events", JSON_ARRAY },
    { "apis", "path", JSON_STRING },
    { "apis", "calls", JSON_ARRAY },
    { "ipSets", "name", JSON_STRING },
    { "ipSets", "id", JSON_STRING },
    { "ipSets", "scope", JSON_STRING },
    { "ipSets", "addresses", JSON_ARRAY },
    { "networkAcls", "networkAclId", JSON_STRING },
    { "networkAcls", "vpcId", JSON_STRING },
    { "networkAcls", "subnets", JSON_ARRAY },
    { "networkAcls", "entries", JSON_ARRAY },
};

/* NULL, or a sentence in `arena` about the first of `members` that `place` lacks. A
 * holder that is absent becomes an empty array, so that things can be added to it. */
static const char *members_fault(
    json_t *place, const struct member *members, size_t count, struct arena *arena)
{
    for (size_t at = 0; at < count; at++) {
        const struct member *member = &members[at];
        json_t *holder = json_object_get(place, member->holder);
        if (holder == NULL && json_object_set_new(place, member->holder, json_array()) == 0)
            continue;
        if (!json_is_array(holder))
            return arena_format(arena, "\"%s\" is not a list", member->holder);
        for (size_t n = 0; n < json_array_size(holder); n++) {
            const json_t *value = json_object_get(json_array_get(holder, n), member->name);
            if (value == NULL || json_typeof(value) != member->type)
                return arena_format(arena, "element %zu of \"%s\" has no proper \"%s\"", n,
                    member->holder, member->name);
        }
    }
    return NULL;
}

static bool all_text(const json_t *array)
{
    size_t index;
    json_t *value;
    json_array_foreach(array, index, value) if (!json_is_string(value)) return false;
    return true;
}

/* NULL, or a sentence about a group that an interface names and that is not there. */
static const char *groups_fault(const json_t *region, struct arena *arena)
{
    size_t index, nth;
    json_t *interface, *group;
    json_array_foreach(json_object_get(region, "networkInterfaces"), index, interface)
    {
        const json_t *groups = json_object_get(interface, "groups");
        if (!all_text(groups))
            return "\"groups\" of a network interface is not a list of ids";
        json_array_foreach(groups, nth,
            group) if (world_find(region, "securityGroups", "groupId", json_string_value(group))
                       == NULL) return arena_format(arena,
            "the interface %s names the group %s, which is not there",
            world_text(interface, "networkInterfaceId"), json_string_value(group));
    }
    return NULL;
}

/* NULL, or a sentence about an ACL that has something else than subnets. */
static const char *acls_fault(const json_t *region, struct arena *arena)
{
    size_t index, nth;
    json_t *acl, *subnet;
    json_array_foreach(json_object_get(region, "networkAcls"), index, acl)
        json_array_foreach(json_object_get(acl, "subnets"), nth,
            subnet) if (!json_is_string(subnet)
                        || strncmp(json_string_value(subnet), "subnet-", 7)
                               != 0) return arena_format(arena,
            "\"subnets\" of the network ACL %s is not a list of ids of subnets",
            world_text(acl, "networkAclId"));
    return NULL;
}

/* NULL, or a sentence about a rule of a group that says nothing about traffic. */
static const char *rules_fault(const json_t *region, struct arena *arena)
{
    size_t index, nth;
    json_t *group, *rule;
    json_array_foreach(json_object_get(region, "securityGroups"), index, group) json_array_foreach(
        json_object_get(group, "rules"), nth,
        rule) if (world_text(rule, "securityGroupRuleId")[0] == '\0'
                  || world_text(rule, "ipProtocol")[0] == '\0'
                  || !json_is_boolean(json_object_get(rule, "isEgress"))
                  || !json_is_integer(json_object_get(rule, "fromPort"))
                  || !json_is_integer(json_object_get(rule, "toPort"))) return arena_format(arena,
        "element %zu of \"rules\" of the group %s lacks one of securityGroupRuleId, "
        "isEgress, ipProtocol, fromPort, toPort",
        nth, world_text(group, "groupId"));
    return NULL;
}

static const char *states_fault(const json_t *region, struct arena *arena)
{
    static const char *const states[] = { "pending", "running", "shutting-down", "terminated",
        "stopping", "stopped" };
    size_t index;
    json_t *instance;
    json_array_foreach(json_object_get(region, "instances"), index, instance)
    {
        size_t at = 0;
        while (at < COUNT_OF(states) && strcmp(states[at], world_text(instance, "state")) != 0)
            at++;
        if (at == COUNT_OF(states))
            return arena_format(arena, "the instance %s is '%s', which is no state",
                world_text(instance, "instanceId"), world_text(instance, "state"));
    }
    return NULL;
}

static bool policies_are_text(const json_t *owner)
{
    const char *name;
    json_t *document;
    json_object_foreach(json_object_get(owner, "policies"), name,
        document) if (!json_is_string(document)) return false;
    return true;
}

static const char *roles_fault(const json_t *account)
{
    size_t index;
    json_t *thing;
    json_array_foreach(json_object_get(account, "instanceProfiles"), index,
        thing) if (!all_text(json_object_get(thing,
                       "roles"))) return "\"roles\" of an instance profile is not a list of names";
    json_array_foreach(json_object_get(account, "roles"), index, thing) if (
        json_object_get(thing, "attachedPolicies") != NULL
        && !all_text(json_object_get(
            thing, "attachedPolicies"))) return "\"attachedPolicies\" of a role is not a list of "
                                                "ARNs";
    json_array_foreach(json_object_get(account, "users"), index,
        thing) if (!policies_are_text(thing)) return "\"policies\" of a user holds something else "
                                                     "than policy documents as text";
    json_array_foreach(json_object_get(account, "roles"), index,
        thing) if (!policies_are_text(thing)) return "\"policies\" of a role holds something else "
                                                     "than policy documents as text";
    return NULL;
}

const char *world_account_fault(json_t *account, struct arena *arena)
{
    const char *id = world_text(account, "account");
    if (strlen(id) != 12 || strspn(id, "0123456789") != 12)
        return "an element of \"accounts\" has no \"account\" of twelve digits";
    const char *status = world_text(account, "status");
    if (json_object_get(account, "status") != NULL && strcmp(status, "ACTIVE") != 0
        && strcmp(status, "SUSPENDED") != 0 && strcmp(status, "PENDING_CLOSURE") != 0)
        return "\"status\" of an account is none of ACTIVE, SUSPENDED and PENDING_CLOSURE";
    const char *fault = members_fault(account, account_members, COUNT_OF(account_members), arena);
    if (fault == NULL)
        fault = roles_fault(account);
    size_t index;
    json_t *region;
    json_array_foreach(json_object_get(account, "regions"), index, region)
    {
        const char *opted = world_text(region, "optInStatus");
        if (fault == NULL && json_object_get(region, "optInStatus") != NULL
            && strcmp(opted, "not-opted-in") != 0 && strcmp(opted, "opted-in") != 0
            && strcmp(opted, "opt-in-not-required") != 0)
            fault = "\"optInStatus\" of a region is none of opted-in, not-opted-in and "
                    "opt-in-not-required";
        if (fault == NULL)
            fault = members_fault(region, region_members, COUNT_OF(region_members), arena);
        if (fault == NULL)
            fault = groups_fault(region, arena);
        if (fault == NULL)
            fault = rules_fault(region, arena);
        if (fault == NULL)
            fault = acls_fault(region, arena);
        if (fault == NULL)
            fault = states_fault(region, arena);
    }
    return fault;
}
