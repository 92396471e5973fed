/* help.h - the table of commands as text, as a manual page and as a page of the docs. */
#pragma once

#include "driver/command.h"

/* What `cdr help` shows: commands by whom they are for. */
void help_overview(struct output *out, const struct command *const *commands);
/* What `cdr COMMAND --help` shows. */
void help_command_text(struct output *out, const struct command *command);
/* cdr(1) in roff. */
void help_man(struct output *out, const struct command *const *commands);
/* docs/commands.md. */
void help_markdown(struct output *out, const struct command *const *commands);

/* What the group is called: "Writing rules"; static. */
const char *help_group_title(enum command_group group);
/* What an exit code means; static. */
const char *help_exit_meaning(enum exit_code code);
/* How settings reach cdr: paragraphs with an example. */
extern const char help_settings[];
