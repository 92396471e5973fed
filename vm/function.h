/* function.h - what a pure function of the language is: `hour(time)`.
 * The rows are in stdlib/core/; the program keeps pointers to those it calls.
 *
 * A call costs 1 unit of the rule's budget (INSTRUCTION_BUDGET), 1 more for each 64 bytes of
 * text in its arguments, and 1 for each element when the first argument is a list. No function
 * does more work than that pays for: those of a time are a few divisions (and, in a zone, a
 * search in at most ZONE_CHANGES_MAX changes), those of text look at each byte a fixed number
 * of times. What the compiler works out costs nothing when rules run. */
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
    bool is_written;   /* every argument is a written value: the compiler calls it, no rule does */
    bool takes_bytes;  /* text that is no UTF-8 is fine for it: what wide() makes */
    bool takes_list;   /* the first argument may be a list and reaches it whole (len); else a list
                      * there means a list of the results for each element */
    bool is_partial;   /* may be absent although all arguments are there and of their types */
    bool takes_absent; /* absent and null arguments reach it, as they are */
    /* Arguments were converted to `params`. Absent ones that are not optional never reach
     * it, nor does null: the result is absent then. ERR_MEMORY; ERR_LIMIT when the result would
     * be past ENCODED_BYTES_MAX or VARIANTS_MAX. */
    enum err (*call)(struct arena *arena, const value *args, value *ret_value);
};
