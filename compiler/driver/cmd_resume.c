/* cmd_resume.c - cdr resume: go on with every run that was cut off.
 *
 * Resume is replay: the stored rules are compiled again, the stored alert is read again,
 * and the journal answers what was asked before.
 */
#include "driver/open_runs.h"
#include "driver/pausing.h"
#include "driver/session.h"

#include <inttypes.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL, "the journal of `cdr run --mode apply`" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a story, or one JSON object a line" },
    { OPTION_LIFT_PAUSE, OPTION_FLAG, NULL, NULL, NULL,
        "end what cdr pause began, then go on; with --reason" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why the pause is over" },
    { 0 },
};

/* A run that this build cannot go on with: it stays as it is, and a person decides. */
static enum exit_code cannot_resume(struct session *session, const struct run *run, const char *why)
{
    session->totals.open_runs++;
    driver_message(session->driver,
        "run %" PRId64 " (rule %.*s, alert %.*s) cannot go on: %s\n"
        "Finish it with the build of cdr that began it, or take it back: cdr undo %" PRId64
        " --data %s",
        run->id, STR_ARG(run->rule), STR_ARG(run->alert), why, run->id, session->data);
    return EXIT_FINDINGS;
}

static enum exit_code resume_event(struct session *session, const struct run *run,
    const struct program *program, const struct rule_code *rule, const struct event *event)
{
    report_alert(&session->reporter, event, run->alert);
    enum exit_code code = session_execute(session, program, rule, event, run->id);
    enum err err = report_alert_end(&session->reporter);
    return err == ERR_OK ? code : driver_failure(session->driver, "writing the report", err);
}

static enum exit_code resume_program(
    struct session *session, const struct run *run, const struct program *program)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    const struct projection *projection = NULL;
    const struct rule_code *rule = open_run_rule(program, run);
    struct event event;
    struct json_fault fault = { 0 };
    enum err err = projection_new(&arena, program->paths, program->path_count, &projection);
    if (err == ERR_OK)
        err = event_read(program, projection, run->alert_text, run->forced_source, run->received_ms,
            &arena, &event, &fault);
    if (err == ERR_MEMORY)
        return driver_failure(session->driver, "reading the alert again", err);
    if (err != ERR_OK)
        return cannot_resume(session, run, "its alert cannot be read by this build");
    return resume_event(session, run, program, rule, &event);
}

static enum exit_code resume_run(struct session *session, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    struct run run;
    enum err err = store_run_get(session->store, id, &arena, &run);
    if (err == ERR_OK && run.undoes != 0)
        err = store_run_get(session->store, run.undoes, &arena, &run);
    else if (err == ERR_OK) {
        const char *why = NULL;
        err = open_run_compile(session->store, &run, &compilation, &why);
        if (err == ERR_OK)
            return why != NULL ? cannot_resume(session, &run, why)
                               : resume_program(session, &run, compilation.program);
    }
    return err == ERR_OK ? session_undo(session, &run)
                         : session_store_failure(session, "reading the run", err);
}

static enum exit_code resume_all(struct session *session)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct run *runs = NULL;
    size_t count = 0;
    enum err err =
        store_runs(session->store, &(struct run_filter){ .is_open = true }, &arena, &runs, &count);
    if (err != ERR_OK)
        return session_store_failure(session, "looking for open runs", err);
    if (count == 0 && session->reporter.format == REPORT_TEXT)
        output_addf(
            &session->driver->out, "Nothing is open in %s: every run has ended.\n", session->data);
    for (size_t i = 0; i < count && !session_is_stopped(session); i++) {
        /* The undo of a run that was open too ended that run. */
        struct run run;
        err = store_run_get(session->store, runs[i].id, &arena, &run);
        if (err == ERR_OK && run.ended_ms != 0)
            continue;
        enum exit_code code = resume_run(session, runs[i].id);
        if (code > EXIT_FINDINGS)
            return code;
    }
    return session_end(session);
}

/* EXIT_CLEAN: it is not paused, or not any more. */
static enum exit_code pass_pause(struct driver *driver, const struct arguments *arguments)
{
    const char *directory = option_text(arguments, OPTION_DATA);
    const char *reason = option_text(arguments, OPTION_REASON);
    bool is_lifted = option_is_given(arguments, OPTION_LIFT_PAUSE);
    if (is_lifted != (reason != NULL && reason[0] != '\0'))
        return driver_usage(driver, &resume_command,
            is_lifted ? "why is the pause over? Give --reason TEXT for the audit log"
                      : "--reason goes with --lift-pause");
    if (directory == NULL) /* session_begin says so */
        return EXIT_CLEAN;
    if (is_lifted)
        return pause_end(driver, directory, reason);
    return pause_tell(driver, directory, "so nothing was gone on with") ? EXIT_FINDINGS
                                                                        : EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count > 0)
        return driver_usage(driver, &resume_command, "goes on with every open run; it takes no %s",
            arguments->operands[0]);
    enum exit_code code = pass_pause(driver, arguments);
    if (code != EXIT_CLEAN)
        return code;
    struct session session = { 0 };
    code = session_begin(&session, driver, arguments, MODE_APPLY, JOURNAL_RESUMED);
    if (code == EXIT_CLEAN)
        code = resume_all(&session);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr resume --data /var/lib/cdr", "go on after a crash" },
    { "cdr resume --lift-pause --reason mended --data /var/lib/cdr", "go on after cdr pause" },
    { 0 },
};

const struct command resume_command = {
    .name = "resume",
    .operands = "",
    .summary = "go on with every run, and every undo, that was cut off",
    .help = "What was done is not done again; what may have arrived is looked at first.\n"
            "While cdr is paused nothing goes on without --lift-pause.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
