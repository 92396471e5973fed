/* Functions on moments. They are in UTC, or in the time zone of their second argument, a
 * table that the compiler made. */
#include "core/core.h"

#include "base/time.h"
#include "zone.h"

/* What a clock and a calendar show; the year may be outside of 0000 to 9999 by a day. */
static struct civil_time shown(const value *args)
{
    int64_t ms = args[0].milliseconds;
    if (args[1].kind == VALUE_ZONE)
        ms += (int64_t)zone_offset_s(args[1].zone, ms) * 1000;
    return time_civil(ms);
}

#define DEFINE_TIME_PART(part)                                                                     \
    static enum err part(struct arena *arena, const value *args, value *ret_value)                 \
    {                                                                                              \
        (void)arena;                                                                               \
        *ret_value = value_integer(shown(args).part);                                              \
        return ERR_OK;                                                                             \
    }

DEFINE_TIME_PART(hour)
DEFINE_TIME_PART(minute)
DEFINE_TIME_PART(day)
DEFINE_TIME_PART(month)
DEFINE_TIME_PART(weekday)

/* Years 0000 to 9999, as far as time_format prints them. */
static enum err moment(int64_t number, int64_t unit_ms, value *ret_value)
{
    const int64_t least = -62167219200000;
    const int64_t most = 253402300799999;
    int64_t ms;
    *ret_value = VALUE_NONE;
    if (!__builtin_mul_overflow(number, unit_ms, &ms) && ms >= least && ms <= most)
        *ret_value = (value){ .kind = VALUE_TIME, .milliseconds = ms };
    return ERR_OK;
}

static enum err epoch(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    return moment(args[0].integer, 1000, ret_value);
}

static enum err epoch_ms(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    return moment(args[0].integer, 1, ret_value);
}

#define TIME_PART(function, sentence)                                                              \
    {                                                                                              \
        .name = #function, .doc = sentence, .params = { TYPE_TIME, TYPE_ZONE }, .params_count = 2, \
        .optional_count = 1, .returns = TYPE_INTEGER, .call = function                             \
    }

static const struct function rows[] = {
    TIME_PART(day, "The day of the month, 1 to 31, in UTC or a time zone."),
    {
        .name = "epoch",
        .doc = "The moment so many seconds after 1970-01-01T00:00:00Z.",
        .params = { TYPE_INTEGER },
        .params_count = 1,
        .returns = TYPE_TIME,
        .call = epoch,
    },
    {
        .name = "epoch_ms",
        .doc = "The moment so many milliseconds after 1970-01-01T00:00:00Z.",
        .params = { TYPE_INTEGER },
        .params_count = 1,
        .returns = TYPE_TIME,
        .call = epoch_ms,
    },
    TIME_PART(hour, "The hour of the day, 0 to 23, in UTC or a time zone."),
    TIME_PART(minute, "The minute of the hour, 0 to 59, in UTC or a time zone."),
    TIME_PART(month, "The month, 1 to 12, in UTC or a time zone."),
    TIME_PART(weekday, "The day of the week, 1 Monday to 7 Sunday, in UTC or a time zone."),
};

const struct function_module core_time_module = { rows, COUNT_OF(rows) };
