/* step.c - the names of a step's turns. */
#include "act/step.h"

#include "bytecode.h"

static const char *const turn_names[STEP_TURN_COUNT] = {
    [STEP_ASK] = "ask",
    [STEP_CHANGE] = "change",
    [STEP_DONE] = "done",
    [STEP_PARTIAL] = "partial",
    [STEP_FAILED] = "failed",
    [STEP_UNRESOLVED] = "unresolved",
    [STEP_UNKNOWN] = "unknown",
    [STEP_REFUSED] = "refused",
    [STEP_REJECTED] = "rejected",
    [STEP_SHADOWED] = "shadowed",
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

static void add(struct step *step, struct fact fact)
{
    struct fact *added = ARENA_NEW(step->arena, struct fact);
    if (added == NULL) /* the turn counts for nothing */
        return;
    *added = fact;
    added->key = arena_copy(step->arena, fact.key);
    added->text = arena_copy(step->arena, fact.text);
    added->next = step->facts;
    step->facts = added;
}

void step_fact(struct step *step, uint32_t field, str text)
{
    if (text.len > 0)
        add(step, (struct fact){ .field = field, .text = text });
}

void step_fact_tag(struct step *step, str key, str text)
{
    add(step, (struct fact){ .field = FIELD_RESOURCE_TAGS, .key = key, .text = text });
}

void step_none(struct step *step, uint32_t field)
{
    add(step, (struct fact){ .field = field, .text = STR("") });
}

void step_gap(struct step *step, uint32_t field, const char *why)
{
    add(step, (struct fact){ .field = field, .text = str_from(why), .is_gap = true });
}
