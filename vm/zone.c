#include "zone.h"

int32_t zone_offset_s(const struct zone *zone, int64_t ms)
{
    if (zone->repeats && ms >= zone->repeats_from_ms)
        ms -= ((ms - zone->repeats_from_ms) / ZONE_CYCLE_MS + 1) * ZONE_CYCLE_MS;
    uint32_t low = 0;
    uint32_t high = zone->count;
    while (low < high) { /* the number of changes up to that moment */
        uint32_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at_ms <= ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? zone->offset_s : zone->changes[low - 1].offset_s;
}
