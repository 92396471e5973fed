#include "sandbox_client.h"

#include "auth/sigv4.h"
#include "sandbox/serve.h"

#define STS(operation, parameters) call_aws(client, "sts", operation, parameters)
#define RESPONDER_1 "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fcdr-responder"
#define RESPONDER_2 "RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fcdr-responder"

/* Go on as the session that the last reply gave. */
static void become(struct client *client)
{
    const char *key = text_of(client, "AccessKeyId");
    const char *secret = text_of(client, "SecretAccessKey");
    client->header =
        arena_format(&client->arena, "x-amz-security-token: %s", text_of(client, "SessionToken"));
    client->key = arena_format(&client->arena, "%s:%s", key, secret);
}

static void a_role_of_another_account_is_taken_with_its_external_id(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr&ExternalId=cdr-sandbox"), 200);
    assert_string_equal(
        text_of(client, "Arn"), "arn:aws:sts::444455556666:assumed-role/cdr-responder/cdr");
    assert_says("<Expiration>2");
    assert_false(was_applied(client));
    assert_int_equal(
        STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr&ExternalId=cdr-sandbox"), 200);
    become(client);
    assert_int_equal(STS("GetCallerIdentity", ""), 200);
    assert_string_equal(text_of(client, "Account"), "444455556666");
    assert_int_equal(IAM("GetRole", "RoleName=shop-front"), 200);
    assert_int_equal(IAM("GetRole", "RoleName=web-prod"), 404);
}

static void a_role_is_not_taken_without_its_external_id(void **state)
{
    struct client *client = *state;
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr&ExternalId=another");
    assert_refused(403, "AccessDenied");
    assert_says("is not authorized to perform: sts:AssumeRole on resource: "
                "arn:aws:iam::444455556666:role/cdr-responder");
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr");
    assert_refused(403, "AccessDenied");
}

static void a_role_lets_in_whom_it_trusts_and_one_that_is_not_there_says_the_same(void **state)
{
    struct client *client = *state;
    STS("AssumeRole",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fweb-prod&RoleSessionName=cdr");
    assert_refused(403, "AccessDenied");
    STS("AssumeRole",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A999988887777%3Arole%2Fcdr-responder&RoleSessionName=cdr");
    assert_refused(403, "AccessDenied");
    client->key = KEY_444455;
    STS("AssumeRole", RESPONDER_1 "&RoleSessionName=cdr&ExternalId=cdr-sandbox");
    assert_refused(403, "AccessDenied");
}

static void what_a_session_may_be_called_and_how_long_it_lasts_is_checked(void **state)
{
    struct client *client = *state;
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=c&ExternalId=cdr-sandbox");
    assert_refused(400, "ValidationError");
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=c%20r&ExternalId=cdr-sandbox");
    assert_refused(400, "ValidationError");
    STS("AssumeRole",
        RESPONDER_2 "&RoleSessionName=cdr&ExternalId=cdr-sandbox&DurationSeconds=7200");
    assert_refused(400, "ValidationError");
    assert_says("MaxSessionDuration");
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr&ExternalId=cdr-sandbox&DurationSeconds=9");
    assert_refused(400, "InvalidParameterValue");
    STS("AssumeRole", "RoleArn=cdr-responder-role-of-mine&RoleSessionName=cdr");
    assert_refused(400, "ValidationError");
}

static void sessions_are_no_part_of_the_state_and_end_with_a_reset(void **state)
{
    struct client *client = *state;
    json_t *before = control_get(client, "state");
    STS("AssumeRole", RESPONDER_2 "&RoleSessionName=cdr&ExternalId=cdr-sandbox");
    become(client);
    json_t *after = control_get(client, "state");
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    control_post(client, "reset", "");
    STS("GetCallerIdentity", "");
    assert_refused(403, "InvalidClientTokenId");
}

/* Sign `body` with our own code at `at_s` as that credential; the answer's body, a copy. */
static const char *answer_at(struct sandbox_memory *memory, struct arena *arena, int64_t at_s,
    const char *service, const char *body, const struct sigv4_credentials *credentials)
{
    struct http_header own[] = { { STR("Host"), STR("127.0.0.1") },
        { STR("Content-Type"), STR(FORM_TYPE) } };
    struct sigv4_request request = { .method = STR("POST"),
        .path = STR("/"),
        .query = STR(""),
        .headers = own,
        .headers_count = 2,
        .body = str_from(body) };
    struct sigv4_options options = {
        .region = STR("eu-west-1"), .service = str_from(service), .at_unix_s = at_s
    };
    struct sigv4_signed made;
    struct http_header all[2 + SIGV4_HEADERS_MAX];
    assert_int_equal(sigv4_sign(arena, &request, credentials, &options, &made), ERR_OK);
    memcpy(all, own, sizeof(own));
    memcpy(all + 2, made.headers, made.headers_count * sizeof(all[0]));
    request.headers = all;
    request.headers_count = 2 + made.headers_count;
    struct answer answer;
    sandbox_serve(memory, &request, at_s * 1000, arena, &answer);
    const char *text = arena_copy(arena, buf_str(&answer.body)).ptr;
    buf_release(&answer.body);
    return text;
}

static str between(struct arena *arena, const char *text, const char *tag)
{
    const char *at = strstr(text, tag);
    assert_non_null(at);
    at += strlen(tag) + 1;
    return arena_copy(arena, (str){ at, strcspn(at, "<") });
}

static void a_session_ends_when_it_expires(void **state)
{
    (void)state;
    enum { NOW_S = 1750000000 };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(64 * 1024 * 1024);
    struct sandbox_memory memory;
    const char *reason = NULL;
    struct secret secret = { 0 };
    struct secret token = { 0 };
    struct secret none = { 0 };
    assert_int_equal(sandbox_memory_init(STR(""), &arena, &memory, &reason), ERR_OK);
    assert_int_equal(secret_set(&secret, STR("sandbox-secret-of-111122223333")), ERR_OK);
    struct sigv4_credentials user = { STR("AKIASANDBOX111122"), &secret, &none };
    const char *text = answer_at(&memory, &arena, NOW_S, "sts",
        "Action=AssumeRole&Version=2011-06-15&" RESPONDER_2
        "&RoleSessionName=cdr&ExternalId=cdr-sandbox&DurationSeconds=900",
        &user);
    str key = between(&arena, text, "AccessKeyId");
    assert_int_equal(secret_set(&secret, between(&arena, text, "SecretAccessKey")), ERR_OK);
    assert_int_equal(secret_set(&token, between(&arena, text, "SessionToken")), ERR_OK);
    struct sigv4_credentials session = { key, &secret, &token };
    const char *whoami = "Action=GetCallerIdentity&Version=2011-06-15";
    text = answer_at(&memory, &arena, NOW_S + 899, "sts", whoami, &session);
    assert_non_null(strstr(text, "444455556666"));
    text = answer_at(&memory, &arena, NOW_S + 900, "sts", whoami, &session);
    assert_non_null(strstr(text, "ExpiredToken"));
    text = answer_at(&memory, &arena, NOW_S + 900, "ec2",
        "Action=DescribeInstances&Version=2016-11-15", &session);
    assert_non_null(strstr(text, "RequestExpired"));
    secret_release(&secret);
    secret_release(&token);
    sandbox_memory_release(&memory);
}

#define ORGANIZATIONS(operation, body)                                                             \
    call_json(client, "organizations", "AWSOrganizationsV20161128", operation, body)

static void the_first_account_lists_the_organization_page_by_page(void **state)
{
    struct client *client = *state;
    assert_int_equal(ORGANIZATIONS("DescribeOrganization", "{}"), 200);
    assert_says("\"MasterAccountId\":\"111122223333\"");
    assert_int_equal(ORGANIZATIONS("ListAccounts", "{\"MaxResults\": 1}"), 200);
    assert_says("\"Id\":\"111122223333\"");
    assert_says("\"NextToken\":\"1\"");
    assert_false(says(client, "444455556666/"));
    assert_int_equal(
        ORGANIZATIONS("ListAccounts", "{\"MaxResults\": 1, \"NextToken\": \"1\"}"), 200);
    assert_says("\"Id\":\"444455556666\"");
    assert_says("\"Status\":\"ACTIVE\"");
    assert_int_equal(ORGANIZATIONS("ListAccounts", "{\"MaxResults\": 21}"), 400);
}

static void a_member_account_may_not_list_the_organization(void **state)
{
    struct client *client = *state;
    client->key = KEY_444455;
    assert_int_equal(ORGANIZATIONS("ListAccounts", "{}"), 400);
    assert_says("AccessDeniedException");
    assert_int_equal(ORGANIZATIONS("DescribeOrganization", "{}"), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_role_of_another_account_is_taken_with_its_external_id),
        sandbox_test(a_role_is_not_taken_without_its_external_id),
        sandbox_test(a_role_lets_in_whom_it_trusts_and_one_that_is_not_there_says_the_same),
        sandbox_test(what_a_session_may_be_called_and_how_long_it_lasts_is_checked),
        sandbox_test(sessions_are_no_part_of_the_state_and_end_with_a_reset),
        cmocka_unit_test(a_session_ends_when_it_expires),
        sandbox_test(the_first_account_lists_the_organization_page_by_page),
        sandbox_test(a_member_account_may_not_list_the_organization),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
