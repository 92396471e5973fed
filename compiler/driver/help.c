/* help.c - see help.h: for a terminal. */
#include "driver/help.h"

#include <stdio.h>

enum { FLAG_COLUMN = 24, NAME_COLUMN = 11 };

const char *help_group_title(enum command_group group)
{
    switch (group) {
    case GROUP_AUTHORS:
        return "Writing rules";
    case GROUP_OPERATORS:
        return "Acting on alerts";
    case GROUP_INSIDE:
        return "Looking inside";
    case GROUP_CDR:
        return "About cdr";
    case GROUP_COUNT:
        break;
    }
    return "";
}

const char *help_exit_meaning(enum exit_code code)
{
    switch (code) {
    case EXIT_CLEAN:
        return "all is well";
    case EXIT_FINDINGS:
        return "findings; a step that did not end well, or that waits for a person";
    case EXIT_USAGE:
        return "wrong usage or settings, or a file that cannot be read";
    case EXIT_NOTHING:
        return "nothing matched the paths";
    case EXIT_INTERNAL:
        return "a fault of cdr or of the machine, a full disk for one";
    }
    return "";
}

const char help_settings[] =
    "What the command line does not say is taken from the environment (CDR_ and the name of the\n"
    "flag: CDR_FAIL_LEVEL=warning, CDR_RULES=a:b), then from cdr.json, then it is the default.\n"
    "The file is looked for from the current directory up to the one that has .git; --config\n"
    "names another, --isolated reads none. `cdr doctor` shows which was found and what it says.\n"
    "\n"
    "    {\n"
    "      \"rules\": [\"rules\"],\n"
    "      \"check\": { \"fail-level\": \"warning\", \"format\": \"concise\" },\n"
    "      \"lint\": { \"CDR0301\": \"error\" }\n"
    "    }\n"
    "\n"
    "A key is a flag, for every command that has it, or a command with flags of its own, which\n"
    "count more. \"lint\" says what a code is taken for: off, info, warning or error. Paths are\n"
    "relative to the file; \"rules\" stands for PATH where a command is given none. An unknown "
    "key\n"
    "is an error. A file may be a stranger's, so it may say how to look and never how to act:\n"
    "--mode, --again and --listen are said on the command line, --data there or in the\n"
    "environment, and --mode apply takes no rules from the file.";

/* A heading; in bold on a terminal. */
static void heading(struct output *out, const char *text)
{
    output_add(out, STR("\n"));
    output_styled(out, STYLE_BOLD, str_from(text));
    output_add(out, STR("\n"));
}

static void help_option(struct output *out, const struct option *row)
{
    char left[64];
    int width = snprintf(left, sizeof left, "  --%s%s%s", option_name(row->id),
        row->value == NULL ? "" : " ", row->value == NULL ? "" : row->value);
    output_addf(out, "%-*s%s", FLAG_COLUMN, left, width >= FLAG_COLUMN ? "\n" : "");
    output_addf(out, "%*s%s", width >= FLAG_COLUMN ? FLAG_COLUMN : 0, "", row->doc);
    if (row->kind == OPTION_CHOICE)
        output_addf(out, " (%s)", row->choices);
    if (row->kind == OPTION_TEXTS)
        output_add(out, STR("; may be repeated"));
    if (row->fallback != NULL)
        output_addf(out, " [%s]", row->fallback);
    output_add(out, STR("\n"));
}

static void help_examples(struct output *out, const struct command *command)
{
    if (command->examples == NULL)
        return;
    heading(out, "examples:");
    for (const struct example *at = command->examples; at->line != NULL; at++) {
        output_addf(out, "  %s\n", at->line);
        output_style(out, STYLE_FAINT);
        output_addf(out, "      %s\n", at->does);
        output_style(out, STYLE_PLAIN);
    }
}

void help_command_text(struct output *out, const struct command *command)
{
    output_addf(out, "cdr %s - %s\n\nusage: cdr %s [FLAGS]%s%s\n", command->name, command->summary,
        command->name, command->operands[0] == '\0' ? "" : " ", command->operands);
    if (command->help != NULL)
        output_addf(out, "\n%s\n", command->help);
    heading(out, "flags:");
    const struct option *row;
    for (size_t i = 0; (row = option_at(command, i)) != NULL; i++)
        help_option(out, row);
    help_examples(out, command);
    heading(out, "exit:");
    for (int code = EXIT_CLEAN; code <= EXIT_INTERNAL; code++)
        output_addf(out, "  %d  %s\n", code, help_exit_meaning((enum exit_code)code));
}

void help_overview(struct output *out, const struct command *const *commands)
{
    output_add(
        out, STR("cdr - automated detection and response: rules match alerts, collect evidence "
                 "and respond\n\nusage: cdr COMMAND [FLAGS] [OPERANDS]\n"));
    for (int group = 0; group < GROUP_COUNT; group++) {
        heading(out, help_group_title((enum command_group)group));
        for (const struct command *const *at = commands; *at != NULL; at++)
            if ((int)(*at)->group == group)
                output_addf(out, "  %-*s %s\n", NAME_COLUMN, (*at)->name, (*at)->summary);
    }
    heading(out, "In CI");
    output_add(out, STR("  cdr fmt --check rules\n"
                        "  cdr check --format github --fail-level warning rules\n"
                        "  cdr test --format junit rules > report.xml\n"));
    heading(out, "A first rule");
    output_add(
        out, STR("  echo 'when source=defender and severity>=high then collect triage; "
                 "respond isolate_role' > s.cdr\n"
                 "  cdr check s.cdr\n"
                 "  cdr run --rules s.cdr --alerts ALERT.json     (a plan: changes nothing)\n"
                 "\nMore: cdr help COMMAND, cdr COMMAND --help\n"));
}
