/* diff.h - what is different between two texts, line by line. */
#pragma once

#include "base/buf.h"

/* Append the unified diff (three lines of context) from `before` to `after`, headed
 * "--- NAME" and "+++ NAME"; nothing when they are equal. Very large changes are shown
 * as one block. ERR_MEMORY, or what `out` met. */
MUST_CHECK enum err diff_print(const char *name, str before, str after, struct buf *out);
