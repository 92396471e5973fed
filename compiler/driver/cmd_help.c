/* cmd_help.c - cdr help: what there is to type. */
#include "driver/help.h"

static const struct option options[] = {
    { OPTION_MAN, OPTION_FLAG, NULL, NULL, NULL, "all of it as a manual page, cdr(1)" },
    { OPTION_MARKDOWN, OPTION_FLAG, NULL, NULL, NULL, "all of it as docs/commands.md" },
    { 0 },
};

static enum exit_code help_about(struct driver *driver, const char *name)
{
    const struct command *command = command_find(driver, str_from(name));
    if (command == NULL)
        return command_unknown(driver, name);
    help_command_text(&driver->out, command);
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count > 1)
        return driver_usage(driver, &help_command, "help is about one command at a time");
    if (option_is_given(arguments, OPTION_MAN))
        help_man(&driver->out, driver->commands);
    else if (option_is_given(arguments, OPTION_MARKDOWN))
        help_markdown(&driver->out, driver->commands);
    else if (arguments->operand_count == 1)
        return help_about(driver, arguments->operands[0]);
    else
        help_overview(&driver->out, driver->commands);
    return EXIT_CLEAN;
}

static const struct example examples[] = {
    { "cdr help run", "flags and examples of a command" },
    { "cdr help --man | man -l -", "the manual page" },
    { 0 },
};

const struct command help_command = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "this list, or the help of a command",
    .options = options,
    .examples = examples,
    .group = GROUP_CDR,
    .reads_no_settings = true,
    .run = run,
};
