/* json_blank.h - members of a JSON text made unreadable, the rest of it left byte for byte. */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

#define JSON_BLANK "\"[redacted]\""

/* Append the object `text` to `out`, with JSON_BLANK for the value of each member that `path` names:
 * "detail.accountId" is member accountId of detail, and also a member of that whole name, wherever
 * objects stand in arrays on the way in each of them; one that is there twice is blanked twice.
 * False: `text` is no JSON object, or deeper than ALERT_DEPTH_MAX; what was appended is of no use.
 * Failures of `out` stick to it. */
bool json_blank(str text, str path, struct buf *out);
