/* messages.c - see messages.h. */
#include "aws/messages.h"

#include "aws/ask.h"

#include <openssl/evp.h>

enum { MD5_BYTES = 16, MD5_HEX_SIZE = 33, CODE_BYTES_MAX = 200 };

static str member(const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    return (str){ json_is_string(text) ? json_string_value(text) : "", json_string_length(text) };
}

/* Whether the body is the one that was sent. */
static bool is_intact(const json_t *message)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[MD5_HEX_SIZE];
    unsigned length = 0;
    str body = member(message, "Body");
    str told = member(message, "MD5OfBody");
    if (told.len == 0)
        return true;
    if (EVP_Digest(body.ptr, body.len, digest, &length, EVP_md5(), NULL) != 1
        || length != MD5_BYTES)
        return false;
    for (size_t at = 0; at < MD5_BYTES; at++)
        snprintf(hex + 2 * at, 3, "%02x", digest[at]);
    return str_is(told, hex);
}

/* What a topic of SNS puts around an alert where raw delivery is off: who may write to the queue
 * is up to its policy, so there is no signature to look at. */
static str unwrap(str body, struct arena *arena)
{
    json_t *envelope = json_loadb(body.ptr, body.len, JSON_ALLOW_NUL, NULL);
    str inner = member(envelope, "Message");
    bool is_envelope = str_is(member(envelope, "Type"), "Notification")
                       && member(envelope, "TopicArn").len > 0
                       && json_is_string(json_object_get(envelope, "Message"));
    str text = arena_copy(arena, is_envelope ? inner : body);
    json_decref(envelope);
    return text;
}

static enum err messages_read(const json_t *root, struct arena *arena,
    struct aws_message ret_messages[static SQS_BATCH_MAX], size_t *ret_count, size_t *ret_broken)
{
    const json_t *list = json_object_get(root, "Messages");
    for (size_t at = 0; at < json_array_size(list) && *ret_count < SQS_BATCH_MAX; at++) {
        const json_t *one = json_array_get(list, at);
        struct aws_message *message = &ret_messages[*ret_count];
        if (!json_is_string(json_object_get(one, "Body")) || !is_intact(one)) {
            ++*ret_broken;
            continue;
        }
        message->text = unwrap(member(one, "Body"), arena);
        message->receipt = arena_copy(arena, member(one, "ReceiptHandle"));
        if (message->text.ptr == NULL || message->receipt.ptr == NULL)
            return ERR_MEMORY;
        ++*ret_count;
    }
    return ERR_OK;
}

enum err aws_messages_receive(struct transport *transport, str region, str url, uint32_t most,
    uint32_t wait_s, struct arena *arena, struct aws_message ret_messages[static SQS_BATCH_MAX],
    size_t *ret_count, size_t *ret_broken, const char **reterr_reason)
{
    struct step asking = { .arena = arena, .region = STR("") };
    struct request request = sqs_receive(&asking, region, url, most, wait_s);
    json_t *root = NULL;
    *ret_count = *ret_broken = 0;
    TRY(aws_ask(transport, &request, arena, &root, reterr_reason));
    enum err err = messages_read(root, arena, ret_messages, ret_count, ret_broken);
    json_decref(root);
    return err;
}

enum err aws_messages_delete(struct transport *transport, str region, str url,
    const struct aws_message *messages, size_t count, struct arena *arena, size_t *ret_failed,
    const char **reterr_reason)
{
    struct step asking = { .arena = arena, .region = STR("") };
    str receipts[SQS_BATCH_MAX];
    json_t *root = NULL;
    *ret_failed = 0;
    for (size_t at = 0; at < count && at < SQS_BATCH_MAX; at++)
        receipts[at] = messages[at].receipt;
    struct request request =
        sqs_delete(&asking, region, url, receipts, count < SQS_BATCH_MAX ? count : SQS_BATCH_MAX);
    TRY(aws_ask(transport, &request, arena, &root, reterr_reason));
    const json_t *failed = json_object_get(root, "Failed");
    *ret_failed = json_array_size(failed);
    if (*ret_failed > 0)
        *reterr_reason = arena_format(arena, "SQS did not delete a message: %.*s",
            STR_ARG(str_first(member(json_array_get(failed, 0), "Code"), CODE_BYTES_MAX)));
    json_decref(root);
    return *ret_failed > 0 && *reterr_reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* The label after "sqs" ("sqs-fips"), or before "queue". */
str aws_queue_region(str url)
{
    size_t scheme = str_find(url, ':');
    str host = str_skip(url, scheme + 3);
    host = str_first(host, str_find(host, '/'));
    for (str rest = host, last = STR(""); rest.len > 0;) {
        str label = str_first(rest, str_find(rest, '.'));
        rest = str_skip(rest, label.len + 1);
        if (str_is(label, "sqs") || str_is(label, "sqs-fips"))
            return str_first(rest, str_find(rest, '.'));
        if (str_is(label, "queue"))
            return last;
        last = label;
    }
    return STR("");
}
