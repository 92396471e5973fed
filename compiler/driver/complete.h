/* complete.h - what could stand next in a command line: the same for every shell. */
#pragma once

#include "driver/command.h"

/* Which files the shell offers besides. */
enum complete_files {
    COMPLETE_NOTHING, /* none */
    COMPLETE_FILES,
    COMPLETE_DIRECTORIES,
    COMPLETE_RULES, /* directories and .cdr files */
};

/* "none", "files", "directories", "rules"; static. */
const char *complete_files_name(enum complete_files files);

/* Append to `out` what could stand for the last of `words` (those after `cdr`, at least
 * one, the last may be empty), one a line: WORD, a tab, what it is. A flag and its value may
 * be one word, two, or three with "=" between, as bash cuts them. */
enum complete_files complete(
    const struct command *const *commands, const char *const *words, size_t count, struct buf *out);

/* Whether completion knows what the placeholder of an operand or a flag stands for: the
 * tests ask for every row. */
bool complete_knows(str placeholder);
