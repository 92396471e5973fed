/* sns.h - messages of Amazon SNS over HTTP: what they say, and whether SNS said it.
 *
 * SNS signs with a certificate that the message itself points to, so everything hangs on which
 * addresses are followed: only those of SNS in the region of the topic that the operator named.
 * Nothing here is fetched; sns_courier.h does that.
 *
 * Source: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages".
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SNS_AGE_MAX_S = 3600,            /* of a message */
    SNS_AHEAD_MAX_S = 300,           /* its clock before ours */
    SNS_URL_BYTES_MAX = 2048,        /* of an address that is followed */
    SNS_BODY_BYTES_MAX = 512 * 1024, /* of a message: 256 KiB, and what escapes add in JSON */
    SNS_CHAIN_MAX = 4,               /* authorities between a certificate and the system's */
};

enum sns_kind { SNS_NOTIFICATION, SNS_SUBSCRIBE, SNS_UNSUBSCRIBE };

/* One message; its texts are in the arena of sns_read. */
struct sns_message {
    enum sns_kind kind;
    str id;
    str topic;
    str message;
    str subject; /* ptr is NULL without one: an empty one is signed */
    str timestamp;
    str token;         /* of the two confirmations, as the next one */
    str subscribe_url; /* that confirms; of SNS_UNSUBSCRIBE, that subscribes again */
    str version;       /* "1": SHA-1, "2": SHA-256 */
    str signature;     /* base64 */
    str certificate_url;
};

/* Whether the headers x-amz-sns-topic-arn and x-amz-sns-message-type are those of a message of that
 * topic. They prove nothing; who does not know them need not send a body. */
MUST_CHECK bool sns_announces(str topic, str type, str wanted_topic, const char **reterr_reason);

/* Read the body of a request. Whoever sent it, it takes memory for a few times its length and no
 * more. ERR_INVALID: it is no such message; *reterr_reason is static. ERR_MEMORY. */
MUST_CHECK enum err sns_read(
    str body, struct arena *arena, struct sns_message *ret_message, const char **reterr_reason);

/* Whether the message is of `topic`, of the last hour, and points to addresses of SNS in that
 * topic's region and to no other. What comes cheap, before anything is fetched. */
MUST_CHECK bool sns_is_plausible(
    const struct sns_message *message, str topic, int64_t now_ms, const char **reterr_reason);
/* Whether the text is the ARN of a topic. */
bool sns_is_topic(str text);

/* Append the text that SNS signs. A failure is in out->err. */
void sns_signed_text(const struct sns_message *message, struct buf *out);

/* ---- certificates ---- */

struct sns_trust;       /* the authorities of the system */
struct sns_certificate; /* one that was fetched, with what leads from it to an authority */

/* `ca_file` (PEM) in place of the system's authorities, or NULL. ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err sns_trust_new(const char *ca_file, struct sns_trust **ret_trust);
void sns_trust_free(struct sns_trust *trust);

/* Read a file of one or more certificates, PEM. ERR_INVALID, ERR_MEMORY. */
MUST_CHECK enum err sns_certificate_read(str pem, struct sns_certificate **ret_certificate);
/* Add an authority between, PEM or DER. ERR_INVALID; ERR_LIMIT: there are SNS_CHAIN_MAX. */
MUST_CHECK enum err sns_certificate_add(struct sns_certificate *certificate, str bytes);
void sns_certificate_free(struct sns_certificate *certificate);

/* Whether it is valid now, leads to an authority of the system, and is one of SNS for the region of
 * `topic`. ERR_INVALID with a static sentence. ERR_NEEDED: an authority between is missing, for
 * SNS hands out its own certificate alone; *ret_url, in the arena, is where Amazon publishes it,
 * read from the certificate. ERR_MEMORY. */
MUST_CHECK enum err sns_certificate_check(const struct sns_certificate *certificate,
    const struct sns_trust *trust, str topic, int64_t now_ms, struct arena *arena,
    const char **ret_url, const char **reterr_reason);
/* Whether the message was signed with its key. */
MUST_CHECK bool sns_is_signed(
    const struct sns_message *message, const struct sns_certificate *certificate);
