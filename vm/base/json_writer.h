/* json_writer.h - JSON written in order into a buf, member after member.
 *
 * For answers of a fixed shape that may be long: nothing is built in memory first. The
 * writer puts the commas; opening and closing in pairs is the caller's.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

struct json_writer {
    struct buf *out;
    bool needs_comma;
};

/* Begin an object (`{`) or an array (`[`), a member called `key` or, for NULL, an element. */
void json_open(struct json_writer *json, const char *key, char bracket);
/* End it with `}` or `]`. */
void json_close(struct json_writer *json, char bracket);
/* A member, or for NULL an element. Any bytes are made valid JSON, as json_text_add does. */
void json_text(struct json_writer *json, const char *key, str text);
void json_number(struct json_writer *json, const char *key, uint64_t number);
void json_bool(struct json_writer *json, const char *key, bool value);
/* `text` is JSON already, and goes in as it is. */
void json_raw(struct json_writer *json, const char *key, str text);
