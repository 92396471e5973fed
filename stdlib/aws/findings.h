/* findings.h - findings of GuardDuty, fetched: a provider for daemon/poll.h.
 *
 * The parts of a chain are the detectors of one region. A record is a finding as GetFindings
 * answers it; its text is written with sorted keys, so that the same version of a finding is the
 * same text each time it is read.
 */
#pragma once

#include "daemon/poll.h"
#include "host/transport.h"

struct aws_findings {
    struct poll_provider provider; /* first: the interface is the object */
    struct transport *transport;
    str region;     /* empty: the connection's own */
    int64_t now_ms; /* by AWS's clock; set before each look */
    /* private */
    str *detectors; /* of the look */
    size_t detector_count;
};

/* `transport` and `region` outlive it; nothing is to be released. A region without a detector is
 * ERR_NOT_FOUND when it is asked. */
struct aws_findings aws_findings_of(struct transport *transport, str region);
