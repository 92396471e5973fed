#include "sandbox_client.h"

#include "auth/sigv4.h"
#include "base/time.h"
#include "host/clock.h"
#include "sandbox/operation.h"
#include "sandbox/serve.h"

#include <libxml/parser.h>

static void each_account_has_a_user_and_knows_who_calls(void **state)
{
    struct client *client = *state;
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 200);
    assert_string_equal(text_of(client, "Arn"), "arn:aws:iam::111122223333:user/cdr");
    assert_string_equal(text_of(client, "Account"), "111122223333");
    assert_says("<GetCallerIdentityResult>");
    assert_says("xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"");
    client->key = KEY_444455;
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 200);
    assert_string_equal(text_of(client, "Account"), "444455556666");
    struct sandbox_account account;
    assert_true(sandbox_account_at(1, &account));
    assert_string_equal(account.account, "444455556666");
    assert_false(sandbox_account_at(2, &account));
}

static void a_session_of_a_role_needs_its_token(void **state)
{
    struct client *client = *state;
    client->key = KEY_WEB;
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 403);
    assert_refused(403, "InvalidClientTokenId");
    client->header = TOKEN_WEB;
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 200);
    assert_string_equal(text_of(client, "Arn"),
        "arn:aws:sts::111122223333:assumed-role/web-prod/i-01111e1c0ffee0001");
}

static void a_wrong_signature_is_refused_in_the_words_of_each_service(void **state)
{
    struct client *client = *state;
    client->key = "AKIASANDBOX111122:not-the-secret";
    EC2("DescribeInstances", "");
    assert_refused(401, "AuthFailure");
    assert_says("<Response><Errors><Error>");
    IAM("GetRole", "RoleName=web-prod");
    assert_refused(403, "SignatureDoesNotMatch");
    assert_says("<Error><Type>Sender</Type>");
    client->key = "AKIANOBODY0000000000:not-the-secret";
    EC2("DescribeInstances", "");
    assert_refused(401, "AuthFailure");
    IAM("GetRole", "RoleName=web-prod");
    assert_refused(403, "InvalidClientTokenId");
}

static void an_unsigned_call_is_refused(void **state)
{
    struct client *client = *state;
    client_send(
        client, "POST", "/", NULL, FORM_TYPE, STR("Action=DescribeInstances&Version=2016-11-15"));
    assert_refused(403, "MissingAuthenticationToken");
    client->header = "Authorization: AWS4-HMAC-SHA256 Credential=x";
    client_send(client, "POST", "/", NULL, FORM_TYPE, STR(""));
    assert_refused(400, "IncompleteSignature");
}

static void a_region_that_the_account_does_not_have_is_refused(void **state)
{
    struct client *client = *state;
    client->region = "ap-south-1";
    EC2("DescribeInstances", "");
    assert_refused(401, "AuthFailure");
}

/* Sign with our own code, for moments and scopes that libcurl does not choose. */
static long call_at(struct client *client, const char *service, const char *region,
    int64_t at_unix_s, const char *late_header)
{
    struct secret secret = { 0 };
    char body[128];
    char host[64];
    snprintf(host, sizeof(host), "127.0.0.1:%u", sandbox_port(client->sandbox));
    snprintf(
        body, sizeof(body), "Action=GetRole&RoleName=web-prod&Version=%s", client_version(service));
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-111122223333")), ERR_OK);
    struct http_header signed_headers[] = { { STR("host"), str_from(host) } };
    struct sigv4_request request = { STR("POST"), STR("/"), STR(""), signed_headers, 1,
        str_from(body) };
    struct sigv4_credentials credentials = { STR("AKIASANDBOX111122"), &secret, NULL };
    struct sigv4_options options = {
        .region = str_from(region), .service = str_from(service), .at_unix_s = at_unix_s
    };
    struct sigv4_signed done;
    assert_int_equal(sigv4_sign(&client->arena, &request, &credentials, &options, &done), ERR_OK);
    secret_release(&secret);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, late_header);
    for (uint32_t at = 0; at < done.headers_count; at++)
        headers = curl_slist_append(
            headers, arena_format(&client->arena, "%.*s: %.*s", STR_ARG(done.headers[at].name),
                         STR_ARG(done.headers[at].value)));
    buf_clear(&client->body);
    client->status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, arena_format(&client->arena, "http://%s/", host));
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, client_keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->body);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &client->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return client->status;
}

static void a_signature_is_good_for_five_minutes_either_way(void **state)
{
    struct client *client = *state;
    int64_t now = clock_system()->now_ms(clock_system()) / 1000;
    const char *none = "X-Nothing: 1";
    assert_int_equal(call_at(client, "iam", "us-east-1", now - 290, none), 200);
    assert_int_equal(call_at(client, "iam", "us-east-1", now + 290, none), 200);
    call_at(client, "iam", "us-east-1", now - 310, none);
    assert_refused(403, "SignatureDoesNotMatch");
    assert_says("Signature expired");
    call_at(client, "iam", "us-east-1", now + 320, none);
    assert_says("Signature not yet current");
    call_at(client, "ec2", "eu-west-1", now - 310, none);
    assert_refused(400, "RequestExpired");
}

static void iam_is_signed_for_us_east_1_wherever_one_is(void **state)
{
    struct client *client = *state;
    int64_t now = clock_system()->now_ms(clock_system()) / 1000;
    call_at(client, "iam", "eu-west-1", now, "X-Nothing: 1");
    assert_refused(403, "SignatureDoesNotMatch");
    assert_says("valid region");
}

static void a_header_for_aws_that_is_not_signed_is_refused(void **state)
{
    struct client *client = *state;
    int64_t now = clock_system()->now_ms(clock_system()) / 1000;
    call_at(client, "iam", "us-east-1", now, "X-Amz-Extra: 1");
    assert_refused(403, "SignatureDoesNotMatch");
}

static void a_service_that_is_not_simulated_is_named(void **state)
{
    struct client *client = *state;
    int64_t now = clock_system()->now_ms(clock_system()) / 1000;
    call_at(client, "sns", "eu-west-1", now, "X-Nothing: 1");
    assert_refused(400, "InvalidAction");
    assert_says("sns");
}

static void a_scope_that_is_no_text_is_no_scope(void **state)
{
    struct client *client = *state;
    int64_t now = clock_system()->now_ms(clock_system()) / 1000;
    call_at(client, "e\xff\xfe", "eu-west-1", now, "X-Nothing: 1");
    assert_refused(400, "IncompleteSignature");
    call_at(client, "ec2", "eu west", now, "X-Nothing: 1");
    assert_refused(400, "IncompleteSignature");
    json_t *line = last_call(client);
    assert_string_equal(json_string_value(json_object_get(line, "error")), "IncompleteSignature");
    json_decref(line);
}

static void only_a_posted_form_at_the_root_is_a_call(void **state)
{
    struct client *client = *state;
    str body = STR("Action=DescribeInstances&Version=2016-11-15");
    client_send(client, "POST", "/elsewhere", "ec2", FORM_TYPE, body);
    assert_int_equal(client->status, 404);
    client_send(client, "POST", "/?Action=DescribeInstances", "ec2", FORM_TYPE, body);
    assert_int_equal(client->status, 404);
    client_send(client, "GET", "/", "ec2", FORM_TYPE, body);
    assert_int_equal(client->status, 405);
    client_send(client, "PUT", "/", "ec2", FORM_TYPE, body);
    assert_int_equal(client->status, 405);
    client_send(client, "POST", "/", "ec2", "application/json", body);
    assert_int_equal(client->status, 415);
    client_send(client, "POST", "/", "ec2", "application/x-www-form-urlencoded", body);
    assert_int_equal(client->status, 200);
}

static void a_form_with_a_bad_encoding_is_refused(void **state)
{
    struct client *client = *state;
    static const char *const bad[] = { "A=%zz", "A=%4", "A=%", "A=%00", "A=%01", "A=%ff", "=a",
        "A=1&A=2", "A=%c3%28" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        EC2("DescribeInstances", bad[at]);
        assert_refused(400, "MalformedQueryString");
    }
    static const char raw[] = "Action=DescribeInstances&Version=2016-11-15&A=\0b";
    client_send(client, "POST", "/", "ec2", FORM_TYPE, (str){ raw, sizeof(raw) - 1 });
    assert_refused(400, "MalformedQueryString");
}

static void a_huge_form_is_refused_and_the_next_call_is_served(void **state)
{
    struct client *client = *state;
    struct buf body = BUF_INIT(1 << 20);
    buf_add(&body, STR("Action=DescribeInstances&Version=2016-11-15&A="));
    while (body.len < 300 * 1024)
        buf_add(&body, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    client_send(client, "POST", "/", "ec2", FORM_TYPE, buf_str(&body));
    assert_int_equal(client->status, 413);
    buf_clear(&body);
    buf_add(&body, STR("Action=DescribeInstances&Version=2016-11-15"));
    for (int n = 0; n < 2100; n++)
        buf_addf(&body, "&A%d=1", n);
    client_send(client, "POST", "/", "ec2", FORM_TYPE, buf_str(&body));
    assert_refused(400, "MalformedQueryString");
    buf_release(&body);
    assert_int_equal(EC2("DescribeInstances", ""), 200);
}

static void an_unknown_action_or_version_is_refused(void **state)
{
    struct client *client = *state;
    EC2("RunScheduledInstances", "ScheduledInstanceId=sci-1");
    assert_refused(400, "InvalidAction");
    EC2("GetRole", "RoleName=web-prod");
    assert_refused(400, "InvalidAction");
    client_send(client, "POST", "/", "ec2", FORM_TYPE, STR("Version=2016-11-15"));
    assert_refused(400, "MissingAction");
    client_send(client, "POST", "/", "ec2", FORM_TYPE, STR("Action=DescribeInstances"));
    assert_refused(400, "NoSuchVersion");
    client_send(client, "POST", "/", "iam", FORM_TYPE, STR("Action=GetRole&Version=2009-01-01"));
    assert_refused(400, "InvalidAction");
}

/* Every row: what it does not know and what it lacks is refused. */
static void every_operation_is_strict_about_its_parameters(void **state)
{
    struct client *client = *state;
    const struct operation *row;
    for (size_t at = 0; (row = operation_at(at)) != NULL; at++) {
        bool is_ec2 = strcmp(row->service, "ec2") == 0;
        const char *target = service_target(row->service);
        if (target != NULL) {
            assert_int_equal(
                call_json(client, row->service, target, row->name, "{\"NoSuchParameter\": \"x\"}"),
                400);
            assert_says("NoSuchParameter is not recognized");
            call_json(client, row->service, target, row->name, "{}");
            assert_int_equal(client->status, strchr(row->parameters, '!') == NULL ? 200 : 400);
        }
        if (service_version(row->service) == NULL)
            continue;
        call_aws(client, row->service, row->name, "NoSuchParameter.1=x");
        if (is_ec2)
            assert_refused(400, "UnknownParameter");
        else
            assert_refused(400, "ValidationError");
        call_aws(client, row->service, row->name, "");
        if (strchr(row->parameters, '!') == NULL)
            assert_int_equal(client->status, 200);
        else if (is_ec2)
            assert_refused(400, "MissingParameter");
        else
            assert_refused(400, "ValidationError");
    }
    assert_true(row == NULL);
}

static void lists_count_from_one_without_gaps(void **state)
{
    struct client *client = *state;
    static const char *const bad[] = { "InstanceId.0=i-01111e1c0ffee0001",
        "InstanceId.2=i-01111e1c0ffee0001",
        "InstanceId.1=i-01111e1c0ffee0001&InstanceId.3=i-01111e1c0ffee0002",
        "InstanceId.01=i-01111e1c0ffee0001", "InstanceId.1001=i-01111e1c0ffee0001",
        "Filter.2.Name=vpc-id&Filter.2.Value.1=x" };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        EC2("DescribeInstances", bad[at]);
        assert_refused(400, "InvalidParameterValue");
    }
}

/* Send a recorded request as it was sent: method, path, type, target and body. */
static void send_recorded(struct client *client, const json_t *line, const char *service)
{
    const json_t *headers = json_object_get(line, "headers");
    const char *target = json_string_value(json_object_get(headers, "X-Amz-Target"));
    const char *type = json_string_value(json_object_get(headers, "Content-Type"));
    const char *url = json_string_value(json_object_get(line, "url"));
    const char *body = json_string_value(json_object_get(line, "body"));
    client->header =
        target == NULL ? NULL : arena_format(&client->arena, "X-Amz-Target: %s", target);
    client_send(client, json_string_value(json_object_get(line, "method")),
        strchr(strstr(url, "//") + 2, '/'), service, type == NULL ? FORM_TYPE : type,
        str_from(body == NULL ? "" : body));
    client->header = NULL;
}

/* The requests that the vendor's own library makes, as recorded. */
static void what_the_vendors_library_sends_is_understood(void **state)
{
    struct client *client = *state;
    FILE *file = fopen("../shared/data/aws/wire-requests.jsonl", "r");
    if (file == NULL) {
        print_message("skipped: no ../shared/data\n");
        skip();
    }
    size_t understood = 0;
    json_t *line;
    client->region = "us-east-1";
    while ((line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        const char *service = json_string_value(json_object_get(line, "service"));
        const char *name = json_string_value(json_object_get(line, "op"));
        if (operation_find(service, name) != NULL && strcmp(service, "s3") != 0) {
            send_recorded(client, line, service);
            if (says(client, "UnknownParameter") || says(client, "MissingParameter")
                || says(client, "ValidationE") || says(client, "MalformedQuery")
                || says(client, "NoSuchVersion") || says(client, "numbered"))
                fail_msg("%s: %s", name, client->body.ptr);
            understood++;
        }
        json_decref(line);
    }
    fclose(file);
    assert_true(understood > 25);
}

static void replies_are_well_formed_whatever_is_in_them(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        EC2("CreateTags", "ResourceId.1=i-01111e1c0ffee0001&Tag.1.Key=%3Ca%26b%3E"
                          "&Tag.1.Value=%22%27%5D%5D%3E%0D%0A%09%C3%A9%F0%9F%98%80%EF%BF%BE"),
        200);
    assert_int_equal(EC2("DescribeInstances", "InstanceId.1=i-01111e1c0ffee0001"), 200);
    assert_says("<key>&lt;a&amp;b&gt;</key><value>&quot;']]&gt;&#13;\n\t\xc3\xa9");
    xmlDoc *document = xmlReadMemory(client->body.ptr, (int)client->body.len, NULL, NULL,
        XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
    assert_non_null(document);
    xmlFreeDoc(document);
}

static void the_state_can_be_loaded_again(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        IAM("PutRolePolicy", "RoleName=web-prod&PolicyName=deny&PolicyDocument=" DENY_ALL), 200);
    assert_int_equal(EC2("CreateSecurityGroup", "GroupName=iso&GroupDescription=d"
                                                "&VpcId=vpc-01111e1c0ffee0001"),
        200);
    const char *first = text_of(client, "groupId");
    EC2("StopInstances", "InstanceId.1=i-01111e1c0ffee0001");
    EC2("CreateSnapshot", "VolumeId=vol-01111e1c0ffee0010");
    json_t *before = control_get(client, "state");
    struct client *other = client_new(buf_str(&client->body));
    json_t *after = control_get(other, "state");
    assert_true(json_equal(before, after));
    /* An id of the old world is not handed out anew. */
    call_aws(other, "ec2", "CreateSecurityGroup",
        "GroupName=iso2&GroupDescription=d&VpcId=vpc-01111e1c0ffee0001");
    assert_string_not_equal(text_of(other, "groupId"), first);
    assert_string_not_equal(text_of(other, "groupId"), "");
    json_decref(before);
    json_decref(after);
    client_free(other);
}

static void reset_brings_the_beginning_back(void **state)
{
    struct client *client = *state;
    json_t *before = control_get(client, "state");
    EC2("StopInstances", "InstanceId.1=i-01111e1c0ffee0001");
    control_post(client, "faults", "[{\"kind\":\"throttle\",\"times\":9}]");
    control_post(client, "reset", "");
    assert_int_equal(client->status, 200);
    json_t *after = control_get(client, "state");
    json_t *calls = control_get(client, "calls");
    json_t *faults = control_get(client, "faults");
    assert_true(json_equal(before, after));
    assert_int_equal(json_array_size(calls), 0);
    assert_int_equal(json_array_size(faults), 0);
    json_decref(before);
    json_decref(after);
    json_decref(calls);
    json_decref(faults);
}

/* Instances of one account and region that are as `holds` says. */
static size_t count_instances(const json_t *region, bool (*holds)(const json_t *instance))
{
    size_t count = 0;
    size_t index;
    json_t *instance;
    json_array_foreach(json_object_get(region, "instances"), index, instance) count +=
        holds(instance);
    return count;
}

static bool is_any(const json_t *instance)
{
    (void)instance;
    return true;
}

static bool is_stopped(const json_t *instance)
{
    return strcmp(world_text(instance, "state"), "stopped") == 0;
}

static bool is_terminated(const json_t *instance)
{
    return strcmp(world_text(instance, "state"), "terminated") == 0;
}

static bool is_unstoppable(const json_t *instance)
{
    return world_flag(instance, "disableApiStop");
}

static bool has_no_profile(const json_t *instance)
{
    return json_object_get(instance, "iamInstanceProfileArn") == NULL;
}

static bool is_protected(const json_t *instance)
{
    return strcmp(world_text(json_object_get(instance, "tags"), "cdr"), "protected") == 0;
}

static bool scales(const json_t *instance)
{
    return json_object_get(json_object_get(instance, "tags"), "aws:autoscaling:groupName") != NULL;
}

static void the_world_that_ships_has_what_rules_meet(void **state)
{
    struct client *client = *state;
    bool (*const wanted[])(const json_t *) = { is_stopped, is_terminated, is_unstoppable,
        has_no_profile, is_protected, scales };
    size_t found[COUNT_OF(wanted)] = { 0 };
    size_t nth, index;
    json_t *account, *region;
    json_t *world = control_get(client, "state");
    json_array_foreach(json_object_get(world, "accounts"), nth, account)
    {
        assert_int_equal(json_array_size(json_object_get(account, "regions")), 2);
        json_array_foreach(json_object_get(account, "regions"), index, region)
        {
            assert_true(count_instances(region, is_any) >= 4);
            for (size_t at = 0; at < COUNT_OF(wanted); at++)
                found[at] += count_instances(region, wanted[at]);
        }
    }
    assert_int_equal(json_array_size(json_object_get(world, "accounts")), 2);
    for (size_t at = 0; at < COUNT_OF(wanted); at++)
        assert_true(found[at] > 0);
    json_decref(world);
}

static void a_world_that_cannot_be_used_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "{", "not JSON" },
        { "[]", "accounts" },
        { "{\"accounts\": []}", "accounts" },
        { "{\"accounts\": [1]}", "twelve digits" },
        { "{\"accounts\": [{\"account\": \"1\"}]}", "twelve digits" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"roles\": 1}]}", "roles" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"roles\": [{}]}]}", "roleName" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"regions\": [{\"region\": \"r\", "
          "\"instances\": [{}]}]}]}",
            "instanceId" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"regions\": [{\"region\": \"r\", "
          "\"networkInterfaces\": [{\"networkInterfaceId\": \"eni-1\", \"vpcId\": \"v\", "
          "\"groups\": [\"sg-1\"]}]}]}]}",
            "sg-1" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"regions\": [{\"region\": \"r\", "
          "\"securityGroups\": [{\"groupId\": \"sg-1\", \"groupName\": \"n\", \"vpcId\": \"v\", "
          "\"rules\": [{\"ipProtocol\": 6}]}]}]}]}",
            "rules" },
        { "{\"accounts\": [{\"account\": \"111122223333\", \"regions\": [{\"region\": \"r\", "
          "\"instances\": [{\"instanceId\": \"i-1\", \"state\": \"asleep\"}]}]}]}",
            "asleep" },
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct sandbox *sandbox = NULL;
        const char *reason = NULL;
        struct sandbox_options options = { .world = str_from(bad[at][0]) };
        assert_int_equal(sandbox_start(&options, &arena, &sandbox, &reason), ERR_JSON);
        assert_null(sandbox);
        assert_non_null(reason);
        if (strstr(reason, bad[at][1]) == NULL)
            fail_msg("no '%s' in '%s'", bad[at][1], reason);
        arena_release(&arena);
    }
}

static void a_small_world_needs_no_credentials_of_its_own(void **state)
{
    (void)state;
    struct client *client =
        client_new(STR("{\"accounts\": [{\"account\": \"111122223333\", \"regions\": "
                       "[{\"region\": \"eu-west-1\"}]}]}"));
    assert_int_equal(EC2("DescribeInstances", ""), 200);
    assert_int_equal(count_of(client, "<instanceId>"), 0);
    client_free(client);
}

static void a_port_in_use_is_said(void **state)
{
    struct client *client = *state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct sandbox *sandbox = NULL;
    const char *reason = NULL;
    struct sandbox_options options = { .port = sandbox_port(client->sandbox) };
    assert_int_equal(sandbox_start(&options, &arena, &sandbox, &reason), ERR_IO);
    assert_non_null(strstr(reason, "in use"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(each_account_has_a_user_and_knows_who_calls),
        sandbox_test(a_session_of_a_role_needs_its_token),
        sandbox_test(a_wrong_signature_is_refused_in_the_words_of_each_service),
        sandbox_test(an_unsigned_call_is_refused),
        sandbox_test(a_region_that_the_account_does_not_have_is_refused),
        sandbox_test(a_signature_is_good_for_five_minutes_either_way),
        sandbox_test(iam_is_signed_for_us_east_1_wherever_one_is),
        sandbox_test(a_header_for_aws_that_is_not_signed_is_refused),
        sandbox_test(a_service_that_is_not_simulated_is_named),
        sandbox_test(a_scope_that_is_no_text_is_no_scope),
        sandbox_test(only_a_posted_form_at_the_root_is_a_call),
        sandbox_test(a_form_with_a_bad_encoding_is_refused),
        sandbox_test(a_huge_form_is_refused_and_the_next_call_is_served),
        sandbox_test(an_unknown_action_or_version_is_refused),
        sandbox_test(every_operation_is_strict_about_its_parameters),
        sandbox_test(lists_count_from_one_without_gaps),
        sandbox_test(what_the_vendors_library_sends_is_understood),
        sandbox_test(replies_are_well_formed_whatever_is_in_them),
        sandbox_test(the_state_can_be_loaded_again),
        sandbox_test(reset_brings_the_beginning_back),
        sandbox_test(the_world_that_ships_has_what_rules_meet),
        cmocka_unit_test(a_world_that_cannot_be_used_is_refused_with_a_reason),
        cmocka_unit_test(a_small_world_needs_no_credentials_of_its_own),
        sandbox_test(a_port_in_use_is_said),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
