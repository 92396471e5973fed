/* help_man.c - see help.h: cdr(1), in the man macros that mandoc and groff both read. */
#include "driver/help.h"

#include "driver/settings.h"

/* The day that the page was last changed in words; a page made twice is the same twice. */
#define MAN_DATE "2026-11-22"

/* How roff reads that character as itself. */
static str escaped(const char *at)
{
    switch (*at) {
    case '\\':
        return STR("\\e");
    case '-':
        return STR("\\-");
    case '\'':
        return STR("\\(aq");
    case '`':
        return STR("\\(ga");
    case '^':
        return STR("\\(ha");
    case '~':
        return STR("\\(ti");
    default:
        return (str){ at, 1 };
    }
}

/* Text of one line as roff reads it; a dot at its start is no request. */
static void add_str(struct output *out, str text)
{
    if (text.len > 0 && text.ptr[0] == '.')
        output_add(out, STR("\\&"));
    for (size_t i = 0; i < text.len; i++)
        output_add(out, escaped(text.ptr + i));
}

static void add(struct output *out, const char *text)
{
    add_str(out, str_from(text));
}

static void add_line(struct output *out, const char *text)
{
    add(out, text);
    output_add(out, STR("\n"));
}

static void section(struct output *out, const char *title)
{
    output_addf(out, ".SH %s\n", title);
}

/* Paragraphs, the first of which is begun; lines that begin with a space keep their layout. */
static void paragraphs(struct output *out, const char *text)
{
    bool is_kept = false;
    bool is_new = false;
    for (str rest = str_from(text); rest.len > 0;) {
        str line = str_first(rest, str_find(rest, '\n'));
        bool keeps = line.len > 0 && line.ptr[0] == ' ';
        rest = str_skip(rest, line.len + 1);
        if (is_kept && !keeps)
            output_add(out, STR(".EE\n"));
        is_new = is_new || line.len == 0 || is_kept != keeps;
        if (line.len > 0) {
            output_add(out, is_new ? STR(".PP\n") : STR(""));
            output_add(out, keeps && !is_kept ? STR(".EX\n") : STR(""));
            add_str(out, line);
            output_add(out, STR("\n"));
            is_new = false;
        }
        is_kept = keeps;
    }
    if (is_kept)
        output_add(out, STR(".EE\n"));
}

static void flag(struct output *out, const struct option *row)
{
    output_add(out, STR(".TP\n\\fB\\-\\-"));
    add(out, option_name(row->id));
    output_add(out, STR("\\fR"));
    if (row->value != NULL) {
        output_add(out, STR(" \\fI"));
        add(out, row->value);
        output_add(out, STR("\\fR"));
    }
    output_add(out, STR("\n"));
    add(out, row->doc);
    if (row->kind == OPTION_CHOICE) {
        output_add(out, STR(" ("));
        add(out, row->choices);
        output_add(out, STR(")"));
    }
    if (row->kind == OPTION_TEXTS)
        output_add(out, STR("; may be repeated"));
    if (row->fallback != NULL) {
        output_add(out, STR(" ["));
        add(out, row->fallback);
        output_add(out, STR("]"));
    }
    output_add(out, STR("\n"));
}

static void command_section(struct output *out, const struct command *command)
{
    output_add(out, STR(".SS cdr "));
    add(out, command->name);
    output_add(out, STR("\n\\fBcdr "));
    add(out, command->name);
    output_add(out, STR("\\fR [\\fIFLAGS\\fR]"));
    output_add(out, command->operands[0] == '\0' ? STR("") : STR(" "));
    add_line(out, command->operands);
    output_add(out, STR(".PP\n"));
    add_line(out, command->summary);
    if (command->help != NULL) {
        output_add(out, STR(".PP\n"));
        paragraphs(out, command->help);
    }
    for (const struct option *row = command->options; row != NULL && row->kind != OPTION_NONE;
         row++)
        flag(out, row);
    for (const struct example *at = command->examples; at != NULL && at->line != NULL; at++) {
        output_add(out, STR(".PP\n"));
        add(out, at->does);
        output_add(out, STR(":\n.PP\n.EX\n    "));
        add_line(out, at->line);
        output_add(out, STR(".EE\n"));
    }
}

/* The rows that every command has. */
static void common_flags(struct output *out)
{
    static const struct command bare = { .name = "" };
    const struct option *row;
    for (size_t i = 0; (row = option_at(&bare, i)) != NULL; i++)
        flag(out, row);
}

/* The flags that are read from at least `reach`, as a list. */
static void settings_of(struct output *out, enum setting_reach reach)
{
    const char *comma = "";
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (setting_reach((enum option_id)id) < reach)
            continue;
        output_add(out, str_from(comma));
        add(out, option_name((enum option_id)id));
        comma = ", ";
    }
    output_add(out, STR(".\n"));
}

static void settings_section(struct output *out)
{
    section(out, "SETTINGS");
    paragraphs(out, help_settings);
    output_add(out, STR(".PP\nRead from cdr.json: "));
    settings_of(out, REACH_FILE);
    output_add(out, STR(".PP\nRead from the environment: "));
    settings_of(out, REACH_ENVIRONMENT);
}

void help_man(struct output *out, const struct command *const *commands)
{
    output_add(out, STR(".\\\" Made by cdr help \\-\\-man.\n"
                        ".TH CDR 1 " MAN_DATE " cdr \"User Commands\"\n"));
    section(out, "NAME");
    add_line(out, "cdr - automated detection and response");
    section(out, "SYNOPSIS");
    output_add(out, STR("\\fBcdr\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR] [\\fIOPERANDS\\fR]\n"));
    section(out, "DESCRIPTION");
    add_line(out, "Rules match security alerts, collect evidence and respond. cdr checks rules, "
                  "tries them on alerts, acts on alerts and takes back what it did.");
    output_add(out, STR(".PP\n"));
    add_line(out,
        "`--flag=value` and `--flag value` are the same; `--` ends the flags; the operand "
        "`-` is standard input, once in a command line.");
    for (int group = 0; group < GROUP_COUNT; group++) {
        output_add(out, STR(".SH \""));
        for (const char *at = help_group_title((enum command_group)group); *at != '\0'; at++)
            output_addf(out, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        output_add(out, STR("\"\n"));
        for (const struct command *const *at = commands; *at != NULL; at++)
            if ((int)(*at)->group == group)
                command_section(out, *at);
    }
    section(out, "\"FLAGS OF EVERY COMMAND\"");
    common_flags(out);
    settings_section(out);
    section(out, "\"EXIT STATUS\"");
    for (int code = EXIT_CLEAN; code <= EXIT_INTERNAL; code++) {
        output_addf(out, ".TP\n%d\n", code);
        add_line(out, help_exit_meaning((enum exit_code)code));
    }
}
