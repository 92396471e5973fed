/* resuming.c - see resuming.h. Resume is replay: the stored rules are compiled again, the stored alert
 * is read again, and the journal answers what was asked before.
 */
#include "driver/resuming.h"

#include "act/governor.h"
#include "base/time.h"
#include "daemon/log.h"
#include "driver/json_out.h"
#include "driver/open_runs.h"
#include "host/pause.h"
#include "registry.h"
#include "store/resumable.h"

#include <inttypes.h>
#include <stddef.h>

/* ---- one run ---- */

/* A run that this build cannot go on with: it stays as it is, and a person decides. */
static enum exit_code cannot_resume(struct session *session, const struct run *run, const char *why)
{
    int64_t due_ms;
    session->totals.open_runs++;
    driver_message(session->driver,
        "run %" PRId64 " (rule %.*s, alert %.*s) cannot go on: %s\n"
        "Finish it with the build of cdr that began it, or take it back: cdr undo %" PRId64
        " --data %s",
        run->id, STR_ARG(run->rule), STR_ARG(run->alert), why, run->id, session->data);
    enum err err = timers_retry(session->store, session->driver->clock, run->id, &due_ms);
    return err == ERR_OK ? EXIT_FINDINGS
                         : session_store_failure(session, "putting the run off", err);
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

static enum exit_code resume_taken(
    struct session *session, struct run_programs *programs, const struct run *run)
{
    const struct program *program = NULL;
    void *held = NULL;
    const char *why = NULL;
    enum err err = programs->take(programs, run, &program, &held, &why);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the rules of the run", err);
    if (program != NULL && open_run_rule(program, run) == NULL)
        why = "its rule means something else in this build";
    enum exit_code code = program == NULL || why != NULL ? cannot_resume(session, run, why)
                                                         : resume_program(session, run, program);
    if (program != NULL)
        programs->give_back(programs, held);
    return code;
}

static enum exit_code resume_rule(
    struct session *session, struct run_programs *programs, const struct run *run)
{
    CLEANUP(compile_release) struct compilation compilation = { 0 };
    const char *why = NULL;
    if (programs != NULL)
        return resume_taken(session, programs, run);
    enum err err = open_run_compile(session->store, run, &compilation, &why);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the rules of the run", err);
    return why != NULL ? cannot_resume(session, run, why)
                       : resume_program(session, run, compilation.program);
}

/* Go on with an undo as what it was begun as; nobody asks for it now. */
static enum exit_code resume_undo(struct session *session, const struct run *undo)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct run undone;
    struct undo_order order = { .run = undo->undoes,
        .is_of_one_step = undo->is_of_one_step,
        .step = undo->undoes_step,
        .reason = STR("it was cut off before") };
    enum err err = store_run_get(session->store, undo->undoes, &arena, &undone);
    return err == ERR_OK ? session_undo(session, &undone, &order)
                         : session_store_failure(session, "reading the run", err);
}

/* What is gone on with now needs no other try later; one that is cut off again gets one. */
static enum err retry_close(struct session *session, int64_t run, struct arena *arena)
{
    struct timer *timers;
    size_t count;
    struct clock *clock = session->driver->clock;
    TRY(timers_list(session->store, run, arena, &timers, &count));
    for (size_t i = 0; i < count; i++)
        if (timers[i].kind == TIMER_RETRY)
            TRY(timers_end(session->store, timers[i].id, clock->now_ms(clock),
                STR("cancelled: it was gone on with before")));
    return ERR_OK;
}

enum exit_code resuming_run(struct session *session, struct run_programs *programs, int64_t id)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(COMPILE_BYTES_MAX);
    struct run run;
    enum err err = store_run_get(session->store, id, &arena, &run);
    if (err == ERR_OK && run.ended_ms != 0) /* the undo of a run that was open too ended it */
        return EXIT_CLEAN;
    if (err == ERR_OK)
        err = retry_close(session, id, &arena);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the run", err);
    return run.undoes != 0 ? resume_undo(session, &run) : resume_rule(session, programs, &run);
}

/* ---- timers ---- */

static struct resuming *resuming_of(struct timer_hands *hands)
{
    return (struct resuming *)(void *)((char *)hands - offsetof(struct resuming, hands));
}

static bool hands_is_paused(struct timer_hands *hands)
{
    const char *file = resuming_of(hands)->session->governor.pause_file;
    return file != NULL && pause_is_on(file);
}

static bool hands_is_stopped(struct timer_hands *hands)
{
    return session_is_stopped(resuming_of(hands)->session);
}

/* What has failed was told; timers_fire ends by it. */
static enum err err_of(struct resuming *resuming, enum exit_code code)
{
    resuming->code = code > EXIT_FINDINGS ? code : EXIT_CLEAN;
    return session_is_stopped(resuming->session) || code > EXIT_FINDINGS ? ERR_STOPPED : ERR_OK;
}

/* Go on with a run, here or by the crew. */
static enum exit_code go_on(struct resuming *resuming, int64_t run)
{
    if (resuming->crew == NULL)
        return resuming_run(resuming->session, NULL, run);
    resuming->crew->go_on(resuming->crew, run);
    return EXIT_CLEAN;
}

static enum err hands_undo(struct timer_hands *hands, const struct timer *timer, const char *reason)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct resuming *resuming = resuming_of(hands);
    struct run run;
    struct undo_order order = { .run = timer->run,
        .is_of_one_step = true,
        .step = timer->step,
        .timer = timer->id,
        .reason = str_from(reason) };
    enum err refusal = ERR_OK;
    TRY(store_run_get(resuming->session->store, timer->run, &arena, &run));
    bool is_claimed = resuming->crew != NULL && resuming->crew->claim != NULL;
    if (is_claimed && !resuming->crew->claim(resuming->crew, &order))
        return ERR_PAUSED;
    enum exit_code code = session_undo_in_time(resuming->session, &run, &order, &refusal);
    if (is_claimed)
        resuming->crew->give_back(resuming->crew, &order);
    TRY(refusal);
    resuming->done++;
    return err_of(resuming, code);
}

static bool hands_later(struct timer_hands *hands, const struct timer *timer)
{
    struct resuming_crew *crew = resuming_of(hands)->crew;
    return crew != NULL && crew->later != NULL && crew->later(crew, timer);
}

static enum err hands_retry(struct timer_hands *hands, const struct timer *timer)
{
    struct resuming *resuming = resuming_of(hands);
    resuming->done++;
    return err_of(resuming, go_on(resuming, timer->run));
}

static void tell_text(struct output *out, const struct timer *timer, const char *due)
{
    output_addf(out, "timer of run %" PRId64 ", step %u: ", timer->run, (unsigned)timer->step + 1);
    if (timer->ended_ms == 0)
        output_addf(out, "put off to %s", due);
    if (timer->ended_ms == 0 && timer->outcome.len > 0)
        output_add(out, STR(": "));
    if (timer->kind == TIMER_EXPIRE && timer->ended_ms != 0 && str_is(timer->outcome, "fired"))
        output_addf(out, "hold %" PRId64 " has expired", timer->hold);
    else
        output_text(out, timer->outcome);
    output_add(out, STR("\n"));
}

static enum err tell_json(struct output *out, const struct timer *timer, int64_t due_ms)
{
    json_t *json = json_object();
    json_put(&json, "timer", json_from_text(timer_kind_name(timer->kind)));
    json_put(&json, "run", json_integer(timer->run));
    json_put(&json, "step", json_integer(timer->step));
    if (timer->hold != 0)
        json_put(&json, "hold", json_integer(timer->hold));
    json_put(&json, "due", json_from_moment(due_ms));
    json_put(&json, "outcome", json_or_null(timer->outcome));
    enum err err = json_add_line(&out->buf, json);
    json_decref(json);
    return err;
}

static void hands_told(struct timer_hands *hands, const struct timer *timer)
{
    struct resuming *resuming = resuming_of(hands);
    struct session *session = resuming->session;
    struct output *out = &session->driver->out;
    char text[TIME_TEXT_MAX];
    int64_t now_ms = 0;
    resuming->done++;
    /* People read the clock on the wall. */
    int64_t due_ms = timer->due_ms;
    if (timers_now(session->store, session->driver->clock, &now_ms) == ERR_OK)
        due_ms += session->driver->clock->now_ms(session->driver->clock) - now_ms;
    if (session->reporter.format == REPORT_LOG) {
        LOG(session->driver->events, LOG_LEVEL_INFO, "timer", LOG_NUMBER("run", timer->run),
            LOG_NUMBER("step", timer->step + 1), LOG_TEXT("due", time_format(due_ms, text)),
            LOG_TEXT("outcome", timer->outcome));
        return;
    }
    if (session->reporter.format == REPORT_TEXT)
        tell_text(out, timer, time_format(due_ms, text).ptr);
    else if (tell_json(out, timer, due_ms) != ERR_OK)
        (void)driver_failure(session->driver, "telling of a timer", ERR_MEMORY);
    output_flush(out);
}

/* ---- a round ---- */

void resuming_init(struct resuming *resuming, struct session *session)
{
    *resuming = (struct resuming){ .session = session,
        .hands = { .is_paused = hands_is_paused,
            .is_stopped = hands_is_stopped,
            .later = hands_later,
            .undo = hands_undo,
            .retry = hands_retry,
            .told = hands_told } };
}

static enum exit_code fire(struct resuming *resuming)
{
    struct session *session = resuming->session;
    enum err err = timers_fire(session->store, session->driver->clock, &resuming->hands);
    if (err == ERR_OK || err == ERR_STOPPED)
        return resuming->code;
    return session_store_failure(session, "doing what is due", err);
}

enum exit_code resuming_fire(struct resuming *resuming, int64_t timer)
{
    struct session *session = resuming->session;
    resuming->code = EXIT_CLEAN;
    enum err err = timers_fire_one(session->store, session->driver->clock, &resuming->hands, timer);
    if (err == ERR_OK || err == ERR_STOPPED)
        return resuming->code;
    return session_store_failure(session, "doing what is due", err);
}

/* Every run that was cut off, or whose hold was settled. One that ends makes way for those that
 * wait for it, which are younger. */
static enum exit_code resume_open(struct resuming *resuming, int64_t now_ms, size_t room)
{
    struct session *session = resuming->session;
    struct clock *clock = session->driver->clock;
    int64_t retry_ms = resuming->is_later ? now_ms : INT64_MAX;
    enum exit_code code = EXIT_CLEAN;
    for (int64_t run = 0; code <= EXIT_FINDINGS && !session_is_stopped(session) && room > 0;
         room--) {
        if (hands_is_paused(&resuming->hands))
            return EXIT_CLEAN;
        enum err err = resumable_next(
            session->store, run, retry_ms, clock->now_ms(clock) - JOIN_RUNNING_MS, &run);
        if (err == ERR_NOT_FOUND)
            return EXIT_CLEAN;
        if (err != ERR_OK)
            return session_store_failure(session, "looking for open runs", err);
        resuming->done++;
        code = go_on(resuming, run);
    }
    return code > EXIT_FINDINGS ? code : EXIT_CLEAN;
}

/* Ask the provider about steps that were held over a limit without a look at it. */
static enum exit_code plan_holds(struct resuming *resuming, int64_t now_ms)
{
    struct session *session = resuming->session;
    if (resuming->plans_ms <= now_ms) {
        resuming->plans = PLANS_AT_ONCE;
        resuming->plans_ms = now_ms + PLANS_AGAIN_MS;
    }
    enum exit_code code = EXIT_CLEAN;
    for (; resuming->plans > 0 && code <= EXIT_FINDINGS; resuming->plans--) {
        int64_t run;
        if (session_is_stopped(session) || hands_is_paused(&resuming->hands))
            return EXIT_CLEAN;
        enum err err = resumable_unplanned(
            session->store, resuming->planned_hold, &resuming->planned_hold, &run);
        if (err == ERR_NOT_FOUND)
            return EXIT_CLEAN;
        if (err != ERR_OK)
            return session_store_failure(session, "looking for holds without a plan", err);
        resuming->done++;
        code = go_on(resuming, run);
    }
    return code > EXIT_FINDINGS ? code : EXIT_CLEAN;
}

static enum exit_code round_of(struct resuming *resuming, size_t room)
{
    struct session *session = resuming->session;
    int64_t now_ms = 0;
    enum exit_code code = fire(resuming);
    if (code != EXIT_CLEAN || session_is_stopped(session))
        return code;
    enum err err = timers_now(session->store, session->driver->clock, &now_ms);
    if (err != ERR_OK)
        return session_store_failure(session, "reading the time", err);
    code = resume_open(resuming, now_ms, room);
    if (code == EXIT_CLEAN)
        code = plan_holds(resuming, now_ms);
    resuming->is_later = true;
    return code;
}

enum exit_code resuming_round(struct resuming *resuming)
{
    return round_of(resuming, SIZE_MAX);
}

enum exit_code resuming_hand_over(struct resuming *resuming, size_t room)
{
    return round_of(resuming, room);
}

/* Whether a run can be gone on with, or a hold be planned. */
static enum err work_find(const struct resuming *resuming, int64_t now_ms, bool *ret_is_there)
{
    struct store *store = resuming->session->store;
    struct clock *clock = resuming->session->driver->clock;
    int64_t hold;
    int64_t run;
    *ret_is_there = false;
    if (resuming->session->governor.pause_file != NULL
        && pause_is_on(resuming->session->governor.pause_file))
        return ERR_OK;
    enum err err = ERR_NOT_FOUND;
    if (now_ms >= resuming->again_ms)
        err = resumable_next(store, 0, now_ms, clock->now_ms(clock) - JOIN_RUNNING_MS, &run);
    if (err == ERR_NOT_FOUND && resuming->plans > 0)
        err = resumable_unplanned(store, resuming->planned_hold, &hold, &run);
    *ret_is_there = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum exit_code resuming_rest(struct resuming *resuming)
{
    struct session *session = resuming->session;
    int64_t now_ms = 0;
    bool is_left = false;
    resuming->again_ms = 0;
    enum err err = timers_now(session->store, session->driver->clock, &now_ms);
    if (err == ERR_OK)
        err = work_find(resuming, now_ms, &is_left);
    if (err != ERR_OK)
        return session_store_failure(session, "looking for open runs", err);
    if (is_left) /* the round could not do it, and the next could not at once */
        resuming->again_ms = now_ms + RETRY_FIRST_MS;
    session_rest(session);
    return EXIT_CLEAN;
}

enum exit_code resuming_look(struct resuming *resuming, bool *ret_is_due)
{
    struct session *session = resuming->session;
    int64_t now_ms;
    int64_t due_ms;
    *ret_is_due = false;
    enum err err = timers_now(session->store, session->driver->clock, &now_ms);
    if (err == ERR_OK)
        err = timers_next(session->store, &due_ms);
    if (err == ERR_OK)
        err = work_find(resuming, now_ms, ret_is_due);
    if (err != ERR_OK)
        return session_store_failure(session, "looking for the next timer", err);
    *ret_is_due |= due_ms <= now_ms || resuming->plans_ms <= now_ms;
    return EXIT_CLEAN;
}

/* When something of the time of timers is, by the clock on the wall. */
const char *resuming_time(struct session *session, int64_t at_ms, char text[static TIME_TEXT_MAX])
{
    int64_t now_ms = 0;
    struct clock *clock = session->driver->clock;
    if (timers_now(session->store, clock, &now_ms) == ERR_OK)
        at_ms += clock->now_ms(clock) - now_ms;
    return time_format(at_ms, text).ptr;
}

enum exit_code resuming_overdue(struct session *session)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(EVENT_BYTES_MAX);
    struct timer timer;
    uint64_t count;
    uint32_t step;
    uint32_t tries;
    int64_t run;
    enum err err = timers_overdue(session->store, &run, &step, &count);
    if (err == ERR_NOT_FOUND)
        return EXIT_CLEAN;
    if (err == ERR_OK)
        err = timers_find(session->store, TIMER_UNDO, run, step, &arena, &timer, &tries);
    if (err != ERR_OK)
        return session_store_failure(session, "looking for what is over its time", err);
    char text[TIME_TEXT_MAX];
    driver_message(session->driver,
        "%" PRIu64 " step%s over %s time and could not be taken back; of run %" PRId64
        ", step %u: %s%s",
        count, count == 1 ? " is" : "s are", count == 1 ? "its" : "their", run, (unsigned)step + 1,
        timer.ended_ms == 0 ? "the next try is at " : "no more tries are made, take it back with ",
        timer.ended_ms == 0
            ? resuming_time(session, timer.due_ms, text)
            : arena_format(&arena, "cdr undo %" PRId64 " --data %s", run, session->data));
    return EXIT_FINDINGS;
}
