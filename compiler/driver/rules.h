/* rules.h - the rule files of a command line to a program, with their mistakes told. */
#pragma once

#include "compile.h"
#include "driver/command.h"

/* Begin `compilation` with the rule files below `paths` (NULL-terminated). What cannot
 * be read, or matches nothing, is told. *ret_files: how many. */
MUST_CHECK enum exit_code rules_read(struct driver *driver, const char *const *paths,
    struct compilation *compilation, uint32_t *ret_files);

/* rules_read, then compile; mistakes are told on standard error. Only after EXIT_CLEAN
 * is there a program. */
MUST_CHECK enum exit_code rules_load(
    struct driver *driver, const char *const *paths, struct compilation *compilation);

/* Compile what was added. A fault of ours is told; mistakes in rules are left in diags. */
MUST_CHECK enum exit_code rules_compile(struct driver *driver, struct compilation *compilation);

/* Operands and repeated --rules as one list of paths, in the driver's arena; without any, what
 * the settings say. */
MUST_CHECK enum err rules_paths(
    struct driver *driver, const struct arguments *arguments, const char *const **ret_paths);
