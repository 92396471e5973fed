/* Sessions of Real Time Response, and the commands in them. */
#include "sandbox/crowdstrike_rtr.h"

enum {
    LIFETIME_S = 600,
    COMMAND_LOOKS = 1,
    CHUNK_BYTES = 4096,
    SESSIONS_MAX = 1000,
    COMMANDS_MAX = 10000,
};

static json_int_t lifetime_ms(const struct edr_call *call)
{
    return crowdstrike_knob(call, "sessionLifetimeS", LIFETIME_S) * 1000;
}

bool rtr_is_online(const json_t *device, bool is_look)
{
    json_t *inside = json_object_get(device, "sandbox");
    const char *state = world_text(inside, "online");
    bool is_online = state[0] == '\0' || strcmp(state, "online") == 0;
    if (is_online || !is_look || json_object_get(inside, "onlineAfter") == NULL)
        return is_online;
    json_int_t left = world_number(inside, "onlineAfter") - 1;
    json_object_set_new(inside, "onlineAfter", json_integer(left));
    if (left <= 0) {
        json_object_del(inside, "onlineAfter");
        json_object_set_new(inside, "online", json_string("online"));
    }
    return left <= 0;
}

json_t *rtr_session(struct edr_call *call, const char *id)
{
    json_t *session = world_find(call->tenant, "sessions", "session_id", id);
    if (session != NULL
        && (world_flag(session, "offline_queued")
            || world_number(session, "expiresAtMs") > call->now_ms))
        return session;
    edr_refuse(call, 404, "40401", "Session not found: %s", id);
    return NULL;
}

/* Whether the response policy of the device lets commands in; one that is not in the world does. */
static bool is_allowed(const struct edr_call *call, const json_t *device)
{
    const json_t *policy =
        json_object_get(json_object_get(device, "device_policies"), "remote_response");
    policy = world_find(call->tenant, "responsePolicies", "id", world_text(policy, "policy_id"));
    const json_t *group = json_array_get(json_object_get(policy, "settings"), 0);
    const json_t *toggle = json_array_get(json_object_get(group, "settings"), 0);
    return toggle == NULL || world_flag(json_object_get(toggle, "value"), "enabled");
}

/* The caller's session on the device that has not expired, or NULL. */
static json_t *find_session(struct edr_call *call, const char *device)
{
    size_t index;
    json_t *session;
    json_array_foreach(json_object_get(call->tenant, "sessions"), index,
        session) if (strcmp(world_text(session, "device_id"), device) == 0
                     && strcmp(world_text(session, "clientId"), call->caller) == 0
                     && (world_number(session, "expiresAtMs") > call->now_ms
                         || world_flag(session, "offline_queued"))) return session;
    return NULL;
}

static json_t *new_session(struct edr_call *call, const json_t *device, bool is_queued)
{
    json_t *all = json_object_get(call->tenant, "sessions");
    json_t *session = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:[]}", "session_id", edr_mint_guid(call),
        "device_id", world_text(device, "device_id"), "clientId", call->caller, "created_at",
        edr_now(call), "offline_queued", (int)is_queued, "pwd",
        strcmp(world_text(device, "platform_name"), "Windows") == 0 ? "C:\\" : "/",
        "previous_commands");
    if (json_array_size(all) >= SESSIONS_MAX)
        json_array_remove(all, 0);
    edr_add(call, "sessions", json_incref(session));
    json_decref(session); /* the tenant has it */
    return session;
}

/* Whether a session may be opened on the device now. False: refused. */
static bool may_open(struct edr_call *call, const json_t *device, const char *id)
{
    if (device == NULL)
        return edr_refuse(call, 404, "404", "Device not found: %s", id);
    if (!is_allowed(call, device))
        return edr_refuse(
            call, 400, "400", "Real Time Response is not enabled by the policy of host %s", id);
    if (rtr_is_online(device, true) || json_is_true(edr_member(call, "queue_offline")))
        return true;
    return edr_refuse(call, 404, "40407", "Sensor appears to be offline");
}

void crowdstrike_session_init(struct edr_call *call)
{
    const char *id = edr_text(call, "device_id");
    json_t *device = crowdstrike_device(call, id);
    if (!may_open(call, device, id))
        return;
    bool is_online = rtr_is_online(device, false);
    json_t *session = find_session(call, id);
    bool is_new = session == NULL;
    if (is_new)
        session = new_session(call, device, !is_online);
    if (is_online)
        edr_set(call, session, "offline_queued", json_false());
    edr_set(
        call, session, "expiresAtMs", json_integer((json_int_t)call->now_ms + lifetime_ms(call)));
    json_t *told = json_copy(session);
    json_object_del(told, "clientId");
    json_object_del(told, "expiresAtMs");
    json_object_set_new(told, "scripts", json_array());
    json_object_set_new(told, "existing_aid_sessions", json_integer(is_new ? 0 : 1));
    json_object_set_new(told, "platform", json_string(world_text(device, "platform_name")));
    crowdstrike_answer(call, 201, json_pack("[o]", told), NULL);
}

void crowdstrike_session_delete(struct edr_call *call)
{
    json_t *session = rtr_session(call, edr_query(call, "session_id"));
    if (session == NULL)
        return;
    json_t *commands = json_object_get(call->tenant, "commands");
    for (size_t at = json_array_size(commands); at-- > 0;) {
        const json_t *command = json_array_get(commands, at);
        if (strcmp(world_text(command, "session_id"), world_text(session, "session_id")) == 0
            && strcmp(world_text(command, "state"), "queued") == 0)
            json_array_remove(commands, at);
    }
    edr_remove(call, "sessions", session);
    call->status = 204;
}

/* ---- commands ---- */

/* What each tier may run; those below it too. */
static const char reading[] = " cat cd clear env eventlog filehash getsid help history ifconfig "
                              "ipconfig ls mount netstat ps users ";
static const char responding[] = " cp encrypt get kill map memdump mkdir mv reg restart rm "
                                 "shutdown umount unmap update xmemdump zip ";
static const char administering[] = " put run runscript ";

static bool is_word_of(const char *words, const char *word)
{
    char wanted[64];
    return strchr(word, ' ') == NULL
           && snprintf(wanted, sizeof(wanted), " %s ", word) < (int)sizeof(wanted)
           && strstr(words, wanted) != NULL;
}

/* Whether the line is one, of a command that this tier has. False: refused. */
static bool line_fits(struct edr_call *call, int tier)
{
    struct rtr_line line;
    const char *base = edr_text(call, "base_command");
    if (!is_word_of(reading, base) && (tier < 1 || !is_word_of(responding, base))
        && (tier < 2 || !is_word_of(administering, base)))
        return edr_refuse(call, 400, "40002", "Command not found: %s", base);
    if (!rtr_line_read(edr_text(call, "command_string"), call->arena, &line) || line.count == 0
        || strcmp(line.words[0], base) != 0)
        return edr_refuse(call, 400, "40003", "Command is not valid");
    return true;
}

static void execute(struct edr_call *call, int tier)
{
    json_t *session = rtr_session(call, edr_text(call, "session_id"));
    const char *id = edr_text(call, "device_id");
    json_t *device = crowdstrike_device(call, id);
    if (session == NULL || !line_fits(call, tier))
        return;
    if (device == NULL || strcmp(world_text(session, "device_id"), id) != 0) {
        edr_refuse(call, 400, "400", "The session is not of host %s", id);
        return;
    }
    json_t *all = json_object_get(call->tenant, "commands");
    bool is_queued = !rtr_is_online(device, false);
    if (is_queued && !world_flag(session, "offline_queued")) {
        edr_refuse(call, 404, "40407", "Sensor appears to be offline");
        return;
    }
    if (json_array_size(all) >= COMMANDS_MAX)
        json_array_remove(all, 0);
    const char *request = edr_mint_guid(call);
    const char *text = edr_text(call, "command_string");
    edr_add(call, "commands",
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "cloud_request_id", request,
            "session_id", world_text(session, "session_id"), "device_id", id, "base_command",
            edr_text(call, "base_command"), "command_string", text, "created_at", edr_now(call),
            "state", "queued", "looks", 0, "stdout", "", "stderr", ""));
    json_array_append_new(json_object_get(session, "previous_commands"), json_string(text));
    if (!is_queued)
        rtr_perform(call, world_find(call->tenant, "commands", "cloud_request_id", request));
    crowdstrike_answer(call, 201,
        json_pack("[{s:s,s:s,s:b}]", "session_id", world_text(session, "session_id"),
            "cloud_request_id", request, "queued_command_offline", (int)is_queued),
        NULL);
}

void crowdstrike_command(struct edr_call *call)
{
    execute(call, 0);
}

void crowdstrike_active_command(struct edr_call *call)
{
    execute(call, 1);
}

void crowdstrike_admin_command(struct edr_call *call)
{
    execute(call, 2);
}

/* A host that came back does what waits for it. */
static void wake(struct edr_call *call, json_t *command)
{
    const json_t *device = crowdstrike_device(call, world_text(command, "device_id"));
    if (strcmp(world_text(command, "state"), "queued") == 0 && rtr_is_online(device, false))
        rtr_perform(call, command);
}

/* Chunk `sequence` of the output; the bytes of a character stay together. */
static str chunk_of(struct edr_call *call, str text, long long sequence, bool *ret_is_last)
{
    size_t most = (size_t)crowdstrike_knob(call, "chunkBytes", CHUNK_BYTES);
    str chunk = STR("");
    for (long long at = 0; at <= sequence; at++) {
        size_t end = most < text.len ? most : text.len;
        while (end > 1 && end < text.len && ((unsigned char)text.ptr[end] & 0xc0) == 0x80)
            end--;
        chunk = str_first(text, end);
        text = str_skip(text, end);
        if (chunk.len == 0)
            break;
    }
    *ret_is_last = text.len == 0;
    return chunk;
}

void crowdstrike_command_status(struct edr_call *call)
{
    const char *id = edr_query(call, "cloud_request_id");
    json_t *command = world_find(call->tenant, "commands", "cloud_request_id", id);
    long long sequence = 0;
    if (command == NULL) {
        edr_refuse(call, 404, "40401", "Command not found: %s", id);
        return;
    }
    if (!edr_number(call, "sequence_id", 0, 100000, 0, &sequence))
        return;
    wake(call, command);
    rtr_look(call, command);
    json_int_t looks = world_number(command, "looks") + 1;
    json_object_set_new(command, "looks", json_integer(looks));
    bool is_ended = strcmp(world_text(command, "state"), "ended") == 0
                    && looks > crowdstrike_knob(call, "commandLooks", COMMAND_LOOKS);
    bool is_last = false;
    str out = is_ended ? chunk_of(call, str_from(world_text(command, "stdout")), sequence, &is_last)
                       : STR("");
    crowdstrike_answer(call, 200,
        json_pack("[{s:s,s:s,s:s,s:b,s:I,s:s%,s:s}]", "session_id",
            world_text(command, "session_id"), "task_id", id, "base_command",
            world_text(command, "base_command"), "complete", (int)(is_ended && is_last),
            "sequence_id", (json_int_t)sequence, "stdout", out.ptr, out.len, "stderr",
            is_ended && sequence == 0 ? world_text(command, "stderr") : ""),
        NULL);
}

/* ---- what waits for hosts that are offline ---- */

/* A command of a queued session as it is listed. */
static json_t *queued_of(const json_t *command)
{
    bool is_waiting = strcmp(world_text(command, "state"), "queued") == 0;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "cloud_request_id",
        world_text(command, "cloud_request_id"), "base_command",
        world_text(command, "base_command"), "command_string",
        world_text(command, "command_string"), "created_at", world_text(command, "created_at"),
        "updated_at", world_text(command, "created_at"), "status",
        is_waiting ? "PENDING" : "FINISHED", "status_text", "");
}

void crowdstrike_sessions_queued(struct edr_call *call)
{
    json_t *resources = json_array();
    size_t n, index;
    json_t *id, *command;
    json_array_foreach(edr_member(call, "ids"), n, id)
    {
        const json_t *session =
            world_find(call->tenant, "sessions", "session_id", json_string_value(id));
        json_t *commands = json_array();
        json_array_foreach(json_object_get(call->tenant, "commands"), index,
            command) if (strcmp(world_text(command, "session_id"), json_string_value(id)) == 0)
            json_array_append_new(commands, queued_of(command));
        json_t *job = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "id", json_string_value(id), "aid",
            world_text(session, "device_id"), "created_at", world_text(session, "created_at"),
            "updated_at", world_text(session, "created_at"), "status",
            world_flag(session, "offline_queued") ? "PENDING" : "FINISHED", "user_id",
            world_text(session, "clientId"), "Commands", commands);
        if (session != NULL)
            json_array_append(resources, job);
        json_decref(job);
    }
    crowdstrike_answer(call, 200, resources, NULL);
}

void crowdstrike_queued_delete(struct edr_call *call)
{
    const char *id = edr_query(call, "cloud_request_id");
    json_t *command = world_find(call->tenant, "commands", "cloud_request_id", id);
    if (command == NULL || strcmp(world_text(command, "state"), "queued") != 0
        || strcmp(world_text(command, "session_id"), edr_query(call, "session_id")) != 0) {
        edr_refuse(call, 404, "40401", "Command not found: %s", id);
        return;
    }
    edr_remove(call, "commands", command);
    call->status = 204;
}
