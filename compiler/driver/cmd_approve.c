/* cmd_approve.c - cdr approve: let the plan of a held step through. */
#include "driver/answer.h"

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why; for the audit log" },
    { OPTION_PLAN, OPTION_TEXT, "HASH", NULL, NULL,
        "only if this is the plan, by the first 8 digits of its hash or more" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "for a person, or one JSON object a line" },
    { 0 },
};

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    return answer_run(driver, arguments, true);
}

static const struct example examples[] = {
    { "cdr approve 12 --reason \"seen with the owner\" --data /var/lib/cdr",
        "let hold 12 through; cdr resume then goes on" },
    { 0 },
};

const struct command approve_command = {
    .name = "approve",
    .operands = "HOLD..",
    .summary = "say yes to the plan of a step that waits",
    .help =
        "The approval is for exactly the plan that is printed: before the step acts it is planned\n"
        "anew, and when its target is in another state, or anything else differs, the approval\n"
        "is void and another hold asks again. Who approves is who is logged in; the author of\n"
        "the rule cannot. It works while another cdr is at work on the journal.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
