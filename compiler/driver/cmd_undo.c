/* cmd_undo.c - cdr undo: take the changes of a run back, newest first. */
#include "driver/beside_daemon.h"
#include "driver/pausing.h"
#include "driver/session.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct option options[] = {
    { OPTION_ALERT, OPTION_TEXT, "ID", NULL, NULL, "every run of this alert, newest first" },
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a story, or one JSON object a line" },
    { OPTION_SOURCE, OPTION_TEXT, "SOURCE", NULL, NULL,
        "with --alert: only runs for alerts of this source" },
    { OPTION_STEP, OPTION_NUMBER, "N", NULL, NULL,
        "only this step of the run, counted from 1 as cdr runs shows them" },
    { 0 },
};

/* What is at work: a session with the journal, or one that reads it while a daemon has it. */
struct undoing {
    struct session session;
    struct daemon_mark daemon;
    bool has_daemon;
    uint32_t step; /* counted from 1; 0: all of the run */
};

/* The number of a run, or 0. */
static int64_t run_number(const char *text)
{
    char *end = NULL;
    long long number = text[0] >= '1' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
    return end == NULL || *end != '\0' ? 0 : (int64_t)number;
}

static enum exit_code undo_by_daemon(struct undoing *undoing, const struct undo_order *order)
{
    struct session *session = &undoing->session;
    enum exit_code code = daemon_undo(
        session->driver, session->data, &undoing->daemon, order, session->reporter.format);
    session->totals.bad_steps += code == EXIT_FINDINGS;
    return code;
}

/* Whether the run has the step that is asked for; else that is told. */
static enum exit_code look_for_step(struct undoing *undoing, int64_t id, struct arena *arena)
{
    struct session *session = &undoing->session;
    struct step_record *steps = NULL;
    size_t count = 0;
    enum err err = store_steps(session->store, id, arena, &steps, &count);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the run", err);
    if (undoing->step <= count)
        return EXIT_CLEAN;
    driver_message(session->driver,
        "run %" PRId64 " has no step %" PRIu32 ": it has %zu; cdr runs --data %s shows them", id,
        undoing->step, count, session_data_word(session));
    return EXIT_USAGE;
}

static enum exit_code undo_one(struct undoing *undoing, int64_t id)
{
    struct session *session = &undoing->session;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct run run;
    enum err err = store_run_get(session->store, id, &arena, &run);
    if (err == ERR_NOT_FOUND) {
        driver_message(session->driver,
            "there is no run %" PRId64 " in %s; cdr runs --data %s lists them", id, session->data,
            session_data_word(session));
        return EXIT_USAGE;
    }
    if (err == ERR_OK && run.undoes != 0) {
        driver_message(session->driver,
            "run %" PRId64 " is itself the undo of run %" PRId64
            "; to do that again, run its alert again (cdr run --again)",
            run.id, run.undoes);
        return EXIT_USAGE;
    }
    if (err != ERR_OK)
        return session_store_failure(session, "reading the run", err);
    enum exit_code code = look_for_step(undoing, id, &arena);
    if (code != EXIT_CLEAN)
        return code;
    struct undo_order order = { .run = id,
        .is_of_one_step = undoing->step > 0,
        .step = undoing->step > 0 ? undoing->step - 1 : 0,
        .person = str_from(session->governor.actor),
        .reason = STR("cdr undo") };
    return undoing->has_daemon ? undo_by_daemon(undoing, &order)
                               : session_undo(session, &run, &order);
}

/* Keep the runs (undos left out) of `source`; NULL keeps all. */
static size_t runs_keep(struct run *runs, size_t count, const char *source)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (runs[i].undoes == 0 && (source == NULL || str_is(runs[i].source, source)))
            runs[kept++] = runs[i];
    return kept;
}

/* Two sources may use one id: which alert is meant is not ours to guess. */
static bool is_ambiguous(struct session *session, const struct run *runs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (str_equal(runs[i].source, runs[0].source))
            continue;
        driver_message(session->driver,
            "%.*s is the id of alerts of %.*s and of %.*s: add --source, or give the run",
            STR_ARG(runs[i].alert), STR_ARG(runs[0].source), STR_ARG(runs[i].source));
        return true;
    }
    return false;
}

static enum exit_code undo_alert(struct undoing *undoing, const char *alert, const char *source)
{
    struct session *session = &undoing->session;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct run *runs = NULL;
    size_t count = 0;
    size_t found = 0;
    enum err err = store_runs(
        session->store, &(struct run_filter){ .alert = str_from(alert) }, &arena, &runs, &count);
    if (err != ERR_OK)
        return session_store_failure(session, "looking for the runs of the alert", err);
    count = runs_keep(runs, count, source);
    if (is_ambiguous(session, runs, count))
        return EXIT_USAGE;
    for (size_t i = count; i > 0 && !session_is_stopped(session); i--) {
        found++;
        enum exit_code code = undo_one(undoing, runs[i - 1].id);
        if (code > EXIT_FINDINGS)
            return code;
    }
    if (found > 0)
        return session_end(session);
    driver_message(session->driver,
        "there is no run of alert %s in %s; cdr runs --data %s lists them", alert, session->data,
        session_data_word(session));
    return EXIT_USAGE;
}

static enum exit_code undo_what_is_asked(
    struct undoing *undoing, const struct arguments *arguments, const char *alert)
{
    struct session *session = &undoing->session;
    if (alert != NULL)
        return undo_alert(undoing, alert, option_text(arguments, OPTION_SOURCE));
    for (size_t i = 0; i < arguments->operand_count && !session_is_stopped(session); i++) {
        enum exit_code code = undo_one(undoing, run_number(arguments->operands[i]));
        if (code > EXIT_FINDINGS)
            return code;
    }
    return session_end(session);
}

static enum exit_code undoing_begin(
    struct undoing *undoing, struct driver *driver, const struct arguments *arguments)
{
    const char *data = option_text(arguments, OPTION_DATA);
    undoing->has_daemon =
        data != NULL && daemon_mark_read(data, &driver->arena, &undoing->daemon) == ERR_OK;
    return session_begin(&undoing->session, driver, arguments, MODE_APPLY,
        undoing->has_daemon ? JOURNAL_READ : JOURNAL_EXISTING);
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    const char *alert = option_text(arguments, OPTION_ALERT);
    if ((alert == NULL) == (arguments->operand_count == 0))
        return driver_usage(
            driver, &undo_command, "what is to be taken back? Give the ID of a run, or --alert ID");
    for (size_t i = 0; i < arguments->operand_count; i++)
        if (run_number(arguments->operands[i]) == 0)
            return driver_usage(driver, &undo_command,
                "%s is not the number of a run; for an alert give --alert", arguments->operands[i]);
    if (option_is_given(arguments, OPTION_STEP) && arguments->operand_count != 1)
        return driver_usage(driver, &undo_command, "--step is of one run: give its ID");
    struct undoing undoing = { .step = option_number(arguments, OPTION_STEP) };
    enum exit_code code = undoing_begin(&undoing, driver, arguments);
    if (code == EXIT_CLEAN)
        (void)pause_tell(driver, undoing.session.data,
            "an undo that somebody asks for is carried out all the same");
    if (code == EXIT_CLEAN)
        code = undo_what_is_asked(&undoing, arguments, alert);
    session_release(&undoing.session);
    return code;
}

static const struct example examples[] = {
    { "cdr undo 12 --data /var/lib/cdr", "take run 12 back" },
    { "cdr undo 12 --step 2 --data /var/lib/cdr", "only what its second step changed" },
    { "cdr undo --alert 8ab1 --data /var/lib/cdr", "take every run of an alert back" },
    { 0 },
};

const struct command undo_command = {
    .name = "undo",
    .operands = "[RUN..]",
    .summary = "take the changes of a run back, newest first, each compared before it is restored",
    .help =
        "What somebody else changed since is left alone and said. An undo is a run of its own:\n"
        "when it is cut off, cdr resume goes on with it. Where a daemon has the journal, it is "
        "asked\n"
        "to do it, and its story is shown.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .run = run,
};
