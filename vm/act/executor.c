/* executor.c - see executor.h.
 *
 * What the journal holds of a step is its calls 0, 1, 2, ...; the builtin is run from its
 * start and each request it makes is looked up there by number. As long as it is found
 * this is replay and nothing is sent. The first that is not found is new.
 */
#include "act/attempt.h"

#include "act/timers.h"
#include "value_json.h"

enum { REPLY_ARENA_BYTES_MAX = 4 * REPLY_BYTES_MAX }; /* one reply, as it grows, and its request */

static void attempt_release(struct attempt *a)
{
    arena_release(&a->own);
    arena_release(&a->replies);
}

void over(struct attempt *a, enum step_turn end, const char *reason)
{
    a->is_over = true;
    a->end = end;
    a->step.reason = reason;
}

enum err keep(struct attempt *a, str text, str *ret_text)
{
    *ret_text = arena_copy(a->arena, text);
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

enum err keep_chars(struct attempt *a, const char *text, const char **ret_text)
{
    str kept;
    TRY(keep(a, str_from(text), &kept));
    *ret_text = kept.ptr;
    return ERR_OK;
}

enum err wait_ms(struct attempt *a, uint32_t duration_ms)
{
    const struct executor *executor = a->executor;
    return clock_wait(executor->clock, duration_ms, executor->stop) ? ERR_OK : ERR_STOPPED;
}

enum err attempt_time(struct attempt *a, int64_t *ret_ms)
{
    return timers_now(a->executor->store, a->executor->clock, ret_ms);
}

/* A row that this build cannot run. Another build may have begun the step. */
static enum err attempt_miss(struct attempt *a)
{
    bool is_begun;
    int64_t since_ms;
    TRY(has_asked(a, &is_begun, &since_ms));
    const char *reason = arena_format(a->arena, "no connection: %s", a->order->row->missing);
    if (reason == NULL)
        return ERR_MEMORY;
    over(a, is_begun ? STEP_UNKNOWN : STEP_UNRESOLVED, reason);
    return ERR_OK;
}

/* When its time is up: counted from its first request, so that neither a person who took long
 * nor a crash counts against it. */
static enum err due_set(struct attempt *a)
{
    bool is_begun;
    int64_t since_ms;
    if (a->order->timeout_ms == 0 || !is_applied(a))
        return ERR_OK;
    TRY(has_asked(a, &is_begun, &since_ms));
    if (!is_begun)
        TRY(attempt_time(a, &since_ms));
    a->due_ms = since_ms + a->order->timeout_ms;
    return ERR_OK;
}

enum err attempt_bind(struct attempt *a)
{
    bool is_begun = a->identity.len > 0 || a->step.region.len > 0;
    int64_t since_ms;
    if (is_applied(a)) /* from here on the provider is asked: nothing may wait for that */
        TRY(store_settle(a->executor->store));
    if (!is_begun)
        TRY(has_asked(a, &is_begun, &since_ms));
    if (!is_begun)
        TRY(where_begin(a));
    return due_set(a);
}

static enum err attempt_carry_out(struct attempt *a)
{
    bool is_governed = is_applied(a) && a->executor->governor != NULL && a->order->cause != NULL;
    if (a->order->row->next == NULL)
        return attempt_miss(a);
    TRY(is_governed ? attempt_ask_leave(a) : attempt_bind(a));
    TRY(attempt_run(a));
    return is_applied(a) ? ERR_OK : attempt_judge_plan(a);
}

/* How the arguments were found, then how the builtin found its target. */
static enum err found_join(struct attempt *a, str *ret_found)
{
    str before = a->order->found;
    str after = a->step.found;
    if (before.len == 0 || after.len == 0)
        return keep(a, before.len == 0 ? after : before, ret_found);
    const char *found = arena_format(a->arena, "%.*s; %.*s", STR_ARG(before), STR_ARG(after));
    *ret_found = str_from(found);
    return found == NULL ? ERR_MEMORY : ERR_OK;
}

/* The results as they will be read again after a crash. */
static enum err results_write(struct attempt *a, str *ret_json)
{
    const value results[] = { a->step.results.verdict, a->step.results.url,
        a->step.results.sha256 };
    if (a->joined != NULL)
        return keep(a, a->joined->results, ret_json);
    return values_to_json(a->arena, results, COUNT_OF(results), ret_json);
}

static enum err results_read(struct arena *arena, str json, struct step_values *ret_results)
{
    value results[3] = { 0 };
    uint32_t count;
    if (json.len > 0)
        TRY(values_from_json(arena, json, results, COUNT_OF(results), &count));
    *ret_results = (struct step_values){ results[0], results[1], results[2] };
    return ERR_OK;
}

/* The end goes into the journal and into the audit log, or into neither. */
static enum err end_record(struct attempt *a, const struct step_record *record)
{
    struct store *store = a->executor->store;
    TRY(store_begin(store));
    enum err err = store_step_end(store, record);
    if (err == ERR_OK && a->executor->governor != NULL)
        err = governor_ended(a->executor->governor, a->order, record, a->plan_hash, a->arena);
    if (err != ERR_OK) {
        store_rollback(store);
        return err;
    }
    TRY(store_commit(store));
    if (a->executor->governor != NULL && a->executor->governor->claims != NULL)
        claims_release(a->executor->governor->claims, a->order->run);
    return ERR_OK;
}

static enum err end_write(struct attempt *a, const struct step_outcome *outcome, str results)
{
    struct step_record record = { .run = a->order->run,
        .index = a->order->index,
        .builtin = str_from(a->order->row->name),
        .target = outcome->target,
        .found = outcome->found,
        .state = str_from(step_turn_name(a->end)),
        .reason = str_from(outcome->reason),
        .results = results,
        .joined_run = a->joined == NULL ? 0 : a->joined->run,
        .joined_step = a->joined == NULL ? 0 : a->joined->index,
        .ended_ms = now_ms(a) };
    return end_record(a, &record);
}

/* Copy the end out of the step's own memory and record it. A step that is held has none yet. */
static enum err attempt_end(struct attempt *a, struct step_outcome *ret_outcome)
{
    struct step_outcome outcome = { .turn = a->end,
        .requests = a->planned,
        .replayed = a->replayed,
        .plan_hash = a->plan_hash,
        .would = a->plan.result.ptr == NULL ? STR("") : a->plan.result,
        .judgement = a->judgement,
        .hold = a->end == STEP_HELD ? a->hold : 0,
        .approval = a->is_let ? a->hold : 0,
        .is_held_still = a->end == STEP_HELD && a->is_held && (a->was_open || a->hold == 0) };
    str results;
    TRY(keep(a, a->step.target, &outcome.target));
    TRY(found_join(a, &outcome.found));
    TRY(keep_chars(a, a->step.reason, &outcome.reason));
    TRY(results_write(a, &results));
    TRY(results_read(a->arena, results, &outcome.results));
    if (is_applied(a) && a->end != STEP_HELD)
        TRY(end_write(a, &outcome, results));
    *ret_outcome = outcome;
    return ERR_OK;
}

/* By how often the run was put off, and by no clock: neither an hour that somebody sets nor a person who
 * took a day to answer uses it up. */
static enum err patience_look(struct attempt *a)
{
    struct timer last;
    uint32_t tries = 0;
    if (a->executor->patience_tries == 0)
        return ERR_OK;
    enum err err = timers_find(
        a->executor->store, TIMER_RETRY, a->order->run, a->order->index, &a->own, &last, &tries);
    a->is_patient = tries < a->executor->patience_tries;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Begin the step in the journal, or learn how it ended: *ret_is_told. */
static enum err attempt_begin(
    struct attempt *a, struct step_outcome *ret_outcome, bool *ret_is_told)
{
    *ret_is_told = false;
    if (!is_applied(a))
        return ERR_OK;
    const struct step_order *order = a->order;
    struct step_record record = { .run = order->run,
        .index = order->index,
        .builtin = str_from(order->row->name),
        .identity = STR(""),
        .region = STR(""),
        .started_ms = now_ms(a) };
    TRY(values_to_json(a->arena, order->args, builtin_param_count(order->row), &record.args));
    enum err err = store_step_begin(a->executor->store, a->arena, &record);
    if (err == ERR_DIVERGED)
        over(a, STEP_UNKNOWN,
            "this version takes another step here than the journal remembers; nothing was sent");
    else
        TRY(err);
    a->is_held = str_is(record.state, step_turn_name(STEP_HELD));
    if (a->is_held || str_is(record.state, "running")) {
        a->identity = record.identity;
        a->base = record.base;
        a->step.region = record.region;
        a->step.began_ms = record.started_ms;
        return patience_look(a);
    }
    *ret_is_told = true;
    if (a->is_over) { /* the end that is recorded belongs to the other step */
        *ret_outcome = (struct step_outcome){ .turn = STEP_UNKNOWN,
            .target = STR(""),
            .found = order->found,
            .would = STR(""),
            .reason = a->step.reason,
            .replayed = UINT32_MAX };
        return ERR_OK;
    }
    *ret_outcome = (struct step_outcome){ .turn = step_turn_find(record.state),
        .target = record.target,
        .found = record.found,
        .would = STR(""),
        .reason = record.reason.ptr,
        .replayed = UINT32_MAX };
    return results_read(a->arena, record.results, &ret_outcome->results);
}

/* Run the step, or end it at once as `end` with `refusal`. */
static enum err attempt_all(
    struct attempt *a, enum step_turn end, const char *refusal, struct step_outcome *ret_outcome)
{
    bool is_told;
    TRY(attempt_prepare(a));
    TRY(attempt_begin(a, ret_outcome, &is_told));
    if (is_told)
        return ERR_OK;
    if (!a->is_over && refusal != NULL)
        over(a, end, refusal);
    if (!a->is_over)
        TRY(attempt_carry_out(a));
    return attempt_end(a, ret_outcome);
}

static enum err execute(struct executor *executor, const struct step_order *order,
    enum step_turn end, const char *refusal, struct arena *arena, struct step_outcome *ret_outcome)
{
    CLEANUP(attempt_release)
    struct attempt a = {
        .executor = executor,
        .order = order,
        .arena = arena,
        .plan_hash = STR(""),
        .identity = STR(""),
        .own = ARENA_INIT(STEP_BYTES_MAX),
        .replies = ARENA_INIT(REPLY_ARENA_BYTES_MAX),
    };
    a.planned_last = &a.planned;
    return attempt_all(&a, end, refusal, ret_outcome);
}

enum err step_execute(struct executor *executor, const struct step_order *order,
    struct arena *arena, struct step_outcome *ret_outcome)
{
    return execute(executor, order, STEP_UNRESOLVED, NULL, arena, ret_outcome);
}

enum err step_refuse(struct executor *executor, const struct step_order *order, enum step_turn end,
    const char *reason, struct arena *arena, struct step_outcome *ret_outcome)
{
    return execute(executor, order, end, reason, arena, ret_outcome);
}
