/* clock.h - time, replaceable in tests. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum { BOOT_TEXT_MAX = 40 };

struct clock {
    int64_t (*now_ms)(struct clock *clock); /* since 1970, UTC */
    void (*sleep_ms)(struct clock *clock, uint32_t duration_ms);
    /* Since the machine was started, sleep included, whoever sets its clock; `boot` names that
     * start. NULL, or -1 returned: there is no such clock, and act/timers.h goes by now_ms. */
    int64_t (*elapsed_ms)(struct clock *clock, char boot[static BOOT_TEXT_MAX]);
};

/* Time within one process, by a clock that nobody sets; by now_ms where there is none. */
int64_t clock_elapsed_ms(struct clock *clock);

/* Sleep for `duration_ms`, or until *stop is not 0: false then, also when it was before. It
 * looks every 200 ms. `stop` may be NULL. */
MUST_CHECK bool clock_wait(struct clock *clock, uint32_t duration_ms, const volatile int *stop);

/* The machine's clock; the object is constant and needs no release. */
struct clock *clock_system(void);
