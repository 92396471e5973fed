/* Sharing of snapshots, keys and CloudTrail of the sandbox are as strict as AWS's. */
#include "sandbox_client.h"

#define ORDERS                                                                                     \
    "i-01111e1c0ffee0003" /* a plain volume, one of the default key, one of a customer's */
#define CUSTOMER_KEY "arn:aws:kms:eu-west-1:111122223333:key/0c0de000-1111-4000-8000-000000000032"
#define TRAIL "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
#define ABOUT "Attribute=createVolumePermission&SnapshotId="

static long lookup(struct client *client, const char *body)
{
    return call_json(client, "cloudtrail", TRAIL, "LookupEvents", body);
}

/* The snapshot of the volume, from the last reply of CreateSnapshots. */
static const char *snapshot_of(struct client *client, const char *volume)
{
    const char *at = strstr(client->body.ptr, volume);
    assert_non_null(at);
    while (strncmp(at, "<snapshotId>", 12) != 0)
        at--;
    return arena_copy(&client->arena, (str){ at + 12, strcspn(at + 12, "<") }).ptr;
}

static const char *form(struct client *client, const char *format, const char *text)
{
    return arena_format(&client->arena, "%s%s%s", ABOUT, text, format);
}

static void a_snapshot_is_shared_and_unshared(void **state)
{
    struct client *client = *state;
    EC2("CreateSnapshots", "InstanceSpecification.InstanceId=" ORDERS);
    const char *plain = snapshot_of(client, "vol-01111e1c0ffee0030");
    const char *add = form(client, "&OperationType=add&UserId.1=444455556666", plain);
    assert_int_equal(EC2("DescribeSnapshotAttribute", form(client, "", plain)), 200);
    assert_int_equal(count_of(client, "<userId>"), 0);
    assert_int_equal(EC2("ModifySnapshotAttribute", add), 200);
    assert_true(was_applied(client));
    assert_int_equal(EC2("ModifySnapshotAttribute", add), 200);
    assert_false(was_applied(client));
    EC2("DescribeSnapshotAttribute", form(client, "", plain));
    assert_says("<createVolumePermission><item><userId>444455556666</userId></item>");
    EC2("ModifySnapshotAttribute",
        form(client, "&OperationType=remove&UserId.1=444455556666", plain));
    EC2("DescribeSnapshotAttribute", form(client, "", plain));
    assert_int_equal(count_of(client, "<userId>"), 0);
    EC2("ModifySnapshotAttribute", form(client, "&OperationType=add&UserId.1=me", plain));
    assert_refused(400, "InvalidUserID.Malformed");
    EC2("ModifySnapshotAttribute", form(client,
                                       "&CreateVolumePermission.Add.1.UserId=444455556666"
                                       "&CreateVolumePermission.Remove.1.UserId=111122223333",
                                       plain));
    assert_refused(400, "InvalidParameterCombination");
}

static void what_the_default_key_encrypts_cannot_be_shared(void **state)
{
    struct client *client = *state;
    EC2("CreateSnapshots", "InstanceSpecification.InstanceId=" ORDERS);
    const char *standard = snapshot_of(client, "vol-01111e1c0ffee0031");
    const char *customers = snapshot_of(client, "vol-01111e1c0ffee0032");
    EC2("ModifySnapshotAttribute",
        form(client, "&OperationType=add&UserId.1=444455556666", customers));
    assert_int_equal(client->status, 200);
    EC2("ModifySnapshotAttribute",
        form(client, "&OperationType=add&UserId.1=444455556666", standard));
    assert_refused(400, "OperationNotPermitted");
}

static void a_key_says_who_manages_it(void **state)
{
    struct client *client = *state;
    EC2("DescribeVolumes", "VolumeId.1=vol-01111e1c0ffee0031");
    const char *body =
        arena_format(&client->arena, "{\"KeyId\":\"%s\"}", text_of(client, "kmsKeyId"));
    assert_int_equal(call_json(client, "kms", "TrentService", "DescribeKey", body), 200);
    assert_says("\"KeyManager\":\"AWS\"");
    call_json(client, "kms", "TrentService", "DescribeKey", "{\"KeyId\":\"" CUSTOMER_KEY "\"}");
    assert_says("\"KeyManager\":\"CUSTOMER\"");
    assert_int_equal(
        call_json(client, "kms", "TrentService", "DescribeKey", "{\"KeyId\":\"other\"}"), 400);
    assert_says("NotFoundException");
    EC2("DescribeVolumes", "VolumeId.1=vol-01111e1c0ffee0030");
    assert_int_equal(count_of(client, "<kmsKeyId>"), 0);
}

static void the_trail_tells_what_the_sandbox_was_asked(void **state)
{
    struct client *client = *state;
    EC2("StopInstances", "InstanceId.1=" ORDERS);
    EC2("DescribeInstances", "InstanceId.1=" ORDERS);
    assert_int_equal(lookup(client, "{\"LookupAttributes\":[{\"AttributeKey\":\"ResourceName\","
                                    "\"AttributeValue\":\"" ORDERS "\"}]}"),
        200);
    assert_int_equal(count_of(client, "\"EventId\""), 2);
    assert_true(strstr(client->body.ptr, "\"DescribeInstances\"")
                < strstr(client->body.ptr, "\"StopInstances\"")); /* newest first */
    assert_says("\\\"eventSource\\\":\\\"ec2.amazonaws.com\\\"");
    lookup(client, "{\"LookupAttributes\":[{\"AttributeKey\":\"ReadOnly\",\"AttributeValue\":"
                   "\"false\"}]}");
    assert_int_equal(count_of(client, "\"EventId\""), 1);
    lookup(client, "{\"LookupAttributes\":[{\"AttributeKey\":\"AccessKeyId\",\"AttributeValue\":"
                   "\"AKIASANDBOX111122\"}]}");
    assert_int_equal(count_of(client, "\"EventId\""), 4);
    lookup(client, "{\"StartTime\":4000000000,\"EndTime\":4000000001}");
    assert_int_equal(count_of(client, "\"EventId\""), 0);
    lookup(
        client, "{\"LookupAttributes\":[{\"AttributeKey\":\"Colour\",\"AttributeValue\":\"x\"}]}");
    assert_says("InvalidLookupAttributesException");
}

static void the_trail_is_paged_by_tokens_that_belong_to_their_question(void **state)
{
    struct client *client = *state;
    for (int n = 0; n < 3; n++)
        EC2("DescribeInstances", "");
    lookup(client, "{\"MaxResults\":2}");
    assert_int_equal(count_of(client, "\"EventId\""), 2);
    json_t *page = json_loadb(client->body.ptr, client->body.len, 0, NULL);
    const char *token = json_string_value(json_object_get(page, "NextToken"));
    assert_non_null(token);
    lookup(client, arena_format(&client->arena, "{\"NextToken\":\"%s\",\"StartTime\":5}", token));
    assert_says("InvalidNextTokenException");
    lookup(client, arena_format(&client->arena, "{\"NextToken\":\"%s\",\"MaxResults\":2}", token));
    assert_int_equal(count_of(client, "\"EventId\""), 1);
    assert_int_equal(count_of(client, "NextToken"), 0);
    json_decref(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_snapshot_is_shared_and_unshared),
        sandbox_test(what_the_default_key_encrypts_cannot_be_shared),
        sandbox_test(a_key_says_who_manages_it),
        sandbox_test(the_trail_tells_what_the_sandbox_was_asked),
        sandbox_test(the_trail_is_paged_by_tokens_that_belong_to_their_question),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
