/* What alerts come from: queues and findings, called as AWS's own clients call them. */
#include "sandbox_client.h"

#define DETECTOR "/detector/12abc34d567e8fa901bc2d34e56789f0"
#define FINDING "16afba5c5c43e07c9e3e5e2e544e95df"
#define QUEUE "\"QueueUrl\":\"https://sqs.eu-west-1.amazonaws.com/111122223333/cdr-findings\""

/* One JSON call of SQS; the status. */
static long sqs(struct client *client, const char *operation, const char *body)
{
    char header[96];
    snprintf(header, sizeof(header), "X-Amz-Target: AmazonSQS.%s", operation);
    client->header = header;
    client_send(client, "POST", "/", "sqs", "application/x-amz-json-1.0", str_from(body));
    client->header = NULL;
    return client->status;
}

static long guardduty(struct client *client, const char *method, const char *path, const char *body)
{
    client_send(client, method, path, "guardduty", "application/json", str_from(body));
    return client->status;
}

/* A member of the last reply, new reference. */
static json_t *told(struct client *client)
{
    json_t *json = json_loadb(client->body.ptr, client->body.len, 0, NULL);
    assert_non_null(json);
    return json;
}

/* The receipt of the one message that can be had, or "" when there is none. */
static void receive(struct client *client, const char *more, char receipt[static 64])
{
    char body[256];
    snprintf(body, sizeof(body), "{" QUEUE "%s}", more);
    assert_int_equal(sqs(client, "ReceiveMessage", body), 200);
    json_t *json = told(client);
    const json_t *message = json_array_get(json_object_get(json, "Messages"), 0);
    snprintf(receipt, 64, "%s",
        message == NULL ? "" : json_string_value(json_object_get(message, "ReceiptHandle")));
    json_decref(json);
}

static void a_message_is_there_until_it_is_deleted(void **state)
{
    struct client *client = *state;
    char receipt[64], again[64], body[256];
    assert_int_equal(sqs(client, "SendMessage", "{" QUEUE ",\"MessageBody\":\"hello\"}"), 200);
    receive(client, ",\"VisibilityTimeout\":0", receipt);
    assert_string_not_equal(receipt, "");
    assert_non_null(strstr(client->body.ptr, "5d41402abc4b2a76b9719d911017c592")); /* its MD5 */
    receive(client, "", again);
    assert_string_not_equal(again, receipt);
    receive(client, "", receipt); /* hidden from others by now */
    assert_string_equal(receipt, "");
    assert_null(strstr(client->body.ptr, "Messages"));
    snprintf(body, sizeof(body), "{" QUEUE ",\"ReceiptHandle\":\"%s\"}", again);
    assert_int_equal(sqs(client, "DeleteMessage", body), 200);
    snprintf(
        body, sizeof(body), "{" QUEUE ",\"ReceiptHandle\":\"%s\",\"VisibilityTimeout\":0}", again);
    assert_int_equal(sqs(client, "ChangeMessageVisibility", body), 400);
    assert_non_null(strstr(client->body.ptr, "ReceiptHandleIsInvalid"));
}

static void there_is_no_queue_of_another_name(void **state)
{
    struct client *client = *state;
    assert_int_equal(sqs(client, "GetQueueUrl", "{\"QueueName\":\"cdr-findings\"}"), 200);
    assert_int_equal(sqs(client, "GetQueueUrl", "{\"QueueName\":\"other\"}"), 400);
    assert_non_null(strstr(client->body.ptr, "\"__type\":\"QueueDoesNotExist\""));
    assert_int_equal(
        sqs(client, "GetQueueUrl", "{\"QueueName\":\"cdr-findings\",\"Colour\":1}"), 400);
    assert_int_equal(sqs(client, "GetQueueUrl", "{\"QueueName\":"), 400);
    assert_int_equal(sqs(client, "GetQueueUrls", "{}"), 400);
}

/* How many findings a criterion lists. */
static size_t listed(struct client *client, const char *criterion)
{
    char body[256];
    snprintf(body, sizeof(body), "{\"findingCriteria\":{\"criterion\":{%s}}}", criterion);
    assert_int_equal(guardduty(client, "POST", DETECTOR "/findings", body), 200);
    json_t *json = told(client);
    size_t count = json_array_size(json_object_get(json, "findingIds"));
    json_decref(json);
    return count;
}

static void findings_are_listed_by_criteria(void **state)
{
    struct client *client = *state;
    assert_int_equal(guardduty(client, "GET", "/detector", ""), 200);
    assert_non_null(strstr(client->body.ptr, "12abc34d567e8fa901bc2d34e56789f0"));
    assert_int_equal(listed(client, ""), 1);
    assert_int_equal(listed(client, "\"severity\":{\"greaterThanOrEqual\":8}"), 1);
    assert_int_equal(listed(client, "\"severity\":{\"greaterThan\":9}"), 0);
    assert_int_equal(listed(client, "\"updatedAt\":{\"greaterThanOrEqual\":1700000000000}"), 1);
    assert_int_equal(listed(client, "\"updatedAt\":{\"gte\":4000000000000}"), 0);
    assert_int_equal(listed(client, "\"service.archived\":{\"equals\":[\"false\"]}"), 1);
    assert_int_equal(guardduty(client, "POST", "/detector/none/findings", "{}"), 400);
    assert_int_equal(guardduty(client, "POST", DETECTOR "/findings", "{\"maxResults\":51}"), 400);
}

static void a_finding_is_read_and_archived(void **state)
{
    struct client *client = *state;
    const char *ids = "{\"findingIds\":[\"" FINDING "\",\"unknown\"]}";
    assert_int_equal(guardduty(client, "POST", DETECTOR "/findings/get", ids), 200);
    json_t *json = told(client);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 1);
    json_decref(json);
    assert_int_equal(guardduty(client, "POST", DETECTOR "/findings/archive", ids), 200);
    assert_int_equal(listed(client, "\"service.archived\":{\"equals\":[\"false\"]}"), 0);
    assert_int_equal(guardduty(client, "POST", DETECTOR "/findings/unarchive", ids), 200);
    assert_int_equal(listed(client, "\"service.archived\":{\"equals\":[\"false\"]}"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sandbox_test(a_message_is_there_until_it_is_deleted),
        sandbox_test(there_is_no_queue_of_another_name),
        sandbox_test(findings_are_listed_by_criteria),
        sandbox_test(a_finding_is_read_and_archived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
