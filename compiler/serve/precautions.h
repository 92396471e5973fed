/* precautions.h - what is dangerous about where the daemon is, for its start and for doctor. */
#pragma once

#include "base/arena.h"
#include "bytecode.h"
#include "daemon/log.h"

/* Whose the data directory is, where that is somebody else: a sentence in `arena` with the way out;
 * NULL: ours, or not there. *ret_is_refused: we are root, and what we make there its owner could not
 * use any more. */
const char *precaution_owner(
    const char *directory, const char *config, struct arena *arena, bool *ret_is_refused);
/* Why it is dangerous to listen at `address` without TLS, or NULL: only this machine gets there. */
const char *precaution_plain(const char *address);
/* Who else may read the file("..") that a setting names, as a sentence in `arena`, or NULL. */
const char *precaution_secret(const struct connection_setting *setting, struct arena *arena);
/* Warn of every such file of the program. */
void precautions_warn_secrets(const struct program *program, const struct log *log);
