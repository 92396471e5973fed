/* evaluator.c - see evaluator.h. */
#include "serve/evaluator.h"

#include "driver/evaluate.h"
#include "host/condition.h"
#include "serve/crew.h"
#include "serve/desk.h"
#include "serve/line_batch.h"

#include <stdlib.h>

enum {
    WAIT_MS = 1000,
    SLICE_MS = 100,
    BATCH_BYTES_MAX = 256 * 1024 * 1024,
    BEGUN_MAX = 4096, /* runs of one transaction; of more the keeper finds the rest */
};

struct evaluator {
    struct daemon *daemon;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_woken;
    bool is_stopping;
    /* of the thread alone */
    struct desk desk;
    struct rule_set *set;
    struct evaluation evaluation;
    struct evaluation_hands hands;
    bool has_begun;        /* the evaluation */
    int64_t suspect_ids;   /* waiting alerts up to here may have ended the last daemon */
    int64_t tried_id;      /* the last of them that this daemon tried .. */
    uint32_t tried_before; /* .. and how many had before */
    int64_t failed_id;     /* the last whose evaluation failed, how often in a row */
    uint32_t failures;
    const struct alert_record *alert; /* at hand; NULL: none was yet */
    struct alert_record outcome;
    struct arena words; /* of one alert */
    const char *fault;  /* why it is set aside, or NULL */
    int64_t begun[BEGUN_MAX];
    size_t begun_count;
    uint64_t evaluated; /* of the transaction, without our own */
    uint64_t matched;
    uint64_t undecided; /* rules that were not, once for each alert */
};

/* ---- what an evaluation tells ---- */

static struct evaluator *evaluator_of(struct evaluation_hands *hands)
{
    return (struct evaluator *)(void *)((char *)hands - offsetof(struct evaluator, hands));
}

static void hands_begun(struct evaluation_hands *hands, int64_t run)
{
    struct evaluator *evaluator = evaluator_of(hands);
    if (evaluator->begun_count < BEGUN_MAX)
        evaluator->begun[evaluator->begun_count++] = run;
}

static void hands_set_aside(struct evaluation_hands *hands, const char *reason)
{
    struct evaluator *evaluator = evaluator_of(hands);
    const struct alert_record *alert = evaluator->alert;
    /* A line that could be read as CEF is JSON by now. */
    bool is_line =
        line_form_of(alert->forced_source) == LINE_CEF && !str_startswith(alert->text, STR("{"));
    evaluator->fault = arena_format(&evaluator->words, "it cannot be read: %s",
        is_line ? "no CEF header (CEF:0|vendor|product|version|class|name|severity|)" : reason);
    if (evaluator->fault == NULL)
        evaluator->fault = "it cannot be read";
}

static void hands_decided(
    struct evaluation_hands *hands, const struct event *event, str name, size_t matched)
{
    struct evaluator *evaluator = evaluator_of(hands);
    evaluator->outcome.source = arena_copy(&evaluator->words, event->source);
    evaluator->outcome.name = arena_copy(&evaluator->words, name);
    evaluator->outcome.matched = (uint32_t)matched;
}

/* ---- the rules ---- */

static void rules_drop(struct evaluator *evaluator)
{
    if (evaluator->has_begun)
        evaluation_release(&evaluator->evaluation);
    evaluator->has_begun = false;
    rule_set_release(evaluator->daemon->rule_sets, evaluator->set);
    evaluator->set = NULL;
}

/* Evaluate by what is in force now, at a desk that has not served its time. */
static bool rules_take(struct evaluator *evaluator)
{
    struct daemon *daemon = evaluator->daemon;
    struct rule_set *set = rule_sets_current(daemon->rule_sets);
    int64_t opened_ms = evaluator->desk.opened_ms;
    enum err err = desk_open(&evaluator->desk, daemon, REPORT_LOG);
    bool is_same = evaluator->has_begun && set == evaluator->set
                   && opened_ms == evaluator->desk.opened_ms && err == ERR_OK;
    if (is_same) {
        rule_set_release(daemon->rule_sets, set);
        return true;
    }
    rules_drop(evaluator);
    evaluator->set = set;
    if (err != ERR_OK)
        return false;
    evaluator->evaluation = (struct evaluation){ .session = &evaluator->desk.session,
        .program = set->program,
        .image = set->image,
        .forced_source = STR(""),
        .hands = &evaluator->hands };
    evaluator->has_begun = true;
    return evaluation_begin(&evaluator->evaluation) == EXIT_CLEAN;
}

/* ---- one alert ---- */

static bool is_source(const struct program *program, str name)
{
    for (uint32_t at = 0; at < program->source_count; at++)
        if (str_equal(program->sources[at].name, name))
            return true;
    return name.len == 0;
}

/* Put it through the rules; what it comes to is in `outcome`, or why it is set aside in `fault`. */
static enum exit_code decide(struct evaluator *evaluator, const struct alert_record *alert)
{
    struct alert_text text = { .json = alert->text, .line = 1 };
    evaluator->alert = alert;
    evaluator->outcome = *alert;
    evaluator->outcome.source = evaluator->outcome.name = STR("");
    evaluator->outcome.program_hash = evaluator->set->program->hash;
    evaluator->fault = NULL;
    arena_release(&evaluator->words);
    evaluator->evaluation.received_ms = alert->received_ms;
    evaluator->evaluation.is_dry = str_is(alert->way, "canary");
    if (alert->id == evaluator->tried_id && evaluator->tried_before >= EVALUATOR_TRIES_MAX)
        evaluator->fault = "it was tried three times, and the daemon ended each time";
    else if (!is_source(evaluator->set->program, alert->forced_source))
        evaluator->fault = "the rules have no source of the name that it came in under";
    if (evaluator->fault != NULL)
        return EXIT_FINDINGS;
    evaluation_force(&evaluator->evaluation, alert->forced_source);
    const struct totals *totals = &evaluator->desk.session.totals;
    uint64_t undecided = totals->undecided;
    enum exit_code code = evaluate_alert(&evaluator->evaluation, "alert", &text);
    evaluator->undecided += totals->undecided - undecided;
    return code;
}

/* Write down what it came to. In the transaction of its runs. */
static enum err record(struct evaluator *evaluator, enum exit_code code)
{
    struct daemon *daemon = evaluator->daemon;
    struct clock *clock = daemon->driver->clock;
    if (evaluator->fault != NULL) {
        LOG(&daemon->log, LOG_LEVEL_WARNING, "an alert was set aside",
            LOG_NUMBER("alert", evaluator->alert->id),
            LOG_TEXT("reason", str_from(evaluator->fault)));
        metrics_add(daemon->metrics, METRIC_ALERTS_DEAD, STR(""), 1);
        return alerts_set_aside(
            daemon->store, evaluator->alert->id, clock->now_ms(clock), evaluator->fault);
    }
    if (code > EXIT_FINDINGS)
        return ERR_STORE;
    evaluator->outcome.evaluated_ms = clock->now_ms(clock);
    evaluator->evaluated += !evaluator->evaluation.is_dry;
    evaluator->matched += evaluator->outcome.matched > 0 && !evaluator->evaluation.is_dry;
    return alerts_evaluated(daemon->store, &evaluator->outcome);
}

/* ---- many ---- */

/* Alerts until the slice is over: how many. ERR_STORE and others: none of them counts. */
static enum err slice(
    struct evaluator *evaluator, const struct alert_record *alerts, size_t count, size_t *ret_done)
{
    struct clock *clock = evaluator->daemon->driver->clock;
    int64_t began_ms = clock->now_ms(clock);
    size_t done = 0;
    evaluator->begun_count = 0;
    evaluator->evaluated = evaluator->matched = evaluator->undecided = 0;
    *ret_done = 0;
    TRY(store_gather(evaluator->daemon->store));
    while (done < count) {
        TRY(record(evaluator, decide(evaluator, &alerts[done])));
        done++;
        int64_t spent_ms = clock->now_ms(clock) - began_ms;
        if (spent_ms < 0 || spent_ms >= EVALUATOR_SLICE_MS)
            break;
    }
    TRY(store_settle(evaluator->daemon->store));
    *ret_done = done;
    return ERR_OK;
}

static void hand_over(struct evaluator *evaluator)
{
    struct daemon *daemon = evaluator->daemon;
    for (size_t at = 0; at < evaluator->begun_count; at++)
        crew_go_on(daemon->crew, evaluator->begun[at]);
    metrics_add(daemon->metrics, METRIC_ALERTS_EVALUATED, STR(""), (double)evaluator->evaluated);
    metrics_add(daemon->metrics, METRIC_ALERTS_MATCHED, STR(""), (double)evaluator->matched);
    metrics_add(daemon->metrics, METRIC_RULES_UNDECIDED, STR(""), (double)evaluator->undecided);
    metrics_add(daemon->metrics, METRIC_RUNS_BEGUN, STR(""), (double)evaluator->begun_count);
}

/* How many of the waiting alerts go together: those that may have ended the last daemon alone. Each
 * daemon writes one try down, so that only an end of it counts. */
static enum err go_together(
    struct evaluator *evaluator, const struct alert_record *alerts, size_t count, size_t *ret_count)
{
    *ret_count = count;
    if (alerts[0].id > evaluator->suspect_ids)
        return ERR_OK;
    *ret_count = 1;
    if (alerts[0].id == evaluator->tried_id)
        return ERR_OK;
    TRY(alerts_try(evaluator->daemon->store, alerts[0].id));
    evaluator->tried_id = alerts[0].id;
    evaluator->tried_before = alerts[0].attempts;
    return ERR_OK;
}

/* An alert that fails again and again while the journal can be written makes way for the others. */
static enum err note_failure(struct evaluator *evaluator)
{
    struct daemon *daemon = evaluator->daemon;
    struct clock *clock = daemon->driver->clock;
    int64_t now_ms = clock->now_ms(clock);
    if (evaluator->alert == NULL)
        return ERR_OK;
    /* Whether it is the journal that fails is found out by writing to it. */
    TRY(cursors_set(daemon->store, STR("evaluator"), STR("in order"), now_ms));
    evaluator->failures =
        evaluator->failed_id == evaluator->alert->id ? evaluator->failures + 1 : 1;
    evaluator->failed_id = evaluator->alert->id;
    if (evaluator->failures < EVALUATOR_TRIES_MAX)
        return ERR_OK;
    return alerts_set_aside(daemon->store, evaluator->failed_id, now_ms,
        "its evaluation failed three times, while the journal could be written: see the log");
}

/* Evaluate what waits, up to one slice: *ret_done of them. */
static enum err round_of(struct evaluator *evaluator, size_t most, size_t *ret_done)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(BATCH_BYTES_MAX);
    struct alert_record *alerts = NULL;
    size_t count = 0;
    *ret_done = 0;
    enum err err = alerts_waiting(evaluator->daemon->store, 0, most, &arena, &alerts, &count);
    if ((err == ERR_MEMORY || err == ERR_LIMIT) && most > 1)
        return round_of(evaluator, 1, ret_done); /* once: they are large */
    TRY(err);
    if (count == 0)
        return ERR_OK;
    if (!rules_take(evaluator))
        return ERR_MEMORY;
    TRY(go_together(evaluator, alerts, count, &count));
    evaluator->alert = NULL;
    err = slice(evaluator, alerts, count, ret_done);
    if (err != ERR_OK) {
        store_rollback(evaluator->daemon->store);
        enum err noted = note_failure(evaluator);
        return noted == ERR_OK ? err : noted;
    }
    buf_clear(&evaluator->desk.driver.out.buf); /* the log has it */
    hand_over(evaluator);
    return ERR_OK;
}

/* Wait for something to do, or a second. False: it is over. */
static bool rest(struct evaluator *evaluator)
{
    pthread_mutex_lock(&evaluator->lock);
    while (!evaluator->is_woken && !evaluator->is_stopping)
        if (!condition_wait(&evaluator->changed, &evaluator->lock, WAIT_MS))
            break;
    evaluator->is_woken = false;
    bool goes_on = !evaluator->is_stopping;
    pthread_mutex_unlock(&evaluator->lock);
    return goes_on;
}

static bool is_stopping(struct evaluator *evaluator)
{
    pthread_mutex_lock(&evaluator->lock);
    bool is = evaluator->is_stopping;
    pthread_mutex_unlock(&evaluator->lock);
    return is;
}

/* After a failure a second passes, whoever wakes us meanwhile. */
static bool rest_whole(struct evaluator *evaluator)
{
    struct clock *clock = evaluator->daemon->driver->clock;
    for (uint32_t waited_ms = 0; waited_ms < WAIT_MS && !is_stopping(evaluator);
         waited_ms += SLICE_MS)
        clock->sleep_ms(clock, SLICE_MS);
    return !is_stopping(evaluator);
}

/* Tell once that alerts cannot be evaluated, and once that they can. */
static void tell_state(struct evaluator *evaluator, enum err before, enum err err)
{
    struct daemon *daemon = evaluator->daemon;
    if (err == ERR_STORE || err == ERR_BUSY)
        store_watch_failed(daemon->watch, "evaluating alerts", store_error(daemon->store));
    if (err != ERR_OK && before == ERR_OK)
        LOG(&daemon->log, LOG_LEVEL_ERROR, "alerts wait: they cannot be evaluated",
            LOG_TEXT(
                "reason", str_from(err == ERR_STORE || err == ERR_BUSY ? store_error(daemon->store)
                                                                       : err_text(err))));
    if (err == ERR_OK && before != ERR_OK)
        LOG(&daemon->log, LOG_LEVEL_INFO, "alerts are evaluated again",
            LOG_TEXT("reason", STR("")));
}

static void *run(void *self)
{
    struct evaluator *evaluator = self;
    enum err before = ERR_OK;
    bool goes_on = true;
    while (goes_on) {
        size_t done = 0;
        enum err err = round_of(evaluator, EVALUATOR_BATCH, &done);
        bool has_failed = err != ERR_OK;
        if (err == ERR_OK && done == 0) /* nothing waits, which says nothing of the journal */
            err = before;
        tell_state(evaluator, before, err);
        before = err;
        goes_on = has_failed ? rest_whole(evaluator)
                  : done > 0 ? !is_stopping(evaluator)
                             : rest(evaluator);
    }
    rules_drop(evaluator);
    desk_close(&evaluator->desk);
    arena_release(&evaluator->words);
    return NULL;
}

/* ---- begin and end ---- */

/* Those that waited when the last daemon ended, as many as it may have had at hand. */
static enum err suspects_find(struct evaluator *evaluator)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(BATCH_BYTES_MAX);
    struct alert_filter filter = {
        .most = EVALUATOR_BATCH, .is_of_state = true, .state = ALERT_WAITING
    };
    struct alert_record *alerts = NULL;
    size_t count = 0;
    TRY(alerts_list(evaluator->daemon->store, &filter, &arena, &alerts, &count));
    evaluator->suspect_ids = count == 0 ? 0 : alerts[count - 1].id;
    return ERR_OK;
}

enum err evaluator_start(struct daemon *daemon, struct evaluator **ret_evaluator)
{
    struct evaluator *evaluator = calloc(1, sizeof *evaluator);
    if (evaluator == NULL)
        return ERR_MEMORY;
    evaluator->daemon = daemon;
    evaluator->words = (struct arena)ARENA_INIT(EVENT_BYTES_MAX);
    evaluator->hands = (struct evaluation_hands){ hands_begun, hands_set_aside, hands_decided };
    pthread_mutex_init(&evaluator->lock, NULL);
    condition_init(&evaluator->changed);
    enum err err = suspects_find(evaluator);
    if (err == ERR_OK && pthread_create(&evaluator->thread, NULL, run, evaluator) != 0)
        err = ERR_LIMIT;
    evaluator->is_started = err == ERR_OK;
    if (err != ERR_OK)
        evaluator_free(evaluator);
    else
        *ret_evaluator = evaluator;
    return err;
}

void evaluator_wake(void *self)
{
    struct evaluator *evaluator = self;
    pthread_mutex_lock(&evaluator->lock);
    evaluator->is_woken = true;
    pthread_cond_signal(&evaluator->changed);
    pthread_mutex_unlock(&evaluator->lock);
}

void evaluator_stop(struct evaluator *evaluator)
{
    if (evaluator == NULL)
        return;
    pthread_mutex_lock(&evaluator->lock);
    evaluator->is_stopping = true;
    pthread_cond_signal(&evaluator->changed);
    pthread_mutex_unlock(&evaluator->lock);
    if (evaluator->is_started)
        pthread_join(evaluator->thread, NULL);
    evaluator->is_started = false;
}

void evaluator_free(struct evaluator *evaluator)
{
    if (evaluator == NULL)
        return;
    evaluator_stop(evaluator);
    pthread_cond_destroy(&evaluator->changed);
    pthread_mutex_destroy(&evaluator->lock);
    free(evaluator);
}
