/* rules.h - the rule files of a command line to a program, with their mistakes told. */
#pragma once

#include "compile.h"
#include "diag_print.h"
#include "driver/command.h"

/* What became of the paths of a command line. */
struct rules_read {
    uint32_t files;             /* that were read */
    struct diag_unread *unread; /* in the driver's arena */
    size_t unread_count;
};

/* Begin `compilation` with the rule files below `paths` (NULL-terminated). What cannot
 * be read, or matches nothing, is told; EXIT_USAGE: what could be read is there all the
 * same. */
MUST_CHECK enum exit_code rules_read(struct driver *driver, const char *const *paths,
    struct compilation *compilation, struct rules_read *ret_read);

/* rules_read, then compile; mistakes are told on standard error. Only after EXIT_CLEAN
 * is there a program. */
MUST_CHECK enum exit_code rules_load(
    struct driver *driver, const char *const *paths, struct compilation *compilation);

/* Tell and return EXIT_USAGE when the rules have two connections to `provider`: whoever goes by
 * rules would go by one of them, and nobody said by which. */
MUST_CHECK enum exit_code rules_one_connection(
    struct driver *driver, const struct compilation *compilation, const char *provider);

/* rules_load with one more file, which is not read but `text`, and may be the only one. */
MUST_CHECK enum exit_code rules_load_with(struct driver *driver, const char *const *paths, str file,
    str text, struct compilation *compilation);

/* Compile what was added. A fault of ours is told; mistakes in rules are left in diags. */
MUST_CHECK enum exit_code rules_compile(struct driver *driver, struct compilation *compilation);

/* Compile, then lint as the settings say: findings are off, or weigh what cdr.json gives
 * them (errors are errors). Dates are measured by the driver's clock. */
MUST_CHECK enum exit_code rules_lint(struct driver *driver, struct compilation *compilation);

/* Operands and repeated --rules as one list of paths, in the driver's arena; without any, what
 * the settings say. */
MUST_CHECK enum err rules_paths(
    struct driver *driver, const struct arguments *arguments, const char *const **ret_paths);

/* Whether --source names a source of the program (NULL does): what is wrong is told. */
MUST_CHECK enum exit_code rules_source(struct driver *driver, const struct command *command,
    const struct program *program, const char *name);
