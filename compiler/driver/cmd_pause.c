/* cmd_pause.c - cdr pause: stop every change at once. */
#include "driver/pausing.h"
#include "driver/settings.h"

#include <stdlib.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the journal of what is to be paused" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why, for those who find it paused" },
    { 0 },
};

/* --data, or CDR_DATA. The other settings are not read: a broken cdr.json must not keep anybody
 * from pausing. */
static const char *data_directory(struct driver *driver, const struct arguments *arguments)
{
    const char *directory = option_text(arguments, OPTION_DATA);
    const char *variable = setting_variable(OPTION_DATA, &driver->arena);
    if (directory == NULL && variable != NULL)
        directory = getenv(variable);
    return directory == NULL || directory[0] == '\0' ? NULL : directory;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *directory = data_directory(driver, arguments);
    if (arguments->operand_count > 0)
        return driver_usage(driver, &pause_command,
            "pauses everything that works in --data DIR; it takes no %s", arguments->operands[0]);
    if (directory == NULL)
        return driver_usage(
            driver, &pause_command, "cdr pause needs --data DIR: the directory of the journal");
    return pause_begin(driver, directory, option_text(arguments, OPTION_REASON));
}

static const struct example examples[] = {
    { "cdr pause --data /var/lib/cdr --reason \"wrong account\"", "stop every change now" },
    { 0 },
};

const struct command pause_command = {
    .name = "pause",
    .operands = "",
    .summary = "stop every change at once, in every process that works in a data directory",
    .help =
        "Steps stop before their next change, at a place from which they go on later. Alerts are\n"
        "still evaluated and their runs recorded. What a person takes back (cdr undo) goes on.\n"
        "The pause is the file DIR/paused: it lasts over restarts, works while the journal is in\n"
        "use or broken, and without cdr `touch` does the same. Paused before is no mistake: it\n"
        "says by whom, and since when.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .reads_no_settings = true,
    .run = run,
};
