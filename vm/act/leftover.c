#include "act/leftover.h"

#include "store/audit.h"
#include "store/store.h"

/* One removal. */
struct removal {
    struct executor *executor;
    const struct leftover_order *order;
    struct arena *arena;
    struct run made; /* the run that left it */
    struct step_record step;
    int64_t run; /* the removal itself */
};

static int64_t now_ms(const struct removal *removal)
{
    return removal->executor->clock->now_ms(removal->executor->clock);
}

static MUST_CHECK enum err find(struct removal *removal)
{
    const struct leftover_order *order = removal->order;
    struct store *store = removal->executor->store;
    struct step_record *steps;
    size_t count;
    TRY(store_run_get(store, order->run, removal->arena, &removal->made));
    if (removal->made.undoes != 0 || removal->made.ended_ms == 0)
        return ERR_INVALID;
    TRY(store_steps(store, order->run, removal->arena, &steps, &count));
    for (size_t at = 0; at < count; at++) {
        if (steps[at].index != order->step)
            continue;
        removal->step = steps[at];
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static MUST_CHECK enum err note(struct removal *removal, const char *event, str after)
{
    const struct leftover_order *order = removal->order;
    int64_t seq;
    struct audit_entry entry = { .event = event,
        .who = order->person,
        .at_ms = now_ms(removal),
        .run = order->run,
        .step = order->step,
        .alert = removal->made.alert,
        .rule = removal->made.rule,
        .program_hash = removal->made.program_hash,
        .reason = order->reason,
        .after = after };
    return audit_append(removal->executor->store, &entry, &seq);
}

static MUST_CHECK enum err begin(struct removal *removal)
{
    struct run run = { .undoes = removal->order->run,
        .alert = removal->made.alert,
        .source = removal->made.source,
        .rule = removal->made.rule,
        .started_ms = now_ms(removal),
        .person = removal->order->person,
        .is_of_one_step = true,
        .undoes_step = removal->order->step };
    TRY(store_run_begin(removal->executor->store, &run));
    TRY(note(removal, "undo_begun", STR("")));
    removal->run = run.id;
    return ERR_OK;
}

/* `failed`: why its step did not come to an end. */
static MUST_CHECK enum err close(struct removal *removal, enum err failed, enum step_turn end)
{
    struct store *store = removal->executor->store;
    const char *after = arena_format(removal->arena, "%u of 1 leftovers removed by run %lld",
        failed == ERR_OK && end == STEP_DONE ? 1U : 0U, (long long)removal->run);
    if (after == NULL)
        return ERR_MEMORY;
    if (failed == ERR_OK)
        TRY(store_run_end(store, removal->run, now_ms(removal)));
    else
        TRY(store_run_abandon(store, removal->run, now_ms(removal),
            "the removal was cut off here: cdr leftovers shows what is left"));
    return note(removal, "undone", str_from(after));
}

enum err leftover_remove(struct executor *executor, const struct leftover_order *order,
    struct arena *arena, struct step_outcome *ret_outcome, int64_t *ret_undo)
{
    struct removal removal = { .executor = executor, .order = order, .arena = arena };
    *ret_undo = 0;
    TRY(find(&removal));
    TRY(store_begin(executor->store));
    TRY(store_end(executor->store, begin(&removal)));
    *ret_undo = removal.run;
    struct step_order step = { .row = order->row,
        .args = order->args,
        .run = removal.run,
        .found = STR(""),
        .region = removal.step.region,
        .account = removal.step.account,
        .is_by_person = true };
    enum err err = step_execute(executor, &step, arena, ret_outcome);
    enum step_turn end = err == ERR_OK ? ret_outcome->turn : STEP_UNKNOWN;
    TRY(store_begin(executor->store));
    enum err closed = store_end(executor->store, close(&removal, err, end));
    return err != ERR_OK ? err : closed;
}
