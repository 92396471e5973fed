/* attempt_plan.c - what a step would do, and whether it may; see attempt.h.
 *
 * The builtin is run with its changes supposed. What it reads before the first of them is in
 * the journal already when it is run again to act, so the provider is asked once.
 *
 * A step that has changed nothing yet always begins anew, with fresh reads: after a crash, after
 * a pause, and when a person has let it through. So what is approved is compared with the world
 * as it is now.
 */
#include "act/attempt.h"

#include "act/alert_text.h"
#include "act/timers.h"
#include "bytecode.h"
#include "value_json.h"

enum { SHADOWED_TOLD_MAX = 8 }; /* requests in the words of a step in shadow */

enum err attempt_run(struct attempt *a)
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

enum err attempt_prepare(struct attempt *a)
{
    const struct builtin *row = a->order->row;
    str region = a->step.region.ptr == NULL ? STR("") : a->step.region;
    int64_t began_ms = a->step.began_ms == 0 ? now_ms(a) : a->step.began_ms;
    const char *key =
        is_applied(a) ? arena_format(&a->own, "%.*s-%lld-%u", STR_ARG(store_id(a->executor->store)),
            (long long)a->order->run, (unsigned)a->order->index)
                      : arena_format(&a->own, "plan-%u", (unsigned)a->order->index);
    void *state = arena_alloc(&a->own, row->state_bytes, alignof(max_align_t));
    if (key == NULL || state == NULL)
        return ERR_MEMORY;
    str alert = STR("");
    if (row->tells && a->order->cause != NULL)
        TRY(alert_text(
            a->order->cause->event, a->order->cause->rule->name, str_from(key), &a->own, &alert));
    a->calls = 0;
    a->step = (struct step){ .args = a->order->args,
        .arena = &a->own,
        .key = str_from(key),
        .state = state,
        .region = region,
        .began_ms = began_ms,
        .alert = alert,
        .target = STR(""),
        .found = STR("") };
    return ERR_OK;
}

/* ---- the plan ---- */

enum err plan_add(struct attempt *a)
{
    struct plan_change *change = ARENA_NEW(a->arena, struct plan_change);
    if (change == NULL)
        return ERR_MEMORY;
    const struct request *request = &a->step.request;
    str undo = STR("");
    TRY(undo_to_json(a->arena, &a->step.undo, &undo));
    change->undo = undo;
    TRY(keep_chars(a, request->service, &change->request.service));
    TRY(keep_chars(a, request->operation, &change->request.operation));
    TRY(keep(a, request->region, &change->request.region));
    TRY(keep(a, request->target, &change->request.target));
    TRY(keep(a, request->body, &change->request.body));
    if (a->changes_last == NULL)
        a->plan.changes = change;
    else
        a->changes_last->next = change;
    a->changes_last = change;
    a->plan.change_count++;
    return ERR_OK;
}

static enum err facts_keep(struct attempt *a)
{
    for (const struct fact *fact = a->step.facts; fact != NULL; fact = fact->next) {
        struct fact *kept = ARENA_NEW(a->arena, struct fact);
        if (kept == NULL)
            return ERR_MEMORY;
        *kept = *fact;
        TRY(keep(a, fact->key, &kept->key));
        TRY(keep(a, fact->text, &kept->text));
        kept->next = a->plan.facts;
        a->plan.facts = kept;
    }
    return ERR_OK;
}

/* Everything out of the builtin's own memory, which is its next turn's. */
static enum err plan_finish(struct attempt *a)
{
    TRY(facts_keep(a));
    TRY(keep(a, a->step.target, &a->plan.target));
    TRY(keep(a, a->step.found, &a->plan.found));
    TRY(keep(a, a->identity, &a->plan.identity));
    TRY(keep(a, a->step.region, &a->plan.region));
    TRY(keep(a, str_from(a->step.reason), &a->plan.result));
    return plan_hash(
        &a->plan, a->order, store_id(a->executor->governor->store), a->arena, &a->plan_hash);
}

/* ---- holds ---- */

static enum err hold_timer(struct attempt *a, const struct hold *hold)
{
    struct timer timer = { .kind = TIMER_EXPIRE,
        .run = hold->run,
        .step = hold->step,
        .hold = hold->id,
        .set_ms = hold->held_ms,
        .due_ms = hold->until_ms };
    return hold->until_ms == 0 ? ERR_OK : timers_set(a->executor->store, &timer);
}

/* The step waits, with what it would do on disk. */
static enum err hold_record(struct attempt *a, const struct judgement *judgement)
{
    struct hold hold = { .run = a->order->run,
        .step = a->order->index,
        .cause = judgement->hold_cause,
        .reason = str_from(judgement->reason),
        .clause = judgement->clause,
        .plan_hash = a->plan_hash,
        .plan = STR(""),
        .author = a->order->cause->rule->author,
        .target = a->plan.target,
        .state = HOLD_OPEN };
    TRY(attempt_time(a, &hold.held_ms));
    TRY(hold_stages_to_json(a->arena, judgement->stages, judgement->stage_count, &hold.stages));
    if (a->plan_hash.len > 0)
        TRY(plan_to_json(&a->plan, a->order, a->arena, &hold.plan));
    TRY(holds_add(a->executor->store, &hold));
    TRY(hold_timer(a, &hold));
    a->hold = hold.id;
    return ERR_OK;
}

static enum err hold_add(struct attempt *a, const struct judgement *judgement)
{
    struct store *store = a->executor->store;
    if (is_applied(a)) {
        TRY(store_begin(store));
        enum err err = hold_record(a, judgement);
        if (err != ERR_OK) {
            store_rollback(store);
            return err;
        }
        TRY(store_commit(store));
    }
    over(a, STEP_HELD, judgement->reason);
    return ERR_OK;
}

/* Who said no, in their words. */
static const char *rejection(struct attempt *a, const struct hold *hold)
{
    struct decision *decisions = NULL;
    size_t count = 0;
    if (hold->state == HOLD_EXPIRED)
        return "nobody answered in time";
    if (holds_decisions(a->executor->store, hold->id, a->arena, &decisions, &count) != ERR_OK)
        return NULL;
    for (size_t i = count; i > 0; i--)
        if (!decisions[i - 1].is_approval)
            return arena_format(a->arena, "rejected by %.*s: %.*s", STR_ARG(decisions[i - 1].who),
                STR_ARG(decisions[i - 1].reason));
    return "rejected";
}

/* What became of the hold that the step waits for: it may be over, held still or as rejected. */
static enum err hold_look(struct attempt *a, const struct hold *hold)
{
    a->hold = hold->id;
    a->was_open = hold->state == HOLD_OPEN;
    if (hold->state == HOLD_OPEN && hold->plan_hash.len > 0) {
        over(a, STEP_HELD, hold->reason.ptr);
        return keep(a, hold->target, &a->step.target);
    }
    if (hold->state != HOLD_REJECTED && hold->state != HOLD_EXPIRED)
        return ERR_OK;
    const char *reason = rejection(a, hold);
    over(a, STEP_REJECTED, reason);
    TRY(keep(a, hold->target, &a->step.target));
    return reason == NULL ? ERR_STORE : ERR_OK;
}

/* Whether people let exactly this plan through. */
static enum err hold_claim(struct attempt *a, const struct hold *hold, bool *ret_is_approved)
{
    enum hold_state state = hold->state;
    int64_t time_ms;
    if (state == HOLD_APPROVED || state == HOLD_USED) {
        /* An approval is used once: not while the pause would keep the step from going on. */
        TRY(governor_may_change(a->executor->governor, a->arena, &a->executor->reason));
        TRY(attempt_time(a, &time_ms));
        TRY(holds_claim(a->executor->store, hold->id, a->plan_hash, time_ms, a->arena, &state));
    }
    *ret_is_approved = state == HOLD_USED && str_equal(hold->plan_hash, a->plan_hash);
    if (*ret_is_approved)
        a->approved = hold->plan;
    a->is_let = *ret_is_approved;
    return ERR_OK;
}

/* ---- leave ---- */

static enum err join(struct attempt *a, const struct judgement *judgement)
{
    const struct step_record *joined = &judgement->joined;
    enum step_turn end = step_turn_find(joined->state);
    if (end == STEP_TURN_COUNT) { /* it is not over: wait for it */
        over(a, STEP_HELD, judgement->reason);
        return is_applied(a) ? store_step_wait(a->executor->store, a->order->run, a->order->index)
                             : ERR_OK;
    }
    a->joined = joined;
    over(a, end, judgement->reason);
    return a->step.target.len > 0 ? ERR_OK : keep(a, joined->target, &a->step.target);
}

/* The step is over in shadow, with what it would have done: "..; i-1 would be stopped; would send
 * ec2 StopInstances i-1". */
static enum err shadow(struct attempt *a, const char *reason)
{
    const struct plan_change *change = a->plan.changes;
    const char *words = a->plan.result.len == 0
                            ? reason
                            : arena_format(a->arena, "%s; %.*s", reason, STR_ARG(a->plan.result));
    for (uint32_t told = 0; change != NULL && told < SHADOWED_TOLD_MAX && words != NULL; told++) {
        const struct request *request = &change->request;
        words = arena_format(a->arena, "%s%s %s %s%s%.*s", words, told == 0 ? "; would send" : ",",
            request->service, request->operation, request->target.len > 0 ? " " : "",
            STR_ARG(request->target));
        change = change->next;
    }
    if (change != NULL && words != NULL)
        words = arena_format(
            a->arena, "%s and %u more", words, a->plan.change_count - SHADOWED_TOLD_MAX);
    over(a, STEP_SHADOWED, words);
    return words == NULL ? ERR_MEMORY : ERR_OK;
}

/* Go by what the governor said. In a plan it is told, and nothing else. */
static enum err go_by(struct attempt *a, const struct judgement *judgement)
{
    if (!is_applied(a))
        return ERR_OK;
    switch (judgement->ruling) {
    case RULING_ADMITTED:
        return ERR_OK;
    case RULING_HELD:
        return hold_add(a, judgement);
    case RULING_JOINED:
        return join(a, judgement);
    case RULING_SHADOWED:
        return shadow(a, judgement->reason);
    case RULING_REFUSED:
        over(a, STEP_REFUSED, judgement->reason);
        return ERR_OK;
    case RULING_PAUSED:
        a->executor->reason = judgement->reason;
        return ERR_PAUSED;
    case RULING_COUNT:
        break;
    }
    return ERR_INVALID;
}

/* A hold without a plan that nobody answered is about nothing once the step was judged without it. */
static enum err hold_drop(struct attempt *a, const struct hold *hold, enum ruling ruling)
{
    int64_t time_ms;
    if (hold == NULL || hold->state != HOLD_OPEN || ruling == RULING_HELD
        || ruling == RULING_PAUSED)
        return ERR_OK;
    TRY(attempt_time(a, &time_ms));
    return holds_void(a->executor->store, hold->id, time_ms, "the step need not wait any more");
}

static enum err judge(struct attempt *a, const struct hold *hold)
{
    struct judgement *judgement = ARENA_NEW(a->arena, struct judgement);
    struct proposal proposal = { .order = a->order,
        .plan = &a->plan,
        .plan_hash = a->plan_hash,
        .hold = hold,
        .is_offline = a->executor->mode == MODE_OFFLINE };
    if (judgement == NULL)
        return ERR_MEMORY;
    if (hold != NULL)
        TRY(hold_claim(a, hold, &proposal.is_approved));
    TRY(governor_judge(a->executor->governor, &proposal, a->arena, judgement));
    TRY(hold_drop(a, hold, judgement->ruling));
    a->judgement = judgement;
    return go_by(a, judgement);
}

static enum err foresee(struct attempt *a)
{
    struct judgement *judgement = ARENA_NEW(a->arena, struct judgement);
    struct proposal proposal = { .order = a->order, .plan_hash = STR("") };
    if (judgement == NULL)
        return ERR_MEMORY;
    TRY(governor_foresee(a->executor->governor, &proposal, a->arena, judgement));
    if (judgement->ruling != RULING_ADMITTED)
        a->judgement = judgement;
    return go_by(a, judgement);
}

/* What it acts on is its own from here on, among the threads that act. */
static enum err claim(struct attempt *a)
{
    return governor_claim(a->executor->governor, a->order, a->step.target, a->plan.change_count > 0,
        a->arena, &a->executor->reason);
}

/* Plan the step; what it would do is then what the governor is asked about. One that would
 * change nothing needs no leave, and its end stands. */
static enum err propose(struct attempt *a, const struct hold *hold)
{
    a->phase = PHASE_SUPPOSE;
    TRY(attempt_run(a));
    TRY(claim(a));
    if (a->plan.change_count == 0)
        return hold_drop(a, hold, RULING_ADMITTED);
    a->is_over = false;
    TRY(plan_finish(a));
    TRY(judge(a, hold));
    if (a->is_over)
        return ERR_OK;
    arena_release(&a->own);
    a->phase = PHASE_ACT;
    a->is_fresh = true;
    return attempt_prepare(a);
}

/* ---- going on ---- */

/* What the changes that the journal has of the step came to, as the step would end there. */
static enum err end_here(struct attempt *a, enum step_turn *ret_end)
{
    struct call_record *calls = NULL;
    size_t count = 0;
    TRY(store_calls(a->executor->store, a->order->run, &a->replies, &calls, &count));
    *ret_end = STEP_REFUSED;
    for (size_t i = 0; i < count; i++) {
        const struct call_record *call = &calls[i];
        if (call->step != a->order->index || !call->is_change || call_is_refused(call))
            continue;
        bool is_known = call->has_reply && call->reply_kind == REPLY_RECEIVED;
        if (!is_known)
            *ret_end = STEP_UNKNOWN;
        else if (*ret_end == STEP_REFUSED)
            *ret_end = STEP_PARTIAL;
    }
    return ERR_OK;
}

/* Begin from the start again; what was supposed is forgotten. */
static enum err look_forget(struct attempt *a)
{
    arena_release(&a->own);
    a->plan = (struct plan){ .change_count = 0 };
    a->changes_last = NULL;
    a->plan_hash = STR("");
    a->phase = PHASE_ACT;
    a->is_over = false;
    return attempt_prepare(a);
}

/* A clause forbids what is left to do: the step ends where it was cut off. */
static enum err look_refused(struct attempt *a, const struct judgement *judgement)
{
    enum step_turn end;
    a->judgement = judgement;
    TRY(end_here(a, &end));
    over(a, end, judgement->reason);
    return ERR_OK;
}

/* A step that was cut off after it was let through goes on, maybe much later: whether a clause
 * forbids it is asked again, of the world as it is. */
static enum err look_again(struct attempt *a)
{
    struct judgement *judgement = ARENA_NEW(a->arena, struct judgement);
    if (judgement == NULL)
        return ERR_MEMORY;
    a->phase = PHASE_LOOK;
    TRY(attempt_run(a));
    if (a->was_silent && a->plan.change_count == 0) {
        a->executor->reason =
            "the provider does not answer, so whether the step may go on is not known";
        return ERR_TRANSPORT;
    }
    TRY(claim(a));
    if (a->plan.change_count > 0) {
        TRY(plan_finish(a));
        struct proposal proposal = {
            .order = a->order, .plan = &a->plan, .plan_hash = a->plan_hash
        };
        TRY(governor_look_again(a->executor->governor, &proposal, a->arena, judgement));
        if (judgement->ruling == RULING_REFUSED)
            return look_refused(a, judgement);
    }
    return look_forget(a);
}

/* The hold that the step waits or waited for, or NULL. */
static enum err hold_find(struct attempt *a, struct hold *room, const struct hold **ret_hold)
{
    *ret_hold = NULL;
    enum err err =
        holds_of_step(a->executor->store, a->order->run, a->order->index, a->arena, room);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    *ret_hold = room;
    return err;
}

enum err attempt_ask_leave(struct attempt *a)
{
    struct hold room;
    const struct hold *hold = NULL;
    governor_look(a->executor->governor);
    TRY(hold_find(a, &room, &hold));
    a->is_awaited = hold != NULL || a->is_held;
    bool is_waiting = hold == NULL && a->is_held; /* for another step: it may have to wait on */
    if (is_waiting)
        TRY(foresee(a));
    else if (hold != NULL && a->is_held)
        TRY(hold_look(a, hold));
    if (a->is_over)
        return ERR_OK;
    enum err err = store_step_again(a->executor->store, a->order->run, a->order->index);
    if (err == ERR_INVALID) { /* it was let through, and changed something */
        a->approved = hold != NULL && hold->state == HOLD_USED ? hold->plan : STR("");
        TRY(attempt_bind(a));
        return a->is_over ? ERR_OK : look_again(a);
    }
    TRY(err);
    if (hold == NULL && !is_waiting)
        TRY(foresee(a));
    if (!a->is_over)
        TRY(attempt_bind(a));
    return a->is_over ? ERR_OK : propose(a, hold);
}

enum err attempt_judge_plan(struct attempt *a)
{
    struct governor *governor = a->executor->governor;
    if (governor == NULL || a->order->cause == NULL)
        return ERR_OK;
    if (a->plan.change_count == 0)
        return foresee(a);
    TRY(plan_finish(a));
    return judge(a, NULL);
}
