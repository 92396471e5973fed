/* excerpt.h - a line of a rule file, made safe for a terminal, with a range marked. */
#pragma once

#include "base/buf.h"
#include "source.h"

/* Append `text` so that a terminal shows what is there and does nothing: control
 * characters, invisible ones and marks that turn the writing direction become \u001b,
 * bytes that are not UTF-8 become \xff. */
void excerpt_add_safe(struct buf *out, str text);

/* Append two lines without their gutter: the source line and the marks under it. Each
 * line begins with `gutter`; the marks are between `mark_on` and `mark_off`. A long line
 * is cut around the start of the range, a range ends with its first line, tabs are
 * shown as spaces. */
void excerpt_add(struct buf *out, const struct source *source, span at, const char *gutter_text,
    const char *gutter_marks, const char *mark_on, const char *mark_off);
