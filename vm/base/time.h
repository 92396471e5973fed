/* time.h - moments and spans, by arithmetic alone: no clock, no zone, no locale.
 *
 * A moment is milliseconds since 1970-01-01T00:00:00Z; the years are 0000 to 9999.
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"

#include <stdint.h>

enum { TIME_TEXT_MAX = 32, DURATION_TEXT_MAX = 32 };

struct civil_time {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t millisecond;
    int32_t weekday; /* 1 Monday to 7 Sunday, as in ISO 8601 */
};

/* The parts of a moment in UTC, and back (weekday is not read). */
struct civil_time time_civil(int64_t ms);
int64_t time_from_civil(const struct civil_time *civil);

/* A date, or RFC 3339: `2025-04-21T20:51:04.0581832Z`, `+02:00` or `+0200` for Z, a space
 * for T, no zone for UTC, a fraction of any length (cut to milliseconds), second 60.
 * False when the text is nothing of this. */
bool time_parse(str text, int64_t *ret_ms);

/* `2026-01-01T10:00:00Z`, with three digits of fraction when there is one. The result
 * is in `out` and ends in NUL. */
str time_format(int64_t ms, char out[static TIME_TEXT_MAX]);

/* `20150830T123600Z`: ISO 8601 basic, as signatures want it. */
str time_format_basic(int64_t ms, char out[static TIME_TEXT_MAX]);

/* `500ms`, `10s`, `15m`, `6h`, `7d`, `2w`: one number, one unit. False for anything
 * else, and past 64 bits. */
bool duration_parse(str text, int64_t *ret_ms);

/* In the largest unit up to days that says it exactly. */
str duration_format(int64_t ms, char out[static DURATION_TEXT_MAX]);
