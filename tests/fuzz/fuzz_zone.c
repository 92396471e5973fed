/* fuzz_zone.c - files of time zones of any bytes: a table in order and within its ceiling, or a
 * refusal; and any moment has an offset of at most two days. */
#include "base/limits.h"
#include "zone_file.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TWO_DAYS_S = 48 * 3600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = { INT64_MIN, -62135596800000, 0, 1767225600000,
        253402300799999, INT64_MAX };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct zone *zone;
    str bytes = { (const char *)data, size };
    if (zone_parse(&arena, STR("Fuzz/Zone"), bytes, &zone) != ERR_OK)
        return 0;
    if (zone->count > ZONE_CHANGES_MAX)
        abort();
    for (uint32_t i = 1; i < zone->count; i++)
        if (zone->changes[i - 1].at_ms > zone->changes[i].at_ms)
            abort();
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        int32_t offset = zone_offset_s(zone, moments[i]);
        if (offset < -TWO_DAYS_S || offset > TWO_DAYS_S)
            abort();
    }
    return 0;
}
