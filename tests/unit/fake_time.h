/* fake_time.h - a machine whose clock is set, which sleeps and is restarted as a test says. */
#pragma once

#include "host/clock.h"

#include <stdio.h>

struct fake_time {
    struct clock clock; /* first */
    int64_t now_ms;     /* what its clock says: anybody may set it */
    int64_t elapsed_ms; /* since it was started */
    unsigned boots;     /* how often it was started; names the start */
};

static inline int64_t fake_time_now_ms(struct clock *clock)
{
    return ((struct fake_time *)clock)->now_ms;
}

static inline int64_t fake_time_elapsed_ms(struct clock *clock, char boot[static BOOT_TEXT_MAX])
{
    struct fake_time *fake = (struct fake_time *)clock;
    snprintf(boot, BOOT_TEXT_MAX, "boot-%u", fake->boots);
    return fake->elapsed_ms;
}

/* Time passes: running, asleep or stopped, it is all the same. */
static inline void fake_time_pass(struct fake_time *fake, int64_t duration_ms)
{
    fake->now_ms += duration_ms;
    fake->elapsed_ms += duration_ms;
}

static inline void fake_time_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    fake_time_pass((struct fake_time *)clock, duration_ms);
}

/* The machine is off for a while, and starts with its clock off by `error_ms`. */
static inline void fake_time_restart(struct fake_time *fake, int64_t off_ms, int64_t error_ms)
{
    fake->now_ms += off_ms + error_ms;
    fake->elapsed_ms = 1500;
    fake->boots++;
}

#define FAKE_TIME                                                                                  \
    {                                                                                              \
        .clock = { fake_time_now_ms, fake_time_sleep_ms, fake_time_elapsed_ms },                   \
        .now_ms = INT64_C(1700000000000), .elapsed_ms = 5000                                       \
    }
