/* Queues: what was sent is there until it is deleted, hidden for a while from who received it.
 *
 * In the world: a region's "queues": [{"queueName", "messages": [{"messageId", "body", "sentMs",
 * "visibleMs", "received", "receipt"}], "visibilityTimeout": 30 seconds, if it is not there}]. Long
 * polls answer at once. */
#include "sandbox/operation.h"

#include <inttypes.h>
#include <openssl/evp.h>

enum {
    MESSAGE_BYTES_MAX = 256 * 1024,
    MESSAGES_MAX = 10, /* of one call */
    HIDDEN_S = 30,
    HIDDEN_S_MAX = 12 * 60 * 60,
    MS_PER_S = 1000,
};

/* The queue of QueueUrl ("https://host/ACCOUNT/NAME"), borrowed; NULL: refused. */
static json_t *find_queue(struct call *call)
{
    str url = str_from(call_text(call, "QueueUrl"));
    str name = str_skip(url, str_find_last(url, '/') + 1);
    const char *wanted = arena_copy(call->arena, name).ptr;
    json_t *queue = wanted == NULL || call->region == NULL
                        ? NULL
                        : world_find(call->region, "queues", "queueName", wanted);
    if (queue == NULL)
        call_refuse(call, 400, "QueueDoesNotExist", "The specified queue does not exist.");
    return queue;
}

void sandbox_sqs_get_queue_url(struct call *call)
{
    const char *name = call_text(call, "QueueName");
    if (call->region == NULL || world_find(call->region, "queues", "queueName", name) == NULL) {
        call_refuse(call, 400, "QueueDoesNotExist", "The specified queue does not exist.");
        return;
    }
    const char *url = arena_format(call->arena, "https://sqs.%s.amazonaws.com/%s/%s",
        call->region_name, call_account_id(call), name);
    json_object_set_new(call->json, "QueueUrl", json_string(url));
}

static const char *md5_of(struct call *call, const char *text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char *hex = arena_alloc(call->arena, 2 * sizeof(digest) + 1, 1);
    if (hex == NULL || EVP_Digest(text, strlen(text), digest, &length, EVP_md5(), NULL) != 1)
        return NULL;
    for (unsigned at = 0; at < length; at++)
        snprintf(hex + (size_t)2 * at, 3, "%02x", digest[at]);
    return hex;
}

void sandbox_sqs_send_message(struct call *call)
{
    const char *body = call_text(call, "MessageBody");
    json_t *queue = find_queue(call);
    if (queue == NULL || !call_may_proceed(call))
        return;
    if (strlen(body) > MESSAGE_BYTES_MAX) {
        call_refuse(
            call, 400, "InvalidParameterValue", "Message must be shorter than 262144 bytes.");
        return;
    }
    const char *id = world_mint(call->world, call->arena, "00000000-0000-4000-8000-");
    call_add(call, queue, "messages",
        json_pack("{s:s,s:s,s:I,s:I,s:i,s:s}", "messageId", id, "body", body, "sentMs",
            (json_int_t)call->now_ms, "visibleMs", (json_int_t)call->now_ms, "received", 0,
            "receipt", ""));
    json_object_set_new(call->json, "MessageId", json_string(id));
    json_object_set_new(call->json, "MD5OfMessageBody", json_string(md5_of(call, body)));
}

/* What one message says of itself, new reference; it is hidden from others from now on. */
static json_t *hand_out(struct call *call, json_t *message, long long hidden_s)
{
    const char *body = world_text(message, "body");
    const char *receipt = world_mint(call->world, call->arena, "receipt-");
    long long received = world_number(message, "received") + 1;
    const char *count = arena_format(call->arena, "%lld", received);
    const char *sent = arena_format(call->arena, "%lld", world_number(message, "sentMs"));
    call_set(call, message, "received", json_integer(received));
    call_set(call, message, "receipt", json_string(receipt));
    call_set(call, message, "visibleMs",
        json_integer((json_int_t)call->now_ms + (json_int_t)hidden_s * MS_PER_S));
    return json_pack("{s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "MessageId", world_text(message, "messageId"),
        "ReceiptHandle", receipt, "MD5OfBody", md5_of(call, body), "Body", body, "Attributes",
        "ApproximateReceiveCount", count, "SentTimestamp", sent);
}

void sandbox_sqs_receive_message(struct call *call)
{
    long long most = 1, hidden_s = HIDDEN_S, wait_s = 0;
    json_t *queue = find_queue(call);
    if (json_is_integer(json_object_get(queue, "visibilityTimeout")))
        hidden_s = world_number(queue, "visibilityTimeout");
    if (queue == NULL || !call_number(call, "MaxNumberOfMessages", 1, MESSAGES_MAX, &most)
        || !call_number(call, "VisibilityTimeout", 0, HIDDEN_S_MAX, &hidden_s)
        || !call_number(call, "WaitTimeSeconds", 0, 20, &wait_s) || !call_may_proceed(call))
        return;
    json_t *handed = json_array();
    size_t index;
    json_t *message;
    json_array_foreach(json_object_get(queue, "messages"), index,
        message) if (world_number(message, "visibleMs") <= call->now_ms
                     && (long long)json_array_size(handed) < most)
        json_array_append_new(handed, hand_out(call, message, hidden_s));
    if (json_array_size(handed) > 0) /* the member is absent when there is none */
        json_object_set(call->json, "Messages", handed);
    json_decref(handed);
}

/* The message with that receipt, borrowed, or NULL: one that was received again has another. */
static json_t *find_received(const json_t *queue, const char *receipt)
{
    return receipt[0] == '\0' ? NULL : world_find(queue, "messages", "receipt", receipt);
}

void sandbox_sqs_delete_message(struct call *call)
{
    json_t *queue = find_queue(call);
    if (queue == NULL || !call_may_proceed(call))
        return;
    json_t *message = find_received(queue, call_text(call, "ReceiptHandle"));
    if (message != NULL) /* an old handle succeeds and deletes nothing */
        call_remove(call, queue, "messages", message);
}

void sandbox_sqs_delete_message_batch(struct call *call)
{
    json_t *queue = find_queue(call);
    json_t *entries = json_object_get(call->input, "Entries");
    if (queue == NULL || !call_may_proceed(call))
        return;
    if (json_array_size(entries) > MESSAGES_MAX) {
        call_refuse(call, 400, "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.");
        return;
    }
    json_t *done = json_array();
    size_t index;
    json_t *entry;
    json_array_foreach(entries, index, entry)
    {
        json_t *message = find_received(queue, world_text(entry, "ReceiptHandle"));
        if (message != NULL)
            call_remove(call, queue, "messages", message);
        json_array_append_new(done, json_pack("{s:s}", "Id", world_text(entry, "Id")));
    }
    json_object_set_new(call->json, "Successful", done);
    json_object_set_new(call->json, "Failed", json_array());
}

void sandbox_sqs_change_message_visibility(struct call *call)
{
    long long hidden_s = 0;
    json_t *queue = find_queue(call);
    if (queue == NULL || !call_number(call, "VisibilityTimeout", 0, HIDDEN_S_MAX, &hidden_s)
        || !call_may_proceed(call))
        return;
    json_t *message = find_received(queue, call_text(call, "ReceiptHandle"));
    if (message == NULL)
        call_refuse(call, 400, "ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
    else
        call_set(call, message, "visibleMs",
            json_integer((json_int_t)call->now_ms + (json_int_t)hidden_s * MS_PER_S));
}
