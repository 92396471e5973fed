/* allocation.h - makes allocations fail, one after the other.
 *
 * Linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. What a shared library
 * allocates does not pass there, so SQLite and jansson are told to use these too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Send the allocations of SQLite and jansson through the wrapped functions. Once, first. */
void allocation_libraries(void);

/* From now on allocation `number` (from 0) fails, and with `is_lasting` all after it. */
void allocation_fail(long number, bool is_lasting);

/* Every allocation succeeds again. Returns whether one had failed. */
bool allocation_heal(void);
