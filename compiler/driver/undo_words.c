/* undo_words.c - see undo_words.h. */
#include "driver/undo_words.h"

#include "act/step.h"
#include "value_json.h"

#include <inttypes.h>
#include <string.h>

/* What steps of a run collected, "" for nothing. ERR_STORE, ERR_JSON, ERR_MEMORY. */
static enum err evidence_of(
    struct store *store, int64_t run, struct arena *arena, const char **ret_evidence)
{
    struct step_record *steps = NULL;
    size_t count = 0;
    *ret_evidence = "";
    TRY(store_steps(store, run, arena, &steps, &count));
    for (size_t i = 0; i < count; i++) {
        value results[3] = { 0 };
        uint32_t read = 0;
        if (steps[i].results.len > 0)
            TRY(values_from_json(arena, steps[i].results, results, COUNT_OF(results), &read));
        if (results[1].kind != VALUE_TEXT)
            continue;
        *ret_evidence = arena_format(arena, "%s%s%.*s", *ret_evidence,
            **ret_evidence == '\0' ? "" : ", ", STR_ARG(value_str(results[1])));
        if (*ret_evidence == NULL)
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* Whether an undo is of what is asked for, and took some of it back. */
static enum err has_taken_back(struct store *store, const struct run *undo,
    const struct undo_order *order, struct arena *arena, bool *ret_has)
{
    struct step_record *steps = NULL;
    size_t count = 0;
    *ret_has = false;
    if (order->is_of_one_step && undo->is_of_one_step && undo->undoes_step != order->step)
        return ERR_OK;
    TRY(store_steps(store, undo->id, arena, &steps, &count));
    for (size_t at = 0; at < count; at++)
        *ret_has = *ret_has || step_turn_find(steps[at].state) == STEP_DONE;
    return ERR_OK;
}

/* The undos that took it back, as "run 2" or "runs 2, 3"; "": none did. */
static enum err undos_of(struct store *store, const struct undo_order *order, struct arena *arena,
    const char **ret_names)
{
    struct run *undos = NULL;
    size_t count = 0;
    size_t named = 0;
    const char *names = "";
    struct run_filter filter = { .undoes = order->run };
    TRY(store_runs(store, &filter, arena, &undos, &count));
    for (size_t at = 0; at < count && named <= UNDO_RUNS_NAMED && names != NULL; at++) {
        bool has = false;
        TRY(has_taken_back(store, &undos[at], order, arena, &has));
        if (!has)
            continue;
        names = named++ == UNDO_RUNS_NAMED ? arena_format(arena, "%s ..", names)
                                           : arena_format(arena, "%s%s %" PRId64, names,
                                               named == 1 ? "" : ",", undos[at].id);
    }
    if (names != NULL && named > 0)
        names = arena_format(arena, "%s%s", named == 1 ? "run" : "runs", names);
    *ret_names = names;
    return names == NULL ? ERR_MEMORY : ERR_OK;
}

/* What a run is called that changed nothing. */
static enum err unchanged_words(
    struct store *store, const struct run *run, struct arena *arena, const char **ret_words)
{
    const char *evidence;
    TRY(evidence_of(store, run->id, arena, &evidence));
    if (*evidence != '\0')
        *ret_words = arena_format(arena,
            "run %" PRId64 " changed nothing that could be taken back; what it collected stays: %s",
            run->id, evidence);
    else if (run->ended_ms == 0)
        *ret_words = arena_format(arena,
            "run %" PRId64 " was cut off and is now closed; nothing had been changed that could "
            "be taken back",
            run->id);
    else
        *ret_words = arena_format(arena,
            "run %" PRId64 " changed nothing itself; it no longer relies on what others changed",
            run->id);
    return *ret_words == NULL ? ERR_MEMORY : ERR_OK;
}

enum err undo_nothing_words(struct store *store, const struct run *run,
    const struct undo_order *order, int64_t undo, struct arena *arena, const char **ret_words)
{
    const char *what = order->is_of_one_step ? arena_format(
                           arena, "step %" PRIu32 " of run %" PRId64, order->step + 1, run->id)
                                             : arena_format(arena, "run %" PRId64, run->id);
    const char *undos;
    if (what == NULL)
        return ERR_MEMORY;
    TRY(undos_of(store, order, arena, &undos));
    if (*undos != '\0')
        *ret_words = arena_format(arena, "%s was taken back before, by %s", what, undos);
    else if (undo == 0)
        *ret_words = arena_format(arena, "%s was taken back before", what);
    else if (order->is_of_one_step)
        *ret_words = arena_format(arena, "%s changed nothing that could be taken back", what);
    else
        return unchanged_words(store, run, arena, ret_words);
    return *ret_words == NULL ? ERR_MEMORY : ERR_OK;
}
