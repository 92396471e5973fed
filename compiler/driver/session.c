/* session.c - see session.h. */
#include "driver/session.h"

#include "shell.h"

#include "driver/audit_places.h"
#include "driver/beside_daemon.h"
#include "act/timers.h"
#include "daemon/store_watch.h"
#include "driver/open_runs.h"
#include "driver/program_texts.h"
#include "driver/undo_words.h"
#include "host/pause.h"
#include "host/person.h"
#include "registry.h"
#include "store/audit.h"
#include "value_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a command waits for another cdr that is using the journal, when it says so, and how
 * often it tries. */
enum { TURN_WAIT_MS = 10 * 1000, TURN_TELL_MS = 1000, TURN_LOOK_MS = 100 };

/* Memory of one run: its steps one after the other, each with replies of its own. */
#define RUN_BYTES_MAX ((size_t)8 * STEP_BYTES_MAX)

/* A step that is held counts by its run (totals.held), one in shadow ended as it should. */
static void count_step(struct session *session, const struct step_view *step)
{
    enum step_turn turn = step->outcome->turn;
    const struct judgement *judgement = step->outcome->judgement;
    bool is_plan = session->executor.mode != MODE_APPLY;
    session->totals.no_target += is_plan && turn == STEP_UNRESOLVED && step->row->missing == NULL;
    session->totals.refused +=
        is_plan && turn == STEP_DONE && judgement != NULL && judgement->ruling == RULING_REFUSED;
    if (turn != STEP_DONE && turn != STEP_SHADOWED && turn != STEP_HELD
        && !(is_plan && turn == STEP_UNRESOLVED))
        session->totals.bad_steps++;
}

static void tell_step(struct run_report *report, const struct run_step *step)
{
    struct session *session =
        (struct session *)(void *)((char *)report - offsetof(struct session, run_report));
    struct step_view view = { step->index, session->run, step->row, step->code, step->args,
        &step->outcome };
    count_step(session, &view);
    report_step(&session->reporter, &view);
}

static void tell_unkept(struct run_report *report, const char *sentence)
{
    struct session *session =
        (struct session *)(void *)((char *)report - offsetof(struct session, run_report));
    session->totals.bad_steps++;
    report_note(&session->reporter, "unkept", sentence);
}

/* The head of an undo, before its first step. */
static void tell_undo(struct session *session)
{
    if (session->undone == NULL)
        return;
    report_undo(&session->reporter, session->undone);
    if (session->undo_reason != NULL)
        report_note(&session->reporter, "reason", session->undo_reason);
    session->undone = NULL;
}

static void tell_undo_step(struct undo_report *report, const struct undo_step *step)
{
    struct session *session =
        (struct session *)(void *)((char *)report - offsetof(struct session, undo_report));
    struct step_view view = { step->index, session->run, step->builtin, NULL, step->args,
        &step->outcome };
    session->undone_steps++;
    tell_undo(session);
    count_step(session, &view);
    report_step(&session->reporter, &view);
}

/* Open it for writing. Another cdr may be at work: wait for it, as long as that is bearable. */
static enum err open_in_turn(
    struct session *session, struct store_guard *guard, const char **reterr_reason)
{
    struct driver *driver = session->driver;
    enum err err = ERR_BUSY;
    for (uint32_t waited_ms = 0; waited_ms <= TURN_WAIT_MS; waited_ms += TURN_LOOK_MS) {
        err = store_open_guarded(
            session->data, guard, &driver->arena, &session->store, reterr_reason);
        if (err != ERR_BUSY || waited_ms == TURN_WAIT_MS)
            return err;
        if (daemon_mark_read(session->data, &driver->arena, &(struct daemon_mark){ 0 }) == ERR_OK)
            return err; /* which stays: there is nothing to wait for */
        if (waited_ms == TURN_TELL_MS)
            driver_message(driver, "another cdr is at work in %s; waiting for up to %d s",
                session->data, TURN_WAIT_MS / 1000);
        if (!clock_wait(driver->clock, TURN_LOOK_MS, driver->stop))
            return err;
    }
    return err;
}

/* Where the directory is another user's, who that is: a daemon's user alone may look into its data. */
static void tell_no_journal(struct session *session, int failure)
{
    struct driver *driver = session->driver;
    struct stat status;
    const char *owner = NULL;
    if (failure == EACCES && geteuid() != 0 && stat(session->data, &status) == 0
        && status.st_uid != geteuid())
        owner = user_name(status.st_uid, &driver->arena);
    if (owner == NULL)
        driver_message(driver, "there is no journal in %s: %s", session->data, strerror(failure));
    else
        driver_message(driver,
            "the journal in %s is of the user %s: %s\nrun it as that user: sudo -u %s cdr %s ..",
            session->data, owner, strerror(failure), owner, session->command->name);
}

static enum exit_code open_journal(struct session *session, enum journal_need need)
{
    struct driver *driver = session->driver;
    if (session->data == NULL)
        return driver_usage(driver, session->command,
            "cdr %s needs --data DIR: the directory of the journal", session->command->name);
    const char *file = arena_format(&driver->arena, "%s/journal.db", session->data);
    if (need != JOURNAL_CREATED && file != NULL && access(file, F_OK) != 0) {
        tell_no_journal(session, errno);
        return EXIT_USAGE;
    }
    const char *reason = NULL;
    struct open_runs_guard guard = { { open_runs_may_migrate }, session->data, &driver->arena,
        NULL };
    bool is_guarded = need == JOURNAL_RESUMED || need == JOURNAL_CREATED;
    enum err err = need == JOURNAL_READ
                       ? store_open_reader(session->data, &driver->arena, &session->store, &reason)
                   : need == JOURNAL_BESIDE
                       ? store_open_beside(session->data, &driver->arena, &session->store, &reason)
                       : open_in_turn(session, is_guarded ? &guard.guard : NULL, &reason);
    if (err == ERR_NEEDED) {
        driver_message(driver, "%s", guard.reason);
        return EXIT_USAGE;
    }
    if (err == ERR_BUSY && daemon_tell(driver, session->command, session->data))
        return EXIT_USAGE;
    if (err != ERR_OK) {
        driver_message(driver, "the journal in %s cannot be opened: %s", session->data,
            reason != NULL ? reason : err_text(err));
        return err == ERR_MEMORY ? EXIT_INTERNAL : EXIT_USAGE;
    }
    err = audit_places_use(session->store);
    if (err != ERR_OK)
        return driver_failure(driver, "opening the journal", err);
    session->executor.store = session->store;
    session->reporter.store = session->store;
    session->reporter.data = session_data_word(session);
    return EXIT_CLEAN;
}

enum exit_code session_counts(struct session *session)
{
    struct driver *driver = session->driver;
    const char *reason = NULL;
    if (session->executor.mode == MODE_APPLY || session->counts != NULL)
        return EXIT_CLEAN;
    enum err err = store_open_memory(&driver->arena, &session->counts, &reason);
    session->governor.store = session->counts;
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(driver, "limits cannot be counted: %s", reason != NULL ? reason : err_text(err));
    return EXIT_INTERNAL;
}

static enum exit_code govern(struct session *session)
{
    struct driver *driver = session->driver;
    session->governor = (struct governor){
        .store = session->store, .clock = driver->clock, .actor = person_name(&driver->arena)
    };
    session->executor.governor = &session->governor;
    if (session->governor.actor == NULL)
        return driver_failure(driver, "looking up who is there", ERR_MEMORY);
    if (session->executor.mode != MODE_APPLY) /* it counts once it plans, and nobody pauses it */
        return EXIT_CLEAN;
    session->governor.pause_file = pause_path(session->data, &driver->arena);
    return session->governor.pause_file != NULL
               ? EXIT_CLEAN
               : driver_failure(driver, "looking for a pause", ERR_MEMORY);
}

/* Work on `store` from now on. */
static void session_use(struct session *session, struct store *store)
{
    session->store = store;
    session->executor.store = store;
    session->reporter.store = store;
    session->governor.store = store;
}

/* A sign of life for who waits at a terminal: some steps take many minutes. */
static void tell_wait(struct executor *executor, const struct request *request)
{
    struct connector *connector = executor->self;
    struct session *session =
        (struct session *)((char *)connector - offsetof(struct session, connector));
    output_addf(&session->driver->log, "cdr: in %u s: %s %s", request->delay_ms / 1000,
        request->service, request->operation);
    if (request->target.len > 0) {
        output_add(&session->driver->log, STR(" of "));
        output_text(&session->driver->log, request->target);
    }
    output_add(&session->driver->log, STR("\n"));
    (void)output_flush(&session->driver->log);
}

static void session_init(struct session *session, struct driver *driver,
    const struct command *command, const char *data, enum run_mode mode, enum report_format format)
{
    *session = (struct session){
        .driver = driver,
        .command = command,
        .data = data,
        .connector = { .clock = driver->clock, .stop = driver->stop },
        .executor = { .mode = mode,
            .clock = driver->clock,
            .connect = connector_connect,
            .finder = builtin_finder,
            .stop = driver->stop },
        .reporter = { .format = format,
            .mode = mode,
            .out = &driver->out,
            .log = driver->events,
            .connector = &session->connector },
        .run_report = { .step = tell_step, .unkept = tell_unkept },
        .undo_report = { .step = tell_undo_step },
    };
    session->executor.self = &session->connector;
    if (session->reporter.format == REPORT_TEXT && isatty(driver->log.fd) == 1)
        session->executor.waits = tell_wait;
}

enum exit_code session_begin(struct session *session, struct driver *driver,
    const struct arguments *arguments, enum run_mode mode, enum journal_need need)
{
    session_init(session, driver, arguments->command, option_text(arguments, OPTION_DATA), mode,
        (enum report_format)option_choice(arguments, OPTION_FORMAT));
    enum exit_code code = need == JOURNAL_NONE ? EXIT_CLEAN : open_journal(session, need);
    return code == EXIT_CLEAN && need != JOURNAL_READ && need != JOURNAL_BESIDE ? govern(session)
                                                                                : code;
}

enum exit_code session_open(
    struct session *session, struct driver *driver, const struct command *command, const char *data)
{
    session_init(session, driver, command, data, MODE_APPLY, REPORT_LOG);
    enum exit_code code = open_journal(session, JOURNAL_CREATED);
    return code == EXIT_CLEAN ? govern(session) : code;
}

enum err session_attach(struct session *session, struct driver *driver,
    const struct command *command, const char *data, struct store *store, enum report_format format)
{
    session_init(session, driver, command, data, MODE_APPLY, format);
    session->is_shared = true;
    session_use(session, store);
    session->reporter.data = session_data_word(session);
    return govern(session) == EXIT_CLEAN && session->reporter.data != NULL ? ERR_OK : ERR_MEMORY;
}

/* The last anchor of the audit log; the entries are in the journal whatever becomes of it. */
static void anchor(struct session *session)
{
    if (session->store != NULL && audit_anchor(session->store) != ERR_OK)
        driver_message(session->driver, "the audit log could not be anchored: %s",
            store_error(session->store));
}

void session_rest(struct session *session)
{
    if (!session->is_looking)
        anchor(session);
    store_close(session->store);
    session_use(session, NULL);
}

enum exit_code session_wake(struct session *session, enum journal_need need)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct store *store = NULL;
    const char *reason = NULL;
    const char *file = arena_format(&arena, "%s/journal.db", session->data);
    enum err err = file == NULL ? ERR_MEMORY : ERR_OK;
    if (err == ERR_OK && access(file, F_OK) != 0) {
        reason = strerror(errno);
        err = ERR_IO; /* nobody wants a new one */
    }
    if (err == ERR_OK)
        err = need == JOURNAL_READ ? store_open_reader(session->data, &arena, &store, &reason)
                                   : store_open(session->data, &arena, &store, &reason);
    if (err == ERR_BUSY && need != JOURNAL_READ)
        return EXIT_CLEAN;
    if (err == ERR_OK && need != JOURNAL_READ)
        err = audit_places_use(store);
    session->is_looking = need == JOURNAL_READ;
    session_use(session, store);
    if (err == ERR_OK)
        return EXIT_CLEAN;
    driver_message(session->driver, "the journal in %s cannot be opened again: %s", session->data,
        reason != NULL ? reason : err_text(err));
    return err == ERR_MEMORY ? EXIT_INTERNAL : EXIT_USAGE;
}

void session_release(struct session *session)
{
    if (!session->is_shared) {
        anchor(session);
        store_close(session->store);
    }
    store_close(session->counts);
    connector_release(&session->connector);
    reporter_release(&session->reporter);
}

const char *session_data_word(const struct session *session)
{
    return shell_word(&session->driver->arena, str_from(session->data)).ptr;
}

bool session_is_stopped(struct session *session)
{
    return *session->driver->stop != 0;
}

/* Alerts of no source as a count: a story has it in its last line. */
static void tell_no_source(const struct session *session)
{
    const struct totals *totals = &session->totals;
    uint64_t others = totals->no_source - totals->claimed;
    if (totals->claimed > 0)
        driver_message(session->driver,
            "%" PRIu64 " alert%s named a source and could not be read as canonical; other senders' "
            "JSON should not say `source`, or be forced with --source NAME",
            totals->claimed, totals->claimed == 1 ? "" : "s");
    if (others > 0 && session->reporter.format != REPORT_TEXT)
        driver_message(session->driver,
            "%" PRIu64 " alert%s of no known source, so no field of %s has a value", others,
            others == 1 ? " is" : "s are", others == 1 ? "it" : "them");
}

enum exit_code session_end(struct session *session)
{
    const struct totals *totals = &session->totals;
    if (session_is_stopped(session)) {
        if (totals->open_runs > 0)
            driver_message(session->driver, "stopped; go on with: cdr resume --data %s",
                session_data_word(session));
        else
            driver_message(session->driver, "%s", err_text(ERR_STOPPED));
        return EXIT_FINDINGS;
    }
    uint64_t bad = totals->unreadable + totals->undecided + totals->bad_steps + totals->open_runs
                   + totals->old_runs + totals->changed_rules + totals->others + totals->claimed
                   + totals->held;
    tell_no_source(session);
    if (totals->old_runs > 0)
        driver_message(session->driver,
            "%" PRIu64 " earlier run%s did not end well or %s taken back, first run %" PRId64
            "; look with: cdr runs --data %s",
            totals->old_runs, totals->old_runs == 1 ? "" : "s",
            totals->old_runs == 1 ? "was" : "were", totals->old_run, session_data_word(session));
    if (totals->changed_rules > 0)
        driver_message(session->driver,
            "%" PRIu64 " alert%s acted on before a rule was changed, and nothing was done by the "
            "rule as it is; to act, add --again",
            totals->changed_rules, totals->changed_rules == 1 ? " was" : "s were");
    return bad > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

enum exit_code session_store_failure(struct session *session, const char *doing, enum err err)
{
    if (err != ERR_STORE && err != ERR_BUSY)
        return driver_failure(session->driver, doing, err);
    if (session->driver->watch != NULL) /* which tells it once, however often it is tried */
        store_watch_failed(session->driver->watch, doing, store_error(session->store));
    else
        driver_message(session->driver, "%s: the journal in %s: %s", doing, session->data,
            store_error(session->store));
    return EXIT_INTERNAL;
}

/* Whether the provider cut a run off, and may be back later. */
static bool is_of_provider(enum err err)
{
    return err == ERR_TRANSPORT || err == ERR_TIMEOUT || err == ERR_REFUSED
           || err == ERR_CREDENTIALS;
}

/* A run that was cut off on the way, with the way to go on. */
static enum exit_code cut_off(struct session *session, enum err err)
{
    if ((is_of_provider(err) || err == ERR_NEEDED) && session->run != 0) {
        int64_t due_ms;
        enum err failed =
            timers_retry(session->store, session->driver->clock, session->run, &due_ms);
        if (failed != ERR_OK)
            return session_store_failure(session, "setting the time of another try", failed);
    }
    const char *reason = session->executor.reason;
    session->totals.open_runs++;
    if (reason == NULL || err == ERR_STOPPED)
        reason = err_text(err);
    report_note(&session->reporter, "cut_off", reason);
    /* session_end tells of a stop when all is over; who shares the journal comes back by himself. */
    if (err != ERR_STOPPED && !session->is_shared)
        driver_message(session->driver, "%s\nGo on when that is mended: cdr resume%s --data %s",
            reason, err == ERR_PAUSED ? " --lift-pause --reason TEXT" : "",
            session_data_word(session));
    return EXIT_FINDINGS;
}

/* What to do about an error of run_execute and undo_execute. */
static enum exit_code execution_failure(struct session *session, enum err err)
{
    bool is_plan = session->executor.mode != MODE_APPLY;
    switch (err) {
    case ERR_OK:
        return EXIT_CLEAN;
    case ERR_STOPPED:
        if (!is_plan)
            return cut_off(session, err);
        report_note(&session->reporter, "cut_off", err_text(err));
        return EXIT_FINDINGS;
    case ERR_TRANSPORT:
    case ERR_TIMEOUT:
    case ERR_REFUSED:
    case ERR_CREDENTIALS:
        if (!is_plan)
            return cut_off(session, err);
        session->totals.bad_steps++;
        report_note(&session->reporter, "cut_off",
            session->executor.reason != NULL ? session->executor.reason : err_text(err));
        return EXIT_FINDINGS;
    case ERR_HELD: /* its steps were told, and what they wait for */
        session->totals.held++;
        return EXIT_FINDINGS;
    case ERR_PAUSED:
        return cut_off(session, err);
    case ERR_NEEDED:
        if (session->run != 0) /* an undo that was cut off, and must wait now */
            return cut_off(session, err);
        session->totals.bad_steps++;
        report_note(&session->reporter, "refused", session->executor.reason);
        driver_message(session->driver, "nothing was taken back: %s --data %s",
            session->executor.reason, session->data);
        return EXIT_FINDINGS;
    case ERR_UNDECIDED:
    case ERR_BUDGET:
        session->totals.undecided++;
        report_note(&session->reporter, "undecided", err_text(err));
        if (is_plan)
            return EXIT_FINDINGS;
        /* Replay would stop at the same place for ever. */
        err = store_run_abandon(session->store, session->run,
            session->driver->clock->now_ms(session->driver->clock), err_text(err));
        return err == ERR_OK ? EXIT_FINDINGS
                             : session_store_failure(session, "ending the run", err);
    case ERR_MEMORY:
    case ERR_LIMIT:
    case ERR_IO:
    case ERR_JSON:
    case ERR_BYTECODE:
    case ERR_DIVERGED:
    case ERR_STORE:
    case ERR_BUSY:
    case ERR_NOT_FOUND:
    case ERR_INVALID:
        break;
    }
    return session_store_failure(session, "carrying out the steps", err);
}

enum exit_code session_execute(struct session *session, const struct program *program,
    const struct rule_code *rule, const struct event *event, int64_t run)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(RUN_BYTES_MAX);
    session->run = run;
    session->totals.runs++;
    session->executor.reason = NULL;
    report_rule(&session->reporter, rule, run);
    enum err err = connector_use(&session->connector, program);
    if (err == ERR_OK)
        err = run_execute(
            &session->executor, program, rule, event, run, &arena, &session->run_report);
    return execution_failure(session, err);
}

/* Say why there was nothing to undo. */
static enum err tell_nothing_undone(struct session *session, const struct run *run,
    const struct undo_order *order, int64_t undo, struct arena *arena)
{
    const char *words;
    TRY(undo_nothing_words(session->store, run, order, undo, arena, &words));
    driver_message(session->driver, "%s", words);
    return ERR_OK;
}

static enum exit_code undo_tell(struct session *session, const struct run *run,
    const struct undo_order *order, int64_t undo, struct arena *arena, enum err err)
{
    bool is_nothing =
        err == ERR_INVALID || err == ERR_NOT_FOUND || (err == ERR_OK && session->undone_steps == 0);
    session->run = undo;
    session->totals.runs++;
    tell_undo(session);
    enum exit_code code = is_nothing ? EXIT_CLEAN : execution_failure(session, err);
    if (err == ERR_NOT_FOUND) {
        driver_message(session->driver, "run %" PRId64 " has no such step", run->id);
        err = ERR_OK;
    } else if (is_nothing) {
        err = tell_nothing_undone(session, run, order, undo, arena);
        if (err != ERR_OK)
            return session_store_failure(session, "reading what the run did", err);
    }
    err = report_undo_end(&session->reporter, undo);
    return err == ERR_OK ? code : driver_failure(session->driver, "writing the report", err);
}

/* An undo goes as its run went: by the connection that the rules of the run say. Where they cannot
 * be read any more, the accounts that its steps were in are all that is kept to, which is told. */
static enum err go_as_run(struct session *session, const struct run *run)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    bool is_said = false;
    enum err err = program_texts_connect(session->store, run->program_hash, &is_said);
    if (err == ERR_OK && is_said)
        err = program_texts_compile(session->store, run->program_hash, &compilation);
    if (err == ERR_DIVERGED || err == ERR_JSON || err == ERR_NOT_FOUND) {
        driver_message(session->driver,
            "the connection of run %" PRId64 " cannot be read from its rules by this build: it is "
            "taken back with the credentials of the environment, in the accounts that it was in",
            run->id);
        return connector_use(&session->connector, NULL);
    }
    TRY(err);
    return connector_use(&session->connector, compilation.program);
}

enum exit_code session_undo_in_time(struct session *session, const struct run *run,
    const struct undo_order *order, enum err *ret_refusal)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(RUN_BYTES_MAX);
    int64_t undo = 0;
    session->run = 0;
    session->undone_steps = 0;
    session->executor.reason = NULL;
    session->undone = run;
    session->undo_reason = order->timer == 0 ? NULL : order->reason.ptr;
    enum err err = go_as_run(session, run);
    if (err == ERR_OK)
        err = undo_execute(
            &session->executor, builtin_find_inverse, order, &arena, &session->undo_report, &undo);
    bool is_refusal =
        err == ERR_NEEDED || err == ERR_INVALID || err == ERR_NOT_FOUND || err == ERR_PAUSED;
    *ret_refusal = undo == 0 && is_refusal && order->timer != 0 ? err : ERR_OK;
    return *ret_refusal != ERR_OK ? EXIT_CLEAN : undo_tell(session, run, order, undo, &arena, err);
}

enum exit_code session_undo(
    struct session *session, const struct run *run, const struct undo_order *order)
{
    enum err refusal;
    return session_undo_in_time(session, run, order, &refusal);
}

enum err run_state(
    struct store *store, const struct run *run, struct arena *arena, const char **ret_state)
{
    struct step_record *steps = NULL;
    size_t count = 0;
    bool is_open = run->ended_ms == 0;
    TRY(store_steps(store, run->id, arena, &steps, &count));
    *ret_state = is_open                   ? "open"
                 : run->cut_reason.len > 0 ? "abandoned"
                                           : step_turn_name(STEP_DONE);
    for (size_t i = 0; i < count; i++) {
        enum step_turn turn = step_turn_find(steps[i].state);
        bool is_held = str_is(steps[i].state, step_turn_name(STEP_HELD));
        if (is_open ? is_held : turn != STEP_DONE) {
            *ret_state = step_turn_name(is_held ? STEP_HELD : turn);
            break;
        }
    }
    return ERR_OK;
}
