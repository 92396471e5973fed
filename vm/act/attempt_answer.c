/* attempt_answer.c - the answer to one request of a step; see attempt.h. */
#include "act/attempt.h"

#include "value_json.h"

enum {
    READ_AGAIN_MS = 1000,               /* doubled each time */
    DECLINE_BYTES_MAX = STEP_BYTES_MAX, /* to read an answer as its provider means it */
};

/* Whether the provider said that it cannot answer now. */
static bool is_overloaded(const struct reply *reply)
{
    return reply->kind == REPLY_RECEIVED && (reply->status == 429 || reply->status >= 500);
}

/* The way of a request: the step's, or of a read that asks somebody else the one to them. NULL with
 * the reason: nobody can be asked there. */
static struct transport *way_of(struct attempt *a, const char **reterr_reason)
{
    const struct request *request = &a->step.request;
    if (request->provider == NULL)
        return a->way;
    return a->executor->connect(a->executor, request->provider, request->account, reterr_reason);
}

/* Send once. No answer is a reply too; *ret_silence then says why there was none. */
static enum err exchange(
    struct attempt *a, bool is_change, struct reply *ret_reply, enum err *ret_silence)
{
    const char *reason = NULL;
    struct reply reply = { 0 };
    struct transport *way = way_of(a, &reason);
    *ret_silence = ERR_OK;
    if (way == NULL) { /* that does not become otherwise while the step lasts */
        *ret_reply = (struct reply){ .kind = REPLY_REFUSED,
            .body = str_from(reason == NULL ? "no connection" : reason) };
        return ERR_OK;
    }
    enum err err = way->send(way, &a->step.request, is_change, &a->replies, &reply, &reason);
    bool is_refused = err == ERR_REFUSED || err == ERR_CREDENTIALS;
    if (err != ERR_OK && err != ERR_TRANSPORT && !is_refused)
        return err;
    if (err != ERR_OK)
        reply = (struct reply){ .kind = is_refused ? REPLY_REFUSED : REPLY_LOST,
            .body = str_from(reason == NULL ? err_text(err) : reason) };
    if (reply.body.ptr == NULL)
        reply.body = STR("");
    if (is_overloaded(&reply) && !is_change && a->is_patient)
        err = ERR_TRANSPORT;
    *ret_reply = reply;
    *ret_silence = err;
    a->was_silent |= err != ERR_OK;
    return ERR_OK;
}

/* Whether a request without an answer is for the builtin to deal with. */
static bool is_told(const struct attempt *a, bool is_change, enum err silence)
{
    if (silence == ERR_OK)
        return true;
    if (is_change) /* one that was not sent is looked at and sent again, when its time comes */
        return silence == ERR_TRANSPORT || !a->is_patient;
    return !a->has_changed && !a->is_patient;
}

/* Why the step stays open: never what a page of somebody's gateway says. */
static enum err silence_words(struct attempt *a, const struct reply *reply)
{
    if (reply->kind != REPLY_RECEIVED)
        return keep_chars(a, reply->body.ptr, &a->executor->reason);
    a->executor->reason = arena_format(a->arena, "%s answers HTTP %d: it is asked again later",
        a->order->row->provider, reply->status);
    return a->executor->reason == NULL ? ERR_MEMORY : ERR_OK;
}

/* Send, and a read again while its answer is missing and would leave a change in doubt. */
static enum err deliver(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    for (uint32_t attempt = 1;; attempt++) {
        enum err silence = ERR_OK;
        TRY(exchange(a, is_change, ret_reply, &silence));
        if (is_told(a, is_change, silence))
            return ERR_OK;
        if (attempt == READ_TRIES_MAX || is_change) {
            TRY(silence_words(a, ret_reply));
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

/* As long as the builtin wants to let pass before it asks. */
static enum err wait_for_request(struct attempt *a)
{
    struct executor *executor = a->executor;
    if (executor->waits != NULL && a->step.request.delay_ms >= WAIT_TOLD_MS)
        executor->waits(executor, &a->step.request);
    return wait_ms(a, a->step.request.delay_ms);
}

static enum err answer_planned(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    bool is_sent = !is_change && a->executor->mode == MODE_PLAN;
    if (is_sent)
        TRY(way_find(a));
    if (is_change && a->executor->mode == MODE_PLAN)
        TRY(self_spare(a));
    if (a->is_over)
        return ERR_OK;
    TRY(planned_add(a, is_change));
    if (is_change)
        TRY(plan_add(a));
    if (a->step.request.region.len == 0)
        a->step.request.region = a->step.region;
    *ret_reply = (struct reply){ .kind = REPLY_ASSUMED, .body = STR("") };
    if (!is_sent)
        return ERR_OK;
    TRY(wait_for_request(a));
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

/* Whether the answer to a change says that nothing was done. It is known with the answer, and in the
 * journal with it: nobody takes back what was not made. */
static enum err decline_read(
    const struct attempt *a, const struct reply *reply, struct call_record *call)
{
    struct transport *way = a->way;
    call->is_declined = false;
    if (!call->is_change || reply->kind != REPLY_RECEIVED || way->is_declined == NULL)
        return ERR_OK;
    CLEANUP(arena_release) struct arena scratch = ARENA_INIT(DECLINE_BYTES_MAX);
    return way->is_declined(way, &a->step.request, reply, &scratch, &call->is_declined);
}

/* The intent is on disk before anything leaves. */
static enum err call_intend(struct attempt *a, struct call_record *call)
{
    TRY(call->is_change ? undo_to_json(&a->replies, &a->step.undo, &call->undo) : ERR_OK);
    TRY(attempt_time(a, &call->intended_ms));
    return store_call_intend(a->executor->store, call);
}

/* Whether a pause stops this request: a change, unless a person asked for just that. */
static bool heeds_pause(const struct attempt *a, const struct call_record *call)
{
    return call->is_change && a->executor->governor != NULL
           && (a->order->cause != NULL || !a->order->is_by_person);
}

static enum err leave_and_intend(struct attempt *a, struct call_record *call)
{
    struct executor *executor = a->executor;
    if (heeds_pause(a, call))
        TRY(governor_may_change(executor->governor, a->arena, &executor->reason));
    return call_intend(a, call);
}

/* The last look before something is changed: cdr may have been paused since it was admitted. It is
 * taken with the journal in hand, so that whoever had to wait for that looks afterwards. */
static enum err call_begin(struct attempt *a, struct call_record *call)
{
    if (heeds_pause(a, call))
        a->step.request.pause_file = a->executor->governor->pause_file;
    struct store *store = a->executor->store;
    TRY(call->is_change ? store_begin(store) : store_begin_relaxed(store));
    return store_end(store, leave_and_intend(a, call));
}

/* A step whose time is up ends at its next read: what a change in flight did stays known. */
static enum err time_check(struct attempt *a, const struct call_record *call)
{
    int64_t time_ms;
    if (call->is_change || a->due_ms == 0)
        return ERR_OK;
    TRY(attempt_time(a, &time_ms));
    if (time_ms + (int64_t)a->step.request.delay_ms > a->due_ms)
        over(a, a->has_changed ? STEP_PARTIAL : STEP_FAILED,
            "it did not come to its end within its timeout");
    return ERR_OK;
}

static enum err call_send(
    struct attempt *a, struct call_record *call, bool is_intended, struct reply *ret_reply)
{
    TRY(time_check(a, call));
    if (!a->is_over)
        TRY(way_find(a));
    if (a->is_over)
        return ERR_OK;
    TRY(where_compare(a));
    if (call->is_change)
        TRY(self_spare(a));
    if (a->is_over)
        return ERR_OK;
    TRY(wait_for_request(a));
    if (!is_intended) /* one that is was a read */
        TRY(call_begin(a, call));
    TRY(deliver(a, call->is_change, ret_reply));
    a->has_changed |= call->is_change && ret_reply->kind != REPLY_REFUSED;
    TRY(decline_read(a, ret_reply, call));
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
    if (!a->is_fresh)
        a->replayed = a->calls + 1;
    return ERR_OK;
}

/* What people let through is what is sent. The target may have been changed after the plan was
 * compared, and the builtin decide otherwise by what it reads then: that is another plan. */
static enum err approval_check(struct attempt *a, struct call_record *call)
{
    struct call_record *made = NULL;
    size_t count = 0;
    size_t own = 0;
    bool is_allowed;
    if (!call->is_change || a->approved.len == 0)
        return ERR_OK;
    TRY(undo_to_json(&a->replies, &a->step.undo, &call->undo));
    TRY(store_calls(a->executor->store, call->run, &a->replies, &made, &count));
    for (size_t i = 0; i < count; i++)
        if (made[i].step == call->step)
            made[own++] = made[i];
    TRY(plan_allows(a->approved, call, made, own, &is_allowed));
    if (!is_allowed)
        over(a, a->has_changed ? STEP_PARTIAL : STEP_FAILED,
            "its target was changed after people let the plan through; what it would change now is "
            "not in that plan, so it was not sent");
    return ERR_OK;
}

static enum err answer_applied(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    struct call_record call = call_now(a, is_change);
    struct call_record stored;
    enum err err =
        store_call_get(a->executor->store, call.run, call.step, call.index, &a->replies, &stored);
    if (err == ERR_NOT_FOUND) {
        TRY(approval_check(a, &call));
        return a->is_over ? ERR_OK : call_send(a, &call, false, ret_reply);
    }
    TRY(err);
    if (!call_equal(&call, &stored)) {
        over(a, STEP_UNKNOWN,
            "this version asks for other requests than the journal remembers; nothing more was "
            "sent, so look at the target and undo or finish by hand");
        return ERR_OK;
    }
    return call_replay(a, &stored, ret_reply);
}

/* A change is supposed; what is read after it is no state that anybody left, so the journal
 * does not keep it. */
static enum err answer_supposed(struct attempt *a, bool is_change, struct reply *ret_reply)
{
    *ret_reply = (struct reply){ .kind = REPLY_ASSUMED, .body = STR("") };
    if (is_change) {
        TRY(self_spare(a));
        return a->is_over ? ERR_OK : plan_add(a);
    }
    TRY(way_find(a));
    if (a->is_over)
        return ERR_OK;
    TRY(where_compare(a));
    TRY(wait_for_request(a));
    return deliver(a, false, ret_reply);
}

enum err answer(struct attempt *a, bool is_change, struct reply *ret_reply)
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
    if (is_change && request->provider != NULL) {
        over(a, STEP_UNKNOWN, "it wanted to change something at another provider than its own");
        return ERR_OK;
    }
    if (!is_applied(a))
        return answer_planned(a, is_change, ret_reply);
    if (request->region.len == 0) /* the journal says where it went, and a resume goes there */
        request->region = a->step.region;
    bool is_supposed = a->phase == PHASE_LOOK
                       || (a->phase == PHASE_SUPPOSE && (is_change || a->plan.change_count > 0));
    return is_supposed ? answer_supposed(a, is_change, ret_reply)
                       : answer_applied(a, is_change, ret_reply);
}
static_assert(STEP_TURNS_MAX == 1000 && REQUEST_BYTES_MAX == 256 * 1024, "the sentences say so");

enum err has_asked(struct attempt *a, bool *ret_has_asked, int64_t *ret_since_ms)
{
    struct call_record first = { 0 };
    enum err err = !is_applied(a) ? ERR_NOT_FOUND
                                  : store_call_get(a->executor->store, a->order->run,
                                      a->order->index, 0, &a->replies, &first);
    *ret_has_asked = err == ERR_OK;
    *ret_since_ms = first.intended_ms;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
