/* value_json.h - values as JSON text, for the journal, and back.
 *
 * JSON has fewer kinds than a rule computes with, so a value that is no text, truth,
 * whole number or list is written as an object of one member that names its kind:
 *
 *   absent null   null {"null":true}   true   7   {"decimal":0.5}   "text"   [..]
 *   {"ip":"198.51.100.7"}   {"cidr":"10.0.0.0/8"}   {"time":ms}   {"duration":ms}
 *   {"severity":"high"}   {"verdict":"clean"}   {"bytes":"ff00"} for text that is not UTF-8
 *
 * What is read back is the same (value_same), whoever reads it: no type is needed. A set
 * comes back as a list.
 */
#pragma once

#include "act/step.h"
#include "base/attr.h"
#include "value.h"

/* Lists within each other in a value. */
enum { VALUE_JSON_DEPTH_MAX = 8 };

/* `count` values as a JSON array, in `arena`. ERR_INVALID: a regular expression, an
 * object of an alert, or a decimal that is not finite; ERR_LIMIT: past VALUE_JSON_DEPTH_MAX; ERR_MEMORY. */
MUST_CHECK enum err values_to_json(
    struct arena *arena, const value *values, uint32_t count, str *ret_json);
/* Read such an array of at most `max` values into `values`; the rest of them stays as it
 * is. ERR_JSON: it is none (or memory was short while jansson read a string, which it does
 * not tell apart); ERR_LIMIT: it holds more, or is too deep; ERR_MEMORY. */
MUST_CHECK enum err values_from_json(
    struct arena *arena, str json, value *values, uint32_t max, uint32_t *ret_count);

/* {"builtin":"release_role","args":[..]}; the empty str for a NULL builtin. Errors as
 * values_to_json. */
MUST_CHECK enum err undo_to_json(struct arena *arena, const struct undo *undo, str *ret_json);
/* Errors as values_from_json; the empty str has a NULL builtin. */
MUST_CHECK enum err undo_from_json(struct arena *arena, str json, struct undo *ret_undo);
