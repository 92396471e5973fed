/* messages.h - alerts out of a queue of SQS: received, and deleted once they are on disk.
 *
 * A message that is not deleted comes again, as often as the queue lets it. */
#pragma once

#include "aws/requests_alerts.h"
#include "host/transport.h"

struct aws_message {
    str text;    /* the alert: the body, or what stands in the envelope of SNS within it */
    str receipt; /* what it is deleted by */
};

/* Ask for up to `most` (SQS_BATCH_MAX) messages, waiting up to `wait_s` for the first; all in
 * `arena`. A body that came over broken is left out, *ret_broken counts it: it comes again. Errors
 * as aws_ask. */
MUST_CHECK enum err aws_messages_receive(struct transport *transport, str region, str url,
    uint32_t most, uint32_t wait_s, struct arena *arena,
    struct aws_message ret_messages[static SQS_BATCH_MAX], size_t *ret_count, size_t *ret_broken,
    const char **reterr_reason);
/* Delete them, at most SQS_BATCH_MAX. *ret_failed of them were not, with a sentence in *reterr_reason;
 * errors as aws_ask. */
MUST_CHECK enum err aws_messages_delete(struct transport *transport, str region, str url,
    const struct aws_message *messages, size_t count, struct arena *arena, size_t *ret_failed,
    const char **reterr_reason);

/* The region in the URL of a queue ("https://sqs.eu-west-1.amazonaws.com/..", an endpoint within a
 * VPC, the old form), borrowed; empty when it names none. */
str aws_queue_region(str url);
