/* main.c - the composition root: which command, and what it is handed. */
#include "driver/command.h"
#include "driver/help.h"
#include "driver/settings.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one mutable static of the program: a signal handler can reach nothing else. */
static volatile sig_atomic_t stop_wanted;

static_assert(__builtin_types_compatible_p(sig_atomic_t, int), "executor.stop is an int");

static void want_stop(int signal_number)
{
    static const char text[] = "cdr: stopping; once more ends at once, and loses nothing either\n";
    int reason = errno;
    stop_wanted = signal_number;
    /* Nobody to tell is no reason to fail. */
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    errno = reason;
}

/* The first signal asks for a clean end, the second ends at once. */
static void hear_stop(void)
{
    struct sigaction stop = { .sa_handler = want_stop, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&stop.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
}

static bool stops_clean(const struct command *command, const struct arguments *arguments)
{
    return command->stop == COMMAND_STOP_CLEAN
           || (command->stop == COMMAND_STOP_CLEAN_IN_APPLY
               && option_choice(arguments, OPTION_MODE) == 1);
}

/* Read the command line, and the settings for what it does not say. */
static enum exit_code read_arguments(struct driver *driver, const struct command *command, int argc,
    char **argv, struct arguments *ret_arguments)
{
    const char *reason = NULL;
    enum err err = options_parse(command, argc, argv, &driver->arena, ret_arguments, &reason);
    bool is_plain = command->reads_no_settings || option_is_given(ret_arguments, OPTION_HELP);
    if (err == ERR_OK && !is_plain) {
        err = settings_load(driver, ret_arguments, &driver->config, &reason);
        if (err == ERR_OK)
            err = settings_add(driver, driver->config, ret_arguments, &reason);
    }
    if (reason != NULL)
        return driver_usage(driver, command, "%s", reason);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "reading the command line", err);
}

/* Run the command that the command line names. */
static enum exit_code dispatch(struct driver *driver, int argc, char **argv)
{
    if (argc < 2)
        return driver_usage(driver, NULL, "which command?");
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = command_find(driver, str_from(name));
    if (command == NULL)
        return command_unknown(driver, name);
    struct arguments arguments = { 0 };
    enum exit_code code = read_arguments(driver, command, argc - 2, argv + 2, &arguments);
    if (code != EXIT_CLEAN)
        return code;
    output_color(&driver->out, (enum color_mode)option_choice(&arguments, OPTION_COLOR));
    output_color(&driver->log, (enum color_mode)option_choice(&arguments, OPTION_COLOR));
    if (option_is_given(&arguments, OPTION_HELP)) {
        help_command_text(&driver->out, command);
        return EXIT_CLEAN;
    }
    if (stops_clean(command, &arguments))
        hear_stop();
    code = command->run(driver, &arguments);
    if (code == EXIT_USAGE || code == EXIT_NOTHING)
        settings_tell(driver, &arguments);
    return code;
}

/* A reader that left is no fault of anybody: end as other tools do, by SIGPIPE. */
static enum exit_code finish(struct driver *driver, enum exit_code code)
{
    if (!output_flush(&driver->out)) {
        if (driver->out.failure == EPIPE) {
            signal(SIGPIPE, SIG_DFL);
            raise(SIGPIPE);
        }
        driver_message(
            driver, "the output could not be written: %s", strerror(driver->out.failure));
        code = EXIT_INTERNAL;
    }
    output_flush(&driver->log);
    return code;
}

int main(int argc, char **argv)
{
    struct driver driver = {
        .clock = clock_system(),
        .stop = &stop_wanted,
        .commands = all_commands,
    };
    output_init(&driver.out, STDOUT_FILENO);
    output_init(&driver.log, STDERR_FILENO);
    /* A reader that leaves is an error of write(2), not a death in the middle of a change. */
    signal(SIGPIPE, SIG_IGN);
    /* So is a file that may not grow any more. */
    signal(SIGXFSZ, SIG_IGN);
    enum exit_code code = finish(&driver, dispatch(&driver, argc, argv));
    output_release(&driver.out);
    output_release(&driver.log);
    arena_release(&driver.arena);
    return (int)code;
}
