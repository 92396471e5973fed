/* sources.h - what the files of `cdr sources` share. */
#pragma once

#include "compile.h"
#include "driver/command.h"
#include "driver/json_out.h"

/* Add the raw paths that the expression reads, each once, to an array of texts. */
void source_add_paths(const struct expr *expr, json_t **paths);

/* Tell for each alert of --alert which source takes it and the canonical fields that it has.
 * EXIT_FINDINGS when an alert cannot be read or no source takes it, EXIT_NOTHING without any. */
enum exit_code sources_tell_alerts(struct driver *driver, const struct arguments *arguments,
    const struct compilation *compilation);
