/* zone.h - a time zone as a table of changes: no files, no clock, nothing global.
 *
 * The compiler makes it (compiler/zone_file.h) and it lives in the arena of the compilation.
 * The calendar repeats every 400 years, so a table that covers as many years of a rule that
 * goes on for ever covers it for ever.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

enum { ZONE_CHANGES_MAX = 4096 };

/* 400 years of the Gregorian calendar: 146,097 days, a whole number of weeks. */
#define ZONE_CYCLE_MS (INT64_C(146097) * 86400000)

struct zone_change {
    int64_t at_ms;    /* since 1970 UTC */
    int32_t offset_s; /* east of UTC, from then on */
};

struct zone {
    str name;                          /* "Europe/Paris" */
    int32_t offset_s;                  /* before the first change */
    const struct zone_change *changes; /* by time */
    uint32_t count;                    /* at most ZONE_CHANGES_MAX */
    bool repeats;                      /* from here on as 400 years before: */
    int64_t repeats_from_ms;
};

/* Seconds east of UTC that clocks in the zone show at that moment. About log2(count) steps. */
int32_t zone_offset_s(const struct zone *zone, int64_t ms);
