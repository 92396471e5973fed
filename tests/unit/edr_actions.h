/* edr_actions.h - the steps of CrowdStrike and Microsoft, each with arguments that fit the world that
 * ships, and the connections to them. Included after falcon_client.h, microsoft_client.h and actions.h. */
#pragma once

#include "aws_actions.h"
#include "crowdstrike/connection.h"
#include "defender/connection.h"
#include "host/http.h"
#include "journal_trial.h"
#include "scratch.h"

#define FALCON_LINUX "1111000000000000c0ffee0000000001"
#define FALCON_WINDOWS "1111000000000000c0ffee0000000002"
#define FALCON_ALERT                                                                               \
    "11110000c0ffee00c0ffee0000001111:ind:1111000000000000c0ffee0000000001:1001-10197-5150"
#define GRAPH_ALERT "da638816000000000002_1002"
#define ENTRA_USER "0c0ffee0-0000-4000-8000-00000000a002"
#define BAD_FILE "d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4"

static const struct action falcon_actions[] = {
    { VERB_COLLECT, "triage", { { "host", FALCON_LINUX } }, true, true, true },
    { VERB_COLLECT, "triage", { { "host", FALCON_WINDOWS } }, true, true, true },
    { VERB_COLLECT, "triage",
        { { "host", FALCON_LINUX }, { "to", "s3://cdr-evidence-111122223333/t" } }, false, true,
        true },
    { VERB_COLLECT, "memory", { { "host", FALCON_WINDOWS }, { "plan", "tool" } }, true, true,
        true },
    { VERB_RESPOND, "isolate_host", { { "host", FALCON_LINUX } }, true, false, false },
    { VERB_RESPOND, "alert_status", { { "status", "closed" } }, true, false, false },
    { VERB_NOTIFY, "alert_comment", { { "text", "seen by 'us' \"\\" } }, false, true, false },
    { VERB_FIND, "host",
        { { "instance", "i-01111e1c0ffee0001" }, { "source", "guardduty" },
            { "cloud_account", "111122223333" }, { "cloud_region", "eu-west-1" } },
        true, false, false },
    { VERB_FIND, "instance",
        { { "host", FALCON_LINUX }, { "source", "crowdstrike" },
            { "cloud_account", "111122223333" }, { "cloud_region", "eu-west-1" } },
        true, false, false },
};

/* What a tool is called in the library is its hash: it stays there for the next host. */
static const struct action defender_actions[] = {
    { VERB_COLLECT, "triage", { { "host", LINUX } }, true, true, true },
    { VERB_COLLECT, "triage", { { "host", WINDOWS } }, true, true, true },
    { VERB_COLLECT, "triage", { { "host", WINDOWS }, { "to", "s3://cdr-evidence-111122223333/t" } },
        false, true, true },
    { VERB_COLLECT, "memory", { { "host", WINDOWS }, { "plan", "tool" } }, false, true, true },
    { VERB_COLLECT, "package", { { "host", WINDOWS } }, true, true, true },
    { VERB_RESPOND, "isolate_host", { { "host", WINDOWS } }, true, false, false },
    { VERB_RESPOND, "restrict_app_execution", { { "host", WINDOWS } }, true, false, false },
    { VERB_RESPOND, "scan_host", { { "host", WINDOWS } }, true, true, true },
    { VERB_RESPOND, "stop_and_quarantine_file", { { "host", WINDOWS }, { "sha256", BAD_FILE } },
        true, true, true },
    { VERB_RESPOND, "disable_user", { { "user", ENTRA_USER } }, true, false, false },
    { VERB_RESPOND, "revoke_entra_sessions", { { "user", ENTRA_USER } }, false, true, true },
    { VERB_RESPOND, "alert_status", { { "status", "closed" } }, true, false, false },
    { VERB_NOTIFY, "alert_comment", { { "text", "seen by 'us' \"\\" } }, false, true, false },
    { VERB_FIND, "host",
        { { "instance", "i-01111e1c0ffee0004" }, { "source", "guardduty" },
            { "cloud_account", "111122223333" }, { "cloud_region", "eu-west-1" } },
        true, false, false },
    { VERB_FIND, "instance",
        { { "host", WINDOWS }, { "source", "defender" }, { "cloud_account", "111122223333" },
            { "cloud_region", "eu-west-1" } },
        true, false, false },
};

struct tenant {
    const char *provider;
    const struct action *actions;
    size_t count;
    str alert;
    const char *table;
    const char *member; /* of the world */
    const char *hosts;  /* of that, with their ids */
    const char *host_id;
};

static const struct tenant tenants[] = {
    { "crowdstrike", falcon_actions, COUNT_OF(falcon_actions),
        { FALCON_ALERT, sizeof(FALCON_ALERT) - 1 }, "falcon_actions", "crowdstrike", "devices",
        "device_id" },
    { "defender", defender_actions, COUNT_OF(defender_actions),
        { GRAPH_ALERT, sizeof(GRAPH_ALERT) - 1 }, "defender_actions", "microsoft", "machines",
        "id" },
};

/* The connections that rules have, to a sandbox that knows no limit of calls a minute. */
struct site {
    struct providers providers; /* first */
    struct rest_signer signer;
    struct client *client;
    struct arena arena; /* of connections, which end with a trial */
    struct http_curl *curl;
    struct aws_connection *aws;
    struct rest_connection *falcon;
    struct rest_connection *defender;
    struct scratch scratch; /* for evidence */
};

static inline struct transport *site_connect(struct providers *self, const char *provider)
{
    struct site *site = (struct site *)self;
    if (strcmp(provider, "aws") == 0)
        return aws_connection_transport(site->aws);
    return rest_connection_transport(
        strcmp(provider, "defender") == 0 ? site->defender : site->falcon);
}

static inline enum err site_sign(struct rest_signer *signer, str place, str region,
    uint32_t seconds, struct arena *arena, str *ret_url, const char **reterr_reason)
{
    const struct site *site =
        (const struct site *)((const char *)signer - offsetof(struct site, signer));
    return aws_connection_put_url(site->aws, place, region, seconds, arena, ret_url, reterr_reason);
}

static inline void site_disconnect(struct site *site)
{
    rest_connection_close(site->falcon);
    rest_connection_close(site->defender);
    aws_connection_close(site->aws);
    arena_release(&site->arena);
    site->arena = (struct arena)ARENA_INIT(0);
}

static inline void site_open_falcon(struct site *site, str url)
{
    struct secret secret = { NULL, 0 };
    const char *reason = NULL;
    assert_int_equal(secret_set(&secret, STR(FALCON_SECRET)), ERR_OK);
    struct crowdstrike_settings settings = { .client_id = STR(FALCON_ID),
        .client_secret = &secret,
        .url = url,
        .evidence = str_from(site->scratch.path) };
    if (crowdstrike_connection_open(&settings, http_curl_interface(site->curl), 1, &hasty_clock,
            &site->arena, &site->falcon, &reason)
        != ERR_OK)
        fail_msg("%s", reason);
    secret_release(&secret);
}

static inline void site_open_defender(struct site *site, str url)
{
    struct secret secret = { NULL, 0 };
    const char *reason = NULL;
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-cdr-defender")), ERR_OK);
    struct defender_settings settings = { .tenant = STR(TENANT),
        .client_id = STR("0c0ffee0-0000-4000-8000-00000000c001"),
        .client_secret = &secret,
        .url = url,
        .evidence = str_from(site->scratch.path) };
    if (defender_connection_open(&settings, http_curl_interface(site->curl), 1, &hasty_clock,
            &site->arena, &site->defender, &reason)
        != ERR_OK)
        fail_msg("%s", reason);
    secret_release(&secret);
}

/* New ones, without a token yet: those of before a reset are none any more. */
static inline void site_connect_anew(struct site *site)
{
    unsigned port = sandbox_port(site->client->sandbox);
    site_disconnect(site);
    site->aws = connection_of(site->client, &site->arena);
    site_open_falcon(
        site, str_from(arena_format(&site->arena, "http://127.0.0.1:%u/_crowdstrike", port)));
    site_open_defender(
        site, str_from(arena_format(&site->arena, "http://127.0.0.1:%u/_microsoft", port)));
    site->signer.put = site_sign;
    rest_connection_sign_with(site->falcon, &site->signer);
    rest_connection_sign_with(site->defender, &site->signer);
}

/* A tool of the user's own, and the plan that has it put on hosts. */
static inline str tool_plan(struct site *site)
{
    char sha256[SHA256_HEX_SIZE];
    struct arena *arena = &site->client->arena;
    str tool = STR("MZ of a tool");
    const char *path = arena_format(arena, "%s/tool.exe", site->scratch.path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(tool.ptr, 1, tool.len, file), tool.len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sha256_hex(tool, sha256), ERR_OK);
    return str_from(arena_format(arena,
        "{\"collector\":\"mine\",\"windows\":{\"file\":\"%s\",\"sha256\":\"%s\","
        "\"command\":[\"--out\",\"{output}\"],\"time\":60,\"archive_mb\":100}}",
        path, sha256));
}

static inline int site_setup(void **state)
{
    struct site *site = calloc(1, sizeof(*site));
    assert_non_null(site);
    site->client = client_unlimited();
    site->providers = (struct providers){ .client = site->client, .connect = site_connect };
    site->scratch = scratch_new();
    site->providers.evidence = str_from(site->scratch.path);
    site->providers.plan = tool_plan(site);
    assert_int_equal(http_curl_new(NULL, &site->curl), ERR_OK);
    site_connect_anew(site);
    *state = site;
    return 0;
}

static inline int site_teardown(void **state)
{
    struct site *site = *state;
    site_disconnect(site);
    http_curl_free(site->curl);
    scratch_release(&site->scratch);
    client_free(site->client);
    free(site);
    return 0;
}

#define site_test(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)

/* ---- the world that steps change ---- */

/* Of each thing of `list` the members that steps change, by its id. */
static inline json_t *kept_of(const json_t *list, const char *id)
{
    static const char *const members[] = { "status", "isolation", "restricted", "accountEnabled" };
    json_t *kept = json_object();
    size_t index;
    const json_t *thing;
    json_array_foreach(list, index, thing)
    {
        json_t *one = json_object();
        for (size_t at = 0; at < COUNT_OF(members); at++)
            if (json_object_get(thing, members[at]) != NULL)
                json_object_set(one, members[at], json_object_get(thing, members[at]));
        json_object_set_new(kept, json_string_value(json_object_get(thing, id)), one);
    }
    return kept;
}

/* What an undo must restore: new reference. */
static inline json_t *kept_world(struct client *client)
{
    json_t *world = control_get(client, "state");
    const json_t *falcon = json_object_get(world, "crowdstrike");
    const json_t *microsoft = json_object_get(world, "microsoft");
    json_t *kept =
        json_pack("{s:O,s:o,s:o,s:o,s:o,s:o,s:o}", "accounts", json_object_get(world, "accounts"),
            "devices", kept_of(json_object_get(falcon, "devices"), "device_id"), "falcon alerts",
            kept_of(json_object_get(falcon, "alerts"), "composite_id"), "machines",
            kept_of(json_object_get(microsoft, "machines"), "id"), "users",
            kept_of(json_object_get(microsoft, "users"), "id"), "graph alerts",
            kept_of(json_object_get(microsoft, "graphAlerts"), "id"), "library",
            json_copy(json_object_get(microsoft, "libraryFiles")));
    json_decref(world);
    assert_non_null(kept);
    return kept;
}

/* How often collectors were really started on hosts since the reset. */
static inline long long starts_count(struct client *client)
{
    long long count = 0;
    json_t *world = control_get(client, "state");
    for (size_t of = 0; of < COUNT_OF(tenants); of++) {
        size_t index;
        const json_t *host;
        json_array_foreach(
            json_object_get(json_object_get(world, tenants[of].member), tenants[of].hosts), index,
            host) count +=
            json_integer_value(json_object_get(json_object_get(host, "sandbox"), "starts"));
    }
    json_decref(world);
    return count;
}

/* How often the change that may be made once at most was applied since the reset. */
static inline size_t changes_count(struct client *client)
{
    static const char *const changes[] = { "PerformActionV2", "PatchEntitiesAlertsV3",
        "IsolateMachine", "UnisolateMachine", "RestrictCodeExecution", "UnrestrictCodeExecution",
        "StopAndQuarantineFile", "RunAntivirusScan", "CollectInvestigationPackage", "UpdateAlert",
        "CreateComment", "UpdateUser", "RevokeSignInSessions" };
    size_t index, count = 0;
    const json_t *call;
    json_t *calls = control_get(client, "calls");
    json_array_foreach(calls, index, call)
    {
        const char *name = json_string_value(json_object_get(call, "operation"));
        for (size_t at = 0; at < COUNT_OF(changes); at++)
            count +=
                strcmp(name, changes[at]) == 0 && json_is_true(json_object_get(call, "applied"));
    }
    json_decref(calls);
    return count;
}
