/* undo.c - see undo.h.
 *
 * What an undo has to do is computed from the journal: the changes of the run, less what
 * earlier undos have done. Both are over and never change again, so an undo that was cut
 * off computes the same list, and its steps meet their own entries in the journal.
 */
#include "act/undo.h"

#include "value_json.h"

/* The changes that are left, newest first. */
struct changes {
    const struct call_record **items;
    size_t count;
};

/* One undo while it runs. */
struct undoing {
    struct executor *executor;
    const struct builtin *(*find)(str name);
    struct arena *arena;
    struct undo_report *report;
    struct run undone;         /* the run that is taken back */
    struct step_record *steps; /* its steps, by index */
    size_t step_count;
    struct changes changes;
    int64_t run; /* the undo itself; 0 until it is begun, and in a plan */
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

/* Take out of `changes` what the steps of a finished undo, in the same order, have done. */
static enum err changes_subtract(struct undoing *undoing, int64_t undo)
{
    struct step_record *steps;
    size_t count;
    TRY(store_steps(undoing->executor->store, undo, undoing->arena, &steps, &count));
    struct changes *changes = &undoing->changes;
    size_t left = 0;
    for (size_t i = 0; i < changes->count; i++)
        if (i >= count || !str_is(steps[i].state, step_turn_name(STEP_DONE)))
            changes->items[left++] = changes->items[i];
    changes->count = left;
    return ERR_OK;
}

/* Find what is left to do, and the undo that was cut off, if there is one. */
static enum err undos_read(struct undoing *undoing)
{
    struct run_filter filter = { .undoes = undoing->undone.id };
    struct run *undos;
    size_t count;
    TRY(store_runs(undoing->executor->store, &filter, undoing->arena, &undos, &count));
    for (size_t i = 0; i < count; i++) {
        if (undos[i].ended_ms != 0)
            TRY(changes_subtract(undoing, undos[i].id));
        else
            undoing->run = undos[i].id;
    }
    return ERR_OK;
}

static enum err undo_begin(struct undoing *undoing)
{
    struct store *store = undoing->executor->store;
    const struct run *undone = &undoing->undone;
    if (undone->ended_ms == 0)
        TRY(store_run_abandon(store, undone->id, now_ms(undoing),
            "the run was cut off here, then closed by its undo"));
    struct run run = {
        .undoes = undone->id,
        .alert = undone->alert,
        .source = undone->source,
        .rule = undone->rule,
        .started_ms = now_ms(undoing),
    };
    TRY(store_run_begin(store, &run));
    undoing->run = run.id;
    return ERR_OK;
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

/* Why an inverse cannot be run by this version, or NULL; "" when memory is short. */
static const char *inverse_fault(
    struct undoing *undoing, const struct builtin *row, const struct undo *undo)
{
    if (row != NULL && builtin_param_count(row) == undo->args_count)
        return NULL;
    const char *fault = arena_format(undoing->arena,
        row == NULL ? "this version has no undo named %s"
                    : "this version's undo %s takes other arguments than were recorded",
        undo->builtin);
    return fault == NULL ? "" : fault;
}

/* Where the step that made the change sent it. */
static str region_of(const struct undoing *undoing, const struct call_record *change)
{
    return change->step < undoing->step_count ? undoing->steps[change->step].region : STR("");
}

static enum err inverse_execute(
    struct undoing *undoing, const struct undo *undo, str region, struct undo_step *step)
{
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
        .region = region,
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
    TRY(err == ERR_OK ? inverse_execute(undoing, undo, region_of(undoing, change), &step)
                      : damaged_refuse(undoing, &step));
    if (undoing->report != NULL && undoing->report->step != NULL)
        undoing->report->step(undoing->report, &step);
    return ERR_OK;
}

/* An inverse that fails does not stop the older ones: each looks for itself. */
static enum err undo_all(struct undoing *undoing)
{
    for (size_t i = 0; i < undoing->changes.count; i++)
        TRY(undo_one(undoing, (uint32_t)i));
    if (!is_applied(undoing))
        return ERR_OK;
    return store_run_end(undoing->executor->store, undoing->run, now_ms(undoing));
}

/* Taking a run back must not lift what another one wants in force. */
static enum err reliance_refuse(struct undoing *undoing)
{
    struct reliance other;
    struct executor *executor = undoing->executor;
    enum err err = store_reliance(executor->store, undoing->undone.id, undoing->arena, &other);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    executor->reason = arena_format(undoing->arena,
        "run %lld (alert %.*s) %s and relies on it; take run %lld back first: cdr undo %lld",
        (long long)other.run, STR_ARG(other.alert),
        other.has_changed ? "did this again" : "found this in force", (long long)other.run,
        (long long)other.run);
    return executor->reason == NULL ? ERR_MEMORY : ERR_NEEDED;
}

static enum err undo_prepare(struct undoing *undoing, int64_t run)
{
    TRY(store_run_get(undoing->executor->store, run, undoing->arena, &undoing->undone));
    if (undoing->undone.undoes != 0)
        return ERR_INVALID;
    TRY(changes_read(undoing));
    TRY(undos_read(undoing));
    if (undoing->undone.standing == RUN_TAKEN_BACK && undoing->run == 0)
        return ERR_INVALID;
    if (undoing->changes.count > 0)
        TRY(reliance_refuse(undoing));
    return is_applied(undoing) && undoing->run == 0 ? undo_begin(undoing) : ERR_OK;
}

enum err undo_execute(struct executor *executor, const struct builtin *(*find)(str name),
    int64_t run, struct arena *arena, struct undo_report *report, int64_t *ret_undo)
{
    struct undoing undoing = {
        .executor = executor,
        .find = find,
        .arena = arena,
        .report = report,
    };
    enum err err = undo_prepare(&undoing, run);
    if (err == ERR_OK)
        err = undo_all(&undoing);
    *ret_undo = is_applied(&undoing) ? undoing.run : 0;
    return err;
}
