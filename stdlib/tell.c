/* tell.c - steps that reach nobody: what they tell stands in the story of their run. */
#include "params.h"
#include "registry.h"

enum { LOG_TEXT };

/* What a step ends with is kept and shown with it: that is all there is to do. */
static enum step_turn log_next(struct step *step, const struct reply *reply)
{
    (void)reply; /* nothing is asked */
    value text = step->args[LOG_TEXT];
    if (text.kind != VALUE_TEXT || text.count == 0)
        return step_end(step, STEP_DONE, "the rule matched; the alert has no title");
    return step_end(step, STEP_DONE, arena_format(step->arena, "%.*s", STR_ARG(value_str(text))));
}

static const struct builtin rows[] = {
    {
        .name = "log",
        .verb = VERB_NOTIFY,
        .doc = "Write into the story of the run, and call nobody.",
        .params = { [LOG_TEXT] =
                        PARAM_TOLD("text", OPTIONAL, "the message; without it the alert's title") },
        .effect = EFFECT_COLLECTS,
        .next = log_next,
    },
};

const struct builtin_module tell_module = { "tell", rows, COUNT_OF(rows) };
