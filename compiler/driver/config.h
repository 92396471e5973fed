/* config.h - cdr.json: the settings of a repository.
 *
 * One object. A key is a flag's name, for every command that has it; or a command's name with
 * an object of flags for that command alone, which counts more; or "lint": what each code is
 * taken for. Strict JSON; an unknown key or a value of another type is an error with its line.
 * A file may say how to look, never how to act: settings.h has the list.
 *
 *   { "rules": ["rules"], "check": { "fail-level": "warning" }, "lint": { "CDR0301": "off" } }
 */
#pragma once

#include "diag.h"
#include "driver/command.h"

enum { CONFIG_BYTES_MAX = 64 * 1024, CONFIG_LEVELS_MAX = 256 };

enum lint_level { LINT_OFF, LINT_INFO, LINT_WARNING, LINT_ERROR };

struct config_lint {
    enum diag_id id;
    enum lint_level level;
    uint32_t line;
};

struct config_setting {
    enum option_id id;
    const struct command *command; /* NULL: every command that has the flag */
    const char **texts;            /* one; several of a flag that repeats; none of a flag */
    size_t count;
    uint32_t line;
};

/* A file that was read; everything is in the arena that was given. */
struct config {
    const char *file; /* as it is to be shown: "../cdr.json" */
    struct config_setting *settings;
    size_t count;
    struct config_lint *lint;
    size_t lint_count;
};

/* The nearest cdr.json, from the current directory up to the one that has .git, or to the
 * root: "../cdr.json". *ret_file is NULL when there is none. ERR_MEMORY. */
MUST_CHECK enum err config_find(struct arena *arena, const char **ret_file);

/* Read `file`. Paths in it are relative to it; here they are relative to the current
 * directory. ERR_INVALID, ERR_IO: *reterr_reason is a sentence with file and line. ERR_MEMORY. */
MUST_CHECK enum err config_read(const char *file, const struct command *const *commands,
    struct arena *arena, struct config *ret_config, const char **reterr_reason);

/* What the file says for that flag of that command, or NULL. */
const struct config_setting *config_get(
    const struct config *config, const struct command *command, enum option_id id);

/* What the file takes findings of that code for; false when it does not say. `config` may
 * be NULL. */
bool config_lint_level(const struct config *config, enum diag_id id, enum lint_level *ret_level);
/* "off", "info", "warning", "error"; static. */
const char *lint_level_name(enum lint_level level);
