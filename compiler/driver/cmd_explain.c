/* cmd_explain.c - cdr explain: the page of a diagnostic or of a state, or why a rule fired or not. */
#include "diag.h"
#include "driver/command.h"
#include "driver/explain.h"
#include "driver/state_pages.h"
#include "suggest.h"

#include <string.h>

enum { CODE_DIGITS = 4 };

static const struct option options[] = {
    { OPTION_ALERT, OPTION_TEXT, "FILE|-", NULL, NULL,
        "explain a rule for the alerts of this file: JSON, one a line, or an array" },
    { OPTION_PLAN, OPTION_FLAG, NULL, NULL, NULL,
        "of rules, or of all rules of files: by which test each is found, for how many alerts it "
        "is looked at, the costliest first" },
    { OPTION_ALERTS, OPTION_TEXTS, "FILE|-", NULL, NULL,
        "with --plan: measure over these alerts how often each rule is looked at, and holds" },
    { OPTION_ALL, OPTION_FLAG, NULL, NULL, NULL,
        "with --plan: show every rule of files, not the 20 costliest alone" },
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL,
        "rule files, or directories of them; the current directory without it" },
    { OPTION_SOURCE, OPTION_TEXT, "SOURCE", NULL, NULL,
        "read every alert as this source's, whatever it looks like" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "of a rule: a tree, or one JSON object a line for each alert; of a plan: text, or one "
        "JSON object" },
    { 0 },
};

static void list_all(struct output *out)
{
    for (int id = 0; id < DIAG_COUNT; id++)
        output_addf(out, "%s  %-7s  %s\n", diag_code((enum diag_id)id),
            diag_severity_name(diag_severity((enum diag_id)id)), diag_summary((enum diag_id)id));
    output_add(out, STR("\nStates of a step:\n"));
    state_pages_list(out);
}

static void print_page(struct output *out, enum diag_id id)
{
    output_styled(out, STYLE_BOLD, str_from(diag_code(id)));
    output_addf(out, " (%s): %s\n\n%s\n", diag_severity_name(diag_severity(id)), diag_summary(id),
        diag_explanation(id));
}

static enum exit_code unknown(struct driver *driver, const char *code)
{
    struct suggestion suggestion = { .word = str_from(code) };
    for (int id = 0; id < DIAG_COUNT; id++)
        suggest(&suggestion, str_from(diag_code((enum diag_id)id)));
    for (size_t at = 0; state_page_at(at) != NULL; at++)
        suggest(&suggestion, str_from(state_page_at(at)->name));
    if (suggestion.best.len > 0)
        return driver_usage(driver, &explain_command,
            "there is no code or state %s; did you mean %.*s?", code, STR_ARG(suggestion.best));
    return driver_usage(driver, &explain_command,
        "there is no code or state %s; `cdr explain` lists all, and to explain a rule of that name "
        "add "
        "--alert FILE",
        code);
}

/* The code that was meant: 101 is CDR0101. */
static enum diag_id find_code(const char *text, struct arena *arena)
{
    enum diag_id id = diag_find(str_from(text));
    size_t digits = strspn(text, "0123456789");
    if (id != DIAG_COUNT || digits == 0 || digits > CODE_DIGITS || text[digits] != '\0')
        return id;
    return diag_find(
        str_from(arena_format(arena, "CDR%.*s%s", (int)(CODE_DIGITS - digits), "0000", text)));
}

static enum exit_code plan(struct driver *driver, const struct arguments *arguments)
{
    if (option_is_given(arguments, OPTION_ALERT))
        return driver_usage(driver, &explain_command,
            "--plan measures over all alerts of a file: --alerts FILE, not --alert");
    if (option_is_given(arguments, OPTION_SOURCE) && !option_is_given(arguments, OPTION_ALERTS))
        return driver_usage(driver, &explain_command,
            "--source says how alerts are read: with --plan it needs --alerts");
    return explain_plan(driver, arguments);
}

static enum exit_code print_pages(struct driver *driver, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const struct state_page *state = state_page_find(str_from(arguments->operands[i]));
        enum diag_id id = find_code(arguments->operands[i], &driver->arena);
        if (state == NULL && id == DIAG_COUNT)
            return unknown(driver, arguments->operands[i]);
        if (i > 0)
            output_add(&driver->out, STR("\n"));
        if (state != NULL)
            state_page_show(&driver->out, state);
        else
            print_page(&driver->out, id);
    }
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    bool is_rule = option_is_given(arguments, OPTION_ALERT);
    if (option_is_given(arguments, OPTION_PLAN))
        return plan(driver, arguments);
    if (option_is_given(arguments, OPTION_ALERTS) || option_is_given(arguments, OPTION_ALL))
        return driver_usage(driver, &explain_command,
            "--alerts and --all go with --plan; one rule is explained by --alert FILE");
    if (is_rule && arguments->operand_count != 1)
        return driver_usage(
            driver, &explain_command, "which rule? With --alert give the name of one rule");
    if (is_rule)
        return explain_rule(driver, arguments);
    if (arguments->operand_count == 0)
        list_all(&driver->out);
    return print_pages(driver, arguments);
}

static const struct example examples[] = {
    { "cdr explain CDR0101", "the page of a code" },
    { "cdr explain unresolved", "what the state of a step means, and what to do now" },
    { "cdr explain", "every code and every state in a line" },
    { "cdr explain isolate_on_ransomware --alert alert.json",
        "what each part of the rule comes to, and the smallest change that flips it" },
    { "cdr explain --plan rules", "which rules cost most, and how to make them cheap" },
    { "cdr explain --plan rules --alerts alerts.ndjson",
        "the same, measured over alerts of yours" },
    { 0 },
};

const struct command explain_command = {
    .name = "explain",
    .operands = "[CODE.. | STATE.. | RULE | PATH..]",
    .summary = "what a diagnostic or a state means; why a rule fired for an alert or did not; what "
               "rules cost",
    .help =
        "CDR0101, or 101 for short; or the state of a step, as plans and runs say it: unresolved.\n"
        "Without one all codes and states are listed.\n"
        "With --alert it takes the name of a rule: every test of the rule's conditions is shown\n"
        "as true, false or absent, with what the alert has, and the smallest change of the alert\n"
        "after which the rule decides otherwise; a change is only told when the rule was run on\n"
        "the changed alert.\n"
        "With --plan it takes rules or paths: thousands of rules are fast because each is looked\n"
        "at only for alerts that pass one of its tests, which an index finds. The plan tells\n"
        "which test that is, and warns of rules that have none. For how many alerts is a guess\n"
        "from the tests alone; --alerts measures it.",
    .options = options,
    .examples = examples,
    .group = GROUP_AUTHORS,
    .run = run,
};
