/* zone_file.h - time zones of the tz database, read while compiling.
 *
 * The files are TZif (RFC 9636) in /usr/share/zoneinfo, Debian's package tzdata. A zone that
 * a rule names becomes a table (zone.h) in the arena of the compilation; nothing is read
 * when rules run.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "suggest.h"
#include "zone.h"

/* Whether it can be the name of a zone at all: words of letters, digits, `_`, `-` and `+`
 * joined by slashes, the first letter a capital. No path leaves the database so. */
bool zone_name_is_sound(str name);

/* The zone of that name. ERR_NOT_FOUND: there is none; ERR_INVALID: its file is none that
 * can be read; ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err zone_load(struct arena *arena, str name, const struct zone **ret_zone);

/* The same from the bytes of a TZif file. ERR_INVALID, ERR_MEMORY. */
MUST_CHECK enum err zone_parse(
    struct arena *arena, str name, str bytes, const struct zone **ret_zone);

/* Offer every name of the database, which then lives in `arena`. ERR_NOT_FOUND when the list
 * of names cannot be read; ERR_MEMORY. */
MUST_CHECK enum err zone_suggest(struct arena *arena, struct suggestion *suggestion);
