#include "base/time.h"

#include <stdio.h>

enum { DAY_MS = 86400000, HOUR_MS = 3600000, MINUTE_MS = 60000, SECOND_MS = 1000 };

/* Days since 1970 of a civil date, and back: years begin in March, so that the leap
 * day is the last one; an era is the 400 years after which the calendar repeats. */
enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

static int64_t days_from_date(int32_t year, int32_t month, int32_t day)
{
    int64_t years = (int64_t)year - (month <= 2);
    int64_t era = (years >= 0 ? years : years - 399) / 400;
    int64_t year_of_era = years - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static void date_from_days(int64_t days, struct civil_time *civil)
{
    days += EPOCH_DAYS;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    civil->day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    civil->year = (int32_t)(year_of_era + era * 400 + (civil->month <= 2));
}

struct civil_time time_civil(int64_t ms)
{
    struct civil_time civil = { 0 };
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
    int32_t rest = (int32_t)((ms % DAY_MS + DAY_MS) % DAY_MS);
    date_from_days(days, &civil);
    civil.hour = rest / HOUR_MS;
    civil.minute = rest / MINUTE_MS % 60;
    civil.second = rest / SECOND_MS % 60;
    civil.millisecond = rest % SECOND_MS;
    civil.weekday = (int32_t)(((days + 3) % 7 + 7) % 7 + 1); /* 1970 began on a Thursday */
    return civil;
}

int64_t time_from_civil(const struct civil_time *civil)
{
    return days_from_date(civil->year, civil->month, civil->day) * DAY_MS
           + (int64_t)civil->hour * HOUR_MS + (int64_t)civil->minute * MINUTE_MS
           + (int64_t)civil->second * SECOND_MS + civil->millisecond;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` digits off the front. */
static bool take_number(str *text, size_t digits, int32_t *ret_number)
{
    int32_t number = 0;
    if (text->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(text->ptr[i]))
            return false;
        number = number * 10 + (text->ptr[i] - '0');
    }
    *text = str_skip(*text, digits);
    *ret_number = number;
    return true;
}

static bool take_byte(str *text, const char *choices)
{
    if (text->len == 0 || text->ptr[0] == '\0' || strchr(choices, text->ptr[0]) == NULL)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool take_date(str *text, struct civil_time *civil)
{
    static const int32_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (!take_number(text, 4, &civil->year) || !take_byte(text, "-")
        || !take_number(text, 2, &civil->month) || !take_byte(text, "-")
        || !take_number(text, 2, &civil->day) || civil->month < 1 || civil->month > 12)
        return false;
    bool is_leap = civil->year % 4 == 0 && (civil->year % 100 != 0 || civil->year % 400 == 0);
    int32_t most = month_days[civil->month - 1] + (civil->month == 2 && is_leap);
    return civil->day >= 1 && civil->day <= most;
}

static bool take_fraction(str *text, int32_t *ret_millisecond)
{
    size_t digits = 0;
    int32_t millisecond = 0;
    for (; digits < text->len && is_digit(text->ptr[digits]); digits++)
        if (digits < 3)
            millisecond = millisecond * 10 + (text->ptr[digits] - '0');
    for (size_t i = digits; i < 3; i++)
        millisecond *= 10;
    *text = str_skip(*text, digits);
    *ret_millisecond = millisecond;
    return digits > 0;
}

static bool take_clock(str *text, struct civil_time *civil)
{
    if (!take_number(text, 2, &civil->hour) || !take_byte(text, ":")
        || !take_number(text, 2, &civil->minute) || !take_byte(text, ":")
        || !take_number(text, 2, &civil->second))
        return false;
    if (take_byte(text, ".") && !take_fraction(text, &civil->millisecond))
        return false;
    return civil->hour <= 23 && civil->minute <= 59 && civil->second <= 60;
}

/* Z, an offset, or nothing: UTC. */
static bool take_zone(str *text, int64_t *ret_offset_ms)
{
    *ret_offset_ms = 0;
    if (text->len == 0 || take_byte(text, "Zz"))
        return true;
    int32_t hours;
    int32_t minutes;
    bool is_west = text->ptr[0] == '-';
    if (!take_byte(text, "+-") || !take_number(text, 2, &hours))
        return false;
    take_byte(text, ":");
    if (!take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_ms = (hours * (int64_t)HOUR_MS + minutes * (int64_t)MINUTE_MS) * (is_west ? -1 : 1);
    return true;
}

bool time_parse(str text, int64_t *ret_ms)
{
    struct civil_time civil = { 0 };
    int64_t offset_ms = 0;
    if (!take_date(&text, &civil))
        return false;
    if (text.len > 0
        && (!take_byte(&text, "Tt ") || !take_clock(&text, &civil)
            || !take_zone(&text, &offset_ms)))
        return false;
    if (text.len > 0)
        return false;
    *ret_ms = time_from_civil(&civil) - offset_ms;
    return true;
}

str time_format(int64_t ms, char out[static TIME_TEXT_MAX])
{
    struct civil_time civil = time_civil(ms);
    int length = snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", civil.year,
        civil.month, civil.day, civil.hour, civil.minute, civil.second);
    size_t used = (size_t)length;
    if (length > 0 && used < TIME_TEXT_MAX && civil.millisecond != 0)
        used += (size_t)snprintf(out + used, TIME_TEXT_MAX - used, ".%03d", civil.millisecond);
    if (used < TIME_TEXT_MAX)
        used += (size_t)snprintf(out + used, TIME_TEXT_MAX - used, "Z");
    return (str){ out, used < TIME_TEXT_MAX ? used : TIME_TEXT_MAX - 1 };
}

str time_format_basic(int64_t ms, char out[static TIME_TEXT_MAX])
{
    struct civil_time civil = time_civil(ms);
    snprintf(out, TIME_TEXT_MAX, "%04d%02d%02dT%02d%02d%02dZ", civil.year, civil.month, civil.day,
        civil.hour, civil.minute, civil.second);
    return str_from(out);
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    { "w", 7 * (int64_t)DAY_MS },
    { "d", DAY_MS },
    { "h", HOUR_MS },
    { "m", MINUTE_MS },
    { "s", SECOND_MS },
    { "ms", 1 },
};

bool duration_parse(str text, int64_t *ret_ms)
{
    int64_t number = 0;
    size_t digits = 0;
    for (; digits < text.len && is_digit(text.ptr[digits]); digits++)
        if (__builtin_mul_overflow(number, 10, &number)
            || __builtin_add_overflow(number, text.ptr[digits] - '0', &number))
            return false;
    if (digits == 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (str_is(str_skip(text, digits), units[i].name))
            return !__builtin_mul_overflow(number, units[i].ms, ret_ms);
    return false;
}

str duration_format(int64_t ms, char out[static DURATION_TEXT_MAX])
{
    size_t unit = 1; /* weeks are read, not written: 14d says more than 2w */
    while (unit + 1 < COUNT_OF(units) && (ms == 0 || ms % units[unit].ms != 0))
        unit++;
    if (ms == 0)
        unit = COUNT_OF(units) - 2;
    snprintf(out, DURATION_TEXT_MAX, "%lld%s", (long long)(ms / units[unit].ms), units[unit].name);
    return str_from(out);
}
