/* cmd_resume.c - cdr resume: do what is due, and go on with every run that was cut off or whose
 * hold was settled; once, or for as long as nobody stops it.
 */
#include "driver/beside_daemon.h"
#include "driver/pausing.h"
#include "driver/resuming.h"
#include "store/resumable.h"

#include <inttypes.h>

static const struct option options[] = {
    { OPTION_DATA, OPTION_TEXT, "DIR", NULL, NULL,
        "the journal, of the daemon or of `cdr run --mode apply`" },
    { OPTION_FORMAT, OPTION_CHOICE, "FORM", "text json", "text",
        "a story, or one JSON object a line" },
    { OPTION_LIFT_PAUSE, OPTION_FLAG, NULL, NULL, NULL,
        "end what cdr pause began, then go on; with --reason" },
    { OPTION_REASON, OPTION_TEXT, "TEXT", NULL, NULL, "why the pause is over" },
    { OPTION_WATCH, OPTION_FLAG, NULL, NULL, NULL,
        "stay, and do each thing when its time comes or its answer" },
    { 0 },
};

/* Every run has ended: what is still to come. */
static enum err tell_to_come(struct session *session)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct output *out = &session->driver->out;
    struct timer *timers;
    size_t count;
    size_t undos = 0;
    int64_t due_ms = INT64_MAX;
    char text[TIME_TEXT_MAX];
    TRY(timers_list(session->store, 0, &arena, &timers, &count));
    for (size_t i = 0; i < count; i++) {
        if (timers[i].kind != TIMER_UNDO)
            continue;
        undos++;
        due_ms = timers[i].due_ms < due_ms ? timers[i].due_ms : due_ms;
    }
    if (undos == 0)
        output_addf(out, "Nothing is open in %s: every run has ended.\n", session->data);
    else
        output_addf(out,
            "Every run in %s has ended; %zu step%s to be taken back, the next at %s by\n"
            "a cdr resume then, or by cdr resume --watch.\n",
            session->data, undos, undos == 1 ? " is" : "s are",
            resuming_time(session, due_ms, text));
    return ERR_OK;
}

/* Where nothing came of it: whether nothing is open, or all of it waits. */
static enum exit_code tell_nothing(struct session *session)
{
    struct output *out = &session->driver->out;
    uint64_t open = 0;
    enum err err = resumable_open(session->store, &open);
    if (err == ERR_OK && open == 0 && session->reporter.format == REPORT_TEXT)
        err = tell_to_come(session);
    if (err != ERR_OK)
        return session_store_failure(session, "counting open runs", err);
    if (open > 0 && session->reporter.format == REPORT_TEXT)
        output_addf(out,
            "%" PRIu64 " run%s in %s for a person: look with cdr approvals --data %s\n", open,
            open == 1 ? " waits" : "s wait", session->data, session_data_word(session));
    return EXIT_CLEAN;
}

static enum exit_code resume_once(struct session *session)
{
    struct resuming resuming;
    resuming_init(&resuming, session);
    enum exit_code code = resuming_round(&resuming);
    if (code == EXIT_CLEAN && resuming.done == 0)
        code = tell_nothing(session);
    enum exit_code overdue = code == EXIT_CLEAN ? resuming_overdue(session) : EXIT_CLEAN;
    if (overdue > EXIT_FINDINGS)
        return overdue;
    if (code == EXIT_CLEAN)
        code = session_end(session);
    return code == EXIT_CLEAN ? overdue : code;
}

/* What a watch has seen so far. */
struct watch {
    struct session *session;
    struct resuming resuming;
    bool is_paused;
};

/* Whether the pause was lifted since the last look; its begin is told. */
static bool pause_was_lifted(struct watch *watch)
{
    struct session *session = watch->session;
    bool was_paused = watch->is_paused;
    watch->is_paused = pause_is_on(session->governor.pause_file);
    if (watch->is_paused && !was_paused)
        (void)pause_tell(session->driver, session->data, "so nothing goes on until it is lifted");
    if (!watch->is_paused && was_paused)
        driver_message(session->driver, "%s is not paused any more", session->data);
    return was_paused && !watch->is_paused;
}

/* A round, then others may have the journal. */
static enum exit_code watch_work(struct watch *watch)
{
    struct session *session = watch->session;
    uint64_t done = watch->resuming.done;
    enum exit_code code = resuming_round(&watch->resuming);
    if (code == EXIT_CLEAN && watch->resuming.done != done)
        code = resuming_overdue(session);
    output_flush(&session->driver->out);
    return code > EXIT_FINDINGS || session_is_stopped(session) ? code
                                                               : resuming_rest(&watch->resuming);
}

/* One look, at a journal that others may be at work on; a round where something may have come
 * up, as soon as they are not. */
static enum exit_code watch_once(struct watch *watch)
{
    struct session *session = watch->session;
    bool is_due = pause_was_lifted(watch);
    enum exit_code code = EXIT_CLEAN;
    if (!is_due) {
        code = session_wake(session, JOURNAL_READ);
        if (code == EXIT_CLEAN)
            code = resuming_look(&watch->resuming, &is_due);
        session_rest(session);
    }
    if (code == EXIT_CLEAN && is_due)
        code = session_wake(session, JOURNAL_RESUMED);
    return code == EXIT_CLEAN && session->store != NULL ? watch_work(watch) : code;
}

/* Until somebody stops it, which is a good end. */
static enum exit_code watch_all(struct session *session)
{
    struct watch watch = { .session = session };
    struct driver *driver = session->driver;
    resuming_init(&watch.resuming, session);
    (void)pause_was_lifted(&watch);
    enum exit_code code = watch_work(&watch);
    while (code == EXIT_CLEAN && clock_wait(driver->clock, LOOK_EVERY_MS, driver->stop))
        code = watch_once(&watch);
    return session_is_stopped(session) ? EXIT_CLEAN : code;
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
    if (option_is_given(arguments, OPTION_WATCH)) /* it waits */
        return EXIT_CLEAN;
    return pause_tell(driver, directory, "so nothing was gone on with") ? EXIT_FINDINGS
                                                                        : EXIT_CLEAN;
}

/* Whether a daemon has the journal: it sees that the pause is over, and goes on by itself. */
static bool daemon_goes_on(struct driver *driver, const struct arguments *arguments)
{
    struct daemon_mark mark;
    const char *directory = option_text(arguments, OPTION_DATA);
    if (directory == NULL || daemon_mark_read(directory, &driver->arena, &mark) != ERR_OK)
        return false;
    output_addf(&driver->out, "The daemon at %s goes on.\n", mark.url);
    return true;
}

static enum exit_code run(struct driver *driver, const struct arguments *arguments)
{
    if (arguments->operand_count > 0)
        return driver_usage(driver, &resume_command, "goes on with every open run; it takes no %s",
            arguments->operands[0]);
    enum exit_code code = pass_pause(driver, arguments);
    if (code != EXIT_CLEAN)
        return code;
    if (option_is_given(arguments, OPTION_LIFT_PAUSE) && daemon_goes_on(driver, arguments))
        return EXIT_CLEAN;
    struct session session = { 0 };
    code = session_begin(&session, driver, arguments, MODE_APPLY, JOURNAL_RESUMED);
    if (code == EXIT_CLEAN)
        code =
            option_is_given(arguments, OPTION_WATCH) ? watch_all(&session) : resume_once(&session);
    session_release(&session);
    return code;
}

static const struct example examples[] = {
    { "cdr resume --data /var/lib/cdr", "go on after a crash" },
    { "cdr resume --watch --data /var/lib/cdr", "keep time: expiries, `for 24h`, approvals" },
    { "cdr resume --lift-pause --reason mended --data /var/lib/cdr", "go on after cdr pause" },
    { 0 },
};

const struct command resume_command = {
    .name = "resume",
    .operands = "",
    .summary = "go on with every run, and every undo, that was cut off, and do what is due",
    .help =
        "What was done is not done again; what may have arrived is looked at first.\n"
        "What a rule wanted for a while (`for 24h`) is taken back when that is over, steps that\n"
        "somebody approved or rejected go on, and holds that nobody answered in time expire.\n"
        "With --watch it does so as each thing comes up, until SIGINT or SIGTERM. What a\n"
        "provider cut off is then tried again after 30 seconds, and ever more rarely.\n"
        "While cdr is paused nothing goes on without --lift-pause.",
    .options = options,
    .examples = examples,
    .group = GROUP_OPERATORS,
    .stop = COMMAND_STOP_CLEAN,
    .beside_daemon = "it goes on with what is open by itself; cdr runs shows how far it is",
    .run = run,
};
