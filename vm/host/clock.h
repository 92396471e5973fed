/* clock.h - time, replaceable in tests. */
#pragma once

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(struct clock *clock); /* since 1970, UTC */
    void (*sleep_ms)(struct clock *clock, uint32_t duration_ms);
};

/* The machine's clock; the object is constant and needs no release. */
struct clock *clock_system(void);
