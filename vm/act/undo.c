/* undo.c - see undo.h.
 *
 * What an undo has to do is computed from the journal: the changes of the run, or of one step,
 * less what earlier undos have done. Both are over and never change again, so an undo that was cut
 * off computes the same list, and its steps meet their own entries in the journal. For that no
 * undo of all of a run is begun while one of a step is open, and none of a step while one of all
 * is: it goes on with that one.
 *
 * A timer ends in the transaction in which its undo is begun. Before, it is set, and fires; after,
 * there is an open undo, which is gone on with. So none is missed, and none is begun twice.
 */
#include "act/undo.h"

#include "act/governor.h"
#include "act/timers.h"
#include "arn.h"
#include "store/audit.h"
#include "store/timers.h"
#include "value_json.h"

/* The changes that are left, newest first. */
struct changes {
    const struct call_record **items;
    size_t count;
};

enum { CHAIN_MAX = 20 }; /* runs named that have to be taken back first */

/* One undo while it runs. */
struct undoing {
    struct executor *executor;
    const struct builtin *(*find)(str name);
    struct arena *arena;
    struct undo_report *report;
    const struct undo_order *order;
    bool is_of_one_step;       /* as the order, or all where such an undo is gone on with */
    struct run undone;         /* the run that is taken back */
    struct step_record *steps; /* its steps, by index */
    size_t step_count;
    struct changes changes;
    bool is_done_before; /* an undo that has ended was of all of it */
    uint32_t taken_back; /* changes that this undo has */
    int64_t run;         /* the undo itself; 0 until it is begun, and in a plan */
};

static bool is_applied(const struct undoing *undoing)
{
    return undoing->executor->mode == MODE_APPLY;
}

static int64_t now_ms(const struct undoing *undoing)
{
    return undoing->executor->clock->now_ms(undoing->executor->clock);
}

/* A change without a reply may have arrived; one that was refused certainly has not, so
 * what its inverse would find there is somebody else's. */
static bool is_to_undo(const struct call_record *call)
{
    return call->is_change && call->undo.len > 0 && !call_is_refused(call);
}

static enum err changes_read(struct undoing *undoing)
{
    struct call_record *calls;
    size_t count;
    TRY(store_steps(undoing->executor->store, undoing->undone.id, undoing->arena, &undoing->steps,
        &undoing->step_count));
    TRY(store_calls(undoing->executor->store, undoing->undone.id, undoing->arena, &calls, &count));
    struct changes *changes = &undoing->changes;
    changes->items = ARENA_ARRAY(undoing->arena, const struct call_record *, count);
    if (changes->items == NULL)
        return ERR_MEMORY;
    for (size_t i = count; i > 0; i--)
        if (is_to_undo(&calls[i - 1]))
            changes->items[changes->count++] = &calls[i - 1];
    return ERR_OK;
}

static bool is_of(const struct call_record *change, bool is_of_one_step, uint32_t step)
{
    return !is_of_one_step || change->step == step;
}

/* Take out of `changes` what the steps of a finished undo, in the same order, have done. */
static enum err changes_subtract(struct undoing *undoing, const struct run *undo)
{
    struct step_record *steps;
    size_t count;
    TRY(store_steps(undoing->executor->store, undo->id, undoing->arena, &steps, &count));
    struct changes *changes = &undoing->changes;
    size_t left = 0;
    size_t at = 0; /* the step of the undo that took this change back */
    for (size_t i = 0; i < changes->count; i++) {
        const struct call_record *change = changes->items[i];
        bool is_tried = is_of(change, undo->is_of_one_step, undo->undoes_step) && at < count;
        if (!is_tried || !str_is(steps[at++].state, step_turn_name(STEP_DONE)))
            changes->items[left++] = change;
    }
    changes->count = left;
    return ERR_OK;
}

/* Whether an undo is of what is to be taken back, or more. */
static bool covers(const struct run *undo, const struct undo_order *order)
{
    return !undo->is_of_one_step || (order->is_of_one_step && undo->undoes_step == order->step);
}

static void changes_keep(struct undoing *undoing)
{
    struct changes *changes = &undoing->changes;
    size_t left = 0;
    for (size_t i = 0; i < changes->count; i++)
        if (is_of(changes->items[i], undoing->is_of_one_step, undoing->order->step))
            changes->items[left++] = changes->items[i];
    changes->count = left;
}

/* Find what is left to do, and the undo that was cut off, if there is one. */
static enum err undos_read(struct undoing *undoing)
{
    struct run_filter filter = { .undoes = undoing->undone.id };
    struct run *undos;
    size_t count;
    TRY(store_runs(undoing->executor->store, &filter, undoing->arena, &undos, &count));
    for (size_t i = 0; i < count; i++) {
        bool is_covered = covers(&undos[i], undoing->order);
        if (undos[i].ended_ms != 0) {
            undoing->is_done_before |= is_covered;
            TRY(changes_subtract(undoing, &undos[i]));
        } else if (is_covered) {
            undoing->run = undos[i].id;
            undoing->is_of_one_step = undos[i].is_of_one_step;
        }
    }
    changes_keep(undoing);
    return ERR_OK;
}

static enum err undo_audit(struct undoing *undoing, const char *event, str reason, str after)
{
    const struct undo_order *order = undoing->order;
    const struct run *undone = &undoing->undone;
    int64_t seq;
    struct audit_entry entry = { .event = event,
        .who = order->person.len > 0 ? order->person : STR("cdr"),
        .at_ms = now_ms(undoing),
        .run = undone->id,
        .step = undoing->is_of_one_step ? (int64_t)order->step : -1,
        .alert = undone->alert,
        .rule = undone->rule,
        .program_hash = undone->program_hash,
        .reason = reason,
        .after = after };
    return audit_append(undoing->executor->store, &entry, &seq);
}

/* The timer that fired is over, and so are those of all that is taken back. */
static enum err timers_close(struct undoing *undoing)
{
    const struct undo_order *order = undoing->order;
    struct timer *timers;
    size_t count;
    TRY(timers_list(undoing->executor->store, undoing->undone.id, undoing->arena, &timers, &count));
    for (size_t i = 0; i < count; i++) {
        bool is_of_step = timers[i].kind == TIMER_UNDO && timers[i].step == order->step;
        if (undoing->is_of_one_step && !is_of_step)
            continue;
        TRY(timers_end(undoing->executor->store, timers[i].id, now_ms(undoing),
            timers[i].id == order->timer ? STR("fired") : STR("cancelled: it was taken back")));
    }
    return ERR_OK;
}

static enum err undo_write(struct undoing *undoing)
{
    struct store *store = undoing->executor->store;
    const struct run *undone = &undoing->undone;
    if (undone->ended_ms == 0 && !undoing->is_of_one_step)
        TRY(store_run_abandon(store, undone->id, now_ms(undoing),
            "the run was cut off here, then closed by its undo"));
    struct run run = {
        .undoes = undone->id,
        .alert = undone->alert,
        .source = undone->source,
        .rule = undone->rule,
        .started_ms = now_ms(undoing),
        .person = undoing->order->person,
        .is_of_one_step = undoing->is_of_one_step,
        .undoes_step = undoing->order->step,
    };
    TRY(store_run_begin(store, &run));
    TRY(timers_close(undoing));
    TRY(undo_audit(undoing, "undo_begun", undoing->order->reason, STR("")));
    undoing->run = run.id;
    return ERR_OK;
}

/* Whoever is paused begins nothing on its own. */
static enum err pause_heed(struct undoing *undoing)
{
    struct executor *executor = undoing->executor;
    if (executor->governor == NULL || undoing->order->person.len > 0)
        return ERR_OK;
    return governor_may_change(executor->governor, undoing->arena, &executor->reason);
}

static enum err undo_begin(struct undoing *undoing)
{
    TRY(pause_heed(undoing));
    TRY(store_begin(undoing->executor->store));
    enum err err = store_end(undoing->executor->store, undo_write(undoing));
    if (err != ERR_OK)
        undoing->run = 0;
    return err;
}

/* Refuse in the place of an inverse that the journal no longer tells. */
static enum err damaged_refuse(struct undoing *undoing, struct undo_step *step)
{
    static const struct builtin damaged = { .name = "damaged", .verb = VERB_UNDO };
    static const value none[STEP_PARAMS_MAX] = { 0 };
    step->builtin = &damaged;
    step->args = none;
    struct step_order order = {
        .row = &damaged, .args = none, .run = undoing->run, .index = step->index, .found = STR("")
    };
    return step_refuse(undoing->executor, &order, STEP_UNKNOWN,
        "the journal's record of how to take this change back is damaged; look at the target and "
        "take it back by hand",
        undoing->arena, &step->outcome);
}

/* Whether what was recorded, maybe by an earlier version whose row had fewer parameters, is enough
 * for the row: those that came later may stay absent. */
static bool has_arguments(const struct builtin *row, const struct undo *undo)
{
    uint32_t count = builtin_param_count(row);
    for (uint32_t at = undo->args_count; at < count; at++)
        if (row->params[at].need == PARAM_REQUIRED)
            return false;
    return undo->args_count <= count;
}

/* Why an inverse cannot be run by this version, or NULL; "" when memory is short. */
static const char *inverse_fault(
    struct undoing *undoing, const struct builtin *row, const struct undo *undo)
{
    if (row != NULL && has_arguments(row, undo))
        return NULL;
    const char *fault = arena_format(undoing->arena,
        row == NULL ? "this version has no undo named %s"
                    : "this version's undo %s takes other arguments than were recorded",
        undo->builtin);
    return fault == NULL ? "" : fault;
}

/* Where the step acted: in the account that was asked for, else in that of who it acted as. An undo
 * by somebody else must not look there for things of the same name. */
static str account_of(const struct step_record *made)
{
    struct arn arn;
    if (made->account.len > 0 || !arn_read(made->identity, &arn))
        return made->account;
    return arn.account;
}

/* An ARN says which account it is in, so that others get there; other identities say nothing of where
 * they are. */
static str made_as(const struct step_record *made)
{
    struct arn arn;
    return arn_read(made->identity, &arn) ? STR("") : made->identity;
}

static enum err inverse_execute(struct undoing *undoing, const struct undo *undo,
    const struct call_record *change, struct undo_step *step)
{
    bool is_known = change->step < undoing->step_count;
    const struct step_record *made = is_known ? &undoing->steps[change->step] : NULL;
    const struct builtin *row = undoing->find(str_from(undo->builtin));
    const char *fault = inverse_fault(undoing, row, undo);
    struct builtin *absent = ARENA_NEW(undoing->arena, struct builtin);
    if (absent == NULL || (fault != NULL && fault[0] == '\0'))
        return ERR_MEMORY;
    *absent = (struct builtin){ .name = undo->builtin, .verb = VERB_UNDO };
    step->builtin = fault == NULL ? row : absent;
    struct step_order order = {
        .row = step->builtin,
        .args = undo->args,
        .run = undoing->run,
        .index = step->index,
        .found = STR(""),
        .region = is_known ? made->region : STR(""),
        .account = is_known ? account_of(made) : STR(""),
        .began_as = is_known ? made_as(made) : STR(""),
        .is_by_person = undoing->order->person.len > 0,
    };
    if (fault != NULL)
        return step_refuse(
            undoing->executor, &order, STEP_UNRESOLVED, fault, undoing->arena, &step->outcome);
    return step_execute(undoing->executor, &order, undoing->arena, &step->outcome);
}

static enum err undo_one(struct undoing *undoing, uint32_t index)
{
    struct undo *undo = ARENA_NEW(undoing->arena, struct undo);
    if (undo == NULL)
        return ERR_MEMORY;
    const struct call_record *change = undoing->changes.items[index];
    struct undo_step step = { .index = index, .args = undo->args };
    enum err err = undo_from_json(undoing->arena, change->undo, undo);
    if (err == ERR_MEMORY)
        return err;
    TRY(err == ERR_OK ? inverse_execute(undoing, undo, change, &step)
                      : damaged_refuse(undoing, &step));
    undoing->taken_back += step.outcome.turn == STEP_DONE;
    if (undoing->report != NULL && undoing->report->step != NULL)
        undoing->report->step(undoing->report, &step);
    return ERR_OK;
}

/* Whether an inverse read the target, sent nothing and ended as failed:
 * it is not as it was left, and no later try will find it so. */
static bool looked_only(const struct call_record *calls, size_t count, uint32_t step)
{
    const struct call_record *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (calls[i].step == step && calls[i].is_change)
            return false;
        if (calls[i].step == step)
            last = &calls[i];
    }
    return last != NULL && last->has_reply && last->reply_kind == REPLY_RECEIVED
           && last->reply_status < 300;
}

/* What came to its time and is not taken back comes again. In a transaction. */
static enum err undo_again(struct undoing *undoing)
{
    struct store *store = undoing->executor->store;
    struct step_record *steps;
    struct call_record *calls;
    size_t step_count;
    size_t call_count;
    bool is_left_alone = true;
    TRY(store_steps(store, undoing->run, undoing->arena, &steps, &step_count));
    TRY(store_calls(store, undoing->run, undoing->arena, &calls, &call_count));
    for (size_t i = 0; i < step_count; i++) {
        enum step_turn turn = step_turn_find(steps[i].state);
        if (turn != STEP_DONE)
            is_left_alone &= turn == STEP_FAILED && looked_only(calls, call_count, steps[i].index);
    }
    return timers_undo_again(
        store, undoing->executor->clock, undoing->undone.id, undoing->order->step, is_left_alone);
}

/* Whether its time was over, and nobody asks for it. */
static bool is_of_time(const struct undoing *undoing)
{
    return undoing->is_of_one_step && undoing->order->person.len == 0;
}

/* A step without changes has no inverses: what is open then is a removal (leftover.h) that was cut
 * off. */
static enum err run_close(struct undoing *undoing)
{
    struct store *store = undoing->executor->store;
    struct step_record *steps;
    size_t count;
    TRY(store_steps(store, undoing->run, undoing->arena, &steps, &count));
    if (undoing->changes.count > 0 || count == 0)
        return store_run_end(store, undoing->run, now_ms(undoing));
    return store_run_abandon(store, undoing->run, now_ms(undoing),
        "the removal was cut off here: cdr leftovers shows what is left");
}

static enum err undo_close(struct undoing *undoing)
{
    const char *after = arena_format(undoing->arena, "%u of %zu changes taken back by run %lld",
        (unsigned)undoing->taken_back, undoing->changes.count, (long long)undoing->run);
    if (after == NULL)
        return ERR_MEMORY;
    TRY(run_close(undoing));
    TRY(undo_audit(undoing, "undone", undoing->order->reason, str_from(after)));
    bool is_all = undoing->taken_back == undoing->changes.count;
    return is_all || !is_of_time(undoing) ? ERR_OK : undo_again(undoing);
}

/* An inverse that fails does not stop the older ones: each looks for itself. */
static enum err undo_all(struct undoing *undoing)
{
    for (size_t i = 0; i < undoing->changes.count; i++)
        TRY(undo_one(undoing, (uint32_t)i));
    if (!is_applied(undoing))
        return ERR_OK;
    TRY(store_begin(undoing->executor->store));
    return store_end(undoing->executor->store, undo_close(undoing));
}

/* What has to be taken back before a run: what relies on it, on that, and so on. */
struct chain {
    int64_t runs[CHAIN_MAX + 1]; /* newest first; one place for what is pushed out */
    bool is_followed[CHAIN_MAX + 1];
    size_t count;
    bool has_more; /* older ones than those */
};

static void chain_add(struct chain *chain, int64_t run)
{
    size_t at = 0;
    while (at < chain->count && chain->runs[at] > run)
        at++;
    if (at < chain->count && chain->runs[at] == run)
        return;
    memmove(&chain->runs[at + 1], &chain->runs[at], (chain->count - at) * sizeof chain->runs[0]);
    memmove(&chain->is_followed[at + 1], &chain->is_followed[at],
        (chain->count - at) * sizeof chain->is_followed[0]);
    chain->runs[at] = run;
    chain->is_followed[at] = false;
    chain->has_more = chain->has_more || chain->count == CHAIN_MAX;
    chain->count += chain->count < CHAIN_MAX;
}

static enum err chain_follow(
    struct undoing *undoing, struct chain *chain, int64_t run, int64_t step)
{
    struct reliance *reliances;
    size_t count;
    TRY(store_reliances(
        undoing->executor->store, run, step, CHAIN_MAX + 1, undoing->arena, &reliances, &count));
    for (size_t at = 0; at < count; at++)
        if (reliances[at].run != undoing->undone.id)
            chain_add(chain, reliances[at].run);
    return ERR_OK;
}

/* One that is pushed out never comes back, for those that stay only become newer: so it ends. */
static enum err chain_read(struct undoing *undoing, int64_t step, struct chain *chain)
{
    TRY(chain_follow(undoing, chain, undoing->undone.id, step));
    for (size_t at = 0; at < chain->count;) {
        if (chain->is_followed[at]) {
            at++;
            continue;
        }
        chain->is_followed[at] = true;
        TRY(chain_follow(undoing, chain, chain->runs[at], -1));
        at = 0;
    }
    return ERR_OK;
}

/* "run 3 back first: cdr undo 3"; NULL for want of memory. */
static const char *chain_words(const struct chain *chain, struct arena *arena)
{
    const char *named = "";
    const char *command = "cdr undo";
    for (size_t at = 0; at < chain->count && named != NULL && command != NULL; at++) {
        named =
            arena_format(arena, "%s%s%lld", named, at == 0 ? "" : ", ", (long long)chain->runs[at]);
        command = arena_format(arena, "%s %lld", command, (long long)chain->runs[at]);
    }
    if (named == NULL || command == NULL)
        return NULL;
    return arena_format(arena, "%s %s%s back first%s: %s", chain->count == 1 ? "run" : "runs",
        named, chain->has_more ? " and older ones" : "", chain->count == 1 ? "" : ", in this order",
        command);
}

/* Taking a run back must not lift what another one wants in force. */
static enum err reliance_refuse(struct undoing *undoing)
{
    struct reliance other;
    struct chain chain = { 0 };
    struct executor *executor = undoing->executor;
    int64_t step = undoing->is_of_one_step ? (int64_t)undoing->order->step : -1;
    enum err err =
        store_reliance(executor->store, undoing->undone.id, step, undoing->arena, &other);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    if (is_of_time(undoing))
        chain_add(&chain, other.run);
    else
        TRY(chain_read(undoing, step, &chain));
    const char *words = chain_words(&chain, undoing->arena);
    if (words == NULL)
        return ERR_MEMORY;
    executor->reason = arena_format(undoing->arena,
        "run %lld (alert %.*s) %s and relies on it; take %s", (long long)other.run,
        STR_ARG(other.alert), other.has_changed ? "did this again" : "found this in force", words);
    return executor->reason == NULL ? ERR_MEMORY : ERR_NEEDED;
}

/* An undo that is open goes on; for a timer that has become due meanwhile it does the work. */
static enum err undo_adopt(struct undoing *undoing)
{
    if (undoing->order->timer == 0)
        return ERR_OK;
    return timers_end(
        undoing->executor->store, undoing->order->timer, now_ms(undoing), STR("fired"));
}

/* ERR_NOT_FOUND where one step is to be taken back that the run never had. */
static enum err step_find(struct undoing *undoing)
{
    const struct undo_order *order = undoing->order;
    struct step_record *steps;
    size_t count;
    if (!order->is_of_one_step)
        return ERR_OK;
    TRY(store_steps(undoing->executor->store, order->run, undoing->arena, &steps, &count));
    return order->step < count ? ERR_OK : ERR_NOT_FOUND;
}

static enum err undo_prepare(struct undoing *undoing)
{
    const struct undo_order *order = undoing->order;
    TRY(store_run_get(undoing->executor->store, order->run, undoing->arena, &undoing->undone));
    if (undoing->undone.undoes != 0)
        return ERR_INVALID;
    TRY(step_find(undoing));
    TRY(changes_read(undoing));
    TRY(undos_read(undoing));
    bool is_taken_back = order->is_of_one_step
                             ? undoing->is_done_before && undoing->changes.count == 0
                             : undoing->undone.standing == RUN_TAKEN_BACK;
    if (is_taken_back && undoing->run == 0)
        return ERR_INVALID;
    if (undoing->changes.count > 0)
        TRY(reliance_refuse(undoing));
    if (!is_applied(undoing))
        return ERR_OK;
    return undoing->run == 0 ? undo_begin(undoing) : undo_adopt(undoing);
}

static enum err undo_run(struct executor *executor, const struct builtin *(*find)(str name),
    const struct undo_order *order, struct arena *arena, struct undo_report *report,
    int64_t *ret_undo)
{
    struct undoing undoing = {
        .executor = executor,
        .find = find,
        .arena = arena,
        .report = report,
        .order = order,
        .is_of_one_step = order->is_of_one_step,
    };
    enum err err = undo_prepare(&undoing);
    if (err == ERR_OK)
        err = undo_all(&undoing);
    *ret_undo = is_applied(&undoing) ? undoing.run : 0;
    return err;
}

/* Go on with the undos of single steps that are open. */
static enum err steps_finish(struct executor *executor, const struct builtin *(*find)(str name),
    const struct undo_order *order, struct arena *arena, struct undo_report *report,
    int64_t *ret_undo)
{
    struct run_filter filter = { .undoes = order->run, .is_open = true };
    struct run *undos;
    size_t count;
    TRY(store_runs(executor->store, &filter, arena, &undos, &count));
    for (size_t i = 0; i < count; i++) {
        struct undo_order first = *order;
        first.is_of_one_step = true;
        first.step = undos[i].undoes_step;
        if (undos[i].is_of_one_step)
            TRY(undo_run(executor, find, &first, arena, report, ret_undo));
    }
    return ERR_OK;
}

enum err undo_execute(struct executor *executor, const struct builtin *(*find)(str name),
    const struct undo_order *order, struct arena *arena, struct undo_report *report,
    int64_t *ret_undo)
{
    *ret_undo = 0;
    if (!order->is_of_one_step && executor->mode == MODE_APPLY)
        TRY(steps_finish(executor, find, order, arena, report, ret_undo));
    return undo_run(executor, find, order, arena, report, ret_undo);
}
