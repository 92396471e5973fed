/* Every pure function of the language, found by name. */
#include "registry.h"

#include "core/core.h"

static const struct function_module *const modules[] = {
    &core_encoding_module,
    &core_extract_module,
    &core_text_module,
    &core_time_module,
    &core_value_module,
};

const struct function *function_at(size_t index)
{
    for (size_t i = 0; i < COUNT_OF(modules); i++) {
        if (index < modules[i]->count)
            return &modules[i]->rows[index];
        index -= modules[i]->count;
    }
    return NULL;
}

const struct function *function_find(str name)
{
    const struct function *function;
    for (size_t index = 0; (function = function_at(index)) != NULL; index++)
        if (str_is(name, function->name))
            return function;
    return NULL;
}
