/* Defender for Endpoint as the sandbox simulates it: alerts, machines, what is done to them. */
#include "microsoft_client.h"

#define MINER "da638816000000000001_1001"
#define MACHINES "/api/machines"
#define ACTIONS "/api/machineactions"

/* A client with a token for Defender. */
static int defender_setup(void **state)
{
    client_setup(state);
    log_in(*state, CDR, DEFENDER_SCOPE);
    return 0;
}

#define defender_test(test) cmocka_unit_test_setup_teardown(test, defender_setup, client_teardown)

/* POST `body` to /api/machines/`machine`/`what`; the id of the action, or "" when refused. */
static const char *act(
    struct client *client, const char *machine, const char *what, const char *body)
{
    const char *path = arena_format(&client->arena, MACHINES "/%s/%s", machine, what);
    if (microsoft(client, "POST", path, body) != 201)
        return "";
    assert_string_equal(reply_text(client, "status"), "Pending");
    return reply_text(client, "id");
}

/* The status of an action as it is shown now. */
static const char *look_at(struct client *client, const char *id)
{
    microsoft(client, "GET", arena_format(&client->arena, ACTIONS "/%s", id), "");
    assert_int_equal(client->status, 200);
    return reply_text(client, "status");
}

/* Look until it is over, at most ten times; the last status. */
static const char *wait_for(struct client *client, const char *id)
{
    const char *status = "";
    for (int looks = 0; looks < 10; looks++) {
        status = look_at(client, id);
        if (strcmp(status, "Pending") != 0 && strcmp(status, "InProgress") != 0)
            break;
    }
    return status;
}

/* ---- alerts ---- */

static void alerts_show_their_evidence_when_asked(void **state)
{
    struct client *client = *state;
    assert_int_equal(microsoft(client, "GET", "/api/alerts", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 2);
    assert_null(strstr(client->body.ptr, "kworkerds"));
    assert_int_equal(
        microsoft(client, "GET",
            "/api/alerts?$filter=lastUpdateTime%20ge%202025-05-01T09:00:12.54Z&$expand=evidence",
            ""),
        200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
    assert_says("kworkerds");
    microsoft(client, "GET", "/api/alerts?$expand=all", "");
    assert_microsoft_refused(400, "ODataError", "all");
    microsoft(client, "GET", "/api/alerts?$filter=title%20eq%20'x'", "");
    assert_microsoft_refused(400, "ODataError", "title");
    microsoft(client, "GET", "/api/alerts?$top=10001", "");
    assert_microsoft_refused(400, "ODataError", "top");
}

static void an_alert_is_changed_as_defender_spells_it(void **state)
{
    struct client *client = *state;
    const char *path = "/api/alerts/" MINER;
    assert_int_equal(
        microsoft(client, "PATCH", path, "{\"status\":\"InProgress\",\"comment\":\"looking\"}"),
        200);
    assert_string_equal(reply_text(client, "status"), "InProgress");
    assert_says("\"comment\":\"looking\"");
    microsoft(client, "PATCH", path, "{\"status\":\"inProgress\"}");
    assert_microsoft_refused(400, "InvalidRequestBody", "status");
    microsoft(client, "PATCH", path, "{\"Status\":\"New\"}");
    assert_microsoft_refused(400, "InvalidRequestBody", "Status");
    microsoft(client, "PATCH", "/api/alerts/none", "{\"status\":\"New\"}");
    assert_microsoft_refused(404, "ResourceNotFound", "none");
    log_in(client, CDR, GRAPH_SCOPE);
    microsoft(client, "GET", "/v1.0/security/alerts_v2/" MINER, "");
    assert_string_equal(reply_text(client, "status"), "inProgress");
}

/* ---- machines ---- */

static void machines_are_found_by_filter_and_none_is_404(void **state)
{
    struct client *client = *state;
    assert_int_equal(microsoft(client, "GET", MACHINES, ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 5);
    assert_null(strstr(client->body.ptr, "\"runs\""));
    assert_int_equal(microsoft(client, "GET",
                         MACHINES "?$filter=startswith(computerDnsName,'batch')%20and%20"
                                  "machineTags/any(tag:%20tag%20eq%20'batch')",
                         ""),
        200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
    assert_int_equal(
        microsoft(client, "GET", MACHINES "?$filter=lastIpAddress%20eq%20'10.11.1.11'", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
    microsoft(client, "GET", MACHINES "?$filter=computerDnsName%20eq%20'nowhere'", "");
    assert_microsoft_refused(404, "ResourceNotFound", "machines");
    microsoft(client, "GET", MACHINES "?$filter=agentVersion%20eq%20'x'", "");
    assert_microsoft_refused(400, "ODataError", "agentVersion");
}

static void a_page_of_machines_may_be_empty(void **state)
{
    struct client *client = *state;
    assert_int_equal(microsoft(client, "GET", MACHINES "?$top=3&$skip=3", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 2);
    assert_null(strstr(client->body.ptr, "nextLink"));
    assert_int_equal(microsoft(client, "GET", MACHINES "?$top=5", ""), 200);
    assert_says("$skip=5");
    assert_int_equal(microsoft(client, "GET", MACHINES "?$top=5&$skip=5", ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 0);
}

/* So that an alert of Defender leads to the instance, by several facts. */
static void a_machine_is_the_instance_that_aws_shows(void **state)
{
    struct client *client = *state;
    assert_int_equal(microsoft(client, "GET", MACHINES "/" LINUX, ""), 200);
    const json_t *address = json_array_get(json_object_get(reply_of(client), "ipAddresses"), 0);
    assert_string_equal(json_string_value(json_object_get(address, "ipAddress")), "10.11.1.11");
    assert_string_equal(json_string_value(json_object_get(address, "macAddress")), "0200000B0100");
    json_t *world = control_get(client, "state");
    char *text = json_dumps(json_object_get(world, "accounts"), 0);
    assert_non_null(strstr(text, "\"macAddress\": \"02:00:00:0b:01:00\""));
    free(text);
    json_decref(world);
    assert_int_equal(microsoft(client, "GET", MACHINES "/batch-1.corp.example", ""), 200);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(reply_of(client), "vmMetadata"), "vmId")),
        "i-01111e1c0ffee0004");
    microsoft(client, "GET", MACHINES "/" ABSENT, "");
    assert_microsoft_refused(404, "ResourceNotFound", ABSENT);
}

static void a_file_is_known_by_its_hash(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        microsoft(client, "GET", "/api/files/a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", ""), 200);
    assert_string_equal(reply_text(client, "determinationValue"), "Miner");
    microsoft(client, "GET", "/api/files/a2a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", "");
    assert_microsoft_refused(404, "ResourceNotFound", "a2a1");
    microsoft(client, "GET", "/api/files/a1a1", "");
    assert_microsoft_refused(400, "InvalidHashValue", "a1a1");
}

/* ---- actions ---- */

static void a_machine_is_isolated_after_some_looks_and_let_go(void **state)
{
    struct client *client = *state;
    const char *id =
        act(client, LINUX, "isolate", "{\"Comment\":\"miner\",\"IsolationType\":\"Full\"}");
    assert_string_equal(look_at(client, id), "Pending");
    assert_string_equal(look_at(client, id), "InProgress");
    assert_string_equal(look_at(client, id), "Succeeded");
    assert_string_equal(reply_text(client, "scope"), "Full");
    assert_string_equal(reply_text(client, "requestor"), "cdr");
    id = act(client, LINUX, "unisolate", "{\"Comment\":\"clean\"}");
    assert_string_equal(wait_for(client, id), "Succeeded");
    id = act(client, LINUX, "isolate", "{\"Comment\":\"again\"}");
    assert_string_equal(wait_for(client, id), "Succeeded");
}

static void what_is_under_way_is_not_begun_again(void **state)
{
    static const struct {
        const char *what;
        const char *body;
    } cases[] = {
        { "isolate", "{\"Comment\":\"x\",\"IsolationType\":\"Full\"}" },
        { "unisolate", "{\"Comment\":\"x\"}" },
        { "restrictCodeExecution", "{\"Comment\":\"x\"}" },
        { "unrestrictCodeExecution", "{\"Comment\":\"x\"}" },
        { "collectInvestigationPackage", "{\"Comment\":\"x\"}" },
        { "runAntiVirusScan", "{\"Comment\":\"x\",\"ScanType\":\"Quick\"}" },
        { "runliveresponse", "{\"Comment\":\"x\",\"Commands\":[{\"type\":\"GetFile\",\"params\":"
                             "[{\"key\":\"Path\",\"value\":\"/x\"}]}]}" },
    };
    struct client *client = *state;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        const char *id = act(client, WINDOWS, cases[at].what, cases[at].body);
        if (id[0] == '\0')
            fail_msg("%s: %s", cases[at].what, client->body.ptr);
        act(client, WINDOWS, cases[at].what, cases[at].body);
        assert_microsoft_refused(400, "ActiveRequestAlreadyExists", "already in progress");
    }
}

static void bodies_are_read_strictly(void **state)
{
    static const struct {
        const char *what;
        const char *body;
        const char *code;
    } cases[] = {
        { "isolate", "{\"IsolationType\":\"Full\"}", "MissingRequiredParameter" },
        { "isolate", "{\"Comment\":\"\"}", "MissingRequiredParameter" },
        { "isolate", "{\"comment\":\"x\"}", "InvalidRequestBody" },
        { "isolate", "{\"Comment\":\"x\",\"isolationType\":\"Full\"}", "InvalidRequestBody" },
        { "isolate", "{\"Comment\":\"x\",\"IsolationType\":\"full\"}", "InvalidRequestBody" },
        { "isolate", "{\"Comment\":7}", "InvalidRequestBody" },
        { "isolate", "[]", "InvalidRequestBody" },
        { "isolate", "{\"Comment\":\"x\"", "InvalidRequestBody" },
        { "isolate", "{\"Comment\":\"x\",\"IsolationType\":\"Selective\"}",
            "OsPlatformNotSupported" },
        { "restrictCodeExecution", "{\"Comment\":\"x\"}", "OsPlatformNotSupported" },
        { "StopAndQuarantineFile",
            "{\"Comment\":\"x\",\"Sha1\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}",
            "OsPlatformNotSupported" },
        { "StopAndQuarantineFile", "{\"Comment\":\"x\"}", "MissingRequiredParameter" },
        { "StopAndQuarantineFile",
            "{\"Comment\":\"x\",\"Sha1\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}",
            "InvalidHashValue" },
        { "StopAndQuarantineFile",
            "{\"Comment\":\"x\",\"Sha1\":\"g1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}",
            "InvalidHashValue" },
        { "runAntiVirusScan", "{\"Comment\":\"x\"}", "MissingRequiredParameter" },
        { "runAntiVirusScan", "{\"Comment\":\"x\",\"ScanType\":\"Slow\"}", "InvalidRequestBody" },
    };
    struct client *client = *state;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        act(client, LINUX, cases[at].what, cases[at].body);
        assert_microsoft_refused(400, cases[at].code, "target");
        assert_false(was_applied(client));
    }
    act(client, ABSENT, "isolate", "{\"Comment\":\"x\"}");
    assert_microsoft_refused(404, "ResourceNotFound", ABSENT);
}

static void an_action_waits_for_its_machine_until_it_is_cancelled(void **state)
{
    struct client *client = *state;
    const char *id = act(client, OFFLINE, "isolate", "{\"Comment\":\"x\"}");
    assert_string_equal(wait_for(client, id), "Pending");
    const char *cancel = arena_format(&client->arena, ACTIONS "/%s/cancel", id);
    microsoft(client, "POST", cancel, "{}");
    assert_microsoft_refused(400, "MissingRequiredParameter", "Comment");
    assert_int_equal(microsoft(client, "POST", cancel, "{\"Comment\":\"never mind\"}"), 200);
    assert_string_equal(reply_text(client, "status"), "Cancelled");
    assert_string_equal(reply_text(client, "cancellationComment"), "never mind");
    microsoft(client, "POST", cancel, "{\"Comment\":\"again\"}");
    assert_microsoft_refused(400, "BadRequest", "Cancelled");
}

static void an_isolated_machine_does_not_carry_out_another_isolation(void **state)
{
    struct client *client = *state;
    const char *id = act(client, ISOLATED, "isolate", "{\"Comment\":\"x\"}");
    assert_string_equal(wait_for(client, id), "Pending");
    assert_string_equal(
        wait_for(client, act(client, ISOLATED, "unisolate", "{\"Comment\":\"x\"}")), "Succeeded");
    assert_string_equal(wait_for(client, id), "Succeeded");
}

static void actions_are_listed_by_machine_and_status(void **state)
{
    struct client *client = *state;
    const char *id = act(client, MAC, "isolate", "{\"Comment\":\"x\"}");
    assert_int_equal(microsoft(client, "GET",
                         ACTIONS "?$filter=machineId%20eq%20'" MAC "'%20and%20status%20eq%20"
                                 "'Pending'",
                         ""),
        200);
    assert_int_equal(json_array_size(reply_value(client)), 1);
    assert_says(id);
    assert_int_equal(microsoft(client, "GET", ACTIONS, ""), 200);
    assert_int_equal(json_array_size(reply_value(client)), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(reply_value(client), 0), "machineId")),
        MAC); /* the newest first */
    microsoft(client, "GET", ACTIONS "?$filter=requestorComment%20eq%20'x'", "");
    assert_microsoft_refused(400, "ODataError", "requestorComment");
    microsoft(client, "GET", ACTIONS "/none", "");
    assert_microsoft_refused(404, "ResourceNotFound", "none");
}

static void a_package_is_had_by_a_link_without_a_token(void **state)
{
    struct client *client = *state;
    const char *id =
        act(client, WINDOWS, "collectInvestigationPackage", "{\"Comment\":\"evidence\"}");
    const char *uri = arena_format(&client->arena, ACTIONS "/%s/GetPackageUri", id);
    microsoft(client, "GET", uri, "");
    assert_microsoft_refused(404, "ResourceNotFound", "package");
    assert_string_equal(wait_for(client, id), "Succeeded");
    assert_int_equal(microsoft(client, "GET", uri, ""), 200);
    const char *path = strstr(reply_text(client, "value"), "/_microsoft/storage/");
    assert_non_null(path);
    client->header = NULL;
    client_send(client, "GET", path, NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 200);
    assert_says("batch-1.corp.example");
    char *other = strdup(path);
    char *end = strstr(other, "se=") + 3;
    *end = *end == '1' ? '2' : '1'; /* a link for longer */
    client_send(client, "GET", other, NULL, "text/plain", STR(""));
    assert_microsoft_refused(403, "AuthenticationFailed", "time");
    free(other);
}

/* ---- faults ---- */

static void faults_are_worded_as_microsoft_does(void **state)
{
    static const struct {
        const char *kind;
        long status;
        const char *code; /* NULL: no JSON */
        bool is_applied;
    } cases[] = {
        { "throttle", 429, "TooManyRequests", false },
        { "fail_before", 500, "InternalServerError", false },
        { "fail_after", 500, "InternalServerError", true },
        { "deny", 403, "Forbidden", false },
        { "expire", 401, "Unauthorized", false },
        { "html", 502, NULL, false },
        { "lose_reply", 0, NULL, true },
    };
    struct client *client = *state;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        control_post(client, "reset", "");
        log_in(client, CDR, DEFENDER_SCOPE); /* a reset forgets tokens */
        control_post(client, "faults",
            arena_format(&client->arena, "[{\"operation\":\"IsolateMachine\",\"kind\":\"%s\"}]",
                cases[at].kind));
        act(client, LINUX, "isolate", "{\"Comment\":\"x\"}");
        if (client->status != cases[at].status)
            fail_msg("%s: %ld", cases[at].kind, client->status);
        if (cases[at].code != NULL)
            assert_microsoft_refused(cases[at].status, cases[at].code, "target");
        assert_int_equal(was_applied(client), cases[at].is_applied);
    }
}

/* What was done is not shown by the next looks. */
static void a_change_may_be_shown_late(void **state)
{
    struct client *client = *state;
    control_post(
        client, "faults", "[{\"operation\":\"IsolateMachine\",\"kind\":\"stale\",\"looks\":1}]");
    const char *id = act(client, LINUX, "isolate", "{\"Comment\":\"x\"}");
    microsoft(client, "GET", arena_format(&client->arena, ACTIONS "/%s", id), "");
    assert_microsoft_refused(404, "ResourceNotFound", id);
    assert_string_equal(look_at(client, id), "Pending");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        defender_test(alerts_show_their_evidence_when_asked),
        defender_test(an_alert_is_changed_as_defender_spells_it),
        defender_test(machines_are_found_by_filter_and_none_is_404),
        defender_test(a_page_of_machines_may_be_empty),
        defender_test(a_machine_is_the_instance_that_aws_shows),
        defender_test(a_file_is_known_by_its_hash),
        defender_test(a_machine_is_isolated_after_some_looks_and_let_go),
        defender_test(what_is_under_way_is_not_begun_again),
        defender_test(bodies_are_read_strictly),
        defender_test(an_action_waits_for_its_machine_until_it_is_cancelled),
        defender_test(an_isolated_machine_does_not_carry_out_another_isolation),
        defender_test(actions_are_listed_by_machine_and_status),
        defender_test(a_package_is_had_by_a_link_without_a_token),
        defender_test(faults_are_worded_as_microsoft_does),
        defender_test(a_change_may_be_shown_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
