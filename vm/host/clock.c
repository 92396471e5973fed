#include "host/clock.h"

#include <time.h>

enum {
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
    WAIT_SLICE_MS = 200, /* how long a stop may go unnoticed */
};

static int64_t system_now_ms(struct clock *clock)
{
    (void)clock;
    struct timespec now = { 0, 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* A signal ends the sleep early: whoever was told to stop should look at once. */
static void system_sleep_ms(struct clock *clock, uint32_t duration_ms)
{
    (void)clock;
    struct timespec duration = { .tv_sec = duration_ms / MS_PER_S,
        .tv_nsec = (long)(duration_ms % MS_PER_S) * NS_PER_MS };
    nanosleep(&duration, NULL);
}

bool clock_wait(struct clock *clock, uint32_t duration_ms, const volatile int *stop)
{
    for (;;) {
        if (stop != NULL && *stop != 0)
            return false;
        if (duration_ms == 0)
            return true;
        uint32_t slice_ms =
            stop == NULL || duration_ms < WAIT_SLICE_MS ? duration_ms : WAIT_SLICE_MS;
        clock->sleep_ms(clock, slice_ms);
        duration_ms -= slice_ms;
    }
}

struct clock *clock_system(void)
{
    static const struct clock clock = { system_now_ms, system_sleep_ms };
    /* Clocks of tests change when they are read, so the interface takes them as
     * mutable; this one is not. */
    return (struct clock *)(uintptr_t)&clock;
}
