/* project.h - alert text to the values under the paths that a program asks for.
 *
 * This is the one door between JSON and the rules: a faster scanner replaces what
 * is behind it without touching a caller. A path reads first as one literal key,
 * then as keys between dots; keys fold case; every array on the way stands for its
 * elements, so a path through an array has a list of values.
 *
 * Below the top level a key with a dot in it is not reached. An object under a path is
 * VALUE_OBJECT (with the text from its brace on); arrays in arrays are one list.
 *
 * What an attacker may have written into an alert is mended or kept as text, never refused,
 * and counted: U+FFFD stands for what is not UTF-8 and for lone surrogates; a whole number past
 * 64 bits, a number past a decimal's range, what opens past ALERT_DEPTH_MAX, and an array with
 * more than SLOT_VALUES_MAX values under one path stay the text that they are written as; of
 * duplicate keys the first counts, in whatever case. Only what a rule reads is mended, and
 * counted, but for depth. What is not JSON at all, or longer than ALERT_BYTES_MAX, is ERR_JSON
 * with a reason.
 */
#pragma once

#include "base/attr.h"
#include "value.h"

struct projection; /* immutable once built: path keys in a trie */

/* What one alert holds under each path, in the order of the paths. Values live in
 * the arena given to projection_read and may point into the alert's text. */
struct slots {
    const value *values;
    uint32_t count;
    uint32_t repairs; /* how often hostile text had to be mended */
};

struct json_fault {
    const char *reason; /* static: "a string does not end" */
    size_t at;          /* byte offset */
};

/* A trie over `paths`, in `arena`. ERR_MEMORY. */
MUST_CHECK enum err projection_new(struct arena *arena, const str *paths, uint32_t count,
    const struct projection **ret_projection);

/* Read one JSON object. ERR_JSON sets *reterr_fault; ERR_MEMORY past the arena's
 * limit. No recursion; time is linear in the text. */
MUST_CHECK enum err projection_read(const struct projection *projection, str json,
    struct arena *arena, struct slots *ret_slots, struct json_fault *reterr_fault);

/* Call `visit` with each leaf value of the JSON text (not keys) until it says true. The
 * text of a string is valid during the call only; numbers, true and false are the text that
 * spells them; null is no leaf. *ret_found tells whether a visit said true. `json` passed
 * projection_read before. ERR_MEMORY. */
MUST_CHECK enum err json_leaves(
    str json, bool (*visit)(void *self, str leaf), void *self, bool *ret_found);

/* Where json_next is. In an array that broke its commas and its end are passed over. */
enum json_place { JSON_OUTSIDE, JSON_IN_ARRAY, JSON_IN_BROKEN_ARRAY };

/* Cut the next alert off `*rest`: JSON documents one after the other (NDJSON is that),
 * or the elements of one top-level array; start with JSON_OUTSIDE. *ret_more is false at the end.
 * ERR_JSON on what is no document; then *rest goes on where the next one may begin, so that
 * the alerts behind it are still read, in an array too: at the next line, or, when a document
 * or an array had begun, at the next line that begins with a brace behind white space. Deeper
 * lines of a broken document that is laid out over several are its parts and are passed over. */
MUST_CHECK enum err json_next(str *rest, enum json_place *place, str *ret_json, bool *ret_more,
    struct json_fault *reterr_fault);

/* Whether the member of this name holds the alerts of a file that is one object: CloudTrail's
 * files and answers of AWS's commands. */
bool json_is_records(str key);
