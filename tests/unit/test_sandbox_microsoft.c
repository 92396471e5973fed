/* Microsoft's login and Graph as the sandbox simulates them. */
#include "microsoft_client.h"

#define ALERTS "/v1.0/security/alerts_v2"
#define MINER "da638816000000000001_1001"
#define ANALYST "0c0ffee0-0000-4000-8000-00000000a001"

/* ---- the login ---- */

static void a_secret_gives_a_token_for_one_audience(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    assert_string_equal(reply_text(client, "token_type"), "Bearer");
    assert_int_equal(json_integer_value(json_object_get(reply_of(client), "expires_in")), 3599);
    size_t dots = 0;
    for (const char *at = reply_text(client, "access_token"); *at != '\0'; at++)
        dots += *at == '.';
    assert_int_equal(dots, 2);
    assert_int_equal(microsoft(client, "GET", ALERTS, ""), 200);
    microsoft(client, "GET", "/api/machines", "");
    assert_microsoft_refused(401, "Unauthorized", "another audience");
}

static void a_login_is_refused_with_the_code_of_its_mistake(void **state)
{
    static const struct {
        const char *tenant;
        const char *form;
        long status;
        const char *error;
        const char *code;
    } cases[] = {
        { TENANT, "grant_type=client_credentials&" CDR "x&scope=" GRAPH_SCOPE, 401,
            "invalid_client", "AADSTS7000215" },
        { TENANT, "grant_type=client_credentials&client_id=x&client_secret=y&scope=" GRAPH_SCOPE,
            400, "unauthorized_client", "AADSTS700016" },
        { TENANT, "grant_type=client_credentials&client_secret=y&scope=" GRAPH_SCOPE, 400,
            "invalid_request", "AADSTS900144" },
        { TENANT,
            "grant_type=client_credentials&client_id=0c0ffee0-0000-4000-8000-00000000c001&"
            "scope=" GRAPH_SCOPE,
            401, "invalid_client", "AADSTS7000216" },
        { TENANT, "grant_type=password&" CDR "&scope=" GRAPH_SCOPE, 400, "unsupported_grant_type",
            "AADSTS70003" },
        { TENANT, "grant_type=client_credentials&" CDR, 400, "invalid_scope", "AADSTS1002012" },
        { TENANT,
            "grant_type=client_credentials&" CDR "&scope=https%3A%2F%2Fgraph.microsoft.com%2FUser",
            400, "invalid_scope", "AADSTS1002012" },
        { TENANT,
            "grant_type=client_credentials&" CDR
            "&scope=https%3A%2F%2Fgraph.microsoft.us%2F.default",
            400, "invalid_resource", "AADSTS500011" },
        { "elsewhere", "grant_type=client_credentials&" CDR "&scope=" GRAPH_SCOPE, 400,
            "invalid_request", "AADSTS90002" },
        { TENANT, "grant_type=client_credentials&" CDR "&resource=x", 400, "invalid_request",
            "AADSTS900144" },
    };
    struct client *client = *state;
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        microsoft_login(client, cases[at].tenant, cases[at].form);
        assert_microsoft_refused(cases[at].status, cases[at].error, cases[at].code);
        assert_says("\"error_description\":\"AADSTS");
        assert_says("correlation_id");
    }
}

static void a_call_needs_a_token_that_lives(void **state)
{
    struct client *client = *state;
    microsoft(client, "GET", ALERTS, "");
    assert_microsoft_refused(401, "InvalidAuthenticationToken", "innerError");
    log_in(client, CDR, GRAPH_SCOPE);
    control_post(client, "faults", "[{\"operation\":\"ListAlerts\",\"kind\":\"expire\"}]");
    microsoft(client, "GET", ALERTS, "");
    assert_microsoft_refused(401, "InvalidAuthenticationToken", "expired");
    assert_int_equal(microsoft(client, "GET", ALERTS, ""), 200);
}

static void a_missing_role_is_named_but_of_people_it_is_not(void **state)
{
    struct client *client = *state;
    log_in(client, READER, GRAPH_SCOPE);
    microsoft(client, "PATCH", ALERTS "/" MINER, "{\"status\":\"resolved\"}");
    assert_microsoft_refused(403, "Forbidden",
        "Missing application roles. API required roles: SecurityAlert.ReadWrite.All, application "
        "roles: SecurityAlert.Read.All.");
    microsoft(client, "GET", "/v1.0/users/" ANALYST, "");
    assert_microsoft_refused(403, "Authorization_RequestDenied", "Insufficient privileges");
    log_in(client, READER, DEFENDER_SCOPE);
    microsoft(client, "POST", "/api/machines/" LINUX "/isolate", "{\"Comment\":\"x\"}");
    assert_microsoft_refused(403, "Forbidden", "API required roles: Machine.Isolate, application");
}

/* ---- Graph's alerts ---- */

/* How many alerts a query lists. */
static size_t listed(struct client *client, const char *query)
{
    const char *path = arena_format(&client->arena, ALERTS "?%s", query);
    if (microsoft(client, "GET", path, "") != 200)
        fail_msg("%ld: %s", client->status, client->body.ptr);
    return json_array_size(reply_value(client));
}

static void alerts_come_newest_first_and_by_filter(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    assert_int_equal(listed(client, "$count=true"), 3);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(reply_value(client), 0), "id")), MINER);
    assert_says("\"@odata.count\":3");
    assert_int_equal(
        listed(client, "$filter=lastUpdateDateTime%20ge%202025-05-01T08:30:12.54Z"), 2);
    assert_int_equal(
        listed(client, "$filter=lastUpdateDateTime+ge+2025-05-01T08:30:12.5400001Z"), 1);
    assert_int_equal(
        listed(client, "$filter=lastUpdateDateTime%20ge%202025-05-01T07:00:00Z%20and%20"
                       "lastUpdateDateTime%20lt%202025-05-01T09:00:12.54Z"),
        2);
    assert_int_equal(
        listed(client, "$filter=severity%20eq%20'high'%20or%20status%20eq%20'it''s'"), 1);
    assert_int_equal(listed(client, "$filter=severity%20in%20('low','medium')"), 2);
}

static void pages_are_linked_to_an_empty_last_one(void **state)
{
    struct client *client = *state;
    size_t seen = 0, pages = 0;
    log_in(client, CDR, GRAPH_SCOPE);
    const char *path = "/_microsoft" ALERTS "?$top=1&$filter=status%20eq%20'new'";
    while (path != NULL && pages < 10) {
        client_send(client, "GET", path, NULL, "application/json", STR(""));
        assert_int_equal(client->status, 200);
        seen += json_array_size(reply_value(client));
        pages++;
        const char *next = json_string_value(json_object_get(reply_of(client), "@odata.nextLink"));
        path = next == NULL ? NULL : strstr(next, "/_microsoft");
    }
    assert_int_equal(seen, 3);
    assert_int_equal(pages, 4);
}

static void queries_that_graph_does_not_take_are_refused(void **state)
{
    static const char *const queries[] = { "$orderby=createdDateTime", "$filter=title%20eq%20'x'",
        "$filter=investigationState%20eq%20'x'", "$filter=lastUpdateDateTime%20ge%20'2025'",
        "$filter=status%20eq%20'new", "$filter=status%20eq%20new", "$filter=", "$top=0",
        "$top=2001", "$skip=-1", "$filter=(status%20eq%20'new'", "$filter=status%20is%20'new'",
        "$filter=status%20eq%20'a'%20xor%20status%20eq%20'b'", "top=5",
        "$filter=createdDateTime%20gt%202025-05-01" };
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    for (size_t at = 0; at < COUNT_OF(queries); at++) {
        microsoft(client, "GET", arena_format(&client->arena, ALERTS "?%s", queries[at]), "");
        if (client->status != 400)
            fail_msg("%s: %ld", queries[at], client->status);
        assert_microsoft_refused(400, "BadRequest", "message");
    }
}

static void an_alert_is_resolved_in_both_apis_and_commented(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    assert_int_equal(microsoft(client, "PATCH", ALERTS "/" MINER,
                         "{\"status\":\"resolved\",\"classification\":\"truePositive\"}"),
        200);
    assert_string_equal(reply_text(client, "status"), "resolved");
    assert_true(reply_text(client, "resolvedDateTime")[0] != '\0');
    assert_int_equal(
        microsoft(client, "POST", ALERTS "/" MINER "/comments",
            "{\"@odata.type\":\"microsoft.graph.security.alertComment\",\"comment\":\"seen\"}"),
        200);
    assert_says("\"comment\":\"seen\"");
    assert_int_equal(microsoft(client, "GET", ALERTS "/" MINER, ""), 200);
    assert_says("\"comment\":\"seen\"");
    microsoft(client, "PATCH", ALERTS "/" MINER, "{\"status\":\"Resolved\"}");
    assert_microsoft_refused(400, "BadRequest", "status");
    microsoft(client, "PATCH", ALERTS "/none", "{\"status\":\"new\"}");
    assert_microsoft_refused(404, "NotFound", "message");
    log_in(client, CDR, DEFENDER_SCOPE);
    assert_int_equal(microsoft(client, "GET", "/api/alerts/" MINER, ""), 200);
    assert_string_equal(reply_text(client, "status"), "Resolved");
}

static void alerts_are_added_from_outside(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    control_post(client, "alerts",
        "[{\"id\":\"new\",\"serviceSource\":\"x\",\"status\":\"new\",\"createdDateTime\":"
        "\"2026-01-01T00:00:00Z\",\"lastUpdateDateTime\":\"2026-01-01T00:00:00Z\"},"
        "{\"id\":\"new\",\"status\":\"New\",\"alertCreationTime\":\"2026-01-01T00:00:00Z\","
        "\"lastUpdateTime\":\"2026-01-01T00:00:00Z\"}]");
    assert_int_equal(client->status, 200);
    assert_int_equal(listed(client, "$top=50"), 4);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(reply_value(client), 0), "id")), "new");
    control_post(client, "alerts", "[{\"id\":\"new\",\"serviceSource\":\"y\"}]");
    assert_int_equal(client->status, 400); /* without a status and times */
    control_post(client, "alerts",
        "[{\"id\":\"new\",\"serviceSource\":\"y\",\"status\":\"resolved\",\"createdDateTime\":"
        "\"2026-01-01T00:00:00Z\",\"lastUpdateDateTime\":\"2026-01-02T00:00:00Z\"}]");
    assert_int_equal(listed(client, "$top=50"), 4);
    assert_says("\"status\":\"resolved\"");
    control_post(client, "alerts", "[{\"id\":\"new\"}]");
    assert_int_equal(client->status, 400);
    control_post(client, "alerts", "{}");
    assert_int_equal(client->status, 400);
}

/* ---- people ---- */

static void a_user_is_found_by_id_and_by_name(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    assert_int_equal(
        microsoft(client, "GET", "/v1.0/users/" ANALYST "?$select=id,accountEnabled", ""), 200);
    assert_true(json_is_true(json_object_get(reply_of(client), "accountEnabled")));
    assert_int_equal(microsoft(client, "GET", "/v1.0/users/on%27call%40corp.example", ""), 200);
    assert_null(json_object_get(reply_of(client), "accountEnabled")); /* not without $select */
    microsoft(client, "GET", "/v1.0/users/nobody%40corp.example", "");
    assert_microsoft_refused(404, "Request_ResourceNotFound", "nobody@corp.example");
    microsoft(client, "GET", "/v1.0/users/" ANALYST "?$select=secret", "");
    assert_microsoft_refused(400, "BadRequest", "secret");
}

static void an_account_is_disabled_and_its_sessions_revoked(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    assert_int_equal(
        microsoft(client, "PATCH", "/v1.0/users/" ANALYST, "{\"accountEnabled\":false}"), 204);
    assert_int_equal(client->body.len, 0);
    assert_int_equal(
        microsoft(client, "GET", "/v1.0/users/" ANALYST "?$select=accountEnabled", ""), 200);
    assert_true(json_is_false(json_object_get(reply_of(client), "accountEnabled")));
    assert_int_equal(
        microsoft(client, "POST", "/v1.0/users/" ANALYST "/revokeSignInSessions", ""), 200);
    assert_true(json_is_true(reply_value(client)));
    microsoft(client, "PATCH", "/v1.0/users/" ANALYST, "{\"accountEnabled\":\"false\"}");
    assert_microsoft_refused(400, "Request_BadRequest", "boolean");
}

static void an_administrator_is_changed_by_whoever_has_the_role_alone(void **state)
{
    static const char path[] = "/v1.0/users/admin.one%40corp.example";
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    microsoft(client, "PATCH", path, "{\"accountEnabled\":false}");
    assert_microsoft_refused(403, "Authorization_RequestDenied", "Insufficient privileges");
    assert_false(was_applied(client));
    log_in(client, ADMIN, GRAPH_SCOPE);
    assert_int_equal(microsoft(client, "PATCH", path, "{\"accountEnabled\":false}"), 204);
}

/* ---- the world ---- */

static void a_world_is_loaded_as_it_was_shown(void **state)
{
    struct client *client = *state;
    log_in(client, CDR, GRAPH_SCOPE);
    microsoft(client, "PATCH", "/v1.0/users/" ANALYST, "{\"accountEnabled\":false}");
    json_t *before = control_get(client, "state");
    char *text = json_dumps(before, 0);
    struct client *other = client_new(str_from(text));
    json_t *after = control_get(other, "state");
    assert_true(json_equal(before, after));
    other->header = client->header; /* tokens are part of it */
    assert_int_equal(microsoft(other, "GET", ALERTS, ""), 200);
    json_decref(before);
    json_decref(after);
    client_free(other);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_secret_gives_a_token_for_one_audience),
        sandbox_test(a_login_is_refused_with_the_code_of_its_mistake),
        sandbox_test(a_call_needs_a_token_that_lives),
        sandbox_test(a_missing_role_is_named_but_of_people_it_is_not),
        sandbox_test(alerts_come_newest_first_and_by_filter),
        sandbox_test(pages_are_linked_to_an_empty_last_one),
        sandbox_test(queries_that_graph_does_not_take_are_refused),
        sandbox_test(an_alert_is_resolved_in_both_apis_and_commented),
        sandbox_test(alerts_are_added_from_outside),
        sandbox_test(a_user_is_found_by_id_and_by_name),
        sandbox_test(an_account_is_disabled_and_its_sessions_revoked),
        sandbox_test(an_administrator_is_changed_by_whoever_has_the_role_alone),
        sandbox_test(a_world_is_loaded_as_it_was_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
