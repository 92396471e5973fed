/* The end of instances and their metadata service in the sandbox. */
#include "sandbox_client.h"

#define INSTANCE "i-01111e1c0ffee0001" /* one interface, one volume, running */
#define DOUBLE "i-01111e1c0ffee0003"   /* two interfaces, three volumes */
#define ENI "eni-01111e1c0ffee0030"    /* of DOUBLE, its first */

static const char *state_of(struct client *client, const char *instance)
{
    char parameters[64];
    snprintf(parameters, sizeof(parameters), "InstanceId.1=%s", instance);
    assert_int_equal(EC2("DescribeInstances", parameters), 200);
    return text_of(client, "name");
}

static void a_terminated_instance_lets_go_of_what_it_has(void **state)
{
    struct client *client = *state;
    assert_int_equal(EC2("TerminateInstances", "InstanceId.1=" DOUBLE), 200);
    assert_says("<currentState><code>32</code><name>shutting-down</name></currentState>"
                "<previousState><code>16</code><name>running</name></previousState>");
    assert_string_equal(state_of(client, DOUBLE), "shutting-down");
    assert_string_equal(state_of(client, DOUBLE), "terminated");
    EC2("DescribeVolumes", "VolumeId.1=vol-01111e1c0ffee0030");
    assert_refused(400, "InvalidVolume.NotFound");
    EC2("DescribeVolumes", "VolumeId.1=vol-01111e1c0ffee0031");
    assert_says("<status>available</status>");
    EC2("DescribeNetworkInterfaces", "NetworkInterfaceId.1=" ENI);
    assert_refused(400, "InvalidNetworkInterfaceID.NotFound");
    assert_int_equal(EC2("TerminateInstances", "InstanceId.1=" DOUBLE), 200);
    assert_false(was_applied(client));
    EC2("TerminateInstances", "InstanceId.1=i-01111e1c0ffee0005");
    assert_refused(400, "OperationNotPermitted");
}

static void metadata_options_are_pending_before_they_are_applied(void **state)
{
    struct client *client = *state;
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE);
    assert_says("<metadataOptions><state>applied</state><httpEndpoint>enabled</httpEndpoint>"
                "<httpTokens>optional</httpTokens>");
    assert_int_equal(EC2("ModifyInstanceMetadataOptions",
                         "InstanceId=" INSTANCE "&HttpEndpoint=disabled&HttpPutResponseHopLimit=2"),
        200);
    assert_says("<state>pending</state><httpEndpoint>disabled</httpEndpoint>");
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE);
    assert_says("<state>pending</state>");
    EC2("DescribeInstances", "InstanceId.1=" INSTANCE);
    assert_says("<state>applied</state><httpEndpoint>disabled</httpEndpoint>");
    assert_says("<httpPutResponseHopLimit>2</httpPutResponseHopLimit>");
    EC2("ModifyInstanceMetadataOptions", "InstanceId=" INSTANCE "&HttpEndpoint=off");
    assert_refused(400, "InvalidParameterValue");
}

/* moto gets these wrong: it changes the groups of all interfaces, deletes groups in use and
 * stops at once. */
static void the_sandbox_is_right_where_moto_is_wrong(void **state)
{
    struct client *client = *state;
    EC2("ModifyInstanceAttribute", "InstanceId=" DOUBLE "&GroupId.1=sg-01111e1c0ffee0002");
    assert_refused(400, "InvalidInstanceID");
    assert_says("There are multiple interfaces attached to instance");
    EC2("DeleteSecurityGroup", "GroupId=sg-01111e1c0ffee0003");
    assert_refused(400, "DependencyViolation");
    EC2("StopInstances", "InstanceId.1=" INSTANCE);
    assert_says("<currentState><code>64</code><name>stopping</name></currentState>");
    assert_string_equal(state_of(client, INSTANCE), "stopping");
    EC2("StopInstances", "InstanceId.1=" INSTANCE);
    assert_says("<currentState><code>80</code><name>stopped</name></currentState>"
                "<previousState><code>80</code><name>stopped</name></previousState>");
    EC2("TerminateInstances", "InstanceId.1=" INSTANCE);
    EC2("StopInstances", "InstanceId.1=" INSTANCE);
    assert_refused(400, "IncorrectInstanceState");
    EC2("StopInstances", "InstanceId.1=i-nonsense");
    assert_refused(400, "InvalidInstanceID.Malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_terminated_instance_lets_go_of_what_it_has),
        sandbox_test(metadata_options_are_pending_before_they_are_applied),
        sandbox_test(the_sandbox_is_right_where_moto_is_wrong),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
