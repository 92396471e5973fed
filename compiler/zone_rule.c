/* zone_rule.c - see zone_rule.h. */
#include "zone_rule.h"

#include "base/time.h"

enum { DAY_S = 86400, HOURS_MAX = 167, OFFSET_HOURS_MAX = 24, CYCLE_YEARS = 400 };

/* ---- text ---- */

static bool take(str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* A number of up to three digits, at most `most`. */
static bool take_number(str *rest, int32_t most, int32_t *ret_number)
{
    int32_t number = 0;
    size_t digits = 0;
    while (digits < rest->len && digits < 4 && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
        number = number * 10 + (rest->ptr[digits++] - '0');
    *rest = str_skip(*rest, digits);
    *ret_number = number;
    return digits > 0 && digits < 4 && number <= most;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(str *rest, int32_t hours_max, int32_t *ret_seconds)
{
    int32_t parts[3] = { 0 };
    bool is_negative = take(rest, '-');
    if (!is_negative)
        (void)take(rest, '+');
    if (!take_number(rest, hours_max, &parts[0]))
        return false;
    for (int at = 1; at < 3 && take(rest, ':'); at++)
        if (!take_number(rest, 59, &parts[at]))
            return false;
    *ret_seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
    if (is_negative)
        *ret_seconds = -*ret_seconds;
    return true;
}

/* CET, or <+03>: only that it is there matters. */
static bool take_name(str *rest)
{
    size_t length = 0;
    if (take(rest, '<')) {
        length = str_find(*rest, '>');
        bool is_closed = length < rest->len;
        *rest = str_skip(*rest, length + 1);
        return is_closed && length > 0;
    }
    while (length < rest->len
           && ((rest->ptr[length] >= 'A' && rest->ptr[length] <= 'Z')
               || (rest->ptr[length] >= 'a' && rest->ptr[length] <= 'z')))
        length++;
    *rest = str_skip(*rest, length);
    return length >= 3;
}

/* M3.5.0, J60 or 59, then /time or 02:00. */
static bool take_moment(str *rest, struct zone_moment *moment)
{
    *moment = (struct zone_moment){ .form = ZONE_DAY_OF_YEAR, .time_s = 2 * 3600 };
    if (take(rest, 'M')) {
        moment->form = ZONE_WEEKDAY;
        if (!take_number(rest, 12, &moment->month) || moment->month < 1 || !take(rest, '.')
            || !take_number(rest, 5, &moment->week) || moment->week < 1 || !take(rest, '.')
            || !take_number(rest, 6, &moment->day))
            return false;
    } else if (take(rest, 'J')) {
        moment->form = ZONE_JULIAN;
        if (!take_number(rest, 365, &moment->day) || moment->day < 1)
            return false;
    } else if (!take_number(rest, 365, &moment->day)) {
        return false;
    }
    return !take(rest, '/') || take_time(rest, HOURS_MAX, &moment->time_s);
}

bool zone_rule_parse(str text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = { 0 };
    int32_t west_s;
    if (!take_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &west_s))
        return false;
    rule.standard_s = -west_s;
    rule.summer_s = rule.standard_s + 3600;
    if (text.len > 0) {
        rule.has_summer = true;
        if (!take_name(&text))
            return false;
        if (text.len > 0 && text.ptr[0] != ',') {
            if (!take_time(&text, OFFSET_HOURS_MAX, &west_s))
                return false;
            rule.summer_s = -west_s;
        }
        if (!take(&text, ',') || !take_moment(&text, &rule.begin) || !take(&text, ',')
            || !take_moment(&text, &rule.end))
            return false;
    }
    *ret_rule = rule;
    return text.len == 0;
}

/* ---- years ---- */

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Midnight of a day as if it were UTC. */
static int64_t day_ms(int32_t year, int32_t month, int32_t day)
{
    struct civil_time civil = { .year = year, .month = month, .day = day };
    return time_from_civil(&civil);
}

/* Midnight of the weekday: of the first of the month on, week by week. */
static int64_t weekday_ms(int32_t year, const struct zone_moment *moment)
{
    const int64_t day = (int64_t)DAY_S * 1000;
    int64_t first = day_ms(year, moment->month, 1);
    int64_t after =
        moment->month == 12 ? day_ms(year + 1, 1, 1) : day_ms(year, moment->month + 1, 1);
    int32_t ahead = (moment->day - time_civil(first).weekday % 7 + 7) % 7;
    int64_t at = first + (ahead + 7 * (int64_t)(moment->week - 1)) * day;
    return at < after ? at : at - 7 * day;
}

static int64_t moment_ms(int32_t year, const struct zone_moment *moment, int32_t offset_s)
{
    const int64_t day = (int64_t)DAY_S * 1000;
    int64_t midnight = 0;
    switch (moment->form) {
    case ZONE_DAY_OF_YEAR:
        midnight = day_ms(year, 1, 1) + moment->day * day;
        break;
    case ZONE_JULIAN: /* J60 is 1 March in every year */
        midnight =
            day_ms(year, 1, 1) + (moment->day - 1 + (is_leap(year) && moment->day >= 60)) * day;
        break;
    case ZONE_WEEKDAY:
        midnight = weekday_ms(year, moment);
        break;
    }
    return midnight + ((int64_t)moment->time_s - offset_s) * 1000;
}

/* Add a change in its place; what is before `least_ms` is known already. */
static void add_change(
    struct zone *zone, struct zone_change *changes, int64_t least_ms, struct zone_change change)
{
    if (change.at_ms < least_ms)
        return;
    uint32_t at = zone->count++;
    for (; at > 0 && changes[at - 1].at_ms > change.at_ms; at--)
        changes[at] = changes[at - 1];
    changes[at] = change;
}

bool zone_rule_extend(const struct zone_rule *rule, struct zone *zone, struct zone_change *changes)
{
    uint32_t known = zone->count;
    int64_t last_ms = known > 0 ? changes[known - 1].at_ms : day_ms(1, 1, 1);
    int32_t year = time_civil(last_ms).year;
    if (year < 1 || year > 9999 - CYCLE_YEARS - 2)
        return false;
    zone->changes = changes;
    if (!rule->has_summer) {
        if (known == 0)
            zone->offset_s = rule->standard_s;
        else if (changes[known - 1].offset_s != rule->standard_s)
            return false; /* the file contradicts itself */
        return true;
    }
    for (int32_t at = year; at <= year + CYCLE_YEARS + 1; at++) {
        struct zone_change begin = { moment_ms(at, &rule->begin, rule->standard_s),
            rule->summer_s };
        struct zone_change end = { moment_ms(at, &rule->end, rule->summer_s), rule->standard_s };
        bool is_north = begin.at_ms <= end.at_ms;
        add_change(zone, changes, last_ms + 1, is_north ? begin : end);
        add_change(zone, changes, last_ms + 1, is_north ? end : begin);
    }
    zone->repeats = true;
    zone->repeats_from_ms = day_ms(year + CYCLE_YEARS + 2, 1, 1) - (int64_t)2 * DAY_S * 1000;
    return true;
}
