/* report_log.c - steps as events of a log: what a daemon says while it acts. */
#include "driver/report_forms.h"

#include "daemon/log.h"
#include "daemon/metrics.h"

static bool ended_well(enum step_turn turn)
{
    return turn == STEP_DONE || turn == STEP_HELD || turn == STEP_SHADOWED;
}

void log_step(struct reporter *reporter, const struct step_view *step)
{
    const struct step_outcome *outcome = step->outcome;
    const char *reason = step_reason(reporter->mode, outcome);
    if (outcome->replayed == UINT32_MAX) /* it was told before */
        return;
    str state = str_from(step_state(reporter->mode, outcome));
    if (outcome->turn != STEP_HELD)
        metrics_add(reporter->metrics, METRIC_STEPS_ENDED, state, 1);
    LOG(reporter->log, ended_well(outcome->turn) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "step",
        LOG_NUMBER(step->run != 0 ? "run" : "undo_of", step->run != 0 ? step->run : reporter->run),
        LOG_NUMBER("step", step->index + 1), LOG_TEXT("name", str_from(step->row->name)),
        LOG_TEXT("target", outcome->target), LOG_TEXT("state", state),
        LOG_TEXT("reason", str_from(reason == NULL ? "" : reason)));
}

void log_note(struct reporter *reporter, const char *key, const char *text)
{
    LOG(reporter->log, LOG_LEVEL_INFO, key, LOG_NUMBER("run", reporter->run),
        LOG_TEXT("rule", reporter->rule), LOG_TEXT("reason", str_from(text)));
}
