#include "sandbox_client.h"

#define ALLOW                                                                                      \
    "%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%"  \
    "7D"
#define PUT(role, document)                                                                        \
    IAM("PutRolePolicy", "RoleName=" role "&PolicyName=p&PolicyDocument=" document)

static void a_profile_leads_to_a_role_of_another_name(void **state)
{
    struct client *client = *state;
    assert_int_equal(IAM("GetInstanceProfile", "InstanceProfileName=orders-profile"), 200);
    assert_says("<GetInstanceProfileResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
                "<GetInstanceProfileResult><InstanceProfile><Path>/service/orders/</Path>");
    assert_says("<Roles><member><Path>/service/orders/</Path><RoleName>orders-api</RoleName>");
    assert_says("<Arn>arn:aws:iam::111122223333:role/service/orders/orders-api</Arn>");
    assert_says("</InstanceProfile></GetInstanceProfileResult><ResponseMetadata><RequestId>");
    IAM("GetInstanceProfile", "InstanceProfileName=empty-profile");
    assert_says("<Roles></Roles>");
    IAM("GetInstanceProfile", "InstanceProfileName=nothing");
    assert_refused(404, "NoSuchEntity");
    IAM("GetInstanceProfile", "InstanceProfileName=a%2Fb");
    assert_refused(400, "ValidationError");
    client->key = KEY_444455;
    IAM("GetInstanceProfile", "InstanceProfileName=orders-profile");
    assert_refused(404, "NoSuchEntity");
}

static void a_role_is_shown_with_its_trust_encoded(void **state)
{
    struct client *client = *state;
    assert_int_equal(IAM("GetRole", "RoleName=web-prod"), 200);
    assert_string_equal(text_of(client, "RoleName"), "web-prod");
    assert_says("<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C");
    assert_says("<Tags><member><Key>env</Key><Value>prod</Value></member>");
    IAM("GetRole", "RoleName=batch-stage");
    assert_null(strstr(client->body.ptr, "<Tags>"));
    IAM("GetRole", "RoleName=nobody");
    assert_refused(404, "NoSuchEntity");
}

static void a_policy_is_put_read_listed_and_deleted(void **state)
{
    struct client *client = *state;
    json_t *before = control_get(client, "state");
    assert_int_equal(PUT("web-prod", DENY_ALL), 200);
    assert_true(was_applied(client));
    PUT("web-prod", DENY_ALL);
    assert_int_equal(client->status, 200);
    assert_false(was_applied(client));
    assert_int_equal(IAM("GetRolePolicy", "RoleName=web-prod&PolicyName=p"), 200);
    assert_string_equal(text_of(client, "PolicyDocument"), DENY_ALL);
    IAM("ListRolePolicies", "RoleName=web-prod");
    assert_says("<PolicyNames><member>read-config</member><member>p</member></PolicyNames>"
                "<IsTruncated>false</IsTruncated>");
    IAM("ListRolePolicies", "RoleName=web-prod&MaxItems=1");
    assert_says("<IsTruncated>true</IsTruncated><Marker>1</Marker>");
    IAM("ListRolePolicies", "RoleName=web-prod&MaxItems=1&Marker=1");
    assert_says("<PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated>");
    assert_int_equal(IAM("DeleteRolePolicy", "RoleName=web-prod&PolicyName=p"), 200);
    assert_true(was_applied(client));
    IAM("DeleteRolePolicy", "RoleName=web-prod&PolicyName=p");
    assert_refused(404, "NoSuchEntity");
    IAM("GetRolePolicy", "RoleName=web-prod&PolicyName=p");
    assert_refused(404, "NoSuchEntity");
    json_t *after = control_get(client, "state");
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

static void a_document_that_is_no_policy_is_refused(void **state)
{
    struct client *client = *state;
    static const char *const bad[] = {
        "nothing",
        "[]",
        "{}",
        "{\"Version\":\"2012-10-17\"}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
        "{\"Version\":\"2012-10-18\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
        "\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"deny\",\"Action\":\"*\","
        "\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"all\","
        "\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
        "\"Resource\":\"web\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
        "\"Resource\":\"*\",\"Principal\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a b\",\"Effect\":\"Deny\","
        "\"Action\":\"*\",\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":[],"
        "\"Resource\":\"*\"}]}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
        "\"Resource\":\"*\"}]} and more",
    };
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        char *document = curl_easy_escape(NULL, bad[at], 0);
        IAM("PutRolePolicy", arena_format(&client->arena,
                                 "RoleName=web-prod&PolicyName=p&PolicyDocument=%s", document));
        curl_free(document);
        assert_refused(400, "MalformedPolicyDocument");
        assert_false(was_applied(client));
    }
}

static void a_role_that_aws_made_for_itself_stays_as_it_is(void **state)
{
    struct client *client = *state;
    PUT("AWSServiceRoleForAutoScaling", DENY_ALL);
    assert_refused(400, "UnmodifiableEntity");
    IAM("DeleteRolePolicy", "RoleName=AWSServiceRoleForAutoScaling&PolicyName=p");
    assert_refused(400, "UnmodifiableEntity");
    PUT("nobody", DENY_ALL);
    assert_refused(404, "NoSuchEntity");
}

static void the_policies_of_a_role_have_a_limit_together(void **state)
{
    struct client *client = *state;
    struct buf body = BUF_INIT(64 * 1024);
    buf_add(&body, STR("RoleName=web-prod&PolicyName=big&PolicyDocument=%7B%22Version%22%3A"
                       "%222012-10-17%22%2C%22Statement%22%3A%5B"));
    for (int n = 0; n < 220; n++)
        buf_addf(&body, "%s%s", n == 0 ? "" : "%2C", ALLOW);
    buf_add(&body, STR("%5D%7D"));
    IAM("PutRolePolicy", body.ptr);
    assert_refused(409, "LimitExceeded");
    buf_release(&body);
}

static void a_role_that_is_denied_can_do_nothing_but_say_who_it_is(void **state)
{
    struct client *client = *state;
    client->key = KEY_WEB;
    client->header = TOKEN_WEB;
    assert_int_equal(EC2("DescribeInstances", ""), 200);
    assert_int_equal(PUT("web-prod", DENY_ALL), 200); /* denies itself: the sandbox allows all */
    EC2("DescribeInstances", "");
    assert_refused(403, "UnauthorizedOperation");
    EC2("StopInstances", "InstanceId.1=i-01111e1c0ffee0001&DryRun=true");
    assert_refused(403, "UnauthorizedOperation");
    IAM("DeleteRolePolicy", "RoleName=web-prod&PolicyName=p");
    assert_refused(403, "AccessDenied");
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 200);
    client->key = KEY_111122;
    client->header = NULL;
    assert_int_equal(IAM("DeleteRolePolicy", "RoleName=web-prod&PolicyName=p"), 200);
    client->key = KEY_WEB;
    client->header = TOKEN_WEB;
    assert_int_equal(EC2("DescribeInstances", ""), 200);
}

static void a_deny_of_some_actions_or_of_older_sessions_denies_these(void **state)
{
    struct client *client = *state;
    static const struct {
        const char *policy;
        long ec2;
        long iam;
    } cases[] = {
        { "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"ec2:Desc*\",\"Resource\":\"*\"}}", 403,
            200 },
        { "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":[\"s3:*\",\"iam:getrole\"],"
          "\"Resource\":[\"*\"]}}",
            200, 403 },
        { "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b\"}}",
            200, 200 },
        { "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
          "{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2025-06-01T00:00:00Z\"}}}}",
            403, 403 },
        { "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
          "{\"DateLessThan\":{\"aws:TokenIssueTime\":\"2025-04-01T00:00:00Z\"}}}}",
            200, 200 },
    };
    for (size_t at = 0; at < COUNT_OF(cases); at++) {
        char *document = curl_easy_escape(NULL, cases[at].policy, 0);
        client->key = KEY_111122;
        client->header = NULL;
        assert_int_equal(
            IAM("PutRolePolicy", arena_format(&client->arena,
                                     "RoleName=web-prod&PolicyName=p&PolicyDocument=%s", document)),
            200);
        curl_free(document);
        client->key = KEY_WEB;
        client->header = TOKEN_WEB;
        assert_int_equal(EC2("DescribeInstances", ""), cases[at].ec2);
        assert_int_equal(IAM("GetRole", "RoleName=web-prod"), cases[at].iam);
    }
}

#define KEY_DEPLOY "AKIASANDBOX1111DEPLOY:sandbox-secret-of-deploy"

static void a_key_that_is_inactive_no_longer_signs(void **state)
{
    struct client *client = *state;
    client->key = KEY_DEPLOY;
    assert_int_equal(EC2("DescribeInstances", ""), 200);
    client->key = KEY_111122;
    IAM("GetAccessKeyLastUsed", "AccessKeyId=AKIASANDBOX1111DEPLOY");
    assert_says("<UserName>deploy</UserName>");
    assert_int_equal(
        IAM("UpdateAccessKey", "UserName=deploy&AccessKeyId=AKIASANDBOX1111DEPLOY&Status=Inactive"),
        200);
    assert_true(was_applied(client));
    IAM("ListAccessKeys", "UserName=deploy");
    assert_int_equal(count_of(client, "<Status>Inactive</Status>"), 2);
    client->key = KEY_DEPLOY;
    EC2("DescribeInstances", "");
    assert_refused(401, "AuthFailure");
    IAM("GetUser", "UserName=deploy");
    assert_refused(403, "InvalidClientTokenId");
    client->key = KEY_111122;
    assert_int_equal(
        IAM("UpdateAccessKey", "UserName=deploy&AccessKeyId=AKIASANDBOX1111DEPLOY&Status=Active"),
        200);
    client->key = KEY_DEPLOY;
    assert_int_equal(EC2("DescribeInstances", ""), 200);
}

static void keys_are_of_one_user(void **state)
{
    struct client *client = *state;
    IAM("UpdateAccessKey", "UserName=backup&AccessKeyId=AKIASANDBOX1111DEPLOY&Status=Inactive");
    assert_refused(404, "NoSuchEntity");
    IAM("UpdateAccessKey", "UserName=deploy&AccessKeyId=AKIASANDBOX1111DEPLOY&Status=Off");
    assert_refused(400, "ValidationError");
    IAM("GetAccessKeyLastUsed", "AccessKeyId=AKIAELSEWHERE");
    assert_refused(404, "NoSuchEntity");
    IAM("GetUser", "UserName=nobody");
    assert_refused(404, "NoSuchEntity");
}

static void a_user_that_is_denied_can_do_nothing_but_say_who_it_is(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        IAM("PutUserPolicy", "UserName=deploy&PolicyName=p&PolicyDocument=" DENY_ALL), 200);
    client->key = KEY_DEPLOY;
    EC2("DescribeInstances", "");
    assert_refused(403, "UnauthorizedOperation");
    assert_int_equal(call_aws(client, "sts", "GetCallerIdentity", ""), 200);
    client->key = KEY_111122;
    IAM("GetUserPolicy", "UserName=deploy&PolicyName=p");
    assert_says("<PolicyDocument>%7B%22Version%22");
    assert_int_equal(IAM("DeleteUserPolicy", "UserName=deploy&PolicyName=p"), 200);
    IAM("GetUserPolicy", "UserName=deploy&PolicyName=p");
    assert_refused(404, "NoSuchEntity");
    client->key = KEY_DEPLOY;
    assert_int_equal(EC2("DescribeInstances", ""), 200);
}

static void users_are_listed_in_pages(void **state)
{
    struct client *client = *state;
    IAM("ListUsers", "MaxItems=2");
    assert_says("<UserId>AIDASANDBOX111100002</UserId>");
    assert_says("<IsTruncated>true</IsTruncated><Marker>2</Marker>");
    IAM("ListUsers", "MaxItems=2&Marker=2");
    assert_says("<UserName>auditor</UserName>");
    assert_says("<IsTruncated>false</IsTruncated>");
    IAM("GetUser", "UserName=auditor");
    assert_says("<Tags><member><Key>cdr</Key><Value>protected</Value></member></Tags>");
}

#define ADMIN "arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess"
#define BOUNDED "arn%3Aaws%3Aiam%3A%3A111122223333%3Apolicy%2Fbounded"

static void policies_are_detached_attached_and_read(void **state)
{
    struct client *client = *state;
    IAM("ListAttachedRolePolicies", "RoleName=ci-runner&MaxItems=1");
    assert_int_equal(count_of(client, "<PolicyArn>"), 1);
    assert_says("<Marker>1</Marker>");
    assert_int_equal(IAM("DetachRolePolicy", "RoleName=ci-runner&PolicyArn=" ADMIN), 200);
    IAM("DetachRolePolicy", "RoleName=ci-runner&PolicyArn=" ADMIN);
    assert_refused(404, "NoSuchEntity");
    IAM("ListAttachedRolePolicies", "RoleName=ci-runner");
    assert_int_equal(count_of(client, "<PolicyArn>"), 2);
    assert_int_equal(IAM("AttachRolePolicy", "RoleName=ci-runner&PolicyArn=" ADMIN), 200);
    assert_true(was_applied(client));
    IAM("AttachRolePolicy", "RoleName=ci-runner&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Fx");
    assert_refused(404, "NoSuchEntity");
    IAM("GetPolicy", "PolicyArn=" ADMIN);
    assert_says("<DefaultVersionId>v1</DefaultVersionId>");
    IAM("GetPolicyVersion", "PolicyArn=" ADMIN "&VersionId=v1");
    assert_says("<Document>%7B");
    IAM("GetPolicyVersion", "PolicyArn=" ADMIN "&VersionId=v2");
    assert_refused(404, "NoSuchEntity");
    IAM("DetachRolePolicy", "RoleName=AWSServiceRoleForAutoScaling&PolicyArn=" ADMIN);
    assert_refused(400, "UnmodifiableEntity");
}

static void a_boundary_is_put_shown_and_taken_away(void **state)
{
    struct client *client = *state;
    assert_int_equal(
        IAM("PutRolePermissionsBoundary", "RoleName=web-prod&PermissionsBoundary=" BOUNDED), 200);
    IAM("GetRole", "RoleName=web-prod");
    assert_says("<PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/bounded<");
    assert_int_equal(IAM("DeleteRolePermissionsBoundary", "RoleName=web-prod"), 200);
    IAM("GetRole", "RoleName=web-prod");
    assert_false(says(client, "PermissionsBoundary"));
    IAM("PutRolePermissionsBoundary", "RoleName=web-prod&PermissionsBoundary=nowhere");
    assert_refused(404, "NoSuchEntity");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_profile_leads_to_a_role_of_another_name),
        sandbox_test(a_role_is_shown_with_its_trust_encoded),
        sandbox_test(a_policy_is_put_read_listed_and_deleted),
        sandbox_test(a_document_that_is_no_policy_is_refused),
        sandbox_test(a_role_that_aws_made_for_itself_stays_as_it_is),
        sandbox_test(the_policies_of_a_role_have_a_limit_together),
        sandbox_test(a_role_that_is_denied_can_do_nothing_but_say_who_it_is),
        sandbox_test(a_deny_of_some_actions_or_of_older_sessions_denies_these),
        sandbox_test(a_key_that_is_inactive_no_longer_signs),
        sandbox_test(keys_are_of_one_user),
        sandbox_test(a_user_that_is_denied_can_do_nothing_but_say_who_it_is),
        sandbox_test(users_are_listed_in_pages),
        sandbox_test(policies_are_detached_attached_and_read),
        sandbox_test(a_boundary_is_put_shown_and_taken_away),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
