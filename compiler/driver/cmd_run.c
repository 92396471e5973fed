/* cmd_run.c - cdr run: alerts through rules, once; a plan unless told to apply. */
#include "driver/alerts.h"
#include "driver/dead_letter.h"
#include "driver/evaluate.h"
#include "driver/pausing.h"
#include "driver/rules.h"
#include "driver/session.h"
#include "driver/sweep.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { UNENFORCED_SHOWN = 10 };

static const struct option options[] = {
    { OPTION_RULES, OPTION_TEXTS, "PATH", NULL, NULL, "rule files, or directories of them" },
    { OPTION_ALERTS, OPTION_TEXTS, "FILE|-", NULL, NULL,
        "alerts: JSON, one a line, or an array; standard input without it" },
    { OPTION_AGAIN, OPTION_FLAG, NULL, NULL, NULL,
        "act on alerts that were acted on before (apply only)" },
    { OPTION_SOURCE, OPTION_TEXT, "SOURCE", NULL, NULL,
        "read every alert as this source's, whatever it looks like" },
    { OPTION_MODE, OPTION_CHOICE, "MODE", "plan apply", "plan",
        "plan: reads only, shows every change; apply: makes them" },
    { OPTION_OFFLINE, OPTION_FLAG, NULL, NULL, NULL, "send nothing at all (plan only)" },
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal; apply needs it, unreadable alerts are kept there" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json summary", "text",
        "a story, one JSON object a line, or a count per rule" },
    { OPTION_JOBS, OPTION_NUMBER, "N", NULL, NULL, "match alerts of a plan with N threads (1)" },
    { OPTION_NO_INDEX, OPTION_FLAG, NULL, NULL, NULL,
        "ask every rule about every alert: the same answers, slower" },
    { OPTION_JSON_CHECK, OPTION_CHOICE, "WAY", "strict lax", "strict",
        "of alerts that are only counted: check all JSON, or only what rules read" },
    { OPTION_VERBOSE, OPTION_FLAG, NULL, NULL, NULL,
        "tell how many alerts were only counted in passing" },
    { 0 },
};

/* Whether the program may be applied: no clause that would silently do nothing. */
static bool is_enforced(struct driver *driver, const struct program *program)
{
    for (uint32_t i = 0; i < program->unenforced_count; i++) {
        const struct unenforced *clause = &program->unenforced[i];
        driver_message(driver, "%.*s:%u: `%s`%s%.*s is not enforced by this build",
            STR_ARG(clause->file), clause->line, clause->clause,
            clause->rule.len > 0 ? " of rule " : "", STR_ARG(clause->rule));
    }
    if (program->unenforced_count == 0)
        return true;
    driver_message(driver,
        "so nothing was applied: who wrote that counts on it. Plan with --mode plan, "
        "or take these clauses out if the rules are safe without them");
    return false;
}

/* What a plan shows and apply would refuse. */
static void tell_unenforced(struct session *session, const struct program *program)
{
    struct output *out = &session->driver->out;
    uint32_t count = program->unenforced_count;
    if (count == 0 || session->reporter.format != REPORT_TEXT
        || session->executor.mode == MODE_APPLY)
        return;
    output_addf(out,
        "%u clause%s of these rules %s not enforced by this build, so apply refuses them:\n", count,
        count == 1 ? "" : "s", count == 1 ? "is" : "are");
    for (uint32_t i = 0; i < count && i < UNENFORCED_SHOWN; i++) {
        const struct unenforced *clause = &program->unenforced[i];
        output_add(out, STR("  "));
        output_text(out, clause->file);
        output_addf(out, ":%u: `%s`", clause->line, clause->clause);
        if (clause->rule.len > 0) {
            output_add(out, STR(" of rule "));
            output_text(out, clause->rule);
        }
        output_add(out, STR("\n"));
    }
    if (count > UNENFORCED_SHOWN)
        output_addf(out, "  and %u more\n", count - UNENFORCED_SHOWN);
}

/* Whether standard input is wanted twice: as rules and as alerts. */
static bool reads_input_twice(const struct arguments *arguments, const char *const *paths)
{
    int wanted = option_is_given(arguments, OPTION_ALERTS) ? 0 : 1;
    const char *name;
    for (size_t i = 0; (name = option_text_at(arguments, OPTION_ALERTS, i)) != NULL; i++)
        wanted += strcmp(name, "-") == 0;
    for (; *paths != NULL; paths++)
        wanted += strcmp(*paths, "-") == 0;
    return wanted > 1;
}

/* Evaluate the alerts of one file, as long as nobody stops it. */
static enum exit_code run_alerts(
    struct evaluation *evaluation, const char *name, struct alert_reader *reader)
{
    struct alert_text alert;
    while (!session_is_stopped(evaluation->session) && alerts_next(reader, &alert)) {
        enum exit_code code = evaluate_next(evaluation, name, &alert);
        if (code != EXIT_CLEAN)
            return code;
    }
    return EXIT_CLEAN;
}

/* Evaluate every alert of one file, which is read whole. */
static enum exit_code run_whole_file(struct evaluation *evaluation, const char *name)
{
    struct driver *driver = evaluation->session->driver;
    CLEANUP(alerts_close) struct alert_reader reader = { 0 };
    struct alert_text alert;
    bool is_settled;
    enum err err = alerts_open(&reader, name, evaluation->forced_source);
    if (err != ERR_OK) {
        driver_message(driver, "%s cannot be read: %s", name, alerts_failure(&reader, err));
        return EXIT_USAGE;
    }
    enum exit_code code = run_alerts(evaluation, name, &reader);
    enum exit_code settled = evaluation_settle(evaluation, true, &is_settled);
    if (code == EXIT_CLEAN)
        code = settled;
    if (code == EXIT_CLEAN && session_is_stopped(evaluation->session)
        && alerts_next(&reader, &alert))
        driver_message(driver, "%s:%" PRIu32 ": this alert was not evaluated, nor any after it",
            name, alert.line);
    return code;
}

/* How the flags want alerts to be read. */
static struct sweep_wish sweep_wish(const struct arguments *arguments)
{
    uint32_t jobs = option_number(arguments, OPTION_JOBS);
    bool is_lax = option_choice(arguments, OPTION_JSON_CHECK) == 1;
    return (struct sweep_wish){ jobs == 0 ? 1 : jobs, is_lax ? SKIM_LAX : SKIM_STRICT };
}

static enum exit_code run_file(
    struct evaluation *evaluation, const struct arguments *arguments, const char *name)
{
    if (strcmp(name, "-") == 0 && isatty(STDIN_FILENO) == 1)
        driver_message(
            evaluation->session->driver, "reading alerts from the terminal; end them with Ctrl-D");
    struct sweep_wish wish = sweep_wish(arguments);
    return sweep_is_possible(evaluation) ? sweep_file(evaluation, name, &wish)
                                         : run_whole_file(evaluation, name);
}

/* How many alerts took which way: a help for who wonders about the time it takes. */
static void tell_ways(const struct evaluation *evaluation)
{
    driver_message(evaluation->session->driver,
        "%" PRIu64 " of %" PRIu64 " alerts were counted in passing, the others read one by one",
        evaluation->passed, evaluation->session->totals.alerts);
}

static enum exit_code run_all(struct evaluation *evaluation, const struct arguments *arguments)
{
    struct session *session = evaluation->session;
    const char *name = option_text_at(arguments, OPTION_ALERTS, 0);
    enum exit_code code = EXIT_CLEAN;
    if (name == NULL)
        code = run_file(evaluation, arguments, "-");
    for (size_t i = 0; name != NULL && code == EXIT_CLEAN; i++) {
        if (session_is_stopped(session))
            driver_message(session->driver, "%s was not read", name);
        else
            code = run_file(evaluation, arguments, name);
        name = option_text_at(arguments, OPTION_ALERTS, i + 1);
    }
    if (code != EXIT_CLEAN)
        return code;
    tell_unenforced(session, evaluation->program);
    report_end(&session->reporter, &session->totals);
    evaluation_end(evaluation);
    if (option_is_given(arguments, OPTION_VERBOSE))
        tell_ways(evaluation);
    return session_end(session);
}

/* Whether alerts that cannot be read can be kept: asked before any is acted on. */
static enum exit_code letters_check(struct driver *driver, const char *data)
{
    enum err err = data == NULL ? ERR_OK : dead_letter_check(data);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(
        driver, "unreadable alerts cannot be kept in %s: %s", data, dead_letter_failure(err));
    return EXIT_USAGE;
}

static enum exit_code run_program(
    struct driver *driver, const struct arguments *arguments, const struct program *program)
{
    enum run_mode mode = option_choice(arguments, OPTION_MODE) == 1   ? MODE_APPLY
                         : option_is_given(arguments, OPTION_OFFLINE) ? MODE_OFFLINE
                                                                      : MODE_PLAN;
    enum exit_code code =
        rules_source(driver, &run_command, program, option_text(arguments, OPTION_SOURCE));
    if (code != EXIT_CLEAN)
        return code;
    if (mode == MODE_APPLY && !is_enforced(driver, program))
        return EXIT_USAGE;
    code = letters_check(driver, option_text(arguments, OPTION_DATA));
    if (code != EXIT_CLEAN)
        return code;
    struct session session = { 0 };
    struct evaluation evaluation = { .session = &session,
        .program = program,
        .forced_source = str_from(option_text(arguments, OPTION_SOURCE)),
        .is_again = option_is_given(arguments, OPTION_AGAIN),
        .scans_all = option_is_given(arguments, OPTION_NO_INDEX) };
    code = session_begin(
        &session, driver, arguments, mode, mode == MODE_APPLY ? JOURNAL_CREATED : JOURNAL_NONE);
    if (code == EXIT_CLEAN && mode == MODE_APPLY)
        (void)pause_tell(
            driver, session.data, "alerts are evaluated, their runs recorded, and nothing changed");
    if (code == EXIT_CLEAN)
        code = evaluation_begin(&evaluation);
    if (code == EXIT_CLEAN)
        code = run_all(&evaluation, arguments);
    evaluation_release(&evaluation);
    session_release(&session);
    return code;
}

/* Whether the flags that say how alerts are matched go together. */
static enum exit_code check_matching(struct driver *driver, const struct arguments *arguments)
{
    bool is_apply = option_choice(arguments, OPTION_MODE) == 1;
    bool has_jobs = option_is_given(arguments, OPTION_JOBS);
    bool is_lax = option_choice(arguments, OPTION_JSON_CHECK) == 1;
    if (option_number(arguments, OPTION_JOBS) > SWEEP_JOBS_MAX)
        return driver_usage(driver, &run_command, "--jobs takes at most %d", SWEEP_JOBS_MAX);
    if (is_apply && (has_jobs || is_lax))
        return driver_usage(driver, &run_command,
            "%s goes with --mode plan: what acts reads one alert after the other, and checks all "
            "of it",
            has_jobs ? "--jobs" : "--json-check lax");
    if (option_is_given(arguments, OPTION_NO_INDEX) && (has_jobs || is_lax))
        return driver_usage(driver, &run_command,
            "--no-index asks every rule about one alert after the other, so it cannot go with %s",
            has_jobs ? "--jobs" : "--json-check lax");
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *const *paths = NULL;
    enum err err = rules_paths(driver, arguments, &paths);
    if (err != ERR_OK)
        return driver_failure(driver, "reading the command line", err);
    if (paths[0] == NULL)
        return driver_usage(driver, &run_command, "which rules? Give --rules PATH");
    if (reads_input_twice(arguments, paths))
        return driver_usage(driver, &run_command,
            "standard input cannot be read twice: give the rules or the alerts as a file");
    bool is_apply = option_choice(arguments, OPTION_MODE) == 1;
    if (is_apply && option_is_given(arguments, OPTION_OFFLINE))
        return driver_usage(
            driver, &run_command, "--offline sends nothing, so it cannot go with --mode apply");
    if (!is_apply && option_is_given(arguments, OPTION_AGAIN))
        return driver_usage(driver, &run_command, "--again goes with --mode apply");
    if (is_apply && option_text(arguments, OPTION_DATA) == NULL)
        return driver_usage(driver, &run_command,
            "--mode apply needs --data DIR: every change is in the journal there before it is "
            "made");
    if (is_apply && arguments->operand_count == 0
        && option_from(arguments, OPTION_RULES) == FROM_FILE)
        return driver_usage(driver, &run_command,
            "--mode apply needs the rules on the command line or in CDR_RULES: what acts is not "
            "taken from a file that was only found");
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    enum exit_code code = check_matching(driver, arguments);
    if (code == EXIT_CLEAN)
        code = rules_load(driver, paths, &compilation);
    return code == EXIT_CLEAN ? run_program(driver, arguments, compilation.program) : code;
}

static const struct example examples[] = {
    { "cdr run --rules rules --alerts alert.json --offline",
        "what these rules would do; nothing is sent" },
    { "cdr run --rules rules --alerts day.ndjson --offline --format summary --jobs 2",
        "which rules match, and how often: a count for each" },
    { "cdr run --rules rules --alerts - --format json",
        "alerts from another program, answers for another" },
    { "cdr run --rules rules --alerts alert.json --mode apply --data /var/lib/cdr",
        "make the changes, with a journal that takes them back" },
    { 0 },
};

const struct command run_command = {
    .name = "run",
    .operands = "[PATH..]",
    .summary = "alerts through rules, once: a plan, unless told to apply",
    .help =
        "PATH is one more --rules. A plan changes nothing: it reads where a connection is\n"
        "configured, to find targets, and shows every change it would make.\n"
        "With --format summary an alert of which nothing is to be told but that a rule fired is\n"
        "only counted, in passing; --jobs does that with several threads. --json-check lax does "
        "not\n"
        "look at what no rule reads of an alert that no rule fires for: one that is broken there "
        "is\n"
        "counted as sound. What a rule fires for is checked whole.\n"
        "An alert that cannot be read is told and counted, and the others go on (exit 1).\n"
        "A plan ends with 0 whatever it would do, also where a step found no target or would\n"
        "be refused: its last line counts them, and --format json has the state of each. In\n"
        "apply a step that waits for a person is no failure, and ends with 1 all the same.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN_IN_APPLY,
    .beside_daemon =
        "send it the alerts: POST /v1/alerts/SOURCE, with what is in admin.token; or stop it first",
    .run = run,
};
