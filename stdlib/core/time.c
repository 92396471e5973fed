/* Functions on moments. All are in UTC: time zones need rules that change, and a rule that
 * says nothing else means UTC. */
#include "core/core.h"

#include "base/time.h"

static enum err hour(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = value_integer(time_civil(args[0].milliseconds).hour);
    return ERR_OK;
}

static enum err minute(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = value_integer(time_civil(args[0].milliseconds).minute);
    return ERR_OK;
}

static enum err day(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = value_integer(time_civil(args[0].milliseconds).day);
    return ERR_OK;
}

static enum err month(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = value_integer(time_civil(args[0].milliseconds).month);
    return ERR_OK;
}

static enum err weekday(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = value_integer(time_civil(args[0].milliseconds).weekday);
    return ERR_OK;
}

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
        .name = #function, .doc = sentence, .params = { TYPE_TIME }, .params_count = 1,            \
        .returns = TYPE_INTEGER, .call = function                                                  \
    }

static const struct function rows[] = {
    TIME_PART(day, "The day of the month, 1 to 31, UTC."),
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
    TIME_PART(hour, "The hour of the day, 0 to 23, UTC."),
    TIME_PART(minute, "The minute of the hour, 0 to 59."),
    TIME_PART(month, "The month, 1 to 12, UTC."),
    TIME_PART(weekday, "The day of the week, 1 Monday to 7 Sunday, UTC."),
};

const struct function_module core_time_module = { rows, COUNT_OF(rows) };
