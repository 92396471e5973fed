/* json_out.h - building JSON answers with jansson, bytes of strangers included. */
#pragma once

#include "base/buf.h"
#include "value.h"

#include <jansson.h>

/* Text as a JSON string; what is no UTF-8 becomes U+FFFD. NULL when out of memory. */
json_t *json_from_str(str text);
/* The same for a C string; null for NULL. */
json_t *json_from_text(const char *text);
/* The same, null for the empty text. */
json_t *json_or_null(str text);
/* A moment in ms since 1970, null for 0. */
json_t *json_from_moment(int64_t at_ms);
/* A value as a person writes it: numbers, booleans and lists stay what they are, the rest
 * is text as value_print says it. NULL when out of memory. */
json_t *json_from_value(value v);

/* Add a member, or an element; takes `member`. A failure (`member` or the owner NULL)
 * empties *object, so that building goes on and is checked once, at the end. */
void json_put(json_t **object, const char *key, json_t *member);
void json_append(json_t **array, json_t *element);

/* Append `json` in one line with a newline. ERR_MEMORY; `json` may be NULL for that. */
MUST_CHECK enum err json_add_line(struct buf *out, const json_t *json);
