/* step_needs.c - see step_needs.h. */
#include "driver/step_needs.h"

#include "arguments.h"
#include "aws/iam_actions.h"

/* Whether the step has any target: one that is not resolved has none, and may get each. */
static bool has_target(const struct step_view *step)
{
    for (uint32_t at = 0; at < builtin_param_count(step->row); at++)
        if (step->row->params[at].need == PARAM_TARGET && step->args[at].kind != VALUE_ABSENT)
            return true;
    return false;
}

/* Whether the parameter is one of `values`, as iam_when has them. */
static bool is_one_of(const struct step_view *step, uint32_t param, const char *values)
{
    value v = step->args[param];
    if (iam_words_have(values, STR("target")))
        return v.kind != VALUE_ABSENT || !has_target(step);
    if (v.kind == VALUE_ABSENT)
        return iam_words_have(values, STR("-"));
    if (iam_words_have(values, STR("+")) || v.kind != VALUE_TEXT)
        return true;
    return iam_words_have(values, value_str(v));
}

bool step_needs(const struct step_view *step, const char *permission)
{
    const struct iam_when *row;
    bool is_spared = false;
    if (step->code == NULL || step->args == NULL)
        return true;
    for (size_t at = 0; (row = iam_when_at(at)) != NULL; at++) {
        if (!str_is(str_from(row->step), step->row->name)
            || !iam_words_have(row->actions, str_from(permission)))
            continue;
        uint32_t param = param_find(step->row, str_from(row->param));
        if (param == UINT32_MAX || is_one_of(step, param, row->values))
            return true;
        is_spared = true;
    }
    return !is_spared;
}
