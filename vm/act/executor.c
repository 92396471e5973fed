/* executor.c - see executor.h.
 *
 * What the journal holds of a step is its calls 0, 1, 2, ...; the builtin is run from its
 * start and each request it makes is looked up there by number. As long as it is found
 * this is replay and nothing is sent. The first that is not found is new.
 */
#include "act/executor.h"

#include "store/store.h"
#include "value_json.h"

enum {
    REPLY_ARENA_BYTES_MAX = 4 * REPLY_BYTES_MAX, /* one reply, as it grows, and its request */
    READ_AGAIN_MS = 1000,                        /* doubled each time */
};

/* One step while it is executed. */
struct attempt {
    struct executor *executor;
    const struct step_order *order;
    struct arena *arena;   /* the caller's: what outlives the step */
    struct arena own;      /* the builtin's */
    struct arena replies;  /* the last reply's */
    struct transport *way; /* NULL until something had to be sent */
    struct step step;
    str identity;      /* with which the step was begun; empty: not known, so not compared */
    bool is_same;      /* the connection was asked, and is of that identity */
    uint32_t calls;    /* requests that were answered: the number of the next */
    uint32_t replayed; /* of them, those that the journal answered */
    bool has_changed;  /* a change of this step may have arrived */
    bool is_over;
    enum step_turn end; /* once it is over; step.reason says why */
    struct planned_request *planned;
    struct planned_request **planned_last;
};

static void attempt_release(struct attempt *a)
{
    arena_release(&a->own);
    arena_release(&a->replies);
}

static void over(struct attempt *a, enum step_turn end, const char *reason)
{
    a->is_over = true;
    a->end = end;
    a->step.reason = reason;
}

static bool is_applied(const struct attempt *a)
{
    return a->executor->mode == MODE_APPLY;
}

static int64_t now_ms(const struct attempt *a)
{
    return a->executor->clock->now_ms(a->executor->clock);
}

/* A copy in the caller's arena. */
static enum err keep(struct attempt *a, str text, str *ret_text)
{
    *ret_text = arena_copy(a->arena, text);
    return ret_text->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err keep_chars(struct attempt *a, const char *text, const char **ret_text)
{
    str kept;
    TRY(keep(a, str_from(text), &kept));
    *ret_text = kept.ptr;
    return ERR_OK;
}

static enum err wait_ms(struct attempt *a, uint32_t duration_ms)
{
    const struct executor *executor = a->executor;
    return clock_wait(executor->clock, duration_ms, executor->stop) ? ERR_OK : ERR_STOPPED;
}

/* Find the way to the provider, or end the step. Once something was changed the step has
 * to stay open: whoever connects again can find out what became of it. */
static enum err way_find(struct attempt *a)
{
    if (a->way != NULL)
        return ERR_OK;
    const char *reason = NULL;
    a->way = a->executor->connect(a->executor, a->order->row->provider, &reason);
    if (a->way != NULL)
        return ERR_OK;
    TRY(keep_chars(a, reason == NULL ? "no connection" : reason, &reason));
    if (a->has_changed) {
        a->executor->reason = reason;
        return ERR_CREDENTIALS;
    }
    over(a, STEP_UNRESOLVED, reason);
    return ERR_OK;
}

/* Ask the connection who we are there. Its silence leaves the step as it is: *ret_silence,
 * and *reterr_reason in the caller's arena. */
static enum err where_ask(struct attempt *a, str *ret_identity, str *ret_region,
    enum err *ret_silence, const char **reterr_reason)
{
    *ret_identity = *ret_region = STR("");
    *ret_silence = ERR_OK;
    if (a->way->where == NULL)
        return ERR_OK;
    TRY(wait_ms(a, 0));
    const char *reason = NULL;
    enum err err = a->way->where(a->way, a->arena, ret_identity, ret_region, &reason);
    if (err != ERR_TRANSPORT && err != ERR_REFUSED && err != ERR_CREDENTIALS)
        return err;
    *ret_silence = err;
    return keep_chars(a, reason == NULL ? err_text(err) : reason, reterr_reason);
}

/* Go on only as who began: in another account the same names are other things. */
static enum err where_refuse(struct attempt *a, const char *what, str began_as, str identity)
{
    a->executor->reason = arena_format(a->arena,
        "%s was begun as %.*s; the connection is %.*s: resume with the credentials it began with",
        what, STR_ARG(began_as), STR_ARG(identity));
    return a->executor->reason == NULL ? ERR_MEMORY : ERR_CREDENTIALS;
}

/* What the run's earlier steps at this provider were bound to, for all of it is one. */
static enum err where_inherit(struct attempt *a, str identity, str *ret_region)
{
    struct step_record first;
    enum err err = !is_applied(a) ? ERR_NOT_FOUND
                                  : store_step_bound(a->executor->store, a->order->run,
                                      str_from(a->order->row->provider), a->arena, &first);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    *ret_region = first.region;
    if (first.identity.len == 0 || str_equal(first.identity, identity))
        return ERR_OK;
    const char *run = arena_format(a->arena, "run %lld", (long long)a->order->run);
    return run == NULL ? ERR_MEMORY : where_refuse(a, run, first.identity, identity);
}

/* Begin with the connection: from here on the step is its identity's. Without one nothing is
 * bound, and what the builtin asks first ends the step. */
static enum err where_begin(struct attempt *a)
{
    if (a->executor->mode == MODE_OFFLINE)
        return ERR_OK;
    const char *reason = NULL;
    a->way = a->executor->connect(a->executor, a->order->row->provider, &reason);
    if (a->way == NULL)
        return ERR_OK;
    enum err silence;
    str identity, region;
    TRY(where_ask(a, &identity, &region, &silence, &reason));
    if (silence != ERR_OK) {
        over(a, STEP_FAILED, reason);
        return ERR_OK;
    }
    TRY(where_inherit(a, identity, &region));
    a->is_same = true;
    a->identity = identity;
    a->step.region = a->order->region.len > 0 ? a->order->region : region;
    if (!is_applied(a) || (identity.len == 0 && a->step.region.len == 0))
        return ERR_OK;
    struct step_record record = { .run = a->order->run,
        .index = a->order->index,
        .provider = str_from(a->order->row->provider),
        .identity = identity,
        .region = a->step.region };
    return store_step_bind(a->executor->store, &record);
}

/* Before the first request that replay does not answer. */
static enum err where_compare(struct attempt *a)
{
    if (a->is_same || a->identity.len == 0)
        return ERR_OK;
    enum err silence;
    str identity, region;
    TRY(where_ask(a, &identity, &region, &silence, &a->executor->reason));
    TRY(silence);
    a->is_same = str_equal(identity, a->identity);
    if (a->is_same)
        return ERR_OK;
    const char *step = arena_format(
        a->arena, "step %u of run %lld", (unsigned)a->order->index + 1, (long long)a->order->run);
    return step == NULL ? ERR_MEMORY : where_refuse(a, step, a->identity, identity);
}

/* Send once. No answer is a reply too; *ret_silence then says why there was none. */
static enum err exchange(
    struct attempt *a, bool is_change, struct reply *ret_reply, enum err *ret_silence)
{
    const char *reason = NULL;
    struct reply reply = { 0 };
    enum err err = a->way->send(a->way, &a->step.request, is_change, &a->replies, &reply, &reason);
    bool is_refused = err == ERR_REFUSED || err == ERR_CREDENTIALS;
    if (err != ERR_OK && err != ERR_TRANSPORT && !is_refused)
        return err;
    if (err != ERR_OK)
        reply = (struct reply){ .kind = is_refused ? REPLY_REFUSED : REPLY_LOST,
            .body = str_from(reason == NULL ? err_text(err) : reason) };
    if (reply.body.ptr == NULL)
        reply.body = STR("");
    *ret_reply = reply;
    *ret_silence = err;
    return ERR_OK;
}

/* Send, and a read again while its answer is missing and would leave a change in doubt. */
static enum err deliver(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    for (uint32_t attempt = 1;; attempt++) {
        enum err silence = ERR_OK;
        TRY(exchange(a, is_change, ret_reply, &silence));
        if (silence == ERR_OK || is_change || !a->has_changed)
            return ERR_OK;
        if (attempt == READ_TRIES_MAX) {
            TRY(keep_chars(a, ret_reply->body.ptr, &a->executor->reason));
            return silence;
        }
        TRY(wait_ms(a, READ_AGAIN_MS << (attempt - 1)));
    }
}

static enum err planned_add(struct attempt *a, bool is_change)
{
    struct planned_request *planned = ARENA_NEW(a->arena, struct planned_request);
    if (planned == NULL)
        return ERR_MEMORY;
    const struct request *request = &a->step.request;
    planned->is_change = is_change;
    planned->request.delay_ms = request->delay_ms;
    TRY(keep_chars(a, request->service, &planned->request.service));
    TRY(keep_chars(a, request->operation, &planned->request.operation));
    TRY(keep(a, request->region, &planned->request.region));
    TRY(keep(a, request->target, &planned->request.target));
    TRY(keep(a, request->body, &planned->request.body));
    *a->planned_last = planned;
    a->planned_last = &planned->next;
    return ERR_OK;
}

static enum err answer_planned(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    bool is_sent = !is_change && a->executor->mode == MODE_PLAN;
    if (is_sent)
        TRY(way_find(a));
    if (a->is_over)
        return ERR_OK;
    TRY(planned_add(a, is_change));
    if (a->step.request.region.len == 0)
        a->step.request.region = a->step.region;
    *ret_reply = (struct reply){ .kind = REPLY_ASSUMED, .body = STR("") };
    if (!is_sent)
        return ERR_OK;
    TRY(wait_ms(a, a->step.request.delay_ms));
    return deliver(a, false, ret_reply);
}

static struct call_record call_now(const struct attempt *a, bool is_change)
{
    const struct request *request = &a->step.request;
    return (struct call_record){
        .run = a->order->run,
        .step = a->order->index,
        .index = a->calls,
        .is_change = is_change,
        .service = str_from(request->service),
        .operation = str_from(request->operation),
        .region = request->region,
        .target = request->target,
        .body = request->body,
    };
}

static bool call_equal(const struct call_record *a, const struct call_record *b)
{
    return a->is_change == b->is_change && str_equal(a->service, b->service)
           && str_equal(a->operation, b->operation) && str_equal(a->region, b->region)
           && str_equal(a->target, b->target) && str_equal(a->body, b->body);
}

static enum err call_answered(
    struct attempt *a, struct call_record *call, const struct reply *reply)
{
    call->reply_kind = reply->kind;
    call->reply_status = reply->status;
    call->reply_body = reply->body;
    call->replied_ms = now_ms(a);
    return store_call_reply(a->executor->store, call);
}

/* The intent is on disk before anything leaves. */
static enum err call_intend(struct attempt *a, struct call_record *call)
{
    TRY(call->is_change ? undo_to_json(&a->replies, &a->step.undo, &call->undo) : ERR_OK);
    call->intended_ms = now_ms(a);
    return store_call_intend(a->executor->store, call);
}

static enum err call_send(
    struct attempt *a, struct call_record *call, bool is_intended, struct reply *ret_reply)
{
    TRY(way_find(a));
    if (a->is_over)
        return ERR_OK;
    TRY(where_compare(a));
    TRY(wait_ms(a, a->step.request.delay_ms));
    if (!is_intended)
        TRY(call_intend(a, call));
    TRY(deliver(a, call->is_change, ret_reply));
    a->has_changed |= call->is_change && ret_reply->kind != REPLY_REFUSED;
    return call_answered(a, call, ret_reply);
}

/* A call that the journal knows. A change without a reply may have arrived before the
 * run was cut off; a read can simply be made again. */
static enum err call_replay(struct attempt *a, struct call_record *call, struct reply *ret_reply)
{
    if (!call->has_reply && !call->is_change)
        return call_send(a, call, true, ret_reply);
    *ret_reply = (struct reply){ call->reply_kind, call->reply_status, call->reply_body };
    if (!call->has_reply) {
        *ret_reply = (struct reply){ .kind = REPLY_LOST,
            .body = STR("the run was cut off before an answer was recorded") };
        TRY(call_answered(a, call, ret_reply));
    }
    a->has_changed |= call->is_change && ret_reply->kind != REPLY_REFUSED;
    a->replayed = a->calls + 1;
    return ERR_OK;
}

static enum err answer_applied(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    struct call_record call = call_now(a, is_change);
    struct call_record stored;
    enum err err =
        store_call_get(a->executor->store, call.run, call.step, call.index, &a->replies, &stored);
    if (err == ERR_NOT_FOUND)
        return call_send(a, &call, false, ret_reply);
    TRY(err);
    if (!call_equal(&call, &stored)) {
        over(a, STEP_UNKNOWN,
            "this version asks for other requests than the journal remembers; nothing more was "
            "sent, so look at the target and undo or finish by hand");
        return ERR_OK;
    }
    return call_replay(a, &stored, ret_reply);
}

/* The reply to what the builtin just asked; none when that ended the step. */
static enum err answer(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    struct request *request = &a->step.request;
    if (request->body.ptr == NULL) /* act/step.h: its arena is full */
        return ERR_MEMORY;
    if (request->body.len > REQUEST_BYTES_MAX || a->calls == STEP_TURNS_MAX) {
        over(a, STEP_UNKNOWN,
            a->calls == STEP_TURNS_MAX ? "it did not come to an end within 1000 requests"
                                       : "it wanted to send a request of more than 256 KB");
        return ERR_OK;
    }
    if (!is_applied(a))
        return answer_planned(a, is_change, ret_reply);
    if (request->region.len == 0) /* the journal says where it went, and a resume goes there */
        request->region = a->step.region;
    return answer_applied(a, is_change, ret_reply);
}
static_assert(STEP_TURNS_MAX == 1000 && REQUEST_BYTES_MAX == 256 * 1024, "the sentences say so");

static enum err attempt_run(struct attempt *a)
{
    struct reply reply;
    const struct reply *heard = NULL;
    for (; !a->is_over; a->calls++) {
        enum step_turn turn = a->order->row->next(&a->step, heard);
        arena_release(&a->replies);
        if (a->own.is_full) /* a request or reason made in it may lack a part */
            return ERR_MEMORY;
        if (!step_turn_is_end(turn)) {
            TRY(answer(a, turn == STEP_CHANGE, &reply));
            heard = &reply;
        } else if (a->step.reason == NULL) { /* act/step.h: its arena is full */
            return ERR_MEMORY;
        } else {
            over(a, turn, a->step.reason);
        }
    }
    return ERR_OK;
}

/* Whether the journal has requests of this step. */
static enum err has_asked(struct attempt *a, bool *ret_has_asked)
{
    struct call_record first;
    enum err err = !is_applied(a) ? ERR_NOT_FOUND
                                  : store_call_get(a->executor->store, a->order->run,
                                      a->order->index, 0, &a->replies, &first);
    *ret_has_asked = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A row that this build cannot run. Another build may have begun the step. */
static enum err attempt_miss(struct attempt *a)
{
    bool is_begun;
    TRY(has_asked(a, &is_begun));
    const char *reason = arena_format(a->arena, "no connection: %s", a->order->row->missing);
    if (reason == NULL)
        return ERR_MEMORY;
    over(a, is_begun ? STEP_UNKNOWN : STEP_UNRESOLVED, reason);
    return ERR_OK;
}

/* Bind the step to its connection unless the journal has: then, or when an older cdr began
 * it, replay comes first. */
static enum err attempt_bind(struct attempt *a)
{
    bool is_begun = a->identity.len > 0 || a->step.region.len > 0;
    if (!is_begun)
        TRY(has_asked(a, &is_begun));
    return is_begun ? ERR_OK : where_begin(a);
}

static enum err attempt_carry_out(struct attempt *a)
{
    if (a->order->row->next == NULL)
        return attempt_miss(a);
    TRY(attempt_bind(a));
    return attempt_run(a);
}

static enum err attempt_prepare(struct attempt *a)
{
    const struct builtin *row = a->order->row;
    const char *key =
        is_applied(a) ? arena_format(&a->own, "%.*s-%lld-%u", STR_ARG(store_id(a->executor->store)),
            (long long)a->order->run, (unsigned)a->order->index)
                      : arena_format(&a->own, "plan-%u", (unsigned)a->order->index);
    void *state = arena_alloc(&a->own, row->state_bytes, alignof(max_align_t));
    if (key == NULL || state == NULL)
        return ERR_MEMORY;
    a->step = (struct step){ .args = a->order->args,
        .arena = &a->own,
        .key = str_from(key),
        .state = state,
        .region = STR(""),
        .target = STR(""),
        .found = STR("") };
    return ERR_OK;
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

/* Copy the end out of the step's own memory and record it. */
static enum err attempt_end(struct attempt *a, struct step_outcome *ret_outcome)
{
    struct step_outcome outcome = {
        .turn = a->end, .requests = a->planned, .replayed = a->replayed
    };
    str results;
    TRY(keep(a, a->step.target, &outcome.target));
    TRY(found_join(a, &outcome.found));
    TRY(keep_chars(a, a->step.reason, &outcome.reason));
    TRY(results_write(a, &results));
    TRY(results_read(a->arena, results, &outcome.results));
    if (is_applied(a)) {
        struct step_record record = { .run = a->order->run,
            .index = a->order->index,
            .target = outcome.target,
            .found = outcome.found,
            .state = str_from(step_turn_name(a->end)),
            .reason = str_from(outcome.reason),
            .results = results,
            .ended_ms = now_ms(a) };
        TRY(store_step_end(a->executor->store, &record));
    }
    *ret_outcome = outcome;
    return ERR_OK;
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
    if (str_is(record.state, "running")) {
        a->identity = record.identity;
        a->step.region = record.region;
        return ERR_OK;
    }
    *ret_is_told = true;
    if (a->is_over) { /* the end that is recorded belongs to the other step */
        *ret_outcome = (struct step_outcome){ .turn = STEP_UNKNOWN,
            .target = STR(""),
            .found = order->found,
            .reason = a->step.reason,
            .replayed = UINT32_MAX };
        return ERR_OK;
    }
    *ret_outcome = (struct step_outcome){ .turn = step_turn_find(record.state),
        .target = record.target,
        .found = record.found,
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
