#include "falcon_client.h"

static void a_token_is_given_for_the_secret_and_for_nothing_else(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_says("\"token_type\":\"bearer\"");
    assert_says("\"expires_in\":1799");
    client->header = NULL;
    client_send(client, "POST", "/_crowdstrike/oauth2/token", NULL,
        "application/x-www-form-urlencoded", STR("client_id=" FALCON_ID "&client_secret=x"));
    assert_falcon_refused(403, "access denied");
    client_send(client, "POST", "/_crowdstrike/oauth2/token", NULL,
        "application/x-www-form-urlencoded", STR("client_id=" FALCON_ID));
    assert_falcon_refused(400, "client_secret");
    falcon(client, "POST", "/oauth2/token", "{}");
    assert_falcon_refused(415, "");
    falcon(client, "GET", "/oauth2/token", "");
    assert_falcon_refused(405, "");
    falcon(client, "GET", "/oauth3/token", "");
    assert_falcon_refused(404, "");
}

static void secrets_are_in_no_log(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    client_send(client, "GET", "/_sandbox/calls", NULL, JSON_TYPE, STR(""));
    assert_says("oauth2AccessToken");
    assert_says(FALCON_ID);
    assert_false(says(client, FALCON_SECRET));
}

#define READER_LOGIN                                                                               \
    "client_id=c0ffee00111122223333444400000000&client_secret=sandbox-secret-of-cdr-reader"
#define WEB_1 "1111000000000000c0ffee0000000001"
#define FIN_WS_7 "1111000000000000c0ffee0000000002"
#define BUILD_2 "1111000000000000c0ffee0000000003"
#define LAB_6 "1111000000000000c0ffee0000000006"
#define CONTAIN "/devices/entities/devices-actions/v2?action_name=contain"
#define LIFT "/devices/entities/devices-actions/v2?action_name=lift_containment"
#define IDS(id) "{\"ids\":[\"" id "\"]}"

static const char *text_at(struct client *client, const char *name)
{
    const char *text = json_string_value(json_object_get(falcon_first(client), name));
    return text == NULL ? "" : text;
}

static void a_token_has_scopes_and_is_needed(void **state)
{
    struct client *client = *state;
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_falcon_refused(401, "invalid bearer token");
    client->header = "Authorization: Bearer sandbox-token-crowdstrike-99";
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_falcon_refused(401, "invalid bearer token");
    falcon_login(client, READER_LOGIN);
    assert_int_equal(falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1)), 200);
    falcon(client, "POST", CONTAIN, IDS(WEB_1));
    assert_falcon_refused(403, "authorization failed");
    assert_false(was_applied(client));
}

static void a_token_ends_by_its_lifetime_by_revocation_and_by_a_fault(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    const char *header = client->header;
    set_faults(client, "[{\"operation\":\"PostDeviceDetailsV2\",\"kind\":\"expire\"}]");
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_falcon_refused(401, "invalid bearer token");
    assert_int_equal(falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1)), 200);
    client_send(client, "POST", "/_crowdstrike/oauth2/revoke", NULL,
        "application/x-www-form-urlencoded",
        str_from(arena_format(&client->arena, "token=%s", strrchr(header, ' ') + 1)));
    assert_int_equal(client->status, 200);
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_falcon_refused(401, "invalid bearer token");
}

static void what_the_vendor_refuses_is_refused(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        long status;
        const char *says;
    } all[] = {
        { "POST", "/devices/entities/devices/v2", "{\"ids\":[]}", 400, "at least one" },
        { "POST", "/devices/entities/devices/v2", "{\"ids\":\"x\"}", 400, "ids" },
        { "POST", "/devices/entities/devices/v2", "{\"ids\":[1]}", 400, "ids" },
        { "POST", "/devices/entities/devices/v2", "{}", 400, "missing member: ids" },
        { "POST", "/devices/entities/devices/v2", "{\"Ids\":[\"x\"]}", 400, "unknown member: Ids" },
        { "POST", "/devices/entities/devices/v2", "[]", 400, "no JSON object" },
        { "POST", "/devices/entities/devices/v2?x=1", IDS(WEB_1), 400, "unknown parameter: x" },
        { "POST", "/devices/entities/devices/v2/", IDS(WEB_1), 404, "" },
        { "DELETE", "/devices/entities/devices/v2", "", 405, "" },
        { "GET", "/devices/entities/devices/v2", "", 400, "missing parameter: ids" },
        { "GET", "/devices/combined/devices/v1?limit=0", "", 400, "limit" },
        { "GET", "/devices/combined/devices/v1?limit=x", "", 400, "limit" },
        { "GET", "/devices/combined/devices/v1?limit=1&limit=2", "", 400, "twice" },
        { "GET", "/devices/combined/devices/v1?sort=colour.asc", "", 400, "sort" },
        { "GET", "/devices/combined/devices/v1?filter=hostname", "", 400, "filter" },
        { "GET", "/devices/combined/devices/v1?filter=hostname:'a'%2B", "", 400, "filter" },
        { "GET", "/devices/combined/devices/v1?offset=7", "", 400, "token" },
        { "POST", "/devices/entities/devices-actions/v2", IDS(WEB_1), 400, "action_name" },
        { "POST", "/devices/entities/devices-actions/v2?action_name=explode", IDS(WEB_1), 400,
            "action_name" },
        { "POST", CONTAIN, IDS("0000"), 404, "0000" },
        { "POST", CONTAIN, IDS(LAB_6), 409, "already contained" },
        { "POST", LIFT, IDS(WEB_1), 409, "already normal" },
        { "POST", "/alerts/combined/alerts/v1", "{\"limit\":1001}", 400, "limit" },
        { "POST", "/alerts/combined/alerts/v1", "{\"limit\":\"5\"}", 400, "limit" },
        { "GET", "/alerts/queries/alerts/v2?limit=10000&offset=1", "", 400, "offset" },
        { "PATCH", "/alerts/entities/alerts/v3", "{\"composite_ids\":[\"x\"]}", 400,
            "action_parameters" },
    };
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    for (size_t at = 0; at < sizeof(all) / sizeof(all[0]); at++) {
        falcon(client, all[at].method, all[at].path, all[at].body);
        if (client->status != all[at].status || !says(client, all[at].says))
            fail_msg("%s %s %s: %ld %s", all[at].method, all[at].path, all[at].body, client->status,
                client->body.ptr);
        assert_false(was_applied(client));
    }
}

static void a_host_is_contained_after_some_looks_and_let_go_again(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 202);
    assert_true(was_applied(client));
    static const char *const shown[] = { "containment_pending", "containment_pending", "contained",
        "contained" };
    for (size_t at = 0; at < sizeof(shown) / sizeof(shown[0]); at++) {
        falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
        assert_string_equal(text_at(client, "status"), shown[at]);
    }
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 409);
    assert_int_equal(falcon(client, "POST", LIFT, IDS(WEB_1)), 202);
    for (int look = 0; look < 3; look++)
        falcon(client, "GET", "/devices/entities/devices/v2?ids=" WEB_1, "");
    assert_string_equal(text_at(client, "status"), "normal");
    assert_false(says(client, "\"looks\""));
}

static void a_host_that_is_offline_stays_pending(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(BUILD_2)), 202);
    for (int look = 0; look < 5; look++)
        falcon(client, "POST", "/devices/entities/devices/v2", IDS(BUILD_2));
    assert_string_equal(text_at(client, "status"), "containment_pending");
    falcon(client, "GET", "/devices/entities/online-state/v1?ids=" BUILD_2 "&ids=" WEB_1, "");
    assert_string_equal(text_at(client, "state"), "offline");
    assert_says("\"state\":\"online\"");
}

static size_t found(struct client *client, const char *filter)
{
    char path[512];
    snprintf(path, sizeof(path), "/devices/combined/devices/v1?filter=%s", filter);
    if (falcon(client, "GET", path, "") != 200)
        fail_msg("%s: %s", filter, client->body.ptr);
    return json_array_size(json_object_get(falcon_reply(client), "resources"));
}

static void devices_are_found_by_what_they_are(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(found(client, "instance_id:'i-01111e1c0ffee0001'"), 1);
    assert_string_equal(text_at(client, "mac_address"), "02-00-00-0b-01-00");
    assert_int_equal(found(client, "platform_name:'Windows'"), 3);
    assert_int_equal(found(client, "platform_name:'windows'%2Bstatus:'contained'"), 1);
    assert_int_equal(found(client, "hostname:'web-1',hostname:'lab-6'"), 2);
    assert_int_equal(found(client, "hostname:%5B'web-1','lab-6'%5D"), 2);
    assert_int_equal(found(client, "hostname:'*-ws-*'"), 2);
    assert_int_equal(found(client, "hostname:'%5C*-ws-%5C*'"), 0);
    assert_int_equal(found(client, "hostname:!'web-1'"), 5);
    assert_int_equal(found(client, "groups:'9999000000000000c0ffee0000000001'"), 3);
    assert_int_equal(found(client, "local_ip:'192.0.2.27'"), 1);
    assert_int_equal(found(client, "last_seen:%3C'2025-05-01T00:00:00Z'"), 1);
    assert_int_equal(found(client, "hostname:'x%5C',hostname:%5C'web-1'"), 0);
}

static void pages_of_devices_are_told_by_tokens_that_expire_and_fit_one_filter(void **state)
{
    struct client *client = *state;
    char path[512];
    falcon_login(client, FALCON_LOGIN);
    const char *token = "";
    size_t seen = 0;
    do {
        snprintf(path, sizeof(path), "/devices/combined/devices/v1?limit=4%s%s",
            token[0] == '\0' ? "" : "&offset=", token);
        assert_int_equal(falcon(client, "GET", path, ""), 200);
        json_t *reply = falcon_reply(client);
        seen += json_array_size(json_object_get(reply, "resources"));
        const char *next = json_string_value(
            json_object_get(json_object_get(json_object_get(reply, "meta"), "pagination"), "next"));
        if (next[0] != '\0')
            token = next;
        else
            break;
    } while (seen < 100);
    assert_int_equal(seen, 6);
    snprintf(path, sizeof(path), "/devices/combined/devices/v1?limit=4&sort=hostname.asc&offset=%s",
        token);
    falcon(client, "GET", path, "");
    assert_falcon_refused(400, "another filter or sort");
    struct client *fast = client_new(
        STR("{\"accounts\":[{\"account\":\"111122223333\"}],\"crowdstrike\":{\"id\":"
            "\"11110000c0ffee00c0ffee0000001111\",\"offsetLifetimeS\":-1,\"tokenLifetimeS\":60,"
            "\"clients\":[{\"clientId\":\"" FALCON_ID "\",\"clientSecret\":\"" FALCON_SECRET
            "\",\"scopes\":[\"hosts:read\"]}],\"devices\":[{\"device_id\":\"1\",\"hostname\":\"a\","
            "\"platform_name\":\"Linux\",\"status\":\"normal\"},{\"device_id\":\"2\",\"hostname\":"
            "\"b\","
            "\"platform_name\":\"Linux\",\"status\":\"normal\"}]}}"));
    falcon_login(fast, FALCON_LOGIN);
    falcon(fast, "GET", "/devices/combined/devices/v1?limit=1", "");
    token = json_string_value(json_object_get(
        json_object_get(json_object_get(falcon_reply(fast), "meta"), "pagination"), "next"));
    snprintf(path, sizeof(path), "/devices/combined/devices/v1?limit=1&offset=%s", token);
    assert_int_equal(falcon(fast, "GET", path, ""), 400);
    assert_true(says(fast, "expired"));
    client_free(fast);
}

static void alerts_come_in_the_order_and_from_the_time_that_is_asked_for(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    static const char first[] =
        "{\"filter\":\"created_timestamp:>='2025-05-06T07:05:00.583865066Z'\","
        "\"sort\":\"created_timestamp|asc\",\"limit\":2}";
    assert_int_equal(falcon(client, "POST", "/alerts/combined/alerts/v1", first), 200);
    json_t *paging = json_object_get(json_object_get(falcon_reply(client), "meta"), "pagination");
    assert_int_equal(json_integer_value(json_object_get(paging, "total")), 4);
    assert_string_equal(text_at(client, "display_name"), "Credential dumping");
    const char *after = json_string_value(json_object_get(paging, "after"));
    const char *next = arena_format(&client->arena,
        "{\"filter\":\"created_timestamp:>='2025-05-06T07:05:00.583865066Z'\","
        "\"sort\":\"created_timestamp|asc\",\"limit\":2,\"after\":\"%s\"}",
        after);
    assert_int_equal(falcon(client, "POST", "/alerts/combined/alerts/v1", next), 200);
    assert_string_equal(text_at(client, "display_name"), "Unsigned installer");
    paging = json_object_get(json_object_get(falcon_reply(client), "meta"), "pagination");
    assert_null(json_object_get(paging, "after"));
    next = arena_format(
        &client->arena, "{\"sort\":\"updated_timestamp|asc\",\"after\":\"%s\"}", after);
    falcon(client, "POST", "/alerts/combined/alerts/v1", next);
    assert_falcon_refused(400, "another filter or sort");
}

#define ALERT_1 "11110000c0ffee00c0ffee0000001111:ind:" WEB_1 ":1001-10197-5150"
#define UPDATE(name, value)                                                                        \
    "{\"composite_ids\":[\"" ALERT_1 "\"],\"action_parameters\":[{\"name\":\"" name                \
    "\",\"value\":\"" value "\"}]}"
#define PATCH "/alerts/entities/alerts/v3"

static void an_alert_is_worked_on_and_its_updated_timestamp_moves(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    assert_int_equal(falcon(client, "PATCH", PATCH, UPDATE("update_status", "closed")), 200);
    assert_says("\"resources_affected\":1");
    assert_int_equal(falcon(client, "PATCH", PATCH, UPDATE("append_comment", "by cdr")), 200);
    assert_int_equal(falcon(client, "PATCH", PATCH, UPDATE("add_tag", "t")), 200);
    assert_int_equal(falcon(client, "POST", "/alerts/entities/alerts/v2",
                         "{\"composite_ids\":[\"" ALERT_1 "\"]}"),
        200);
    assert_string_equal(text_at(client, "status"), "closed");
    assert_says("\"value\":\"by cdr\"");
    assert_says("\"tags\":[\"t\"]");
    assert_true(strcmp(text_at(client, "updated_timestamp"), "2025-05-07") > 0);
    falcon(client, "PATCH", PATCH, UPDATE("update_status", "done"));
    assert_falcon_refused(400, "invalid status");
    falcon(client, "PATCH", PATCH, UPDATE("explode", "x"));
    assert_falcon_refused(400, "explode");
    falcon(client, "PATCH", PATCH,
        "{\"composite_ids\":[\"nobody\"],\"action_parameters\":[{\"name\":\"add_tag\","
        "\"value\":\"x\"}]}");
    assert_falcon_refused(404, "No alerts");
}

static void faults_hit_by_the_vendors_names(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    set_faults(client, "[{\"operation\":\"PerformActionV2\",\"kind\":\"throttle\"},"
                       "{\"operation\":\"PerformActionV2\",\"kind\":\"fail_before\"},"
                       "{\"operation\":\"PerformActionV2\",\"kind\":\"html\",\"status\":503},"
                       "{\"operation\":\"PerformActionV2\",\"kind\":\"lose_reply\"}]");
    falcon(client, "POST", CONTAIN, IDS(WEB_1));
    assert_falcon_refused(429, "rate limit");
    falcon(client, "POST", CONTAIN, IDS(WEB_1));
    assert_falcon_refused(500, "trace-id");
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 503);
    assert_says("<html>");
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 0);
    const char *header = client->header;
    client->header = NULL;
    assert_true(was_applied(client));
    client->header = header;
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 409);
}

static void a_change_may_not_show_for_some_looks(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    set_faults(client, "[{\"operation\":\"PerformActionV2\",\"kind\":\"stale\",\"looks\":1}]");
    assert_int_equal(falcon(client, "POST", CONTAIN, IDS(WEB_1)), 202);
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_string_equal(text_at(client, "status"), "normal");
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(WEB_1));
    assert_string_equal(text_at(client, "status"), "containment_pending");
}

/* What /_sandbox/state says begins another sandbox that goes on from there. */
static void a_world_with_a_tenant_can_be_loaded_again(void **state)
{
    struct client *client = *state;
    falcon_login(client, FALCON_LOGIN);
    falcon(client, "POST", CONTAIN, IDS(FIN_WS_7));
    const char *header = client->header;
    client_send(client, "GET", "/_sandbox/state", NULL, JSON_TYPE, STR(""));
    struct client *again = client_new(buf_str(&client->body));
    again->header = header;
    falcon(again, "POST", "/devices/entities/devices/v2", IDS(FIN_WS_7));
    assert_int_equal(again->status, 200);
    assert_true(says(again, "containment_pending"));
    client_free(again);
    client_send(client, "POST", "/_sandbox/reset", NULL, JSON_TYPE, STR(""));
    falcon(client, "POST", "/devices/entities/devices/v2", IDS(FIN_WS_7));
    assert_falcon_refused(401, "invalid bearer token");
}

static void a_tenant_that_cannot_be_used_is_named(void **state)
{
    (void)state;
#define WORLD(tenant) "{\"accounts\":[{\"account\":\"111122223333\"}],\"crowdstrike\":" tenant "}"
#define TENANT(rest) WORLD("{\"id\":\"11110000c0ffee00c0ffee0000001111\"," rest "}")
    static const char *const bad[][2] = {
        { WORLD("[]"), "crowdstrike" },
        { WORLD("{}"), "CID" },
        { TENANT("\"devices\":1"), "devices" },
        { TENANT("\"devices\":[{\"device_id\":\"1\"}]"), "hostname" },
        { TENANT("\"devices\":[{\"device_id\":\"1\",\"hostname\":\"h\",\"platform_name\":\"Linux\","
                 "\"status\":\"asleep\"}]"),
            "asleep" },
        { TENANT("\"alerts\":[{\"composite_id\":\"1\"}]"), "created_timestamp" },
        { TENANT("\"tokens\":1"), "tokens" },
    };
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct sandbox *sandbox = NULL;
        const char *reason = NULL;
        struct sandbox_options options = { .world = str_from(bad[at][0]) };
        assert_int_equal(sandbox_start(&options, &arena, &sandbox, &reason), ERR_JSON);
        if (reason == NULL || strstr(reason, bad[at][1]) == NULL)
            fail_msg("no '%s' in '%s'", bad[at][1], reason);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_token_is_given_for_the_secret_and_for_nothing_else),
        sandbox_test(secrets_are_in_no_log),
        sandbox_test(a_token_has_scopes_and_is_needed),
        sandbox_test(a_token_ends_by_its_lifetime_by_revocation_and_by_a_fault),
        sandbox_test(what_the_vendor_refuses_is_refused),
        sandbox_test(a_host_is_contained_after_some_looks_and_let_go_again),
        sandbox_test(a_host_that_is_offline_stays_pending),
        sandbox_test(devices_are_found_by_what_they_are),
        sandbox_test(pages_of_devices_are_told_by_tokens_that_expire_and_fit_one_filter),
        sandbox_test(alerts_come_in_the_order_and_from_the_time_that_is_asked_for),
        sandbox_test(an_alert_is_worked_on_and_its_updated_timestamp_moves),
        sandbox_test(faults_hit_by_the_vendors_names),
        sandbox_test(a_change_may_not_show_for_some_looks),
        sandbox_test(a_world_with_a_tenant_can_be_loaded_again),
        cmocka_unit_test(a_tenant_that_cannot_be_used_is_named),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
