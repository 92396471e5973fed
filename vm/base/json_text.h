/* json_text.h - text into JSON that we write ourselves. */
#pragma once

#include "base/buf.h"

/* Append `text` as a JSON string with its quotes. Control characters and DEL are escaped,
 * what is not UTF-8 becomes U+FFFD, so the result is valid JSON for any bytes. U+2028
 * and U+2029 are escaped too: the line stays one line to every reader. */
void json_text_add(struct buf *buf, str text);
