/* core.h - the pure functions of the language, by topic. stdlib/functions.c finds them. */
#pragma once

#include "function.h"

#include <stddef.h>

struct function_module {
    const struct function *rows;
    size_t count;
};

extern const struct function_module core_encoding_module;
extern const struct function_module core_extract_module;
extern const struct function_module core_text_module;
extern const struct function_module core_time_module;
extern const struct function_module core_value_module;
