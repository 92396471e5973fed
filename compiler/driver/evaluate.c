/* evaluate.c - see evaluate.h. */
#include "driver/evaluate.h"

#include "decide.h"
#include "driver/dead_letter.h"

#include <inttypes.h>
#include <string.h>

enum {
    STRANGERS_SHOWN = 10,
    /* One commit for so many alerts, or after so long: a storm goes as fast as we are, not as the
     * disk is, and `cdr approve` never waits longer. */
    GATHERED_ALERTS_MAX = 256,
    GATHERED_MS_MAX = 100,
};

static enum err prepare(struct evaluation *evaluation)
{
    const struct program *program = evaluation->program;
    TRY(projection_new(
        &evaluation->arena, program->paths, program->path_count, &evaluation->projection));
    if (evaluation->image == NULL)
        TRY(match_image_new(&evaluation->arena, program, &evaluation->image));
    return matcher_new(evaluation->image, &evaluation->matcher);
}

enum exit_code evaluation_begin(struct evaluation *evaluation)
{
    const struct program *program = evaluation->program;
    enum err err = prepare(evaluation);
    if (err == ERR_OK)
        err = reporter_count(&evaluation->session->reporter, program);
    evaluation->reached =
        ARENA_ARRAY(&evaluation->arena, uint64_t, (size_t)program->rule_count + 1);
    evaluation->recorder = (struct recorder){ .session = evaluation->session,
        .program = program,
        .forced_source = evaluation->forced_source,
        .is_again = evaluation->is_again,
        .is_once = evaluation->hands != NULL,
        /* A person reads along, and believes what is there. */
        .gathers = evaluation->session->reporter.format != REPORT_TEXT,
        .actor = evaluation->session->governor.actor };
    if (err == ERR_OK && evaluation->reached == NULL)
        err = ERR_MEMORY;
    return err == ERR_OK
               ? EXIT_CLEAN
               : driver_failure(evaluation->session->driver, "preparing to read alerts", err);
}

void evaluation_force(struct evaluation *evaluation, str source)
{
    evaluation->forced_source = source;
    evaluation->recorder.forced_source = source;
}

void evaluation_release(struct evaluation *evaluation)
{
    matcher_free(evaluation->matcher);
    arena_release(&evaluation->arena);
}

static int64_t now(const struct session *session)
{
    return session->driver->clock->now_ms(session->driver->clock);
}

/* Tell and count an alert that cannot be read, and keep it. */
static enum exit_code unreadable(struct evaluation *evaluation, const char *file,
    const struct alert_text *alert, const char *reason)
{
    struct session *session = evaluation->session;
    session->totals.unreadable++;
    if (evaluation->hands != NULL) {
        evaluation->hands->set_aside(evaluation->hands, reason);
        return EXIT_FINDINGS;
    }
    driver_message(
        session->driver, "%s:%" PRIu32 ": the alert cannot be read: %s", file, alert->line, reason);
    if (session->data == NULL)
        return EXIT_FINDINGS;
    struct dead_letter letter = { file, alert->line, reason, now(session), alert->json };
    enum err err = dead_letter_add(session->data, &letter);
    if (err == ERR_OK && dead_letter_is_cut(&letter))
        driver_message(session->driver,
            "%s:%" PRIu32 ": it is long: its first %d bytes are kept, and the SHA-256 of all", file,
            alert->line, DEAD_LETTER_BEGINNING);
    if (err == ERR_OK)
        return EXIT_FINDINGS;
    driver_message(session->driver, "the alert could not be kept in %s: %s", session->data,
        dead_letter_failure(err));
    return EXIT_INTERNAL;
}

const char *alert_fault(enum err err, const struct json_fault *fault)
{
    if (err == ERR_JSON)
        return fault->reason;
    if (err == ERR_UNDECIDED || err == ERR_BUDGET)
        return "no source could be chosen: a condition of a source reached its limit";
    if (err == ERR_MEMORY || err == ERR_LIMIT)
        return "it needs more memory than one alert may have";
    return NULL;
}

/* Whether a run was begun by another rule, which had the name that this one has now. */
static bool is_of_another(const struct run *run, const struct rule_code *rule)
{
    return run->rule_id.len > 0 && !str_equal(run->rule_id, rule->id);
}

static bool is_held(const char *state)
{
    return strcmp(state, step_turn_name(STEP_HELD)) == 0;
}

/* Count what an earlier run asks of a person. */
static void count_old_run(
    struct totals *totals, const struct run *run, const char *state, bool is_changed, bool is_bad)
{
    bool is_settled = run_is_settled(run->standing);
    totals->changed_rules += is_changed;
    if (is_held(state))
        totals->held++;
    else if (run->standing == RUN_OPEN)
        totals->open_runs++;
    else if (is_settled)
        totals->others += is_bad;
    else if (!is_changed && totals->old_runs++ == 0)
        totals->old_run = run->id;
}

/* What an earlier run of the alert means for this one; sets *ret_is_bad when a person
 * should look. NULL when memory is short. */
static const char *old_run_note(const struct evaluation *evaluation, const struct run *run,
    const struct event *event, const char *state, struct arena *arena, bool *ret_is_bad)
{
    const struct session *session = evaluation->session;
    bool is_same = str_equal(run->alert_text, event->text);
    bool is_settled = run_is_settled(run->standing);
    *ret_is_bad = !is_same || !is_settled;
    if (is_held(state))
        return arena_format(arena, "run %" PRId64 " waits for a person: cdr approvals --data %s",
            run->id, session_data_word(session));
    if (run->standing == RUN_OPEN)
        return arena_format(arena, "run %" PRId64 " was cut off; go on with: cdr resume --data %s",
            run->id, session_data_word(session));
    if (run->standing == RUN_PARTLY_TAKEN_BACK)
        return arena_format(arena,
            "run %" PRId64 " was taken back in part, and nothing was done again; look at it with "
            "cdr runs --data %s, then add --again",
            run->id, session_data_word(session));
    if (recorder_began(&evaluation->recorder, run->id))
        return arena_format(arena,
            "already run %" PRId64 " of this very command: %s; nothing was done again%s", run->id,
            state, is_same ? "" : " for other content under the same id");
    if (!is_settled)
        return arena_format(arena,
            "already run %" PRId64 ": %s; nothing was done again; to try again, add --again",
            run->id, state);
    if (!is_same)
        return arena_format(arena,
            "already run %" PRId64 ", for other content under the same id: an update never fires "
            "a response again; to act on it all the same, add --again",
            run->id);
    if (run->standing == RUN_DECIDED)
        return arena_format(arena,
            "already run %" PRId64 ": %s; the same alert does not ask again; to ask again, add "
            "--again",
            run->id, state);
    return arena_format(
        arena, "already run %" PRId64 ": %s; nothing was done again", run->id, state);
}

static const char *changed_rule_note(const struct rule_code *rule, int64_t run, struct arena *arena)
{
    return arena_format(arena,
        "rule %.*s was changed since run %" PRId64
        " acted on this alert; nothing was done: add --again to act by the rule as it is",
        STR_ARG(rule->name), run);
}

/* A rule that fired for this alert before: say how that ended. */
static enum exit_code tell_old_run(const struct evaluation *evaluation, const struct firing *firing,
    const struct event *event, struct arena *arena)
{
    struct session *session = evaluation->session;
    struct run run;
    const char *state = NULL;
    bool is_bad = false;
    enum err err = store_run_get(session->store, firing->run, arena, &run);
    if (err == ERR_OK)
        err = run_state(session->store, &run, arena, &state);
    if (err != ERR_OK)
        return session_store_failure(session, "reading an earlier run", err);
    report_rule(&session->reporter, firing->rule, firing->run);
    bool is_changed = run.standing != RUN_OPEN && is_of_another(&run, firing->rule);
    const char *note = is_changed ? changed_rule_note(firing->rule, run.id, arena)
                                  : old_run_note(evaluation, &run, event, state, arena, &is_bad);
    if (note == NULL)
        return driver_failure(session->driver, "telling an earlier run", ERR_MEMORY);
    count_old_run(&session->totals, &run, state, is_changed, is_bad);
    report_note(&session->reporter, "note", note);
    return EXIT_CLEAN;
}

/* How the run that an alert belongs to by `dedup` is, in words: in a plan it is only planned. One
 * that did not end well is counted, as it would be for its own alert. */
static enum err joined_state(
    struct session *session, int64_t id, struct arena *arena, const char **ret_state)
{
    struct run run;
    *ret_state = "planned";
    if (id == 0)
        return ERR_OK;
    TRY(store_run_get(session->store, id, arena, &run));
    TRY(run_state(session->store, &run, arena, ret_state));
    if (run.standing != RUN_OPEN)
        count_old_run(&session->totals, &run, *ret_state, false, false);
    return ERR_OK;
}

/* By what an alert belongs to the run of an earlier one. It may have joined it before the rule was
 * changed. In `arena`; NULL when that is full. */
static const char *joined_by(const struct rule_code *rule, struct arena *arena)
{
    return rule->dedup.text.len > 0 ? arena_format(arena, "`%.*s`", STR_ARG(rule->dedup.text))
                                    : "a `dedup` that the rule no longer has";
}

/* An alert that belongs to the run of an earlier one: which, and how that is. */
static enum exit_code tell_joined(
    const struct evaluation *evaluation, const struct firing *firing, struct arena *arena)
{
    struct session *session = evaluation->session;
    const struct rule_code *rule = firing->rule;
    const char *state = NULL;
    enum err err = joined_state(session, firing->run, arena, &state);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the run that an alert joins", err);
    report_rule(&session->reporter, rule, firing->run);
    const char *by = joined_by(rule, arena);
    if (by == NULL)
        return driver_failure(session->driver, "telling the run that an alert joins", ERR_MEMORY);
    const char *note =
        firing->run == 0
            ? arena_format(arena, "would join the run of an earlier alert by %s", by)
            : arena_format(arena, "joined run %" PRId64 " by %s: %s; nothing was done again",
                firing->run, by, state);
    if (note == NULL)
        return driver_failure(session->driver, "telling the run that an alert joins", ERR_MEMORY);
    session->totals.joined++;
    report_note(&session->reporter, "joined", note);
    return EXIT_CLEAN;
}

/* Runs that were begun in the journal and are left to a resume. */
static void leave_open(struct session *session, const struct firing *firings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        session->totals.open_runs +=
            firings[i].run != 0 && !firings[i].is_old && !firings[i].is_joined;
}

static enum exit_code act_for_rule(struct evaluation *evaluation, const struct firing *firing,
    const struct event *event, struct arena *arena)
{
    if (firing->is_joined)
        return tell_joined(evaluation, firing, arena);
    if (firing->is_old)
        return tell_old_run(evaluation, firing, event, arena);
    return session_execute(
        evaluation->session, evaluation->program, firing->rule, event, firing->run);
}

/* Runs that somebody else carries out. */
static void hand_over(struct evaluation *evaluation, const struct firing *firings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (firings[i].run != 0 && !firings[i].is_old && !firings[i].is_joined)
            evaluation->hands->begun(evaluation->hands, firings[i].run);
}

static enum exit_code act(struct evaluation *evaluation, const struct event *event, str name,
    struct firing *firings, size_t count, struct arena *arena)
{
    struct session *session = evaluation->session;
    enum exit_code opened = count == 0 ? EXIT_CLEAN : session_counts(session);
    if (opened != EXIT_CLEAN)
        return opened;
    evaluation->recorder.counts = session->counts;
    enum err err = record_alert(&evaluation->recorder, event, name, firings, count, arena);
    if (err != ERR_OK)
        return session_store_failure(session, "beginning a run", err);
    if (evaluation->hands != NULL) {
        hand_over(evaluation, firings, count);
        return EXIT_CLEAN;
    }
    for (size_t i = 0; i < count; i++) {
        enum exit_code code = act_for_rule(evaluation, &firings[i], event, arena);
        if (code > EXIT_FINDINGS)
            return code;
        if (session_is_stopped(session)) {
            leave_open(session, &firings[i + 1], count - i - 1);
            break;
        }
    }
    return EXIT_CLEAN;
}

/* A rule that waits for more than this alert: it is told and counted, and never fires. */
static void tell_not_run(struct evaluation *evaluation, uint32_t rule)
{
    evaluation->reached[rule]++;
    report_not_run(&evaluation->session->reporter, &evaluation->program->rules[rule]);
}

void evaluation_end(const struct evaluation *evaluation)
{
    const struct program *program = evaluation->program;
    const struct session *session = evaluation->session;
    uint64_t held = session->totals.held;
    if (session->reporter.format == REPORT_SUMMARY && session->reporter.data != NULL && held > 0)
        driver_message(session->driver, "%" PRIu64 " run%s for a person: cdr approvals --data %s",
            held, held == 1 ? " waits" : "s wait", session->reporter.data);
    for (uint32_t i = 0; evaluation->reached != NULL && i < program->rule_count; i++) {
        uint64_t count = evaluation->reached[i];
        if (count > 0)
            driver_message(evaluation->session->driver,
                "rule %.*s was not run for %" PRIu64 " alert%s that reached it: it needs `%.*s`, "
                "which this build does not keep",
                STR_ARG(program->rules[i].name), count, count == 1 ? "" : "s",
                STR_ARG(program->rules[i].needs_state));
    }
}

static void tell_undecided(struct session *session, const struct rule_code *rule, enum err reason)
{
    session->totals.undecided++;
    if (session->reporter.format == REPORT_SUMMARY)
        driver_message(session->driver, "rule %.*s is undecided for an alert: %s",
            STR_ARG(rule->name), err_text(reason));
    report_undecided(&session->reporter, rule, err_text(reason));
}

static bool is_limit(enum err err)
{
    return err == ERR_UNDECIDED || err == ERR_BUDGET || err == ERR_MEMORY;
}

/* As rule_decide. A full scan that meets a limit says what the index says: without its witness a rule
 * is silent, and where tests that were met make a condition true, the others do not matter. */
static enum err decide_rule(struct evaluation *evaluation, const struct event *event,
    struct match match, struct arena *scratch, struct rule_decision *ret_decision)
{
    const struct program *program = evaluation->program;
    const struct rule_code *rule = &program->rules[match.rule];
    enum matcher_answer answer = match.is_certain ? MATCHER_CERTAIN : MATCHER_MAY;
    *ret_decision = (struct rule_decision){ .outcome = RULE_SILENT };
    enum err err = ERR_OK;
    if (answer == MATCHER_MAY)
        err = rule_decide(program, rule, event, scratch, ret_decision);
    if (is_limit(err) && evaluation->scans_all)
        TRY(matcher_rule(evaluation->matcher, event, match.rule, &answer));
    if (answer == MATCHER_CERTAIN)
        return rule_excuse(program, rule, event, scratch, ret_decision);
    if (answer == MATCHER_MAY)
        return err;
    *ret_decision = (struct rule_decision){ .outcome = RULE_SILENT };
    return ERR_OK;
}

/* Whether one rule fires for the event. What cannot be decided is told. */
static enum exit_code ask_rule(
    struct evaluation *evaluation, const struct event *event, struct match match, bool *ret_fires)
{
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(EVENT_BYTES_MAX);
    struct session *session = evaluation->session;
    const struct rule_code *rule = &evaluation->program->rules[match.rule];
    struct rule_decision decision;
    *ret_fires = false;
    if (evaluation->only.len > 0 && !str_equal(rule->name, evaluation->only))
        return EXIT_CLEAN;
    enum err err = decide_rule(evaluation, event, match, &scratch, &decision);
    if (is_limit(err))
        tell_undecided(session, rule, err);
    else if (err != ERR_OK)
        return driver_failure(session->driver, "evaluating a rule", err);
    else if (decision.outcome == RULE_EXCUSED)
        report_excused(&session->reporter, rule, decision.excuse);
    else if (decision.outcome != RULE_SILENT && rule->needs_state.len > 0)
        tell_not_run(evaluation, match.rule);
    else
        *ret_fires = decision.outcome != RULE_SILENT;
    return EXIT_CLEAN;
}

/* Which rules fire, in `arena`, in the order of the program; those that cannot be decided are told. */
static enum exit_code decide(struct evaluation *evaluation, const struct event *event,
    struct arena *arena, struct firing **ret_firings, size_t *ret_count)
{
    const struct program *program = evaluation->program;
    struct session *session = evaluation->session;
    struct matches matches;
    /* An alert for which the index needs more memory than there is may still be asked rule by rule. */
    bool scans_all =
        evaluation->scans_all || matcher_event(evaluation->matcher, event, &matches) != ERR_OK;
    uint32_t asked = scans_all ? program->rule_count : matches.count;
    struct firing *firings = ARENA_ARRAY(arena, struct firing, (size_t)asked + 1);
    size_t count = 0;
    if (firings == NULL)
        return driver_failure(session->driver, "evaluating an alert", ERR_MEMORY);
    for (uint32_t i = 0; i < asked; i++) {
        struct match match = scans_all ? (struct match){ i, false } : matches.items[i];
        bool fires;
        enum exit_code code = ask_rule(evaluation, event, match, &fires);
        if (code != EXIT_CLEAN)
            return code;
        if (fires)
            firings[count++] = (struct firing){ .rule = &program->rules[match.rule] };
    }
    session->totals.matched += count > 0;
    *ret_firings = firings;
    *ret_count = count;
    return EXIT_CLEAN;
}

void evaluation_pass(struct evaluation *evaluation, const struct passed_alerts *passed)
{
    struct totals *totals = &evaluation->session->totals;
    evaluation->passed += passed->alerts;
    totals->alerts += passed->alerts;
    totals->matched += passed->matched;
    totals->no_source += passed->no_source;
    totals->runs += passed->rule_count;
    for (size_t i = 0; i < passed->rule_count; i++)
        report_rule(
            &evaluation->session->reporter, &evaluation->program->rules[passed->rules[i]], 0);
}

static enum exit_code evaluate_event(
    struct evaluation *evaluation, const struct event *event, struct arena *arena)
{
    struct session *session = evaluation->session;
    struct firing *firings = NULL;
    size_t count = 0;
    str name = event_name(event, arena);
    if (name.ptr == NULL)
        return driver_failure(session->driver, "evaluating an alert", ERR_MEMORY);
    report_alert(&session->reporter, event, name);
    enum exit_code code = decide(evaluation, event, arena, &firings, &count);
    if (code == EXIT_CLEAN && evaluation->hands != NULL)
        evaluation->hands->decided(evaluation->hands, event, name, count);
    if (code == EXIT_CLEAN && !evaluation->is_dry)
        code = act(evaluation, event, name, firings, count, arena);
    enum err err = report_alert_end(&session->reporter);
    if (err != ERR_OK && code == EXIT_CLEAN)
        return driver_failure(session->driver, "writing the report", err);
    return code;
}

/* An alert that was meant to be in canonical names: what it says must not be lost silently. */
static void tell_stranger(struct session *session, const char *file, const struct alert_text *alert,
    const struct event *event)
{
    if (session->totals.claimed++ >= STRANGERS_SHOWN)
        return;
    const char *fault = field_find(event->stranger) == FIELD_COUNT
                            ? "is no canonical name"
                            : "holds what is no value of a field";
    driver_message(session->driver,
        "%s:%" PRIu32 ": no source takes this alert: `%.*s` %s, so no field of it has a value",
        file, alert->line, STR_ARG(event->stranger), fault);
}

/* Count an alert that no source takes; a person is told of the first. Where rules ask for raw JSON alone
 * only one that was meant to be in canonical names is worth a word. */
static void tell_no_source(const struct evaluation *evaluation, const char *file,
    const struct alert_text *alert, const struct event *event)
{
    struct session *session = evaluation->session;
    bool is_asked = match_image_asks_source(evaluation->image);
    if (event->source.len > 0 || (event->claimed.len == 0 && !is_asked))
        return;
    bool is_first = session->totals.no_source++ == session->totals.claimed;
    if (event->claimed.len > 0)
        tell_stranger(session, file, alert, event);
    else if (is_first && session->reporter.format == REPORT_TEXT)
        driver_message(session->driver,
            "%s:%" PRIu32 ": no source takes this alert, so its fields have no values (only raw "
            "has); force one with --source NAME",
            file, alert->line);
}

enum exit_code evaluate_alert(
    struct evaluation *evaluation, const char *file, const struct alert_text *alert)
{
    struct session *session = evaluation->session;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    session->totals.alerts++;
    if (alert->reason != NULL)
        return unreadable(evaluation, file, alert, alert->reason);
    struct event event;
    struct json_fault fault = { .reason = "not JSON" };
    enum err err = event_read(evaluation->program, evaluation->projection, alert->json,
        evaluation->forced_source,
        evaluation->received_ms != 0 ? evaluation->received_ms : now(session), &arena, &event,
        &fault);
    if (err == ERR_OK) {
        if (evaluation->hands == NULL)
            tell_no_source(evaluation, file, alert, &event);
        return evaluate_event(evaluation, &event, &arena);
    }
    const char *reason = alert_fault(err, &fault);
    if (err == ERR_MEMORY
        && arena.held < arena.limit / 2) /* the machine's fault, not the alert's */
        reason = NULL;
    return reason != NULL ? unreadable(evaluation, file, alert, reason)
                          : driver_failure(session->driver, "reading an alert", err);
}

enum exit_code evaluation_settle(struct evaluation *evaluation, bool is_last, bool *ret_is_settled)
{
    struct session *session = evaluation->session;
    int64_t now_ms = now(session);
    bool is_due = is_last || ++evaluation->gathered >= GATHERED_ALERTS_MAX
                  || now_ms - evaluation->gathered_ms >= GATHERED_MS_MAX
                  || now_ms < evaluation->gathered_ms;
    *ret_is_settled = is_due || session->store == NULL;
    if (!is_due || session->store == NULL)
        return EXIT_CLEAN;
    evaluation->gathered = 0;
    evaluation->gathered_ms = now_ms;
    enum err err = store_settle(session->store);
    return err == ERR_OK ? EXIT_CLEAN : session_store_failure(session, "recording alerts", err);
}

enum exit_code evaluate_next(
    struct evaluation *evaluation, const char *file, const struct alert_text *alert)
{
    struct session *session = evaluation->session;
    struct output *out = &session->driver->out;
    bool is_settled = false;
    enum exit_code code = evaluate_alert(evaluation, file, alert);
    if (code > EXIT_FINDINGS)
        return code;
    code = evaluation_settle(evaluation, false, &is_settled);
    if (code != EXIT_CLEAN)
        return code;
    if (is_settled)
        output_relax(out);
    return out->failure != 0 && session->executor.mode != MODE_APPLY ? EXIT_INTERNAL : EXIT_CLEAN;
}
