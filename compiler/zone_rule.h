/* zone_rule.h - the rule by which a time zone goes on for ever: `CET-1CEST,M3.5.0,M10.5.0/3`.
 * POSIX's TZ, as RFC 9636 (3.3.1) widens it. */
#pragma once

#include "base/str.h"
#include "zone.h"

#include <stdint.h>

enum zone_day_form {
    ZONE_DAY_OF_YEAR, /* 0 to 365, with 29 February */
    ZONE_JULIAN,      /* J1 to J365, never 29 February */
    ZONE_WEEKDAY,     /* M3.5.0: month, week (5 the last), weekday (0 Sunday) */
};

/* The moment in a year at which clocks are set. */
struct zone_moment {
    enum zone_day_form form;
    int32_t day;
    int32_t month;
    int32_t week;
    int32_t time_s; /* of the day, on the clock that was right until then; may be below 0 */
};

struct zone_rule {
    int32_t standard_s; /* east of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zone_moment begin; /* of summer time */
    struct zone_moment end;
};

/* What zone_rule_extend adds at most: two changes in each of 402 years. */
enum { ZONE_RULE_CHANGES = 2 * 402 };

/* False when the text is no such rule. */
bool zone_rule_parse(str text, struct zone_rule *ret_rule);

/* Let the zone go on by the rule after its last change. `changes` are the zone's own and have
 * room for ZONE_RULE_CHANGES more. False when the zone's years are out of reach. */
bool zone_rule_extend(const struct zone_rule *rule, struct zone *zone, struct zone_change *changes);
