#include "sandbox_client.h"

#include "host/clock.h"

#define STOP EC2("StopInstances", "InstanceId.1=i-01111e1c0ffee0001")
#define PUT IAM("PutRolePolicy", "RoleName=web-prod&PolicyName=p&PolicyDocument=" DENY_ALL)

static void set_fault(struct client *client, const char *fault)
{
    control_post(client, "faults", fault);
    assert_int_equal(client->status, 200);
}

/* The newest call, as the log tells it. */
static void assert_logged(struct client *client, const char *kind, int status, bool applied)
{
    json_t *line = last_call(client);
    assert_string_equal(json_string_value(json_object_get(line, "fault")), kind);
    assert_int_equal(json_integer_value(json_object_get(line, "status")), status);
    assert_int_equal(json_is_true(json_object_get(line, "applied")), applied);
    json_decref(line);
}

static void calls_are_logged_in_order_with_what_came_of_them(void **state)
{
    struct client *client = *state;
    STOP;
    IAM("GetRole", "RoleName=nobody");
    client->key = "AKIASANDBOX111122:wrong";
    EC2("DescribeInstances", "");
    json_t *calls = control_get(client, "calls");
    assert_int_equal(json_array_size(calls), 3);
    size_t index;
    json_t *call;
    json_array_foreach(calls, index, call)
    {
        assert_true(json_integer_value(json_object_get(call, "at")) > 0
                    || json_is_string(json_object_get(call, "at")));
        assert_int_equal(json_object_del(call, "at"), 0);
        assert_int_equal(json_object_del(call, "caller"), 0);
        assert_int_equal(json_object_del(call, "accessKeyId"), 0);
        assert_int_equal(json_object_del(call, "atMs"), 0);
    }
    json_t *wanted = json_loads(
        "[{\"service\":\"ec2\",\"operation\":\"StopInstances\",\"account\":\"111122223333\","
        "\"region\":\"eu-west-1\",\"target\":\"i-01111e1c0ffee0001\",\"applied\":true,"
        "\"status\":200,\"error\":null,\"parameters\":{\"InstanceId.1\":\"i-01111e1c0ffee0001\"},"
        "\"fault\":null},"
        "{\"service\":\"iam\",\"operation\":\"GetRole\",\"account\":\"111122223333\","
        "\"region\":\"us-east-1\",\"target\":\"nobody\",\"applied\":false,\"status\":404,"
        "\"error\":\"NoSuchEntity\",\"parameters\":{\"RoleName\":\"nobody\"},\"fault\":null},"
        "{\"service\":\"ec2\",\"operation\":\"DescribeInstances\",\"account\":\"111122223333\","
        "\"region\":\"eu-west-1\",\"target\":\"\",\"applied\":false,\"status\":401,"
        "\"error\":\"AuthFailure\",\"parameters\":{},\"fault\":null}]",
        0, NULL);
    assert_non_null(wanted);
    assert_true(json_equal(calls, wanted));
    json_decref(wanted);
    json_decref(calls);
}

static void throttling_has_its_own_code_in_each_service(void **state)
{
    struct client *client = *state;
    set_fault(client, "[{\"operation\":\"*\",\"kind\":\"throttle\",\"times\":2}]");
    STOP;
    assert_refused(503, "RequestLimitExceeded");
    assert_logged(client, "throttle", 503, false);
    PUT;
    assert_refused(400, "Throttling");
    assert_int_equal(STOP, 200);
}

static void a_failure_comes_before_or_after_the_change(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"operation\":\"StopInstances\",\"kind\":\"fail_before\"}");
    STOP;
    assert_refused(500, "InternalError");
    assert_logged(client, "fail_before", 500, false);
    set_fault(client, "{\"operation\":\"StopInstances\",\"kind\":\"fail_after\"}");
    STOP;
    assert_refused(500, "InternalError");
    assert_logged(client, "fail_after", 500, true);
    STOP;
    assert_says("<previousState><code>64</code><name>stopping</name>");
}

static void a_change_may_not_be_shown_at_once(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"operation\":\"PutRolePolicy\",\"kind\":\"stale\",\"looks\":1}");
    assert_int_equal(PUT, 200);
    IAM("GetRolePolicy", "RoleName=web-prod&PolicyName=p");
    assert_refused(404, "NoSuchEntity");
    assert_int_equal(EC2("DescribeInstances", ""), 200);
    assert_int_equal(IAM("GetRolePolicy", "RoleName=web-prod&PolicyName=p"), 200);
}

static void a_lost_reply_is_a_change_that_nobody_hears_of(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"operation\":\"PutRolePolicy\",\"kind\":\"lose_reply\"}");
    assert_int_equal(PUT, 0);
    assert_logged(client, "lose_reply", 0, true);
    assert_int_equal(IAM("GetRolePolicy", "RoleName=web-prod&PolicyName=p"), 200);
}

static void a_proxy_in_between_answers_html(void **state)
{
    struct client *client = *state;
    set_fault(client, "[{\"kind\":\"html\"},{\"kind\":\"html\",\"status\":200}]");
    assert_int_equal(STOP, 502);
    assert_says("<html>");
    assert_logged(client, "html", 502, false);
    assert_int_equal(STOP, 200);
    assert_says("<html>");
    assert_logged(client, "html", 200, false);
}

static void a_denial_speaks_as_a_policy_does(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"kind\":\"deny\",\"times\":2}");
    STOP;
    assert_refused(403, "UnauthorizedOperation");
    PUT;
    assert_refused(403, "AccessDenied");
    assert_says("iam:PutRolePolicy");
}

static void a_slow_reply_comes_after_the_change(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"kind\":\"slow\",\"milliseconds\":300}");
    int64_t start = clock_system()->now_ms(clock_system());
    assert_int_equal(STOP, 200);
    assert_true(clock_system()->now_ms(clock_system()) - start >= 290);
    assert_logged(client, "slow", 200, true);
}

static void stopping_the_sandbox_does_not_wait_for_a_slow_reply(void **state)
{
    (void)state;
    struct client *client = client_new(STR(""));
    set_fault(client, "{\"kind\":\"slow\",\"milliseconds\":600000}");
    CURLM *multi = curl_multi_init();
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: " FORM_TYPE);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", sandbox_port(client->sandbox));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:eu-west-1:sts");
    curl_easy_setopt(curl, CURLOPT_USERPWD, KEY_111122);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "Action=GetCallerIdentity&Version=2011-06-15");
    curl_multi_add_handle(multi, curl);
    int running = 1;
    for (int turn = 0; turn < 20; turn++) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 20, NULL);
    }
    assert_int_equal(running, 1);
    int64_t start = clock_system()->now_ms(clock_system());
    client_free(client);
    assert_true(clock_system()->now_ms(clock_system()) - start < 5000);
    curl_multi_remove_handle(multi, curl);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_multi_cleanup(multi);
}

static void faults_hit_the_operation_they_name_after_as_many_calls(void **state)
{
    struct client *client = *state;
    set_fault(client,
        "[{\"operation\":\"StopInstances\",\"kind\":\"throttle\",\"after\":1,\"times\":2}]");
    assert_int_equal(EC2("DescribeInstances", ""), 200);
    assert_int_equal(STOP, 200);
    assert_int_equal(STOP, 503);
    json_t *left = control_get(client, "faults");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(left, 0), "times")), 1);
    json_decref(left);
    assert_int_equal(STOP, 503);
    assert_int_equal(STOP, 200);
}

static void faults_are_cleared_by_delete_and_by_an_empty_list(void **state)
{
    struct client *client = *state;
    set_fault(client, "{\"kind\":\"throttle\",\"times\":5}");
    client_send(client, "DELETE", "/_sandbox/faults", NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 200);
    assert_int_equal(STOP, 200);
    set_fault(client, "{\"kind\":\"throttle\",\"times\":5}");
    set_fault(client, "[]");
    assert_int_equal(STOP, 200);
}

static void a_fault_that_makes_no_sense_is_refused_and_leaves_the_others(void **state)
{
    struct client *client = *state;
    static const char *const bad[] = { "", "nonsense", "[1]", "{\"kind\":\"explode\"}",
        "{\"operation\":\"*\"}", "{\"kind\":\"throttle\",\"times\":0}",
        "{\"kind\":\"throttle\",\"times\":\"2\"}", "{\"kind\":\"throttle\",\"color\":1}",
        "{\"kind\":\"html\",\"status\":99}", "{\"kind\":\"slow\",\"milliseconds\":-1}",
        "{\"kind\":\"throttle\",\"operation\":null}" };
    set_fault(client, "{\"kind\":\"throttle\"}");
    for (size_t at = 0; at < COUNT_OF(bad); at++) {
        control_post(client, "faults", bad[at]);
        assert_int_equal(client->status, 400);
        assert_says("\"error\"");
    }
    assert_int_equal(STOP, 503);
}

static void control_paths_and_methods_are_strict(void **state)
{
    struct client *client = *state;
    client_send(client, "GET", "/_sandbox/secrets", NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 404);
    client_send(client, "POST", "/_sandbox/state", NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 405);
    client_send(client, "GET", "/_sandbox/reset", NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 405);
    client_send(client, "PUT", "/_sandbox/faults", NULL, "text/plain", STR(""));
    assert_int_equal(client->status, 405);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(calls_are_logged_in_order_with_what_came_of_them),
        sandbox_test(throttling_has_its_own_code_in_each_service),
        sandbox_test(a_failure_comes_before_or_after_the_change),
        sandbox_test(a_change_may_not_be_shown_at_once),
        sandbox_test(a_lost_reply_is_a_change_that_nobody_hears_of),
        sandbox_test(a_proxy_in_between_answers_html),
        sandbox_test(a_denial_speaks_as_a_policy_does),
        sandbox_test(a_slow_reply_comes_after_the_change),
        cmocka_unit_test(stopping_the_sandbox_does_not_wait_for_a_slow_reply),
        sandbox_test(faults_hit_the_operation_they_name_after_as_many_calls),
        sandbox_test(faults_are_cleared_by_delete_and_by_an_empty_list),
        sandbox_test(a_fault_that_makes_no_sense_is_refused_and_leaves_the_others),
        sandbox_test(control_paths_and_methods_are_strict),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
