/* defender.h - answers of Defender for Endpoint and Microsoft Graph, for scripts of steps. */
#pragma once

#include "script.h"

#define MACHINE_ID "70a1bd5f0f1c4ba2a0f5a4fe0b6c1e5f70a1bd5f"
#define STEP_KEY "0badcafe-run-1-step-0"
#define MARK(type) "cdr [" STEP_KEY "]: " type
#define ACTION_ID "5382f7ea-7557-4ab7-9782-d50480024a4e"
#define OTHER_ID "2e9da30d-27f6-4208-81f2-9cd3d67893ba"

#define MS_ERROR(code, message) "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define MS_DENIED MS_ERROR("Forbidden", "Missing application roles")

#define MACHINE_OF(os, health, more)                                                               \
    "{\"id\":\"" MACHINE_ID "\",\"computerDnsName\":\"web-1.corp.example\",\"osPlatform\":\"" os   \
    "\",\"lastIpAddress\":\"192.0.2.7\",\"lastExternalIpAddress\":\"198.51.100.9\","               \
    "\"healthStatus\":\"" health "\",\"onboardingStatus\":\"Onboarded\","                          \
    "\"lastSeen\":\"2026-01-01T00:00:00Z\",\"aadDeviceId\":\"80fe8ff8-2624-418e-9591-"             \
    "41f0491218f9\""                                                                               \
    ",\"machineTags\":[\"env=prod\",\"crown\"]" more "}"
#define MACHINE(os) MACHINE_OF(os, "Active", "")

#define ACTION_BY(id, type, status, comment, created, more)                                        \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"status\":\"" status                                \
    "\",\"machineId\":\"" MACHINE_ID "\",\"requestorComment\":\"" comment                          \
    "\",\"creationDateTimeUtc\":\"" created "\",\"errorHResult\":0" more "}"
#define OURS_IS(type, status)                                                                      \
    ACTION_BY(ACTION_ID, type, status, MARK(type), "2026-01-01T00:00:05.1234567Z", "")
#define LATER_BY_OTHER(type, status, more)                                                         \
    ACTION_BY(OTHER_ID, type, status, "by hand", "2026-01-02T00:00:05Z", more)
#define ACTIONS(items) "{\"@odata.context\":\"x\",\"value\":[" items "]}"

#define LOOKUP ASK("GetMachineById", "GET /api/machines/" MACHINE_ID, MACHINE("Windows11"))
#define LIST(items)                                                                                \
    ASK("ListMachineActions",                                                                      \
        "GET /api/machineactions?$filter=machineId%20eq%20%27" MACHINE_ID                          \
        "%27&$orderby=creationDateTimeUtc%20desc&$top=100",                                        \
        ACTIONS(items))
#define POLL(type, status)                                                                         \
    ASK("GetMachineAction", "GET /api/machineactions/" ACTION_ID, OURS_IS(type, status))

static inline bool has_fact(const struct script *script, uint32_t field, const char *text)
{
    for (const struct fact *fact = script->step.facts; fact != NULL; fact = fact->next)
        if (fact->field == field && !fact->is_gap
            && (str_is(fact->text, text) || str_is(fact->key, text)))
            return true;
    return false;
}

static inline void ends_with(struct script *script, const struct exchange *exchanges, size_t count,
    enum step_turn end, uint32_t changes, const char *words)
{
    enum step_turn turn = script_play(script, exchanges, count);
    if (turn != end)
        fail_msg("ends as %s: %s", step_turn_name(turn), script->step.reason);
    if (strstr(script->step.reason, words) == NULL)
        fail_msg("'%s' is not in: %s", words, script->step.reason);
    assert_int_equal(script->changes, changes);
}

#define ENDS(script, exchanges, end, changes, words)                                               \
    do {                                                                                           \
        ends_with(script, exchanges, COUNT_OF(exchanges), end, changes, words);                    \
        script_end(script);                                                                        \
    } while (0)
