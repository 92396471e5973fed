/* step.c - the names of a step's turns. */
#include "act/step.h"

static const char *const turn_names[STEP_TURN_COUNT] = {
    [STEP_ASK] = "ask",
    [STEP_CHANGE] = "change",
    [STEP_DONE] = "done",
    [STEP_PARTIAL] = "partial",
    [STEP_FAILED] = "failed",
    [STEP_UNRESOLVED] = "unresolved",
    [STEP_UNKNOWN] = "unknown",
    [STEP_HELD] = "held",
};

const char *step_turn_name(enum step_turn turn)
{
    return turn < STEP_TURN_COUNT ? turn_names[turn] : "unknown";
}

enum step_turn step_turn_find(str name)
{
    for (int turn = 0; turn < STEP_TURN_COUNT; turn++)
        if (step_turn_is_end((enum step_turn)turn) && str_is(name, turn_names[turn]))
            return (enum step_turn)turn;
    return STEP_TURN_COUNT;
}
