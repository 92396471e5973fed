/* markup.h - writing the XML of AWS replies.
 *
 * Text is escaped here and nowhere else. What XML 1.0 cannot hold (control characters)
 * becomes U+FFFD, so a reply is always well-formed.
 */
#pragma once

#include "base/buf.h"

/* <tag> and </tag>. `tag` is one of ours and is not escaped. */
void markup_open(struct buf *out, const char *tag);
void markup_close(struct buf *out, const char *tag);
/* <tag>text</tag>; NULL writes nothing, "" an empty element. */
void markup_text(struct buf *out, const char *tag, const char *text);
void markup_number(struct buf *out, const char *tag, long long number);
void markup_flag(struct buf *out, const char *tag, bool flag);
/* `text` percent-encoded as RFC 3986 wants it, as IAM returns policy documents. */
void markup_encoded(struct buf *out, const char *tag, const char *text);
