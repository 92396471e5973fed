/* Machines and files, as Defender for Endpoint knows them. */
#include "sandbox/microsoft.h"

#include <ctype.h>
#include <strings.h>

enum { TOP_MAX = 10000, ID_DIGITS = 40 };

/* A machine without what only the sandbox knows of it. */
static json_t *machine_told(struct edr_call *call, json_t *machine)
{
    static const char *const hidden[] = { "online", "runs", "isolation", "restricted", "sandbox" };
    json_t *told = json_copy(machine);
    (void)call;
    for (size_t at = 0; at < COUNT_OF(hidden); at++)
        json_object_del(told, hidden[at]);
    return told;
}

void sandbox_microsoft_list_machines(struct edr_call *call)
{
    static const struct microsoft_list how = {
        .context = "Machines",
        .fields = "computerDnsName id version deviceValue aadDeviceId machineTags lastSeen "
                  "exposureLevel onboardingStatus lastIpAddress healthStatus osPlatform riskScore "
                  "rbacGroupId",
        .top = TOP_MAX,
        .top_most = TOP_MAX,
        .told = machine_told,
    };
    if (microsoft_answer_list(call, json_object_get(call->tenant, "machines"), &how) == 0)
        edr_refuse(call, 404, "ResourceNotFound", "No recent machines were found.");
}

/* Machines are asked for by id or, with GET alone, by name. */
static json_t *find_machine(struct edr_call *call, bool may_be_named)
{
    const char *id = edr_place(call, "id");
    size_t index;
    json_t *machine;
    json_array_foreach(json_object_get(call->tenant, "machines"), index, machine)
    {
        if (strcmp(world_text(machine, "id"), id) == 0
            || (may_be_named && strcasecmp(world_text(machine, "computerDnsName"), id) == 0))
            return machine;
    }
    microsoft_refuse_missing(call, id);
    return NULL;
}

json_t *microsoft_machine(struct edr_call *call)
{
    return find_machine(call, false);
}

void sandbox_microsoft_get_machine(struct edr_call *call)
{
    json_t *machine = find_machine(call, true);
    if (machine == NULL)
        return;
    call->answer = machine_told(call, machine);
    json_object_set_new(call->answer, "@odata.context",
        json_string(
            arena_format(call->arena, "%s/api/$metadata#Machines/$entity", microsoft_base(call))));
}

static bool is_hex(const char *text, size_t digits)
{
    size_t len = 0;
    while (isxdigit((unsigned char)text[len]))
        len++;
    return len == digits && text[len] == '\0';
}

void sandbox_microsoft_get_file(struct edr_call *call)
{
    const char *hash = edr_place(call, "id");
    bool is_sha1 = is_hex(hash, ID_DIGITS);
    size_t index;
    json_t *file;
    if (!is_sha1 && !is_hex(hash, 64)) {
        edr_refuse(call, 400, "InvalidHashValue", "Hash value %s is invalid.", hash);
        return;
    }
    json_array_foreach(json_object_get(call->tenant, "files"), index, file)
    {
        if (strcasecmp(world_text(file, is_sha1 ? "sha1" : "sha256"), hash) == 0)
            call->answer = json_incref(file);
    }
    if (call->answer == NULL)
        microsoft_refuse_missing(call, hash);
}
