/* What Defender for Endpoint does to machines: asked for, under way for some looks, then over. In the
 * world an action is {"action": as it is shown, "looks", "results": of a live response}. */
#include "base/sha256.h"
#include "base/time.h"
#include "sandbox/microsoft.h"

#include <ctype.h>
#include <inttypes.h>

enum {
    TOP_MAX = 10000,
    LOOKS = 2,      /* at so many looks it is not over yet */
    QUEUE_DAYS = 3, /* an action waits so long for a machine that is offline */
    SHA1_DIGITS = 40,
    LINK_S = 30 * 60,
};

static json_t *action_of(const json_t *record)
{
    return json_object_get(record, "action");
}

static bool is_over(const json_t *action)
{
    return !microsoft_is_among(world_text(action, "status"), "Pending|InProgress");
}

long long microsoft_limit(const struct edr_call *call, const char *name, long long usual)
{
    const json_t *limit = json_object_get(json_object_get(call->tenant, "limits"), name);
    return limit == NULL ? usual : json_integer_value(limit);
}

/* ---- how an action goes on ---- */

static void set_state(struct edr_call *call, json_t *action, const char *status)
{
    json_object_set_new(action, "status", json_string(status));
    json_object_set_new(action, "lastUpdateDateTimeUtc", json_string(microsoft_now(call)));
}

/* What it has changed once it is over. */
static void take_effect(const json_t *action, json_t *machine)
{
    const char *type = world_text(action, "type");
    if (strcmp(type, "Isolate") == 0)
        json_object_set(machine, "isolation", json_object_get(action, "scope"));
    else if (strcmp(type, "Unisolate") == 0)
        json_object_set_new(machine, "isolation", json_string("None"));
    else if (strcmp(type, "RestrictCodeExecution") == 0)
        json_object_set_new(machine, "restricted", json_true());
    else if (strcmp(type, "UnrestrictCodeExecution") == 0)
        json_object_set_new(machine, "restricted", json_false());
}

/* A second isolation of an isolated machine is never carried out while it is isolated: callers have
 * seen such actions stay Pending. */
static bool is_stuck(const json_t *action, const json_t *machine)
{
    return strcmp(world_text(action, "type"), "Isolate") == 0
           && strcmp(world_text(machine, "isolation"), "None") != 0;
}

static bool has_waited_too_long(const struct edr_call *call, const json_t *action)
{
    int64_t begun_ms = 0;
    return time_parse(str_from(world_text(action, "creationDateTimeUtc")), &begun_ms)
           && call->now_ms - begun_ms > QUEUE_DAYS * INT64_C(86400000);
}

static void end(struct edr_call *call, json_t *record, json_t *machine)
{
    json_t *action = action_of(record);
    size_t index;
    json_t *command;
    const char *status = "Succeeded";
    json_array_foreach(json_object_get(action, "commands"), index, command)
    {
        if (strcmp(world_text(command, "commandStatus"), "Completed") != 0)
            status = "Failed";
    }
    take_effect(action, machine);
    set_state(call, action, status);
}

/* Each look lets time pass, as everywhere here. */
static void look_at(struct edr_call *call, json_t *record)
{
    json_t *action = action_of(record);
    json_t *machine = microsoft_find(call, "machines", "id", world_text(action, "machineId"));
    if (is_over(action) || machine == NULL)
        return;
    if (!world_flag(machine, "online") || is_stuck(action, machine)) {
        if (has_waited_too_long(call, action))
            set_state(call, action, "TimeOut");
        return;
    }
    long long looks = world_number(record, "looks") + 1;
    json_object_set_new(record, "looks", json_integer(looks));
    long long most = microsoft_limit(call, "actionLooks", LOOKS);
    if (looks * 2 <= most) /* it is still waiting */
        return;
    if (strcmp(world_text(action, "status"), "Pending") == 0)
        set_state(call, action, "InProgress");
    bool is_live = strcmp(world_text(action, "type"), "LiveResponse") == 0;
    bool is_done = !is_live || microsoft_live_proceed(call, record, machine);
    if (is_done && looks > most)
        end(call, record, machine);
}

/* ---- asking for one ---- */

static json_t *or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

bool microsoft_is_busy(struct edr_call *call, const json_t *machine, const char *type)
{
    size_t index;
    json_t *record;
    json_array_foreach(json_object_get(call->tenant, "machineActions"), index, record)
    {
        const json_t *action = action_of(record);
        if (strcmp(world_text(action, "type"), type) == 0 && !is_over(action)
            && strcmp(world_text(action, "machineId"), world_text(machine, "id")) == 0) {
            edr_refuse(call, 400, "ActiveRequestAlreadyExists", "Action is already in progress");
            return true;
        }
    }
    return false;
}

json_t *microsoft_action_start(
    struct edr_call *call, json_t *machine, const char *type, const char *scope, json_t *commands)
{
    const char *now = microsoft_now(call);
    json_t *action = json_pack("{s:s,s:s,s:n,s:s,s:o,s:s,s:s,s:o,s:s,s:s,s:s,s:n,s:n,s:n}", "id",
        edr_mint_guid(call), "type", type, "title", "requestor",
        world_text(microsoft_client(call), "name"), "requestorComment",
        or_null(edr_text(call, "Comment")), "status", "Pending", "machineId",
        world_text(machine, "id"), "externalID", or_null(edr_text(call, "ExternalId")),
        "computerDnsName", world_text(machine, "computerDnsName"), "creationDateTimeUtc", now,
        "lastUpdateDateTimeUtc", now, "cancellationRequestor", "cancellationComment",
        "cancellationDateTimeUtc");
    json_object_set_new(action, "scope", or_null(scope));
    json_object_set_new(action, "requestSource", json_string("PublicApi"));
    json_object_set_new(action, "relatedFileInfo", json_null());
    json_object_set_new(action, "errorHResult", json_integer(0));
    json_object_set_new(action, "commands", commands == NULL ? json_array() : commands);
    json_t *record = json_pack("{s:o,s:i,s:[]}", "action", action, "looks", 0, "results");
    if (record == NULL) {
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
        return NULL;
    }
    edr_add(call, "machineActions", record);
    call->status = 201;
    call->answer = json_deep_copy(action);
    return record;
}

static bool is_windows(const json_t *machine)
{
    return str_startswith(str_from(world_text(machine, "osPlatform")), STR("Windows"));
}

static bool is_linux(const json_t *machine)
{
    return strcmp(world_text(machine, "osPlatform"), "Linux") == 0;
}

static bool refuse_platform(struct edr_call *call, const json_t *machine)
{
    return edr_refuse(call, 400, "OsPlatformNotSupported",
        "OS Platform %s is not supported for this action.", world_text(machine, "osPlatform"));
}

/* The machine of the call, if the body is right and no such action is under way; NULL: refused. */
static json_t *begin(struct edr_call *call, const char *type, const char *members)
{
    json_t *machine = microsoft_machine(call);
    if (machine == NULL || !microsoft_members_accept(call, members)
        || microsoft_is_busy(call, machine, type))
        return NULL;
    return machine;
}

void sandbox_microsoft_isolate(struct edr_call *call)
{
    json_t *machine = begin(call, "Isolate", "Comment! IsolationType ExternalId");
    const char *type = edr_text(call, "IsolationType");
    if (machine == NULL)
        return;
    if (type != NULL && !microsoft_is_among(type, "Full|Selective|UnManagedDevice"))
        edr_refuse(call, 400, "InvalidRequestBody", "Request body is incorrect: IsolationType.");
    else if (type != NULL && strcmp(type, "Selective") == 0 && is_linux(machine))
        refuse_platform(call, machine);
    else if (type != NULL && strcmp(type, "UnManagedDevice") == 0)
        edr_refuse(call, 400, "BadRequest", "The device is managed.");
    else
        microsoft_action_start(call, machine, "Isolate", type == NULL ? "Full" : type, NULL);
}

void sandbox_microsoft_unisolate(struct edr_call *call)
{
    json_t *machine = begin(call, "Unisolate", "Comment! ExternalId");
    if (machine != NULL)
        microsoft_action_start(call, machine, "Unisolate", NULL, NULL);
}

static void change_restriction(struct edr_call *call, const char *type)
{
    json_t *machine = begin(call, type, "Comment! ExternalId");
    if (machine != NULL && !is_windows(machine))
        refuse_platform(call, machine);
    else if (machine != NULL)
        microsoft_action_start(call, machine, type, NULL, NULL);
}

void sandbox_microsoft_restrict_code(struct edr_call *call)
{
    change_restriction(call, "RestrictCodeExecution");
}

void sandbox_microsoft_unrestrict_code(struct edr_call *call)
{
    change_restriction(call, "UnrestrictCodeExecution");
}

void sandbox_microsoft_quarantine(struct edr_call *call)
{
    json_t *machine = begin(call, "StopAndQuarantineFile", "Comment! Sha1! ExternalId");
    const char *sha1 = edr_text(call, "Sha1");
    if (machine == NULL)
        return;
    if (strlen(sha1) != SHA1_DIGITS || strspn(sha1, "0123456789abcdefABCDEF") != SHA1_DIGITS) {
        edr_refuse(call, 400, "InvalidHashValue", "Hash value %s is invalid.", sha1);
        return;
    }
    if (!is_windows(machine)) {
        refuse_platform(call, machine);
        return;
    }
    json_t *record = microsoft_action_start(call, machine, "StopAndQuarantineFile", NULL, NULL);
    json_t *file = json_pack("{s:s,s:s}", "fileIdentifier", sha1, "fileIdentifierType", "Sha1");
    json_object_set(action_of(record), "relatedFileInfo", file);
    json_object_set_new(call->answer, "relatedFileInfo", file);
}

void sandbox_microsoft_scan(struct edr_call *call)
{
    json_t *machine = begin(call, "RunAntiVirusScan", "Comment! ScanType! ExternalId");
    const char *type = edr_text(call, "ScanType");
    if (machine == NULL)
        return;
    if (microsoft_is_among(type, "Quick|Full"))
        microsoft_action_start(call, machine, "RunAntiVirusScan", type, NULL);
    else
        edr_refuse(call, 400, "InvalidRequestBody", "Request body is incorrect: ScanType.");
}

void sandbox_microsoft_collect_package(struct edr_call *call)
{
    json_t *machine = begin(call, "CollectInvestigationPackage", "Comment! ExternalId");
    if (machine != NULL)
        microsoft_action_start(call, machine, "CollectInvestigationPackage", NULL, NULL);
}

/* ---- looking at them ---- */

static json_t *find_record(struct edr_call *call)
{
    const char *id = edr_place(call, "id");
    size_t index;
    json_t *record;
    json_array_foreach(json_object_get(call->tenant, "machineActions"), index, record)
    {
        if (strcmp(world_text(action_of(record), "id"), id) == 0)
            return record;
    }
    microsoft_refuse_missing(call, id);
    return NULL;
}

void sandbox_microsoft_get_action(struct edr_call *call)
{
    json_t *record = find_record(call);
    if (record == NULL)
        return;
    look_at(call, record);
    call->answer = json_deep_copy(action_of(record));
}

static json_t *action_told(struct edr_call *call, json_t *action)
{
    (void)call;
    return json_incref(action);
}

void sandbox_microsoft_list_actions(struct edr_call *call)
{
    static const struct microsoft_list how = {
        .context = "MachineActions",
        .fields = "id status machineId type requestor creationDateTimeUtc",
        .newest = "creationDateTimeUtc",
        .top = TOP_MAX,
        .top_most = TOP_MAX,
        .told = action_told,
    };
    const char *order = edr_query(call, "$orderby");
    if (order != NULL && strcmp(order, "creationDateTimeUtc desc") != 0) {
        edr_refuse(call, 400, "BadRequest", "Machine actions are not ordered by '%s' here.", order);
        return;
    }
    json_auto_t *actions = json_array();
    size_t index;
    json_t *record;
    json_array_foreach(json_object_get(call->tenant, "machineActions"), index, record)
    {
        look_at(call, record);
        json_array_append(actions, action_of(record));
    }
    microsoft_answer_list(call, actions, &how);
}

void sandbox_microsoft_cancel_action(struct edr_call *call)
{
    json_t *record = find_record(call);
    json_t *action = action_of(record);
    if (record == NULL || !microsoft_members_accept(call, "Comment!"))
        return;
    if (is_over(action)) {
        edr_refuse(
            call, 400, "BadRequest", "The action is over: it is %s.", world_text(action, "status"));
        return;
    }
    set_state(call, action, "Cancelled");
    edr_set(call, action, "cancellationRequestor",
        json_string(world_text(microsoft_client(call), "name")));
    edr_set(call, action, "cancellationComment", json_string(edr_text(call, "Comment")));
    edr_set(call, action, "cancellationDateTimeUtc", json_string(microsoft_now(call)));
    call->answer = json_deep_copy(action);
}

/* ---- what came of them ---- */

/* What a link to the result `index` of an action is signed with until `end_s`. */
static bool sign(const char *id, const char *index, int64_t end_s, char hex[SHA256_HEX_SIZE])
{
    struct sha256 hash = { 0 };
    char end_text[32];
    snprintf(end_text, sizeof(end_text), "%" PRId64, end_s);
    if (sha256_begin(&hash) != ERR_OK)
        return false;
    sha256_add_framed(&hash, STR("storage of the sandbox"));
    sha256_add_framed(&hash, str_from(id));
    sha256_add_framed(&hash, str_from(index));
    sha256_add_framed(&hash, str_from(end_text));
    return sha256_end_hex(&hash, hex) == ERR_OK;
}

static void answer_link(struct edr_call *call, const char *id, const char *index)
{
    char signature[SHA256_HEX_SIZE];
    int64_t end_s = call->now_ms / 1000 + LINK_S;
    if (!sign(id, index, end_s, signature)) {
        edr_refuse_as(call, EDR_BROKEN, "out of memory");
        return;
    }
    const char *link = arena_format(call->arena, "%s/storage/%s/%s?se=%" PRId64 "&sig=%s",
        microsoft_base(call), id, index, end_s, signature);
    call->answer = json_pack("{s:s,s:s}", "@odata.context",
        arena_format(call->arena, "%s/api/$metadata#Edm.String", microsoft_base(call)), "value",
        link);
}

void sandbox_microsoft_get_package_uri(struct edr_call *call)
{
    json_t *record = find_record(call);
    const json_t *action = action_of(record);
    if (record == NULL)
        return;
    if (strcmp(world_text(action, "type"), "CollectInvestigationPackage") != 0
        || strcmp(world_text(action, "status"), "Succeeded") != 0)
        microsoft_refuse_missing(call, "package");
    else
        answer_link(call, world_text(action, "id"), "package");
}

/* The result of that command: {"content", "type"}; NULL: there is none. */
static const json_t *result_of(const json_t *record, const char *index)
{
    if (!isdigit((unsigned char)index[0]) || index[1] != '\0')
        return NULL;
    const json_t *result =
        json_array_get(json_object_get(record, "results"), (size_t)(index[0] - '0'));
    return json_is_object(result) ? result : NULL;
}

void sandbox_microsoft_get_live_result(struct edr_call *call)
{
    json_t *record = find_record(call);
    const char *index = edr_place(call, "index");
    if (record == NULL)
        return;
    if (result_of(record, index) == NULL)
        microsoft_refuse_missing(call, "result");
    else
        answer_link(call, world_text(action_of(record), "id"), index);
}

void sandbox_microsoft_download(struct edr_call *call)
{
    const char *index = edr_place(call, "index");
    char signature[SHA256_HEX_SIZE];
    long long end_s;
    if (!edr_number(call, "se", 0, INT64_MAX / 1000, 0, &end_s))
        return;
    if (!sign(edr_place(call, "id"), index, end_s, signature)
        || strcmp(signature, edr_query(call, "sig")) != 0 || end_s * 1000 < call->now_ms) {
        edr_refuse(call, 403, "AuthenticationFailed",
            "Server failed to authenticate the request. Signature not valid in the specified time "
            "frame.");
        return;
    }
    json_t *record = find_record(call);
    const json_t *result = record == NULL ? NULL : result_of(record, index);
    call->content_type = "application/octet-stream";
    if (result != NULL)
        microsoft_write_result(call, result);
    else if (record != NULL)
        buf_addf(&call->body, "an investigation package of %s, as the sandbox packs it\n",
            world_text(action_of(record), "computerDnsName"));
}
