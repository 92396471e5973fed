#include "aws/retry.h"

#include "base/attr.h"

enum { FIRST_DELAY_MS = 1000 };

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

uint32_t retry_delay_ms(unsigned attempt, uint32_t random)
{
    uint64_t most = FIRST_DELAY_MS;
    while (attempt-- > 0 && most < RETRY_DELAY_MS_MAX)
        most *= 2;
    if (most > RETRY_DELAY_MS_MAX)
        most = RETRY_DELAY_MS_MAX;
    return (uint32_t)(most * random >> 32);
}

uint32_t retry_delay_asked_ms(uint32_t delay_ms, uint32_t after_ms)
{
    if (after_ms <= delay_ms)
        return delay_ms;
    uint32_t more_ms = after_ms - delay_ms;
    return delay_ms + (more_ms > RETRY_AFTER_MS_MAX ? RETRY_AFTER_MS_MAX : more_ms);
}

bool retry_take(struct retry_bucket *bucket, uint32_t cost)
{
    if (cost > RETRY_TOKENS_MAX - bucket->spent)
        return false;
    bucket->spent += cost;
    return true;
}

void retry_give_back(struct retry_bucket *bucket, uint32_t cost)
{
    uint32_t back = cost == 0 ? 1 : cost;
    bucket->spent -= back < bucket->spent ? back : bucket->spent;
}
