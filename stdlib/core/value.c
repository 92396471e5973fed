/* Functions on values of any kind. */
#include "core/core.h"

#include "number.h"

static enum err number(struct arena *arena, const value *args, value *ret_value)
{
    (void)arena;
    *ret_value = number_is(args[0]) ? args[0] : VALUE_NONE;
    if (args[0].kind == VALUE_TEXT && !number_parse(value_str(args[0]), ret_value))
        *ret_value = VALUE_NONE;
    return ERR_OK;
}

static const struct function rows[] = {
    {
        .name = "number",
        .doc = "The number that a text spells, as JSON spells numbers; absent when it spells none.",
        .params = { TYPE_RAW },
        .params_count = 1,
        .returns = TYPE_DECIMAL,
        .call = number,
    },
};

const struct function_module core_value_module = { rows, COUNT_OF(rows) };
