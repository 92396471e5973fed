/* cmd_reject.c - cdr reject: let a held step end without having acted. */
#include "driver/answer.h"

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why; for the audit log" },
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL, "with --rule: every step of it that waits" },
    { OPTION_RULE, OPTION_TEXT, "RULE", NULL, NULL, "with --all: the name of the rule" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "for a person, or one JSON object a line" },
    { 0 },
};

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    return answer_run(driver, arguments, false);
}

static const struct example examples[] = {
    { "cdr reject 12 --reason \"a planned test\" --data /var/lib/cdr", "hold 12 is not to act" },
    { "cdr reject --all --rule stolen_role --reason storm --data /var/lib/cdr",
        "nor any step of a rule that waits" },
    { 0 },
};

const struct command reject_command = {
    .name = "reject",
    .operands = "[HOLD..]",
    .summary = "say no to a step that waits: it ends without having acted",
    .help = "One no is enough. The steps after it still run, unless the rule stops on failure.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
