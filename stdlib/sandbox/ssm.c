/* Commands on instances. An agent is on every running instance, unless the instance has
 * "ssmAgent": false; it is lost while the role of its instance is denied Systems Manager, or no
 * network interface has a security group that lets anything out. What is sent is not run but
 * taken at its word: where the script of AWS-RunShellScript begins by reading an address to
 * upload to (CDR_PUT), a small archive is put there, as that address allows, and told as the
 * collector tells it. In the world: a region's
 * "commands": [{"commandId", "instanceId", "comment", "documentName", "requestedAt", "status",
 * "looks", "output"}]. */
#include "auth/sigv4.h"
#include "base/percent.h"
#include "base/sha256.h"
#include "sandbox/iam_policy.h"
#include "sandbox/operation.h"
#include "sandbox/ssm.h"

enum {
    LOOKS_UNDER_WAY = 2, /* GetCommandInvocation so often before it has ended */
    TEXT_BYTES_MAX = 64 * 1024,
    LISTED_MAX = 50,
};

static bool is_agent(const json_t *instance)
{
    return json_object_get(instance, "ssmAgent") != json_false()
           && strcmp(world_text(instance, "state"), "terminated") != 0;
}

/* The role that the instance acts as, or NULL. */
static const json_t *find_role(const struct call *call, const json_t *instance)
{
    const json_t *profile = world_find(
        call->account, "instanceProfiles", "arn", world_text(instance, "iamInstanceProfileArn"));
    const char *name = json_string_value(json_array_get(json_object_get(profile, "roles"), 0));
    return name == NULL ? NULL : world_find(call->account, "roles", "roleName", name);
}

static bool group_lets_out(const struct call *call, const char *id)
{
    size_t index;
    json_t *rule;
    const json_t *group = world_find(call->region, "securityGroups", "groupId", id);
    json_array_foreach(json_object_get(group, "rules"), index, rule)
    {
        if (world_flag(rule, "isEgress"))
            return true;
    }
    return false;
}

/* Whether an interface of the instance has a group that lets something out. */
static bool has_way_out(const struct call *call, const char *instance)
{
    size_t index, nth;
    json_t *interface, *group;
    json_array_foreach(json_object_get(call->region, "networkInterfaces"), index, interface)
    {
        if (strcmp(world_text(interface, "instanceId"), instance) != 0)
            continue;
        json_array_foreach(json_object_get(interface, "groups"), nth, group)
        {
            if (group_lets_out(call, json_string_value(group)))
                return true;
        }
    }
    return false;
}

static bool is_online(const struct call *call, const json_t *instance)
{
    const json_t *role = find_role(call, instance);
    return strcmp(world_text(instance, "state"), "running") == 0
           && has_way_out(call, world_text(instance, "instanceId"))
           && (role == NULL || !iam_role_denies(role, "ssm:UpdateInstanceInformation", ""));
}

static void describe_one(struct call *call, const json_t *instance)
{
    const char *platform = world_text(instance, "platform");
    json_array_append_new(json_object_get(call->json, "InstanceInformationList"),
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "InstanceId", world_text(instance, "instanceId"),
            "PingStatus", is_online(call, instance) ? "Online" : "ConnectionLost", "PlatformType",
            platform[0] != '\0' ? "Windows" : "Linux", "AgentVersion", "3.3.2299.0",
            "LastPingDateTime", (json_int_t)(call->now_ms / 1000), "ResourceType", "EC2Instance"));
}

void sandbox_ssm_describe_instance_information(struct call *call)
{
    const char *key = call_text(call, "Filters.1.Key");
    const char *wanted = call_text(call, "Filters.1.Values.1");
    size_t index;
    json_t *instance;
    if (key != NULL && (strcmp(key, "InstanceIds") != 0 || wanted == NULL)) {
        call_refuse(call, 400, "InvalidFilterKey", "The sandbox filters by InstanceIds.");
        return;
    }
    json_object_set_new(call->json, "InstanceInformationList", json_array());
    json_array_foreach(json_object_get(call->region, "instances"), index, instance)
    {
        bool is_wanted = wanted == NULL || strcmp(wanted, world_text(instance, "instanceId")) == 0;
        if (is_wanted && is_agent(instance))
            describe_one(call, instance);
    }
}

/* The instance of the call, if a command may be sent there; NULL: refused. */
static json_t *find_target(struct call *call)
{
    const char *id = call_text(call, "InstanceIds.1");
    json_t *instance = world_find(call->region, "instances", "instanceId", id);
    if (instance != NULL && is_agent(instance) && is_online(call, instance)
        && call_text(call, "InstanceIds.2") == NULL)
        return instance;
    call_refuse(call, 400, "InvalidInstanceId", "Instances not in a valid state for account");
    return NULL;
}

/* ---- what the collector would do ---- */

/* Whether the script is the collector: it begins as cdr sends it. */
static bool is_collector(const struct call *call)
{
    const char *first = call_text(call, "Parameters.commands.1");
    return first != NULL && strcmp(first, "read -r CDR_PUT <<'CDR_END'") == 0
           && call_text(call, "Parameters.commands.2") != NULL;
}

/* PUT the address that was sent, over the sandbox's own door. The status. */
static int upload(struct call *call, str address, str body)
{
    str rest = str_skip(address, str_find(address, ':') + 3);
    str host = str_first(rest, str_find(rest, '/'));
    str path = str_skip(rest, host.len);
    str plain = str_first(path, str_find(path, '?'));
    struct http_header headers[] = { { STR("host"), host }, { STR("if-none-match"), STR("*") } };
    struct sigv4_request request = { STR("PUT"), plain, str_skip(path, plain.len + 1), headers,
        COUNT_OF(headers), body };
    struct call put = { .world = call->world,
        .arena = call->arena,
        .now_ms = call->now_ms,
        .request_id = call->request_id,
        .service = "",
        .region_name = "",
        .operation_name = "",
        .target = "",
        .body = BUF_INIT(TEXT_BYTES_MAX) };
    sandbox_put(&put, &request);
    buf_release(&put.body);
    return put.error_code == NULL ? 200 : put.status;
}

/* The last line of the collector's output. */
static const char *collect(struct call *call)
{
    const char *profile = call_text(call, "Parameters.commands.4");
    str body = str_from(arena_format(call->arena, "an archive of %s, as the sandbox packs it\n",
        call_text(call, "InstanceIds.1")));
    char hash[SHA256_HEX_SIZE];
    call->err = body.ptr == NULL ? ERR_MEMORY : sha256_hex(body, hash);
    if (call->err != ERR_OK)
        return NULL;
    int status = upload(call, str_from(call_text(call, "Parameters.commands.2")), body);
    return arena_format(call->arena,
        "{\"cdr\":\"triage\",\"version\":2,\"profile\":\"%s\",\"state\":\"%s\",\"uploaded\":\"%s\","
        "\"sha256\":\"%s\",\"bytes\":%zu,\"files\":3,\"skipped\":0,\"cut\":0,\"seconds\":1,"
        "\"clock_offset\":0,\"why\":\"%s\"}\n",
        profile != NULL && strstr(profile, "full") != NULL ? "full" : "quick",
        status == 200 || status == 412 ? "complete" : "failed",
        status == 200   ? "yes"
        : status == 412 ? "exists"
                        : "no",
        hash, body.len, status == 200 || status == 412 ? "" : "the upload was refused");
}

/* ---- commands ---- */

static json_t *command_told(const json_t *command)
{
    return json_pack("{s:s,s:s,s:s,s:[s],s:s,s:s,s:I}", "CommandId",
        world_text(command, "commandId"), "Comment", world_text(command, "comment"), "DocumentName",
        world_text(command, "documentName"), "InstanceIds", world_text(command, "instanceId"),
        "Status", world_text(command, "status"), "StatusDetails", world_text(command, "status"),
        "RequestedDateTime", (json_int_t)world_number(command, "requestedAt"));
}

static bool is_bounded(struct call *call)
{
    const char *comment = call_text(call, "Comment");
    const char *seconds = call_text(call, "Parameters.executionTimeout.1");
    long long delivery_s = 3600;
    size_t bytes = 0;
    for (size_t at = 0; at < call->form.count; at++)
        bytes += strlen(call->form.parameters[at].value);
    if (!call_number(call, "TimeoutSeconds", 30, 2592000, &delivery_s))
        return false;
    if (comment != NULL && strlen(comment) > 100)
        return call_refuse(call, 400, "ValidationException", "Comment has at most 100 characters");
    if (seconds != NULL && strspn(seconds, "0123456789") != strlen(seconds))
        return call_refuse(call, 400, "InvalidParameters", "executionTimeout is a number");
    if (bytes > TEXT_BYTES_MAX)
        return call_refuse(call, 400, "MaxDocumentSizeExceeded", "The size limit is 64 KB");
    return true;
}

void sandbox_ssm_send_command(struct call *call)
{
    const char *document = call_text(call, "DocumentName");
    const char *comment = call_text(call, "Comment");
    json_t *instance = find_target(call);
    if (instance == NULL || !is_bounded(call))
        return;
    if (strcmp(document, "AWS-RunShellScript") != 0) {
        call_refuse(call, 400, "InvalidDocument", "The sandbox has AWS-RunShellScript alone.");
        return;
    }
    if (!call_may_proceed(call))
        return;
    const char *output = is_collector(call) ? collect(call) : "";
    const char *id = world_mint(call->world, call->arena, "5a5db0c5-0000-4000-8000");
    json_t *command = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:i,s:s}", "commandId", id, "instanceId",
        world_text(instance, "instanceId"), "comment", comment == NULL ? "" : comment,
        "documentName", document, "requestedAt", (json_int_t)(call->now_ms / 1000), "status",
        "InProgress", "looks", 0, "output", output);
    json_object_set_new(call->json, "Command", command_told(command));
    call_add(call, call->region, "commands", command);
}

void sandbox_ssm_list_commands(struct call *call)
{
    const char *wanted = call_text(call, "InstanceId");
    const json_t *commands = json_object_get(call->region, "commands");
    long long most = LISTED_MAX, skip = 0, at = 0;
    json_t *told = json_array();
    json_object_set_new(call->json, "Commands", told);
    if (!call_number(call, "MaxResults", 1, LISTED_MAX, &most)
        || !call_number(call, "NextToken", 1, 1000000, &skip))
        return;
    for (size_t n = json_array_size(commands); n > 0; n--) {
        const json_t *command = json_array_get(commands, n - 1);
        if (wanted != NULL && strcmp(wanted, world_text(command, "instanceId")) != 0)
            continue;
        if (at >= skip && at < skip + most)
            json_array_append_new(told, command_told(command));
        at++;
    }
    if (at > skip + most)
        json_object_set_new(
            call->json, "NextToken", json_string(arena_format(call->arena, "%lld", skip + most)));
}

static json_t *find_command(struct call *call)
{
    return world_find(call->region, "commands", "commandId", call_text(call, "CommandId"));
}

/* Each look lets time pass, as everywhere here. */
static void age(struct call *call, json_t *command)
{
    long long looks = world_number(command, "looks") + 1;
    json_object_set_new(command, "looks", json_integer(looks));
    if (looks > LOOKS_UNDER_WAY && strcmp(world_text(command, "status"), "InProgress") == 0)
        json_object_set_new(command, "status",
            json_string(strstr(world_text(command, "output"), "\"uploaded\":\"no\"") ? "Failed"
                                                                                     : "Success"));
    (void)call;
}

void sandbox_ssm_get_command_invocation(struct call *call)
{
    json_t *command = find_command(call);
    if (command == NULL || world_number(command, "looks") == 0
        || strcmp(world_text(command, "instanceId"), call_text(call, "InstanceId")) != 0)
        call_refuse(call, 400, "InvocationDoesNotExist", "There is no such invocation.");
    if (command == NULL)
        return;
    age(call, command);
    const char *status = world_text(command, "status");
    bool is_over = strcmp(status, "InProgress") != 0 && strcmp(status, "Cancelled") != 0;
    json_object_set_new(call->json, "CommandId", json_string(world_text(command, "commandId")));
    json_object_set_new(call->json, "InstanceId", json_string(world_text(command, "instanceId")));
    json_object_set_new(call->json, "Comment", json_string(world_text(command, "comment")));
    json_object_set_new(call->json, "Status", json_string(status));
    json_object_set_new(call->json, "StatusDetails", json_string(status));
    json_object_set_new(call->json, "ResponseCode", json_integer(is_over ? 0 : -1));
    json_object_set_new(call->json, "StandardOutputContent",
        json_string(is_over ? world_text(command, "output") : ""));
    json_object_set_new(call->json, "StandardErrorContent", json_string(""));
}

void sandbox_ssm_cancel_command(struct call *call)
{
    json_t *command = find_command(call);
    if (command == NULL)
        call_refuse(call, 400, "InvalidCommandId", "There is no such command.");
    else if (strcmp(world_text(command, "status"), "InProgress") == 0)
        call_set(call, command, "status", json_string("Cancelled"));
}
