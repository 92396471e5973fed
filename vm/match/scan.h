/* scan.h - JSON text to tokens: RFC 8259's grammar, told strictly.
 *
 * One pass, no recursion, no memory of its own: nesting is a row of bits with
 * ALERT_DEPTH_MAX places; what opens past them is one text. Tokens point into the text. What a
 * string holds (broken UTF-8, lone surrogates, control characters that should be escaped) is no
 * matter of grammar and never refused: scan_text mends it.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "match/project.h"

enum json_kind {
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY,
    JSON_TEXT,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END, /* the document is complete; what follows it was not looked at */
};

struct json_token {
    enum json_kind kind;
    str text;          /* between the quotes as written; the number as written; else empty */
    bool is_escaped;   /* the text holds a backslash that escapes */
    bool has_controls; /* the text holds bytes below 0x20 */
    bool is_deep;      /* JSON_TEXT: what would open past ALERT_DEPTH_MAX, as it is written */
};

enum scan_state {
    SCAN_VALUE,
    SCAN_VALUE_OR_END, /* after [ */
    SCAN_KEY,          /* after a comma */
    SCAN_KEY_OR_END,   /* after { */
    SCAN_COMMA_OR_END, /* after a value inside something */
    SCAN_OVER,
};

/* Start with `{ .json = text }`. */
struct scan {
    str json;
    size_t at;
    enum scan_state state;
    uint32_t depth;
    bool is_object[ALERT_DEPTH_MAX];
    bool is_of_lines; /* a string is over where a line in it begins with a brace: it was cut off,
                       * and that is the next document */
};

/* The next token. ERR_JSON. */
MUST_CHECK enum err scan_next(
    struct scan *scan, struct json_token *ret_token, struct json_fault *reterr_fault);

/* Go on behind white space; true when the text is over. */
bool scan_space(struct scan *scan);

/* What the string of a JSON_KEY or JSON_TEXT says: a slice of the JSON where that is it,
 * else a copy in the arena. Adds to *repairs. ERR_MEMORY. */
MUST_CHECK enum err scan_text(
    const struct json_token *token, struct arena *arena, str *ret_text, uint32_t *repairs);

/* Bytes of the escape at the front, or 0. */
size_t scan_escape_bytes(str text);

/* The code point of the \u escape at the front, and its bytes: 12 for a pair of surrogates. A lone one
 * becomes U+FFFD and adds to *repairs. The grammar of both escapes was checked. */
size_t scan_unicode_escape(str text, uint32_t *ret_point, uint32_t *repairs);
