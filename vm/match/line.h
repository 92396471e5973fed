/* line.h - a line of text that some products write instead of JSON, as a JSON object.
 *
 * The header becomes members, so that a source maps them as it maps any other JSON:
 *
 *   cef     {"cefVersion": "0", "deviceVendor": .., "deviceProduct": .., "deviceVersion": ..,
 *            "deviceEventClassId": .., "name": .., "severity": .., then the extension's keys
 *            as they are written; "syslog": the header right in front of it, when it has one}
 *   syslog  {"syslog": {"priority": n, "facility": n, "severity": n, "timestamp": ..,
 *            "hostname": .., "appname": .., "procid": .., "msgid": ..,
 *            "structured_data": {id: {name: value}}}, "message": ..}
 *
 * What a line does not say is no member. Values are text, but for the numbers of a priority.
 * Of two members of a name the first counts (project.h), so an extension cannot replace the
 * header.
 */
#pragma once

#include "base/attr.h"
#include "base/buf.h"

/* Append the object for one line, without its line end. Any bytes make valid JSON.
 * ERR_INVALID: the line has no such form, and *reterr_reason says why (static). A failure to
 * append is in out->err. */
MUST_CHECK enum err cef_line_to_json(str line, struct buf *out, const char **reterr_reason);
/* RFC 5424, or RFC 3164 with or without its priority. */
MUST_CHECK enum err syslog_line_to_json(str line, struct buf *out, const char **reterr_reason);

/* For cef_line_to_json: append `"syslog":{..}` for the header of the line; nothing when it has
 * none. Whether it had one; *ret_message is what stands behind it. Behind the host of RFC 3164
 * all is message: a tag is not taken off. */
bool syslog_header_to_json(str line, struct buf *out, str *ret_message);
