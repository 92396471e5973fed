/* command.c - names of commands, their help, and messages. */
#include "driver/command.h"

#include "daemon/log.h"
#include "suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Commands that language.md names and this build lacks. */
/* clang-format off: a line each, so that two branches can each take one out */
static const char *const later_commands[] = {
    "alerts",
    "cost",
    "import",
    "lsp",
    "repl",
    "replay",
};
/* clang-format on */

/* What other tools call a command. */
static const struct {
    const char *name;
    const char *ours;
} foreign_commands[] = {
    { "lint", "check" },
    { "validate", "check" },
    { "verify", "check" },
    { "format", "fmt" },
    { "plan", "run" },
    { "apply", "run" },
};

const struct command *command_find(const struct driver *driver, str name)
{
    for (const struct command *const *at = driver->commands; *at != NULL; at++)
        if (str_is(name, (*at)->name))
            return *at;
    return NULL;
}

bool command_is_later(str name)
{
    for (size_t i = 0; i < COUNT_OF(later_commands); i++)
        if (str_is(name, later_commands[i]))
            return true;
    return false;
}

str command_suggest(const struct driver *driver, str name)
{
    struct suggestion suggestion = { .word = name };
    for (size_t i = 0; i < COUNT_OF(foreign_commands); i++)
        if (str_is(name, foreign_commands[i].name))
            return str_from(foreign_commands[i].ours);
    for (const struct command *const *at = driver->commands; *at != NULL; at++)
        suggest(&suggestion, str_from((*at)->name));
    return suggestion.best;
}

static size_t count_breaks(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* "cdr: TEXT"; further lines of the text are indented. Takes and frees `text`. */
static void add_message(struct output *log, char *text, bool has_lines)
{
    output_styled(log, STYLE_BOLD, STR("cdr:"));
    str rest = str_from(text);
    for (bool is_first = true; is_first || rest.len > 0; is_first = false) {
        size_t end = has_lines ? str_find(rest, '\n') : rest.len;
        output_add(log, is_first ? STR(" ") : STR("     "));
        output_text(log, str_first(rest, end));
        output_add(log, STR("\n"));
        rest = str_skip(rest, end + 1);
    }
    free(text);
}

/* Lines are ours to break: where a name or a reason that was put in has line breaks of its own,
 * all stands on one line, so that no line begins with what somebody else wrote. */
static void add_message_format(struct output *log, const char *format, va_list args)
    PRINTF_LIKE(2, 0);
static void add_message_format(struct output *log, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        output_add(log, STR("cdr: out of memory\n"));
    else
        add_message(log, text, count_breaks(text) == count_breaks(format));
}

/* A message as an event: without what stands before it on a terminal. */
static void log_message(struct driver *driver)
{
    str text = buf_str(&driver->log.buf);
    enum log_level level = driver->is_starting ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    if (str_startswith(text, STR("cdr: ")))
        text = str_skip(text, strlen("cdr: "));
    if (str_startswith(text, STR("warning: "))) {
        text = str_skip(text, strlen("warning: "));
        level = LOG_LEVEL_WARNING;
    }
    if (str_endswith(text, STR("\n")))
        text.len--;
    LOG(driver->events, level, driver->is_starting ? "starting" : "message",
        LOG_TEXT("reason", text));
    buf_clear(&driver->log.buf);
}

static bool is_event(const struct driver *driver)
{
    return driver->events != NULL && (!driver->is_starting || driver->events->is_json);
}

void driver_message(struct driver *driver, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_message_format(&driver->log, format, args);
    va_end(args);
    if (is_event(driver))
        log_message(driver);
    else
        output_flush(&driver->log);
}

enum exit_code driver_usage(
    struct driver *driver, const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_message_format(&driver->log, format, args);
    va_end(args);
    if (is_event(driver)) {
        log_message(driver);
        return EXIT_USAGE;
    }
    output_addf(&driver->log, "     see: cdr %s%s--help\n", command == NULL ? "" : command->name,
        command == NULL ? "" : " ");
    output_flush(&driver->log);
    return EXIT_USAGE;
}

enum exit_code driver_failure(struct driver *driver, const char *doing, enum err err)
{
    driver_message(driver, "%s: %s", doing, err_text(err));
    return err == ERR_IO || err == ERR_BUSY || err == ERR_STORE || err == ERR_LIMIT
                   || err == ERR_CREDENTIALS || err == ERR_NOT_FOUND
               ? EXIT_USAGE
               : EXIT_INTERNAL;
}

enum exit_code command_unknown(struct driver *driver, const char *name)
{
    if (name[0] == '-')
        return driver_usage(
            driver, NULL, "flags stand after the command: cdr COMMAND %s, not before it", name);
    if (command_is_later(str_from(name)))
        return driver_usage(driver, NULL, "the command '%s' is not in this build", name);
    str best = command_suggest(driver, str_from(name));
    if (best.len > 0)
        return driver_usage(
            driver, NULL, "there is no command '%s'; did you mean '%.*s'?", name, STR_ARG(best));
    return driver_usage(driver, NULL, "there is no command '%s'", name);
}
