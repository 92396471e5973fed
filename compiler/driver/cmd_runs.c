/* cmd_runs.c - cdr runs: what the journal knows about an alert, or about all.
 *
 * The journal is only read, so that one can look while `cdr run` is at work. A run that
 * has not ended may then be one that is under way: who holds the lock is not asked.
 */
#include "driver/json_out.h"
#include "driver/pausing.h"
#include "driver/session.h"
#include "driver/story.h"

#include <string.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_ALERT, OPTION_TEXT, "ID", NULL, NULL, "only the runs of this alert" },
    { OPTION_LAST, OPTION_NUMBER, "N", NULL, NULL, "only the newest N runs" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a story, or one JSON object a line" },
    { 0 },
};

/* Runs that have not ended. */
struct unended {
    size_t held; /* wait for a person */
    size_t open;
};

static void tell_unended(struct session *session, const struct unended *unended)
{
    if (session->reporter.format != REPORT_TEXT)
        return;
    if (unended->held > 0)
        output_addf(&session->driver->out, "%zu wait%s for a person: cdr approvals --data %s\n",
            unended->held, unended->held == 1 ? "s" : "", session_data_word(session));
    if (unended->open > 0)
        output_addf(&session->driver->out,
            "%zu open: another cdr is at work, or was cut off; then go on with: cdr resume --data "
            "%s\n",
            unended->open, session_data_word(session));
}

static enum exit_code tell(struct session *session, const struct run *run, struct unended *unended)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct output *out = &session->driver->out;
    struct story story;
    enum err err = story_read(session->store, run, &arena, &story);
    if (err != ERR_OK)
        return session_store_failure(session, "reading a run", err);
    bool is_held = strcmp(story.state, step_turn_name(STEP_HELD)) == 0;
    unended->held += is_held;
    unended->open += !is_held && run->ended_ms == 0;
    if (session->reporter.format == REPORT_JSON) {
        json_t *json = story_json(&story);
        err = json_add_line(&out->buf, json);
        json_decref(json);
        return err == ERR_OK ? EXIT_CLEAN : driver_failure(session->driver, "writing a run", err);
    }
    story_text(out, &story, session_data_word(session));
    output_add(out, STR("\n"));
    return EXIT_CLEAN;
}

static enum exit_code tell_all(struct session *session, const struct arguments *arguments)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    const char *alert = option_text(arguments, OPTION_ALERT);
    size_t last = option_number(arguments, OPTION_LAST);
    struct run *runs = NULL;
    size_t count = 0;
    enum err err = store_runs(
        session->store, &(struct run_filter){ .alert = str_from(alert) }, &arena, &runs, &count);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the runs", err);
    if (count == 0 && alert != NULL) {
        driver_message(session->driver, "there is no run of alert %s in %s", alert, session->data);
        return EXIT_FINDINGS;
    }
    if (count == 0 && session->reporter.format == REPORT_TEXT)
        output_addf(&session->driver->out, "There is no run in %s yet.\n", session->data);
    struct unended unended = { 0 };
    for (size_t i = last > 0 && last < count ? count - last : 0; i < count; i++) {
        enum exit_code code = tell(session, &runs[i], &unended);
        if (code != EXIT_CLEAN || session->driver->out.failure != 0)
            return code;
        output_relax(&session->driver->out);
    }
    tell_unended(session, &unended);
    return EXIT_CLEAN;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count > 0)
        return driver_usage(driver, &runs_command,
            "takes no operand, so not %s; for an alert give --alert", arguments->operands[0]);
    struct session session = { 0 };
    enum exit_code code = session_begin(&session, driver, arguments, MODE_APPLY, JOURNAL_READ);
    if (code == EXIT_CLEAN)
        code = tell_all(&session, arguments);
    if (code <= EXIT_FINDINGS)
        (void)pause_tell(driver, session.data, "no step changes anything");
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr runs --data /var/lib/cdr --last 5", "the newest five runs" },
    { 0 },
};

const struct command runs_command = {
    .name = "runs",
    .operands = "",
    .summary = "the story of each run: what was done to what, and how it would be undone",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .run = run,
};
