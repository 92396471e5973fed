/* builtin.c - the words for what a row says about itself. */
#include "builtin.h"

static const char *const verb_names[VERB_COUNT] = {
    [VERB_COLLECT] = "collect",
    [VERB_RESPOND] = "respond",
    [VERB_NOTIFY] = "notify",
    [VERB_OPEN] = "open",
    [VERB_IMPORT] = "import",
    [VERB_CALL] = "call",
    [VERB_UNDO] = "undo",
    [VERB_FIND] = "find",
};

static const char *const effect_names[EFFECT_COUNT] = {
    [EFFECT_READS] = "reads",
    [EFFECT_COLLECTS] = "collects",
    [EFFECT_CHANGES] = "changes",
    [EFFECT_DESTROYS] = "destroys",
};

const char *verb_name(enum verb verb)
{
    return verb < VERB_COUNT ? verb_names[verb] : "";
}

const char *effect_name(enum effect effect)
{
    return effect < EFFECT_COUNT ? effect_names[effect] : "";
}

const struct builtin *builtin_part(const struct builtin *builtin, uint32_t index)
{
    if (index == 0)
        return builtin;
    return builtin->ways == NULL ? NULL : builtin->ways[index - 1];
}

uint32_t builtin_param_count(const struct builtin *builtin)
{
    uint32_t count = 0;
    while (count < STEP_PARAMS_MAX && builtin->params[count].name != NULL)
        count++;
    return count;
}
