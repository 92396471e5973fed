/* commands.c - the table of commands. */
#include "driver/command.h"

const struct command *const all_commands[] = {
    &check_command,
    &fmt_command,
    &fix_command,
    &test_command,
    &explain_command,
    &doc_command,
    &run_command,
    &runs_command,
    &cases_command,
    &pause_command,
    &resume_command,
    &undo_command,
    &audit_command,
    &sandbox_command,
    &builtins_command,
    &sources_command,
    &disasm_command,
    &doctor_command,
    &completion_command,
    &version_command,
    &help_command,
    NULL,
};
