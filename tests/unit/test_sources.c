/* GuardDuty and Defender on real alerts: whether every identifier arrives. What is expected is read out of the JSON a second time, with jansson
 * and by other means than the sources use. */
#include "compiled.h"

#include <ctype.h>
#include <jansson.h>

#define ALERTS "../shared/data/alerts/"

struct world {
    struct compilation compilation;
    const struct program *program;
    struct arena arena; /* of one alert */
};

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL)
        return -1;
    world->arena.limit = EVENT_BYTES_MAX;
    world->program = compile_good(&world->compilation, "when severity >= low then collect triage");
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    compile_release(&world->compilation);
    arena_release(&world->arena);
    free(world);
    return 0;
}

/* Call `look` with each line of the file; how many there were. Skips without the data. */
static size_t each_line(struct world *world, const char *file,
    void (*look)(struct world *world, size_t line, const char *json))
{
    FILE *stream = fopen(file, "r");
    char *text = NULL;
    size_t size = 0;
    size_t count = 0;
    if (stream == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    while (getline(&text, &size, stream) > 0) {
        if (strspn(text, " \t\r\n") == strlen(text))
            continue;
        look(world, ++count, text);
        arena_release(&world->arena);
    }
    free(text);
    fclose(stream);
    return count;
}

/* ---- reading the JSON a second time ---- */

static const json_t *member(const json_t *object, const char *key, size_t len)
{
    json_t *members = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        const char *name = json_object_iter_key(at);
        if (strlen(name) == len && strncasecmp(name, key, len) == 0)
            return json_object_iter_value(at);
    }
    return NULL;
}

/* The value under a path of keys; of an array the first element. */
static const json_t *at_path(const json_t *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        if (json_is_array(json))
            json = json_array_get(json, 0);
        json = member(json, path, len);
        path += len + (path[len] == '.');
    }
    return json_is_null(json) ? NULL : json;
}

static const char *text_at(const json_t *json, const char *path)
{
    return json_string_value(at_path(json, path));
}

static value field_of(const struct event *event, enum field field)
{
    value v = event->fields[field];
    const value *items = value_items(v);
    return items == NULL ? v : v.count == 0 ? VALUE_NONE : items[0];
}

/* The field (its first element) is this text, or absent for NULL. */
static void has_text(const struct event *event, size_t line, enum field field, const char *expected)
{
    value v = field_of(event, field);
    bool is_as_expected = expected == NULL ? v.kind == VALUE_ABSENT
                                           : v.kind == VALUE_TEXT && str_is(value_str(v), expected);
    if (!is_as_expected)
        print_error("line %zu: %s is `%.*s` and should be `%s`\n", line, field_info(field)->name,
            STR_ARG(value_str(v)), expected == NULL ? "(absent)" : expected);
    assert_true(is_as_expected);
}

static bool all_of(const char *text, size_t from, size_t len, const char *set)
{
    return text != NULL && strlen(text) == len && strspn(text + from, set) == len - from;
}

/* ---- GuardDuty ---- */

static const char *form_or_null(const char *text, const char *prefix, size_t len)
{
    bool has_form = text != NULL && strncmp(text, prefix, strlen(prefix)) == 0
                    && (all_of(text, strlen(prefix), len, "0123456789abcdef")
                        || all_of(text, strlen(prefix), len - 9, "0123456789abcdef"));
    return has_form ? text : NULL;
}

static int guardduty_severity(const json_t *finding)
{
    const json_t *number = at_path(finding, "severity");
    double score = json_number_value(number);
    if (!json_is_number(number))
        return -1;
    return score >= 9   ? SEVERITY_CRITICAL
           : score >= 7 ? SEVERITY_HIGH
           : score >= 4 ? SEVERITY_MEDIUM
           : score >= 1 ? SEVERITY_LOW
                        : SEVERITY_INFORMATIONAL;
}

static void has_severity(const struct event *event, size_t line, int expected)
{
    value v = event->fields[FIELD_SEVERITY];
    int severity = v.kind == VALUE_SEVERITY ? (int)v.integer : -1;
    if (severity != expected)
        print_error("line %zu: severity %d and not %d\n", line, severity, expected);
    assert_int_equal(severity, expected);
}

static void has_credentials(const struct event *event, size_t line, const json_t *finding)
{
    const char *type = text_at(finding, "resource.accessKeyDetails.userType");
    const char *name = text_at(finding, "resource.accessKeyDetails.userName");
    const char *key = text_at(finding, "resource.accessKeyDetails.accessKeyId");
    bool is_role = type != NULL && strcmp(type, "AssumedRole") == 0;
    bool is_key = key != NULL && strlen(key) >= 16
                  && (strncmp(key, "AKIA", 4) == 0 || strncmp(key, "ASIA", 4) == 0)
                  && strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(key);
    has_text(event, line, FIELD_ACCESS_KEY_ID, is_key ? key : NULL);
    has_text(event, line, FIELD_ROLE_ARN, NULL);
    bool is_role_name = is_role && strpbrk(name, "${} ") == NULL;
    has_text(event, line, FIELD_ROLE_NAME, is_role_name ? name : NULL);
    if (name != NULL)
        has_text(event, line, FIELD_USER_NAME, is_role ? NULL : name);
}

static void has_address(const struct event *event, size_t line, enum field field, const char *text)
{
    CLEANUP(arena_release) struct arena arena = { 0 };
    value expected;
    value given = text == NULL ? VALUE_NONE : value_text(str_from(text));
    assert_int_equal(value_convert(&arena, given, TYPE_IP, &expected), ERR_OK);
    if (!value_same(field_of(event, field), expected))
        print_error("line %zu: %s is not %s\n", line, field_info(field)->name,
            text == NULL ? "absent" : text);
    assert_true(value_same(field_of(event, field), expected));
}

static void has_network(const struct event *event, size_t line, const json_t *finding)
{
    const json_t *action = at_path(finding, "service.action");
    const char *way = text_at(action, "networkConnectionAction.connectionDirection");
    const char *remote = text_at(action, "networkConnectionAction.remoteIpDetails.ipAddressV4");
    if (remote == NULL) /* a row of a table made of findings */
        remote =
            text_at(finding, "service_action_networkconnectionaction_remoteipdetails_ipaddressv4");
    bool is_outbound = way != NULL && strcmp(way, "OUTBOUND") == 0;
    const char *probe =
        text_at(action, "portProbeAction.portProbeDetails.remoteIpDetails.ipAddressV4");
    has_address(event, line, FIELD_SRC_IP, is_outbound ? NULL : remote != NULL ? remote : probe);
    has_address(event, line, FIELD_DST_IP, is_outbound ? remote : NULL);
    static const char *const callers[] = { "awsApiCallAction", "kubernetesApiCallAction",
        "rdsLoginAttemptAction" };
    const char *client = NULL;
    for (size_t at = 0; at < 3 && client == NULL; at++)
        client = text_at(at_path(action, callers[at]), "remoteIpDetails.ipAddressV4");
    has_address(event, line, FIELD_CLIENT_IP, client);
}

static void look_at_guardduty(struct world *world, size_t line, const char *json)
{
    json_t *wrapped = json_loads(json, 0, NULL);
    assert_non_null(wrapped);
    const json_t *alert = json_object_get(wrapped, "event");
    char *text = json_dumps(alert, 0);
    struct event event = read_alert(world->program, &world->arena, text);
    const json_t *detail = at_path(alert, "detail");
    const json_t *finding = detail != NULL ? detail : alert;

    if (!str_is(event.source, "guardduty"))
        print_error("line %zu is not taken\n", line);
    assert_true(str_is(event.source, "guardduty"));
    has_text(&event, line, FIELD_ALERT_ID, text_at(finding, "id"));
    has_text(&event, line, FIELD_ALERT_TITLE, text_at(finding, "title"));
    has_text(&event, line, FIELD_ALERT_TYPE, text_at(finding, "type"));
    has_severity(&event, line, guardduty_severity(finding));
    char account[32] = "";
    const json_t *account_id = at_path(finding, "accountId");
    if (json_is_string(account_id))
        snprintf(account, sizeof account, "%s", json_string_value(account_id));
    else if (json_is_integer(account_id))
        snprintf(account, sizeof account, "%lld", (long long)json_integer_value(account_id));
    has_text(
        &event, line, FIELD_CLOUD_ACCOUNT, all_of(account, 0, 12, "0123456789") ? account : NULL);
    const char *region = text_at(finding, "region");
    has_text(&event, line, FIELD_CLOUD_REGION,
        region != NULL   ? region
        : detail != NULL ? text_at(alert, "region")
                         : NULL);
    has_text(&event, line, FIELD_CLOUD_PROVIDER, "aws");
    const char *instance = text_at(finding, "resource.instanceDetails.instanceId");
    const char *group =
        text_at(finding, "resource.instanceDetails.networkInterfaces.securityGroups.groupId");
    /* A row of a table made of findings. */
    if (text_at(finding, "resource_instancedetails_instanceid") != NULL) {
        instance = text_at(finding, "resource_instancedetails_instanceid");
        group = text_at(
            finding, "resource_instancedetails_networkinterfaces_0_securitygroups_0_groupid");
    }
    has_text(&event, line, FIELD_INSTANCE_ID, form_or_null(instance, "i-", 19));
    has_text(&event, line, FIELD_SG_ID, form_or_null(group, "sg-", 20));
    has_credentials(&event, line, finding);
    has_network(&event, line, finding);
    bool has_time = at_path(finding, "service.eventLastSeen") != NULL
                    || at_path(finding, "updatedAt") != NULL
                    || at_path(finding, "createdAt") != NULL;
    assert_int_equal(event.fields[FIELD_ALERT_TIME].kind, has_time ? VALUE_TIME : VALUE_ABSENT);
    free(text);
    json_decref(wrapped);
}

static void every_guardduty_finding_comes_out_with_what_it_has(void **state)
{
    assert_int_equal(each_line(*state, ALERTS "guardduty/all.jsonl", look_at_guardduty), 42);
}

/* ---- Defender ---- */

static const char *first_text(const json_t *alert, const char *const *paths)
{
    for (; *paths != NULL; paths++) {
        const json_t *found = at_path(alert, *paths);
        if (json_is_string(found))
            return json_string_value(found);
        if (json_is_array(found) && json_array_size(found) > 0)
            return json_string_value(json_array_get(found, 0));
    }
    return NULL;
}

/* The text under `key` in the first of the alert's evidence that has it. */
static const char *evidence_text(const json_t *alert, const char *key)
{
    const json_t *evidence = at_path(alert, "evidence");
    for (size_t at = 0; at < json_array_size(evidence); at++) {
        const char *text = text_at(json_array_get(evidence, at), key);
        if (text != NULL)
            return text;
    }
    return NULL;
}

static int defender_severity(const char *word)
{
    static const char *const words[] = { "informational", "low", "medium", "high" };
    for (int at = 0; word != NULL && at < 4; at++)
        if (strcasecmp(word, words[at]) == 0)
            return at;
    return -1;
}

static void look_at_defender(struct world *world, size_t line, const char *json)
{
    static const char *const ids[] = { "properties.AlertId", "id", NULL };
    static const char *const titles[] = { "properties.Title", "title", NULL };
    static const char *const severities[] = { "properties.Severity", "severity", NULL };
    static const char *const hosts[] = { "properties.DeviceId", "machineId", NULL };
    static const char *const names[] = { "properties.DeviceName", "computerDnsName", NULL };
    json_t *alert = json_loads(json, 0, NULL);
    struct event event = read_alert(world->program, &world->arena, json);
    assert_non_null(alert);
    if (!str_is(event.source, "defender"))
        print_error("line %zu is not taken: %s\n", line, json);
    assert_true(str_is(event.source, "defender"));
    has_text(&event, line, FIELD_ALERT_ID, first_text(alert, ids));
    has_text(&event, line, FIELD_ALERT_TITLE, first_text(alert, titles));
    has_severity(&event, line, defender_severity(first_text(alert, severities)));
    has_text(&event, line, FIELD_HOST_ID, first_text(alert, hosts));
    has_text(&event, line, FIELD_HOST_NAME, first_text(alert, names));
    has_text(&event, line, FIELD_ALERT_STATUS, text_at(alert, "status"));
    const char *user = evidence_text(alert, "userAccount.accountName");
    user = user != NULL ? user : evidence_text(alert, "accountName");
    user = user != NULL ? user : text_at(alert, "relatedUser.userName");
    has_text(&event, line, FIELD_USER_NAME, user);
    has_text(&event, line, FIELD_USER_ID, evidence_text(alert, "aadUserId"));
    has_text(&event, line, FIELD_PROCESS_CMDLINE, evidence_text(alert, "processCommandLine"));
    has_text(&event, line, FIELD_FILE_SHA256, evidence_text(alert, "sha256"));
    assert_int_equal(event.fields[FIELD_ALERT_TIME].kind, VALUE_TIME);
    json_decref(alert);
}

static void every_defender_alert_comes_out_with_what_it_has(void **state)
{
    struct world *world = *state;
    size_t count = 0;
    static const char *const files[] = { "msdocs-mde-alerts", "panther-defender-alert",
        "panther-graph-alert-v1", "xsoar-mde-alerts" };
    for (size_t at = 0; at < sizeof files / sizeof files[0]; at++) {
        char file[128];
        snprintf(file, sizeof file, ALERTS "defender/%s.jsonl", files[at]);
        count += each_line(world, file, look_at_defender);
    }
    assert_true(count >= 8);
}

static const char graph_alert[] =
    "{\"id\":\"da1\",\"title\":\"Suspicious script\",\"severity\":\"medium\",\"status\":\"new\","
    "\"serviceSource\":\"microsoftDefenderForEndpoint\",\"category\":\"Execution\","
    "\"createdDateTime\":\"2026-02-03T04:05:06Z\",\"mitreTechniques\":[\"T1059\",\"T1105\"],"
    "\"alertWebUrl\":\"https://security.example/alerts/da1\",\"evidence\":["
    "{\"@odata.type\":\"#microsoft.graph.security.deviceEvidence\",\"mdeDeviceId\":\"abc123\","
    "\"deviceDnsName\":\"web-1.corp.example\",\"osPlatform\":\"Windows11\","
    "\"ipInterfaces\":[\"192.0.2.10\",\"2001:db8::1\"]},"
    "{\"@odata.type\":\"#microsoft.graph.security.processEvidence\","
    "\"processCommandLine\":\"powershell -enc AAAA\","
    "\"imageFile\":{\"fileName\":\"powershell.exe\",\"filePath\":\"C:\\\\Windows\"}},"
    "{\"@odata.type\":\"#microsoft.graph.security.userEvidence\",\"userAccount\":"
    "{\"accountName\":\"svc\",\"azureAdUserId\":\"u-1\",\"userPrincipalName\":\"svc@corp.example\"}"
    "}]}";

static void a_graph_alert_gives_its_device_user_and_process(void **state)
{
    struct world *world = *state;
    struct event event = read_alert(world->program, &world->arena, graph_alert);
    assert_true(str_is(event.source, "defender"));
    has_text(&event, 1, FIELD_HOST_ID, "abc123");
    has_text(&event, 1, FIELD_HOST_NAME, "web-1.corp.example");
    has_text(&event, 1, FIELD_HOST_OS, "Windows11");
    has_address(&event, 1, FIELD_HOST_IP, "192.0.2.10");
    has_text(&event, 1, FIELD_USER_ID, "u-1");
    has_text(&event, 1, FIELD_USER_NAME, "svc");
    has_text(&event, 1, FIELD_USER_EMAIL, "svc@corp.example");
    has_text(&event, 1, FIELD_PROCESS_NAME, "powershell.exe");
    has_text(&event, 1, FIELD_PROCESS_CMDLINE, "powershell -enc AAAA");
    has_text(&event, 1, FIELD_ALERT_URL, "https://security.example/alerts/da1");
    assert_int_equal(event.fields[FIELD_ATTACK_TECHNIQUE].count, 2);
    assert_true(event.untrusted[FIELD_HOST_NAME]);
    assert_false(event.untrusted[FIELD_HOST_ID]);
}

#define DEVICE(id, name, roles)                                                                    \
    "{\"@odata.type\":\"#microsoft.graph.security.deviceEvidence\",\"mdeDeviceId\":\"" id          \
    "\",\"deviceDnsName\":\"" name "\",\"osPlatform\":\"Windows11\",\"ipInterfaces\":["            \
    "\"192.0.2.1" id "\"]," roles "}"
#define GRAPH_ALERT(evidence)                                                                      \
    "{\"id\":\"da1\",\"serviceSource\":\"microsoftDefenderForEndpoint\",\"createdDateTime\":"      \
    "\"2026-02-03T04:05:06Z\",\"evidence\":[" evidence "]}"

/* Of several devices the one that the alert is about, else all of them: an author must choose. */
static void the_device_that_a_graph_alert_is_about_is_its_host(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *alert;
        uint32_t count;
        const char *id;
        const char *name;
        const char *ip;
    } cases[] = {
        { GRAPH_ALERT(DEVICE("1", "a", "\"roles\":[\"contextual\"]") "," DEVICE(
              "2", "b", "\"roles\":[],\"detailedRoles\":[\"primaryDevice\"]")),
            1, "2", "b", "192.0.2.12" },
        { GRAPH_ALERT(DEVICE("1", "a", "\"roles\":[]") "," DEVICE(
              "2", "b", "\"roles\":[\"source\",\"compromised\"]")),
            1, "2", "b", "192.0.2.12" },
        { GRAPH_ALERT(DEVICE("1", "a", "\"roles\":[\"compromised\"]") "," DEVICE(
              "2", "b", "\"roles\":[\"compromised\"],\"detailedRoles\":[\"PrimaryDevice\"]")),
            1, "2", "b", "192.0.2.12" },
        { GRAPH_ALERT(DEVICE("1", "a", "\"roles\":[]")), 1, "1", "a", "192.0.2.11" },
        { GRAPH_ALERT(DEVICE("1", "a", "\"roles\":null") "," DEVICE("2", "b", "\"roles\":5")), 2,
            NULL, NULL, NULL },
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct event event = read_alert(world->program, &world->arena, cases[at].alert);
        assert_true(str_is(event.source, "defender"));
        if (cases[at].count > 1) {
            assert_int_equal(event.fields[FIELD_HOST_ID].kind, VALUE_LIST);
            assert_int_equal(event.fields[FIELD_HOST_ID].count, cases[at].count);
            continue;
        }
        has_text(&event, at + 1, FIELD_HOST_ID, cases[at].id);
        has_text(&event, at + 1, FIELD_HOST_NAME, cases[at].name);
        has_address(&event, at + 1, FIELD_HOST_IP, cases[at].ip);
        assert_true(event.untrusted[FIELD_HOST_NAME]);
        assert_false(event.untrusted[FIELD_HOST_ID]);
    }
}

/* ---- one thing a field: whose id it is, his name it has ---- */

#define UNMANAGED(name, roles)                                                                     \
    "{\"@odata.type\":\"#microsoft.graph.security.deviceEvidence\",\"mdeDeviceId\":null,"          \
    "\"deviceDnsName\":\"" name "\",\"ipInterfaces\":[\"192.0.2.66\"]," roles "}"
#define USER(id, sid, name, roles)                                                                 \
    "{\"@odata.type\":\"#microsoft.graph.security.userEvidence\",\"roles\":[" roles                \
    "],\"userAccount\":{\"azureAdUserId\":" id ",\"userSid\":" sid ",\"accountName\":\"" name      \
    "\",\"userPrincipalName\":null}}"
#define FILE_ON(id)                                                                                \
    "{\"@odata.type\":\"#microsoft.graph.security.fileEvidence\",\"mdeDeviceId\":" id              \
    ",\"roles\":[\"compromised\"]}"

/* One of an alert and what its id and its name are: NULL for none, "*" for several. */
struct whose {
    const char *alert;
    const char *id;
    const char *name;
};

static void is_one(const struct event *event, size_t line, enum field field, const char *wanted)
{
    if (wanted != NULL && strcmp(wanted, "*") == 0)
        assert_int_equal(event->fields[field].kind, VALUE_LIST);
    else
        has_text(event, line, field, wanted);
    if (wanted == NULL)
        assert_int_equal(event->fields[field].kind, VALUE_ABSENT);
}

static void ids_and_names_agree(
    struct world *world, const struct whose *cases, size_t count, enum field id, enum field name)
{
    for (size_t at = 0; at < count; at++) {
        struct event event = read_alert(world->program, &world->arena, cases[at].alert);
        is_one(&event, at, id, cases[at].id);
        is_one(&event, at, name, cases[at].name);
    }
}

static void the_id_of_a_bystander_is_not_that_of_the_host(void **state)
{
    static const struct whose cases[] = {
        { GRAPH_ALERT(UNMANAGED("rogue", "\"detailedRoles\":[\"PrimaryDevice\"]") "," DEVICE(
              "1", "dc-1", "\"roles\":[\"destination\"]")),
            NULL, "rogue" },
        { GRAPH_ALERT(UNMANAGED("rogue", "\"roles\":[\"compromised\"]") "," DEVICE(
              "1", "dc-1", "\"roles\":[]") "," FILE_ON("\"1\"")),
            NULL, "rogue" },
        { GRAPH_ALERT(UNMANAGED("rogue", "\"roles\":[]") "," DEVICE("1", "dc-1", "\"roles\":[]")),
            NULL, "*" },
        { GRAPH_ALERT(UNMANAGED("rogue", "\"detailedRoles\":[\"PrimaryDevice\"]") "," DEVICE(
              "1", "dc-1", "\"roles\":[\"compromised\"]")),
            NULL, "rogue" },
        { GRAPH_ALERT(UNMANAGED("rogue", "\"roles\":[\"source\"]") "," DEVICE(
              "1", "ws-1", "\"roles\":[\"compromised\"]")),
            "1", "ws-1" },
        { GRAPH_ALERT(DEVICE("1", "ws-1", "\"roles\":[]") "," FILE_ON("null") "," FILE_ON("\"1\"")),
            "1", "ws-1" },
        { GRAPH_ALERT(DEVICE("1", "ws-1", "\"roles\":[]") "," FILE_ON("\"2\"")), "*", "ws-1" },
        { GRAPH_ALERT(FILE_ON("\"1\"")), "1", NULL },
    };
    ids_and_names_agree(
        *state, cases, sizeof cases / sizeof cases[0], FIELD_HOST_ID, FIELD_HOST_NAME);
}

static void whoever_is_attacked_is_not_the_user_that_is_compromised(void **state)
{
    static const struct whose cases[] = {
        { GRAPH_ALERT(USER("\"u-ceo\"", "\"S-1-5-21-1\"", "ceo", "\"attacked\"") "," USER(
              "null", "\"S-1-5-21-2\"", "mallory", "\"compromised\"")),
            "S-1-5-21-2", "mallory" },
        { GRAPH_ALERT(USER("\"u-ceo\"", "\"S-1-5-21-1\"", "ceo", "") "," USER(
              "\"u-2\"", "\"S-1-5-21-2\"", "mallory", "\"compromised\"")),
            "u-2", "mallory" },
        { GRAPH_ALERT(USER("\"u-ceo\"", "null", "ceo", "\"attacked\"") "," USER(
              "null", "null", "mallory", "\"compromised\"")),
            NULL, "mallory" },
        { GRAPH_ALERT(USER("\"u-ceo\"", "\"S-1-5-21-1\"", "ceo", "") "," USER(
              "null", "\"S-1-5-21-2\"", "mallory", "")),
            "*", "*" },
        { GRAPH_ALERT(USER("\"u-1\"", "\"S-1-5-21-1\"", "sam", "") "," USER(
              "null", "\"S-1-5-21-1\"", "sam", "")),
            "u-1", "sam" },
        { "{\"id\":\"a\",\"machineId\":\"m1\",\"detectionSource\":\"x\",\"alertCreationTime\":"
          "\"2026-01-01T00:00:00Z\",\"evidence\":[{\"entityType\":\"User\",\"aadUserId\":\"u-1\","
          "\"userSid\":\"S-1-5-21-1\",\"accountName\":\"sam\"},{\"entityType\":\"Process\","
          "\"aadUserId\":null,\"userSid\":\"S-1-5-21-2\",\"accountName\":\"eve\"}]}",
            "*", "*" },
    };
    ids_and_names_agree(
        *state, cases, sizeof cases / sizeof cases[0], FIELD_USER_ID, FIELD_USER_NAME);
}

#define FALCON_ALERT(members) "{\"composite_id\":\"c:idp:1\",\"type\":\"idp\"," members "}"
#define FALCON_EVENT(members)                                                                      \
    "{\"metadata\":{\"eventType\":\"IdpDetectionSummaryEvent\",\"customerIDString\":\"c\"},"       \
    "\"event\":{" members "}}"

static void the_agent_that_noticed_a_login_is_not_its_host(void **state)
{
    static const struct whose cases[] = {
        { FALCON_ALERT("\"agent_id\":\"dc\",\"source_endpoint_host_name\":\"WS-13\""), NULL,
            "WS-13" },
        { FALCON_ALERT("\"agent_id\":\"dc\",\"source_endpoint_sensor_id\":\"ws\","
                       "\"source_endpoint_host_name\":\"WS-13\""),
            "ws", "WS-13" },
        { FALCON_ALERT("\"device\":{\"device_id\":\"d\",\"hostname\":null},"
                       "\"source_endpoint_host_name\":\"WS-13\""),
            "d", NULL },
        { FALCON_ALERT("\"agent_id\":\"ws\""), "ws", NULL },
        { FALCON_EVENT("\"AgentIdString\":\"dc\",\"SourceEndpointHostName\":\"WS-13\","
                       "\"ComputerName\":\"DC-1\""),
            NULL, "WS-13" },
        { FALCON_EVENT("\"SensorId\":\"ws\",\"ComputerName\":\"WS-13\""), "ws", "WS-13" },
    };
    ids_and_names_agree(
        *state, cases, sizeof cases / sizeof cases[0], FIELD_HOST_ID, FIELD_HOST_NAME);
}

static void the_user_of_a_process_is_not_that_of_the_login(void **state)
{
    static const struct whose cases[] = {
        { FALCON_ALERT("\"user_name\":\"svc\",\"source_account_object_sid\":\"S-1-5-21-2\","
                       "\"source_account_name\":\"ceo\""),
            NULL, "svc" },
        { FALCON_ALERT("\"user_id\":\"S-1-5-21-1\",\"source_account_name\":\"ceo\""), "S-1-5-21-1",
            NULL },
        { FALCON_ALERT("\"source_account_object_sid\":\"S-1-5-21-2\","
                       "\"source_account_name\":\"ceo\""),
            "S-1-5-21-2", "ceo" },
    };
    ids_and_names_agree(
        *state, cases, sizeof cases / sizeof cases[0], FIELD_USER_ID, FIELD_USER_NAME);
}

static void a_severity_that_nobody_set_is_absent(void **state)
{
    struct world *world = *state;
    struct event event = read_alert(world->program, &world->arena,
        "{\"id\":\"a\",\"severity\":\"UnSpecified\",\"machineId\":\"m1\",\"detectionSource\":\"x\","
        "\"alertCreationTime\":\"2026-01-01T00:00:00.1234567Z\"}");
    has_severity(&event, 1, -1);
    has_text(&event, 1, FIELD_HOST_ID, "m1");
    assert_int_equal(event.fields[FIELD_ALERT_TIME].kind, VALUE_TIME);
}

/* Who does not cut an event into its findings must not get a mixture of them. */
static void several_findings_are_never_one_alert(void **state)
{
    static const char *const events[] = {
        "{\"source\":\"aws.securityhub\",\"detail\":{\"findings\":[{\"ProductArn\":\"p\"},"
        "{\"Severity\":{\"Label\":\"HIGH\"}}]}}",
        "{\"source\":\"aws.securityhub\",\"detail\":{\"findings\":[{\"class_uid\":2004},{}]}}",
    };
    struct world *world = *state;
    const struct projection *projection;
    assert_int_equal(projection_new(&world->arena, world->program->paths,
                         world->program->path_count, &projection),
        ERR_OK);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct event event;
        struct json_fault fault = { 0 };
        assert_int_equal(event_read(world->program, projection, str_from(events[i]), STR(""), 0,
                             &world->arena, &event, &fault),
            ERR_JSON);
        assert_string_equal(fault.reason, "it holds several findings, each an alert");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_guardduty_finding_comes_out_with_what_it_has, begin, end),
        cmocka_unit_test_setup_teardown(
            every_defender_alert_comes_out_with_what_it_has, begin, end),
        cmocka_unit_test_setup_teardown(
            a_graph_alert_gives_its_device_user_and_process, begin, end),
        cmocka_unit_test_setup_teardown(
            the_device_that_a_graph_alert_is_about_is_its_host, begin, end),
        cmocka_unit_test_setup_teardown(the_id_of_a_bystander_is_not_that_of_the_host, begin, end),
        cmocka_unit_test_setup_teardown(
            whoever_is_attacked_is_not_the_user_that_is_compromised, begin, end),
        cmocka_unit_test_setup_teardown(the_agent_that_noticed_a_login_is_not_its_host, begin, end),
        cmocka_unit_test_setup_teardown(the_user_of_a_process_is_not_that_of_the_login, begin, end),
        cmocka_unit_test_setup_teardown(a_severity_that_nobody_set_is_absent, begin, end),
        cmocka_unit_test_setup_teardown(several_findings_are_never_one_alert, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
