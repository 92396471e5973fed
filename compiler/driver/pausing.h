/* pausing.h - pausing all changes of a data directory, going on, and saying that it is paused.
 *
 * The file DIR/paused counts (host/pause.h); who set it and who lifted it is in the audit log too.
 */
#pragma once

#include "driver/command.h"
#include "host/pause.h"

/* Pause, and print that it is, and how to go on. Paused before is fine: it says by whom, and
 * changes nothing. What keeps the audit log from telling it (no journal, one that is broken or
 * of another version) keeps nothing from being paused; it is told. `reason` may be NULL.
 * EXIT_USAGE: the file cannot be written, and it is told whether it is paused all the same. */
enum exit_code pause_begin(struct driver *driver, const char *directory, const char *reason);

/* Lift the pause, and print that; `reason` is not empty. Not paused is fine: it says so. The
 * audit log is told first: where there is a journal that cannot be written to, the pause stays.
 * Call it before the journal is opened. EXIT_USAGE: the pause stays, with words. */
enum exit_code pause_end(struct driver *driver, const char *directory, const char *reason);

/* "paused since 2026-01-01T10:00:00Z by alice: the reason"; "paused" where the file says nothing.
 * NULL: it is not paused, or `directory` is NULL. In `arena`; "paused" when that is full. */
const char *pause_words(const char *directory, struct arena *arena);

/* Where `directory` is paused, say so in a message: "DIR is paused since ..: `means`", and how to go
 * on. Whether it is. */
bool pause_tell(struct driver *driver, const char *directory, const char *means);
