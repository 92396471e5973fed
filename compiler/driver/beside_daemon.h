/* beside_daemon.h - commands that meet a daemon which has the journal. */
#pragma once

#include "driver/command.h"
#include "driver/report.h"
#include "serve/mark.h"

/* Say that a daemon has the journal in `directory`, and what to do instead: command->beside_daemon.
 * False: none has, as far as one can see. */
bool daemon_tell(struct driver *driver, const struct command *command, const char *directory);

/* Have the daemon take a run, or one step of it, back, as the one who runs this command, whoever
 * `order` says: its story is printed, its exit code is returned. What it refuses, or a daemon that
 * does not answer, is told. */
enum exit_code daemon_undo(struct driver *driver, const char *directory,
    const struct daemon_mark *mark, const struct undo_order *undo, enum report_format format);
