/* cmd_help.c - cdr help: what there is to type. */
#include "driver/command.h"

static void list_commands(const struct driver *driver, struct output *out)
{
    output_add(
        out, STR("cdr - automated detection and response: rules match alerts, collect evidence "
                 "and respond\n\nusage: cdr COMMAND [FLAGS] [OPERANDS]\n\n"));
    for (const struct command *const *at = driver->commands; *at != NULL; at++)
        output_addf(out, "  %-10s %s\n", (*at)->name, (*at)->summary);
    output_add(
        out, STR("\nA first rule:\n"
                 "  echo 'when source=defender and severity>=high then collect triage; "
                 "respond isolate_role' > s.cdr\n"
                 "  cdr check s.cdr\n"
                 "  cdr run --rules s.cdr --alerts ALERT.json     (a plan: changes nothing)\n"
                 "\nMore: cdr help COMMAND, cdr COMMAND --help\n"));
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count == 0) {
        list_commands(driver, &driver->out);
        return EXIT_CLEAN;
    }
    const char *name = arguments->operands[0];
    const struct command *command = command_find(driver, str_from(name));
    if (command != NULL) {
        command_help(&driver->out, command);
        return EXIT_CLEAN;
    }
    if (command_is_later(str_from(name)))
        return driver_usage(driver, NULL, "the command '%s' is not in this build", name);
    str best = command_suggest(driver, str_from(name));
    if (best.len > 0)
        return driver_usage(
            driver, NULL, "there is no command '%s'; did you mean '%.*s'?", name, STR_ARG(best));
    return driver_usage(driver, NULL, "there is no command '%s'", name);
}

const struct command help_command = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "this list, or the help of a command",
    .run = run,
};
