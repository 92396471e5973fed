/* function.h - what a pure function of the language is: `hour(time)`.
 * The rows are in stdlib/core/; the program keeps pointers to those it calls. */
#pragma once

#include "value.h"

enum { FUNCTION_PARAMS_MAX = 8 };

struct function {
    const char *name;
    const char *doc;
    enum type params[FUNCTION_PARAMS_MAX];
    uint32_t params_count;
    uint32_t optional_count; /* how many of the last may be left out; absent then */
    enum type returns;
    bool takes_list;   /* the first argument may be a list and reaches it whole (len); else a list
                      * there means a list of the results for each element */
    bool is_partial;   /* may be absent although all arguments are there and of their types */
    bool takes_absent; /* absent and null arguments reach it, as they are */
    /* Arguments were converted to `params`. Absent ones that are not optional never reach
     * it, nor does null: the result is absent then. ERR_MEMORY. */
    enum err (*call)(struct arena *arena, const value *args, value *ret_value);
};
