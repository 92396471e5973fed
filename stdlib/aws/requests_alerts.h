/* requests_alerts.h - the requests that alerts are fetched with: GuardDuty, SQS. As requests.h. */
#pragma once

#include "act/step.h"

enum {
    GUARDDUTY_PAGE_MAX = 50,
    SQS_BATCH_MAX = 10,
    SQS_WAIT_S_MAX = 20,
};

/* `page` a NextToken, or empty: as everywhere here. */
struct request guardduty_list_detectors(struct step *step, str region, str page);
/* Findings that are not archived, updated at or after `from_ms` and, unless it is 0, before
 * `until_ms` (both since 1970), oldest update first. */
struct request guardduty_list_findings(
    struct step *step, str region, str detector, int64_t from_ms, int64_t until_ms, str page);
struct request guardduty_get_findings(
    struct step *step, str region, str detector, const str *ids, size_t count);

/* Up to `most` messages of the queue at that URL, waiting so long for the first. */
struct request sqs_receive(struct step *step, str region, str url, uint32_t most, uint32_t wait_s);
/* Delete what these receipts are of; the answer calls each by its place in the list. */
struct request sqs_delete(
    struct step *step, str region, str url, const str *receipts, size_t count);
