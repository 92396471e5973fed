#include "rest/limits.h"

#include <stdlib.h>
#include <time.h>

enum { DIGITS_MAX = 12, TRACE_BYTES_MAX = 80, DATE_BYTES_MAX = 40, MS_PER_S = 1000 };

/* A second since 1970 that could be now, and no number of seconds to wait. */
static const int64_t EPOCH_S_MIN = 1000000000;

const char *const rest_wanted[] = { "Retry-After", "X-RateLimit-RetryAfter",
    "X-Ratelimit-Remaining", "X-Cs-Traceid", "request-id", "X-Cs-Region", "Location",
    "Content-Type", NULL };

/* A number without sign; -1: it is none. */
static int64_t number_read(str text)
{
    int64_t number = 0;
    if (text.len == 0 || text.len > DIGITS_MAX)
        return -1;
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] < '0' || text.ptr[at] > '9')
            return -1;
        number = number * 10 + (text.ptr[at] - '0');
    }
    return number;
}

/* Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT"; -1: it is no such date. */
static int64_t date_read(str text)
{
    char copy[DATE_BYTES_MAX];
    struct tm parts = { .tm_sec = 0 };
    if (text.len == 0 || text.len >= sizeof(copy))
        return -1;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&parts);
}

/* Within what is waited for at all. */
static uint32_t capped_ms(int64_t seconds)
{
    if (seconds <= 0)
        return 0;
    return seconds > REST_WAIT_MS_MAX / MS_PER_S ? REST_WAIT_MS_MAX
                                                 : (uint32_t)(seconds * MS_PER_S);
}

uint32_t rest_limits_wait_ms(const struct http_reply *reply, int64_t now_s)
{
    str after = http_reply_header(reply, "Retry-After");
    int64_t shown_s = reply->date_unix_s != 0 ? reply->date_unix_s : now_s;
    int64_t seconds = number_read(after);
    int64_t date_s = date_read(after);
    int64_t until_s = number_read(http_reply_header(reply, "X-RateLimit-RetryAfter"));
    if (seconds < 0 && date_s > 0)
        seconds = date_s - shown_s;
    uint32_t first_ms = capped_ms(seconds);
    uint32_t other_ms = until_s < EPOCH_S_MIN ? 0 : capped_ms(until_s - shown_s);
    return first_ms > other_ms ? first_ms : other_ms;
}

bool rest_limits_are_spent(const struct http_reply *reply)
{
    return number_read(http_reply_header(reply, "X-Ratelimit-Remaining")) == 0;
}

const char *rest_trace(const struct http_reply *reply, struct arena *arena)
{
    static const char *const names[] = { "X-Cs-Traceid", "request-id" };
    for (size_t at = 0; at < COUNT_OF(names); at++) {
        str id = str_first(http_reply_header(reply, names[at]), TRACE_BYTES_MAX);
        if (id.len > 0
            && str_all_of(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."))
            return arena_format(arena, "%s %.*s", names[at], STR_ARG(id));
    }
    return "";
}
