/* cmd_doc.c - cdr doc: rules, or the language, as a page for people. */
#include "diag_print.h"
#include "driver/doc.h"
#include "driver/json_out.h"
#include "driver/rules.h"

static const struct option options[] = {
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "markdown json", "markdown",
        "a page, or one JSON object" },
    { OPTION_LANGUAGE, OPTION_FLAG, NULL, NULL, NULL,
        "the fields, types, functions and steps of this build instead" },
    { OPTION_PROVIDER, OPTION_TEXT, "NAME", NULL, NULL,
        "the steps that the EDR can take instead: crowdstrike, defender" },
    { 0 },
};

static const char *const here[] = { ".", NULL };

/* Tell mistakes: the page is then of what was written, and may lack what was not understood. */
static enum exit_code tell_mistakes(struct driver *driver, struct compilation *compilation)
{
    if (compilation->diags.error_count == 0)
        return EXIT_CLEAN;
    diags_print(&compilation->diags, &compilation->sources, DIAG_FORMAT_TEXT, driver->log.has_color,
        &driver->log.buf);
    driver_message(driver, "the rules have mistakes: the page may lack what was not understood");
    return EXIT_FINDINGS;
}

static enum exit_code print(
    struct driver *driver, const struct arguments *arguments, const struct compilation *compilation)
{
    json_t *doc = doc_json(compilation);
    enum err err = doc == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK && option_choice(arguments, OPTION_FORMAT) == 1)
        err = json_add_line(&driver->out.buf, doc);
    else if (err == ERR_OK)
        doc_markdown(&driver->out.buf, doc);
    json_decref(doc);
    return err == ERR_OK ? EXIT_CLEAN : driver_failure(driver, "writing the page", err);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (option_is_given(arguments, OPTION_LANGUAGE)) {
        if (arguments->operand_count > 0)
            return driver_usage(driver, &doc_command, "--language is about no rules");
        doc_language(&driver->out.buf);
        return EXIT_CLEAN;
    }
    if (option_is_given(arguments, OPTION_PROVIDER)) {
        const char *provider = option_text(arguments, OPTION_PROVIDER);
        if (arguments->operand_count > 0)
            return driver_usage(driver, &doc_command, "--provider is about no rules");
        if (!doc_provider(&driver->out.buf, str_from(provider)))
            return driver_usage(driver, &doc_command,
                "--provider: pages are of crowdstrike and defender, so not of %s", provider);
        return EXIT_CLEAN;
    }
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct rules_read read;
    enum exit_code code = rules_read(driver, paths[0] == NULL ? here : paths, &compilation, &read);
    if (code == EXIT_CLEAN)
        code = rules_compile(driver, &compilation);
    if (code != EXIT_CLEAN)
        return code;
    code = print(driver, arguments, &compilation);
    return code == EXIT_CLEAN ? tell_mistakes(driver, &compilation) : code;
}

static const struct example examples[] = {
    { "cdr doc rules > RULES.md", "what every rule looks for and does, for people" },
    { "cdr doc --format json rules", "the same for programs" },
    { "cdr doc --language", "what rules can name" },
    { "cdr doc --provider crowdstrike", "what can be done with Falcon, and what it takes" },
    { 0 },
};

const struct command doc_command = {
    .name = "doc",
    .operands = "[PATH..]",
    .summary = "a page about rules: what they look for, do, need, and how it is taken back",
    .help =
        "Sorted by name, the same for the same rules. What rules say is shown as text. Without\n"
        "PATH it is about the current directory. docs/reference.md is cdr doc --language,\n"
        "docs/steps-NAME.md cdr doc --provider NAME.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .run = run,
};
