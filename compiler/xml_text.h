/* xml_text.h - text of strangers into XML that we write ourselves. */
#pragma once

#include "base/buf.h"

/* Append `text` as the value of an attribute or as the text of an element. Control
 * characters, which XML cannot hold even as references, and what is no UTF-8 are spelled
 * out first. A failure is in out->err. */
void xml_text_add(struct buf *out, str text);

/* name="text" with a space in front. */
void xml_attribute_add(struct buf *out, const char *name, str text);
