#include "aws/retry.h"

#include "base/attr.h"

static const struct {
    const char *code;
    enum retry_cause cause;
} causes[] = {
    { "Throttling", RETRY_THROTTLED },
    { "ThrottlingException", RETRY_THROTTLED },
    { "ThrottledException", RETRY_THROTTLED },
    { "RequestThrottledException", RETRY_THROTTLED },
    { "TooManyRequestsException", RETRY_THROTTLED },
    { "ProvisionedThroughputExceededException", RETRY_THROTTLED },
    { "TransactionInProgressException", RETRY_THROTTLED },
    { "RequestLimitExceeded", RETRY_THROTTLED },
    { "BandwidthLimitExceeded", RETRY_THROTTLED },
    { "LimitExceededException", RETRY_THROTTLED },
    { "RequestThrottled", RETRY_THROTTLED },
    { "SlowDown", RETRY_THROTTLED },
    { "PriorRequestNotComplete", RETRY_THROTTLED },
    { "EC2ThrottledException", RETRY_THROTTLED },
    { "RequestTimeout", RETRY_TRANSIENT },
    { "RequestTimeoutException", RETRY_TRANSIENT },
    { "RequestExpired", RETRY_SKEWED },
    { "RequestTimeTooSkewed", RETRY_SKEWED },
    { "RequestInTheFuture", RETRY_SKEWED },
    { "SignatureDoesNotMatch", RETRY_SKEWED },
    { "InvalidSignatureException", RETRY_SKEWED },
    /* What EC2 says of any signature that it does not accept. */
    { "AuthFailure", RETRY_SKEWED },
    { "ExpiredToken", RETRY_EXPIRED },
    { "ExpiredTokenException", RETRY_EXPIRED },
};

enum retry_cause retry_cause_of(int status, str code)
{
    if (status < 400)
        return RETRY_NONE;
    for (size_t at = 0; at < COUNT_OF(causes); at++)
        if (str_is(code, causes[at].code))
            return causes[at].cause;
    switch (status) {
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        return RETRY_TRANSIENT;
    default:
        return RETRY_NONE;
    }
}
