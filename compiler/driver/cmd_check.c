/* cmd_check.c - cdr check: whether rules are right, and where they are not. */
#include "diag_print.h"
#include "driver/command.h"
#include "driver/rules.h"
#include "registry.h"

static const struct option options[] = {
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text concise json sarif junit github gitlab", "text",
        "how findings are printed" },
    { OPTION_FAIL_LEVEL, OPTION_CHOICE, "LEVEL", "error warning info", "error",
        "the least finding that makes the exit code 1" },
    { 0 },
};

static const char *const here[] = { ".", NULL };

/* In the order of the flag's choices. */
static const enum diag_severity levels[] = { DIAG_ERROR, DIAG_WARNING, DIAG_INFO };

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

static void print_summary(struct output *out, const struct compilation *compilation, uint32_t files)
{
    const struct diag_list *diags = &compilation->diags;
    uint32_t told = diags->error_count + diags->warning_count;
    if (told > 0) {
        output_addf(out, "%u error%s, %u warning%s in %u file%s.\n", diags->error_count,
            plural(diags->error_count), diags->warning_count, plural(diags->warning_count), files,
            plural(files));
        return;
    }
    uint32_t rules = compilation->program == NULL ? 0 : compilation->program->rule_count;
    output_style(out, rules == 0 ? STYLE_YELLOW : STYLE_GREEN);
    if (rules == 0)
        output_addf(out, "There are no rules in %u file%s.", files, plural(files));
    else if (rules == 1)
        output_addf(out, "The one rule in %u file%s passes.", files, plural(files));
    else
        output_addf(out, "All %u rules in %u file%s pass.", rules, files, plural(files));
    output_style(out, STYLE_PLAIN);
    output_add(out, STR("\n"));
}

static bool is_found(const struct diag_list *diags, enum diag_severity level)
{
    switch (level) {
    case DIAG_ERROR:
        return diags->error_count > 0;
    case DIAG_WARNING:
        return diags->error_count + diags->warning_count > 0;
    case DIAG_INFO:
        return diags->error_count > 0 || diags->count > 0;
    }
    return true;
}

/* Print what was found in the form that the flags ask for. */
static enum exit_code print_report(struct driver *driver, const struct arguments *arguments,
    struct compilation *compilation, const struct rules_read *read)
{
    enum diag_format format = (enum diag_format)option_choice(arguments, OPTION_FORMAT);
    struct diag_report report = {
        .diags = &compilation->diags,
        .sources = &compilation->sources,
        .unread = read->unread,
        .unread_count = read->unread_count,
        .fail_level = levels[option_choice(arguments, OPTION_FAIL_LEVEL)],
        .version = driver_version(),
        .has_color = driver->out.has_color,
    };
    diag_sort(&compilation->diags);
    enum err err = diag_report_print(&report, format, &driver->out.buf);
    if (err != ERR_OK)
        return driver_failure(driver, "writing the findings", err);
    if (format == DIAG_FORMAT_TEXT && read->files > 0)
        print_summary(&driver->out, compilation, read->files);
    return is_found(&compilation->diags, report.fail_level) ? EXIT_FINDINGS : EXIT_CLEAN;
}

static enum exit_code check(
    struct driver *driver, const struct arguments *arguments, struct compilation *compilation)
{
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (paths[0] == NULL)
        paths = here;
    struct rules_read read;
    compilation->now_ms = driver->clock->now_ms(driver->clock);
    enum exit_code code = rules_read(driver, paths, compilation, &read);
    if (code == EXIT_INTERNAL)
        return code;
    if (read.files > 0 && rules_lint(driver, compilation) != EXIT_CLEAN)
        return EXIT_INTERNAL;
    enum exit_code found = print_report(driver, arguments, compilation, &read);
    return found > code ? found : code;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *fault = registry_fault();
    if (fault != NULL) {
        driver_message(driver, "the table of builtins is broken: %s", fault);
        return EXIT_INTERNAL;
    }
    CLEANUP(compile_release) struct compilation compilation = { .opens_fixtures = true };
    return check(driver, arguments, &compilation);
}

static const struct example examples[] = {
    { "cdr check rules", "every rule below rules/" },
    { "cdr check --format github --fail-level warning rules",
        "in CI: annotations, and warnings fail too" },
    { "cdr check -", "the rule on standard input, for an editor" },
    { 0 },
};

const struct command check_command = {
    .name = "check",
    .operands = "[PATH..]",
    .summary = "parse, types, promises, lint: what is wrong with rules, and where",
    .help =
        "PATH is a rule file, a directory (every .cdr file below it), or - for standard input;\n"
        "without one it is the current directory. Look up a code: cdr explain CODE.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .run = run,
};
