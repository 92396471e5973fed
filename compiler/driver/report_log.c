/* report_log.c - steps as events of a log: what a daemon says while it acts. */
#include "driver/report_forms.h"

#include "daemon/log.h"
#include "daemon/metrics.h"
#include "store/holds.h"

enum { APPROVERS_BYTES_MAX = 1024 * 1024 };

static bool ended_well(enum step_turn turn)
{
    return turn == STEP_DONE || turn == STEP_HELD || turn == STEP_SHADOWED;
}

/* "ann, bob": who let the step through; empty: nobody had to. */
static str approvers(
    struct reporter *reporter, const struct step_outcome *outcome, struct arena *arena)
{
    struct decision *decisions = NULL;
    size_t count = 0;
    const char *names = "";
    if (outcome->approval == 0 || reporter->store == NULL
        || holds_decisions(reporter->store, outcome->approval, arena, &decisions, &count) != ERR_OK)
        return STR("");
    for (size_t at = 0; at < count && names != NULL; at++)
        if (decisions[at].is_approval)
            names = arena_format(
                arena, "%s%s%.*s", names, *names == '\0' ? "" : ", ", STR_ARG(decisions[at].who));
    return names == NULL ? STR("") : str_from(names);
}

void log_step(struct reporter *reporter, const struct step_view *step)
{
    const struct step_outcome *outcome = step->outcome;
    const char *reason = step_reason(reporter->mode, outcome);
    if (outcome->replayed == UINT32_MAX || outcome->is_held_still) /* it was told before */
        return;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(APPROVERS_BYTES_MAX);
    str by = approvers(reporter, outcome, &arena);
    str state = str_from(step_state(reporter->mode, outcome));
    if (outcome->turn != STEP_HELD)
        metrics_add(reporter->metrics, METRIC_STEPS_ENDED, state, 1);
    const struct log_field fields[] = { LOG_NUMBER(step->run != 0 ? "run" : "undo_of",
                                            step->run != 0 ? step->run : reporter->run),
        LOG_NUMBER("step", step->index + 1), LOG_TEXT("name", str_from(step->row->name)),
        LOG_TEXT("target", outcome->target), LOG_TEXT("state", state),
        LOG_TEXT("reason", str_from(reason == NULL ? "" : reason)), LOG_TEXT("approved_by", by) };
    log_write(reporter->log, ended_well(outcome->turn) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "step",
        fields, COUNT_OF(fields) - (by.len == 0));
}

void log_note(struct reporter *reporter, const char *key, const char *text)
{
    LOG(reporter->log, LOG_LEVEL_INFO, key, LOG_NUMBER("run", reporter->run),
        LOG_TEXT("rule", reporter->rule), LOG_TEXT("reason", str_from(text)));
}
