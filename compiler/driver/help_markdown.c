/* help_markdown.c - see help.h: docs/commands.md. */
#include "driver/help.h"

#include "driver/settings.h"

/* Words, each as code. */
static void add_words(struct output *out, const char *words)
{
    str rest = str_from(words);
    while (rest.len > 0) {
        size_t end = str_find(rest, ' ');
        output_addf(out, "`%.*s`%s", STR_ARG(str_first(rest, end)), end < rest.len ? ", " : "");
        rest = str_skip(rest, end + 1);
    }
}

static void flag(struct output *out, const struct option *row)
{
    output_addf(out, "- `--%s%s%s`: %s", option_name(row->id), row->value == NULL ? "" : " ",
        row->value == NULL ? "" : row->value, row->doc);
    if (row->kind == OPTION_CHOICE) {
        output_add(out, STR("; one of "));
        add_words(out, row->choices);
    }
    if (row->kind == OPTION_TEXTS)
        output_add(out, STR("; may be repeated"));
    if (row->fallback != NULL)
        output_addf(out, "; default `%s`", row->fallback);
    output_add(out, STR("\n"));
}

static void command_section(struct output *out, const struct command *command)
{
    output_addf(out, "\n### cdr %s\n\n`cdr %s [FLAGS]%s%s`: %s.\n", command->name, command->name,
        command->operands[0] == '\0' ? "" : " ", command->operands, command->summary);
    if (command->help != NULL)
        output_addf(out, "\n%s\n", command->help);
    if (command->options != NULL && command->options->kind != OPTION_NONE)
        output_add(out, STR("\n"));
    for (const struct option *row = command->options; row != NULL && row->kind != OPTION_NONE;
         row++)
        flag(out, row);
    if (command->examples == NULL)
        return;
    output_add(out, STR("\n```sh\n"));
    for (const struct example *at = command->examples; at->line != NULL; at++)
        output_addf(out, "%s    # %s\n", at->line, at->does);
    output_add(out, STR("```\n"));
}

static void settings_part(struct output *out)
{
    static const char *const from[] = { [REACH_COMMAND_LINE] = "the command line",
        [REACH_ENVIRONMENT] = "the command line, the environment",
        [REACH_FILE] = "the command line, the environment, cdr.json" };
    output_addf(out, "\n## Settings\n\n%s\n\n| flag | is read from |\n|---|---|\n", help_settings);
    for (int id = 0; id < OPTION_COUNT; id++)
        if (setting_reach((enum option_id)id) > REACH_COMMAND_LINE)
            output_addf(out, "| `--%s` | %s |\n", option_name((enum option_id)id),
                from[setting_reach((enum option_id)id)]);
}

static void common_part(struct output *out)
{
    static const struct command bare = { .name = "" };
    output_add(out, STR("\n## Flags of every command\n\n"));
    const struct option *row;
    for (size_t i = 0; (row = option_at(&bare, i)) != NULL; i++)
        flag(out, row);
    settings_part(out);
    output_add(out, STR("\n## Exit codes\n\n| code | means |\n|---|---|\n"));
    for (int code = EXIT_CLEAN; code <= EXIT_INTERNAL; code++)
        output_addf(out, "| %d | %s |\n", code, help_exit_meaning((enum exit_code)code));
}

void help_markdown(struct output *out, const struct command *const *commands)
{
    output_add(out, STR("# Commands\n\nThis page is made by `cdr help --markdown`; nothing "
                        "in it is written by hand.\n"
                        "`--flag=value` and `--flag value` are the same; `--` ends the flags; the "
                        "operand `-` is\nstandard input, once in a command line.\n"));
    for (int group = 0; group < GROUP_COUNT; group++) {
        output_addf(out, "\n## %s\n", help_group_title((enum command_group)group));
        for (const struct command *const *at = commands; *at != NULL; at++)
            if ((int)(*at)->group == group)
                command_section(out, *at);
    }
    common_part(out);
}
