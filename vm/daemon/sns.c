/* sns.c - see sns.h: messages. Certificates are in sns_certificate.c. */
#include "daemon/sns.h"

#include "arn.h"
#include "base/limits.h"
#include "base/time.h"

#include <jansson.h>

/* ---- reading ---- */

static const struct {
    const char *type;
    enum sns_kind kind;
} kinds[] = {
    { "Notification", SNS_NOTIFICATION },
    { "SubscriptionConfirmation", SNS_SUBSCRIBE },
    { "UnsubscribeConfirmation", SNS_UNSUBSCRIBE },
};

/* A member that is text, in the arena; false: it is something else, or too much. What is not there
 * keeps its ptr NULL. */
static bool take(const json_t *json, const char *key, struct arena *arena, str *ret_text)
{
    const json_t *member = json_object_get(json, key);
    *ret_text = (str){ NULL, 0 };
    if (member == NULL || json_is_null(member))
        return true;
    if (!json_is_string(member))
        return false;
    *ret_text = arena_copy(arena, (str){ json_string_value(member), json_string_length(member) });
    return ret_text->ptr != NULL;
}

static bool take_kind(const json_t *json, enum sns_kind *ret_kind)
{
    const char *type = json_string_value(json_object_get(json, "Type"));
    for (size_t at = 0; type != NULL && at < COUNT_OF(kinds); at++)
        if (strcmp(type, kinds[at].type) == 0) {
            *ret_kind = kinds[at].kind;
            return true;
        }
    return false;
}

static bool take_all(const json_t *json, struct arena *arena, struct sns_message *message)
{
    const struct {
        const char *key;
        str *text;
        bool is_optional;
    } members[] = {
        { "MessageId", &message->id, false },
        { "TopicArn", &message->topic, false },
        { "Message", &message->message, false },
        { "Subject", &message->subject, true },
        { "Timestamp", &message->timestamp, false },
        { "Token", &message->token, message->kind == SNS_NOTIFICATION },
        { "SubscribeURL", &message->subscribe_url, message->kind == SNS_NOTIFICATION },
        { "SignatureVersion", &message->version, false },
        { "Signature", &message->signature, false },
        { "SigningCertURL", &message->certificate_url, false },
    };
    for (size_t at = 0; at < COUNT_OF(members); at++)
        if (!take(json, members[at].key, arena, members[at].text)
            || (members[at].text->ptr == NULL && !members[at].is_optional))
            return false;
    return message->id.len > 0;
}

enum { VALUES_MAX = 256 /* ten, and the attributes of the message */ };

/* Whether so few values are in it that reading them takes little more memory than the text has. Who
 * sent it is not known yet, and of lists in lists jansson makes three hundred times as much. */
static bool is_modest(str body)
{
    size_t values = 0;
    for (size_t at = 0; at < body.len && values <= VALUES_MAX; at++) {
        char byte = body.ptr[at];
        values += byte == ',' || byte == '{' || byte == '[';
        if (byte == '"')
            for (at++; at < body.len && body.ptr[at] != '"'; at++)
                at += body.ptr[at] == '\\';
    }
    return values <= VALUES_MAX;
}

enum err sns_read(
    str body, struct arena *arena, struct sns_message *ret_message, const char **reterr_reason)
{
    json_t *json = is_modest(body) ? json_loadb(
                       body.ptr, body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
                                   : NULL;
    *ret_message = (struct sns_message){ .id = { NULL, 0 } };
    *reterr_reason = "it is no message of SNS; is raw message delivery on for the subscription?";
    bool is_read =
        json != NULL && take_kind(json, &ret_message->kind) && take_all(json, arena, ret_message);
    json_decref(json);
    if (arena->is_full)
        return ERR_MEMORY;
    return is_read ? ERR_OK : ERR_INVALID;
}

bool sns_announces(str topic, str type, str wanted_topic, const char **reterr_reason)
{
    *reterr_reason = "x-amz-sns-topic-arn is missing, or of another topic";
    if (topic.len == 0 || !str_equal(topic, wanted_topic))
        return false;
    *reterr_reason = "x-amz-sns-message-type is missing, or none of SNS";
    for (size_t at = 0; at < COUNT_OF(kinds); at++)
        if (str_is(type, kinds[at].type))
            return true;
    return false;
}

/* ---- addresses ---- */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool topic_read(str topic, struct arn *ret_arn)
{
    return arn_read(topic, ret_arn) && str_is(ret_arn->service, "sns") && ret_arn->region.len > 0
           && str_all_of(ret_arn->region, "abcdefghijklmnopqrstuvwxyz-" DIGITS)
           && ret_arn->resource.len > 0;
}

bool sns_is_topic(str text)
{
    struct arn arn;
    return topic_read(text, &arn);
}

/* What is left of the address behind "https://sns.REGION.amazonaws.com/"; ptr is NULL when it
 * begins in any other way: with another host, a user, a port, capitals. */
static str path_at_sns(str url, const struct arn *topic)
{
    const str none = { NULL, 0 };
    const str suffix =
        str_is(topic->partition, "aws-cn") ? STR(".amazonaws.com.cn/") : STR(".amazonaws.com/");
    const str parts[] = { STR("https://sns."), topic->region, suffix };
    if (url.len > SNS_URL_BYTES_MAX)
        return none;
    for (size_t at = 0; at < COUNT_OF(parts); at++) {
        if (!str_startswith(url, parts[at]))
            return none;
        url = str_skip(url, parts[at].len);
    }
    return url;
}

static bool is_certificate_url(str url, const struct arn *topic)
{
    str path = path_at_sns(url, topic);
    if (path.ptr == NULL || !str_startswith(path, STR("SimpleNotificationService-"))
        || !str_endswith(path, STR(".pem")))
        return false;
    str name = str_skip(path, STR("SimpleNotificationService-").len);
    name = str_first(name, name.len - STR(".pem").len);
    return name.len > 0 && str_all_of(name, LETTERS DIGITS "-_");
}

static bool is_subscribe_url(str url, const struct arn *topic)
{
    str path = path_at_sns(url, topic);
    return path.ptr != NULL && str_startswith(path, STR("?Action=ConfirmSubscription&"))
           && str_all_of(path, LETTERS DIGITS "?&=%:-_.~+/*");
}

static bool is_in_time(str timestamp, int64_t now_ms, const char **reterr_reason)
{
    int64_t sent_ms = 0;
    *reterr_reason = "its Timestamp is no time";
    if (!time_parse(timestamp, &sent_ms))
        return false;
    *reterr_reason = "its Timestamp is more than an hour ago, or ahead of our clock";
    return now_ms - sent_ms <= SNS_AGE_MAX_S * INT64_C(1000)
           && sent_ms - now_ms <= SNS_AHEAD_MAX_S * INT64_C(1000);
}

bool sns_is_plausible(
    const struct sns_message *message, str topic, int64_t now_ms, const char **reterr_reason)
{
    struct arn arn;
    *reterr_reason = "it is of another topic";
    if (!topic_read(topic, &arn) || !str_equal(message->topic, topic))
        return false;
    if (!is_in_time(message->timestamp, now_ms, reterr_reason))
        return false;
    *reterr_reason = "its SignatureVersion is neither 1 nor 2";
    if (!str_is(message->version, "1") && !str_is(message->version, "2"))
        return false;
    *reterr_reason = "its SigningCertURL is none of SNS in the topic's region";
    if (!is_certificate_url(message->certificate_url, &arn))
        return false;
    *reterr_reason = "its SubscribeURL is none of SNS in the topic's region";
    return message->kind != SNS_SUBSCRIBE || is_subscribe_url(message->subscribe_url, &arn);
}

/* ---- what is signed ---- */

static void add_member(struct buf *out, const char *key, str text)
{
    buf_add(out, str_from(key));
    buf_add_byte(out, '\n');
    buf_add(out, text);
    buf_add_byte(out, '\n');
}

void sns_signed_text(const struct sns_message *message, struct buf *out)
{
    bool is_notification = message->kind == SNS_NOTIFICATION;
    add_member(out, "Message", message->message);
    add_member(out, "MessageId", message->id);
    if (is_notification && message->subject.ptr != NULL)
        add_member(out, "Subject", message->subject);
    if (!is_notification)
        add_member(out, "SubscribeURL", message->subscribe_url);
    add_member(out, "Timestamp", message->timestamp);
    if (!is_notification)
        add_member(out, "Token", message->token);
    add_member(out, "TopicArn", message->topic);
    for (size_t at = 0; at < COUNT_OF(kinds); at++)
        if (kinds[at].kind == message->kind)
            add_member(out, "Type", str_from(kinds[at].type));
}
